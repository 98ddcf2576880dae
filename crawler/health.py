"""Is this look healthy? Told before a silent break of a portal, or of our reading of it, becomes an accusation.

What a portal's entry expects, and what its own earlier looks showed, are compared with this one. An unhealthy look keeps
what it saw, but counts as incomplete: it proves no absence. A drop that the next look shows again is taken for the truth.
"""

from __future__ import annotations

import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from crawler.coverage import PROVING, Look
from crawler.registry import Portal
from db.models import Coverage, Publication

_ENOUGH = 10  # records of an earlier look below which a change says nothing
_DROP = 0.5  # of the earlier look's records
_ALIKE = 0.2  # two counts that differ by less are one
_MARK = "记录骤减"
_LAST = (
    select(Coverage.crawl_id, Coverage.records, Coverage.notes)
    .where(Coverage.portal_id == bindparam("portal"), Coverage.looked_at < bindparam("now"))
    .order_by(Coverage.looked_at.desc())
    .limit(1)
)
_WHOLE = _LAST.where(Coverage.outcome.in_(PROVING))


def examine(session: Session, portal: Portal, look: Look, shown: int, newest: datetime.date | None = None) -> None:
    """Put what is wrong into the look's alarms (it proves no absence) or its notes (somebody should know)."""
    if look.entry is not None or look.errors:
        return  # it is told already, and proves nothing
    bounds = portal.expect.records
    if bounds.min is not None and shown < bounds.min:
        look.alarms.append(f"只有 {shown} 条记录，少于登记的下限 {bounds.min}，请先查明原因")
    if bounds.max is not None and shown > bounds.max:
        look.notes.add(f"有 {shown} 条记录，多于登记的上限 {bounds.max}，请先查明原因")
    _freshness(session, portal, look, newest)
    _history(session, portal, look, shown)


def _freshness(session: Session, portal: Portal, look: Look, newest: datetime.date | None) -> None:
    days = portal.expect.newest_within_days
    if days is None:
        return
    before = session.scalar(
        select(func.max(func.coalesce(Publication.stated_published_on, Publication.decision_date))).where(
            Publication.portal_id == portal.id, Publication.gone_since.is_(None)
        )
    )
    latest = max((date for date in (before, newest) if date is not None), default=None)
    if latest is None:
        look.notes.add(f"没有一条记录有日期，无法核对登记的“{days} 天内应有更新”")
    elif (look.started_at.date() - latest).days > days:
        look.notes.add(f"最新一条的日期是 {latest}，超过登记的 {days} 天，请核对是栏目没有更新还是没有读到")


def _history(session: Session, portal: Portal, look: Look, shown: int) -> None:
    """Against the last look that saw everything; the same drop seen twice is no accident."""
    before = {"portal": portal.id, "now": look.started_at}
    whole = session.connection().execute(_WHOLE, before).first()
    if whole is None or whole.records < _ENOUGH or shown >= whole.records * _DROP:
        return
    last = session.connection().execute(_LAST, before).first()
    told = f"{_MARK}：上次看全时有 {whole.records} 条，这次只有 {shown} 条"
    seen_before = last is not None and last.crawl_id != whole.crawl_id and any(_MARK in str(n) for n in last.notes)
    if seen_before and last is not None and abs(last.records - shown) <= max(1, _ALIKE * last.records):
        look.notes.add(f"{told}，连续两次如此，按实际情况认定")
        return
    look.notes.add(told)
    look.alarms.append(f"{told}，请先查明原因，下次查看仍如此即予认定")
