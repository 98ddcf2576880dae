"""From text to rows: Clean, Validate, Store. Nothing of a look reaches the database before its end.

`Steps` keeps a look's records aside; `settle` writes evidence index, publications,
list entries, coverage and the crawl's end in one transaction. A look that is killed has written nothing and, resumed,
writes exactly what it would have written undisturbed.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from crawler import health
from crawler.coverage import PROVING, Verdict
from crawler.identity import apart, record_id
from crawler.items import Sighting, Touch
from crawler.registry import Portal
from crawler.spiders.base import Walk, address_key
from db import clock
from db.aside import Aside
from db.evidence import EvidenceStore, EvidenceWriter
from db.models import Coverage, Crawl, ListEntry, OtherRecord, Publication
from db.models import Portal as PortalRow
from db.session import upsert
from db.settings import Workspace
from db.units import UnitIndex
from standard import kinds, record, values, wider

_BATCH = 200
_PRAGMAS = (
    "PRAGMA cache_size=-16384",  # KiB that SQLite may keep of its file: a look's rows are written once, hardly read
    "PRAGMA temp_store=MEMORY",  # what it needs to take one row back, as triggers make it: a temporary file costs a third
)
_SHOWN = (Publication, OtherRecord)  # what a portal shows: what is compared, and what is only counted
_FIRST = frozenset(("first_seen", "absent_before", "first_crawl"))
_DOUBTFUL = 0.75  # a label recognised with less is told to people

# Statements, made once: making one costs more than a small portal's rows.
_PORTAL, _CRAWL, _NOW = bindparam("portal"), bindparam("crawl"), bindparam("now")
_TABLES: dict[type[Publication | OtherRecord], Any] = {model: model.__table__ for model in _SHOWN}
_STORED = {
    model: select(t.c.record_id, t.c.content_hash, t.c.evidence, t.c.stated_published_on, t.c.copies).where(
        t.c.portal_id == _PORTAL
    )
    for model, t in _TABLES.items()
}
_TOUCHED = {
    model: update(t)
    .where(t.c.record_id == bindparam("id"))
    .values(last_seen=_NOW, last_crawl=_CRAWL, copies=bindparam("places"), gone_since=None)
    for model, t in _TABLES.items()
}
_GONE = {
    model: update(t)
    .where(t.c.portal_id == _PORTAL, t.c.last_crawl != _CRAWL, t.c.gone_since.is_(None))
    .values(gone_since=_NOW)
    for model, t in _TABLES.items()
}
_SEEN_WHOLE = (
    select(Coverage.looked_at)
    .where(Coverage.portal_id == _PORTAL, Coverage.outcome.in_(PROVING), Coverage.looked_at < _NOW)
    .order_by(Coverage.looked_at.desc())
    .limit(1)
)
_RECOGNISED = update(PortalRow.__table__).where(PortalRow.id == _PORTAL).values(recognised=bindparam("read_by"))  # type: ignore[arg-type]
_FINISHED = (
    update(Crawl.__table__)  # type: ignore[arg-type]
    .where(Crawl.id == _CRAWL)
    .values(state="finished", finished_at=_NOW, family=bindparam("read_by"))
)


@dataclass
class Cleaned:
    """A sighting with its canonical values and its identity."""

    sighting: Sighting
    record_id: str
    row: dict[str, Any]
    apart: str | None = None  # its identity when others of the same `record_id` are other decisions


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
        return Cleaned(item, name, row, apart(name, seen))

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
    """A look's records until its end: their places in memory, their contents aside."""

    def __init__(self) -> None:
        self._aside = Aside()
        self._first: dict[str, tuple[tuple[int, ...], int]] = {}
        self._alike: dict[str, tuple[str, str]] = {}  # what may stand apart -> its `record_id`, its content's hash
        self.copies: Counter[str] = Counter()
        self.of_entry: dict[str, list[tuple[tuple[int, ...], str]]] = {}
        self.newest: datetime.date | None = None

    def put(self, item: Cleaned) -> None:
        """Keep one record; of several places of one record the first place in the look counts."""
        place, name = item.sighting.place, item.apart or item.record_id
        self.copies[name] += 1
        decided = item.row["decision_date"]
        if decided is not None and (self.newest is None or decided > self.newest):
            self.newest = decided
        entry = item.sighting.entry
        if entry is not None:
            self.of_entry.setdefault(entry.url, []).append((place, name))
        held = self._first.get(name)
        if held is None or place < held[0]:
            self._first[name] = (place, self._aside.put(item))
            if item.apart is not None:
                self._alike[name] = (item.record_id, item.row["content_hash"])

    def touch(self, item: Touch) -> None:
        """Records of an unchanged list entry are still shown."""
        self.copies.update(item.records)

    def name(self, stored: Mapping[str, Any]) -> set[str]:
        """Give every record its identity for good; answers those that stand apart for the first time.

        Of several decisions with one `record_id` that which is stored under it keeps it, else the first of the look; what
        once stood apart does so for ever. Equal contents are one decision, however they are written.
        """
        groups: dict[str, dict[str, list[str]]] = {}
        for name in sorted(self._alike, key=self._first.__getitem__):
            base, content = self._alike[name]
            groups.setdefault(base, {}).setdefault(content, []).append(name)
        names: dict[str, str] = {}
        new: set[str] = set()
        for base, contents in groups.items():
            known = {
                content: next((name for name in same if name in stored), None) for content, same in contents.items()
            }
            free = [content for content, name in known.items() if name is None]
            kept = stored[base].content_hash if base in stored else None
            keeper = kept if kept in free else None if base in self.copies else next(iter(free), None)
            for content, same in contents.items():
                own = base if content == keeper else known[content] or same[0]
                names.update(dict.fromkeys(same, own))
                if own != base and own not in stored:
                    new.add(own)
        self._rename(names)
        return new

    def _rename(self, names: Mapping[str, str]) -> None:
        copies, first = Counter[str](), dict[str, tuple[tuple[int, ...], int]]()
        for name, count in self.copies.items():
            copies[names.get(name, name)] += count
        for name, held in self._first.items():
            own = names.get(name, name)
            first[own] = min(first.get(own, held), held)
        self.copies, self._first = copies, first
        for records in self.of_entry.values():
            records[:] = [(place, names.get(name, name)) for place, name in records]

    def items(self) -> Iterator[tuple[str, Cleaned]]:
        """Every record once, with its identity, in the order of their places."""
        for name, (_, where) in sorted(self._first.items(), key=lambda held: held[1]):
            yield name, self._aside.get(where)

    def close(self) -> None:
        self._aside.close()


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
    if session.get_bind().dialect.name == "sqlite":
        for pragma in _PRAGMAS:
            session.connection().exec_driver_sql(pragma)
    EvidenceStore(workspace).index(session, writer)
    _publications(session, units, portal, walk, shelf)
    shown = len(shelf.copies)
    health.examine(session, portal, look, shown, shelf.newest)
    verdict = look.verdict(shown)
    upsert(session, Coverage.__table__, [look.row(portal.id, shown)])  # type: ignore[arg-type]
    execute = session.connection().execute
    if verdict.outcome in PROVING:
        for model in _SHOWN:
            execute(_GONE[model], {"portal": portal.id, "crawl": look.crawl_id, "now": look.started_at})
    _entries(session, portal, walk, shelf)
    if look.family is not None:
        execute(_RECOGNISED, {"portal": portal.id, "read_by": look.family})
    family = look.family or (portal.family if portal.family != "auto" else None)
    execute(_FINISHED, {"crawl": look.crawl_id, "now": clock.now(), "read_by": family})
    return verdict, shown


