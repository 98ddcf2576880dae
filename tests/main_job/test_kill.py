"""SIGKILL at three moments of a crawl: run again, it gives what an undisturbed run gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
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
    pytest.mark.timeout(900),
]  # whole days of work on a busy machine
CLI = Path(__file__).resolve().parents[2] / "cli.py"


def crawl(workspace: Workspace, now: str, kill_after_responses: int | None = None) -> int:
    """Runs `mingcha crawl --all`; kills the whole process group once so many responses are on disk."""
    environment = {**os.environ, "MINGCHA_WORKSPACE": str(workspace.root), "MINGCHA_NOW": now}
    process = subprocess.Popen(
        [sys.executable, str(CLI), "crawl", "--all"],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if kill_after_responses is not None:
        while process.poll() is None and _stored(workspace) < kill_after_responses:
            time.sleep(0.01)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait(120)


def _stored(workspace: Workspace) -> int:
    """Bytes of evidence on disk stand for the moment; every stored response is at least some hundred bytes."""
    return sum(file.stat().st_size for file in workspace.evidence.rglob("*.warc.gz")) // 1024


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
        kills = 0
        for day in city.timeline[3:4]:
            server.set_now(day)
            crawl(spaces["undisturbed"], day.isoformat())
            size = max(_stored(spaces["undisturbed"]) - _stored(spaces["killed"]), 3)
            start = _stored(spaces["killed"])
            for share in (
                0.15,
                0.4,
                0.65,
            ):  # what was fetched before a kill is not fetched again: later ones come sooner
                kills += crawl(spaces["killed"], day.isoformat(), start + int(size * share)) == -signal.SIGKILL
            crawl(spaces["killed"], day.isoformat())
        assert kills >= 3
        first, second = state(spaces["undisturbed"]), state(spaces["killed"])
        for key in first:
            only_first = [row for row in first[key] if row not in second[key]]
            only_second = [row for row in second[key] if row not in first[key]]
            assert (only_first, only_second) == ([], []), key
            assert first[key] == second[key], key
        assert len(first["publications"]) > 500
