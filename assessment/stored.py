"""A period's rows in the database, as the result files say them; only what differs is written.

Both sides are compared as typed columns, so that a period of millions of lines, of which a few changed, costs a few writes.
"""

# ruff: noqa: S608 - names of our own tables and columns

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import JSON, Boolean, Column, Date, Float, Integer, String, Table
from sqlalchemy.orm import Session

from db.columns import columns, insert, remove
from db.models import Base, Finding, LocalTime, Pair, Score

_CHUNK = 20_000
_KINDS: dict[type, tuple[str, pa.DataType]] = {
    JSON: ("JSON", pa.string()),
    String: ("VARCHAR", pa.string()),
    Float: ("DOUBLE", pa.float64()),
    Integer: ("BIGINT", pa.int64()),
    Boolean: ("BOOLEAN", pa.bool_()),
    Date: ("DATE", pa.date32()),
    LocalTime: ("TIMESTAMP", pa.timestamp("us")),
}
_TABLES: dict[str, type[Base]] = {"pairs": Pair, "findings": Finding, "scores": Score}


def store(session: Session, period: str, results: Path) -> None:
    """Make the period's rows what the files say, within the session's transaction."""
    for name, model in _TABLES.items():
        with _Comparison(session, model, period, results / f"{name}.jsonl") as made:
            remove(session, made.table, ["period", *made.keys], ((period, *key) for key in made.gone()))
            insert(session, made.table, made.table.columns.keys(), made.fresh())


def differing(session: Session, period: str, results: Path) -> list[str]:
    """Which of pairs, findings and scores the database has otherwise than the files."""
    found = []
    for name, model in _TABLES.items():
        with _Comparison(session, model, period, results / f"{name}.jsonl") as made:
            if made.differs:
                found.append(name)
    return found


class _Comparison:
    """The period's rows of one table beside the lines of its file: what must go, what must come."""

    def __init__(self, session: Session, model: type[Base], period: str, file: Path) -> None:
        self.table: Table = Base.metadata.tables[model.__tablename__]
        self.keys = [column.name for column in self.table.primary_key if column.name != "period"]
        self.kinds = {column.name: _kind(column) for column in self.table.columns}
        self.source = _lines(file, {name: kind for name, (kind, _) in self.kinds.items()})
        folder = Path(tempfile.gettempdir()) / f"mingcha-{os.getpid()}"
        self.connection = duckdb.connect(
            ":memory:", config={"threads": 1, "memory_limit": "1GB", "temp_directory": str(folder)}
        )
        self._compare(session, period)

    def __enter__(self) -> _Comparison:
        return self

    def __exit__(self, *fault: object) -> None:
        self.connection.close()

    def _compare(self, session: Session, period: str) -> None:
        keys = ", ".join(self.keys)
        told = f"{keys}, hash({', '.join(self.kinds)}) AS told"
        self.connection.execute(f"CREATE TABLE old AS SELECT {told} FROM {self.source} LIMIT 0")
        schema = pa.schema([(name, kind) for name, (_, kind) in self.kinds.items()])
        for rows in columns(session, self.table, schema, (self.table.c.period == period,)):
            self.connection.register("part", rows)
            self.connection.execute(f"INSERT INTO old SELECT {told} FROM part")
            self.connection.unregister("part")
        self.connection.execute(f"CREATE TABLE new AS SELECT {told} FROM {self.source}")
        self.connection.execute(f"CREATE TABLE gone AS SELECT {keys} FROM old ANTI JOIN new USING ({keys}, told)")
        self.connection.execute(f"CREATE TABLE fresh AS SELECT {keys} FROM new ANTI JOIN old USING ({keys}, told)")

    @property
    def differs(self) -> bool:
        return self.connection.execute("FROM gone UNION ALL FROM fresh LIMIT 1").fetchone() is not None

    def gone(self) -> Iterator[tuple[object, ...]]:
        """The keys of rows that must go: the file has them otherwise or not at all."""
        return self._rows("FROM gone")

    def fresh(self) -> Iterator[tuple[object, ...]]:
        """The rows that the database lacks, as it stores them."""
        stored = ", ".join(_stored(name, kind) for name, (kind, _) in self.kinds.items())
        return self._rows(f"SELECT {stored} FROM {self.source} SEMI JOIN fresh USING ({', '.join(self.keys)})")

    def _rows(self, query: str) -> Iterator[tuple[object, ...]]:
        found = self.connection.execute(query)
        while rows := found.fetchmany(_CHUNK):
            yield from rows


def _kind(column: Column[object]) -> tuple[str, pa.DataType]:
    return next(kind for known, kind in _KINDS.items() if isinstance(column.type, known))


def _lines(file: Path, kinds: dict[str, str]) -> str:
    place = str(file).replace("'", "''")
    listed = ", ".join(f"{name}: '{kind}'" for name, kind in kinds.items())
    return f"read_json('{place}', format = 'newline_delimited', columns = {{{listed}}})"


def _stored(name: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%d %H:%M:%S.%f')"
    return f"{name}::VARCHAR" if kind in ("DATE", "JSON") else name
