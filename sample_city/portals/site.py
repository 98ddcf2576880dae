"""From an address to an answer: `/<column id>/<path>` goes to the family of that column, at a moment."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals import attachment_list, hanweb_jpage, json_grid, script, trs_static, wide_table
from sample_city.portals.shell import BLOCKED, BROKEN, NOT_FOUND, Answer


class Family(Protocol):
    def entry_path(self, portal: Portal) -> str: ...

    def answer(
        self, city: City, portal: Portal, path: str, query: dict[str, str], shown: list[tuple[Decision, Showing]]
    ) -> Answer: ...


FAMILIES: dict[str, Family] = {
    "trs_static": trs_static,
    "hanweb_jpage": hanweb_jpage,
    "wide_table": wide_table,
    "json_grid": json_grid,
    "attachment_list": attachment_list,
    "script": script,
}


def address(portal: Portal, base_url: str) -> str:
    """The address of a column, as it stands in the registry."""
    return f"{base_url}/{portal.id}/{FAMILIES[portal.family].entry_path(portal)}"


class Sites:
    """All columns of a city. What a column shows at a moment is worked out once."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._shown: dict[tuple[str, datetime.datetime], list[tuple[Decision, Showing]]] = {}

    def answer(self, now: datetime.datetime, target: str, body: bytes = b"") -> Answer:
        """The answer to a request for `target` (path and query) at a moment; a form's fields join the query."""
        parts = urlsplit(target)
        portal_id, _, path = unquote(parts.path).lstrip("/").partition("/")
        portal = self.city.portals.get(portal_id)
        if portal is None:
            return NOT_FOUND
        state = portal.state(now)
        if state in ("down", "blocked", "missing"):
            return {"down": BROKEN, "blocked": BLOCKED, "missing": NOT_FOUND}[state]
        if portal.link is not None:
            if portal.link.dead(now.date()) and path == trs_static.link_path(portal):
                return BROKEN if portal.link.status == 500 else NOT_FOUND
            if not portal.link.stands(now.date()):
                portal = dataclasses.replace(portal, link=None)
        query = dict(parse_qsl(parts.query)) | dict(parse_qsl(body.decode("utf-8", "replace")))
        return FAMILIES[portal.family].answer(self.city, portal, path, query, self._visible(portal, now))

    def _visible(self, portal: Portal, now: datetime.datetime) -> list[tuple[Decision, Showing]]:
        key = (portal.id, now)
        if key not in self._shown:
            self._shown[key] = self.city.visible(portal, now)
        return self._shown[key]
