"""Nobody is accused wrongly: hand-made cases at the edges of sight, time and identity, beside the fifty of the catalogue.

A case names every finding that must come of it, `code:level`; nothing else may be found. Decisions are of 2026-09-01 and due
on 2026-09-10, columns were seen whole on 08-31 and 10-12, unless a case says otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from db.clock import SHANGHAI

D = datetime.date.fromisoformat
Build = Callable[[Any], None]
CASES: dict[str, tuple[Build, list[str]]] = {}
PERSON = {"counterparty": "张某某", "counterparty_key": "p:张", "counterparty_type": "natural_person", "counterparty_code": None}  # fmt: skip
LICENCE = {"kind": "licence", "category": "普通", "fine_yuan": None, "content": "准予许可", "case_name": "违法经营案"}


def case(*codes: str) -> Callable[[Build], Build]:
    def keep(build: Build) -> Build:
        CASES[build.__name__] = (build, sorted(codes))
        return build

    return keep


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def both(city: Any, number: int = 1, **values: Any) -> None:
    shown = ("gone_since", "last_seen", "seen")
    city.publish(number=number, **values)
    city.submit(number=number, **{name: value for name, value in values.items() if name not in shown})


def standing(city: Any) -> None:
    """Something older that still stands, so that the column is neither empty nor rolled."""
    both(city, 99, decision_date=D("2026-08-20"), counterparty_key="老公司", counterparty_code=None, seen="2026-08-24")


# ---------------------------------------------------------------- time


@case()
def the_last_second_of_the_due_day(city: Any) -> None:
    city.publish(first_seen=at("2026-09-10T23:59:59"))
    city.submit(received_at=at("2026-09-10T23:59:59"))


@case("submitted_late:fail")
def the_first_second_after_it(city: Any) -> None:
    city.publish(first_seen=at("2026-09-10T23:59:59"))
    city.submit(received_at=at("2026-09-11T00:00:00"))


@case("published_late:question")
def not_there_on_the_morning_of_the_due_day(city: Any) -> None:
    """It may have come in the afternoon of the due day."""
    city.publish(absent="2026-09-10", seen="2026-09-11")
    city.submit()


@case("published_late:question")
def a_hole_in_our_looks_around_the_due_day(city: Any) -> None:
    city.look(f"{city.own}_column", "2026-09-08")
    city.look(f"{city.own}_column", "2026-09-11", "partial")
    city.look(f"{city.own}_column", "2026-09-14", "unreachable")
    city.publish(absent="2026-09-08", seen="2026-10-12")
    city.submit()


@case("published_late:question")
def a_date_of_after_it_was_seen_proves_nothing(city: Any) -> None:
    city.publish(absent="2026-09-08", seen="2026-09-14", stated_published_on=D("2026-09-20"))
    city.submit()


@case()
def dated_in_time_and_seen_long_after(city: Any) -> None:
    city.publish(absent=None, seen="2026-10-12", stated_published_on=D("2026-09-10"))
    city.submit()


@case()
def a_make_up_sunday_counts_and_the_long_holiday_does_not(city: Any) -> None:
    """09-22 + 7: holidays 09-25 to 09-27 and 10-01 to 10-07; due 10-09."""
    city.publish(decision_date=D("2026-09-22"), seen="2026-10-09", absent="2026-09-30")
    city.submit(decision_date=D("2026-09-22"), received="2026-10-09")


@case()
def an_outage_of_the_platform_over_the_due_day(city: Any) -> None:
    line = {"系统": "市信用信息平台", "影响环节": "报送"}
    city.entry("outages", kind=None, effective_from=D("2026-09-09"), effective_to=D("2026-09-14"), data=line)
    city.publish()
    city.submit(received="2026-09-16")


@case()
def an_outage_of_the_website_over_the_due_day(city: Any) -> None:
    line = {"系统": "门户网站", "影响环节": "公示"}
    city.entry("outages", kind=None, effective_from=D("2026-09-09"), effective_to=D("2026-09-14"), data=line)
    city.publish(absent="2026-09-15", seen="2026-09-16")
    city.submit()


# ---------------------------------------------------------------- whose, and where


@case()
def on_the_column_of_another_unit(city: Any) -> None:
    city.neighbour("host")
    city.publish(portal_id=city.other("host_column"))
    city.submit()


@case()
def on_the_column_of_another_unit_and_taken_for_its_own(city: Any) -> None:
    """The column's owner was taken for the author; number and party say that it is the reporting unit's decision."""
    city.neighbour("host")
    city.publish(portal_id=city.other("host_column"), unit_id=city.other("host"))
    city.submit()


@case()
def reported_under_the_city_centres_name(city: Any) -> None:
    city.neighbour("centre")
    city.publish()
    city.submit(unit_id=city.other("centre"))


@case("not_published:unknown")
def a_new_column_that_was_never_seen_whole_since(city: Any) -> None:
    city.portal(city.other("new"), {"2026-10-12": "partial"}, unit_id=city.own)
    city.submit()


@case()
def shown_on_the_credit_website_alone(city: Any) -> None:
    city.portal(city.other("credit"), channel="credit", unit_id=city.own)
    city.publish(portal_id=city.other("credit"))
    city.submit()


# ---------------------------------------------------------------- parties


@case()
def a_renamed_party_with_its_code(city: Any) -> None:
    city.publish(counterparty="旧名公司", counterparty_key="旧名公司")
    city.submit(counterparty="新名公司", counterparty_key="新名公司")


@case("values_differ:question")
def a_renamed_party_without_code(city: Any) -> None:
    city.publish(counterparty="旧名公司", counterparty_key="旧名公司", counterparty_code=None)
    city.submit(counterparty="新名公司", counterparty_key="新名公司")


@case()
def two_masked_persons_of_one_day_without_numbers(city: Any) -> None:
    for fine in (200.0, 300.0):
        city.publish(None, fine_yuan=fine, **PERSON)
    for number, fine in ((1, 200.0), (2, 300.0)):
        city.submit(
            number, fine_yuan=fine, **PERSON | {"counterparty": f"张{number}", "counterparty_code": f"h:{number}"}
        )


@case("not_published:exempt")
def a_person_whose_kind_nobody_wrote_down(city: Any) -> None:
    """A name of three characters without any code, on the platform alone: most likely a person, whom nobody need show."""
    city.submit(
        counterparty="李建国", counterparty_key="李建国", counterparty_type="natural_person", counterparty_code=None
    )


@case("not_published:question", "values_differ:question")
def one_row_for_two_parties(city: Any) -> None:
    """The column shows one row 甲公司、乙公司; the platform has one record for each."""
    city.publish(counterparty="甲公司、乙公司", counterparty_key="甲公司乙公司", counterparty_code=None)
    city.submit(counterparty="甲公司", counterparty_key="甲公司", counterparty_code="91140600MA0GTXYZ1A")
    city.submit(counterparty="乙公司", counterparty_key="乙公司", counterparty_code="91140600MA0GTXYZ2B")


@case("not_submitted:question", "not_submitted:question", "values_differ:question")
def one_report_for_three_parties(city: Any) -> None:
    for n in (1, 2, 3):
        code = f"91140600MA0GTXYZ{n}A"
        city.publish(counterparty=f"公司{n}", counterparty_key=f"公司{n}", counterparty_code=code)
    city.submit(counterparty="公司1等3家", counterparty_key="公司1等3家", counterparty_code=None)


@case("not_submitted:fail")
def of_three_parties_one_was_not_reported(city: Any) -> None:
    for n in (1, 2, 3):
        city.publish(counterparty=f"公司{n}", counterparty_key=f"公司{n}", counterparty_code=f"91140600MA0GTXYZ{n}A")
    for n in (1, 2):
        city.submit(counterparty=f"公司{n}", counterparty_key=f"公司{n}", counterparty_code=f"91140600MA0GTXYZ{n}A")


# ---------------------------------------------------------------- gone, back, changed, revoked


@case()
def gone_and_back_as_another_entry(city: Any) -> None:
    standing(city)
    city.publish(gone_since=at("2026-09-14T09:00"), last_seen=at("2026-09-10T09:00"))
    city.publish(seen="2026-09-17", absent="2026-09-14")
    city.submit()


@case("withdrawn_unexplained:question")
def gone_and_the_platform_says_revoked(city: Any) -> None:
    """The platform's own record says that the decision was revoked: that explains the withdrawal; a person looks."""
    standing(city)
    city.publish(gone_since=at("2026-09-21T09:00"), last_seen=at("2026-09-17T09:00"))
    city.submit(status="撤销")


