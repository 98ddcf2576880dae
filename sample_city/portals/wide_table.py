"""One or several wide tables on a page, with a title row, a rules row, empty rows and columns; pages by ?page=N."""

from __future__ import annotations

import html

from sample_city import dress
from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals.shell import NOT_FOUND, Answer, page, pages_of

_RULES = {
    "行政相对人名称": "必填",
    "统一社会信用代码": "18位",
    "处罚决定日期": "格式：YYYY/MM/DD",
    "许可决定日期": "格式：YYYY/MM/DD",
}


def entry_path(portal: Portal) -> str:
    return "xxgk/sgs/list.html"


def answer(
    city: City, portal: Portal, path: str, query: dict[str, str], shown: list[tuple[Decision, Showing]]
) -> Answer:
    if path != entry_path(portal):
        return NOT_FOUND
    number = query.get("page", "1")
    if not number.isdigit():
        return NOT_FOUND
    rows = [e for e in shown for _ in range(2 if e[1].twice else 1)]
    per_page = portal.per_page or max(1, len(rows))
    pages, current = pages_of(len(rows), per_page), int(number)
    if not 1 <= current <= pages:
        return NOT_FOUND
    part = rows[(current - 1) * per_page : current * per_page]
    body = "".join(_table(portal, kind, title, entries) for kind, title, entries in _groups(portal, part))
    if pages > 1:
        body += _pager(portal, current, pages)
    return page(portal, city.units[portal.unit].name, portal.title, f"<h2>{portal.title}</h2>{body}")


def _groups(
    portal: Portal, entries: list[tuple[Decision, Showing]]
) -> list[tuple[str, str, list[tuple[Decision, Showing]]]]:
    """A table a kind, or a table a month; a page of one table only has no more than that."""
    if portal.kind == "both":
        return [
            (
                kind,
                {"licence": "行政许可公示表", "penalty": "行政处罚公示表"}[kind],
                [e for e in entries if e[0].kind == kind],
            )
            for kind in ("licence", "penalty")
        ]
    if portal.tables == 1:
        return [(portal.kind, portal.title, entries)]
    months = sorted({e[1].at.month for e in entries}, reverse=True)
    return [
        (portal.kind, f"2026年{month}月{portal.title}表", [e for e in entries if e[1].at.month == month])
        for month in months
    ]


def _table(portal: Portal, kind: str, title: str, entries: list[tuple[Decision, Showing]]) -> str:
    labels = dress.header(portal, kind)
    top = f'<tr><td colspan="{len(labels)}" align="center"><strong>{title}</strong></td></tr>'
    head = "<tr>" + "".join(f"<td><p><span>{html.escape(label)}</span></p></td>" for label in labels) + "</tr>"
    rules = ""
    if portal.labels == "2018" and portal.tables > 1:
        rules = "<tr>" + "".join(f"<td>{_RULES.get(label, '')}</td>" for label in labels) + "</tr>"
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in dress.row(decision, showing, i + 1)) + "</tr>\n"
        for i, (decision, showing) in enumerate(entries)
    )
    table = f'<table border="1" class="MsoNormalTable">{top}{head}{rules}{rows}<tr></tr></table>\n'
    if portal.labels == "local":  # pasted into a layout table of one cell, as old templates do
        return f'<table width="100%"><tr><td>{table}</td></tr></table>\n'
    return table


def _pager(portal: Portal, current: int, pages: int) -> str:
    base = f"/{portal.id}/{entry_path(portal)}"
    following = f'<a href="{base}?page={current + 1}">下一页</a>' if current < pages else "<span>下一页</span>"
    return f'<div class="pager">共{pages}页 第{current}页 <a href="{base}?page=1">首页</a> {following}</div>'
