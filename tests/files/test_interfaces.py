"""Way one of submission, over HTTP: JSON interfaces of every paging, good ones and bad ones, on real sockets."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from db.models import Batch, Submission
from db.session import session_of
from db.settings import Workspace
from intake.mapping import load_mapping
from intake.pull import _earlier
from intake.submissions import import_submissions
from standard.errors import Refused

Answer = tuple[int, dict[str, str], bytes]


def record(n: int) -> dict[str, Any]:
    return {
        "cfWsh": f"示市监罚字〔2026〕{n}号", "cfXdrMc": f"示例市第{n}商贸有限公司", "cfSy": "销售不合格食品",
        "cfCfjg": "示例市市场监督管理局", "cfNrFk": 0.5, "cfCflb": "罚款", "cfJdrq": "2026-09-03",
        "updateTime": f"2026-09-{n:02d} 10:00:00",
    }  # fmt: skip


def rows(answer: Any, status: int = 200, **headers: str) -> Answer:
    return status, headers, json.dumps(answer, ensure_ascii=False).encode()


class Interface:
    """A server on loopback; `answers` is what it does with a question, `asked` what was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.records: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.first: list[Answer | None] = []  # answered before anything else; None: the connection breaks
        self.answers: Callable[[dict[str, Any]], Answer] = self.by_number
        interface = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urllib.parse.urlsplit(self.path)
                asked: dict[str, Any] = dict(urllib.parse.parse_qsl(parts.query))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if body.startswith(b"{"):
                    asked = json.loads(body)
                elif body:
                    asked = dict(urllib.parse.parse_qsl(body.decode()))
                interface.asked.append({**asked, "path": parts.path, "method": self.command})
                interface.tokens.append(self.headers.get("Authorization"))
                answer = interface.first.pop(0) if interface.first else interface.answers(asked)
                if answer is None:
                    return
                status, headers, content = answer
                self.send_response(status)
                headers = {"Content-Length": str(len(content)), **headers}
                for name, text in headers.items():
                    self.send_header(name.replace("_", "-"), text)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:  # a client that does not trust us, or goes away
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server.server_port}/api"

    def add(self, *numbers: int) -> None:
        self.records += [record(n) for n in numbers]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def of(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        return [row for row in self.records if row["updateTime"] >= asked.get("after", "")]

    def by_number(self, asked: dict[str, Any]) -> Answer:
        page, size, found = int(asked["p"]), int(asked["n"]), self.of(asked)
        return rows({"code": 0, "data": {"list": found[page * size : (page + 1) * size], "total": len(found)}})


@pytest.fixture
def interface(monkeypatch: pytest.MonkeyPatch) -> Iterator[Interface]:
    monkeypatch.setenv("TOKEN", "t0ken-of-ours")
    monkeypatch.setattr("intake.read_http._PAUSE_S", 0.001)
    made = Interface()
    yield made
    made.close()


NUMBER = {"page": {"number": "p", "first": 0, "size": "n", "rows": 3}, "rows": "data.list", "total": "data.total"}
HTTP = {"token": "env:TOKEN", **NUMBER}


def stored(workspace: Workspace) -> int:
    with session_of(workspace) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Submission)) or 0


def complete(workspace: Workspace) -> int:
    """Pulls that say: the platform was read to the end."""
    with session_of(workspace) as session:
        return sum(batch.received_at.year == 2026 for batch in session.scalars(sa.select(Batch)))


def taken(workspace: Workspace, file: Path) -> tuple[int, int, int]:
    receipts = import_submissions(workspace, [file])
    assert all(r.accepted + r.updated + r.duplicate + r.refused == r.rows for r in receipts)
    return (
        sum(r.rows for r in receipts), sum(r.accepted for r in receipts), sum(r.duplicate for r in receipts)
    )  # fmt: skip


def refused(workspace: Workspace, file: Path) -> str:
    """What is told; nothing may be written, and nobody may be taken to have reported nothing."""
    with pytest.raises(Refused) as caught:
        import_submissions(workspace, [file])
    told = str(caught.value)
    assert stored(workspace) == 0 and complete(workspace) == 0
    assert "platform.yml" in told and "请" in told and "t0ken-of-ours" not in told
    return told


