"""Way one of submission: a platform's database. Real servers of three kinds, read and never written."""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from db.models import Batch, Submission
from db.session import session_of
from db.settings import Workspace
from intake.dialects import PostgreSQLLike
from intake.mapping import load_mapping
from intake.pull import tagged, untagged
from intake.read_database import _Clock, _engine
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

        self.sqlite = url.startswith("sqlite")

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(False)

    @property
    def quoted(self) -> str:
        return "`V_XZCF`" if self.engine.dialect.name == "mysql" else '"V_XZCF"'

    def add(self, *numbers: int, **changes: Any) -> None:
        rows = [{**values(n), **changes} for n in numbers]
        if not self.engine.url.drivername.startswith("sqlite"):
            for row in rows:
                row["UPD"] = row["UPD"] and datetime.datetime.fromisoformat(row["UPD"])
        with self.engine.begin() as connection:
            connection.execute(self.table.insert(), rows)


def server_of(request: pytest.FixtureRequest, name: str) -> Any:
    """A real server; skipped where Debian's package of it is not installed."""
    server = request.getfixturevalue(name)
    if server is None:
        pytest.skip(f"{name} is not installed: tools/setup dev")
    return server


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
    if request.param == "sqlite":
        return Platform(f"sqlite:///{tmp_path / 'platform.db'}")
    return Platform(server_of(request, request.param).shared())


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
    file = mapping(platform.url, watermark="UPD", **MORE)
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
    file = mapping(platform.url, watermark="UPD", commit_rows=5, **MORE)
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
        "query": f"WITH x AS (SELECT * FROM {platform.quoted}) SELECT * FROM x WHERE '12:30' = '12:30'",
    }
    (receipt,) = import_submissions(workspace, [mapping(platform.url, **more)])
    assert receipt.accepted == 1
    for query in ("DELETE FROM V_XZCF", "SELECT 1; DROP TABLE V_XZCF"):
        with pytest.raises(Refused, match="只能是一条查询"):
            import_submissions(workspace, [mapping(platform.url, **{**more, "query": query})])
    if platform.engine.dialect.name == "postgresql":
        query = 'WITH gone AS (DELETE FROM "V_XZCF" RETURNING *) SELECT * FROM gone'
        with pytest.raises(Refused, match="读取失败"):
            import_submissions(workspace, [mapping(platform.url, **{**more, "query": query})])


