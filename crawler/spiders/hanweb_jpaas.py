"""Hanweb JPaaS: lists built by units that the page declares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import tables
from crawler.listing import Line, lines
from crawler.scripted import at, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_PAIR = re.compile(r"""["'](\w{1,40})["']\s*:\s*["']([^"']*)["']""")
_PAGING = re.compile(r"""<paging\b[^>]*>|<[^>]*\bclass=["'][^"']*\b(?:paging|page-nav|pagination)\b[^>]*>""", re.I)
_LIST = re.compile(r"列表|信息|list", re.I)
_NUMBER = re.compile(r"""\b(count|rows)=["']?(\d{1,7})""", re.I)


class HanwebJpaas(PortalSpider):
    """The page declares an interface and its parameters; pages turn through `paramJson` only.

    认出的依据：脚本 unitbuild.js；属性 url、queryData（…/jpaas-publish-server/front/page/build/unit）；详情页 /art/2026/art_32位.html。

    1. `<script src="…/unitbuild.js" url="…/build/unit" queryData="{'webId':…,'pageId':…}">`: the declared address is asked
       with the declared parameters, and no other.
    2. Page N is `paramJson={"pageNo":N,"pageSize":"15"}`; a bare `pageNo` is ignored (page 1 for ever), so a repeated page
       is told as such.
    3. The answer is `{success, data: {html}}`; its paging tag says `count` and `rows`.
    4. An answer that is no JSON, or has no html, is a page not read, never the end of the list.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/col/col1228/index.html",
           family: hanweb_jpaas}
    """

    numbered, interface = True, "页面声明的 JPaaS 接口"

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if "unitbuild.js" in glance.text:
            yield Mark("script", "脚本 unitbuild.js", 3)
        if "jpaas-publish-server" in glance.text or (
            "querydata" in glance.low and re.search(r"\bquerydata\s*=", glance.low)
        ):
            yield Mark("markup", "属性 queryData，接口 jpaas-publish-server", 3)
        if "unitbuild" in glance.text or "jpaas" in glance.text:
            yield from (mark for mark in makers.hanweb(glance) if mark.place in ("address", "links"))

    def first(self, page: Page) -> Outputs:
        units = sorted(_units(page), key=lambda unit: bool(_LIST.search(unit[1].get("tagId", ""))))
        if not units:
            yield from self.nothing(page)
            return
        self.api, self.parameters = units[-1]  # the unit that is called a list, else the last: menus are built first
        self.units, self.size = units, 15
        yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        choice = json.dumps({"pageNo": number, "pageSize": str(self.size)}, separators=(",", ":"))
        address = with_query(self.api, **self.parameters, paramJson=choice)
        return self.request(address, "page", number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        said = dict(_NUMBER.findall(_paging(_html_of(page) or "") + _paging(page.text)))
        self.size = int(said.get("rows") or count) or count
        return int(said["count"]) if said.get("count") else None, None

    def lacking(self, page: Page, number: int, *, chain: bool) -> Outputs:
        if number == 1 and len(self.units) > 1:  # the last unit was a footer: the one before it
            self.units.pop()
            self.api, self.parameters = self.units[-1]
            yield self.turn(1)
        else:
            yield from super().lacking(page, number, chain=chain)

    def has_list(self, page: Page) -> bool:
        return _html_of(page) is not None

    def entries(self, page: Page) -> list[Line]:
        markup = _html_of(page)
        if markup is None:
            return []
        tree = tables.parse(markup)
        return lines(tree, self.portal.url, makers.HANWEB_ARTICLE) or lines(tree, self.portal.url)


def _paging(markup: str) -> str:
    return " ".join(match[0] for match in _PAGING.finditer(markup))


def _html_of(page: Page) -> str | None:
    """The list's markup in an answer; None when the answer is not one."""
    markup = at(page.answer, "data.html")
    return markup if isinstance(markup, str) else None


def _units(page: Page) -> Iterator[tuple[str, dict[str, str]]]:
    """The interfaces that the page declares, with their parameters."""
    for node in page.tree.css("script[url]"):
        url = node.attributes.get("url") or ""
        data = node.attributes.get("querydata") or node.attributes.get("queryData") or ""
        if not data and "?" not in url:
            continue
        parameters = {**dict(parse_qsl(urlsplit(url).query)), **dict(_PAIR.findall(data))}
        yield urljoin(page.url, url.partition("?")[0]), parameters
