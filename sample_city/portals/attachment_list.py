"""A list of monthly spreadsheets; the running month's file grows and gets a new name and date each time."""

from __future__ import annotations

import datetime
import html
import io
import re

import xlsxwriter

from sample_city import dress
from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals.shell import NOT_FOUND, Answer, page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILE = re.compile(r"xxgk/sgs/(\d{6})/P0(\d{8})_(licence|penalty)_(\d+)\.xlsx")
_WORD = {"licence": "行政许可", "penalty": "行政处罚"}
Entries = list[tuple[Decision, Showing]]


def entry_path(portal: Portal) -> str:
    return "xxgk/sgs/index.html"


def answer(city: City, portal: Portal, path: str, query: dict[str, str], shown: Entries) -> Answer:
    files = _files(portal, shown)
    if path == entry_path(portal):
        return _list(city, portal, files)
    if _FILE.fullmatch(path):
        for name, kind, month, _, entries in files:
            if path == f"xxgk/sgs/{name}":
                return Answer(content_type=XLSX, body=workbook(portal, kind, month, entries))
    return NOT_FOUND


def _files(portal: Portal, shown: Entries) -> list[tuple[str, str, int, datetime.date, Entries]]:
    """(name, kind, month, day of the last growth, rows) of every file, newest first."""
    files = []
    for kind in ("licence", "penalty"):
        for month in (7, 8, 9, 10):
            entries = [e for e in shown if e[0].kind == kind and e[1].at.month == month]
            if not entries:
                continue
            grown = max(e[1].at.date() for e in entries)
            name = f"{grown:%Y%m}/P0{grown:%Y%m%d}_{kind}_{month}.xlsx"
            files.append((name, kind, month, grown, sorted(entries, key=lambda e: (e[1].at, e[0].serial))))
    return sorted(files, key=lambda f: (f[3], f[0]), reverse=True)


def _list(city: City, portal: Portal, files: list[tuple[str, str, int, datetime.date, Entries]]) -> Answer:
    items = "\n".join(
        f'<li><a href="./{name}" title="{_title(kind, month, grown)}">{html.escape(_title(kind, month, grown))}</a>'
        f"<span>{grown.isoformat()}</span></li>"
        for name, kind, month, grown, _ in files
    )
    return page(
        portal, city.units[portal.unit].name, portal.title, f'<h2>{portal.title}</h2><ul class="files">{items}</ul>'
    )


def _title(kind: str, month: int, grown: datetime.date) -> str:
    return f"2026年{month}月{_WORD[kind]}信息公示表（截至{grown.month}月{grown.day}日）"


def workbook(portal: Portal, kind: str, month: int, entries: Entries) -> bytes:
    """The spreadsheet of a month: title row, header, rules row, rows with real Excel dates."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": datetime.datetime(2026, 7, 1)})  # noqa: DTZ001 - a file property; fixed bytes
        sheet = book.add_worksheet(_WORD[kind])
        as_date = book.add_format({"num_format": "yyyy/m/d"})
        labels = dress.header(portal, kind)
        sheet.merge_range(0, 0, 0, len(labels) - 1, f"2026年{month}月{_WORD[kind]}信息公示表")
        for i, label in enumerate(labels):
            sheet.write_string(1, i, label)
            sheet.write_string(2, i, "必填" if i < 4 else "选填")
        fields = list(dress.labels(portal, kind))
        line = 3
        for decision, showing in (e for e in entries for _ in range(2 if e[1].twice else 1)):
            values, cells = dress.values(decision, showing), dress.row(decision, showing, line - 2)
            for i, text in enumerate(cells):
                value = (
                    values.get(fields[i - 1]) if 1 <= i <= len(fields) else showing.stated if i > len(fields) else None
                )
                if isinstance(value, datetime.date):
                    sheet.write_datetime(line, i, datetime.datetime.combine(value, datetime.time()), as_date)
                elif isinstance(value, float):
                    sheet.write_number(line, i, float(text))
                elif text:
                    sheet.write_string(line, i, text)
            line += 1
    return stream.getvalue()