@case("withdrawn_unexplained:question")
def gone_when_the_decision_that_changes_it_came(city: Any) -> None:
    """#39: the changing decision has a number and a day of its own."""
    standing(city)
    both(city, 1, gone_since=at("2026-09-21T09:00"), last_seen=at("2026-09-17T09:00"))
    values = {"decision_date": D("2026-09-16"), "document_title": "行政处罚变更决定书"}
    city.publish(number=7, seen="2026-09-21", absent="2026-09-17", **values)
    city.submit(number=7, received="2026-09-18", **values)


@case("not_submitted:exempt")
def a_measure_that_only_its_name_tells(city: Any) -> None:
    """#11: the name of the case is that of the paper."""
    city.publish(case_name="示例商贸有限公司涉嫌无照经营行政强制措施决定书", category=None, fine_yuan=None)


@case("not_submitted:fail")
def punished_for_not_obeying_an_order(city: Any) -> None:
    city.publish(case_name="拒不执行责令改正通知书")


@case("not_submitted:fail", "not_submitted:fail")
def punished_for_breaking_a_seal(city: Any) -> None:
    city.publish(1, case_name="示例商贸有限公司不履行责令改正通知书")
    city.publish(2, case_name="示例商贸有限公司违反查封决定书")


@case("not_published:question")
def revoked_before_it_was_due_to_be_shown(city: Any) -> None:
    city.submit(status="撤销")


