"""A mapping file: where a platform's database or JSON interface is, and which of its columns is what.

name: city_platform                  # its name in batches and receipts; never change it
url: "env:PLATFORM_DB"               # a SQLAlchemy address, or http(s)://… of a JSON interface
table: V_XZCF                        # or query: "SELECT … FROM …" (a reading one)
kind: penalty                        # licence | penalty; left out: told by the columns
columns: {CFWSH: document_number}    # only where a column's own name does not tell
money: {fine_yuan: yuan}             # 元; amounts are in 万元 otherwise
watermark: UPDATE_TIME               # only rows from the last one seen are read
unit: null                           # whose rows these are when they do not say so
edition: auto

# a JSON interface has these instead of table and query:
token: "env:PLATFORM_TOKEN"
page: {number: page, first: 1, size: pageSize, rows: 500}
rows: data.list                      # where the list stands; left out: found
total: data.total
since: updatedAfter                  # the parameter that takes the watermark
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from db.settings import Secret
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import build, nearest, read_yaml

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_READS = re.compile(r"(?is)^\s*(?:select|with)\b")
_TABLE = re.compile(r"[\w$#\u4e00-\u9fff]+(?:\.[\w$#\u4e00-\u9fff]+){0,2}")
_OUTER = frozenset(["reporting_unit", "received_at", "report_status", "error_reason"])


@dataclass(frozen=True)
class Page:
    """How a JSON interface is asked for its pages."""

    number: str = "page"
    first: int = 1
    size: str = "pageSize"
    rows: int = 500


@dataclass(frozen=True)
class Mapping:
    """One mapping file."""

    name: str
    url: str
    table: str | None = None
    query: str | None = None
    kind: str | None = field(default=None, metadata={"choices": ("licence", "penalty")})
    columns: dict[str, str] = field(default_factory=dict)
    money: dict[str, str] = field(default_factory=dict)
    watermark: str | None = None
    unit: str | None = None
    edition: str = field(default="auto", metadata={"choices": ("auto", "2015", "2018", "2020")})
    commit_rows: int = 20_000
    token: str | None = None
    header: str = "Authorization"
    scheme: str = "Bearer"
    params: dict[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=Page)
    rows: str | None = None
    total: str | None = None
    since: str | None = None
    timeout_s: int = 30

    @property
    def address(self) -> str:
        """The address, a secret resolved."""
        return Secret(self.url).reveal() if self.url.startswith("env:") else self.url

    @property
    def over_http(self) -> bool:
        return self.address.startswith(("http://", "https://"))


def load_mapping(path: Path) -> Mapping:
    """A checked mapping. Raises Refused with every fault, naming file and key."""
    if not path.is_file():
        raise Refused(f"{path}：映射文件不存在，请检查路径")
    faults: list[str] = []
    mapping = build(Mapping, read_yaml(path), str(path), faults)
    if mapping is None:
        raise Refused(*faults)
    where = str(path)
    if not _NAME.fullmatch(mapping.name):
        faults.append(f"{where}：name 只能用小写字母、数字和下划线，并以字母开头，请改名")
    try:
        address = mapping.address
    except Refused:
        name = mapping.url.removeprefix("env:")
        raise Refused(*faults, f"{where}：url 指向的环境变量 {name} 未设置，请设置后再运行") from None
    known = {**dict.fromkeys(FIELDS), **dict.fromkeys(_OUTER)}
    for column, name in mapping.columns.items():
        if name not in known:
            faults.append(f"{where}：columns 的“{column}”指向未知字段 {name}{nearest(name, known)}")
    for name, unit in mapping.money.items():
        if name not in ("fine_yuan", "confiscation_yuan") or unit not in ("yuan", "wan"):
            faults.append(f"{where}：money 只能写 fine_yuan 或 confiscation_yuan，值为 yuan（元）或 wan（万元）")
    if mapping.commit_rows < 1 or mapping.page.rows < 1 or mapping.timeout_s < 1:
        faults.append(f"{where}：commit_rows、page.rows、timeout_s 应大于 0，请更正")
    faults += _http_faults(mapping, where) if mapping.over_http else _database_faults(mapping, address, where)
    if faults:
        raise Refused(*faults)
    return mapping


def _http_faults(mapping: Mapping, where: str) -> list[str]:
    faults = []
    if mapping.table or mapping.query:
        faults.append(f"{where}：JSON 接口没有 table 和 query，请删去，或把 url 改为数据库地址")
    if mapping.token is not None and not mapping.token.startswith("env:"):
        faults.append(f'{where}：token 不能写明文，请写成 "env:变量名" 并设置该环境变量')
    local = re.match(r"http://(?:127\.0\.0\.1|localhost|\[::1\])[:/]", mapping.address)
    if mapping.token is not None and mapping.address.startswith("http://") and not local:
        faults.append(f"{where}：带令牌的接口必须用 https，明文 http 会泄露令牌，请改用 https 地址")
    if mapping.watermark and not mapping.since:
        faults.append(f"{where}：写了 watermark 就须写 since（接口接收起始时间的参数名）")
    return faults


def _database_faults(mapping: Mapping, address: str, where: str) -> list[str]:
    faults: list[str] = []
    try:
        url = make_url(address)
    except ArgumentError:
        return [f"{where}：url 不是可用的地址，请写成 postgresql+psycopg://用户@主机/库、sqlite:///文件 或 https://…"]
    if url.password is not None and not mapping.url.startswith("env:"):
        faults.append(f'{where}：url 中不能写口令，请把整个地址放入环境变量，写成 url: "env:变量名"')
    if (mapping.table is None) == (mapping.query is None):
        faults.append(f"{where}：table 与 query 须写且只写一个")
    if mapping.table is not None and not _TABLE.fullmatch(mapping.table):
        faults.append(f"{where}：table 应为表名或 模式.表名，现为 {mapping.table[:100]}")
    if mapping.query is not None and (not _READS.match(mapping.query) or ";" in mapping.query.rstrip().rstrip(";")):
        faults.append(f"{where}：query 只能是一条查询语句（以 SELECT 或 WITH 开头），请更正")
    if mapping.token is not None:
        faults.append(f"{where}：token 只用于 JSON 接口，请删去")
    return faults