@pytest.mark.parametrize(
    ("url", "more", "says"),
    [
        ("oracle+oracledb://u@h/x", {}, "pip install oracledb"), ("dm+dmPython://u@h:5236", {}, "dmSQLAlchemy"), ("db2://u@h/x", {}, "SQLAlchemy 驱动"),
        ("mysql+pymysql://u@h/x", {}, "pip install pymysql"), ("kingbase+ksycopg2://u@h/x", {}, "kingbase://…"),
        ("opengauss://u:secret@127.0.0.1:1/x", {}, "读取失败"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/x", {}, "读取失败"), ("sqlite:////nowhere/x.db", {}, "不存在"),
        ("no url", {}, "不是可用的地址"), ("sqlite://", {"table": "a b; drop"}, "应为表名"),
        ("sqlite://", {"columns": {"A": "document_numbr"}}, "document_number"), ("sqlite://", {"watermrk": "x"}, "watermark"),
        ("https://h/api", {"table": None, "token": "secret"}, "不能写明文"), ("http://h/api", {"table": None, "token": "env:T"}, "必须用 https"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_says_what_to_do(
    workspace: Workspace, mapping: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, url: str, more: dict[str, Any],
    says: str,
) -> None:  # fmt: skip
    for driver in ("pymysql", "oracledb", "dmPython"):  # as on a machine without the extra
        monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(Refused) as caught:
        import_submissions(workspace, [mapping(url, **{**MORE, **more})])
    assert says in str(caught.value) and "platform.yml" in str(caught.value) and "secret" not in str(caught.value)
    assert stored(workspace) == []


def test_columns_that_say_nothing(workspace: Workspace, platform: Platform, mapping: Callable[..., Path]) -> None:
    platform.add(1)
    with pytest.raises(Refused, match="请在 columns 中写明"):
        import_submissions(workspace, [mapping(platform.url, table="V_XZCF")])


def test_a_password_stays_out_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text("name: m\nurl: postgresql://u:p@h/x\ntable: t\n", encoding="utf-8")
    with pytest.raises(Refused, match="不能写口令"):
        load_mapping(file)


@pytest.mark.parametrize("value", [5, "2026-09-01", 1.5, True])
def test_watermarks_keep_their_type(value: Any) -> None:
    assert str(untagged(tagged(value))) == str(value)


# ---------------------------------------------------------------- watermarks


def many(workspace: Workspace, file: Path) -> tuple[int, int, int, int, int]:
    receipts = import_submissions(workspace, [file])
    names = ("rows", "accepted", "updated", "duplicate", "refused")
    rows, accepted, updated, duplicate, refused = (sum(getattr(r, name) for r in receipts) for name in names)
    assert accepted + updated + duplicate + refused == rows
    return rows, accepted, updated, duplicate, refused


def test_rows_of_one_moment_are_all_read_wherever_a_piece_ends(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path]
) -> None:
    platform.add(*range(10), UPD="2026-09-03 10:00:00")
    file = mapping(platform.url, watermark="UPD", commit_rows=3, overlap_minutes=0, **MORE)
    assert many(workspace, file) == (10, 10, 0, 0, 0)
    platform.add(10, UPD="2026-09-03 10:00:00")  # written in the same second, after we had looked
    assert many(workspace, file) == (11, 1, 0, 10, 0)


def test_changed_rows_rows_without_a_time_and_late_ones(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path]
) -> None:
    platform.add(1, 2, UPD="2026-09-03 10:00:00")
    platform.add(3, UPD=None)
    file = mapping(platform.url, watermark="upd", **MORE)  # its letters may be small or great
    assert many(workspace, file)[:2] == (3, 3)
    with platform.engine.begin() as connection:
        changed = platform.table.update().where(values(1)["NUM"] == platform.table.c.NUM)
        moment = "2026-09-04 10:00:00" if platform.sqlite else datetime.datetime.fromisoformat("2026-09-04 10:00")
        connection.execute(changed.values(WHY="销售过期食品", UPD=moment))
    platform.add(4, UPD=None)
    assert many(workspace, file) == (4, 1, 1, 2, 0)
    with session_of(workspace) as session:
        assert {row.version for row in session.scalars(sa.select(Submission)) if row.facts == "销售过期食品"} == {2}
    if not platform.sqlite:  # a row that another process was still writing while we read
        platform.add(5, UPD="2026-09-04 09:30:00")
        assert many(workspace, file)[1] == 1


def test_a_time_in_the_future_does_not_hide_what_comes_after(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path]
) -> None:
    platform.add(1, UPD="2026-09-03 10:00:00")
    platform.add(2, UPD="2099-09-03 10:00:00")
    file = mapping(platform.url, watermark="UPD", **MORE)
    (receipt,) = import_submissions(workspace, [file])
    assert receipt.accepted == 2 and any("晚于今天" in note for note in receipt.notes)
    platform.add(3, UPD="2026-09-05 10:00:00")
    assert many(workspace, file)[1] == 1


# ---------------------------------------------------------------- what a server may hold


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mariadb", "CHARACTER SET gbk"), ("mariadb", "CHARACTER SET gb2312"), ("postgresql", "ENCODING 'EUC_CN' TEMPLATE template0"),
    ],
)  # fmt: skip
def test_a_database_in_a_chinese_encoding(
    request: pytest.FixtureRequest, workspace: Workspace, mapping: Callable[..., Path], name: str, options: str
) -> None:
    platform = Platform(server_of(request, name).database(options))
    platform.add(1)
    assert many(workspace, mapping(platform.url, **MORE))[1] == 1
    assert stored(workspace) == ["示市监罚字〔2026〕1号"]


