"""The law as dated rows."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from standard.errors import Refused
from standard.obligations import load, simple_procedure

D = datetime.date
LAW = load()


def test_seven_working_days_for_both_duties() -> None:
    for kind in ("licence", "penalty"):
        for what in ("publish", "report"):
            limit = LAW.limit(kind, what, D(2026, 9, 3))
            assert (limit.days, limit.unit) == (7, "workday") and "国办发〔2015〕51号" in limit.basis


def covered(duty: str = "publish", on: datetime.date = D(2026, 9, 3), **record: object) -> str | None:
    row = LAW.exemption_of({"kind": "penalty", "decision_date": on, **record}, duty)
    return row.id if row else None


def test_exemptions() -> None:
    assert covered(counterparty_type="natural_person") == "natural_person"
    assert covered("report", counterparty_type="natural_person") is None
    assert covered("report", document_number="海税简罚〔2026〕211号") == "simple_procedure"
    assert covered(category="警告；通报批评") == "minor"
    assert covered(category="警告", on=D(2025, 9, 3)) == "warning_only"
    assert covered(category="警告；罚款") is None
    assert covered("report", category="不予行政处罚") == "not_a_penalty"
    assert covered() is None


def test_simple_procedure() -> None:
    assert simple_procedure("示当行罚〔2026〕1号", None) and simple_procedure(None, "适用简易程序")
    assert not simple_procedure("示市监罚字〔2026〕1号", "罚款")


def test_terms_change_with_the_rules() -> None:
    old, new = LAW.term("penalty", "general", D(2024, 1, 1)), LAW.term("penalty", "general", D(2026, 4, 1))
    assert old and new and (old.max_months, new.max_months) == (36, 12)
    assert LAW.term("penalty", "minor", D(2026, 3, 31)) is None
    until = LAW.withdrawal("repaired")
    assert until is not None and until.days == 7


def test_every_fault_of_an_own_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "obligations.yml"
    file.write_text("version: x\nlimits:\n  - {kind: fine, what: publish, day: 7}\n", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        load(file)
    assert len(caught.value.faults) >= 3
