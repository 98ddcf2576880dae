"""Receipts: what became of each row of an import, on screen and as a workbook that goes back to the unit."""

from __future__ import annotations

import dataclasses
import datetime
import os
from dataclasses import dataclass, field
from pathlib import Path

import xlsxwriter

MAX_LINES = 200_000  # a sheet holds a million; a receipt with more faults than this is read by nobody


@dataclass(frozen=True)
class Line:
    """One thing to know about one row."""

    sheet: str
    row: int
    outcome: str  # 新增 | 更新 | 重复 | 退回
    document_number: str = ""
    counterparty: str = ""
    column: str = ""
    rule: str = ""
    severity: str = ""
    message: str = ""
    cure: str = ""


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
    rows_detail: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    path: Path | None = None


_HEADER = {
    "sheet": ("工作表", 22), "row": ("行", 8), "outcome": ("结果", 8), "document_number": ("决定书文号", 28),
    "counterparty": ("行政相对人", 28), "column": ("列", 22), "rule": ("规则", 8), "severity": ("程度", 8),
    "message": ("问题", 60), "cure": ("处理办法", 50),
}  # fmt: skip
_SEVERITY = {"E": "错误", "W": "存疑", "I": "提示", "": ""}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def write_receipt(receipt: Receipt, created: datetime.datetime) -> None:
    """Writes the workbook at `receipt.path`: a summary, the refused rows, and everything noted about the others."""
    assert receipt.path is not None
    receipt.path.parent.mkdir(parents=True, exist_ok=True)
    fresh = receipt.path.with_name(f".{receipt.path.name}-{os.getpid()}")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(fresh), options) as workbook:
        workbook.set_properties({"title": "报送数据导入回执", "created": created.replace(tzinfo=None)})
        head = workbook.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True})
        wrap = workbook.add_format({"text_wrap": True, "valign": "top", "border": 1})
        _summary(workbook, receipt, created, head, wrap)
        refused = [line for line in receipt.rows_detail if line.outcome == "退回"]
        others = [line for line in receipt.rows_detail if line.outcome != "退回"]
        _lines(workbook, "退回行", refused, head, wrap)
        _lines(workbook, "其他提示", others[:MAX_LINES], head, wrap)
    os.replace(fresh, receipt.path)


def _summary(
    workbook: xlsxwriter.Workbook, receipt: Receipt, created: datetime.datetime,
    head: xlsxwriter.format.Format, wrap: xlsxwriter.format.Format,
) -> None:  # fmt: skip
    sheet = workbook.add_worksheet("汇总")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 70)
    lines: list[tuple[str, str | int]] = [
        ("来源", receipt.source), ("批次", receipt.batch), ("接收时间", f"{created:%Y-%m-%d %H:%M}"),
        ("读入行数", receipt.rows), ("新增", receipt.accepted), ("更新", receipt.updated), ("重复", receipt.duplicate),
        ("退回", receipt.refused), *[("说明", note) for note in receipt.notes],
    ]  # fmt: skip
    for row, (label, value) in enumerate(lines):
        sheet.write_string(row, 0, label, head)
        if isinstance(value, int):
            sheet.write_number(row, 1, value, wrap)
        else:
            sheet.write_string(row, 1, harmless(value), wrap)


def _lines(
    workbook: xlsxwriter.Workbook, title: str, lines: list[Line],
    head: xlsxwriter.format.Format, wrap: xlsxwriter.format.Format,
) -> None:  # fmt: skip
    sheet = workbook.add_worksheet(title)
    for column, (label, width) in enumerate(_HEADER.values()):
        sheet.write_string(0, column, label, head)
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(lines), 1), len(_HEADER) - 1)
    for row, line in enumerate(lines, start=1):
        told = dataclasses.asdict(line)
        told["severity"] = _SEVERITY.get(line.severity, line.severity)
        for column, name in enumerate(_HEADER):
            if name == "row":
                sheet.write_number(row, column, line.row, wrap)
            else:
                sheet.write_string(row, column, harmless(str(told[name]))[:32767], wrap)
