"""Way one of submission: a platform's database (real servers) and a JSON interface (a server on loopback)."""

from __future__ import annotations

import getpass
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from db.models import Batch, Submission
from db.session import session_of
from db.settings import Workspace
from intake.mapping import load_mapping
from intake.pull import tagged, untagged
from intake.submissions import import_submissions
from standard.errors import Refused

COLUMNS = {"NUM": "document_number", "PARTY": "counterparty", "PCODE": "counterparty_code", "WHY": "facts", "LAW": "basis",
           "SORT": "category", "RESULT": "content", "AMOUNT": "fine_yuan", "DAY": "decision_date", "ORGAN": "authority"}  # fmt: skip


def values(n: int) -> dict[str, Any]:
    return {
        "NUM": f"示市监罚字〔2026〕{n}号", "PARTY": f"示例市第{n}商贸有限公司", "PCODE": "91330000755918469E", "WHY": "销售不合格食品",
        "LAW": "《食品安全法》第一百二十四条", "SORT": "罚款", "RESULT": "罚款5000元", "AMOUNT": 5000, "DAY": "2026-09-03",
        "ORGAN": "示例市市场监督管理局", "UPD": f"2026-09-{n % 28 + 1:02d} 10:00:00",
    }  # fmt: skip


class Platform:
    """A table on some server."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        types = {"AMOUNT": sa.Numeric(12, 2), "UPD": sa.String(30) if url.startswith("sqlite") else sa.DateTime()}
        columns = [sa.Column(name, types.get(name, sa.String(200))) for name in values(0)]
        self.table = sa.Table("V_XZCF", sa.MetaData(), *columns)
        self.table.drop(self.engine, checkfirst=True)
        self.table.create(self.engine)

    def add(self, *numbers: int, **changes: Any) -> None:
        rows = [{**values(n), **changes} for n in numbers]
        if not self.engine.url.drivername.startswith("sqlite"):
            import datetime

            for row in rows:
                row["UPD"] = datetime.datetime.fromisoformat(row["UPD"])
        with self.engine.begin() as connection:
            connection.execute(self.table.insert(), rows)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """An empty PostgreSQL of its own; initdb refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    binary = found[-1].parent
    root = os.getuid() == 0
    user = "postgres" if root else getpass.getuser()
    folder = Path(tempfile.mkdtemp(prefix="mingcha-pg-"))
    if root:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    port = free_port()

    def run(*arguments: str) -> None:
        subprocess.run(arguments, check=True, user=user if root else None, cwd=folder, stdout=subprocess.DEVNULL)

    data = str(folder / "data")
    run(str(binary / "initdb"), "-D", data, "-A", "trust", "-U", "mingcha", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run(str(binary / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql+psycopg://mingcha@127.0.0.1:{port}/postgres"
    finally:
        run(str(binary / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
    if request.param == "sqlite":
        return Platform(f"sqlite:///{tmp_path / 'platform.db'}")
    return Platform(request.getfixturevalue("server"))


@pytest.fixture
def mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a mapping file; its address is in the environment."""

    def write(url: str, **more: Any) -> Path:
        monkeypatch.setenv("PLATFORM", url)
        file = tmp_path / "platform.yml"
        file.write_text(
            json.dumps({"name": "platform", "url": "env:PLATFORM", **more}, ensure_ascii=False), encoding="utf-8"
        )
        return file

    return write


def stored(workspace: Workspace) -> list[str]:
    with session_of(workspace) as session:
        return sorted(row.document_number or "" for row in session.scalars(sa.select(Submission)))


def batches(workspace: Workspace) -> list[Batch]:
    with session_of(workspace) as session:
        return list(session.scalars(sa.select(Batch).order_by(Batch.imported_at, Batch.id)))


MORE = {"table": "V_XZCF", "kind": "penalty", "columns": COLUMNS, "money": {"fine_yuan": "yuan"}}


def test_a_database_is_pulled_once_then_only_what_is_new(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.add(1, 2, 3)
    file = mapping(platform.engine.url.render_as_string(False), watermark="UPD", **MORE)
    (first,) = import_submissions(workspace, [file])
    assert (first.rows, first.accepted, first.refused) == (3, 3, 0), first.rows_detail
    with session_of(workspace) as session:
        row = session.scalars(sa.select(Submission)).first()
        assert row is not None and row.fine_yuan == 5000 and row.unit_id == "sjj"
    platform.add(4, UPD="2026-09-20 08:00:00")
    platform.add(5, UPD="2026-09-20 08:00:00")
    (second,) = import_submissions(workspace, [str(file)])
    assert (second.accepted, second.rows - second.accepted) == (
        2,
        1,
    )  # the row at the watermark is read again, and known
    before = stored(workspace)
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-20T09:00:00+08:00")
    (third,) = import_submissions(workspace, [file])
    assert third.accepted == third.updated == 0 and stored(workspace) == before
    assert max(batch.received_at for batch in batches(workspace)).day == 20  # asked again: known up to now
    assert not list(workspace.var.glob("receipts/.*"))


def test_a_pull_that_stopped_goes_on(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.add(*range(1, 21))
    file = mapping(platform.engine.url.render_as_string(False), watermark="UPD", commit_rows=5, **MORE)
    from intake import pull
    from intake.submissions import Import

    class Dying(Import):
        """Fails in the third piece."""

        def finish(self, session: Any) -> None:
            if len(batches(workspace)) == 2:
                raise OSError("no space left")
            super().finish(session)

    monkeypatch.setattr(pull, "Import", Dying)
    with pytest.raises(OSError):
        import_submissions(workspace, [file])
    assert len(stored(workspace)) == 10
    assert all(batch.received_at.year == 1970 for batch in batches(workspace))  # half a pull proves nothing
    monkeypatch.setattr(pull, "Import", Import)
    receipts = import_submissions(workspace, [file])
    assert sum(r.accepted for r in receipts) == 10 and len(stored(workspace)) == 20
    assert [batch.received_at.year for batch in batches(workspace)].count(2026) == 1


def test_nothing_is_ever_written_there(workspace: Workspace, platform: Platform, mapping: Callable[..., Path]) -> None:
    platform.add(1)
    more = {
        **MORE,
        "table": None,
        "query": "WITH x AS (SELECT * FROM \"V_XZCF\") SELECT * FROM x WHERE '12:30' = '12:30'",
    }
    (receipt,) = import_submissions(workspace, [mapping(platform.engine.url.render_as_string(False), **more)])
    assert receipt.accepted == 1
    for query in ("DELETE FROM V_XZCF", "SELECT 1; DROP TABLE V_XZCF"):
        with pytest.raises(Refused, match="只能是一条查询"):
            import_submissions(
                workspace, [mapping(platform.engine.url.render_as_string(False), **{**more, "query": query})]
            )
    if platform.engine.dialect.name == "postgresql":
        query = 'WITH gone AS (DELETE FROM "V_XZCF" RETURNING *) SELECT * FROM gone'
        with pytest.raises(Refused, match="读取失败"):
            import_submissions(
                workspace, [mapping(platform.engine.url.render_as_string(False), **{**more, "query": query})]
            )


@pytest.mark.parametrize(
    ("url", "more", "says"),
    [
        ("oracle+oracledb://u@h/x", {}, "pip install oracledb"), ("dm+dmPython://u@h:5236", {}, "dmSQLAlchemy"),
        ("mysql+pymysql://u@h/x", {}, "pip install pymysql"), ("kingbase://u@h/x", {}, "ksycopg2"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/x", {}, "读取失败"), ("sqlite:////nowhere/x.db", {}, "不存在"),
        ("no url", {}, "不是可用的地址"), ("sqlite://", {"table": "a b; drop"}, "应为表名"),
        ("sqlite://", {"columns": {"A": "document_numbr"}}, "document_number"), ("sqlite://", {"watermrk": "x"}, "watermark"),
        ("https://h/api", {"table": None, "token": "secret"}, "不能写明文"), ("http://h/api", {"table": None, "token": "env:T"}, "必须用 https"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_says_what_to_do(
    workspace: Workspace, mapping: Callable[..., Path], url: str, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(Refused) as caught:
        import_submissions(workspace, [mapping(url, **{**MORE, **more})])
    assert says in str(caught.value) and "platform.yml" in str(caught.value) and "secret" not in str(caught.value)
    assert stored(workspace) == []


def test_columns_that_say_nothing(workspace: Workspace, platform: Platform, mapping: Callable[..., Path]) -> None:
    platform.add(1)
    with pytest.raises(Refused, match="请在 columns 中写明"):
        import_submissions(workspace, [mapping(platform.engine.url.render_as_string(False), table="V_XZCF")])


def test_a_password_stays_out_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text("name: m\nurl: postgresql://u:p@h/x\ntable: t\n", encoding="utf-8")
    with pytest.raises(Refused, match="不能写口令"):
        load_mapping(file)


@pytest.mark.parametrize("value", [5, "2026-09-01", 1.5, True])
def test_watermarks_keep_their_type(value: Any) -> None:
    assert str(untagged(tagged(value))) == str(value)


# ---------------------------------------------------------------- JSON over HTTP


class Interface:
    """A JSON interface with pages, a token and bad days."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.fail: list[int] = []  # status codes to answer first
        self.ignore_page = False
        interface = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                interface.asked.append(query)
                status = interface.fail.pop(0) if interface.fail else 200
                if self.headers.get("Authorization") != "Bearer t0ken":
                    status = 401
                page, size = 0 if interface.ignore_page else int(query["p"]), int(query["n"])
                rows = [r for r in interface.records if r["updateTime"] >= query.get("after", "")]
                body = json.dumps(
                    {"code": 0, "data": {"list": rows[page * size : (page + 1) * size], "total": len(rows)}}
                ).encode()
                self.send_response(status)
                self.send_header("Location", "http://example.invalid/")
                self.end_headers()
                self.wfile.write(body if status == 200 else b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/api"

    def add(self, *numbers: int) -> None:
        for n in numbers:
            row = values(n)
            self.records.append(
                {"cfWsh": row["NUM"], "cfXdrMc": row["PARTY"], "cfSy": row["WHY"], "cfCfjg": row["ORGAN"], "cfNrFk": 0.5,
                 "cfCflb": "罚款", "cfJdrq": row["DAY"], "updateTime": f"2026-09-{n:02d}"}
            )  # fmt: skip


@pytest.fixture
def interface(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interface]:
    monkeypatch.setenv("TOKEN", "t0ken")
    monkeypatch.setattr("intake.read_http._PAUSE_S", 0.01)
    made = Interface()
    yield made
    made.server.shutdown()
    made.server.server_close()


HTTP = {
    "token": "env:TOKEN",
    "page": {"number": "p", "first": 0, "size": "n", "rows": 3},
    "rows": "data.list",
    "total": "data.total",
}


def test_an_interface_is_read_page_by_page(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    interface.add(*range(1, 9))
    interface.fail = [503, 429]
    file = mapping(interface.url, watermark="updateTime", since="after", **HTTP)
    (receipt,) = import_submissions(workspace, [file])
    assert (receipt.rows, receipt.accepted) == (8, 8) and len(stored(workspace)) == 8
    interface.add(9)
    (receipt,) = import_submissions(workspace, [file])
    assert (receipt.rows, receipt.accepted, receipt.duplicate) == (2, 1, 1)
    assert interface.asked[-1]["after"] == "2026-09-08"


def test_an_interface_that_misbehaves_is_refused(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    interface.add(*range(1, 9))
    file = mapping(interface.url, **HTTP)
    for fail, says in (([302], "转向"), ([404], "404"), ([500] * 3, "3 次都失败")):
        interface.fail = fail
        with pytest.raises(Refused, match=says):
            import_submissions(workspace, [file])
    interface.ignore_page = True
    with pytest.raises(Refused, match="不识别页码参数"):
        import_submissions(workspace, [file])
    monkeypatch.setenv("TOKEN", "wrong")
    with pytest.raises(Refused, match="拒绝了令牌"):
        import_submissions(workspace, [file])
    assert stored(workspace) == []
