"""The table of validity rules (rules.yml): how grave, asked of whom, since when, in which words.

`validity` looks each rule up by its key when it is broken; the printed list of rules is made from the same table.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from standard.fields import read_data
from standard.strict_yaml import build_or_refuse

PROFILES = ("portal", "submission")


@dataclass(frozen=True)
class _Entry:
    """One entry of rules.yml as it is written."""

    title: str
    severity: str | dict[str, str]
    message: str
    cure: str
    origin: str
    rule: str | None = None
    code: str = field(
        default="field_invalid", metadata={"choices": ("field_invalid", "field_missing", "over_disclosed")}
    )
    editions: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    since: datetime.date | None = None
    until: datetime.date | None = None


@dataclass(frozen=True)
class Told:
    """One rule as it is told: `severity` by profile; empty `editions` or `kinds` mean all of them."""

    key: str
    rule: str
    title: str
    code: str
    severity: Mapping[str, str]
    editions: frozenset[str]
    kinds: frozenset[str]
    since: datetime.date | None
    until: datetime.date | None
    message: str
    cure: str
    origin: str

    def holds(self, day: datetime.date) -> bool:
        """True when the rule is in force for a decision of that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


def _told(key: str, entry: _Entry) -> Told:
    severity = entry.severity if isinstance(entry.severity, dict) else dict.fromkeys(PROFILES, entry.severity)
    wrong = (set(severity) - set(PROFILES)) | (set(severity.values()) - set("EWI"))
    if wrong:
        raise ValueError(f"standard/rules.yml: {key}: severity cannot be {sorted(wrong)}")
    return Told(
        key, entry.rule or key, entry.title, entry.code, severity, frozenset(entry.editions), frozenset(entry.kinds),
        entry.since, entry.until, entry.message, entry.cure, entry.origin,
    )  # fmt: skip


RULE_TABLE: Mapping[str, Told] = {
    str(key): _told(str(key), build_or_refuse(_Entry, entry, f"standard/rules.yml：{key}"))
    for key, entry in read_data("rules.yml").items()
}
