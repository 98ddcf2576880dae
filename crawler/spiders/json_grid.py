"""A page that is only a shell around a grid; the records come as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from crawler.extract import payloads
from crawler.extract.tables import Reader
from crawler.items import Sighting
from crawler.spiders.base import Outputs, Page, PortalSpider

GRID = re.compile(r"table\.render|bootstrapTable|\.DataTable|\.datagrid|jqGrid|layui|el-table|\.ajax\(|fetch\(", re.I)
API = re.compile(r"""(?:url|api|dataUrl)["']?\s*[:=]\s*["']([^"'\s]{2,300})["']""", re.I)
_FETCH = re.compile(r"""(?:fetch|axios\.get|\$\.get(?:JSON)?|\$\.post)\s*\(\s*["']([^"'\s]{2,300})["']""")
_PAGE_NAME = re.compile(r"""pageName["']?\s*:\s*["'](\w{1,30})["']""")
_LIMIT_NAME = re.compile(r"""limitName["']?\s*:\s*["'](\w{1,30})["']""")
_LIMIT = re.compile(r"""(?:limit|pageSize|rows)["']?\s*:\s*(\d{1,4})\b""")
_STATIC = re.compile(r"\.(?:js|css|png|jpe?g|gif|ico|woff2?)(?:\?|$)", re.I)


class JsonGrid(PortalSpider):
    """Rows from an interface that answers `{code: 0, count, data}` or one of its many likes.

    1. Without `api` the shell's own script tells it (`url: '/api/…'`), with the names of its paging parameters.
    2. The interface is asked page after page until as many rows were seen as it says there are.
    3. Options where the script does not tell: `api`, `method` (GET or POST), `page` and `size` (parameter names),
       `start` (the first page's number), `page_size`, `rows` and `total` (paths in the answer, with dots),
       `query` (further parameters).

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/sgs.html", family: json_grid,
           options: {api: /api/penalty/list, page: pageNo, size: pageSize}}
    """

    @dataclass(frozen=True)
    class Options:
        """Where the rows come from; empty: as the page's script says."""

        api: str = ""
        method: str = "GET"
        page: str = ""
        size: str = ""
        start: int = 1
        page_size: int = 0
        rows: str = ""
        total: str = ""
        query: dict[str, Any] | None = None

    def first(self, page: Page) -> Outputs:
        if page.text.lstrip()[:1] in ("{", "["):
            yield from self.rows(page, number=self.options.start, api="")
            return
        api = self.options.api or api_of(page.text)
        if api is None:
            yield from self.nothing(page)
            if self.look.entry is None and not self.look.said_empty:
                self.look.entry = ("script_list", "没有找到页面取数的接口，请在 options 中写明 api")
            return
        self._names(page.text)
        yield self._ask(urljoin(page.url, api), self.options.start)

    def _names(self, text: str) -> None:
        page_name, limit_name, limit = _PAGE_NAME.search(text), _LIMIT_NAME.search(text), _LIMIT.search(text)
        self.page_name = self.options.page or (page_name[1] if page_name else "page")
        self.size_name = self.options.size or (limit_name[1] if limit_name else "limit")
        self.size = self.options.page_size or (int(limit[1]) if limit else 100)

    def _ask(self, api: str, number: int) -> Any:
        parameters = {**(self.options.query or {}), self.page_name: number, self.size_name: self.size}
        if self.options.method.upper() == "POST":
            return self.request(api, "rows", form=urlencode(parameters), number=number, api=api)
        parts = urlsplit(api)
        query = urlencode({**dict(parse_qsl(parts.query)), **parameters})
        return self.request(urlunsplit(parts._replace(query=query)), "rows", number=number, api=api)

    def rows(self, page: Page, number: int, api: str) -> Outputs:
        """One page of the grid. What is not JSON is a lost page, never the end of the list."""
        try:
            answer = payloads.parse(page.text)
        except (ValueError, json.JSONDecodeError):
            self.look.lost_pages.append(f"第 {number} 页返回的不是数据")
            return
        rows = payloads.rows_of(answer, self.options.rows or None)
        total = payloads.total_of(answer, self.options.total or None)
        if rows is None:
            if total != 0:
                self.look.lost_pages.append(f"第 {number} 页的数据中没有列表")
            return
        reader = Reader(self.portal.kind if self.portal.kind != "both" else "auto", self.portal.lookups.columns)
        found = payloads.records(rows, reader)
        self.look.items += len(rows)
        if len(found) < len(rows):
            self.look.unread["数据行的字段名无法识别"] += len(rows) - len(found)
        for seen in found:
            place = (number, seen.row)
            yield Sighting(seen, self.portal.url, page.evidence, place, stated_on=seen.stated_published_on)
        if total is not None and number == self.options.start:
            self.look.items_announced = total
            size = max(len(rows), 1)
            pages = -(-total // size)
            self.look.pages_announced = max(pages, 1)
            for following in range(number + 1, number + pages):
                if api and rows and self.may_ask():
                    yield self._ask(api, following)
        elif total is None and rows and api and len(rows) >= self.size and self.may_ask():
            yield self._ask(api, number + 1)


def api_of(text: str) -> str | None:
    """The interface that a shell's own script calls."""
    for pattern in (API, _FETCH):
        for match in pattern.finditer(text):
            if not _STATIC.search(match[1]) and ("/" in match[1] or "?" in match[1]):
                return match[1]
    return None
