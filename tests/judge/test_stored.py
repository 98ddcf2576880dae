"""A period's rows in the database are what its result files say; only what differs is written."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from assessment import stored
from assessment.run import assess, verify
from db.session import session_of

PERIOD = "2026-09"
AS_OF = datetime.date(2026, 10, 12)


@pytest.fixture
def judged(city: Any) -> Any:
    for serial in range(6):
        city.publish(serial, seen="2026-09-30")
    for serial in range(3, 9):
        city.submit(serial, basis="法第二条\n“引”'号'\\" if serial % 2 else "法第一条")
    city.judge(PERIOD, AS_OF)
    return city


def written(city: Any) -> int:
    """How many rows storing the period's results once more writes."""
    with session_of(city.workspace) as session:
        connection: Any = session.connection().connection.dbapi_connection
        before = connection.total_changes
        stored.store(session, PERIOD, city.workspace.periods / PERIOD / "results")
        return int(connection.total_changes - before)


def test_the_same_results_write_nothing(judged: Any) -> None:
    assert written(judged) == 0
    assert verify(judged.workspace, PERIOD) == []


@pytest.mark.parametrize(
    ("statement", "name", "rows"),
    [
        ("UPDATE pair SET explanation = '改' WHERE pair_id = (SELECT min(pair_id) FROM pair)", "pairs", 2),
        ("UPDATE pair SET score = NULL WHERE rule = 'number_code' AND published IS NOT NULL", "pairs", None),
        ("DELETE FROM finding WHERE finding_id = (SELECT min(finding_id) FROM finding)", "findings", 1),
        ("UPDATE finding SET due_date = '2020-01-01' WHERE finding_id = (SELECT min(finding_id) FROM finding)", "findings", 2),
        ("UPDATE finding SET proof = '{}' WHERE finding_id = (SELECT max(finding_id) FROM finding)", "findings", 2),
        ("INSERT INTO pair SELECT period, 'x', unit_id, kind, published, submitted, rule, score, verdict, differing_fields,"
         " explanation FROM pair LIMIT 1", "pairs", 1),
        ("UPDATE score SET points = 1.25 WHERE rowid = (SELECT min(rowid) FROM score)", "scores", 2),
    ],
)  # fmt: skip
def test_what_was_altered_is_told_and_set_right(judged: Any, statement: str, name: str, rows: int | None) -> None:
    with session_of(judged.workspace) as session:
        session.execute(text(statement))
    assert verify(judged.workspace, PERIOD) == [f"数据库中的 {name} 与复算结果不同"]
    count = written(judged)
    assert count == rows if rows is not None else count > 0
    assert verify(judged.workspace, PERIOD) == []


def test_another_period_is_left_alone(judged: Any) -> None:
    assess(judged.workspace, "2026-Q3", as_of=AS_OF)
    assert written(judged) == 0
    with session_of(judged.workspace) as session:
        session.execute(text("DELETE FROM pair WHERE period = '2026-09'"))
    assert written(judged) > 0
    assert verify(judged.workspace, "2026-Q3") == []


def test_postgresql_keeps_what_the_files_say(
    city: Any, tmp_path: Path, postgresql: Any, made_city: Callable[[Path], Any]
) -> None:
    if postgresql is None:
        pytest.skip("no PostgreSQL here")
    root = tmp_path / "pg"
    root.mkdir()
    other = made_city(root)
    (root / "mingcha.yml").write_text(f"database: {postgresql.database()}\n", encoding="utf-8")
    other.workspace, other.rows = type(other.workspace).open(root), city.rows
    other.publish(1, seen="2026-09-30")
    other.submit(1, fine_yuan=2000.5)
    other.submit(2, basis="法第二条\n“引”'号'\\")
    other.judge(PERIOD, AS_OF)
    assert verify(other.workspace, PERIOD) == []
    altered = {"pair": "score = 0.5", "finding": "proof = '{}'", "score": "formula = ''"}
    for table, change in altered.items():
        with session_of(other.workspace) as session:
            session.execute(text(f"UPDATE {table} SET {change}"))
        assert verify(other.workspace, PERIOD) == [f"数据库中的 {table}s 与复算结果不同"]
        with session_of(other.workspace) as session:
            stored.store(session, PERIOD, other.workspace.periods / PERIOD / "results")
    assert verify(other.workspace, PERIOD) == []
