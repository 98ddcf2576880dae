"""The registers as the judge reads them: the lines in force, each in words that name it, and who answers for a decision.

A cancelled line is not frozen. An outage says which duty it held up: the reporting platform's or a website's.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assessment.periods import Period
from db.models import RegisterEntry
from db.register_lines import TITLES, cancelled, place
from db.units import UnitIndex, name_key
from standard.errors import Refused

COLUMNS = {
    "entry_id": "text",
    "register": "text",
    "unit_id": "text",
    "kind": "text",
    "document_number_key": "text",
    "counterparty_key": "text",
    "counterparty_code": "text",
    "item_name": "text",
    "item_key": "text",
    "effective_from": "day",
    "effective_to": "day",
    "ground": "text",
    "basis": "text",
    "publish": "yes",
    "covers_period": "yes",
    "other_unit": "text",  # responsibilities: the unit that took over
    "agreed_until": "day",  # backfills: reported up to this day, it is not late
    "duty": "text",  # outages: report | publish | both
    "words": "text",  # the line as an explanation names it
}
_DUTIES = {"报送": "report", "公示": "publish", "报送和公示": "both", "两者": "both"}
_WEBSITE = re.compile(r"网站|门户|网页|公示栏|集约化")
_PLATFORM = re.compile(r"报送|归集|共享|上报|前置机|接口")
# A declaration that there is nothing, in its kind or in its words; one that says that something will come is none.
_NOTHING = re.compile(
    r"零(申报|报告|公示|记录|数据|办件|业务)|无(?!法|故|关|效|误|需|须)|没有|涉密|不(予)?公开|未(发生|作出|做出|办理|产生|实施|开展)"
)
_POSTPONED = re.compile(r"延期|推迟|暂缓|无法")


def lines(session: Session, register: str | None = None) -> Iterator[RegisterEntry]:
    """The lines that were not cancelled, in order of id."""
    statement = select(RegisterEntry).order_by(RegisterEntry.id)
    if register is not None:
        statement = statement.where(RegisterEntry.register == register)
    for row in session.scalars(statement.execution_options(yield_per=1000)):
        if not cancelled(row.data):
            yield row


def frozen(session: Session, period: Period) -> Iterator[dict[str, Any]]:
    """The rows of registers.parquet."""
    for row in lines(session):
        item = row.item_name or (row.data.get("职责事项") if row.register == "responsibilities" else None)
        yield {
            "entry_id": row.id,
            "register": row.register,
            "unit_id": row.unit_id,
            "kind": row.kind,
            "document_number_key": row.document_number_key,
            "counterparty_key": row.counterparty_key,
            "counterparty_code": row.counterparty_code,
            "item_name": item,
            "item_key": name_key(item) or None,
            "effective_from": row.effective_from,
            "effective_to": row.effective_to,
            "ground": row.ground,
            "basis": row.basis,
            "publish": not str(row.data.get("是否公示") or "").strip().startswith(("否", "不")),
            "covers_period": _covers(row, period),
            "other_unit": row.data.get("划入单位编号"),
            "agreed_until": _day(row.data.get("约定补报期限")) if row.register == "backfills" else None,
            "duty": duty_of(row) if row.register == "outages" else None,
            "words": words_of(row),
        }


def words_of(row: RegisterEntry) -> str:
    """Register, line, what it says, its basis and documents: so that a unit can look it up."""
    parts = [row.ground, row.basis, *(row.data.get(label) for label in ("审批文号", "修复决定文号"))]
    told = "；".join(dict.fromkeys(str(part) for part in parts if part))
    where = place(row.data)
    return f"{TITLES.get(row.register, row.register)}{f'（{where}）' if where else ''}：{told or '已登记'}"


def duty_of(row: RegisterEntry) -> str:
    """Which duty an outage held up: as the line says, else by the system's name; a system without a sign is the platform."""
    stated = str(row.data.get("影响环节") or "").strip()
    if stated in _DUTIES:
        return _DUTIES[stated]
    system = str(row.data.get("系统") or "")
    return "publish" if _WEBSITE.search(system) and not _PLATFORM.search(system) else "report"


def _day(text: object) -> datetime.date | None:
    return None if not text else datetime.date.fromisoformat(str(text))


def _covers(row: RegisterEntry, period: Period) -> bool:
    kind, words = row.ground or "", str(row.data.get("说明") or "")
    if row.period is None or _POSTPONED.search(kind) or not (_NOTHING.search(kind) or _NOTHING.search(words)):
        return False
    try:
        return Period.parse(row.period).overlaps(period)
    except Refused:  # 所属期 is checked when the register is imported; an unreadable one covers nothing
        return False


@dataclass(frozen=True)
class Transfer:
    """A duty that went from one unit to another on a day; without `item`, every decision of the kind."""

    entry_id: str
    old: str
    new: str
    day: datetime.date
    kind: str | None
    item: str | None


class Transfers:
    """Who answers for a decision: before the day of a transfer the old unit, from that day on the new one."""

    def __init__(self, transfers: Sequence[Transfer], units: UnitIndex | None = None) -> None:
        self.transfers = sorted(transfers, key=lambda each: (each.day, each.entry_id))
        self.units = units
        self.touched = frozenset(unit for each in transfers for unit in (each.old, each.new))

    @classmethod
    def load(cls, session: Session) -> Transfers:
        found = [
            Transfer(
                row.id,
                row.unit_id,
                str(row.data["划入单位编号"]),
                row.effective_from,
                row.kind,
                name_key(row.data.get("职责事项")) or None,
            )
            for row in lines(session, "responsibilities")
            if row.unit_id and row.effective_from and row.data.get("划入单位编号")
        ]
        return cls(found, UnitIndex.load(session) if found else None)

    def told(self) -> str:
        """All that decides who answers, as text: equal texts, equal owners."""
        units = [] if self.units is None else list(self.units.units.values())
        return repr((self.transfers, [(unit.id, unit.name, unit.aliases, unit.uscc) for unit in units]))

    def owner(self, unit: str, kind: str, day: datetime.date | None, items: Sequence[str | None], authority: str | None,
              authority_code: str | None) -> str:  # fmt: skip
        """The unit that answers for a decision filed under `unit`.

        Backwards (the new unit filed what the old one had decided) it takes a sign: the item, or the old unit's name on
        the decision; what the new unit decided of its own before that day stays its own.
        """
        if unit not in self.touched or day is None:
            return unit
        stated = [item for item in items if item]
        signed = self.units.find(authority, day, authority_code) if self.units is not None else None
        owner = unit
        for each in self.transfers:
            fits = each.kind in (None, kind) and (
                each.item is None or _of_item(each.item, stated) or signed == each.new
            )
            if each.old == owner and each.day <= day and fits:
                owner = each.new
        if owner != unit:
            return owner
        before = unit  # who held the duty then, if it was this duty
        for each in reversed(self.transfers):
            if each.new == before and each.day > day and each.kind in (None, kind):
                before = each.old
                named = each.item is not None and _of_item(each.item, stated) and signed is None
                owner = before if signed == before or named else owner
        return owner


def _of_item(item: str, stated: Sequence[str]) -> bool:
    """食品经营许可 and 食品经营许可证: one name within the other is the same item."""
    return any(item in name or name in item for name in stated)
