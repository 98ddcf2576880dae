"""Download handlers that keep a host's limits over all portals of a process: so many connections, so long a pause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler

from crawler.addresses import host_of


class _Host:
    """One host's turn: `connections` at once, `delay` seconds between the starts of two requests."""

    def __init__(self, connections: int, delay: float) -> None:
        self.places = asyncio.Semaphore(connections)
        self.delay = delay
        self.free_at = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        start = max(now, self.free_at)
        self.free_at = start + self.delay
        if start > now:
            await asyncio.sleep(start - now)


_hosts: dict[str, _Host] = {}


@asynccontextmanager
async def turn(url: str, settings: Any) -> AsyncIterator[None]:
    """A place at the host of this address."""
    host = _hosts.setdefault(
        host_of(url), _Host(settings.getint("MINGCHA_PER_HOST"), settings.getfloat("MINGCHA_DELAY"))
    )
    async with host.places:
        await host.wait()
        yield


class PlainHandler(HTTP11DownloadHandler):  # type: ignore[misc]
    """HTTP/1.1 with the host's limits kept."""

    lazy = True  # most looks need one of http and https, and the TLS context is dear

    async def download_request(self, request: Any) -> Any:
        async with turn(request.url, self.crawler.settings):
            return await super().download_request(request)
