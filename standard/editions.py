"""Editions of the submission templates: which one a file follows, and what it must fill (editions.yml)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from standard.aliases import normalise
from standard.fields import read_data

NAMES = ("2015", "2018", "2020")
_SUBJECTS = ("organisation", "sole_trader", "natural_person")


@dataclass(frozen=True)
class TemplateColumn:
    """One column of a template. `who`: a mark for organisations, sole traders, natural persons (see editions.yml)."""

    code: str
    label: str
    field: str
    who: str


@dataclass(frozen=True)
class Edition:
    key: str
    basis: str
    tells: Mapping[str, tuple[str, ...]]
    templates: Mapping[str, tuple[TemplateColumn, ...]]


@dataclass(frozen=True)
class Minimum:
    """One line of what a portal must show: satisfied by any of its fields; `soft`: its absence asks a person."""

    fields: tuple[str, ...]
    label: str
    soft: bool = False
    persons: bool = True  # asked of natural persons too


def _load() -> tuple[dict[str, Edition], dict[str, tuple[Minimum, ...]]]:
    content = read_data("editions.yml")
    editions = {
        str(key): Edition(
            str(key),
            entry["basis"],
            {kind: tuple(map(str, tells)) for kind, tells in entry["tells"].items()},
            {
                kind: tuple(TemplateColumn(*map(str, column)) for column in columns)
                for kind, columns in entry["templates"].items()
            },
        )
        for key, entry in content["editions"].items()
    }
    portal = {
        kind: tuple(
            Minimum(tuple(line["fields"]), line["label"], line.get("soft", False), line.get("persons", True))
            for line in lines
        )
        for kind, lines in content["portal"].items()
    }
    return editions, portal


EDITIONS, PORTAL_MINIMUM = _load()


def recognise(headers: Sequence[str], kind: str | None) -> str | None:
    """The edition whose own headers are there for at least 60 %; None when no edition reaches that.

    The 2020 template holds all of 2018's columns and adds its own, so it is asked first.
    """
    if kind not in ("licence", "penalty"):
        return None
    seen = [normalise(str(header))[0] for header in headers]
    codes = {header.replace("_", "").upper() for header in seen}
    scores = {key: _share(edition, kind, seen, codes) for key, edition in EDITIONS.items()}
    if scores["2020"] >= 0.6 or (scores["2020"] > 0 and scores["2018"] >= 0.6):
        return "2020"
    best = max(("2018", "2015"), key=lambda key: scores[key])
    return best if scores[best] >= 0.6 else None


def _share(edition: Edition, kind: str, seen: Sequence[str], codes: set[str]) -> float:
    tells = edition.tells[kind]
    code_of = {normalise(column.label)[0]: column.code.replace("_", "") for column in edition.templates[kind]}
    hits = sum(1 for tell in tells if any(tell in header for header in seen) or code_of.get(tell) in codes)
    return hits / len(tells)


@lru_cache(maxsize=64)
def marks(edition: str, kind: str, subject: str | None) -> tuple[tuple[TemplateColumn, str], ...]:
    """Each column of a template with its mark for that subject type (organisation when unknown)."""
    entry = EDITIONS.get(edition)
    if entry is None or kind not in entry.templates:
        return ()
    place = _SUBJECTS.index(subject) if subject in _SUBJECTS else 0
    return tuple((column, column.who[place]) for column in entry.templates[kind])


def required(edition: str, kind: str, subject: str | None) -> tuple[str, ...]:
    """The fields that the edition requires of that subject type, in template order."""
    return tuple(column.field for column, mark in marks(edition, kind, subject) if mark == "M")
