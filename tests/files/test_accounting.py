"""The account of an import: every row read is accepted, updated, a duplicate or refused, and the database agrees."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz_import import HEADER, counts, csv_text, rows
from benchmarks.fuzz_import import workspace as new_workspace
from db.models import Batch, RefusedRow, Submission
from db.session import session_of
from db.settings import Workspace
from intake.submissions import import_submissions

ROOT = Path(__file__).resolve().parents[2]

# A row: which decision it is, which version of it, when it was sent, and what is wrong with it.
ROW = st.tuples(
    st.integers(0, 5), st.integers(0, 2), st.sampled_from(["", "2026/9/4", "2026/9/9"]), st.sampled_from(["", "", "", "unit", "nothing"])
)  # fmt: skip


def line(number: int, version: int, sent: str, fault: str) -> list[str]:
    row = [*rows(number + 1)[-1], sent]
    row[5] = f"事实{version}"
    if fault == "unit":
        row[12] = row[14] = "不存在的单位"
    elif fault == "nothing":
        row[0] = row[3] = ""
    return row


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
        yield new_workspace(tmp_path_factory.mktemp("account") / "workspace")


def clear(workspace: Workspace) -> None:
    with session_of(workspace) as session:
        for table in (Submission, RefusedRow, Batch):
            session.execute(sa.delete(table))


@given(st.lists(st.lists(ROW, max_size=12), min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_are_the_rows_read_and_the_database_agrees(opened: Workspace, files: list[list[Any]]) -> None:
    clear(opened)
    path = opened.root / "a.csv"
    read = 0
    known: set[tuple[str, str]] = set()
    for given_rows in files:
        table = [[*HEADER, "提供日期"], *(line(*row) for row in given_rows)]
        path.write_text(csv_text(table), encoding="utf-8")
        before = counts(opened)
        (receipt,) = import_submissions(opened, [path])
        assert (
            receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows == len(given_rows)
        )
        after = counts(opened)
        again = after[0] == before[0]  # the very same bytes: nothing happens
        assert after[1] - before[1] == (0 if again else receipt.accepted)
        assert after[2] - before[2] == (0 if again else receipt.refused)
        assert receipt.refused == 0 or not again
        known |= {(row[3], row[0]) for row in table[1:] if row[12] != "不存在的单位" and row[3]}
        with session_of(opened) as session:
            stored = list(session.scalars(sa.select(Submission)))
            assert {(row.document_number, row.counterparty) for row in stored} == known  # no row lost, none twice
            assert all(row.received_at <= row.last_received_at and row.version >= 1 for row in stored)
        read += receipt.rows
        (same,) = import_submissions(opened, [path])
        assert (same.duplicate, counts(opened)) == (same.rows, after)
    with session_of(opened) as session:
        names = ("rows", "accepted", "updated", "duplicate", "refused")
        total, *parts = (sum(getattr(b, name) for b in session.scalars(sa.select(Batch))) for name in names)
        assert total == sum(parts) <= read


@given(st.permutations([0, 1, 2, 3]), st.lists(st.integers(1, 20), min_size=4, max_size=4, unique=True))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_first_attempt_counts_whatever_comes_in_which_order(
    opened: Workspace, order: list[int], days: list[int]
) -> None:
    """Refused, corrected, accepted, changed: the time of reporting is that of the first attempt."""
    clear(opened)
    path = opened.root / "a.csv"
    stages = [line(1, 0, "", "unit"), line(1, 0, "", ""), line(1, 1, "", ""), line(1, 2, "", "")]
    for at in order:
        stages[at][-1] = f"2026/9/{days[at]}"
        path.write_text(csv_text([[*HEADER, "提供日期"], stages[at]]), encoding="utf-8")
        import_submissions(opened, [path])
    with session_of(opened) as session:
        row = session.scalars(sa.select(Submission)).one()
        assert row.received_at.day == min(days)
        assert row.last_received_at.day == max(days[at] for at in (1, 2, 3))
        newest = max((1, 2, 3), key=lambda at: days[at])
        assert row.facts == f"事实{newest - 1}"


CODE = """
import sys
from pathlib import Path
from db.settings import Workspace
from intake.submissions import import_submissions
print("ready", flush=True)
import_submissions(Workspace.open(sys.argv[1]), [Path(sys.argv[2])])
"""


@pytest.mark.slow
def test_killed_at_any_instant_it_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL at instants spread over a whole import, reading, storing and committing."""
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-12T09:00:00+08:00")
    opened = new_workspace(tmp_path / "workspace")
    file = tmp_path / "a.csv"
    file.write_text(csv_text(rows(1500)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MINGCHA_WORKERS": "1"}

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(opened.root), str(file)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        return process

    def finish(process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        process.stdout.close()
        return process.wait(300)

    process, at = start(), time.monotonic()
    assert finish(process) == 0
    whole = time.monotonic() - at
    assert counts(opened) == (1, 1500, 0)
    chance = random.Random(3)
    killed = 0
    while killed < 6:
        clear(opened)
        process = start()
        time.sleep(whole * (killed + chance.random()) / 6)
        process.send_signal(signal.SIGKILL)
        if finish(process) == -signal.SIGKILL:
            killed += 1
        else:  # the machine was busier when the whole was measured
            whole *= 0.7
        assert counts(opened) in ((0, 0, 0), (1, 1500, 0)), killed
        with session_of(opened) as session:
            assert session.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
    (receipt,) = import_submissions(opened, [file])
    assert receipt.rows == 1500 and counts(opened) == (1, 1500, 0)
    assert receipt.path is not None and receipt.path.is_file()
