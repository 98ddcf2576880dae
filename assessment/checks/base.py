"""What a check is made of: its metadata, its outcomes, and the table of cases it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from assessment.checks.examples import EXAMPLES, Example
from assessment.engine import Column, Engine, F, Frame

DEADLINE = "国办发〔2015〕51号第十八条；发改电〔2015〕557号"
DIMENSIONS = {
    "timeliness": "及时性",
    "completeness": "全面性",
    "content": "合规性",
    "consistency": "准确性",
    "catalogue": "目录管理",
    "portals": "专栏运行",
}


@dataclass(frozen=True)
class Outcome:
    """One way a check can end: its level, when, what it says (`{name}` is a column), and the days it computed."""

    level: str
    when: Column
    message: str
    days_late: Column | None = None


def fail(when: Column, message: str, days_late: Column | None = None) -> Outcome:
    return Outcome("fail", when, message, days_late)


def warn(when: Column, message: str, days_late: Column | None = None) -> Outcome:
    return Outcome("warn", when, message, days_late)


def question(when: Column, message: str) -> Outcome:
    """A person must look: what we saw does not decide it."""
    return Outcome("question", when, message)


def other(level: Literal["not_due", "exempt", "unknown"], when: Column, message: str) -> Outcome:
    return Outcome(level, when, message)


class Case:
    """A row of cases as expressions: `case.report_late` is that column."""

    def __getattr__(self, name: str) -> Column:
        if name.startswith("_"):
            raise AttributeError(name)
        return F.col(name)


Body = Callable[[Case], Iterator[Outcome]]


@dataclass(frozen=True)
class Check:
    """One check with its metadata. `over`: the case table; `limit`: whose deadline gives due day and dated basis.

    `skips_settled`: it never has a word to say about a decision that is plainly in order (assessment/settled.py). A check that
    cannot promise that sees every decision, and the judge takes the long way for all of them.
    """

    id: str
    title: str
    dimension: str
    basis: str
    version: int
    explanation: str
    cure: str
    over: str = "cases"
    limit: Literal["publish", "report"] | None = None
    skips_settled: bool = False
    body: Body = field(default=lambda case: iter(()), compare=False)

    @property
    def examples(self) -> tuple[Example, ...]:
        """What is found and what is not, in a unit's words."""
        return EXAMPLES.get(self.id, ())

    def outcomes(self) -> list[Outcome]:
        return list(self.body(Case()))

    def apply(self, engine: Engine, columns: list[str]) -> Frame:
        """The rows of the case table that this check has something to say about, each with its first outcome."""
        rows = engine.table(self.over)
        outcomes = self.outcomes()
        chosen = F.when(outcomes[0].when, F.lit(0))
        for number, outcome in enumerate(outcomes[1:], start=1):
            chosen = chosen.when(outcome.when, F.lit(number))
        rows = rows.withColumn("outcome", chosen).where(F.col("outcome").isNotNull())
        days = F.lit(None).cast("bigint")
        for number, outcome in enumerate(outcomes):
            if outcome.days_late is not None:
                days = F.when(F.col("outcome") == number, outcome.days_late).otherwise(days)
        return rows.withColumn("days_late", days).select(*columns, "outcome", "days_late")


_registry: dict[str, list[Check]] = {}


def check(
    code: str,
    *,
    dimension: str,
    title: str,
    basis: str,
    version: int,
    cure: str,
    over: str = "cases",
    limit: Literal["publish", "report"] | None = None,
    skips_settled: bool = False,
) -> Callable[[Body], Check]:
    """Register a function as the check of one finding code. Its docstring is the explanation for the unit concerned."""

    def wrap(body: Body) -> Check:
        explanation = " ".join((body.__doc__ or "").split())
        made = Check(code, title, dimension, basis, version, explanation, cure, over, limit, skips_settled, body)
        _registry.setdefault(body.__module__, []).append(made)
        return made

    return wrap


def registered(module: str) -> list[Check]:
    return _registry.get(module, [])
