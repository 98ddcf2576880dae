"""A list whose lines are spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from crawler.detect import Glance, Mark
from crawler.listing import ANY, Line, is_book_link, lines, static_pages
from crawler.spiders.base import Outputs, Page, PortalSpider


class AttachmentList(PortalSpider):
    """Monthly spreadsheets (xls, xlsx, et, csv), linked from a list with dates; each row of a sheet is a decision.

    认出的依据：列表链接的是电子表格；多数带日期的链接是电子表格。

    1. Every link to a spreadsheet is a line of the list; rows state their own date or none (a file grows).
    2. `createPageHTML` or 下一页 leads to further pages.
    3. A file whose line has not changed is not fetched again; a month's file that grew has a new name or date.
    4. `details` (option, true or false): lines lead to pages that hold the attachment.

        - {id: x_penalties, unit: x, kind: penalty, title: 双公示台账, url: "https://…/index.html",
           family: attachment_list}
    """

    @dataclass(frozen=True)
    class Options:
        """`details`: lines lead to pages that hold the attachments."""

        details: bool = False

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        books = glance.books
        if books and "articletitle" not in glance.metas:
            yield Mark("links", "列表链接的是电子表格", 3)
            dated = sum(line.date is not None for line in books)
            if len(books) * 2 >= len(glance.lines) and (dated or len(books) >= 3):
                yield Mark("data", "多数带日期的链接是电子表格", 2)

    def first(self, page: Page) -> Outputs:
        pages = static_pages(page.text)
        self.look.pages_announced = pages.pages if pages else None
        found = self._lines(page)
        if not found:
            yield from self.nothing(page)
            return
        self.look.list_pages += 1
        yield from self._follow(found, 1)
        if pages:
            for number in range(2, pages.pages + 1):
                if self.may_ask():
                    yield self.request(urljoin(page.url, pages.address(number)), "page", number=number, counted=True)
        else:
            yield from self.onward(page, 1)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        """A further page of the list."""
        found = self._lines(page)
        if found:
            self.look.list_pages += 1
        else:
            self.look.lost_pages.append(f"第 {number} 页没有列表")
        before = len(self.walk.entries)
        yield from self._follow(found, number)
        if not context.get("counted") and len(self.walk.entries) > before:
            yield from self.onward(page, number)

    def _lines(self, page: Page) -> list[Line]:
        if self.options.details:
            return lines(page.tree, page.url)
        return [line for line in lines(page.tree, page.url, ANY) if is_book_link(line.url)]

    def _follow(self, found: list[Line], number: int) -> Outputs:
        yield from self.follow(found, number, "detail" if self.options.details else "attachment")
