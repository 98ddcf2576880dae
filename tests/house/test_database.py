"""The database: made by migrations, the same as the models, at once from several processes."""

from __future__ import annotations

import datetime
import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from db.clock import SHANGHAI, now
from db.migrations import config_of
from db.models import Base, Crawl, Portal, RefusedRow, Unit
from db.session import NEWEST, _prepared, engine_of, prepare, session_of, upsert
from db.settings import Workspace
from db.units import UnitIndex
from standard.errors import Refused


def unit(**more: object) -> Unit:
    values: dict[str, object] = {
        "id": "fgw",
        "name": "示例市发展和改革委员会",
        "aliases": [],
        "level": "municipal",
        "contacts": {},
    }
    return Unit(**{**values, **more})


def test_migrations_make_what_the_models_say(workspace: Workspace) -> None:
    with prepare(workspace).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_revision_is_named(workspace: Workspace) -> None:
    with prepare(workspace).connect() as connection:
        assert ScriptDirectory.from_config(config_of(connection)).get_current_head() == NEWEST


def test_an_older_database_is_brought_up_to_date(workspace: Workspace) -> None:
    with prepare(workspace).begin() as connection:
        command.downgrade(config_of(connection), "-1")
    _prepared.clear()
    with prepare(workspace).connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == NEWEST
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_newer_database_is_refused(workspace: Workspace) -> None:
    with prepare(workspace).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    _prepared.clear()  # as a new process finds it
    with pytest.raises(Refused, match="更新的版本建立（修订 ffffffffffff）"):
        prepare(workspace)
    with engine_of(workspace).connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "ffffffffffff"


def test_times_come_back_as_shanghai_time(workspace: Workspace) -> None:
    moment = datetime.datetime(2026, 9, 7, 1, 0, tzinfo=datetime.UTC)
    with session_of(workspace) as session:
        session.add(unit())
        session.flush()
        session.add(Portal(id="p", unit_id="fgw", kind="penalty", channel="department", title="t", url="u", family="auto",
                           render="auto", every_hours=24, entry={}))  # fmt: skip
        session.flush()
        session.add(Crawl(id="c", portal_id="p", started_at=moment, state="running"))
    with session_of(workspace) as session:
        started = session.get_one(Crawl, "c").started_at
    assert started == moment
    assert started.isoformat() == "2026-09-07T09:00:00+08:00"


def test_upsert_updates_but_keeps_what_it_must(workspace: Workspace) -> None:
    table = Base.metadata.tables["unit"]
    row = {
        "id": "fgw",
        "name": "甲",
        "aliases": [],
        "level": "municipal",
        "contacts": {},
        "assessed": True,
        "position": 1,
        "active": True,
    }
    with session_of(workspace) as session:
        upsert(session, table, [row])
        upsert(session, table, [row | {"name": "乙", "position": 9}], keep=frozenset({"position"}))
        found = session.get_one(Unit, "fgw")
        assert (found.name, found.position) == ("乙", 1)


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_upsert_gives_what_rows_omit_its_default(
    server: str, workspace: Workspace, request: pytest.FixtureRequest
) -> None:
    if server == "postgresql":
        real = request.getfixturevalue("postgresql")
        if real is None:
            pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
        (workspace.root / "mingcha.yml").write_text(f"database: {real.database()}\n", encoding="utf-8")
        workspace = Workspace.open(workspace.root)
    moment = datetime.datetime(2026, 9, 7, 9, 0, tzinfo=SHANGHAI)
    refused = {"id": "1", "batch": "b", "unit_id": None, "received_at": moment, "reasons": ["缺文号"]}
    with session_of(workspace) as session:
        upsert(session, Base.metadata.tables["unit"], [{"id": "fgw", "name": "甲", "level": "municipal"}])
        upsert(session, Base.metadata.tables["refused_row"], [refused, refused | {"id": "2", "reasons": []}])
    with session_of(workspace) as session:
        unit = session.get_one(Unit, "fgw")
        assert (unit.aliases, unit.contacts, unit.assessed, unit.active, unit.position) == ([], {}, True, True, 0)
        rows = [session.get_one(RefusedRow, name) for name in ("1", "2")]
        assert [(row.reasons, row.received_at, row.raw, row.sheet) for row in rows] == [
            (["缺文号"], moment, {}, ""), ([], moment, {}, ""),
        ]  # fmt: skip


def test_a_failed_transaction_leaves_nothing(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError), session_of(workspace) as session:
        session.add(unit())
        session.flush()
        raise ZeroDivisionError
    with session_of(workspace) as session:
        assert session.get(Unit, "fgw") is None


def test_processes_that_start_at_once_make_one_database(workspace: Workspace) -> None:
    script = f"from db.settings import Workspace; from db.session import prepare; prepare(Workspace.open({str(workspace.root)!r}))"
    started = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(300) for process in started] == [0, 0, 0]


KILLED = """
import os, sys
from sqlalchemy import event
from db.session import engine_of, prepare
from db.settings import Workspace
workspace, left = Workspace.open(sys.argv[1]), [int(sys.argv[2])]
def before(*_):
    left[0] -= 1
    if left[0] == 0:
        os._exit(9)
event.listen(engine_of(workspace), "before_cursor_execute", before)
prepare(workspace)
"""


def test_a_database_killed_while_it_is_made_is_made_anew(workspace: Workspace) -> None:
    for statement in (10, 40, 80):
        killed = subprocess.run([sys.executable, "-c", KILLED, str(workspace.root), str(statement)], check=False)
        assert killed.returncode == 9
    with session_of(workspace) as session:
        session.add(unit())


@pytest.mark.parametrize(
    ("database", "told"),
    [
        ("nonsense", "不是可用的数据库地址"),
        ("mysql+nothing://x", "不是可用的数据库地址"),
        ("postgresql+psycopg://127.0.0.1:1/x", "打不开"),
    ],
)
def test_a_wrong_database_is_told(workspace: Workspace, database: str, told: str) -> None:
    (workspace.root / "mingcha.yml").write_text(f"database: {database}\n", encoding="utf-8")
    with pytest.raises(Refused, match=told):
        prepare(Workspace.open(workspace.root))


def test_units_are_found_by_id_name_alias_and_code() -> None:
    index = UnitIndex([
        unit(uscc="11140600012345678X", aliases=[{"name": "示例市发改委", "until": None}, {"name": "示例市计委", "until": "2019-01-01"}]),
        unit(id="other", name="示例市财政局", aliases=[{"name": "示例市发改委（旧）", "until": None}]),
    ])  # fmt: skip
    assert index.find("fgw") == index.find("示例市 发展和改革委员会") == index.find("示例市发改委") == "fgw"
    assert index.find(None, code="11140600012345678X") == "fgw"
    assert index.find("示例市计委", datetime.date(2018, 1, 1)) == "fgw"
    assert index.find("示例市计委", datetime.date(2020, 1, 1)) is None
    assert index.find("谁也不是") is None


def test_the_clock_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_NOW", "2026-10-20T01:00:00+00:00")
    assert now() == datetime.datetime(2026, 10, 20, 9, tzinfo=SHANGHAI)
    monkeypatch.setenv("MINGCHA_NOW", "yesterday")
    with pytest.raises(Refused, match="MINGCHA_NOW"):
        now()
