"""How far the reports reach that each unit stands in: a county's own files say nothing of what the city's later export says.

Units that stand together in a batch report through one channel, and so do the batches pulled through one mapping. A channel
reaches as far as its latest batch. What has no unit in it (a file of nothing but known rows) extends no channel.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Batch, RefusedRow


def told_until(session: Session, submissions: Path, until: datetime.datetime) -> dict[str, str]:
    """unit -> the day up to which its reports are known, for the units whose channel does not reach as far as the latest batch."""
    asked = select(Batch.id, Batch.source, Batch.received_at)
    asked = asked.where(Batch.register == "submissions", Batch.received_at <= until)
    batches = {batch: (_channel(batch, source), received) for batch, source, received in session.execute(asked)}
    rows = pq.read_table(submissions, columns=["filed_unit_id", "batch"]).group_by(["filed_unit_id", "batch"])
    pairs = {(row["filed_unit_id"], row["batch"]) for row in rows.aggregate([]).to_pylist()}
    refused = select(RefusedRow.unit_id, RefusedRow.batch).where(RefusedRow.unit_id.is_not(None)).distinct()
    pairs |= {(unit, batch) for unit, batch in session.execute(refused) if unit is not None}
    channel = _joined((unit, batches[batch][0]) for unit, batch in sorted(pairs) if batch in batches)
    if len(set(channel.values())) < 2:  # whatever came, came through the one channel that there is
        return {}
    reach: dict[str, datetime.date] = {}
    for name, received in batches.values():
        if (one := channel.get(name)) is not None:
            reach[one] = max(reach.get(one, received.date()), received.date())
    common = max(received.date() for _, received in batches.values())
    days = {unit: reach[channel[f"unit {unit}"]] for unit, batch in sorted(pairs) if batch in batches}
    return {unit: day.isoformat() for unit, day in days.items() if day != common}


def _channel(batch: str, source: str) -> str:
    return source.partition("?")[0] if source.startswith("mapping:") else f"batch {batch}"


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each unit ("unit …") and channel -> the one that stands for all that hang together with it."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for unit, channel in pairs:
        above[top(f"unit {unit}")] = top(channel)
    return {name: top(name) for name in list(above)}
