"""The disclosure module of Hanweb JCMS (`/module/xxgk/`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, lines
from crawler.scripted import script_values
from crawler.spiders.base import Outputs, Page, PortalSpider

_NAMES = ("area", "infotypeId", "jdid", "divid", "nbr", "standardXxgk", "vc_title", "vc_number", "vc_filenumber")
_SEARCH = re.compile(r"""["']([^"'\s]{0,200}/module/xxgk/(?:search|tree)\.jsp)""")
_COLUMN = re.compile(r"/col/col(\d+)/")


class HanwebXxgk(PortalSpider):
    """A directory of the 信息公开 module: POST `/module/xxgk/search.jsp` with area, infotypeId and currpage.

    认出的依据：脚本或内嵌页指向 /module/xxgk/search.jsp；参数 infotypeId、area；栏目网址 /col/colN/；详情页 art_N_M.html。

    1. The column's page holds the parameters in its script; its own first lines may be missing.
    2. `search.jsp` is asked page after page (`currpage`); the answer is HTML with a table or list of articles.
    3. The answer may cover the whole region: only lines of this column (`art_<col>_`) count where the column's address
       has a number; `whole` (option) takes all of them.
    4. `query` (option): parameters that the page does not tell, or other values for its own.

    坑：infotypeId 决定目录，area 决定机构；少一个就返回全区县。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/col/col1229/index.html",
           family: hanweb_xxgk}
    """

    numbered, interface = True, "信息公开目录的取数接口（请核对 area、infotypeId）"
    foreign: frozenset[str] = frozenset()  # what stood on the last page of other columns' lines only

    @dataclass(frozen=True)
    class Options:
        """`whole`: take the lines of all columns; `query`: further parameters, or other values for the page's own."""

        whole: bool = False
        query: dict[str, Any] | None = None

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if "/module/xxgk/" not in glance.text and "/module/xxgk/" not in glance.address:
            return
        if "/module/xxgk/" in glance.address:
            yield Mark("address", "网址为 /module/xxgk/", 3)
        else:
            yield from (mark for mark in makers.hanweb(glance) if mark.place != "script")
        if "/module/xxgk/search.jsp" in glance.text:
            yield Mark("script", "取数接口 /module/xxgk/search.jsp", 3)
        if re.search(r"infotypeId\W", glance.text):
            yield Mark("data", "参数 infotypeId、area", 2)

    def first(self, page: Page) -> Outputs:
        column = _COLUMN.search(self.portal.url)
        self.own = re.compile(rf"art_{column[1]}_" if column and not self.options.whole else r"/art/|art_\d")
        said = script_values(page.text.replace("&amp;", "&").replace("?", " ").replace("&", " "), *_NAMES)
        asked = _in_address(page.text)
        self.parameters = {**asked, **said, **(self.options.query or {})}
        interface = _SEARCH.search(page.text)
        self.api = urljoin(page.url, interface[1] if interface else "/module/xxgk/search.jsp")
        yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        return self.request(self.api, "page", form=urlencode({**self.parameters, "currpage": number}), number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        items, pages = super().announced(page, count)
        return items if count == len(_everything(page)) else None, pages

    def lacking(self, page: Page, number: int, *, chain: bool) -> Outputs:
        if not _everything(page):
            yield from super().lacking(page, number, chain=chain)
            return
        self.look.list_pages += 1  # a page of other columns' lines only
        before, self.foreign = self.foreign, frozenset(line.url for line in _everything(page))
        if number == 1:
            self.look.pages_announced = self.announced(page, 0)[1]
            yield from self.further(page, self.look.pages_announced)
        elif chain and self.foreign != before and self.may_ask():
            yield self._chained(number + 1)
        elif chain and self.foreign == before and number == 2:
            self.look.lost_pages.append("第 2 页与已读的页相同，翻页没有生效")

    def entries(self, page: Page) -> list[Line]:
        return lines(page.tree, self.portal.url, self.own)


def _everything(page: Page) -> list[Line]:
    """The lines of all columns."""
    return lines(page.tree, page.url, makers.HANWEB_ARTICLE)


def _in_address(text: str) -> dict[str, str]:
    match = re.search(r"/module/xxgk/search\.jsp\?([^\"'\s]{1,500})", text.replace("&amp;", "&"))
    pairs = (part.partition("=") for part in match[1].split("&")) if match else ()
    return {name: value for name, _, value in pairs if name and name != "currpage"}
