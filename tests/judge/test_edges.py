"""The edges of every rule and the lawful look-alikes of the false-positive catalogue: one unit a case, one assessment.

A case says what the rows are and every finding that must come of them, `code:level`; nothing else may be found.
Decisions are of 2026-09-01 and due on 2026-09-10 unless a case says otherwise; columns were seen whole on 08-31 and 10-12.
"""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from db.models import Finding, Pair
from db.session import session_of

D = datetime.date.fromisoformat
Build = Callable[[Any], None]
CASES: dict[str, tuple[Build, list[str], dict[str, Any]]] = {}


def case(*codes: str, portal: bool = True, **unit: Any) -> Callable[[Build], Build]:
    """Register a function as a case: it adds rows to its unit; `codes` is what must be found."""

    def keep(build: Build) -> Build:
        CASES[build.__name__] = (build, sorted(codes), {"portal": portal, "unit": unit})
        return build

    return keep


def at(text: str, hour: int = 9) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}T{hour:02d}:00:00+08:00")


def both(city: Any, **values: Any) -> None:
    city.publish(**values)
    city.submit(**values)


# ---------------------------------------------------------------- deadlines


@case()
def received_on_the_due_day_at_night(city: Any) -> None:
    city.publish()
    city.submit(received_at=at("2026-09-10", 23))


@case("submitted_late:fail")
def received_the_day_after(city: Any) -> None:
    city.publish()
    city.submit(received_at=at("2026-09-11", 0))


@case("submitted_late:fail")
def received_on_the_saturday_after_the_due_friday(city: Any) -> None:
    """No working day has passed, but the limit has; both sides state the same day, so nothing is in dispute."""
    city.publish(decision_date=D("2026-09-02"), seen="2026-09-03", absent="2026-09-02")
    city.submit(decision_date=D("2026-09-02"), received="2026-09-12")


@case()
def due_after_a_worked_sunday(city: Any) -> None:
    """09-18 + 7 counts Sunday 09-20: due 09-29."""
    city.publish(decision_date=D("2026-09-18"), seen="2026-09-29", absent="2026-09-28")
    city.submit(decision_date=D("2026-09-18"), received="2026-09-29")


@case("published_late:question", "submitted_late:fail")
def a_day_after_the_worked_sunday_counts(city: Any) -> None:
    city.publish(decision_date=D("2026-09-18"), seen="2026-09-30", absent="2026-09-28")
    city.submit(decision_date=D("2026-09-18"), received="2026-09-30")


@case("not_published:not_due")
def last_day_of_the_period_is_due_in_october(city: Any) -> None:
    city.submit(decision_date=D("2026-09-30"))


@case("column_stale:question")
def outside_the_period(city: Any) -> None:
    city.submit(decision_date=D("2026-10-01"))
    city.publish(number=2, decision_date=D("2026-08-31"))


# ---------------------------------------------------------------- the interval


@case("published_late:question")
def absent_on_the_due_day(city: Any) -> None:
    city.publish(seen="2026-09-11", absent="2026-09-10")
    city.submit()


@case("published_late:fail")
def absent_the_day_after_the_due_day(city: Any) -> None:
    city.publish(seen="2026-09-14", absent="2026-09-11")
    city.submit()


@case()
def seen_on_the_due_day(city: Any) -> None:
    city.publish(seen="2026-09-10", absent="2026-09-09")
    city.submit()


@case()
def stated_on_the_due_day_within_the_interval(city: Any) -> None:
    city.publish(seen="2026-09-14", absent="2026-09-10", stated_published_on=D("2026-09-10"))
    city.submit()


@case("backdated:warn", "published_late:question")
def stated_before_an_absence_within_time(city: Any) -> None:
    city.publish(seen="2026-09-14", absent="2026-09-10", stated_published_on=D("2026-09-09"))
    city.submit()


