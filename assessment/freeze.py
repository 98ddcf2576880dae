"""Freeze a period's inputs: every row judgement may read goes to Parquet, streamed, with a SHA-256 manifest.

    periods/<period>/inputs/publications.parquet …  meta.json  scheme.yml  manifest.json

Only what was known on the `as_of` day is frozen, so a replay of an old day does not see the future. Judgement reads these
files and nothing else; `verify` needs no database.
"""

from __future__ import annotations

import bisect
import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from assessment.periods import Period
from db.clock import SHANGHAI
from db.models import Batch, Coverage, Portal, Publication, RefusedRow, RegisterEntry, Review, Submission, Unit
from db.settings import Workspace
from db.units import name_key
from standard.editions import required
from standard.errors import Refused
from standard.obligations import Obligations
from standard.obligations import load as load_obligations
from standard.workdays import Calendar

KINDS = ("licence", "penalty")
# Partners of a record of the period may bear a mistaken date; beyond a year either way it is another decision.
_REACH = datetime.timedelta(days=400)
_BATCH = 5000
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
    "unit_id": "text",
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
    "registers": {
        "entry_id": "text",
        "register": "text",
        "unit_id": "text",
        "kind": "text",
        "document_number_key": "text",
        "counterparty_key": "text",
        "counterparty_code": "text",
        "item_name": "text",
        "item_key": "text",
        "effective_from": "day",
        "effective_to": "day",
        "ground": "text",
        "basis": "text",
        "publish": "yes",
        "covers_period": "yes",
    },
    "coverage": {
        "crawl_id": "text",
        "portal_id": "text",
        "looked_at": "time",
        "outcome": "text",
        "reason": "text",
        "unread": "count",
    },
    "portals": {
        "portal_id": "text",
        "unit_id": "text",
        "kind": "text",
        "channel": "text",
        "title": "text",
        "url": "text",
        "active": "yes",
    },
    "units": {
        "unit_id": "text",
        "name": "text",
        "level": "text",
        "parent": "text",
        "assessed": "yes",
        "active": "yes",
        "position": "count",
    },
    "reviews": {"finding_id": "text", "state": "text", "reason": "text"},
    "calendar": {"day": "day", "is_workday": "yes", "ordinal": "count", "provisional": "yes", "outage": "count"},
    "deadlines": {
        "kind": "text",
        "day": "day",
        "publish_days": "count",
        "publish_due": "day",
        "publish_basis": "text",
        "report_days": "count",
        "report_due": "day",
        "report_basis": "text",
        "provisional": "yes",
    },
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
    calendar = Calendar.load(workspace.calendar if workspace.calendar.is_dir() else None)
    obligations = load_obligations()
    outages = _outage_days(session)
    sources: dict[str, Rows] = {
        "publications": _publications(session, period, until, obligations),
        "submissions": _submissions(session, period, until, obligations),
        "defects": _defects(session, period, until),
        "refused": _refused(session, until),
        "registers": _registers(session, period),
        "coverage": _coverage(session, until),
        "portals": _portals(session),
        "units": _units(session),
        "reviews": _reviews(session),
        "calendar": _calendar(calendar, period, as_of, outages),
        "deadlines": _deadlines(calendar, obligations, period, as_of),
    }
    for name, rows in sources.items():
        if progress is not None:
            progress(f"冻结 {name}")
        _write(folder / f"{name}.parquet", TABLES[name], rows)
    (folder / "scheme.yml").write_text(scheme_text, encoding="utf-8")
    _write_json(
        folder / "meta.json",
        _meta(session, workspace, period, as_of, until, calendar, obligations) | {"previous": previous},
    )
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


_DERIVED = ("publish_exemption", "report_exemption", "required_fields", "case_key", "licence_key")
_COLUMNS = tuple(name for name in _RECORD if name not in _DERIVED)


def _record(row: Publication | Submission, obligations: Obligations) -> dict[str, Any]:
    """The record with what the law of its day says about it: which duty it is exempt from, by the rows of obligations.yml."""
    named = {name: getattr(row, name) for name in _COLUMNS}
    publish, report = (obligations.exemption_of(named, duty) for duty in ("publish", "report"))
    return named | {
        "publish_exemption": None if publish is None else publish.id,
        "report_exemption": None if report is None else report.id,
        "required_fields": 0,
        "case_key": name_key(row.case_name) or None,
        "licence_key": name_key(row.licence_name) or None,
    }


