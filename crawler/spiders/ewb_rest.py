"""Epoint EWB (新点) columns whose list comes from a REST interface."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import scrapy
from selectolax.lexbor import LexborHTMLParser

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.scripted import script_values
from crawler.spiders.base import Outputs, Page, PortalSpider

_METHOD = re.compile(r"rest/lightfrontaction/(\w{3,60})")
_COLUMN = re.compile(r"/(\d{3}(?:\d{3})+)/[^/]*$")  # /xxgk/001/001002/secondpage.html
_NAMES = ("deptcode", "categorynum", "siteGuid", "siteguid", "pageSize", "projectName")


class EwbRest(PortalSpider):
    """POST `/<project>/rest/lightfrontaction/getgovinfolist` with `params={deptcode, categorynum, siteGuid, pageIndex, pageSize}`.

    认出的依据：样式名 ewb-、wb-data-；脚本 webBuilderCommon.js、EWB-FRONT；接口 rest/lightfrontaction；详情页 /20260903/uuid.html。

    1. `siteInfo` (siteGuid, projectName) and the column's categorynum and deptcode stand in the page's scripts.
       categorynum may also stand in a hidden input, or only in the column's address (/xxgk/001/001002/secondpage.html).
    2. The answer is `custom.data[]` with infourl, realtitle, infodate, and a total; pages count from 0.
    3. Options where the page does not tell: `project`, `query` (deptcode, categorynum, siteGuid …), `first` (the first
       page's number).

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/gov/xxgk/list.html", family: ewb_rest}
    """

    numbered, interface = True, "新点接口（请核对 categorynum、deptcode）"

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
        elif not glance.lines and "wb-" in glance.low and column_of(glance.tree, glance.address):
            own = list(makers.ewb(glance))
            if len(own) >= 2:  # the number alone is on many sites
                yield from own
                yield Mark("data", "列表为空，隐藏域或网址中有栏目编号 categorynum")

    def first(self, page: Page) -> Outputs:
        said = script_values(page.text, *_NAMES)
        method = _METHOD.search(page.text)
        project = (self.options.project or said.pop("projectName", "") or "").strip("/")
        name = method[1] if method else "getgovinfolist"
        self.api = urljoin(page.url, f"/{project + '/' if project else ''}rest/lightfrontaction/{name}")
        said.pop("projectName", None)
        size = said.pop("pageSize", "")
        self.size = int(size) if size.isdecimal() and int(size) else 15
        column = {} if "categorynum" in said else column_of(page.tree, page.url.partition("?")[0])
        self.parameters = {**said, **column, **(self.options.query or {})}
        yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        place = number - 1 + self.options.first
        parameters = {**self.parameters, "pageIndex": place, "pageSize": self.size}
        form = urlencode({"params": json.dumps(parameters, ensure_ascii=False)})
        return self.request(self.api, "page", form=form, number=number)


def column_of(tree: LexborHTMLParser, address: str) -> dict[str, str]:
    """The column's number outside of scripts: in a hidden input, else in its address."""
    for node in tree.css("input"):
        named = node.attributes.get("id") or node.attributes.get("name") or ""
        if named.lower() == "categorynum" and (value := (node.attributes.get("value") or "").strip()):
            return {"categorynum": value}
    found = _COLUMN.search(address.partition("?")[0])
    return {"categorynum": found[1]} if found else {}
