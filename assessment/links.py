"""Links of a column that led nowhere: what each look noted, as rows of links.parquet."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Coverage
from standard.outcomes import read_dead_link

COLUMNS = {
    "crawl_id": "text",
    "portal_id": "text",
    "looked_at": "time",
    "link": "text",
    "why": "text",
    "gone": "yes",  # the website says that there is no such page; else it answered with a fault
}


def frozen(session: Session, until: datetime.datetime) -> Iterator[dict[str, Any]]:
    """Every link that a look up to that moment could not open."""
    statement = select(Coverage).where(Coverage.looked_at <= until).order_by(Coverage.crawl_id)
    for look in session.scalars(statement.execution_options(yield_per=1000)):
        for note in look.notes or ():
            if (dead := read_dead_link(note)) is not None:
                yield {"crawl_id": look.crawl_id, "portal_id": look.portal_id, "looked_at": look.looked_at} | dead
