"""What holds for a whole assessment, and what every case table has in common."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment.engine import Column, F, Frame, yes

STANDARD: dict[str, str] = {
    "subject": "string",
    "unit_id": "string",
    "kind": "string",
    "decision": "string",
    "document_number": "string",
    "counterparty": "string",
    "decision_date": "date",
    "due_date": "date",
    "published_from": "date",
    "published_to": "date",
    "received_at": "timestamp_ntz",
    "field": "string",
    "published_value": "string",
    "submitted_value": "string",
    "portal_id": "string",
    "url": "string",
    "evidence": "string",
    "published": "string",
    "submitted": "string",
    "rule": "string",
    "crawl": "string",
    "publish_basis": "string",
    "report_basis": "string",
    "publish_days": "bigint",
    "report_days": "bigint",
    "provisional": "boolean",
    "note": "string",
}


# Grounds beside those of obligations.yml; the registers and the catalogue name them.
GROUND_TITLES = {
    "register_exemption": "豁免清单登记",
    "catalogue_hidden": "目录载明不予公示",
    "credit_repair": "已信用修复",
    "withdrawal": "已说明撤下",
    "backfill": "约定补报期内",
    "vertical": "垂直管理单位另行上报",
}


# Read from a picture, or under labels we had to guess: such a publication proves that something was shown, not what.
GUESSED = 0.5


@dataclass(frozen=True)
class Facts:
    """What holds for the whole period (meta.json)."""

    period: str
    first: datetime.date
    last: datetime.date
    as_of: datetime.date
    submissions_until: datetime.date | None  # how far the reports reach that most units stand in
    catalogue_known: bool
    grounds: dict[str, str]  # every ground of exemption that is tested -> its title
    publish_outages: bool = False  # whether any website's outage is registered
    repair_days: int = 7  # working days in which a repaired record must go
    told_until: Mapping[str, datetime.date] = field(default_factory=dict)  # units whose own reports reach elsewhere
    date_tolerance_days: int = 0  # how far the day of decision may differ between the two sides

    @classmethod
    def read(cls, meta: dict[str, Any]) -> Facts:
        until = meta["submissions_until"]
        day = datetime.date.fromisoformat
        return cls(
            meta["period"],
            day(meta["first"]),
            day(meta["last"]),
            day(meta["as_of"]),
            None if until is None else day(until),
            meta["catalogue_known"],
            GROUND_TITLES | meta["exemptions"],
            bool(meta.get("publish_outages")),
            int(meta.get("repair_days", 7)),
            {unit: day(text) for unit, text in meta.get("told_until", {}).items()},
            int(meta.get("date_tolerance_days", 0)),
        )


def conform(frame: Frame) -> Frame:
    """The frame with every standard column; the missing ones are null."""
    missing = {name: F.lit(None).cast(kind) for name, kind in STANDARD.items() if name not in frame.columns}
    return frame.withColumns(missing) if missing else frame


def date_of(column: str) -> Column:
    return F.col(column).cast("date")


def within(column: str, facts: Facts) -> Column:
    return (F.col(column) >= F.lit(facts.first)) & (F.col(column) <= F.lit(facts.last))


def unnumbered() -> Column:
    """A row without a number of its own year: a certificate keeps its number when it is changed or renewed."""
    return ~yes(F.col("document_number_key").contains("〔"))
