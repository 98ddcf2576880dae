"""assess, seal, verify: repeatable to the byte, complete, refusing what is wrong."""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assessment import run
from assessment.periods import Period
from assessment.run import assess, seal, verify
from db import clock
from db.models import Pair, PeriodRun, Review
from db.session import session_of
from standard.errors import Refused

AS_OF = datetime.date(2026, 10, 12)


def fill(city: Any) -> None:
    for n in range(1, 13):
        city.publish(
            number=n, seen="2026-09-03" if n > 2 else "2026-09-17", absent="2026-08-31" if n > 2 else "2026-09-14"
        )
        if n != 5:
            city.submit(number=n, received="2026-09-03" if n != 7 else "2026-09-15")
    city.submit(number=40)
    city.publish(number=41, decision_date=datetime.date(2026, 9, 30), seen="2026-10-09", absent="2026-09-28")


def results(city: Any) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((city.workspace.periods / "2026-09" / "results").iterdir())}


@pytest.fixture(scope="module")
def filled(whole_city: Any) -> Any:
    """(city, result): the month of `fill`, judged once; tests only read it."""
    whole_city.unit()
    whole_city.portal()
    whole_city.entry("catalogue", kind="penalty", item_name="违法经营案")
    fill(whole_city)
    return whole_city, whole_city.judge()


def test_twice_is_the_same_to_the_byte(filled: Any) -> None:
    city, first = filled
    before = results(city)
    again = city.assess()
    assert results(city) == before
    assert (first.run.results_sha256, first.run.inputs_sha256) == (again.run.results_sha256, again.run.inputs_sha256)
    assert [f["finding_id"] for f in first.findings] == [f["finding_id"] for f in again.findings]


def test_totals_add_up(filled: Any) -> None:
    _, result = filled
    summary = result.run.summary
    for counts in [
        *summary["totals"].values(),
        *(summary["units"]["fgw"][kind] for kind in ("licence", "penalty", "all")),
    ]:
        verdicts = ("agreed", "differs", "not_submitted", "not_published", "not_due", "exempt", "unknown", "question")
        assert sum(counts[verdict] for verdict in verdicts) == counts["decisions"]
        for duty in ("report", "publish"):
            assert (
                counts[f"{duty}_due"] == counts[f"{duty}_on_time"] + counts[f"{duty}_late"] + counts[f"{duty}_missing"]
            )
    everything = summary["totals"]["all"]
    assert everything["decisions"] == 14 == len(result.pairs)
    assert (everything["report_due"], everything["report_late"], everything["report_missing"]) == (13, 1, 1)
    assert (everything["publish_due"], everything["publish_late"], everything["publish_missing"]) == (13, 2, 1)
    assert summary["lines"] == {"pairs": 14, "same_decision": 0, "elsewhere": 0, "publications": 13, "submissions": 12}


def test_scores_print_what_they_computed(filled: Any) -> None:
    scores = {score["indicator"]: score for score in filled[1].scores}
    assert list(scores) == ["A1", "A2", "A3", "B1", "B2", "C1", "C2", "C3", "D", "E"]
    assert (scores["B2"]["numerator"], scores["B2"]["denominator"], scores["B2"]["excluded"]) == (11, 13, 1)
    assert scores["B2"]["formula"] == "15 × 11/13 = 12.69（84.62% < 95%）"
    assert scores["A1"]["formula"] == "20 − max(0.5 × 1, 20 × 1/13 ÷ 5%) = 0"
    assert scores["E"]["points"] is None and scores["E"]["formula"].startswith("不适用")
    got = sum(score["points"] for score in scores.values() if score["points"] is not None)
    assert scores["A1"]["total"] == pytest.approx(got / 95 * 100, abs=0.01) and scores["A1"]["ranked"]


def test_suspicions_cost_nothing(city: Any) -> None:
    (city.workspace.root / "mingcha.yml").write_text("{}\n", encoding="utf-8")
    city.workspace = type(city.workspace).open(city.workspace.root)
    fill(city)
    result = city.judge()
    assert {finding["state"] for finding in result.findings if finding["level"] == "fail"} == {"suspected"}
    assert {score["total"] for score in result.scores} == {100.0}
    assert "另有 2 条未查实" in next(score["formula"] for score in result.scores if score["indicator"] == "B2")


def test_a_review_is_found_again(city: Any) -> None:
    fill(city)
    finding = next(f for f in city.judge().findings if f["code"] == "not_submitted" and f["level"] == "fail")
    with session_of(city.workspace) as session:
        session.add(
            Review(
                finding_id=finding["finding_id"],
                state="normal",
                actor="李四",
                reason="已核实",
                at=clock.now(),
            )
        )
    result = city.assess()
    assert next(f for f in result.findings if f["finding_id"] == finding["finding_id"])["state"] == "normal"
    assert next(s for s in result.scores if s["indicator"] == "A1")["points"] == 20


def test_seal_then_verify(city: Any) -> None:
    fill(city)
    city.judge()
    assert seal(city.workspace, "2026-09").sealed_at is not None
    assert verify(city.workspace, "2026-09") == []
    with pytest.raises(Refused, match="封存"):
        city.assess()


