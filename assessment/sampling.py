"""Spot checks (抽查): a frame, a seed, a stratified draw, a worksheet, results back, and rates that say how sure they are.

Two directions, never mixed in one figure: from the unit's own case ledger to the platform (is anything missing?), and from what
was published or reported to the paper file (is it right?). A third frame is our own findings: how often the machine is right.
The draw orders each unit's lines by the hash of seed and line, so that anybody with frame and seed draws the same sample.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessment.intervals import defended, kappa, sample_size, wilson
from assessment.periods import Period
from assessment.run import run_of
from db import clock
from db.models import Finding, Publication, SpotCheck, SpotCheckItem, Submission, Unit
from db.session import session_of
from db.settings import Workspace
from db.units import UnitIndex
from standard.errors import Refused
from standard.strict_yaml import nearest
from standard.values import document_number_key

FRAMES = {
    "submissions": "报送记录（查准确性：与纸质卷宗核对）",
    "publications": "公示记录（查准确性：与纸质卷宗核对）",
    "findings": "系统查出的问题（查系统自身的准确率）",
    "ledger": "单位案件台账（查漏报：到平台和门户上找）",
}
# What a checker may answer. A file that the unit cannot produce counts as wrong, as is said on the worksheet in advance.
OUTCOMES = {"right": "属实", "wrong": "有误", "not_produced": "未提供", "outside": "不属抽查范围"}
_WRONG = ("wrong", "not_produced")
_SHOWN = ("document_number", "counterparty", "decision_date", "authority", "category", "content", "fine_yuan")


@dataclass(frozen=True)
class Line:
    """One line of a frame: its id, its stratum, and what the worksheet shows of it (already masked)."""

    item: str
    unit_id: str
    shown: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One line of a worksheet that came back."""

    item: str
    outcome: str  # key or word of OUTCOMES
    note: str = ""
    where: str = ""


@dataclass(frozen=True)
class Rate:
    """A unit's (or the city's) error rate: counts first, then the two intervals. `frame` is the stratum's size."""

    unit_id: str | None
    frame: int
    drawn: int
    checked: int
    wrong: int
    not_produced: int
    outside: int
    rate: float | None
    screen: tuple[float, float] | None
    defended: tuple[float, float] | None


# ---------------------------------------------------------------- drawing


def draw(
    workspace: Workspace,
    period: str,
    frame: str,
    *,
    by: str,
    seed: str,
    size: int | None = None,
    per_unit: bool = False,
    share_again: float = 0.1,
    ledger: Iterable[Mapping[str, str]] = (),
) -> SpotCheck:
    """Draw a sample of the period and keep it. The same frame, seed and size draw the same lines and change nothing.

    `size`: lines in all (None: as many as a 95 % interval of ±5 points needs); `per_unit` applies it to every unit. `ledger`: rows of
    the unit's own list with 单位, 决定书文号, 行政相对人名称, 决定日期. Raises Refused when the period was not assessed, the frame is
    unknown or empty, a ledger row names no known unit, or `by` is empty.
    """
    key = Period.parse(period).key
    faults = [
        f"{what}不能为空" for what, text in (("抽查人（--by）", by), ("随机种子（--seed）", seed)) if not text.strip()
    ]
    if frame not in FRAMES:
        faults.append(f"没有抽样框“{frame}”{nearest(frame, list(FRAMES))}，可用：{'、'.join(FRAMES)}")
    if size is not None and size < 1:
        faults.append(f"--size {size}：样本至少 1 条")
    if not 0 <= share_again <= 1:
        faults.append(f"复核比例 {share_again} 应在 0 与 1 之间")
    if faults:
        raise Refused(*faults)
    with session_of(workspace) as session:
        run_of(session, key)
        lines = sorted(_frame(session, key, frame, ledger), key=lambda line: line.item)
        if not lines:
            raise Refused(f"{key} 的抽样框“{FRAMES[frame]}”是空的，没有可抽的")
        digest = _hash_of(lines)
        sizes = _strata(lines)
        wanted = _allot(sizes, size, per_unit)
        drawn = [line for unit in sizes for line in _draw_unit(lines, unit, wanted[unit], seed)]
        again = {line.item for line in _first(drawn, f"{seed}|again", round(len(drawn) * share_again))}
        identity = "|".join((key, frame, digest, seed, json.dumps(wanted, sort_keys=True), f"{share_again}"))
        check_id = f"{key}-{frame}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
        known = session.get(SpotCheck, check_id)
        if known is not None:
            return known
        check = SpotCheck(
            id=check_id,
            period=key,
            frame=frame,
            frame_sha256=digest,
            seed=seed,
            share_again=share_again,
            strata={unit: [sizes[unit], wanted[unit]] for unit in sizes},
            actor=by.strip(),
            at=clock.now(),
        )
        session.add(check)
        session.flush()
        session.add_all(
            SpotCheckItem(
                check_id=check_id,
                item=line.item,
                position=position,
                unit_id=line.unit_id,
                shown=line.shown,
                again=line.item in again,
            )
            for position, line in enumerate(drawn, start=1)
        )
        return check


