"""The human layer: people's decisions on findings, and on pairs. They are rows of their own, and every later run finds them again.

    decide   write decisions (all or none), judge the period's frozen inputs anew with them, say what the scores were and are
    history  who decided what on a finding, when and why

The evidence of a period is not read again for a decision: only the table of reviews among the frozen inputs changes, so that
the difference shown is the decisions' own. A sealed period is not touched (`revise` makes a new revision of it).
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessment.findings import thing_of
from assessment.freeze import refreeze_reviews
from assessment.periods import Period
from assessment.revision import revise
from assessment.run import fresh_place, judge, keep, run_of, scores_of
from db import clock
from db.models import Finding, Pair, PairDecision, PeriodRun, Publication, Review, Submission, Unit
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused
from standard.states import STATES, STEPS, Step, step_of
from standard.strict_yaml import nearest

Progress = Callable[[str], None] | None
_ASKED = 400  # ids in one IN (…)


@dataclass(frozen=True)
class Ask:
    """One decision as somebody wants it. `where` says where it stands (a sheet and row), for messages."""

    finding_id: str
    step: str  # key or word of standard.states.STEPS
    reason: str = ""
    basis: str | None = None
    evidence: str | None = None
    where: str = ""


@dataclass(frozen=True)
class Change:
    """One unit's score before and after."""

    unit: str
    unit_name: str
    before: float | None
    after: float | None
    rank_before: int | None
    rank_after: int | None


@dataclass(frozen=True)
class Decided:
    """What was written, and what it did. `same` counts decisions that stood already, word for word."""

    period: str
    written: int
    same: int
    states: dict[str, int] = field(default_factory=dict)  # new state -> findings
    changes: list[Change] = field(default_factory=list)  # only units whose score or rank changed


def decide(
    workspace: Workspace, period: str, asks: Sequence[Ask], *, by: str, batch: str | None = None, revising: bool = False,
    progress: Progress = None,
) -> Decided:  # fmt: skip
    """Write these decisions on findings of the period and judge it anew.

    Raises Refused with every fault, and writes nothing, when a finding or a step is unknown, a step does not follow from the
    finding's state, a reason or basis that the step needs is missing, `by` is empty, or the period is sealed and `revising`
    was not asked for (then the decisions make a new revision of it). The same decisions again change nothing.
    """
    key = Period.parse(period).key
    actor = by.strip()
    if not actor:
        raise Refused("处理人（--by）不能为空：每项人工认定都要记下是谁作出的")
    with session_of(workspace) as session:
        run = run_of(session, key)
        sealed = run.sealed_at
        if sealed is not None and not revising:
            raise Refused(
                f"评估期 {key} 已于 {sealed:%Y-%m-%d %H:%M} 封存；要改变认定，请加 --revise，认定将作为该期的一次修订"
            )
        rows, same, open_ = _checked(session, key, asks, actor, batch)
        before = scores_of(session, key)
        session.add_all(rows)
    if not rows and not open_:
        return Decided(key, 0, same)
    if sealed is None:
        rejudge(workspace, key, progress)
    else:
        reasons = "；".join(dict.fromkeys(ask.reason.strip() for ask in asks if ask.reason.strip()))
        revise(workspace, key, by=actor, reason=reasons or f"人工认定 {len(asks)} 项", anew=False, progress=progress)
    with session_of(workspace) as session:
        after = scores_of(session, key)
        names = {unit: name for unit, name in session.execute(select(Unit.id, Unit.name))}
    states: dict[str, int] = {}
    for row in rows:
        states[row.state] = states.get(row.state, 0) + 1
    changes = [
        Change(unit, names.get(unit, unit), *_two(before, after, unit, 0), *_two(before, after, unit, 1))
        for unit in sorted(before.keys() | after.keys())
        if before.get(unit) != after.get(unit)
    ]
    return Decided(key, len(rows), same, states, changes)


def rejudge(workspace: Workspace, period: str, progress: Progress = None) -> None:
    """Judge the period's frozen inputs anew with the decisions of today. Raises Refused when it is sealed or was not assessed.

    Killed between the decision and this, nothing is lost: the next `assess` or `decide` reads the same rows.
    """
    folder = workspace.periods / period
    fresh = fresh_place(folder)
    try:
        with session_of(workspace) as session:
            inputs = refreeze_reviews(session, folder / "inputs", fresh)
        keep(workspace, period, fresh, inputs, judge(fresh, progress))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def history(session: Session, finding_id: str) -> list[Review]:
    """Every decision on the finding, oldest first: those of other periods on the same thing as well."""
    finding = session.scalar(select(Finding).where(Finding.finding_id == finding_id))
    asked = select(Review).where(Review.finding_id == finding_id)
    if finding is not None:
        thing = _thing(finding)
        asked = select(Review).where((Review.finding_id == finding_id) | (Review.thing == thing))
    rows = list(session.scalars(asked.order_by(Review.id)))
    if not rows and finding is None:
        raise Refused(f"没有问题 {finding_id}：请从 mingcha findings 的 finding_id 列复制完整编号")
    return rows


