"""A host's turn: so many connections at once, so long a pause between two requests, over all looks and all processes.

The looks of one process share a `Host`; several processes (plain pages, browser pages, another command) meet in a small
file per host below `var/locks`: one locked byte for each connection in use, and the moment the next request may start.
A process that dies holds nothing.
"""

from __future__ import annotations

import asyncio
import datetime
import fcntl
import os
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_POLL_S = 0.02
_FIRST_BYTE = 64  # of the connections; the moment of the next request stands before them
_LONGEST_DELAY = 30.0
_LEFT_OVER = 3600.0  # a moment further ahead is left from before the machine was started anew


class Host:
    """One host. `banned_until` is set when the host itself asks us to stay away (monotonic seconds)."""

    def __init__(self, name: str, connections: int, delay: float, folder: Path | None) -> None:
        self.delay = delay
        self.banned_until = 0.0
        self._free = list(range(connections, 0, -1))
        self._places = asyncio.Semaphore(connections)
        self._next = 0.0
        self._file = -1
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            safe = re.sub(r"[^a-z0-9.\-]", "_", name)[:150] or "_"
            self._file = os.open(folder / f"host-{safe}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def slow_down(self, delay: float) -> None:
        """A longer pause, as the host's robots.txt asks for it."""
        self.delay = max(self.delay, min(delay, _LONGEST_DELAY))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A connection's place, at the moment the next request may start."""
        async with self._places:
            place = self._free.pop()
            try:
                await self._take(place)
                try:
                    await self._wait()
                    yield
                finally:
                    self._release(place)
            finally:
                self._free.append(place)

    async def _take(self, place: int) -> None:
        """The byte of one connection; another process that has it is waited for."""
        while self._file >= 0:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _FIRST_BYTE + place)
                return
            except OSError:
                await asyncio.sleep(_POLL_S)

    def _release(self, place: int) -> None:
        if self._file >= 0:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _FIRST_BYTE + place)

    async def _wait(self) -> None:
        """Until the pause after the last request, whoever asked it, is over."""
        while self.delay > 0 and (rest := self._reserve()) > 0:
            await asyncio.sleep(rest)

    def _reserve(self) -> float:
        """Take this moment for a request and answer 0, or answer the seconds until one may be taken."""
        if self._file >= 0:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 8, 0)  # held for microseconds
        try:
            if self._file >= 0:
                (self._next,) = struct.unpack("d", os.pread(self._file, 8, 0).ljust(8, b"\0"))
            now = time.monotonic()
            rest = self._next - now
            if 0 < rest < _LEFT_OVER:
                return rest
            self._next = now + self.delay
            if self._file >= 0:
                os.pwrite(self._file, struct.pack("d", self._next), 0)
            return 0.0
        finally:
            if self._file >= 0:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 8, 0)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Hosts:
    """Every host this process asks."""

    def __init__(self, connections: int, delay: float, folder: Path | None = None) -> None:
        self._connections, self._delay, self._folder = max(connections, 1), delay, folder
        self._known: dict[str, Host] = {}

    def of(self, name: str) -> Host:
        """The host of this name."""
        if name not in self._known:
            self._known[name] = Host(name, self._connections, self._delay, self._folder)
        return self._known[name]

    def close(self) -> None:
        for host in self._known.values():
            host.close()
        self._known.clear()


def within(hours: str | None, now: datetime.time) -> bool:
    """Whether a time of day lies within a portal's hours (22:00-06:00 goes over midnight); without hours always."""
    if not hours:
        return True
    start, end = (datetime.time(*map(int, part.split(":"))) for part in hours.split("-"))
    return start <= now < end if start <= end else now >= start or now < end
