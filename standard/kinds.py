"""The kinds of public credit information (kinds.yml): the two that are judged, and the wider ones that are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from standard.fields import read_data
from standard.strict_yaml import build_or_refuse


@dataclass(frozen=True)
class Kind:
    """One kind. `words`: how columns, sheets and files name it; `tells`: labels only it has; `judged`: it is assessed;
    `anonymous`: no party is asked for; `impersonal`: nothing is kept of the natural persons in it, they are only counted;
    `register`: told by a register (contract 6), not by submissions."""

    label: str
    words: list[str]
    tells: list[str]
    judged: bool = False
    anonymous: bool = False
    impersonal: bool = False
    register: bool = False


_DATA = dict(read_data("kinds.yml"))
CHANNELS: tuple[str, ...] = tuple(map(str, _DATA.pop("channels")))
"""What a portal entry may give as its kind."""
KINDS: Mapping[str, Kind] = {
    str(key): build_or_refuse(Kind, entry, f"standard/kinds.yml：{key}") for key, entry in _DATA.items()
}
JUDGED = tuple(key for key, kind in KINDS.items() if kind.judged)
WIDER = tuple(key for key, kind in KINDS.items() if not kind.judged)
_TOLD: Mapping[str, tuple[str, ...]] = {
    tell: tuple(key for key in WIDER if tell in KINDS[key].tells) for kind in WIDER for tell in KINDS[kind].tells
}
SUBMITTED = tuple(key for key, kind in KINDS.items() if not kind.register)
"""What a submission file may hold."""


def named(text: str) -> str | None:
    """The kind that the name of a column, sheet or file names; None when it names none, or two.

    >>> named("行政许可公示"), named("失信黑名单"), named("行政许可和行政处罚"), named("通知公告"), named("行政处罚事项目录")
    ('licence', 'black_list', None, None, 'catalogue')
    """
    found = [key for key, kind in KINDS.items() if any(word in text for word in kind.words)]
    if "catalogue" in found:  # 行政许可事项目录 holds items, not licences
        return "catalogue"
    if len(found) > 1 and "licence" not in found:  # 强制 and 检查 pages speak of 处罚 as well
        found = [key for key in found if key != "penalty"]
    return found[0] if len(found) == 1 else None


def told_by(labels: Sequence[str]) -> str | None:
    """The wider kind whose own labels stand among these (normalised) labels at least twice, more than any other's."""
    found: dict[str, set[str]] = {}  # kind -> its tells that stand here
    for label in labels:
        for tell in (label, label.partition("(")[0]):
            for key in _TOLD.get(tell, ()):
                found.setdefault(key, set()).add(tell)
    counts = sorted(((len(tells), key) for key, tells in found.items()), reverse=True)
    if not counts or counts[0][0] < 2 or (len(counts) > 1 and counts[1][0] == counts[0][0]):
        return None
    return counts[0][1]


def tells_in(kind: str, labels: Sequence[str]) -> int:
    """How many of the labels that only this kind has stand among these (normalised) labels."""
    held = {*labels, *(label.partition("(")[0] for label in labels)}
    return sum(1 for tell in KINDS[kind].tells if tell in held)
