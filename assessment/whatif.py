"""What-if: a period judged by another scheme or other obligations, and the difference by unit. Nothing is stored.

It reads the frozen inputs and nothing else: deadlines are computed anew on the frozen calendar, exemptions anew on the frozen
records. So it answers for a sealed period as well as for an open one, years later and without the database's rows.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assessment import deadlines
from assessment.freeze import SPARE, check_manifest, manifest_hash
from assessment.kept_lines import FINDINGS, ask
from assessment.periods import Period
from assessment.run import judge, run_of
from assessment.scheme import read as read_scheme
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused
from standard.obligations import SIMPLE_CONTENT, SIMPLE_NUMBER, Exemption, Obligations
from standard.obligations import read as read_obligations
from standard.strict_yaml import read_text

FIELDS = ("unit", "unit_name", "item", "title", "before", "after", "change")
"""The keys of a row of the difference. `unit` null: the whole city."""

_TOTALS = {
    "report_due": "到期应报送",
    "report_on_time": "按时报送",
    "report_late": "迟报",
    "report_missing": "漏报",
    "publish_due": "到期应公示",
    "publish_on_time": "按时公示",
    "publish_late": "迟公示",
    "publish_missing": "未公示",
    "exempt": "豁免",
    "not_due": "未到期",
}
_OUTSIDE = datetime.date.min


@dataclass(frozen=True)
class WhatIf:
    """One comparison: under what it was judged, under what it was judged now, and every row that differs."""

    period: str
    before: str  # scheme and version, obligations' version
    after: str
    rows: list[dict[str, Any]]


def whatif(
    workspace: Workspace,
    period: str,
    *,
    scheme: Path | None = None,
    obligations: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> WhatIf:
    """Judge the period's frozen inputs under another scheme, other obligations, or both. Raises Refused when the call is wrong,
    a file is, the period was not assessed, or what is kept of it was altered."""
    key = Period.parse(period).key
    if scheme is None and obligations is None:
        raise Refused("试算需要另一套评分方案（--scheme）或义务文件（--obligations），至少给一个")
    scheme_text = None if scheme is None else read_text(scheme)
    obligations_text = None if obligations is None else read_text(obligations)
    if scheme_text is not None:
        read_scheme(scheme_text, str(scheme))
    law = None if obligations_text is None else read_obligations(obligations_text, str(obligations))
    folder = workspace.periods / key
    with session_of(workspace) as session:
        run = run_of(session, key)
        kept = run.inputs_sha256
    faults = check_manifest(folder / "inputs")
    if not faults and manifest_hash(folder / "inputs") != kept:
        faults = [f"{folder / 'inputs'}：输入清单与评估时登记的不同"]
    if faults:
        raise Refused(*faults)
    with tempfile.TemporaryDirectory(prefix=f".results-{os.getpid()}-whatif-", dir=folder) as name:
        place = Path(name)
        other_inputs(folder / "inputs", place, scheme_text, obligations_text, law)
        judgement = judge(place, progress)
        told = {where: _told(where) for where in (folder / "inputs", place)}
    names = _unit_names(folder / "inputs" / "units.parquet")
    rows = list(difference(folder / "results", judgement.results, names))
    return WhatIf(key, told[folder / "inputs"], told[place], rows)


def other_inputs(
    inputs: Path, place: Path, scheme: str | None, obligations: str | None, law: Obligations | None
) -> None:
    """The frozen inputs under another scheme or other obligations, in `place` (empty); what stays is linked, not copied."""
    made: set[str] = set()
    if scheme is not None:
        made.add(_text(place / "scheme.yml", scheme))
    if law is not None and obligations is not None:
        meta: dict[str, Any] = json.loads((inputs / "meta.json").read_text(encoding="utf-8"))
        last = datetime.date.fromisoformat(meta["last"])
        made.add(_text(place / "obligations.yml", obligations))
        made.add(_text(place / "meta.json", json.dumps(meta | deadlines.meta(law, last), ensure_ascii=False)))
        made.add(_table(inputs / "deadlines.parquet", place, _deadlines(inputs / "calendar.parquet", law)))
        made.add(_table(inputs / "windows_asked.parquet", place, deadlines.window_rows(law)))
        for name in ("publications.parquet", "submissions.parquet"):
            _exempt_anew(inputs / name, place / name, law)
            made.add(name)
    for file in inputs.iterdir():
        if file.name not in made and file.name != "manifest.json":
            (place / file.name).symlink_to(file.resolve())


def _text(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return file.name


def _table(old: Path, place: Path, rows: Iterable[dict[str, Any]]) -> str:
    """A table of the same columns as the frozen one, with other rows."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pq.read_schema(old)), place / old.name)
    return old.name


