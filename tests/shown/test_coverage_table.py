"""The table of looks as a person reads it."""

from __future__ import annotations

import datetime
from typing import Any

from reports.export import COVERAGE_COLUMNS, COVERAGE_FIELDS, coverage_read


def row(portal: str, day: str, outcome: str = "not_looked", **values: Any) -> dict[str, Any]:
    return (
        dict.fromkeys(COVERAGE_FIELDS)
        | {"portal": portal, "day": datetime.date.fromisoformat(day), "outcome": outcome}
        | values
    )


def test_days_without_a_look_stand_in_one_line() -> None:
    rows = [
        row("a", "2026-09-01"),
        row("a", "2026-09-02"),
        row(
            "a", "2026-09-03", "partial", who="operator", pages=2, pages_announced=5, records=40, reason="只列到第 2 页"
        ),
        row("a", "2026-09-04"),
        row("b", "2026-09-01"),
        row("b", "2026-09-02", "complete", who="nobody", pages=1, records=3, reason=""),
    ]
    lines = [tuple(line[name] for name in COVERAGE_COLUMNS) for line in coverage_read(rows)]
    third, second = datetime.date(2026, 9, 3), datetime.date(2026, 9, 2)
    assert lines == [
        ("2026-09-01…2026-09-02", "a", "未查看", None, None, None, None, None),
        (third, "a", "部分读取", "运维人员", 2, 5, 40, "只列到第 2 页"),
        ("2026-09-04", "a", "未查看", None, None, None, None, None),
        ("2026-09-01", "b", "未查看", None, None, None, None, None),
        (second, "b", "完整读取", "", 1, None, 3, ""),
    ]
