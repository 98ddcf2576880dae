"""VSB (博达 webplus) columns that a JSP builds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import classify
from crawler.listing import Line, items_announced, lines, next_page, pages_announced
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
        found = self.entries(page)
        if not found:
            yield from self.nothing(page)
            return
        words = classify.visible(page.text)
        self.look.items_announced = items_announced(words)
        following = next_page(page.tree, page.url)
        query = dict(parse_qsl(urlsplit(following).query, keep_blank_values=True)) if following else {}
        name = next((key for key in query if _PAGE.fullmatch(key)), None)
        total = next((value for key, value in query.items() if _PAGES.fullmatch(key) and value.isdecimal()), None)
        pages = int(total) if total else pages_announced(words)
        if following is None or name is None or pages is None:
            self.look.pages_announced = pages
            self.look.list_pages += 1
            yield from self.follow(found, 1)
            yield from self.onward(page, 1)
            return
        self.following, self.name_of_page = following, name
        yield from self.listed(found, pages, self._ask)

    def _ask(self, number: int) -> Any:
        return self.request(with_query(self.following, **{self.name_of_page: number}), "page", number=number)

    def entries(self, page: Page) -> list[Line]:
        dated = lines(page.tree, page.url)
        return [line for line in dated if makers.VSB_DETAIL.search(line.url)] or dated

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        before = len(self.walk.entries)
        yield from super().page(page, number, **context)
        if self.look.pages_announced is None and len(self.walk.entries) > before:
            yield from self.onward(page, number)
