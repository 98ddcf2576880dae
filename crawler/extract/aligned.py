"""Tables without ruled lines: columns told by where words stand, rows by the first column or by the space between them.

Nothing is certain here: what is read has little confidence, and what does not fit is counted and told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from crawler.documents.parts import Place
from crawler.extract import tables
from crawler.extract.tables import Grid, Reader
from crawler.items import Seen

_FEWEST, _MOST = 3, 100  # columns
_TRIED = 2_000  # lines that may be tried for a header: each costs a millisecond, and documents come from strangers
_HEADER_LINES = 3  # lines that a header may be broken into
_FITS = 0.6  # confidence where every line is a row, or rows stand apart
_GUESSED = 0.4  # where rows were told by the first column only
_APART = 1.35  # of the usual distance of lines


@dataclass
class Column:
    """From where to where a column's words stand, as far as it was read."""

    left: float
    right: float


@dataclass
class Table:
    """The lines of one table, cell by cell, and how many below it did not fit."""

    columns: list[Column]
    header: list[str] = field(default_factory=list)
    lines: list[tuple[Place, list[str]]] = field(default_factory=list)
    lost: int = 0


def read(places: list[Place], reader: Reader) -> tuple[list[Seen], int]:
    """The decisions of all such tables of a document, and how many lines below a header were not read."""
    found: list[Seen] = []
    lost = number = tried = 0
    headed = False
    while number < len(places):
        table, following = _table(places, number, reader) if tried < _TRIED else (None, number)
        headed = headed or following > number or tried == _TRIED
        if table is None:
            columns = following == number and len(places[number].pieces) >= _FEWEST
            lost += headed and columns  # a row of a table that seemed to have ended
            tried += columns and tried < _TRIED
        else:
            rows, confidence = _rows(table)
            seen = tables.read(Grid.of([table.header, *rows]), reader)
            for each in seen:
                each.confidence = min(each.confidence, confidence)
            found += seen
            lost += table.lost if seen or not rows else 0
            lost += len(table.lines) if not rows else 0  # nobody can say where a row begins
        number = max(following, number + 1)
    return found, lost


def _table(places: list[Place], start: int, reader: Reader) -> tuple[Table | None, int]:
    """The table whose header begins at a line, or None; and the line after it (the same line where there is no header)."""
    if not _FEWEST <= len(places[start].pieces) <= _MOST:
        return None, start
    columns = [Column(left, right) for left, right, _ in places[start].pieces]
    header = [text for _, _, text in places[start].pieces]
    best: tuple[list[str], int] | None = (header, 1) if _known(header, reader) else None
    for height in range(2, _HEADER_LINES + 1):  # a header of broken labels
        place = places[start + height - 1] if start + height - 1 < len(places) else None
        cells = _cells(place, columns) if place is not None and place.page == places[start].page else None
        if cells is None:
            break
        header = [above + below for above, below in zip(header, cells, strict=True)]
        if _known(header, reader) > (_known(best[0], reader) if best else 0):
            best = (list(header), height)
    if best is None:
        return None, start
    table = Table([Column(left, right) for left, right, _ in places[start].pieces], best[0])
    number = start + best[1]
    for place in places[start + 1 : number]:
        _cells(place, table.columns)
    while number < len(places):
        place = places[number]
        cells = _cells(place, table.columns)
        if cells is None:
            if len(place.pieces) < _FEWEST:
                break  # a line of words across the columns: the table has ended
            table.lost += 1
        elif not _is_header(cells, table.header):
            table.lines.append((place, cells))
        number += 1
    return (table if table.lines else None), number


def _is_header(cells: list[str], header: list[str]) -> bool:
    """Whether a line is (a part of) the header, which may stand on every page again."""
    return all(cell in label for cell, label in zip(cells, header, strict=True)) and any(
        len(cell) > 1 for cell in cells
    )


def _known(labels: list[str], reader: Reader) -> int:
    """How many of these are labels that are known; 0 when they are no header."""
    if not tables.has_header(Grid.of([labels]), reader):
        return 0
    return sum(column is not None for column in reader.columns(labels))


def _cells(place: Place | None, columns: list[Column]) -> list[str] | None:
    """A line's pieces in their columns, which grow with them; None when one stands in several of them or in none."""
    if place is None:
        return None
    cells = [""] * len(columns)
    taken: list[tuple[Column, float, float]] = []
    for left, right, text in place.pieces:
        over = [
            number
            for number, column in enumerate(columns)
            if min(right, column.right) - max(left, column.left) > 0.2 * place.size
        ]
        if not over:
            middle = (left + right) / 2
            number = min(range(len(columns)), key=lambda n: abs((columns[n].left + columns[n].right) / 2 - middle))
            column = columns[number]
            if max(left - column.right, column.left - right) > 2 * place.size or cells[number]:
                return None
            over = [number]
        if len(over) > 1:
            return None
        cells[over[0]] += text
        taken.append((columns[over[0]], left, right))
    for column, left, right in taken:
        number = columns.index(column)
        before = columns[number - 1].right if number else float("-inf")
        after = columns[number + 1].left if number + 1 < len(columns) else float("inf")
        column.left, column.right = max(min(column.left, left), before), min(max(column.right, right), after)
    return cells


def _rows(table: Table) -> tuple[list[list[str]], float]:
    """The rows of a table, and how sure it is which lines make one."""
    lines = table.lines
    width = len(table.columns)
    if all(cells[0] and sum(map(bool, cells)) * 2 > width for _, cells in lines):
        return [cells for _, cells in lines], _FITS
    steps = [below.top - above.top for (above, _), (below, _) in pairwise(lines) if below.page == above.page]
    wide = _APART * min((step for step in steps if step > 0), default=0.0)
    if any(step > wide for step in steps) and not all(step > wide for step in steps):
        rows = _grouped(lines, wide)
        if all(sum(map(bool, row)) * 2 > width for row in rows):
            return rows, _FITS
    return (_grouped(lines, None), _GUESSED) if lines[0][1][0] else ([], _GUESSED)


def _grouped(lines: list[tuple[Place, list[str]]], wide: float | None) -> list[list[str]]:
    """Lines put together: a row begins after a space that is so wide; without it, where the first column says something."""
    rows: list[list[str]] = []
    before: Place | None = None
    for place, cells in lines:
        same_page = before is not None and before.page == place.page
        if wide is not None and same_page and before is not None:
            begins = place.top - before.top > wide
        else:
            begins = bool(cells[0])
        if begins or not rows:
            rows.append(list(cells))
        else:
            rows[-1] = [above + below for above, below in zip(rows[-1], cells, strict=True)]
        before = place
    return rows
