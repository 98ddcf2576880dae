"""Rows of text -> rows ready to be stored: the pure part of an import, which may run in processes of its own.

`Reader.prepare` takes rows as they stand and gives what the importing process needs to know of each, so little that handing
it between processes costs less than making it.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import compress
from operator import itemgetter
from typing import Any, NamedTuple

from db.clock import local
from db.models import RecordColumns, Submission
from intake.headers import Table
from standard import privacy, record, values

COLUMNS: tuple[str, ...] = tuple(
    column.name for column in Submission.__table__.columns if column.name in RecordColumns.__annotations__
)[1:]  # all of a record but its id
CHUNK = 500  # also the order in which a receipt tells of rows: refused ones first within a chunk
MAX_CELL = 32_767  # what a cell of a workbook can hold; a longer one is a file pasted into a cell
_DATES = tuple(COLUMNS.index(name) for name in ("decision_date", "valid_from", "valid_to", "publicity_until"))
_DEFECTS, _RAW = COLUMNS.index("defects"), COLUMNS.index("raw")
_DEFECT = ("rule", "code", "field", "severity", "message", "cure")
_VALUES: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*COLUMNS)
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：]([0-5]\d))?")
_LOST = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d{1,3}$")
_CODES = (
    "counterparty_code", "registration_number", "organisation_code", "tax_number", "institution_number", "social_number",
    "authority_code", "source_unit_code", "person_id", "representative_id", "licence_number", "document_number",
)  # fmt: skip
_FORMS = 4096  # remembered forms of rows
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


Sent = tuple[int, str | None, list[Any], str, str | None, str | None, list[Told], list[Told]]
"""A row as one process hands it to another: of plain types only, nothing in it twice. `opened` makes it a Prepared."""
_PLACE: Callable[[list[Any]], tuple[str | None, ...]] = itemgetter(
    *(
        COLUMNS.index(name)
        for name in ("source_unit", "source_unit_code", "authority", "authority_code", "decision_date")
    )
)
_TOLD: Callable[[list[Any]], tuple[Any, ...]] = itemgetter(
    *map(
        COLUMNS.index,
        ("content_hash", "document_number_key", "counterparty_key", "document_number", "counterparty"),
    )
)


def opened(row: Sent) -> Prepared:
    """A row that was handed over."""
    number, kind, stored, identity, reporting, received, told, reasons = row
    content_hash, number_key, party_key, document_number, party = _TOLD(stored)
    return Prepared(
        number, kind, stored, identity, content_hash, (reporting, *_PLACE(stored)), _moment(received), number_key, party_key,
        (document_number or "", party or ""), told, reasons,
    )  # fmt: skip


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

    @cached_property
    def _plan(self) -> _Plan:
        """What is alike for every row of the table."""
        count = min(len(self.labels), len(self.fields))
        labels = self.labels[:count]
        named = [(at, name) for at, name in enumerate(self.fields[:count]) if name is not None]
        joined = values.JOINT.join(labels)
        codes = tuple(name for name in _CODES if name in self.fields[:count])
        plain = values.scrub(joined) == joined and len(set(labels)) == count and len(named) > 1
        return _Plan(
            count, labels, tuple(name for _, name in named), itemgetter(*(at for at, _ in named)) if plain else tuple, plain,
            privacy.says_home(joined), [_json(label) for label in labels], {}, codes,
            itemgetter(*(self.fields.index(name) for name in codes)) if len(codes) > 1 else tuple,
        )  # fmt: skip

    def prepare(self, rows: Sequence[tuple[int, Sequence[str]]]) -> list[Sent]:
        return [self._prepare(number, cells) for number, cells in rows]

    def _prepare(self, number: int, cells: Sequence[str]) -> Sent:
        plan = self._plan
        long: list[str] = []
        stood: record.Stood | None = None
        if plan.plain and len(cells) == plan.width:
            joined = values.JOINT.join(cells)
            if len(joined) <= MAX_CELL and values.all_clean(joined):
                known = plan.known(cells)
                texts = dict(compress(zip(plan.names, known, strict=True), known))
                homes = plan.homes and privacy.says_home(values.JOINT.join(compress(plan.labels, cells)))
                stood = record.Stood(None, joined, True, homes, (plan.labels, cells))
        quick = stood is not None
        if stood is None:
            raw, texts = self._read(cells, long)
            stood = record.stand(self.kind or "penalty", texts, raw)
        kind = self.kind or kind_of_row(texts)
        made = record.make_of(
            kind or "penalty", texts, stood, money=self.money, profile="submission", edition=self.edition, today=self.today,
            key=self.key,
        )  # fmt: skip
        defects = made["defects"]
        if not quick or plan.may_be_lost(values.JOINT.join(plan.codes_in(cells))):
            for name in plan.codes:
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
        row = list(_VALUES(made))
        for at in _DATES:
            if row[at] is not None:
                row[at] = row[at].isoformat()
        row[_DEFECTS] = _defects_text(defects) if defects else "[]"
        raw = made["raw"]
        if raw is None and '"' not in stood.joined:
            filled = tuple(map(bool, cells))
            form = plan.forms.get(filled)
            if form is None:
                form = plan.form(filled)
            row[_RAW] = (form % tuple(compress(cells, filled))).encode()
        else:
            row[_RAW] = _json(stood.by_label() if raw is None else raw).encode()
        told = (
            [(d["rule"], d["field"], d["severity"], d["message"], d["cure"]) for d in defects if d["severity"] != "I"]
            if defects
            else []
        )
        return (
            number, kind, row, _identity(kind, texts), texts.get("reporting_unit"), texts.get("received_at"), told,
            _reasons(kind, texts, made),
        )  # fmt: skip

    def _read(self, cells: Sequence[str], long: list[str]) -> tuple[dict[str, str], dict[str, str]]:
        """One row by label and by field, blanks around cells taken away; `long`: the cells that were cut."""
        texts: dict[str, str] = {}
        raw: dict[str, str] = {}
        for label, name, cell in zip(self.labels, self.fields, cells, strict=False):
            text = cell.strip()
            if text:
                if len(text) > MAX_CELL:
                    long.append(name or label)
                    text = text[:MAX_CELL]
                raw[label] = text
                if name is not None:
                    texts[name] = text
        return raw, texts


class _Plan(NamedTuple):
    """What a Reader works out once for all the rows of a table."""

    width: int
    labels: list[str]
    names: tuple[str, ...]
    known: Callable[[Sequence[str]], tuple[str, ...]]  # the cells of known columns
    plain: bool  # labels need no cleaning
    homes: bool  # a label speaks of somebody's home
    keys: list[str]  # the labels in JSON
    forms: dict[tuple[bool, ...], str]  # which cells are filled -> the row in JSON, with room for them
    codes: tuple[str, ...]  # columns in which a number may have lost digits
    codes_in: Callable[[Sequence[str]], Iterable[str]]  # their cells

    def form(self, filled: tuple[bool, ...]) -> str:
        """What a row with these cells looks like in JSON; most rows of a table have the same ones."""
        if len(self.forms) > _FORMS:
            self.forms.clear()
        pairs = [f'{key.replace("%", "%%")}:"%s"' for key in compress(self.keys, filled)]
        found = self.forms[filled] = f"{{{','.join(pairs)}}}"
        return found

    @staticmethod
    def may_be_lost(codes: str) -> bool:
        """False when none of the codes looks like 1.4E+17."""
        return "." in codes or "E+" in codes or "e+" in codes


_json: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _defects_text(defects: Sequence[dict[str, str]]) -> str:
    return f"[{','.join([_defect_text(*[d[name] for name in _DEFECT]) for d in defects])}]"


@lru_cache(maxsize=4096)
def _defect_text(*said: str) -> str:
    return _json(dict(zip(_DEFECT, said, strict=True)))


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
    state = _state(stated)
    if state in ("未上报", "待上报", "0", "已撤销", "2"):
        told = f"上报状态为“{state}”，平台未接收"
        reasons.append(("R4", "report_status", "E", told, "请在平台完成上报"))
    error = values.clean_text(returned)
    if error is not None and state not in ("已上报", "成功", "上报成功", "1"):
        told = f"平台退回：{privacy.mask(error)[:500]}"
        reasons.append(("R5", "error_reason", "E", told, "请按退回原因更正后重新报送"))
    return reasons


@lru_cache(maxsize=1024)
def _state(text: str | None) -> str | None:
    return values.clean_text(text)


def _identity(kind: str | None, texts: dict[str, str]) -> str:
    """From the fewest raw fields that name a decision: number and party; without a number also date, licence and title."""
    number, name = _squeezed(texts, "document_number"), _squeezed(texts, "counterparty")
    if name and number and '"' not in name and "\\" not in name and '"' not in number and "\\" not in number:
        return f'"{kind or ""}", "{number}", "{name}"]'  # as JSON writes it
    parts = [kind or "", number, name]
    if not name:
        parts.append(_squeezed(texts, "counterparty_code"))
    if not number:
        parts += [_squeezed(texts, name) for name in _ID_REST]
    return json.dumps(parts, ensure_ascii=False)[1:]


def _squeezed(texts: dict[str, str], name: str) -> str:
    text = texts.get(name)
    if not text:
        return ""
    return values.squeeze(text if values.is_plain(text) else values.clean_text(text) or "")


@lru_cache(maxsize=8192)
def _moment(text: str | None) -> datetime.datetime | None:
    """The time in a platform's column; a day without a time is its first moment."""
    day = values.date(text)
    if day is None or text is None or day == values.LONG_TERM:
        return None
    found = _TIME.search(text)
    clock = datetime.time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else datetime.time()
    return local(datetime.datetime.combine(day, clock))
