"""Where relational work runs: DuckDB, inside this process.

Everything above this file is written in the PySpark DataFrame API: `F`, `Window`, `Column` and `Frame` have PySpark's names and
mean what PySpark means. They only describe the work, and `Engine` alone turns it into SQL and runs it.

Columns are light: the SQL text of the expression and the columns it reads; a further function is one more method of
`Functions`. Frames are plans: nothing runs before rows are asked for, so a table that is
kept is made with the columns that somebody later reads and no others, and one that is read only once is not made at all.
"""

# ruff: noqa: S608 - this file is the one that writes SQL, from our own expressions and quoted names.

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

__all__ = [
    "Answer",
    "Column",
    "Engine",
    "F",
    "Frame",
    "Window",
    "all_of",
    "any_of",
    "join",
    "json_text",
    "mapped",
    "no_day",
    "no_text",
    "open_engine",
    "text",
    "yes",
]

_TYPES = {
    "string": "TEXT",
    "date": "DATE",
    "timestamp_ntz": "TIMESTAMP",
    "bigint": "BIGINT",
    "int": "INT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
}
# The kinds of the frozen inputs (freeze.TABLES).
_FROZEN = {
    "text": "string",
    "day": "date",
    "time": "timestamp_ntz",
    "number": "double",
    "count": "bigint",
    "yes": "boolean",
}
_HOW = {"inner": "JOIN", "left": "LEFT JOIN", "left_anti": "ANTI JOIN", "left_semi": "SEMI JOIN"}
_NONE: frozenset[str] = frozenset()
# From so many rows on, a frozen file is read where it lies and two threads share the work.
_LARGE = 50_000
# What the engine may hold; beyond three million records, so much more for each, up to three fifths of the machine.
_MEMORY = 2_000_000_000
_BYTES_A_ROW = 600


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 5


# ---------------------------------------------------------------- columns


class Column:
    """An expression: its SQL, the columns it reads, and its name where it has one."""

    __slots__ = ("name", "refs", "sql", "whens")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, sql: str, refs: frozenset[str] = _NONE, name: str = "", whens: str = "") -> None:
        self.sql = sql
        self.refs = refs
        self.name = name
        self.whens = whens  # the open CASE of `F.when`

    def _with(self, sign: str, other: object) -> Column:
        right = _column(other)
        return Column(f"({self.sql} {sign} {right.sql})", self.refs | right.refs)

    def __eq__(self, other: object) -> Column:  # type: ignore[override]
        return self._with("=", other)

    def __ne__(self, other: object) -> Column:  # type: ignore[override]
        return self._with("<>", other)

    def __lt__(self, other: object) -> Column:
        return self._with("<", other)

    def __le__(self, other: object) -> Column:
        return self._with("<=", other)

    def __gt__(self, other: object) -> Column:
        return self._with(">", other)

    def __ge__(self, other: object) -> Column:
        return self._with(">=", other)

    def __add__(self, other: object) -> Column:
        return self._with("+", other)

    def __sub__(self, other: object) -> Column:
        return self._with("-", other)

    def __mul__(self, other: object) -> Column:
        return self._with("*", other)

    def __truediv__(self, other: object) -> Column:
        return self._with("/", other)

    def __and__(self, other: object) -> Column:
        return self._with("AND", other)

    def __or__(self, other: object) -> Column:
        return self._with("OR", other)

    def __invert__(self) -> Column:
        return Column(f"(NOT {self.sql})", self.refs)

    def __bool__(self) -> bool:
        raise TypeError("a column has no truth of its own; write & | ~")

    def alias(self, name: str) -> Column:
        return Column(self.sql, self.refs, name)

    def cast(self, kind: str) -> Column:
        return Column(f"CAST({self.sql} AS {_TYPES[kind]})", self.refs, self.name)

    def isNull(self) -> Column:
        return Column(f"({self.sql} IS NULL)", self.refs)

    def isNotNull(self) -> Column:
        return Column(f"({self.sql} IS NOT NULL)", self.refs)

    def eqNullSafe(self, other: object) -> Column:
        return self._with("IS NOT DISTINCT FROM", other)

    def isin(self, *values: object) -> Column:
        flat = values[0] if len(values) == 1 and isinstance(values[0], list | tuple | set | frozenset) else values
        items = ", ".join(sorted(_literal(value) for value in flat))
        return Column(f"({self.sql} IN ({items}))", self.refs)

    def between(self, low: object, high: object) -> Column:
        return (self >= low) & (self <= high)

    def contains(self, other: object) -> Column:
        return _call("CONTAINS", self, _column(other))

    def startswith(self, other: object) -> Column:
        return _call("STARTS_WITH", self, _column(other))

    def endswith(self, other: object) -> Column:
        return _call("ENDS_WITH", self, _column(other))

    def rlike(self, pattern: str) -> Column:
        return _call("REGEXP_MATCHES", self, _column(pattern))

    def desc(self) -> Column:
        return Column(f"{self.sql} DESC", self.refs)

    def asc(self) -> Column:
        return Column(self.sql, self.refs)

    def when(self, condition: Column, value: object) -> Column:
        return _case(self, condition, value)

    def otherwise(self, value: object) -> Column:
        other = _column(value)
        return Column(f"{self.whens} ELSE {other.sql} END", self.refs | other.refs)

    def over(self, window: Window) -> Column:
        return Column(f"{self.sql} OVER ({window.sql})", self.refs | window.refs)


