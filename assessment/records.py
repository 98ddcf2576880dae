"""Records on their way from the database into the frozen inputs, a column at a time.

A record takes with it what the law of its day says about it (which duty it is exempt from, by the rows of obligations.yml) and
who answers for it. Both are found once for all records that are alike in what the rules look at.
"""

from __future__ import annotations

import bisect
import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, DateTime, Select, select, type_coerce
from sqlalchemy.orm import Session

from assessment.registers import Transfers
from db.models import LocalTime, Publication, Submission
from db.units import name_key
from standard.obligations import Obligations, simple_procedure

# So many rows make one row group: enough for the engine to share them out, little enough to hold.
BATCH = 50_000
Columns = dict[str, list[Any]]


@contextmanager
def in_bulk() -> Iterator[None]:
    """Without the cycle collector, which would walk millions of values that hold no cycles; they go by their count."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Law:
    """The exemptions of records."""

    def __init__(self, obligations: Obligations) -> None:
        self.obligations = obligations
        self.changes = obligations.days_of_change()
        self.worded: list[tuple[str, re.Pattern[str] | None, re.Pattern[str] | None]] = []
        for row in obligations.exemptions:
            if row.when.worded:
                title, item = (None if words is None else re.compile(words) for words in row.when.patterns)
                self.worded.append((row.id, title, item))
        self._known: dict[tuple[Any, ...], tuple[str | None, str | None]] = {}

    def of(self, columns: Mapping[str, Sequence[Any]]) -> tuple[list[str | None], list[str | None]]:
        """The ids of the exemptions from publishing and from reporting, row by row."""
        names = ("kind", "counterparty_type", "category", "decision_date", "document_number", "content",
                 "document_title", "case_name", "licence_name")  # fmt: skip
        publish: list[str | None] = []
        report: list[str | None] = []
        known, changes = self._known, self.changes
        for values in zip(*(columns[name] for name in names), strict=True):
            kind, party, category, day, number, content, title, case, licence = values
            era = -1 if day is None else bisect.bisect_right(changes, day)
            said = tuple(
                id
                for id, titles, items in self.worded
                if (titles is None or titles.search(title or "") or titles.match(content or ""))
                and (items is None or items.search(case or "") or items.search(licence or ""))
            )
            key = (kind, party, category, era, simple_procedure(number, content), said)
            found = known.get(key)
            if found is None:
                found = known[key] = self._ids(dict(zip(names, values, strict=True)), said)
            publish.append(found[0])
            report.append(found[1])
        return publish, report

    def _ids(self, record: dict[str, Any], said: tuple[str, ...]) -> tuple[str | None, str | None]:
        first, second = (self.obligations.exemption_of(record, duty, said) for duty in ("publish", "report"))
        return (None if first is None else first.id, None if second is None else second.id)


class Keys:
    """Names as they are compared; most items are named many times."""

    def __init__(self) -> None:
        self._known: dict[str | None, str | None] = {None: None}

    def of(self, texts: Sequence[str | None]) -> list[str | None]:
        known = self._known
        return [known[text] if text in known else self._make(text) for text in texts]

    def _make(self, text: str | None) -> str | None:
        if len(self._known) > 200_000:
            self._known = {None: None}
        made = self._known[text] = name_key(text) or None
        return made


def batches(
    session: Session,
    table: type[Publication] | type[Submission],
    names: Sequence[str],
    conditions: Sequence[ColumnElement[bool]],
) -> Iterator[Columns]:
    """The named columns of the table's rows in order of their ids; times are Shanghai wall time without zone."""
    # Database columns, not objects: what the mapper adds costs more than reading.
    kept = table.__table__.c
    asked: Select[Any] = select(*(_plain(kept[name], name) for name in names)).where(*conditions)
    rows = session.connection().execute(
        asked.order_by(kept.record_id), execution_options={"stream_results": True, "yield_per": BATCH}
    )
    for part in rows.partitions(BATCH):
        yield dict(zip(names, map(list, zip(*part, strict=True)), strict=True))


def _plain(column: Any, name: str) -> ColumnElement[Any]:
    return type_coerce(column, DateTime).label(name) if isinstance(column.type, LocalTime) else column


def arrow(columns: Columns, schema: pa.Schema) -> pa.Table:
    return pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)


def completed(columns: Columns, law: Law, keys: Keys, transfers: Transfers) -> Columns:
    """With the columns that freezing adds: exemptions, keys of the items, and who answers."""
    publish, report = law.of(columns)
    case_keys, licence_keys = keys.of(columns["case_name"]), keys.of(columns["licence_name"])
    filed = columns["unit_id"]
    owners = list(filed)
    for n, unit in enumerate(filed):
        if unit in transfers.touched:
            owners[n] = transfers.owner(
                unit,
                columns["kind"][n],
                columns["decision_date"][n],
                (case_keys[n], licence_keys[n]),
                columns["authority"][n],
                columns["authority_code"][n],
            )
    return columns | {
        "publish_exemption": publish,
        "report_exemption": report,
        "case_key": case_keys,
        "licence_key": licence_keys,
        "filed_unit_id": filed,
        "unit_id": owners,
        "required_fields": [0] * len(filed),
    }
