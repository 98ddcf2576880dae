"""The web server of the city: HTTP/1.1 with keep-alive on 127.0.0.1, in a thread of its own, answers kept per moment."""

from __future__ import annotations

import asyncio
import datetime
import threading
from types import TracebackType

from sample_city.city import City
from sample_city.plan import TIMELINE
from sample_city.portals.shell import NOT_FOUND, Answer
from sample_city.portals.site import Sites

_REASONS = {
    200: "OK",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    413: "Content Too Large",
    500: "Internal Server Error",
}
_MOST = 1 << 20  # bytes of a request; forms are a few hundred


class Server:
    """Shows every column of a city as it is at the moment set by `set_now`.

        with Server(city) as server:
            server.set_now(city.timeline[0])
            server.base_url        # http://127.0.0.1:<port>

    It listens on loopback only; port 0 lets the system choose one.
    """

    def __init__(self, city: City, port: int = 0) -> None:
        self.city, self.port, self.now = city, port, TIMELINE[0]
        self.requests = 0
        self._sites = Sites(city)
        self._kept: dict[tuple[str, str, bytes], bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[_Connection] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set_now(self, now: datetime.datetime) -> None:
        """Show every column as it is at this moment. Waits until the server has turned to it."""
        if self._loop is None:
            self._turn(now)
        else:
            asyncio.run_coroutine_threadsafe(self._turn_soon(now), self._loop).result()

    async def _turn_soon(self, now: datetime.datetime) -> None:
        self._turn(now)

    def _turn(self, now: datetime.datetime) -> None:
        self.now = now
        self._kept.clear()

    def respond(self, method: str, target: str, body: bytes) -> bytes:
        """The whole answer, head and body, as bytes."""
        self.requests += 1
        if method not in ("GET", "HEAD", "POST"):
            return _message(Answer(405), head=False)
        key = ("GET" if method == "HEAD" else method, target, body)
        if key not in self._kept:
            answer = NOT_FOUND if target == "/robots.txt" else self._sites.answer(self.now, target, body)
            self._kept[key] = _message(answer, head=False)
        message = self._kept[key]
        return message[: message.index(b"\r\n\r\n") + 4] if method == "HEAD" else message

    def __enter__(self) -> Server:
        ready: threading.Event = threading.Event()
        failed: list[OSError] = []
        self._thread = threading.Thread(target=self._run, args=(ready, failed), name="sample-city", daemon=True)
        self._thread.start()
        ready.wait()
        if failed:
            self._thread.join()
            raise failed[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join()
        self._loop = self._thread = None

    def _run(self, ready: threading.Event, failed: list[OSError]) -> None:
        loop = asyncio.new_event_loop()
        try:
            listener = loop.run_until_complete(loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port))
        except OSError as error:
            failed.append(error)
            loop.close()
            ready.set()
            return
        self.port = listener.sockets[0].getsockname()[1]
        self._loop = loop
        ready.set()
        try:
            loop.run_forever()
        finally:
            listener.close()
            for connection in list(self._connections):
                connection.close()
            loop.run_until_complete(listener.wait_closed())
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()


def _message(answer: Answer, *, head: bool) -> bytes:
    lines = (
        f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}\r\nServer: sample-city\r\n"
        f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return lines.encode("ascii") + (b"" if head else answer.body)


class _Connection(asyncio.Protocol):
    """One connection: requests come in, also several at once, and are answered in order."""

    def __init__(self, server: Server) -> None:
        self.server, self.buffer = server, b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server._connections.discard(self)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            first, *headers = self.buffer[:end].decode("latin-1").split("\r\n")
            found = dict(line.lower().split(":", 1) for line in headers if ":" in line)
            length = found.get("content-length", "0").strip()
            parts = first.split(" ")
            if len(parts) != 3 or not length.isdigit():
                self.close()
                return
            total = end + 4 + int(length)
            if total > _MOST:
                self.close()
                return
            if len(self.buffer) < total:
                return
            body, self.buffer = self.buffer[end + 4 : total], self.buffer[total:]
            if self.transport is None or self.transport.is_closing():
                return
            self.transport.write(self.server.respond(parts[0], parts[1], body))
            if found.get("connection", "").strip() == "close":
                self.transport.close()
                return
        if len(self.buffer) > _MOST:
            self.close()
