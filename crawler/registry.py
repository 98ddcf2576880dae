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
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import build, nearest, read_yaml

_ID = re.compile(r"[a-z][a-z0-9_]*")
_EVERY = re.compile(r"(\d+)\s*(hour|day|week)s?")
_HOURS = {"hour": 1, "day": 24, "week": 168}
_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
_HOST = re.compile(r"[A-Za-z0-9_\-.]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?")
_LEVELS = ("municipal", "county", "county_department", "institution", "vertical")
_KINDS = ("licence", "penalty", "both", "catalogue", "red_list", "black_list")
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
    _read(workspace, faults)
    return faults


def _read(workspace: Workspace, faults: list[str]) -> Registry:
    file = workspace.registry / "units.yml"
    units, known = _units(file, faults)
    return Registry(units, _portals(workspace, known, faults, whole=bool(known)))


def _yaml(path: Path, faults: list[str]) -> Any:
    try:
        return read_yaml(path)
    except Refused as refused:
        faults.extend(refused.faults)
        return None


def _units(path: Path, faults: list[str]) -> tuple[list[Unit], set[str]]:
    """The units, and every id that stands in the file: an entry with a fault of its own is not also unknown."""
    data = _yaml(path, faults)
    if data is None:
        return [], set()
    file = build(_UnitsFile, data, str(path), faults)
    entries = file.units if file else data.get("units") if isinstance(data, dict) else None
    units: list[Unit] = []
    seen: set[str] = set()
    names: dict[str, str] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        where = _where(path, "units", number, entry)
        unit = build(Unit, entry, where, faults)
        identity, name = _text(entry, "id"), _text(entry, "name")
        if identity and not _ID.fullmatch(identity):
            faults.append(f"{where}：id 只能用小写字母、数字和下划线，并以字母开头，请改名")
        if identity and identity in seen:
            faults.append(f"{where}：id {identity} 重复，请改名（id 不可重用）")
        if name and names.setdefault(name, identity) != identity:
            faults.append(f"{where}：名称“{name}”与单位 {names[name]} 相同，请核对")
        seen.add(identity)
        if unit is not None:
            units.append(unit)
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        parent = _text(entry, "parent")
        if parent and parent not in seen:
            faults.append(
                f"{_where(path, 'units', number, entry)}：parent：单位 {parent} 不存在{nearest(parent, seen - {''})}"
            )
        elif parent and parent == _text(entry, "id"):
            faults.append(f"{_where(path, 'units', number, entry)}：parent：不能是单位自己")
    return units, seen - {""}


def _text(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else ""


def _portals(workspace: Workspace, units: set[str], faults: list[str], *, whole: bool) -> list[Portal]:
    portals: list[Portal] = []
    homes: dict[str, str] = {}
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
                _check_portal(entry, where, units if whole else None, faults)
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
    if unit and units is not None and unit not in units:
        faults.append(f"{where}：unit：单位 {unit} 不在 units.yml 中{nearest(unit, units)}")
    if url and not _is_address(url):
        faults.append(f"{where}：url 应为 http:// 或 https:// 开头的网址，现为 {url}")
    every, hours = _text(entry, "every"), _text(entry, "hours")
    match = _EVERY.fullmatch(every)
    if every and (match is None or int(match[1]) == 0):
        faults.append(f"{where}：every 应写成“1 day”“12 hours”“1 week”，现为 {every}")
    if hours and not _WINDOW.fullmatch(hours):
        faults.append(f"{where}：hours 应写成“22:00-06:00”，现为 {hours}")
    hosts = entry.get("allow_hosts")
    for host in hosts if isinstance(hosts, list) else []:
        if isinstance(host, str) and not _HOST.fullmatch(host):
            faults.append(f"{where}：allow_hosts 只写主机名或地址，不带 http://、端口和路径，现为 {host}")
    options = entry.get("options")
    if family and family not in (*families(), "auto"):
        faults.append(f"{where}：family：没有 {family} 这种站型{nearest(family, [*families(), 'auto'])}")
    elif options and isinstance(options, dict):
        _check_options(family or "auto", options, where, faults)
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


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        return False


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
