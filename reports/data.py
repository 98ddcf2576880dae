"""Rows -> finished values. Every query of the reports is here; templates and writers only arrange what stands here.

`period_report` reads one assessed period; `PeriodReport.of_unit` narrows it to one unit's scorecard. Findings are counted by
the database; they are read one by one only where a report lists them.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.clock import SHANGHAI
from db.models import Coverage, Finding, PeriodRun, Portal, Score, SpotCheck, SpotCheckItem, Unit
from db.session import session_of
from db.settings import Workspace
from reports import words
from standard.errors import Refused
from standard.strict_yaml import nearest

ACCUSING = ("fail", "warn")
SHOWN = ("fail", "warn", "question")
# A finding costs points from its confirmation on; a person's other answers (normal, exempt) and a suspicion do not.
UNPROVEN = {"suspected", "normal", "exempt", "疑似", "正常", "豁免"}
CLOSED = {"closed", "销号"}
OVERDUE = {"overdue", "逾期", "returned", "退回"}
OF_COLUMNS = {
    "column_missing",
    "column_unreachable",
    "column_empty",
    "column_stale",
    "dead_link",
}  # their dates are those of the looks
UNSEEN = {"not_published", "channel_missing"}  # what complete looks did not show
SHOWN_WHEN = {"published_late", "backdated"}  # findings about when something appeared
SENTENCE_UNITS = 3  # how many units a sentence of the notice names
HEADLINE = 7  # findings on a scorecard, which is one page
FOCUS_LATE = 0.5  # a late rate above this is named for attention, as the notices in use do


@dataclass(frozen=True)
class Rate:
    """A share with the n it stands on. None when there was nothing to count."""

    part: int
    n: int

    @property
    def value(self) -> float | None:
        return self.part / self.n if self.n else None

    @property
    def text(self) -> str:
        return words.percent(self.value)

    @property
    def with_n(self) -> str:
        return f"{self.text}（n={self.n:,}）"


class Counts:
    """One COUNTS object of the assessment's summary, with the rates the notices use. Unknown keys are a fault of ours."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def __getattr__(self, name: str) -> int:
        try:
            return self.__dict__["counts"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def report_rate(self) -> Rate:
        """到期应报及时率: a missing record counts as not on time."""
        return Rate(self.report_on_time, self.report_due)

    @property
    def publish_rate(self) -> Rate:
        return Rate(self.publish_on_time, self.publish_due)

    @property
    def late_rate(self) -> Rate:
        """迟报率 as customary: late of the reported, so a record never reported is in neither part."""
        return Rate(self.report_late, self.report_on_time + self.report_late)

    @property
    def compliant_rate(self) -> Rate:
        return Rate(self.compliant, self.checked)

    @property
    def field_rate(self) -> Rate:
        return Rate(self.fields_filled, self.fields_required)

    @property
    def consistent_rate(self) -> Rate:
        return Rate(self.consistent, self.compared)

    @property
    def submitted_legal(self) -> int:
        """Reported decisions about organisations and sole traders."""
        return self.submitted - self.submitted_person


@dataclass(frozen=True)
class FindingLine:
    """One finding as a line of the problem list."""

    number: str
    unit_id: str
    unit: str
    kind: str
    code: str
    title: str
    level: str
    level_title: str
    document_number: str
    counterparty: str
    decision_date: datetime.date | None
    due_date: datetime.date | None
    actual: str
    days_late: int | None
    message: str
    basis: str
    url: str
    portal: str
    evidence: str
    proof: str
    state: str
    proven: bool
    interval: str
    received: str
    pairing: str
    check: str
    exemptions: str  # every ground that was tested, and the registers' lines that bear on the case
    provisional: bool  # its due day lies in a year without a notice
    cure: str
    review: str  # who settled it, when and why


@dataclass(frozen=True)
class Tally:
    """How many findings of one unit have one code, level and state."""

    unit_id: str
    code: str
    level: str
    state: str
    n: int

    @property
    def accusing(self) -> bool:
        return self.level in ACCUSING

    @property
    def proven(self) -> bool:
        return self.accusing and self.state not in UNPROVEN


def _number(tallies: Iterable[Tally]) -> int:
    return sum(tally.n for tally in tallies)


@dataclass(frozen=True)
class LeadLine:
    """What a person may want to look into; no finding, it costs nothing."""

    unit_id: str
    unit: str
    kind: str
    title: str
    n: int
    message: str


@dataclass(frozen=True)
class CheckLine:
    """One spot check: how many were drawn and checked, and in how many something was wrong or no file was produced."""

    frame: str
    drawn: int
    checked: int
    wrong: int


@dataclass(frozen=True)
class Indicator:
    """One line of a scorecard."""

    id: str
    title: str
    points: float | None
    max_points: float
    lost: float | None
    numerator: float | None
    denominator: float | None
    excluded: int | None
    formula: str
    reasons: str
    mending: str


@dataclass(frozen=True)
class Look:
    """One day of one portal."""

    day: datetime.date
    outcome: str
    group: str
    reason: str


@dataclass(frozen=True)
class PortalLine:
    """One portal with its looks of the period, oldest first."""

    id: str
    title: str
    unit_id: str
    unit: str
    kind: str
    channel: str
    url: str
    looks: list[Look]
    last_complete: str | None

    @cached_property
    def complete(self) -> int:
        return sum(look.group == "看全" for look in self.looks)

    @property
    def outcomes(self) -> str:
        """完整读取 8 次、无法访问 2 次"""
        counted = Counter(words.of(words.OUTCOMES, look.outcome) for look in self.looks)
        return "、".join(f"{title} {n} 次" for title, n in counted.most_common()) or "本期未查看"

    @property
    def last_reason(self) -> str:
        return next((look.reason for look in reversed(self.looks) if look.group != "看全" and look.reason), "")


@dataclass(frozen=True)
class UnitLine:
    """One unit in the ranking."""

    id: str
    name: str
    level: str
    assessed: bool
    rank: int | None
    ranked: bool
    total: float | None
    grade: str
    due: int
    licence: Counts
    penalty: Counts
    all: Counts
    found: int
    proven: int
    questions: int
    previous_total: float | None
    previous_rank: int | None
    indicators: list[Indicator]
    history: list[tuple[str, float]]
    codes: dict[str, int]
    position: int
    veto: list[tuple[str, int, int]]  # title, found, confirmed

    @property
    def change(self) -> float | None:
        return None if self.total is None or self.previous_total is None else self.total - self.previous_total

    @property
    def rank_text(self) -> str:
        return str(self.rank) if self.ranked else "—"

    @property
    def total_text(self) -> str:
        return words.number(self.total, 2)

    @property
    def standing(self) -> str:
        """Why a unit has no rank, or nothing."""
        return "" if self.ranked else words.UNRANKED if self.assessed else "仅监测，不参与评估"

    @property
    def veto_text(self) -> str:
        """过度公开 1 条、疑似倒签 2 条"""
        return "、".join(f"{title} {n} 条" for title, n, _ in self.veto)

    @property
    def veto_found(self) -> int:
        return sum(n for _, n, _ in self.veto)

    @property
    def veto_confirmed(self) -> int:
        return sum(n for _, _, n in self.veto)

    @property
    def grade_text(self) -> str:
        """The grade, marked while a veto lead is open; none for a unit with too little data."""
        return "—" if not self.ranked else f"{self.grade}*" if self.veto else self.grade

    @property
    def points(self) -> dict[str, float | None]:
        return {line.id: line.points for line in self.indicators}

    @property
    def total_formula(self) -> str:
        """How the total follows from the lines above: with an indicator that does not apply, the rest is rescaled."""
        won = [line for line in self.indicators if line.points is not None]
        got, most = sum(line.points or 0 for line in won), sum(line.max_points for line in won)
        if self.total is None:
            return "没有到期的决定，不评分" if self.due == 0 else "没有适用的指标"
        if len(won) == len(self.indicators):
            return f"{len(won)} 项指标得分之和 {got:.2f}"
        return f"适用指标得分 {got:.2f} ÷ 适用分值 {most:g} × 100"

    def _spark_points(self, width: float, height: float) -> list[tuple[float, float]]:
        """The history as points of a drawing; the scale spans at least ten points of score, so noise stays flat."""
        totals = [total for _, total in self.history]
        low, high = min(totals), max(totals)
        room = max(high - low, 10.0)
        middle = (high + low) / 2
        step = (width - 8) / max(1, len(totals) - 1)
        return [
            (round(4 + step * place, 1), round(height / 2 - (total - middle) / room * (height - 10), 1))
            for place, total in enumerate(totals)
        ]

    def spark(self, width: float, height: float) -> str:
        """Points of the sparkline's line."""
        return " ".join(f"{x},{y}" for x, y in self._spark_points(width, height))

    def spark_end(self, width: float, height: float) -> tuple[float, float]:
        return self._spark_points(width, height)[-1]

    @property
    def lost(self) -> list[Indicator]:
        """Where the points went, dearest first."""
        losing = [line for line in self.indicators if line.lost is not None and line.lost > 0]
        return sorted(losing, key=lambda line: (-(line.lost or 0), line.id))


@dataclass(frozen=True)
class Mending:
    """What became of the last period's proven findings."""

    period: str
    issued: int
    closed: int
    overdue: int

    @property
    def open(self) -> int:
        return self.issued - self.closed - self.overdue


@dataclass
class PeriodReport:
    """Everything a report of one period can say. `s` is the assessment's summary, for the scheme and the calendar."""

    region: str
    key: str
    run: PeriodRun
    units: list[UnitLine]
    tallies: list[Tally]  # in the order of the problem list
    listed: Callable[[str | None], list[FindingLine]]  # the problem list's lines: of one unit, or all
    portals: list[PortalLine]
    mending: Mending | None
    contacts: dict[str, list[tuple[str, str]]]
    letters: Callable[[], set[str]]  # every character that stands in the problem list
    uscc: dict[str, str] = field(default_factory=dict)
    leads: list[LeadLine] = field(default_factory=list)
    spot_checks: list[CheckLine] = field(default_factory=list)

    @property
    def s(self) -> dict[str, Any]:
        return self.run.summary

    @property
    def label(self) -> str:
        return words.period(self.key)

    @property
    def year(self) -> str:
        return self.key[:4]

    @cached_property
    def text(self) -> str:
        """Everything of the period that could be printed: all its reports are set in one cut of the typeface."""
        portals = (f"{p.unit}{p.title}{p.last_reason}" for p in self.portals)
        leads = (lead.message for lead in self.leads)
        units = (f"{u.name}{u.grade}" + "".join(i.title + i.formula for i in u.indicators) for u in self.units)
        named = (name for people in self.contacts.values() for _, name in people)
        summary = json.dumps(self.s, ensure_ascii=False)
        return "".join(sorted(set("".join([self.region, summary, *self.letters(), *leads, *portals, *units, *named]))))

    @property
    def as_of(self) -> str:
        return words.day(self.run.as_of)

    @property
    def span(self) -> str:
        return f"{words.day(self.s['first'])}至{words.day(self.s['last'])}"

    @property
    def limit(self) -> str:
        """7 个工作日 — or the word for it when kinds or clocks have different ones."""
        days = {limit["days"] for limit in self.s["limits"]}
        return f"{days.pop()} 个工作日" if len(days) == 1 else "规定的时限"

    @cached_property
    def codes(self) -> dict[str, str]:
        """The word for each finding code: ours, or the title of a check that has none."""
        return words.check_titles(self.s.get("checks") or {})

    @property
    def limits(self) -> list[tuple[str, int, str]]:
        """What must be done, in how many working days, by which law; kinds with the same limit stand together."""
        grouped: dict[tuple[str, int, str], list[str]] = {}
        for limit in self.s["limits"]:
            key = ("公示" if limit["what"] == "publish" else "报送", limit["days"], limit["basis"])
            grouped.setdefault(key, []).append(words.of(words.KINDS, limit["kind"]))
        return [("、".join(kinds) + what, days, basis) for (what, days, basis), kinds in grouped.items()]

    @property
    def sealed(self) -> bool:
        return self.run.sealed_at is not None

    @cached_property
    def totals(self) -> dict[str, Counts]:
        return {kind: Counts(self.s["totals"][kind]) for kind in ("licence", "penalty", "all")}

    @cached_property
    def lines(self) -> list[tuple[str, Counts]]:
        return [(words.KINDS[kind], counts) for kind, counts in self.totals.items()]

    @cached_property
    def before(self) -> dict[str, Counts] | None:
        previous = self.s["previous"]
        return None if previous is None else {k: Counts(v) for k, v in previous["totals"].items()}

    @property
    def before_label(self) -> str:
        return words.period(self.s["previous"]["period"]) if self.s["previous"] else ""

    def compared(self, kind: str, rate: str) -> str:
        """较上期上升 1.2 个百分点 — or nothing when there is no last period or nothing to count."""
        if self.before is None:
            return ""
        now, then = getattr(self.totals[kind], rate).value, getattr(self.before[kind], rate).value
        if now is None or then is None:
            return ""
        points = round((now - then) * 100, 1)
        return "与上期持平" if points == 0 else f"较上期{'上升' if points > 0 else '下降'} {abs(points):.1f} 个百分点"

    @cached_property
    def leads_by_title(self) -> list[tuple[str, int, int]]:
        """Title, units concerned, leads."""
        titles = dict.fromkeys(lead.title for lead in self.leads)
        return [
            (title, len({line.unit_id for line in mine}), len(mine))
            for title in titles
            for mine in [[lead for lead in self.leads if lead.title == title]]
        ]

    @cached_property
    def ranked(self) -> list[UnitLine]:
        return [unit for unit in self.units if unit.ranked]

    @cached_property
    def unranked(self) -> list[UnitLine]:
        return [unit for unit in self.units if not unit.ranked and unit.assessed]

    @cached_property
    def vetoed(self) -> list[UnitLine]:
        """Units with open veto leads, in the order of the ranking."""
        return [unit for unit in self.units if unit.veto]

    @cached_property
    def in_order(self) -> list[UnitLine]:
        """Units as units.yml lists them, for tables that are no ranking."""
        return sorted(self.units, key=lambda unit: unit.position)

    @property
    def best(self) -> list[UnitLine]:
        return self.ranked[:SENTENCE_UNITS]

    @property
    def worst(self) -> list[UnitLine]:
        """The last of the ranking, last first; never one that also stands among the best."""
        return self.ranked[SENTENCE_UNITS:][::-1][:SENTENCE_UNITS]

    @property
    def best_more(self) -> int:
        """How many further units have the same score as the last of the best: three names of thirteen equals need saying."""
        return _tied(self.best, self.ranked)

    @property
    def worst_more(self) -> int:
        """The same at the other end, not counting who stands among the best."""
        return _tied(self.worst, self.ranked[SENTENCE_UNITS:])

    @cached_property
    def grades(self) -> list[tuple[str, int]]:
        counted = Counter(unit.grade for unit in self.ranked)
        return [(grade["name"], counted[grade["name"]]) for grade in self.s["scheme"]["grades"]]

    @property
    def mean(self) -> float | None:
        totals = [unit.total for unit in self.ranked if unit.total is not None]
        return sum(totals) / len(totals) if totals else None

    def focus(self, kind: str) -> list[tuple[str, Rate]]:
        """Units whose late rate is above the line, worst first, if they have data enough to be judged by a rate."""
        rates = [(unit.name, getattr(unit, kind).late_rate) for unit in self.units]
        least = self.s["scheme"]["minimum_due"]
        named = [(name, rate) for name, rate in rates if rate.n >= least and (rate.value or 0) > FOCUS_LATE]
        return sorted(named, key=lambda pair: (-(pair[1].value or 0), pair[0]))

    def most(self, kind: str, count: str) -> list[tuple[str, int]]:
        """Units with most of one count, at most three."""
        named = [(unit.name, int(getattr(getattr(unit, kind), count))) for unit in self.units]
        return sorted(((n, c) for n, c in named if c), key=lambda pair: (-pair[1], pair[0]))[:SENTENCE_UNITS]

    @cached_property
    def findings(self) -> list[FindingLine]:
        """The lines of the problem list."""
        return self.listed(None)

    @property
    def accused(self) -> int:
        return _number(tally for tally in self.tallies if tally.accusing)

    @property
    def questions(self) -> int:
        return _number(tally for tally in self.tallies if tally.level == "question")

    @property
    def proven(self) -> int:
        return _number(tally for tally in self.tallies if tally.proven)

    @cached_property
    def by_code(self) -> list[dict[str, Any]]:
        """One line per finding code that occurs: units concerned, problems, warnings, questions, confirmed."""
        lines = []
        for code, title in self.codes.items():
            mine = [tally for tally in self.tallies if tally.code == code]
            if mine:
                levels = {level: _number(tally for tally in mine if tally.level == level) for level in SHOWN}
                lines.append({
                    "code": code, "title": title, "units": len({tally.unit_id for tally in mine}),
                    "accused_units": len({tally.unit_id for tally in mine if tally.accusing}),
                    "fail": levels["fail"], "warn": levels["warn"], "question": levels["question"], "n": _number(mine),
                    "accused": levels["fail"] + levels["warn"],
                    "proven": _number(tally for tally in mine if tally.proven),
                })  # fmt: skip
        return lines

    @cached_property
    def matrix_codes(self) -> list[tuple[str, str]]:
        """The codes that somebody is accused of: columns of the unit matrix."""
        return [(line["code"], line["title"]) for line in self.by_code if line["accused"]]

    @property
    def matrix_totals(self) -> list[tuple[str, int]]:
        return [(line["code"], line["accused"]) for line in self.by_code if line["accused"]]

    @cached_property
    def imperfect(self) -> list[PortalLine]:
        """Portals that were not seen whole on every look, worst first."""
        faulty = [portal for portal in self.portals if portal.complete < len(portal.looks) or not portal.looks]
        return sorted(faulty, key=lambda p: (p.complete / len(p.looks) if p.looks else 0.0, p.unit, p.id))

    @property
    def perfect(self) -> int:
        """How many portals were seen whole on every look."""
        return len(self.portals) - len(self.imperfect)

    @cached_property
    def never(self) -> list[PortalLine]:
        return [portal for portal in self.imperfect if portal.complete == 0]

    @cached_property
    def looks_by_group(self) -> list[tuple[str, int]]:
        counted = Counter(look.group for portal in self.portals for look in portal.looks)
        return [(group, counted[group]) for group in dict.fromkeys(words.OUTCOME_CLASSES.values())]

    @property
    def look_days(self) -> list[datetime.date]:
        return sorted({look.day for portal in self.portals for look in portal.looks})

    @property
    def looks(self) -> int:
        return sum(len(portal.looks) for portal in self.portals)

    def find(self, unit: str) -> UnitLine:
        """One unit by id or name. Raises Refused with the nearest name."""
        for line in self.units:
            if unit in (line.id, line.name):
                return line
        raise Refused(f"--unit：{self.key} 的评估中没有单位 {unit}{nearest(unit, [u.id for u in self.units])}")

    def of_unit(self, unit: UnitLine) -> UnitReport:
        """What the scorecard of one unit says."""
        return UnitReport(
            unit,
            self.listed(unit.id),
            [portal for portal in self.portals if portal.unit_id == unit.id],
            self.contacts.get(unit.id, []),
            [lead for lead in self.leads if lead.unit_id == unit.id],
        )


@dataclass(frozen=True)
class UnitReport:
    """One unit's part of a period."""

    line: UnitLine
    findings: list[FindingLine]
    portals: list[PortalLine]
    contacts: list[tuple[str, str]]
    leads: list[LeadLine]

    @property
    def accused(self) -> int:
        return sum(line.level in ACCUSING for line in self.findings)

    @property
    def questions(self) -> int:
        return sum(line.level == "question" for line in self.findings)

    @property
    def proven(self) -> int:
        return sum(line.proven for line in self.findings)

    @property
    def by_title(self) -> list[tuple[str, int]]:
        """Problems, warnings and questions of each type."""
        return list(Counter(line.title for line in self.findings).most_common())

    @property
    def headline(self) -> list[FindingLine]:
        """What fits on the card: leads to a veto first, then proven ones, suspicions, questions; of each type one before
        the second of any.
        """
        vetoes = {title for title, _, _ in self.line.veto}
        seen: Counter[str] = Counter()

        def place(finding: FindingLine) -> tuple[Any, ...]:
            seen[finding.code] += 1
            return (
                finding.level == "question", seen[finding.code], finding.title not in vetoes, not finding.proven,
                finding.number,
            )  # fmt: skip

        return sorted(self.findings, key=place)[:HEADLINE]

    @property
    def more(self) -> int:
        return max(0, len(self.findings) - HEADLINE)


def _tied(named: list[UnitLine], among: list[UnitLine]) -> int:
    """Units with the score of the last one named that are not named themselves."""
    return sum(unit.total == named[-1].total for unit in among if unit not in named) if named else 0


def assessed_run(session: Session, period: str) -> PeriodRun:
    """The latest assessment of a period. Raises Refused when there is none."""
    run = session.get(PeriodRun, period)
    if run is None:
        known = session.scalars(select(PeriodRun.period).order_by(PeriodRun.period)).all()
        told = f"已评估：{'、'.join(known)}" if known else "目前没有任何已评估的期次"
        raise Refused(f"--period：{period} 尚未评估（{told}）。请先运行 mingcha assess --period {period}")
    return run


def period_report(session: Session, workspace: Workspace, period: str) -> PeriodReport:
    """Everything reports can say of one assessed period. Raises Refused when it was not assessed."""
    run = assessed_run(session, period)
    units = {unit.id: unit for unit in session.scalars(select(Unit).order_by(Unit.position, Unit.id))}
    portals = _portals(session, run, units)
    titles = {portal.id: portal.title for portal in portals}
    grounds: dict[str, str] = run.summary.get("ground_titles") or {}
    checks = run.summary.get("checks") or {}
    codes = words.check_titles(checks)
    tallies = _tallies(session, period, units, codes)

    def listed(unit: str | None) -> list[FindingLine]:
        with session_of(workspace) as reading:
            return _findings(reading, period, unit, units, tallies, titles, grounds, codes, checks)

    def letters() -> set[str]:
        with session_of(workspace) as reading:
            return _letters(reading, period)

    return PeriodReport(
        region=workspace.settings.region.name,
        key=period,
        run=run,
        units=_units(session, run, units, tallies, codes),
        tallies=tallies,
        listed=listed,
        letters=letters,
        portals=portals,
        mending=_mending(session, run),
        contacts={unit.id: _contacts(unit) for unit in units.values()},
        uscc={unit.id: unit.uscc for unit in units.values() if unit.uscc},
        leads=_leads(run, units),
        spot_checks=_spot_checks(session, period),
    )


def _spot_checks(session: Session, period: str) -> list[CheckLine]:
    """The period's spot checks of which results were handed in."""
    drawn: dict[str, list[str | None]] = defaultdict(list)
    asked = select(SpotCheckItem.check_id, SpotCheckItem.outcome).join(SpotCheck).where(SpotCheck.period == period)
    for check, outcome in session.execute(asked):
        drawn[check].append(outcome)
    frames = (
        select(SpotCheck.id, SpotCheck.frame).where(SpotCheck.period == period).order_by(SpotCheck.at, SpotCheck.id)
    )
    lines = [
        CheckLine(
            words.of(words.FRAMES, frame), len(drawn[check]),
            sum(outcome not in (None, "outside") for outcome in drawn[check]),
            sum(outcome in ("wrong", "not_produced") for outcome in drawn[check]),
        )
        for check, frame in session.execute(frames)
    ]  # fmt: skip
    return [line for line in lines if line.checked]


def _leads(run: PeriodRun, units: dict[str, Unit]) -> list[LeadLine]:
    lines = [
        LeadLine(
            lead["unit"], units[lead["unit"]].name if lead["unit"] in units else lead["unit"],
            words.of(words.KINDS, lead["kind"]), words.of(words.LEADS, lead["lead"]), lead["n"], lead["message"],
        )
        for lead in run.summary.get("leads") or ()
    ]  # fmt: skip
    place = {unit_id: number for number, unit_id in enumerate(units)}
    return sorted(lines, key=lambda line: (place.get(line.unit_id, len(place)), line.kind, line.title, line.message))


def _shown(period: str) -> tuple[ColumnElement[bool], ...]:
    return Finding.period == period, Finding.level.in_(SHOWN)


_Place = Callable[[str, str, str], tuple[Any, ...]]


def _placed(units: dict[str, Unit], codes: dict[str, str]) -> _Place:
    """Where a unit's findings of a level and code stand in the problem list."""
    order = {code: number for number, code in enumerate(codes)}
    levels = {level: number for number, level in enumerate(SHOWN)}

    def place(unit_id: str, level: str, code: str) -> tuple[Any, ...]:
        unit = units.get(unit_id)
        return unit.position if unit else 10**6, unit_id, levels[level], order.get(code, 99), code

    return place


def _tallies(session: Session, period: str, units: dict[str, Unit], codes: dict[str, str]) -> list[Tally]:
    what = (Finding.unit_id, Finding.code, Finding.level, Finding.state)
    counted = session.execute(select(*what, func.count()).where(*_shown(period)).group_by(*what))
    place = _placed(units, codes)
    return sorted(
        (Tally(*row) for row in counted), key=lambda tally: (place(tally.unit_id, tally.level, tally.code), tally.state)
    )


def _letters(session: Session, period: str) -> set[str]:
    columns = (Finding.document_number, Finding.counterparty, Finding.message, Finding.basis)
    found: set[str] = set("".join(words.STATES.values()))
    for row in session.execute(select(*columns).where(*_shown(period)).execution_options(yield_per=10_000)):
        for said in row:
            found.update(said or "")
    return found


def _findings(
    session: Session, period: str, only: str | None, units: dict[str, Unit], tallies: list[Tally],
    portals: dict[str, str], grounds: dict[str, str], codes: dict[str, str], checks: dict[str, Any],
) -> list[FindingLine]:  # fmt: skip
    """The problem list, or one unit's part of it with the numbers it has there."""
    asked = select(Finding).where(*_shown(period))
    before = 0
    if only is not None:
        asked = asked.where(Finding.unit_id == only)
        earlier = itertools.takewhile(lambda tally: tally.unit_id != only, tallies)
        before = _number(earlier)
    of_code = _placed(units, codes)

    def place(row: Finding) -> tuple[Any, ...]:
        day, number = row.decision_date or datetime.date.max, row.document_number or ""
        return of_code(row.unit_id, row.level, row.code), day, number, row.finding_id

    lines = []
    for number, row in enumerate(sorted(session.scalars(asked), key=place), before + 1):
        unit = units.get(row.unit_id)
        received = None if row.received_at is None else row.received_at.date()
        interval = words.interval(row.published_from, row.published_to) if row.code not in OF_COLUMNS else ""
        appeared = interval if row.code in SHOWN_WHEN else ""
        actual = words.iso(received) if row.code == "submitted_late" else words.NEVER.get(row.code, appeared)
        proof = row.proof or {}
        lines.append(FindingLine(
            number=f"{period.replace('-', '')}-{number:04d}",
            unit_id=row.unit_id,
            unit=unit.name if unit else row.unit_id,
            kind=words.of(words.KINDS, row.kind),
            code=row.code,
            title=words.of(codes, row.code),
            level=row.level,
            level_title=words.LEVELS[row.level],
            document_number=row.document_number or "",
            counterparty=row.counterparty or "",
            decision_date=row.decision_date,
            due_date=row.due_date,
            actual=actual,
            days_late=row.days_late,
            message=row.message,
            basis=row.basis,
            url=row.url or "",
            portal=portals.get(row.portal_id or "", row.portal_id or ""),
            evidence=_evidence(row, proof),
            proof=row.finding_id,
            state=words.of(words.STATES, row.state),
            proven=row.level in ACCUSING and row.state not in UNPROVEN,
            interval=interval,
            received=words.iso(received),
            pairing=proof.get("rule_title") or "",
            check=f"{proof['check']} v{proof['version']}" if proof.get("check") else "",
            exemptions="；".join(part for part in (
                "、".join(words.of(grounds, ground) for ground in checks.get(row.code, {}).get("exemptions_tested", ())),
                *(proof.get("registers") or {}).values(),
            ) if part),
            provisional=bool(proof.get("provisional")),
            cure=proof.get("cure") or "",
            review=_review(proof.get("review")),
        ))  # fmt: skip
    return lines


def _evidence(row: Finding, proof: dict[str, Any]) -> str:
    """The page's snapshot. What was not there has none: the whole looks that did not show it stand for it, and the last look
    for what was found of a column; for what was reported the record itself.
    """
    looks = (proof.get("facts") or {}).get("proof_looks") if row.code in UNSEEN else None
    if row.evidence or looks:
        return row.evidence or f"完整查看 {looks}"
    if row.code in OF_COLUMNS:
        return f"查看 {proof['crawl']}" if proof.get("crawl") else ""
    return f"报送记录 {proof['submitted']}" if proof.get("submitted") else ""


def _review(told: dict[str, Any] | None) -> str:
    if told is None:
        return ""
    basis = f"（依据：{told['basis']}）" if told.get("basis") else ""
    return f"{told['at'][:10]} {told['actor']}：{told.get('reason') or '已认定'}{basis}"


def _portals(session: Session, run: PeriodRun, units: dict[str, Unit]) -> list[PortalLine]:
    first = datetime.date.fromisoformat(run.summary["first"])
    looks: dict[str, list[Look]] = defaultdict(list)
    statement = (
        select(Coverage)
        .where(
            Coverage.looked_at >= _midnight(first), Coverage.looked_at < _midnight(run.as_of + datetime.timedelta(1))
        )
        .order_by(Coverage.looked_at, Coverage.crawl_id)
    )
    for row in session.scalars(statement):
        group = words.OUTCOME_CLASSES.get(row.outcome, "系统故障")
        looks[row.portal_id].append(Look(row.looked_at.date(), row.outcome, group, row.reason))
    last = run.summary["coverage"]["last_complete"]
    rows = [portal for portal in session.scalars(select(Portal)) if portal.active or portal.id in looks]
    rows.sort(key=lambda p: (units[p.unit_id].position if p.unit_id in units else 10**6, p.id))
    return [
        PortalLine(
            row.id, row.title, row.unit_id, units[row.unit_id].name if row.unit_id in units else row.unit_id,
            words.of(words.KINDS, row.kind), words.of(words.CHANNELS, row.channel), row.url, looks[row.id],
            last.get(row.id),
        )
        for row in rows
    ]  # fmt: skip


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), SHANGHAI)


