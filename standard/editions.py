"""Editions of the submission templates: which one a file follows, and what it must fill (editions.yml).

An edition that is not shipped is one more YAML file: `add(file)` reads it, with labels, codes, tells and rules of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from standard import aliases
from standard.aliases import normalise
from standard.errors import Refused
from standard.fields import add_fields, remove_fields
from standard.strict_yaml import nearest, read_yaml
from standard.templates import (
    EDITIONS,
    FORMATS,
    PORTAL_MINIMUM,
    SUBJECTS,
    Edition,
    Minimum,
    TemplateColumn,
    build_edition,
)

__all__ = ["EDITIONS", "FORMATS", "NAMES", "PORTAL_MINIMUM", "Edition", "Minimum", "TemplateColumn"]

NAMES = ("2015", "2018", "2020")
"""The national editions; the others are variants of them, or wider kinds."""
_ENOUGH = 0.6


@dataclass(frozen=True)
class Needs:
    """What an edition asks of one subject type: each field's mark in template order, and the fields by mark."""

    marks: tuple[tuple[str, str], ...]
    must: frozenset[str]
    empty: frozenset[str]
    any_code: frozenset[str]


def recognise(headers: Sequence[str], kind: str | None) -> str | None:
    """The edition whose own headers are there for at least 60 %; None when no edition reaches that.

    An edition that extends another holds the other's columns and adds its own, so it is asked first: some of its own
    headers and most of the other's are enough.
    """
    if kind is None:
        return None
    seen = [normalise(str(header))[0] for header in headers]
    codes = {header.replace("_", "").upper() for header in seen}
    scores = {key: _share(edition, kind, seen, codes) for key, edition in EDITIONS.items() if kind in edition.tells}
    extending = [
        (scores[key], key)
        for key, edition in EDITIONS.items()
        if edition.extends
        and key in scores
        and (scores[key] >= _ENOUGH or (scores[key] > 0 and scores.get(edition.extends, 0.0) >= _ENOUGH))
    ]
    if extending:
        return max(extending, key=lambda pair: (_depth(pair[1]), pair[0]))[1]
    plain = [(share, key) for key, share in scores.items() if share >= _ENOUGH and EDITIONS[key].extends is None]
    return max(plain, key=lambda pair: (pair[0], pair[1] == "2018"))[1] if plain else None


def _depth(key: str) -> int:
    depth = 0
    edition: Edition | None = EDITIONS.get(key)
    while edition is not None and edition.extends:
        edition, depth = EDITIONS.get(edition.extends), depth + 1
    return depth


def _share(edition: Edition, kind: str, seen: Sequence[str], codes: set[str]) -> float:
    tells = edition.tells[kind]
    code_of = {normalise(column.label)[0]: column.code.replace("_", "") for column in edition.templates[kind]}
    hits = sum(1 for tell in tells if any(tell in header for header in seen) or code_of.get(tell) in codes)
    return hits / len(tells)


@lru_cache(maxsize=256)
def family_of(edition: str) -> frozenset[str]:
    """The edition and those it extends: a rule for 2015 holds for 2015-jiangsu too."""
    found = {edition}
    entry = EDITIONS.get(edition)
    while entry is not None and entry.extends:
        found.add(entry.extends)
        entry = EDITIONS.get(entry.extends)
    if edition.startswith("2015"):
        found.add("2015")
    return frozenset(found)


@lru_cache(maxsize=256)
def marks(edition: str, kind: str, subject: str | None) -> tuple[tuple[TemplateColumn, str], ...]:
    """Each column of a template with its mark for that subject type (organisation when unknown).

    A wider kind has one template only, whatever the edition of the rest. A batch of several editions ("2018、2020") is
    asked what its first one asks.
    """
    entry = EDITIONS.get(edition) or EDITIONS.get(edition.partition("、")[0])
    if entry is None or kind not in entry.templates:
        entry = EDITIONS["proposed"]
    place = SUBJECTS.index(subject) if subject in SUBJECTS else 0
    return tuple((column, column.who[place]) for column in entry.templates.get(kind, ()))


