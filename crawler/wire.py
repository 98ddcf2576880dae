"""HTTP/1.1 as a crawl needs it: one request, one bounded answer, over a connection whose address was checked.

libcurl speaks it (pycurl's AsyncCurlMulti): connections, chunks, TLS, and a quarter of a century of odd servers are its business.
Ours are the bounds: the size of head and body, packed and unpacked, the time of each part, the slowest body worth waiting for;
and where it may connect: a name is resolved here, its addresses are checked, and libcurl is given those and no others.
Redirects, cookies and retries are not this module's: see `crawler.downloader`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import pycurl

from crawler.addresses import is_inner

_HEAD_MOST = 64 * 1024  # bytes of status line and headers
_SLOWEST = 4 * 1024  # bytes a second below which a body is not waited for
_PATIENCE = 10  # a body that keeps coming may take so many times the time-out
_IDLE_MOST = 32  # connections kept for later, of one way
_NAME_S = 60.0  # a name's addresses hold so long
_HELD = 1 << 20  # bytes unpacked at once


class Unanswered(Exception):
    """No answer that can be read. `outcome` is the ledger's word, the text is Chinese; `again`: a second try may help."""

    def __init__(self, outcome: str, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.outcome, self.again = outcome, again


@dataclass(frozen=True)
class Answer:
    """One answer, unpacked. Header names are in lower case, in their order."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True)
class Way:
    """How a host may be reached: inner addresses only when its portal names it; old TLS only when its entry says so."""

    inner: bool = False
    legacy_tls: bool = False
    unverified: bool = False


class Client:
    """Asks; keeps connections for the next request. One for each process, over all its looks."""

    def __init__(self, timeout_s: float, max_bytes: int) -> None:
        self.timeout, self.max_bytes = timeout_s, max_bytes
        self._multis: dict[Way, pycurl.AsyncCurlMulti] = {}  # what one way has opened, no other uses
        self._names: dict[tuple[str, int, Way], tuple[float, list[str]]] = {}
        self._contexts: dict[Way, ssl.SSLContext] = {}

    async def ask(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes = b"", way: Way = Way()
    ) -> Answer:
        """One request and its answer. Raises Unanswered."""
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        try:
            port = parts.port or (443 if secure else 80)
            name = host if host.isascii() else host.encode("idna").decode("ascii")
        except ValueError:
            raise Unanswered("shell", f"网址无法访问：{url[:200]}") from None
        place = f"[{name}]" if ":" in name else name
        host_line = place if port == (443 if secure else 80) else f"{place}:{port}"
        target = ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).replace(" ", "%20")
        lines = [("Host", host_line), *((label, " ".join(value.split())) for label, value in headers)]
        addresses = await self._addresses(name, port, way)
        near: socket.socket | None = None
        curl = pycurl.Curl()
        try:
            for option, value in _OPTIONS:
                curl.setopt(option, value)
            curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(int(self.timeout * 1000), 1))
            curl.setopt(pycurl.REQUEST_TARGET, target.encode("latin-1", "replace"))
            if not _is_address(name):
                given = ",".join(f"[{a}]" if ":" in a else a for a in addresses)
                curl.setopt(pycurl.RESOLVE, [f"+{name}:{port}:{given}"])
            if body or method == "POST":
                curl.setopt(pycurl.POSTFIELDS, body)
                if not any(label.lower() == "content-type" for label, _ in lines):
                    lines.append(("Content-Type", ""))  # an empty one leaves out what libcurl would say
            if method not in ("GET", "POST"):
                curl.setopt(pycurl.CUSTOMREQUEST, method)
            curl.setopt(pycurl.HTTPHEADER, [f"{k}: {v}".encode("latin-1", "replace") for k, v in (*lines, *_UNSAID)])
            if way.unverified:
                curl.setopt(pycurl.SSL_VERIFYPEER, 0)
                curl.setopt(pycurl.SSL_VERIFYHOST, 0)
            if secure and way.legacy_tls:
                near = await self._tunnel(name, port, addresses, way)
                curl.setopt(pycurl.OPENSOCKETFUNCTION, lambda *_: near)
                curl.setopt(pycurl.SOCKOPTFUNCTION, lambda *_: pycurl.SOCKOPT_ALREADY_CONNECTED)
                curl.setopt(pycurl.FORBID_REUSE, 1)
                secure = False
            curl.setopt(pycurl.URL, f"{'https' if secure else 'http'}://{place}:{port}/")
            try:
                return await self._perform(curl, way, addresses)
            except _BadLength:  # it names a length that is none: what it sends until it closes is the page
                curl.setopt(pycurl.IGNORE_CONTENT_LENGTH, 1)
                return await self._perform(curl, way, addresses)
        except BaseException:
            self._names.pop((name, port, way), None)
            raise
        finally:
            curl.close()
            if near is not None:
                near.close()  # libcurl had a copy

    async def _perform(self, curl: pycurl.Curl, way: Way, addresses: list[str]) -> Answer:
        loop = asyncio.get_running_loop()
        reader = _Reader(self.max_bytes)
        began: list[float] = []

        def connected(address: str, *_: Any) -> int:
            """The last look before anything is sent: this is an address that was checked."""
            began.append(loop.time())
            return pycurl.PREREQFUNC_OK if way.legacy_tls or address in addresses else pycurl.PREREQFUNC_ABORT

        curl.setopt(pycurl.PREREQFUNCTION, connected)
        curl.setopt(pycurl.HEADERFUNCTION, reader.head)
        curl.setopt(pycurl.WRITEFUNCTION, reader.body)
        multi = self._multis.get(way)
        if multi is None:
            multi = self._multis[way] = pycurl.AsyncCurlMulti()
            multi.setopt(pycurl.M_MAXCONNECTS, _IDLE_MOST)
        start = loop.time()
        answered = multi.add_handle(curl)
        try:
            while not answered.done():
                rest = (began[-1] if began else start) + reader.allowed(self.timeout) - loop.time()
                if rest <= 0:
                    what = "网站应答太慢，超时没有收完" if reader.body_bytes else "网站超时没有应答"
                    raise Unanswered("unreachable", what, again=True)
                await asyncio.wait((answered,), timeout=rest)
        finally:
            if not answered.done():
                multi.remove_handle(curl)
        try:
            answered.result()
        except pycurl.error as error:
            raise _told(curl, reader, *error.args) from None
        return reader.answer()

    async def _addresses(self, host: str, port: int, way: Way) -> list[str]:
        """The addresses of a host, each of them checked; it is these that are connected to."""
        key = (host, port, way)
        loop = asyncio.get_running_loop()
        until, found = self._names.get(key, (0.0, []))
        if loop.time() < until:
            return found
        if _is_address(host):
            found = [host]
        else:
            try:
                async with asyncio.timeout(self.timeout):
                    entries = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except TimeoutError:
                raise Unanswered("unreachable", "网站超时没有应答", again=True) from None
            except (OSError, UnicodeError):
                raise Unanswered("unreachable", "网站域名无法解析", again=True) from None
            found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
            if not found:
                raise Unanswered("unreachable", "网站域名无法解析", again=True)
        if not way.inner and any(is_inner(address) for address in found):
            raise Unanswered("error", f"{host} 是内网或本机地址，未写入登记的 allow_hosts，不访问")
        self._names[key] = (loop.time() + _NAME_S, found)
        return found

    # ------------------------------------------------------------ TLS that libcurl has no switch for

    async def _tunnel(self, host: str, port: int, addresses: list[str], way: Way) -> socket.socket:
        """A socket at whose other end Python's own TLS speaks with the server.

        Servers of before 2010 cannot say that they renegotiate safely; OpenSSL lets us talk to them for one connection, libcurl
        only for all of a process.
        """
        loop = asyncio.get_running_loop()
        inside, outside = _Pipe(), _Pipe()
        inside.other, outside.other = outside, inside
        try:
            async with asyncio.timeout(self.timeout):
                for number, address in enumerate(addresses, start=1):
                    try:
                        await loop.create_connection(
                            lambda: outside, address, port, ssl=self._context(way), server_hostname=host
                        )
                        break
                    except OSError as error:
                        if number == len(addresses) or isinstance(error, ssl.SSLError):
                            raise
        except TimeoutError:
            raise Unanswered("unreachable", "网站超时没有应答", again=True) from None
        except ssl.SSLCertVerificationError as error:
            raise Unanswered("unreachable", _CERTIFICATE.format(error.verify_message)) from None
        except ssl.SSLError as error:
            raise Unanswered("unreachable", _TLS.format((error.reason or "SSL").replace("_", " ").lower())) from None
        except OSError as error:
            raise _no_connection(error.errno or 0) from None
        near, far = socket.socketpair()
        far.setblocking(False)
        await loop.create_connection(lambda: inside, sock=far)
        return near

    def _context(self, way: Way) -> ssl.SSLContext:
        if way not in self._contexts:
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1  # written down in the portal's entry, with its reason
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
            if way.unverified:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._contexts[way] = context
        return self._contexts[way]

    def close(self) -> None:
        """Let all connections go."""
        for multi in self._multis.values():
            with contextlib.suppress(StopIteration):
                multi.aclose().send(None)  # a coroutine that waits for nothing
        self._multis.clear()


_TRUST = ssl.get_default_verify_paths()  # whom this machine trusts, as Python sees it; not what a wheel was built with
_OPTIONS: tuple[tuple[int, Any], ...] = (
    (pycurl.NOSIGNAL, 1),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.HTTP_CONTENT_DECODING, 0),  # unpacked below, within its bounds
    (pycurl.PROXY, ""),  # whatever the environment says
    (pycurl.NOPROXY, "*"),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.SSL_ENABLE_ALPN, 0),
    *([(pycurl.CAINFO, _TRUST.cafile)] if _TRUST.cafile else []),
    *([(pycurl.CAPATH, _TRUST.capath)] if _TRUST.capath else []),
    *([] if _TRUST.cafile or _TRUST.capath else [(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)]),
)  # fmt: skip
_UNSAID = (("Expect", ""), ("User-Agent", ""), ("Accept", ""))
_CERTIFICATE = "网站的证书无效（{}），未读取"
_TLS = "网站的加密连接无法建立（{}），可能只支持过时的 TLS"


def _is_address(host: str) -> bool:
    with contextlib.suppress(OSError):
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        return True
    return False


class _BadLength(Exception):
    """The answer's Content-Length is no number."""


def _no_connection(number: int) -> Unanswered:
    if number == errno.ECONNREFUSED:
        return Unanswered("unreachable", "网站拒绝连接", again=True)
    return Unanswered("unreachable", f"网站连接失败（{os.strerror(number) if number else '无法建立'}）", again=True)


def _told(curl: pycurl.Curl, reader: _Reader, code: int, text: str = "") -> Exception:
    """What libcurl's error means to somebody who reads a ledger."""
    if reader.refused is not None:
        return reader.refused
    low = text.lower()
    if code == pycurl.E_COULDNT_CONNECT:
        return _no_connection(int(curl.getinfo(pycurl.OS_ERRNO)))
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return Unanswered("unreachable", "网站超时没有应答", again=True)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return Unanswered("unreachable", _CERTIFICATE.format(text.rpartition(": ")[2]))
    if code == pycurl.E_SSL_CONNECT_ERROR:
        return Unanswered("unreachable", _TLS.format(text.rpartition(":")[2].strip() or "SSL"))
    if code == pycurl.E_ABORTED_BY_CALLBACK:
        return Unanswered("error", "连接到的地址不是查得的地址，不访问")
    if code == _TOO_LARGE or "too large" in low:
        return Unanswered("error", "网站的应答头过大，未读取")
    if "content-length" in low:
        return _BadLength()
    if "header" in low:
        return Unanswered("unreachable", f"网站的应答头不合 HTTP，无法读取（{text[:80]}）", again=True)
    if code in (pycurl.E_UNSUPPORTED_PROTOCOL, _WEIRD):
        return Unanswered("unreachable", "网站的应答不是 HTTP", again=True)
    if "chunk" in low or "hexadecimal" in low:
        return Unanswered("unreachable", "网站的分块应答有误", again=True)
    if reader.whole_head and code in (pycurl.E_PARTIAL_FILE, pycurl.E_RECV_ERROR, pycurl.E_GOT_NOTHING):
        return reader.cut_off()
    if code in (pycurl.E_GOT_NOTHING, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR, pycurl.E_PARTIAL_FILE):
        return Unanswered("unreachable", "网站连接失败（连接被对方断开）", again=True)
    return Unanswered("unreachable", f"网站的应答无法读取（{text[:80] or code}）", again=True)


_WEIRD, _TOO_LARGE = 8, 100  # CURLE_WEIRD_SERVER_REPLY, CURLE_TOO_LARGE: pycurl has no names for them


class _Pipe(asyncio.Protocol):
    """Hands on what comes to the other end, no faster than that takes it."""

    other: _Pipe

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        for data in self._early:
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self.other.transport is None:
            self.other._early.append(data)
        else:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other.transport is not None:
            self.other.transport.close()


class _Reader:
    """Gathers one answer from the lines and pieces that libcurl hands over; what is refused stops the transfer."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.head_bytes = self.body_bytes = 0
        self.status = 0
        self.whole_head = False
        self.refused: Unanswered | None = None
        self._headers: list[tuple[str, str]] = []
        self._announced = 0
        self._body = bytearray()
        self._unpack: Any = None

    def allowed(self, timeout: float) -> float:
        """Seconds the whole answer may take so far: a body that keeps coming is waited for, a dripping one is not."""
        if not self.body_bytes:
            return timeout
        return min(timeout + (self.head_bytes + self.body_bytes) / _SLOWEST, timeout * _PATIENCE)

    def head(self, line: bytes) -> int | None:
        """One line of a head; -1 stops the transfer."""
        self.head_bytes += len(line)
        try:
            if self.head_bytes > _HEAD_MOST:
                raise Unanswered("error", "网站的应答头过大，未读取")
            if line[:5].upper() == b"HTTP/" and not self.whole_head:
                self.status, self._headers = int(line.split(None, 2)[1][:3]), []
            elif line.strip():
                name, colon, value = line.decode("latin-1").partition(":")
                if colon and name.strip() and not self.whole_head:  # after the body: nobody needs a trailer
                    self._headers.append((name.strip().lower(), value.strip()))
            elif self.status >= 200 and not self.whole_head:
                self._begin()
        except Unanswered as refused:
            self.refused = refused
            return -1
        return None

    def _begin(self) -> None:
        self.whole_head = True
        found = dict(reversed(self._headers))  # the first of each name
        self._unpack = _unpacker(found.get("content-encoding", ""), self.most)
        length = found.get("content-length", "")
        if length.isdecimal() and "chunked" not in found.get("transfer-encoding", "").lower():
            self._announced = int(length)
            if self._announced > self.most:
                raise Unanswered("partial", f"内容超过大小上限（{self._announced >> 20} MB），未读取")

    def body(self, data: bytes) -> int | None:
        """A piece of the body; -1 stops the transfer."""
        self.body_bytes += len(data)
        try:
            if self._unpack is not None:
                self._unpack.feed(data, self._body)
            else:
                self._body += data
                if len(self._body) > self.most:
                    raise Unanswered("partial", "内容超过大小上限，未读取")
        except Unanswered as refused:
            self.refused = refused
            return -1
        return None

    def cut_off(self) -> Unanswered:
        """Why an answer that ended too early is none."""
        total = f"写明 {self._announced} 字节，" if self._announced else ""
        return Unanswered("partial", f"网站应答不完整（{total}只收到 {self.body_bytes} 字节）", again=True)

    def answer(self) -> Answer:
        """The whole answer. Raises Unanswered when it is not whole."""
        if not self.whole_head:
            raise Unanswered("unreachable", "网站连接失败（连接被对方断开）", again=True)
        if self._unpack is not None and self.body_bytes:
            self._unpack.finish(self._body)
        return Answer(self.status, tuple(self._headers), bytes(self._body))


# ---------------------------------------------------------------- unpacking, never beyond a limit


def _unpacker(encoding: str, most: int) -> Any:
    names = [name.strip().lower() for name in encoding.split(",") if name.strip().lower() not in ("", "identity")]
    if not names:
        return None
    if len(names) > 1:
        raise Unanswered("partial", f"网站的内容压缩了多层（{encoding[:60]}），未读取")
    name = names[0].removeprefix("x-")
    if name in ("gzip", "deflate"):
        return _Zlib(name, most)
    if name == "br":
        return _Brotli(most)
    if name == "zstd":
        return _Zstd(most)
    raise Unanswered("partial", f"网站的内容以 {name[:40]} 压缩，不能解开")


def _check(body: bytearray, most: int) -> None:
    if len(body) > most:
        raise Unanswered("partial", "解压后的内容超过大小上限，未读取")


_BROKEN = "网站的压缩内容已损坏，不能解开"


class _Zlib:
    """gzip (also several members) and deflate (with or without the zlib head)."""

    def __init__(self, name: str, most: int) -> None:
        self.most, self.gzip = most, name == "gzip"
        self._stream: Any = zlib.decompressobj(31 if self.gzip else 15)
        self._begun = False

    def feed(self, data: bytes, body: bytearray) -> None:
        try:
            while data:
                if self._stream.eof:
                    if not self.gzip or not data.startswith(b"\x1f\x8b"):
                        return  # padding after the end
                    self._stream = zlib.decompressobj(31)
                part = self._stream.decompress(data, self.most - len(body) + 1)
                body += part
                _check(body, self.most)
                self._begun = True
                data = self._stream.unconsumed_tail or self._stream.unused_data
        except zlib.error:
            if self._begun or self.gzip:
                raise Unanswered("partial", _BROKEN, again=True) from None
            self._stream, self._begun = zlib.decompressobj(-15), True  # raw deflate, as some servers send it
            self.feed(data, body)

    def finish(self, body: bytearray) -> None:
        if not self._stream.eof and self.gzip:
            raise Unanswered("partial", _BROKEN, again=True)


class _Brotli:
    """Only where the library is there; we never ask for it."""

    def __init__(self, most: int) -> None:
        try:
            import brotli
        except ImportError:
            raise Unanswered("partial", "网站的内容以 br 压缩，本机不能解开") from None
        self.most, self._error = most, brotli.error
        self._stream = brotli.Decompressor()

    def feed(self, data: bytes, body: bytearray) -> None:
        try:
            while True:
                body += self._stream.process(data, output_buffer_limit=min(_HELD, self.most - len(body) + 1))
                _check(body, self.most)
                data = b""
                if self._stream.can_accept_more_data():
                    return
        except self._error:
            raise Unanswered("partial", _BROKEN, again=True) from None

    def finish(self, body: bytearray) -> None:
        if not self._stream.is_finished():
            raise Unanswered("partial", _BROKEN, again=True)


class _Zstd:
    """Only where the library is there; we never ask for it."""

    def __init__(self, most: int) -> None:
        try:
            from backports import zstd
        except ImportError:
            raise Unanswered("partial", "网站的内容以 zstd 压缩，本机不能解开") from None
        self.most, self._error = most, zstd.ZstdError
        self._stream: Any = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})

    def feed(self, data: bytes, body: bytearray) -> None:
        try:
            while not self._stream.eof:
                body += self._stream.decompress(data, max_length=min(_HELD, self.most - len(body) + 1))
                _check(body, self.most)
                data = b""
                if self._stream.needs_input:
                    return
        except self._error:
            raise Unanswered("partial", _BROKEN, again=True) from None

    def finish(self, body: bytearray) -> None:
        if not self._stream.eof:
            raise Unanswered("partial", _BROKEN, again=True)