@case("withdrawn_unexplained:question")
def a_licence_that_has_run_out(city: Any) -> None:
    standing(city)
    values = LICENCE | {"valid_from": D("2026-09-01"), "valid_to": D("2026-09-15")}
    city.publish(gone_since=at("2026-09-21T09:00"), last_seen=at("2026-09-17T09:00"), **values)
    city.submit(**values)


@case("not_published:question")
def reported_with_a_slip_and_again_without(city: Any) -> None:
    """The first row bore a mistyped number, the second the right one: the first is no decision that nobody showed."""
    city.publish(number=128)
    city.submit(number=182, received="2026-09-02")
    city.submit(number=128, received="2026-09-04")


@case("not_submitted:question")
def shown_with_a_slip_and_again_without(city: Any) -> None:
    city.publish(number=182, gone_since=at("2026-09-14T09:00"), last_seen=at("2026-09-10T09:00"))
    city.publish(number=128, seen="2026-09-14", absent="2026-09-10", stated_published_on=D("2026-09-10"))
    city.submit(number=128)


@case()
def the_same_record_in_three_exports(city: Any) -> None:
    city.publish()
    city.submit(copies=3, last_received_at=at("2026-10-08T09:00"))


# ---------------------------------------------------------------- the two sides state different days


@case("submitted_late:question", "values_differ:fail")
def in_time_by_the_day_the_website_states(city: Any) -> None:
    """The platform's day of decision is disputed by the website's; by the latter the report came in time."""
    city.publish(decision_date=D("2026-09-10"), seen="2026-09-14", absent="2026-09-08")
    city.submit(decision_date=D("2026-09-01"), received="2026-09-16")


@case("values_differ:fail")
def shown_in_time_by_the_day_the_platform_states(city: Any) -> None:
    city.publish(decision_date=D("2026-09-01"), absent="2026-09-11", seen="2026-09-14")
    city.submit(decision_date=D("2026-09-08"), received="2026-09-10")


@case("submitted_late:fail", "values_differ:fail")
def late_by_either_day(city: Any) -> None:
    city.publish(decision_date=D("2026-09-02"))
    city.submit(decision_date=D("2026-09-01"), received="2026-09-21")


# ---------------------------------------------------------------- amounts and terms


@case("values_differ:question")
def an_amount_rounded_to_hundreds_of_yuan(city: Any) -> None:
    """0.33 万元 for 3333 元 is rounding, not another amount; a person looks."""
    city.publish(fine_yuan=3300.0)
    city.submit(fine_yuan=3333.0)


@pytest.fixture(scope="module")
def found(whole_city: Any) -> dict[str, list[str]]:
    for name, (build, _) in CASES.items():
        build(whole_city.place(name, level="county_department"))
    return {name: found for name, (found, _) in whole_city.found(CASES).items()}


