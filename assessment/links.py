"""Links of a column that led nowhere: what each look noted, as rows of links.parquet."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Text, cast, select
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
    names = (Coverage.crawl_id, Coverage.portal_id, Coverage.looked_at, Coverage.notes)
    noted = (Coverage.looked_at <= until) & (cast(Coverage.notes, Text) != "[]")
    statement = select(*names).where(noted).order_by(Coverage.crawl_id)
    for crawl_id, portal_id, looked_at, notes in session.execute(statement.execution_options(yield_per=1000)):
        for note in notes or ():
            if (dead := read_dead_link(note)) is not None:
                yield {"crawl_id": crawl_id, "portal_id": portal_id, "looked_at": looked_at} | dead
