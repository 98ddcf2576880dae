"""The disclosure module of Hanweb JCMS (`/module/xxgk/`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import classify
from crawler.listing import Line, items_announced, lines, pages_announced
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
        yield self._ask(1)

    def _ask(self, number: int) -> Any:
        return self.request(self.api, "page", form=urlencode({**self.parameters, "currpage": number}), number=number)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        if number > 1:
            yield from self._further(page, number, context)
            return
        words = classify.visible(page.text)
        found = self.entries(page)
        everything = lines(page.tree, page.url, makers.HANWEB_ARTICLE)
        if not everything:
            if classify.says_empty(page.text):
                self.look.said_empty = True
            else:
                yield from self.dead("信息公开目录的取数接口没有返回列表，请核对 area、infotypeId")
            return
        if len(found) == len(everything):
            self.look.items_announced = items_announced(words)
        yield from self.listed(found, pages_announced(words), self._ask)

    def _further(self, page: Page, number: int, context: dict[str, Any]) -> Outputs:
        if self.entries(page) or not lines(page.tree, page.url, makers.HANWEB_ARTICLE):
            yield from super().page(page, number, **context)
        else:
            self.look.list_pages += 1  # a page of other columns' lines only

    def entries(self, page: Page) -> list[Line]:
        return lines(page.tree, self.portal.url, self.own)


def _in_address(text: str) -> dict[str, str]:
    match = re.search(r"/module/xxgk/search\.jsp\?([^\"'\s]{1,500})", text.replace("&amp;", "&"))
    pairs = (part.partition("=") for part in match[1].split("&")) if match else ()
    return {name: value for name, _, value in pairs if name and name != "currpage"}
