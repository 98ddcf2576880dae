"""Result files asked with SQL: whatever their folder is called, and with nothing left among them."""

from __future__ import annotations

import os
from pathlib import Path

from assessment.kept_lines import ask


def test_what_spills_lies_in_the_period_and_not_among_its_results(tmp_path: Path) -> None:
    results = tmp_path / "2026'09" / "results"
    results.mkdir(parents=True)
    file = results / "findings.jsonl"
    file.write_text('{"a": "甲", "b": 1}\n{"a": null}\n', encoding="utf-8")
    asked = "SELECT a, b, current_setting('temp_directory') AS place FROM lines ORDER BY a"
    rows = ask(asked, {"lines": (file, {"a": "VARCHAR", "b": "BIGINT"})})
    assert [(row["a"], row["b"]) for row in rows] == [("甲", 1), (None, None)]
    place = Path(rows[0]["place"])
    assert place.parent == results.parent and place.name.startswith(f".results-{os.getpid()}-")
