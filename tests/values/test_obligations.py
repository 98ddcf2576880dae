"""The law as dated rows."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from standard.errors import Refused
from standard.obligations import load, read, simple_procedure, text_of

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


def test_other_limits_are_told_and_never_judged() -> None:
    regimes = {row.title: row for row in LAW.regimes}
    assert len(regimes) == len(LAW.regimes) >= 8 and all(row.basis for row in LAW.regimes)
    assert {(row.what, row.days) for row in LAW.regimes} >= {
        ("publish", 20),
        ("withdraw", 5),
        ("count_late", 20),
        ("publish", 7),
    }
    assert {row.days for row in LAW.limits} == {7}


@pytest.mark.parametrize(
    ("on", "cls", "least", "most"),
    [
        (D(2020, 1, 1), "general", 3, 12), (D(2020, 1, 1), "serious", 6, 36), (D(2024, 1, 1), "general", 3, 36), (D(2024, 1, 1), "serious", 12, 36),
        (D(2026, 4, 1), "minor", 0, 3), (D(2026, 4, 1), "general", 3, 12), (D(2026, 4, 1), "serious", 12, 36),
    ],
)  # fmt: skip
def test_how_long_a_penalty_stays_up(on: datetime.date, cls: str, least: int, most: int) -> None:
    term = LAW.term("penalty", cls, on)
    assert term is not None and (term.min_months, term.max_months) == (least, most)


def test_an_annulled_decision_goes_within_three_working_days() -> None:
    row = LAW.withdrawal("annulled", D(2026, 9, 3))
    assert row is not None and (row.days, row.unit) == (3, "workday") and "48" in row.basis


def test_the_workspace_has_its_own(tmp_path: Path) -> None:
    """A line of twenty days from 2027 on: until then the old one holds."""
    text, where = text_of(tmp_path)
    assert (where, read(text, where)) == ("standard/obligations.yml", LAW)
    row = """  - {kind: penalty, what: report, days: 20, unit: workday, since: 2027-01-01, until: null, version: "示例", basis: "示例文件"}"""
    (tmp_path / "obligations.yml").write_text(text.replace("limits:", f"limits:\n{row}", 1), encoding="utf-8-sig")
    own = read(*text_of(tmp_path))
    assert [own.limit("penalty", "report", on).days for on in (D(2026, 12, 31), D(2027, 1, 1))] == [7, 20]
    assert (
        own.limit("licence", "report", D(2027, 1, 1)).days == own.limit("penalty", "publish", D(2027, 1, 1)).days == 7
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("what: report, days: 7", "what: report, days: 0", "days 应在 1 与 120 之间"), ("what: report", "what: publish", "缺少 licence 的 report 时限"),
        ("since: 2023-05-01, until: 2026-04-01", "since: 2026-04-01, until: 2026-04-01", "不晚于 since"),
        ("min_months: 6", "min_months: 60", "大于 max_months"), ("id: minor", "id: warning_only", "warning_only 写了两次"),
        ("channel: credit", "channel: credits", "channel"), ("strict: false", "strict: no-idea", "strict"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(old: str, new: str, told: str, tmp_path: Path) -> None:
    text = text_of(tmp_path)[0]
    assert old in text
    with pytest.raises(Refused, match=told):
        read(text.replace(old, new), "obligations.yml")
