"""Clocks: the calendar and the outages that a unit's deadlines run by.

Most units share one (its key is ""). A county with a local holiday, or a unit whose website or reporting line stood still,
has its own: calendar/*.yml with `units`, and outage lines with 单位.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessment.registers import duty_of, lines
from db.models import RegisterEntry, Unit
from standard.errors import Refused
from standard.strict_yaml import nearest
from standard.workdays import Calendar

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """One calendar with the days on which reporting, and publishing, could not be done."""

    key: str
    calendar: Calendar
    report: frozenset[datetime.date]
    publish: frozenset[datetime.date]
    units: tuple[str, ...] = field(default=())


def clocks(session: Session, overlay: Path | None) -> list[Clock]:
    """Every clock, the common one first; `units` of the others are the ids that live by them."""
    common = Calendar.load(overlay)
    local = Calendar.local_units(overlay)
    _known(session, local, overlay)
    outages = list(lines(session, "outages"))
    shared = [row for row in outages if row.unit_id is None]
    own: dict[str, list[RegisterEntry]] = {}
    for row in outages:
        if row.unit_id is not None:
            own.setdefault(row.unit_id, []).append(row)
    made = [Clock("", common, *_days(shared))]
    members: dict[tuple[frozenset[str], tuple[str, ...]], list[str]] = {}
    held: dict[str, RegisterEntry] = {row.id: row for row in outages}
    for unit in session.scalars(select(Unit).order_by(Unit.position, Unit.id)):
        scope = [unit.id, *([unit.parent] if unit.parent else [])]
        places = frozenset(scope) & local
        entries = tuple(row.id for each in scope for row in own.get(each, []))
        if places or entries:
            members.setdefault((places, entries), []).append(unit.id)
    for (places, entries), units in members.items():
        calendar = Calendar.load(overlay, places) if places else common
        days = _days([*shared, *(held[entry] for entry in entries)])
        made.append(Clock("+".join([*sorted(places), *entries]), calendar, *days, tuple(units)))
    return made


def _known(session: Session, local: frozenset[str], overlay: Path | None) -> None:
    """Raises Refused when a calendar names a unit that does not exist."""
    known = set(session.scalars(select(Unit.id))) if local else set()
    faults = [
        f"{overlay}：units：单位 {unit} 不在单位名录中{nearest(unit, known)}（先运行 mingcha registry sync）"
        for unit in sorted(local - known)
    ]
    if faults:
        raise Refused(*faults)


def key_of(made: Sequence[Clock]) -> dict[str, str]:
    """unit -> key of its clock, for the units with a clock of their own."""
    return {unit: clock.key for clock in made for unit in clock.units}


def _days(rows: Sequence[RegisterEntry]) -> tuple[frozenset[datetime.date], frozenset[datetime.date]]:
    report: set[datetime.date] = set()
    publish: set[datetime.date] = set()
    for row in rows:
        duty = duty_of(row)
        if duty in ("report", "both"):
            report.update(_span(row))
        if duty in ("publish", "both"):
            publish.update(_span(row))
    return frozenset(report), frozenset(publish)


def _span(row: RegisterEntry) -> Iterator[datetime.date]:
    if row.effective_from is None:
        return
    day, last = row.effective_from, row.effective_to or row.effective_from
    while day <= last:
        yield day
        day += _DAY
