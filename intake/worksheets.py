"""Sheets that go out to people and come back filled: 处理单 (findings to settle) and 核查表 (spot checks), and a unit's case ledger.

A filled row is one whose marking column is filled; the others are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from intake.grids import Grid
from intake.read_archive import read_source
from standard.errors import Refused

_TOP = 10  # the head stands in one of the first rows, as in every file we take
_MOST = 64  # MB


@dataclass(frozen=True)
class Form:
    """What a sheet looks like: the column that names the thing, the one that is filled in, those that go with it."""

    key: str
    mark: str
    beside: tuple[str, ...]
    made_by: str  # the command that writes it, for messages


REVIEWS = Form("问题编号", "处理", ("理由", "依据", "佐证"), "mingcha review export")
CHECKS = Form("抽查编号", "核查结果", ("核查说明",), "mingcha sample sheet")
LEDGER = ("单位", "决定书文号", "行政相对人名称", "决定日期")


@dataclass(frozen=True)
class Marked:
    """One filled row: what it is about, what was filled in, what stands beside, and where (file, sheet, row)."""

    key: str
    mark: str
    beside: dict[str, str]
    where: str


def read_form(path: Path, form: Form) -> tuple[list[Marked], str]:
    """The filled rows of a sheet (xlsx, xls, csv …) and the SHA-256 of the file.

    Raises Refused, with every fault, when no head is found, a filled row does not name its thing, or text stands beside an empty mark.
    """
    source = read_source(path, _MOST)
    rows: list[Marked] = []
    faults: list[str] = []
    found = False
    for grid in source.grids:
        head = _head(grid, (form.key, form.mark))
        if head is None:
            continue
        found = True
        for number, cells in _below(grid, head):
            key, mark = cells.get(form.key, ""), cells.get(form.mark, "")
            beside = {name: cells.get(name, "") for name in form.beside}
            where = f"{path.name} {grid.name} 第 {number} 行"
            if not mark:
                if any(beside.values()):
                    said = "、".join(name for name, text in beside.items() if text)
                    faults.append(f"{where}：写了{said}，但“{form.mark}”是空的，请填写，或清空这一行")
            elif not key:
                faults.append(f"{where}：“{form.mark}”已填，但没有{form.key}，请用 {form.made_by} 写出的表填写")
            else:
                rows.append(Marked(key, mark, beside, where))
    if not found:
        faults.append(f"{path}：前十行内未找到表头“{form.key}”和“{form.mark}”，请用 {form.made_by} 写出的表填写")
    if faults:
        raise Refused(*faults)
    return rows, source.sha256


def read_ledger(path: Path) -> list[dict[str, str]]:
    """A unit's case ledger (案件台账): rows with 单位 and 决定书文号, and what else of LEDGER stands there."""
    rows: list[dict[str, str]] = []
    found = False
    for grid in read_source(path, _MOST).grids:
        head = _head(grid, LEDGER[:2])
        if head is not None:
            found = True
            rows += [
                {name: cells.get(name, "") for name in LEDGER} for _, cells in _below(grid, head) if any(cells.values())
            ]
    if not found:
        raise Refused(f"{path}：前十行内未找到表头“单位”和“决定书文号”，请补上表头（可另有 {'、'.join(LEDGER[2:])}）")
    return rows


def _head(grid: Grid, wanted: Sequence[str]) -> tuple[int, list[str]] | None:
    """The number of the head row, and its cells."""
    for number, row in enumerate(grid.head(_TOP), start=grid.first):
        names = [cell.strip() for cell in row]
        if all(name in names for name in wanted):
            return number, names
    return None


def _below(grid: Grid, head: tuple[int, list[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    first, names = head
    for number, row in enumerate(grid.stream(), start=grid.first):
        if number > first:
            yield number, {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}
