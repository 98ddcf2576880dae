"""Engines and sessions: the only place where a database is opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import JSON, Date, Dialect, Engine, Table, create_engine, event, inspect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from db.models import Base, LocalTime
from db.settings import Workspace
from standard.errors import Refused

_engines: dict[str, Engine] = {}
_prepared: set[tuple[str, int]] = set()  # databases this process has found complete
NEWEST = "a90c41d7be52"  # the newest revision of db/migrations; to ask Alembic for it takes longer than all the rest
_upserts: dict[tuple[Any, ...], _Upsert] = {}


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
    cursor.execute("PRAGMA page_size=16384")  # a new database: five rows of 3 KB share a page, instead of one alone
    cursor.execute("PRAGMA journal_mode=WAL")  # readers never wait for the crawl's writer
    cursor.execute("PRAGMA synchronous=NORMAL")  # safe with WAL: a killed process loses nothing committed
    cursor.execute(
        "PRAGMA cache_size=-65536"
    )  # at most 64 MiB: the indices of a big city's tables stay at hand while writing
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def prepare(workspace: Workspace) -> Engine:
    """The engine with every table in place; a database of an older version is brought up to date."""
    engine = engine_of(workspace)
    known = (workspace.database_url, _inode(engine))
    if known in _prepared:
        return engine
    try:
        current = _is_current(engine)
    except OperationalError as error:
        raise Refused(
            f"数据库打不开：{engine.url.render_as_string()}（{error.orig}），请检查地址、口令与服务是否启动"
        ) from None
    if not current:
        from db.migrations import upgrade  # alembic takes as long to import as all the rest, and is seldom needed

        upgrade(engine)
    _prepared.add((workspace.database_url, _inode(engine)))
    return engine


def _is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        if not set(Base.metadata.tables) | {"alembic_version"} <= set(inspect(connection).get_table_names()):
            return False
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [NEWEST]


def _inode(engine: Engine) -> int:
    """Which file it is: one that was removed and made again is another database."""
    path = engine.url.database
    try:
        return os.stat(path).st_ino if engine.dialect.name == "sqlite" and path else 0
    except FileNotFoundError:
        return -1


def let_go() -> None:
    """Close every connection of this process that is not in use; they are opened again when needed. For a process about to fork."""
    for engine in _engines.values():
        engine.dispose()


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
    connection = session.connection()
    columns = tuple(rows[0])
    key = (connection.engine.url, table.name, columns, keep)
    if key not in _upserts:  # SQLAlchemy's own cache does not know statements of this kind
        _upserts[key] = _prepared_upsert(connection.dialect, table, columns, keep)
    connection.exec_driver_sql(_upserts[key].text, [_upserts[key].values(row) for row in rows])


@dataclass(frozen=True)
class _Upsert:
    """A statement in the driver's own words: handing it rows costs half of what SQLAlchemy's parameters cost."""

    text: str
    names: tuple[str, ...]  # of the values, in their order
    made: tuple[tuple[int, Callable[[Any], Any]], ...]  # place of a value, and what its type makes of it
    omitted: Sequence[Any]  # columns that the rows do not give: they get their defaults
    by_name: bool

    def values(self, row: dict[str, Any]) -> Any:
        """One row as the driver wants it."""
        if self.omitted:
            defaults = ((column.name, column.default) for column in self.omitted)
            row = {name: d.arg(None) if d.is_callable else d.arg for name, d in defaults} | row
        given = list(map(row.__getitem__, self.names))
        for place, make in self.made:
            given[place] = make(given[place])
        return dict(zip(self.names, given, strict=True)) if self.by_name else tuple(given)


def _prepared_upsert(dialect: Dialect, table: Table, columns: tuple[str, ...], keep: frozenset[str]) -> _Upsert:
    compiled: Any = _upsert(dialect.name, table, columns, keep).compile(dialect=dialect, column_keys=list(columns))
    names = tuple(compiled.positiontup or compiled.binds)
    made = tuple(
        (place, make) for place, name in enumerate(names) if (make := _maker(table.c[name].type, dialect)) is not None
    )
    return _Upsert(compiled.string, names, made, compiled.insert_prefetch, by_name=not compiled.positional)


def _maker(of: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What a type makes of a value for the driver; None: nothing. What many rows of a look share is made once."""
    make = of.dialect_impl(dialect).bind_processor(dialect)
    if make is not None and isinstance(of, (Date, LocalTime)):
        return lru_cache(maxsize=4096)(make)
    if make is not None and isinstance(of, JSON):
        empty = make([])
        return lambda value: empty if type(value) is list and not value else make(value)
    return make


def _upsert(dialect: str, table: Table, columns: tuple[str, ...], keep: frozenset[str]) -> Any:
    make = import_module(f"sqlalchemy.dialects.{dialect}").insert
    primary = [column.name for column in table.primary_key]
    statement = make(table)
    changed = {name: statement.excluded[name] for name in columns if name not in keep and name not in primary}
    if changed:
        return statement.on_conflict_do_update(index_elements=primary, set_=changed)
    return statement.on_conflict_do_nothing(index_elements=primary)