def _deadlines(calendar: Path, law: Obligations) -> Iterator[dict[str, Any]]:
    table = pq.read_table(calendar, columns=["clock", "day", "is_workday", "provisional"])
    clocks: dict[str, list[tuple[datetime.date, bool, bool]]] = {}
    for row in table.to_pylist():
        clocks.setdefault(row["clock"], []).append((row["day"], row["is_workday"], row["provisional"]))
    for clock, days in clocks.items():
        yield from deadlines.rows(clock, days, law, SPARE)


def _exempt_anew(old: Path, new: Path, law: Obligations) -> None:
    """The records with the exemptions of other obligations. What an exemption looks at is judged once per combination."""
    changes = law.days_of_change()
    worded = [row for row in law.exemptions if row.when.worded]
    eras = "+".join(f"CAST(decision_date >= DATE '{day}' AS INTEGER)" for day in changes) or "0"
    connection = duckdb.connect(":memory:", config={"threads": 2})
    try:
        connection.execute(
            f"""CREATE TABLE records AS SELECT *, coalesce({eras}, -1) AS era,
            regexp_matches(coalesce(document_number, ''), ?) OR regexp_matches(coalesce(content, ''), ?) AS simple
            , concat_ws(' ', '' {"".join(f", CASE WHEN {_says(row)} THEN '{row.id}' END" for row in worded)}) AS said
            FROM read_parquet(?)""",  # noqa: S608 - dates and ids of our own reading
            [SIMPLE_NUMBER.pattern, SIMPLE_CONTENT.pattern, str(old)],
        )
        asked = ("kind", "counterparty_type", "category", "era", "simple", "said")
        found = connection.execute(f"SELECT DISTINCT {', '.join(asked)} FROM records").fetchall()  # noqa: S608
        grounds = []
        for kind, counterparty_type, category, era, simple, said in found:
            record = {
                "kind": kind,
                "counterparty_type": counterparty_type,
                "category": category,
                "document_number": "简罚" if simple else None,
                "decision_date": None if era < 0 else _OUTSIDE if era == 0 else changes[era - 1],
            }
            exempted = [law.exemption_of(record, duty, said.split()) for duty in ("publish", "report")]
            grounds.append((kind, counterparty_type, category, era, simple, said, *(e and e.id for e in exempted)))
        connection.execute(
            "CREATE TABLE grounds (kind TEXT, counterparty_type TEXT, category TEXT, era BIGINT, simple BOOLEAN, said TEXT, "
            "publish TEXT, report TEXT)"
        )
        if grounds:
            connection.executemany("INSERT INTO grounds VALUES (?, ?, ?, ?, ?, ?, ?, ?)", grounds)
        same = " AND ".join(f"r.{name} IS NOT DISTINCT FROM g.{name}" for name in asked)
        kept = {"publish_exemption": "g.publish", "report_exemption": "g.report"}
        columns = ", ".join(f"{kept.get(name, f'r.{name}')} AS {name}" for name in pq.read_schema(old).names)
        connection.execute(
            f"COPY (SELECT {columns} FROM records r JOIN grounds g ON {same} ORDER BY r.record_id) "  # noqa: S608
            f"TO '{str(new).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
        )
    finally:
        connection.close()


