"""Scoring schemes: indicators, points, bounds and grades as data (schemes/<name>.yml)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from assessment.checks import all_checks
from standard.errors import Refused
from standard.strict_yaml import build_or_refuse, nearest, parse_yaml

RULES = ("missing", "catalogue", "rate", "steps", "columns", "rectification", "findings")
RATES = ("publish_on_time", "report_on_time", "compliant", "fields_filled", "consistent")


@dataclass(frozen=True)
class Grade:
    name: str
    min: float


@dataclass(frozen=True)
class Indicator:
    """One indicator. `rule` names the way of counting; the other keys are its bounds.

    missing:  the larger of per_record × missing and points × (missing rate ÷ slope)         of: report | publish
    rate:     full from `full_at`, below it points × rate                                   of: one of RATES
              `late_after`: counted as late only beyond so many working days after the decision (some places: 20)
    steps:    [[rate, share of the points], …], the first step that is reached               of: one of RATES
    catalogue: `share` points for a catalogue, the rest for items with records or a declaration
    columns:  nothing when a column is missing or unusable, else −per_empty for each empty one, −per_dead for each dead link,
              −per_undated for each whose entries bear no date
    findings: per_record off for each confirmed finding of one of `codes`
    rectification: `share` points for closing in time, the rest for passing the re-check
    """

    id: str
    title: str
    points: float
    rule: str = field(metadata={"choices": RULES})
    of: str | None = None
    per_record: float = 0.0
    slope: float = 1.0
    full_at: float = 1.0
    steps: list[list[float]] = field(default_factory=list)
    share: float = 0.0
    per_empty: float = 0.0
    per_dead: float = 0.0
    per_undated: float = 0.0
    late_after: int | None = None
    codes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.points <= 0:
            raise ValueError("points 应大于 0")
        if not (0 < self.slope <= 1 and 0 < self.full_at <= 1):
            raise ValueError("slope、full_at 应在 0 与 1 之间")
        if self.rule in ("rate", "steps") and self.of not in RATES:
            raise ValueError(f"rule: {self.rule} 需要 of，可用：{'、'.join(RATES)}")
        if self.rule == "missing" and self.of not in ("report", "publish"):
            raise ValueError("rule: missing 需要 of，可用：report、publish")
        if self.rule == "findings":
            known = [check.id for check in all_checks()]
            wrong = [f"{code}{nearest(code, known)}" for code in self.codes if code not in known]
            if wrong:
                raise ValueError(f"codes 中没有检查项：{'、'.join(wrong)}")
            if not self.codes or self.per_record <= 0:
                raise ValueError("rule: findings 需要 codes 与大于 0 的 per_record")
        if self.late_after is not None and (
            self.rule not in ("rate", "steps")
            or self.of not in ("publish_on_time", "report_on_time")
            or self.late_after < 1
        ):
            raise ValueError("late_after 应为大于 0 的工作日数，只用于 of: publish_on_time 或 report_on_time")
        if any(len(step) != 2 for step in self.steps):
            raise ValueError("steps 的每一级应为 [比率, 得分比例]")
        if self.share > self.points:
            raise ValueError("share 不能大于 points")


@dataclass(frozen=True)
class Scheme:
    name: str
    title: str
    version: str
    effective: datetime.date
    basis: str
    grades: list[Grade]
    indicators: list[Indicator]
    disclaimer: str = ""
    minimum_due: int = 10
    veto: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        ids = [indicator.id for indicator in self.indicators]
        if len(set(ids)) < len(ids):
            raise ValueError("indicators 的 id 不能重复")
        known = [check.id for check in all_checks()] + ["zero_reporting"]
        wrong = [f"{code}{nearest(code, known)}" for code in self.veto if code not in known]
        if wrong:
            raise ValueError(f"veto 中没有检查项：{'、'.join(wrong)}")
        if len(self.indicators) == 0 or len(self.grades) == 0:
            raise ValueError("indicators 与 grades 不能为空")

    @property
    def late_lines(self) -> list[int]:
        """The lines of its own beyond which the scheme counts a record as late."""
        return sorted({one.late_after for one in self.indicators if one.late_after is not None})

    @property
    def full(self) -> float:
        return sum(indicator.points for indicator in self.indicators)

    def grade(self, total: float) -> str:
        """The best grade whose bound the total reaches."""
        ordered = sorted(self.grades, key=lambda grade: -grade.min)
        return next((grade.name for grade in ordered if total >= grade.min), ordered[-1].name)

    def describe(self) -> dict[str, Any]:
        """What reports print about the scheme."""
        return {
            "name": self.name,
            "title": self.title,
            "version": self.version,
            "basis": self.basis,
            "effective": self.effective.isoformat(),
            "disclaimer": self.disclaimer,
            "minimum_due": self.minimum_due,
            "grades": [{"name": grade.name, "min": grade.min} for grade in self.grades],
            "indicators": [
                {"id": one.id, "title": one.title, "points": one.points, "rule": rule_text(one)}
                for one in self.indicators
            ],
        }


def rule_text(one: Indicator) -> str:
    """The rule in words."""
    if one.rule == "missing":
        return f"每条扣 {one.per_record:g} 分，或按缺失率÷{one.slope:.0%}×{one.points:g} 分，取大者，扣完为止"
    if one.rule == "rate":
        own = f"（超过 {one.late_after} 个工作日才计为迟）" if one.late_after else ""
        return f"{own}达到 {one.full_at:.0%} 得满分，否则 {one.points:g}×比率"
    if one.rule == "steps":
        steps = "；".join(f"达到 {bound:.0%} 得 {one.points * share:g} 分" for bound, share in one.steps)
        own = f"（超过 {one.late_after} 个工作日才计为迟）" if one.late_after else ""
        return f"{own}{steps}；其余不得分"
    if one.rule == "findings":
        return f"每条查实的问题扣 {one.per_record:g} 分，扣完为止（{'、'.join(one.codes)}）"
    if one.rule == "catalogue":
        return f"有目录 {one.share:g} 分；目录事项均有记录或零申报 {one.points - one.share:g} 分"
    if one.rule == "columns":
        return "专栏缺失或长期不可用不得分；" + "，".join(
            f"{what}每个扣 {points:g} 分"
            for what, points in (
                ("空白且未零申报", one.per_empty),
                ("打不开的链接或附件", one.per_dead),
                ("内容不标日期的列表", one.per_undated),
            )
            if points
        )
    return f"按期整改率×{one.share:g} 分＋复核通过率×{one.points - one.share:g} 分；无查实问题得满分"


def read(text: str, where: str) -> Scheme:
    """A scheme from its text. Raises Refused with every fault."""
    return build_or_refuse(Scheme, parse_yaml(text, where), where)


def text_of(file: Path | None, folder: Path) -> tuple[str, str]:
    """(text, name of its place): the given file, else the workspace's default.yml, else the shipped one."""
    if file is None:
        own = folder / "default.yml"
        if not own.is_file():
            return resources.files("assessment").joinpath("schemes/default.yml").read_text(
                encoding="utf-8"
            ), "schemes/default.yml"
        file = own
    if not file.is_file():
        raise Refused(f"{file}：评分方案文件不存在，请检查 --scheme")
    return file.read_text(encoding="utf-8-sig"), str(file)
