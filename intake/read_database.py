"""Rows of another system's database, read-only and streamed, from a watermark on.

Whatever the mapping says, nothing is written there: the statement is a single SELECT, it runs in a read-only transaction
(SQLite: a read-only connection), and no answer is waited for longer than `timeout_s`.
"""

from __future__ import annotations

import codecs
import datetime
import decimal
import sqlite3
import time
import urllib.parse
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from db.clock import local
from intake.dialects import NAMES as POSTGRESQL_LIKE
from intake.grids import Row, cell_text
from intake.mapping import Mapping
from intake.rows import MAX_CELL
from standard.errors import Refused
from standard.strict_yaml import nearest

_HERE = "请在程序目录运行 .venv/bin/pip install"
_CURES = {
    "oracle": f"{_HERE} '.[oracle]'（即 pip install oracledb），地址写 oracle+oracledb://…",
    "dm": f"{_HERE} '.[dm]'（即 pip install dmPython dmSQLAlchemy，并安装达梦客户端），地址写 dm+dmPython://…",
    "mysql": f"{_HERE} '.[mysql]'（即 pip install pymysql），地址写 mysql+pymysql://…",
    "mariadb": f"{_HERE} '.[mysql]'（即 pip install pymysql），地址写 mariadb+pymysql://…",
    "mssql": f"{_HERE} pymssql，地址写 mssql+pymssql://…",
    "postgresql": "该驱动已随程序安装，地址写 postgresql+psycopg://…",
    **dict.fromkeys(POSTGRESQL_LIKE, "人大金仓、openGauss、GaussDB 等用随程序安装的驱动，地址写 kingbase://… 或 opengauss://…"),
}  # fmt: skip
_FAULTS = (sa.exc.SQLAlchemyError, AssertionError, ValueError, OSError)  # of SQLAlchemy, and of drivers that forget it
_ROWS = 200  # rows fetched at once; a row may hold long texts
_TIMEOUT_S = 300
_CONNECT_S = 20
_SERVER_S = 3600  # how long a server keeps a statement whose rows are being imported
_TICK = 20_000  # instructions of SQLite between two looks at the clock
Rows = Generator[tuple[Row, Any], None, None]


@contextmanager
def read_database(mapping: Mapping, since: Any, where: str) -> Iterator[tuple[list[str], Rows]]:
    """The column names, and each row with its watermark, in the watermark's order. Raises Refused when it cannot be read."""
    url = make_url(mapping.address)
    clock = _Clock(mapping.timeout_s or _TIMEOUT_S)
    engine = _engine(url, where, clock)
    connection = result = None

    def rows() -> Rows:
        nonlocal result
        assert connection is not None
        clock.start()
        result = connection.execution_options(stream_results=True, max_row_buffer=_ROWS).execute(statement)
        for row in result:
            yield [_cell(value, mapping.recode) for value in row], None if at is None else row[at]
            clock.start()

    try:
        connection = engine.connect()
        _prepare(connection, clock.seconds)
        source, labels = _probe(connection, mapping, url, where)
        at = _place(labels, mapping.watermark, where)
        statement = _statement(source, None if at is None else labels[at], since)
        yield labels, _told(rows(), url, where)
    except _FAULTS as error:
        raise _refused(error, url, where) from None
    finally:
        if result is not None:
            _forget(result)
        with suppress(Exception):  # what is wrong has been told; a connection that is gone cannot be closed
            if connection is not None:
                connection.close()
        engine.dispose()


def _told(rows: Rows, url: URL, where: str) -> Rows:
    """A fault while rows are read, told as one."""
    try:
        yield from rows
    except _FAULTS as error:
        raise _refused(error, url, where) from None


def _forget(result: sa.CursorResult[Any]) -> None:
    """Lets go of the rows not read; PyMySQL would fetch them all first, from a server that may be gone."""
    rest = getattr(result.cursor, "_result", None)
    if rest is not None and hasattr(rest, "unbuffered_active"):
        rest.unbuffered_active = False
    with suppress(Exception):  # the server may be gone: there is nothing left to close
        result.close()


