"""Finding the table in a grid: which row is the header, what its columns mean, which rows are data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from intake.grids import Grid
from standard import editions
from standard.aliases import Column, kind_of, match, normalise
from standard.values import clean_text

HEADER_ROWS = 10
_SAMPLES = 20
_RULE = re.compile(
    r"^\s*(?:文本|字符|日期|数字|数值|年限|枚举|必填|选填|非必填|填写|格式|长度|如文本格式)|\d+\s*个?字符|如文本格式"
)
_FOOTER = re.compile(
    r"^\s*(?:注\s*[:：]|说明\s*[:：]|填表|填报人|填报单位|联系人|联系电话|合计|总计|制表|审核人|单位（盖章）)"
)


@dataclass
class Table:
    """A table found in a grid: its kind and edition, what each column means, and its rows (number, cells)."""

    grid: Grid
    kind: str | None
    edition: str | None
    labels: list[str]
    columns: list[Column | None]
    rows: list[tuple[int, list[str]]]


def find_table(grid: Grid, edition: str | None = None) -> Table | None:
    """The table of a grid, its header in any of the first ten rows; None when no row looks like one."""
    best: tuple[float, int, int, list[str]] | None = None
    for at in range(min(HEADER_ROWS, len(grid.rows))):
        single = grid.rows[at]
        for height, labels in (
            (1, single),
            (2, _joined(single, grid.rows[at + 1]) if at + 1 < len(grid.rows) else None),
        ):
            if labels is None:
                continue
            score = _score(labels)
            if score > 0 and (best is None or score > best[0] + 0.01):
                best = (score, at, height, labels)
    if best is None:
        return None
    _, at, height, labels = best
    start = at + height
    while start < len(grid.rows) and start < at + height + 2 and _is_rules(grid.rows[start]):
        start += 1
    kind = kind_of(labels) or kind_of_name(grid.name)
    data = [
        (grid.first + place, row)
        for place, row in enumerate(grid.rows[start:], start=start)
        if any(cell.strip() for cell in row) and not _is_footer(row) and not _repeats(row, labels)
    ]
    samples = [row for _, row in data[:_SAMPLES]]
    columns = match(labels, kind, samples)
    return Table(grid, kind, edition or editions.recognise(labels, kind), labels, columns, data)


def _score(labels: Sequence[str]) -> float:
    """How much a row looks like a header: the confidence of its columns, if it names a number or a party at all."""
    filled = [label for label in labels if label.strip()]
    if len(filled) < 2 or len(set(filled)) < 2 or sum(len(label) for label in filled) > 120 * len(filled):
        return 0.0
    known = [column for column in match(labels) if column is not None]
    fields = {column.field for column in known}
    if len(known) < 2 or not fields & {"document_number", "counterparty", "licence_number"}:
        return 0.0
    return sum(column.confidence for column in known) - 0.01 * (len(filled) - len(known))


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str] | None:
    """Labels of a two-row header: below a merged cell the lower row speaks, else the upper."""
    spans = [u.strip() for u in upper]
    merged = {text for text in spans if text and spans.count(text) > 1}
    if not merged:
        return None
    width = max(len(upper), len(lower))
    up = [*spans, *[""] * (width - len(upper))]
    low = [*(cell.strip() for cell in lower), *[""] * (width - len(lower))]
    return [b if (a in merged and b) or not a else a for a, b in zip(up, low, strict=True)]


def _is_rules(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return len(filled) >= 2 and sum(1 for cell in filled if _RULE.search(cell)) * 2 >= len(filled)


def _is_footer(row: Sequence[str]) -> bool:
    filled = list(dict.fromkeys(cell.strip() for cell in row if cell.strip()))
    return len(filled) <= 3 and _FOOTER.match(filled[0]) is not None


def _repeats(row: Sequence[str], labels: Sequence[str]) -> bool:
    """A header printed again on each page."""
    same = sum(
        1 for cell, label in zip(row, labels, strict=False) if label.strip() and normalise(cell) == normalise(label)
    )
    return same >= 2 and same * 2 >= sum(1 for label in labels if label.strip())


def kind_of_name(name: str) -> str | None:
    """What the name of a sheet or file says about its kind."""
    licence = "许可" in name or "licence" in name.lower() or "xk" in name.lower()
    penalty = "处罚" in name or "penalt" in name.lower() or "cf" in name.lower()
    if licence == penalty:
        return None
    return "licence" if licence else "penalty"


def texts_of(table: Table, cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str | None], dict[str, str]]:
    """One row by field, the units of its money, and the whole row by label."""
    texts: dict[str, str] = {}
    money: dict[str, str | None] = {}
    raw: dict[str, str] = {}
    for label, column, cell in zip(table.labels, table.columns, cells, strict=False):
        text = cell.strip()
        if not text:
            continue
        shown = clean_text(label) or "（无标题）"
        while shown in raw:
            shown += "′"
        raw[shown] = text
        if column is not None:
            texts[column.field] = text
            money[column.field] = column.money
    return texts, money, raw