def test_verify_sees_every_change(city: Any) -> None:
    fill(city)
    city.judge()
    folder: Path = city.workspace.periods / "2026-09"
    with session_of(city.workspace) as session:
        session.query(Pair).first().verdict = "exempt"
    assert verify(city.workspace, "2026-09") == ["数据库中的 pairs 与复算结果不同"]
    (folder / "results" / "scores.jsonl").write_text("{}\n", encoding="utf-8")
    assert any("scores.jsonl" in fault for fault in verify(city.workspace, "2026-09"))
    meta = json.loads((folder / "inputs" / "meta.json").read_text(encoding="utf-8"))
    (folder / "inputs" / "meta.json").write_text(json.dumps(meta | {"as_of": "2026-10-13"}), encoding="utf-8")
    assert any("meta.json" in fault for fault in verify(city.workspace, "2026-09"))


def test_verify_by_a_newer_program_says_which_checks_changed(city: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(city)
    city.judge()
    told = run.told_checks
    monkeypatch.setattr(
        run, "told_checks", lambda facts: told(facts) | {"duplicate": told(facts)["duplicate"] | {"version": 99}}
    )
    [first, *_] = verify(city.workspace, "2026-09")
    assert first.startswith("复算结果与评估时登记的不同：评估之后检查项的版本已变（duplicate ") and "→99" in first


def test_a_quarter_and_the_month_before(city: Any) -> None:
    fill(city)
    city.judge("2026-08")
    assert city.assess().run.summary["previous"]["period"] == "2026-08"
    assert city.assess("2026-Q3").run.summary["totals"]["all"]["decisions"] == 14


def test_unknown_is_not_missing(city: Any) -> None:
    fill(city)
    result = city.judge(as_of=datetime.date(2026, 9, 9))
    assert result.accused() == []


def test_an_empty_city_is_assessed(workspace: Any) -> None:
    run = assess(workspace, "2026-09", as_of=AS_OF)
    assert run.summary["totals"]["all"]["decisions"] == 0 and verify(workspace, "2026-09") == []


@pytest.mark.parametrize("call", [
    lambda w: assess(w, "2026-13"), lambda w: assess(w, "2026-09", as_of=datetime.date(2026, 8, 1)),
    lambda w: assess(w, "2026-09", as_of=AS_OF, scheme=Path("没有.yml")), lambda w: verify(w, "2026-09"), lambda w: seal(w, "2026-09"),
])  # fmt: skip
def test_wrong_calls_are_refused_and_write_nothing(workspace: Any, call: Any) -> None:
    with pytest.raises(Refused):
        call(workspace)
    with session_of(workspace) as session:
        assert session.query(PeriodRun).count() == 0
    assert not (workspace.periods / "2026-09").exists()


@pytest.mark.parametrize(("text", "first", "last", "previous"), [
    ("2026-02", "2026-02-01", "2026-02-28", "2026-01"), ("2026-Q1", "2026-01-01", "2026-03-31", "2025-Q4"), ("2026", "2026-01-01", "2026-12-31", "2025"),
])  # fmt: skip
def test_periods(text: str, first: str, last: str, previous: str) -> None:
    period = Period.parse(text)
    assert (period.first.isoformat(), period.last.isoformat(), period.previous.key) == (first, last, previous)


@pytest.mark.parametrize("text", ["", "2026-9", "2026-00", "2026-Q5", "26-09", "2026-09 ", "1926-09"])
def test_no_periods(text: str) -> None:
    with pytest.raises(Refused):
        Period.parse(text)


def test_an_outage_of_the_platform_moves_the_deadline(city: Any) -> None:
    city.publish()
    city.submit(received="2026-09-14")  # two working days after the due day
    days = {"effective_from": datetime.date(2026, 9, 9), "effective_to": datetime.date(2026, 9, 10)}
    assert city.judge().levels("submitted_late") == ["fail"]
    city.entry("outages", unit_id=None, kind=None, **days)
    assert city.judge().levels("submitted_late") == []
    city.rows[type_of(city)][-1]["effective_to"] = days["effective_from"]
    late = [f for f in city.judge().findings if f["code"] == "submitted_late"]
    assert [(f["due_date"].isoformat(), f["days_late"]) for f in late] == [("2026-09-11", 1)]


def type_of(city: Any) -> Any:
    return next(model for model in city.rows if model.__tablename__ == "register_entry")


def test_a_decision_of_another_month_is_shown_but_not_judged(city: Any) -> None:
    city.publish(decision_date=datetime.date(2026, 9, 1))
    city.submit(decision_date=datetime.date(2026, 8, 31), received="2026-09-30")
    result = city.judge()
    assert result.accused() == [] and result.run.summary["lines"]["elsewhere"] == 1
    assert [line["verdict"] for line in result.pairs] == ["differs"]
    assert city.assess("2026-08").accused() == ["submitted_late", "values_differ"]


def test_a_year_without_a_notice_is_provisional(city: Any) -> None:
    day = datetime.date(2040, 9, 3)
    city.publish(decision_date=day, seen="2040-09-05", absent="2040-09-01")
    city.submit(decision_date=day, received="2040-09-30")
    result = city.judge("2040-09", datetime.date(2040, 10, 20))
    assert result.levels("submitted_late") == ["question"] and result.run.summary["provisional"]


def test_what_a_killed_assessment_left_is_cleared_and_a_running_one_is_let_be(city: Any) -> None:
    city.publish()
    city.judge()
    folder = city.workspace.periods / "2026-09"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f".inputs-{ended.pid}", f".results-{ended.pid}-abc", f".results-{os.getppid()}-abc"):
        (folder / name).mkdir()
    city.assess()
    assert sorted(path.name for path in folder.glob(".*")) == [f".results-{os.getppid()}-abc"]
