"""What every test may ask for."""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from db import session as db_session
from db.settings import Workspace

# The same examples on every run: a red test is then this change's doing. HYPOTHESIS_PROFILE=explore looks for new ones.
# However busy the machine is.
_EITHER: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, **_EITHER)
settings.register_profile("explore", max_examples=1000, **_EITHER)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Alone, fast tests come first; beside each other on several cores, those that may take longest start first."""
    several = hasattr(config, "workerinput")

    def length(item: pytest.Item) -> tuple[float, bool]:
        most = item.get_closest_marker("timeout")
        return (most.args[0] if most is not None else 0, item.get_closest_marker("slow") is not None)

    items.sort(key=length, reverse=several)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the clock of every command: now("2026-09-07T09:00:00+08:00")."""
    return lambda text: monkeypatch.setenv("MINGCHA_NOW", text)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An empty workspace of its own."""
    monkeypatch.delenv("MINGCHA_WORKSPACE", raising=False)
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "mingcha.yml").write_text('region: {code: "140600", name: 示例市}\n', encoding="utf-8")
    yield Workspace.open(root)
    for url in [u for u in db_session._engines if str(root) in u]:
        db_session._engines.pop(url).dispose()


# ---------------------------------------------------------------- real database servers


def free_port() -> int:
    """One that nobody uses now, and that no connection is given before the server listens: those have higher ones."""
    for port in random.SystemRandom().sample(range(15_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")


class Server:
    """A database server of Debian's on loopback, its data in a folder of its own; every test asks for a database of its own."""

    prefix: str  # of its addresses, up to the port
    first: str  # a database that is always there
    plain = ""  # how a database is made when a test does not care
    user: str | None = None
    process: subprocess.Popen[bytes]

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.names = count(1)
        self.common_url: str | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def url(self, database: str) -> str:
        return f"{self.prefix}:{self.port}/{database}"

    def run(self, statement: str) -> None:
        engine = sa.create_engine(self.url(self.first), poolclass=sa.pool.NullPool)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)

    def database(self, options: str = "") -> str:
        """The address of a new, empty database."""
        name = f"city{next(self.names)}"
        self.run(f"CREATE DATABASE {name} {options or self.plain}")
        return self.url(name)

    def shared(self) -> str:
        """The address of a database for tests that clear up before they begin."""
        if self.common_url is None:
            self.common_url = self.database()
        return self.common_url

    def start(self, seconds: float = 300) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, user=self.user, stdout=log, stderr=log)
        end = time.monotonic() + seconds
        while True:
            try:
                return self.run("SELECT 1")
            except sa.exc.OperationalError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL, for it and what it started: as when the power fails."""
        first = self.process.pid
        family = [first, *(process for process in _processes() if _stat(process)[1:2] == [str(first)])]
        for process in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait(300)
        end = time.monotonic() + 300
        while any(_stat(process)[:1] not in ([], ["Z"]) for process in family):
            assert time.monotonic() < end
            time.sleep(0.02)

    def stop(self) -> None:
        self.kill()


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _stat(process: int) -> list[str]:
    """State, parent … of a process; nothing when it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class PostgreSQL(Server):
    prefix, first = "postgresql+psycopg://mingcha@127.0.0.1", "postgres"

    def __init__(self, folder: Path, binary: Path) -> None:
        super().__init__(folder)
        self.binary, self.data = binary, str(folder / "data")
        if os.getuid() == 0:  # initdb refuses to run as root
            self.user = "postgres"
            account = pwd.getpwnam(self.user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        words = ["-D", self.data, "-A", "trust", "-U", "mingcha", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [str(binary / "initdb"), *words], check=True, user=self.user, cwd=folder, stdout=subprocess.DEVNULL
        )

    def command(self) -> list[str]:
        options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        set_ = [word for option in options for word in ("-c", option)]
        return [str(self.binary / "postgres"), "-D", self.data, "-p", str(self.port), *set_]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # at once, yet giving back its shared memory
        self.process.wait(300)


class MariaDB(Server):
    prefix, first = "mysql+pymysql://root@127.0.0.1", "mysql"
    plain = "CHARACTER SET utf8mb4"
    scripts = Path("/usr/share/mysql")

    def __init__(self, folder: Path, binary: Path) -> None:
        super().__init__(folder)
        (folder / "data").mkdir()
        self.common = [
            str(binary), "--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}", f"--user={getpass.getuser()}",
            "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0",
        ]  # fmt: skip
        script = "create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n"
        for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
            script += (self.scripts / name).read_text(encoding="utf-8")
        subprocess.run(
            [*self.common, "--bootstrap"], input=script, text=True, check=True, cwd=folder, stderr=subprocess.DEVNULL
        )

    def command(self) -> list[str]:
        more = ["--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}", "--skip-name-resolve"]
        return [*self.common, f"--port={self.port}", *more]


@contextlib.contextmanager
def _running(make: Callable[[Path], Server]) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="mingcha-db-"))
    try:
        server = make(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server | None]:
    """A real PostgreSQL, started for these tests, gone after them; None where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    which = shutil.which("initdb")
    binary = found[-1].parent if found else Path(which).parent if which else None
    if binary is None:
        yield None
        return
    with _running(lambda folder: PostgreSQL(folder, binary)) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server | None]:
    """A real MariaDB, started for these tests, gone after them; None where none is installed."""
    which = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec")
    if which is None or not MariaDB.scripts.is_dir():
        yield None
        return
    with _running(lambda folder: MariaDB(folder, Path(which))) as server:
        yield server
