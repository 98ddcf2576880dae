"""The working-day calendar: published arrangements as data, with a local overlay; a year without one is provisional.

The day of the decision is not counted; a make-up Saturday or Sunday is a working day; a day off moved onto a weekday
is none.
"""

from __future__ import annotations

import bisect
import datetime
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from chinese_calendar import constants

from standard.errors import Refused
from standard.strict_yaml import build, read_yaml

FIRST = datetime.date(1985, 1, 1)
LAST = datetime.date(2110, 12, 31)
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Suspension:
    """Days on which work was suspended by a document: typhoon, epidemic, a local festival."""

    days: str
    document: str
    reason: str = ""


@dataclass(frozen=True)
class Year:
    """One overlay file: a year's arrangement, or local days beside the national one.

    A day is `2027-02-08`, a run of days `2027-02-06/2027-02-12`. `local`: the file adds days of the region only, so that
    a year without the national notice stays provisional. `suspensions` are days off, each with its document.
    """

    year: int
    notice: str
    holidays: list[str] = field(default_factory=list)
    workdays: list[str] = field(default_factory=list)
    provisional: bool = False
    local: bool = False
    suspensions: list[Suspension] = field(default_factory=list)


class Calendar:
    """Working days between 1985 and 2110. Build it with `Calendar.load`; it never changes afterwards."""

    def __init__(self, overlays: list[Year] | None = None) -> None:
        self._holidays: set[datetime.date] = set(constants.holidays)
        self._workdays: set[datetime.date] = set(constants.workdays)
        years = {day.year for day in self._holidays}
        self._notices: dict[int, list[str]] = {
            year: [f"国务院办公厅关于{year}年部分节假日安排的通知"] for year in sorted(years)
        }
        local: dict[int, list[str]] = {}
        self._documents: dict[datetime.date, str] = {}
        for overlay in overlays or []:
            holidays = [day for text in overlay.holidays for day in _span(text)]
            for suspension in overlay.suspensions:
                suspended = _span(suspension.days)
                holidays += suspended
                self._documents |= dict.fromkeys(suspended, suspension.document)
            workdays = [day for text in overlay.workdays for day in _span(text)]
            self._holidays = (self._holidays | set(holidays)) - set(workdays)
            self._workdays = (self._workdays | set(workdays)) - set(holidays)
            if overlay.local:
                local.setdefault(overlay.year, []).append(overlay.notice)
            elif not overlay.provisional:
                self._notices.setdefault(overlay.year, []).append(overlay.notice)
        for year, notices in local.items():
            if year in self._notices:
                self._notices[year] += notices
        length = (LAST - FIRST).days + 1
        self._ordinals: list[int] = []
        self._days: list[datetime.date] = []
        for offset in range(length):
            day = FIRST + datetime.timedelta(days=offset)
            if day in self._workdays or (day.weekday() < 5 and day not in self._holidays):
                self._days.append(day)
            self._ordinals.append(len(self._days))

    @classmethod
    def load(cls, overlay: Path | None = None) -> Calendar:
        """The national calendar with the overlay of a folder's *.yml (or one file). Raises Refused with every fault."""
        if overlay is None or not overlay.exists():
            return _national()
        files = sorted(overlay.glob("*.yml")) if overlay.is_dir() else [overlay]
        if len(files) == 0:
            return _national()
        faults: list[str] = []
        years = [year for file in files for year in _read(file, faults)]
        if faults:
            raise Refused(*faults)
        return cls(sorted(years, key=lambda year: (year.year, year.notice)))

    def is_workday(self, day: datetime.date) -> bool:
        """True for weekdays that are no holiday and for make-up days."""
        at = self._at(day)
        return self._ordinals[at] > (self._ordinals[at - 1] if at else 0)

    def add(self, day: datetime.date, n: int) -> datetime.date:
        """The n-th working day after `day`, which itself is not counted; n = 0 is the day itself, n < 0 counts back."""
        if n == 0:
            return day
        place = self._ordinals[self._at(day)] + n - 1 if n > 0 else bisect.bisect_left(self._days, day) + n
        if not 0 <= place < len(self._days):
            raise ValueError(f"working-day calendar: {n} days from {day} is outside {FIRST}..{LAST}")
        return self._days[place]

    def between(self, a: datetime.date, b: datetime.date) -> int:
        """How many working days lie in (a, b]; negative when b is before a."""
        return self._ordinals[self._at(b)] - self._ordinals[self._at(a)]

    def notice(self, year: int) -> str | None:
        """The document that arranges the year's holidays (with local ones added), None when there is none yet."""
        notices = self._notices.get(year)
        return None if notices is None else "；".join(notices)

    def provisional(self, day: datetime.date) -> bool:
        """True when the day's year has no notice yet: any deadline that falls there is 暂定."""
        return day.year not in self._notices

    def suspended(self, first: datetime.date, last: datetime.date) -> list[tuple[datetime.date, str]]:
        """The days from first to last on which work was suspended, each with the document that says so."""
        return sorted((day, document) for day, document in self._documents.items() if first <= day <= last)

    def table(self, first: datetime.date, last: datetime.date) -> list[tuple[datetime.date, bool, int, bool]]:
        """Every day from first to last: (day, is a working day, ordinal, provisional). Ordinals count working days."""
        return [
            (day, self.is_workday(day), self._ordinals[self._at(day)], self.provisional(day))
            for day in (first + datetime.timedelta(days=n) for n in range((last - first).days + 1))
        ]

    def _at(self, day: datetime.date) -> int:
        at = (day - FIRST).days
        if not 0 <= at < len(self._ordinals):
            raise ValueError(f"working-day calendar: {day} is outside {FIRST}..{LAST}")
        return at


