"""Receipts: what became of each row of an import, on screen and as a workbook that goes back to the unit.

The workbook opens with a summary that says what to do; then come the rows to mend as they stood, the cells in question
coloured, and a list of every problem with its cell, rule and cure. However many problems there are, memory and the workbook
stay small: what is beyond the limits stands in a csv beside it, and the summary says so.
"""

from __future__ import annotations

import csv
import datetime
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import xlsxwriter

MAX_LINES = 5_000  # problems listed in the workbook; nobody mends more by hand, and a csv holds the rest
MAX_MARKED = 1_000  # rows shown with their cells marked
ON_SCREEN = 10  # reasons shown on screen; the workbook has all
_DETAIL = 1_000  # lines kept for the screen and for tests


class Line(NamedTuple):
    """One thing to know about one row."""

    sheet: str
    row: int
    outcome: str  # 新增 | 更新 | 重复 | 退回
    document_number: str = ""
    counterparty: str = ""
    cell: str = ""
    column: str = ""
    rule: str = ""
    severity: str = ""
    message: str = ""
    cure: str = ""


class Marked(NamedTuple):
    """One row to mend, as it stood (masked), with the labels of the cells in question."""

    sheet: str
    row: int
    outcome: str
    cells: dict[str, str]
    lines: list[Line]


@dataclass
class Rule:
    """How often one rule was broken in one column, and where first."""

    line: Line
    count: int = 0


@dataclass
class Receipt:
    """The account of one import: accepted + updated + duplicate + refused = rows."""

    batch: str
    source: str
    register: str
    rows: int = 0
    accepted: int = 0
    updated: int = 0
    duplicate: int = 0
    refused: int = 0
    rows_detail: list[Line] = field(default_factory=list)  # the first of them
    notes: list[str] = field(default_factory=list)
    path: Path | None = None
    problems: int = 0
    to_mend: int = 0  # rows with an error, or refused
    rules: dict[tuple[str, str, str], Rule] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    marked: list[Marked] = field(default_factory=list)
    labels: dict[str, list[str]] = field(default_factory=dict)  # sheet -> its labels in order
    _rest: IO[str] | None = None
    _writer: Any = None

    @property
    def rest(self) -> Path:
        """The csv of every problem, beside the workbook, when the workbook cannot hold them."""
        assert self.path is not None
        return self.path.with_name(f"{self.path.stem}-全部问题.csv")

    def tell(self, line: Line) -> None:
        """Takes one problem of one row."""
        self.problems += 1
        known = self.rules.setdefault((line.rule, line.column, line.outcome if line.rule == "" else ""), Rule(line))
        known.count += 1
        if len(self.rows_detail) < _DETAIL:
            self.rows_detail.append(line)
        if len(self.lines) < MAX_LINES:
            self.lines.append(line)
        elif self.path is not None:
            self._spill(line)

    def on_screen(self) -> list[str]:
        """The account in a few lines: why rows were refused and where, and how much there is to mend."""
        told = [line for line in self.lines if line.outcome == "退回"]
        shown = []
        for line in told[:ON_SCREEN]:
            place = f"{line.sheet} 第 {line.row} 行".strip() + (f"（{line.cell}）" if line.cell else "")
            message = line.message if line.message.endswith("？") else f"{line.message}。"
            shown.append(f"退回 {place}{line.column}：{message}{line.cure}（{line.rule}）")
        if len(told) > ON_SCREEN:
            shown.append(f"退回的原因还有 {len(told) - ON_SCREEN} 条，见回执")
        if self.to_mend > self.refused:
            shown.append(f"已收到的行中有 {self.to_mend - self.refused} 行需要修改，逐格的原因与办法见回执")
        return shown

    def wants_marked(self) -> bool:
        """True while there is room for a further row with its cells marked."""
        self.to_mend += 1
        return len(self.marked) < MAX_MARKED

    def _spill(self, line: Line) -> None:
        if self._writer is None:
            fresh = self.rest.with_name(f".{self.rest.name}")
            fresh.parent.mkdir(parents=True, exist_ok=True)
            self._rest = fresh.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._rest)
            self._writer.writerow([label for label, _ in _HEADER.values()])
            for kept in self.lines:
                self._writer.writerow(_texts(kept))
        self._writer.writerow(_texts(line))

    def close(self) -> None:
        """Lets go of what only the files need."""
        if self._rest is not None:
            self._rest.close()
            os.replace(self.rest.with_name(f".{self.rest.name}"), self.rest)
            self._rest = self._writer = None

    def discard(self) -> None:
        """The import did not happen: no file is left behind."""
        if self._rest is not None:
            self._rest.close()
            self.rest.with_name(f".{self.rest.name}").unlink(missing_ok=True)
            self._rest = self._writer = None