class Window:
    """PySpark's window specification: `Window.partitionBy("a").orderBy("b")`."""

    __slots__ = ("refs", "sql")

    def __init__(self, sql: str, refs: frozenset[str]) -> None:
        self.sql = sql
        self.refs = refs

    @staticmethod
    def partitionBy(*columns: str | Column) -> Window:
        parts = [_named(column) for column in columns]
        return Window(f"PARTITION BY {', '.join(part.sql for part in parts)}", _NONE.union(*(p.refs for p in parts)))

    def orderBy(self, *columns: str | Column) -> Window:
        parts = [_named(column) for column in columns]
        order = ", ".join(part.sql for part in parts)
        return Window(f"{self.sql} ORDER BY {order}", self.refs.union(*(part.refs for part in parts)))


class Functions:
    """`F`: PySpark's functions. A text argument is a column's name wherever PySpark takes it for one."""

    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}

    def col(self, name: str) -> Column:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = Column(_quoted(name), frozenset((name,)), name)
        return found

    def lit(self, value: object) -> Column:
        return value if isinstance(value, Column) else Column(_literal(value))

    def when(self, condition: Column, value: object) -> Column:
        return _case(None, condition, value)

    def coalesce(self, *columns: str | Column) -> Column:
        return _call("COALESCE", *map(_named, columns))

    def concat(self, *columns: str | Column) -> Column:
        parts = [_named(column) for column in columns]
        return Column(f"({' || '.join(part.sql for part in parts)})", _NONE.union(*(part.refs for part in parts)))

    def concat_ws(self, separator: str, *columns: str | Column) -> Column:
        return _call("CONCAT_WS", _column(separator), *map(_named, columns))

    def min(self, column: str | Column) -> Column:
        return _call("MIN", _named(column))

    def max(self, column: str | Column) -> Column:
        return _call("MAX", _named(column))

    def sum(self, column: str | Column) -> Column:
        return _call("SUM", _named(column))

    def count(self, column: str | Column) -> Column:
        return _call("COUNT", _named(column))

    def count_distinct(self, column: str | Column) -> Column:
        part = _named(column)
        return Column(f"COUNT(DISTINCT {part.sql})", part.refs)

    def row_number(self) -> Column:
        return Column("ROW_NUMBER()")

    def lag(self, column: str | Column) -> Column:
        return _call("LAG", _named(column))

    def abs(self, column: str | Column) -> Column:
        return _call("ABS", _named(column))

    def length(self, column: str | Column) -> Column:
        return _call("LENGTH", _named(column))

    def upper(self, column: str | Column) -> Column:
        return _call("UPPER", _named(column))

    def greatest(self, *columns: str | Column) -> Column:
        return _call("GREATEST", *map(_named, columns))

    def least(self, *columns: str | Column) -> Column:
        return _call("LEAST", *map(_named, columns))

    def levenshtein(self, left: str | Column, right: str | Column) -> Column:
        return _call("LEVENSHTEIN", _named(left), _named(right))

    def regexp_like(self, column: str | Column, pattern: Column) -> Column:
        return _call("REGEXP_MATCHES", _named(column), pattern)

    def regexp_replace(self, column: str | Column, pattern: str, replacement: str) -> Column:
        return _call("REGEXP_REPLACE", _named(column), _column(pattern), _column(replacement), _column("g"))

    def replace(self, column: str | Column, search: Column, replacement: Column) -> Column:
        return _call("REPLACE", _named(column), search, replacement)

    def substring(self, column: str | Column, start: int, length: int) -> Column:
        return _call("SUBSTRING", _named(column), _column(start), _column(length))

    def split_part(self, column: str | Column, delimiter: Column, part: Column) -> Column:
        return _call("SPLIT_PART", _named(column), delimiter, part)

    def rpad(self, column: str | Column, length: int, pad: str) -> Column:
        return _call("RPAD", _named(column), _column(length), _column(pad))

    def datediff(self, end: str | Column, start: str | Column) -> Column:
        return _call("DATE_DIFF", _column("DAY"), _named(start).cast("date"), _named(end).cast("date"))

    def sha2(self, column: str | Column, bits: int) -> Column:
        if bits != 256:
            raise ValueError("only SHA-256")
        return _call("SHA256", _named(column))

    def collect_list(self, column: str | Column) -> Column:
        part = _named(column)
        return Column(f"COALESCE(LIST({part.sql}) FILTER (WHERE {part.sql} IS NOT NULL), [])", part.refs)

    def sort_array(self, column: str | Column) -> Column:
        return _call("LIST_SORT", _named(column))

    def array_join(self, column: str | Column, separator: str) -> Column:
        return _call("ARRAY_TO_STRING", _named(column), _column(separator))