@case("published_late:question")
def stated_after_it_was_first_seen_proves_nothing(city: Any) -> None:
    city.publish(seen="2026-09-14", absent=None, stated_published_on=D("2026-12-31"))
    city.submit()


@case(*["backdated:question", "published_late:fail"] * 6)
def a_column_that_shows_the_day_of_decision(city: Any) -> None:
    for number in range(1, 7):
        values = {"number": number, "counterparty_key": f"第{number}公司", "counterparty_code": None}
        city.publish(seen="2026-09-14", absent="2026-09-11", stated_published_on=D("2026-09-01"), **values)
        city.submit(**values)


@case("published_late:question")
def late_here_but_another_window_was_blocked(city: Any) -> None:
    city.portal("blocked_too", {"2026-08-31": "complete", "2026-10-12": "blocked"})
    city.publish(seen="2026-09-14", absent="2026-09-11")
    city.submit()


@case("published_late:fail")
def late_in_both_windows(city: Any) -> None:
    city.portal("late_gov", {"2026-10-12": "complete"}, channel="government")
    city.publish(seen="2026-09-14", absent="2026-09-11")
    city.publish(seen="2026-09-17", absent="2026-09-14", portal_id="late_gov")
    city.submit()


@case()
def credit_portal_never_seen_does_not_matter(city: Any) -> None:
    city.portal("credit_site", {"2026-10-12": "blocked"}, channel="credit")
    both(city)


# ---------------------------------------------------------------- not published, not submitted


@case("not_published:unknown")
def looks_on_and_before_the_due_day_prove_nothing(city: Any) -> None:
    city.portal(
        "edge_gate",
        {"2026-09-09": "complete", "2026-09-10": "complete", "2026-09-11": "partial", "2026-09-14": "unreachable"},
    )
    city.submit()


@case("not_published:fail")
def one_whole_look_after_the_due_day(city: Any) -> None:
    city.portal("edge_gate2", {"2026-09-11": "complete", "2026-09-14": "blocked"})
    city.submit()


@case("not_published:unknown")
def shown_elsewhere_before_on_a_column_now_blocked(city: Any) -> None:
    """A bureau's column that has shown this unit's decisions could show this one too."""
    city.portal("watch_shared", {"2026-08-31": "complete", "2026-09-14": "blocked"}, unit_id="watch")
    city.publish(number=5, portal_id="watch_shared")
    city.submit(number=5)
    city.submit(number=6)


@case("not_published:fail", portal=False)
def retired_column_is_no_window(city: Any) -> None:
    city.portal("retired_old", {"2026-10-12": "blocked"}, active=False)
    city.portal("retired_new")
    city.submit()


@case("not_submitted:question", "not_published:question")
def a_mistyped_number_is_one_decision_not_two_faults(city: Any) -> None:
    city.publish(number="示a罚〔2026〕117号")
    city.submit(number="示a罚〔2026〕171号")


@case("not_submitted:fail", "not_published:fail")
def two_decisions_of_one_party_and_day_with_different_fines(city: Any) -> None:
    city.publish(number=11, fine_yuan=500.0)
    city.submit(number=12, fine_yuan=900.0)


@case("not_published:question", "not_submitted:question")
def a_publication_without_number_and_another_fine(city: Any) -> None:
    city.publish(number=None, fine_yuan=500.0)
    city.submit(number=12, fine_yuan=900.0)


@case("not_submitted:not_due")
def due_the_day_after_today(city: Any) -> None:
    """Made on 09-28, due on 10-13."""
    city.publish(decision_date=D("2026-09-28"), seen="2026-09-29", absent="2026-09-28")


# ---------------------------------------------------------------- pairing


@case()
def a_certificate_renewed_under_its_number(city: Any) -> None:
    """#31, #39: the same number for the same party on two days, and both sides show both."""
    for text in ("2026-09-01", "2026-09-03"):
        both(
            city,
            number="JY11406000012345",
            decision_date=D(text),
            kind="licence",
            fine_yuan=None,
            category="普通",
            content="准予",
        )


