"""A list whose lines are spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import scrapy

from crawler.detect import Glance, Mark
from crawler.documents.reading import task_of
from crawler.items import Entry
from crawler.listing import ANY, Line, is_book_link, lines, static_pages
from crawler.spiders.base import Outputs, Page, PortalSpider


class AttachmentList(PortalSpider):
    """Monthly spreadsheets (xls, xlsx, et, csv), linked from a list with dates; each row of a sheet is a decision.

    认出的依据：列表链接的是电子表格；多数带日期的链接是电子表格。

    1. Every link to a spreadsheet, and whatever else has a date beside it (a month may be a rar, a PDF or a page), is a line
       of the list; rows state their own date or none (a file grows).
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
        self.pager, self.start = static_pages(page.text), page.url
        self.numbered = self.pager is not None
        self.leads_to = "detail" if self.options.details else "attachment"
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        return None, self.pager.pages if self.pager else None

    def turn(self, number: int) -> scrapy.Request:
        assert self.pager is not None
        return self.request(urljoin(self.start, self.pager.address(number)), "page", number=number)

    def entries(self, page: Page) -> list[Line]:
        if self.options.details:
            return lines(page.tree, page.url)
        return [line for line in lines(page.tree, page.url, ANY) if line.date is not None or is_book_link(line.url)]

    def attachment(self, page: Page, entry: Entry, home: str | None = None, **context: Any) -> Outputs:
        """What a line leads to. Among spreadsheets may stand a page, which is read as any detail."""
        if home is None and task_of(page.body) is None:
            page.reading = self.read(page, entry.title)
            if page.reading.attachments:
                yield from self.detail(page, entry)
                return
        yield from super().attachment(page, entry, home, **context)
