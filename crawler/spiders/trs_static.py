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
from crawler.listing import Line, lines, pages_announced, static_pages
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
        pages = static_pages(page.text)
        self.look.pages_announced = pages.pages if pages else pages_announced(classify.visible(page.text))
        found = self.entries(page)
        if not found:
            yield from self.nothing(page)
            return
        self.look.list_pages += 1
        self.opens(found)
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

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        found = self.entries(page)
        if context.get("other") and found and {line.url for line in found} == self.home:
            yield self.request(context["other"], "page", number=number)
            return
        before = len(self.walk.entries)
        yield from super().page(page, number, **context)
        if len(self.walk.entries) > before and static_pages(page.text) is None:
            yield from self.onward(page, number)

    def entries(self, page: Page) -> list[Line]:
        return lines(page.tree, page.url, DETAIL) or lines(page.tree, page.url)
