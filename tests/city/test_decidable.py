"""The truth follows from the judging rules and the looks of the timeline: an oracle of its own comes to the same list.

The oracle knows showings and sendings only, not what `faults` meant to do. What it accuses must be the truth, and
everything that looks like a fault but is lawful must stay unaccused.
"""

from __future__ import annotations

import datetime

import pytest

from sample_city.city import City, Decision, Showing, make
from sample_city.plan import AS_OF, FILE_DAYS
from standard.workdays import Calendar

TIMED = (
    "published_late",
    "submitted_late",
    "not_published",
    "not_submitted",
    "backdated",
    "withdrawn_unexplained",
    "past_term",
    "duplicate",
)


@pytest.fixture(scope="module", params=[1, 2, 3, 7, 20, 99])
def city(request: pytest.FixtureRequest) -> City:
    return make(request.param)


def seen(city: City, decision: Decision, showing: Showing) -> list[datetime.date]:
    """The days of complete looks that showed it."""
    oldest = showing.portal.window
    return [
        look.date()
        for look in city.looks(showing.portal)
        if showing.visible(look) and (oldest is None or (look.date() - decision.date).days <= oldest)
    ]


def proven_absent(city: City, showing: Showing, first: datetime.date) -> datetime.date | None:
    days = [look.date() for look in city.looks(showing.portal) if look.date() < first]
    return days[-1] if days else None


def stated(city: City, showing: Showing, first: datetime.date) -> datetime.date | None:
    """The date the column states at the first look: its own, or that of the spreadsheet which holds the record."""
    if showing.portal.family == "attachment_list" and not showing.portal.dated:
        look = next(m for m in city.timeline if m.date() == first)
        return max(s.at.date() for d, s in city.visible(showing.portal, look) if s.at.month == showing.at.month)
    return showing.stated if showing.portal.dated else None


def exempt_from_publication(city: City, d: Decision) -> bool:
    registered = any(
        line.get("单位") == d.unit.name
        and line.get("决定书文号", d.number) == d.number
        and line["信息类别"] == ("行政许可" if d.kind == "licence" else "行政处罚")
        for name in ("exemptions", "repairs", "withdrawals")
        for line in city.register_lines[name]
    )
    return registered or d.party.type == "natural_person" or d.category == "警告" or "简罚" in d.number


def explained(city: City, d: Decision) -> bool:
    return any(
        line["单位"] == d.unit.name and line.get("决定书文号") == d.number
        for name in ("exemptions", "repairs", "withdrawals")
        for line in city.register_lines[name]
    )


def judge(city: City, calendar: Calendar, d: Decision) -> set[str]:
    """Codes of the timed rules that this decision deserves."""
    codes: set[str] = set()
    shows = [(s, days) for s in d.showings if (days := seen(city, d, s))]
    accepted = [s for s in d.sendings if not s.unknown_unit]
    attempts = d.sendings
    if accepted:
        received = min(s.at for s in attempts).date()
        if received > city.report_due(d, received) and received > d.due:
            codes.add("submitted_late")
        if len({(s.overrides.get("document_number") or d.number) for s in accepted}) > 1:
            codes.add("duplicate")
    if any(s.twice for s, _ in shows):
        codes.add("duplicate")
    states = []
    for s, days in shows:
        absent, say = proven_absent(city, s, days[0]), stated(city, s, days[0])
        credible = say is not None and say <= days[0] and (absent is None or say >= absent)
        if say is not None and absent is not None and say < absent:
            codes.add("backdated")
        if days[0] <= d.due or (credible and say is not None and say <= d.due):
            states.append("on time")
        elif (absent is not None and absent > d.due) or (say is not None and say > d.due):
            states.append("late")
        else:
            states.append("question")
        looks = [look.date() for look in city.looks(s.portal)]
        if days[-1] < looks[-1]:
            later = [e[0].date for e in city.visible(s.portal, city.looks(s.portal)[-1])]
            if not explained(city, d) and not (later and d.date < min(later)):
                codes.add("withdrawn_unexplained")
        repairs = [
            line["修复决定日期"]
            for line in city.register_lines["repairs"]
            if line["决定书文号"] == d.number and line["单位"] == d.unit.name
        ]
        if repairs and days[-1] > calendar.add(datetime.date.fromisoformat(repairs[0]), 7):
            codes.add("past_term")
        if d.publicity_until is not None and days[-1] > calendar.add(d.publicity_until, 7):
            codes.add("past_term")
    if d.party.type != "natural_person" and states and set(states) == {"late"}:
        codes.add("published_late")
    if accepted and not shows and not exempt_from_publication(city, d) and d.due < AS_OF:
        portals = city.portals_of(d.unit, d.kind)
        if portals and all(any(look.date() > d.due for look in city.looks(p)) for p in portals):
            codes.add("not_published")
    told = FILE_DAYS[-1] if d.unit.edition == "2018" else AS_OF  # a county's own files end before the city's export
    if shows and not attempts and d.due < told and d.unit.level != "vertical" and "简罚" not in d.number:
        codes.add("not_submitted")
    return codes


def test_an_oracle_comes_to_the_same_truth(city: City) -> None:
    truth = {(e.unit, e.kind, e.document_number, e.code) for e in city.truth if e.code in TIMED}
    found = {
        (d.unit.id, d.kind, d.number, code)
        for d in city.decisions
        if d.in_period
        for code in judge(city, city.calendar, d)
    }
    assert found - truth == set()
    assert truth - found == set()


def test_lookalikes_are_not_accused(city: City) -> None:
    accused = {
        (d.unit.id, d.kind, d.number, code)
        for d in city.decisions
        if d.in_period
        for code in judge(city, city.calendar, d)
    }
    wrong = [
        (look.why, look.document_number)
        for look in city.lookalikes
        for code in look.forbidden
        if (look.unit, look.kind, look.document_number, code) in accused
    ]
    assert wrong == []


def test_a_decision_is_seeded_once(city: City) -> None:
    seeded = {(e.unit, e.kind, e.document_number) for e in city.truth if e.document_number}
    looks = {(x.unit, x.kind, x.document_number) for x in city.lookalikes if x.document_number}
    assert seeded & looks == set()


def test_every_item_of_the_catalogue_is_used_unless_the_truth_says_so(city: City) -> None:
    silent = [e.unit for e in city.truth if e.code == "silent_item"]
    for line in city.catalogue:
        used = any(
            d.unit is line.unit
            and d.in_period
            and line.name in (d.case_name, d.licence_name)
            and (d.sendings or d.showings)
            for d in city.decisions
        )
        assert used or line.unit.id in silent or line.unit.id == "donghu" or not line.published, line


def test_clean_decisions_are_in_the_catalogue(city: City) -> None:
    listed = {(line.unit.id, line.name) for line in city.catalogue}
    outside = {(e.unit, e.document_number) for e in city.truth if e.code == "outside_catalogue"}
    without = {e.unit for e in city.truth if e.code == "catalogue_missing"}
    for d in city.decisions:
        if d.kind == "licence" and d.in_period and d.unit.id not in without:
            assert ((d.unit.id, d.case_name) in listed) != ((d.unit.id, d.number) in outside), d.number