def _units(
    session: Session, run: PeriodRun, units: dict[str, Unit], tallies: list[Tally], codes: dict[str, str]
) -> list[UnitLine]:
    scores: dict[str, list[Score]] = defaultdict(list)
    statement = select(Score).where(Score.period == run.period).order_by(Score.position, Score.indicator)
    for score in session.scalars(statement):
        scores[score.unit_id].append(score)
    mine: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        mine[tally.unit_id].append(tally)
    history = _history(session, run.period)
    previous = run.summary["previous"]
    ranks = _previous_ranks(session, previous["period"] if previous else None)
    lines = []
    for unit_id, part in run.summary["units"].items():
        unit, found = units.get(unit_id), mine[unit_id]
        accusing = [tally for tally in found if tally.accusing]
        accused: Counter[str] = Counter()
        for tally in accusing:
            accused[tally.code] += tally.n
        total = part["total"]
        lines.append(UnitLine(
            id=unit_id,
            name=unit.name if unit else unit_id,
            level=words.of(words.LEVELS_OF_UNITS, unit.level if unit else None),
            assessed=(unit is None or unit.assessed) and len(scores[unit_id]) > 0,
            rank=part["rank"],
            ranked=part["ranked"],
            total=total,
            grade=part["grade"] or "—",
            due=part["due"],
            licence=Counts(part["licence"]),
            penalty=Counts(part["penalty"]),
            all=Counts(part["all"]),
            found=_number(accusing),
            proven=_number(tally for tally in accusing if tally.proven),
            questions=_number(tally for tally in found if tally.level == "question"),
            previous_total=ranks.get(unit_id, (None, None))[0],
            previous_rank=ranks.get(unit_id, (None, None))[1],
            indicators=[_indicator(score, accusing, codes) for score in scores[unit_id]],
            history=history[unit_id],
            codes=dict(accused),
            position=unit.position if unit else 10**6,
            veto=[
                (words.of(words.VETO, code), n["found"], n["confirmed"])
                for code, n in (part.get("veto_leads") or {}).items()
            ],
        ))  # fmt: skip
    lines.sort(key=lambda u: (not u.ranked, u.rank or 0, not u.assessed, u.position, u.id))
    return lines


