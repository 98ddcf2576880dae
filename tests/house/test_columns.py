"""Rows out of a table as Arrow columns and into one as tuples: whatever text, time or number, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from db import columns as db_columns
from db.columns import columns, insert, remove
from db.models import Score
from db.session import session_of
from db.settings import Workspace

ODD = [
    "",
    "NULL",
    "null",
    "'",
    "''",
    "a'b",
    '"',
    ",",
    "\\",
    "\\N",
    "一行\n二行",
    "\r",
    "\r\n",
    "\t",
    "%",
    "%Q",
    "%s",
    ":x",
    "𠮷😀",
    " 空 ",
]
NUMBERS = [0.1 + 0.2, 1e300, -1.5, 123456789012.34, 0.0, None]


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path, workspace: Workspace) -> Workspace:
    if request.param == "sqlite":
        return workspace
    server = request.getfixturevalue("postgresql")
    if server is None:
        pytest.skip("no PostgreSQL here")
    (workspace.root / "mingcha.yml").write_text(f"database: {server.database()}\n", encoding="utf-8")
    return Workspace.open(workspace.root)


SCHEMA = pa.schema(
    [
        ("unit_id", pa.string()),
        ("formula", pa.string()),
        ("points", pa.float64()),
        ("rank", pa.int64()),
        ("ranked", pa.bool_()),
    ]
)


def score(unit: str, formula: str, points: float | None, rank: int | None, ranked: bool) -> tuple[Any, ...]:
    return ("2026-09", unit, "A", 0, "项", "s", "1", None, None, rank, ranked, points, 1.0, None, None, None, formula)


def taken(workspace: Workspace, order: str | None = "unit_id") -> list[dict[str, Any]]:
    with session_of(workspace) as session:
        table = Score.__table__
        tables = list(columns(session, table, SCHEMA, (table.c.period == "2026-09",), order))  # type: ignore[arg-type]
    return pa.concat_tables(tables).to_pylist() if tables else []


def test_odd_texts_and_numbers_come_back_as_they_went(either: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_columns, "BATCH", 4)
    given = [
        score(f"u{n:03}", text, NUMBERS[n % len(NUMBERS)], None if n % 3 else n, n % 2 == 0)
        for n, text in enumerate(ODD)
    ]
    with session_of(either) as session:
        insert(session, Score.__table__, Score.__table__.columns.keys(), reversed(given))  # type: ignore[arg-type]
    expected = [
        {"unit_id": row[1], "formula": row[16], "points": row[11], "rank": row[9], "ranked": row[10]} for row in given
    ]
    assert taken(either) == expected
    with session_of(either) as session:
        read = session.execute(select(Score.unit_id, Score.formula, Score.points).order_by(Score.unit_id)).all()
    assert [tuple(row) for row in read] == [(row[1], row[16], row[11]) for row in given]
    with session_of(either) as session:
        remove(session, Score.__table__, ["period", "unit_id"], [("2026-09", row[1]) for row in given[1:]])  # type: ignore[arg-type]
    assert taken(either) == expected[:1]


def test_no_rows_make_no_tables(either: Workspace) -> None:
    assert taken(either) == []


def test_order_is_binary(either: Workspace) -> None:
    units = ["a", "B", "é", "_", "Z", "中", "z"]
    with session_of(either) as session:
        insert(
            session,
            Score.__table__,
            Score.__table__.columns.keys(),
            [score(unit, "", None, None, False) for unit in units],
        )  # type: ignore[arg-type]
    assert [row["unit_id"] for row in taken(either)] == sorted(units, key=lambda unit: unit.encode())


@given(texts=st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), max_size=8))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    root = tmp_path_factory.mktemp("w")
    (root / "mingcha.yml").write_text("{}\n", encoding="utf-8")
    workspace = Workspace.open(root)
    with session_of(workspace) as session:
        rows = [score(f"{n:02}", text, None, None, True) for n, text in enumerate(texts)]
        insert(session, Score.__table__, Score.__table__.columns.keys(), rows)  # type: ignore[arg-type]
    assert [row["formula"] for row in taken(workspace)] == texts