@lru_cache(maxsize=256)
def needs(edition: str, kind: str, subject: str | None) -> Needs:
    """`marks` as sets, so that a whole row is compared at once."""
    found = tuple((column.field, mark) for column, mark in marks(edition, kind, subject))
    entry = EDITIONS.get(edition)
    any_code = entry.any_code if entry is not None and kind in entry.templates else frozenset()
    return Needs(
        found,
        frozenset(field for field, mark in found if mark == "M"),
        frozenset(field for field, mark in found if mark == "E"),
        any_code if subject != "natural_person" else frozenset(),
    )


def required(edition: str, kind: str, subject: str | None) -> tuple[str, ...]:
    """The fields that the edition requires of that subject type, in template order."""
    return tuple(column.field for column, mark in marks(edition, kind, subject) if mark == "M")


def sheets(edition: str, kind: str) -> dict[str, tuple[TemplateColumn, ...]]:
    """The sheets in which the template is handed out: name -> columns. One unnamed sheet when it is not split."""
    entry = EDITIONS[edition]
    if not entry.sheets:
        return {"": entry.templates[kind]}
    places = {name: SUBJECTS.index(subject) for name, subject in entry.sheets.items()}
    return {
        name: tuple(column for column in entry.templates[kind] if column.who[place] != "-")
        for name, place in places.items()
    }


def blank_word(edition: str, field: str) -> str | None:
    """The word that counts as filled in that field of that edition, such as 空."""
    entry = EDITIONS.get(edition)
    return None if entry is None else entry.blanks.get(field)


def known(name: str, where: str = "--edition") -> str:
    """The edition of that name. Raises Refused with the nearest name when there is none."""
    if name not in EDITIONS:
        raise Refused(f"{where} {name}：没有这个标准版本{nearest(name, EDITIONS)}；可用：auto、{'、'.join(EDITIONS)}")
    return name


def code_lists(edition: str | None) -> Mapping[str, Mapping[str, str]]:
    """The edition's own lists of codes: field -> spelling or code -> word. Those of the national editions are in codes.yml."""
    entry = EDITIONS.get(edition or "")
    return {} if entry is None else entry.codes


def portal_minimum(kind: str) -> tuple[Minimum, ...]:
    """What a portal must show of that kind."""
    return PORTAL_MINIMUM.get(kind, ())


def add(file: Path) -> list[str]:
    """Editions of one more YAML file, shaped as editions.yml (`editions`, and `fields` when it needs fields of its own).

    Gives their keys. Raises Refused with the faults; nothing is added then. From now on their headers are recognised and
    their columns read, everywhere in this process.
    """
    content = read_yaml(file)
    if not isinstance(content, dict) or not isinstance(content.get("editions"), dict) or not content["editions"]:
        raise Refused(f"{file}：缺少 editions，请按 standard/editions.yml 的写法给出至少一个版本")
    faults = [f"{file}：未知的键 {key}，可用：editions、fields" for key in content if key not in ("editions", "fields")]
    faults += [f"{file}：版本 {key} 已经存在，请换一个名称" for key in content["editions"] if str(key) in EDITIONS]
    if faults:
        raise Refused(*faults)
    fields = add_fields(content.get("fields") or {}, str(file))
    known = dict(EDITIONS)
    for key, entry in content["editions"].items():
        try:
            known[str(key)] = build_edition(str(key), entry, f"{file}：{key}", known)
        except Refused as refused:
            faults += refused.faults
    faults += [fault for key in content["editions"] if str(key) in known for fault in _displaced(file, known[str(key)])]
    if faults:
        remove_fields(fields)
        raise Refused(*faults)
    EDITIONS.update(known)
    _forget()
    return [str(key) for key in content["editions"]]


def _displaced(file: Path, edition: Edition) -> list[str]:
    """Labels that mean another field in the national templates: they would be read as that."""
    return [
        f"{file}：{edition.key}：templates.{kind} 的列名“{column.label}”在标准模板中属于 {held}，不能用于 {column.field}"
        for kind, columns in edition.templates.items()
        for column in columns
        if (held := aliases.standard_field(column.label, kind)) not in (None, column.field)
    ]


def remove(*keys: str) -> None:
    """Forgets added editions; those that are shipped stay only if not named."""
    for key in keys:
        EDITIONS.pop(key, None)
    _forget()


def _forget() -> None:
    for cached in (family_of, marks, needs):
        cached.cache_clear()
    aliases.forget()
