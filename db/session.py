"""Engines and sessions: the only place where a database is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Table, create_engine, event, inspect
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from db.models import Base
from db.settings import Workspace
from standard.errors import Refused

_engines: dict[str, Engine] = {}


def engine_of(workspace: Workspace) -> Engine:
    """The workspace's engine (one a process and database). Raises Refused when the address is wrong or nobody answers."""
    url = workspace.database_url
    if url in _engines:
        return _engines[url]
    try:
        if url.startswith("sqlite"):
            workspace.var.mkdir(parents=True, exist_ok=True)
            engine = create_engine(url, connect_args={"timeout": 60})
            event.listen(engine, "connect", _sqlite_pragmas)
        else:
            engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise Refused(f"mingcha.yml：database 不是可用的数据库地址（{error}）") from None
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise Refused(f"mingcha.yml：database 只支持 sqlite 与 postgresql，现为 {engine.dialect.name}")
    _engines[url] = engine
    return engine


def _sqlite_pragmas(connection: sqlite3.Connection, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers never wait for the crawl's writer
    cursor.execute("PRAGMA synchronous=NORMAL")  # safe with WAL: a killed process loses nothing committed
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def prepare(workspace: Workspace) -> Engine:
    """The engine with every table in place; a database of an older version is brought up to date."""
    from db.migrations import upgrade  # alembic is slow to import and seldom needed

    engine = engine_of(workspace)
    try:
        tables = set(inspect(engine).get_table_names())
    except OperationalError as error:
        raise Refused(
            f"数据库打不开：{engine.url.render_as_string()}（{error.orig}），请检查地址、口令与服务是否启动"
        ) from None
    if not set(Base.metadata.tables) | {"alembic_version"} <= tables:
        upgrade(engine)
    return engine


@contextmanager
def session_of(workspace: Workspace) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on any error."""
    with Session(prepare(workspace), expire_on_commit=False) as session, session.begin():
        yield session


def upsert(
    session: Session, table: Table, rows: Sequence[dict[str, Any]], *, keep: frozenset[str] = frozenset()
) -> None:
    """Insert rows by primary key; where the key exists, update every given column but those in `keep`.

    All rows must have the same keys. Works alike on SQLite and PostgreSQL.
    """
    if len(rows) == 0:
        return
    dialect = session.get_bind().dialect.name
    make = postgresql_insert if dialect == "postgresql" else sqlite_insert
    primary = [column.name for column in table.primary_key]
    statement = make(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keep and name not in primary}
    if changed:
        statement = statement.on_conflict_do_update(index_elements=primary, set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=primary)
    session.execute(statement, list(rows))
