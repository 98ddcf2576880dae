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
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessment import counts as counting
from assessment import leads, scoring, stored
from assessment.cases import make_cases
from assessment.checks import NOT_JUDGED
from assessment.engine import open_engine
from assessment.facts import Facts
from assessment.findings import CONFIRMED, find, finding_line, told_checks
from assessment.freeze import TABLES, check_manifest, freeze, manifest_hash
from assessment.lines import pair_line, pair_lines, pair_rows
from assessment.pairing import pair
from assessment.periods import Period
from assessment.scheme import Scheme, read, text_of
from db import clock
from db.models import PeriodRun, Score
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused

Progress = Callable[[str], None] | None
RESULTS = ("pairs", "findings", "scores", "summary")


class Judgement:
    """Everything one assessment says: what holds for the whole, and a folder with the rows as JSON Lines.

    The folder is this object's own and goes when it goes; `keep` takes the files out of it.
    """

    def __init__(self, facts: Facts, scheme: Scheme, results: Path) -> None:
        self.facts = facts
        self.scheme = scheme
        self.results = results
        self.summary: dict[str, Any] = {}
        self.scores: list[dict[str, Any]] = []
        self._gone = weakref.finalize(self, shutil.rmtree, results, True)

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of pairs, findings, scores or summary."""
        with (self.results / f"{name}.jsonl").open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    @property
    def pairs(self) -> list[dict[str, Any]]:
        return list(self.rows("pairs"))

    @property
    def findings(self) -> list[dict[str, Any]]:
        return list(self.rows("findings"))

    def files(self) -> dict[str, bytes]:
        """The results as JSON Lines, one canonical form."""
        return {f"{name}.jsonl": (self.results / f"{name}.jsonl").read_bytes() for name in RESULTS}


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
    fresh = fresh_place(folder)
    try:
        with session_of(workspace) as session:
            _refuse_sealed(session, span.key)
            inputs = freeze(session, workspace, span, day, scheme_text, fresh, _previous(session, span), progress)
        return keep(workspace, span.key, fresh, inputs, judge(fresh, progress), progress=progress)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def fresh_place(folder: Path) -> Path:
    """Where this process freezes a period's inputs anew; what processes that were killed left beside it goes."""
    for left, process in _begun(folder):
        if process is None:
            shutil.rmtree(left, ignore_errors=True)
    fresh = folder / f".inputs-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    return fresh


def put_right(folder: Path, run: PeriodRun) -> None:
    """Finish, or take back, what a killed `revise` had begun: the files are again those of which the period's row speaks.

    The revision whose place it was taking lies whole in revisions/<its number>; what its successor is to say of itself in
    revisions/<number>.part. Processes that are still at work are let be.
    """
    if any(process not in (None, os.getpid()) for _, process in _begun(folder)):
        return
    told, laid = (folder / "revisions" / f"{run.revision}{end}" for end in (".part", ""))
    if told.is_file() and json.loads(told.read_text(encoding="utf-8"))["results_sha256"] == run.results_sha256:
        told.rename(told.with_suffix(".json"))
    if laid.is_dir():
        for part in ("inputs", "results"):
            if (laid / part).is_dir():  # else it was put back by one that was killed in turn
                _replace(laid / part, folder / part)
        laid.rmdir()


def _begun(folder: Path) -> Iterator[tuple[Path, int | None]]:
    """What processes made beside a period's files, and which of them is still at work on it."""
    for left in [*folder.glob(".inputs-*"), *folder.glob(".results-*")]:
        process = left.name.split("-")[1]
        yield left, int(process) if process.isdigit() and _alive(int(process)) else None


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def keep(
    workspace: Workspace, period: str, fresh: Path, inputs: str, judgement: Judgement, revision: int | None = None,
    progress: Progress = None,
) -> PeriodRun:  # fmt: skip
    """Put a judgement in the place of the period's: rows, inputs and results in one step.

    With `revision` it takes the place of a sealed one and is sealed in turn; without, a sealed period raises Refused.
    """
    folder = workspace.periods / period
    with session_of(workspace) as session:
        if revision is None:
            _refuse_sealed(session, period)
        if progress is not None:
            progress("写入结果")
        run = _store(session, judgement, inputs)
        if revision is not None:
            run.revision, run.sealed_at = revision, clock.now()
        _replace(fresh, folder / "inputs")
        _put_results(judgement.results, folder / "results")
    return run


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