_LICENCE: dict[str, Any] = {"kind": "licence", "fine_yuan": None, "category": "普通", "content": "准予"}


@case()
def shown_under_the_number_of_its_certificate(city: Any) -> None:
    """#31: one side writes the licence number where the other has the number of the decision."""
    city.publish(number="JY1140600 0012346", **_LICENCE)
    city.submit(number=1, licence_number="jy11406000012346", **_LICENCE)
    city.publish(number=2, licence_number="JY2", counterparty_code=None, **_LICENCE)
    city.submit(number="JY2", counterparty_code=None, **_LICENCE)


@case("not_published:fail", "not_submitted:fail")
def the_same_certificate_on_another_day_is_another_decision(city: Any) -> None:
    city.publish(number="JY11406000012347", decision_date=D("2026-09-01"), **_LICENCE)
    city.submit(number=1, licence_number="JY11406000012347", decision_date=D("2026-09-02"), **_LICENCE)


@case()
def a_year_without_brackets(city: Any) -> None:
    """#30: 示罚字2026年第12号 is 示罚字〔2026〕12号."""
    city.publish(number="示罚字2026年第12号")
    city.submit(number="示罚字〔2026〕12号")


@case("duplicate:warn")
def reported_again_with_the_number_written_otherwise(city: Any) -> None:
    """#30: the second report is the same decision twice, not one that the website lacks."""
    city.publish(number="示甲罚字〔2026〕1号")
    city.submit(number="示甲罚字〔2026〕1号")
    city.submit(number="示甲罚〔2026〕01号", received="2026-09-04")


@case()
def two_windows_write_the_number_in_two_ways(city: Any) -> None:
    city.portal(id="other_window")
    city.publish(number="示乙罚字〔2026〕1号")
    city.publish(number="示乙罚〔2026〕01号", portal_id="other_window")
    city.submit(number="示乙罚字〔2026〕1号")


@case("not_published:fail")
def the_same_serial_on_another_day_is_another_decision(city: Any) -> None:
    both(city, number="示丙罚字〔2026〕51号")
    city.submit(number="示丙罚字〔2026〕5-1号", decision_date=D("2026-09-02"), received="2026-09-04")


@case("duplicate:question")
def several_rows_without_a_number(city: Any) -> None:
    """#31: perhaps several decisions of one party and day; a column without numbers does not tell."""
    city.publish(number=None, copies=2)
    city.submit(number=1)


@case("not_submitted:fail")
def two_windows_write_the_number_of_an_unreported_decision_in_two_ways(city: Any) -> None:
    """One decision that nobody reported, not two."""
    city.portal(id="another_window")
    city.publish(number="示己罚字〔2026〕1号")
    city.publish(number="示己罚〔2026〕01号", portal_id="another_window")


@case("not_submitted:fail")
def a_serial_with_a_branch_is_not_the_longer_serial(city: Any) -> None:
    both(city, number="示庚罚字〔2026〕12-1号")
    city.publish(number="示庚罚字〔2026〕121号", fine_yuan=2000.0)


@case("duplicate:question", "not_published:question")
def two_days_of_one_certificate_in_one_entry(city: Any) -> None:
    """#31: the column shows the certificate's number twice; the entry stands for two decisions."""
    city.publish(number="JY11406000012348", copies=2, **_LICENCE)
    city.submit(number=1, licence_number="JY11406000012348", **_LICENCE)
    city.submit(number=2, licence_number="JY11406000012348", decision_date=D("2026-09-03"), **_LICENCE)


@case()
def two_days_of_one_certificate_in_two_entries(city: Any) -> None:
    """The column shows the certificate's number for both, the platform each under a number of its own."""
    for serial, day in enumerate(("2026-09-01", "2026-09-03"), 1):
        city.publish(number="JY11406000012351", decision_date=D(day), **_LICENCE)
        city.submit(number=serial, licence_number="JY11406000012351", decision_date=D(day), **_LICENCE)