F = Functions()


def json_text(column: Column) -> Column:
    """The text as JSON writes it, in quotes; null stays null. (Spark's to_json takes no bare text.)"""
    return Column(f"CAST(TO_JSON({column.sql}) AS TEXT)", column.refs)


def text(*parts: Column) -> Column:
    """The texts one after another; no part may be null."""
    return _call("CONCAT", *parts)


def mapped(column: Column, values: Mapping[Any, object], other: Column) -> Column:
    """The value that stands for the column's, else `other`."""
    if not values:
        return other
    items = [(_literal(key), _column(value)) for key, value in values.items()]
    cases = " ".join(f"WHEN {key} THEN {value.sql}" for key, value in items)
    refs = column.refs.union(other.refs, *(value.refs for _, value in items))
    return Column(f"CASE {column.sql} {cases} ELSE {other.sql} END", refs)


def _case(open_: Column | None, condition: Column, value: object) -> Column:
    then = _column(value)
    text = f"{open_.whens if open_ is not None else 'CASE'} WHEN {condition.sql} THEN {then.sql}"
    refs = condition.refs | then.refs | (open_.refs if open_ is not None else _NONE)
    return Column(f"{text} END", refs, whens=text)


def _call(function: str, *columns: Column) -> Column:
    return Column(
        f"{function}({', '.join(column.sql for column in columns)})", _NONE.union(*(column.refs for column in columns))
    )


def _named(column: str | Column) -> Column:
    return F.col(column) if isinstance(column, str) else column


def _column(value: object) -> Column:
    return value if isinstance(value, Column) else Column(_literal(value))


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST({value!r} AS DOUBLE)"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime.datetime):
        return f"CAST('{value:%Y-%m-%d %H:%M:%S.%f}' AS TIMESTAMP)"
    if isinstance(value, datetime.date):
        return f"CAST('{value.isoformat()}' AS DATE)"
    raise TypeError(f"no SQL for {type(value).__name__}")


# ---------------------------------------------------------------- frames


Visit = Callable[[str, "frozenset[str]"], None]
Resolve = Callable[[str, "frozenset[str]"], str]


