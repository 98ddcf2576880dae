"""How far each unit's reports reach: units that stand together in a batch share a channel, and its latest batch counts."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from db.models import Batch, RefusedRow

AS_OF = datetime.date(2026, 10, 12)


@pytest.fixture
def channels(made_city: Any, tmp_path: Any) -> Any:
    """Four units with a column each; `sent` gives them reports."""
    city = made_city(tmp_path)
    for unit in ("city", "office", "county", "bureau"):
        city.unit(unit)
        city.portal()
    return city


def sent(city: Any, unit: str, day: str, **batch: Any) -> None:
    """A report of the unit in the batch of that day."""
    if not any(row["id"] == f"b{day}" for row in city.rows.get(Batch, [])):
        city.batch(day)
        city.rows[Batch][-1] |= batch
    city.here = unit
    city.submit(len(city.rows), batch=f"b{day}", received="2026-09-03")


def told(city: Any, as_of: datetime.date = AS_OF) -> dict[str, str]:
    city.judge(as_of=as_of)
    meta = json.loads((city.workspace.periods / "2026-09" / "inputs" / "meta.json").read_text(encoding="utf-8"))
    return dict(meta["told_until"])


def test_a_channel_of_its_own_reaches_as_far_as_its_own_files(channels: Any) -> None:
    sent(channels, "city", "2026-10-12")
    sent(channels, "office", "2026-10-12")
    sent(channels, "county", "2026-09-04")
    sent(channels, "county", "2026-09-10")
    sent(channels, "bureau", "2026-09-04")
    assert told(channels) == {"county": "2026-09-10", "bureau": "2026-09-10"}


def test_one_batch_in_common_is_one_channel(channels: Any) -> None:
    sent(channels, "county", "2026-09-04")
    sent(channels, "county", "2026-10-12")
    sent(channels, "city", "2026-10-12")
    assert told(channels) == {}


def test_a_refused_row_stands_in_its_batch(channels: Any) -> None:
    sent(channels, "city", "2026-10-12")
    sent(channels, "county", "2026-09-04")
    channels.refuse(7)
    assert channels.rows[RefusedRow][-1]["batch"] == "b2026-10-12"
    assert told(channels) == {}


def test_a_file_of_nothing_but_known_rows_still_extends_the_one_channel_that_there_is(channels: Any) -> None:
    for unit in ("city", "county"):
        sent(channels, unit, "2026-09-04")
    channels.batch("2026-10-12")
    assert told(channels) == {}


def test_what_one_mapping_pulls_is_one_channel_though_a_pull_brought_nothing(channels: Any) -> None:
    sent(channels, "city", "2026-10-12")
    sent(channels, "county", "2026-09-04", source="mapping:县库?watermark=1")
    channels.batch("2026-10-11")
    channels.rows[Batch][-1] |= {"source": "mapping:县库?watermark=2"}
    assert told(channels) == {"county": "2026-10-11"}


def test_a_batch_of_after_the_day_is_not_known_yet(channels: Any) -> None:
    sent(channels, "city", "2026-10-08")
    sent(channels, "county", "2026-10-09")
    sent(channels, "county", "2026-09-04")
    assert told(channels) == {"city": "2026-10-08"}
    assert told(channels, datetime.date(2026, 10, 8)) == {"county": "2026-09-04"}
