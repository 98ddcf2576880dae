"""Static lists of TRS WCM and its likes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import scrapy

from crawler.extract import classify
from crawler.listing import Line, lines, pages_announced, static_pages
from crawler.spiders.base import Outputs, Page, PortalSpider

DETAIL = re.compile(r"/[tz]\d{8}_\d+\.s?html?$", re.I)


class TrsStatic(PortalSpider):
    """A list of links with dates in static files; one page a decision, or a page with a table or an attachment.

    1. The column's page is `index.html`; its script says `createPageHTML(pages, current, "index", "html")`.
    2. Page 2 is `index_1.html` when `current` counts from 0, `index_2.html` when it counts from 1; some templates do the
       opposite. The two ways differ in one file; where that one is missing, or is the first page again, the other is asked.
    3. Lines lead to `./202609/t20260903_1001.html`; the full title may stand only in the link's `title`.
    4. `newest` (option): read only so many list pages; such a look never proves an absence.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/xzcf/index.html", family: trs_static}
    """

    @dataclass(frozen=True)
    class Options:
        """`newest`: how many list pages to read; 0 reads all."""

        newest: int = 0

    def first(self, page: Page) -> Outputs:
        pages = static_pages(page.text)
        self.look.pages_announced = pages.pages if pages else pages_announced(classify.visible(page.text))
        found = self._lines(page)
        if not found:
            yield from self.nothing(page)
            return
        self.look.list_pages += 1
        self.home = {line.url for line in found}
        yield from self.follow(found, 1)
        if pages is None:
            yield from self.onward(page, 1)
            return
        last = pages.pages
        if 0 < self.options.newest < last:
            last = self.options.newest
            self.look.cut = f"按设置只读前 {last} 页"
        edge, instead = (2, last) if pages.current == 0 else (last, 2)  # the page the two conventions disagree on
        for number in range(2, last + 1):
            if not self.may_ask():
                break
            other = urljoin(page.url, pages.other().address(instead)) if number == edge else None
            yield self.request(urljoin(page.url, pages.address(number)), "page", number=number, other=other)

    def otherwise(self, problem: classify.Problem, step: str, context: dict[str, Any]) -> scrapy.Request | None:
        if context.get("other") and problem.outcome in ("column_missing", "soft_404"):
            return self.request(context["other"], "page", number=context["number"])
        return None

    def page(self, page: Page, number: int, other: str | None = None) -> Outputs:
        """A further list page."""
        found = self._lines(page)
        if other and found and {line.url for line in found} == self.home:
            yield self.request(other, "page", number=number)
            return
        if found:
            self.look.list_pages += 1
        else:
            self.look.lost_pages.append(f"第 {number} 页没有列表")
        before = len(self.walk.entries)
        yield from self.follow(found, number)
        if len(self.walk.entries) > before and static_pages(page.text) is None:
            yield from self.onward(page, number)

    def _lines(self, page: Page) -> list[Line]:
        return lines(page.tree, page.url, DETAIL) or lines(page.tree, page.url)