def _frame(session: Session, period: str, frame: str, ledger: Iterable[Mapping[str, str]]) -> Iterable[Line]:
    span = Period.parse(period)
    if frame == "ledger":
        yield from _ledger(session, ledger)
    elif frame == "findings":
        asked = select(Finding).where(Finding.period == period, Finding.level.in_(("fail", "warn")))
        for row in session.scalars(asked):
            shown = {
                "问题": row.code,
                "决定书文号": row.document_number,
                "相对人": row.counterparty,
                "说明": row.message,
            }
            yield Line(row.finding_id, row.unit_id, shown)
    else:
        table: type[Submission] | type[Publication] = Submission if frame == "submissions" else Publication
        judged = select(table).where(table.decision_date >= span.first, table.decision_date <= span.last)
        records = session.scalars(judged.where(table.kind.in_(("licence", "penalty"))))
        for record in cast("Iterable[Submission | Publication]", records):
            yield Line(record.record_id, record.unit_id, {name: _plain(getattr(record, name)) for name in _SHOWN})


def _ledger(session: Session, ledger: Iterable[Mapping[str, str]]) -> Iterable[Line]:
    units = UnitIndex.load(session)
    faults: list[str] = []
    seen: set[str] = set()
    for number, row in enumerate(ledger, start=2):
        unit = units.find(row.get("单位", ""))
        name = (row.get("决定书文号") or "").strip()
        if unit is None:
            faults.append(f"台账第 {number} 行：单位“{row.get('单位', '')}”不在单位名录中")
        if not name:
            faults.append(f"台账第 {number} 行：没有决定书文号，请填写")
        if unit is None or not name:
            continue
        item = hashlib.sha256(f"{unit}|{document_number_key(name) or name}".encode()).hexdigest()[:32]
        if item not in seen:
            seen.add(item)
            yield Line(item, unit, {key: value for key, value in row.items() if value})
    if faults:
        raise Refused(*faults)


