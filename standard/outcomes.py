"""What one look at a column was worth (outcomes.yml): one table for the ledger, the screens and the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from standard.fields import read_data
from standard.strict_yaml import build_or_refuse


@dataclass(frozen=True)
class Outcome:
    """One outcome: its word, what it is to a reader, who must act, and whether such a look proves an absence."""

    label: str
    group: str
    who: str = field(metadata={"choices": ("nobody", "unit", "operator", "us")})
    proves: bool = False


OUTCOMES: Mapping[str, Outcome] = {
    str(key): build_or_refuse(Outcome, entry, f"standard/outcomes.yml：{key}")
    for key, entry in read_data("outcomes.yml").items()
}
NAMES: Mapping[str, str] = {key: outcome.label for key, outcome in OUTCOMES.items()}
GROUPS: Mapping[str, str] = {key: outcome.group for key, outcome in OUTCOMES.items()}
PROVING = tuple(key for key, outcome in OUTCOMES.items() if outcome.proves)


_DEAD = "链接打不开："


def dead_link(url: str, why: str, gone: bool) -> str:
    """The note a look keeps of one entry's page or attachment that could not be opened."""
    return f"{_DEAD}{'不存在' if gone else '出错'}｜{why}｜{url}"


def read_dead_link(note: object) -> dict[str, object] | None:
    """What such a note says (link, why, gone); None for any other note.

    >>> read_dead_link(dead_link("https://a.example/1.htm", "HTTP 404", gone=True))
    {'link': 'https://a.example/1.htm', 'why': 'HTTP 404', 'gone': True}
    """
    if not isinstance(note, str) or not note.startswith(_DEAD):
        return None
    state, why, link = note.removeprefix(_DEAD).split("｜", 2)
    return {"link": link, "why": why, "gone": state == "不存在"}
