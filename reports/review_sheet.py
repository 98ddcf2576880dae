"""The sheet on which people settle findings: exported, marked in Excel, imported back (`mingcha review export | import`)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Finding, PeriodRun, Review, Unit
from reports import words
from reports.export import run_of
from reports.forms import Column, Line, write_form
from standard.states import STATES, STEPS

# 问题编号, 处理, 理由, 依据, 佐证 are what `review import` looks for; what stands under the others is for the reader only.
COLUMNS = (
    Column("问题编号", 34), Column("单位", 22), Column("类别", 10), Column("问题", 12), Column("级别", 8), Column("文号", 26),
    Column("相对人", 24), Column("决定日期", 12), Column("说明", 60), Column("目前状态", 10), Column("最近认定", 34),
    Column("处理", 10, filled=True), Column("理由", 30, filled=True), Column("依据", 26, filled=True), Column("佐证", 22, filled=True),
)  # fmt: skip
_OPEN = ("fail", "warn", "question")


def write_review_sheet(
    session: Session, period: str, file: Path, *, unit: str | None = None, code: str | None = None, open_only: bool = False
) -> int:  # fmt: skip
    """Write the findings that a person may settle, ordered by unit, code and number; returns how many.

    The cells 处理, 理由, 依据, 佐证 are empty and yellow; 处理 offers the steps that follow from the finding's state.
    Raises Refused when the period was not assessed.
    """
    run = run_of(session, period)
    rows = list(_rows(session, period, unit, code, open_only))
    latest = _latest(session, [finding.finding_id for finding, _ in rows])
    lines = [
        Line(
            _cells(finding, unit, latest.get(finding.finding_id)),
            [step.label for step in STEPS.values() if finding.state in step.sources],
        )
        for finding, unit in rows
    ]
    write_form(file, "问题处理单", _note(run), COLUMNS, lines, choosing="处理", made=run.as_of)
    return len(rows)


def _rows(
    session: Session, period: str, unit: str | None, code: str | None, open_only: bool
) -> Iterable[tuple[Finding, str]]:
    asked = select(Finding, Unit.name, Unit.position).join(Unit, Unit.id == Finding.unit_id, isouter=True)
    asked = asked.where(Finding.period == period, Finding.level.in_(_OPEN))
    for column, value in ((Finding.unit_id, unit), (Finding.code, code)):
        if value is not None:
            asked = asked.where(column == value)
    if open_only:
        asked = asked.where(Finding.state == "suspected")
    order = (Unit.position, Finding.unit_id, Finding.code, Finding.document_number, Finding.finding_id)
    for finding, name, _ in session.execute(asked.order_by(*order)):
        yield finding, name or finding.unit_id


def _latest(session: Session, ids: list[str]) -> dict[str, Review]:
    made: dict[str, Review] = {}
    for start in range(0, len(ids), 400):
        asked = select(Review).where(Review.finding_id.in_(ids[start : start + 400])).order_by(Review.id)
        made |= {row.finding_id: row for row in session.scalars(asked)}
    return made


def _note(run: PeriodRun) -> str:
    reasoned = "、".join(step.label for step in STEPS.values() if step.reasoned)
    return (
        f"{words.period(run.period)}问题处理单（截至 {run.as_of}）。只填黄色四列：处理（下拉选择）、理由、依据、佐证；不处理的行留空。"
        f"{reasoned} 须写理由，豁免还须写依据。填好后运行：mingcha review import 本文件 --period {run.period} --by 姓名。"
    )


def _cells(finding: Finding, unit: str, review: Review | None) -> tuple[Any, ...]:
    said = ""
    if review is not None:
        step = STEPS[review.step].label if review.step in STEPS else STATES[review.state].label
        said = f"{review.at:%Y-%m-%d} {review.actor}：{step}　{review.reason}".strip()
    return (
        finding.finding_id, unit, words.of(words.KINDS, finding.kind), words.of(words.CODES, finding.code),
        words.LEVELS[finding.level], finding.document_number or "", finding.counterparty or "",
        finding.decision_date or "", finding.message, words.of(words.STATES, finding.state), said, "", "", "", "",
    )  # fmt: skip
