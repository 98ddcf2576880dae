"""Lonsun sites (安徽)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, lines
from crawler.scripted import script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_NAMES = ("labelName", "siteId", "pageSize", "organId", "type", "action", "catId", "cId", "file", "isJson", "dateFormat", "length")  # fmt: skip
_COUNT = re.compile(r"pageCount\s*[:=]\s*[\"']?(\d{1,5})", re.I)
_ORGAN = re.compile(r"/public/column/(\d+)")


class Lonsun(PortalSpider):
    """A column of the disclosure directory: `/public/column/<organ>?type=4&catId=…`; pages from `/site/label/8888`.

    认出的依据：栏目网址 /public/column/机构编号；脚本取数接口 /site/label/8888 与 labelName；详情页 /public/机构编号/编号.html；样式名 ls-。

    1. The parameters (labelName, siteId, organId, catId, type, file …) stand in the page's script and its address;
       organ and category together are the key, for the same category id exists for every organ.
    2. Page N: GET `/site/label/8888?IsAjax=1&dataType=html&…&pageIndex=N`, which answers the list as HTML.
    3. `pageCount:N` in page or answer tells how many pages there are.
    4. `query` (option): further parameters, or other values for the page's own (the 行政权力 view: {type: 6, action: xinzheng}).

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, family: lonsun,
           url: "https://…/public/column/6596?type=4&catId=7012&action=list"}
    """

    numbered, interface = True, "/site/label/8888（请核对 organId、catId）"

    @dataclass(frozen=True)
    class Options:
        """`query`: parameters of the interface."""

        query: dict[str, Any] | None = None

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        yield from makers.lonsun(glance)
        scripts = glance.scripts
        if "pageIndex" in scripts and (_COUNT.search(scripts) or "organId" in scripts or "catId" in scripts):
            yield Mark("data", "脚本参数 pageIndex 与 pageCount、organId 或 catId")

    def first(self, page: Page) -> Outputs:
        self.api = urljoin(page.url, "/site/label/8888")
        organ = _ORGAN.search(self.portal.url)
        said = script_values(page.text.replace("&amp;", "&"), *_NAMES)
        asked = {k: v for k, v in parse_qsl(urlsplit(self.portal.url).query) if k in _NAMES}
        self.parameters = {
            "IsAjax": "1", "dataType": "html", "labelName": "publicInfoList", **said, **asked,
            **({"organId": organ[1]} if organ else {}), **(self.options.query or {}),
        }  # fmt: skip
        if self.entries(page) and self.announced(page, 0)[1] is not None:
            yield from self.begin(page)
        else:
            yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        return self.request(with_query(self.api, **self.parameters, pageIndex=number), "page", number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        items, pages = super().announced(page, count)
        match = _COUNT.search(page.text)
        return items, int(match[1]) if match else pages

    def entries(self, page: Page) -> list[Line]:
        return lines(page.tree, page.url, makers.LONSUN_DETAIL) or lines(page.tree, page.url)