def _indicator(score: Score, accusing: Iterable[Tally], titles: dict[str, str]) -> Indicator:
    codes = words.INDICATOR_CODES.get(score.indicator, ())
    mine = [tally for tally in accusing if tally.code in codes]
    # C1 and C2 are about what was reported: a gap on the portal is a warning and counts in neither.
    if score.indicator in ("C1", "C2"):
        mine = [tally for tally in mine if tally.level == "fail"]
    causes: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for tally in mine:
        if tally.proven:
            causes[words.of(titles, tally.code)] += tally.n
            states[words.of(words.STATES, tally.state)] += tally.n
    pending = _number(tally for tally in mine if not tally.proven)
    lost = None if score.points is None else max(0.0, round(score.max_points - score.points, 2))
    reasons = [f"{title} {n} 条" for title, n in causes.most_common()] if lost else []
    if pending:
        reasons.append(f"另有疑似 {pending} 条未计")
    return Indicator(
        score.indicator, score.title, score.points, score.max_points, lost, score.numerator, score.denominator,
        score.excluded, score.formula, "；".join(reasons), "、".join(f"{s} {n}" for s, n in states.most_common()),
    )  # fmt: skip


def _history(session: Session, period: str) -> dict[str, list[tuple[str, float]]]:
    """Totals of the last twelve periods of the same length, oldest first."""
    totals: dict[str, dict[str, float]] = defaultdict(dict)
    statement = select(Score.unit_id, Score.period, Score.total).where(Score.period <= period).distinct()
    for unit_id, key, total in session.execute(statement):
        if len(key) == len(period) and ("Q" in key) == ("Q" in period) and total is not None:
            totals[unit_id][key] = total
    return defaultdict(list, {unit: sorted(found.items())[-12:] for unit, found in totals.items()})


def _previous_ranks(session: Session, period: str | None) -> dict[str, tuple[float | None, int | None]]:
    if period is None:
        return {}
    statement = select(Score.unit_id, Score.total, Score.rank).where(Score.period == period).distinct()
    return {unit: (total, rank) for unit, total, rank in session.execute(statement)}


def _mending(session: Session, run: PeriodRun) -> Mending | None:
    previous = run.summary["previous"]
    if previous is None:
        return None
    statement = select(Finding.state).where(Finding.period == previous["period"], Finding.level.in_(ACCUSING))
    states = [state for state in session.scalars(statement) if state not in UNPROVEN]
    return Mending(
        words.period(previous["period"]),
        len(states),
        sum(s in CLOSED for s in states),
        sum(s in OVERDUE for s in states),
    )


def _contacts(unit: Unit) -> list[tuple[str, str]]:
    roles = {"leader": "分管领导", "liaison": "联络员", "reporter": "信息报送责任人"}
    named = [(title, (unit.contacts or {}).get(role) or {}) for role, title in roles.items()]
    return [(title, str(person["name"])) for title, person in named if person.get("name")]
