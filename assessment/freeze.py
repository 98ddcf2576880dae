"""Freeze a period's inputs: every row judgement may read goes to Parquet, streamed, with a SHA-256 manifest.

    periods/<period>/inputs/publications.parquet …  meta.json  scheme.yml  manifest.json

Only what was known on the `as_of` day is frozen, so a replay of an old day does not see the future. Judgement reads these
files and nothing else; `verify` needs no database.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from assessment import deadlines, links, registers
from assessment.clocks import Clock, clocks, key_of
from assessment.periods import Period
from assessment.records import Columns, Keys, Law, arrow, batches, completed, in_bulk
from assessment.registers import Transfers
from db.clock import SHANGHAI
from db.models import Batch, Coverage, PairDecision, Portal, Publication, RefusedRow, Review, Submission, Unit
from db.settings import Workspace
from standard.editions import required
from standard.errors import Refused
from standard.obligations import Obligations
from standard.obligations import read as read_obligations
from standard.obligations import text_of as text_of_obligations
from standard.workdays import Calendar

KINDS = ("licence", "penalty")
# Partners of a record of the period may bear a mistaken date; beyond a year either way it is another decision.
_REACH = datetime.timedelta(days=400)
_BATCH = 5000
SPARE = 200  # calendar days after the last decision: the longest deadline (120 working days) still lies in the table
_TYPES = {
    "text": pa.string(),
    "day": pa.date32(),
    "time": pa.timestamp("us"),
    "number": pa.float64(),
    "count": pa.int64(),
    "yes": pa.bool_(),
}
Rows = Iterator[dict[str, Any]]

_RECORD = {
    "record_id": "text",
    "kind": "text",
    "unit_id": "text",  # who answers for the decision
    "filed_unit_id": "text",  # under whom it was shown or reported; another one where a duty went over
    "document_number": "text",
    "document_number_key": "text",
    "document_number_weak": "text",
    "document_title": "text",
    "case_name": "text",
    "case_key": "text",
    "licence_key": "text",
    "counterparty": "text",
    "counterparty_key": "text",
    "counterparty_type": "text",
    "counterparty_code": "text",
    "category": "text",
    "content": "text",
    "fine_yuan": "number",
    "confiscation_yuan": "number",
    "licence_name": "text",
    "licence_number": "text",
    "decision_date": "day",
    "valid_from": "day",
    "valid_to": "day",
    "publicity_until": "day",
    "authority": "text",
    "status": "text",
    "publish_exemption": "text",
    "report_exemption": "text",
    "required_fields": "count",
}
TABLES: dict[str, dict[str, str]] = {
    "publications": _RECORD
    | {
        "portal_id": "text",
        "url": "text",
        "stated_published_on": "day",
        "first_seen": "time",
        "last_seen": "time",
        "absent_before": "time",
        "gone_since": "time",
        "copies": "count",
        "first_crawl": "text",
        "last_crawl": "text",
        "evidence": "text",
        "form": "text",
        "confidence": "number",
    },
    "submissions": _RECORD
    | {"received_at": "time", "last_received_at": "time", "batch": "text", "version": "count", "copies": "count"},
    "defects": {
        "source": "text",
        "record_id": "text",
        "position": "count",
        "rule": "text",
        "code": "text",
        "field": "text",
        "severity": "text",
        "message": "text",
        "cure": "text",
    },
    "refused": {
        "refused_id": "text",
        "unit_id": "text",
        "kind": "text",
        "document_number_key": "text",
        "counterparty_key": "text",
        "received_at": "time",
    },
    "registers": registers.COLUMNS,
    "coverage": {
        "crawl_id": "text",
        "portal_id": "text",
        "looked_at": "time",
        "outcome": "text",
        "reason": "text",
        "unread": "count",
        "records": "count",
    },
    "portals": {
        "portal_id": "text",
        "unit_id": "text",
        "kind": "text",
        "channel": "text",
        "title": "text",
        "url": "text",
        "active": "yes",
        "fresh_days": "count",  # registry: expect.newest_within_days
    },
    "links": links.COLUMNS,
    "windows_asked": deadlines.WINDOWS,
    "units": {
        "unit_id": "text",
        "name": "text",
        "level": "text",
        "parent": "text",
        "assessed": "yes",
        "active": "yes",
        "position": "count",
        "clock": "text",
    },
    "reviews": {
        "seq": "count",
        "finding_id": "text",
        "thing": "text",
        "state": "text",
        "actor": "text",
        "reason": "text",
        "basis": "text",
        "at": "time",
    },
    "pair_decisions": {"published": "text", "submitted": "text", "same": "yes"},
    "calendar": {
        "clock": "text",
        "day": "day",
        "is_workday": "yes",
        "ordinal": "count",
        "provisional": "yes",
        "outage": "count",
        "outage_publish": "count",
    },
    "deadlines": deadlines.COLUMNS,
}


def freeze(
    session: Session,
    workspace: Workspace,
    period: Period,
    as_of: datetime.date,
    scheme_text: str,
    folder: Path,
    previous: dict[str, Any] | None,
    progress: Callable[[str], None] | None = None,
) -> str:
    """Write the inputs into `folder` (empty or absent) and return the SHA-256 of their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    until = datetime.datetime.combine(as_of, datetime.time.max, SHANGHAI)
    kept = clocks(session, workspace.calendar if workspace.calendar.is_dir() else None)
    calendar = kept[0].calendar
    transfers = Transfers.load(session)
    obligations_text, where = text_of_obligations(workspace.root)
    obligations = read_obligations(obligations_text, where)
    sources: dict[str, Rows] = {
        "defects": _defects(session, period, until),
        "refused": _refused(session, until),
        "registers": registers.frozen(session, period),
        "coverage": _coverage(session, until),
        "portals": _portals(session),
        "links": links.frozen(session, until),
        "windows_asked": deadlines.window_rows(obligations),
        "units": _units(session, kept),
        "reviews": _reviews(session),
        "pair_decisions": _pair_decisions(session),
        "calendar": _calendar(kept, period, as_of),
        "deadlines": _deadlines(kept, obligations, period, as_of),
    }
    law = Law(obligations)
    records = {
        "publications": _publications(session, period, until, law, transfers),
        "submissions": _submissions(session, period, until, law, transfers),
    }
    for name, columns in records.items():
        if progress is not None:
            progress(f"冻结 {name}")
        with in_bulk():
            _write_columns(folder / f"{name}.parquet", TABLES[name], columns)
    for name, rows in sources.items():
        if progress is not None:
            progress(f"冻结 {name}")
        _write(folder / f"{name}.parquet", TABLES[name], rows)
    (folder / "scheme.yml").write_text(scheme_text, encoding="utf-8")
    (folder / "obligations.yml").write_text(obligations_text, encoding="utf-8")
    _write_json(
        folder / "meta.json",
        _meta(session, workspace, period, as_of, until, calendar, obligations)
        | {
            "previous": previous,
            "publish_outages": any(clock.publish for clock in kept),
            "local_calendars": _local_calendars(kept, period, as_of),
        },
    )
    return _write_manifest(folder)


