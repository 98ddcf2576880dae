"""HTTP against servers that lie, drip, flood and break off: every answer is whole, or refused in time with its reason."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pycurl
import pytest

import crawler.wire
from crawler.wire import Answer, Client, Unanswered, Way

INNER = Way(inner=True)
Script = Callable[[socket.socket], None]


class Raw:
    """A server that says exactly what it is told, once for each connection; `asked` keeps what it heard."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.scripts: list[Script] = []
        self.asked: list[bytes] = []
        self.context: ssl.SSLContext | None = None
        self.threads: list[threading.Thread] = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.talk, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def talk(self, connection: socket.socket) -> None:
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.asked.append(connection.recv(65536))
            (self.scripts.pop(0) if self.scripts else lambda c: None)(connection)
        except OSError:
            pass  # the asker had enough
        finally:
            connection.close()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for thread in self.threads:
            thread.join(60)


@pytest.fixture
def raw() -> Iterator[Raw]:
    raw = Raw()
    yield raw
    raw.close()


def says(*parts: bytes, pause: float = 0.0) -> Script:
    def script(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return script


def ask(
    raw: Raw, *, timeout: float = 60.0, most: int = 1 << 20, way: Way = INNER, scheme: str = "http", times: int = 1
) -> Answer:
    async def run() -> Answer:
        client = Client(timeout, most)
        try:
            for _ in range(times):
                answer = await client.ask("GET", f"{scheme}://127.0.0.1:{raw.port}/a?b=1", [("Accept", "*/*")], way=way)
            return answer
        finally:
            client.close()
            await asyncio.sleep(0.01)

    return asyncio.run(run())


def refused(raw: Raw, *parts: bytes, pause: float = 0.0, **limits: Any) -> Unanswered:
    raw.scripts.append(says(*parts, pause=pause))
    with pytest.raises(Unanswered) as told:
        ask(raw, **limits)
    return told.value


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ((OK + b"Content-Length: 5\r\n\r\nhello",), b"hello"),
        ((OK + b"Content-Le", b"ngth: 5\r", b"\n\r\nhe", b"llo"), b"hello"),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nX: y\r\n\r\n",), b"hello!"),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe", b"llo\r", b"\n0\r", b"\n\r\n"), b"hello"),
        ((OK + b"\r\nuntil the end",), b"until the end"),
        ((b"HTTP/1.0 200 OK\n\nbare line feeds",), b"bare line feeds"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",), b"ok"),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
        ((OK + b"Content-Length: 0\r\n\r\n",), b""),
        ((OK + b"Content-Length: 2\r\n\r\nok and more than was announced",), b"ok"),
        ((OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"a") + gzip.compress(b"b"),), b"ab"),
        ((OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello")[2:-4],), b"hello"),
        ((OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello"),), b"hello"),
        ((OK + b"Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",), b"x"),
    ],
)  # fmt: skip
def test_answers_in_every_shape(raw: Raw, parts: tuple[bytes, ...], body: bytes) -> None:
    raw.scripts.append(says(*parts, pause=0.02))
    assert ask(raw).body == body
    assert raw.asked[0].startswith(b"GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize("name", ["br", "zstd"])
def test_what_was_not_asked_for_is_unpacked_all_the_same(raw: Raw, name: str) -> None:
    packed = _packed(name, b"hello" * 100)
    raw.scripts.append(says(OK + f"Content-Encoding: {name}\r\n\r\n".encode() + packed))
    assert ask(raw).body == b"hello" * 100


def _packed(name: str, body: bytes) -> bytes:
    if name == "br":
        brotli = pytest.importorskip("brotli")
        return bytes(brotli.compress(body, quality=4))
    if name == "zstd":
        zstd = pytest.importorskip("backports.zstd")
        return bytes(zstd.compress(body))
    return gzip.compress(body) if name == "gzip" else zlib.compress(body)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_bombs_are_stopped_at_the_limit(raw: Raw, name: str) -> None:
    bomb = _packed(name, b"0" * (48 << 20))
    assert len(bomb) < 1 << 20
    told = refused(raw, OK + f"Content-Encoding: {name}\r\n\r\n".encode() + bomb, most=1 << 20)
    assert told.outcome == "partial" and "大小上限" in str(told)


@pytest.mark.parametrize(
    ("parts", "outcome", "words"),
    [
        ((OK + b"Content-Length: 10\r\n\r\nshort",), "partial", "写明 10 字节，只收到 5 字节"),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",), "partial", "不完整"),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",), "unreachable", "分块"),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",), "unreachable", "分块"),
        ((OK + b"Content-Length: 9999999999\r\n\r\n",), "partial", "大小上限"),
        ((OK + b"X: " + b"y" * 200_000,), "error", "应答头过大"),
        ((OK + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 3000,), "error", "应答头过大"),
        ((OK + b"Content-Le",), "unreachable", "断开"),
        ((OK + b"no name and no colon\r\nContent-Length: 2\r\n\r\nok",), "unreachable", "应答头不合 HTTP"),
        ((OK + b"X: \0\r\nContent-Length: 2\r\n\r\nok",), "unreachable", "应答头不合 HTTP"),
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), "unreachable", "不是 HTTP"),
        ((b"HTTP/1.1 banana\r\n\r\n",), "unreachable", "不是 HTTP"),
        ((), "unreachable", "断开"),
        ((OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1000)[:-9],), "partial", "损坏"),
        ((OK + b"Content-Encoding: gzip\r\n\r\nno gzip at all",), "partial", "损坏"),
        ((OK + b"Content-Encoding: gzip, gzip\r\n\r\n",), "partial", "多层"),
        ((OK + b"Content-Encoding: sdch\r\n\r\n",), "partial", "sdch"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_taken_say_why(raw: Raw, parts: tuple[bytes, ...], outcome: str, words: str) -> None:
    told = refused(raw, *parts)
    assert told.outcome == outcome and words in str(told)


def test_a_gigabyte_is_cut_off_while_it_comes(raw: Raw) -> None:
    sent: list[int] = []

    def flood(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        block = b"a" * (1 << 16)
        for number in range(1 << 14):
            connection.sendall(block)
            sent.append(number)

    raw.scripts.append(flood)
    with pytest.raises(Unanswered, match="大小上限"):
        ask(raw, most=1 << 20)
    assert len(sent) < 1 << 9  # a thirtieth of it


@pytest.mark.parametrize(
    "script",
    [
        lambda connection: connection.recv(1),  # silent until the asker has had enough
        says(*(bytes([byte]) for byte in OK + b"X: " + b"y" * 600), pause=0.1),
        says(OK + b"Content-Length: 100000\r\n\r\n", *(b"a",) * 600, pause=0.1),
    ],
    ids=["silent", "head", "body"],
)  # fmt: skip
def test_the_slow_loris_is_not_waited_for(raw: Raw, script: Script) -> None:
    raw.scripts.append(script)
    with pytest.raises(Unanswered, match="超时") as told:
        ask(raw, timeout=0.5)
    assert told.value.outcome == "unreachable" and told.value.again


def test_a_slow_body_that_keeps_coming_is_waited_for(raw: Raw) -> None:
    parts = (OK + b"Content-Length: 80000\r\n\r\n", *(b"a" * 8000,) * 10)
    raw.scripts.append(says(*parts, pause=0.3))
    assert len(ask(raw, timeout=2.5).body) == 80000


def test_a_kept_connection_that_the_server_dropped_is_asked_anew(raw: Raw) -> None:
    whole = OK + b"Content-Length: 2\r\n\r\nok"
    raw.scripts += [says(whole), says(whole)]
    assert ask(raw, times=2).body == b"ok"
    assert len(raw.asked) == 2


def test_what_follows_an_answer_is_not_the_next_one(raw: Raw) -> None:
    raw.scripts += [says(OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 4\r\n\r\nevil"), says(OK + b"Content-Length: 4\r\n\r\ngood")]  # fmt: skip
    assert ask(raw, times=2).body == b"good"


def test_header_lines_cannot_be_smuggled(raw: Raw) -> None:
    raw.scripts.append(says(OK + b"Content-Length: 0\r\n\r\n"))

    async def run() -> None:
        client = Client(60, 1000)
        await client.ask("GET", f"http://127.0.0.1:{raw.port}/", [("X", "a\r\nEvil: b")], way=INNER)
        client.close()
        await asyncio.sleep(0.01)

    asyncio.run(run())
    assert b"\r\nEvil" not in raw.asked[0]


# ---------------------------------------------------------------- where it may connect


def test_inner_addresses_are_not_connected_to(raw: Raw) -> None:
    with pytest.raises(Unanswered, match="allow_hosts") as told:
        ask(raw, way=Way())
    assert told.value.outcome == "error" and raw.asked == []


def names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Every name leads to the next of these addresses; the list keeps what was asked. 127.0.0.2 counts as public."""
    asked: list[str] = []
    left = iter(answers)

    async def getaddrinfo(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(left), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    inner = crawler.wire.is_inner
    monkeypatch.setattr(crawler.wire, "is_inner", lambda address: address != "127.0.0.2" and inner(address))
    return asked


def test_a_name_that_turns_inward_after_the_check_is_not_followed(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is public, every later one is ours; the checked address is the one connected to."""

    async def run() -> None:
        asked = names(monkeypatch, "127.0.0.2", "127.0.0.1", "127.0.0.1")
        client = Client(60, 1000)
        with pytest.raises(Unanswered, match="拒绝连接"):
            await client.ask("GET", f"http://rebind.example:{raw.port}/", [])
        with pytest.raises(Unanswered, match="内网"):
            await client.ask("GET", f"http://rebind.example:{raw.port}/", [])
        assert asked == ["rebind.example"] * 2
        client.close()

    asyncio.run(run())
    assert raw.asked == []


def test_a_name_is_asked_for_once_and_its_address_is_connected_to(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nok")
        raw.asked.append(connection.recv(65536))
        connection.sendall(OK + b"Content-Length: 2\r\n\r\nok")

    async def run() -> None:
        asked = names(monkeypatch, "127.0.0.1")
        client = Client(60, 1000)
        for _ in range(2):
            assert (await client.ask("GET", f"http://office.example:{raw.port}/", [], way=INNER)).body == b"ok"
        assert asked == ["office.example"]
        client.close()

    raw.scripts.append(twice)
    asyncio.run(run())
    assert len(raw.asked) == 2 and f"Host: office.example:{raw.port}\r\n".encode() in raw.asked[1]


def test_one_inner_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()

        async def getaddrinfo(host: str, port: int, **_: Any) -> Any:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("93.184.215.14", "10.0.0.1")]

        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        with pytest.raises(Unanswered, match="内网"):
            await Client(5, 1000).ask("GET", "http://mixed.example/", [])

    asyncio.run(run())


# ---------------------------------------------------------------- TLS


def secure(raw: Raw, certificate: Path, *, old: bool = False) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    raw.context = context


pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")


def test_a_certificate_that_proves_nothing_is_told(raw: Raw, certificate: Path) -> None:
    secure(raw, certificate)
    with pytest.raises(Unanswered, match="证书无效") as told:
        ask(raw, scheme="https")
    assert told.value.outcome == "unreachable"
    raw.scripts.append(says(OK + b"Content-Length: 2\r\n\r\nok"))
    assert ask(raw, scheme="https", way=Way(inner=True, unverified=True)).body == b"ok"


def test_a_certificate_counts_for_its_name_only(raw: Raw, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = (pycurl.CAINFO, str(certificate))
    monkeypatch.setattr(crawler.wire, "_OPTIONS", (*crawler.wire._OPTIONS, trusted))
    secure(raw, certificate)
    raw.scripts.append(says(OK + b"Content-Length: 2\r\n\r\nok"))
    assert ask(raw, scheme="https").body == b"ok"

    async def run() -> None:
        names(monkeypatch, "127.0.0.1")
        client = Client(60, 1000)
        with pytest.raises(Unanswered, match="证书无效"):
            await client.ask("GET", f"https://office.example:{raw.port}/", [], way=INNER)
        client.close()

    asyncio.run(run())


def test_old_tls_only_where_the_entry_says_so(raw: Raw, certificate: Path) -> None:
    secure(raw, certificate, old=True)
    with pytest.raises(Unanswered, match="加密连接无法建立"):
        ask(raw, scheme="https", way=Way(inner=True, unverified=True))
    raw.scripts.append(says(OK + b"Content-Length: 2\r\n\r\nok"))
    assert ask(raw, scheme="https", way=Way(inner=True, legacy_tls=True, unverified=True)).body == b"ok"


# ---------------------------------------------------------------- old servers

ODD = [
    b"Content-Length : 2\r\n",
    b"X-A : a\r\nContent-Length: 2\r\n",
    b"Content-Length: 2\r\nContent-Length: 2\r\n",
    b"Content-Length: 2, 2\r\n",
    b"Content-Length: none\r\nConnection: close\r\n",
    b"Content-Length:\r\nConnection: close\r\n",
    b"Content-Length: -1\r\nConnection: close\r\n",
    b"Content-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n",
    b"X A: a\r\nX_B: \x01\r\nContent-Length: 2\r\n",
    b"X-A: " + "公示".encode("gbk") + b"\r\nContent-Length: 2\r\n",
    "X-公: 示\r\nContent-Length: 2\r\n".encode("gbk"),
    b"X-A: a\r\n  folded\r\nContent-Length: 2\r\n",
    b"Set-Cookie: a=b\r\n" * 300 + b"Content-Length: 2\r\n",
    b"Content-Length: 2\n",
    b"Upgrade: h2,h2c\r\nConnection: Upgrade, close\r\nContent-Length: 2\r\n",
]


@pytest.mark.parametrize("lines", ODD)
def test_odd_heads_are_read(raw: Raw, lines: bytes) -> None:
    raw.scripts += [says(OK + lines + b"\r\nok")] * 2  # a length that is none is asked for once more, without it
    assert ask(raw).body == b"ok"


@pytest.mark.parametrize("first", [b"HTTP/1.1 200\r\n", b"HTTP/1.0 200 \r\n", "HTTP/1.1 200 成功\r\n".encode("gbk")])  # fmt: skip
def test_odd_first_lines_are_read(raw: Raw, first: bytes) -> None:
    raw.scripts.append(says(first + b"Content-Length: 2\r\n\r\nok"))
    assert ask(raw).status == 200


@pytest.mark.parametrize("body", [b"2 \r\nok\r\n0\r\n\r\n", b"2\nok\n0\n\n", b"0002;x\r\nok\r\n0\r\nX: y\r\n\r\n"])
@pytest.mark.parametrize("length", [b"", b"Content-Length: 9\r\n"])
def test_odd_chunks_are_read(raw: Raw, length: bytes, body: bytes) -> None:
    raw.scripts.append(says(OK + length + b"Transfer-Encoding: chunked\r\n\r\n" + body))
    assert ask(raw).body == b"ok"


def test_header_bytes_come_as_they_are(raw: Raw) -> None:
    raw.scripts.append(says(b"HTTP/1.1 302 F\r\nLocation: /" + "公示".encode("gbk") + b"\r\nContent-Length: 0\r\n\r\n"))  # fmt: skip
    place = ask(raw).header("location")
    assert place is not None and place.encode("latin-1").decode("gbk") == "/公示"


# ---------------------------------------------------------------- whatever bytes


def test_whatever_bytes_come_an_end_is_found(raw: Raw) -> None:
    """Two hundred answers with bytes lost, doubled, changed or broken off: each is an answer or a reason, within its bounds."""
    dice = random.Random(7)
    whole = [
        OK + b"Content-Length: 40\r\nContent-Type: text/html\r\n\r\n" + b"a" * 40,
        OK + b"Transfer-Encoding: chunked\r\n\r\n14\r\n" + b"b" * 20 + b"\r\n5\r\nccccc\r\n0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello" * 200),
    ]
    ends: set[str] = set()

    async def run() -> None:
        client = Client(1, 2000)
        for _ in range(200):
            said = bytearray(dice.choice(whole))
            for _ in range(dice.randint(1, 4)):
                place = dice.randrange(len(said))
                said[place : place + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
            raw.scripts[:] = [says(bytes(said[: dice.randint(1, 400)]))] * 3
            try:
                answer = await client.ask("GET", f"http://127.0.0.1:{raw.port}/", [], way=INNER)
                assert len(answer.body) <= 2000 and 0 < answer.status < 1000
                ends.add("answer")
            except Unanswered as told:
                assert str(told)
                ends.add(told.outcome)
        client.close()

    asyncio.run(run())
    assert {"answer", "partial", "unreachable"} <= ends


@pytest.mark.parametrize("chunked", [True, False])
def test_however_it_is_cut_it_is_the_same_answer(raw: Raw, chunked: bool) -> None:
    dice = random.Random(3)
    body = dice.randbytes(300)
    if chunked:
        parts = [body[start : start + 7] for start in range(0, len(body), 7)]
        said = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        said += b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (*parts, b""))
    else:
        said = OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    for _ in range(10):
        cuts = sorted(dice.sample(range(len(said)), 12))
        pieces = [said[a:b] for a, b in pairwise([0, *cuts, len(said)])]
        raw.scripts.append(says(*pieces, pause=0.001))
        assert ask(raw).body == body


# ---------------------------------------------------------------- what is sent


def test_nothing_is_said_that_was_not_meant(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, cookie, agent or type of libcurl's own; a target goes as it was written, its bytes as they were."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    raw.scripts += [says(OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")] * 2

    async def run() -> None:
        client = Client(60, 1000)
        base = f"http://127.0.0.1:{raw.port}"
        await client.ask("GET", f"{base}/a/../b c?d={'公'.encode('gbk').decode('latin-1')}#e", [], way=INNER)
        await client.ask("POST", f"{base}/f", [("X-A", "1")], b"k=v", way=INNER)
        client.close()

    asyncio.run(run())
    host = f"Host: 127.0.0.1:{raw.port}\r\n".encode()
    assert raw.asked[0] == b"GET /a/../b%20c?d=" + "公".encode("gbk") + b" HTTP/1.1\r\n" + host + b"\r\n"
    assert raw.asked[1] == b"POST /f HTTP/1.1\r\n" + host + b"X-A: 1\r\nContent-Length: 3\r\n\r\nk=v"


def test_what_passes_through_old_tls_arrives_whole(raw: Raw, certificate: Path) -> None:
    secure(raw, certificate, old=True)
    body = bytes(range(256)) * 4096
    raw.scripts.append(says(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body))
    assert ask(raw, scheme="https", way=Way(inner=True, legacy_tls=True, unverified=True), most=1 << 21).body == body
    assert raw.asked[-1].startswith(f"GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:{raw.port}\r\n".encode())
