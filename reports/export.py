"""Data out: rows of the database as CSV, JSON Lines, Excel or a table on screen (contract, "Data out").

CSV is UTF-8 with BOM, dates are ISO 8601, unknown is empty/null. A text cell that a spreadsheet would take for a formula is
made harmless. Rows are streamed, some at a time and column by column: a city is never held in memory.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Label,
    Select,
    Text,
    and_,
    cast,
    literal,
    null,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Session

from db.clock import SHANGHAI
from db.models import (
    FINDING_FIELDS,
    PAIR_FIELDS,
    RECORD_FIELDS,
    SCORE_FIELDS,
    Coverage,
    Finding,
    LocalTime,
    Pair,
    PeriodRun,
    Portal,
    Publication,
    Score,
    Submission,
    Unit,
)
from reports import words
from reports.whole import whole
from reports.write_xlsx import harmless, quoted
from standard import outcomes
from standard.errors import Refused

Row = dict[str, Any]
Told = Callable[[int], None]
COVERAGE_FIELDS = (
    "portal", "unit", "channel", "day", "looked_at", "outcome", "reason", "who", "pages", "pages_announced", "items",
    "records", "unread", "not_records", "crawl",
)  # fmt: skip
DUE_SOON = "due_soon"
# What a table on the screen has room for; csv and jsonl have every field.
RECORD_COLUMNS = {
    "published": (
        "unit_name", "portal", "kind", "document_number", "counterparty", "authority", "decision_date", "first_seen",
        "last_seen",
    ),
    "submitted": (
        "unit_name", "kind", "document_number", "counterparty", "authority", "decision_date", "received_at", "batch",
    ),
    None: (
        "unit_name", "source", "kind", "document_number", "case_name", "counterparty", "authority", "decision_date",
    ),
}  # fmt: skip
FINDING_COLUMNS = (
    "unit_name", "kind", "code", "level", "document_number", "counterparty", "decision_date", "due_date", "days_late",
    "state", "message",
)  # fmt: skip
SCORE_COLUMNS = (
    "unit_name", "total", "grade", "rank", "indicator", "title", "points", "max_points", "numerator", "denominator",
    "excluded", "formula",
)  # fmt: skip
EXTRACT_COLUMNS = (
    "url", "form", "kind", "document_number", "counterparty", "authority", "decision_date", "reason",
)  # fmt: skip
_BATCH = 200  # as much as the processor's cache holds of a record's columns: 1000 take a fifth longer
_TABLE = 500  # lines under one heading
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


# ---------------------------------------------------------------- rows


@dataclass(frozen=True)
class Found:
    """What a query finds, by its columns' names and as files carry it: days and times as ISO text, JSON read.

    One by one, or some at a time as columns. The database gives text, and equal texts are read once: no object is made of a
    value only to be written again.
    """

    session: Session
    query: Select[Any]

    def columns(self) -> Iterator[dict[str, Sequence[Any]]]:
        asked = list(self.query.selected_columns)
        connection = self.session.connection()
        as_text: Callable[..., ColumnElement[Any]] = type_coerce  # SQLite keeps all these as text
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL datestyle = 'ISO'"))
            as_text = cast
        taken = (as_text(c, Text).label(c.key) if isinstance(c.type, (Date, LocalTime, JSON)) else c for c in asked)
        found = connection.execute(self.query.with_only_columns(*taken), execution_options={"yield_per": _BATCH})
        for part in found.partitions():
            columns = zip(asked, zip(*part, strict=True), strict=True)
            yield {str(column.key): _read_column(column, values) for column, values in columns}

    def __iter__(self) -> Iterator[Row]:
        for columns in self.columns():
            for values in zip(*columns.values(), strict=True):
                yield dict(zip(columns, values, strict=True))


def fields_of(table: FromClause, names: Sequence[str], **others: ColumnElement[Any]) -> list[Label[Any]]:
    """The columns of a table that give these fields; `others`: what a field is called there. Empty where it has none."""
    known = {column.key: column for column in table.c} | others
    return [known.get(name, null()).label(name) for name in names]


def _read_column(column: ColumnElement[Any], values: Sequence[Any]) -> Sequence[Any]:
    if not isinstance(column.type, (LocalTime, JSON)):
        return values
    make = _moment if isinstance(column.type, LocalTime) else _read
    return [None if value is None else make(value) for value in values]


@lru_cache(maxsize=10_000)
def _moment(kept: str) -> str:
    return datetime.datetime.fromisoformat(kept).replace(tzinfo=SHANGHAI).isoformat()


@lru_cache(maxsize=1_000)
def _read(kept: str) -> Any:
    return json.loads(kept)


def records(
    session: Session, source: str, portal: str | None = None, unit: str | None = None, kind: str | None = None
) -> Found:
    """Every record of one source (`published` or `submitted`), in a fixed order."""
    if portal is not None and source == "submitted":
        raise Refused("--portal 只适用于 --source published：报送数据没有所属门户")
    table = (Publication if source == "published" else Submission).__table__
    others: dict[str, ColumnElement[Any]] = {"source": literal(source), "unit": table.c.unit_id}
    if source == "published":
        others["portal"] = table.c.portal_id
    query = select(*fields_of(table, RECORD_FIELDS, **others)).order_by(table.c.unit_id, table.c.record_id)
    for column, wanted in (("unit_id", unit), ("portal_id", portal), ("kind", kind)):
        if wanted is not None:
            query = query.where(table.c[column] == wanted)
    return Found(session, query)


def with_names(session: Session, rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, each with the name of its unit."""
    names = dict(session.execute(select(Unit.id, Unit.name)).tuples().all())
    return (row | {"unit_name": names.get(row["unit"], row["unit"])} for row in rows)


