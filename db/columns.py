"""Rows in sets: out of a table as Arrow columns, no value converted by Python on its way, and into a table as plain tuples.

On the way out the database itself writes its rows as lines of CSV (PostgreSQL by COPY, SQLite by printf) and Arrow reads the lines into typed
columns. Both write text in single quotes, a single quote within it twice, and a bare NULL where nothing is known. No text has a
zero byte in it (`standard.values` takes it out, PostgreSQL stores none): SQLite would write the text only up to there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
from sqlalchemy import ColumnElement, LargeBinary, Select, Table, collate, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

# So many rows make one table: enough for the engine to share them out as row groups, little enough to hold.
BATCH = 50_000
_WRITTEN = 10_000
_LINES = pc.ParseOptions(quote_char="'", double_quote=True, newlines_in_values=True, ignore_empty_lines=False)


def columns(
    session: Session,
    table: Table,
    schema: pa.Schema,
    conditions: Sequence[ColumnElement[bool]],
    order: str | None = None,
) -> Iterator[pa.Table]:
    """The columns of the schema of the rows that meet the conditions, in binary order of one text column (None: in any).

    Times come as they are stored: Shanghai wall time.
    """
    asked = select(*(table.c[name] for name in schema.names)).where(*conditions)
    sqlite = session.get_bind().dialect.name == "sqlite"
    if order is not None:
        asked = asked.order_by(table.c[order] if sqlite else collate(table.c[order], "C"))
    return (_sqlite if sqlite else _postgresql)(session, asked, schema)


def _sqlite(session: Session, asked: Select[Any], schema: pa.Schema) -> Iterator[pa.Table]:
    # SQLite writes a floating number with 15 digits only; these few come as numbers.
    numbers = [field for field in schema if pa.types.is_floating(field.type)]
    texts = pa.schema([field for field in schema if field not in numbers])
    found = {column.name: column for column in asked.selected_columns}
    line = func.printf(",".join(["%Q"] * len(texts)), *(found[name] for name in texts.names)).cast(LargeBinary)
    rows = session.connection().execute(
        asked.with_only_columns(line, *(found[field.name] for field in numbers)),
        execution_options={"stream_results": True, "yield_per": BATCH},
    )
    for part in rows.partitions(BATCH):
        lines, *values = zip(*part, strict=True)
        made = _read(b"\n".join(lines), texts)
        for field, column in zip(numbers, values, strict=True):
            made = made.append_column(field, pa.array(column, field.type))
        yield made.select(schema.names)


def _postgresql(session: Session, asked: Select[Any], schema: pa.Schema) -> Iterator[pa.Table]:
    text = str(asked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    options = "FORMAT csv, QUOTE '''', ESCAPE '''', NULL 'NULL', FORCE_QUOTE *"
    session.flush()
    cursor: Any = session.connection().connection.cursor()
    with cursor:
        cursor.execute("SET LOCAL datestyle = 'ISO'")
        with cursor.copy(f"COPY ({text}) TO STDOUT ({options})".replace("%%", "%")) as copy:
            lines: list[bytes] = []
            for line in copy:
                lines.append(bytes(line))
                if len(lines) == BATCH:
                    yield _read(b"".join(lines), schema)
                    lines = []
            if lines:
                yield _read(b"".join(lines), schema)


def _read(lines: bytes, schema: pa.Schema) -> pa.Table:
    return pc.read_csv(
        pa.py_buffer(lines),
        read_options=pc.ReadOptions(column_names=schema.names, block_size=len(lines) + 1, use_threads=False),
        parse_options=_LINES,
        convert_options=pc.ConvertOptions(
            column_types=schema,
            null_values=["NULL"],
            true_values=["1", "t"],
            false_values=["0", "f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            timestamp_parsers=[pc.ISO8601],
        ),
    )


def insert(session: Session, table: Table, names: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    """Insert rows of plain values, each as the database stores it (times and JSON as text)."""
    connection = session.connection()
    listed = f"{table.name} ({', '.join(names)})"
    if connection.dialect.name == "sqlite":
        _many(session, f"INSERT INTO {listed} VALUES ({', '.join('?' * len(names))})", rows)  # noqa: S608 - our own names
        return
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {listed} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def remove(session: Session, table: Table, names: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    """Remove the rows that have these values in the named columns."""
    mark = "?" if session.connection().dialect.name == "sqlite" else "%s"
    where = " AND ".join(f"{name} = {mark}" for name in names)
    _many(session, f"DELETE FROM {table.name} WHERE {where}", rows)  # noqa: S608 - our own names


def _many(session: Session, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    left = iter(rows)
    while part := list(islice(left, _WRITTEN)):
        session.connection().exec_driver_sql(statement, part)
