"""The templates of submissions as they stand in editions.yml, and the portal's minimum. `editions` asks and extends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from standard.errors import Refused
from standard.fields import FIELDS, read_data
from standard.strict_yaml import build, nearest

SUBJECTS = ("organisation", "sole_trader", "natural_person")


@dataclass(frozen=True)
class TemplateColumn:
    """One column. `who`: a mark for organisations, sole traders, natural persons (see editions.yml); `max`: characters."""

    code: str
    label: str
    field: str
    who: str
    max: int | None = None


@dataclass(frozen=True)
class Edition:
    """One edition of the templates, with the columns of the edition it extends."""

    key: str
    basis: str
    tells: Mapping[str, tuple[str, ...]]
    templates: Mapping[str, tuple[TemplateColumn, ...]]
    extends: str | None = None
    optional: Mapping[str, tuple[TemplateColumn, ...]] = field(default_factory=dict)
    blanks: Mapping[str, str] = field(default_factory=dict)
    any_code: frozenset[str] = frozenset()
    sheets: Mapping[str, str] = field(default_factory=dict)
    crosswalk: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Minimum:
    """One line of what a portal must show: satisfied by any of its fields; `soft`: its absence asks a person."""

    fields: tuple[str, ...]
    label: str
    soft: bool = False
    persons: bool = True  # asked of natural persons too

    @cached_property
    def any_of(self) -> frozenset[str]:
        """The fields as a set."""
        return frozenset(self.fields)


@dataclass(frozen=True)
class _Entry:
    """An edition as it is written."""

    basis: str
    tells: dict[str, list[str]]
    templates: dict[str, list[Any]]
    extends: str | None = None
    optional: dict[str, list[Any]] = field(default_factory=dict)
    blanks: dict[str, str] = field(default_factory=dict)
    any_code: list[str] = field(default_factory=list)
    sheets: dict[str, str] = field(default_factory=dict)
    crosswalk: dict[str, str | None] = field(default_factory=dict)


def build_edition(key: str, content: Any, where: str, editions: Mapping[str, Edition]) -> Edition:
    """One edition from its YAML. Raises Refused with every fault; `editions` are those it may extend."""
    faults: list[str] = []
    entry = build(_Entry, content, where, faults)
    if entry is None:
        raise Refused(*faults)
    base = editions.get(entry.extends) if entry.extends else None
    if entry.extends and base is None:
        faults.append(f"{where}：extends 的版本 {entry.extends} 不存在{nearest(entry.extends, editions)}")
    own = {kind: _columns(f"{where}：templates.{kind}", columns, faults) for kind, columns in entry.templates.items()}
    optional = {
        kind: _columns(f"{where}：optional.{kind}", columns, faults) for kind, columns in entry.optional.items()
    }
    for kind in own:
        if len(entry.tells.get(kind, [])) == 0:
            faults.append(f"{where}：tells 缺少 {kind}，请写出只有这一版才有的列名，否则无法识别")
    if faults:
        raise Refused(*faults)
    templates = _after(base, own) if base is not None and not _repeats(base, own) else own
    return Edition(
        key, entry.basis, {kind: tuple(tells) for kind, tells in entry.tells.items()}, templates, entry.extends,
        optional, entry.blanks or (base.blanks if base else {}),
        frozenset(entry.any_code) or (base.any_code if base else frozenset()), entry.sheets, entry.crosswalk,
    )  # fmt: skip


def _repeats(base: Edition, own: Mapping[str, Sequence[TemplateColumn]]) -> bool:
    """True when the edition writes all its columns out, the base's included."""
    held = {column.code for columns in base.templates.values() for column in columns}
    return any(column.code in held for columns in own.values() for column in columns)


def _after(base: Edition, own: Mapping[str, tuple[TemplateColumn, ...]]) -> dict[str, tuple[TemplateColumn, ...]]:
    return {kind: base.templates.get(kind, ()) + own.get(kind, ()) for kind in {**base.templates, **own}}


def _columns(where: str, columns: Sequence[Any], faults: list[str]) -> tuple[TemplateColumn, ...]:
    made = []
    for place, column in enumerate(columns, start=1):
        if not isinstance(column, list) or len(column) not in (4, 5):
            faults.append(f"{where} 第 {place} 列：应为 [代码, 列名, 要素, 填报标记, 最大长度]")
            continue
        code, label, key, who = (str(part) for part in column[:4])
        if key not in FIELDS:
            faults.append(f"{where} 第 {place} 列：没有要素 {key}{nearest(key, FIELDS)}")
        elif len(who) != 3 or set(who) - set("MOEC-"):
            faults.append(
                f"{where} 第 {place} 列：填报标记 {who} 应为三个字母（法人、个体工商户、自然人），取 M O E C -"
            )
        else:
            made.append(TemplateColumn(code, label, key, who, int(column[4]) if len(column) == 5 else None))
    return tuple(made)


def _load() -> tuple[dict[str, Edition], dict[str, tuple[Minimum, ...]], dict[str, str]]:
    content = read_data("editions.yml")
    editions: dict[str, Edition] = {}
    for key, entry in content["editions"].items():
        editions[str(key)] = build_edition(str(key), entry, f"standard/editions.yml：{key}", editions)
    portal = {
        kind: tuple(
            Minimum(tuple(line["fields"]), line["label"], line.get("soft", False), line.get("persons", True))
            for line in lines
        )
        for kind, lines in content["portal"].items()
    }
    return editions, portal, {str(kind): str(text) for kind, text in content["formats"].items()}


EDITIONS, PORTAL_MINIMUM, FORMATS = _load()