@lru_cache(maxsize=1)
def _national() -> Calendar:
    return Calendar()


def _span(text: str) -> list[datetime.date]:
    first, _, last = text.partition("/")
    a = datetime.date.fromisoformat(first.strip())
    b = datetime.date.fromisoformat(last.strip()) if last else a
    return [a + datetime.timedelta(days=n) for n in range((b - a).days + 1)]


def _read(file: Path, faults: list[str]) -> list[Year]:
    content: Any = read_yaml(file)
    years = []
    for place, entry in enumerate(content if isinstance(content, list) else [content], start=1):
        where = f"{file}" if not isinstance(content, list) else f"{file}：第 {place} 项"
        year = build(Year, entry, where, faults)
        if year is not None:
            before = len(faults)
            _check(year, where, faults)
            if len(faults) == before:
                years.append(year)
    return years


def _check(year: Year, where: str, faults: list[str]) -> None:
    if not year.notice.strip():
        faults.append(f"{where}：notice 不能为空，请写明放假安排的文件名称或文号")
    for suspension in year.suspensions:
        if not suspension.document.strip():
            faults.append(f"{where}：suspensions 中“{suspension.days}”没有 document，请写明停工停业的文件名称或文号")
    suspended = [suspension.days for suspension in year.suspensions]
    seen: dict[datetime.date, str] = {}
    for key, texts in (("holidays", year.holidays), ("workdays", year.workdays), ("suspensions", suspended)):
        for text in texts:
            try:
                days = _span(text)
            except ValueError:
                faults.append(f"{where}：{key} 中“{text}”不是日期，请写成 {year.year}-02-08（连续多日用 / 连接首尾）")
                continue
            if len(days) == 0 or len(days) > 200:
                faults.append(f"{where}：{key} 中“{text}”起止颠倒或过长，请检查")
                continue
            for day in days:
                if day.year != year.year:
                    faults.append(f"{where}：{key} 中 {day} 不在 {year.year} 年，请改正年份或放入该年的文件")
                elif seen.get(day, key) != key:
                    faults.append(f"{where}：{day} 同时写在 {seen[day]} 与 {key}，请只留一处")
                seen[day] = key
