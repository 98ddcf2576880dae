"""The disclosure directory platform of 广东 (gkmlpt, NFOP)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.scripted import with_query
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

    numbered, interface = True, "gkmlpt 接口"

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
        yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        return self.request(with_query(self.api, page=number, sid=self.sid), "page", number=number)
