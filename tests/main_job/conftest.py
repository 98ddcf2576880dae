"""A real PostgreSQL, and the demo run for real, once for all tests that look at what it left."""

from __future__ import annotations

import getpass
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.settings import Workspace

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), *arguments]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str | None]:
    """The address of an empty PostgreSQL (Debian's), started for these tests, stopped and removed after them; None without."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    binary = found[-1].parent if found else None
    if binary is None:
        which = shutil.which("initdb")
        binary = Path(which).parent if which else None
    if binary is None:
        yield None
        return
    user = "postgres" if os.getuid() == 0 else getpass.getuser()  # initdb refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="mingcha-pg-"))
    if os.getuid() == 0:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    port = free_port()

    def run(*arguments: str) -> None:
        subprocess.run(
            arguments, check=True, user=user if os.getuid() == 0 else None, cwd=folder, stdout=subprocess.DEVNULL
        )

    data = str(folder / "data")
    run(str(binary / "initdb"), "-D", data, "-A", "trust", "-U", "mingcha", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run(str(binary / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql+psycopg://mingcha@127.0.0.1:{port}/postgres"
    finally:
        run(str(binary / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


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
        done = subprocess.run(command(*arguments), env=environment, capture_output=True, timeout=120)
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
        out, err = process.communicate(timeout=800)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return Demo(Workspace.open(folder), json.loads(out.splitlines()[-1]), err)


@pytest.fixture(scope="session")
def _demos(tmp_path_factory: pytest.TempPathFactory, postgresql: str | None) -> dict[str, Demo]:
    """Both demos at once, on the two cores: one on SQLite, one on PostgreSQL."""
    more: dict[str, tuple[str, ...]] = {"sqlite": ()}
    if postgresql is not None:
        more["postgresql"] = ("--database", postgresql, "--quick")
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
