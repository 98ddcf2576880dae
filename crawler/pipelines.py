"""From text to rows: Clean, Validate, Store. Nothing of a look reaches the database before its end.

`Steps` keeps a look's records aside (in memory, then in a temporary file); `settle` writes evidence index, publications,
list entries, coverage and the crawl's end in one transaction. A look that is killed has written nothing and, resumed,
writes exactly what it would have written undisturbed.
"""

from __future__ import annotations

import datetime
import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from crawler import health
from crawler.coverage import PROVING, Verdict
from crawler.identity import record_id
from crawler.items import Sighting, Touch
from crawler.registry import Portal
from crawler.spiders.base import Walk, address_key
from db import clock
from db.evidence import EvidenceStore, EvidenceWriter
from db.models import Coverage, Crawl, ListEntry, OtherRecord, Publication
from db.models import Portal as PortalRow
from db.session import upsert
from db.settings import Workspace
from db.units import UnitIndex
from standard import kinds, record, values, wider

_BATCH = 200
_HELD = 500  # records of a look that are kept as they are; most looks have fewer
_IN_MEMORY = 32 * 2**20  # bytes of records kept in memory before they go to a temporary file
_SHOWN = (Publication, OtherRecord)  # what a portal shows: what is compared, and what is only counted
_FIRST = frozenset(("first_seen", "absent_before", "first_crawl"))
_DOUBTFUL = 0.75  # a label recognised with less is told to people


@dataclass
class Cleaned:
    """A sighting with its canonical values and its identity."""

    sighting: Sighting
    record_id: str
    row: dict[str, Any]


class Steps:
    """What happens to everything a look reads, in this order: Clean, Validate, Store."""

    def __init__(self, portal: Portal, walk: Walk, shelf: Shelf, key: bytes) -> None:
        self.portal, self.walk, self.shelf, self.key = portal, walk, shelf, key
        self.today = walk.look.started_at.date()

    def __call__(self, item: Sighting | Touch) -> None:
        if isinstance(item, Touch):
            self.shelf.touch(item)
            return
        cleaned = self.clean(item)
        if self.validate(cleaned):
            self.shelf.put(cleaned)

    def clean(self, item: Sighting) -> Cleaned:
        """Canonical values, through the one door of both inlets."""
        seen = item.seen
        row = record.make(
            seen.kind, seen.fields, money=seen.money, profile="portal", today=self.today, key=self.key, raw=seen.raw
        )
        name = record_id(self.portal.id, seen)
        if seen.kind in kinds.WIDER:
            name = wider.identity(seen.kind, name + wider.nameless(seen.fields), self.key)
            wider.complete(row, seen.fields, seen.money)
        return Cleaned(item, name, row)

    def validate(self, item: Cleaned) -> bool:
        """Whether it identifies a decision; what does not is told. Notes what was read with doubt."""
        row, walk = item.row, self.walk
        named = any(row[name] for name in ("document_number", "counterparty", "case_name", "licence_name"))
        if not named and not row.get("own"):
            walk.look.unread["记录没有文号、相对人和名称"] += 1
            if item.sighting.entry is not None:
                walk.failed.add(item.sighting.entry.url)
            return False
        seen = item.sighting.seen
        row["warnings"] = [f"表头识别把握不足（{seen.confidence:.2f}）"] if seen.confidence < _DOUBTFUL else []
        return True


