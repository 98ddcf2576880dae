"""UCAP (开普云) columns whose list comes from its search interface."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.scripted import script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

SEARCH = re.compile(
    r"""["'(]([^"'()\s]{0,200}/(?:es-search/search|searchList|manuscriptList|getFileListByCodeId|search)/?[^"'()\s]{0,300})["']"""
)
_OF_LIST = re.compile(r"_isAgg|_isJson|_pageSize|es-search/search/|searchList/|manuscriptList|/search/[0-9a-f]{32}")
_TOTALS = ("data.total", "total", "data.totalCount", "totalCount", "data.page.total")


class UcapSearch(PortalSpider):
    """A column of UCAP without a list of its own: JSON from `/search/<channelId>?_isAgg=true&_isJson=true&_pageSize&page`.

    认出的依据：与 ucap_static 相同的页面标记；脚本中的取数接口 /es-search/search/、/search/32位编号、searchList、manuscriptList。

    1. The interface stands in the page's script; the channel is the meta `channelId` where the script joins it at run time.
    2. Pages turn by `page`, from 1; `_pageSize` is what the page says (hidden input `pageSize`), else 20.
    3. Items have title, url (or `urls`), publishedTime; `resList[].filePath` are attachments of their pages.
    4. Options where the page does not tell: `api`, `page` and `size` (names of the parameters), `query`.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/c100234/zfxxgk_list.shtml",
           family: ucap_search}
    """

    numbered, interface = True, "UCAP 检索接口"

    @dataclass(frozen=True)
    class Options:
        """`api`: the interface; `page`, `size`: its parameters; `query`: further ones."""

        api: str = ""
        page: str = "page"
        size: str = "_pageSize"
        query: dict[str, Any] | None = None

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        match = SEARCH.search(glance.text) if _OF_LIST.search(glance.text) else None
        if match is None or glance.is_json or glance.lines_to(makers.UCAP_DETAIL):
            return
        yield from (mark for mark in makers.ucap(glance) if mark.place != "script")
        yield Mark("script", "取数接口 /search/、es-search 或 searchList", 3)

    def first(self, page: Page) -> Outputs:
        metas = Glance(page.text, page.tree, page.url).metas
        channel = metas.get("channelid", "")
        api = self.options.api or self._interface(page.text, channel)
        if not api:
            yield from self.nothing(page)
            return
        size = script_values(page.text, "_pageSize", "pageSize").get("_pageSize") or _hidden(page, "pageSize") or "20"
        self.size = int(size) if size.isdecimal() else 20
        self.api = urljoin(page.url, api.replace("&amp;", "&"))
        yield self.turn(1)

    def _interface(self, text: str, channel: str) -> str:
        for match in SEARCH.finditer(text):
            address = match[1]
            if not _OF_LIST.search(address) and "/search/" not in address:
                continue
            if address.endswith(("/search/", "searchList/")):
                address = f"{address}{channel}?_isAgg=true&_isJson=true" if channel else ""
            if address:
                return str(address)
        return ""

    def turn(self, number: int) -> scrapy.Request:
        values = {**(self.options.query or {}), self.options.size: self.size, self.options.page: number}
        return self.request(with_query(self.api, **values), "page", number=number)


def _hidden(page: Page, name: str) -> str:
    node = page.tree.css_first(f"input#{name}")
    return (node.attributes.get("value") or "") if node is not None else ""
