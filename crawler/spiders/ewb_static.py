"""Epoint EWB (新点) columns in static files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, lines, next_page
from crawler.scripted import with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_NUMBERED = re.compile(r"/(\d{1,5})\.html?$")


class EwbStatic(PortalSpider):
    """A column of EWB with its list in the page: page N is `/001/001001/N.html` or `?Paging=N`.

    认出的依据：样式名 ewb-、wb-data-item、wb-data-date；脚本 webBuilderCommon.js、EWB-FRONT；详情页 /20260903/uuid.html。

    1. Lines stand in `wb-data-item`, the date in `wb-data-date`.
    2. Page N is what 下一页 shows: `N.html` beside the first page, or the parameter `Paging`; the pager tells how many
       there are, else 下一页 is followed to the end.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/001/001001/secondPage.html",
           family: ewb_static}
    """

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.lines and "lightfrontaction" not in glance.text:
            yield from makers.ewb(glance)

    def first(self, page: Page) -> Outputs:
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        items, pages = super().announced(page, count)
        self.following = next_page(page.tree, page.url) or ""
        known = "Paging=" in self.following or _NUMBERED.search(self.following.partition("?")[0])
        self.numbered = bool(pages is not None and known)
        return items, pages

    def turn(self, number: int) -> scrapy.Request:
        if "Paging=" in self.following:
            address = with_query(self.following, Paging=number)
        else:
            address = urljoin(self.following, f"{number}.html")
        return self.request(address, "page", number=number)

    def entries(self, page: Page) -> list[Line]:
        dated = lines(page.tree, page.url)
        return [line for line in dated if makers.EWB_DETAIL.search(line.url)] or dated