class Frame:
    """A plan with its column names. Every method returns a new frame and means what PySpark's method of that name means."""

    columns: list[str]

    def select(self, *columns: str | Column) -> Frame:
        return _Select(self, [_named(column) for column in columns])

    def where(self, condition: Column) -> Frame:
        return _Where(self, condition)

    def withColumns(self, columns: Mapping[str, Column]) -> Frame:
        items = [columns[name].alias(name) if name in columns else F.col(name) for name in self.columns]
        items += [column.alias(name) for name, column in columns.items() if name not in self.columns]
        return _Select(self, items)

    def withColumn(self, name: str, column: Column) -> Frame:
        return self.withColumns({name: column})

    def withColumnRenamed(self, old: str, new: str) -> Frame:
        return self.select(*(F.col(name).alias(new) if name == old else name for name in self.columns))

    def drop(self, *names: str) -> Frame:
        return self.select(*(name for name in self.columns if name not in names))

    def distinct(self) -> Frame:
        return _Distinct(self)

    def unionByName(self, other: Frame) -> Frame:
        return _Union(self, other)

    def groupBy(self, *keys: str) -> Groups:
        return Groups(self, keys)

    def orderBy(self, *names: str) -> Frame:
        return _Order(self, names)

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        """Tell `visit` which columns of which tables it takes to make these columns."""
        raise NotImplementedError

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        """The query that yields these columns, and perhaps further ones."""
        raise NotImplementedError

    def _from(self, needed: frozenset[str], resolve: Resolve) -> str:
        return f"({self._sql(needed, resolve)})"


