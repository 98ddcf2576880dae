"""The disclosure directory platform of 广东 (gkmlpt, NFOP)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import payloads
from crawler.listing import Line
from crawler.scripted import json_lines, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider

_SID = re.compile(r"""\bSID["']?\s*[:=]\s*["']?(\w{1,20})""")
_CATEGORY = re.compile(r"""\b(?:CATEGORY|CAT|cid|category_id|currentCategory)["']?\s*[:=]\s*["']?(\d{1,10})""", re.I)


class Gkmlpt(PortalSpider):
    """A directory page of gkmlpt: `/gkmlpt/index#2305`; the list is `/gkmlpt/api/all/2305?page=N&sid=SID`.

    认出的依据：网址 /gkmlpt/；脚本 window._CONFIG 含 TREE、SID；详情页 /content/x/y/post_N.html。

    1. SID stands in `window._CONFIG`; the category is what follows `#` in the portal's address, else what the page says.
    2. The answer is JSON: articles with title, url, date, and a total; pages count from 1.
    3. Where everything stands on page 1, page 2 is 404: that is the end, as the total then says.
    4. `category` and `sid` (options), where neither the address nor the page tells them.

    坑：条目可能链到公众号文章，按外站计数；附件多为 Excel。

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/gkmlpt/index#2305", family: gkmlpt}
    """

    @dataclass(frozen=True)
    class Options:
        """`category`: the directory's number; `sid`: the site's."""

        category: str = ""
        sid: str = ""

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        yield from makers.gkmlpt(glance)
        if "/gkmlpt/api/" in glance.text:
            yield Mark("data", "取数接口 /gkmlpt/api/")

    def first(self, page: Page) -> Outputs:
        sid = _SID.search(page.text)
        anchor = urlsplit(self.portal.url).fragment.strip("/")
        said = _CATEGORY.search(page.text)
        category = self.options.category or (anchor if anchor.isdecimal() else "") or (said[1] if said else "")
        self.sid = self.options.sid or (sid[1] if sid else "")
        if not category:
            yield from self.dead("没有读到目录编号，请把网址写成 …/gkmlpt/index#编号，或在 options 中写明 category")
            return
        root = (
            page.url.partition("/gkmlpt/")[0] + "/gkmlpt/" if "/gkmlpt/" in page.url else urljoin(page.url, "/gkmlpt/")
        )
        self.api = urljoin(root, f"api/all/{category}")
        yield self._ask(1)

    def _ask(self, number: int) -> Any:
        return self.request(with_query(self.api, page=number, sid=self.sid), "page", number=number)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        if number > 1:
            yield from super().page(page, number, **context)
            return
        found = self.entries(page)
        answer = _answer(page)
        total = payloads.total_of(answer)
        if not found:
            if total == 0:
                self.look.said_empty = True
            else:
                yield from self.dead("gkmlpt 接口没有返回列表")
            return
        self.look.items_announced = total
        yield from self.listed(found, None if total is None else -(-total // len(found)), self._ask)

    def entries(self, page: Page) -> list[Line]:
        answer = _answer(page)
        rows = answer.get("articles") if isinstance(answer, dict) else None
        rows = rows if isinstance(rows, list) else payloads.rows_of(answer) or []
        return json_lines([row for row in rows if isinstance(row, dict)], self.portal.url)


def _answer(page: Page) -> Any:
    try:
        return payloads.parse(page.text)
    except ValueError:
        return None
