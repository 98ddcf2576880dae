"""truecms: a datastore as JSONP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import scrapy

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.listing import Line, lines
from crawler.scripted import script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider, Shown
from crawler.spiders.hanweb_jpage import records, total_of

_API = re.compile(r"""["'(]([^"'()\s]{0,200}messageController/getMessage\.do)""")
_MOST = 50  # the interface answers nothing to a larger perpage


class Truecms(PortalSpider):
    """The first lines in `#initData`, the rest from `messageController/getMessage.do` as JSONP around a datastore.

    认出的依据：元素 #initData；接口 messageController/getMessage.do；详情页 /…/content/uuid.html；返回为 JSONP 包着的 <datastore>。

    1. `columnId` (and the other parameters of the call) stand in the page's script.
    2. Asked by `startrecord`, `endrecord`, `perpage` (50 at most); the answer's `result` holds `<totalrecord>` and the
       records, each an `<li>`.
    3. The portal's address may be the interface itself.
    4. `column` (option): the columnId, where the page does not say it.

    坑：需要 Referer（自动带上）；栏目标题混杂（批前公示、注销公告），按标题分拣。

        - {id: x_licences, unit: x, kind: licence, title: 行政许可, url: "https://…/hmsgtj/xzxk/index.html", family: truecms}
    """

    numbered, interface = True, "getMessage 接口"

    @dataclass(frozen=True)
    class Options:
        """`column`: the columnId."""

        column: str = ""

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if "messageController/getMessage.do" in glance.text or "messageController/getMessage.do" in glance.address:
            yield Mark("script", "接口 messageController/getMessage.do", 3)
        if 'id="initData"' in glance.text or "#initData" in glance.text or "id='initData'" in glance.text:
            yield Mark("markup", "元素 #initData")
        if makers.TRUECMS_DETAIL.search(glance.text.replace("\\/", "/")):
            yield Mark("links", "详情页名形如 /content/uuid.html")
        if _result(glance) is not None:
            yield Mark("data", "返回为 JSONP，其中是 <datastore> 记录", 3)

    def first(self, page: Page) -> Outputs:
        self.size = _MOST
        if _result(page) is not None:
            self.api, self.parameters = self.portal.url, {}
            yield from self.page(page, 1)
            return
        api = _API.search(page.text)
        said = script_values(page.text, "columnId", "columnid", "siteId", "webId")
        column = self.options.column or said.get("columnId") or said.get("columnid")
        if api is None or not column:
            found = lines(page.tree, page.url, makers.TRUECMS_DETAIL)
            if found:
                self.look.cut = "没有读到取数接口的 columnId，只读了第一页，请在 options 中写明 column"
                yield from self.take(page, Shown(found), 1)
            else:
                yield from self.nothing(page)
            return
        self.api = urljoin(page.url, api[1])
        self.parameters = {**{k: v for k, v in said.items() if k == "siteId"}, "columnId": column}
        yield self.turn(1)

    def turn(self, number: int) -> scrapy.Request:
        start = (number - 1) * self.size + 1
        address = with_query(
            self.api, **self.parameters, startrecord=start, endrecord=start + self.size - 1, perpage=self.size,
            callback="raw",
        )  # fmt: skip
        return self.request(address, "page", number=number)

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        return total_of(_result(page) or ""), None

    def has_list(self, page: Page) -> bool:
        return _result(page) is not None

    def entries(self, page: Page) -> list[Line]:
        return records(_result(page) or "", self.portal.url, re.compile(r"\.html?$|/content/"))


def _result(page: Page | Glance) -> str | None:
    """The datastore in an answer; None when the text is not such an answer."""
    answer = page.answer if "datastore" in page.text[:400] else None
    result = answer.get("result") if isinstance(answer, dict) else None
    return result if isinstance(result, str) and "<datastore" in result else None
