"""A later correction of a sealed period: a new revision, with the difference shown and the old one kept whole.

periods/<period>/revisions/<n>/inputs, results     revision n as it was sealed (0: the first)
periods/<period>/revisions/<n+1>.json              what n+1 changed, who asked for it, and why
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assessment.freeze import check_manifest, freeze, refreeze_reviews
from assessment.periods import Period
from assessment.run import fresh_place, judge, keep, run_of
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
        made = difference({file.name: file.read_bytes() for file in (folder / "results").iterdir()}, after.files())
        if made.empty:
            raise Refused(f"评估期 {span.key} 重算后与第 {number} 次修订完全相同，没有需要修订的内容")
        _lay_down(folder, number)
        run = keep(workspace, span.key, fresh, inputs, after, revision=number + 1)
        _tell(folder / "revisions" / f"{number + 1}.json", run, by.strip(), reason.strip(), replaced, made)
        return run, made
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Difference:
    """What the result files of one judgement say otherwise than those of another (`Judgement.files`)."""
    old, new = ({row["finding_id"]: row for row in _rows(files, "findings")} for files in (before, after))
    changed = []
    for key in old.keys() & new.keys():
        fields = {name: [old[key][name], new[key][name]] for name in _WATCHED if old[key][name] != new[key][name]}
        if fields:
            changed.append(_brief(new[key]) | {"fields": fields})
    return Difference(
        _scores(_rows(before, "scores"), _rows(after, "scores")),
        _ordered(_brief(old[key]) for key in old.keys() - new.keys()),
        _ordered(_brief(new[key]) for key in new.keys() - old.keys()),
        _ordered(changed),
        _classes(_rows(before, "pairs"), _rows(after, "pairs")),
    )


def _rows(files: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[f"{name}.jsonl"].decode().splitlines()]


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


def _classes(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Per record, since a pair that falls apart or together changes its id."""

    def by_record(pairs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        return {
            f"{side}:{pair[side]}": pair["verdict"]
            for pair in pairs
            for side in ("published", "submitted")
            if pair[side]
        }

    one, two = by_record(before), by_record(after)
    counts: dict[str, int] = {}
    for record in one.keys() | two.keys():
        was, now = one.get(record, "absent"), two.get(record, "absent")
        if was != now:
            counts[f"{was} -> {now}"] = counts.get(f"{was} -> {now}", 0) + 1
    return dict(sorted(counts.items()))


def _brief(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "finding_id": finding["finding_id"],
        "unit": finding["unit_id"],
        "code": finding["code"],
        "document_number": finding["document_number"],
        "level": finding["level"],
        "state": finding["state"],
    }


def _ordered(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["unit"], row["code"], row["document_number"] or "", row["finding_id"]))


def _lay_down(folder: Path, number: int) -> None:
    """Keep the sealed revision whole before its place is taken. Its folder appears complete or not at all."""
    place = folder / "revisions" / str(number)
    if place.is_dir():  # a revise that was killed had come this far
        return
    half = folder / "revisions" / f".{number}"
    shutil.rmtree(half, ignore_errors=True)
    for part in ("inputs", "results"):
        shutil.copytree(folder / part, half / part)
    half.rename(place)


def _tell(
    file: Path, run: PeriodRun, by: str, reason: str, replaced: Mapping[str, Any], made: Difference
) -> None:  # fmt: skip
    text = json.dumps(
        {
            "period": run.period,
            "revision": run.revision,
            "by": by,
            "reason": reason,
            "at": clock.now().isoformat(),
            "as_of": run.as_of.isoformat(),
            "inputs_sha256": run.inputs_sha256,
            "results_sha256": run.results_sha256,
            "replaced": replaced,
            "difference": asdict(made),
        },
        ensure_ascii=False,
        indent=1,
    )
    half = file.with_suffix(".part")
    half.write_text(text + "\n", encoding="utf-8")
    half.rename(file)