def test_bytes_that_are_no_utf8(workspace: Workspace, tmp_path: Path, mapping: Callable[..., Path]) -> None:
    platform = Platform(f"sqlite:///{tmp_path / 'old.db'}")
    row = {key: str(value) for key, value in values(1).items()}
    marks = ", ".join("CAST(? AS TEXT)" for _ in row)
    with platform.engine.begin() as connection:
        connection.exec_driver_sql(
            f'INSERT INTO "V_XZCF" VALUES ({marks})', tuple(text.encode("gb18030") for text in row.values())
        )
    assert many(workspace, mapping(platform.url, **MORE))[1] == 1
    assert stored(workspace) == ["示市监罚字〔2026〕1号"]


def test_chinese_stored_byte_by_byte(mariadb: Any, workspace: Workspace, mapping: Callable[..., Path]) -> None:
    if mariadb is None:
        pytest.skip("mariadb is not installed: tools/setup dev")
    platform = Platform(mariadb.database("CHARACTER SET latin1"))
    row = {key: str(value) for key, value in values(1).items()}
    cells = ", ".join(
        "0x" + text.encode("gb18030").hex() if not text.isascii() else f"'{text}'" for text in row.values()
    )
    with platform.engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO `V_XZCF` VALUES ({cells})")
    (receipt,) = import_submissions(workspace, [mapping(platform.url, unit="sjj", **MORE)])
    assert any("recode: gb18030" in note for note in receipt.notes)
    (receipt,) = import_submissions(workspace, [mapping(platform.url, recode="gb18030", **MORE)])
    assert receipt.accepted == 1 and "示市监罚字〔2026〕1号" in stored(workspace)


def test_moments_of_any_zone_empty_cells_and_long_texts(
    request: pytest.FixtureRequest, workspace: Workspace, platform: Platform, mapping: Callable[..., Path]
) -> None:
    platform.add(1, PCODE=None, LAW=None)
    kind = {"postgresql": "timestamptz", "mysql": "timestamp", "sqlite": "text"}[platform.engine.dialect.name]
    long = "LONGTEXT" if platform.engine.dialect.name == "mysql" else "TEXT"
    said = [
        f"ALTER TABLE {platform.quoted} ADD COLUMN sent {kind}",
        f"ALTER TABLE {platform.quoted} ADD COLUMN more {long}",
    ]
    if platform.engine.dialect.name == "mysql":
        said.append("SET time_zone = '+00:00'")
    moment = "2026-09-05 23:30:00" + ("+00" if kind == "timestamptz" else "")
    said.append(f"UPDATE {platform.quoted} SET sent = '{moment}'")
    with platform.engine.begin() as connection:
        for statement in said:
            connection.exec_driver_sql(statement)
        connection.execute(sa.text(f"UPDATE {platform.quoted} SET more = :text"), {"text": "长" * 1_000_000})
    file = mapping(platform.url, **{**MORE, "columns": {**COLUMNS, "sent": "received_at"}})
    (receipt,) = import_submissions(workspace, [file])
    assert receipt.accepted == 1 and any("超过 32767 字" in line.message for line in receipt.rows_detail)
    with session_of(workspace) as session:
        row = session.scalars(sa.select(Submission)).one()
        expected = "2026-09-05T23:30" if platform.sqlite else "2026-09-06T07:30"  # Shanghai's wall clock
        assert row.received_at.isoformat().startswith(expected) and row.basis is None
        assert len(json.dumps(row.raw)) < 300_000


def test_names_that_are_not_there(workspace: Workspace, platform: Platform, mapping: Callable[..., Path]) -> None:
    platform.add(1)
    for changes, says in (
        ({"columns": {**COLUMNS, "NUMM": "document_number"}}, "NUMM”不在查询结果中，是否想写 NUM"),
        ({"watermark": "UPDD"}, "watermark 列 UPDD 不在查询结果中，是否想写 UPD"), ({"table": "V_XZCFF"}, "是否想写 V_XZCF"),
    ):  # fmt: skip
        with pytest.raises(Refused) as caught:
            import_submissions(workspace, [mapping(platform.url, **{**MORE, **changes})])
        assert says in str(caught.value) and "platform.yml" in str(caught.value)
    assert many(workspace, mapping(platform.url, **{**MORE, "table": "v_xzcf"}))[1] == 1


