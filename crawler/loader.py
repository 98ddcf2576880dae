"""Names one spider per portal: the portal's family, bound to its entry."""

from __future__ import annotations

from typing import Any

from crawler.registry import Portal
from crawler.spiders import class_of
from standard.strict_yaml import build_or_refuse


def spider_of(portal: Portal, recognised: str | None) -> tuple[type, dict[str, Any]]:
    """The spider class of a portal, named after it, and its own arguments."""
    family = class_of(portal.family)
    arguments: dict[str, Any] = {"portal": portal}
    if portal.family == "auto":
        arguments["recognised"] = recognised
    else:
        arguments["options"] = build_or_refuse(family.Options, portal.options, f"{portal.id}：options")
    return type(portal.id, (family,), {"name": portal.id}), arguments
