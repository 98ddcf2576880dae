"""Hanweb's 双公示 application, first make: `sgsList01.do`, `punishmentList.do`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import scrapy

from crawler.detect import Glance, Mark
from crawler.listing import Line
from crawler.scripted import script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_ADDRESS = re.compile(r"/sgs/(?:sgsList0[12]|webInfo/(?:punishment|license|licence)List)\.do", re.I)
_RECORD = re.compile(r"""["'](X[KF]|CF|XZ[A-Z]{2})\$([^$"']{1,80})\$([^$"']{1,300})\$([^$"']{0,40})["']""")
_DETAIL = re.compile(r"""["']([^"'\s]{1,200}\.do\?[^"'\s]{0,200}=)["']\s*\+""")

_SHOWS = re.compile(r"show|detail|view|info|content|xzcf|xzxk", re.I)


class HanwebSgs(PortalSpider):
    """Lines as texts `XK$id$name$date` in a script; the rest from `proxyUrl`; details in `table.xzcf_bg`.

    认出的依据：网址 /sgs/sgsList01.do（处罚）、sgsList02.do（许可）或 /sgs/webInfo/punishmentList.do、licenseList.do；
    脚本变量 totalRecord、perPage、id2、proxyUrl；记录形如 XK$编号$名称$日期。

    1. The first lines stand in the page's script, `totalRecord` says how many there are.
    2. More come by POST to `proxyUrl` with startrecord, endrecord, perpage and `id2`, in the same form.
    3. A detail's address is what the script puts before the id (`"sgsShow.do?id="+…`); `detail` (option) says it where the
       script does not, with `{id}` and `{type}` in it.

    坑：法定代表人常写在相对人一格里。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/sgs/sgsList01.do", family: hanweb_sgs}
    """

    numbered, interface = True, "双公示应用的取数接口"

    @dataclass(frozen=True)
    class Options:
        """`detail`: a detail's address with {id} and {type}."""

        detail: str = ""

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if _ADDRESS.search(glance.address):
            yield Mark("address", "网址形如 /sgs/sgsList01.do", 3)
        if all(name in glance.scripts for name in ("totalRecord", "proxyUrl", "id2")):
            yield Mark("script", "脚本变量 totalRecord、id2、proxyUrl")
        if _RECORD.search(glance.text):
            yield Mark("data", "记录形如 XK$编号$名称$日期", 3)

    def first(self, page: Page) -> Outputs:
        said = script_values(page.text, "totalRecord", "perPage", "id2", "proxyUrl")
        if not said.get("totalRecord", "").isdecimal():
            yield from self.dead("页面脚本没有写明 totalRecord")
            return
        self.total = int(said["totalRecord"])
        self.size = max(int(said.get("perPage") or 15), 1)
        self.id2, self.api = said.get("id2", ""), urljoin(page.url, said.get("proxyUrl") or page.url)
        details = sorted(_DETAIL.finditer(page.text), key=lambda match: _SHOWS.search(match[1]) is None)
        detail = details[0] if details else None
        self.template = self.options.detail or (f"{detail[1]}{{id}}" if detail else "")
        self.look.items_announced = self.total
        if self.total == 0:
            self.look.said_empty = True
            return
        if not self.template:
            yield from self.dead("没有找到详情页的地址，请在 options 中写明 detail")
            return
        found = self.entries(page)
        self.size = max(len(found), self.size)
        if found:
            yield from self.begin(page)
        else:
            yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        start = (number - 1) * self.size + 1
        address = with_query(
            self.api, startrecord=start, endrecord=min(start + self.size - 1, self.total), perpage=self.size
        )
        return self.request(address, "page", form=urlencode({"id2": self.id2}), number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        return self.total, None

    def entries(self, page: Page) -> list[Line]:
        found: dict[str, Line] = {}
        for make, identity, name, date in _RECORD.findall(html.unescape(page.text)):
            address = self.template.replace("{id}", identity).replace("{type}", make)
            url = urljoin(self.portal.url, address)
            found.setdefault(url, Line(url, name.strip(), date.strip() or None))
        return list(found.values())