class _Clock:
    """How long an answer is waited for. SQLite has no time limit of its own: it asks us."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.start()

    def start(self) -> None:
        self.until = time.monotonic() + self.seconds

    def late(self) -> bool:
        return time.monotonic() > self.until


# ---------------------------------------------------------------- connecting


def _engine(url: URL, where: str, clock: _Clock) -> sa.Engine:
    backend = url.get_backend_name()
    options: dict[str, Any] = {"poolclass": sa.pool.NullPool}
    if backend == "sqlite":
        file = Path(url.database or "")
        if not file.is_file():
            raise Refused(f"{where}：SQLite 文件 {url.database} 不存在，请检查 url")
        return sa.create_engine("sqlite://", creator=lambda: _sqlite(file, clock), **options)
    seconds = clock.seconds
    if backend == "postgresql" or backend in POSTGRESQL_LIKE:
        options["connect_args"] = {
            "connect_timeout": _CONNECT_S, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
            "tcp_user_timeout": seconds * 1000,
        }  # fmt: skip
    elif url.drivername.endswith(("+pymysql", "+mysqldb")):
        options["connect_args"] = {"connect_timeout": _CONNECT_S, "read_timeout": seconds, "write_timeout": seconds}
        if url.password and not url.password.isascii() and url.drivername.endswith("+pymysql"):
            options["connect_args"]["password"] = url.password.encode()  # it would take it for latin-1
    try:
        return sa.create_engine(url, **options)
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        name = (
            url.drivername if isinstance(error, (ModuleNotFoundError, sa.exc.NoSuchModuleError)) else str(error)[:200]
        )
        cure = _CURES.get(backend, "请安装它的 SQLAlchemy 驱动")
        raise Refused(f"{where}：没有 {name} 的数据库驱动。{cure}，再重新运行") from None
    except (sa.exc.ArgumentError, TypeError, ValueError) as error:
        raise Refused(f"{where}：url 不是可用的数据库地址（{error}），请更正") from None


def _sqlite(file: Path, clock: _Clock) -> sqlite3.Connection:
    """Opened for reading only; GBK texts, which old programs leave in it, are read as such."""
    address = f"file:{urllib.parse.quote(str(file.resolve()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_CONNECT_S)
    connection.text_factory = _text
    connection.set_progress_handler(clock.late, _TICK)
    return connection


def _prepare(connection: sa.Connection, seconds: int) -> None:
    """Nothing can be written through this connection; times are Shanghai's; no statement runs for ever."""
    dialect = connection.dialect.name
    said: list[str] = []
    if dialect == "postgresql":
        connection.execution_options(postgresql_readonly=True)
        said = [f"SET statement_timeout = {seconds * 1000}", "SET TIME ZONE 'Asia/Shanghai'"]
    elif dialect == "sqlite":
        said = ["PRAGMA query_only = ON"]
    elif dialect in ("mysql", "mariadb"):
        said = ["SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+08:00'", f"SET net_write_timeout = {_SERVER_S}"]
        limit = f"max_statement_time = {_SERVER_S}"
        if not getattr(connection.dialect, "is_mariadb", False):
            limit = f"max_execution_time = {_SERVER_S * 1000}"
        said.append(f"SET {limit}")
    elif dialect == "oracle":
        connection.connection.driver_connection.call_timeout = seconds * 1000  # type: ignore[union-attr]
        said = ["SET TRANSACTION READ ONLY"]
    elif dialect == "dm":
        said = ["SET TRANSACTION READ ONLY"]
    for statement in said:
        connection.exec_driver_sql(statement)
    if dialect in ("mysql", "mariadb"):
        connection.rollback()  # the next transaction is read-only


# ---------------------------------------------------------------- what is asked


def _probe(connection: sa.Connection, mapping: Mapping, url: URL, where: str) -> tuple[sa.FromClause, list[str]]:
    """What is read, and its columns. A table spelt in other letters is found; of one that is not there the nearest is told."""
    if mapping.table is None:
        query = (mapping.query or "").strip().rstrip(";").replace(":", "\\:")
        source: sa.FromClause = sa.text(query).columns().subquery("q")
        return source, _labels(connection, source)
    schema, _, name = mapping.table.rpartition(".")
    try:
        source = sa.table(name, schema=schema or None)
        return source, _labels(connection, source)
    except sa.exc.DBAPIError as error:
        names = _tables(connection, schema or None)
        same = [known for known in names if known.lower() == name.lower()]
        if len(same) != 1:
            hint = nearest(name, names) if names else ""
            raise _refused(error, url, where, f"。没有读到表 {mapping.table}{hint}" if not same else "") from None
    source = sa.table(same[0], schema=schema or None)
    return source, _labels(connection, source)


