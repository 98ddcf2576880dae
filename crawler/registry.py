"""Units and portals: YAML -> checked dataclasses -> rows. Every fault of every file is told at once.

registry = load(workspace)      # Refused with all faults
sync(workspace)                 # rows in the database; vanished entries become inactive, never deleted
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crawler.spiders import families, families_with, options_of
from db.models import Portal as PortalRow
from db.models import Unit as UnitRow
from db.session import session_of, upsert
from db.settings import Region, Workspace
from db.units import name_key
from standard import kinds
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import build, nearest, read_yaml

_ID = re.compile(r"[a-z][a-z0-9_]*")
_EVERY = re.compile(r"(\d+)\s*(hour|day|week)s?")
_HOURS = {"hour": 1, "day": 24, "week": 168}
_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
_HOST = re.compile(r"[A-Za-z0-9_\-.]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?")
_EMAIL = re.compile(r"[^@\s，；;,]+@[^@\s，；;,]+\.[^@\s，；;,]+")
_LONGEST = 366 * 24  # hours; a column that is looked at less than once a year is not watched
_EVERY_WORDS = {
    "daily": "1 day", "everyday": "1 day", "day": "1 day", "hourly": "1 hour", "hour": "1 hour", "weekly": "1 week", "week": "1 week",
    "1d": "1 day", "24h": "1 day", "12h": "12 hours", "1w": "1 week", "每天": "1 day", "每日": "1 day", "每周": "1 week", "每小时": "1 hour",
}  # fmt: skip
_NO_COUNTY = ("municipal", "county_department", "institution", "vertical")
_LEVELS = ("municipal", "county", "county_department", "institution", "vertical")
_KINDS = kinds.CHANNELS
_CHANNELS = ("department", "government", "credit")


@dataclass(frozen=True)
class Alias:
    name: str
    until: datetime.date | None = None


@dataclass(frozen=True)
class Contact:
    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Contacts:
    leader: Contact = field(default_factory=Contact)
    liaison: Contact = field(default_factory=Contact)
    reporter: Contact = field(default_factory=Contact)


@dataclass(frozen=True)
class Unit:
    """One entry of units.yml."""

    id: str
    name: str
    level: str = field(metadata={"choices": _LEVELS})
    aliases: list[str | Alias] = field(default_factory=list)
    uscc: str | None = None
    parent: str | None = None
    contacts: Contacts = field(default_factory=Contacts)
    assessed: bool = True


@dataclass(frozen=True)
class Bounds:
    min: int | None = None
    max: int | None = None


@dataclass(frozen=True)
class Expect:
    """What a healthy look shows."""

    records: Bounds = field(default_factory=Bounds)
    newest_within_days: int | None = None


@dataclass(frozen=True)
class Lookups:
    """Corrections of this portal: a column title, cleaned of blanks -> field."""

    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tls:
    """An exception for a portal's own host, with its reason: `legacy` allows TLS 1.0, weak keys and unsafe renegotiation,
    `unverified` takes a certificate that proves nothing."""

    legacy: bool = False
    unverified: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Portal:
    """One entry of portals/*.yml."""

    id: str
    unit: str
    kind: str = field(metadata={"choices": _KINDS})
    title: str
    url: str
    channel: str = field(default="department", metadata={"choices": _CHANNELS})
    family: str = "auto"
    render: str = field(default="auto", metadata={"choices": ("http", "browser", "auto")})
    every: str = "1 day"
    hours: str | None = None
    allow_hosts: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    lookups: Lookups = field(default_factory=Lookups)
    expect: Expect = field(default_factory=Expect)
    tls: Tls = field(default_factory=Tls)
    notes: list[str] = field(default_factory=list)

    @property
    def every_hours(self) -> int:
        match = _EVERY.fullmatch(self.every)
        assert match is not None  # checked when the registry loads
        return int(match[1]) * _HOURS[match[2]]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class _UnitsFile:
    units: list[Any]
    region: Region = field(default_factory=Region)


@dataclass(frozen=True)
class Registry:
    """What the workspace's files say."""

    units: list[Unit]
    portals: list[Portal]


@dataclass(frozen=True)
class SyncResult:
    """What a sync changed."""

    units_added: int
    units_changed: int
    units_retired: int
    portals_added: int
    portals_changed: int
    portals_retired: int


def portal_of(entry: dict[str, Any], where: str = "portal") -> Portal:
    """A portal from an entry that was checked before (the database keeps it whole)."""
    faults: list[str] = []
    portal = build(Portal, entry, where, faults)
    if portal is None:
        raise Refused(*faults)
    return portal


def load(workspace: Workspace) -> Registry:
    """The registry. Raises Refused with every fault of every file."""
    faults: list[str] = []
    registry = _read(workspace, faults)
    if faults:
        raise Refused(*faults)
    return registry


def check(workspace: Workspace) -> list[str]:
    """Every fault of every file, naming file, entry and key. Empty: all is well."""
    faults: list[str] = []
    _read(workspace, faults, twice=True)
    return faults


def _read(workspace: Workspace, faults: list[str], *, twice: bool = False) -> Registry:
    file = workspace.registry / "units.yml"
    units, known = _units(file, faults)
    return Registry(units, _portals(workspace, known, faults, twice=twice))


def _yaml(path: Path, faults: list[str]) -> Any:
    try:
        return read_yaml(path)
    except Refused as refused:
        faults.extend(refused.faults)
        return None


def _units(path: Path, faults: list[str]) -> tuple[list[Unit], set[str] | None]:
    """The units, and every id that stands in the file: an entry with a fault of its own is not also unknown.

    None for the ids where the file cannot be read: then nobody knows which units there are.
    """
    before = len(faults)
    data = _yaml(path, faults)
    if data is None and len(faults) > before and path.is_file():
        return [], None
    if data is None and len(faults) > before:
        return [], set()
    file = build(_UnitsFile, data, str(path), faults)
    entries = file.units if file else data.get("units") if isinstance(data, dict) else None
    units: list[Unit] = []
    seen: set[str] = set()
    taken = _Names(faults)
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        where = _where(path, "units", number, entry)
        unit = build(Unit, entry, where, faults)
        identity = _text(entry, "id")
        _filled(entry, ("id", "name"), where, faults)
        _check_contacts(entry, where, faults)
        if identity and not _ID.fullmatch(identity):
            faults.append(f"{where}：id 只能用小写字母、数字和下划线，并以字母开头，请改名")
        if identity and identity in seen:
            faults.append(f"{where}：id {identity} 重复，请改名（id 不可重用）")
        taken.take(entry, identity, where)
        seen.add(identity)
        if unit is not None:
            units.append(unit)
    _check_parents(path, entries if isinstance(entries, list) else [], seen - {""}, faults)
    return units, seen - {""}


class _Names:
    """Names, aliases and codes: each belongs to one unit, else nobody is found by it."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        self.names: dict[str, str] = {}
        self.codes: dict[str, str] = {}

    def take(self, entry: Any, identity: str, where: str) -> None:
        aliases = entry.get("aliases") if isinstance(entry, dict) else None
        told = [("name", "名称", _text(entry, "name"))]
        for alias in aliases if isinstance(aliases, list) else []:
            dated = isinstance(alias, dict) and alias.get("until")  # a former name may be another unit's name today
            if not dated:
                told.append(("aliases", "别名", alias if isinstance(alias, str) else _text(alias, "name")))
        for key, title, text in told:
            if text and self.names.setdefault(name_key(text), identity) != identity:
                other = self.names[name_key(text)]
                self.faults.append(f"{where}：{key}：{title}“{text}”与单位 {other} 的名称或别名相同，请核对")
        code = _text(entry, "uscc")
        if code and self.codes.setdefault(code, identity) != identity:
            self.faults.append(f"{where}：uscc：{code} 与单位 {self.codes[code]} 相同，请核对")


def _filled(entry: Any, keys: Iterable[str], where: str, faults: list[str]) -> None:
    for key in keys:
        value = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(value, str) and not value.strip():
            faults.append(f"{where}：{key} 不能为空，请补填")


def _check_contacts(entry: Any, where: str, faults: list[str]) -> None:
    contacts = entry.get("contacts") if isinstance(entry, dict) else None
    for role, contact in contacts.items() if isinstance(contacts, dict) else ():
        email = _text(contact, "email")
        if email and not _EMAIL.fullmatch(email):
            faults.append(f"{where}：contacts.{role}.email：“{email}”不是邮箱地址，请写成 name@example.org")


def _check_parents(path: Path, entries: list[Any], known: set[str], faults: list[str]) -> None:
    """A county's department names its county government; nobody stands above himself."""
    above = {_text(entry, "id"): _text(entry, "parent") for entry in entries}
    levels = {_text(entry, "id"): _text(entry, "level") for entry in entries}
    for number, entry in enumerate(entries, start=1):
        where, identity, parent = _where(path, "units", number, entry), _text(entry, "id"), _text(entry, "parent")
        if parent and parent not in known:
            faults.append(f"{where}：parent：单位 {parent} 不存在{nearest(parent, known)}")
        elif parent and parent == identity:
            faults.append(f"{where}：parent：不能是单位自己")
        elif parent and _circle(identity, above):
            faults.append(f"{where}：parent：{parent} 的上级又回到 {identity}，请改正其中一处")
        elif parent and levels.get(identity) == "county_department" and levels.get(parent) in _NO_COUNTY:
            faults.append(f"{where}：parent：{parent} 不是县区政府（level: county），请核对")
        elif not parent and levels.get(identity) == "county_department":
            faults.append(f"{where}：parent：县区部门须写所属县区政府的编号")


def _circle(identity: str, above: dict[str, str]) -> bool:
    at, passed = above.get(identity, ""), set()
    while at and at not in passed:
        if at == identity:
            return True
        passed.add(at)
        at = above.get(at, "")
    return False


def _text(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else ""


def _portals(workspace: Workspace, units: set[str] | None, faults: list[str], *, twice: bool) -> list[Portal]:
    """`twice`: tell columns that are entered twice as well; they can be read, but what they show counts double."""
    portals: list[Portal] = []
    homes: dict[str, str] = {}
    columns: dict[tuple[str, ...], str] = {}
    for path in sorted((workspace.registry / "portals").glob("*.y*ml")):
        data = _yaml(path, faults)
        if data is None:
            continue
        if not isinstance(data, list):
            faults.append(f"{path}：应为栏目列表（每项以“- id:”开头）")
            continue
        for number, entry in enumerate(data, start=1):
            where = _where(path, "", number, entry)
            portal = build(Portal, entry, where, faults)
            if isinstance(entry, dict):
                _check_portal(entry, where, units, faults)
                same = _same_column(entry) if twice else None
                other = columns.setdefault(same, where) if same else where
                if other != where:
                    here = other.rpartition("（")[2].rstrip("）") or other
                    faults.append(f"{where}：url：与 {here} 是同一单位、同一网址、同一类别，请只留一项")
            identity = _text(entry, "id")
            if identity and identity in homes:
                faults.append(f"{where}：id {identity} 已用于 {homes[identity]}，请改名")
            homes.setdefault(identity, path.name)
            if portal is not None:
                portals.append(portal)
    return portals


def _where(path: Path, section: str, number: int, entry: Any) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"{path}：{section}第 {number} 项{f'（{name}）' if name else ''}"


def _check_portal(entry: dict[str, Any], where: str, units: set[str] | None, faults: list[str]) -> None:
    """What the shape alone does not tell. Each key is checked by itself, whatever is wrong with the others."""
    identity, unit, url, family = (_text(entry, key) for key in ("id", "unit", "url", "family"))
    if identity and not _ID.fullmatch(identity):
        faults.append(f"{where}：id 只能用小写字母、数字和下划线，并以字母开头，请改名")
    if unit.strip() and units is not None and unit not in units:
        faults.append(f"{where}：unit：单位 {unit} 不在 units.yml 中{nearest(unit, units)}")
    _filled(entry, ("id", "unit", "title", "url"), where, faults)
    if url.strip() and (what := _wrong_address(url)):
        faults.append(f"{where}：url {what}，现为 {url}")
    _check_times(_text(entry, "every"), _text(entry, "hours"), where, faults)
    _check_expect(entry.get("expect"), where, faults)
    hosts = entry.get("allow_hosts")
    for host in hosts if isinstance(hosts, list) else []:
        if isinstance(host, str) and not _HOST.fullmatch(host):
            faults.append(f"{where}：allow_hosts 只写主机名或地址，不带 http://、端口和路径，现为 {host}")
    options = entry.get("options")
    if family and family not in (*families(), "auto"):
        faults.append(f"{where}：family：没有 {family} 这种站型{nearest(family, [*families(), 'auto'])}")
    elif options and isinstance(options, dict):
        _check_options(family or "auto", options, where, faults)
    tls = entry.get("tls")
    if (
        isinstance(tls, dict)
        and (tls.get("legacy") or tls.get("unverified"))
        and not str(tls.get("reason") or "").strip()
    ):
        faults.append(f"{where}：tls：放宽加密要求须写明 reason（为什么、谁同意、到何时）")
    lookups = entry.get("lookups")
    columns = lookups.get("columns") if isinstance(lookups, dict) else None
    for label, name in columns.items() if isinstance(columns, dict) else ():
        if isinstance(name, str) and name not in FIELDS:
            faults.append(f"{where}：lookups.columns 的“{label}”指向未知字段 {name}{nearest(name, FIELDS)}")


def _check_options(family: str, options: dict[str, Any], where: str, faults: list[str]) -> None:
    fits = families_with(options) if family == "auto" else [family]
    if fits:
        build(options_of(fits[0]), options, f"{where}：options", faults)
        return
    known = sorted({name for each in families() for name in options_of(each).__dataclass_fields__})
    unknown = [str(key) for key in options if str(key) not in known]
    for key in unknown:
        faults.append(f"{where}：options：没有一种站型有 {key} 这个键{nearest(key, known)}")
    if not unknown:
        faults.append(f"{where}：options：{'、'.join(map(str, options))} 不属于同一种站型，请写明 family")


def _same_column(entry: dict[str, Any]) -> tuple[str, ...] | None:
    """What makes two entries the same column: unit, kind and address, with the options that lead to other content."""
    url = _text(entry, "url").strip()
    if not url:
        return None
    parts = urlsplit(url.partition("#")[0]) if _wrong_address(url) is None else None
    address = url if parts is None else f"{(parts.netloc or '').lower()}{parts.path.rstrip('/')}?{parts.query}"
    options = json.dumps(entry.get("options") or {}, sort_keys=True, ensure_ascii=False, default=str)
    return _text(entry, "unit"), _text(entry, "kind"), _text(entry, "channel") or "department", address, options


def _wrong_address(url: str) -> str | None:
    """What is wrong with an address, None when nothing is."""
    if url != url.strip() or any(c.isspace() or not c.isprintable() for c in url):
        return "中有空格或不可见字符，请删去"
    scheme = re.match(r"[A-Za-z]+(?=[:：/])", url)
    if scheme and scheme[0].lower() not in ("http", "https"):
        return f"应为 http:// 或 https:// 开头的网址{nearest(scheme[0], ['http', 'https'])}"
    try:
        parts = urlsplit(url)
        if not url.startswith(("http://", "https://")) or not parts.hostname or parts.port == 0:
            return "应为 http:// 或 https:// 开头的网址"
        parts.hostname.encode("idna")
    except (ValueError, UnicodeError):  # a port that is no number, a broken IPv6 address, a host that cannot be
        return "应为 http:// 或 https:// 开头的网址"
    if re.search(r"[^\w.\-:\[\]]|[：。，、]", parts.hostname):
        return "的主机名中有不能用的字符，请核对"
    return None


def _check_times(every: str, hours: str, where: str, faults: list[str]) -> None:
    match = _EVERY.fullmatch(every)
    if every and (match is None or not 0 < int(match[1][:9]) * _HOURS[match[2]] <= _LONGEST):
        word = _EVERY_WORDS.get(every.strip().lower().lstrip("@"))
        cron = "，不用 cron 写法" if len(every.split()) >= 5 else ""
        hint = f"，是否想写 {word}？" if word else ""
        faults.append(f"{where}：every 应写成“1 day”“12 hours”“1 week”{cron}，现为 {every}{hint}")
    window = _WINDOW.fullmatch(hours)
    if hours and window is None:
        faults.append(f"{where}：hours 应写成“22:00-06:00”，现为 {hours}")
    elif window is not None and (int(window[1]), window[2]) == (int(window[3]), window[4]):
        faults.append(f"{where}：hours 起止相同，没有可用的时段，现为 {hours}；不限时段请删去这一行")


def _check_expect(expect: Any, where: str, faults: list[str]) -> None:
    if not isinstance(expect, dict):
        return
    records = expect.get("records")
    bounds = {key: records.get(key) for key in ("min", "max")} if isinstance(records, dict) else {}
    told = {f"records.{key}": value for key, value in bounds.items()} | {
        "newest_within_days": expect.get("newest_within_days")
    }
    for key, value in told.items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            faults.append(f"{where}：expect.{key}：不能小于 0，现为 {value}")
    low, high = bounds.get("min"), bounds.get("max")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        faults.append(f"{where}：expect.records：min {low} 大于 max {high}，请核对")


def sync(workspace: Workspace) -> SyncResult:
    """Make the rows say what the files say. Raises Refused (nothing written) when a file has any fault."""
    registry = load(workspace)
    with session_of(workspace) as session:
        unit_rows = [_unit_row(unit, position) for position, unit in enumerate(registry.units)]
        portal_rows = [_portal_row(portal) for portal in registry.portals]
        units = _differences(session, UnitRow, unit_rows)
        portals = _differences(session, PortalRow, portal_rows)
        upsert(session, UnitRow.__table__, unit_rows)  # type: ignore[arg-type]
        upsert(session, PortalRow.__table__, portal_rows)  # type: ignore[arg-type]
        for table, rows in ((UnitRow, unit_rows), (PortalRow, portal_rows)):
            kept = [row["id"] for row in rows]
            session.execute(update(table).where(table.id.not_in(kept)).values(active=False))
    return SyncResult(*units, *portals)


def _unit_row(unit: Unit, position: int) -> dict[str, Any]:
    named = [Alias(alias) if isinstance(alias, str) else alias for alias in unit.aliases]
    aliases = [{"name": alias.name, "until": alias.until and alias.until.isoformat()} for alias in named]
    contacts = {
        role: {"name": c.name, "phone": c.phone, "email": c.email}
        for role, c in (
            ("leader", unit.contacts.leader), ("liaison", unit.contacts.liaison), ("reporter", unit.contacts.reporter),
        )
    }  # fmt: skip
    return {
        "id": unit.id, "name": unit.name, "aliases": aliases, "uscc": unit.uscc, "level": unit.level,
        "parent": unit.parent, "contacts": contacts, "assessed": unit.assessed, "position": position, "active": True,
    }  # fmt: skip


def _portal_row(portal: Portal) -> dict[str, Any]:
    entry = json.loads(json.dumps(dataclasses.asdict(portal), default=str))
    return {
        "id": portal.id, "unit_id": portal.unit, "kind": portal.kind, "channel": portal.channel, "title": portal.title,
        "url": portal.url, "family": portal.family, "render": portal.render, "every_hours": portal.every_hours,
        "entry": entry, "active": True,
    }  # fmt: skip


def _differences(session: Session, table: Any, rows: Iterable[dict[str, Any]]) -> tuple[int, int, int]:
    """How many rows are new, changed, gone."""
    before = {row.id: row for row in session.scalars(select(table))}
    added = changed = 0
    kept: set[str] = set()
    for row in rows:
        kept.add(row["id"])
        old = before.get(row["id"])
        if old is None:
            added += 1
        elif any(getattr(old, name) != value for name, value in row.items()):
            changed += 1
    gone = sum(1 for name, row in before.items() if name not in kept and row.active)
    return added, changed, gone
