"""A year without a notice: everything that rests on it says 暂定 wherever it is shown, and is settled when the notice comes."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from assessment.run import assess
from db.models import Finding, Pair, PeriodRun
from db.session import session_of
from reports.build import build
from reports.export import findings

D = datetime.date.fromisoformat
PERIOD, AS_OF = "2039-12", D("2040-01-09")
NOTICE = "year: {0}\nnotice: 国办发明电〔{0}〕1号\nholidays: [{0}-01-01]\n"


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}T09:00:00+08:00")


def fill(city: Any) -> None:
    early = {"decision_date": D("2039-12-01"), "last_seen": at("2040-01-09")}
    told = {"decision_date": D("2039-12-01")}
    for number, seen, absent, received in (
        (1, "2039-12-20", "2039-12-19", "2039-12-20"),
        (2, "2039-12-20", "2039-12-05", "2039-12-05"),
    ):
        city.publish(number=number, seen=seen, absent=absent, **early)
        city.submit(number=number, received=received, **told)
    city.submit(number=3, received="2039-12-05", **told)  # never shown
    city.publish(number=4, seen="2039-12-05", absent=None, **early)  # never reported
    city.submit(number=5, received="2039-12-31", decision_date=D("2039-12-30"))  # not due yet
    city.entry("repairs", document_number=6, effective_from=D("2039-12-08"))
    city.publish(number=6, seen="2039-12-05", absent=None, **early)
    city.submit(number=6, received="2039-12-05", **told)
    for portal in ("fgw_column",):
        for day in ("2039-12-05", "2040-01-09"):
            city.look(portal, day)
    city.batch("2040-01-08")
    city.store()


def shown(city: Any) -> tuple[list[Finding], list[Pair], PeriodRun]:
    with session_of(city.workspace) as session:
        found = [
            row for row in session.query(Finding).order_by(Finding.code, Finding.finding_id) if row.document_number
        ]
        return found, session.query(Pair).all(), session.get_one(PeriodRun, PERIOD)


def test_everything_that_rests_on_the_year_says_so(city: Any, tmp_path: Path) -> None:
    fill(city)
    assess(city.workspace, PERIOD, as_of=AS_OF)
    found, pairs, run = shown(city)
    codes = {(row.code, row.level) for row in found}
    assert codes >= {
        ("submitted_late", "question"), ("published_late", "question"), ("not_published", "question"), ("not_submitted", "question"),
        ("not_published", "not_due"), ("past_term", "question"),
    }  # fmt: skip
    assert not {row.code for row in found if row.level in ("fail", "warn")}
    for row in found:
        assert "暂定" in row.message and row.proof["provisional"], row.message
    assert next(pair.explanation for pair in pairs if pair.verdict == "not_due").count("（暂定）") == 1
    assert run.summary["provisional"] and all(year["notice"] is None for year in run.summary["calendar"])
    with session_of(city.workspace) as session:
        assert all("暂定" in row["message"] for row in findings(session, PERIOD) if row["document_number"])
    for report in ("monthly", "unit", "ranking", "problems"):
        (file,) = build(city.workspace, report, PERIOD, formats=("html",), out=tmp_path / report)
        text = re.sub(r"<[^>]+>", "", file.read_text(encoding="utf-8"))
        assert "相关结论为暂定" in text, report
        assert "2039 年放假安排尚未公布，暂定" in text or report in ("unit", "problems"), report
    problems = next((tmp_path / "problems").iterdir()).read_text(encoding="utf-8")
    assert "2039-12-12（暂定）" in problems


def test_the_notice_settles_it(city: Any) -> None:
    fill(city)
    city.workspace.calendar.mkdir(exist_ok=True)
    for year in (2039, 2040):
        (city.workspace.calendar / f"{year}.yml").write_text(NOTICE.format(year), encoding="utf-8")
    assess(city.workspace, PERIOD, as_of=AS_OF)
    found, _, run = shown(city)
    assert {(row.code, row.level) for row in found} >= {
        ("submitted_late", "fail"), ("published_late", "fail"), ("not_published", "fail"), ("not_submitted", "fail"), ("past_term", "warn")
    }  # fmt: skip
    assert not any("暂定" in row.message or row.proof["provisional"] for row in found)
    assert not run.summary["provisional"] and "国办发明电〔2039〕1号" in str(run.summary["calendar"])
