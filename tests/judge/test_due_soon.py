"""The early warning: what one side has and the other has not, before it is late, with the working days that are left."""

import datetime
import json
from typing import Any

from click.testing import CliRunner

from cli import mingcha
from db.session import session_of
from reports import export, mail

D = datetime.date.fromisoformat


def test_days_left_the_most_urgent_first(city: Any) -> None:
    """Assessed on Monday 10-12; due days 10-13, 10-14 and 10-15, one working day apart; a report agreed for later waits longest."""
    city.publish(number=1, decision_date=D("2026-09-29"), seen="2026-10-09", absent="2026-09-28")
    city.submit(number=2, decision_date=D("2026-09-28"), counterparty_key="乙公司", counterparty_code=None)
    city.submit(number=3, decision_date=D("2026-09-30"), counterparty_key="丙公司", counterparty_code=None)
    city.publish(number=4, decision_date=D("2026-09-21"), counterparty_key="丁公司", counterparty_code=None)
    city.entry(
        "backfills", effective_from=D("2026-09-21"), effective_to=D("2026-09-21"), data={"约定补报期限": "2026-10-20"}
    )
    city.submit(number=5)  # late already: not a warning but a finding
    result = city.judge()
    with session_of(city.workspace) as session:
        rows = list(export.findings(session, "2026-09", code="due_soon"))
    assert [(row["document_number"], row["days_left"], row["due_date"]) for row in rows] == [
        ("示fgw罚〔2026〕2号", 1, "2026-10-13"), ("示fgw罚〔2026〕1号", 2, "2026-10-14"),
        ("示fgw罚〔2026〕3号", 3, "2026-10-15"), ("示fgw罚〔2026〕4号", 6, "2026-10-20"),
    ]  # fmt: skip
    assert {row["code"] for row in rows} == {"due_soon"} and {row["level"] for row in rows} == {"not_due"}
    assert "还有 1 个工作日" in rows[0]["message"] and rows[0]["message"].startswith("平台已收到，网上尚未见")
    assert rows[1]["message"].startswith("网上已公示，平台尚未收到")
    assert result.accused() == ["not_published"] and "due_soon" not in {f["code"] for f in result.findings}


def test_the_last_day_is_the_due_day_itself(city: Any) -> None:
    city.publish(seen="2026-09-03")
    city.batch("2026-09-10")
    city.judge(as_of=D("2026-09-10"))
    with session_of(city.workspace) as session:
        (row,) = export.due_soon(session, "2026-09")
    assert (row["days_left"], row["due_date"]) == (0, "2026-09-10")
    city.assess(as_of=D("2026-09-11"))
    with session_of(city.workspace) as session:
        assert list(export.due_soon(session, "2026-09")) == []


def test_the_units_own_mail_carries_it(city: Any) -> None:
    city.publish(number=1, decision_date=D("2026-09-29"), seen="2026-10-09", absent="2026-09-28")
    city.unit("idle")
    city.judge()
    names = {
        unit: [name for name, _ in mail._attachments(city.workspace, "problems", "2026-09", unit)]
        for unit in ("fgw", "idle")
    }
    assert [any("临近期限预警" in name for name in names[unit]) for unit in ("fgw", "idle")] == [True, False]
    assert len(names["idle"]) == 2


def test_the_command_has_a_column_more(city: Any) -> None:
    city.publish(number=1, decision_date=D("2026-09-29"), seen="2026-10-09", absent="2026-09-28")
    city.unit("other")
    city.judge()
    call = [
        "findings",
        "-w",
        str(city.workspace.root),
        "--period",
        "2026-09",
        "--code",
        "due_soon",
        "--format",
        "jsonl",
    ]
    found = [json.loads(line) for line in CliRunner().invoke(mingcha, call).stdout.splitlines()]
    assert [(row["unit"], row["days_left"]) for row in found] == [("fgw", 2)]
    assert CliRunner().invoke(mingcha, [*call, "--unit", "other"]).stdout == ""
    csv = CliRunner().invoke(mingcha, [*call[:-1], "csv"]).stdout
    assert csv.splitlines()[0].endswith(",state,days_left")
