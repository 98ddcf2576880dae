"""Rows of text -> rows ready to be stored: the pure part of an import, which may run in processes of its own.

`Reader.prepare` takes rows as they stand and gives what the importing process needs to know of each, so little that handing
it between processes costs less than making it.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import json
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from db.clock import local
from db.models import RecordColumns, Submission
from intake.headers import Table
from standard import privacy, record, values

COLUMNS: tuple[str, ...] = tuple(
    column.name for column in Submission.__table__.columns if column.name in RecordColumns.__annotations__
)[1:]  # all of a record but its id
CHUNK = 500
MAX_CELL = 32_767  # what a cell of a workbook can hold; a longer one is a file pasted into a cell
_JSON = frozenset(["defects", "raw"])
_AHEAD = 6
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：]([0-5]\d))?")
_LOST = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d{1,3}$")
_CODES = (
    "counterparty_code", "registration_number", "organisation_code", "tax_number", "institution_number", "social_number",
    "authority_code", "source_unit_code", "person_id", "representative_id", "licence_number", "document_number",
)  # fmt: skip
_ID_REST = ("decision_date", "licence_number", "document_title", "case_name", "content")

Told = tuple[str, str, str, str, str]
"""Rule, field, severity, message, cure."""


class Prepared(NamedTuple):
    """One row on its way in."""

    number: int
    kind: str | None
    values: list[Any]  # as the database stores them, in the order of COLUMNS
    identity: str  # the end of what its id is made of
    content_hash: str
    place: tuple[
        str | None, ...
    ]  # reporting unit, source unit and code, authority and code, decision date: whose it is
    received: datetime.datetime | None
    number_key: str | None
    party_key: str | None
    shown: tuple[str, str]  # document number and party
    told: list[Told]  # errors and doubts
    reasons: list[Told]  # why it cannot be taken


@dataclass(frozen=True)
class Reader:
    """How the rows of one table are to be read. Small, so that it can be sent along."""

    kind: str | None
    edition: str | None
    fields: list[str | None]
    labels: list[str]
    money: dict[str, str | None]
    today: datetime.date
    key: bytes

    @classmethod
    def of(cls, table: Table, today: datetime.date, key: bytes) -> Reader:
        names = [None if column is None else column.field for column in table.columns]
        return cls(table.kind, table.edition, names, table.shown, table.money, today, key)

    def prepare(self, rows: Sequence[tuple[int, Sequence[str]]]) -> list[Prepared]:
        return [self._prepare(number, cells) for number, cells in rows]

    def _prepare(self, number: int, cells: Sequence[str]) -> Prepared:
        texts: dict[str, str] = {}
        raw: dict[str, str] = {}
        long: list[str] = []
        for label, name, cell in zip(self.labels, self.fields, cells, strict=False):
            text = cell.strip()
            if text:
                if len(text) > MAX_CELL:
                    long.append(name or label)
                    text = text[:MAX_CELL]
                raw[label] = text
                if name is not None:
                    texts[name] = text
        kind = self.kind or kind_of_row(texts)
        made = record.make(
            kind or "penalty", texts, money=self.money, profile="submission", edition=self.edition, today=self.today,
            key=self.key, raw=raw,
        )  # fmt: skip
        defects = made["defects"]
        for name in _CODES:
            text = texts.get(name, "")
            if (
                len(text) > 4
                and (text[1] == "." or text[-4:-2] in ("E+", "e+"))
                and _LOST.match(text)
                and not _known_lost(defects, name)
            ):
                defects.append(_lost(name, text))
        for name in long:
            defects.append(
                _told("F2", name, "W", f"内容超过 {MAX_CELL} 字，超出部分未读取", "请精简内容，长文请作为附件")
            )
        told = [
            (d["rule"], d["field"], d["severity"], d["message"], d["cure"]) for d in defects if d["severity"] != "I"
        ]
        day = made["decision_date"]
        place = (
            texts.get("reporting_unit"), made["source_unit"], made["source_unit_code"], made["authority"],
            made["authority_code"], None if day is None else day.isoformat(),
        )  # fmt: skip
        return Prepared(
            number, kind, _stored(made), _identity(kind, texts), made["content_hash"], place,
            _moment(texts.get("received_at")), made["document_number_key"], made["counterparty_key"],
            (made["document_number"] or "", made["counterparty"] or ""), told, _reasons(kind, texts, made),
        )  # fmt: skip


def _stored(made: dict[str, Any]) -> list[Any]:
    row: list[Any] = []
    for name in COLUMNS:
        value = made[name]
        if name in _JSON:
            value = json.dumps(value, ensure_ascii=False)
        elif value is not None and type(value) is datetime.date:
            value = value.isoformat()
        row.append(value)
    return row


def _told(rule: str, name: str, severity: str, message: str, cure: str) -> dict[str, str]:
    return {
        "rule": rule, "code": "field_invalid", "field": name, "severity": severity, "message": message, "cure": cure
    }  # fmt: skip


def _known_lost(defects: Sequence[dict[str, Any]], name: str) -> bool:
    return any(defect["field"] == name and "丢失" in defect["message"] for defect in defects)


def _lost(name: str, text: str) -> dict[str, str]:
    message = f"按数字存放，后几位已经丢失（显示为 {text[:24]}）"
    cure = "请把该列的单元格格式设为“文本”，照原件重新录入完整号码；丢失的数字无法由系统还原"
    return _told("F1", name, "E", message, cure)


def kind_of_row(texts: dict[str, str]) -> str | None:
    """Without a header that tells: a row with a fine or a number of 罚 is a penalty, one of 许 a licence."""
    if texts.keys() & {"fine_yuan", "violation_type", "facts", "basis"}:
        return "penalty"
    if texts.keys() & {"licence_number", "licence_name", "valid_to"}:
        return "licence"
    number = texts.get("document_number", "")
    if "罚" in number:
        return "penalty"
    return "licence" if "许" in number else None


def _reasons(kind: str | None, texts: dict[str, str], made: dict[str, Any]) -> list[Told]:
    """Why a row cannot be taken: it cannot be told what it is, or it never reached the platform."""
    reasons: list[Told] = []
    if made["document_number"] is None and made["counterparty"] is None:
        told = "既无文号也无行政相对人名称，无法识别"
        reasons.append(("R1", "document_number", "E", told, "请补填文号和行政相对人名称后重新报送"))
    if kind is None:
        told = "无法判断是行政许可还是行政处罚"
        reasons.append(("R2", "kind", "E", told, "请使用许可或处罚的模板，或在工作表名中写明"))
    stated, returned = texts.get("report_status"), texts.get("error_reason")
    if stated is None and returned is None:
        return reasons
    state = values.clean_text(stated)
    if state in ("未上报", "待上报", "0", "已撤销", "2"):
        told = f"上报状态为“{state}”，平台未接收"
        reasons.append(("R4", "report_status", "E", told, "请在平台完成上报"))
    error = values.clean_text(returned)
    if error is not None and state not in ("已上报", "成功", "上报成功", "1"):
        told = f"平台退回：{privacy.mask(error)[:500]}"
        reasons.append(("R5", "error_reason", "E", told, "请按退回原因更正后重新报送"))
    return reasons


def _identity(kind: str | None, texts: dict[str, str]) -> str:
    """From the fewest raw fields that name a decision: number and party; without a number also date, licence and title."""
    number, name = _squeezed(texts, "document_number"), _squeezed(texts, "counterparty")
    parts = [kind or "", number, name]
    if not name:
        parts.append(_squeezed(texts, "counterparty_code"))
    if not number:
        parts += [_squeezed(texts, name) for name in _ID_REST]
    return json.dumps(parts, ensure_ascii=False)[1:]


def _squeezed(texts: dict[str, str], name: str) -> str:
    text = texts.get(name)
    return values.squeeze(values.clean_text(text) or "") if text else ""


@lru_cache(maxsize=8192)
def _moment(text: str | None) -> datetime.datetime | None:
    """The time in a platform's column; a day without a time is its first moment."""
    day = values.date(text)
    if day is None or text is None or day == values.LONG_TERM:
        return None
    found = _TIME.search(text)
    clock = datetime.time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else datetime.time()
    return local(datetime.datetime.combine(day, clock))


