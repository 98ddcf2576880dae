"""Submitted rows of the wider kinds (red and black lists, inspections …): into a table of their own, counted in the same receipt.

They pass through the same door and the same rules as licences and penalties, and the sums of a receipt hold for them too:
accepted + updated + duplicate + refused = rows. They never enter the comparison.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import OtherRecord
from db.session import upsert
from intake.headers import Table
from intake.rows import COLUMNS, Prepared
from standard import kinds, wider
from standard.aliases import kind_of, kind_score

if TYPE_CHECKING:
    from intake.submissions import Import

_KEYS = 400
_AT = {name: place for place, name in enumerate(COLUMNS)}
_NAMING = ("document_number", "counterparty", "case_name", "content", "category", "licence_name")
_DATES = ("decision_date", "valid_from", "valid_to", "publicity_until")
_JSON = ("defects", "raw")


def kind_of_table(table: Table, file: str) -> str | None:
    """The wider kind that header, sheet or file name tell; None: it is one of licences or penalties, or nothing tells.

    A header tells by at least two labels that only its kind has, when they are more than those of licences or penalties;
    a name tells only when the header says nothing.
    """
    told = kind_of(table.labels, wider=True)
    if told is not None or max(kind_score(table.labels).values()) > 0:
        return told if told in kinds.WIDER else None
    found = kinds.named(table.grid.sheet) or kinds.named(file)
    return found if found in kinds.WIDER else None


@dataclass(slots=True)
class _Row:
    """One row of a wider kind: as the import knows it, and as it will be stored."""

    prepared: Prepared
    values: dict[str, Any]


def take(importing: Import, session: Session, table: Table, chunk: Sequence[Prepared]) -> None:
    """Settles and stores one chunk of rows of a wider kind."""
    importing.receipt.rows += len(chunk)
    order: list[tuple[str, _Row, str, datetime.datetime]] = []
    for prepared in chunk:
        row = _row(importing, table, prepared)
        item = importing._item(table, row.prepared)
        if item is not None:
            order.append((_id(importing, row, item.id), row, item.unit, item.received))
    stored = _load(session, {name for name, *_ in order})
    changed: dict[str, dict[str, Any]] = {}
    for name, row, unit, received in order:
        outcome = _settle(importing, stored, changed, name, row, unit, received)
        if row.prepared.told:
            importing._told(table, row.prepared, outcome, row.prepared.told)
    for start in range(0, len(changed), _KEYS):
        rows = list(changed.values())[start : start + _KEYS]
        upsert(session, OtherRecord.__table__, rows)  # type: ignore[arg-type]
    importing._flush(session)  # the refused ones


def _row(importing: Import, table: Table, prepared: Prepared) -> _Row:
    """The row with the values that only its kind has, without what may not be kept of persons."""
    assert table.kind is not None
    made = dict(zip(COLUMNS, prepared.values, strict=True))
    for name in _JSON:
        made[name] = json.loads(made[name])
    for name in _DATES:
        made[name] = None if made[name] is None else datetime.date.fromisoformat(made[name])
    texts = {
        column.field: made["raw"][label]
        for label, column in zip(table.shown, table.columns, strict=True)
        if column is not None and label in made["raw"]
    }
    naming = any(made[name] for name in _NAMING)
    rest = wider.nameless(texts)
    reasons = prepared.reasons
    if rest and naming:
        reasons = [reason for reason in reasons if reason[0] != "R1"]  # a policy, a payment: nobody need be named
    wider.complete(made, texts, table.money)
    kept = list(prepared.values)
    kept[_AT["raw"]] = json.dumps(made["raw"], ensure_ascii=False)
    shown = (made["document_number"] or "", made["counterparty"] or made["case_name"] or "")
    return _Row(
        prepared._replace(
            values=kept, identity=prepared.identity + rest, reasons=reasons, shown=shown, content_hash=made["content_hash"],
            number_key=None, party_key=None,  # a refused row of another kind is no attempt at a licence or penalty
        ),
        made,
    )  # fmt: skip


def _id(importing: Import, row: _Row, given: str) -> str:
    return wider.identity(row.values["kind"], given, importing.workspace.key)


def _load(session: Session, names: set[str]) -> dict[str, dict[str, Any]]:
    stored: dict[str, dict[str, Any]] = {}
    wanted = sorted(names)
    asked = ("record_id", "content_hash", "received_at", "last_received_at", "version", "copies")
    for start in range(0, len(wanted), _KEYS):
        query = select(*(getattr(OtherRecord, name) for name in asked)).where(
            OtherRecord.record_id.in_(wanted[start : start + _KEYS])
        )
        for found in session.execute(query):
            stored[found.record_id] = dict(found._mapping)
    return stored


def _settle(
    importing: Import, stored: dict[str, dict[str, Any]], changed: dict[str, dict[str, Any]], name: str, row: _Row,
    unit: str, received: datetime.datetime,
) -> str:  # fmt: skip
    """新增, 更新 or 重复; the sums of the receipt follow."""
    receipt = importing.receipt
    old = stored.get(name)
    if old is None:
        receipt.accepted += 1
        changed[name] = stored[name] = _whole(importing, row, name, unit, received, received, 1)
        return "新增"
    first = min(old["received_at"], received)
    if row.values["content_hash"] == old["content_hash"] or received < old["last_received_at"]:
        receipt.duplicate += 1
        if first < old["received_at"] and name in changed:
            changed[name]["received_at"] = first
        return "重复"
    receipt.updated += 1
    last = max(old["last_received_at"], received)
    changed[name] = stored[name] = _whole(importing, row, name, unit, first, last, old["version"] + 1)
    return "更新"


def _whole(
    importing: Import, row: _Row, name: str, unit: str, first: datetime.datetime, last: datetime.datetime, version: int
) -> dict[str, Any]:
    return {
        **row.values, "record_id": name, "source": "submitted", "unit_id": unit, "received_at": first,
        "last_received_at": last, "batch": importing.batch, "version": version, "copies": 1, "form": "",
        "confidence": 1.0, "warnings": [],
    }  # fmt: skip
