"""What the law asks, on a given day: time limits, exemptions, publicity terms. Rows with dates in obligations.yml."""

from __future__ import annotations

import datetime
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, TypeVar

from standard.codes import penalty_families
from standard.errors import Refused
from standard.fields import read_data
from standard.strict_yaml import build, parse_yaml, read_text, read_yaml


class _Dated(Protocol):
    @property
    def since(self) -> datetime.date: ...

    @property
    def until(self) -> datetime.date | None: ...


Row = TypeVar("Row", bound=_Dated)
MOST_DAYS = 120
SHIPPED = "standard/obligations.yml"


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
    title_words: list[str] | None = (
        None  # in the document's title, at the end of the case's name, or the content begins with it
    )
    item_words: list[str] | None = None  # one of them in the item's name

    @property
    def worded(self) -> bool:
        return self.title_words is not None or self.item_words is not None

    @property
    def patterns(self) -> tuple[str | None, str | None]:
        """Regular expressions of title_words and item_words."""
        one, other = (
            None if words is None else "|".join(map(re.escape, words)) for words in (self.title_words, self.item_words)
        )
        return one, other

    @property
    def named(self) -> str:
        """Of a case's name that is the paper's title; 不履行、违反责令改正通知书 is what somebody is punished for."""
        before = "[^未拒逾行守从反]|[^执履]行|[^遵]守|[^服]从|[^违]反"
        return f"^(?:[^未拒逾]*(?:{before}))?(?:{self.patterns[0]})$"

    def says(self, record: dict[str, Any]) -> bool:
        """Whether the words stand where they must."""
        if self.title_words is not None:
            title, content = record.get("document_title") or "", record.get("content") or ""
            own = re.search(self.named, record.get("case_name") or "") is not None
            if not own and not any(word in title or content.startswith(word) for word in self.title_words):
                return False
        if self.item_words is not None:
            items = [record.get(name) or "" for name in ("case_name", "licence_name")]
            return any(word in item for word in self.item_words for item in items)
        return True


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

    def covers(self, record: dict[str, Any], said: Container[str] | None = None) -> bool:
        """True when this record (canonical keys) falls under the exemption.

        `said`: the ids of the exemptions whose words the record is known to bear; None: look at the record itself.
        """
        if self.kind not in ("both", record.get("kind")):
            return False
        when = self.when
        if when.counterparty_type is not None and record.get("counterparty_type") != when.counterparty_type:
            return False
        if when.procedure == "simple" and not simple_procedure(record.get("document_number"), record.get("content")):
            return False
        if when.only_families is not None:
            found = penalty_families(record.get("category"))
            if len(found) == 0 or any(family not in when.only_families for family in found):
                return False
        if not when.worded:
            return True
        return when.says(record) if said is None else self.id in said


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
class Window:
    """A public window that decisions must stand in beside any other: missing there is a fault if `strict`, else a question."""

    kind: str = field(metadata={"choices": ("licence", "penalty", "both")})
    channel: str = field(metadata={"choices": ("department", "government", "credit")})
    strict: bool
    since: datetime.date
    until: datetime.date | None
    version: str
    basis: str


@dataclass(frozen=True)
class Regime:
    """Another time limit that is in force somewhere: told, not judged, unless the office puts it under `limits`."""

    title: str
    what: str = field(metadata={"choices": ("publish", "report", "withdraw", "count_late")})
    days: int | None
    unit: str
    since: datetime.date | None  # None: not known
    until: datetime.date | None
    basis: str
    note: str = ""


@dataclass(frozen=True)
class Obligations:
    """All rows of one obligations file; `version` names it in findings."""

    version: str
    limits: list[Limit]
    exemptions: list[Exemption] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    regimes: list[Regime] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    date_tolerance_days: int = 0  # 决定日期 may differ so far between the two sides (送达、生效、印发日)

    def __post_init__(self) -> None:
        faults: list[str] = []
        for what in ("publish", "report"):
            for kind in ("licence", "penalty"):
                if not any(row.what == what and row.kind in ("both", kind) for row in self.limits):
                    faults.append(f"limits：缺少 {kind} 的 {what} 时限")
        for name, rows in self._dated().items():
            for number, row in enumerate(rows, 1):
                if row.until is not None and row.until <= row.since:
                    faults.append(f"{name} 第 {number} 条：until {row.until} 不晚于 since {row.since}")
        for number, limit in enumerate(self.limits, 1):
            if not 0 < limit.days <= MOST_DAYS:
                faults.append(f"limits 第 {number} 条：days 应在 1 与 {MOST_DAYS} 之间，现为 {limit.days}")
        for number, term in enumerate(self.terms, 1):
            if not 0 <= term.min_months <= term.max_months:
                faults.append(f"terms 第 {number} 条：min_months {term.min_months} 大于 max_months {term.max_months}")
        ids = [row.id for row in self.exemptions]
        faults += [f"exemptions：{name} 写了两次" for name in sorted({name for name in ids if ids.count(name) > 1})]
        if faults:
            raise ValueError("；".join(faults))

    def _dated(self) -> dict[str, Sequence[_Dated]]:
        return {
            "limits": self.limits,
            "exemptions": self.exemptions,
            "terms": self.terms,
            "withdrawals": self.withdrawals,
            "windows": self.windows,
        }

    def days_of_change(self) -> list[datetime.date]:
        """Every day from which something is otherwise, in order."""
        rows = [row for part in self._dated().values() for row in part]
        days = {row.since for row in rows} | {row.until for row in rows if row.until is not None}
        return sorted(days)

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

    def exemption_of(self, record: dict[str, Any], duty: str, said: Container[str] | None = None) -> Exemption | None:
        """The first exemption from a duty ("publish" | "report") that covers the record on its decision date."""
        for row in self.exempting(record.get("decision_date")):
            if row.duty in ("both", duty) and row.covers(record, said):
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


def text_of(root: Path) -> tuple[str, str]:
    """(text, name of its place): the workspace's own obligations.yml where there is one, else the shipped rows."""
    file = root / "obligations.yml"
    if file.is_file():
        return read_text(file), str(file)
    return resources.files("standard").joinpath("obligations.yml").read_text(encoding="utf-8"), SHIPPED


def read(text: str, where: str) -> Obligations:
    """Obligations from their text. Raises Refused with every fault."""
    return _read(parse_yaml(text, where), where)


@lru_cache(maxsize=1)
def _shipped() -> Obligations:
    return _read(read_data("obligations.yml"), SHIPPED)


def _read(content: Any, where: str) -> Obligations:
    faults: list[str] = []
    built = build(Obligations, content, where, faults)
    if built is None:
        raise Refused(*faults)
    return built
