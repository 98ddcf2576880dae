"""The fields of a record and the words for them, read once from the data files of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from standard.strict_yaml import build_or_refuse, parse_yaml


@dataclass(frozen=True)
class Field:
    """One field. `licence` and `penalty` are its labels where they differ; `column`: it is a column of a record."""

    label: str
    type: str = field(metadata={"choices": ("text", "number", "name", "code", "uscc", "identity", "date", "money")})
    max: int
    licence: str | None = None
    penalty: str | None = None
    codes: list[str] = field(default_factory=list)
    column: bool = True

    def label_for(self, kind: str | None) -> str:
        """The label a user of that kind of record knows."""
        return (self.licence if kind == "licence" else self.penalty if kind == "penalty" else None) or self.label


@dataclass(frozen=True)
class Alias:
    label: str
    field: str
    kind: str  # licence | penalty | both


@dataclass(frozen=True)
class Words:
    """The alias data of aliases.yml together with the labels of fields.yml and editions.yml."""

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


FIELDS: Mapping[str, Field] = _fields()


@lru_cache(maxsize=1)
def data() -> Words:
    """The words of aliases.yml; those of the templates come first, so that an alias cannot displace a standard label."""
    content = read_data("aliases.yml")
    aliases: list[Alias] = []
    for edition in read_data("editions.yml")["editions"].values():
        for kind, columns in edition["templates"].items():
            aliases += [Alias(str(column[1]), str(column[2]), str(kind)) for column in columns]
    for key, entry in FIELDS.items():
        aliases += [Alias(label, key, kind) for kind, label in _labels(entry)]
    for key, kinds in content["fields"].items():
        if key not in FIELDS:
            raise KeyError(f"standard/aliases.yml: unknown field {key}")
        aliases += [Alias(str(label), key, str(kind)) for kind, labels in kinds.items() for label in labels]
    return Words(aliases, content["ambiguous"], tuple(content["typos"].items()))


def _labels(entry: Field) -> list[tuple[str, str]]:
    labels = [("licence", entry.licence), ("penalty", entry.penalty)]
    found = [(kind, label) for kind, label in labels if label is not None]
    return found or [("both", entry.label)]