@case("duplicate:question", "values_differ:question")
def two_days_of_one_certificate_of_which_one_was_reported(city: Any) -> None:
    """#31: the first may be the certificate's older decision; nobody is accused of having published it twice."""
    city.publish(number="JY11406000012352", **_LICENCE)
    city.publish(number="JY11406000012352", decision_date=D("2026-09-03"), **_LICENCE)
    city.submit(number="JY11406000012352", decision_date=D("2026-09-03"), **_LICENCE)


@case("duplicate:question", "not_published:fail")
def a_doubled_entry_excuses_no_report_under_another_number(city: Any) -> None:
    city.publish(number="JY11406000012349", copies=2, decision_date=D("2026-09-03"), **_LICENCE)
    city.submit(number="JY11406000012349", decision_date=D("2026-09-03"), **_LICENCE)
    city.submit(number=2, licence_number="JY11406000012350", **_LICENCE)


@case()
def two_series_of_one_unit_reach_the_same_serial(city: Any) -> None:
    for word, fine in (("罚", 1000.0), ("环罚", 700.0)):
        both(city, number=f"示辛{word}〔2026〕12号", fine_yuan=fine, counterparty_code=None)


@case("duplicate:question", "values_differ:question")
def hidden_names_under_one_number_in_one_entry(city: Any) -> None:
    """#34: 王* three times under one number; the entry shows the fine of only one of them."""
    person: dict[str, Any] = {"counterparty_type": "natural_person", "counterparty_key": "p:王"}
    city.publish(number=1, copies=3, fine_yuan=300.0, counterparty_code=None, **person)
    city.submit(number=1, fine_yuan=200.0, counterparty_code="h:1", **person)


@case("not_submitted:question", "published_late:question")
def shown_in_time_under_a_mistyped_number(city: Any) -> None:
    """#18: the entry was corrected, and with it became another entry."""
    gone = {"gone_since": at("2026-09-18"), "last_seen": at("2026-09-14")}
    city.publish(number="示丁罚字〔2026〕2001号", seen="2026-09-03", **gone)
    city.publish(number="示丁罚字〔2026〕2010号", seen="2026-09-18", absent="2026-09-14")
    city.submit(number="示丁罚字〔2026〕2010号")


@case("published_late:fail")
def another_decision_of_the_day_was_in_time(city: Any) -> None:
    gone = {"gone_since": at("2026-09-18"), "last_seen": at("2026-09-14")}
    city.publish(number="示戊罚字〔2026〕2001号", seen="2026-09-03", **gone)
    city.submit(number="示戊罚字〔2026〕2001号")
    city.publish(number="示戊罚字〔2026〕2010号", seen="2026-09-18", absent="2026-09-14")
    city.submit(number="示戊罚字〔2026〕2010号")


@case("not_submitted:exempt")
def a_filing_among_the_licences_stands_in_no_catalogue(city: Any) -> None:
    """#13: 备案 is no licence, so no list of licences need name it."""
    city.entry("catalogue", item_name="食品经营许可", kind="licence")
    city.publish(case_name="食品经营备案", **_LICENCE)


@case()
def several_parties_under_one_number(city: Any) -> None:
    for name, code in (("甲公司", "91140600MA0GTXYZ1A"), ("乙公司", "91140600MA0GTXYZ2B")):
        both(city, number=3, counterparty_key=name, counterparty_code=code)


@case()
def one_party_with_several_numbers(city: Any) -> None:
    for number in (1, 2, 3):
        both(city, number=number)


@case()
def organisation_code_beside_the_unified_code(city: Any) -> None:
    city.publish(counterparty_code="MA0GTXYZ1")
    city.submit()


@case()
def a_half_hidden_code(city: Any) -> None:
    city.publish(counterparty_code="9114****TXYZ1A")
    city.submit()


@case("values_differ:fail")
def another_code_under_number_and_name(city: Any) -> None:
    city.publish(counterparty_code="91140600MA0GTXYZ9Z")
    city.submit()


