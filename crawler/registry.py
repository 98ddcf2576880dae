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

from crawler.spiders import families, options_of
from db.models import Portal as PortalRow
from db.models import Unit as UnitRow
from db.session import session_of, upsert
from db.settings import Workspace
from standard.errors import Refused
from standard.fields import FIELDS
from standard.strict_yaml import build, nearest, read_yaml

_ID = re.compile(r"[a-z][a-z0-9_]*")
_EVERY = re.compile(r"(\d+)\s*(hour|day|week)s?")
_HOURS = {"hour": 1, "day": 24, "week": 168}
_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
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
    region: dict[str, Any] = field(default_factory=dict)


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
    units = _units(file, faults)
    return Registry(units, _portals(workspace, {unit.id for unit in units}, faults, whole=file.is_file()))


def _yaml(path: Path, faults: list[str]) -> Any:
    try:
        return read_yaml(path)
    except Refused as refused:
        faults.extend(refused.faults)
        return None


def _units(path: Path, faults: list[str]) -> list[Unit]:
    data = _yaml(path, faults)
    if data is None:
        return []
    file = build(_UnitsFile, data, str(path), faults)
    units: list[Unit] = []
    seen: set[str] = set()
    names: dict[str, str] = {}
    for number, entry in enumerate(file.units if file else [], start=1):
        where = _where(path, "units", number, entry)
        unit = build(Unit, entry, where, faults)
        if unit is None:
            continue
        if not _ID.fullmatch(unit.id):
            faults.append(f"{where}：id 只能用小写字母、数字和下划线，并以字母开头，请改名")
        if unit.id in seen:
            faults.append(f"{where}：id {unit.id} 重复，请改名（id 不可重用）")
        if names.setdefault(unit.name, unit.id) != unit.id:
            faults.append(f"{where}：名称“{unit.name}”与单位 {names[unit.name]} 相同，请核对")
        seen.add(unit.id)
        units.append(unit)
    for unit in units:
        if unit.parent is not None and unit.parent not in seen:
            faults.append(f"{path}：单位 {unit.id}：parent {unit.parent} 不存在{nearest(unit.parent, seen)}")
    return units


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
            if portal is None:
                continue
            _check_portal(portal, where, units if whole else None, faults)
            if portal.id in homes:
                faults.append(f"{where}：id {portal.id} 已用于 {homes[portal.id]}，请改名")
                continue
            homes[portal.id] = path.name
            portals.append(portal)
    return portals


def _where(path: Path, section: str, number: int, entry: Any) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return f"{path}：{section}第 {number} 项{f'（{name}）' if name else ''}"


def _check_portal(portal: Portal, where: str, units: set[str] | None, faults: list[str]) -> None:
    if not _ID.fullmatch(portal.id):
        faults.append(f"{where}：id 只能用小写字母、数字和下划线，并以字母开头，请改名")
    if units is not None and portal.unit not in units:
        faults.append(f"{where}：单位 {portal.unit} 不在 units.yml 中{nearest(portal.unit, units)}")
    parts = urlsplit(portal.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        faults.append(f"{where}：url 应为 http:// 或 https:// 开头的网址，现为 {portal.url}")
    if not _EVERY.fullmatch(portal.every):
        faults.append(f"{where}：every 应写成“1 day”“12 hours”“1 week”，现为 {portal.every}")
    if portal.hours is not None and not _WINDOW.fullmatch(portal.hours):
        faults.append(f"{where}：hours 应写成“22:00-06:00”，现为 {portal.hours}")
    for host in portal.allow_hosts:
        if "/" in host or not host.strip():
            faults.append(f"{where}：allow_hosts 只写主机名或地址，不带 http:// 和路径，现为 {host}")
    if portal.family not in (*families(), "auto"):
        faults.append(f"{where}：没有 {portal.family} 这种站型{nearest(portal.family, [*families(), 'auto'])}")
    elif portal.options and portal.family != "auto":
        build(options_of(portal.family), portal.options, f"{where}：options", faults)
    elif portal.options:
        faults.append(f"{where}：family 为 auto 时不能写 options，请先写明站型")
    for label, name in portal.lookups.columns.items():
        if name not in FIELDS:
            faults.append(f"{where}：lookups.columns 的“{label}”指向未知字段 {name}{nearest(name, FIELDS)}")


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