@pytest.mark.parametrize("name", CASES)
def test_nobody_is_accused_wrongly(name: str, found: dict[str, list[str]]) -> None:
    assert found[name] == CASES[name][1]


# ---------------------------------------------------------------- other months


def accused(made_city: Any, tmp_path: Any, period: str, as_of: str, build: Build, looks: dict[str, str]) -> list[str]:
    """Findings of one unit in another month, as `code:level`."""
    city = made_city(tmp_path)
    city.batch(as_of)
    city.unit()
    city.portal(looks=looks)
    city.entry("catalogue", item_name="违法经营案")
    build(city)
    return sorted(f"{f['code']}:{f['level']}" for f in city.judge(period, D(as_of)).findings)


WHOLE = "complete"


def test_the_spring_festival_and_its_make_up_saturday(made_city: Any, tmp_path: Any) -> None:
    """2026-02-12 + 7: holidays 02-15 to 02-23, Saturdays 02-14 and 02-28 are worked; due on Saturday 02-28."""

    def build(city: Any) -> None:
        city.publish(
            decision_date=D("2026-02-12"), absent="2026-02-27", seen="2026-02-28", last_seen=at("2026-03-16T09:00")
        )
        city.submit(decision_date=D("2026-02-12"), received="2026-02-28")

    looks = {"2026-02-11": WHOLE, "2026-02-27": WHOLE, "2026-03-16": WHOLE}
    assert accused(made_city, tmp_path, "2026-02", "2026-03-16", build, looks) == []


def test_the_end_of_a_year_whose_successor_has_no_calendar(made_city: Any, tmp_path: Any) -> None:
    """Due days in 2027 are provisional: whatever looks late or missing is a question."""

    def build(city: Any) -> None:
        for number, side in ((1, "both"), (2, "shown"), (3, "told")):
            values = {"decision_date": D("2026-12-30"), "number": number}
            if side != "told":
                city.publish(absent="2027-01-18", seen="2027-01-20", last_seen=at("2027-02-01T09:00"), **values)
            if side != "shown":
                city.submit(received="2027-01-20", **values)

    looks = {"2026-12-29": WHOLE, "2027-01-18": WHOLE, "2027-02-01": WHOLE}
    found = accused(made_city, tmp_path, "2026-12", "2027-02-01", build, looks)
    assert found and all(text.endswith(":question") for text in found), found


def test_the_last_of_february_of_a_leap_year(made_city: Any, tmp_path: Any) -> None:
    def build(city: Any) -> None:
        values = {"decision_date": D("2024-02-29"), "document_number": "示局罚〔2024〕1号"}
        city.publish("示局罚〔2024〕1号", decision_date=D("2024-02-29"), absent="2024-02-28", seen="2024-03-11",
                     last_seen=at("2024-03-20T09:00"), stated_published_on=D("2024-03-11"))  # fmt: skip
        city.submit("示局罚〔2024〕1号", decision_date=values["decision_date"], received="2024-03-11")

    looks = {"2024-02-28": WHOLE, "2024-03-20": WHOLE}
    assert accused(made_city, tmp_path, "2024-02", "2024-03-20", build, looks) == []


def test_taken_down_after_the_shortest_term(made_city: Any, tmp_path: Any) -> None:
    """A general penalty may stand for three months only (发改委令第36号); a column that ends then is asked, not accused."""

    def build(city: Any) -> None:
        values = {"decision_date": D("2026-05-06")}
        city.publish(
            absent="2026-04-30",
            seen="2026-05-08",
            last_seen=at("2026-08-06T09:00"),
            gone_since=at("2026-08-20T09:00"),
            **values,
        )
        city.submit(received="2026-05-08", **values)
        older = {"decision_date": D("2026-04-01"), "counterparty_key": "老公司", "counterparty_code": None}
        city.publish(98, absent=None, seen="2026-04-03", **older)
        city.submit(98, received="2026-04-03", **older)

    looks = {"2026-04-30": WHOLE, "2026-05-11": WHOLE, "2026-08-20": WHOLE, "2026-10-12": WHOLE}
    found = accused(made_city, tmp_path, "2026-05", "2026-10-12", build, looks)
    assert "withdrawn_unexplained:question" in found and all(text.endswith(":question") for text in found), found


