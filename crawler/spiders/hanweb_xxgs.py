"""Hanweb's 双公示 application, second make: `xzcf_show.do` with an opaque parameter."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urljoin

from selectolax.lexbor import LexborHTMLParser

from crawler.detect import Glance, Mark
from crawler.extract import tables
from crawler.items import Seen
from crawler.listing import Line, lines
from crawler.scripted import opened_lines, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider
from crawler.spiders.hanweb_jpage import total_of

_ADDRESS = re.compile(r"/(?:front/)?xxgs/\w+/xz(?:cf|xk)_show\.do", re.I)
_PROXY = re.compile(r"""proxyUrl\s*:\s*["']([^"']{1,300})["']""")
_SIZE = re.compile(r"""perPage["']?\s*:\s*["']?(\d{1,4})""", re.I)
_AJAX = re.compile(r"ajaxParam\s*:\s*\{([^}]{0,4000})\}", re.S)
_PAIR = re.compile(r"""["']?(\w{1,40})["']?\s*:\s*(?:'([^']*)'|"([^"]*)"|([\w.]+))""")
_BEFORE = re.compile(r"""dataBefore\s*:\s*(?:'((?:[^'\\]|\\.){0,8000})'|"((?:[^"\\]|\\.){0,8000})")""", re.S)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.S)


class HanwebXxgs(PortalSpider):
    """No record is in the page: jpage fetches rows from `xzcfmore_show.do` with a parameter that changes at every load.

    认出的依据：网址 /xxgs/…/xzcf_show.do、xzxk_show.do；脚本 jpage 的 ajaxParam 含 encode_text；proxyUrl 为 …more_show.do。

    1. `$('#ListBox').jpage({totalRecord, perPage, proxyUrl, ajaxParam:{encode_text:…}})` says how many there are and
       what to send; the column headers are inside the text `dataBefore`.
    2. Batch after batch by POST, never two at once. Rows with links lead to details; rows without are the decisions.
    3. When a batch comes back empty the page is loaded once more for a fresh parameter, and the batch asked again.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/xxgs/front/xxgs/cf/xzcf_show.do",
           family: hanweb_xxgs}
    """

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if _ADDRESS.search(glance.address):
            yield Mark("address", "网址形如 /xxgs/…/xzcf_show.do", 3)
        if "encode_text" in glance.text and ".jpage(" in glance.text:
            yield Mark("script", "jpage 参数含 encode_text", 3)
        if re.search(r"more_show\.do", glance.text):
            yield Mark("data", "取数接口 …more_show.do")

    def first(self, page: Page) -> Outputs:
        if not self._learn(page):
            yield from self.nothing(page)
            return
        self.renewed = 0
        if self.total == 0:
            self.look.said_empty = True
            return
        yield self._ask(1, 1)

    def _learn(self, page: Page) -> bool:
        """What the page says of this load."""
        proxy, total = _PROXY.search(page.text), total_of(page.text)
        if proxy is None or total is None:
            return False
        size, ajax, before = _SIZE.search(page.text), _AJAX.search(page.text), _BEFORE.search(page.text)
        self.api, self.total, self.size = urljoin(page.url, proxy[1]), total, int(size[1]) if size else 10
        self.parameters = {n: a or b or c for n, a, b, c in _PAIR.findall(ajax[1])} if ajax else {}
        self.header = html.unescape((before[1] or before[2] or "").replace("\\", "")) if before else ""
        self.look.items_announced, self.look.pages_announced = total, -(-total // max(self.size, 1)) or 1
        return True

    def _ask(self, start: int, number: int) -> Any:
        end = min(start + self.size - 1, self.total)
        address = with_query(self.api, startrecord=start, endrecord=end, perpage=self.size, totalRecord=self.total)
        return self.request(address, "page", form=urlencode(self.parameters), number=number, start=start)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        start: int = context["start"]
        shown = self.shown(page)
        if not shown:
            yield from self._renew(number, start)
        elif self.repeats(shown, number):
            self.look.lost_pages.append(f"第 {number} 页与已读的页相同，翻页没有生效")
        else:
            yield from self.take(page, shown, number)
            if start + len(shown) <= self.total and self.may_ask():
                yield self._ask(start + len(shown), number + 1)

    def _renew(self, number: int, start: int) -> Outputs:
        self.renewed += 1
        if self.renewed > 2 or number == 1:
            reason = f"第 {number} 页的取数接口没有返回记录"
            if number == 1:
                yield from self.dead(reason)
            else:
                self.look.lost_pages.append(reason)
            return
        yield self.request(self.portal.url, "again", again=True, number=number, start=start)

    def again(self, page: Page, number: int, start: int) -> Outputs:
        """The page once more, for a fresh parameter."""
        if self._learn(page):
            yield self._ask(start, number)
        else:
            self.look.lost_pages.append(f"第 {number} 页没有列表")

    def entries(self, page: Page) -> list[Line]:
        tree = self._rows(page)
        return lines(tree, page.url) or opened_lines(tree, page.text, page.url)

    def records(self, page: Page) -> list[Seen]:
        return tables.records(self._rows(page), self.reader)

    def _rows(self, page: Page) -> LexborHTMLParser:
        """A batch below the header that the column's page printed."""
        rows = "".join(_CDATA.findall(page.text)) or page.text
        return tables.parse(f"<table>{_header_rows(self.header)}{rows}</table>")


def _header_rows(markup: str) -> str:
    """The header's rows, whatever unclosed table or list is around them."""
    return "".join(re.findall(r"<tr.*?</tr>", markup, re.S | re.I))
