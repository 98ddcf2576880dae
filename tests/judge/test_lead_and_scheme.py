"""What a person must decide before the grade stands, what nobody could see, and checks and indicators that come later."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assessment import checks
from assessment.checks.base import Case, Outcome, _registry, check, warn
from assessment.run import assess
from assessment.scheme import read
from db.models import Finding, Score
from db.session import session_of
from reports.build import build
from standard.errors import Refused

D = datetime.date.fromisoformat
AS_OF = D("2026-10-12")
SHIPPED = Path(checks.__file__).parents[1] / "schemes" / "default.yml"


def leak() -> list[dict[str, str]]:
    return [{"rule": "P1", "code": "over_disclosed", "field": "facts", "severity": "E", "message": "公开了证件号码", "cure": ""}]  # fmt: skip


@pytest.fixture(scope="module")
def judged(whole_city: Any) -> Any:
    """Units with each kind of veto lead and one of everything that cannot be judged, assessed once."""
    city = whole_city
    city.unit("leaky")
    city.portal()
    for number in range(1, 12):
        city.publish(number=number, defects=leak() if number == 1 else [])
        city.submit(number=number)
    city.unit("silent")
    city.portal()
    city.publish(number=1)
    city.unit("blocked")
    city.portal(looks={"2026-09-14": "blocked", "2026-10-12": "blocked"})
    city.submit()
    city.unit("nothing")
    city.unit("retired", active=False)
    city.unit("items")
    city.portal()
    city.entry("catalogue", kind="licence", item_name="食品经营许可证")
    city.entry("catalogue", kind="licence", item_name="特殊食品经营许可证")
    licence = {"kind": "licence", "case_name": "食品经营许可证", "fine_yuan": None, "content": "准予"}
    city.publish(number=1, **licence)
    city.submit(number=1, **licence)
    city.store()
    return assess(city.workspace, "2026-09", as_of=AS_OF)


def test_veto_leads_are_told_and_cost_nothing_by_themselves(judged: Any) -> None:
    units = judged.summary["units"]
    assert units["leaky"]["veto_leads"] == {"over_disclosed": {"found": 1, "confirmed": 0}}
    assert (units["leaky"]["total"], units["leaky"]["rank"]) == (100.0, 1)
    assert units["silent"]["veto_leads"] == {"zero_reporting": {"found": 1, "confirmed": 1}}
    assert units["blocked"]["veto_leads"] == units["nothing"]["veto_leads"] == {}


@pytest.mark.parametrize("report", ["ranking", "monthly", "unit"])
def test_every_report_names_the_lead_beside_the_score(
    report: str, whole_city: Any, judged: Any, tmp_path: Path
) -> None:
    unit = "leaky" if report == "unit" else None
    (page,) = build(whole_city.workspace, report, "2026-09", unit=unit, formats=("html",), out=tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "待人工认定的单项否决线索" in text and "过度公开 1 条" in text and "暂列" in text


def test_a_column_that_nobody_could_see_gives_no_points_and_takes_none(whole_city: Any, judged: Any) -> None:
    with session_of(whole_city.workspace) as session:
        formula = {s.unit_id: (s.points, s.formula) for s in session.query(Score).filter(Score.indicator == "D")}
    assert formula["blocked"][0] is None and "未能查看" in formula["blocked"][1]
    assert formula["leaky"] == (10.0, "10 − 2 × 0 = 10（专栏 1 个）")


def test_a_unit_without_anything_has_no_total(judged: Any) -> None:
    unit = judged.summary["units"]["nothing"]
    assert (unit["total"], unit["grade"], unit["ranked"]) == (None, None, False)
    assert "retired" not in judged.summary["units"]


def test_a_record_of_one_item_does_not_enliven_another(whole_city: Any, judged: Any) -> None:
    with session_of(whole_city.workspace) as session:
        silent = session.query(Finding).filter(Finding.code == "silent_item", Finding.unit_id == "items").all()
        assert [row.message for row in silent] == ["目录事项“特殊食品经营许可证”本期没有公示或报送记录，也没有零申报"]


def test_not_published_names_the_looks_that_prove_it(city: Any) -> None:
    city.submit()
    (finding,) = [f for f in city.judge().findings if f["code"] == "not_published"]
    assert finding["proof"]["facts"]["proof_looks"] == "fgw_column-2026-10-12"


def test_december_is_provisional_while_next_year_has_no_notice(city: Any) -> None:
    run = city.judge("2039-12", D("2039-12-31")).run
    assert run.summary["provisional"] and [year["year"] for year in run.summary["calendar"]] == [2039, 2040]


def test_an_outage_until_today_leaves_the_unit_time(city: Any) -> None:
    city.publish()  # due on 09-10, never reported
    days = {"effective_from": D("2026-09-09"), "effective_to": D("2026-10-10")}
    assert city.judge().levels("not_submitted") == ["fail"]
    city.entry("outages", unit_id=None, kind=None, **days)
    result = city.judge()
    assert result.levels("not_submitted") == ["not_due"] and result.run.summary["totals"]["all"]["report_due"] == 0


def test_an_earlier_day_has_not_seen_later_looks(city: Any) -> None:
    """Last seen on 10-12; judged as of 09-20 nobody can say that it was still there after 09-14."""
    city.look("fgw_column", "2026-09-14")
    city.publish(publicity_until=D("2026-09-15"))
    city.submit()
    assert city.judge().levels("past_term") == ["warn"]
    assert city.judge(as_of=D("2026-09-20")).levels("past_term") == []


def test_nothing_is_silent_before_the_period_has_ended(city: Any) -> None:
    assert city.judge(as_of=D("2026-09-20")).levels("silent_item") == []
    assert city.judge(as_of=D("2026-10-01")).levels("silent_item") == ["question"]


# ---------------------------------------------------------------- one function and one line


@pytest.fixture
def new_check() -> Iterator[str]:
    """A check as a newcomer would add it: one function in a file of checks."""

    def no_case_name(case: Case) -> Iterator[Outcome]:
        """案件名称没有写明当事人，看的人分不清是哪一件。"""
        yield warn(case.judged & case.has_p, "公示的案件名称没有写明当事人")

    no_case_name.__module__ = checks.content.__name__
    made = check("vague_title", dimension="content", title="案件名称含糊", basis="示例", version=1, cure="写明当事人。")(no_case_name)  # fmt: skip
    yield made.id
    _registry[checks.content.__name__].remove(made)


def test_a_new_check_needs_one_line_of_a_scheme(city: Any, new_check: str, tmp_path: Path) -> None:
    line = "\n  - {id: F, title: 案件名称, points: 5, rule: findings, codes: [vague_title], per_record: 0.5}\n"
    scheme = tmp_path / "own.yml"
    scheme.write_text(SHIPPED.read_text(encoding="utf-8").rstrip() + line, encoding="utf-8")
    (city.workspace.root / "mingcha.yml").write_text("confirm: {codes: [vague_title]}\n", encoding="utf-8")
    city.workspace = type(city.workspace).open(city.workspace.root)
    for number in (1, 2, 3):
        city.publish(number=number)
        city.submit(number=number)
    city.store()
    assess(city.workspace, "2026-09", as_of=AS_OF, scheme=scheme)
    with session_of(city.workspace) as session:
        score = session.query(Score).filter(Score.indicator == "F").one()
        assert (score.points, score.numerator, score.denominator) == (3.5, 3, 3)
        assert score.formula == "5 − 0.5 × 3 = 3.5"
    (page,) = build(city.workspace, "problems", "2026-09", formats=("html",), out=tmp_path)
    assert "案件名称含糊" in page.read_text(encoding="utf-8")


def test_a_scheme_with_a_wrong_code_is_refused(new_check: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8").rstrip()
    with pytest.raises(Refused, match="submitted_late"):
        read(text + "\n  - {id: F, title: 甲, points: 5, rule: findings, codes: [submited_late], per_record: 1}\n", "x")
    with pytest.raises(Refused, match="backdated"):
        read(text.replace("veto: [backdated", "veto: [backdatet"), "x")
