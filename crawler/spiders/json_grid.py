"""A page that is only a shell around a grid; the records come as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import scrapy

from crawler.detect import Glance, Mark
from crawler.extract import classify, payloads
from crawler.extract.tables import Reader
from crawler.listing import Line
from crawler.scripted import at, json_lines, with_query
from crawler.spiders.base import Outputs, Page, PortalSpider, Shown

_GRID = re.compile(  # in lower case
    r"table\.render|bootstraptable|\.datatable|\.datagrid|jqgrid|layui|el-table|\.ajax\(|fetch\(|axios\b|"
    r"\$\.(?:get|post)|getjson|xmlhttprequest"
)
API = re.compile(r"""(?:url|api|dataUrl)["']?\s*[:=]\s*["']([^"'\s]{2,300})["']""", re.I)
_FETCH = re.compile(r"""(?:fetch|axios\.get|\$\.get(?:JSON)?|\$\.post)\s*\(\s*["']([^"'\s]{2,300})["']""")
_OWN_PAGE = re.compile(
    r"""["']?\b(pageNum|pageNo|pageIndex|currPage|currentPage|curPage|currentPageNo)\b["']?\s*[:=]\s*["']?(\d+)?"""
)
_OWN_SIZE = re.compile(r"""["']?\b(pageSize|pagesize|numPerPage|perPage)\b["']?\s*[:=]""")
_PAGE_NAME = re.compile(r"""pageName["']?\s*:\s*["'](\w{1,30})["']""")
_LIMIT_NAME = re.compile(r"""limitName["']?\s*:\s*["'](\w{1,30})["']""")
_LIMIT = re.compile(r"""\b(?:limit|pageSize|pageLength|rowNum|rows)["']?\s*[:=]\s*["']?(\d{1,4})\b""")
_METHOD = re.compile(r"""\b(?:method|type|mtype)["']?\s*:\s*["'](post|get)["']""", re.I)
_POSTS = re.compile(r"(?:axios|\$)\.post\s*\(")
_STATIC = re.compile(
    r"\.(?:js|css|png|jpe?g|gif|ico|svg|woff2?|html?)(?:\?|$)|hits?\b|visit|counter|click|login|stat(?:s|istic)|captcha",
    re.I,
)
_ALIKE = 2  # rows that may stand on two pages by chance
_OFFSETS = frozenset(
    ("start", "offset", "skip", "startrow", "startrecord", "first")
)  # such a parameter counts rows, not pages


_PAGE_KEY = re.compile(r"_?(?:page(?:No|Num|Index|Number)?|curr?(?:ent)?Page(?:No)?|start|offset|p)", re.I)
_SIZE_KEY = re.compile(r"_?(?:page_?Size|size|limit|length|rows|numPerPage|perPage)", re.I)


@dataclass(frozen=True)
class Dialect:
    """How a grid asks for its pages: names of parameters, method, and whether rows are counted instead of pages."""

    page: str
    size: str
    method: str = "GET"
    first: int = 1

    @property
    def counts_rows(self) -> bool:
        return self.page.lower() in _OFFSETS


_DIALECTS = (
    (re.compile(r"\.dataTable\s*\(", re.I), Dialect("start", "length", first=0)),
    (re.compile(r"\.datagrid\s*\(|easyui-datagrid"), Dialect("page", "rows", "POST")),
    (re.compile(r"\.jqGrid\s*\(", re.I), Dialect("page", "rows")),
    (re.compile(r"\.bootstrapTable\s*\(", re.I), Dialect("offset", "limit", first=0)),
)


def dialect_of(text: str) -> Dialect:
    """The dialect of a shell: what its script names itself, else what its kind of grid sends."""
    usual = next((dialect for mark, dialect in _DIALECTS if mark.search(text)), Dialect("page", "limit"))
    page, size, method = usual.page, usual.size, usual.method
    first = usual.first
    if own := _OWN_PAGE.search(text):
        page, first = own[1], int(own[2] or 1)
        own_size = _OWN_SIZE.search(text)
        size = own_size[1] if own_size else size
    if named := _PAGE_NAME.search(text):
        page, first = named[1], 1
    if named := _LIMIT_NAME.search(text):
        size = named[1]
    if said := _METHOD.search(text):
        method = said[1].upper()
    elif _POSTS.search(text):
        method = "POST"
    return Dialect(page, size, method, first)


