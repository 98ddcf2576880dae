"""VSB (博达 webplus) columns that a JSP builds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, lines, next_page
from crawler.scripted import with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_PAGE = re.compile(r"PAGENUM|a\d+p", re.I)
_PAGES = re.compile(r"totalpage|a\d+t", re.I)


class VsbDynamic(PortalSpider):
    """A column of VSB built on request: `list.jsp?urltype=tree.TreeTempUrl&wbtreeid=1034`.

    认出的依据：网址带 urltype=tree.TreeTempUrl 与 wbtreeid；翻页参数 PAGENUM 或 a1154p；详情 urltype=news.NewsContentUrl；vsb 标记。

    1. 下页 leads to `?totalpage=13&PAGENUM=2&…` or `?a1154p=2&a1154t=13&…`: both parameters are read from that link.
    2. Pages count up from 1 here; all of them are asked at once.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, family: vsb_dynamic,
           url: "https://…/list.jsp?urltype=tree.TreeTempUrl&wbtreeid=1034"}
    """

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if not glance.lines:
            return
        turns = re.search(r"[?&](?:PAGENUM|a\d+p)=\d+", glance.links)
        if "urltype=tree." in glance.address or (turns and glance.lines_to(makers.VSB_DETAIL)):
            yield from makers.vsb(glance)
            if turns:
                yield Mark("data", "翻页参数 PAGENUM 或 a1154p")

    def first(self, page: Page) -> Outputs:
        yield from self.begin(page)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        items, pages = super().announced(page, count)
        self.following = next_page(page.tree, page.url) or ""
        query = dict(parse_qsl(urlsplit(self.following).query, keep_blank_values=True))
        self.name_of_page = next((key for key in query if _PAGE.fullmatch(key)), "")
        total = next((value for key, value in query.items() if _PAGES.fullmatch(key) and value.isdecimal()), None)
        pages = int(total) if total else pages
        self.numbered = bool(self.name_of_page and pages)
        return items, pages

    def turn(self, number: int) -> scrapy.Request:
        return self.request(with_query(self.following, **{self.name_of_page: number}), "page", number=number)

    def entries(self, page: Page) -> list[Line]:
        dated = lines(page.tree, page.url)
        return [line for line in dated if makers.VSB_DETAIL.search(line.url)] or dated
