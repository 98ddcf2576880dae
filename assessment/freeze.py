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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from assessment import deadlines, links, reach, registers, unchanged
from assessment.clocks import Clock, clocks, key_of
from assessment.periods import Period
from assessment.records import Law, completed, once, with_column
from assessment.registers import Transfers
from db.clock import SHANGHAI
from db.columns import BATCH, columns
from db.models import Base, Batch, Coverage, PairDecision, Portal, Publication, RefusedRow, Review, Submission, Unit
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
        "registers": registers.frozen(session, period),
        "portals": _portals(session),
        "links": links.frozen(session, until),
        "windows_asked": deadlines.window_rows(obligations),
        "units": _units(session, kept),
        "reviews": _reviews(session),
        "pair_decisions": _pair_decisions(session),
        "calendar": _calendar(kept, period, as_of),
        "deadlines": _deadlines(kept, obligations, period, as_of),
    }
    reading = _Reading(session, period, until, Law(obligations), transfers)
    known = _records(reading, workspace, as_of, folder, (obligations_text, transfers.told()), progress)
    for name, tables in {"refused": _refused(session, until), "coverage": _coverage(session, until)}.items():
        with _Out(folder, name) as file:
            for table in tables:
                file.put(table)
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
            "told_until": reach.told_until(session, folder / "submissions.parquet", until),
            "publish_outages": any(clock.publish for clock in kept),
            "local_calendars": _local_calendars(kept, period, as_of),
        },
    )
    written = _write_manifest(folder)
    if known is not None:
        known.save(workspace.periods / period.key, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    return written


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


def _stream(session: Session, statement: Any) -> Iterator[Any]:
    return iter(session.scalars(statement.execution_options(yield_per=_BATCH)))


_DERIVED = ("publish_exemption", "report_exemption", "required_fields", "case_key", "licence_key", "filed_unit_id")
_COLUMNS = tuple(name for name in _RECORD if name not in _DERIVED)


_MODELS: dict[str, type[Publication] | type[Submission]] = {"publications": Publication, "submissions": Submission}


@dataclass(frozen=True)
class _Reading:
    """What the records of one freezing are read with."""

    session: Session
    period: Period
    until: datetime.datetime
    law: Law
    transfers: Transfers

    def rows(self, side: str, units: Collection[str] | None = None) -> Iterator[pa.Table]:
        """One side's records of the period and around it (of these units only), as the database has them, and their defects as JSON.

        All of them come in order of their ids, those of some units in any order.
        """
        model = _MODELS[side]
        own = {name: kind for name, kind in TABLES[side].items() if name not in _DERIVED}
        schema = _schema(own | {"authority_code": "text", "defects": "text"})
        # Written so that no index serves: nearly all rows are wanted, and one pass over the table is the fastest way.
        day = func.coalesce(model.decision_date, self.period.first)
        conditions = [
            func.coalesce(model.kind, "").in_(KINDS),
            day.between(self.period.first - _REACH, self.period.last + _REACH),
        ]
        if units is None:
            return columns(self.session, _table(model), schema, conditions, "record_id")
        return columns(self.session, _table(model), schema, [*conditions, model.unit_id.in_(sorted(units))])

    def frozen(self, side: str, rows: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The rows as they were known on the day, with what freezing adds."""
        return self._submissions(rows) if side == "submissions" else self._publications(rows)

    def _publications(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        looks = (
            select(Coverage.portal_id, func.max(Coverage.looked_at))
            .where(Coverage.looked_at <= self.until, Coverage.outcome.in_(("complete", "partial")))
            .group_by(Coverage.portal_id)
        )
        last = {portal: _plain(looked_at) for portal, looked_at in self.session.execute(looks)}
        latest = _plain(self.until)
        until = pa.scalar(latest, _TYPES["time"])
        for rows in tables:
            known = rows.filter(pc.less_equal(rows["first_seen"], until))
            gone, seen = known["gone_since"], known["last_seen"]
            gone = pc.if_else(pc.less_equal(gone, until), gone, pa.scalar(None, gone.type))
            known = with_column(known, "gone_since", gone)
            if pc.any(pc.greater(seen, until)).as_py():
                # On an earlier day it had been seen up to the last look of that time, not up to today's.
                values = zip(
                    *(known[name].to_pylist() for name in ("last_seen", "first_seen", "portal_id")), strict=True
                )
                then = [day if day <= latest else max(first, last.get(portal, first)) for day, first, portal in values]
                known = with_column(known, "last_seen", pa.array(then, seen.type))
            yield completed(known, self.law, self.transfers)

    def _submissions(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        editions = {batch: edition for batch, edition in self.session.execute(select(Batch.id, Batch.edition))}
        until = pa.scalar(_plain(self.until), _TYPES["time"])

        def asked(batch: str, kind: str, counterparty_type: str | None) -> tuple[int]:
            return (len(required(editions.get(batch) or "2018", kind, counterparty_type)),)

        for rows in tables:
            made = completed(rows.filter(pc.less_equal(rows["received_at"], until)), self.law, self.transfers)
            alike = [made[name] for name in ("batch", "kind", "counterparty_type")]
            yield with_column(made, "required_fields", *once(alike, asked, [pa.int64()]))


def _records(
    reading: _Reading,
    workspace: Workspace,
    as_of: datetime.date,
    folder: Path,
    told: tuple[object, ...],
    progress: Callable[[str], None] | None,
) -> unchanged.Known | None:
    """Write publications, submissions and their defects; of units whose records nobody touched, as they were frozen before."""
    place = workspace.periods / reading.period.key
    print_ = unchanged.fingerprint(workspace.root, reading.period.key, *told)
    stamps = unchanged.stamps(reading.session)  # before the rows: what is written meanwhile is read anew next time
    before = unchanged.Known.load(place, print_) if stamps is not None else None
    known = unchanged.Known(print_, as_of.isoformat())
    with _Out(folder, "defects") as defects:
        for side in unchanged.SIDES:
            if progress is not None:
                progress(f"冻结 {side}")
            units = before.changed(side, stamps[side], as_of) if before is not None and stamps is not None else None
            source, parts, file = side.removesuffix("s"), known.parts[side], folder / f"{side}.parquet"
            if before is None or units is None:
                with _Out(folder, side) as out:
                    for rows in reading.frozen(side, unchanged.counted(parts, side, reading.rows(side))):
                        out.put(rows)
                        defects.put(_defects(source, rows))
                continue
            parts |= {unit: part for unit, part in before.parts[side].items() if unit not in units}
            old = place / "inputs"
            if not units:
                unchanged.link(old / file.name, file)
                defects.put(unchanged.kept_defects(old, side, units))
                continue
            fresh = list(reading.frozen(side, unchanged.counted(parts, side, reading.rows(side, units))))
            with _Out(folder, side) as out:
                for rows in unchanged.merged(old / file.name, units, fresh):
                    out.put(rows)
            found = [_defects(source, rows) for rows in fresh]
            defects.put(unchanged.in_order(pa.concat_tables([unchanged.kept_defects(old, side, units), *found])))
    if stamps is None:
        return None
    known.stamp(stamps)
    return known


def _defects(source: str, records: pa.Table) -> pa.Table:
    """The defects of these records, one row each."""
    found = records.select(["record_id", "defects"]).filter(pc.not_equal(records["defects"], "[]"))  # few have any
    rows = [
        {"source": source, "record_id": record, "position": position}
        | {key: defect.get(key) for key in ("rule", "code", "field", "severity", "message", "cure")}
        for record, defects in zip(*(column.to_pylist() for column in found.columns), strict=True)
        for position, defect in enumerate(json.loads(defects))
    ]
    return pa.Table.from_pylist(rows, schema=_schema(TABLES["defects"]))


def _refused(session: Session, until: datetime.datetime) -> Iterator[pa.Table]:
    names = {"refused_id": "id"}
    schema = _schema({names.get(name, name): kind for name, kind in TABLES["refused"].items()})
    for rows in columns(session, _table(RefusedRow), schema, (RefusedRow.received_at <= until,), "id"):
        yield rows.rename_columns(list(TABLES["refused"]))


def _coverage(session: Session, until: datetime.datetime) -> Iterator[pa.Table]:
    return columns(session, _table(Coverage), _schema(TABLES["coverage"]), (Coverage.looked_at <= until,), "crawl_id")


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


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


def _schema(kinds: Mapping[str, str]) -> pa.Schema:
    return pa.schema([pa.field(name, _TYPES[kind]) for name, kind in kinds.items()])


class _Out:
    """A table on its way into its file, in row groups of one size, however the rows come: the same rows, the same bytes."""

    def __init__(self, folder: Path, name: str, kinds: Mapping[str, str] | None = None) -> None:
        self.schema = _schema(TABLES[name] if kinds is None else kinds)
        self.writer = pq.ParquetWriter(folder / f"{name}.parquet", self.schema, compression="zstd")
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> _Out:
        return self

    def __exit__(self, *fault: object) -> None:
        if fault[0] is None:
            self._flush(1)
        self.writer.close()

    def put(self, rows: pa.Table) -> None:
        self._waiting.append(rows.select(self.schema.names))
        self._flush(BATCH)

    def _flush(self, least: int) -> None:
        if sum(map(len, self._waiting)) < least:
            return
        table = pa.concat_tables(self._waiting).cast(self.schema).combine_chunks()
        whole = len(table) if least == 1 else len(table) // BATCH * BATCH
        self.writer.write_table(table.slice(0, whole), row_group_size=BATCH)
        self._waiting = [table.slice(whole)]


def _write(file: Path, kinds: Mapping[str, str], rows: Iterable[dict[str, Any]]) -> None:
    schema = _schema(kinds)
    with _Out(file.parent, file.stem, kinds) as out:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append({name: _plain(row[name]) for name in kinds})
            if len(batch) == _BATCH:
                out.put(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        out.put(pa.Table.from_pylist(batch, schema=schema))


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