def decide_pair(
    workspace: Workspace, published: str, submitted: str, same: bool, *, by: str, reason: str
) -> PairDecision:  # fmt: skip
    """Remember a person's word: these two records are the same decision, or are not.

    It takes effect with the next `assess` of a period, and of a sealed one with its next `revise` (`periods_of` names them).
    """
    faults = [
        f"{what}不能为空" for what, text in (("处理人（--by）", by), ("理由（--reason）", reason)) if not text.strip()
    ]
    with session_of(workspace) as session:
        for model, record, what in ((Publication, published, "公示"), (Submission, submitted, "报送")):
            if session.get(model, record) is None:
                faults.append(f"没有{what}记录 {record}：请从 mingcha pairs 复制完整编号")
        if faults:
            raise Refused(*faults)
        latest = session.scalar(
            select(PairDecision)
            .where(PairDecision.published == published, PairDecision.submitted == submitted)
            .order_by(PairDecision.id.desc())
            .limit(1)
        )
        if latest is not None and (latest.same, latest.actor, latest.reason) == (same, by.strip(), reason.strip()):
            return latest
        row = PairDecision(
            published=published, submitted=submitted, same=same, actor=by.strip(), reason=reason.strip(), at=clock.now()
        )
        session.add(row)
        return row


def periods_of(session: Session, published: str, submitted: str) -> list[tuple[str, bool]]:
    """The assessed periods in which one of the two records stands, and whether each is sealed."""
    asked = (
        select(PeriodRun.period, PeriodRun.sealed_at)
        .join(Pair, Pair.period == PeriodRun.period)
        .where((Pair.published == published) | (Pair.submitted == submitted))
        .distinct()
        .order_by(PeriodRun.period)
    )
    return [(period, sealed is not None) for period, sealed in session.execute(asked)]


def attach(workspace: Workspace, evidence: str | None) -> str | None:
    """Keep a file that was shown as evidence in var/review/ under its hash; what is no file (a document's number) stays as it is."""
    text = _text(evidence)
    if text is None:
        return None
    file = Path(text)
    try:
        content = file.read_bytes() if file.is_file() else None
    except OSError as error:
        raise Refused(f"{file}：佐证文件无法读取（{error.strerror}）") from None
    if content is None:
        return text
    digest = hashlib.sha256(content).hexdigest()
    place = workspace.var / "review" / f"{digest}{file.suffix.lower()[:12]}"
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_suffix(".part")
        half.write_bytes(content)
        half.rename(place)
    return f"{file.name}（SHA-256 {digest}）"


# ---------------------------------------------------------------- checking what is asked


def _checked(
    session: Session, period: str, asks: Sequence[Ask], actor: str, batch: str | None
) -> tuple[list[Review], int, bool]:  # fmt: skip
    """The rows to write, how many stand already, and whether one of those has not reached the results yet."""
    faults: list[str] = []
    if len(asks) == 0:
        faults.append("没有要处理的问题：请给出问题编号，或在处理单的“处理”列填写")
    ids = [ask.finding_id.strip() for ask in asks]
    findings = _findings(session, period, ids)
    past = _past(session, list(findings.values()))
    rows: list[Review] = []
    same = 0
    open_ = False
    moment = clock.now()
    seen: dict[str, str] = {}
    for ask, finding_id in zip(asks, ids, strict=True):
        where = f"{ask.where}：" if ask.where else ""
        finding = findings.get(finding_id)
        step = step_of(ask.step)
        if finding is None:
            faults.append(f"{where}{period} 没有问题“{finding_id}”，请从 mingcha findings 的 finding_id 列复制完整编号")
        if step is None:
            words = [*STEPS, *(step.label for step in STEPS.values())]
            faults.append(
                f"{where}没有处理“{ask.step}”{nearest(ask.step, words)}，可用：{'、'.join(s.label for s in STEPS.values())}"
            )
        if finding_id in seen:
            faults.append(f"{where}问题 {finding_id} 在 {seen[finding_id] or '前面'} 已写过一次，一次只能处理一步")
        if finding is None or step is None or finding_id in seen:
            continue
        seen[finding_id] = ask.where
        done = past.get(finding_id, [])
        if done and _stands(done[-1], step, ask, actor):
            same += 1
            open_ = open_ or done[-1].state != finding.state
            continue
        told = _step_faults(finding, step, ask, done)
        if told:
            faults += [f"{where}{text}" for text in told]
            continue
        rows.append(_row(finding, step, ask, actor, batch, moment, done))
    if faults:
        raise Refused(*faults)
    return rows, same, open_