def _says(row: Exemption) -> str:
    """The SQL of `When.says`."""

    def held(pattern: str) -> str:
        return "'" + pattern.replace("'", "''") + "'"

    title, item = row.when.patterns
    parts = []
    if title is not None:
        parts.append(
            f"(regexp_matches(coalesce(document_title, ''), {held(title)}) "
            f"OR regexp_matches(coalesce(content, ''), {held(f'^({title})')}))"
        )
    if item is not None:
        parts.append(
            f"(regexp_matches(coalesce(case_name, ''), {held(item)}) "
            f"OR regexp_matches(coalesce(licence_name, ''), {held(item)}))"
        )
    return " AND ".join(parts)


# ---------------------------------------------------------------- the difference


def difference(before: Path, after: Path, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The rows in which the result files of two folders differ: of the city first, then of each unit its total, grade, rank,
    indicators and findings by code."""
    old, new = (_lines(folder / "summary.jsonl")[0]["totals"]["all"] for folder in (before, after))
    for name, title in _TOTALS.items():
        yield from _row(None, "全市", name, title, old[name], new[name])
    one, two = (_scores(folder / "scores.jsonl") for folder in (before, after))
    found, now = (_findings(folder / "findings.jsonl") for folder in (before, after))
    order = [unit for unit in names if unit in one or unit in two or unit in found or unit in now]
    for unit in order:
        first, second = one.get(unit, {}), two.get(unit, {})
        for item in [*first, *(item for item in second if item not in first)]:
            (was, title), (is_, other) = first.get(item, (None, "")), second.get(item, (None, ""))
            yield from _row(unit, names[unit], item, title or other or item, was, is_)
        mine, theirs = found.get(unit, {}), now.get(unit, {})
        for code in sorted(mine.keys() | theirs.keys()):
            yield from _row(unit, names[unit], code, "问题条数", mine.get(code, 0), theirs.get(code, 0))


def _row(unit: str | None, name: str, item: str, title: str, before: Any, after: Any) -> Iterator[dict[str, Any]]:
    if before != after:
        numbers = isinstance(before, (int, float)) and isinstance(after, (int, float))
        yield {
            "unit": unit,
            "unit_name": name,
            "item": item,
            "title": title,
            "before": before,
            "after": after,
            "change": round(after - before, 2) if numbers else None,
        }


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _scores(file: Path) -> dict[str, dict[str, tuple[Any, str]]]:
    """unit -> total, grade, rank and each indicator's points, with their names."""
    made: dict[str, dict[str, tuple[Any, str]]] = {}
    for row in sorted(_lines(file), key=lambda row: (row["unit_id"], row["position"])):
        mine = made.setdefault(row["unit_id"], {})
        mine |= {"total": (row["total"], "总分"), "grade": (row["grade"], "等次"), "rank": (row["rank"], "名次")}
        mine[row["indicator"]] = (row["points"], row["title"])
    return made


def _findings(file: Path) -> dict[str, dict[str, int]]:
    """unit -> code -> how many accuse."""
    made: dict[str, dict[str, int]] = {}
    for row in ask(_ACCUSING, {"findings": (file, FINDINGS)}):
        made.setdefault(row["unit_id"], {})[row["code"]] = row["n"]
    return made


_ACCUSING = (
    "SELECT unit_id, code, count(*) AS n FROM findings WHERE level IN ('fail', 'warn') GROUP BY ALL ORDER BY ALL"
)


def _unit_names(file: Path) -> dict[str, str]:
    table = pq.read_table(file, columns=["unit_id", "name", "position"]).to_pylist()
    return {row["unit_id"]: row["name"] for row in sorted(table, key=lambda row: (row["position"], row["unit_id"]))}


def _told(inputs: Path) -> str:
    """Under what the inputs are judged, in words."""
    scheme = read_scheme((inputs / "scheme.yml").read_text(encoding="utf-8"), "scheme.yml")
    text = (inputs / "obligations.yml").read_text(encoding="utf-8")
    law = read_obligations(text, "obligations.yml")
    days = "、".join(
        f"{ {'publish': '公示', 'report': '报送'}[what] } {limit} 个工作日"
        for what in ("publish", "report")
        for limit in sorted({row.days for row in law.limits if row.what == what})
    )
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"评分方案 {scheme.title} {scheme.version}；义务 {law.version}（{days}；指纹 {mark}）"
