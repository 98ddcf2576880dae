"""Data out: rows of the database as CSV, JSON Lines, Excel or a table on screen (contract, "Data out").

CSV is UTF-8 with BOM, dates are ISO 8601, unknown is empty/null. A text cell that a spreadsheet would take for a formula is
made harmless. Rows are streamed: a city is never held in memory.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from db.models import (
    FINDING_FIELDS,
    PAIR_FIELDS,
    RECORD_FIELDS,
    SCORE_FIELDS,
    Coverage,
    Finding,
    Pair,
    PeriodRun,
    Portal,
    Publication,
    Score,
    Submission,
    Unit,
)
from reports.write_xlsx import harmless, quoted
from standard.errors import Refused

Row = dict[str, Any]
COVERAGE_FIELDS = (
    "portal", "unit", "channel", "day", "looked_at", "outcome", "reason", "who", "pages", "pages_announced", "items",
    "records", "unread", "not_records", "crawl",
)  # fmt: skip
DUE_SOON = "due_soon"
_BATCH = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


# ---------------------------------------------------------------- rows


def record_row(record: Publication | Submission) -> Row:
    """One record with exactly the contract's keys."""
    row: Row = dict.fromkeys(RECORD_FIELDS)
    for name in RECORD_FIELDS:
        row[name] = getattr(record, name, None)
    if isinstance(record, Publication):
        row |= {"source": "published", "portal": record.portal_id}
    else:
        row |= {"source": "submitted"}
    row["unit"] = record.unit_id
    return row


def records(session: Session, source: str, portal: str | None = None, unit: str | None = None) -> Iterator[Row]:
    """Every record of one source (`published` or `submitted`), in a fixed order."""
    if portal is not None and source == "submitted":
        raise Refused("--portal 只适用于 --source published：报送数据没有所属门户")
    return _records(session, source, portal, unit)


def _records(session: Session, source: str, portal: str | None, unit: str | None) -> Iterator[Row]:
    model: type[Publication] | type[Submission] = Publication if source == "published" else Submission
    query: Select[Any] = select(model).order_by(model.unit_id, model.record_id)
    if unit is not None:
        query = query.where(model.unit_id == unit)
    if portal is not None:
        query = query.where(Publication.portal_id == portal)
    for record in session.scalars(query.execution_options(yield_per=_BATCH)):
        yield record_row(record)


def findings(session: Session, period: str, unit: str | None = None, code: str | None = None) -> Iterator[Row]:
    """The findings of one assessed period with the contract's keys. Code `due_soon`: the early warning."""
    run_of(session, period)  # refused at once, before a header is written
    return due_soon(session, period, unit) if code == DUE_SOON else _findings(session, period, unit, code)


def due_soon(session: Session, period: str, unit: str | None = None) -> Iterator[Row]:
    """Decisions seen on one side and not yet on the other that are not late yet, the most urgent first.

    They are the findings of level not_due under one name, with `days_left`: working days from the day of assessment to the
    due day (0: that day is the last one). They are no accusation and cost nothing.
    """
    found = [
        row | {"code": DUE_SOON, "days_left": int(facts["days_left"])}
        for row, facts in _with_facts(session, period, unit)
        if "days_left" in facts
    ]
    return iter(sorted(found, key=lambda row: (row["days_left"], row["unit"], row["finding_id"])))


def _with_facts(session: Session, period: str, unit: str | None) -> Iterator[tuple[Row, Row]]:
    asked = select(Finding.finding_id, Finding.proof).where(Finding.period == period, Finding.level == "not_due")
    facts = {key: proof.get("facts", {}) for key, proof in session.execute(asked)}
    for row in _findings(session, period, unit, None):
        if row["finding_id"] in facts:
            yield row, facts[row["finding_id"]]


