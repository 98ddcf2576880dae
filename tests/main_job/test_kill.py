"""SIGKILL at three moments of a crawl: run again, it gives what an undisturbed run gives."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crawler.registry import sync
from db.models import Coverage, Crawl, Evidence, Publication
from db.session import session_of
from db.settings import Workspace
from sample_city.city import make
from sample_city.server import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]  # whole days of work on a busy machine
CLI = Path(__file__).resolve().parents[2] / "cli.py"
CHANCE = random.Random(7)


def crawl(workspace: Workspace, now: str, server: Server, kill_at: int | None = None) -> int:
    """Runs `mingcha crawl --all`; kills the whole process group a moment after its so-manieth request has come."""
    environment = {**os.environ, "MINGCHA_WORKSPACE": str(workspace.root), "MINGCHA_NOW": now}
    answer, number = server.respond, count(1)
    process = subprocess.Popen(
        [sys.executable, str(CLI), "crawl", "--all"],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def respond(*request: Any) -> bytes:
        if next(number) == kill_at:
            time.sleep(CHANCE.uniform(0, 0.02))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return answer(*request)

    server.respond = respond  # type: ignore[method-assign]
    try:
        return process.wait(900)
    finally:
        server.respond = answer  # type: ignore[method-assign]


def state(workspace: Workspace) -> dict[str, Any]:
    with session_of(workspace) as session:

        def rows(model: Any, leave_out: set[str]) -> list[tuple[Any, ...]]:
            columns = [c.key for c in model.__table__.columns if c.key not in leave_out]
            return sorted(tuple(str(getattr(row, c)) for c in columns) for row in session.scalars(select(model)))

        return {
            "publications": rows(Publication, set()),
            "evidence": rows(Evidence, {"warc_offset", "warc_length", "fetched_at"}),
            "coverage": rows(Coverage, set()),
            "crawls": rows(Crawl, {"resumed"}),
        }


def test_killed_three_times_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = make(3)
    with Server(city) as server:
        spaces = {}
        for name in ("undisturbed", "killed"):
            root = tmp_path / name
            root.mkdir()
            city.write_workspace(root, server.base_url)
            spaces[name] = Workspace.open(root)
            (spaces[name].var).mkdir(exist_ok=True)
            (spaces[name].var / "key").write_bytes(b"k" * 32)  # hashes of personal codes must be comparable
            monkeypatch.setenv("MINGCHA_NOW", city.timeline[0].isoformat())
            sync(spaces[name])
        day = city.timeline[3]
        server.set_now(day)
        ended = crawl(spaces["undisturbed"], day.isoformat(), server)
        whole = server.requests
        for share in (0.15, 0.25, 0.25):  # what was fetched before a kill is not fetched again: a third of it is left
            killed = crawl(spaces["killed"], day.isoformat(), server, int(whole * share))
            assert killed == -signal.SIGKILL
        assert crawl(spaces["killed"], day.isoformat(), server) == ended >= 0
        first, second = state(spaces["undisturbed"]), state(spaces["killed"])
        for key in first:
            only_first = [row for row in first[key] if row not in second[key]]
            only_second = [row for row in second[key] if row not in first[key]]
            assert (only_first, only_second) == ([], []), key
            assert first[key] == second[key], key
        assert len(first["publications"]) > 500
