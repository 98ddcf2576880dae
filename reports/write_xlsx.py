"""The tables of a rendered report, read back into an Excel file: same source, same numbers.

A table asks for its sheet by attributes:

    table  data-sheet   name of the sheet        data-note    line under the title (also taken from <caption>)
           data-portrait  print upright           data-nofilter  no filter arrows
           data-print   how many columns are printed (the rest is for the screen)
    th     data-width   column width in characters (last header row)
    td     data-type    text (default) | n (number, data-places) | pct (share) | date | code
           data-value   the value itself when the cell shows it otherwise
    tr     data-total   a sum line, set bold

Codes and document numbers are always text. Every text is written as text and never as a formula; one that begins like a
formula keeps Excel's own text mark (quote prefix) when somebody edits it, and gets a visible apostrophe besides when it
would compute something after a copy into CSV. A lone dash or a number is left as it stands.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter
from selectolax.lexbor import LexborHTMLParser, LexborNode

from reports.whole import whole

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_PLAIN = re.compile(r"[+-][\d .,]*|-+")  # a number or a dash: begins like a formula and is none
_MOST_CELL = 32_767  # Excel's limit
_FONT = {"font_name": "微软雅黑", "font_size": 10, "valign": "vcenter"}
_LINE = {"border": 1, "border_color": "#B8C2CC"}
_WIDTH_BY_TYPE = {"date": 12, "code": 24, "n": 9, "pct": 10, "text": 14}


@dataclass(frozen=True)
class Cell:
    """One cell as the page shows it."""

    row: int
    column: int
    rows: int
    columns: int
    head: bool
    total: bool
    kind: str
    places: int
    text: str
    value: str | None
    url: str
    width: float | None


@dataclass(frozen=True)
class Sheet:
    """One table as a grid."""

    name: str
    title: str
    note: str
    portrait: bool
    filtered: bool
    printed: int | None
    heads: int
    columns: int
    cells: list[Cell]


def write_xlsx(html: str, file: Path, *, title: str, made: datetime.datetime) -> Path:
    """Write every `<table data-sheet>` of the page. `made` is the file's date, so equal pages give equal bytes."""
    sheets = read_sheets(html)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with whole(file) as part, xlsxwriter.Workbook(str(part), options) as book:
        book.set_properties({"title": title, "author": "明察 双公示监测评估系统", "created": made.replace(tzinfo=None)})
        book.set_size(2400, 1500)
        formats = _Formats(book)
        for sheet in sheets:
            _write(book.add_worksheet(sheet.name), sheet, formats)
    return file


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("-12.5"), harmless("——")
    ("'=1+1", '-12.5', '——')
    """
    text = text[:_MOST_CELL]
    return f"'{text[: _MOST_CELL - 1]}" if text.startswith(_DANGEROUS) and not _PLAIN.fullmatch(text) else text


def quoted(text: str) -> bool:
    """True when the cell needs Excel's text mark, so that editing it does not make it a formula."""
    return text.startswith(_DANGEROUS)


def read_sheets(html: str) -> list[Sheet]:
    """The tables of a page that ask to be sheets, with their spans resolved."""
    return [_sheet(table) for table in LexborHTMLParser(html).css("table[data-sheet]")]


def _sheet(table: LexborNode) -> Sheet:
    taken: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    heads = 0
    rows = [row for row in table.css("tr") if "data-screen" not in row.attributes]
    for number, row in enumerate(rows):
        head = row.parent is not None and row.parent.tag == "thead"
        heads += head
        column = 0
        for node in row.iter():
            if node.tag not in ("td", "th"):
                continue
            while (number, column) in taken:
                column += 1
            cell = _cell(node, number, column, head, "data-total" in row.attributes)
            taken |= {(number + i, column + j) for i in range(cell.rows) for j in range(cell.columns)}
            cells.append(cell)
            column += cell.columns
    caption = table.css_first("caption")
    marks = table.attributes
    return Sheet(
        name=str(marks["data-sheet"])[:31],
        title=_text(caption) if caption else str(marks["data-sheet"]),
        note=str(marks.get("data-note") or ""),
        portrait="data-portrait" in marks,
        filtered="data-nofilter" not in marks,
        printed=int(marks["data-print"] or 0) if "data-print" in marks else None,
        heads=heads,
        columns=1 + max((column for _, column in taken), default=0),
        cells=cells,
    )


def _cell(node: LexborNode, row: int, column: int, head: bool, total: bool) -> Cell:
    marks = node.attributes
    link = node.css_first("a[href]")
    return Cell(
        row=row,
        column=column,
        rows=int(marks.get("rowspan") or 1),
        columns=int(marks.get("colspan") or 1),
        head=head or node.tag == "th",
        total=total,
        kind=marks.get("data-type") or "text",
        places=int(marks.get("data-places") or 0),
        text=_text(node),
        value=marks.get("data-value"),
        url=(link.attributes.get("href") or "") if link else "",
        width=float(marks["data-width"] or 0) if "data-width" in marks else None,
    )


def _text(node: LexborNode) -> str:
    """What a reader sees, without what is for the screen only; <br> is a line break."""
    parts: list[str] = []

    def walk(part: LexborNode) -> None:
        for child in part.iter(include_text=True):
            if child.tag == "-text":
                parts.append(" ".join((child.text_content or "").split()) if (child.text_content or "").strip() else "")
            elif child.tag == "br":
                parts.append("\n")
            elif "data-screen" not in child.attributes and child.tag not in ("svg", "style"):
                if child.tag in ("div", "p", "li") and parts and not parts[-1].endswith("\n"):
                    parts.append("\n")
                walk(child)

    walk(node)
    return "".join(parts).strip()


