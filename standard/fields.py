"""The fields of a record and the words for them, read once from the data files of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from standard.errors import Refused
from standard.strict_yaml import build, build_or_refuse, parse_yaml


@dataclass(frozen=True)
class Field:
    """One field. `licence`, `penalty` and `labels` (other kinds) are its labels where they differ; `column`: it is a
    column of a record; `codes`: its names in templates and interfaces."""

    label: str
    type: str = field(metadata={"choices": ("text", "number", "name", "code", "uscc", "identity", "date", "money")})
    max: int
    licence: str | None = None
    penalty: str | None = None
    codes: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    column: bool = True

    def label_for(self, kind: str | None) -> str:
        """The label a user of that kind of record knows."""
        own = self.licence if kind == "licence" else self.penalty if kind == "penalty" else self.labels.get(kind or "")
        return own or self.label


@dataclass(frozen=True)
class Alias:
    label: str
    field: str
    kind: str  # licence | penalty | both


@dataclass(frozen=True)
class Words:
    """The alias data of aliases.yml together with the labels of fields.yml."""

    aliases: Sequence[Alias]
    ambiguous: Mapping[str, str]
    typos: Sequence[tuple[str, str]]


def read_data(name: str) -> Any:
    """The content of one data file of this package."""
    return parse_yaml((resources.files("standard") / name).read_text(encoding="utf-8"), f"standard/{name}")


def _fields() -> dict[str, Field]:
    return {
        str(key): build_or_refuse(Field, entry, f"standard/fields.yml：{key}")
        for key, entry in read_data("fields.yml").items()
    }


FIELDS: dict[str, Field] = _fields()


def add_fields(entries: Mapping[str, Any], where: str) -> list[str]:
    """Fields that an added edition needs beyond ours; they are read and kept, but are no columns of a record."""
    faults = [f"{where}：fields 中的 {key} 已经存在" for key in entries if str(key) in FIELDS]
    made: dict[str, Field] = {}
    for key, entry in entries.items():
        built = build(Field, entry, f"{where}：fields.{key}", faults)
        if built is not None:
            made[str(key)] = replace(built, column=False)
    if faults:
        raise Refused(*faults)
    FIELDS.update(made)
    _forget()
    return list(made)


def remove_fields(keys: Sequence[str]) -> None:
    """Forgets added fields."""
    for key in keys:
        FIELDS.pop(key, None)
    _forget()


_ADDED_WORDS: list[Alias] = []
_ADDED_TYPOS: dict[str, str] = {}


def add_words(words: Sequence[Alias], typos: Mapping[str, str]) -> None:
    """Labels and slips of the pen that a workspace adds; they go before ours, but after the templates' own labels."""
    _ADDED_WORDS.extend(words)
    _ADDED_TYPOS.update(typos)
    _forget()


def remove_words() -> None:
    """Forgets added words."""
    _ADDED_WORDS.clear()
    _ADDED_TYPOS.clear()
    _forget()


_FORGETTERS: list[Callable[[], object]] = []


def on_change(*forgetters: Callable[[], object]) -> None:
    """What must be forgotten when fields or words are added or removed: caches of other modules."""
    _FORGETTERS.extend(forgetters)


def _forget() -> None:
    for forget in _FORGETTERS:
        forget()
    label_of.cache_clear()
    data.cache_clear()


@lru_cache(maxsize=4096)
def label_of(kind: str | None, field: str) -> str:
    """The label of a field for that kind of record; the field itself when it is none of ours."""
    entry = FIELDS.get(field)
    return field if entry is None else entry.label_for(kind)


@lru_cache(maxsize=1)
def data() -> Words:
    """The words of aliases.yml with the labels of the fields.

    The templates' own labels are not here: `aliases` puts those of `editions` in front, so that an alias cannot displace
    a standard label.
    """
    content = read_data("aliases.yml")
    own = {word.label for word in _ADDED_WORDS}  # what an office says outright is not guessed at
    aliases: list[Alias] = []
    for key, entry in FIELDS.items():
        aliases += [Alias(label, key, kind) for kind, label in _labels(entry)]
    for key, kinds in content["fields"].items():
        if key not in FIELDS:
            raise KeyError(f"standard/aliases.yml: unknown field {key}")
        aliases += [Alias(str(label), key, str(kind)) for kind, labels in kinds.items() for label in labels]
    ambiguous = {label: rule for label, rule in content["ambiguous"].items() if label not in own}
    return Words([*_ADDED_WORDS, *aliases], ambiguous, (*content["typos"].items(), *_ADDED_TYPOS.items()))


def _labels(entry: Field) -> list[tuple[str, str]]:
    labels = [("licence", entry.licence), ("penalty", entry.penalty)]
    found = [(kind, label) for kind, label in labels if label is not None] or [("both", entry.label)]
    return found + list(entry.labels.items())