def findings(session: Session, period: str, unit: str | None = None, code: str | None = None) -> Found:
    """The findings of one assessed period with the contract's keys. Code `due_soon`: the early warning."""
    run_of(session, period)  # refused at once, before a header is written
    if code == DUE_SOON:
        return due_soon(session, period, unit)
    table = Finding.__table__
    query = _findings(period, unit, _finding_fields()).order_by(
        Unit.__table__.c.position, table.c.unit_id, table.c.code, table.c.finding_id
    )
    return Found(session, query if code is None else query.where(table.c.code == code))


def due_soon(session: Session, period: str, unit: str | None = None) -> Found:
    """Decisions seen on one side and not yet on the other that are not late yet, the most urgent first.

    They are the findings of level not_due under one name, with `days_left`: working days from the day of assessment to the
    due day (0: that day is the last one). They are no accusation and cost nothing.
    """
    table = Finding.__table__
    days = cast(table.c.proof["facts"]["days_left"].as_string(), Integer)
    fields = [*_finding_fields(code=literal(DUE_SOON)), days.label("days_left")]
    query = _findings(period, unit, fields).where(table.c.level == "not_due", days.is_not(None))
    return Found(session, query.order_by(days, table.c.unit_id, table.c.finding_id))


def _finding_fields(**others: ColumnElement[Any]) -> list[Label[Any]]:
    table = Finding.__table__
    own = {"unit": table.c.unit_id, "unit_name": Unit.__table__.c.name, "portal": table.c.portal_id}
    return fields_of(table, FINDING_FIELDS, **own, **others)


def _findings(period: str, unit: str | None, fields: Sequence[Label[Any]]) -> Select[Any]:
    table = Finding.__table__
    joined = table.join(Unit.__table__, Unit.__table__.c.id == table.c.unit_id)
    query = select(*fields).select_from(joined).where(table.c.period == period)
    return query if unit is None else query.where(table.c.unit_id == unit)


def pairs(session: Session, period: str) -> Found:
    """The comparison of one period, one line a record pair."""
    run_of(session, period)
    table = Pair.__table__
    query = select(*fields_of(table, PAIR_FIELDS)).where(table.c.period == period)
    return Found(session, query.order_by(table.c.unit_id, table.c.pair_id))


def scores(session: Session, period: str) -> Found:
    """The indicators of every unit of one period, best unit first; `title` is the indicator's name."""
    run_of(session, period)
    table, unit = Score.__table__, Unit.__table__
    fields = fields_of(table, (*SCORE_FIELDS, "title"), unit=table.c.unit_id, unit_name=unit.c.name)
    return Found(
        session,
        select(*fields)
        .select_from(table.join(unit, unit.c.id == table.c.unit_id))
        .where(table.c.period == period)
        .order_by(table.c.rank.is_(None), table.c.rank, unit.c.position, table.c.unit_id, table.c.position),
    )