@case()
def sole_trader_filed_as_organisation(city: Any) -> None:
    city.publish(counterparty_type="sole_trader", counterparty="示例小吃店", counterparty_key="示例小吃店")
    city.submit(counterparty_type="organisation")


@case("not_submitted:fail")
def a_person_must_still_be_reported(city: Any) -> None:
    city.publish(
        counterparty="李某", counterparty_key="p:李", counterparty_type="natural_person", counterparty_code=None
    )


# ---------------------------------------------------------------- registers


@case("not_published:exempt")
def exemption_on_its_last_day(city: Any) -> None:
    city.entry("exemptions", effective_from=D("2026-09-01"), effective_to=D("2026-09-01"))
    city.submit()


@case("not_published:fail")
def exemption_from_the_day_after(city: Any) -> None:
    city.entry("exemptions", effective_from=D("2026-09-02"))
    city.submit()


@case("not_published:fail")
def exemption_of_the_other_kind(city: Any) -> None:
    city.entry("exemptions", kind="licence")
    city.submit()


@case("not_published:exempt", "not_published:fail")
def exemption_of_one_number(city: Any) -> None:
    city.entry("exemptions", document_number=1)
    city.submit(number=1)
    city.submit(number=2)


@case("not_published:exempt", "not_submitted:exempt")
def exemption_of_both_kinds_explains_either_side(city: Any) -> None:
    city.entry("exemptions", kind=None)
    city.submit(number=1)
    city.publish(number=2, counterparty_key="丙公司", counterparty_code=None)


@case("not_published:fail")
def a_repair_before_the_decision_is_of_another_one(city: Any) -> None:
    city.entry("repairs", counterparty_code="91140600MA0GTXYZ1A", effective_from=D("2026-03-01"))
    city.submit()


@case("not_published:exempt")
def a_repair_of_the_party_after_the_decision(city: Any) -> None:
    city.entry("repairs", counterparty_code="91140600MA0GTXYZ1A", effective_from=D("2026-09-08"))
    city.submit()


@case("past_term:warn")
def eight_working_days_after_the_repair(city: Any) -> None:
    """Repaired on 09-08: seven working days end on 09-17."""
    city.entry("repairs", document_number=1, effective_from=D("2026-09-08"))
    city.publish(last_seen=at("2026-09-18"), gone_since=at("2026-10-12"))
    city.submit()


@case()
def gone_seven_working_days_after_the_repair(city: Any) -> None:
    city.entry("repairs", document_number=1, effective_from=D("2026-09-08"))
    city.publish(last_seen=at("2026-09-17"), gone_since=at("2026-10-12"))
    city.submit()


@case()
def shown_on_the_last_day_of_its_term(city: Any) -> None:
    city.publish(publicity_until=D("2026-10-12"))
    city.submit()


@case()
def gone_after_its_term(city: Any) -> None:
    city.publish(publicity_until=D("2026-09-20"), last_seen=at("2026-09-17"), gone_since=at("2026-10-12"))
    city.submit()
    both(city, number=2)


@case()
def rolled_off_in_the_order_of_publication(city: Any) -> None:
    """#21: a list drops what it showed first, though an older decision, shown late, is still there."""
    city.publish(
        decision_date=D("2026-09-02"),
        stated_published_on=D("2026-09-02"),
        seen="2026-09-03",
        last_seen=at("2026-09-17"),
        gone_since=at("2026-10-12"),
    )
    city.submit(decision_date=D("2026-09-02"))
    city.publish(
        number=2,
        decision_date=D("2026-09-01"),
        stated_published_on=D("2026-09-09"),
        seen="2026-09-10",
        absent="2026-09-09",
    )
    city.submit(number=2)