_HEADER = {
    "sheet": ("工作表", 18), "row": ("行", 7), "cell": ("单元格", 9), "outcome": ("结果", 7), "severity": ("程度", 7),
    "column": ("列名", 22), "message": ("问题", 44), "cure": ("处理办法", 44), "document_number": ("决定书文号", 28),
    "counterparty": ("行政相对人", 28), "rule": ("规则", 7),
}  # fmt: skip
_SEVERITY = {"E": "错误", "W": "存疑", "I": "提示", "": ""}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_TITLES = {"submissions": "报送数据导入回执"}


def harmless(text: str) -> str:
    """Text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def cell_name(row: int, column: int | None) -> str:
    """A cell as a spreadsheet calls it: row from 1, column from 0."""
    if column is None or row < 1:
        return ""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return f"{name}{row}"


def _texts(line: Line) -> list[str]:
    told = line._asdict()
    told["severity"] = _SEVERITY.get(line.severity, line.severity)
    return [harmless(str(told[name])) for name in _HEADER]


def write_receipt(receipt: Receipt, created: datetime.datetime, *, title: str | None = None) -> None:
    """Writes the workbook at `receipt.path`: the summary, the rows to mend with their cells marked, the list of problems."""
    assert receipt.path is not None
    receipt.path.parent.mkdir(parents=True, exist_ok=True)
    receipt.close()
    fresh = receipt.path.with_name(f".{receipt.path.name}-{os.getpid()}")
    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True
    }  # fmt: skip
    with xlsxwriter.Workbook(str(fresh), options) as workbook:
        workbook.set_properties({"title": "导入回执", "created": created.replace(tzinfo=None)})
        styles = _Styles(workbook)
        _summary(workbook, receipt, created, styles, title or _TITLES.get(receipt.register, "台账导入回执"))
        _mend(workbook, receipt, styles)
        _list(workbook, receipt, styles)
    os.replace(fresh, receipt.path)


class _Styles:
    """The looks of a receipt."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        plain = {"font_name": "宋体", "font_size": 10, "valign": "top", "text_wrap": True}
        boxed = {**plain, "border": 1, "border_color": "#BFBFBF"}
        self.title = workbook.add_format({"bold": True, "font_size": 16, "font_name": "宋体"})
        self.lead = workbook.add_format({"font_name": "宋体", "bold": True, "font_size": 12})
        self.plain = workbook.add_format(plain)
        self.head = workbook.add_format({**boxed, "bold": True, "bg_color": "#DCE6F1", "valign": "vcenter"})
        self.cell = workbook.add_format({**boxed, "num_format": "@"})
        self.number = workbook.add_format({**boxed, "num_format": "#,##0", "align": "left"})
        self.error = workbook.add_format(
            {**boxed, "num_format": "@", "bg_color": "#FFC7CE", "font_color": "#9C0006", "bold": True}
        )
        self.doubt = workbook.add_format({**boxed, "num_format": "@", "bg_color": "#FFEB9C", "font_color": "#7F6000"})
        self.what = workbook.add_format({**boxed, "num_format": "@", "font_color": "#9C0006"})

    def of(self, severity: str) -> xlsxwriter.format.Format:
        return {"E": self.error, "W": self.doubt}.get(severity, self.cell)


