"""Data out for the wider kinds (red and black lists, inspections …), and how many records of each kind each unit has."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.orm import Session

from db.models import RECORD_FIELDS, OtherRecord, Publication, Submission, Unit
from reports.export import Found, Row, fields_of
from standard.errors import Refused
from standard.kinds import KINDS, WIDER
from standard.wider import own_fields

COUNT_FIELDS = (
    "unit", "unit_name", "kind", "kind_name", "source", "records", "natural_persons", "with_defects", "first_decision",
    "last_decision",
)  # fmt: skip
COUNT_COLUMNS = tuple(name for name in COUNT_FIELDS if name not in ("unit", "kind"))  # on screen: the names only


def fields(kind: str) -> tuple[str, ...]:
    """The keys of a record of that kind: the contract's, then those that only its kind has."""
    return (*RECORD_FIELDS, *own_fields(kind))


def records(
    session: Session, kind: str, source: str | None = None, portal: str | None = None, unit: str | None = None
) -> Iterator[Row]:
    """Every record of a wider kind, published and submitted unless `source` names one, in a fixed order."""
    if kind not in WIDER:
        raise Refused(f"{kind} 不是另行计数的信息类别，可用：{'、'.join(WIDER)}")
    if portal is not None and source == "submitted":
        raise Refused("--portal 只适用于 --source published：报送数据没有所属门户")
    return _records(session, kind, source, portal, unit)


def _records(session: Session, kind: str, source: str | None, portal: str | None, unit: str | None) -> Iterator[Row]:
    table = OtherRecord.__table__
    query = (
        select(*fields_of(table, RECORD_FIELDS, portal=table.c.portal_id, unit=table.c.unit_id), table.c.own)
        .where(table.c.kind == kind)
        .order_by(table.c.unit_id, table.c.source, table.c.record_id)
    )
    for column, wanted in (("source", source), ("portal_id", portal), ("unit_id", unit)):
        if wanted is not None:
            query = query.where(table.c[column] == wanted)
    own = own_fields(kind)
    for row in Found(session, query):
        values = row.pop("own")
        yield row | {name: values.get(name) for name in own}


def counts(session: Session, kind: str | None = None, unit: str | None = None) -> Iterator[Row]:
    """One line for each unit, kind and inlet that has records: how many, how many of persons, how many with a defect."""
    names = {
        key: (name, position) for key, name, position in session.execute(select(Unit.id, Unit.name, Unit.position))
    }
    found: list[tuple[tuple[int, str, int, str], Row]] = []
    order = list(KINDS)
    for model, source in ((Publication, "published"), (Submission, "submitted"), (OtherRecord, None)):
        keys = [model.unit_id, model.kind, *([OtherRecord.source] if source is None else [])]
        query = select(
            *keys,
            func.count(),
            func.sum(case((model.counterparty_type == "natural_person", 1), else_=0)),
            func.sum(case((func.length(cast(model.defects, Text)) > 2, 1), else_=0)),
            func.min(model.decision_date),
            func.max(model.decision_date),
        ).group_by(*keys)
        if kind is not None:
            query = query.where(model.kind == kind)
        if unit is not None:
            query = query.where(model.unit_id == unit)
        for line in session.execute(query):
            unit_id, of_kind = line[0], line[1]
            inlet = source or line[2]
            total, persons, faulty, first, last = line[-5:]
            name, position = names.get(unit_id, (unit_id, 0))
            row = {
                "unit": unit_id, "unit_name": name, "kind": of_kind, "kind_name": KINDS[of_kind].label, "source": inlet,
                "records": total, "natural_persons": int(persons or 0), "with_defects": int(faulty or 0),
                "first_decision": first, "last_decision": last,
            }  # fmt: skip
            found.append(((position, unit_id, order.index(of_kind), inlet), row))
    for _, row in sorted(found, key=lambda pair: pair[0]):
        yield row
