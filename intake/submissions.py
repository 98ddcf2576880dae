"""Submission files -> submission rows. Every row read is accepted, updated, a duplicate, or refused and kept visible.

A row says who reports it, when it was received and what was decided; its values pass through `standard.record.make`. Its id
is built from the unit, the kind and the raw number and party, so that our cleaning may improve without doubling anything.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.clock import local, now
from db.models import Batch, RefusedRow, Submission
from db.session import session_of, upsert
from db.settings import Workspace
from db.units import UnitIndex
from intake.grids import Source
from intake.headers import Table, find_table, kind_of_name, texts_of
from intake.read_archive import read_source
from intake.receipts import Line, Receipt, write_receipt
from standard import privacy, record, values
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import nearest

Progress = Callable[[str], None]
_CHUNK = 500
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：]([0-5]\d))?")


def import_submissions(
    workspace: Workspace,
    sources: Sequence[Path],
    *,
    unit: str | None = None,
    received_at: datetime.datetime | None = None,
    edition: str = "auto",
    progress: Progress | None = None,
) -> list[Receipt]:
    """Imports each source in a transaction of its own; the same bytes again change nothing.

    `unit`, `received_at` and `edition` serve the rows that do not say so themselves. Raises Refused with every fault when any
    source cannot be read; then nothing is written.
    """
    tell = progress or (lambda _: None)
    faults: list[str] = []
    read: list[tuple[Source, list[Table]]] = []
    for path in sources:
        tell(f"读取 {path}")
        try:
            source = read_source(Path(path), workspace.settings.crawl.max_unpacked_mb)
            read.append((source, _tables(source, None if edition == "auto" else edition)))
        except Refused as refused:
            faults += refused.faults
    if faults:
        raise Refused(*faults)
    moment = local(received_at) if received_at else now()
    return [_Import(workspace, source, tables, unit, moment, tell).run() for source, tables in read]


def _tables(source: Source, edition: str | None) -> list[Table]:
    tables = []
    for grid in source.grids:
        table = find_table(grid, edition)
        if table is None:
            if any(cell.strip() for row in grid.rows for cell in row):
                source.notes.append(f"{grid.name or '（无名表）'}：前十行内未找到表头，未读取")
            continue
        table.kind = table.kind or kind_of_name(Path(source.path).name)
        tables.append(table)
    if len(tables) == 0:
        raise Refused(
            f"{source.path}：前十行内未找到双公示表头（须有决定书文号或行政相对人名称等列），请检查文件或表头"
        )
    return tables


@dataclass
class _State:
    """One submission as it will stand after the import."""

    row: dict[str, Any]
    hash: str
    seen: int = 0  # identical rows of it in this source
    changed: bool = False


@dataclass
class _Item:
    """One row on its way in."""

    table: Table
    number: int
    unit: str
    received: datetime.datetime
    record: dict[str, Any]
    late_notes: list[str] = field(default_factory=list)


class _Import:
    """One source, one transaction."""

    def __init__(
        self, workspace: Workspace, source: Source, tables: list[Table], unit: str | None, moment: datetime.datetime,
        tell: Progress,
    ) -> None:  # fmt: skip
        self.workspace, self.source, self.tables, self.moment, self.tell = workspace, source, tables, moment, tell
        self.given_unit = unit
        self.batch = f"sub-{source.sha256[:24]}"
        self.key = workspace.key
        self.today = max(moment, now()).date()
        self.receipt = Receipt(self.batch, source.path, "submissions", notes=list(source.notes))
        self.refused: list[dict[str, Any]] = []
        self.states: dict[str, _State] = {}

    def run(self) -> Receipt:
        with session_of(self.workspace) as session:
            again = session.scalar(
                select(Batch).where(Batch.sha256 == self.source.sha256, Batch.register == "submissions")
            )
            if again is not None:
                return self._again(again)
            self.units = UnitIndex.load(session)
            self.fallback = self._unit_given()
            items = [item for table in self.tables for item in self._items(table)]
            for start in range(0, len(items), _CHUNK):
                self.tell(f"{self.source.path}：已写入 {start}/{len(items)} 行")
                self._take(session, items[start : start + _CHUNK])
            self._write(session)
        return self.receipt

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

    # ------------------------------------------------------------ reading rows

    def _items(self, table: Table) -> list[_Item]:
        items = []
        for number, cells in table.rows:
            self.receipt.rows += 1
            if self.receipt.rows % 5000 == 0:
                self.tell(f"{self.source.path}：已读 {self.receipt.rows} 行")
            item = self._item(table, number, cells)
            if item is not None:
                items.append(item)
        return items

    def _item(self, table: Table, number: int, cells: Sequence[str]) -> _Item | None:
        texts, money, raw = texts_of(table, cells)
        kind = table.kind or _kind_of_row(texts)
        made = record.make(
            kind or "penalty", texts, money=money, profile="submission", edition=table.edition, today=self.today,
            key=self.key, raw=raw,
        )  # fmt: skip
        unit = self._unit_of(texts, made)
        received = _moment(texts.get("received_at")) or self.moment
        reasons = self._reasons(kind, unit, texts, made)
        if reasons:
            self._refuse(table, number, kind, unit, received, made, reasons)
            return None
        assert unit is not None and kind is not None
        made["record_id"] = _record_id(unit, kind, texts)
        return _Item(table, number, unit, received, made)

    def _unit_of(self, texts: dict[str, str], made: dict[str, Any]) -> str | None:
        day = made["decision_date"]
        for name, code in (
            (texts.get("reporting_unit"), None),
            (made["source_unit"], made["source_unit_code"]),
            (made["authority"], made["authority_code"]),
        ):
            if name or code:
                found = self.units.find(values.clean_text(name), day, code)
                if found is not None:
                    return found
        return self.fallback

    def _reasons(
        self, kind: str | None, unit: str | None, texts: dict[str, str], made: dict[str, Any]
    ) -> list[dict[str, str]]:
        """Why a row cannot be taken: only when it cannot be told what or whose it is, or it never reached the platform."""
        reasons: list[dict[str, str]] = []
        if made["document_number"] is None and made["counterparty"] is None:
            reasons.append(
                _reason(
                    "R1",
                    "document_number",
                    "既无文号也无行政相对人名称，无法识别",
                    "请补填文号和行政相对人名称后重新报送",
                )
            )
        if kind is None:
            reasons.append(
                _reason("R2", "kind", "无法判断是行政许可还是行政处罚", "请使用许可或处罚的模板，或在工作表名中写明")
            )
        if unit is None:
            named = texts.get("reporting_unit") or made["source_unit"] or made["authority"]
            what = f"单位“{named}”不在单位名录中" if named else "没有报送单位、数据来源单位或机关"
            hint = nearest(named, self.units.names()) if named else ""
            cure = "请更正单位名称，或在 units.yml 中登记别名，或用 --unit 指定"
            reasons.append(_reason("R3", "reporting_unit", what + (hint if "是否" in hint else ""), cure))
        state = values.clean_text(texts.get("report_status"))
        if state in ("未上报", "待上报", "0", "已撤销", "2"):
            reasons.append(_reason("R4", "report_status", f"上报状态为“{state}”，平台未接收", "请在平台完成上报"))
        error = values.clean_text(texts.get("error_reason"))
        if error is not None and state not in ("已上报", "成功", "上报成功", "1"):
            reasons.append(
                _reason("R5", "error_reason", f"平台退回：{privacy.mask(error)}", "请按退回原因更正后重新报送")
            )
        return reasons

    def _refuse(
        self, table: Table, number: int, kind: str | None, unit: str | None, received: datetime.datetime,
        made: dict[str, Any], reasons: list[dict[str, str]],
    ) -> None:  # fmt: skip
        self.receipt.refused += 1
        attempted = not any(reason["rule"] == "R4" for reason in reasons)  # never sent: no attempt to count
        place = f"{self.source.sha256}|{table.grid.name}|{number}"
        self.refused.append(
            {
                "id": hashlib.sha256(place.encode("utf-8", "replace")).hexdigest()[:32],
                "batch": self.batch,
                "unit_id": unit,
                "kind": kind,
                "document_number_key": made["document_number_key"] if attempted else None,
                "counterparty_key": made["counterparty_key"] if attempted else None,
                "received_at": received,
                "sheet": table.grid.name[:200],
                "row": number,
                "reasons": reasons,
                "raw": made["raw"],
            }
        )
        for reason in reasons:
            self._line(table, number, "退回", made, reason)

    # ------------------------------------------------------------ writing rows

    def _take(self, session: Session, items: list[_Item]) -> None:
        self._load(session, {item.record["record_id"] for item in items} - set(self.states))
        firsts = self._attempts(session, items)
        for item in items:
            self._settle(item, firsts)

    def _load(self, session: Session, ids: set[str]) -> None:
        """The rows that are already there."""
        for row in session.scalars(select(Submission).where(Submission.record_id.in_(sorted(ids)))):
            stored = {column.name: getattr(row, column.name) for column in Submission.__table__.columns}
            self.states[row.record_id] = _State(stored, row.content_hash)

    def _attempts(self, session: Session, items: list[_Item]) -> dict[str, list[RefusedRow]]:
        """Earlier refused rows of the same numbers: a first attempt counts as the time of reporting."""
        keys = {item.record["document_number_key"] for item in items} - {None}
        rows = session.scalars(
            select(RefusedRow).where(RefusedRow.document_number_key.in_(sorted(keys))).order_by(RefusedRow.id)
        )
        found: dict[str, list[RefusedRow]] = {}
        for row in rows:
            found.setdefault(row.document_number_key or "", []).append(row)
        return found

    def _settle(self, item: _Item, firsts: dict[str, list[RefusedRow]]) -> None:
        made = item.record
        state = self.states.get(made["record_id"])
        if state is None:
            first = min([item.received, *self._tries(item, firsts)])
            row = {
                **made, "unit_id": item.unit, "received_at": first, "last_received_at": item.received,
                "batch": self.batch, "version": 1, "copies": 1, "warnings": [],
            }  # fmt: skip
            self.states[made["record_id"]] = _State(row, made["content_hash"], seen=1, changed=True)
            self.receipt.accepted += 1
            outcome = "新增"
        else:
            outcome = self._known(item, state)
        for defect in made["defects"]:
            if defect["severity"] in ("E", "W") or outcome == "重复":
                self._line(item.table, item.number, outcome, made, defect)
        if outcome != "新增" and not made["defects"]:
            self._line(item.table, item.number, outcome, made, {})

    def _known(self, item: _Item, state: _State) -> str:
        made, row = item.record, state.row
        earlier, later = item.received < row["received_at"], item.received > row["last_received_at"]
        if earlier or later:
            row["received_at"] = min(row["received_at"], item.received)
            row["last_received_at"] = max(row["last_received_at"], item.received)
            state.changed = True
        if made["content_hash"] == state.hash:
            # Platforms export the same row month after month; only twice in one file is twice reported.
            state.seen += 1
            if state.seen > row["copies"]:
                row["copies"] = state.seen
                state.changed = True
            self.receipt.duplicate += 1
            return "重复"
        if item.received < row["last_received_at"]:
            self.receipt.duplicate += 1  # an older version of what we have
            return "重复"
        kept = {name: row[name] for name in ("received_at", "last_received_at", "copies", "unit_id")}
        row.update(made)
        row.update(kept)
        row["version"] += 1
        row["batch"] = self.batch
        state.hash, state.changed, state.seen = made["content_hash"], True, 1
        self.receipt.updated += 1
        return "更新"

    def _tries(self, item: _Item, firsts: dict[str, list[RefusedRow]]) -> list[datetime.datetime]:
        made = item.record
        return [
            row.received_at
            for row in firsts.get(made["document_number_key"] or "", [])
            if row.counterparty_key in (None, made["counterparty_key"])
            and row.unit_id in (None, item.unit)
            and row.kind in (None, made["kind"])
        ]

    def _count_attempts(self, session: Session) -> None:
        """Rows refused in this very file are attempts too, whether their corrected row stands above, below or in the database."""
        tried: dict[str, list[dict[str, Any]]] = {}
        for row in self.refused:
            if row["document_number_key"] is not None:
                tried.setdefault(row["document_number_key"], []).append(row)
        known = session.scalars(
            select(Submission.record_id).where(Submission.document_number_key.in_(sorted(tried)))
        ).all()
        self._load(session, set(known) - set(self.states))
        for state in self.states.values():
            taken = state.row
            for row in tried.get(taken["document_number_key"] or "", []):
                same = all(row[name] in (None, taken[name]) for name in ("counterparty_key", "unit_id", "kind"))
                if same and row["received_at"] < taken["received_at"]:
                    taken["received_at"] = row["received_at"]
                    state.changed = True

    def _write(self, session: Session) -> None:
        receipt = self.receipt
        editions = sorted({table.edition for table in self.tables if table.edition})
        receipt.path = self.workspace.var / "receipts" / f"{self.batch}.xlsx"
        session.add(
            Batch(
                id=self.batch, register="submissions", source=self.source.path, sha256=self.source.sha256,
                edition="、".join(editions)[:16] or None, received_at=self.moment, imported_at=now(), rows=receipt.rows,
                accepted=receipt.accepted, updated=receipt.updated, duplicate=receipt.duplicate, refused=receipt.refused,
                receipt=str(receipt.path),
            )
        )  # fmt: skip
        session.flush()
        self._count_attempts(session)
        changed = [state.row for state in self.states.values() if state.changed]
        for start in range(0, len(changed), _CHUNK):
            upsert(session, Submission.__table__, changed[start : start + _CHUNK])  # type: ignore[arg-type]
        for start in range(0, len(self.refused), _CHUNK):
            upsert(session, RefusedRow.__table__, self.refused[start : start + _CHUNK])  # type: ignore[arg-type]
        write_receipt(receipt, self.moment)

    def _line(self, table: Table, number: int, outcome: str, made: dict[str, Any], told: dict[str, str]) -> None:
        fieldname = told.get("field", "")
        self.receipt.rows_detail.append(
            Line(
                sheet=table.grid.name, row=number, outcome=outcome, document_number=made["document_number"] or "",
                counterparty=made["counterparty"] or "", column=_column_label(table, fieldname, made["kind"]),
                rule=told.get("rule", ""), severity=told.get("severity", ""), message=told.get("message", ""),
                cure=told.get("cure", ""),
            )
        )  # fmt: skip


def _column_label(table: Table, fieldname: str, kind: str) -> str:
    for label, column in zip(table.labels, table.columns, strict=False):
        if column is not None and column.field == fieldname:
            return values.clean_text(label) or ""
    return FIELDS[fieldname].label_for(kind) if fieldname in FIELDS else ""


def _reason(rule: str, fieldname: str, message: str, cure: str) -> dict[str, str]:
    return {"rule": rule, "field": fieldname, "severity": "E", "message": message, "cure": cure}


def _kind_of_row(texts: dict[str, str]) -> str | None:
    """Without a header that tells: a row with a fine or a number of 罚 is a penalty, one of 许 a licence."""
    if texts.keys() & {"fine_yuan", "violation_type", "facts", "basis"}:
        return "penalty"
    if texts.keys() & {"licence_number", "licence_name", "valid_to"}:
        return "licence"
    number = texts.get("document_number", "")
    if "罚" in number:
        return "penalty"
    return "licence" if "许" in number else None


def _moment(text: str | None) -> datetime.datetime | None:
    """The time in a platform's column; a day without a time is its first moment."""
    day = values.date(text)
    if day is None or text is None or day == values.LONG_TERM:
        return None
    found = _TIME.search(text)
    clock = datetime.time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else datetime.time()
    return local(datetime.datetime.combine(day, clock))


def _record_id(unit: str, kind: str, texts: dict[str, str]) -> str:
    """From the fewest raw fields that name a decision: number and party; without a number also date, licence and title."""
    number, name = _squeezed(texts, "document_number"), _squeezed(texts, "counterparty")
    parts = [unit, kind, number, name]
    if not name:
        parts.append(_squeezed(texts, "counterparty_code"))
    if not number:
        parts += [
            _squeezed(texts, f) for f in ("decision_date", "licence_number", "document_title", "case_name", "content")
        ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:32]


def _squeezed(texts: dict[str, str], fieldname: str) -> str:
    return values.squeeze(values.clean_text(texts.get(fieldname)) or "")
