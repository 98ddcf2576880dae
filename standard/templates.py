"""The templates of submissions as they stand in editions.yml, and the portal's minimum. `editions` asks and extends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from standard.errors import Refused
from standard.fields import FIELDS, read_data
from standard.kinds import KINDS
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
class Crossing:
    """What became of one column of an older edition: its new code (None: nothing), and what to beware of."""

    old: str
    new: str | None
    caution: str = ""


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
    crosswalk: tuple[Crossing, ...] = ()
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # field -> spelling or code -> word


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
    crosswalk: list[Any] = field(default_factory=list)
    codes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    marks: dict[str, dict[str, str]] = field(default_factory=dict)
    drop: dict[str, list[str]] = field(default_factory=dict)


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
    for kind in {**own, **entry.tells, **entry.marks, **entry.drop}:
        if kind not in KINDS:
            faults.append(f"{where}：没有信息类别 {kind}{nearest(kind, KINDS)}")
    for kind in own:
        if len(entry.tells.get(kind, [])) == 0:
            faults.append(f"{where}：tells 缺少 {kind}，请写出只有这一版才有的列名，否则无法识别")
    if len(key) > _MAX_KEY:
        faults.append(f"{where}：版本名称超过 {_MAX_KEY} 个字")
    codes = _codes(where, entry.codes, faults)
    crosswalk = _crosswalk(where, entry.crosswalk, faults)
    if base is not None and not _repeats(base, own):
        templates = _after(where, base, own, entry, faults)
    else:
        templates = own
        if entry.marks or entry.drop:
            faults.append(f"{where}：marks 与 drop 只用于 extends 了另一版、且没有重写全部列的版本")
    _own_words(where, templates, entry.tells, faults)
    if faults:
        raise Refused(*faults)
    return Edition(
        key, entry.basis, {kind: tuple(tells) for kind, tells in entry.tells.items()}, templates, entry.extends,
        optional, entry.blanks or (base.blanks if base else {}),
        frozenset(entry.any_code) or (base.any_code if base else frozenset()), entry.sheets, crosswalk,
        {**(base.codes if base else {}), **codes},
    )  # fmt: skip


_MAX_KEY = 16  # what a batch keeps


def _codes(where: str, given: Mapping[str, Mapping[str, list[str]]], faults: list[str]) -> dict[str, dict[str, str]]:
    """field -> spelling -> word, from field -> word -> spellings."""
    found: dict[str, dict[str, str]] = {}
    for key, words in given.items():
        if key not in FIELDS:
            faults.append(f"{where}：codes 中没有要素 {key}{nearest(key, FIELDS)}")
            continue
        spelled = found.setdefault(key, {})
        for word, spellings in words.items():
            for spelling in (word, *spellings):
                if spelled.setdefault(spelling, word) != word:
                    faults.append(f"{where}：codes.{key}：“{spelling}”既是 {spelled[spelling]} 又是 {word}")
    return found


def _crosswalk(where: str, lines: Sequence[Any], faults: list[str]) -> tuple[Crossing, ...]:
    found = []
    for place, line in enumerate(lines, start=1):
        if not isinstance(line, list) or len(line) not in (2, 3) or not isinstance(line[0], str):
            faults.append(f"{where} crosswalk 第 {place} 行：应为 [旧代码, 新代码或 ~, 注意事项]")
            continue
        found.append(Crossing(line[0], None if line[1] is None else str(line[1]), str(line[2]) if line[2:] else ""))
    return tuple(found)


def _own_words(
    where: str, templates: Mapping[str, Sequence[TemplateColumn]], tells: Mapping[str, Sequence[str]], faults: list[str]
) -> None:
    """Two columns of one template must not carry one code, nor a tell stand in no column."""
    for kind, columns in templates.items():
        codes = [column.code for column in columns]
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            faults.append(f"{where}：templates.{kind} 中代码 {code} 出现了两次")
        labels = [column.label.replace("（", "(") for column in columns]
        for tell in tells.get(kind, ()):
            if columns and not any(
                tell in label or tell == column.code for label, column in zip(labels, columns, strict=True)
            ):
                faults.append(f"{where}：tells.{kind} 的“{tell}”不是该模板的列名{nearest(tell, labels)}")


def _repeats(base: Edition, own: Mapping[str, Sequence[TemplateColumn]]) -> bool:
    """True when the edition writes all its columns out, the base's included."""
    held = {column.code for columns in base.templates.values() for column in columns}
    return any(column.code in held for columns in own.values() for column in columns)


def _after(
    where: str, base: Edition, own: Mapping[str, tuple[TemplateColumn, ...]], entry: _Entry, faults: list[str]
) -> dict[str, tuple[TemplateColumn, ...]]:
    """The columns of the edition it extends, some with other marks, some left out; then its own."""
    found: dict[str, tuple[TemplateColumn, ...]] = {}
    for kind in {**base.templates, **own}:
        columns = list(base.templates.get(kind, ()))
        for code, who in entry.marks.get(kind, {}).items():
            place = next((place for place, column in enumerate(columns) if column.code == code), None)
            if place is None:
                faults.append(f"{where}：marks.{kind}：没有代码 {code}{nearest(code, [c.code for c in columns])}")
            elif not _who_ok(who):
                faults.append(f"{where}：marks.{kind}.{code}：{_who_fault(who)}")
            else:
                columns[place] = replace(columns[place], who=who)
        for code in entry.drop.get(kind, []):
            if code not in [column.code for column in columns]:
                faults.append(f"{where}：drop.{kind}：没有代码 {code}{nearest(code, [c.code for c in columns])}")
            columns = [column for column in columns if column.code != code]
        found[kind] = (*columns, *own.get(kind, ()))
    return found


def _who_ok(who: str) -> bool:
    return len(who) == 3 and not set(who) - set("MOEC-")


def _who_fault(who: str) -> str:
    return f"填报标记 {who} 应为三个字母（法人、个体工商户、自然人），取 M O E C -"


def _columns(where: str, columns: Sequence[Any], faults: list[str]) -> tuple[TemplateColumn, ...]:
    made = []
    for place, column in enumerate(columns, start=1):
        if not isinstance(column, list) or len(column) not in (4, 5):
            faults.append(f"{where} 第 {place} 列：应为 [代码, 列名, 要素, 填报标记, 最大长度]")
            continue
        code, label, key, who = (str(part) for part in column[:4])
        if key not in FIELDS:
            faults.append(f"{where} 第 {place} 列：没有要素 {key}{nearest(key, FIELDS)}")
        elif not _who_ok(who):
            faults.append(f"{where} 第 {place} 列：{_who_fault(who)}")
        elif len(column) == 5 and not isinstance(column[4], int):
            faults.append(f"{where} 第 {place} 列：最大长度应为整数，实为 {column[4]}")
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
