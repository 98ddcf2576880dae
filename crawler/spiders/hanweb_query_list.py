"""Hanweb-like columns with Handlebars templates and the interface `queryList`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from crawler.detect import Glance, Mark
from crawler.extract import payloads
from crawler.listing import Line, base_of
from crawler.scripted import at, json_lines
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
        yield self._ask(1)

    def _ask(self, number: int) -> Any:
        return self.request(
            self.api, "page", form=urlencode([("current", str(number)), *self.parameters]), number=number
        )

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        if number > 1:
            yield from super().page(page, number, **context)
            return
        found = self.entries(page)
        total = _total(page)
        if not found:
            if total == 0:
                self.look.said_empty = True
            else:
                yield from self.dead("queryList 接口没有返回列表")
            return
        self.look.items_announced = total
        yield from self.listed(found, None if total is None else -(-total // self.size), self._ask)

    def entries(self, page: Page) -> list[Line]:
        try:
            answer = payloads.parse(page.text)
        except ValueError:
            return []
        results = at(answer, "data.results") or at(answer, "results") or payloads.rows_of(answer) or []
        rows = [row.get("source", row) for row in results if isinstance(row, dict)]
        return json_lines([row for row in rows if isinstance(row, dict)], self.home)


def _total(page: Page) -> int | None:
    try:
        answer = payloads.parse(page.text)
    except ValueError:
        return None
    return next(
        (int(n) for path in ("data.total", "data.totalRecord", "total") if str(n := at(answer, path)).isdecimal()), None
    )


def _object(text: str, name: str, before: int) -> str:
    """The last object that was assigned to a name before a place in the script."""
    found = None
    for match in re.finditer(rf"\b{re.escape(name)}\s*=\s*\{{", text[:before]):
        found = match
    if found is None:
        return ""
    end = text.find("};", found.end())
    return text[found.end() : end if 0 <= end <= before else before]
