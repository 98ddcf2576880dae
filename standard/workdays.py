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
    a year without the national notice stays provisional. `units`: the days hold for these units (a county's id: for its
    departments too) and for nobody else, which makes the file local. `suspensions` are days off, each with its document.
    """

    year: int
    notice: str
    holidays: list[str] = field(default_factory=list)
    workdays: list[str] = field(default_factory=list)
    provisional: bool = False
    local: bool = False
    suspensions: list[Suspension] = field(default_factory=list)
    units: list[str] = field(default_factory=list)

    @property
    def settles(self) -> bool:
        """True when this is the year's own arrangement, after which its deadlines are provisional no longer."""
        return not (self.local or self.provisional or self.units)


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
        self._local = local
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
            if overlay.local or overlay.units:
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
    def load(cls, overlay: Path | None = None, units: frozenset[str] = frozenset()) -> Calendar:
        """The national calendar with the overlay of a folder's *.yml (or one file). Raises Refused with every fault.

        Days that hold for some units only are left out, unless `units` (a unit and its county) names one of them.
        """
        years = [year for year in _years(overlay) if not year.units or units & set(year.units)]
        # National files first: what a region says of its own days is the last word there.
        return cls(sorted(years, key=lambda year: (year.year, not year.settles, year.notice))) if years else _national()

    @staticmethod
    def local_units(overlay: Path | None = None) -> frozenset[str]:
        """The units that have days of their own. Raises Refused with every fault of the overlay."""
        return frozenset(unit for year in _years(overlay) for unit in year.units)

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

    def local_notices(self, year: int) -> list[str]:
        """The documents that add days of the region, or of some of its units, to the year."""
        return list(self._local.get(year, []))

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


def _years(overlay: Path | None) -> list[Year]:
    """Every entry of the overlay's files. Raises Refused with every fault of every file."""
    if overlay is None or not overlay.exists():
        return []
    files = sorted(overlay.glob("*.y*ml")) if overlay.is_dir() else [overlay]
    faults: list[str] = []
    years = [year for file in files for year in _read(file, faults)]
    _agree(years, faults)
    if faults:
        raise Refused(*faults)
    return [year for _, year in years]


def _read(file: Path, faults: list[str]) -> list[tuple[str, Year]]:
    try:
        content: Any = read_yaml(file)
    except Refused as refused:
        faults += refused.faults
        return []
    if content is None:
        return []  # a file of remarks only
    years = []
    for place, entry in enumerate(content if isinstance(content, list) else [content], start=1):
        where = f"{file}" if not isinstance(content, list) else f"{file}：第 {place} 项"
        year = build(Year, entry, where, faults)
        if year is not None:
            before = len(faults)
            _check(year, where, faults)
            if len(faults) == before:
                years.append((where, year))
    return years


def _agree(years: list[tuple[str, Year]], faults: list[str]) -> None:
    """No day is a holiday in one file and a working day in another that holds for the same units."""
    said: dict[tuple[datetime.date, str], tuple[str, str]] = {}
    for where, year in years:
        scopes = year.units or ["" if year.settles or year.provisional else "地方"]
        for key, texts in (("holidays", year.holidays), ("workdays", year.workdays)):
            for day in dict.fromkeys(day for text in texts for day in _span(text)):
                for scope in scopes:
                    other, there = said.setdefault((day, scope), (key, where))
                    if other != key:
                        faults.append(f"{where}：{day} 写在 {key}，而 {there} 写在 {other}，请只留一处")


def _check(year: Year, where: str, faults: list[str]) -> None:
    if not FIRST.year <= year.year <= LAST.year:
        faults.append(f"{where}：year 应在 {FIRST.year} 与 {LAST.year} 之间，现为 {year.year}")
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
