"""Due days: the obligations of each day applied to a calendar. Frozen with the period; a what-if makes them anew."""

from __future__ import annotations

import bisect
import calendar
import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from standard.obligations import Obligations

KINDS = ("licence", "penalty")
COLUMNS = {
    "clock": "text",
    "kind": "text",
    "day": "day",
    "publish_days": "count",
    "publish_due": "day",
    "publish_basis": "text",
    "report_days": "count",
    "report_due": "day",
    "report_basis": "text",
    "provisional": "yes",
    "minor_until": "day",  # last day on which a minor penalty of that day may be shown
    "term_until": "day",  # … and any penalty of that day
    "least_until": "day",  # up to when a penalty that is not minor is shown at the least
    "term_basis": "text",
}
WINDOWS = {
    "kind": "text",
    "channel": "text",
    "strict": "yes",
    "since": "day",
    "until": "day",
    "window_basis": "text",
}
Days = Sequence[tuple[datetime.date, bool, bool]]  # day, whether it is worked, whether its year is provisional


def rows(clock: str, days: Days, obligations: Obligations, spare: int) -> Iterator[dict[str, Any]]:
    """One row per kind and day of the calendar, but for the last `spare` days, in which deadlines of the others fall."""
    workdays = [day for day, worked, _ in days if worked]
    provisional = {day for day, _, unsure in days if unsure}
    for kind in KINDS:
        for day, _, _ in days[:-spare]:
            publish, report = (obligations.limit(kind, what, day) for what in ("publish", "report"))
            after = bisect.bisect_right(workdays, day)
            dues = [workdays[after + limit.days - 1] for limit in (publish, report)]
            minor = obligations.term(kind, "minor", day)
            terms = [term for name in ("general", "serious") if (term := obligations.term(kind, name, day))]
            longest = max(terms, key=lambda term: term.max_months, default=None)
            least = min(terms, key=lambda term: term.min_months, default=None)
            yield {
                "clock": clock,
                "kind": kind,
                "day": day,
                "publish_days": publish.days,
                "publish_due": dues[0],
                "publish_basis": publish.basis,
                "report_days": report.days,
                "report_due": dues[1],
                "report_basis": report.basis,
                "provisional": any(due in provisional for due in dues),
                "minor_until": None if minor is None else months_after(day, minor.max_months),
                "term_until": None if longest is None else months_after(day, longest.max_months),
                "least_until": None if least is None else months_after(day, least.min_months),
                "term_basis": None if longest is None else longest.basis,
            }


def months_after(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months on; the month's last day where it has no such day.

    >>> months_after(datetime.date(2026, 11, 30), 3)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def window_rows(obligations: Obligations) -> Iterator[dict[str, Any]]:
    """The windows that decisions must stand in, one row per kind."""
    for row in obligations.windows:
        for kind in KINDS if row.kind == "both" else (row.kind,):
            yield {
                "kind": kind,
                "channel": row.channel,
                "strict": row.strict,
                "since": row.since,
                "until": row.until,
                "window_basis": row.basis,
            }


def limits(obligations: Obligations, day: datetime.date) -> list[dict[str, Any]]:
    """What the report's note on deadlines says of the limits in force on that day."""
    found = [(kind, what, obligations.limit(kind, what, day)) for kind in KINDS for what in ("publish", "report")]
    return [{"kind": kind, "what": what, "days": limit.days, "basis": limit.basis} for kind, what, limit in found]


def meta(obligations: Obligations, last: datetime.date) -> dict[str, Any]:
    """What meta.json says of the obligations; `last`: the period's last day."""
    repaired = obligations.withdrawal("repaired", last)
    return {
        "exemptions": {row.id: row.title for row in obligations.exemptions},
        "obligations": obligations.version,
        "limits": limits(obligations, last),
        "date_tolerance_days": obligations.date_tolerance_days,
        "repair_days": 7 if repaired is None else repaired.days,
    }
