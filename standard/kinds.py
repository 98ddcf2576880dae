"""The kinds of public credit information (kinds.yml): the two that are judged, and the wider ones that are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from standard.fields import read_data
from standard.strict_yaml import build_or_refuse


@dataclass(frozen=True)
class Kind:
    """One kind. `words`: how columns, sheets and files name it; `tells`: labels only it has; `judged`: it is assessed;
    `anonymous`: natural persons dominate it or nobody is named, so that no party is asked for."""

    label: str
    words: list[str]
    tells: list[str]
    judged: bool = False
    anonymous: bool = field(default=False)


_DATA = dict(read_data("kinds.yml"))
CHANNELS: tuple[str, ...] = tuple(map(str, _DATA.pop("channels")))
"""What a portal entry may give as its kind."""
KINDS: Mapping[str, Kind] = {
    str(key): build_or_refuse(Kind, entry, f"standard/kinds.yml：{key}") for key, entry in _DATA.items()
}
JUDGED = tuple(key for key, kind in KINDS.items() if kind.judged)
WIDER = tuple(key for key, kind in KINDS.items() if not kind.judged)


def named(text: str) -> str | None:
    """The kind that the name of a column, sheet or file names; None when it names none, or two.

    >>> named("行政许可公示"), named("失信黑名单"), named("行政许可和行政处罚"), named("通知公告")
    ('licence', 'black_list', None, None)
    """
    found = [key for key, kind in KINDS.items() if any(word in text for word in kind.words)]
    if len(found) > 1 and "licence" not in found:  # 强制 and 检查 pages speak of 处罚 as well
        found = [key for key in found if key != "penalty"]
    return found[0] if len(found) == 1 else None


def told_by(labels: Sequence[str]) -> str | None:
    """The wider kind whose own labels stand among these (normalised) labels at least twice, more than any other's."""
    held = set(labels)
    scores = {key: sum(1 for tell in KINDS[key].tells if tell in held) for key in WIDER}
    best = max(scores, key=lambda key: scores[key])
    others = [score for key, score in scores.items() if key != best]
    return best if scores[best] >= 2 and scores[best] > max(others) else None