def _summary(
    workbook: xlsxwriter.Workbook, receipt: Receipt, created: datetime.datetime, styles: _Styles, title: str
) -> None:
    sheet = workbook.add_worksheet("汇总")
    for column, width in enumerate((16, 9, 24, 44, 10, 48, 22)):
        sheet.set_column(column, column, width)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, title, styles.title)
    counts: list[tuple[str, str | int]] = [
        ("来源", Path(receipt.source).name or receipt.source), ("接收时间", f"{created:%Y-%m-%d %H:%M}"), ("批次", receipt.batch),
        ("读入行数", receipt.rows), ("新增", receipt.accepted), ("更新", receipt.updated), ("重复", receipt.duplicate),
        ("退回", receipt.refused),
    ]  # fmt: skip
    row = 2
    for label, value in counts:
        sheet.write_string(row, 0, label, styles.head)
        # One text over the wide cell beside it; the columns further right belong to the table below.
        if isinstance(value, int):
            sheet.write_number(row, 1, value, styles.number)
        else:
            sheet.merge_range(row, 1, row, 3, harmless(value), styles.cell)
        row += 1
    row += 1
    sheet.write_string(row, 0, _lead(receipt), styles.lead)
    row += 1
    for step in _steps(receipt):
        sheet.write_string(row, 0, step)
        row += 1
    for note in receipt.notes:
        sheet.write_string(row, 0, harmless(f"说明：{note}"))
        row += 1
    if not receipt.rules:
        return
    row += 1
    for column, label in enumerate(("规则", "程度", "列名", "问题（举例）", "次数", "处理办法", "首次出现")):
        sheet.write_string(row, column, label, styles.head)
    for rule in sorted(
        receipt.rules.values(), key=lambda r: ("EWI".find(r.line.severity), -r.count, r.line.rule, r.line.column)
    ):
        row += 1
        line = rule.line
        sheet.set_row(row, _height((line.column, 24), (line.message[:500], 44), (line.cure[:500], 48)))
        sheet.write_string(row, 0, line.rule, styles.cell)
        sheet.write_string(row, 1, _SEVERITY.get(line.severity, ""), styles.of(line.severity))
        sheet.write_string(row, 2, harmless(line.column), styles.cell)
        sheet.write_string(row, 3, harmless(line.message)[:500], styles.cell)
        sheet.write_number(row, 4, rule.count, styles.number)
        sheet.write_string(row, 5, harmless(line.cure)[:500], styles.cell)
        sheet.write_string(row, 6, harmless(f"{line.sheet} {line.cell or f'第 {line.row} 行'}"), styles.cell)


def _lead(receipt: Receipt) -> str:
    if receipt.problems == 0:
        return "全部通过，没有需要修改的内容。"
    mend = f"有 {receipt.to_mend:,} 行需要修改" if receipt.to_mend else "没有必须修改的行"
    return f"{mend}（其中退回 {receipt.refused:,} 行），共 {receipt.problems:,} 个问题。"


def _steps(receipt: Receipt) -> list[str]:
    if receipt.problems == 0:
        return []
    steps = [
        "一、看“需修改的行”：照原表列出，红色单元格是错误，必须改；黄色是存疑，请核对，属实的不必改。",
        "二、按“单元格”列所写的位置（如 F12）在原文件中更正，不要在本回执中改。",
        "三、改好后重新报送整个文件或只报送改过的行；已收到的行不会重复计算，首次报送的时间保留。",
    ]
    if receipt.problems > len(receipt.lines):
        rest = receipt.problems - len(receipt.lines)
        steps.append(
            f"问题清单只列出前 {len(receipt.lines):,} 个，另有 {rest:,} 个；全部问题见同一目录的 {receipt.rest.name}。"
        )
    if receipt.to_mend > len(receipt.marked):
        steps.append(
            f"“需修改的行”只列出前 {len(receipt.marked):,} 行，共 {receipt.to_mend:,} 行。同类问题请按规则整批更正。"
        )
    return steps


