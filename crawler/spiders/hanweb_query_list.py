"""Hanweb-like columns with Handlebars templates and the interface `queryList`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import scrapy

from crawler.detect import Glance, Mark
from crawler.listing import base_of
from crawler.spiders.base import Outputs, Page, PortalSpider

_LOAD = re.compile(r"loadPageData\s*\(\s*(\w+)\s*,\s*['\"]?(\w+)")
_LIST = re.compile(r"""["']?(\w{1,40})["']?\s*:\s*\[([^\]]{0,400})\]""")
_ONE = re.compile(r"""["']?(\w{1,40})["']?\s*:\s*(?:'([^']*)'|"([^"]*)"|(\d{1,12}|true|false))""")
_WORD = re.compile(r"""["']([^"']+)["']""")
_SHOWN = frozenset(("dataBefore", "dataAfter", "showMode", "groupSize", "barPosition", "titleMax", "templateContainerId", "themeName"))  # fmt: skip


class HanwebQueryList(PortalSpider):
    """The page holds only a template (`{{#each data}}…{{title}}`); the items come from POST `/queryList`.

    认出的依据：Handlebars 模板与 loadPageData；参数 webSiteCode、channelCode、unitid；脚本 commonfiles/jquery.jpage.js、utils.js。

    1. The parameters stand in the script beside `loadPageData(params, 'unit')`; they are sent as they are, `current` counts
       pages from 1, lists as `webSiteCode[]`.
    2. The answer is JSON: `data.results[].source` with title, pubDate and `urls` (a JSON text with the key `pc`), and a
       total.
    3. `api` (option): the interface, where it is not `/queryList` of the site.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/col/col42150/index.html",
           family: hanweb_query_list}
    """

    numbered, interface = True, "queryList 接口"

    @dataclass(frozen=True)
    class Options:
        """`api`: the interface, relative to the site."""

        api: str = "/queryList"

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if _LOAD.search(glance.text) and "channelCode" in glance.text and "webSiteCode" in glance.text:
            yield Mark("script", "脚本 loadPageData，参数 webSiteCode、channelCode", 3)
        if "x-handlebars-template" in glance.text and "{{" in glance.text:
            yield Mark("markup", "列表只是 Handlebars 模板", 3 if "pcUrl" in glance.text else 1)
        if "/col/col" in glance.address:
            yield Mark("address", "栏目网址形如 /col/colN/", 1)
        if "commonfiles/" in glance.text and "handlebars" in glance.text:
            yield Mark("data", "脚本 commonfiles/handlebars", 1)

    def first(self, page: Page) -> Outputs:
        load = _LOAD.search(page.text)
        scope = _object(page.text, load[1], load.start()) if load else ""
        self.parameters: list[tuple[str, str]] = []
        for name, words in _LIST.findall(scope):
            self.parameters += [(f"{name}[]", word) for word in _WORD.findall(words)]
        for name, single, double, bare in _ONE.findall(scope):
            if name not in _SHOWN and name != "current":
                self.parameters.append((name, single or double or bare))
        said = dict(self.parameters)
        if "channelCode[]" not in said:
            yield from self.dead("没有读到 loadPageData 的参数 channelCode")
            return
        self.size = int(said.get("perPage") or 15)
        self.api = urljoin(page.url, self.options.api)
        self.home = base_of(page.tree, page.url)
        yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        form = urlencode([("current", str(number)), *self.parameters])
        return self.request(self.api, "page", form=form, number=number)


def _object(text: str, name: str, before: int) -> str:
    """The last object that was assigned to a name before a place in the script."""
    found = None
    for match in re.finditer(rf"\b{re.escape(name)}\s*=\s*\{{", text[:before]):
        found = match
    if found is None:
        return ""
    end = text.find("};", found.end())
    return text[found.end() : end if 0 <= end <= before else before]