def judge(inputs: Path, progress: Progress = None, *, settling: bool = True) -> Judgement:
    """What the frozen inputs say: pure, reads nothing else. Without `settling` it takes longer and says the same."""
    tell = progress or (lambda message: None)
    meta: dict[str, Any] = json.loads((inputs / "meta.json").read_text(encoding="utf-8"))
    facts = Facts.read(meta)
    scheme = read((inputs / "scheme.yml").read_text(encoding="utf-8"), str(inputs / "scheme.yml"))
    judgement = Judgement(facts, scheme, Path(tempfile.mkdtemp(prefix=f".results-{os.getpid()}-", dir=inputs.parent)))
    engine = open_engine(inputs.parent)
    try:
        for name in TABLES:
            engine.load(name, inputs / f"{name}.parquet", TABLES[name])
        tell("两方比对")
        pair(engine)
        make_cases(engine, facts, settling)
        find(engine, facts, frozenset(meta["confirm_codes"]))
        pairs = engine.ask(pair_lines(engine, facts), ["pair_id"])
        findings = engine.ask(engine.table("found"), ["code", "finding_id"])
        asked = counting.ask(engine, facts, scheme, pair_rows(engine))
        engine.write_lines(pairs, pair_line(facts), judgement.results / "pairs.jsonl")
        tell("逐项检查")
        engine.write_lines(findings, finding_line(facts), judgement.results / "findings.jsonl")
        tell("计数评分")
        judgement.scores, judgement.summary = _score(asked, facts, meta, scheme)
    finally:
        engine.close()
    _write_lines(judgement.results / "scores.jsonl", judgement.scores)
    _write_lines(judgement.results / "summary.jsonl", [judgement.summary])
    return judgement


def seal(workspace: Workspace, period: str) -> PeriodRun:
    """Freeze the period for good. Raises Refused when it was not assessed or does not verify."""
    key = Period.parse(period).key
    faults = verify(workspace, key)
    if faults:
        raise Refused(f"评估期 {key} 复算不一致，不能封存，请重新运行 mingcha assess --period {key}：", *faults)
    with session_of(workspace) as session:
        run = run_of(session, key)
        if run.sealed_at is None:
            run.sealed_at = clock.now()
        return run


def verify(workspace: Workspace, period: str) -> list[str]:
    """Every difference between what is kept and what the frozen inputs say when judged anew; empty: all is as it was.

    What earlier revisions of a sealed period kept is compared with the hashes it was laid down under.
    """
    key = Period.parse(period).key
    folder = workspace.periods / key
    with session_of(workspace) as session:
        run = run_of(session, key)
        put_right(folder, run)
        faults = check_manifest(folder / "inputs")
        if manifest_hash(folder / "inputs") != run.inputs_sha256:
            faults.append(f"{folder / 'inputs'}：输入清单与评估时登记的不同")
        if faults:
            return faults
        again = judge(folder / "inputs")
        if results_hash(again.results) != run.results_sha256:
            faults.append("复算结果与评估时登记的不同" + _otherwise_checked(run.summary, again.summary))
        otherwise = stored.differing(session, key, again.results)
        if _line(run.summary).encode() != (again.results / "summary.jsonl").read_bytes():
            otherwise.append("summary")
    faults += _revision_faults(folder / "revisions")
    for name in RESULTS:
        file, content = folder / "results" / f"{name}.jsonl", file_hash(again.results / f"{name}.jsonl")
        if not file.is_file():
            faults.append(f"{file}：文件缺失")
        elif file_hash(file) != content:
            faults.append(f"{file}：内容与复算结果不同")
        if name in otherwise:
            faults.append(f"数据库中的 {name} 与复算结果不同")
    return faults


