"""A small web site on loopback, and a workspace that watches it."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from db.settings import Workspace

Program = Callable[[Any, dict[str, str]], None]


class Site:
    """Pages by path (or programs); `delay` slows every answer; `seen` counts what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.programs: dict[str, Program] = {}  # path -> what answers there by itself
        self.delay = 0.0
        self.seen: list[str] = []
        self.tls: ssl.SSLContext | None = None
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.seen.append(self.path)
                time.sleep(site.delay)
                length = int(self.headers.get("Content-Length") or 0)
                form = self.rfile.read(length).decode()
                parts = urlsplit(self.path)
                if parts.path in site.programs:
                    site.programs[parts.path](self, {k: v[0] for k, v in parse_qs(f"{parts.query}&{form}").items()})
                    return
                status, kind, body = site.pages.get(self.path, (404, "text/html", b"<h1>404</h1>"))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if status in (301, 302):
                    self.send_header("Location", body.decode())
                    body = b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # the asker was killed

            do_POST = do_GET

            def answer(self, body: str | bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> None:
                """For programs: a whole answer."""
                content = body.encode() if isinstance(body, str) else body
                self.send_response(200)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128  # a machine that is busy is slow to accept

            def get_request(self) -> Any:
                connection, address = super().get_request()
                if site.tls is not None and connection.recv(1, socket.MSG_PEEK) == b"\x16":
                    connection = site.tls.wrap_socket(connection, server_side=True)
                return connection, address

            def handle_error(self, *args: Any) -> None:
                pass  # the asker was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def put(self, path: str, text: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200) -> None:
        self.pages[path] = (status, kind, text.encode() if isinstance(text, str) else text)

    def trs_list(self, folder: str, numbers: list[int], per_page: int = 10) -> None:
        """A static column: list pages and details."""
        _trs_list(self, folder, numbers, per_page)

    def detail(self, number: int, party: str = "示例市长青商贸有限公司") -> str:
        """A detail page in a form of our own."""
        return _detail(number, party)

    def speak_tls(self, certificate: Path) -> None:
        """Answer https beside http on the same port."""
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)

    def is_secure(self, handler: Any) -> bool:
        """Whether a request came by https."""
        return isinstance(handler.connection, ssl.SSLSocket)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def _detail(number: int, party: str) -> str:
    return (
        f'<html><head><meta name="ArticleTitle" content="{party}处罚案行政处罚决定书"></head><body>'
        '<div class="TRS_Editor"><table>'
        f"<tr><td>行政处罚决定书文号</td><td>示市监罚字〔2026〕{number}号</td></tr>"
        f"<tr><td>行政相对人名称</td><td>{party}</td></tr>"
        "<tr><td>统一社会信用代码</td><td>91140600MA0GXXXX0A</td></tr>"
        "<tr><td>违法事实</td><td>未按规定公示价格</td></tr><tr><td>处罚结果</td><td>罚款人民币1000元</td></tr>"
        "<tr><td>处罚决定日期</td><td>2026-09-01</td></tr><tr><td>处罚机关</td><td>示例市市场监督管理局</td></tr>"
        "</table></div></body></html>"
    )


def _trs_list(site: Site, folder: str, numbers: list[int], per_page: int) -> None:
    pages = [numbers[start : start + per_page] for start in range(0, len(numbers), per_page)] or [[]]
    for index, part in enumerate(pages):
        lines = "".join(
            f'<li><a href="./202609/t20260903_{n}.html" title="第{n}号行政处罚决定书">第{n}号…</a><span>2026-09-03</span></li>'
            for n in part
        )
        name = "index.html" if index == 0 else f"index_{index}.html"
        body = f"<ul class='list'>{lines}</ul>" if part else "<ul></ul><p>暂无数据</p>"
        site.put(
            f"{folder}/{name}",
            f'<html>{body}<script>createPageHTML({len(pages)}, {index}, "index", "html")</script></html>',
        )
    for n in numbers:
        site.put(f"{folder}/202609/t20260903_{n}.html", _detail(n, f"示例市第{n}号商贸有限公司"))


Watch = Callable[..., Workspace]


@pytest.fixture
def watch(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Makes a workspace for some portals: watch({"id": …, "url": …}, name="one")."""
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-07T09:00:00+08:00")

    def make(*portals: dict[str, Any], name: str = "city", crawl: dict[str, Any] | None = None) -> Workspace:
        root = tmp_path / name
        (root / "registry" / "portals").mkdir(parents=True)
        settings = {"crawl": {"delay_s": 0, "per_host": 4, "timeout_s": 60, "retries": 1, **(crawl or {})}}
        (root / "mingcha.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        unit = {"id": "scjgj", "name": "示例市市场监督管理局", "level": "municipal"}
        (root / "registry" / "units.yml").write_text(
            yaml.safe_dump({"units": [unit]}, allow_unicode=True), encoding="utf-8"
        )
        entries = [
            {"unit": "scjgj", "kind": "penalty", "title": "行政处罚", "allow_hosts": ["127.0.0.1"], **portal}
            for portal in portals
        ]
        (root / "registry" / "portals" / "all.yml").write_text(
            yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8"
        )
        return Workspace.open(root)

    return make


@pytest.fixture(scope="session")
def make_site() -> type[Site]:
    """The site's class, for tests that share one site."""
    return Site


@pytest.fixture(scope="session")
def make_workspace() -> Callable[[Path, list[dict[str, Any]]], Workspace]:
    """Makes a workspace for some portals anywhere: make_workspace(root, [{"id": …, "url": …}])."""
    return _workspace


def _workspace(root: Path, portals: list[dict[str, Any]]) -> Workspace:
    (root / "registry" / "portals").mkdir(parents=True)
    settings = {"crawl": {"delay_s": 0, "per_host": 4, "timeout_s": 60, "retries": 1}}
    unit = {"id": "scjgj", "name": "示例市市场监督管理局", "level": "municipal"}
    entries = [
        {"unit": "scjgj", "kind": "penalty", "title": "行政处罚", "allow_hosts": ["127.0.0.1"], **portal}
        for portal in portals
    ]
    for path, content in (
        ("mingcha.yml", settings), ("registry/units.yml", {"units": [unit]}), ("registry/portals/all.yml", entries),
    ):  # fmt: skip
        (root / path).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return Workspace.open(root)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    began = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - x509 takes naive UTC
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(began).not_valid_after(began.replace(year=2036))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "site.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
