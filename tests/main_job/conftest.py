"""The demo run for real, once for all tests that look at what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.settings import Workspace

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), *arguments]


@dataclass(frozen=True)
class Demo:
    """What one `mingcha demo --json --keep` left: its workspace, its JSON, what it said."""

    workspace: Workspace
    result: dict[str, Any]
    screen: str

    def run(self, *arguments: str, code: int = 0) -> str:
        """A further command in the demo's workspace, on the day of the assessment; its standard output."""
        environment = {
            **os.environ, "MINGCHA_WORKSPACE": str(self.workspace.root), "MINGCHA_NOW": "2026-10-12T09:00:00+08:00"
        }  # fmt: skip
        done = subprocess.run(command(*arguments), env=environment, capture_output=True, timeout=600)
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode("utf-8")


def _demo(folder: Path, *more: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MINGCHA_")}
    return subprocess.Popen(
        command("demo", "--json", "--keep", str(folder), *more),
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _finish(process: subprocess.Popen[str], folder: Path) -> Demo:
    try:
        out, err = process.communicate(timeout=1700)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return Demo(Workspace.open(folder), json.loads(out.splitlines()[-1]), err)


@pytest.fixture(scope="session")
def _demos(tmp_path_factory: pytest.TempPathFactory, postgresql: Any) -> dict[str, Demo]:
    """Both demos at once, on the two cores: one on SQLite, one on PostgreSQL."""
    more: dict[str, tuple[str, ...]] = {"sqlite": ()}
    if postgresql is not None:
        more["postgresql"] = ("--database", postgresql.database(), "--quick")
    folders = {name: tmp_path_factory.mktemp(name) / "city" for name in more}
    started = {name: _demo(folders[name], *arguments) for name, arguments in more.items()}
    return {name: _finish(process, folders[name]) for name, process in started.items()}


@pytest.fixture(scope="session")
def demo(_demos: dict[str, Demo]) -> Demo:
    return _demos["sqlite"]


@pytest.fixture(scope="session")
def demo_on_postgresql(_demos: dict[str, Demo]) -> Demo:
    if "postgresql" not in _demos:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return _demos["postgresql"]