def _otherwise_checked(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Why that may be, where the checks themselves are no longer those of the assessment: a newer program judged anew."""
    old, new = (
        {code: check["version"] for code, check in (summary.get("checks") or {}).items()} for summary in (before, now)
    )
    changed = [
        f"{code} {old.get(code, '无')}→{new.get(code, '无')}"
        for code in sorted({*old, *new})
        if old.get(code) != new.get(code)
    ]
    return f"：评估之后检查项的版本已变（{'、'.join(changed)}），要逐字节复核请用评估时的程序版本" if changed else ""


def _revision_faults(folder: Path) -> list[str]:
    """What was altered in the revisions that were laid down, against the hashes their successors wrote."""
    faults: list[str] = []
    for told in sorted(folder.glob("*.json")):
        laid: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))["replaced"]
        place = folder / str(laid["revision"])
        if not place.is_dir():
            faults.append(f"{place}：第 {laid['revision']} 次修订的存档缺失")
            continue
        faults += check_manifest(place / "inputs")
        if manifest_hash(place / "inputs") != laid["inputs_sha256"]:
            faults.append(f"{place / 'inputs'}：输入清单与封存时登记的不同")
        if results_hash(place / "results") != laid["results_sha256"]:
            faults.append(f"{place / 'results'}：结果与封存时登记的不同")
    return faults


# ---------------------------------------------------------------- scores and summary


def _score(
    asked: counting.Asked, facts: Facts, meta: dict[str, Any], scheme: Scheme
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rows = {row["unit_id"]: row for row in asked.units}
    units = counting.count(rows.values(), asked.cases, asked.submissions)
    portals = list(asked.portals)
    seen = counting.coverage(asked.looks, rows.values(), portals)
    tallies = list(asked.tallies)
    columns, unit_columns = counting.columns(portals, tallies, seen)
    items = {row["subject"]: row["item_count"] for row in asked.items}
    records = counting.records(asked)
    mine: dict[str, list[dict[str, Any]]] = {}
    for row in tallies:
        mine.setdefault(row["unit_id"], []).append(row)
    none = dict.fromkeys(counting.COLUMNS, 0)
    results = {
        unit: scoring.score(
            scheme,
            scoring.Basis(
                counts["all"],
                counting.confirmed(mine.get(unit, [])) | counting.NO_RECORDS | records.get(unit, {}),
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
    elsewhere = sum(row["n"] for row in asked.elsewhere if not row["judged"])
    summary = {
        "period": facts.period,
        "first": meta["first"],
        "last": meta["last"],
        "as_of": meta["as_of"],
        "attribution": "决定日期",
        "provisional": any(True for _ in asked.provisional),
        "calendar": meta["calendar"],
        "local_calendars": meta.get("local_calendars", []),
        "limits": meta["limits"],
        "scheme": scheme.describe(),
        "totals": counting.total(units.values()),
        "units": of_units,
        "findings": counting.tally(tallies),
        "confirmed": counting.confirmed(tallies),
        "lines": counting.lines(asked.pairs, elsewhere),
        "exempt_grounds": counting.exempt_grounds(asked.grounds, facts),
        "ground_titles": facts.grounds,
        "checks": told_checks(facts),
        "coverage": seen,
        "columns": columns,
        "submissions_until": meta["submissions_until"],
        "previous": meta["previous"],
        "leads": leads.told(asked.leads, asked.number_gaps),
        "not_judged": sorted(NOT_JUDGED),
    }
    return scoring.rows(facts.period, scheme, results), summary


def _veto_leads(scheme: Scheme, found: list[dict[str, Any]], counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """What a person must decide on before the grade stands: code -> {found, confirmed}. It changes no score by itself."""
    leads: dict[str, dict[str, int]] = {}
    for code in scheme.veto:
        if code == "zero_reporting":  # decisions are on the web, past due, and not one of the unit's was ever reported
            mine = [row for row in found if row["code"] == "not_submitted"] if counts["submitted"] == 0 else []
        else:
            mine = [row for row in found if row["code"] == code]
        open_ = [row for row in mine if row["level"] in ("fail", "warn") and row["state"] not in ("normal", "exempt")]
        if open_:
            leads[code] = {
                "found": sum(row["n"] for row in open_),
                "confirmed": sum(row["n"] for row in open_ if row["state"] in CONFIRMED),
            }
    return leads


def _rectified(tallies: list[dict[str, Any]]) -> dict[str, int]:
    """Rectification as far as it has gone: due = closed, returned or overdue; checked = closed or returned."""

    def of(state: str) -> int:
        return sum(row["n"] for row in tallies if row["level"] in ("fail", "warn") and row["state"] == state)

    closed, returned, overdue = (of(state) for state in ("closed", "returned", "overdue"))
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


def scores_of(session: Session, key: str) -> dict[str, tuple[float | None, int | None]]:
    """unit -> (total, rank) of the period as it is kept."""
    asked = select(Score.unit_id, Score.total, Score.rank).where(Score.period == key)
    return {unit: (total, rank) for unit, total, rank in session.execute(asked)}


def run_of(session: Session, key: str) -> PeriodRun:
    """The latest assessment of the period. Raises Refused when there is none."""
    run = session.get(PeriodRun, key)
    if run is None:
        raise Refused(f"评估期 {key} 尚未评估，请先运行 mingcha assess --period {key}")
    return run


def _refuse_sealed(session: Session, key: str) -> None:
    run = session.get(PeriodRun, key)
    if run is not None and run.sealed_at is not None:
        raise Refused(
            f"评估期 {key} 已于 {run.sealed_at:%Y-%m-%d %H:%M} 封存，不能重新评估；"
            f"可用 mingcha verify --period {key} 复核，或用 mingcha revise --period {key} 另成修订"
        )


def _store(session: Session, judgement: Judgement, inputs: str) -> PeriodRun:
    key = judgement.facts.period
    stored.store(session, key, judgement.results)
    run = session.get(PeriodRun, key) or PeriodRun(period=key)
    run.as_of, run.assessed_at, run.sealed_at = judgement.facts.as_of, clock.now(), None
    run.scheme, run.scheme_version = judgement.scheme.name, judgement.scheme.version
    run.inputs_sha256, run.results_sha256 = inputs, results_hash(judgement.results)
    run.summary = json.loads(_line(judgement.summary))
    session.add(run)
    return run


def _write_lines(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    file.write_text("".join(map(_line, rows)), encoding="utf-8")


_CONTROL = re.compile(r"(\\\\)|\\u00([0-9a-f]{2})")


def _line(row: Mapping[Any, Any]) -> str:
    """The row as the engine writes it: keys in order, control characters with capital hexadecimal digits."""
    line = json.dumps(dict(row), ensure_ascii=False, sort_keys=True, default=_plain) + "\n"
    if "\\u00" in line:
        line = _CONTROL.sub(lambda found: found[1] or f"\\u00{found[2].upper()}", line)
    return line


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def file_hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def results_hash(folder: Path) -> str:
    """One hash over the result files of a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        digest.update(file.name.encode() + b"\0" + bytes.fromhex(file_hash(file)))
    return digest.hexdigest()


def _replace(fresh: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)


def _put_results(fresh: Path, folder: Path) -> None:
    """Put the result files in the place of the period's."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(fresh, folder, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
