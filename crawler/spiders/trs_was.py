"""Lists that are a search: TRS WAS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import scrapy

from crawler.detect import Glance, Mark
from crawler.listing import Line, lines
from crawler.scripted import opened_lines, script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_SEARCH = re.compile(r"/was\d+/web/search|/was\d+/search", re.I)
_DETAIL = re.compile(r"/was\d+/web/(?:detail|content)|[?&]record=\d+", re.I)


class TrsWas(PortalSpider):
    """A column that is a saved search of TRS WAS: `was5/web/search?channelid=…&perpage=…&page=…`.

    认出的依据：网址或表单是 was5/web/search；参数 channelid 与 perpage、page；详情为 was5/web/detail?record=。

    1. The first page is the portal's own address; its `perpage` stays as it is.
    2. The pager tells how many pages or hits there are; page N is the same address with `page=N`.
    3. Lines lead to details of the search or straight to the articles; a date stands beside them.
    4. `page` (option): the name of the page parameter, where it is another one.

    坑：常开在非标准端口；同一频道许可、处罚各有一个 channelid，勿登记反。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/was5/web/search?channelid=271661",
           family: trs_was}
    """

    @dataclass(frozen=True)
    class Options:
        """`page`: the name of the page parameter."""

        page: str = "page"

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if _SEARCH.search(glance.address):
            yield Mark("address", "网址为 was5/web/search", 3)
        if _DETAIL.search(glance.links):
            yield Mark("links", "详情为 was5/web/detail?record=")
        elif _SEARCH.search(glance.links):
            yield Mark("links", "翻页链接为 was5/web/search")
        form = glance.tree.css_first("form[action*='web/search'] input[name='channelid'], input[name='perpage']")
        if form is not None or ("channelid" in glance.scripts and "perpage" in glance.scripts):
            yield Mark("markup", "参数 channelid、perpage")

    def first(self, page: Page) -> Outputs:
        yield from self.begin(page)

    def turn(self, number: int) -> scrapy.Request:
        return self.request(with_query(self.portal.url, **{self.options.page: number}), "page", number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        items, pages = super().announced(page, count)
        said = script_values(page.text, "countPage", "pageCount").values()
        pages = pages or next((int(value) for value in said if value.isdecimal()), None)
        self.numbered = bool(pages or items)
        return items, pages

    def entries(self, page: Page) -> list[Line]:
        return (
            lines(page.tree, page.url)
            or opened_lines(page.tree, page.text, page.url)
            or lines(page.tree, page.url, _DETAIL)
        )
