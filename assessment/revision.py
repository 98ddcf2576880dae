"""A later correction of a sealed period: a new revision, with the difference shown and the old one kept whole.

periods/<period>/revisions/<n>/inputs, results     revision n as it was sealed (0: the first)
periods/<period>/revisions/<n+1>.json              what n+1 changed, who asked for it, and why
"""

# ruff: noqa: S608 - SQL of our own names.

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assessment.freeze import check_manifest, freeze, refreeze_reviews
from assessment.kept_lines import FINDINGS, PAIRS, ask
from assessment.periods import Period
from assessment.run import fresh_place, judge, keep, put_right, results_hash, run_of
from db import clock
from db.models import PeriodRun
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused

Progress = Callable[[str], None] | None
_WATCHED = ("level", "state", "days_late", "published_from", "published_to", "received_at", "due_date")


@dataclass(frozen=True)
class Difference:
    """What one judgement says otherwise than another of the same period. Lists are ordered by unit, code and number."""

    scores: list[dict[str, Any]]  # unit, before, after, rank_before, rank_after: only what changed
    gone: list[dict[str, Any]]  # findings that are no longer there: finding_id, unit, code, document_number
    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]  # … and fields: name -> [before, after]
    pairs: dict[str, int]  # "verdict -> verdict": records whose class changed

    @property
    def empty(self) -> bool:
        return not (self.scores or self.gone or self.new or self.changed or self.pairs)


def revise(
    workspace: Workspace, period: str, *, by: str, reason: str, anew: bool = True, progress: Progress = None
) -> tuple[PeriodRun, Difference]:
    """Judge a sealed period again and seal it as its next revision. Returns the run and what changed.

    `anew` freezes everything known by now as of the same day and under the same scheme; without it only people's decisions are read
    again. Raises Refused when the period is not sealed, was altered since, or `by` or `reason` is empty.
    """
    span = Period.parse(period)
    folder = workspace.periods / span.key
    faults = [
        f"{what}不能为空" for what, text in (("经办人（--by）", by), ("理由（--reason）", reason)) if not text.strip()
    ]
    with session_of(workspace) as session:
        run = run_of(session, span.key)
        put_right(folder, run)
        if run.sealed_at is None:
            faults.append(f"评估期 {span.key} 尚未封存，直接重新运行 mingcha assess --period {span.key} 即可，无须修订")
        number, as_of = run.revision, run.as_of
        replaced = {"revision": number, "inputs_sha256": run.inputs_sha256, "results_sha256": run.results_sha256}
    faults = faults or check_manifest(folder / "inputs")
    if faults:
        raise Refused(*faults)
    fresh = fresh_place(folder)
    try:
        meta = json.loads((folder / "inputs" / "meta.json").read_text(encoding="utf-8"))
        scheme = (folder / "inputs" / "scheme.yml").read_text(encoding="utf-8")
        with session_of(workspace) as session:
            inputs = (
                freeze(session, workspace, span, as_of, scheme, fresh, meta.get("previous"), progress)
                if anew
                else refreeze_reviews(session, folder / "inputs", fresh)
            )
        after = judge(fresh, progress)
        made = difference(folder / "results", after.results)
        if made.empty:
            raise Refused(f"评估期 {span.key} 重算后与第 {number} 次修订完全相同，没有需要修订的内容")
        _lay_down(folder, number)
        told = _tell(
            folder / "revisions" / f"{number + 1}.part",
            {
                "period": span.key,
                "revision": number + 1,
                "by": by.strip(),
                "reason": reason.strip(),
                "at": clock.now().isoformat(),
                "as_of": as_of.isoformat(),
                "inputs_sha256": inputs,
                "results_sha256": results_hash(after.results),
                "replaced": replaced,
                "difference": asdict(made),
            },
        )
        run = keep(workspace, span.key, fresh, inputs, after, revision=number + 1)
        told.rename(told.with_suffix(".json"))
        return run, made
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def difference(before: Path, after: Path) -> Difference:
    """What the result files in one folder say otherwise than those in another. Only what differs is held in memory."""
    tables = {f"{side}_{name}": (folder / f"{name}.jsonl", members)
              for side, folder in (("old", before), ("new", after))
              for name, members in (("findings", FINDINGS), ("pairs", PAIRS))}  # fmt: skip
    brief = "finding_id, unit_id AS unit, code, document_number, level, state"
    order = "ORDER BY unit, code, coalesce(document_number, ''), finding_id"
    alone = f"SELECT {brief} FROM {{0}} WHERE finding_id NOT IN (SELECT finding_id FROM {{1}}) {order}"
    watched = ", ".join(f"o.{name} AS old_{name}, n.{name} AS new_{name}" for name in _WATCHED)
    apart = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in _WATCHED)
    both = (
        f"SELECT n.finding_id, n.unit_id AS unit, n.code, n.document_number, n.level, n.state, {watched} "
        f"FROM new_findings n JOIN old_findings o USING (finding_id) WHERE {apart} "
        "ORDER BY unit, n.code, coalesce(n.document_number, ''), n.finding_id"
    )
    return Difference(
        _scores(_rows(before, "scores"), _rows(after, "scores")),
        ask(alone.format("old_findings", "new_findings"), tables),
        ask(alone.format("new_findings", "old_findings"), tables),
        [_changed(row) for row in ask(both, tables)],
        {row["change"]: row["n"] for row in ask(_CLASSES, tables)},
    )


# Per record, since a pair that falls apart or together changes its id.
_RECORDS = "SELECT 'p' || published AS record, verdict FROM {0} WHERE published IS NOT NULL UNION ALL "
_RECORDS += "SELECT 's' || submitted AS record, verdict FROM {0} WHERE submitted IS NOT NULL"
_CLASSES = f"""
SELECT coalesce(o.verdict, 'absent') || ' -> ' || coalesce(n.verdict, 'absent') AS change, count(*) AS n
FROM ({_RECORDS.format("old_pairs")}) o FULL JOIN ({_RECORDS.format("new_pairs")}) n USING (record)
WHERE o.verdict IS DISTINCT FROM n.verdict GROUP BY change ORDER BY change
"""


def _changed(row: Mapping[str, Any]) -> dict[str, Any]:
    pairs = {name: [row[f"old_{name}"], row[f"new_{name}"]] for name in _WATCHED}
    brief = {name: value for name, value in row.items() if not name.startswith(("old_", "new_"))}
    return brief | {"fields": {name: two for name, two in pairs.items() if two[0] != two[1]}}


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _scores(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    one, two = ({row["unit_id"]: (row["total"], row["rank"]) for row in rows} for rows in (before, after))
    none = (None, None)
    return [
        {
            "unit": unit,
            "before": one.get(unit, none)[0],
            "after": two.get(unit, none)[0],
            "rank_before": one.get(unit, none)[1],
            "rank_after": two.get(unit, none)[1],
        }
        for unit in sorted(one.keys() | two.keys())
        if one.get(unit) != two.get(unit)
    ]


def _lay_down(folder: Path, number: int) -> None:
    """Keep the sealed revision whole before its place is taken. Its folder appears complete or not at all."""
    half = folder / "revisions" / f".{number}"
    shutil.rmtree(half, ignore_errors=True)
    for part in ("inputs", "results"):
        shutil.copytree(folder / part, half / part)
    half.rename(folder / "revisions" / str(number))


def _tell(file: Path, told: Mapping[str, Any]) -> Path:
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file
