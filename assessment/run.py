"""assess a period, seal it, verify it.

    assess  freeze the inputs, judge them, replace the period's rows in one transaction; again with the same inputs: the same bytes
    seal    after a successful verify, keep inputs and results for good; a sealed period is never assessed again
    verify  judge the frozen inputs anew (no database needed for that) and compare every byte of the results

Results also lie in periods/<period>/results/*.jsonl.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from assessment import counts as counting
from assessment import scoring
from assessment.cases import make_cases
from assessment.checks import NOT_JUDGED, all_checks
from assessment.engine import Engine, F
from assessment.facts import Facts, within
from assessment.findings import CONFIRMED, find
from assessment.freeze import TABLES, check_manifest, freeze, manifest_hash
from assessment.lines import pair_lines
from assessment.pairing import pair
from assessment.periods import Period
from assessment.scheme import Scheme, read, text_of
from db import clock
from db.models import Base, Finding, Pair, PeriodRun, Score
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused

Progress = Callable[[str], None] | None
_CHUNK = 500


@dataclass(frozen=True)
class Judgement:
    """Everything one assessment says, as plain rows."""

    facts: Facts
    scheme: Scheme
    pairs: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    summary: dict[str, Any]

    def files(self) -> dict[str, bytes]:
        """The results as JSON Lines, one canonical form."""
        parts: dict[str, Iterable[Mapping[str, Any]]] = {
            "pairs": self.pairs,
            "findings": self.findings,
            "scores": self.scores,
            "summary": [self.summary],
        }
        return {f"{name}.jsonl": "".join(_line(row) for row in rows).encode() for name, rows in parts.items()}


def assess(
    workspace: Workspace,
    period: str,
    *,
    as_of: datetime.date | None = None,
    scheme: Path | None = None,
    progress: Progress = None,
) -> PeriodRun:
    """Judge the period as it stood on `as_of` (default today). Raises Refused when the call is wrong or the period is sealed."""
    span = Period.parse(period)
    day = as_of or clock.today()
    if day < span.first:
        raise Refused(f"--as-of：{day} 早于评估期 {period} 的第一天 {span.first}，没有可评判的内容")
    scheme_text, where = text_of(scheme, workspace.schemes)
    read(scheme_text, where)
    folder = workspace.periods / span.key
    fresh = folder / f".inputs-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with session_of(workspace) as session:
            _refuse_sealed(session, span.key)
            inputs = freeze(session, workspace, span, day, scheme_text, fresh, _previous(session, span), progress)
        judgement = judge(fresh, progress)
        with session_of(workspace) as session:
            _refuse_sealed(session, span.key)
            run = _store(session, judgement, inputs)
            _replace(fresh, folder / "inputs")
            _write_results(folder / "results", judgement.files())
        return run
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def assess_open(workspace: Workspace) -> str:
    """The clock's job: judge the running month and the one before it anew, unless they are sealed."""
    this = Period.parse(f"{clock.today():%Y-%m}")
    done: list[str] = []
    for span in (this.previous, this):
        with session_of(workspace) as session:
            known = session.get(PeriodRun, span.key)
        if known is None or known.sealed_at is None:
            assess(workspace, span.key)
            done.append(span.key)
    return f"已评估：{'、'.join(done)}" if done else "两期均已封存"


def judge(inputs: Path, progress: Progress = None) -> Judgement:
    """What the frozen inputs say: pure, reads nothing else."""
    tell = progress or (lambda message: None)
    meta: dict[str, Any] = json.loads((inputs / "meta.json").read_text(encoding="utf-8"))
    facts = Facts.read(meta)
    scheme = read((inputs / "scheme.yml").read_text(encoding="utf-8"), str(inputs / "scheme.yml"))
    engine = Engine()
    try:
        for name in TABLES:
            engine.load(name, inputs / f"{name}.parquet")
        tell("两方比对")
        pair(engine)
        make_cases(engine, facts)
        pairs = pair_lines(engine, facts)
        tell("逐项检查")
        findings = find(engine, facts, frozenset(meta["confirm_codes"]))
        tell("计数评分")
        scores, summary = _score(engine, facts, meta, scheme, pairs, findings)
    finally:
        engine.close()
    return Judgement(facts, scheme, pairs, findings, scores, summary)


def seal(workspace: Workspace, period: str) -> PeriodRun:
    """Freeze the period for good. Raises Refused when it was not assessed or does not verify."""
    key = Period.parse(period).key
    faults = verify(workspace, key)
    if faults:
        raise Refused(f"评估期 {key} 复算不一致，不能封存，请重新运行 mingcha assess --period {key}：", *faults)
    with session_of(workspace) as session:
        run = _run_of(session, key)
        if run.sealed_at is None:
            run.sealed_at = clock.now()
        return run


