"""Records on their way from the database into the frozen inputs, a table of columns at a time.

A record takes with it what the law of its day says about it (which duty it is exempt from, by the rows of obligations.yml) and
who answers for it. Both are found once for all records that are alike in what the rules look at.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assessment.registers import Transfers
from db.units import name_key
from standard.obligations import SIMPLE_CONTENT, SIMPLE_NUMBER, Exemption, Obligations


class Law:
    """The exemptions of records."""

    def __init__(self, obligations: Obligations) -> None:
        self.obligations = obligations
        self.changes = obligations.days_of_change()
        self.worded = [row for row in obligations.exemptions if row.when.worded]
        self._known: dict[tuple[Any, ...], tuple[str | None, str | None]] = {}

    def of(self, records: pa.Table) -> tuple[pa.Array, pa.Array]:
        """The ids of the exemptions from publishing and from reporting, row by row."""
        simple = pc.or_(
            _says(records["document_number"], SIMPLE_NUMBER.pattern), _says(records["content"], SIMPLE_CONTENT.pattern)
        )
        signs = [self._era(records["decision_date"]), simple, *(_worded(records, row) for row in self.worded)]
        alike = [records[name] for name in ("kind", "counterparty_type", "category")]
        publish, report = once([*alike, *signs], self._ids, [pa.string(), pa.string()])
        return publish, report

    def _era(self, days: pa.ChunkedArray) -> pa.ChunkedArray:
        """How many of the days of change had come; null where there is no date."""
        none = pc.if_else(pc.is_null(days), pa.scalar(None, pa.int64()), pa.scalar(0, pa.int64()))
        for change in self.changes:
            none = pc.add(none, pc.greater_equal(days, pa.scalar(change)).cast(pa.int64()))
        return none

    def _ids(self, *signs: Any) -> tuple[str | None, str | None]:
        if signs not in self._known:
            kind, party, category, era, simple, *words = signs
            record = {
                "kind": kind,
                "counterparty_type": party,
                "category": category,
                "decision_date": None if era is None else self._day(era),
                "content": "简易程序" if simple else None,
            }
            said = [row.id for row, yes in zip(self.worded, words, strict=True) if yes]
            first, second = (self.obligations.exemption_of(record, duty, said) for duty in ("publish", "report"))
            self._known[signs] = (None if first is None else first.id, None if second is None else second.id)
        return self._known[signs]

    def _day(self, era: int) -> datetime.date:
        return self.changes[era - 1] if era else self.changes[0] - datetime.timedelta(days=1)


def _worded(records: pa.Table, row: Exemption) -> pa.ChunkedArray:
    """Which records bear the exemption's words where they must stand."""
    titles, items = row.when.patterns
    parts = []
    if titles is not None:
        said = pc.or_(_says(records["document_title"], titles), _says(records["content"], f"^(?:{titles})"))
        parts.append(pc.or_(said, _says(records["case_name"], row.when.named)))
    if items is not None:
        parts.append(pc.or_(_says(records["case_name"], items), _says(records["licence_name"], items)))
    return pc.and_(*parts) if len(parts) == 2 else parts[0]


def _says(texts: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False)


def once(
    columns: Sequence[pa.ChunkedArray], function: Callable[..., Sequence[Any]], kinds: Sequence[pa.DataType]
) -> list[pa.Array]:
    """What the function answers for the values of each row, as columns; it is asked once for all rows that are alike."""
    values: list[list[Any]] = []
    codes = None
    for column in columns:
        encoded = _whole(column).dictionary_encode("encode")
        values.append(encoded.dictionary.to_pylist())
        places = encoded.indices.cast(pa.int64())
        codes = places if codes is None else pc.add(pc.multiply(codes, len(values[-1])), places)
    assert codes is not None  # there are columns
    alike = codes.dictionary_encode()
    answers = []
    for code in alike.dictionary.to_pylist():
        row = []
        for known in reversed(values):
            code, place = divmod(code, len(known))
            row.append(known[place])
        answers.append(function(*reversed(row)))
    return [pa.array([answer[at] for answer in answers], kind).take(alike.indices) for at, kind in enumerate(kinds)]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def completed(records: pa.Table, law: Law, transfers: Transfers) -> pa.Table:
    """With the columns that freezing adds: exemptions, keys of the items, and who answers."""
    publish, report = law.of(records)
    more = {
        "publish_exemption": publish,
        "report_exemption": report,
        "case_key": _keys(records["case_name"]),
        "licence_key": _keys(records["licence_name"]),
        "filed_unit_id": records["unit_id"],
        "required_fields": pa.repeat(pa.scalar(0, pa.int64()), len(records)),
    }
    for name, column in more.items():
        records = records.append_column(name, column)
    return with_column(records, "unit_id", _owners(records, transfers))


def with_column(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The table with another column of that name in the same place."""
    return table.set_column(table.schema.get_field_index(name), name, column)


def _keys(texts: pa.ChunkedArray) -> pa.Array:
    return once([texts], _key, [pa.string()])[0]


@lru_cache(100_000)  # most items are named many times
def _key(text: str | None) -> tuple[str | None]:
    return (name_key(text) or None,)


def _owners(records: pa.Table, transfers: Transfers) -> pa.ChunkedArray:
    """Who answers; asked only where a unit's duties ever went over."""
    units = records["unit_id"]
    touched = pc.is_in(units, value_set=pa.array(sorted(transfers.touched), pa.string()))
    names = ("unit_id", "kind", "decision_date", "case_key", "licence_key", "authority", "authority_code")
    rows = records.select(names).filter(touched)
    if len(rows) == 0:
        return units
    owners = [
        transfers.owner(unit, kind, day, (case, licence), authority, code)
        for unit, kind, day, case, licence, authority, code in zip(
            *(rows[name].to_pylist() for name in names), strict=True
        )
    ]
    return pc.replace_with_mask(_whole(units), _whole(touched), pa.array(owners, pa.string()))