def _mend(workbook: xlsxwriter.Workbook, receipt: Receipt, styles: _Styles) -> None:
    """One sheet for each sheet of the source: its rows to mend, as they stood."""
    by_sheet: dict[str, list[Marked]] = {}
    for marked in receipt.marked:
        by_sheet.setdefault(marked.sheet, []).append(marked)
    for rows in by_sheet.values():
        rows.sort(key=lambda marked: (marked.outcome != "退回", marked.row))  # what did not get in comes first
    for number, (name, rows) in enumerate(list(by_sheet.items())[:50], start=1):
        sheet = workbook.add_worksheet("需修改的行" if len(by_sheet) == 1 else f"需修改的行{number}")
        known = receipt.labels.get(name, [])
        held = {label for marked in rows for label in marked.cells} | {
            line.column for m in rows for line in m.lines if line.column
        }
        labels = [label for label in known if label in held] + sorted(held - set(known))
        heads = ["行", "结果", "要做什么", *labels]
        for column, width in enumerate([7, 7, 60, *[20] * len(labels)]):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, harmless(f"原表：{name}"), styles.lead)
        sheet.set_row(1, 30)
        for column, label in enumerate(heads):
            sheet.write_string(1, column, harmless(label), styles.head)
        sheet.freeze_panes(2, 3)
        sheet.set_landscape()
        sheet.set_paper(8)  # A3
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
        for at, marked in enumerate(rows, start=2):
            _mend_row(sheet, at, marked, labels, set(known), styles)


def _mend_row(
    sheet: xlsxwriter.worksheet.Worksheet,
    at: int,
    marked: Marked,
    labels: Sequence[str],
    known: set[str],
    styles: _Styles,
) -> None:
    worst: dict[str, str] = {}
    for line in marked.lines:
        if worst.get(line.column) != "E":
            worst[line.column] = line.severity
    todo = "\n".join(
        f"{number}. {line.column or '整行'}{f'（{line.cell}）' if line.cell else ''}：{line.message}。{line.cure}"
        for number, line in enumerate(marked.lines, start=1)
    )
    sheet.set_row(at, min(15 * (1 + sum(1 + _width(part) // 58 for part in todo.splitlines())), 240))
    sheet.write_number(at, 0, marked.row, styles.number)
    sheet.write_string(at, 1, marked.outcome, styles.error if marked.outcome == "退回" else styles.cell)
    sheet.write_string(at, 2, harmless(todo)[:32000], styles.what)
    for column, label in enumerate(labels, start=3):
        text = harmless(marked.cells.get(label, ""))[:2000]
        severity = worst.get(label, "")
        blank = "（未填）" if label in known else "（原表无此列）"
        sheet.write_string(at, column, text or (blank if severity else ""), styles.of(severity))


def _height(*cells: tuple[str, int]) -> int:
    """The height of a row whose texts are wrapped in columns so wide; not every program finds it by itself."""
    return 15 * min(max(1 + (_width(text) - 1) // wide for text, wide in cells), 10)


def _width(text: str) -> int:
    return sum(2 if ord(c) > 255 else 1 for c in text)


def _list(workbook: xlsxwriter.Workbook, receipt: Receipt, styles: _Styles) -> None:
    sheet = workbook.add_worksheet("问题清单")
    for column, (label, width) in enumerate(_HEADER.values()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, label, styles.head)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.autofilter(0, 0, max(len(receipt.lines), 1), len(_HEADER) - 1)
    names = list(_HEADER)
    at_row, at_severity = names.index("row"), names.index("severity")
    for at, line in enumerate(receipt.lines, start=1):
        sheet.set_row(at, _height((line.column, 22), (line.message, 44), (line.cure, 44), (line.counterparty, 28)))
        for column, text in enumerate(_texts(line)):
            if column == at_row:
                sheet.write_number(at, column, line.row, styles.number)
            else:
                sheet.write_string(
                    at, column, text[:32000], styles.of(line.severity) if column == at_severity else styles.cell
                )


def masked_cells(stored: str | bytes) -> dict[str, str]:
    """A row as it was stored (label -> masked text)."""
    cells: dict[str, str] = json.loads(stored)
    return cells