def test_servers_that_speak_postgresql(postgresql: Any, workspace: Workspace, mapping: Callable[..., Path]) -> None:
    if postgresql is None:
        pytest.skip("postgresql is not installed: tools/setup dev")
    platform = Platform(postgresql.database())
    platform.add(1)
    for number, name in enumerate(("kingbase", "opengauss", "gaussdb+psycopg")):
        url = platform.url.replace("postgresql+psycopg", name)
        assert many(workspace, mapping(url, **{**MORE, "kind": "penalty"}))[1] == (number == 0)

    class Says:
        """The version of a KingbaseES, at which SQLAlchemy's own dialect gives up."""

        def exec_driver_sql(self, _: str) -> Any:
            raise AssertionError("not asked")

    assert PostgreSQLLike()._get_server_version_info(Says()) == (9, 2)  # type: ignore[arg-type]


# ---------------------------------------------------------------- read, never written


def everything(platform: Platform) -> list[Any]:
    with platform.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(platform.table).order_by("NUM"))]


HOSTILE = {
    "table": ['V_XZCF"; DROP TABLE "V_XZCF', "V_XZCF` WHERE 1=1; DELETE FROM `V_XZCF", "V_XZCF UNION SELECT 1", "(SELECT 1)"],
    "watermark": ['UPD"; DROP TABLE "V_XZCF"; --', "UPD`; DROP TABLE `V_XZCF`; -- ", "UPD) FROM V_XZCF; DELETE FROM V_XZCF"],
    "query": [
        "SELECT * FROM V_XZCF; DELETE FROM V_XZCF", "DELETE FROM V_XZCF", "SELECT 1) q; DROP TABLE V_XZCF; --",
        "SELECT 1) AS q INTO OUTFILE '/tmp/x' -- (", "SELECT 1 -- (\n) AS q", "SELECT '\\' ) x -- '", "SELECT $$ ( $$ ) q",
        "SELECT * INTO other FROM V_XZCF", "SELECT * FROM V_XZCF FOR UPDATE", "WITH x AS (SELECT 1) DELETE FROM V_XZCF",
        "SELECT 'unclosed", "PRAGMA query_only = OFF", "EXPLAIN ANALYZE DELETE FROM V_XZCF",
    ],
}  # fmt: skip


def test_a_hostile_mapping_writes_nothing(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path]
) -> None:
    platform.add(1, 2)
    before = everything(platform)
    for key, text in [(key, text) for key, texts in HOSTILE.items() for text in texts]:
        more = {**MORE, key: text}
        if key == "query":
            more["table"] = None
        with pytest.raises(Refused) as caught:
            import_submissions(workspace, [mapping(platform.url, **more)])
        assert "platform.yml" in str(caught.value), text
        assert everything(platform) == before and stored(workspace) == [], text


def test_the_server_itself_forbids_to_write(
    workspace: Workspace, platform: Platform, mapping: Callable[..., Path]
) -> None:
    """A reading statement can call what writes: then the read-only transaction stops it."""
    platform.add(1)
    if platform.sqlite:
        engine = _engine(platform.engine.url, "x", _Clock(5))
        with engine.connect() as connection:
            for statement in (
                "DELETE FROM V_XZCF",
                "CREATE TABLE x (y)",
                "ATTACH 'z.db' AS z",
                "PRAGMA user_version = 7",
            ):
                if statement.startswith("ATTACH"):
                    continue
                with pytest.raises(sa.exc.OperationalError):
                    connection.exec_driver_sql(statement)
        return
    mysql = platform.engine.dialect.name == "mysql"
    with platform.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE TABLE told (n INT)")
        if mysql:
            connection.exec_driver_sql(
                "CREATE FUNCTION writes() RETURNS INT DETERMINISTIC BEGIN INSERT INTO told VALUES (1); RETURN 1; END"
            )
        else:
            connection.exec_driver_sql("CREATE SEQUENCE numbers")
            connection.exec_driver_sql(
                "CREATE FUNCTION writes() RETURNS INT LANGUAGE sql AS 'INSERT INTO told VALUES (1) RETURNING 1'"
            )
    attacks = ["writes()"]
    if not mysql:
        attacks += ["nextval('numbers')", "set_config('transaction_read_only', 'off', false)"]
    for attack in attacks:
        query = f"SELECT t.*, {attack} AS x FROM {platform.quoted} t"
        with pytest.raises(Refused, match=r"(?i)read.(?:only|write)"):
            import_submissions(workspace, [mapping(platform.url, **{**MORE, "table": None, "query": query})])
    with platform.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM told").scalar() == 0