def coverage(session: Session, first: datetime.date, last: datetime.date) -> Iterator[Row]:
    """One line for each portal and day of the window: what the day's last look was worth, or that nobody looked."""
    begin = datetime.datetime.combine(first, datetime.time())
    end = datetime.datetime.combine(last, datetime.time.max)
    looks: dict[tuple[str, datetime.date], Coverage] = {}
    for look in session.scalars(
        select(Coverage)
        .where(and_(Coverage.looked_at >= begin, Coverage.looked_at <= end))
        .order_by(Coverage.looked_at, Coverage.crawl_id)
    ):
        looks[(look.portal_id, look.looked_at.date())] = look
    portals = session.scalars(
        select(Portal).where(or_(Portal.active, Portal.id.in_({p for p, _ in looks}))).order_by(Portal.id)
    )
    for portal in portals.all():
        day = first
        while day <= last:
            found = looks.get((portal.id, day))
            row: Row = dict.fromkeys(COVERAGE_FIELDS)
            row |= {"portal": portal.id, "unit": portal.unit_id, "channel": portal.channel, "day": day}
            if found is None:
                row |= {"outcome": "not_looked", "reason": "当日未查看", "who": "nobody"}
            else:
                row |= {
                    name: getattr(found, name)
                    for name in COVERAGE_FIELDS
                    if name not in ("portal", "unit", "channel", "day", "crawl")
                }
                row["crawl"] = found.crawl_id
            yield row
            day += datetime.timedelta(days=1)


COVERAGE_COLUMNS = ("日期", "门户", "结果", "须处理", "取回", "列表页数", "条", "说明")
_WHO = {"unit": "单位", "operator": "运维人员", "us": "本系统"}


def coverage_read(rows: Iterable[Row]) -> Iterator[Row]:
    """The same for people: days on which nobody looked in one line, words in place of codes, who must act.

    取回: every answer of the look, list pages and articles and attachments alike; 列表页数: as the portal itself says.
    """
    for (portal, unseen), days in itertools.groupby(
        rows, key=lambda row: (row["portal"], row["outcome"] == "not_looked")
    ):
        if unseen:
            first, *others = [row["day"] for row in days]
            yield dict.fromkeys(COVERAGE_COLUMNS) | {
                "日期": f"{first}…{others[-1]}" if others else str(first), "门户": portal, "结果": "未查看",
            }  # fmt: skip
            continue
        for row in days:
            values = (
                row["day"], portal, outcomes.NAMES.get(row["outcome"], row["outcome"]), _WHO.get(row["who"], ""),
                row["pages"], row["pages_announced"], row["records"], row["reason"],
            )  # fmt: skip
            yield dict(zip(COVERAGE_COLUMNS, values, strict=True))


def run_of(session: Session, period: str) -> PeriodRun:
    """The latest assessment of a period. Raises Refused when there is none."""
    run = session.get(PeriodRun, period)
    if run is None:
        raise Refused(f"{period}：该期尚未评估，请先运行 mingcha assess --period {period}")
    return run


# ---------------------------------------------------------------- formats


def plain(value: Any) -> Any:
    """A value as JSON carries it."""
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return value


