"""Where relational work runs: DuckDB inside this process, a Spark cluster when a province needs it.

Everything above this file is written in the PySpark DataFrame API. Column expressions are sqlframe's, which speaks that API
and renders DuckDB's SQL. Frames are the thin class below, with PySpark's names: sqlframe's own frames re-resolve every
column at every step, which on tables of a hundred columns takes longer than the whole assessment. On a cluster `F`,
`Window` and `Column` come from pyspark, `load` reads the same Parquet files and `keep` is a checkpoint.
"""

# ruff: noqa: S608 - this file is the one that writes SQL, from our own expressions and quoted names.

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from sqlframe.duckdb import DuckDBSession
from sqlframe.duckdb import functions as F
from sqlframe.duckdb.column import Column
from sqlframe.duckdb.window import Window

__all__ = ["Column", "Engine", "F", "Frame", "Window", "all_of", "any_of", "join", "no_day", "no_text", "yes"]

_HOW = {"inner": "JOIN", "left": "LEFT JOIN", "left_anti": "ANTI JOIN"}


class Frame:
    """A query with its column names. Every method returns a new frame and means what PySpark's method of that name means."""

    def __init__(self, query: str, columns: Sequence[str]) -> None:
        self.query = query
        self.columns = list(columns)

    def select(self, *columns: str | Column) -> Frame:
        parts = [_quoted(column) if isinstance(column, str) else _sql(column) for column in columns]
        return self._of(", ".join(parts), [column if isinstance(column, str) else _name(column) for column in columns])

    def where(self, condition: Column) -> Frame:
        return Frame(f"SELECT * FROM ({self.query}) WHERE {_bare(condition)}", self.columns)

    def withColumns(self, columns: Mapping[str, Column]) -> Frame:
        parts = [
            f"{_bare(columns[name])} AS {_quoted(name)}" if name in columns else _quoted(name) for name in self.columns
        ]
        parts += [f"{_bare(column)} AS {_quoted(name)}" for name, column in columns.items() if name not in self.columns]
        return self._of(", ".join(parts), [*self.columns, *(name for name in columns if name not in self.columns)])

    def withColumn(self, name: str, column: Column) -> Frame:
        return self.withColumns({name: column})

    def withColumnRenamed(self, old: str, new: str) -> Frame:
        return self.select(*(F.col(name).alias(new) if name == old else name for name in self.columns))

    def drop(self, *names: str) -> Frame:
        return self.select(*(name for name in self.columns if name not in names))

    def distinct(self) -> Frame:
        return Frame(f"SELECT DISTINCT * FROM ({self.query})", self.columns)

    def unionByName(self, other: Frame) -> Frame:
        names = ", ".join(_quoted(name) for name in self.columns)
        return Frame(f"SELECT {names} FROM ({self.query}) UNION ALL SELECT {names} FROM ({other.query})", self.columns)

    def groupBy(self, *keys: str) -> Groups:
        return Groups(self, keys)

    def orderBy(self, *names: str) -> Frame:
        return Frame(
            f"SELECT * FROM ({self.query}) ORDER BY {', '.join(_quoted(name) for name in names)}", self.columns
        )

    def _of(self, selection: str, names: Sequence[str]) -> Frame:
        return Frame(f"SELECT {selection} FROM ({self.query})", _once(names))


class Groups:
    """What `groupBy` returns."""

    def __init__(self, frame: Frame, keys: Sequence[str]) -> None:
        self.frame = frame
        self.keys = keys

    def agg(self, *columns: Column) -> Frame:
        keys = [_quoted(key) for key in self.keys]
        selection = ", ".join([*keys, *(_sql(column) for column in columns)])
        names = _once([*self.keys, *(_name(column) for column in columns)])
        return Frame(f"SELECT {selection} FROM ({self.frame.query}) GROUP BY {', '.join(keys)}", names)


def join(left: Frame, right: Frame, on: Sequence[str], how: str = "inner") -> Frame:
    """The frames joined on columns of equal name; on Spark: left.join(right, on=on, how=how).

    Other columns must differ in name: a clash is a mistake of ours and stops here.
    """
    names = (
        left.columns
        if how == "left_anti"
        else _once([*left.columns, *(name for name in right.columns if name not in on)])
    )
    keys = " AND ".join(f"l.{_quoted(key)} = r.{_quoted(key)}" for key in on)
    parts = [f"{'l' if name in left.columns else 'r'}.{_quoted(name)}" for name in names]
    return Frame(
        f"SELECT {', '.join(parts)} FROM ({left.query}) AS l {_HOW[how]} ({right.query}) AS r ON {keys}", names
    )


class Engine:
    """One assessment's tables. Results come out in a stated order, so that the same inputs give the same bytes."""

    def __init__(self) -> None:
        # Two threads keep the memory of small machines; order never depends on threads because every read is ordered.
        self.connection = duckdb.connect(":memory:", config={"threads": 2})
        # Column expressions ask the active session which dialect they are rendered for.
        self.session = DuckDBSession(conn=self.connection)

    def close(self) -> None:
        self.session.stop()  # closes the connection; sqlframe keeps one session a process
        self.connection.close()

    def load(self, name: str, file: Path) -> None:
        """Make a frozen Parquet file a table."""
        self.connection.execute(f"CREATE TABLE {_quoted(name)} AS SELECT * FROM read_parquet(?)", [str(file)])

    def table(self, name: str) -> Frame:
        columns = self.connection.execute(f"SELECT * FROM {_quoted(name)} LIMIT 0").description or []
        return Frame(f"SELECT * FROM {_quoted(name)}", [column[0] for column in columns])

    def keep(self, name: str, frame: Frame) -> Frame:
        """Compute the frame once and go on from its result. A name is used once."""
        self.connection.execute(f"CREATE TABLE {_quoted(name)} AS {frame.query}")
        return self.table(name)

    def rows(self, frame: Frame, order: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows as dicts, in the order of these columns (which must name each row uniquely)."""
        cursor = self.connection.cursor().execute(frame.orderBy(*order).query)
        while batch := cursor.fetchmany(5000):
            for row in batch:
                yield dict(zip(frame.columns, row, strict=True))


def _sql(column: Column) -> str:
    return str(column.expression.sql(dialect="duckdb", identify=True))


def _bare(column: Column) -> str:
    """Without the name that sqlframe gives some expressions of its own accord."""
    return str(column.expression.unalias().sql(dialect="duckdb", identify=True))


def _name(column: Column) -> str:
    return str(column.expression.alias_or_name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _once(names: Sequence[str]) -> list[str]:
    twice = sorted({name for name in names if list(names).count(name) > 1 or name == ""})
    if twice:
        raise ValueError(f"columns named twice or not at all: {twice}")
    return list(names)


def all_of(*conditions: Column) -> Column:
    result = conditions[0]
    for condition in conditions[1:]:
        result = result & condition
    return result


def any_of(*conditions: Column) -> Column:
    result = conditions[0]
    for condition in conditions[1:]:
        result = result | condition
    return result


def yes(condition: Column) -> Column:
    """True where the condition holds, else False: an unknown (null) never counts as yes."""
    return F.coalesce(condition, F.lit(False))


def no_text() -> Column:
    return F.lit(None).cast("string")


def no_day() -> Column:
    return F.lit(None).cast("date")