def _findings(session: Session, period: str, ids: Sequence[str]) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for start in range(0, len(ids), _ASKED):
        asked = select(Finding).where(Finding.period == period, Finding.finding_id.in_(ids[start : start + _ASKED]))
        found.update((row.finding_id, row) for row in session.scalars(asked))
    return found


def _past(session: Session, findings: Sequence[Finding]) -> dict[str, list[Review]]:
    """Every earlier decision on each finding, by finding or by thing, oldest first."""
    of_thing = {thing: f.finding_id for f in findings if (thing := _thing(f)) is not None}
    ids = {finding.finding_id for finding in findings}
    names = sorted(ids | of_thing.keys())
    past: dict[str, list[Review]] = {}
    for start in range(0, len(names), _ASKED):
        part = names[start : start + _ASKED]
        asked = select(Review).where(Review.finding_id.in_(part) | Review.thing.in_(part)).order_by(Review.id)
        for row in session.scalars(asked):
            finding_id = row.finding_id if row.finding_id in ids else of_thing.get(row.thing or "")
            mine = past.setdefault(finding_id or "", [])
            if all(row.id != other.id for other in mine):
                mine.append(row)
    return {key: sorted(rows, key=lambda row: row.id) for key, rows in past.items()}


def _thing(finding: Finding) -> str | None:
    return thing_of({name: getattr(finding, name) for name in ("code", "unit_id", "kind", "field", "proof")})


def _stands(latest: Review, step: Step, ask: Ask, actor: str) -> bool:
    """The very same decision was the last one: a sheet imported again changes nothing."""
    return (latest.step, latest.actor, latest.reason, latest.basis, latest.evidence) == (
        step.key, actor, ask.reason.strip(), _text(ask.basis), _text(ask.evidence)
    )  # fmt: skip


def _step_faults(finding: Finding, step: Step, ask: Ask, done: Sequence[Review]) -> list[str]:
    what = f"问题 {finding.finding_id}（{finding.document_number or finding.code}）"
    faults = []
    if finding.level not in ("fail", "warn", "question"):
        faults.append(f"{what}的级别是 {finding.level}，不是待处理的问题，无须人工认定")
    elif finding.state not in step.sources:
        allowed = "、".join(STATES[key].label for key in step.sources)
        state = STATES[finding.state].label if finding.state in STATES else finding.state
        faults.append(f"{what}现为“{state}”，不能“{step.label}”；“{step.label}”只能从 {allowed} 作出")
    elif step.target is None and not _standing(done):
        faults.append(f"{what}还没有人工处理，没有可撤回的")
    if step.reasoned and not ask.reason.strip():
        faults.append(f"{what}：“{step.label}”须写明理由")
    if step.founded and not _text(ask.basis):
        faults.append(f"{what}：“{step.label}”须写明依据（法律条款或审批文号）")
    return faults


def _row(
    finding: Finding, step: Step, ask: Ask, actor: str, batch: str | None, moment: datetime.datetime, done: Sequence[Review]
) -> Review:  # fmt: skip
    state = step.target
    if state is None:  # back to where the last decision that still stands had started from
        state = _standing(done)[-1].before or "suspected"
    return Review(
        finding_id=finding.finding_id,
        thing=_thing(finding),
        period=finding.period,
        unit_id=finding.unit_id,
        code=finding.code,
        step=step.key,
        before=finding.state,
        state=state,
        actor=actor,
        reason=ask.reason.strip(),
        basis=_text(ask.basis),
        evidence=_text(ask.evidence),
        batch=batch,
        at=moment,
    )


def _standing(done: Sequence[Review]) -> list[Review]:
    """The decisions that have not been taken back."""
    stack: list[Review] = []
    for row in done:
        if row.step == "withdraw" and stack:
            stack.pop()
        elif row.step != "withdraw":
            stack.append(row)
    return stack


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _two(before: dict[str, Any], after: dict[str, Any], unit: str, place: int) -> tuple[Any, Any]:
    return (before.get(unit, (None, None))[place], after.get(unit, (None, None))[place])
