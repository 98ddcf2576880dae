"""Static lists of TRS WCM and its likes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from crawler.listing import Line, lines, static_pages
from crawler.spiders.base import Outputs, Page, PortalSpider

DETAIL = re.compile(r"/[tz]\d{8}_\d+\.s?html?$", re.I)


class TrsStatic(PortalSpider):
    """A list of links with dates in static files; one page a decision, or a page with a table or an attachment.

    1. The column's page is `index.html`; its script says `createPageHTML(pages, current, "index", "html")`.
    2. Page 2 is `index_1.html` when `current` counts from 0, `index_2.html` when it counts from 1.
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
        self.look.pages_announced = pages.pages if pages else 1
        found = self._lines(page)
        if not found:
            yield from self.nothing(page)
            return
        yield from self.follow(found, 1)
        last = pages.pages if pages else 1
        if 0 < self.options.newest < last:
            last = self.options.newest
            self.look.cut = f"按设置只读前 {last} 页"
        for number in range(2, last + 1):
            if not self.may_ask():
                break
            assert pages is not None
            yield self.request(urljoin(page.url, pages.address(number)), "page", number=number)

    def page(self, page: Page, number: int) -> Outputs:
        """A further list page."""
        found = self._lines(page)
        if not found:
            self.look.lost_pages.append(f"第 {number} 页没有列表")
        yield from self.follow(found, number)

    def _lines(self, page: Page) -> list[Line]:
        return lines(page.tree, page.url, DETAIL) or lines(page.tree, page.url)
