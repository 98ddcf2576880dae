"""An unhealthy look proves no absence: told before a silent break becomes an accusation."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crawler.launch import crawl
from crawler.locate import locate
from db.evidence import EvidenceStore
from db.models import Coverage, ListEntry, Publication
from db.session import session_of
from standard.errors import Refused
from standard.outcomes import OUTCOMES

HEAD = (
    "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚内容</th><th>处罚决定日期</th><th>处罚机关</th></tr>"
)


def table(count: int) -> str:
    rows = "".join(
        f"<tr><td>示罚〔2026〕{n}号</td><td>示例第{n}厂</td><td>警告</td><td>2026-09-01</td><td>示例市市场监督管理局</td></tr>"
        for n in range(1, count + 1)
    )
    return f"<html><table>{HEAD}{rows}</table></html>"


@pytest.fixture
def column(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """column(day, count, **entry): look at a table of so many rows; the coverage row."""
    made: list[Any] = []

    def look(day: int, count: int, **entry: Any) -> Coverage:
        site.put("/w", table(count))
        monkeypatch.setenv("MINGCHA_NOW", f"2026-09-{day:02}T09:00:00+08:00")
        if not made:
            made.append(watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table", **entry}))
        crawl(made[0], everything=True)
        with session_of(made[0]) as session:
            return session.scalars(select(Coverage).order_by(Coverage.looked_at.desc())).first()  # type: ignore[return-value]

    look.workspace = lambda: made[0]  # type: ignore[attr-defined]
    return look


def gone(workspace: Any) -> int:
    with session_of(workspace) as session:
        return len(session.scalars(select(Publication).where(Publication.gone_since.is_not(None))).all())


def test_a_sudden_drop_proves_nothing_until_it_is_seen_again(column: Any) -> None:
    assert column(1, 30).outcome == "complete"
    hurt = column(2, 9)
    assert (hurt.outcome, hurt.who) == ("partial", "operator") and "记录骤减" in hurt.reason and "30 条" in hurt.reason
    assert gone(column.workspace()) == 0
    again = column(3, 9)
    assert again.outcome == "complete" and any("连续两次" in note for note in again.notes)
    assert gone(column.workspace()) == 21


def test_a_drop_that_comes_back_never_accused_anybody(column: Any) -> None:
    column(1, 30)
    assert column(2, 2).outcome == "partial"
    assert column(3, 30).outcome == "complete"
    assert gone(column.workspace()) == 0


def test_two_different_drops_are_not_one_truth(column: Any) -> None:
    column(1, 40)
    assert column(2, 15).outcome == "partial"
    assert column(3, 3).outcome == "partial"


@pytest.mark.parametrize(("before", "after"), [(9, 1), (30, 16), (30, 30), (12, 60)])
def test_ordinary_changes_are_no_alarm(column: Any, before: int, after: int) -> None:
    column(1, before)
    assert column(2, after).outcome == "complete"


def test_what_the_entry_expects(column: Any) -> None:
    few = column(1, 3, expect={"records": {"min": 5, "max": 8}, "newest_within_days": 10})
    assert few.outcome == "partial" and "下限 5" in few.reason
    many = column(20, 9)
    assert many.outcome == "complete" and any("上限 8" in note for note in many.notes)
    assert any("2026-09-01，超过登记的 10 天" in note for note in many.notes)
    assert not any("超过登记的 10 天" in note for note in few.notes)


def test_with_the_clock_put_back_nothing_is_looked_at(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is seen would count as older than what was seen before; the hour of the last look itself is no fault."""
    site.trs_list("/a", list(range(1, 4)))
    site.trs_list("/b", [1])
    workspace = watch(*({"id": n, "url": f"{site.base}/{n}/index.html", "family": "trs_static"} for n in ("a", "b")))
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-12T09:00:00+08:00")
    assert [result.outcome for result in crawl(workspace, ["a"])] == ["complete"]
    asked = len(site.seen)
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-11T23:59:59+08:00")
    with pytest.raises(Refused, match=r"a 已于 2026-09-12T09:00:00.*请检查系统时间"):
        crawl(workspace, ["a"])
    assert len(site.seen) == asked
    told: list[str] = []
    results = crawl(workspace, everything=True, progress=told.append)  # the others are looked at
    assert [result.portal for result in results] == ["b"] and any(text.startswith("跳过：a 已于") for text in told)
    with session_of(workspace) as session:
        seen = {row.last_seen.isoformat() for row in session.query(Publication) if row.portal_id == "a"}
        assert seen == {"2026-09-12T09:00:00+08:00"}
    asked = len(site.seen)
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-12T09:00:00+08:00")
    assert [result.outcome for result in crawl(workspace, ["a"])] == ["complete"]
    assert len(site.seen) == asked


def test_unchanged_entries_are_read_again_after_their_time(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.trs_list("/a", list(range(1, 9)))
    workspace = watch(
        {"id": "a", "url": f"{site.base}/a/index.html", "family": "trs_static"}, crawl={"reread_days": 10}
    )
    details: list[int] = []
    for day in ("09-07", "09-12", "09-19", "09-30"):
        monkeypatch.setenv("MINGCHA_NOW", f"2026-{day}T09:00:00+08:00")
        site.seen.clear()
        assert crawl(workspace, everything=True)[0].outcome == "complete"
        details.append(sum("/t2026" in path for path in site.seen))
    assert details[0] == 8 and details[1] == 0  # incremental …
    assert details[2] + details[3] >= 8  # … and each once again, not all in one look by chance only
    with session_of(workspace) as session:
        assert {entry.crawl_id for entry in session.scalars(select(ListEntry))}.isdisjoint({"a-20260907T090000"})
        assert {p.copies for p in session.scalars(select(Publication))} == {1}


def test_a_record_leads_back_to_its_page_row_and_label(column: Any) -> None:
    column(1, 5)
    workspace = column.workspace()
    with session_of(workspace) as session:
        third = session.scalars(select(Publication).where(Publication.document_number.contains("3号"))).one()
        found = locate(session, EvidenceStore(workspace), third.record_id)
        assert found is not None and (found.row, found.rows) == (3, 5)
        assert found.values["行政相对人名称"] == "示例第3厂" and found.url is not None and found.url.endswith("/w")
        assert any("第 3 条（该页共 5 条）" in line for line in found.lines())
        assert locate(session, EvidenceStore(workspace), "nobody") is None


def test_every_outcome_has_its_words() -> None:
    from reports.words import OUTCOME_CLASSES
    from reports.words import OUTCOMES as SHOWN

    assert dict(SHOWN) == {key: outcome.label for key, outcome in OUTCOMES.items()}
    assert set(OUTCOME_CLASSES) == set(OUTCOMES)
    assert [key for key, outcome in OUTCOMES.items() if outcome.proves] == ["complete", "column_empty"]
