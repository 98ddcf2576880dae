"""Where a crawl may go: the portal's host and those its entry names. Inner addresses only when they are named."""

from __future__ import annotations

import asyncio
from typing import Any

from scrapy.exceptions import IgnoreRequest

from crawler.addresses import host_of, is_inner


class Forbidden(IgnoreRequest):
    """An address a crawl must not ask. Raised by the Egress middleware, on every hop; the text is Chinese."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class Gate:
    """Decides for one portal; names are resolved once a look."""

    def __init__(self, own: str, allowed: list[str]) -> None:
        self.named = {host.lower() for host in allowed}
        self.hosts = {own.lower(), *self.named}
        self._inner: dict[str, bool] = {}

    async def check(self, url: str) -> None:
        """Raises Forbidden when the address is not this portal's to ask."""
        host = host_of(url)
        if host not in self.hosts and (is_inner(host) or host == "localhost"):
            raise Forbidden("link_out", f"链接或跳转指向内网或本机地址 {host}，公众打不开，未跟随")
        if host not in self.hosts:
            raise Forbidden("link_out", f"链接或跳转指向外站 {host}，未跟随")
        if host in self.named:
            return
        if host not in self._inner:
            self._inner[host] = await _leads_inside(host)
        if self._inner[host]:
            raise Forbidden("error", f"{host} 是内网或本机地址，未写入登记的 allow_hosts，不访问")


async def _leads_inside(host: str) -> bool:
    if is_inner(host):
        return True
    try:
        found: list[Any] = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        return False  # the request itself will tell that the name is unknown
    return any(is_inner(entry[4][0]) for entry in found)
