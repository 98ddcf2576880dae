"""A mapping file: where a platform's database or JSON interface is, and which of its columns is what.

name: city_platform                  # its name in batches and receipts; never change it
url: "env:PLATFORM_DB"               # a SQLAlchemy address, or http(s)://… of a JSON interface
table: V_XZCF                        # or query: "SELECT … FROM …" (a reading one)
kind: penalty                        # licence | penalty; left out: told by the columns
columns: {CFWSH: document_number}    # only where a column's own name does not tell
money: {fine_yuan: yuan}             # 元; amounts are in 万元 otherwise
watermark: UPDATE_TIME               # only rows from the last one seen are read
overlap_minutes: 60                  # read so much again: rows that were being written during the last pull
unit: null                           # whose rows these are when they do not say so
edition: auto
timeout_s: 300                       # how long an answer is waited for (an interface: 30)
recode: gb18030                      # only when Chinese arrives as ÊÐ…: stored byte by byte in a latin1 database

# a JSON interface has these instead of table and query:
token: "env:PLATFORM_TOKEN"          # sent as "Authorization: Bearer …"; header and scheme change that
params: {appKey: "env:APP_KEY"}
method: GET                          # or POST: everything asked is sent as JSON; FORM: as a form
page: {number: page, first: 1, size: pageSize, rows: 500}    # or one of:
#     {kind: offset, number: offset, first: 0, size: limit, rows: 500}
#     {kind: cursor, number: cursor, next: data.nextCursor, size: limit, rows: 500}
#     {kind: link, next: links.next}     (without next: the Link header)
#     {kind: none}
rows: data.list                      # where the list stands; left out: found
total: data.total
since: updatedAfter                  # the parameter that takes the watermark
ca_file: city-ca.pem                 # the root certificate of one's own, beside this file
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from db.settings import Secret
from standard.editions import EDITIONS
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import build, nearest, read_yaml

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_READS = re.compile(r"(?is)^\s*(?:select|with)\b")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`")
_WRITES = re.compile(r"(?i);|--|/\*|#|\$\w*\$|['\"`]|\bINTO\b|\bFOR\s+(?:UPDATE|SHARE)\b|\bLOCK\s+IN\b")
_TABLE = re.compile(r"[\w$#\u4e00-\u9fff]+(?:\.[\w$#\u4e00-\u9fff]+){0,2}")
_MAX_OVERLAP = 60 * 24 * 60
_OUTER = frozenset(["reporting_unit", "received_at", "report_status", "error_reason"])


@dataclass(frozen=True)
class Page:
    """How a JSON interface is asked for its pages.

    `number` is the parameter that takes the page's number, the offset of its first record, or the cursor; `next` where an
    answer says the next cursor or the next address.
    """

    kind: str = field(default="number", metadata={"choices": ("number", "offset", "cursor", "link", "none")})
    number: str = "page"
    first: int = 1
    size: str | None = "pageSize"
    rows: int = 500
    next: str | None = None


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
    overlap_minutes: int = 60
    unit: str | None = None
    edition: str = "auto"
    commit_rows: int = 20_000
    timeout_s: int | None = None
    recode: str | None = field(default=None, metadata={"choices": ("gb18030", "gbk", "utf-8")})
    method: str = field(default="GET", metadata={"choices": ("GET", "POST", "FORM")})
    token: str | None = None
    header: str = "Authorization"
    scheme: str = "Bearer"
    params: dict[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=Page)
    rows: str | None = None
    total: str | None = None
    since: str | None = None
    ca_file: str | None = None

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
    if mapping.edition != "auto" and mapping.edition not in EDITIONS:
        faults.append(
            f"{where}：edition：没有标准版本 {mapping.edition}{nearest(mapping.edition, ['auto', *EDITIONS])}"
        )
    for column, name in mapping.columns.items():
        if name not in known:
            faults.append(f"{where}：columns 的“{column}”指向未知字段 {name}{nearest(name, known)}")
    for name, unit in mapping.money.items():
        if name not in ("fine_yuan", "confiscation_yuan") or unit not in ("yuan", "wan"):
            faults.append(f"{where}：money 只能写 fine_yuan 或 confiscation_yuan，值为 yuan（元）或 wan（万元）")
    if min(mapping.commit_rows, mapping.page.rows, 1 if mapping.timeout_s is None else mapping.timeout_s) < 1:
        faults.append(f"{where}：commit_rows、page.rows、timeout_s 应大于 0，请更正")
    if not 0 <= mapping.overlap_minutes <= _MAX_OVERLAP:
        faults.append(f"{where}：overlap_minutes 应在 0 到 {_MAX_OVERLAP} 之间（60 天），请更正")
    faults += _http_faults(mapping, where) if mapping.over_http else _database_faults(mapping, address, where)
    if faults:
        raise Refused(*faults)
    if mapping.ca_file is not None:
        return replace(mapping, ca_file=str(path.parent / mapping.ca_file))
    return mapping


def _http_faults(mapping: Mapping, where: str) -> list[str]:
    faults = []
    if mapping.table or mapping.query:
        faults.append(f"{where}：JSON 接口没有 table 和 query，请删去，或把 url 改为数据库地址")
    if mapping.token is not None and not mapping.token.startswith("env:"):
        faults.append(f'{where}：token 不能写明文，请写成 "env:变量名" 并设置该环境变量')
    secrets = [
        text for text in (mapping.token, *mapping.params.values()) if text is not None and text.startswith("env:")
    ]
    for secret in secrets:
        name = secret.removeprefix("env:")
        if not os.environ.get(name):
            faults.append(f"{where}：环境变量 {name} 未设置，请设置后再运行")
    local = re.match(r"http://(?:127\.0\.0\.1|localhost|\[::1\])[:/]", mapping.address)
    if secrets and mapping.address.startswith("http://") and not local:
        faults.append(f"{where}：带令牌的接口必须用 https，明文 http 会泄露令牌，请改用 https 地址")
    if mapping.watermark and not mapping.since:
        faults.append(f"{where}：写了 watermark 就须写 since（接口接收起始时间的参数名）")
    if mapping.page.kind == "cursor" and not mapping.page.next:
        faults.append(
            f"{where}：page.kind 为 cursor 时须写 page.next（返回内容中下一页游标所在的路径），如 data.nextCursor"
        )
    if mapping.ca_file is not None and not (Path(where).parent / mapping.ca_file).is_file():
        faults.append(f"{where}：ca_file 指向的证书 {mapping.ca_file} 不存在，请把根证书（PEM 格式）放在映射文件旁")
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
    if mapping.query is not None and not _only_reads(mapping.query):
        faults.append(
            f"{where}：query 只能是一条查询语句（以 SELECT 或 WITH 开头，不带注释、分号、反斜杠、INTO、FOR UPDATE，括号成对），请更正，或在库中建视图后写 table"
        )
    for name in ("token", "ca_file", "since", "total", "rows"):
        if getattr(mapping, name) is not None:
            faults.append(f"{where}：{name} 只用于 JSON 接口，请删去")
    return faults


def _only_reads(query: str) -> bool:
    """Whether this is one SELECT that stays inside the brackets put around it. What it calls, the server forbids to write."""
    text = query.strip().rstrip(";")
    bare = _QUOTED.sub(" x ", text)
    if "\\" in text or not _READS.match(bare) or _WRITES.search(bare):
        return False  # servers differ on what a backslash quotes: with one, brackets cannot be counted
    depth = 0
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0