class Shelf:
    """A look's records until its end: places in memory, contents in a temporary file once they are many."""

    def __init__(self) -> None:
        self._held: list[Cleaned] = []
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by settle
        self._first: dict[str, tuple[tuple[int, ...], int]] = {}
        self.copies: Counter[str] = Counter()
        self.of_entry: dict[str, list[tuple[tuple[int, ...], str]]] = {}
        self.touched: dict[str, tuple[str, ...]] = {}
        self.newest: datetime.date | None = None

    def put(self, item: Cleaned) -> None:
        """Keep one record; of several places of one record the first place in the look counts."""
        place = item.sighting.place
        self.copies[item.record_id] += 1
        decided = item.row["decision_date"]
        if decided is not None and (self.newest is None or decided > self.newest):
            self.newest = decided
        entry = item.sighting.entry
        if entry is not None:
            self.of_entry.setdefault(entry.url, []).append((place, item.record_id))
        held = self._first.get(item.record_id)
        if held is None or place < held[0]:
            if len(self._held) < _HELD:
                self._held.append(item)
                self._first[item.record_id] = (place, -len(self._held))
                return
            offset = self._file.seek(0, 2)
            pickle.dump(item, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._first[item.record_id] = (place, offset)

    def touch(self, item: Touch) -> None:
        """Records of an unchanged list entry are still shown."""
        self.touched[item.entry.url] = item.records
        self.copies.update(item.records)

    def items(self) -> Iterator[Cleaned]:
        """Every record once, in the order of their places."""
        for _, offset in sorted(self._first.values()):
            if offset < 0:
                yield self._held[-offset - 1]
                continue
            self._file.seek(offset)
            yield pickle.load(self._file)  # noqa: S301 - our own temporary file, written above

    def close(self) -> None:
        self._file.close()


def settle(
    session: Session,
    units: UnitIndex,
    workspace: Workspace,
    portal: Portal,
    walk: Walk,
    shelf: Shelf,
    writer: EvidenceWriter,
) -> tuple[Verdict, int]:
    """Write a look that has come to its end. Answers what it was worth and how many decisions it showed."""
    look = walk.look
    EvidenceStore(workspace).index(session, writer)
    _publications(session, units, portal, walk, shelf)
    shown = len(shelf.copies)
    health.examine(session, portal, look, shown, shelf.newest)
    verdict = look.verdict(shown)
    upsert(session, Coverage.__table__, [look.row(portal.id, shown)])  # type: ignore[arg-type]
    if verdict.outcome in PROVING:
        for model in _SHOWN:
            session.execute(
                update(model)
                .where(model.portal_id == portal.id, model.last_crawl != look.crawl_id, model.gone_since.is_(None))
                .values(gone_since=look.started_at)
            )
    _entries(session, portal, walk, shelf)
    if look.family is not None:
        session.execute(update(PortalRow).where(PortalRow.id == portal.id).values(recognised=look.family))
    family = look.family or (portal.family if portal.family != "auto" else None)
    session.execute(
        update(Crawl).where(Crawl.id == look.crawl_id).values(state="finished", finished_at=clock.now(), family=family)
    )
    return verdict, shown


def _publications(session: Session, units: UnitIndex, portal: Portal, walk: Walk, shelf: Shelf) -> None:
    look = walk.look
    stored = {
        model: {
            row.record_id: row
            for row in session.execute(
                select(model.record_id, model.content_hash, model.evidence, model.stated_published_on).where(
                    model.portal_id == portal.id
                )
            )
        }
        for model in _SHOWN
    }
    before = {name: row for rows in stored.values() for name, row in rows.items()}
    absent_before = session.scalar(
        select(Coverage.looked_at)
        .where(Coverage.portal_id == portal.id, Coverage.outcome.in_(PROVING), Coverage.looked_at < look.started_at)
        .order_by(Coverage.looked_at.desc())
        .limit(1)
    )
    written: set[str] = set()
    batches: dict[type[Publication | OtherRecord], list[dict[str, Any]]] = {Publication: [], OtherRecord: []}
    for item in shelf.items():
        old = before.get(item.record_id)
        row = _row(item, portal, walk, shelf, units, old, absent_before)
        judged = row["kind"] not in kinds.WIDER  # the wider kinds are counted, never compared
        model = Publication if judged else OtherRecord
        batches[model].append(row if judged else row | {"source": "published"})
        written.add(item.record_id)
        if len(batches[model]) == _BATCH:
            upsert(session, model.__table__, batches[model], keep=_FIRST)  # type: ignore[arg-type]
            batches[model] = []
    for model, rest in batches.items():
        upsert(session, model.__table__, rest, keep=_FIRST)  # type: ignore[arg-type]
    touched = [
        {"b_id": name, "last_seen": look.started_at, "last_crawl": look.crawl_id, "copies": count, "gone_since": None}
        for name, count in sorted(shelf.copies.items())
        if name not in written
    ]
    for model in _SHOWN:
        rows = [row for row in touched if row["b_id"] in stored[model]]
        if rows:
            table = model.__table__
            session.connection().execute(
                update(table)  # type: ignore[arg-type]
                .where(table.c.record_id == bindparam("b_id"))
                .values({name: bindparam(name) for name in ("last_seen", "last_crawl", "copies", "gone_since")}),
                rows,
            )


def _row(
    item: Cleaned,
    portal: Portal,
    walk: Walk,
    shelf: Shelf,
    units: UnitIndex,
    old: Any,
    absent_before: datetime.datetime | None,
) -> dict[str, Any]:
    look, sighting, row = walk.look, item.sighting, item.row
    stated = values.date(sighting.stated_on) if sighting.stated_on else None
    unchanged = old is not None and old.content_hash == row["content_hash"]
    return {
        **row,
        "record_id": item.record_id,
        "portal_id": portal.id,
        "unit_id": units.find(row["authority"], row["decision_date"], row["authority_code"]) or portal.unit,
        "url": sighting.url,
        "attachment": sighting.attachment,
        "stated_published_on": old.stated_published_on if old is not None and old.stated_published_on else stated,
        "first_seen": look.started_at,
        "last_seen": look.started_at,
        "absent_before": absent_before,
        "gone_since": None,
        "copies": shelf.copies[item.record_id],
        "first_crawl": look.crawl_id,
        "last_crawl": look.crawl_id,
        "evidence": old.evidence if unchanged and old.evidence else sighting.evidence,
        "confidence": round(sighting.seen.confidence, 2),
        "form": sighting.seen.form,
    }


def _entries(session: Session, portal: Portal, walk: Walk, shelf: Shelf) -> None:
    rows: list[dict[str, Any]] = []
    for url in sorted(walk.read - walk.failed):
        entry = walk.entries[url]
        rows.append(
            {
                "portal_id": portal.id, "key": address_key(url), "url": url, "title": entry.title,
                "stated_on": (entry.date or "")[:32], "crawl_id": walk.look.crawl_id,
                "records": [name for _, name in sorted(shelf.of_entry.get(url, []))],
            }
        )  # fmt: skip
    for start in range(0, len(rows), _BATCH):
        upsert(session, ListEntry.__table__, rows[start : start + _BATCH])  # type: ignore[arg-type]
