"""The workspace that watches the city: settings, units, columns, calendar, in the files of the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sample_city.city import City
from sample_city.plan import REGION_CODE, REGION_NAME, Portal, Unit
from sample_city.portals import json_grid
from sample_city.portals.site import address

# A person has looked at nothing yet: these codes count as confirmed, so that the sample city can be scored.
CONFIRMED = (
    "submitted_late",
    "published_late",
    "not_submitted",
    "not_published",
    "field_missing",
    "field_invalid",
    "values_differ",
    "duplicate",
    "over_disclosed",
    "past_term",
    "withdrawn_unexplained",
    "outside_catalogue",
    "catalogue_missing",
    "column_missing",
    "column_unreachable",
    "column_empty",
    "dead_link",
)


def write_workspace(city: City, root: Path, base_url: str) -> None:
    """Write `mingcha.yml`, the registry and an empty calendar overlay below `root`; other files there stay."""
    for folder in ("registry/portals", "calendar", "schemes", "var"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    _write(
        root / "mingcha.yml",
        {
            "region": {"code": REGION_CODE, "name": REGION_NAME},
            "crawl": {"delay_s": 0, "per_host": 8, "timeout_s": 60, "retries": 1, "robots": True},
            "confirm": {"codes": list(CONFIRMED)},
        },
    )
    _write(
        root / "registry" / "units.yml",
        {
            "region": {"code": REGION_CODE, "name": REGION_NAME},
            "units": [_unit(city, unit) for unit in city.units.values()],
        },
    )
    for unit in city.units.values():
        if unit.portals:
            _write(root / "registry" / "portals" / f"{unit.id}.yml", [_portal(p, base_url) for p in unit.portals])


def _write(path: Path, data: Any) -> None:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def _unit(city: City, unit: Unit) -> dict[str, Any]:
    aliases: list[Any] = [name if until is None else {"name": name, "until": until} for name, until in unit.aliases]
    return {
        "id": unit.id,
        "name": unit.name,
        "aliases": aliases,
        "uscc": city.unit_codes[unit.id],
        "level": unit.level,
        "parent": unit.parent,
        "contacts": city.contacts[unit.id],
        "assessed": unit.assessed,
    }


def _portal(portal: Portal, base_url: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": portal.id,
        "unit": portal.unit,
        "kind": portal.kind,
        "channel": portal.channel,
        "title": portal.title,
        "url": address(portal, base_url),
        "family": "auto",
        "every": "1 day",
        "allow_hosts": ["127.0.0.1"],
    }
    if portal.family == "script":
        entry |= {"family": "wide_table", "render": "browser", "notes": ["2026-07：表格由脚本生成，需要浏览器"]}
    elif portal.announced:
        entry["family"] = portal.family
        if portal.family == "json_grid":
            entry["options"] = {
                "api": f"/{portal.id}/{json_grid.API}",
                "page": "page",
                "size": "limit",
                "start": 1,
                "rows": "data",
                "total": "count",
                "page_size": portal.per_page,
            }
    return entry