class _Formats:
    """The few cell formats, made once each."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def of(self, **style: Any) -> Any:
        key = tuple(sorted(style.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(_FONT | style)
        return self.made[key]

    def cell(self, cell: Cell) -> Any:
        if quoted(cell.value or cell.text) and cell.kind in ("text", "code") and not cell.head:
            return self.of(**_LINE, text_wrap=True, align="left", quote_prefix=True)
        if cell.head:
            return self.of(**_LINE, bold=True, align="center", text_wrap=True, bg_color="#E8EEF5", font_color="#1B2B3C")
        style: dict[str, Any] = dict(_LINE)
        if cell.kind == "n":
            style |= {"num_format": "#,##0" + ("." + "0" * cell.places if cell.places else ""), "align": "right"}
        elif cell.kind == "pct":
            style |= {"num_format": "0.0%", "align": "right"}
        elif cell.kind == "date":
            style |= {"num_format": "yyyy-mm-dd", "align": "center"}
        elif cell.kind == "code":
            style |= {"num_format": "@", "align": "left"}
        else:
            style |= {"text_wrap": True, "align": "left"}
        if cell.total:
            style |= {"bold": True, "bg_color": "#F4F6F9"}
        return self.of(**style)


def _write(page: Any, sheet: Sheet, formats: _Formats) -> None:
    last = max(sheet.columns - 1, 0)
    lead = 2 if sheet.note else 1
    _across(page, 0, last, sheet.title, formats.of(bold=True, font_size=14, align="center"))
    page.set_row(0, 30)
    if sheet.note:
        _across(page, 1, last, sheet.note, formats.of(font_color="#55606C", text_wrap=True, align="left", font_size=9))
        page.set_row(1, 15 * max(1, -(-_width(sheet.note) // max(60, _total_width(sheet)))))
    widths = _widths(sheet)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    heights: dict[int, int] = {}
    for cell in sheet.cells:
        _put(page, cell, lead, formats)
        if cell.rows == 1:
            room = sum(widths[cell.column : cell.column + cell.columns]) - 1
            lines = sum(max(1, -(-_width(line) // max(1, int(room)))) for line in cell.text.split("\n"))
            if cell.kind in ("text",) or cell.head:
                heights[cell.row] = max(heights.get(cell.row, 1), lines)
    for row, lines in heights.items():
        page.set_row(row + lead, min(380, 15 * lines + 4))
    first = lead + sheet.heads
    rows = 1 + max((cell.row for cell in sheet.cells), default=0)
    page.freeze_panes(first, _frozen_columns(sheet))
    if sheet.filtered and sheet.heads and rows > sheet.heads:
        page.autofilter(first - 1, 0, lead + rows - 1, last)
    page.set_paper(9)
    page.set_portrait() if sheet.portrait else page.set_landscape()
    page.fit_to_pages(1, 0)
    if sheet.printed:
        page.print_area(0, 0, lead + rows - 1, sheet.printed - 1)
    page.repeat_rows(lead, max(lead, first - 1))
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.set_footer(f"&L&8{sheet.title.replace('&', '&&')}&R&8第 &P 页 共 &N 页")
    page.hide_gridlines(2)


def _put(page: Any, cell: Cell, lead: int, formats: _Formats) -> None:
    row, style = cell.row + lead, formats.cell(cell)
    if cell.rows > 1 or cell.columns > 1:
        page.merge_range(row, cell.column, row + cell.rows - 1, cell.column + cell.columns - 1, "", style)
    value = cell.text if cell.value is None else cell.value
    if cell.head or cell.kind in ("text", "code"):
        text = harmless(value)
        if cell.url.startswith(("http://", "https://")) and len(cell.url) <= 2_000 and not cell.head:
            page.write_url(
                row, cell.column, cell.url, formats.of(**_LINE, font_color="#1F5C99", text_wrap=True), text[:255]
            )
        elif text:
            page.write_string(row, cell.column, text, style)
        else:
            page.write_blank(row, cell.column, None, style)
        return
    if value in ("", "—"):
        page.write_blank(row, cell.column, None, style)  # unknown is empty, never a dash that breaks a sum
    elif cell.kind == "date":
        page.write_datetime(row, cell.column, datetime.datetime.fromisoformat(value), style)
    else:
        page.write_number(row, cell.column, float(value.replace(",", "")), style)


def _across(page: Any, row: int, last: int, text: str, style: Any) -> None:
    if last > 0:
        page.merge_range(row, 0, row, last, harmless(text), style)
    else:
        page.write_string(row, 0, harmless(text), style)


def _widths(sheet: Sheet) -> list[float]:
    """A column's wish, else what its texts need between 6 and 40 characters."""
    wished: dict[int, float] = {}
    needed: dict[int, float] = {}
    for cell in sheet.cells:
        if cell.columns > 1:
            continue
        if cell.width:
            wished[cell.column] = cell.width
        least = 6 if cell.head else _WIDTH_BY_TYPE.get(cell.kind, 6) if cell.kind in ("date", "code") else 6
        longest = max((_width(line) for line in cell.text.split("\n")), default=0) + 2
        if cell.head:
            longest = min(longest, 12)
        needed[cell.column] = max(needed.get(cell.column, least), min(40, longest), least)
    return [wished.get(column, needed.get(column, 10.0)) for column in range(sheet.columns)]


def _total_width(sheet: Sheet) -> int:
    return int(sum(_widths(sheet)))


def _frozen_columns(sheet: Sheet) -> int:
    """The first two columns stay in sight when the table is wide."""
    return 2 if sheet.columns > 8 else 0


def _width(text: str) -> int:
    """Width in half-width characters: a Chinese one takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