# ---------------------------------------------------------------- pages


def by_offset(interface: Interface) -> Callable[[dict[str, Any]], Answer]:
    return lambda asked: rows(interface.of(asked)[int(asked["offset"]) :][: int(asked["limit"])])


def by_cursor(interface: Interface) -> Callable[[dict[str, Any]], Answer]:
    def answer(asked: dict[str, Any]) -> Answer:
        at = int(str(asked.get("cursor", "c0"))[1:])
        found = interface.of(asked)
        more = f"c{at + 3}" if at + 3 < len(found) else None
        return rows({"items": found[at : at + 3], "paging": {"next": more}})

    return answer


def by_link(interface: Interface, header: bool) -> Callable[[dict[str, Any]], Answer]:
    def answer(asked: dict[str, Any]) -> Answer:
        at = int(asked.get("at", 0))
        found = interface.of(asked)
        more = f"/api?at={at + 3}" if at + 3 < len(found) else None
        headers = {"Link": f'<{more}>; rel="next", </api>; rel="first"'} if more and header else {}
        return rows({"items": found[at : at + 3], "next": None if header else more}, **headers)

    return answer


@pytest.mark.parametrize(
    "kind", ["number", "no total", "offset", "cursor", "link", "link header", "none", "post", "form"]
)
def test_every_kind_of_paging(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path], kind: str
) -> None:
    interface.add(*range(1, 9))
    more: dict[str, Any] = {"token": "env:TOKEN"}
    if kind in ("number", "post", "form"):
        more |= {**NUMBER, "method": {"number": "GET", "post": "POST", "form": "FORM"}[kind]}
    elif kind == "no total":
        more |= {"page": NUMBER["page"], "rows": "data.list"}
    elif kind == "offset":
        interface.answers = by_offset(interface)
        more["page"] = {"kind": "offset", "number": "offset", "first": 0, "size": "limit", "rows": 3}
    elif kind == "cursor":
        interface.answers = by_cursor(interface)
        more["page"] = {"kind": "cursor", "number": "cursor", "next": "paging.next", "size": None}
    elif kind.startswith("link"):
        interface.answers = by_link(interface, kind == "link header")
        more["page"] = {"kind": "link", **({} if kind == "link header" else {"next": "next"})}
    else:
        interface.answers = lambda asked: rows(interface.of(asked))
        more["page"] = {"kind": "none"}
    assert taken(workspace, mapping(interface.url, **more)) == (8, 8, 0)
    assert stored(workspace) == 8 and complete(workspace) == 1
    assert set(interface.tokens) == {"Bearer t0ken-of-ours"}
    assert {asked["method"] for asked in interface.asked} == {"POST" if kind in ("post", "form") else "GET"}
    if kind == "post":
        assert interface.asked[0]["p"] == 0 and interface.asked[0]["n"] == 3


def test_only_what_is_new_is_asked_for(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    interface.add(*range(1, 9))
    file = mapping(interface.url, watermark="updateTime", since="after", **HTTP)
    assert taken(workspace, file) == (8, 8, 0)
    interface.add(9)
    assert taken(workspace, file) == (2, 1, 1)
    assert interface.asked[-1]["after"] == "2026-09-08 09:00:00"  # an hour again: what was being written then


def test_a_server_that_gives_less_at_once_than_it_is_asked_for(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    """Without a total, a page that is not full is no proof of the end."""
    interface.add(*range(1, 9))
    beyond: list[Answer] = [
        rows({"list": []}),
        rows({"detail": "Invalid page."}, 404),
        rows({"list": interface.records[6:8]}),
    ]
    for number, last in enumerate(beyond):

        def answer(asked: dict[str, Any], last: Answer = last) -> Answer:
            at = int(asked["p"]) * 2
            return rows({"list": interface.records[at : at + 2]}) if at < 8 else last

        interface.answers = answer
        file = mapping(interface.url, page={"number": "p", "first": 0, "size": "n", "rows": 100}, rows="list")
        assert taken(workspace, file) == (8, 8 if number == 0 else 0, 0 if number == 0 else 8)


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("2026-09-08 00:30:00", "2026-09-07 23:30:00"), ("2026-09-08T10:00:00Z", "2026-09-08T09:00:00Z"), ("2026-09-08", "2026-09-07"),
        ("2026/09/08 10:00:00", "2026/09/08 09:00:00"), ("20260908100000", "20260908090000"), ("1788861600", "1788858000"),
        ("1788861600000", "1788858000000"), ("47110", "47110"), ("十", "十"), ("2026-09-08T10:00:00+0800", "2026-09-08T09:00:00+0800"),
    ],
)  # fmt: skip
def test_a_watermark_goes_back_an_hour_in_its_own_form(text: str, earlier: str) -> None:
    assert _earlier(text, 60) == earlier and _earlier(text, 0) == text


