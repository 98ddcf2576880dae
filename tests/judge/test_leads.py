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