def _findings(session: Session, period: str, unit: str | None, code: str | None) -> Iterator[Row]:
    query = (
        select(Finding, Unit.name)
        .join(Unit, Unit.id == Finding.unit_id)
        .where(Finding.period == period)
        .order_by(Unit.position, Finding.unit_id, Finding.code, Finding.finding_id)
    )
    if unit is not None:
        query = query.where(Finding.unit_id == unit)
    if code is not None:
        query = query.where(Finding.code == code)
    for finding, name in session.execute(query.execution_options(yield_per=_BATCH)):
        row = {key: getattr(finding, key, None) for key in FINDING_FIELDS}
        yield row | {"unit": finding.unit_id, "unit_name": name, "portal": finding.portal_id}


def pairs(session: Session, period: str) -> Iterator[Row]:
    """The comparison of one period, one line a record pair."""
    run_of(session, period)
    return _pairs(session, period)


def _pairs(session: Session, period: str) -> Iterator[Row]:
    query = select(Pair).where(Pair.period == period).order_by(Pair.unit_id, Pair.pair_id)
    for pair in session.scalars(query.execution_options(yield_per=_BATCH)):
        yield {key: getattr(pair, key) for key in PAIR_FIELDS}


def scores(session: Session, period: str) -> Iterator[Row]:
    """The indicators of every unit of one period, best unit first."""
    run_of(session, period)
    return _scores(session, period)


def _scores(session: Session, period: str) -> Iterator[Row]:
    query = (
        select(Score, Unit.name)
        .join(Unit, Unit.id == Score.unit_id)
        .where(Score.period == period)
        .order_by(Score.rank.is_(None), Score.rank, Unit.position, Score.unit_id, Score.position)
    )
    for score, name in session.execute(query):
        row = {key: getattr(score, key, None) for key in SCORE_FIELDS}
        yield row | {"unit": score.unit_id, "unit_name": name}


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


def write(rows: Iterable[Row], fields: Sequence[str], form: str, out: Path | None = None) -> int:
    """Writes rows as csv | jsonl | xlsx | table to `out` or standard output; returns how many.

    A file appears whole or not at all: it is written beside its place and renamed.
    """
    if form == "xlsx" and out is None:
        raise Refused("xlsx 不能输出到屏幕，请用 -o 文件名.xlsx 指定文件")
    if out is None:
        return _write_text(rows, fields, form, sys.stdout)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    try:
        if form == "xlsx":
            with io.FileIO(part, "w") as file:
                count = _write_xlsx(rows, fields, file)
        else:
            with part.open("w", encoding="utf-8", newline="") as text:
                count = _write_text(rows, fields, form, text)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return count


def write_line(row: Row, file: IO[str]) -> None:
    """One JSON line, as it stands."""
    file.write(
        json.dumps(
            {k: ([plain(v) for v in x] if isinstance(x, list) else plain(x)) for k, x in row.items()},
            ensure_ascii=False,
        )
        + "\n"
    )


def _write_text(rows: Iterable[Row], fields: Sequence[str], form: str, file: IO[str]) -> int:
    count = 0
    if form == "jsonl":
        for row in rows:
            line = {
                name: ([plain(v) for v in row[name]] if isinstance(row[name], list) else plain(row[name]))
                for name in fields
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    elif form == "csv":
        file.write("\ufeff")
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(fields)
        for row in rows:
            writer.writerow([cell(row[name]) for name in fields])
            count += 1
    elif form == "table":
        count = _write_table(rows, fields, file)
    else:
        raise Refused(f"不认识的格式 {form}，可用：csv、jsonl、xlsx、table")
    return count


def _write_table(rows: Iterable[Row], fields: Sequence[str], file: IO[str]) -> int:
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold")
    for name in fields:
        table.add_column(name, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*[_for_screen(flat(row[name])) for name in fields])
        count += 1
    console = Console(file=file, width=None if file.isatty() else 240, markup=False, highlight=False)
    console.print(table)
    return count


def _for_screen(value: Any) -> str:
    """Text without control characters: page text must not drive a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(value))


def _write_xlsx(rows: Iterable[Row], fields: Sequence[str], file: io.FileIO) -> int:
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
