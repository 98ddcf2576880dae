"""Hanweb JCMS lists with jpage: the records stand as XML in a script, more of them come from a data interface."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import fragments, tables
from crawler.listing import Line, lines
from crawler.spiders.base import Outputs, Page, PortalSpider

ARTICLE = makers.HANWEB_ARTICLE
DATASTORE = re.compile(r"<datastore>|&lt;datastore&gt;", re.I)
_RECORD = re.compile(r"<record>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</record>", re.S | re.I)
_NAMES = ("col", "appid", "webid", "path", "columnid", "sourceContentType", "unitid", "webname", "permissiontype")
_PAIR = re.compile(r"""["']?(\w{2,30})["']?\s*:\s*(?:'([^']*)'|"([^"]*)"|(\d+))""")
_AJAX = re.compile(r"ajaxParam\s*:\s*\{([^}]{0,2000})\}", re.S)
_PROXY = re.compile(r"""proxyUrl\s*:\s*["']([^"']{1,300})["']""")
_TOTAL = re.compile(r"""totalRecord["']?\s*[:=]\s*["']?(\d{1,7})""", re.I)
_XML_TOTAL = re.compile(r"<totalrecord>\s*(\d{1,7})\s*</totalrecord>", re.I)
_PER_PAGE = re.compile(r"""perPage["']?\s*[:=]\s*["']?(\d{1,4})""", re.I)


class HanwebJpage(PortalSpider):
    """Records as `<record><![CDATA[<li>…]]></record>` in the page; the rest by POST to `dataproxy.jsp`.

    认出的依据：脚本内的 <datastore> 记录；jquery.jpage 与 dataproxy.jsp；栏目网址 /col/colN/；详情页 /art/2026/9/3/art_N_M.html。

    1. The column's page is `/col/colN/index.html`; its first batch stands in `<script type="text/xml"><datastore>`, as CDATA
       or HTML-escaped.
    2. `$('#N').jpage({totalRecord, perPage, proxyUrl, ajaxParam})` tells how many there are and how to ask for more.
    3. POST `proxyUrl?startrecord=&endrecord=&perpage=` with the parameters that the page printed, batch after batch,
       until all are seen; a server that cuts a batch short is simply asked for the rest. A server that ignores
       `startrecord` shows its first batch again; it is then asked by page (`uid=UNIT&pageNum=N`).
    4. `proxy` (option) names the data interface where the page does not (dataproxy.jsp, morecolumndataproxy.jsp).

    坑：perpage 超过 300 会被悄悄截成 100；首批常含几屏的量。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/col/col11/index.html",
           family: hanweb_jpage}
    """

    @dataclass(frozen=True)
    class Options:
        """`proxy`: the data interface, relative to the site."""

        proxy: str = "/module/web/jpage/dataproxy.jsp"

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.is_json:
            return
        if DATASTORE.search(glance.text):
            yield Mark("data", "脚本内含 <datastore> 记录", 3)
        if ".jpage(" in glance.text or "jquery.jpage" in glance.text or "dataproxy.jsp" in glance.text:
            yield Mark("script", "分页脚本 jpage", 1 if "loadPageData" in glance.text else 2)
            yield from makers.hanweb(glance)
        elif DATASTORE.search(glance.text):
            yield from makers.hanweb(glance)

    def first(self, page: Page) -> Outputs:
        found = records(page.text, page.url)
        total = _TOTAL.search(page.text) or _XML_TOTAL.search(page.text)
        per_page = _PER_PAGE.search(page.text)
        size = int(per_page[1]) if per_page else 15
        if not found:
            found = lines(page.tree, page.url, ARTICLE)
        if total:
            self.look.items_announced = int(total[1])
            self.look.pages_announced = max(-(-int(total[1]) // max(size, 1)), 1)
        if not found and not (total and int(total[1])):
            yield from self.nothing(page)
            return
        yield from self.follow(found, 1)
        proxy = _PROXY.search(page.text)
        self.api = urljoin(page.url, proxy[1] if proxy else self.options.proxy)
        self.form = urlencode(_parameters(page.text), quote_via=quote)
        self.size, self.batch_size = size, max(len(found), size)
        yield from self._more(len(found) + 1, 2)

    def _more(self, start: int, number: int) -> Outputs:
        """The batch that begins at record `start`."""
        total = self.look.items_announced or 0
        if start > total or not self.may_ask():
            return
        end = min(start + self.batch_size - 1, total)
        query = urlencode({"startrecord": start, "endrecord": end, "perpage": self.size})
        yield self.request(
            f"{self.api}{'&' if '?' in self.api else '?'}{query}", "batch", form=self.form, start=start, number=number
        )

    def batch(self, page: Page, start: int, number: int) -> Outputs:
        """A further batch; one that brings nothing new means that the server counts pages, not records."""
        before = len(self.walk.entries)
        found = records(page.text, self.portal.url) or lines(page.tree, self.portal.url, ARTICLE)
        yield from self.follow(found, number)
        if len(self.walk.entries) > before:
            yield from self._more(start + len(found), number + 1)
        elif found and number == 2:
            yield from self._by_page(2)

    def _by_page(self, number: int) -> Outputs:
        if self.may_ask() and len(self.walk.entries) < (self.look.items_announced or 0):
            unit = re.search(r"unitid=(\w+)", self.form)
            query = urlencode({"uid": unit[1] if unit else "", "pageNum": number, "perpage": self.size})
            address = f"{self.api}{'&' if '?' in self.api else '?'}{query}"
            yield self.request(address, "counted", form=self.form, number=number)

    def counted(self, page: Page, number: int) -> Outputs:
        """A page of a server that counts pages; one that brings nothing new ends the walk (the total tells what is missing)."""
        before = len(self.walk.entries)
        found = records(page.text, self.portal.url) or lines(page.tree, self.portal.url, ARTICLE)
        yield from self.follow(found, number)
        if len(self.walk.entries) > before:
            yield from self._by_page(number + 1)


def records(text: str, base_url: str, wanted: re.Pattern[str] = ARTICLE) -> list[Line]:
    """The lines that stand in a datastore."""
    if DATASTORE.search(text) is None and "<record>" not in text:
        return []
    if "&lt;record&gt;" in text:
        text = html.unescape(text)
    parts = [match[1] for match in _RECORD.finditer(text)]
    broken = any("</li>" not in part.lower() and "<li" in part.lower() for part in parts)
    markup = fragments.mend("".join(parts)) if broken else "".join(parts)
    return lines(tables.parse(f"<ul>{markup}</ul>"), base_url, wanted) if parts else []


def total_of(text: str) -> int | None:
    """How many records a datastore or a jpage script says there are."""
    match = _XML_TOTAL.search(text) or _TOTAL.search(text)
    return int(match[1]) if match else None


def _parameters(text: str) -> dict[str, Any]:
    """What the page's own script would send."""
    match = _AJAX.search(text)
    scope = match[1] if match else text
    found = {name: first or second or third for name, first, second, third in _PAIR.findall(scope)}
    return found if match else {name: found[name] for name in _NAMES if name in found}
