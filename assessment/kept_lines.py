"""Result files asked with SQL, so that a comparison of two judgements holds neither of them in memory."""

# ruff: noqa: S608 - SQL of our own names, quoted.

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

FINDINGS = dict.fromkeys(
    ("finding_id", "unit_id", "code", "document_number", "level", "state", "published_from", "published_to",
     "received_at", "due_date"), "VARCHAR",
) | {"days_late": "BIGINT"}  # fmt: skip
PAIRS = dict.fromkeys(("published", "submitted", "verdict"), "VARCHAR")
_LONGEST = 64 << 20  # bytes of one line


def ask(statement: str, tables: Mapping[str, tuple[Path, Mapping[str, str]]]) -> list[dict[str, Any]]:
    """The rows of a statement over JSON Lines files: name -> file and the members that are read, with their types.

    What does not fit into memory spills into a folder of the period, not of the kept files; `assess` clears away what a killed run left.
    """
    connection = duckdb.connect(":memory:", config={"threads": 2})
    try:
        spill = next(iter(tables.values()))[0].parent.parent / f".results-{os.getpid()}-spill"
        connection.execute(f"SET temp_directory = {_held(str(spill))}")
        for name, (file, members) in tables.items():
            kinds = ", ".join(f"{_held(member)}: {_held(kind)}" for member, kind in members.items())
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_json({_held(str(file))}, format = 'newline_delimited', "
                f"columns = {{{kinds}}}, maximum_object_size = {_LONGEST})"
            )
        found = connection.execute(statement)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    finally:
        connection.close()


def _held(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
