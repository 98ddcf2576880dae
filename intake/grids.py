"""A grid of text as a file holds it: a sheet's name and its rows, each with the number a person sees in the margin.

Rows are streamed: a grid may be walked any number of times, and nobody needs to hold all of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

Row = list[str]


class Grid:
    """One sheet, csv file or JSON list. `file` is its name inside an archive or folder; `first` the number of its first row."""

    def __init__(
        self, sheet: str, rows: Iterable[Row] = (), file: str = "", first: int = 1, *,
        opened: Callable[[], Iterator[Row]] | None = None, release: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self.sheet, self.file, self.first = sheet, file, first
        self._rows = None if opened else list(rows)
        self._opened, self._release = opened, release

    @property
    def name(self) -> str:
        """How a receipt calls it: file and sheet."""
        return " / ".join(part for part in (self.file, self.sheet) if part)

    def stream(self) -> Iterator[Row]:
        """Its rows, from the first; may be called again."""
        if self._opened is not None:
            return self._opened()
        return iter(self._rows or ())

    def head(self, count: int) -> list[Row]:
        """Its first rows."""
        return list(islice(self.stream(), count))

    @property
    def rows(self) -> list[Row]:
        """All its rows at once: for registers and other small files."""
        return list(self.stream())

    def release(self) -> None:
        """Lets go of what was parsed; the next `stream` reads it again."""
        if self._release is not None:
            self._release()


@dataclass
class Source:
    """What was read from one source: its grids, the hash of its bytes, and what was left aside with the reason."""

    path: str
    sha256: str
    grids: list[Grid]
    notes: list[str] = field(default_factory=list)
    size: int = 0  # bytes held in memory for it

    def release(self) -> None:
        for grid in self.grids:
            grid.release()


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
