"""Submission files -> submission rows. Every row read is accepted, updated, a duplicate, or refused and kept visible.

A row says who reports it, when it was received and what was decided; its values pass through `standard.record.make`. Its id
is built from the unit, the kind and the raw number and party, so that our cleaning may improve without doubling anything.

Rows are streamed: read, made and stored chunk by chunk in one transaction, so that a file of any length needs little memory
and a killed import leaves nothing behind.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from db.clock import local, now
from db.models import Batch, RefusedRow, Submission
from db.session import session_of, upsert
from db.settings import Workspace
from db.units import UnitIndex
from intake import wider
from intake.agreement import Agreement
from intake.cores import cores
from intake.grids import Source
from intake.headers import Table, find_table, kind_of_name
from intake.read_archive import read_source
from intake.read_beside import beside_of
from intake.receipts import Line, Marked, Receipt, cell_name, masked_cells, write_receipt
from intake.rows import CHUNK, COLUMNS, Prepared, Reader, Told
from intake.workers import Makers
from standard import editions, kinds
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import nearest
from standard.values import clean_text

Progress = Callable[[str], None]
_KEYS = 400  # values in one IN (…)
_HELD = 24 << 20  # bytes of parsed sources to hold between checking and storing; beyond, they are read twice
_LARGE = 600_000  # bytes of a file from which further processes pay
_MAPPING = (".yml", ".yaml")
_OUTER = ("unit_id", "received_at", "last_received_at", "batch", "version", "copies", "warnings")
_ALL = ("record_id", *COLUMNS, *_OUTER)
_AT = {name: place for place, name in enumerate(_ALL)}
_OPTIONAL = frozenset(_AT[column.name] for column in Submission.__table__.columns if column.nullable)


def import_submissions(
    workspace: Workspace,
    sources: Sequence[Path | str],
    *,
    unit: str | None = None,
    received_at: datetime.datetime | None = None,
    edition: str = "auto",
    progress: Progress | None = None,
) -> list[Receipt]:
    """Imports each source in a transaction of its own; the same bytes again change nothing.

    A source is a file, a zip, a folder (disc), or a mapping file (.yml) that names a database or a JSON interface. `unit`,
    `received_at` and `edition` serve the rows that do not say so themselves. Raises Refused with every fault when any source
    cannot be read; then nothing is written.
    """
    tell = progress or (lambda _: None)
    chosen = None if edition == "auto" else editions.known(edition)
    faults: list[str] = []
    read: list[tuple[Source, list[Table]] | Path] = []
    held = 0
    for given in sources:
        path = Path(given)
        tell(f"读取 {path}")
        try:
            if path.suffix.lower() in _MAPPING:
                _check_mapping(path)
                read.append(path)
                continue
            beside = len(sources) == 1 and _pays(path)
            source = read_source(path, workspace.settings.crawl.max_unpacked_mb, beside=beside)
            try:
                tables = _tables(source, chosen)
            except BaseException:
                source.release()
                raise
            held += source.size
            if held > _HELD and len(sources) > 1:
                source.release()
            read.append((source, tables))
        except Refused as refused:
            faults += refused.faults
    if faults:
        raise Refused(*faults)
    moment = local(received_at) if received_at else now()
    receipts: list[Receipt] = []
    for item in read:
        if isinstance(item, Path):
            receipts += _pull(workspace, item, unit, received_at, chosen, tell)
        else:
            source, tables = item
            try:
                receipts.append(Import(workspace, source, tables, unit, moment, tell).run())
            finally:
                source.release()
    return receipts


def _pays(path: Path) -> bool:
    """Whether a file is so large that a process beside this one should read it."""
    with suppress(OSError):
        return sys.platform == "linux" and cores() > 1 and path.stat().st_size > _LARGE
    return False  # what is wrong with it is told when it is read


def _check_mapping(path: Path) -> None:
    from intake.mapping import load_mapping

    load_mapping(path)


def _pull(
    workspace: Workspace, path: Path, unit: str | None, received_at: datetime.datetime | None, edition: str | None,
    tell: Progress,
) -> list[Receipt]:  # fmt: skip
    from intake.pull import pull  # it imports us

    return pull(workspace, path, unit=unit, received_at=received_at, edition=edition, tell=tell)


def _tables(source: Source, edition: str | None) -> list[Table]:
    tables: list[Table] = []
    counted = 0
    for grid in source.grids:
        table = find_table(grid, edition)
        if table is None:
            if any(cell.strip() for row in grid.head(50) for cell in row):
                source.notes.append(f"{grid.name or '（无名表）'}：前十行内未找到表头，未读取")
            continue
        table.kind = table.kind or kind_of_name(Path(source.path).name)
        other = wider.kind_of_table(table, Path(source.path).name)
        if other is not None and kinds.KINDS[other].register:
            count = sum(1 for _ in table.stream())
            label = kinds.KINDS[other].label
            source.notes.append(
                f"{grid.name}：识别为“{label}”，共 {count} 行，未导入；请用 mingcha import {other} 导入"
            )
            counted += 1
            continue
        if other is not None:
            table = find_table(grid, edition, other) or table
            label = kinds.KINDS[other].label
            source.notes.append(f"{grid.name}：识别为“{label}”，逐行校验并计数，不参加双公示比对")
        tables.append(table)
    if len(tables) + counted == 0:
        raise Refused(
            f"{source.path}：前十行内未找到双公示表头（须有决定书文号或行政相对人名称等列），请检查文件或表头"
        )
    return tables


@dataclass(slots=True)
class _Known:
    """What must be remembered of a submission until the import ends."""

    hash: bytes
    received: datetime.datetime
    last: datetime.datetime
    copies: int
    version: int
    seen: int = 0  # identical rows of it in this source
    at: int = 0  # the row that brought it


@dataclass(slots=True)
class _Item:
    """One row that can be taken."""

    row: Prepared
    id: str
    unit: str
    received: datetime.datetime


class Import:
    """One source, one transaction."""

    def __init__(
        self, workspace: Workspace, source: Source, tables: list[Table], unit: str | None, moment: datetime.datetime,
        tell: Progress,
    ) -> None:  # fmt: skip
        self.workspace, self.source, self.tables, self.moment, self.tell = workspace, source, tables, moment, tell
        self.given_unit = unit
        self.batch = f"sub-{source.sha256[:24]}"
        self.known_until = moment  # what the platform knows is known up to here
        self.batch_source = source.path
        self.receipt = Receipt(self.batch, source.path, "submissions", notes=list(source.notes))
        self.receipt.path = workspace.var / "receipts" / f"{self.batch}.xlsx"
        self.known: dict[bytes, _Known] = {}
        self.fresh: dict[bytes, tuple[Any, ...]] = {}  # rows of this chunk that are not stored yet
        self.rewritten: dict[bytes, tuple[Any, ...]] = {}
        self.touched: dict[bytes, _Known] = {}
        self.refused: list[dict[str, Any]] = []
        self.tried: dict[str, list[tuple[str | None, str | None, str | None, datetime.datetime]]] = {}
        self.places: dict[tuple[str | None, ...], str | None] = {}

    def run(self) -> Receipt:
        """Imports it; what was imported before changes nothing."""
        large = self.source.size > _LARGE
        try:
            beside = next((found for table in self.tables if (found := beside_of(table))), None)
            with Makers(large, beside) as makers, session_of(self.workspace) as session:
                again = session.scalar(
                    select(Batch).where(Batch.sha256 == self.source.sha256, Batch.register == "submissions")
                )
                if again is not None:
                    return self._again(again)
                self.begin(session)
                for table in self.tables:
                    self.take_table(session, makers, table)
                self.finish(session)
        except BaseException:
            self.receipt.discard()
            raise
        return self.receipt

    def begin(self, session: Session) -> None:
        """What is there already decides what must be looked up."""
        self.units = UnitIndex.load(session)
        self.agreement = Agreement(self.units)
        self.fallback = self._unit_given()
        self.dated = any(alias.get("until") for unit in self.units.units.values() for alias in unit.aliases)
        self.any_stored = session.scalar(select(Submission.record_id).limit(1)) is not None
        self.any_refused = session.scalar(select(RefusedRow.id).limit(1)) is not None
        self.sqlite = session.get_bind().dialect.name == "sqlite"
        if self.sqlite:
            session.execute(text("PRAGMA cache_size=-65536"))

    def take_table(self, session: Session, makers: Makers, table: Table) -> None:
        reader = Reader.of(table, max(self.moment, now()).date(), self.workspace.key)
        self.receipt.labels[table.grid.name] = table.shown
        for chunk in makers.prepare(reader, table):
            self.take(session, table, chunk)

    def take(self, session: Session, table: Table, chunk: list[Prepared]) -> None:
        """Settles and stores one chunk of rows."""
        if table.kind in kinds.WIDER:
            wider.take(self, session, table, chunk)
            return
        if self.receipt.rows % 2000 < len(chunk):
            self.tell(f"{self.source.path}：已处理 {self.receipt.rows} 行")
        self.receipt.rows += len(chunk)
        items = []
        for row in chunk:
            item = self._item(table, row)
            if item is not None:
                items.append(item)
        if self.any_stored:
            self._load(session, {item.id for item in items})
        firsts = self._attempts(session, items) if self.any_refused else {}
        for item in items:
            self._settle(table, item, firsts)
        self._flush(session)

    def _again(self, batch: Batch) -> Receipt:
        """The same bytes were imported before: every row is known, nothing is written."""
        self.receipt.rows = self.receipt.duplicate = batch.rows
        self.receipt.notes = [f"此文件已于 {batch.imported_at:%Y-%m-%d %H:%M} 导入过，未作任何改动"]
        self.receipt.path = Path(batch.receipt) if batch.receipt else None
        return self.receipt

    def _unit_given(self) -> str | None:
        if self.given_unit is None:
            return None
        found = self.units.find(self.given_unit)
        if found is None:
            words = [*self.units.units, *self.units.names()]
            raise Refused(f"--unit {self.given_unit}：没有这个单位{nearest(self.given_unit, words)}")
        return found

    # ------------------------------------------------------------ one row

    def _item(self, table: Table, row: Prepared) -> _Item | None:
        unit = self._unit_of(row.place)
        received = row.received or self.moment
        reasons = row.reasons
        if unit is None:
            reasons = [*reasons, self._nowhere(row.place)]
        if reasons:
            self._refuse(table, row, unit, received, reasons)
            return None
        assert unit is not None and row.kind is not None
        row = self.agreement.tell(row, received)
        whole = f"{_opening(unit)}{row.identity}"
        return _Item(row, hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:32], unit, received)

    def _unit_of(self, place: tuple[str | None, ...]) -> str | None:
        if not self.dated:
            place = (*place[:5], None)
        if place in self.places:
            return self.places[place]
        reporting, source, source_code, authority, authority_code, day = place
        on = None if day is None else datetime.date.fromisoformat(day)
        found = self.fallback
        for name, code in ((reporting, None), (source, source_code), (authority, authority_code)):
            unit = self.units.find(clean_text(name), on, code) if name or code else None
            if unit is not None:
                found = unit
                break
        if len(self.places) > 100_000:
            self.places.clear()
        self.places[place] = found
        return found

    def _nowhere(self, place: tuple[str | None, ...]) -> Told:
        named = place[0] or place[1] or place[3]
        what = f"单位“{named}”不在单位名录中" if named else "没有报送单位、数据来源单位或机关"
        hint = nearest(named[:100], self.units.names()) if named else ""
        cure = "请更正单位名称，或在 units.yml 中登记别名，或用 --unit 指定"
        at = (
            "reporting_unit" if place[0] or not named else "source_unit" if place[1] else "authority"
        )  # where it stands
        return ("R3", at, "E", what + (hint if "是否" in hint else ""), cure)

    def _refuse(
        self, table: Table, row: Prepared, unit: str | None, received: datetime.datetime, reasons: list[Told]
    ) -> None:
        self.receipt.refused += 1
        attempted = not any(reason[0] == "R4" for reason in reasons)  # never sent: no attempt to count
        place = f"{self.source.sha256}|{table.grid.name}|{row.number}"
        number_key = row.number_key if attempted else None
        party_key = row.party_key if attempted else None
        self.refused.append(
            {
                "id": hashlib.sha256(place.encode("utf-8", "replace")).hexdigest()[:32],
                "batch": self.batch,
                "unit_id": unit,
                "kind": row.kind,
                "document_number_key": number_key,
                "counterparty_key": party_key,
                "received_at": received,
                "sheet": table.grid.name[:200],
                "row": row.number,
                "reasons": [
                    dict(zip(("rule", "field", "severity", "message", "cure"), reason, strict=True))
                    for reason in reasons
                ],
                "raw": masked_cells(row.values[_RAW]),
            }
        )
        if number_key is not None:
            self.tried.setdefault(number_key, []).append((party_key, unit, row.kind, received))
        self._told(table, row, "退回", reasons)

    # ------------------------------------------------------------ settling

    def _load(self, session: Session, ids: set[str]) -> None:
        """The rows that are already there."""
        wanted = sorted(name for name in ids if bytes.fromhex(name) not in self.known)
        table = Submission.__table__
        names = ("record_id", "content_hash", "received_at", "last_received_at", "copies", "version")
        for start in range(0, len(wanted), _KEYS):
            asked = select(*(table.c[name] for name in names)).where(
                table.c.record_id.in_(wanted[start : start + _KEYS])
            )
            for name, content, received, last, copies, version in session.execute(asked):
                self.known[bytes.fromhex(name)] = _Known(_short(content), received, last, copies, version)

    def _attempts(self, session: Session, items: list[_Item]) -> dict[str, list[Any]]:
        """Earlier refused rows of the same numbers: a first attempt counts as the time of reporting."""
        keys = sorted({item.row.number_key for item in items if item.row.number_key is not None})
        found: dict[str, list[Any]] = {}
        table = RefusedRow.__table__
        names = ("document_number_key", "counterparty_key", "unit_id", "kind", "received_at")
        for start in range(0, len(keys), _KEYS):
            asked = select(*(table.c[name] for name in names)).where(
                table.c.document_number_key.in_(keys[start : start + _KEYS])
            )
            for row in session.execute(asked):
                found.setdefault(row[0], []).append(row)
        return found

    def _settle(self, table: Table, item: _Item, firsts: dict[str, list[Any]]) -> None:
        key = bytes.fromhex(item.id)
        state = self.known.get(key)
        row = item.row
        if state is None:
            first = min([item.received, *_tries(item, firsts)]) if firsts else item.received
            state = self.known[key] = _Known(_short(row.content_hash), first, item.received, 1, 1, 1, row.number)
            self.fresh[key] = self._whole(item, state)
            self.receipt.accepted += 1
            outcome = "新增"
        else:
            outcome = self._again_seen(item, key, state)
        told = row.told
        if outcome == "重复" and state.seen > 1 and state.at:
            told = [
                *told,
                ("R6", "document_number", "W", f"与第 {state.at} 行完全相同", "请确认是否重复填报，删去多余的一行"),
            ]
        if told:
            self._told(table, row, outcome, told)

    def _again_seen(self, item: _Item, key: bytes, state: _Known) -> str:
        earlier, later = item.received < state.received, item.received > state.last
        if earlier or later:
            state.received = min(state.received, item.received)
            state.last = max(state.last, item.received)
            self._touch(key, state)
        short = _short(item.row.content_hash)
        if short == state.hash:
            # Platforms export the same row month after month; only twice in one file is twice reported.
            state.seen += 1
            state.at = state.at or item.row.number
            if state.seen > state.copies:
                state.copies = state.seen
                self._touch(key, state)
            self.receipt.duplicate += 1
            return "重复"
        if item.received < state.last:
            self.receipt.duplicate += 1  # an older version of what we have
            return "重复"
        state.version += 1
        state.hash, state.seen, state.at = short, 1, item.row.number
        whole = self._whole(item, state)
        if key in self.fresh:
            self.fresh[key] = whole
        else:
            self.rewritten[key] = whole
            self.touched.pop(key, None)
        self.receipt.updated += 1
        return "更新"

    def _touch(self, key: bytes, state: _Known) -> None:
        whole = self.fresh.get(key) or self.rewritten.get(key)
        if whole is None:
            self.touched[key] = state
        else:
            changed = list(whole)
            changed[_AT["received_at"]], changed[_AT["last_received_at"]] = _stored(state.received), _stored(state.last)
            changed[_AT["copies"]] = state.copies
            (self.fresh if key in self.fresh else self.rewritten)[key] = tuple(changed)

    def _whole(self, item: _Item, state: _Known) -> tuple[Any, ...]:
        received = _stored(state.received)
        last = received if state.last is state.received else _stored(state.last)
        outer = (item.unit, received, last, self.batch, state.version, state.copies, "[]")
        return (item.id, *item.row.values, *outer)

    # ------------------------------------------------------------ storing

    def _flush(self, session: Session) -> None:
        connection = session.connection()
        mark = "?" if self.sqlite else "%s"
        if self.fresh:
            rows: Sequence[tuple[Any, ...]] = list(self.fresh.values())
            used = [
                at
                for at in range(len(_ALL))
                if at not in _OPTIONAL or rows[0][at] is not None or any(row[at] is not None for row in rows)
            ]
            if len(used) < len(_ALL):
                rows = list(map(itemgetter(*used), rows))
            names, marks = ", ".join([_ALL[at] for at in used]), ", ".join([self._mark(at) for at in used])
            statement = f"INSERT INTO submission ({names}) VALUES ({marks})"  # noqa: S608 - names of our own columns
            connection.exec_driver_sql(statement, rows)
        if self.rewritten:
            names = ", ".join(f"{name} = {self._mark(at)}" for at, name in enumerate(_ALL) if at)
            statement = f"UPDATE submission SET {names} WHERE record_id = {mark}"  # noqa: S608
            connection.exec_driver_sql(statement, [(*row[1:], row[0]) for row in self.rewritten.values()])
        if self.touched:
            names = ", ".join(f"{name} = {mark}" for name in ("received_at", "last_received_at", "copies"))
            statement = f"UPDATE submission SET {names} WHERE record_id = {mark}"  # noqa: S608
            changed = [(_stored(s.received), _stored(s.last), s.copies, key.hex()) for key, s in self.touched.items()]
            connection.exec_driver_sql(statement, changed)
        if self.refused:
            upsert(session, RefusedRow.__table__, self.refused)  # type: ignore[arg-type]
        self.fresh, self.rewritten, self.touched, self.refused = {}, {}, {}, []

    def _mark(self, at: int) -> str:
        """Where a value of that column goes in a statement; a row as it stood comes as bytes of UTF-8."""
        if _ALL[at] != "raw":
            return "?" if self.sqlite else "%s"
        return "CAST(? AS TEXT)" if self.sqlite else "convert_from(%s, 'UTF8')::json"

    def _count_attempts(self, session: Session) -> None:
        """Rows refused in this very file are attempts too, whether their corrected row stands above, below or in the database."""
        table = Submission.__table__
        names = ("record_id", "document_number_key", "counterparty_key", "unit_id", "kind", "received_at")
        keys = sorted(self.tried)
        for start in range(0, len(keys), _KEYS):
            asked = select(*(table.c[name] for name in names)).where(
                table.c.document_number_key.in_(keys[start : start + _KEYS])
            )
            for name, number, party, unit, kind, received in session.execute(asked).all():
                first = min(
                    (
                        at
                        for tried_party, tried_unit, tried_kind, at in self.tried[number]
                        if tried_party in (None, party) and tried_unit in (None, unit) and tried_kind in (None, kind)
                    ),
                    default=received,
                )
                if first < received:
                    session.execute(update(Submission).where(Submission.record_id == name).values(received_at=first))

    def finish(self, session: Session) -> None:
        """The account, the receipt; the commit follows."""
        receipt = self.receipt
        if receipt.rows == 0:
            receipt.notes.append("表头以下没有数据行；如确无数据，请登记零申报（mingcha import declarations）")
        followed = sorted({table.edition for table in self.tables if table.edition})
        self._count_attempts(session)
        batch = {
            "id": self.batch, "register": "submissions", "source": self.batch_source, "sha256": self.source.sha256,
            "edition": "、".join(followed)[:16] or None, "received_at": self.known_until, "imported_at": now(),
            "rows": receipt.rows, "accepted": receipt.accepted, "updated": receipt.updated,
            "duplicate": receipt.duplicate, "refused": receipt.refused, "receipt": str(receipt.path),
        }  # fmt: skip
        session.execute(insert(Batch), [batch])
        write_receipt(receipt, self.moment)

    # ------------------------------------------------------------ telling

    def _told(self, table: Table, row: Prepared, outcome: str, told: list[Told]) -> None:
        lines = []
        for rule, name, severity, message, cure in told:
            at = table.column_of(name)
            label = table.shown[at] if at is not None else _label(name, row.kind)
            line = Line(
                table.grid.name, row.number, outcome, *row.shown, cell_name(row.number, at), label, rule, severity, message,
                cure,
            )  # fmt: skip
            lines.append(line)
            self.receipt.tell(line)
        if (outcome == "退回" or any(line.severity == "E" for line in lines)) and self.receipt.wants_marked():
            cells = masked_cells(row.values[_RAW])
            self.receipt.marked.append(Marked(table.grid.name, row.number, outcome, cells, lines))


_RAW = COLUMNS.index("raw")


@lru_cache(maxsize=1024)
def _opening(unit: str) -> str:
    """How what an id is made of begins."""
    return f"[{json.dumps(unit, ensure_ascii=False)}, "


def _short(content_hash: str) -> bytes:
    """Enough of a hash to tell two versions apart, in little memory."""
    try:
        return bytes.fromhex(content_hash[:32])
    except ValueError:
        return content_hash.encode()  # a row of an older form


@lru_cache(maxsize=4096)
def _stored(moment: datetime.datetime) -> str:
    """A moment as `db.models.LocalTime` stores it: Shanghai wall time."""
    return local(moment).strftime("%Y-%m-%d %H:%M:%S.%f")


def _tries(item: _Item, firsts: dict[str, list[Any]]) -> list[datetime.datetime]:
    return [
        at
        for _, party, unit, kind, at in firsts.get(item.row.number_key or "", [])
        if party in (None, item.row.party_key) and unit in (None, item.unit) and kind in (None, item.row.kind)
    ]


def _label(name: str, kind: str | None) -> str:
    if name == "reporting_unit":
        return "报送单位"
    return FIELDS[name].label_for(kind or "penalty") if name in FIELDS else ""


__all__ = ["CHUNK", "Import", "import_submissions"]