def _labels(connection: sa.Connection, source: sa.FromClause) -> list[str]:
    everything: sa.ColumnElement[Any] = sa.literal_column("*")
    result = connection.execute(sa.select(everything).select_from(source).where(sa.text("1 = 0")))
    return [str(name) for name in result.keys()]  # noqa: SIM118 - a result, no dict


def _tables(connection: sa.Connection, schema: str | None) -> list[str]:
    with suppress(Exception):  # a server that does not tell: then there is no hint
        connection.rollback()
        inspector = sa.inspect(connection)
        return sorted({*inspector.get_table_names(schema), *inspector.get_view_names(schema)})
    return []


def _statement(source: sa.FromClause, watermark: str | None, since: Any) -> sa.Select[Any]:
    everything: sa.ColumnElement[Any] = sa.literal_column("*")
    statement: sa.Select[Any] = sa.select(everything).select_from(source)
    if watermark is not None:
        column: sa.ColumnElement[Any] = sa.column(watermark)
        if since is not None:  # a row without a time may be a new one: it is read again and, if known, changes nothing
            statement = statement.where(sa.or_(column >= sa.literal(since), column.is_(None)))
        statement = statement.order_by(column)
    return statement


def _place(labels: Sequence[str], watermark: str | None, where: str) -> int | None:
    if watermark is None:
        return None
    if watermark in labels:
        return labels.index(watermark)
    lower = [label.lower() for label in labels]
    if watermark.lower() not in lower:
        raise Refused(f"{where}：watermark 列 {watermark} 不在查询结果中{nearest(watermark, labels)}")
    return lower.index(watermark.lower())


def _refused(error: Exception, url: URL, where: str, more: str = "") -> Refused:
    shown = url.render_as_string(hide_password=True)
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
    for secret in (url.password, urllib.parse.quote_plus(url.password or "")):
        if secret:
            said = said.replace(str(secret), "***")
    cure = "请检查地址、口令、表名列名与只读权限"
    low = said.lower()
    if any(word in low for word in ("timeout", "timed out", "interrupted", "max_statement_time", "maximum statement")):
        cure = "等待超时，请为 watermark 列建立索引，或在映射文件中调大 timeout_s（秒）"
    elif "authentication method" in low or "sasl" in low:
        cure = "服务器的口令加密方式此驱动不支持，请管理员为该只读账号改用 md5 方式（openGauss：password_encryption_type=1）"
    elif any(word in low for word in ("lost connection", "server closed", "terminating", "gone away", "shutdown")):
        cure = "连接中断，请在数据库恢复后重新运行，会从断点继续"
    return Refused(f"{where}：数据库 {shown} 读取失败（{said}）{more}。{cure}")


# ---------------------------------------------------------------- cells


def _text(content: bytes) -> str:
    """Bytes as text, UTF-8 or else GBK; a character cut off at the end is left out."""
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return codecs.getincrementaldecoder(encoding)().decode(content)
    return content.decode("utf-8", "replace")


def _cell(value: Any, recode: str | None = None) -> str:
    """A value as text. Of a long one no more is kept than a cell may hold and one character, so that it is told."""
    if value is None:
        return ""
    if isinstance(value, str):
        return recoded(value[: MAX_CELL + 1], recode).replace("\x00", "")
    if isinstance(value, decimal.Decimal):
        return format(value.normalize() if value else value, "f") if value.is_finite() else ""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return cell_text(local(value).replace(tzinfo=None))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value[: 4 * MAX_CELL])).replace("\x00", "")[: MAX_CELL + 1]
    if isinstance(value, float) and value.is_integer() and abs(value) >= 1e15:
        return repr(value)
    return cell_text(value).replace("\x00", "")


def recoded(text: str, encoding: str | None) -> str:
    """Chinese that an old system stored byte by byte in a latin1 database, as it was meant."""
    if encoding is None or text.isascii():
        return text
    with suppress(UnicodeError):
        return b"".join(_byte(character) for character in text).decode(encoding)
    return text


def _byte(character: str) -> bytes:
    """MySQL's latin1 is Windows-1252, with the five codes that has no sign for as they are."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")