class JsonGrid(PortalSpider):
    """Rows from an interface that answers `{code: 0, count, data}` or one of its many likes.

    认出的依据：脚本中的表格控件（layui、easyUI、DataTables、jqGrid、bootstrap-table、RuoYi 的 axios）；脚本写明的取数接口，而页面
    本身没有记录；返回的 JSON 含双公示字段名。

    1. Without `api` the shell's own script tells it (`url: '/api/…'`); the names of its paging parameters are what the
       script says, else what its grid (layui, easyUI, DataTables, jqGrid, bootstrap-table) sends by itself.
    2. The interface is asked page after page until as many rows were seen as it says there are. A page that repeats
       others is a lost page: the paging was misunderstood. What answers no data is asked once by the other method.
    3. Options where the script does not tell: `api`, `method` (GET or POST), `page` and `size` (parameter names),
       `start` (the first page's number; where `page` is an offset such as start or offset, the first row's), `page_size`,
       `rows` and `total` (paths in the answer, with dots), `query` (further parameters), `body` (`json`: parameters are
       posted as JSON), `fields` (field -> path in a row, where its own names say nothing).
    4. Rows that are only titles with a link are entries of a list, which lead to details; `title`, `date` and `link` say
       where they stand in a row; `link` may be an address with places: `/detail.jspx?id={id}`.

        - {id: x_penalties, unit: x, kind: penalty, title: 行政处罚, url: "https://…/sgs.html", family: json_grid,
           options: {api: /api/penalty/list, page: pageNo, size: pageSize}}
    """

    @dataclass(frozen=True)
    class Options:
        """Where the rows come from; empty: as the page's script says."""

        api: str = ""
        method: str = ""
        page: str = ""
        size: str = ""
        start: int | None = None
        page_size: int = 0
        rows: str = ""
        total: str = ""
        query: dict[str, Any] | None = None
        body: str = field(default="form", metadata={"choices": ("form", "json")})
        fields: dict[str, str] | None = None
        title: str = ""
        date: str = ""
        link: str = ""

    @staticmethod
    def marks(glance: Glance) -> Iterator[Mark]:
        if glance.is_json:
            rows = payloads.rows_of(glance.answer)
            if rows is not None:
                yield Mark("markup", "返回的就是 JSON")
                if rows and payloads.records(rows, Reader("auto", {})):
                    yield Mark("data", "JSON 的字段名是双公示代码")
                elif any(line.date for line in json_lines(rows, glance.base)):
                    yield Mark("data", "JSON 的每行有标题、链接和日期")
            return
        if not _GRID.search(glance.low):
            return
        yield Mark("script", "表格控件由脚本取数")
        if api_of(glance.text) and not glance.lines and not glance.records:
            yield Mark("data", "脚本写明取数接口，页面本身没有记录")

    numbered, advice = True, "，请在 options 中写明翻页参数"

    def first(self, page: Page) -> Outputs:
        self.swapped = bool(self.options.method)  # whether there is no other method left to try
        if page.answer is not None:
            self.api = self._own_address(page.url)
            self.numbered, self.swapped = bool(self.api), True
            yield from self.page(page, 1)
            return
        api = self.options.api or api_of(page.text)
        if api is None:
            yield from self.nothing(page)
            if self.unsaid(page):
                yield from self.dead("没有找到页面取数的接口，请在 options 中写明 api")
            return
        self.api = urljoin(page.url, api)
        self._learn(page.text)
        yield self.turn(1)

    def _own_address(self, url: str) -> str:
        """A portal whose address is the interface itself: its own parameters say how its pages turn; empty if none does."""
        query = dict(parse_qsl(urlsplit(url).query))
        name = self.options.page or next((key for key in query if _PAGE_KEY.fullmatch(key)), "")
        size = self.options.size or next((key for key in query if _SIZE_KEY.fullmatch(key)), "")
        first, asked = query.get(name, ""), query.get(size, "")
        self.size = self.options.page_size or (int(asked) if asked.isdecimal() and int(asked) else 10)
        self.dialect = Dialect(name, size, "GET", int(first) if first.isdecimal() else 1)
        return url if name else ""

    def _learn(self, text: str) -> None:
        said, own = dialect_of(text), self.options
        limit = _LIMIT.search(text)
        page, size = own.page or said.page, own.size or said.size
        first = own.start if own.start is not None else said.first if page == said.page else 1
        if own.start is None and page.lower() in _OFFSETS:
            first = 0
        self.dialect = Dialect(page, size, own.method.upper() or said.method, first)
        self.size = own.page_size or (int(limit[1]) if limit else 100)

    def turn(self, number: int) -> scrapy.Request:
        dialect = self.dialect
        place = dialect.first + (number - 1) * (self.size if dialect.counts_rows else 1)
        parameters = {**(self.options.query or {}), dialect.page: place}
        if dialect.size:
            parameters[dialect.size] = self.size
        if dialect.method == "POST" and self.options.body == "json":
            text = json.dumps(parameters, ensure_ascii=False)
            return self.request(self.api, "page", form=text, sends="application/json", number=number)
        if dialect.method == "POST":
            return self.request(self.api, "page", form=urlencode(parameters), number=number)
        return self.request(with_query(self.api, **parameters), "page", number=number)

    def _other_method(self) -> scrapy.Request:
        self.swapped = True
        self.dialect = replace(self.dialect, method="GET" if self.dialect.method == "POST" else "POST")
        return self.turn(1)

    def otherwise(self, problem: classify.Problem, step: str, context: dict[str, Any]) -> scrapy.Request | None:
        refused = problem.outcome in ("unreachable", "column_missing", "script_list") and "HTTP 5" not in problem.reason
        if refused and step == "page" and context["number"] == 1 and not self.swapped:
            return self._other_method()
        return None

    def _rows(self, page: Page) -> list[dict[str, Any]] | None:
        return payloads.rows_of(page.answer, self.options.rows or None)

    def shown(self, page: Page) -> Shown:
        """The decisions of a page's rows; of rows that only name documents, the documents."""
        own, rows = self.options, self._rows(page) or []
        fields = (own.fields or {}).items()
        named = [{name: at(row, path) for name, path in fields} | row for row in rows] if fields else rows
        decisions = [] if own.link else payloads.records(named, self.reader)
        if decisions:
            return Shown([], decisions)
        return Shown(self._lines(rows))

    def _lines(self, rows: list[dict[str, Any]]) -> list[Line]:
        own = self.options
        return json_lines(rows, self.home, {"title": own.title, "date": own.date, "link": own.link})

    def take(self, page: Page, shown: Shown, number: int) -> Outputs:
        yield from super().take(page, shown, number)
        rows = self._rows(page) or []
        lost = len(rows) - len(shown)
        if shown.lines and lost:
            twice = sum(len(self._lines([row])) for row in rows) - len(shown)  # rows of one address
            self.look.items += twice
            lost -= twice
        self._not_understood(lost)

    def _not_understood(self, count: int) -> None:
        if count > 0:
            self.look.items += count
            self.look.unread["数据行的字段名无法识别"] += count

    def announced(self, page: Page, count: int) -> tuple[int | None, int | None]:
        rows = len(self._rows(page) or [])
        total = payloads.total_of(page.answer, self.options.total or None, rows)
        if total is None:
            return None, 1 if rows < self.size else None
        if rows < min(self.size, total):
            self.size = rows  # the server gives fewer a page than it was asked for
        return total, max(-(-total // max(rows, 1)), 1)

    def lacking(self, page: Page, number: int, *, chain: bool) -> Outputs:
        """What is not JSON is a page not read, never the end of the list."""
        rows = self._rows(page)
        if rows:
            self._not_understood(len(rows))
        elif rows is None and self.announced(page, 0)[0] != 0:
            if number == 1 and not self.swapped:
                yield self._other_method()
            elif number == 1 and self.instead is not None:
                yield from self.dead("脚本里的接口没有返回数据")
            else:
                told = "不是数据" if page.answer is None else "数据中没有列表"
                self.look.lost_pages.append(f"第 {number} 页返回的{told}")

    def repeats(self, shown: Shown, number: int) -> bool:
        """Also when most of a page's rows stood on others (some decisions are printed twice; pages are not)."""
        before = frozenset[str]().union(*(key for place, key in self.walk.shown.items() if place != number))
        most = len(shown.key) > _ALIKE and len(shown.key & before) * 10 >= len(shown.key) * 6
        return super().repeats(shown, number) or most


def api_of(text: str) -> str | None:
    """The interface that a shell's own script calls."""
    for pattern in (API, _FETCH):
        for match in pattern.finditer(text):
            if not _STATIC.search(match[1]) and ("/" in match[1] or "?" in match[1]):
                return match[1]
    return None