@case("not_submitted:question")
def corrected_and_posted_anew(city: Any) -> None:
    """#18: the entry with a mistyped number goes, the corrected one comes."""
    city.publish(number="示a罚〔2026〕991号", last_seen=at("2026-09-08"), gone_since=at("2026-09-10"))
    city.publish(number=1, seen="2026-09-10", absent="2026-09-08")
    city.submit(number=1)


@case("withdrawn_unexplained:question")
def a_column_emptied_at_once_may_have_moved(city: Any) -> None:
    city.publish(last_seen=at("2026-09-17"), gone_since=at("2026-10-12"))
    city.submit()


@case("field_invalid:question", "field_missing:question", "over_disclosed:question", "values_differ:question")
def read_from_a_picture_it_proves_no_wording(city: Any) -> None:
    """#22: what was guessed from a scan shows that something was published, not what exactly."""
    said = {"severity": "E", "message": "有误", "cure": "更正", "rule": "T1"}
    named = (("field_missing", "basis"), ("field_invalid", "valid_to"), ("over_disclosed", "facts"))
    defects = [said | {"code": code, "field": field} for code, field in named]
    city.publish(confidence=0.4, form="image", fine_yuan=7000.0, defects=defects)
    city.submit()


# ---------------------------------------------------------------- columns


@case("column_empty:question", "not_published:exempt", portal=False)
def a_blank_column_of_persons_only(city: Any) -> None:
    """#9: what need not be shown leaves a column lawfully blank."""
    city.portal(looks={"2026-09-14": "column_empty", "2026-10-12": "column_empty"})
    city.submit(
        counterparty="李某", counterparty_key="p:李", counterparty_type="natural_person", counterparty_code=None
    )


@case("column_empty:question", "not_published:not_due", portal=False)
def a_blank_column_before_anything_is_due(city: Any) -> None:
    city.portal(looks={"2026-10-12": "column_empty"})
    city.submit(decision_date=D("2026-09-30"))


@case(portal=False)
def missing_twice_within_six_days(city: Any) -> None:
    city.portal(looks={"2026-09-14": "column_missing", "2026-09-20": "column_missing"})
    both(city)


@case("column_missing:fail", portal=False)
def missing_twice_in_seven_days(city: Any) -> None:
    city.portal(looks={"2026-09-14": "column_missing", "2026-09-21": "column_missing"})
    both(city)


@case(assessed=False)
def a_monitored_unit_is_not_asked_for_a_catalogue(city: Any) -> None:
    both(city)


# ---------------------------------------------------------------- running it


@pytest.fixture(scope="module")
def found(whole_city: Any) -> dict[str, list[str]]:
    whole_city.place("watch", portal=False)
    whole_city.portal(looks={"2026-09-14": "complete", "2026-09-20": "complete", "2026-09-21": "complete"})
    for name, (build, _, how) in CASES.items():
        build(whole_city.place(name, how["portal"], declared=False, **how["unit"]))
    return {name: found for name, (found, _) in whole_city.found(CASES, ignore="silent_item").items()}


@pytest.mark.parametrize("name", CASES)
def test_edge(name: str, found: dict[str, list[str]]) -> None:
    assert sorted(found.get(name, [])) == CASES[name][1]


def test_messages_are_whole_sentences(whole_city: Any, found: dict[str, list[str]]) -> None:
    with session_of(whole_city.workspace) as session:
        for row in session.query(Finding):
            for mark in ("None", "{", "首次查看之前 ", "（）", "不详", "　"):
                assert mark not in row.message, row.message
            if row.level in ("fail", "warn") and row.due_date and row.code.endswith(("late", "submitted", "published")):
                assert f"最迟应于 {row.due_date}" in row.message


def test_a_renewed_certificate_is_two_pairs(whole_city: Any, found: dict[str, list[str]]) -> None:
    with session_of(whole_city.workspace) as session:
        lines = session.query(Pair).filter(Pair.unit_id == "a_certificate_renewed_under_its_number").all()
        assert sorted((line.rule, line.verdict) for line in lines) == [("number_code", "agreed")] * 2
