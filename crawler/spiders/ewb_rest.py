"""Epoint EWB (新点) columns whose list comes from a REST interface."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import payloads
from crawler.listing import Line
from crawler.scripted import at, json_lines, script_values
from crawler.spiders.base import Outputs, Page, PortalSpider

_METHOD = re.compile(r"rest/lightfrontaction/(\w{3,60})")
_NAMES = ("deptcode", "categorynum", "siteGuid", "siteguid", "pageSize", "projectName")


class EwbRest(PortalSpider):
    """POST `/<project>/rest/lightfrontaction/getgovinfolist` with `params={deptcode, categorynum, siteGuid, pageIndex, pageSize}`.

    认出的依据：样式名 ewb-、wb-data-；脚本 webBuilderCommon.js、EWB-FRONT；接口 rest/lightfrontaction；详情页 /20260903/uuid.html。

    1. `siteInfo` (siteGuid, projectName) and the column's categorynum and deptcode stand in the page's scripts.
    2. The answer is `custom.data[]` with infourl, realtitle, infodate, and a total; pages count from 0.
    3. Options where the page does not tell: `project`, `query` (deptcode, categorynum, siteGuid …), `first` (the first
       page's number).

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/gov/xxgk/list.html", family: ewb_rest}
    """

    @dataclass(frozen=True)
    class Options:
        """`project`: the application's name; `query`: parameters of the interface; `first`: the first page's number."""

        project: str = ""
        query: dict[str, Any] | None = None
        first: int = 0

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if "lightfrontaction" in glance.text or ("categorynum" in glance.scripts and not glance.lines):
            yield from makers.ewb(glance)
            yield Mark("data", "取数接口 rest/lightfrontaction、参数 categorynum", 3)

    def first(self, page: Page) -> Outputs:
        said = script_values(page.text, *_NAMES)
        method = _METHOD.search(page.text)
        project = (self.options.project or said.pop("projectName", "") or "").strip("/")
        name = method[1] if method else "getgovinfolist"
        self.api = urljoin(page.url, f"/{project + '/' if project else ''}rest/lightfrontaction/{name}")
        said.pop("projectName", None)
        size = said.pop("pageSize", "")
        self.size = int(size) if size.isdecimal() and int(size) else 15
        self.parameters = {**said, **(self.options.query or {})}
        yield self._ask(1)

    def _ask(self, number: int) -> Any:
        place = number - 1 + self.options.first
        parameters = {**self.parameters, "pageIndex": place, "pageSize": self.size}
        form = urlencode({"params": json.dumps(parameters, ensure_ascii=False)})
        return self.request(self.api, "page", form=form, number=number)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        if number > 1:
            yield from super().page(page, number, **context)
            return
        found, answer = self.entries(page), _answer(page)
        count = next((n for path in _TOTALS if str(n := at(answer, path)).isdecimal()), None)
        total = int(count) if count is not None else None
        if not found:
            if total == 0:
                self.look.said_empty = True
            else:
                yield from self.dead("新点接口没有返回列表，请核对 categorynum、deptcode")
            return
        self.look.items_announced = total
        if total is not None and len(found) < min(self.size, total):
            self.size = len(found)
        yield from self.listed(found, None if total is None else -(-total // self.size), self._ask)

    def entries(self, page: Page) -> list[Line]:
        answer = _answer(page)
        rows = at(answer, "custom.data") or at(answer, "custom.infodata") or payloads.rows_of(answer) or []
        return json_lines([row for row in rows if isinstance(row, dict)], self.portal.url)


_TOTALS = ("custom.total", "custom.count", "custom.totalcount", "custom.recordCount", "total")


def _answer(page: Page) -> Any:
    try:
        return payloads.parse(page.text)
    except ValueError:
        return None
