"""Every check: where it accuses, where all is well, and where it must hold its tongue. One unit a case, one assessment."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assessment.checks import NOT_JUDGED, all_checks
from assessment.run import assess
from db.models import Finding
from db.session import session_of

D = datetime.date.fromisoformat
A, S = "2026-09-14", "2026-09-17"  # looks that lie after the due day of 2026-09-01 (2026-09-10)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}T09:00:00+08:00")


def both(city: Any, **values: Any) -> None:
    city.publish(**values)
    city.submit(**values)


def defect(code: str, severity: str, field: str = "facts") -> list[dict[str, str]]:
    return [{"rule": "X1", "code": code, "field": field, "severity": severity, "message": "内容有误", "cure": "请更正"}]


def licence(**values: Any) -> dict[str, Any]:
    return {"kind": "licence", "category": "普通", "fine_yuan": None, "content": "准予许可"} | values


def case(build: Callable[[Any], None], *codes: str, portal: bool = True, catalogue: bool = True, **unit: Any) -> Any:
    return build, sorted(codes), portal, catalogue, unit


def make(*steps: tuple[str, dict[str, Any]]) -> Callable[[Any], None]:
    """The named methods of City called one after another."""

    def build(city: Any) -> None:
        for name, values in steps:
            getattr(city, name)(**values)

    return build


PUB, SUB = "publish", "submit"
PERSON = {
    "counterparty": "张某某",
    "counterparty_key": "p:张",
    "counterparty_type": "natural_person",
    "counterparty_code": None,
}
COUNTY = {"level": "county_department"}  # a credit website of a municipal unit would serve every municipal unit
CASES: dict[str, Any] = {
    "in_time": case(make((PUB, {}), (SUB, {}))),
    # submitted_late
    "late_report": case(make((PUB, {}), (SUB, {"received": "2026-09-11"})), "submitted_late:fail"),
    "report_on_due_day": case(make((PUB, {}), (SUB, {"received": "2026-09-10"}))),
    "late_report_exempt": case(
        make((PUB, {}), (SUB, {"received": "2026-09-30"}), ("entry", {"register": "exemptions", "document_number": 1}))
    ),
    "late_report_repaired": case(
        make((PUB, {"last_seen": at("2026-09-12")}), (SUB, {"received": "2026-09-30"}),
             ("entry", {"register": "repairs", "document_number": 1, "effective_from": D("2026-09-10")})), "submitted_late:fail"),
    # not_submitted
    "never_reported": case(make((PUB, {})), "not_submitted:fail"),
    "reported_with_other_brackets": case(make((PUB, {"number": "示局罚[2026]77号"}), (SUB, {"number": "示局罚（2026） 77 号"}))),
    "not_due_yet": case(make((PUB, {"decision_date": D("2026-09-30"), "seen": "2026-10-09", "absent": "2026-09-28"})), "not_submitted:not_due"),
    "vertical": case(make((PUB, {})), "not_submitted:exempt", level="vertical"),
    "refused_before": case(make((PUB, {}), ("refuse", {"given": 1})), "not_submitted:question"),
    "reported_without_number": case(make((PUB, {}), (SUB, {"number": None}))),
    # not_published
    "never_shown": case(make((SUB, {})), "not_published:fail"),
    "shown_nowhere_looked": case(make((SUB, {})), "not_published:unknown", portal=False),
    "person_not_shown": case(make((SUB, PERSON)), "not_published:exempt"),
    "warning_only": case(make((SUB, {"category": "警告", "fine_yuan": None, "content": "警告"})), "not_published:exempt"),
    "simple_procedure": case(make((SUB, {"number": "示简罚〔2026〕5号"})), "not_published:exempt"),
    "repaired": case(make((SUB, {}), ("entry", {"register": "repairs", "document_number": 1, "effective_from": D("2026-09-20")})), "not_published:exempt"),
    "exempt_unit": case(make((SUB, {}), ("entry", {"register": "exemptions", "effective_from": D("2026-01-01")})), "not_published:exempt"),
    "exemption_expired": case(make((SUB, {}), ("entry", {"register": "exemptions", "effective_to": D("2026-08-31")})), "not_published:fail"),
    "undated": case(make((SUB, {"decision_date": None})), "not_published:question"),
    "another_window_blocked": case(
        make((SUB, {}), ("portal", {"id": "blocked_gov", "looks": {A: "blocked"}})), "not_published:unknown"),
    # published_late
    "shown_late": case(make((PUB, {"seen": S, "absent": A}), (SUB, {})), "published_late:fail"),
    "shown_late_by_own_date": case(make((PUB, {"seen": S, "absent": None, "stated_published_on": D("2026-09-15")}), (SUB, {})), "published_late:fail"),
    "straddles": case(make((PUB, {"seen": S, "absent": "2026-09-07"}), (SUB, {})), "published_late:question"),
    "straddles_with_date": case(make((PUB, {"seen": S, "absent": "2026-09-07", "stated_published_on": D("2026-09-08")}), (SUB, {}))),
    "first_look_too_late": case(make((PUB, {"seen": S, "absent": None}), (SUB, {})), "published_late:question"),
    "person_late": case(make((PUB, PERSON | {"seen": S, "absent": A}), (SUB, PERSON))),
    "second_window_in_time": case(make(
        ("portal", {"id": "second_gov"}), (PUB, {"seen": S, "absent": A}), (PUB, {"portal_id": "second_gov"}), (SUB, {}))),
    # backdated
    "dated_back": case(make((PUB, {"seen": S, "absent": A, "stated_published_on": D("2026-09-02")}), (SUB, {})), "backdated:warn", "published_late:fail"),
    # values_differ
    "fines_differ": case(make((PUB, {}), (SUB, {"fine_yuan": 2000.0})), "values_differ:fail"),
    "fines_within_a_cent": case(make((PUB, {}), (SUB, {"fine_yuan": 1000.009}))),
    "one_side_silent": case(make((PUB, {"fine_yuan": None}), (SUB, {}))),
    "renamed_same_code": case(make((PUB, {}), (SUB, {"counterparty": "新名有限公司", "counterparty_key": "新名有限公司"}))),
    "licence_numbers_differ_in_shape": case(make((PUB, {"licence_number": "JY1（2026）9"}), (SUB, {"licence_number": "jy1(2026)9"}))),
    "names_differ_without_code": case(
        make((PUB, {"counterparty_code": None}), (SUB, {"counterparty": "乙公司", "counterparty_key": "乙公司"})), "values_differ:question"),
    "two_windows_differ": case(make(("portal", {"id": "differs_gov", "channel": "government"}), (PUB, {}),
                                    (PUB, {"portal_id": "differs_gov", "fine_yuan": 7000.0})),
                               "not_submitted:fail", "values_differ:question", **COUNTY),
    "two_windows_agree": case(make(("portal", {"id": "agrees_gov", "channel": "government"}), (PUB, {}),
                                   (PUB, {"portal_id": "agrees_gov"})), "not_submitted:fail",
                              **COUNTY),
    # field_missing, field_invalid, over_disclosed
    "placeholder_reported": case(make((PUB, {}), (SUB, {"content": "详见决定书"})), "field_invalid:question"),
    "short_but_real": case(make((PUB, {}), (SUB, {"content": "罚款一千元"}))),
    "missing_reported": case(make((PUB, {}), (SUB, {"defects": defect("field_missing", "E")})), "field_missing:fail"),
    "missing_shown": case(make((PUB, {"defects": defect("field_missing", "E")}), (SUB, {})), "field_missing:warn"),
    "missing_perhaps": case(make((PUB, {"defects": defect("field_missing", "W")}), (SUB, {})), "field_missing:question"),
    "missing_remark": case(make((PUB, {}), (SUB, {"defects": defect("field_missing", "I")}))),
    "invalid": case(make((PUB, {}), (SUB, {"defects": defect("field_invalid", "E") * 2})), "field_invalid:fail"),
    "check_digit": case(make((PUB, {}), (SUB, {"defects": defect("field_invalid", "W", "counterparty_code")})), "field_invalid:question"),
    "personal_data_shown": case(make((PUB, {"defects": defect("over_disclosed", "E")}), (SUB, {})), "over_disclosed:fail"),
    "personal_data_reported": case(make((PUB, {}), (SUB, {"defects": defect("over_disclosed", "E")}))),
    # duplicate
    "reported_twice": case(make((PUB, {}), (SUB, {}), (SUB, {"received": "2026-09-04"})), "duplicate:warn"),
    "exported_again": case(make((PUB, {}), (SUB, {"copies": 4}))),
    "shown_twice": case(make((PUB, {"copies": 2}), (SUB, {})), "duplicate:warn"),
    "two_parties_one_number": case(make(
        (PUB, {}), (SUB, {}), (PUB, {"counterparty_key": "乙公司", "counterparty_code": None}),
        (SUB, {"counterparty_key": "乙公司", "counterparty_code": None}))),
    # withdrawn_unexplained
    "gone": case(make((PUB, {"last_seen": at(A), "gone_since": at(S)}), (SUB, {}), (PUB, {"number": 2, "decision_date": D("2026-09-01")}),
                      (SUB, {"number": 2})), "withdrawn_unexplained:warn"),
    "gone_with_note": case(make((PUB, {"last_seen": at(A), "gone_since": at(S)}), (SUB, {}), (PUB, {"number": 2}), (SUB, {"number": 2}),
                                ("entry", {"register": "withdrawals", "document_number": 1}))),
    "rolled_off": case(make((PUB, {"last_seen": at(A), "gone_since": at(S)}), (SUB, {}), (PUB, {"number": 2, "decision_date": D("2026-09-02")}),
                            (SUB, {"number": 2, "decision_date": D("2026-09-02")}))),
    # past_term
    "shown_past_term": case(make((PUB, {"publicity_until": D("2026-10-01")}), (SUB, {})), "past_term:warn"),
    "shown_after_repair": case(
        make((PUB, {}), (SUB, {}), ("entry", {"register": "repairs", "document_number": 1, "effective_from": D("2026-09-10")})),
        "past_term:warn"),
    "just_repaired": case(make((PUB, {}), (SUB, {}), ("entry", {"register": "repairs", "document_number": 1, "effective_from": D("2026-10-09")}))),
    # catalogue
    "no_catalogue": case(make((PUB, {}), (SUB, {})), "catalogue_missing:warn", catalogue=False),
    "outside": case(make(("entry", {"register": "catalogue", "kind": "licence", "item_name": "食品经营许可"}), (PUB, {}), (SUB, {}),
                         (PUB, licence(number=7, case_name="烟草专卖许可")), (SUB, licence(number=7, case_name="烟草专卖许可"))),
                    "outside_catalogue:warn", "silent_item:question"),
    "inside": case(make(("entry", {"register": "catalogue", "kind": "licence", "item_name": "食品经营 许可"}), (PUB, {}), (SUB, {}),
                        (PUB, licence(number=7, case_name="食品经营许可证")), (SUB, licence(number=7, case_name=None)))),
    "silent": case(make(), "silent_item:question"),
    "declared": case(make(("entry", {"register": "declarations", "period": "2026-09"}))),
    # columns
    "column_gone": case(make(("portal", {"looks": {"2026-09-07": "column_missing", A: "column_missing"}}), (PUB, {}), (SUB, {})),
                        "column_missing:fail", portal=False),
    "column_gone_once": case(make(("portal", {"looks": {A: "column_missing"}}), (PUB, {}), (SUB, {})), portal=False),
    "column_down": case(make(("portal", {"looks": {"2026-09-07": "unreachable", A: "unreachable", S: "unreachable"}}), (PUB, {}), (SUB, {})),
                        "column_unreachable:fail", portal=False),
    "column_down_for_a_day": case(make(("portal", {"looks": {A: "unreachable", S: "complete", "2026-10-12": "complete"}}), (PUB, {}), (SUB, {})), portal=False),
    "column_blocked": case(make(("portal", {"looks": {"2026-09-07": "blocked", A: "blocked", S: "blocked"}}), (PUB, {}), (SUB, {})), portal=False),
    "column_blank": case(make(("portal", {"looks": {A: "column_empty"}}), (SUB, {})), "column_empty:fail", "not_published:fail", portal=False),
    "column_blank_idle": case(make(("portal", {"looks": {A: "column_empty"}}), ("entry", {"register": "exemptions"})),
                              "column_empty:question", "silent_item:question", portal=False),
    # columns that are not renewed, lead nowhere, or lack what another window shows
    "column_quiet": case(make(("publish", {"decision_date": D("2026-08-20"), "seen": "2026-08-31", "absent": None})), "column_stale:question",
                         "silent_item:question"),
    "column_quiet_declared": case(make(("publish", {"decision_date": D("2026-08-20"), "seen": "2026-08-31", "absent": None}),
                                       ("entry", {"register": "declarations", "period": "2026-09"}))),
    "column_renewed_in_time": case(make(("portal", {"entry": {"expect": {"newest_within_days": 60}}}), (PUB, {}), (SUB, {})), portal=False),
    "column_beyond_its_days": case(make(("portal", {"entry": {"expect": {"newest_within_days": 30}}}), (PUB, {}), (SUB, {})),
                                   "column_stale:question", portal=False),
    "column_undated": case(make(*[(PUB, {"number": n, "decision_date": None}) for n in range(5)], *[(SUB, {"number": n}) for n in range(5)]),
                           "column_stale:question"),
    "column_undated_but_few": case(make((PUB, {"decision_date": None}), (SUB, {}))),
    "link_dead": case(make(("dead", {"days": ["2026-09-07", A]}), (PUB, {}), (SUB, {})), "dead_link:warn", portal=False),
    "link_dead_six_days": case(make(("dead", {"days": ["2026-09-08", A]}), (PUB, {}), (SUB, {})), portal=False),
    "link_dead_and_mended": case(make(("dead", {"days": ["2026-09-07", A], "whole": [S]}), (PUB, {}), (SUB, {})), portal=False),
    "link_faulty": case(make(("dead", {"days": ["2026-09-07", A], "gone": False}), (PUB, {}), (SUB, {})), "dead_link:question", portal=False),
    "window_lacks_it": case(make(("portal", {"id": "lacks_credit", "channel": "credit"}), (PUB, {}), (SUB, {})), "channel_missing:question", **COUNTY),
    "window_has_it": case(make(("portal", {"id": "has_credit", "channel": "credit"}), (PUB, {}), (PUB, {"portal_id": "has_credit"}), (SUB, {})), **COUNTY),
    "window_not_seen": case(make(("portal", {"id": "blind_credit", "channel": "credit", "looks": {A: "partial"}}), (PUB, {}), (SUB, {})), **COUNTY),
    "window_not_due": case(make(("portal", {"id": "early_credit", "channel": "credit", "looks": {"2026-09-10": "complete"}}), (PUB, {}), (SUB, {})), **COUNTY),
    "column_blank_declared": case(make(("portal", {"looks": {A: "column_empty"}}), ("entry", {"register": "declarations", "period": "2026-09"})), portal=False),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(whole_city: Any) -> Iterator[dict[str, list[str]]]:
    """unit -> "code:level" of every finding."""
    whole_city.unit("watch")  # other portals can be reached on the days of the outage
    whole_city.portal(looks={day: "complete" for day in ("2026-09-07", A, S)})
    whole_city.entry("catalogue", item_name="违法经营案")
    for name, (build, _, portal, catalogue, unit) in CASES.items():
        whole_city.unit(name, **unit)
        if portal:
            whole_city.portal()
        if catalogue:
            whole_city.entry("catalogue", item_name="违法经营案")
        build(whole_city)
    whole_city.store()
    assess(whole_city.workspace, "2026-09", as_of=D("2026-10-12"))
    made: dict[str, list[str]] = {}
    with session_of(whole_city.workspace) as session:
        for row in session.query(Finding):
            made.setdefault(row.unit_id, []).append(f"{row.code}:{row.level}")
    yield made


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, found: dict[str, list[str]]) -> None:
    assert sorted(found.get(name, [])) == CASES[name][1]


def test_every_check_has_an_accusing_and_a_silent_case() -> None:
    asked = {code.split(":")[0] for _, codes, *_ in CASES.values() for code in codes}
    assert asked == {check.id for check in all_checks()}
    assert any(len(codes) == 0 for _, codes, *_ in CASES.values())


@pytest.mark.parametrize(
    ("code", "example"), [(c.id, e) for c in all_checks() for e in c.examples], ids=lambda x: getattr(x, "id", x)
)
def test_every_example_is_so(code: str, example: Any, found: dict[str, list[str]]) -> None:
    """What a check tells as its examples are cases of this table."""
    levels = {each.split(":")[1] for each in found.get(example.id, []) if each.startswith(f"{code}:")}
    assert levels == ({example.level} if example.level else set()) and len(example.said) > 2


def test_every_check_tells_what_it_finds_and_what_it_spares() -> None:
    for each in all_checks():
        levels = [example.level for example in each.examples]
        assert set(levels) & {"fail", "warn", "question"} and set(levels) & {None, "not_due", "exempt", "unknown"}, (
            each.id
        )


def test_checks_are_described() -> None:
    codes = [check.id for check in all_checks()]
    assert len(codes) == len(set(codes)) == 21
    assert not set(codes) & set(NOT_JUDGED)
    for check in all_checks():
        assert check.title and check.basis and check.cure and check.version >= 1 and len(check.explanation) > 10
        assert all(outcome.message for outcome in check.outcomes())


def test_findings_carry_their_proof(whole_city: Any, found: dict[str, list[str]]) -> None:
    with session_of(whole_city.workspace) as session:
        rows = session.query(Finding).all()
    for row in rows:
        assert row.basis and row.message and "{" not in row.message and "None" not in row.message
        assert row.proof["cure"] and row.proof["version"] >= 1
        if row.level in ("fail", "warn") and row.dimension == "timeliness" and row.code.endswith("_late"):
            assert row.due_date is not None and row.days_late >= 1 and "国办发〔2015〕51号" in row.basis