def verify(workspace: Workspace, period: str) -> list[str]:
    """Every difference between what is kept and what the frozen inputs say when judged anew; empty: all is as it was."""
    key = Period.parse(period).key
    folder = workspace.periods / key
    with session_of(workspace) as session:
        run = _run_of(session, key)
        faults = check_manifest(folder / "inputs")
        if manifest_hash(folder / "inputs") != run.inputs_sha256:
            faults.append(f"{folder / 'inputs'}：输入清单与评估时登记的不同")
        if faults:
            return faults
        files = judge(folder / "inputs").files()
        if _sha256(files) != run.results_sha256:
            faults.append("复算结果与评估时登记的不同")
        stored = _stored_files(session, run)
    for name, content in files.items():
        file = folder / "results" / name
        if not file.is_file():
            faults.append(f"{file}：文件缺失")
        elif file.read_bytes() != content:
            faults.append(f"{file}：内容与复算结果不同")
        if stored[name] != content:
            faults.append(f"数据库中的 {name.removesuffix('.jsonl')} 与复算结果不同")
    return faults


# ---------------------------------------------------------------- scores and summary


def _score(
    engine: Engine,
    facts: Facts,
    meta: dict[str, Any],
    scheme: Scheme,
    pairs: list[dict[str, Any]],
    findings: list[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    units = counting.count(engine)
    seen = counting.coverage(engine, facts)
    columns, unit_columns = counting.columns(engine, findings, seen)
    rows = {row["unit_id"]: row for row in engine.rows(engine.table("units"), ["unit_id"])}
    items = {row["subject"]: row["item_count"] for row in engine.rows(engine.table("unit_cases"), ["subject"])}
    mine: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        mine.setdefault(finding["unit_id"], []).append(finding)
    none = dict.fromkeys(counting.COLUMNS, 0)
    results = {
        unit: scoring.score(
            scheme,
            scoring.Basis(
                counts["all"],
                _confirmed_for_scores(mine.get(unit, [])),
                unit_columns.get(unit, none),
                items.get(unit, 0),
                facts.catalogue_known,
                _rectified(mine.get(unit, [])),
            ),
        )
        for unit, counts in units.items()
        if unit in rows and rows[unit]["assessed"] and rows[unit]["active"]
    }
    ranks = scoring.rank(scheme, results)
    of_units = {}
    for unit, counts in units.items():
        found, result = mine.get(unit, []), results.get(unit)
        tally, confirmed = counting.tally(found), counting.confirmed(found)
        of_units[unit] = counts | {
            "columns": unit_columns.get(unit, none),
            "findings": tally,
            "confirmed": confirmed,
            "catalogue_items": items.get(unit, 0),
            "silent_items": sum(tally.get("silent_item", {}).values()),
            "due": counts["all"]["due"],
            "total": result.total if result else None,
            "grade": result.grade if result else None,
            "rank": ranks.get(unit),
            "ranked": ranks.get(unit) is not None,
            "total_formula": result.formula if result else None,
            "veto_leads": _veto_leads(scheme, found, counts["all"]) if result else {},
        }
    shown_elsewhere = engine.table("cases").where(~F.col("judged"))
    elsewhere = sum(1 for _ in engine.rows(shown_elsewhere.select("decision"), ["decision"]))
    # Provisional as soon as any deadline of the period's days is, whether or not a decision of that day is known yet.
    days = engine.table("deadlines").where(within("day", facts) & F.col("provisional"))
    summary = {
        "period": facts.period,
        "first": meta["first"],
        "last": meta["last"],
        "as_of": meta["as_of"],
        "attribution": "决定日期",
        "provisional": any(True for _ in engine.rows(days.select("day", "kind"), ["day", "kind"])),
        "calendar": meta["calendar"],
        "limits": meta["limits"],
        "scheme": scheme.describe(),
        "totals": counting.total(units.values()),
        "units": of_units,
        "findings": counting.tally(findings),
        "confirmed": counting.confirmed(findings),
        "lines": counting.lines(pairs, elsewhere),
        "exempt_grounds": counting.exempt_grounds(engine, facts),
        "ground_titles": facts.grounds,
        "check_titles": {check.id: check.title for check in all_checks()},
        "coverage": seen,
        "columns": columns,
        "submissions_until": meta["submissions_until"],
        "previous": meta["previous"],
        "not_judged": sorted(NOT_JUDGED),
    }
    return scoring.rows(facts.period, scheme, results), summary


def _veto_leads(scheme: Scheme, found: list[dict[str, Any]], counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """What a person must decide on before the grade stands: code -> {found, confirmed}. It changes no score by itself."""
    leads: dict[str, dict[str, int]] = {}
    for code in scheme.veto:
        if code == "zero_reporting":  # decisions are on the web, past due, and not one of the unit's was ever reported
            mine = [f for f in found if f["code"] == "not_submitted"] if counts["submitted"] == 0 else []
        else:
            mine = [f for f in found if f["code"] == code]
        open_ = [f for f in mine if f["level"] in ("fail", "warn") and f["state"] not in ("normal", "exempt")]
        if open_:
            leads[code] = {"found": len(open_), "confirmed": sum(f["state"] in CONFIRMED for f in open_)}
    return leads


def _confirmed_for_scores(findings: list[dict[str, Any]]) -> dict[str, int]:
    """Confirmed findings by code, and records that are in some way wrong, each once."""
    sure = [f for f in findings if f["level"] in ("fail", "warn") and f["state"] in CONFIRMED]
    told = [f for f in sure if f["level"] == "fail" and f["proof"]["submitted"] is not None]
    wrong = {f["proof"]["submitted"] for f in told if f["code"] in ("field_missing", "field_invalid")}
    differing = {f["proof"]["decision"] for f in sure if f["code"] == "values_differ"}
    return counting.confirmed(sure) | {
        "noncompliant": len(wrong),
        "inconsistent": len(differing),
        "missing_fields": sum(f["code"] == "field_missing" for f in told),
    }


def _rectified(findings: list[dict[str, Any]]) -> dict[str, int]:
    """Rectification as far as it has gone: due = closed, returned or overdue; checked = closed or returned."""
    states = [f["state"] for f in findings if f["level"] in ("fail", "warn")]
    closed, returned, overdue = (states.count(state) for state in ("closed", "returned", "overdue"))
    return {
        "due": closed + returned + overdue,
        "in_time": closed + returned,
        "checked": closed + returned,
        "passed": closed,
    }


def _previous(session: Session, span: Period) -> dict[str, Any] | None:
    run = session.get(PeriodRun, span.previous.key)
    return None if run is None else {"period": run.period, "totals": run.summary["totals"]}


# ---------------------------------------------------------------- rows and files


def _run_of(session: Session, key: str) -> PeriodRun:
    run = session.get(PeriodRun, key)
    if run is None:
        raise Refused(f"评估期 {key} 尚未评估，请先运行 mingcha assess --period {key}")
    return run


def _refuse_sealed(session: Session, key: str) -> None:
    run = session.get(PeriodRun, key)
    if run is not None and run.sealed_at is not None:
        raise Refused(
            f"评估期 {key} 已于 {run.sealed_at:%Y-%m-%d %H:%M} 封存，不能重新评估；可用 mingcha verify --period {key} 复核"
        )


def _store(session: Session, judgement: Judgement, inputs: str) -> PeriodRun:
    key = judgement.facts.period
    for table, rows in ((Pair, judgement.pairs), (Finding, judgement.findings), (Score, judgement.scores)):
        session.execute(delete(table).where(table.period == key))
        for start in range(0, len(rows), _CHUNK):
            session.execute(insert(table), rows[start : start + _CHUNK])
    run = session.get(PeriodRun, key) or PeriodRun(period=key)
    run.as_of, run.assessed_at, run.sealed_at = judgement.facts.as_of, clock.now(), None
    run.scheme, run.scheme_version = judgement.scheme.name, judgement.scheme.version
    run.inputs_sha256, run.results_sha256 = inputs, _sha256(judgement.files())
    run.summary = json.loads(_line(judgement.summary))
    session.add(run)
    return run


def _stored_files(session: Session, run: PeriodRun) -> dict[str, bytes]:
    """The rows of the database in the form of the result files."""
    tables: tuple[tuple[str, type[Base], tuple[str, ...]], ...] = (
        ("pairs", Pair, ("pair_id",)),
        ("findings", Finding, ("code", "finding_id")),
        ("scores", Score, ("unit_id", "position")),
    )
    made = {"summary.jsonl": _line(run.summary).encode()}
    for name, model, order in tables:
        table = model.__table__
        assert isinstance(table, Table)
        statement = select(table).where(table.c.period == run.period).order_by(*(table.c[column] for column in order))
        made[f"{name}.jsonl"] = "".join(_line(row._mapping) for row in session.execute(statement)).encode()
    return made


def _line(row: Mapping[Any, Any]) -> str:
    return json.dumps(dict(row), ensure_ascii=False, sort_keys=True, default=_plain) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _sha256(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return digest.hexdigest()


def _replace(fresh: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)


def _write_results(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
