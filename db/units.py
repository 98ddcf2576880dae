"""From a unit's id, name or alias to its row: used by both inlets and the registers."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Unit


def name_key(text: str | None) -> str:
    """Names compare without width, blanks and brackets' shape."""
    return "".join(unicodedata.normalize("NFKC", text or "").split())


class UnitIndex:
    """Finds a unit by id, name or alias. Built once per run from the unit rows."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.id: unit for unit in units}
        self._names: dict[str, list[tuple[str, datetime.date | None]]] = {}
        self._codes = {unit.uscc: unit.id for unit in self.units.values() if unit.uscc}
        for unit in self.units.values():
            self._names.setdefault(name_key(unit.name), []).append((unit.id, None))
            for alias in unit.aliases:
                until = datetime.date.fromisoformat(alias["until"]) if alias.get("until") else None
                self._names.setdefault(name_key(alias["name"]), []).append((unit.id, until))

    @classmethod
    def load(cls, session: Session) -> UnitIndex:
        return cls(session.scalars(select(Unit).order_by(Unit.position, Unit.id)))

    def find(self, text: str | None, on: datetime.date | None = None, code: str | None = None) -> str | None:
        """The id of the unit that is called so (on that day), or has that unified code; None if nobody or two are."""
        if code and code in self._codes:
            return self._codes[code]
        if not text:
            return None
        if text in self.units:
            return text
        found = {
            unit_id
            for unit_id, until in self._names.get(name_key(text), [])
            if until is None or on is None or on <= until
        }
        return found.pop() if len(found) == 1 else None

    def names(self) -> list[str]:
        return [unit.name for unit in self.units.values()]