def test_a_unit_whose_own_exports_end_before_the_due_day(made_city: Any, tmp_path: Any) -> None:
    """The county reports by files of its own; the city's later export says nothing of it."""

    def build(city: Any) -> None:
        city.batch("2026-09-04")
        city.publish()
        city.submit(2, received="2026-09-03", batch="b2026-09-04")
        city.publish(2)
        city.unit("city")
        city.portal()
        city.entry("catalogue", item_name="违法经营案")
        city.publish(3)
        city.submit(3)

    looks = {"2026-08-31": WHOLE, "2026-10-12": WHOLE}
    assert accused(made_city, tmp_path, "2026-09", "2026-10-12", build, looks) == ["not_submitted:unknown"]


def test_what_fails_after_the_period_is_the_next_ones(made_city: Any, tmp_path: Any) -> None:
    """A column that was fine all through September and cannot be opened from October on."""
    days = [f"2026-09-{day:02d}" for day in (1, 8, 15, 22, 29)]
    later = ["2026-10-05", "2026-10-09", "2026-10-14", "2026-10-19"]

    def found(period: str, name: str) -> list[str]:
        city = made_city(tmp_path / name)
        city.batch("2026-10-20")
        city.unit("b")
        city.portal("b_column", looks=dict.fromkeys([*days, *later], WHOLE))  # so that it is not our own network
        city.unit("a")
        city.portal("a_column", looks=dict.fromkeys(days, WHOLE) | dict.fromkeys(later, "unreachable"))
        result = city.judge(period, D("2026-10-20"))
        return [f"{f['code']}:{f['level']}" for f in result.findings if f["code"].startswith("column_un")]

    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert found("2026-09", "one") == []
    assert found("2026-10", "two") == ["column_unreachable:fail"]


def test_one_number_of_two_counties_is_two_decisions(made_city: Any, tmp_path: Any) -> None:
    """市监罚字〔2026〕7号 names no place: two counties punished the same company under it, on different days."""
    city = made_city(tmp_path)
    city.batch("2026-10-12")
    for name, day, fine in (("a", "2026-09-01", 5000.0), ("b", "2026-09-03", 800.0)):
        city.unit(name, level="county_department")
        city.portal(f"{name}_column")
        city.entry("catalogue", item_name="违法经营案")
        values = {"decision_date": D(day), "fine_yuan": fine}
        city.publish(number="市监罚字〔2026〕7号", seen="2026-09-07", **values)
        if name == "a":
            city.submit(number="市监罚字〔2026〕7号", received="2026-09-07", **values)
    found = [(f["unit_id"], f["code"], f["level"]) for f in city.judge("2026-09", D("2026-10-12")).findings]
    assert [line for line in found if line[1] != "silent_item"] == [("b", "not_submitted", "fail")]


def test_one_fine_shown_by_two_units_is_one_decision(made_city: Any, tmp_path: Any) -> None:
    """The neighbour's column shows it as well, and the day of the entry for that of the decision: nobody failed to report."""
    city = made_city(tmp_path)
    city.batch("2026-10-12")
    for name, day in (("a", "2026-09-01"), ("b", "2026-09-03")):
        city.unit(name, level="county_department")
        city.portal(f"{name}_column")
        city.entry("catalogue", item_name="违法经营案")
        city.publish(number="市监罚字〔2026〕7号", seen="2026-09-07", decision_date=D(day))
        if name == "a":
            city.submit(number="市监罚字〔2026〕7号", received="2026-09-07", decision_date=D(day))
    found = [(f["unit_id"], f["code"], f["level"]) for f in city.judge("2026-09", D("2026-10-12")).findings]
    assert [line for line in found if line[1] != "silent_item"] == [("a", "values_differ", "question")]


def test_before_anything_was_reported_there_is_no_day_that_reports_reach(made_city: Any, tmp_path: Any) -> None:
    city = made_city(tmp_path)
    city.unit("a")
    city.portal("a_column")
    city.publish()
    found = city.judge("2026-09", D("2026-10-12")).findings
    told = [(f["level"], f["message"]) for f in found if f["code"] == "not_submitted"]
    assert told == [("unknown", "最迟应于 2026-09-10 报送，而手头还没有平台数据，无法判定")]
