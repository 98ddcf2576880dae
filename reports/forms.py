"""Sheets that people fill in: a note on top, a head, rows to read, yellow cells to fill, one of them with a list of choices."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from reports.write_xlsx import harmless

_CELL = {
    "font_name": "微软雅黑", "font_size": 10, "valign": "top", "text_wrap": True, "border": 1, "border_color": "#B8C2CC",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its head, its width in characters, and whether people fill it in."""

    title: str
    width: int
    filled: bool = False


@dataclass(frozen=True)
class Line:
    """One row: its cells (text or dates; the filled ones are left empty), and what the choosing cell offers."""

    cells: Sequence[Any]
    choices: Sequence[str]


def write_form(
    file: Path, name: str, note: str, columns: Sequence[Column], lines: Sequence[Line], *, choosing: str, made: datetime.date
) -> None:  # fmt: skip
    """Write the sheet. `choosing` is the column with the choices; `made` is the file's date, so that equal lines give equal bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        created = datetime.datetime.combine(made, datetime.time())
        book.set_properties({"title": name, "author": "明察 双公示监测评估系统", "created": created})
        head = book.add_format(_CELL | {"bold": True, "bg_color": "#DCE6F1", "valign": "vcenter"})
        plain = book.add_format(_CELL | {"num_format": "@"})
        day = book.add_format(_CELL | {"num_format": "yyyy-mm-dd"})
        yellow = book.add_format(_CELL | {"num_format": "@", "bg_color": "#FFF9DB"})
        sheet = book.add_worksheet(name)
        sheet.merge_range(0, 0, 0, len(columns) - 1, note, book.add_format(_CELL | {"border": 0, "valign": "vcenter"}))
        sheet.set_row(0, 46)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, column.width)
            sheet.write_string(1, at, column.title, head)
        sheet.freeze_panes(2, 1)
        place = [column.title for column in columns].index(choosing)
        for row, line in enumerate(lines, start=2):
            sheet.set_row(row, 48)
            for at, (column, value) in enumerate(zip(columns, line.cells, strict=True)):
                if isinstance(value, datetime.date):
                    sheet.write_datetime(row, at, datetime.datetime.combine(value, datetime.time()), day)
                else:
                    sheet.write_string(row, at, harmless(str(value)), yellow if column.filled else plain)
            told = f"可选：{'、'.join(line.choices)}"
            sheet.data_validation(
                row, place, row, place,
                {"validate": "list", "source": list(line.choices), "error_title": choosing, "error_message": told},
            )  # fmt: skip
        if lines:
            sheet.autofilter(1, 0, 1 + len(lines), len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
