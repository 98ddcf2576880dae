"""Which family a column's page is: marks with reasons; two independent marks of one family are needed.

Marks that stand on every government site (the error-report badge, SiteIDCode, jQuery) are not marks.
"""

from __future__ import annotations

from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from crawler.extract import payloads, tables
from crawler.extract.tables import Reader
from crawler.listing import ANY, is_book_link, lines, static_pages
from crawler.spiders.hanweb_jpage import ARTICLE, DATASTORE
from crawler.spiders.json_grid import GRID, api_of
from crawler.spiders.trs_static import DETAIL


@dataclass(frozen=True)
class Recognised:
    """A family with the marks that speak for it (Chinese, for the log and for people)."""

    family: str
    marks: tuple[str, ...]


def marks_of(text: str, tree: LexborHTMLParser, url: str) -> dict[str, list[str]]:
    """The marks of every family on a page."""
    found: dict[str, list[str]] = {}

    def mark(family: str, seen: object, reason: str) -> None:
        if seen:
            found.setdefault(family, []).append(reason)

    if text.lstrip()[:1] in ("{", "["):
        try:
            rows = payloads.rows_of(payloads.parse(text))
        except ValueError:
            rows = None
        mark("json_grid", rows is not None, "返回的就是 JSON")
        mark("json_grid", rows and payloads.records(rows, Reader("auto", {})), "JSON 的字段名是双公示代码")
        return found
    links = lines(tree, url)
    details = lines(tree, url, DETAIL)
    mark("trs_static", details, "详情页名形如 t20260903_1001.html")
    mark("trs_static", static_pages(text), "分页脚本 createPageHTML")
    mark("trs_static", "TRS_" in text or "拓尔思" in text, "页面含 TRS 标记")
    mark("hanweb_jpage", DATASTORE.search(text), "脚本内含 <datastore> 记录")
    mark("hanweb_jpage", ".jpage(" in text or "jquery.jpage" in text or "dataproxy.jsp" in text, "分页脚本 jpage")
    mark("hanweb_jpage", "/col/col" in url, "栏目网址形如 /col/colN/")
    mark("hanweb_jpage", ARTICLE.search(text), "详情页名形如 /art/2026/9/3/art_N_M.html")
    records = [seen for seen in tables.records(tree, Reader("auto", {})) if seen.form == "wide_table"]
    headed = len(records) >= 1 or tables.headers(tree, Reader("auto", {})) >= 1
    mark("wide_table", headed, "页面上有表头可认的宽表")
    mark("wide_table", len(records) >= 2 or (records and len(records[0].fields) >= 5), "表中有多条记录")
    mark("wide_table", headed and not records and not links and api_of(text) is None, "表头下没有记录，也没有取数脚本")
    books = [line for line in lines(tree, url, ANY) if is_book_link(line.url)]
    mark("attachment_list", books, "列表链接的是电子表格")
    mark("attachment_list", books and len(books) * 2 >= len(links), "多数带日期的链接是电子表格")
    mark("json_grid", GRID.search(text), "表格控件由脚本取数")
    mark(
        "json_grid",
        GRID.search(text) and api_of(text) and not records and not links,
        "脚本写明取数接口，页面本身没有记录",
    )
    return found


def recognise(text: str, tree: LexborHTMLParser, url: str, before: str | None = None) -> Recognised | None:
    """The family with most marks, two at least; what was recognised in an earlier look counts as one mark."""
    found = marks_of(text, tree, url)
    if before in found:
        found[before].append("以前的采集认定为此站型")
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    if not ranked or len(ranked[0][1]) < 2:
        return None
    return Recognised(ranked[0][0], tuple(ranked[0][1]))