# ---------------------------------------------------------------- processes


class Makers:
    """Prepares rows chunk by chunk, in order: here, or for a large source in processes beside this one."""

    def __init__(self, large: bool) -> None:
        self.pool: ProcessPoolExecutor | None = None
        workers = min(_cores(), 8)
        if large and workers > 1 and sys.platform == "linux":
            # A fork is there at once; with other threads running it is not safe, and a fresh process is started.
            method = "fork" if threading.active_count() == 1 else "spawn"
            context = multiprocessing.get_context(method)
            self.pool = ProcessPoolExecutor(workers - 1 or 1, mp_context=context, initializer=_start_worker)

    def __enter__(self) -> Makers:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def prepare(self, reader: Reader, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[list[Prepared]]:
        """The rows of a table, made, CHUNK by CHUNK."""
        stream = iter(rows)
        if self.pool is None:
            while chunk := list(islice(stream, CHUNK)):
                yield reader.prepare(chunk)
            return
        waiting: deque[Future[list[Prepared]]] = deque()
        while True:
            while len(waiting) < _AHEAD and (chunk := list(islice(stream, CHUNK))):
                waiting.append(self.pool.submit(reader.prepare, chunk))
            if not waiting:
                return
            if not waiting[0].done() and len(waiting) < 2 * _AHEAD and (chunk := list(islice(stream, CHUNK))):
                waiting.append(_done(reader.prepare(chunk)))  # nothing to store yet: lend a hand
                continue
            yield waiting.popleft().result()


def _done(rows: list[Prepared]) -> Future[list[Prepared]]:
    made: Future[list[Prepared]] = Future()
    made.set_result(rows)
    return made


def _cores() -> int:
    """The processors this process may use; MINGCHA_WORKERS sets another number."""
    given = os.environ.get("MINGCHA_WORKERS", "")
    return int(given) if given.isdigit() else len(os.sched_getaffinity(0))


def _start_worker() -> None:
    """A worker whose parent was killed must not stay behind. It makes much and keeps nothing: little to collect."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