def cell(value: Any) -> Any:
    """A value as one cell of a CSV: lists joined, formulas made harmless by a leading apostrophe."""
    value = flat(value)
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def flat(value: Any) -> Any:
    """A value as text or number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        value = "；".join(map(str, value)) if isinstance(value, list) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return value


def write(
    rows: Iterable[Row], fields: Sequence[str], form: str, out: Path | None = None, told: Told = lambda count: None
) -> int:
    """Writes rows as csv | jsonl | xlsx | table to `out` or standard output; returns how many. `told` hears how many so far.

    A file appears whole or not at all: it is written beside its place and renamed.
    """
    if form == "xlsx" and out is None:
        raise Refused("xlsx 不能输出到屏幕，请用 -o 文件名.xlsx 指定文件")
    if out is None:
        return _write_text(rows, fields, form, sys.stdout, told)
    with whole(out) as part:
        if form == "xlsx":
            with io.FileIO(part, "w") as file:
                return _write_xlsx(rows, fields, file, told)
        with part.open("w", encoding="utf-8", newline="") as text:
            return _write_text(rows, fields, form, text, told)


def write_line(row: Row, file: IO[str]) -> None:
    """One JSON line, as it stands."""
    file.write(
        json.dumps(
            {k: ([plain(v) for v in x] if isinstance(x, list) else plain(x)) for k, x in row.items()},
            ensure_ascii=False,
        )
        + "\n"
    )


def _write_text(rows: Iterable[Row], fields: Sequence[str], form: str, file: IO[str], told: Told) -> int:
    if form == "jsonl":
        return _write_jsonl(rows, fields, file, told)
    if form == "csv":
        return _write_csv(rows, fields, file, told)
    if form == "table":
        return _write_table(rows, fields, file)
    raise Refused(f"不认识的格式 {form}，可用：csv、jsonl、xlsx、table")


def _parts(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    left = iter(rows)
    while part := list(itertools.islice(left, size)):
        yield part


def _columns(rows: Iterable[Row], fields: Sequence[str]) -> Iterator[list[Sequence[Any]]]:
    """Some rows at a time: the columns of these fields."""
    if isinstance(rows, Found):
        for columns in rows.columns():
            yield [columns[name] for name in fields]
    else:
        for part in _parts(rows, _BATCH):
            yield [[row[name] for row in part] for name in fields]


def _write_jsonl(rows: Iterable[Row], fields: Sequence[str], file: IO[str], told: Told) -> int:
    line = ", ".join(f"{encode_basestring(name)}: ".replace("%", "%%") + "%s" for name in fields)
    count = 0
    for columns in _columns(rows, fields):
        count += len(columns[0])
        file.write("".join(map(f"{{{line}}}\n".__mod__, zip(*map(_json_column, columns), strict=True))))
        told(count)
    return count


def _json_column(values: Sequence[Any]) -> list[str]:
    return [
        "null" if value is None else encode_basestring(value) if type(value) is str else _json(value)
        for value in values
    ]


def _json(value: Any) -> str:
    return json.dumps([plain(v) for v in value] if isinstance(value, list) else plain(value), ensure_ascii=False)


def _write_csv(rows: Iterable[Row], fields: Sequence[str], file: IO[str], told: Told) -> int:
    file.write("\ufeff")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(fields)
    count = 0
    for columns in _columns(rows, fields):
        count += len(columns[0])
        writer.writerows(zip(*map(_csv_column, columns), strict=True))
        told(count)
    return count


def _csv_column(values: Sequence[Any]) -> list[Any]:
    return [
        "" if value is None else value if type(value) is str and value[:1] not in _FORMULA else cell(value)
        for value in values
    ]


def _write_table(rows: Iterable[Row], fields: Sequence[str], file: IO[str]) -> int:
    """For people: Chinese headings and words; the heading comes again now and then, so that a long table needs no memory."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=file, width=None if file.isatty() else 240, markup=False, highlight=False)
    count = 0
    for part in itertools.chain(_parts(rows, _TABLE), [[]]):
        if count and not part:
            break
        table = Table(header_style="bold")
        for name in fields:
            table.add_column(words.heading(name), overflow="fold")
        for row in part:
            table.add_row(*[_for_screen(flat(words.shown(name, row[name]))) for name in fields])
        console.print(table)
        count += len(part)
    return count


def _for_screen(value: Any) -> str:
    """Text without control characters: page text must not drive a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(value))


def _write_xlsx(rows: Iterable[Row], fields: Sequence[str], file: io.FileIO, told: Told) -> int:
    book = xlsxwriter.Workbook(
        file,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    sheet = book.add_worksheet("数据")
    head = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "vcenter"})
    mark = book.add_format({"quote_prefix": True})
    for column, name in enumerate(fields):
        sheet.write_string(0, column, name, head)
        sheet.set_column(column, column, 34 if name in ("message", "basis", "url", "content", "facts") else 18)
    sheet.freeze_panes(1, 0)
    count = 0
    for row in rows:
        count += 1
        if count % _BATCH == 0:
            told(count)
        for column, name in enumerate(fields):
            value = flat(row[name])
            if isinstance(value, (int, float)):
                sheet.write_number(count, column, value)
            elif value != "":
                text = str(value)
                sheet.write_string(count, column, harmless(text), mark if quoted(text) else None)
    sheet.autofilter(0, 0, max(count, 1), len(fields) - 1)
    book.close()
    return count
