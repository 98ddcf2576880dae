"""Rows: what was seen, what was told, what was judged. The one place where the stages meet.

Times are stored as Shanghai wall time without zone and come back aware (`LocalTime`). Money is in yuan.
`RECORD_FIELDS` is the order of a record's keys in every export (contract, "Data out").
"""

# Annotations are no text here (no `from __future__`): SQLAlchemy would evaluate each of them, which takes as long as its columns.
import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from db.clock import SHANGHAI, local


class LocalTime(TypeDecorator[datetime.datetime]):
    """A moment, kept as Shanghai wall time; SQLite and PostgreSQL then sort and compare it alike."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        return None if value is None else local(value).replace(tzinfo=None)

    def process_result_value(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        return None if value is None else value.replace(tzinfo=SHANGHAI)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime.datetime: LocalTime,
        datetime.date: Date,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
    }


# ---------------------------------------------------------------- registry


class Unit(Base):
    """One assessed or monitored unit (units.yml)."""

    __tablename__ = "unit"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    aliases: Mapped[list[Any]] = mapped_column(default=list)  # [{"name": …, "until": ISO date or None}]
    uscc: Mapped[str | None] = mapped_column(String(18))
    level: Mapped[str] = mapped_column(String(32))  # municipal | county | county_department | institution | vertical
    parent: Mapped[str | None] = mapped_column(String(64))
    contacts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    assessed: Mapped[bool] = mapped_column(Boolean, default=True)
    position: Mapped[int] = mapped_column(Integer, default=0)  # order in units.yml
    active: Mapped[bool] = mapped_column(Boolean, default=True)  # false: no longer in units.yml; rows stay


class Portal(Base):
    """One disclosure column (portals/*.yml)."""

    __tablename__ = "portal"

    id: Mapped[str] = mapped_column(String(96), primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # licence | penalty | both | catalogue | red_list | black_list
    channel: Mapped[str] = mapped_column(String(16))  # department | government | credit
    title: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text)
    family: Mapped[str] = mapped_column(String(64))
    recognised: Mapped[str | None] = mapped_column(String(64))  # what `family: auto` recognised
    render: Mapped[str] = mapped_column(String(16))
    every_hours: Mapped[int] = mapped_column(Integer)
    entry: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the whole YAML entry, for the record
    active: Mapped[bool] = mapped_column(Boolean, default=True)


# ---------------------------------------------------------------- inlet 1: what portals show


class Crawl(Base):
    """One look at one portal. `state`: running | finished | abandoned. A running crawl whose process died is resumed."""

    __tablename__ = "crawl"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)  # <portal>-<yyyymmddThhmmss of its start>
    portal_id: Mapped[str] = mapped_column(ForeignKey("portal.id"), index=True)
    started_at: Mapped[datetime.datetime]
    finished_at: Mapped[datetime.datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    family: Mapped[str | None] = mapped_column(String(64))
    resumed: Mapped[int] = mapped_column(Integer, default=0)


class Evidence(Base):
    """One stored response: where its bytes lie in which WARC file, and their SHA-256."""

    __tablename__ = "evidence"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    crawl_id: Mapped[str] = mapped_column(String(128), index=True)
    portal_id: Mapped[str] = mapped_column(String(96), index=True)
    url: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(String(8), default="GET")
    status: Mapped[int]
    content_type: Mapped[str | None] = mapped_column(String(200))
    fetched_at: Mapped[datetime.datetime]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    warc_file: Mapped[str] = mapped_column(Text)  # relative to var/evidence
    warc_offset: Mapped[int]
    warc_length: Mapped[int]


class Coverage(Base):
    """The ledger: what one look was worth. Only `complete` and `column_empty` can prove an absence."""

    __tablename__ = "coverage"

    crawl_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    portal_id: Mapped[str] = mapped_column(ForeignKey("portal.id"), index=True)
    looked_at: Mapped[datetime.datetime]
    # complete | partial | blocked | unreachable | shell | soft_404 | script_list | link_out | column_missing |
    # column_empty | error
    outcome: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")  # Chinese, for people
    who: Mapped[str] = mapped_column(String(16), default="")  # must act: nobody | unit | operator | us
    pages: Mapped[int] = mapped_column(Integer, default=0)
    pages_announced: Mapped[int | None]
    items: Mapped[int] = mapped_column(Integer, default=0)  # list entries seen
    records: Mapped[int] = mapped_column(Integer, default=0)  # decisions read
    unread: Mapped[int] = mapped_column(Integer, default=0)  # attachments, scans, pages that could not be read
    not_records: Mapped[int] = mapped_column(Integer, default=0)  # notices and the like, classified out
    notes: Mapped[list[Any]] = mapped_column(default=list)


class ListEntry(Base):
    """One list entry of a portal that was read completely: unchanged, it is not fetched again, its records are touched."""

    __tablename__ = "list_entry"

    portal_id: Mapped[str] = mapped_column(ForeignKey("portal.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of its address
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    stated_on: Mapped[str] = mapped_column(String(32), default="")  # the list's date, as it stood
    records: Mapped[list[str]] = mapped_column(default=list)  # record ids, one for each place; empty: not a record
    crawl_id: Mapped[str] = mapped_column(String(128))  # the look that read it


class RecordColumns:
    """The canonical values of one decision, alike on both sides (standard/values.py makes them)."""

    record_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)  # licence | penalty (| reward … later)
    document_number: Mapped[str | None] = mapped_column(Text)
    document_number_key: Mapped[str | None] = mapped_column(String(300))
    document_number_weak: Mapped[str | None] = mapped_column(String(300))
    document_title: Mapped[str | None] = mapped_column(Text)
    case_name: Mapped[str | None] = mapped_column(Text)
    counterparty: Mapped[str | None] = mapped_column(Text)  # masked when a natural person
    counterparty_key: Mapped[str | None] = mapped_column(String(300))
    counterparty_type: Mapped[str | None] = mapped_column(String(24))  # organisation | sole_trader | natural_person
    counterparty_code: Mapped[str | None] = mapped_column(String(64))  # canonical USCC; for persons a keyed hash "h:…"
    legal_representative: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[str | None] = mapped_column(Text)
    violation_type: Mapped[str | None] = mapped_column(Text)
    basis: Mapped[str | None] = mapped_column(Text)
    content: Mapped[str | None] = mapped_column(Text)
    fine_yuan: Mapped[float | None] = mapped_column(Float)
    confiscation_yuan: Mapped[float | None] = mapped_column(Float)
    licence_name: Mapped[str | None] = mapped_column(Text)
    licence_number: Mapped[str | None] = mapped_column(Text)
    decision_date: Mapped[datetime.date | None] = mapped_column(index=True)
    valid_from: Mapped[datetime.date | None]
    valid_to: Mapped[datetime.date | None]
    publicity_until: Mapped[datetime.date | None]
    authority: Mapped[str | None] = mapped_column(Text)
    authority_code: Mapped[str | None] = mapped_column(String(64))
    source_unit: Mapped[str | None] = mapped_column(Text)
    source_unit_code: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str | None] = mapped_column(String(64))
    remedy: Mapped[str | None] = mapped_column(Text)
    # [{"rule": "D7", "code": "field_invalid", "field": "valid_to", "severity": "E|W|I", "message": …, "cure": …}]
    defects: Mapped[list[Any]] = mapped_column(default=list)
    raw: Mapped[dict[str, Any]] = mapped_column(default=dict)  # label as it stood -> text as it stood (masked)
    content_hash: Mapped[str] = mapped_column(String(64), default="")


class Publication(RecordColumns, Base):
    """One decision seen on one portal. Its id is built from portal + raw number + raw counterparty (+ date if no number)."""

    __tablename__ = "publication"
    __table_args__ = (Index("ix_publication_number", "document_number_key"),)

    portal_id: Mapped[str] = mapped_column(ForeignKey("portal.id"), index=True)
    unit_id: Mapped[str] = mapped_column(
        ForeignKey("unit.id"), index=True
    )  # responsible unit: by authority, else the portal's
    url: Mapped[str | None] = mapped_column(Text)
    attachment: Mapped[str | None] = mapped_column(Text)
    stated_published_on: Mapped[datetime.date | None]
    first_seen: Mapped[datetime.datetime]
    last_seen: Mapped[datetime.datetime]
    absent_before: Mapped[datetime.datetime | None]  # last complete look before first_seen that did not show it
    gone_since: Mapped[datetime.datetime | None]  # first complete look after last_seen that no longer showed it
    copies: Mapped[int] = mapped_column(Integer, default=1)  # places on this portal that show it in the latest look
    first_crawl: Mapped[str] = mapped_column(String(128))
    last_crawl: Mapped[str] = mapped_column(String(128), index=True)
    evidence: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float] = mapped_column(Float, default=1.0)
    form: Mapped[str] = mapped_column(String(24))
    warnings: Mapped[list[Any]] = mapped_column(default=list)


# ---------------------------------------------------------------- inlet 2: what we are told


class Batch(Base):
    """One import of one file. The same bytes again change nothing."""

    __tablename__ = "batch"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    register: Mapped[str] = mapped_column(String(32))  # submissions | catalogue | exemptions | …
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    edition: Mapped[str | None] = mapped_column(String(16))
    received_at: Mapped[datetime.datetime]  # the platform's knowledge reaches up to here
    imported_at: Mapped[datetime.datetime]
    rows: Mapped[int] = mapped_column(Integer, default=0)
    accepted: Mapped[int] = mapped_column(Integer, default=0)
    updated: Mapped[int] = mapped_column(Integer, default=0)
    duplicate: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)
    receipt: Mapped[str | None] = mapped_column(Text)


class Submission(RecordColumns, Base):
    """One decision as reported to the platform. Id: unit + kind + raw number + raw counterparty + raw code (+ date)."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_number", "document_number_key"),)

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    received_at: Mapped[datetime.datetime]  # first attempt that was materially complete
    last_received_at: Mapped[datetime.datetime]
    batch: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    copies: Mapped[int] = mapped_column(Integer, default=1)  # identical rows received again
    warnings: Mapped[list[Any]] = mapped_column(default=list)


class RefusedRow(Base):
    """A row that could not be taken. It stays visible and counts as an attempt."""

    __tablename__ = "refused_row"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    batch: Mapped[str] = mapped_column(String(64), index=True)
    unit_id: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str | None] = mapped_column(String(16))
    document_number_key: Mapped[str | None] = mapped_column(String(300))
    counterparty_key: Mapped[str | None] = mapped_column(String(300))
    received_at: Mapped[datetime.datetime]
    sheet: Mapped[str] = mapped_column(String(200), default="")
    row: Mapped[int] = mapped_column(Integer, default=0)
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    raw: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Touched(Base):
    """Which units' records were written: whenever a row of `publication` or `submission` is, triggers of the database give its unit a new stamp.

    As long as a unit's stamps stay the same, so do its records. (SQLite keeps the last one, PostgreSQL one a transaction.)
    """

    __tablename__ = "touched"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)  # publication | submission
    unit_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    stamp: Mapped[str] = mapped_column(String(64), primary_key=True)


class OtherRecord(RecordColumns, Base):
    """One record of a wider kind (standard/kinds.yml: red and black lists, inspections …): read, validated, counted.

    It stands apart from publications and submissions, so that it never enters the comparison. `source` says which inlet it
    came by; a published one has a portal, a submitted one a batch. `own`: the values that only its kind has.
    """

    __tablename__ = "other_record"
    __table_args__ = (Index("ix_other_record_count", "unit_id", "kind", "source"),)

    source: Mapped[str] = mapped_column(String(16))  # published | submitted
    own: Mapped[dict[str, Any]] = mapped_column(default=dict)  # field -> value: dates ISO, amounts in yuan
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"))
    received_at: Mapped[datetime.datetime | None]
    last_received_at: Mapped[datetime.datetime | None]
    batch: Mapped[str | None] = mapped_column(String(64), index=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    copies: Mapped[int] = mapped_column(Integer, default=1)
    portal_id: Mapped[str | None] = mapped_column(ForeignKey("portal.id"), index=True)
    url: Mapped[str | None] = mapped_column(Text)
    attachment: Mapped[str | None] = mapped_column(Text)
    stated_published_on: Mapped[datetime.date | None]
    first_seen: Mapped[datetime.datetime | None]
    last_seen: Mapped[datetime.datetime | None]
    absent_before: Mapped[datetime.datetime | None]
    gone_since: Mapped[datetime.datetime | None]
    first_crawl: Mapped[str | None] = mapped_column(String(128))
    last_crawl: Mapped[str | None] = mapped_column(String(128), index=True)
    evidence: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float] = mapped_column(Float, default=1.0)
    form: Mapped[str] = mapped_column(String(24), default="")
    warnings: Mapped[list[Any]] = mapped_column(default=list)


class RegisterEntry(Base):
    """One line of a register (contract §6): exemptions, repairs, withdrawals, declarations, catalogue, outages."""

    __tablename__ = "register_entry"
    __table_args__ = (Index("ix_register_unit", "register", "unit_id", "kind"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    register: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[str | None] = mapped_column(String(16))  # licence | penalty | None = both
    document_number_key: Mapped[str | None] = mapped_column(String(300))
    counterparty_key: Mapped[str | None] = mapped_column(String(300))
    counterparty_code: Mapped[str | None] = mapped_column(String(64))
    item_name: Mapped[str | None] = mapped_column(Text)  # catalogue: 项目名称
    effective_from: Mapped[datetime.date | None]
    effective_to: Mapped[datetime.date | None]
    period: Mapped[str | None] = mapped_column(String(16))  # declarations: 所属期
    ground: Mapped[str | None] = mapped_column(Text)  # exemption ground, withdrawal reason, declaration type
    basis: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the whole line, label -> text
    batch: Mapped[str] = mapped_column(String(64), index=True)
    imported_at: Mapped[datetime.datetime]


# ---------------------------------------------------------------- the judge


class PeriodRun(Base):
    """The latest assessment of one period: its inputs' hash, its scheme, its counts."""

    __tablename__ = "period_run"

    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    as_of: Mapped[datetime.date]
    scheme: Mapped[str] = mapped_column(String(64))
    scheme_version: Mapped[str] = mapped_column(String(32))
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    results_sha256: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime.datetime | None]
    assessed_at: Mapped[datetime.datetime]
    # everything a report needs beside rows: totals, per-unit counts, provisional years, coverage summary, notes
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(
        Integer, default=0, server_default="0"
    )  # of a sealed period: 0 as first sealed


class Pair(Base):
    """One line of the comparison; every record of the period stands in exactly one (contract, "pair")."""

    __tablename__ = "pair"

    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    pair_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    published: Mapped[str | None] = mapped_column(String(64))
    submitted: Mapped[str | None] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(48))
    score: Mapped[float | None] = mapped_column(Float)
    verdict: Mapped[str] = mapped_column(String(16))
    differing_fields: Mapped[list[str]] = mapped_column(default=list)
    explanation: Mapped[str] = mapped_column(Text, default="")  # Chinese: why this class


class Finding(Base):
    """One thing found (contract, "finding"). `proof` holds what survives an appeal."""

    __tablename__ = "finding"

    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    finding_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str | None] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32), index=True)
    level: Mapped[str] = mapped_column(String(16))
    dimension: Mapped[str] = mapped_column(String(16))
    document_number: Mapped[str | None] = mapped_column(Text)
    counterparty: Mapped[str | None] = mapped_column(Text)  # masked for natural persons
    decision_date: Mapped[datetime.date | None]
    due_date: Mapped[datetime.date | None]
    published_from: Mapped[datetime.date | None]
    published_to: Mapped[datetime.date | None]
    received_at: Mapped[datetime.datetime | None]
    days_late: Mapped[int | None]
    field: Mapped[str | None] = mapped_column(String(48))
    published_value: Mapped[str | None] = mapped_column(Text)
    submitted_value: Mapped[str | None] = mapped_column(Text)
    portal_id: Mapped[str | None] = mapped_column(String(96))
    url: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(String(64))
    basis: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))  # suspected | confirmed | normal | exempt | …
    # {"check": id, "version": n, "published": record_id, "submitted": record_id, "rule": pairing rule, "crawl": id,
    #  "cure": what to do}; what all findings of a check share stands in PeriodRun.summary["checks"]
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Score(Base):
    """One indicator of one unit (contract, "score")."""

    __tablename__ = "score"

    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    unit_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    title: Mapped[str] = mapped_column(String(100))
    scheme: Mapped[str] = mapped_column(String(64))
    scheme_version: Mapped[str] = mapped_column(String(32))
    total: Mapped[float | None] = mapped_column(Float)
    grade: Mapped[str | None] = mapped_column(String(16))
    rank: Mapped[int | None]
    ranked: Mapped[bool] = mapped_column(Boolean, default=False)
    points: Mapped[float | None] = mapped_column(Float)  # None: not applicable, rescaled
    max_points: Mapped[float] = mapped_column(Float)
    numerator: Mapped[float | None] = mapped_column(Float)
    denominator: Mapped[float | None] = mapped_column(Float)
    excluded: Mapped[int | None]
    formula: Mapped[str] = mapped_column(Text)


class Review(Base):
    """A person's decision on a finding; a row of its own, which every later run finds again.

    `thing` is the finding without its period: what was settled for the month holds for the quarter and the year as well.
    """

    __tablename__ = "review"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    finding_id: Mapped[str] = mapped_column(String(64), index=True)
    thing: Mapped[str | None] = mapped_column(String(64), index=True)
    period: Mapped[str | None] = mapped_column(String(16))
    unit_id: Mapped[str | None] = mapped_column(String(64))
    code: Mapped[str | None] = mapped_column(String(32))
    step: Mapped[str | None] = mapped_column(String(16))  # standard.states.STEPS
    before: Mapped[str | None] = mapped_column(String(16))  # the state it was in
    state: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="")
    basis: Mapped[str | None] = mapped_column(Text)  # article or approval document
    evidence: Mapped[str | None] = mapped_column(
        Text
    )  # what was shown: a file's name and SHA-256, or a document's number
    batch: Mapped[str | None] = mapped_column(String(64))  # the sheet it came with
    at: Mapped[datetime.datetime]


class PairDecision(Base):
    """A person's word on two records: the same decision, or not. It wins over every pairing rule in every later run."""

    __tablename__ = "pair_decision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    published: Mapped[str] = mapped_column(String(64), index=True)
    submitted: Mapped[str] = mapped_column(String(64), index=True)
    same: Mapped[bool] = mapped_column(Boolean)
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime.datetime]


class SpotCheck(Base):
    """One spot check (抽查): its frame by hash, its seed, its draw; enough to draw the very same sample again."""

    __tablename__ = "spot_check"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), index=True)
    frame: Mapped[str] = mapped_column(String(16))  # submissions | publications | findings | ledger
    frame_sha256: Mapped[str] = mapped_column(String(64))
    seed: Mapped[str] = mapped_column(String(64))
    share_again: Mapped[float] = mapped_column(Float)  # checked blind by a second person
    strata: Mapped[dict[str, Any]] = mapped_column(default=dict)  # unit -> [size, drawn]
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime.datetime]


class SpotCheckItem(Base):
    """One drawn line, and what each checker found. A line is checked once, or twice by two people."""

    __tablename__ = "spot_check_item"

    check_id: Mapped[str] = mapped_column(ForeignKey("spot_check.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(64), primary_key=True)  # record or finding id, or a ledger line's hash
    position: Mapped[int] = mapped_column(Integer)
    unit_id: Mapped[str] = mapped_column(String(64))
    shown: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the worksheet shows of it
    again: Mapped[bool] = mapped_column(Boolean, default=False)
    outcome: Mapped[str | None] = mapped_column(String(16))  # right | wrong | not_produced | outside
    actor: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime.datetime | None]
    outcome_again: Mapped[str | None] = mapped_column(String(16))
    actor_again: Mapped[str | None] = mapped_column(String(64))
    note_again: Mapped[str] = mapped_column(Text, default="")
    at_again: Mapped[datetime.datetime | None]


# ---------------------------------------------------------------- outlets and the clock


class Mail(Base):
    """One mail to be sent exactly once. `key` says what it is (report, period, recipient)."""

    __tablename__ = "mail"
    __table_args__ = (UniqueConstraint("key", name="uq_mail_key"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)  # RFC 5322 text, 7-bit clean
    state: Mapped[str] = mapped_column(String(16))  # waiting | sending | sent | failed
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime.datetime | None]
    sent_at: Mapped[datetime.datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime.datetime]


class JobRun(Base):
    """One run of one job at one planned time: the row is the lock, so no job runs twice for the same time."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    planned_at: Mapped[datetime.datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime.datetime]
    finished_at: Mapped[datetime.datetime | None]
    outcome: Mapped[str] = mapped_column(String(16), default="running")  # running | done | failed
    message: Mapped[str] = mapped_column(Text, default="")


RECORD_FIELDS: tuple[str, ...] = (
    "record_id", "source", "kind", "document_number", "document_number_key", "document_title", "case_name",
    "counterparty", "counterparty_type", "counterparty_code", "legal_representative", "category", "facts",
    "violation_type", "basis", "content", "fine_yuan", "confiscation_yuan", "licence_name", "licence_number",
    "decision_date", "valid_from", "valid_to", "publicity_until", "authority", "authority_code", "source_unit",
    "source_unit_code", "status", "remedy", "portal", "unit", "url", "attachment", "stated_published_on",
    "first_seen", "last_seen", "absent_before", "received_at", "batch", "evidence", "confidence", "form", "warnings",
)  # fmt: skip
FINDING_FIELDS: tuple[str, ...] = (
    "finding_id", "period", "unit", "unit_name", "kind", "code", "level", "dimension", "document_number",
    "counterparty", "decision_date", "due_date", "published_from", "published_to", "received_at", "days_late",
    "field", "published_value", "submitted_value", "portal", "url", "evidence", "basis", "message", "state",
)  # fmt: skip
PAIR_FIELDS: tuple[str, ...] = (
    "pair_id", "published", "submitted", "rule", "score", "verdict", "differing_fields",
)  # fmt: skip
SCORE_FIELDS: tuple[str, ...] = (
    "period", "unit", "unit_name", "scheme", "scheme_version", "total", "grade", "rank", "ranked", "indicator",
    "points", "max_points", "numerator", "denominator", "excluded", "formula",
)  # fmt: skip
