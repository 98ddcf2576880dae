"""The ledger: was this portal looked at, completely, on this day; and what that look was worth.

A `Look` counts while a portal is walked; `verdict` says at the end, in the contract's words, what it proves. Only
`complete` and `column_empty` prove that something was not there. Our blindness is never the unit's fault.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Coverage, Portal
from standard.outcomes import NAMES, OUTCOMES, PROVING

BROWSED = "列表由网页脚本生成，由浏览器读取"  # said of a portal that leaves the choice to us, and remembered by it
_DEAD_KEPT = 200  # dead links a look keeps by name


@dataclass(frozen=True)
class Verdict:
    """What a look was worth: the outcome, why (Chinese), and who must act."""

    outcome: str
    reason: str
    who: str


@dataclass
class Look:
    """One look at one portal while it happens."""

    crawl_id: str
    started_at: datetime.datetime
    pages: int = 0
    pages_announced: int | None = None
    list_pages: int = 0  # pages of the list that were read, where the family counts them
    items_announced: int | None = None
    items: int = 0
    not_records: int = 0
    linked_out: int = 0  # entries that lead to other hosts
    away: int = 0  # of these, what may be decisions
    family: str | None = None
    entry: tuple[str, str] | None = None  # outcome and reason when the column itself could not be read
    errors: list[str] = field(default_factory=list)
    lost_pages: list[str] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)  # reason -> how many
    cut: str = ""  # why the walk was ended before its end
    said_empty: bool = False
    notes: set[str] = field(default_factory=set)
    dead: dict[str, str] = field(default_factory=dict)  # entries that could not be opened: address -> note
    alarms: list[str] = field(default_factory=list)  # why this look is not to be trusted with an absence

    @property
    def wants_browser(self) -> bool:
        """Whether a browser may see more: the list is made by a script, or its place is blank and nothing says why."""
        outcome = self._outcome(0)[0]
        blank = outcome == "column_empty" and not self.said_empty
        return self.items == 0 and (outcome == "script_list" or blank)

    def verdict(self, records: int) -> Verdict:
        """The outcome. Our own fault goes first, then what hid the column, then what is missing from the look."""
        outcome, reason = self._outcome(records)
        return Verdict(outcome, reason, OUTCOMES[outcome].who)

    def _outcome(self, records: int) -> tuple[str, str]:
        if self.errors:
            return "error", f"系统处理出错：{sorted(self.errors)[0]}"
        if self.entry is not None:
            return self.entry
        missing = self._missing()
        if missing:
            return "partial", "；".join(missing)
        if records == 0 and self.items == self.not_records:
            if self.linked_out:
                return "link_out", f"栏目只有指向外站的链接（{self.linked_out} 条）"
            if self.items == 0:
                return "column_empty", "栏目页面写明暂无内容" if self.said_empty else "栏目可以打开，列表中没有任何内容"
        return "complete", ""

    def _missing(self) -> list[str]:
        missing: list[str] = []
        if self.lost_pages:
            missing.append(f"{len(self.lost_pages)} 个列表页没有读到（{sorted(self.lost_pages)[0]}）")
        if self.unread:
            why = "、".join(f"{reason} {count} 处" for reason, count in sorted(self.unread.items()))
            missing.append(f"{self.unread.total()} 处内容没有读到：{why}")
        if self.items_announced is not None and self.items + self.linked_out < self.items_announced:
            missing.append(f"网站写明有 {self.items_announced} 条，只读到 {self.items + self.linked_out} 条")
        if self.away and self.items:
            missing.append(f"{self.away} 条指向外站，内容没有读到")
        if self.cut:
            missing.append(self.cut)
        missing += self.alarms
        if not missing and 0 < self.list_pages < (self.pages_announced or 0):
            missing.append(f"网站写明有 {self.pages_announced} 页，只读到 {self.list_pages} 页")
        return missing

    def row(self, portal_id: str, records: int) -> dict[str, Any]:
        """The row of table `coverage`."""
        verdict = self.verdict(records)
        return {
            "crawl_id": self.crawl_id, "portal_id": portal_id, "looked_at": self.started_at,
            "outcome": verdict.outcome, "reason": verdict.reason, "who": verdict.who, "pages": self.pages,
            "pages_announced": self.pages_announced, "items": self.items, "records": records,
            "unread": self.unread.total() + len(self.lost_pages), "not_records": self.not_records,
            "notes": [*sorted(self.notes), *(self.dead[url] for url in sorted(self.dead)[:_DEAD_KEPT])],
        }  # fmt: skip


def days(session: Session, first: datetime.date, last: datetime.date) -> list[dict[str, Any]]:
    """For `mingcha coverage`: each active portal and day from `first` to `last`, with the best look of that day.

    A day without a look has outcome None.
    """
    portals = session.scalars(select(Portal).where(Portal.active).order_by(Portal.id)).all()
    start = datetime.datetime.combine(first, datetime.time())
    end = datetime.datetime.combine(last + datetime.timedelta(days=1), datetime.time())
    looks = session.scalars(
        select(Coverage)
        .where(Coverage.looked_at >= start, Coverage.looked_at < end)
        .order_by(Coverage.looked_at, Coverage.crawl_id)
    )
    best: dict[tuple[str, datetime.date], Coverage] = {}
    counts: Counter[tuple[str, datetime.date]] = Counter()
    for look in looks:
        key = (look.portal_id, look.looked_at.date())
        counts[key] += 1
        if key not in best or (look.outcome in PROVING) >= (best[key].outcome in PROVING):
            best[key] = look
    rows: list[dict[str, Any]] = []
    for portal in portals:
        for number in range((last - first).days + 1):
            day = first + datetime.timedelta(days=number)
            found = best.get((portal.id, day))
            rows.append(
                {
                    "portal": portal.id, "unit": portal.unit_id, "title": portal.title, "date": day,
                    "looks": counts[(portal.id, day)], "outcome": found and found.outcome,
                    "outcome_name": NAMES[found.outcome] if found else "未采集", "reason": found.reason if found else "",
                    "who": found.who if found else "us", "pages": found.pages if found else 0,
                    "items": found.items if found else 0, "records": found.records if found else 0,
                    "unread": found.unread if found else 0, "complete": found is not None and found.outcome in PROVING,
                }
            )  # fmt: skip
    return rows
