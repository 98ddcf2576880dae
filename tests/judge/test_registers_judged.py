"""Every register is judged by: one unit a case, one assessment, everything that must be found and nothing else.

The numbers are those of the catalogue of lawful look-alikes (#20 redesign, #41 local days, #43 outages, #45 back-filling,
#46 declarations, #47 duties that went over, #3 and #13 the catalogue of the day). Decisions are of 2026-09-01 and due on
2026-09-10 unless a case says otherwise; columns were seen whole on 08-31 and 10-12.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from assessment.registers import Transfer, Transfers
from db.models import Finding, Pair, PeriodRun
from db.register_lines import CANCELLED, RECORDED
from db.session import session_of
from standard.errors import Refused

D = datetime.date.fromisoformat
Build = Callable[[Any], None]
CASES: dict[str, tuple[Build, list[str]]] = {}


def case(*codes: str) -> Callable[[Build], Build]:
    """A case and what must be found; `unit/code:level` for another unit than the case's own."""

    def keep(build: Build) -> Build:
        CASES[build.__name__] = (build, sorted(codes))
        return build

    return keep


def late(city: Any, number: int = 1, received: str = "2026-09-21", **values: Any) -> None:
    """Shown in time, reported seven working days late."""
    city.publish(number=number, **values)
    city.submit(number=number, received=received, **values)


def agreed(city: Any, **values: Any) -> None:
    given = {"effective_from": D("2026-08-01"), "effective_to": D("2026-09-30")} | values
    line = {"约定补报期限": "2026-09-25", RECORDED: {"来源": "补报.csv 第 3 行"}}
    city.entry("backfills", **{"data": line, "ground": "历史数据迁移", "basis": "会议纪要"} | given)


def moved(city: Any, new: str, on: str = "2026-09-10", item: str | None = None, **values: Any) -> None:
    line = {"划入单位编号": new, **({"职责事项": item} if item else {})}
    city.entry(
        "responsibilities",
        **{"effective_from": D(on), "ground": item, "basis": "示编发〔2026〕5号", "data": line} | values,
    )


# ---------------------------------------------------------------- #45 agreed back-filling


@case("submitted_late:exempt")
def reported_within_the_agreed_time(city: Any) -> None:
    agreed(city)
    late(city)


@case("submitted_late:exempt")
def reported_on_the_agreed_last_day(city: Any) -> None:
    agreed(city)
    late(city, received="2026-09-25")


@case("submitted_late:fail")
def reported_after_the_agreed_day(city: Any) -> None:
    agreed(city)
    late(city, received="2026-09-28")


@case("submitted_late:fail")
def decided_outside_the_agreed_days(city: Any) -> None:
    agreed(city, effective_to=D("2026-08-31"))
    late(city)


@case("submitted_late:fail")
def agreed_for_the_other_kind(city: Any) -> None:
    agreed(city, kind="licence")
    late(city)


@case("submitted_late:exempt")
def the_longest_of_two_agreements_counts(city: Any) -> None:
    agreed(city)
    agreed(city, kind=None, data={"约定补报期限": "2026-10-09"})
    late(city, received="2026-10-08")


@case()
def agreed_but_in_time_anyhow(city: Any) -> None:
    agreed(city)
    late(city, received="2026-09-10")


@case("not_submitted:not_due")
def not_reported_yet_before_the_agreed_day(city: Any) -> None:
    agreed(city, data={"约定补报期限": "2026-10-31"})
    city.publish()


@case("not_submitted:fail")
def not_reported_after_the_agreed_day(city: Any) -> None:
    agreed(city)
    city.publish()


@case("published_late:fail", "submitted_late:exempt")
def agreed_reporting_does_not_excuse_late_publishing(city: Any) -> None:
    agreed(city)
    city.publish(seen="2026-09-14", absent="2026-09-11")
    city.submit(received="2026-09-21")


# ---------------------------------------------------------------- #47 duties that went over


@case()
def old_units_decision_reported_by_the_new_one(city: Any) -> None:
    """Decided before the day, shown by the old unit, reported under the new one's name: one pair, nobody accused."""
    city.neighbour("taker")
    moved(city, city.other("taker"))
    city.publish()
    city.submit(unit_id=city.other("taker"))