def _strata(lines: Iterable[Line]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for line in lines:
        sizes[line.unit_id] = sizes.get(line.unit_id, 0) + 1
    return dict(sorted(sizes.items()))


def _allot(sizes: Mapping[str, int], size: int | None, per_unit: bool) -> dict[str, int]:
    """How many lines each unit gives: in proportion, by largest remainder, and at least one each."""
    if per_unit:
        return {unit: min(n, size if size is not None else sample_size(n, prior=0.1)) for unit, n in sizes.items()}
    whole = sum(sizes.values())
    total = min(whole, max(len(sizes), size if size is not None else sample_size(whole)))
    ideal = {unit: n * total / whole for unit, n in sizes.items()}
    made = {unit: min(sizes[unit], max(1, int(share))) for unit, share in ideal.items()}
    order = sorted(sizes, key=lambda unit: (-(ideal[unit] - int(ideal[unit])), unit))
    while sum(made.values()) < total:  # the rest, one each, to the largest remainders
        for unit in order:
            if sum(made.values()) < total and made[unit] < sizes[unit]:
                made[unit] += 1
    while sum(made.values()) > total:  # units of the one-each rule were paid for by the largest
        largest = max(made, key=lambda unit: (made[unit], unit))
        made[largest] -= 1
    return made


def _draw_unit(lines: Sequence[Line], unit: str, wanted: int, seed: str) -> list[Line]:
    return _first([line for line in lines if line.unit_id == unit], seed, wanted)


def _first(lines: Sequence[Line], seed: str, wanted: int) -> list[Line]:
    return sorted(lines, key=lambda line: hashlib.sha256(f"{seed}|{line.item}".encode()).digest())[:wanted]


def _hash_of(lines: Iterable[Line]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line.unit_id}|{line.item}\n".encode())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


# ---------------------------------------------------------------- results


def answer(workspace: Workspace, check_id: str, answers: Sequence[Answer], *, by: str) -> int:
    """Write what one checker found; returns how many lines changed. A second person's answers go beside the first's.

    Raises Refused, with every fault and nothing written, when a line is not of this check, an answer is unknown, or the same person
    would check a line of the blind second look again.
    """
    actor = by.strip()
    if not actor:
        raise Refused("核查人（--by）不能为空")
    faults: list[str] = []
    changed = 0
    with session_of(workspace) as session:
        if session.get(SpotCheck, check_id) is None:
            raise Refused(f"没有抽查 {check_id}{nearest(check_id, list(session.scalars(select(SpotCheck.id))))}")
        items = {
            row.item: row for row in session.scalars(select(SpotCheckItem).where(SpotCheckItem.check_id == check_id))
        }
        moment = clock.now()
        for one in answers:
            where = f"{one.where}：" if one.where else ""
            row, outcome = items.get(one.item.strip()), _outcome(one.outcome)
            if row is None:
                faults.append(f"{where}{one.item} 不在抽查 {check_id} 的样本中，请用它自己的核查表填写")
            if outcome is None:
                faults.append(f"{where}没有核查结果“{one.outcome}”，可用：{'、'.join(OUTCOMES.values())}")
            if row is None or outcome is None:
                continue
            if row.outcome is None or row.actor == actor:
                changed += (row.outcome, row.note, row.actor) != (outcome, one.note, actor)
                row.outcome, row.note, row.actor, row.at = outcome, one.note, actor, row.at or moment
            elif row.again and (row.actor_again is None or row.actor_again == actor):
                changed += (row.outcome_again, row.note_again, row.actor_again) != (outcome, one.note, actor)
                row.outcome_again, row.note_again, row.actor_again = outcome, one.note, actor
                row.at_again = row.at_again or moment
            else:
                faults.append(f"{where}{one.item} 已由 {row.actor} 核查，不在双人复核之列，请勿改动他人的结果")
        if faults:
            session.rollback()
            raise Refused(*faults)
    return changed


def _outcome(text: str) -> str | None:
    word = text.strip()
    return word if word in OUTCOMES else next((key for key, label in OUTCOMES.items() if label == word), None)


def rates(session: Session, check_id: str) -> tuple[list[Rate], Rate, float | None]:
    """Per unit, for all (weighted by the strata's sizes), and the two checkers' agreement beyond chance (Cohen's kappa)."""
    check = session.get(SpotCheck, check_id)
    if check is None:
        raise Refused(f"没有抽查 {check_id}{nearest(check_id, list(session.scalars(select(SpotCheck.id))))}")
    items = list(session.scalars(select(SpotCheckItem).where(SpotCheckItem.check_id == check_id)))
    order = {unit.id: (unit.position, unit.id) for unit in session.scalars(select(Unit))}
    of_units = [
        _rate(unit, size, [item for item in items if item.unit_id == unit])
        for unit, (size, _) in sorted(check.strata.items(), key=lambda pair: order.get(pair[0], (10**6, pair[0])))
    ]
    whole = _rate(None, sum(size for size, _ in check.strata.values()), items)
    known = [rate for rate in of_units if rate.rate is not None]
    if known and len(known) == len(of_units):  # a stratum without an answer has no estimate, and the city none either
        weighted = sum(rate.frame * (rate.rate or 0) for rate in known) / sum(rate.frame for rate in known)
        whole = Rate(**(whole.__dict__ | {"rate": weighted}))
    else:
        whole = Rate(**(whole.__dict__ | {"rate": None, "screen": None, "defended": None}))
    twice = [(item.outcome, item.outcome_again) for item in items if item.outcome and item.outcome_again]
    return of_units, whole, kappa([(one, two) for one, two in twice if one and two])


def _rate(unit: str | None, size: int, items: Sequence[SpotCheckItem]) -> Rate:
    outcomes = [item.outcome for item in items if item.outcome is not None]
    outside = outcomes.count("outside")
    checked = len(outcomes) - outside
    wrong = sum(outcome in _WRONG for outcome in outcomes)
    frame = max(size - outside, checked)
    return Rate(
        unit, size, len(items), checked, wrong, outcomes.count("not_produced"), outside,
        None if checked == 0 else wrong / checked,
        None if checked == 0 else wilson(wrong, checked),
        None if checked == 0 else defended(wrong, checked, frame),
    )  # fmt: skip
