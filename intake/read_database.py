"""Rows of another system's database, read-only and streamed, from a watermark on."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from db.clock import local
from intake.grids import Row, cell_text
from intake.mapping import Mapping
from standard.errors import Refused

_DRIVERS = {
    "oracle": "pip install oracledb（地址写 oracle+oracledb://…）",
    "dm": "pip install dmPython dmSQLAlchemy（地址写 dm+dmPython://…）",
    "kingbase": "pip install ksycopg2（地址写 postgresql+psycopg2://…，或先用 postgresql+psycopg:// 试连）",
    "mysql": "pip install pymysql（地址写 mysql+pymysql://…）",
    "mariadb": "pip install pymysql（地址写 mariadb+pymysql://…）",
    "mssql": "pip install pymssql（地址写 mssql+pymssql://…）",
    "postgresql": "pip install 'psycopg[binary]'（地址写 postgresql+psycopg://…）",
}
_ROWS = 1000


def read_database(mapping: Mapping, since: Any, where: str) -> tuple[list[str], Generator[tuple[Row, Any], None, None]]:
    """The column names, and each row with its watermark, in the watermark's order. Raises Refused when it cannot be read."""
    url = make_url(mapping.address)
    engine = _engine(url, where)
    try:
        connection = engine.connect()
        _read_only(connection)
        result = connection.execution_options(stream_results=True, max_row_buffer=_ROWS).execute(
            _statement(mapping, since)
        )
        labels = [str(name) for name in result.keys()]  # noqa: SIM118 - a result, no dict
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        raise _refused(error, url, where) from None
    try:
        at = _place(labels, mapping.watermark, where)
    except Refused:
        result.close()
        connection.close()
        engine.dispose()
        raise

    def rows() -> Generator[tuple[Row, Any], None, None]:
        try:
            for row in result:
                yield [_cell(value) for value in row], None if at is None else row[at]
        except sa.exc.SQLAlchemyError as error:
            raise _refused(error, url, where) from None
        finally:
            result.close()
            connection.rollback()
            connection.close()
            engine.dispose()

    return labels, rows()


def _engine(url: URL, where: str) -> sa.Engine:
    backend = url.get_backend_name()
    if backend == "sqlite" and (not url.database or not Path(url.database).is_file()):
        raise Refused(f"{where}：SQLite 文件 {url.database} 不存在，请检查 url")
    options: dict[str, Any] = (
        {"connect_args": {"connect_timeout": 20}} if backend in ("postgresql", "mysql", "mariadb") else {}
    )
    try:
        return sa.create_engine(url, poolclass=sa.pool.NullPool, **options)
    except (ImportError, sa.exc.NoSuchModuleError):
        cure = _DRIVERS.get(backend, "其 SQLAlchemy 驱动")
        raise Refused(f"{where}：没有 {url.drivername} 的数据库驱动，请先安装：{cure}，再重新运行") from None
    except (sa.exc.ArgumentError, TypeError, ValueError) as error:
        raise Refused(f"{where}：url 不是可用的数据库地址（{error}），请更正") from None


def _read_only(connection: sa.Connection) -> None:
    """Whatever the query says, nothing can be written through this connection."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    elif dialect == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only=ON")
    elif dialect in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()
    elif dialect == "oracle":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _statement(mapping: Mapping, since: Any) -> sa.Select[Any]:
    source: Any
    if mapping.table is not None:
        schema, _, name = mapping.table.rpartition(".")
        source = sa.table(name, schema=schema or None)
    else:
        query = (mapping.query or "").strip().rstrip(";").replace(":", "\\:")
        source = sa.text(query).columns().subquery("q")
    statement: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(source)
    if mapping.watermark is not None:
        column: sa.ColumnElement[Any] = sa.column(mapping.watermark)
        if since is not None:
            statement = statement.where(column >= sa.literal(since))
        statement = statement.order_by(column)
    return statement


def _place(labels: list[str], watermark: str | None, where: str) -> int | None:
    if watermark is None:
        return None
    lower = [label.lower() for label in labels]
    if watermark.lower() not in lower:
        raise Refused(f"{where}：watermark 列 {watermark} 不在查询结果中（有：{'、'.join(labels[:40])}），请更正")
    return lower.index(watermark.lower())


def _refused(error: Exception, url: URL, where: str) -> Refused:
    shown = url.render_as_string(hide_password=True)
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
    if url.password:
        said = said.replace(str(url.password), "***")
    return Refused(f"{where}：数据库 {shown} 读取失败（{said}），请检查地址、口令、表名列名与只读权限")


def _cell(value: Any) -> str:
    if isinstance(value, decimal.Decimal):
        return format(value.normalize() if value else value, "f")
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return cell_text(local(value).replace(tzinfo=None))
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "replace").replace("\x00", "")
    if isinstance(value, float) and value.is_integer() and abs(value) >= 1e15:
        return repr(value)
    return cell_text(value).replace("\x00", "")
