"""Agency and agency code, source unit and its code: they must be those of the unit register (data-standard 5.7); and no
decision is reported before it was made (5.2, D4).

The register and the time of reporting are known only to the importing process, so this is asked beside `standard.validity`, in the same words of
rules.yml. A name or a code that the register does not hold is not judged.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from db.clock import local
from db.units import UnitIndex
from intake.rows import COLUMNS, Prepared, Told
from standard.fields import label_of
from standard.rules import RULE_TABLE
from standard.values import USCC_FILLER, clean_text

_DEFECTS = COLUMNS.index("defects")
_RULE = RULE_TABLE["U12"]
_EARLY = RULE_TABLE["D4-reported"]


class Agreement:
    """Compares units with their codes; the same pairs come again in every row, and are looked at once."""

    def __init__(self, units: UnitIndex) -> None:
        self.units = units
        self.asked = any(unit.uscc for unit in units.units.values())
        self._known: dict[tuple[str | None, ...], list[tuple[str, str, str]]] = {}
        self._at: tuple[datetime.datetime | None, str] = (None, "")

    def tell(self, row: Prepared, received: datetime.datetime) -> Prepared:
        """The row, with a defect for each unit whose code is another's, and one for a decision later than its report."""
        found = self._pairs(row.place[1:5]) if self.asked else []
        early = self._early(row, received)
        if not found and early is None:
            return row
        defects: list[dict[str, Any]] = json.loads(row.values[_DEFECTS])
        told: list[Told] = []
        for field, name, code in found:
            told.append(_said(_RULE, row, field, name=name, code=code))
        if early is not None and not any(one[0] == _EARLY.rule for one in row.told):
            told.append(_said(_EARLY, row, "decision_date", day=early, today=self._at[1]))
        for rule, field, severity, message, cure in told:
            defects.append(
                {
                    "rule": rule,
                    "code": _RULE.code,
                    "field": field,
                    "severity": severity,
                    "message": message,
                    "cure": cure,
                }
            )
        values = list(row.values)
        values[_DEFECTS] = json.dumps(defects, ensure_ascii=False)
        return row._replace(values=values, told=[*row.told, *told])

    def _early(self, row: Prepared, received: datetime.datetime) -> str | None:
        """The decision date when it is later than the day of reporting."""
        if received is not self._at[0]:
            self._at = (received, local(received).date().isoformat())
        day = row.place[5]
        return day if day is not None and day > self._at[1] else None

    def _pairs(self, place: tuple[str | None, ...]) -> list[tuple[str, str, str]]:
        found = self._known.get(place)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            source, source_code, authority, authority_code = place
            found = self._known[place] = self._differ(source, source_code, authority, authority_code)
        return found

    def _differ(
        self, source: str | None, source_code: str | None, authority: str | None, authority_code: str | None
    ) -> list[tuple[str, str, str]]:
        """Field of the code, the unit's name, and the code the register has."""
        found = []
        for field, name, code in (
            ("authority_code", authority, authority_code), ("source_unit_code", source, source_code)
        ):  # fmt: skip
            unit = self.units.find(clean_text(name)) if name and code and code != USCC_FILLER else None
            registered = None if unit is None else self.units.units[unit].uscc
            if unit is not None and registered and registered != code:
                found.append((field, self.units.units[unit].name, registered))
        return found


def _said(rule: Any, row: Prepared, field: str, **words: str) -> Told:
    label = label_of(row.kind, field)
    severity = rule.severity["submission"]
    return (
        rule.rule,
        field,
        severity,
        rule.message.format(label=label, **words),
        rule.cure.format(label=label, **words),
    )