# ---------------------------------------------------------------- bad days


def test_a_busy_server_is_asked_again(workspace: Workspace, interface: Interface, mapping: Callable[..., Path]) -> None:
    interface.add(*range(1, 9))
    interface.first = [rows({}, 503), rows({}, 429, Retry_After="0"), None]
    assert taken(workspace, mapping(interface.url, **HTTP)) == (8, 8, 0)


def test_records_of_a_gzipped_and_of_a_gbk_answer(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    interface.add(1)
    body = json.dumps({"data": {"list": interface.records, "total": 1}}, ensure_ascii=False)
    interface.answers = lambda asked: (200, {"Content-Encoding": "gzip"}, gzip.compress(body.encode()))
    assert taken(workspace, mapping(interface.url, **HTTP)) == (1, 1, 0)
    interface.answers = lambda asked: (200, {}, body.encode("gb18030"))
    assert taken(workspace, mapping(interface.url, **HTTP)) == (1, 0, 1)


EMPTY = {"code": 0, "data": {"list": [], "total": 0}}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (rows({}, 401), "不认令牌"), (rows({}, 403), "拒绝访问"), (rows({}, 404), "返回 404"), (rows({}, 429), "429（请求过于频繁）"),
        (rows({}, 500), "4 次都失败，返回 500"), (rows({}, 302, Location="http://example.invalid/"), "转向了别处"),
        (rows({}, 301, Location="http://127.0.0.1:1/api"), "转向了别处"), ((200, {}, b"<html>login</html>"), "网页而不是 JSON"),
        ((200, {}, b'{"data": '), "不是 JSON"), ((200, {}, b"\x00\x01\xff"), "不是 JSON"), ((200, {}, b"[" * 100_000), "不是 JSON"),
        ((200, {"Content-Length": "999"}, b"{}"), "4 次都失败"), ((200, {}, b""), "不是 JSON"),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), "4 次都失败"), (rows({"data": {"rows": [{}]}}), "不是记录列表（返回的键：data"),
        (rows({"code": 500, "msg": "令牌 t0ken-of-ours 已过期", "data": None}), "返回错误（code 500：令牌 *** 已过期"),
        (rows({"success": False, "data": {"list": [], "total": 0}}), "返回错误（success False"), (rows(None), "不是记录列表"),
        (rows({"data": {"list": [1, 2], "total": 2}}), "不是记录列表"), (rows({"data": {"list": [record(1)], "total": 7}}), "完全相同"),
        (rows({"data": {"list": [], "total": 7}}), "称共 7 条，读到第 1 页只有 0 条"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_told(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path], answer: Answer, says: str
) -> None:
    interface.answers = lambda asked: answer
    assert says in refused(workspace, mapping(interface.url, **HTTP))


def test_an_empty_list_is_an_answer(workspace: Workspace, interface: Interface, mapping: Callable[..., Path]) -> None:
    interface.answers = lambda asked: rows(EMPTY)
    (receipt,) = import_submissions(workspace, [mapping(interface.url, **HTTP)])
    assert receipt.notes == ["没有新的数据"] and complete(workspace) == 1