@case()
def new_units_decision_reported_by_the_old_one(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15")
    city.publish(unit_id=city.other("taker"))
    city.submit()


@case("taker/submitted_late:fail")
def late_after_the_change_is_the_new_units(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15")
    late(city)


@case("submitted_late:fail")
def late_before_the_change_is_the_old_units(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"))
    late(city)


@case("taker/not_published:fail")
def missing_after_the_change_is_the_new_units(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-09-01")
    city.submit()


@case("taker/not_published:unknown")
def the_old_units_blind_column_might_have_shown_it(city: Any) -> None:
    city.neighbour("taker")
    city.portal(city.other("blind"), {"2026-08-31": "complete", "2026-10-12": "blocked"}, unit_id=city.own)
    moved(city, city.other("taker"), on="2026-09-01")
    city.submit(unit_id=city.other("taker"))


@case("submitted_late:fail")
def another_item_stays(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15", item="占用城市道路许可")
    late(city)


@case("taker/submitted_late:fail")
def the_named_item_goes(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15", item="违法经营")
    late(city)


@case("taker/submitted_late:fail")
def the_new_units_own_business_stays_its_own(city: Any) -> None:
    """Decided before the day by the unit that later took over: it signed it, it answers."""
    city.neighbour("taker")
    moved(city, city.other("taker"))
    taker = city.other("taker")
    late(city, unit_id=taker, authority=f"示例市{taker}局")


@case("submitted_late:fail")
def signed_by_the_old_unit_and_filed_by_the_new(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"))
    late(city, unit_id=city.other("taker"), authority=f"示例市{city.own}局")


@case("taker/duplicate:exempt")
def both_units_reported_it_while_it_went_over(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15")
    city.publish(unit_id=city.other("taker"))
    city.submit()
    city.submit(unit_id=city.other("taker"))


@case("taker/not_published:exempt")
def an_exemption_in_the_old_units_name_still_holds(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15")
    city.entry("exemptions", document_number=1)
    city.submit()


@case("submitted_late:fail")
def a_cancelled_change_never_happened(city: Any) -> None:
    city.neighbour("taker")
    line = {"划入单位编号": city.other("taker"), CANCELLED: {"撤销人": "张"}}
    moved(city, city.other("taker"), on="2026-08-15", data=line)
    late(city)


# ---------------------------------------------------------------- #43, #20 outages in both clocks


def outage(city: Any, system: str, first: str, last: str, unit: str | None, **data: str) -> None:
    city.entry("outages", unit_id=unit, kind=None, effective_from=D(first), effective_to=D(last), ground="升级",
               data={"系统": system, **data})  # fmt: skip


@case()
def the_units_own_line_to_the_platform_was_down(city: Any) -> None:
    outage(city, "前置机", "2026-09-07", "2026-09-11", city.own)
    late(city, received="2026-09-17")


@case("submitted_late:fail")
def a_website_that_is_down_does_not_hinder_reporting(city: Any) -> None:
    outage(city, "本局门户网站", "2026-09-07", "2026-09-11", city.own)
    late(city, received="2026-09-17")


@case()
def published_when_the_website_was_up_again(city: Any) -> None:
    outage(city, "本局门户网站", "2026-09-07", "2026-09-11", city.own)
    city.publish(seen="2026-09-17", absent="2026-09-11")
    city.submit()


@case("published_late:fail")
def later_than_the_outage_explains(city: Any) -> None:
    outage(city, "本局门户网站", "2026-09-09", "2026-09-10", city.own)
    city.publish(seen="2026-09-17", absent="2026-09-15")
    city.submit()


@case("published_late:fail")
def another_units_website(city: Any) -> None:
    city.neighbour("other")
    outage(city, "该局门户网站", "2026-09-07", "2026-09-11", city.other("other"))
    city.publish(seen="2026-09-17", absent="2026-09-11")
    city.submit()


@case()
def the_line_itself_says_which_duty(city: Any) -> None:
    outage(city, "市政务云", "2026-09-07", "2026-09-11", city.own, 影响环节="报送和公示")
    city.publish(seen="2026-09-17", absent="2026-09-11")
    city.submit(received="2026-09-17")


@case()
def a_column_being_rebuilt_is_not_called_unreachable(city: Any) -> None:
    outage(city, "门户网站改版", "2026-09-10", "2026-10-09", city.own)
    city.portal(city.other("rebuilt"), {"2026-09-14": "unreachable", "2026-09-21": "unreachable", "2026-09-28": "unreachable",
                "2026-10-12": "complete"}, unit_id=city.own)  # fmt: skip
    city.publish()
    city.submit()


@case("column_unreachable:fail")
def unreachable_without_notice(city: Any) -> None:
    city.portal(city.other("gone"), {"2026-09-14": "unreachable", "2026-09-21": "unreachable", "2026-09-28": "unreachable",
                "2026-10-12": "complete"}, unit_id=city.own)  # fmt: skip
    city.publish()
    city.submit()


@case("withdrawn_unexplained:exempt")
def lost_when_the_website_was_rebuilt(city: Any) -> None:
    outage(city, "门户网站改版", "2026-09-17", "2026-09-30", city.own)
    city.publish(last_seen=datetime.datetime.fromisoformat("2026-09-17T09:00:00+08:00"),
                 gone_since=datetime.datetime.fromisoformat("2026-09-28T09:00:00+08:00"))  # fmt: skip
    city.submit()
    city.publish(number=2, decision_date=D("2026-08-31"))
    city.submit(number=2, decision_date=D("2026-08-31"))


# ---------------------------------------------------------------- #41 days of one county only


@case()
def a_countys_festival(city: Any) -> None:
    city.local("2026-09-10")
    city.publish(seen="2026-09-11", absent="2026-09-10")
    city.submit(received="2026-09-11")


@case("submitted_late:fail")
def the_festival_of_another_county(city: Any) -> None:
    late(city, received="2026-09-11")


# ---------------------------------------------------------------- the catalogue of the day, declarations


def licence(city: Any, name: str = "食品经营许可", on: str = "2026-09-01") -> None:
    values = {
        "kind": "licence",
        "case_name": name,
        "fine_yuan": None,
        "category": "普通",
        "content": "准予",
        "decision_date": D(on),
    }
    city.publish(**values)
    city.submit(**values)


@case("outside_catalogue:warn")
def an_item_that_had_ended(city: Any) -> None:
    city.entry("catalogue", kind="licence", item_name="食品经营许可", effective_to=D("2026-08-31"))
    city.entry("catalogue", kind="licence", item_name="户外广告许可", effective_from=D("2026-01-01"))
    licence(city)


@case()
def an_item_of_that_day(city: Any) -> None:
    city.entry("catalogue", kind="licence", item_name="食品经营许可", effective_from=D("2026-09-01"))
    licence(city)


@case()
def no_licence_catalogue_on_that_day(city: Any) -> None:
    city.entry("catalogue", kind="licence", item_name="户外广告许可", effective_from=D("2026-09-02"))
    licence(city)


@case()
def an_item_still_in_the_old_units_catalogue(city: Any) -> None:
    city.neighbour("taker")
    moved(city, city.other("taker"), on="2026-08-15", kind="licence")
    city.entry("catalogue", kind="licence", item_name="食品经营许可")
    city.entry("catalogue", kind="licence", item_name="户外广告许可", unit_id=city.other("taker"))
    licence(city)


@case("not_published:fail")
def hidden_only_from_the_next_year(city: Any) -> None:
    city.entry("catalogue", item_name="违法经营案", effective_from=D("2027-01-01"), data={"是否公示": "否"})
    city.submit()


@case("not_published:exempt")
def hidden_by_the_catalogue_of_the_day(city: Any) -> None:
    """#3: what the catalogue keeps from publication, with its ground."""
    city.entry("catalogue", item_name="违法经营案", effective_from=D("2026-01-01"), effective_to=D("2026-12-31"),
               ground="国家秘密", data={"是否公示": "否"})  # fmt: skip
    city.submit()


# ---------------------------------------------------------------- running it


@pytest.fixture(scope="module")
def found(whole_city: Any) -> dict[str, list[str]]:
    for name, (build, _) in CASES.items():
        build(whole_city.place(name))
    whole_city.place("watch", portal=False)  # another site that could be opened on those days
    whole_city.portal(looks={"2026-09-14": "complete", "2026-09-21": "complete", "2026-09-28": "complete"})
    return {name: found for name, (found, _) in whole_city.found(CASES, ignore="silent_item").items()}


@pytest.mark.parametrize("name", CASES)
def test_register_case(name: str, found: dict[str, list[str]]) -> None:
    assert sorted(found.get(name, [])) == CASES[name][1]


def of(city: Any, unit: str, code: str) -> Finding:
    with session_of(city.workspace) as session:
        return session.query(Finding).filter(Finding.unit_id == unit, Finding.code == code).one()


def test_findings_name_the_line_that_explains_them(whole_city: Any, found: dict[str, list[str]]) -> None:
    row = of(whole_city, "reported_within_the_agreed_time", "submitted_late")
    words = "补报约定台账（补报.csv 第 3 行）：历史数据迁移；会议纪要"
    assert words in row.message and row.due_date == D("2026-09-25")
    assert row.proof["ground"] == "backfill" and row.proof["registers"] == {"backfills": words}
    row = of(whole_city, "reported_after_the_agreed_day", "submitted_late")
    assert "约定补报期限 2026-09-25" in row.message and row.days_late == 1
    row = of(whole_city, "hidden_by_the_catalogue_of_the_day", "not_published")
    assert "事项目录：国家秘密" in row.message and row.proof["registers"]["catalogue"].startswith("事项目录")
    row = of(whole_city, "late_after_the_change_is_the_new_units_taker", "submitted_late")
    assert "示编发〔2026〕5号" in row.proof["registers"]["responsibilities"]
    row = of(whole_city, "later_than_the_outage_explains", "published_late")
    assert "已扣除网站停机 2 个工作日" in row.message and row.due_date == D("2026-09-14")


def test_a_pair_across_units_is_one_agreed_line(whole_city: Any, found: dict[str, list[str]]) -> None:
    name = "old_units_decision_reported_by_the_new_one"
    with session_of(whole_city.workspace) as session:
        (line,) = session.query(Pair).filter(Pair.unit_id.in_([name, f"{name}_taker"])).all()
        assert (line.unit_id, line.verdict, line.rule) == (name, "agreed", "number_code")


def test_the_report_is_told_of_local_calendars(whole_city: Any, found: dict[str, list[str]]) -> None:
    with session_of(whole_city.workspace) as session:
        run = session.get_one(PeriodRun, "2026-09")
    assert run.summary["local_calendars"] == [
        {"year": 2026, "units": ["a_countys_festival"], "notice": "东湖自治县节日"}
    ]


def test_a_calendar_for_nobody_is_refused(city: Any) -> None:
    city.workspace.calendar.mkdir(exist_ok=True)
    (city.workspace.calendar / "x.yml").write_text(
        "year: 2026\nnotice: 节日\nunits: [fgv]\nholidays: [2026-09-10]\n", encoding="utf-8"
    )
    with pytest.raises(Refused, match=r"fgv.*是否想写 fgw"):
        city.judge()


@pytest.mark.parametrize(
    ("filed", "day", "answers"),
    [
        ("a", "2025-12-31", "a"), ("a", "2026-01-01", "b"), ("a", "2026-07-01", "c"), ("b", "2026-06-30", "b"), ("b", "2026-07-01", "c"),
        ("c", "2026-06-30", "b"), ("c", "2025-06-30", "a"), ("d", "2026-08-01", "d"),
    ],
)  # fmt: skip
def test_a_duty_that_went_over_twice(filed: str, day: str, answers: str) -> None:
    """The signature names who decided; a chain is followed either way."""

    class Signed:
        def find(self, text: str | None, on: Any = None, code: Any = None) -> str | None:
            return text

    chain = [Transfer("2", "b", "c", D("2026-07-01"), None, None), Transfer("1", "a", "b", D("2026-01-01"), None, None)]
    transfers = Transfers(chain, Signed())  # type: ignore[arg-type]
    assert transfers.owner(filed, "penalty", D(day), (None,), answers, None) == answers
    if filed <= answers:  # forwards, the day alone decides
        assert transfers.owner(filed, "penalty", D(day), (None,), None, None) == answers
