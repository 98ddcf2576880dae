"""Records in text that is called a spreadsheet: the page, the csv or the tab-separated text with the name .xls."""

from __future__ import annotations

import csv
import io

from crawler.documents.parts import Unreadable
from crawler.extract.decode import decode
from crawler.extract.tables import Grid, Reader, parse, read, records
from crawler.items import Seen

_MAX_CELLS = 3_000_000


def read_false_book(content: bytes, reader: Reader) -> list[Seen]:
    """A page, a csv or tab-separated text that is called .xls. Raises Unreadable."""
    text = decode(content)
    if "<t" in text[:5000].lower():
        found = records(parse(text), reader)
    else:
        found = read(Grid.of(_lines(text)), reader)
    for number, seen in enumerate(found, start=1):
        seen.row, seen.form = number, "attachment"
    return found


def _lines(text: str) -> list[list[str]]:
    sample = text[:4000]
    delimiter = max("\t,;|", key=sample.count) if any(map(sample.count, "\t,;|")) else ","
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            cells += len(row)
            if cells > _MAX_CELLS:
                raise Unreadable("表格过大（超过 300 万格），未读取")
            if any(row):
                rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise Unreadable(f"不是可读的表格文字（{error}）") from None
    return rows
