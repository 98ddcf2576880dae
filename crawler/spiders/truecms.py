"""truecms: a datastore as JSONP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from crawler import makers
from crawler.detect import Glance, Mark
from crawler.extract import payloads
from crawler.listing import Line, lines
from crawler.scripted import script_values, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider
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
        if _result(glance.text) is not None:
            yield Mark("data", "返回为 JSONP，其中是 <datastore> 记录", 3)

    def first(self, page: Page) -> Outputs:
        self.size = _MOST
        if _result(page.text) is not None:
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
                yield from self.listed(found, 1, self._ask)
            else:
                yield from self.nothing(page)
            return
        self.api = urljoin(page.url, api[1])
        self.parameters = {**{k: v for k, v in said.items() if k == "siteId"}, "columnId": column}
        yield self._ask(1)

    def _ask(self, number: int) -> Any:
        start = (number - 1) * self.size + 1
        address = with_query(
            self.api, **self.parameters, startrecord=start, endrecord=start + self.size - 1, perpage=self.size,
            callback="raw",
        )  # fmt: skip
        return self.request(address, "page", number=number)

    def page(self, page: Page, number: int, **context: Any) -> Outputs:
        if number > 1:
            yield from super().page(page, number, **context)
            return
        found, total = self.entries(page), total_of(_result(page.text) or "")
        self.look.items_announced = total
        if not found:
            if total == 0:
                self.look.said_empty = True
            else:
                yield from self.dead("getMessage 接口没有返回列表")
            return
        if total is not None and len(found) < min(self.size, total):
            self.size = len(found)
        yield from self.listed(found, None if total is None else -(-total // self.size), self._ask)

    def entries(self, page: Page) -> list[Line]:
        return records(_result(page.text) or "", self.portal.url, re.compile(r"\.html?$|/content/"))


def _result(text: str) -> str | None:
    """The datastore in an answer; None when the text is not such an answer."""
    if "datastore" not in text[:400]:
        return None
    try:
        answer = payloads.parse(text.strip().lstrip(";"))
    except ValueError:
        return None
    result = answer.get("result") if isinstance(answer, dict) else None
    return result if isinstance(result, str) and "<datastore" in result else None