def test_a_redirect_within_the_server_is_followed_and_one_elsewhere_gets_no_token(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    interface.add(1)
    other = Interface()
    try:
        there = f"{other.url}?p=0&n=3"
        interface.first = [rows({}, 302, Location=there)]
        assert "转向了别处" in refused(workspace, mapping(interface.url, **HTTP))
        interface.first = [rows({"items": [record(1)], "next": there})]
        link = {"token": "env:TOKEN", "page": {"kind": "link", "next": "next"}}
        assert "另一台服务器" in refused(workspace, mapping(interface.url.replace("127.0.0.1", "localhost"), **link))
        assert other.asked == []
    finally:
        other.close()
    interface.first = [rows({}, 302, Location="/other?p=0&n=3")]
    assert taken(workspace, mapping(interface.url, **HTTP)) == (1, 1, 0)
    assert interface.asked[-1]["path"] == "/other"


def test_a_body_without_end_is_bounded(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.read_http._MAX_BODY", 1 << 20)
    interface.answers = lambda asked: (200, {}, b"[" + b" " * (2 << 20) + b"]")
    assert "一页超过" in refused(workspace, mapping(interface.url, **HTTP))
    bomb = gzip.compress(bytes(64 << 20))
    interface.answers = lambda asked: (200, {"Content-Encoding": "gzip"}, bomb)
    assert "一页超过" in refused(workspace, mapping(interface.url, **HTTP))


def test_a_server_that_is_silent_or_gone(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    silent = threading.Event()
    interface.answers = lambda asked: (silent.wait(300), rows(EMPTY))[1]
    assert "没有应答" in refused(workspace, mapping(interface.url, timeout_s=1, **HTTP))
    silent.set()
    assert "没有应答" in refused(workspace, mapping("http://127.0.0.1:1/api", **HTTP))


def test_a_pull_that_breaks_off_keeps_whole_pieces_and_reads_all_of_it_again(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    interface.add(*range(1, 10))
    file = mapping(interface.url, watermark="updateTime", since="after", commit_rows=3, **HTTP)
    answers = interface.answers
    interface.answers = lambda asked: answers(asked) if int(asked["p"]) < 2 else rows({}, 500)
    with pytest.raises(Refused, match="已导入 3 行"):
        import_submissions(workspace, [file])
    assert stored(workspace) == 3 and complete(workspace) == 0
    interface.answers = answers
    assert taken(workspace, file)[1] == 6 and stored(workspace) == 9 and complete(workspace) == 1
    assert "after" not in interface.asked[-1]  # an interface promises no order: only the end moves the watermark


def test_columns_that_never_came_are_told(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path]
) -> None:
    interface.add(1)
    (receipt,) = import_submissions(workspace, [mapping(interface.url, columns={"cfWshh": "document_number"}, **HTTP)])
    assert any("cfWshh”没有出现在接口返回中，是否想写 cfWsh" in note for note in receipt.notes)


# ---------------------------------------------------------------- certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate nobody vouches for, as many offices have; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "示例市平台")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "platform.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_certificate_nobody_vouches_for(
    workspace: Workspace, interface: Interface, mapping: Callable[..., Path], certificate: Path, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    secure = Interface(context)
    try:
        secure.add(*range(1, 5))
        told = refused(workspace, mapping(secure.url, **HTTP))
        assert "证书无法验证" in told and "ca_file" in told and secure.asked == []  # the token never left
        (tmp_path / "city-ca.pem").write_bytes(certificate.read_bytes())
        other_name = secure.url.replace("127.0.0.1", "localhost")
        assert "证书无法验证" in refused(workspace, mapping(other_name, ca_file="city-ca.pem", **HTTP))
        (tmp_path / "broken.pem").write_text("no certificate")
        assert "不是可用的证书" in refused(workspace, mapping(secure.url, ca_file="broken.pem", **HTTP))
        assert "不存在" in refused(workspace, mapping(secure.url, ca_file="missing.pem", **HTTP))
        assert taken(workspace, mapping(secure.url, ca_file="city-ca.pem", **HTTP)) == (4, 4, 0)
    finally:
        secure.close()


def test_secrets_are_named_not_written(
    interface: Interface, mapping: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN")
    with pytest.raises(Refused, match="环境变量 TOKEN 未设置"):
        load_mapping(mapping(interface.url, params={"appKey": "env:TOKEN"}))
    monkeypatch.setenv("TOKEN", "x")
    with pytest.raises(Refused, match="必须用 https"):
        load_mapping(mapping("http://platform.example/api", params={"appKey": "env:TOKEN"}))
    with pytest.raises(Refused, match=r"page\.next"):
        load_mapping(mapping(interface.url, page={"kind": "cursor"}))
