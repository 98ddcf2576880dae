"""Leads: told, never counted."""

import datetime
from typing import Any

D = datetime.date


def report(city: Any, day: str, spread: int, n: int = 24) -> None:
    for number in range(n):
        on = D(2026, 9, 1) + datetime.timedelta(days=number % spread)
        city.submit(
            number=number, decision_date=on, received=day, counterparty_key=f"公司{number}", counterparty_code=None
        )


def test_saved_up_and_sent_on_one_day(city: Any) -> None:
    report(city, "2026-09-30", spread=20)
    result = city.judge()
    (lead,) = result.run.summary["leads"]
    assert (lead["unit"], lead["kind"], lead["lead"], lead["n"], lead["day"]) == (
        "fgw",
        "penalty",
        "batch_dump",
        24,
        "2026-09-30",
    )
    assert "占本期 24 条的 100%" in lead["message"]
    assert "batch_dump" not in {finding["code"] for finding in result.findings}


def test_one_action_on_one_day_is_none(city: Any) -> None:
    """#48: many decisions of the same days, reported together, are an ordinary peak."""
    report(city, "2026-09-10", spread=5)
    assert city.judge().run.summary["leads"] == []


def test_an_agreed_back_filling_is_none(city: Any) -> None:
    city.entry(
        "backfills", effective_from=D(2026, 9, 1), effective_to=D(2026, 9, 30), data={"约定补报期限": "2026-12-31"}
    )
    report(city, "2026-09-30", spread=20)
    assert city.judge().run.summary["leads"] == []


def numbered(city: Any, *serials: int, **values: Any) -> None:
    for serial in serials:
        both = {
            "number": f"示fgw罚字〔2026〕{serial}号",
            "counterparty_key": f"公司{serial}",
            "counterparty_code": None,
        } | values
        city.publish(**both)
        city.submit(**both)


def gaps(city: Any) -> list[dict[str, Any]]:
    return [lead for lead in city.judge().run.summary["leads"] if lead["lead"] == "number_gap"]


def test_numbers_that_nobody_ever_saw(city: Any) -> None:
    numbered(city, 3, 4, 5, 8, 9, 10, 12)
    (lead,) = gaps(city)
    assert (lead["unit"], lead["kind"], lead["series"], lead["n"]) == ("fgw", "penalty", "示FGW罚字〔2026〕", 3)
    assert "3–12 号之间，已知 7 号，缺 3 号：6–7、11；" in lead["message"]


def test_a_whole_series_has_no_gap(city: Any) -> None:
    numbered(city, *range(3, 13))
    assert gaps(city) == []


def test_a_number_known_from_anywhere_is_no_gap(city: Any) -> None:
    """Refused, registered, of another month, another kind, another unit, or written without 字."""
    numbered(city, 1, 2, 3, 10, 11)
    city.refuse("示fgw罚字〔2026〕4号")
    city.entry("exemptions", document_number="示fgw罚字〔2026〕5号")
    numbered(city, 6, decision_date=D(2026, 8, 31))
    numbered(city, 7, kind="licence", category="普通", fine_yuan=None)
    numbered(city, 8, number="示fgw罚〔2026〕8号")
    city.unit("other")
    city.submit(number="示fgw罚字〔2026〕9号")
    assert gaps(city) == []


def test_few_numbers_or_numbers_far_apart_are_no_series(city: Any) -> None:
    numbered(city, 1, 3, 5, 6)
    assert gaps(city) == []
    numbered(city, 900)
    assert gaps(city) == []


def test_only_some_gaps_are_named(city: Any) -> None:
    numbered(city, *range(1, 16, 2), *range(15, 30))
    (lead,) = gaps(city)
    assert lead["n"] == 7 and "缺 7 号：2、4、6、8、10 等；" in lead["message"]


def test_what_is_not_due_yet_makes_no_gap(city: Any) -> None:
    numbered(city, 1, 2, 3, 4, 5)
    numbered(city, 8, 9, decision_date=D(2026, 9, 30), seen="2026-10-09", received="2026-10-09")
    assert gaps(city) == []
