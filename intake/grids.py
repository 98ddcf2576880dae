"""A grid of text as a file holds it: a sheet's name and its rows, each with the number a person sees in the margin."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field


@dataclass
class Grid:
    """One sheet, csv file or JSON list. `file` is its name inside an archive or folder."""

    sheet: str
    rows: list[list[str]]
    file: str = ""
    first: int = 1  # the number of rows[0]

    @property
    def name(self) -> str:
        """How a receipt calls it: file and sheet."""
        return " / ".join(part for part in (self.file, self.sheet) if part)


@dataclass
class Source:
    """What was read from one source: its grids, the hash of its bytes, and what was left aside with the reason."""

    path: str
    sha256: str
    grids: list[Grid]
    notes: list[str] = field(default_factory=list)


def cell_text(value: object) -> str:
    """A cell as text: dates in ISO form, whole numbers without .0, everything else as it stands."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        midnight = value.hour == value.minute == value.second == 0
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)