class _Table(Frame):
    """A table by its name: a frozen input, or a frame that was kept."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self.name = name
        self.columns = list(columns)

    def _taken(self, needed: frozenset[str]) -> frozenset[str]:
        return needed or frozenset(self.columns[:1])

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        visit(self.name, self._taken(needed))

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        names = ", ".join(_quoted(name) for name in self.columns if name in self._taken(needed))
        return f"SELECT {names} FROM {self._from(needed, resolve)}"

    def _from(self, needed: frozenset[str], resolve: Resolve) -> str:
        return resolve(self.name, self._taken(needed))


class _Select(Frame):
    def __init__(self, child: Frame, items: Sequence[Column]) -> None:
        self.child = child
        self.items = items
        self.columns = _once([item.name for item in items])
        unknown = _NONE.union(*(item.refs for item in items)).difference(child.columns)
        if unknown:
            raise ValueError(f"no columns {sorted(unknown)} among {child.columns}")

    def _chosen(self, needed: frozenset[str]) -> list[Column]:
        return [item for item in self.items if item.name in needed]

    def _refs(self, needed: frozenset[str]) -> frozenset[str]:
        return _NONE.union(*(item.refs for item in self._chosen(needed)))

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        self.child._need(self._refs(needed), visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        source = self.child._from(self._refs(needed), resolve)
        parts = ", ".join(
            item.sql if item.sql == _quoted(item.name) else f"{item.sql} AS {_quoted(item.name)}"
            for item in self._chosen(needed)
        )
        return f"SELECT {parts or '1 AS one'} FROM {source}"


class _Where(Frame):
    def __init__(self, child: Frame, condition: Column) -> None:
        self.child = child
        self.condition = condition
        self.columns = child.columns
        unknown = condition.refs.difference(child.columns)
        if unknown:
            raise ValueError(f"no columns {sorted(unknown)} among {child.columns}")

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        self.child._need(needed | self.condition.refs, visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        source = self.child._from(needed | self.condition.refs, resolve)
        return f"SELECT {_names(self.columns, needed)} FROM {source} WHERE {self.condition.sql}"


class _Distinct(Frame):
    def __init__(self, child: Frame) -> None:
        self.child = child
        self.columns = child.columns

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        self.child._need(frozenset(self.columns), visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        everything = frozenset(self.columns)
        return f"SELECT DISTINCT {_names(self.columns, everything)} FROM {self.child._from(everything, resolve)}"


class _Union(Frame):
    def __init__(self, left: Frame, right: Frame) -> None:
        self.parts: list[Frame] = [*(left.parts if isinstance(left, _Union) else [left]), right]
        self.columns = left.columns
        if set(left.columns) != set(right.columns):
            raise ValueError(f"{left.columns} and {right.columns} are not the same columns")

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        for part in self.parts:
            part._need(needed, visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        names = _names(self.columns, needed)
        return " UNION ALL ".join(f"SELECT {names} FROM {part._from(needed, resolve)}" for part in self.parts)


class _Order(Frame):
    def __init__(self, child: Frame, names: Sequence[str]) -> None:
        self.child = child
        self.names = names
        self.columns = child.columns

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        self.child._need(needed.union(self.names), visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        source = self.child._from(needed.union(self.names), resolve)
        order = ", ".join(f"{_quoted(name)} NULLS FIRST" for name in self.names)
        return f"SELECT {_names(self.columns, needed)} FROM {source} ORDER BY {order}"


class _Grouped(Frame):
    def __init__(self, child: Frame, keys: Sequence[str], items: Sequence[Column]) -> None:
        self.child = child
        self.keys = list(keys)
        self.items = items
        self.columns = _once([*keys, *(item.name for item in items)])

    def _refs(self, needed: frozenset[str]) -> frozenset[str]:
        return frozenset(self.keys).union(*(item.refs for item in self.items if item.name in needed))

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        self.child._need(self._refs(needed), visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        keys = [_quoted(key) for key in self.keys]
        items = [f"{item.sql} AS {_quoted(item.name)}" for item in self.items if item.name in needed]
        source = self.child._from(self._refs(needed), resolve)
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"SELECT {', '.join([*keys, *items]) or 'COUNT(*) AS one'} FROM {source}{group}"


class _Join(Frame):
    def __init__(self, left: Frame, right: Frame, on: Sequence[str], how: str) -> None:
        self.left, self.right, self.on, self.how = left, right, list(on), how
        one_sided = how in ("left_anti", "left_semi")
        own = [] if one_sided else [name for name in right.columns if name not in on]
        self.columns = _once([*left.columns, *own])
        self.taken = frozenset(own)

    def _sides(self, needed: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        return (needed - self.taken).union(self.on), (needed & self.taken).union(self.on)

    def _need(self, needed: frozenset[str], visit: Visit) -> None:
        left, right = self._sides(needed)
        self.left._need(left, visit)
        self.right._need(right, visit)

    def _sql(self, needed: frozenset[str], resolve: Resolve) -> str:
        left, right = self._sides(needed)
        keys = " AND ".join(f"l.{_quoted(key)} = r.{_quoted(key)}" for key in self.on)
        names = [name for name in self.columns if name in needed] or self.on[:1]
        parts = ", ".join(f"{'r' if name in self.taken else 'l'}.{_quoted(name)}" for name in names)
        one, two = self.left._from(left, resolve), self.right._from(right, resolve)
        return f"SELECT {parts} FROM {one} AS l {_HOW[self.how]} {two} AS r ON {keys}"


class Groups:
    """What `groupBy` returns."""

    def __init__(self, frame: Frame, keys: Sequence[str]) -> None:
        self.frame = frame
        self.keys = keys

    def agg(self, *columns: Column) -> Frame:
        return _Grouped(self.frame, self.keys, columns)


def join(left: Frame, right: Frame, on: Sequence[str], how: str = "inner") -> Frame:
    """The frames joined on columns of equal name; on Spark: left.join(right, on=on, how=how).

    Other columns must differ in name: a clash is a mistake of ours and stops here.
    """
    return _Join(left, right, on, how)


# ---------------------------------------------------------------- the engine


class Answer:
    """Rows that were asked for and will be there when they are read."""

    def __init__(self, engine: Engine, frame: Frame, order: Sequence[str]) -> None:
        self.engine = engine
        self.frame = frame
        self.order = list(order)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.engine._fetch(self)


class Engine:
    """One assessment's tables. Results come out in a stated order, so that the same inputs give the same bytes."""

    def __init__(self) -> None:
        # Order never depends on threads because every read is ordered.
        folder = Path(tempfile.gettempdir()) / f"mingcha-{os.getpid()}"
        self.connection = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "memory_limit": f"{_MEMORY}B",
                "temp_directory": str(folder),
                "checkpoint_threshold": "1TB",  # nothing here outlives the process
                "preserve_insertion_order": False,  # tables are sets; what is written is sorted
            },
        )
        self.columns: dict[str, list[str]] = {}
        self.kept: dict[str, Frame] = {}  # in the order in which they build on one another
        self.asked: list[Answer] = []
        self._rows: dict[str, int] = {}
        self._needs: dict[str, frozenset[str]] = {}
        self._uses: dict[str, int] = {}
        self._unread: dict[str, int] = {}  # how often each table will still be read
        self._sources: dict[str, list[str]] = {}
        self._lacking: dict[str, dict[str, Column]] = {}
        self._made: dict[str, frozenset[str]] = {}

    def close(self) -> None:
        self.connection.close()

    def load(self, name: str, file: Path, columns: Mapping[str, str] | None = None) -> None:
        """Make a frozen Parquet file a table. What an earlier version did not freeze yet is a table without rows."""
        if not file.is_file() and columns is not None:
            self.values(name, {column: _FROZEN[kind] for column, kind in columns.items()}, ())
            self._rows[name] = 0
            return
        self._rows[name] = self._open(name, file)
        self._complete(name, columns or {})

    def _complete(self, name: str, columns: Mapping[str, str]) -> None:
        """Columns that an earlier version did not freeze yet are null."""
        self._lacking[name] = {
            column: F.lit(None).cast(_FROZEN[kind])
            for column, kind in columns.items()
            if column not in self.columns[name]
        }

    def empty(self, name: str) -> bool:
        """Whether a frozen input has no rows at all: a plan may leave out what would join nothing."""
        return self._rows[name] == 0

    def values(self, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> Frame:
        """A small table of our own words. `columns`: name -> type."""
        kinds = ", ".join(f"{_quoted(column)} {_TYPES[kind]}" for column, kind in columns.items())
        self.connection.execute(f"CREATE TABLE {_quoted(name)} ({kinds})")
        lines = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
        if lines:
            self.connection.execute(f"INSERT INTO {_quoted(name)} VALUES {lines}")
        self.columns[name] = list(columns)
        return self.table(name)

    def table(self, name: str) -> Frame:
        found: Frame = _Table(name, self.columns[name])
        lacking = self._lacking.get(name)
        return found.withColumns(lacking) if lacking else found

    def keep(self, name: str, frame: Frame) -> Frame:
        """Compute the frame once (when it is needed) and go on from its result. A name is used once."""
        if name in self.columns:
            raise ValueError(f"two tables named {name}")
        self.kept[name] = frame
        self.columns[name] = frame.columns
        return self.table(name)

    def ask(self, frame: Frame, order: Sequence[str]) -> Answer:
        """Rows in the order of these columns (which must name each row uniquely), computed when they are read.

        What is asked for before the first reading is planned together: no table is made twice or wider than needed.
        """
        answer = Answer(self, frame, order)
        self.asked.append(answer)
        return answer

    def rows(self, frame: Frame, order: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The rows as dicts, now."""
        return iter(self.ask(frame, order))

    def write_lines(self, answer: Answer, line: Column, file: Path) -> None:
        """A text made of each row as the lines of a file. It is made after sorting: what is sorted stays narrow."""
        query = f"SELECT {line.sql} AS line FROM ({self._query(answer, answer.frame.columns)})"
        self._write(query, file)
        self._done(answer)

    def _fetch(self, answer: Answer) -> Iterator[dict[str, Any]]:
        names = answer.frame.columns
        rows = self._read(self._query(answer, names))
        self._done(answer)
        for row in rows:
            yield dict(zip(names, row, strict=True))

    def _query(self, answer: Answer, names: Sequence[str]) -> str:
        self._plan()
        ordered = answer.frame.orderBy(*answer.order).select(*names)
        for table in self._tables_of(ordered):
            self._make(table)
        selection = ", ".join(_quoted(name) for name in names)
        order = ", ".join(f"{_quoted(name)} NULLS FIRST" for name in answer.order)
        needed = frozenset([*names, *answer.order])
        return f"SELECT {selection} FROM {answer.frame._from(needed, self._resolve)} ORDER BY {order}"

    # -- planning: which columns of which kept tables are needed, and how often

    def _plan(self) -> None:
        needs: dict[str, frozenset[str]] = {}
        uses: dict[str, int] = {}

        def visit(name: str, columns: frozenset[str]) -> None:
            needs[name] = needs.get(name, _NONE) | columns
            uses[name] = uses.get(name, 0) + 1

        for answer in self.asked:
            answer.frame._need(frozenset(answer.frame.columns), visit)
        for name in reversed(self.kept):
            if name in needs and name not in self._made:
                self.kept[name]._need(needs[name], visit)
        self._needs, self._uses = needs, uses
        self._unread = dict(uses)
        for name in [name for name in self._made if name not in needs]:  # nobody reads it any more
            self._drop(name)
            del self._made[name]
        for name, columns in list(self._made.items()):
            if not needs[name] <= columns:  # asked for later than planned
                self._drop(name)
                del self._made[name]
                return self._plan()
        return None

    def _done(self, answer: Answer) -> None:
        with suppress(ValueError):
            self.asked.remove(answer)

    def _inlined(self, name: str) -> bool:
        return name in self.kept and name not in self._made and self._uses.get(name, 0) <= 1

    def _tables_of(self, frame: Frame) -> list[str]:
        found: list[str] = []
        frame._need(frozenset(frame.columns), lambda name, columns: found.append(name))
        return found

    def _make(self, name: str) -> None:
        """Make a kept table, and before it what it is made of."""
        if name not in self.kept or name in self._made:
            return
        frame, needed = self.kept[name], self._needs[name]
        found: list[str] = []
        frame._need(needed, lambda table, columns: found.append(table))
        self._sources[name] = found
        for table in found:
            self._make(table)
        if self._inlined(name):
            return
        query = f"SELECT {_names(frame.columns, needed)} FROM {frame._from(needed, self._resolve)}"
        self._create(name, query)
        self._made[name] = needed
        self._consumed(found)

    def _consumed(self, names: Sequence[str]) -> None:
        """These were read once more: a table that nobody will read again gives its memory back."""
        for name in names:
            self._unread[name] -= 1
            if self._unread[name] or name not in self.kept:
                continue
            if name in self._made:
                self._drop(name)
                del self._made[name]
            else:  # it was part of its reader
                self._consumed(self._sources[name])

    # -- what is done with a query: here by DuckDB, in `spark.py` by a cluster

    def _open(self, name: str, file: Path) -> int:
        """Make the Parquet file a table; how many rows it has."""
        found = self.connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(file)]).fetchone()
        rows = int(found[0]) if found is not None else 0
        if rows >= _LARGE:
            self.connection.execute("SET threads = 2")
        more = (sum(self._rows.values()) + rows) * _BYTES_A_ROW
        if more > _MEMORY:  # sorting and writing hold what cannot be put aside
            self.connection.execute(f"SET memory_limit = '{min(more, _machine_memory())}B'")
        what = "VIEW" if rows >= _LARGE else "TABLE"
        source = f"read_parquet({_literal(str(file))})"
        self.connection.execute(f"CREATE {what} {_quoted(name)} AS SELECT * FROM {source}")
        described = self.connection.execute(f"SELECT * FROM {_quoted(name)} LIMIT 0").description or []
        self.columns[name] = [column[0] for column in described]
        return rows

    def _read(self, query: str) -> Sequence[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(query).fetchall()
        return rows

    def _write(self, query: str, file: Path) -> None:
        self.connection.execute("SET preserve_insertion_order = true")  # lines are made after sorting
        self.connection.execute(
            f"COPY ({query}) TO {_literal(str(file))} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"
        )
        self.connection.execute("SET preserve_insertion_order = false")

    def _create(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE TABLE {_quoted(name)} AS {query}")

    def _drop(self, name: str) -> None:
        self.connection.execute(f"DROP TABLE {_quoted(name)}")

    def _resolve(self, name: str, needed: frozenset[str]) -> str:
        if self._inlined(name):
            return self.kept[name]._from(needed, self._resolve)
        return _quoted(name)


def open_engine(folder: Path) -> Engine:
    """DuckDB in this process; where MINGCHA_SPARK names a Spark master, that Spark, which keeps its tables in `folder`."""
    master = os.environ.get("MINGCHA_SPARK", "").strip()
    if not master:
        return Engine()
    from assessment.spark import SparkEngine

    return SparkEngine(master, folder)


def _names(columns: Sequence[str], needed: frozenset[str]) -> str:
    return ", ".join(_quoted(name) for name in columns if name in needed) or "1 AS one"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _once(names: Sequence[str]) -> list[str]:
    if len(set(names)) != len(names) or "" in names:
        twice = sorted({name for name in names if list(names).count(name) > 1 or name == ""})
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
