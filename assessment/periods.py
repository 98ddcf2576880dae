"""Periods: a month, a quarter or a year, written 2026-09, 2026-Q3 or 2026."""

from __future__ import annotations

import calendar
import datetime
import re
from dataclasses import dataclass

from standard.errors import Refused

_FORM = re.compile(r"(20\d\d)(?:-(0[1-9]|1[0-2])|-Q([1-4]))?")


@dataclass(frozen=True)
class Period:
    """The days `first` to `last`, both included. `key` is its name in commands, folders and rows.

    >>> Period.parse("2026-Q3").last
    datetime.date(2026, 9, 30)
    """

    key: str
    first: datetime.date
    last: datetime.date

    @classmethod
    def parse(cls, text: str) -> Period:
        """Raises Refused when the text is none of the three forms."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise Refused(f"--period：“{text}”不是评估期，请写成 2026-09（月）、2026-Q3（季）或 2026（年）")
        year = int(match[1])
        if match[2]:
            return cls._months(text, year, int(match[2]), 1)
        if match[3]:
            return cls._months(text, year, int(match[3]) * 3 - 2, 3)
        return cls._months(text, year, 1, 12)

    @classmethod
    def _months(cls, key: str, year: int, month: int, length: int) -> Period:
        last = month + length - 1
        return cls(key, datetime.date(year, month, 1), datetime.date(year, last, calendar.monthrange(year, last)[1]))

    @property
    def previous(self) -> Period:
        """The period of the same length just before.

        >>> Period.parse("2026-01").previous.key
        '2025-12'
        """
        before = self.first - datetime.timedelta(days=1)
        if len(self.key) == 4:
            return Period.parse(str(before.year))
        if "Q" in self.key:
            return Period.parse(f"{before.year}-Q{(before.month + 2) // 3}")
        return Period.parse(f"{before.year}-{before.month:02d}")

    @property
    def title(self) -> str:
        """As an official says it: 2026年9月, 2026年第3季度, 2026年度."""
        if len(self.key) == 4:
            return f"{self.key}年度"
        if "Q" in self.key:
            return f"{self.first.year}年第{self.key[-1]}季度"
        return f"{self.first.year}年{self.first.month}月"

    def overlaps(self, other: Period) -> bool:
        return self.first <= other.last and other.first <= self.last
