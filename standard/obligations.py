"""What the law asks, on a given day: time limits, exemptions, publicity terms. Rows with dates in obligations.yml."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from standard.codes import penalty_families
from standard.errors import Refused
from standard.fields import read_data
from standard.strict_yaml import build, read_yaml


class _Dated(Protocol):
    @property
    def since(self) -> datetime.date: ...

    @property
    def until(self) -> datetime.date | None: ...


Row = TypeVar("Row", bound=_Dated)


@dataclass(frozen=True)
class Limit:
    """A time limit: so many working days after the decision."""

    kind: str = field(metadata={"choices": ("licence", "penalty", "both")})
    what: str = field(metadata={"choices": ("publish", "report")})
    days: int
    unit: str = field(metadata={"choices": ("workday",)})
    since: datetime.date
    until: datetime.date | None
    version: str
    basis: str


@dataclass(frozen=True)
class When:
    """What makes a decision fall under an exemption; every key given must hold."""

    counterparty_type: str | None = None
    procedure: str | None = None
    only_families: list[str] | None = None


@dataclass(frozen=True)
class Exemption:
    """A kind of decision that need not be published, or reported, or both (`duty`)."""

    id: str
    title: str
    kind: str = field(metadata={"choices": ("licence", "penalty", "both")})
    duty: str = field(metadata={"key": "from", "choices": ("publish", "report", "both")})
    when: When
    since: datetime.date
    until: datetime.date | None
    version: str
    basis: str

    def covers(self, record: dict[str, Any]) -> bool:
        """True when this record (canonical keys) falls under the exemption."""
        if self.kind not in ("both", record.get("kind")):
            return False
        when = self.when
        if when.counterparty_type is not None and record.get("counterparty_type") != when.counterparty_type:
            return False
        if when.procedure == "simple" and not simple_procedure(record.get("document_number"), record.get("content")):
            return False
        if when.only_families is not None:
            found = penalty_families(record.get("category"))
            return len(found) > 0 and all(family in when.only_families for family in found)
        return True


@dataclass(frozen=True)
class Term:
    """How long a penalty of a class stays up, in months from the decision."""

    kind: str
    cls: str = field(metadata={"key": "class", "choices": ("minor", "general", "serious")})
    min_months: int
    max_months: int
    since: datetime.date
    until: datetime.date | None
    version: str
    basis: str


@dataclass(frozen=True)
class Withdrawal:
    """How soon a record must be taken down once the ground exists."""

    ground: str
    days: int
    unit: str
    since: datetime.date
    until: datetime.date | None
    version: str
    basis: str


@dataclass(frozen=True)
class Obligations:
    """All rows of one obligations file; `version` names it in findings."""

    version: str
    limits: list[Limit]
    exemptions: list[Exemption] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)

    def limit(self, kind: str, what: str = "publish", on: datetime.date | None = None) -> Limit:
        """The limit in force on that day (the decision date). Before the first row, the first row's."""
        rows = [row for row in self.limits if row.what == what and row.kind in ("both", kind)]
        if len(rows) == 0:
            raise Refused(f"obligations.yml：没有 {kind} 的 {what} 时限，请在 limits 中补充")
        current = _in_force(rows, on)
        return max(current, key=lambda row: row.since) if current else min(rows, key=lambda row: row.since)

    def exempting(self, on: datetime.date | None = None) -> list[Exemption]:
        """The exemptions in force on that day, in file order."""
        return _in_force(self.exemptions, on)

    def exemption_of(self, record: dict[str, Any], duty: str) -> Exemption | None:
        """The first exemption from a duty ("publish" | "report") that covers the record on its decision date."""
        for row in self.exempting(record.get("decision_date")):
            if row.duty in ("both", duty) and row.covers(record):
                return row
        return None

    def term(self, kind: str, cls: str = "general", on: datetime.date | None = None) -> Term | None:
        """The publicity term of a class of decisions on that day; None when there is none."""
        rows = _in_force([row for row in self.terms if row.kind == kind and row.cls == cls], on)
        return max(rows, key=lambda row: row.since) if rows else None

    def withdrawal(self, ground: str, on: datetime.date | None = None) -> Withdrawal | None:
        """How soon a record must go: ground "repaired" or "annulled"."""
        rows = _in_force([row for row in self.withdrawals if row.ground == ground], on)
        return max(rows, key=lambda row: row.since) if rows else None


def _in_force(rows: Sequence[Row], on: datetime.date | None) -> list[Row]:
    if on is None:
        return [row for row in rows if row.until is None]
    return [row for row in rows if row.since <= on and (row.until is None or on < row.until)]


SIMPLE_NUMBER = re.compile(r"简罚|当罚|当行罚|当场罚|简决|简易罚")
SIMPLE_CONTENT = re.compile(r"简易程序|当场(?:作出)?(?:行政)?处罚")


def simple_procedure(document_number: str | None, content: str | None) -> bool:
    """True when the number or the text shows the simplified procedure (当场处罚)."""
    if document_number and SIMPLE_NUMBER.search(document_number):
        return True
    return bool(content) and SIMPLE_CONTENT.search(content or "") is not None


def load(file: Path | None = None) -> Obligations:
    """The shipped obligations, or those of a file of the same shape. Raises Refused with every fault."""
    return _shipped() if file is None else _read(read_yaml(file), str(file))


@lru_cache(maxsize=1)
def _shipped() -> Obligations:
    return _read(read_data("obligations.yml"), "standard/obligations.yml")


def _read(content: Any, where: str) -> Obligations:
    faults: list[str] = []
    built = build(Obligations, content, where, faults)
    if built is None:
        raise Refused(*faults)
    return built
