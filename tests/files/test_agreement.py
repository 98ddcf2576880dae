"""Agencies and their codes must be those of the unit register; nothing is reported before it was decided."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Submission, Unit
from db.session import session_of
from db.settings import Workspace
from intake.submissions import import_submissions


@pytest.mark.parametrize(
    ("authority", "code", "told"),
    [
        ("示例市市场监督管理局", "11420000MB15291767", []), ("示例市市监局", "11420000MB15291767", []),
        ("示例市市场监督管理局", "11230500001755309F", [("U12", "authority_code")]),
        ("示例市市监局", "11230500001755309F", [("U12", "authority_code")]), ("某某县某局", "11230500001755309F", []),
        ("示例市市场监督管理局", "", []), ("示例市行政审批局", "11230500001755309F", []),  # the register has no code of it
    ],
)  # fmt: skip
def test_a_code_of_another_unit_is_told(
    authority: str, code: str, told: list[tuple[str, str]], workspace: Workspace, tmp_path: Path,
    penalty_header: list[str], penalty_row: Callable[..., list[str]], write_csv: Callable[..., bytes],
) -> None:  # fmt: skip
    with session_of(workspace) as session:
        session.get_one(Unit, "sjj").uscc = "11420000MB15291767"
    row = penalty_row(1, 处罚机关=authority, 处罚机关统一社会信用代码=code)
    (tmp_path / "a.csv").write_bytes(write_csv([penalty_header, row]))
    (receipt,) = import_submissions(workspace, [tmp_path / "a.csv"])
    assert receipt.accepted == 1
    with session_of(workspace) as session:
        record = session.scalars(select(Submission)).one()
    assert [(d["rule"], d["field"]) for d in record.defects if d["rule"] == "U12"] == told
    lines = [line for line in receipt.rows_detail if line.rule == "U12"]
    assert len(lines) == len(told)
    for line in lines:
        assert "11420000MB15291767" in line.message and line.cell and line.severity == "E"


@pytest.mark.parametrize(("reported", "told"), [("2026-09-02", ["D4"]), ("2026-09-03", []), ("2026-10-01", [])])
def test_a_decision_after_its_report_is_told(
    reported: str, told: list[str], workspace: Workspace, tmp_path: Path,
    penalty_header: list[str], penalty_row: Callable[..., list[str]], write_csv: Callable[..., bytes],
) -> None:  # fmt: skip
    (tmp_path / "a.csv").write_bytes(write_csv([[*penalty_header, "提供日期"], [*penalty_row(1), reported]]))
    (tmp_path / "b.csv").write_bytes(write_csv([penalty_header, penalty_row(2)]))
    moment = datetime.datetime.fromisoformat(f"{reported}T09:00:00+08:00")
    receipts = import_submissions(workspace, [tmp_path / "a.csv", tmp_path / "b.csv"], received_at=moment)
    for receipt in receipts:
        lines = [line for line in receipt.rows_detail if line.rule == "D4"]
        assert [line.rule for line in lines] == told
        assert all("2026-09-03" in line.message and reported in line.message and line.cell for line in lines)
    with session_of(workspace) as session:
        for record in session.scalars(select(Submission)):
            assert [d["rule"] for d in record.defects if d["rule"] == "D4"] == told
