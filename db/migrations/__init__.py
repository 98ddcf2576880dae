"""Versions of the database (Alembic). `upgrade` brings any database to the newest; a fresh one is made the same way."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from standard.errors import Refused


def config_of(connection: Connection) -> Config:
    """Alembic's configuration, bound to one connection; there is no alembic.ini to find."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> None:
    """Every table and column in place. Safe when two processes start at once: the second waits, then finds it done."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_lock(7201403)")  # any number that is ours
            connection.commit()
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            config = config_of(connection)
            known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found not in known:
                raise Refused(
                    f"数据库由更新的版本建立（修订 {found}），本程序不认识。请升级 mingcha，或恢复旧版本的备份"
                )
            command.upgrade(config, "head")
            connection.commit()
        finally:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_unlock(7201403)")
                connection.commit()
