"""The catalogue's editions: the sheet of a year takes the place of the year before it, unit by unit and kind by kind.

An item that the new sheet no longer has ends the day before it; one that it has goes on under the new edition; the old line
keeps its dates, so that a decision is judged by the catalogue of its own day. A sheet belongs to an edition when it says so:
a column 年度, a year in its title, sheet or file name, or lines that all begin on the same first of January.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from db.models import RegisterEntry
from db.register_lines import EDITION, said
from db.units import name_key

_DAY = datetime.timedelta(days=1)
# 2027年, 2027年度, 2027年版; not 截至2026年9月30日, not a document's 〔2026〕.
_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年(?!\s*\d)")
_ATTRIBUTES = ("编码", "设定依据", "行使层级", "是否公示", "不予公示依据", "公示网址")
_KINDS = {"licence": "行政许可", "penalty": "行政处罚", "other": "其他类别"}
_A_NOTE = 30  # items in one note

Group = tuple[str | None, str | None]


def edition_named(*texts: str) -> int | None:
    """The year that a title, a sheet's or a file's name gives, the first of them that gives exactly one.

    >>> edition_named("示例市权责清单（2027年版）", "Sheet1")
    2027
    >>> edition_named("截至2026年9月30日")
    """
    for text in texts:
        years = set(_YEAR.findall(text))
        if len(years) == 1:
            return int(years.pop())
    return None


def follow(
    entries: list[dict[str, Any]], stored: Sequence[RegisterEntry]
) -> tuple[list[str], list[tuple[RegisterEntry, datetime.date, str]]]:
    """(what to tell, [(stored line, its last day, why)]). Sets `_edition` and the last day of the entries themselves."""
    _date_editions(entries)
    ours = {entry["id"] for entry in entries}
    groups: dict[Group, dict[datetime.date, list[dict[str, Any]]]] = {}
    for entry in entries:
        if entry["_edition"] is not None and entry["_state"] == "standing":
            groups.setdefault((entry["unit_id"], entry["kind"]), {}).setdefault(entry["_edition"], []).append(entry)
    told: list[str] = []
    ends: list[tuple[RegisterEntry, datetime.date, str]] = []
    for group, editions in sorted(groups.items(), key=lambda pair: (pair[0][0] or "", pair[0][1] or "")):
        theirs = [row for row in stored if (row.unit_id, row.kind) == group]
        known = sorted({*editions, *(edition for row in theirs if (edition := _edition(row)) is not None)})
        for first, lines in sorted(editions.items()):
            before = [row for row in theirs if row.id not in ours and _begins(row) < first]
            told += _tell(group, first, lines, before, theirs, ours)
            ends += [
                (row, first - _DAY, f"{first.year} 年版目录接替")
                for row in before
                if _last(row) >= first and not any(_begins(row) < other < first for other in editions)
            ]
            _within(lines, first, known, before)
    return told, ends


def _date_editions(entries: list[dict[str, Any]]) -> None:
    """`_edition`: the first day of the edition that each entry belongs to, None when its sheet does not say."""
    begins: dict[Group, set[datetime.date | None]] = {}
    for entry in entries:
        begins.setdefault((entry["unit_id"], entry["kind"]), set()).add(entry["effective_from"])
    for entry in entries:
        days = begins[entry["unit_id"], entry["kind"]]
        alone = next(iter(days)) if len(days) == 1 else None
        if entry["_year"] is not None:
            entry["_edition"] = datetime.date(entry["_year"], 1, 1)
        else:
            entry["_edition"] = alone if alone is not None and (alone.month, alone.day) == (1, 1) else None


def _within(
    lines: list[dict[str, Any]], first: datetime.date, known: list[datetime.date], before: Sequence[RegisterEntry]
) -> None:
    """Entries end where the next known edition begins, and an item that goes on begins with its edition."""
    later = next((other for other in known if other > first), None)
    went_on = {name_key(row.item_name) for row in before}
    for entry in lines:
        if later is not None and (entry["effective_to"] is None or entry["effective_to"] >= later):
            entry["effective_to"] = later - _DAY
        if (
            entry["effective_from"] is not None
            and entry["effective_from"] < first
            and name_key(entry["item_name"]) in went_on
        ):
            entry["effective_from"] = first


def _edition(row: RegisterEntry) -> datetime.date | None:
    text = row.data.get(EDITION)
    return None if text is None else datetime.date.fromisoformat(text)


def _begins(row: RegisterEntry) -> datetime.date:
    return _edition(row) or row.effective_from or datetime.date.min


def _last(row: RegisterEntry) -> datetime.date:
    return row.effective_to or datetime.date.max


def _tell(
    group: Group, first: datetime.date, lines: list[dict[str, Any]], before: Sequence[RegisterEntry],
    theirs: Sequence[RegisterEntry], ours: set[str],
) -> list[str]:  # fmt: skip
    """What the edition ends, brings, brings back and changes; and what an earlier import of it had and this file has not."""
    new = {name_key(entry["item_name"]): entry for entry in lines}
    old = {name_key(row.item_name): row for row in sorted(before, key=_last)}
    standing = {key: row for key, row in old.items() if _last(row) >= first - _DAY}
    where = f"{lines[0]['data'].get('单位', group[0])}·{_KINDS.get(group[1] or '', '')}，{first.year} 年版"
    ended = [str(row.item_name) for key, row in standing.items() if key not in new and _last(row) >= first]
    back = [str(new[key]["item_name"]) for key in old if key in new and key not in standing]
    changed = [
        f"{new[key]['item_name']}（{words}）"
        for key, row in standing.items()
        if key in new and (words := _differing(said(row.data), new[key]["data"]))
    ]
    added = [str(entry["item_name"]) for key, entry in new.items() if key not in old] if old else []
    absent = [
        str(row.item_name)
        for row in theirs
        if _edition(row) == first and row.id not in ours and name_key(row.item_name) not in new and _last(row) >= first
    ]
    return [
        *_listed(f"{where}不再有，自 {first - _DAY} 停用", ended),
        *_listed(f"{where}恢复", back),
        *_listed(f"{where}内容有变（旧内容保留）", changed),
        *_listed(f"{where}新增", added),
        *_listed(f"{where}此前已导入而本文件没有，未作改动；确已取消的请填“有效期至”或状态“撤销”", absent),
    ]


def _differing(before: dict[str, Any], after: dict[str, Any]) -> str:
    return "；".join(
        f"{label}：{before.get(label) or '空'} → {after.get(label) or '空'}"
        for label in _ATTRIBUTES
        if (before.get(label) or "") != (after.get(label) or "")
    )


def _listed(what: str, items: list[str]) -> list[str]:
    return [
        f"{what}{f' {len(items)} 项' if start == 0 else '（续）'}：{'、'.join(items[start : start + _A_NOTE])}"
        for start in range(0, len(items), _A_NOTE)
    ]