def _publications(session: Session, units: UnitIndex, portal: Portal, walk: Walk, shelf: Shelf) -> None:
    look = walk.look
    execute = session.connection().execute
    stored = {model: {row.record_id: row for row in execute(_STORED[model], {"portal": portal.id})} for model in _SHOWN}
    before = {name: row for rows in stored.values() for name, row in rows.items()}
    absent_before = execute(_SEEN_WHOLE, {"portal": portal.id, "now": look.started_at}).scalar()
    new = shelf.name(before)
    written: set[str] = set()
    batches: dict[type[Publication | OtherRecord], list[dict[str, Any]]] = {Publication: [], OtherRecord: []}
    for name, item in shelf.items():
        beside = before.get(item.record_id) if name in new else None
        unknown = beside is not None and beside.copies > 1  # it may have been one of those places
        row = _row(name, item, portal, walk, shelf, units, before.get(name), None if unknown else absent_before)
        judged = row["kind"] not in kinds.WIDER  # the wider kinds are counted, never compared
        model = Publication if judged else OtherRecord
        batches[model].append(row if judged else row | {"source": "published"})
        written.add(name)
        if len(batches[model]) == _BATCH:
            upsert(session, model.__table__, batches[model], keep=_FIRST)  # type: ignore[arg-type]
            batches[model] = []
    for model, rest in batches.items():
        upsert(session, model.__table__, rest, keep=_FIRST)  # type: ignore[arg-type]
    touched = [
        {"id": name, "now": look.started_at, "crawl": look.crawl_id, "places": count}
        for name, count in sorted(shelf.copies.items())
        if name not in written
    ]
    for model in _SHOWN:
        rows = [row for row in touched if row["id"] in stored[model]]
        if rows:
            execute(_TOUCHED[model], rows)


def _row(
    name: str,
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
        "record_id": name,
        "portal_id": portal.id,
        "unit_id": units.find(row["authority"], row["decision_date"], row["authority_code"]) or portal.unit,
        "url": sighting.url,
        "attachment": sighting.attachment,
        "stated_published_on": old.stated_published_on if old is not None and old.stated_published_on else stated,
        "first_seen": look.started_at,
        "last_seen": look.started_at,
        "absent_before": absent_before,
        "gone_since": None,
        "copies": shelf.copies[name],
        "first_crawl": look.crawl_id,
        "last_crawl": look.crawl_id,
        "evidence": old.evidence if unchanged and old.evidence else sighting.evidence,
        "confidence": round(sighting.seen.confidence, 2),
        "form": sighting.seen.form,
    }


def _entries(session: Session, portal: Portal, walk: Walk, shelf: Shelf) -> None:
    def row(url: str) -> dict[str, Any]:
        entry = walk.entries[url]
        return {
            "portal_id": portal.id, "key": address_key(url), "url": url, "title": entry.title,
            "stated_on": (entry.date or "")[:32], "crawl_id": walk.look.crawl_id,
            "records": [name for _, name in sorted(shelf.of_entry.get(url, []))],
        }  # fmt: skip

    read = walk.read - walk.failed
    if walk.look.errors:  # what was asked for may have had no answer: an entry that showed nothing is read again
        read &= shelf.of_entry.keys()
    rows = map(row, sorted(read))
    while batch := list(islice(rows, _BATCH)):
        upsert(session, ListEntry.__table__, batch)  # type: ignore[arg-type]
