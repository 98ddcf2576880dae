"""The worksheet of a spot check, and its result as a sheet of rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import SpotCheck, SpotCheckItem, Unit
from reports.forms import Column, Line, write_form
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import nearest

OUTCOMES = ("属实", "有误", "未提供", "不属抽查范围")  # the words of assessment.sampling.OUTCOMES
_WIDE = {"content": 50, "说明": 50, "counterparty": 26, "document_number": 26}


def write_check_sheet(session: Session, check_id: str, file: Path, *, again: bool = False) -> int:
    """Write what is to be checked, without anybody's result on it; `again`: only the lines of the blind second look.

    Returns how many lines. Raises Refused when there is no such check.
    """
    check = session.get(SpotCheck, check_id)
    if check is None:
        raise Refused(f"没有抽查 {check_id}{nearest(check_id, list(session.scalars(select(SpotCheck.id))))}")
    asked = select(SpotCheckItem).where(SpotCheckItem.check_id == check_id).order_by(SpotCheckItem.position)
    items = [item for item in session.scalars(asked) if item.again or not again]
    names = {unit.id: unit.name for unit in session.scalars(select(Unit))}
    shown = list(dict.fromkeys(name for item in items for name in item.shown))
    columns = [
        Column("抽查编号", 34), Column("序号", 6), Column("单位", 24),
        *(Column(FIELDS[n].label_for("penalty") if n in FIELDS else n, _WIDE.get(n, 16)) for n in shown),
        Column("核查结果", 14, filled=True), Column("核查说明", 40, filled=True),
    ]  # fmt: skip
    lines = [
        Line(
            [
                item.item,
                item.position,
                names.get(item.unit_id, item.unit_id),
                *(_text(item.shown.get(n)) for n in shown),
                "",
                "",
            ],
            OUTCOMES,
        )
        for item in items
    ]
    write_form(file, "核查表", _note(check, again), columns, lines, choosing="核查结果", made=check.at.date())
    return len(items)


def _note(check: SpotCheck, again: bool) -> str:
    size = sum(size for size, _ in check.strata.values())
    return (
        f"抽查 {check.id}{'（双人复核）' if again else ''}：抽样框 {size} 条（指纹 {check.frame_sha256[:16]}），种子“{check.seed}”，抽取人 {check.actor}。"
        f"只填黄色两列。核查结果：{'、'.join(OUTCOMES)}；单位不能提供卷宗的填“未提供”，按有误计。"
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