def _publications(session: Session, period: Period, until: datetime.datetime, obligations: Obligations) -> Rows:
    statement = select(Publication).where(
        Publication.kind.in_(KINDS), _window(Publication, period), Publication.first_seen <= until
    )
    looks = (
        select(Coverage.portal_id, func.max(Coverage.looked_at))
        .where(Coverage.looked_at <= until, Coverage.outcome.in_(("complete", "partial")))
        .group_by(Coverage.portal_id)
    )
    last = {portal: looked_at for portal, looked_at in session.execute(looks)}
    for row in _stream(session, statement.order_by(Publication.record_id)):
        yield _record(row, obligations) | {
            "portal_id": row.portal_id,
            "url": row.url,
            "stated_published_on": row.stated_published_on,
            "first_seen": row.first_seen,
            # On an earlier day it had been seen up to the last look of that time, not up to today's.
            "last_seen": row.last_seen
            if row.last_seen <= until
            else max(row.first_seen, last.get(row.portal_id, row.first_seen)),
            "absent_before": row.absent_before,
            "gone_since": row.gone_since if row.gone_since is not None and row.gone_since <= until else None,
            "copies": row.copies,
            "first_crawl": row.first_crawl,
            "last_crawl": row.last_crawl,
            "evidence": row.evidence,
            "form": row.form,
        }


def _submissions(session: Session, period: Period, until: datetime.datetime, obligations: Obligations) -> Rows:
    editions = {batch: edition for batch, edition in session.execute(select(Batch.id, Batch.edition))}
    statement = select(Submission).where(
        Submission.kind.in_(KINDS), _window(Submission, period), Submission.received_at <= until
    )
    for row in _stream(session, statement.order_by(Submission.record_id)):
        edition = editions.get(row.batch) or "2018"
        yield _record(row, obligations) | {
            "required_fields": len(required(edition, row.kind, row.counterparty_type)),
            "received_at": row.received_at,
            "last_received_at": row.last_received_at,
            "batch": row.batch,
            "version": row.version,
            "copies": row.copies,
        }


def _defects(session: Session, period: Period, until: datetime.datetime) -> Rows:
    for source, statement in (
        (
            "publication",
            select(Publication.record_id, Publication.defects)
            .where(Publication.kind.in_(KINDS), _window(Publication, period), Publication.first_seen <= until)
            .order_by(Publication.record_id),
        ),
        (
            "submission",
            select(Submission.record_id, Submission.defects)
            .where(Submission.kind.in_(KINDS), _window(Submission, period), Submission.received_at <= until)
            .order_by(Submission.record_id),
        ),
    ):
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


def _registers(session: Session, period: Period) -> Rows:
    for row in _stream(session, select(RegisterEntry).order_by(RegisterEntry.id)):
        yield {
            "entry_id": row.id,
            "register": row.register,
            "unit_id": row.unit_id,
            "kind": row.kind,
            "document_number_key": row.document_number_key,
            "counterparty_key": row.counterparty_key,
            "counterparty_code": row.counterparty_code,
            "item_name": row.item_name,
            "item_key": name_key(row.item_name) or None,
            "effective_from": row.effective_from,
            "effective_to": row.effective_to,
            "ground": row.ground,
            "basis": row.basis,
            "publish": not str(row.data.get("是否公示") or "").strip().startswith(("否", "不")),
            "covers_period": _covers(row.period, period),
        }


def _covers(text: str | None, period: Period) -> bool:
    if text is None:
        return False
    try:
        return Period.parse(text).overlaps(period)
    except Refused:  # 所属期 is checked when the register is imported; an unreadable one covers nothing
        return False


def _coverage(session: Session, until: datetime.datetime) -> Rows:
    for row in _stream(session, select(Coverage).where(Coverage.looked_at <= until).order_by(Coverage.crawl_id)):
        yield {
            "crawl_id": row.crawl_id,
            "portal_id": row.portal_id,
            "looked_at": row.looked_at,
            "outcome": row.outcome,
            "reason": row.reason,
            "unread": row.unread,
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
        }