def test_an_account_that_may_only_read(mariadb: Any, workspace: Workspace, mapping: Callable[..., Path]) -> None:
    if mariadb is None:
        pytest.skip("mariadb is not installed: tools/setup dev")
    platform = Platform(mariadb.database())
    platform.add(1)
    name = platform.engine.url.database
    mariadb.run("CREATE OR REPLACE USER reader@127.0.0.1 IDENTIFIED BY 'p@ss/秘密'")
    mariadb.run(f"GRANT SELECT ON {name}.* TO reader@127.0.0.1")
    url = platform.engine.url.set(username="reader", password="p@ss/秘密").render_as_string(False)
    assert many(workspace, mapping(url, **MORE))[1] == 1
    wrong = platform.engine.url.set(username="reader", password="wr0ng/秘").render_as_string(False)
    with pytest.raises(Refused, match="读取失败") as caught:
        import_submissions(workspace, [mapping(wrong, **MORE)])
    assert "wr0ng" not in str(caught.value) and "***" in str(caught.value)


def test_an_answer_that_never_comes(workspace: Workspace, platform: Platform, mapping: Callable[..., Path]) -> None:
    platform.add(1)
    endless = "(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n)"
    waits = {"sqlite": endless, "postgresql": "pg_sleep(60)", "mysql": "SLEEP(60)"}[platform.engine.dialect.name]
    more = {**MORE, "table": None, "query": f"SELECT t.*, {waits} AS x FROM {platform.quoted} t", "timeout_s": 1}
    start = time.monotonic()
    with pytest.raises(Refused, match="等待超时，请为 watermark 列建立索引"):
        import_submissions(workspace, [mapping(platform.url, **more)])
    assert time.monotonic() - start < 50  # the server would have slept for 60


@pytest.mark.parametrize("name", ["postgresql", "mariadb"])
def test_a_server_that_dies_while_it_is_read(
    request: pytest.FixtureRequest, workspace: Workspace, mapping: Callable[..., Path], name: str
) -> None:
    server = server_of(request, name)
    platform = Platform(server.database())
    platform.add(*range(600), UPD="2026-09-03 10:00:00")
    with platform.engine.begin() as connection:
        kind = "LONGTEXT" if name == "mariadb" else "TEXT"
        connection.exec_driver_sql(f"ALTER TABLE {platform.quoted} ADD COLUMN more {kind}")
        connection.exec_driver_sql(f"UPDATE {platform.quoted} SET more = repeat('x', 60000)")  # more than sockets hold
    file = mapping(platform.url, watermark="UPD", commit_rows=50, **MORE)
    seen = 0

    def progress(text: str) -> None:
        nonlocal seen
        seen += "已处理" in text
        if seen == 2:
            server.kill()

    try:
        with pytest.raises(Refused) as caught:
            import_submissions(workspace, [file], progress=progress)
    finally:
        server.start()
    told = str(caught.value)
    left = len(stored(workspace))
    assert "读取失败" in told and "从断点继续" in told and f"已导入 {left} 行" in told
    assert 0 < left < 600 and left % 50 == 0  # whole pieces, no half of one
    assert all(batch.received_at.year == 1970 for batch in batches(workspace))  # half a pull accuses nobody
    assert not list(workspace.var.glob("receipts/.*"))
    rows, accepted, _, _, refused = many(workspace, file)
    assert accepted == 600 - left and refused == 0 and len(stored(workspace)) == 600 and rows == 600