def refreeze_reviews(session: Session, inputs: Path, folder: Path) -> str:
    """The same inputs in `folder` (absent) with the decisions of today; returns the SHA-256 of their manifest."""
    faults = check_manifest(inputs)
    if faults:
        raise Refused(*faults)
    folder.mkdir(parents=True)
    for file in inputs.iterdir():
        if file.name not in ("reviews.parquet", "manifest.json"):
            try:
                os.link(file, folder / file.name)  # never written again: one copy serves both
            except OSError:
                shutil.copyfile(file, folder / file.name)
    _write(folder / "reviews.parquet", TABLES["reviews"], _reviews(session))
    return _write_manifest(folder)


def check_manifest(folder: Path) -> list[str]:
    """Which frozen files differ from their manifest, in words."""
    file = folder / "manifest.json"
    if not file.is_file():
        raise Refused(f"{folder}：没有冻结的输入，请先运行 mingcha assess")
    recorded: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    actual = _hashes(folder)
    return [
        f"{folder / name}："
        + ("文件缺失" if name not in actual else "多出的文件" if name not in recorded else "内容与冻结时不同")
        for name in sorted(recorded.keys() | actual.keys())
        if recorded.get(name) != actual.get(name)
    ]


def manifest_hash(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


# ---------------------------------------------------------------- rows


def _window(table: type[Publication] | type[Submission], period: Period) -> ColumnElement[bool]:
    day = table.decision_date
    return or_(day.is_(None), and_(day >= period.first - _REACH, day <= period.last + _REACH))


def _stream(session: Session, statement: Any) -> Iterator[Any]:
    return iter(session.scalars(statement.execution_options(yield_per=_BATCH)))


_DERIVED = ("publish_exemption", "report_exemption", "required_fields", "case_key", "licence_key", "filed_unit_id")
_COLUMNS = tuple(name for name in _RECORD if name not in _DERIVED)


def _publications(
    session: Session, period: Period, until: datetime.datetime, law: Law, transfers: Transfers
) -> Iterator[Columns]:
    conditions = (Publication.kind.in_(KINDS), _window(Publication, period), Publication.first_seen <= until)
    looks = (
        select(Coverage.portal_id, func.max(Coverage.looked_at))
        .where(Coverage.looked_at <= until, Coverage.outcome.in_(("complete", "partial")))
        .group_by(Coverage.portal_id)
    )
    last = {portal: _plain(looked_at) for portal, looked_at in session.execute(looks)}
    latest, keys = _plain(until), Keys()
    own = [name for name in TABLES["publications"] if name not in _RECORD]
    for rows in batches(session, Publication, (*_COLUMNS, "authority_code", *own), conditions):
        # On an earlier day it had been seen up to the last look of that time, not up to today's.
        rows["last_seen"] = [
            seen if seen <= latest else max(first, last.get(portal, first))
            for seen, first, portal in zip(rows["last_seen"], rows["first_seen"], rows["portal_id"], strict=True)
        ]
        rows["gone_since"] = [gone if gone is not None and gone <= latest else None for gone in rows["gone_since"]]
        yield completed(rows, law, keys, transfers)


def _submissions(
    session: Session, period: Period, until: datetime.datetime, law: Law, transfers: Transfers
) -> Iterator[Columns]:
    editions = {batch: edition for batch, edition in session.execute(select(Batch.id, Batch.edition))}
    conditions = (Submission.kind.in_(KINDS), _window(Submission, period), Submission.received_at <= until)
    own = [name for name in TABLES["submissions"] if name not in _RECORD]
    counted: dict[tuple[str, str, str | None], int] = {}
    keys = Keys()
    for rows in batches(session, Submission, (*_COLUMNS, "authority_code", *own), conditions):
        made = completed(rows, law, keys, transfers)
        asked = zip(rows["batch"], rows["kind"], rows["counterparty_type"], strict=True)
        made["required_fields"] = [
            counted[key] if key in counted else counted.setdefault(key, _required(editions, *key)) for key in asked
        ]
        yield made


def _required(editions: Mapping[str, str | None], batch: str, kind: str, counterparty_type: str | None) -> int:
    return len(required(editions.get(batch) or "2018", kind, counterparty_type))


def _defects(session: Session, period: Period, until: datetime.datetime) -> Rows:
    sides: tuple[tuple[str, type[Publication] | type[Submission], ColumnElement[bool]], ...] = (
        ("publication", Publication, Publication.first_seen <= until),
        ("submission", Submission, Submission.received_at <= until),
    )
    for source, table, known in sides:
        statement = (
            select(table.record_id, table.defects)
            .where(table.kind.in_(KINDS), _window(table, period), known)
            .where(cast(table.defects, Text) != "[]")  # nearly all of them
            .order_by(table.record_id)
        )
        for record_id, defects in session.execute(statement.execution_options(yield_per=_BATCH)):
            for position, defect in enumerate(defects):
                yield {"source": source, "record_id": record_id, "position": position} | {
                    key: defect.get(key) for key in ("rule", "code", "field", "severity", "message", "cure")
                }


def _refused(session: Session, until: datetime.datetime) -> Rows:
    for row in _stream(session, select(RefusedRow).where(RefusedRow.received_at <= until).order_by(RefusedRow.id)):
        yield {
            "refused_id": row.id,
            "unit_id": row.unit_id,
            "kind": row.kind,
            "document_number_key": row.document_number_key,
            "counterparty_key": row.counterparty_key,
            "received_at": row.received_at,
        }


def _coverage(session: Session, until: datetime.datetime) -> Rows:
    for row in _stream(session, select(Coverage).where(Coverage.looked_at <= until).order_by(Coverage.crawl_id)):
        yield {
            "crawl_id": row.crawl_id,
            "portal_id": row.portal_id,
            "looked_at": row.looked_at,
            "outcome": row.outcome,
            "reason": row.reason,
            "unread": row.unread,
            "records": row.records,
        }


def _portals(session: Session) -> Rows:
    for row in _stream(session, select(Portal).order_by(Portal.id)):
        yield {
            "portal_id": row.id,
            "unit_id": row.unit_id,
            "kind": row.kind,
            "channel": row.channel,
            "title": row.title,
            "url": row.url,
            "active": row.active,
            "fresh_days": (row.entry.get("expect") or {}).get("newest_within_days"),
        }


def _units(session: Session, kept: list[Clock]) -> Rows:
    keys = key_of(kept)
    for row in _stream(session, select(Unit).order_by(Unit.position, Unit.id)):
        yield {
            "unit_id": row.id,
            "name": row.name,
            "level": row.level,
            "parent": row.parent,
            "assessed": row.assessed,
            "active": row.active,
            "position": row.position,
            "clock": keys.get(row.id, ""),
        }


def _reviews(session: Session) -> Rows:
    """The latest decision on each finding."""
    latest = select(func.max(Review.id)).group_by(Review.finding_id)
    for row in _stream(session, select(Review).where(Review.id.in_(latest)).order_by(Review.id)):
        yield {
            "seq": row.id,
            "finding_id": row.finding_id,
            "thing": row.thing,
            "state": row.state,
            "actor": row.actor,
            "reason": row.reason,
            "basis": row.basis,
            "at": row.at,
        }


def _pair_decisions(session: Session) -> Rows:
    """People's latest word on each two records."""
    latest = select(func.max(PairDecision.id)).group_by(PairDecision.published, PairDecision.submitted)
    asked = select(PairDecision).where(PairDecision.id.in_(latest))
    for row in _stream(session, asked.order_by(PairDecision.published, PairDecision.submitted)):
        yield {"published": row.published, "submitted": row.submitted, "same": row.same}


def _span(period: Period, as_of: datetime.date) -> tuple[datetime.date, datetime.date]:
    return period.first - _REACH, max(period.last + _REACH, as_of) + datetime.timedelta(days=SPARE)


def _calendar(kept: list[Clock], period: Period, as_of: datetime.date) -> Rows:
    """`ordinal` and the outages run on: working days, and those of an outage, up to and including the day."""
    for clock in kept:
        ordinal = outage = publish = 0
        for day, is_workday, _, provisional in clock.calendar.table(*_span(period, as_of)):
            ordinal += is_workday
            outage += is_workday and day in clock.report
            publish += is_workday and day in clock.publish
            yield {"clock": clock.key, "day": day, "is_workday": is_workday, "ordinal": ordinal,
                   "provisional": provisional, "outage": outage, "outage_publish": publish}  # fmt: skip


def _deadlines(kept: list[Clock], obligations: Obligations, period: Period, as_of: datetime.date) -> Rows:
    for clock in kept:
        days = [(row[0], bool(row[1]), bool(row[3])) for row in clock.calendar.table(*_span(period, as_of))]
        yield from deadlines.rows(clock.key, days, obligations, SPARE)


def _local_calendars(kept: list[Clock], period: Period, as_of: datetime.date) -> list[dict[str, Any]]:
    """The units with days of their own, and the documents that say so, for the report's note on deadlines."""
    common = kept[0].calendar
    made = []
    for clock in kept[1:]:
        for year in range(period.first.year, as_of.year + 1):
            local = clock.calendar.local_notices(year)
            added = [notice for notice in local if notice not in common.local_notices(year)]
            if added:
                made.append({"year": year, "units": sorted(clock.units), "notice": "；".join(added)})
    return made


def _meta(
    session: Session,
    workspace: Workspace,
    period: Period,
    as_of: datetime.date,
    until: datetime.datetime,
    calendar: Calendar,
    obligations: Obligations,
) -> dict[str, Any]:
    received = session.scalar(
        select(func.max(Batch.received_at)).where(Batch.register == "submissions", Batch.received_at <= until)
    )
    catalogue = any(True for _ in registers.lines(session, "catalogue"))
    # Deadlines of the last days fall after the period, at the turn of the year into the next year's calendar.
    longest = max(obligations.limit(kind, what, period.last).days for kind in KINDS for what in ("publish", "report"))
    years = range(period.first.year, max(calendar.add(period.last, longest), as_of).year + 1)
    return {
        "period": period.key,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "as_of": as_of.isoformat(),
        "submissions_until": None if received is None else received.date().isoformat(),
        "catalogue_known": catalogue,
        "confirm_codes": sorted(workspace.settings.confirm.codes),
        "calendar": [{"year": year, "notice": calendar.notice(year)} for year in years],
    } | deadlines.meta(obligations, period.last)


# ---------------------------------------------------------------- files


def _schema(columns: Mapping[str, str]) -> pa.Schema:
    return pa.schema([pa.field(name, _TYPES[kind]) for name, kind in columns.items()])


def _write_columns(file: Path, columns: Mapping[str, str], batches: Iterable[Columns]) -> None:
    schema = _schema(columns)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(arrow(batch, schema))


def _write(file: Path, columns: Mapping[str, str], rows: Iterable[dict[str, Any]]) -> None:
    schema = _schema(columns)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append({name: _plain(row[name]) for name in columns})
            if len(batch) == _BATCH:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _plain(value: Any) -> Any:
    """Times are Shanghai wall time without zone, as in the database."""
    return value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != "manifest.json")
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _write_manifest(folder: Path) -> str:
    _write_json(folder / "manifest.json", _hashes(folder))
    return manifest_hash(folder)