def _units(session: Session) -> Rows:
    for row in _stream(session, select(Unit).order_by(Unit.position, Unit.id)):
        yield {
            "unit_id": row.id,
            "name": row.name,
            "level": row.level,
            "parent": row.parent,
            "assessed": row.assessed,
            "active": row.active,
            "position": row.position,
        }


def _reviews(session: Session) -> Rows:
    """The latest decision on each finding."""
    latest = select(func.max(Review.id)).group_by(Review.finding_id)
    for row in _stream(session, select(Review).where(Review.id.in_(latest)).order_by(Review.finding_id)):
        yield {"finding_id": row.finding_id, "state": row.state, "reason": row.reason}


def _outage_days(session: Session) -> set[datetime.date]:
    days: set[datetime.date] = set()
    for entry in session.scalars(select(RegisterEntry).where(RegisterEntry.register == "outages")):
        if entry.effective_from is None:
            continue
        last = entry.effective_to or entry.effective_from
        days.update(
            entry.effective_from + datetime.timedelta(days=n) for n in range((last - entry.effective_from).days + 1)
        )
    return days


def _span(period: Period, as_of: datetime.date) -> tuple[datetime.date, datetime.date]:
    # The longest deadline is far under 100 working days; they must still lie in the table.
    return period.first - _REACH, max(period.last + _REACH, as_of) + datetime.timedelta(days=200)


def _calendar(calendar: Calendar, period: Period, as_of: datetime.date, outages: set[datetime.date]) -> Rows:
    """`ordinal` and `outage` run on: working days, and working days of a platform outage, up to and including the day."""
    ordinal = outage = 0
    for day, is_workday, _, provisional in calendar.table(*_span(period, as_of)):
        ordinal += is_workday
        outage += is_workday and day in outages
        yield {"day": day, "is_workday": is_workday, "ordinal": ordinal, "provisional": provisional, "outage": outage}


def _deadlines(calendar: Calendar, obligations: Obligations, period: Period, as_of: datetime.date) -> Rows:
    table = calendar.table(*_span(period, as_of))
    workdays = [row[0] for row in table if row[1]]
    provisional = {row[0] for row in table if row[3]}
    for kind in KINDS:
        for day in (row[0] for row in table[:-200]):
            publish = obligations.limit(kind, "publish", day)
            report = obligations.limit(kind, "report", day)
            dues = [workdays[bisect.bisect_right(workdays, day) + limit.days - 1] for limit in (publish, report)]
            yield {
                "kind": kind,
                "day": day,
                "publish_days": publish.days,
                "publish_due": dues[0],
                "publish_basis": publish.basis,
                "report_days": report.days,
                "report_due": dues[1],
                "report_basis": report.basis,
                "provisional": any(due in provisional for due in dues),
            }


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
    catalogue = session.scalar(select(func.count()).where(RegisterEntry.register == "catalogue"))
    # Deadlines of the last days fall after the period, at the turn of the year into the next year's calendar.
    longest = max(obligations.limit(kind, what, period.last).days for kind in KINDS for what in ("publish", "report"))
    years = range(period.first.year, max(calendar.add(period.last, longest), as_of).year + 1)
    limits = [
        (kind, what, obligations.limit(kind, what, period.last)) for kind in KINDS for what in ("publish", "report")
    ]
    return {
        "period": period.key,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "as_of": as_of.isoformat(),
        "submissions_until": None if received is None else received.date().isoformat(),
        "catalogue_known": bool(catalogue),
        "confirm_codes": sorted(workspace.settings.confirm.codes),
        "calendar": [{"year": year, "notice": calendar.notice(year)} for year in years],
        "exemptions": {row.id: row.title for row in obligations.exemptions},
        "obligations": obligations.version,
        "limits": [
            {"kind": kind, "what": what, "days": limit.days, "basis": limit.basis} for kind, what, limit in limits
        ],
    }


# ---------------------------------------------------------------- files


def _write(file: Path, columns: Mapping[str, str], rows: Iterable[dict[str, Any]]) -> None:
    schema = pa.schema([pa.field(name, _TYPES[kind]) for name, kind in columns.items()])
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
