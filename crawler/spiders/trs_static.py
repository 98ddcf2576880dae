"""Static lists of TRS WCM and its likes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import classify
from crawler.listing import Line, lines, static_pages
from crawler.spiders.base import Outputs, Page, PortalSpider

DETAIL = makers.TRS_DETAIL


class TrsStatic(PortalSpider):
    """A list of links with dates in static files; one page a decision, or a page with a table or an attachment.

    认出的依据：详情页名 tYYYYMMDD_编号.html；脚本 createPageHTML；页面含 TRS 标记；元数据 contentid、catalogs。

    1. The column's page is `index.html`; its script says `createPageHTML(pages, current, "index", "html")`, sometimes with
       the container's name first, sometimes with variables (countPage, currentPage).
    2. Page 2 is `index_1.html` when `current` counts from 0, `index_2.html` when it counts from 1; some templates do the
       opposite. The two ways differ in one file; where that one is missing, or is the first page again, the other is asked.
    3. Lines lead to `./202609/t20260903_1001.html`; the full title may stand only in the link's `title`.
    4. `newest` (option): read only so many list pages; such a look never proves an absence.

    坑：附件 P0… 与详情页同目录，相对地址以详情页为准；正文末尾日期之后常有抄送行。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/xzcf/index.html", family: trs_static}
    """

    @dataclass(frozen=True)
    class Options:
        """`newest`: how many list pages to read; 0 reads all."""

        newest: int = 0

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.pager is None and not glance.lines_to(DETAIL):
            return  # an article has no list
        yield from makers.trs(glance)
        if glance.pager:
            yield Mark("script", "分页脚本 createPageHTML", 2 if glance.pager.name == "index" else 1)

    def first(self, page: Page) -> Outputs:
        self.pager, self.start = static_pages(page.text), page.url
        self.numbered = self.pager is not None
        self.last = self.pager.pages if self.pager else 1
        if 0 < self.options.newest < self.last:
            self.last = self.options.newest
            self.look.cut = f"按设置只读前 {self.last} 页"
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        return None, self.pager.pages if self.pager else super().announced(page, count)[1]

    def further(self, page: Page, pages: int | None) -> Outputs:
        yield from super().further(page, self.last if self.pager else pages)

    def turn(self, number: int) -> scrapy.Request:
        assert self.pager is not None
        edge, instead = (2, self.last) if self.pager.current == 0 else (self.last, 2)  # where the two ways disagree
        other = urljoin(self.start, self.pager.other().address(instead)) if number == edge else None
        return self.request(urljoin(self.start, self.pager.address(number)), "page", number=number, other=other)

    def otherwise(self, problem: classify.Problem, step: str, context: dict[str, Any]) -> scrapy.Request | None:
        if context.get("other") and problem.outcome in ("column_missing", "soft_404"):
            return self.request(context["other"], "page", number=context["number"])
        return None

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        if context.get("other") and self.shown(page).key == self.walk.shown[1]:
            yield self.request(context["other"], "page", number=number)
        else:
            yield from super().page(page, number, **context)

    def entries(self, page: Page) -> list[Line]:
        return lines(page.tree, page.url, DETAIL) or lines(page.tree, page.url)
