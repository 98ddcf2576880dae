"""The server speaks HTTP/1.1, keeps connections, shows each column as it is at the moment set, and listens on loopback only."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator

import pytest

from sample_city.city import City, make
from sample_city.portals.site import FAMILIES, address
from sample_city.server import Server


@pytest.fixture(scope="module")
def city() -> City:
    return make(1)


@pytest.fixture(scope="module")
def server(city: City) -> Iterator[Server]:
    with Server(city) as running:
        yield running


def fetch(server: Server, target: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, target, body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def target(city: City, portal_id: str) -> str:
    return address(city.portals[portal_id], "")


def test_every_family_is_shown(city: City) -> None:
    assert {p.family for p in city.portals.values()} == set(FAMILIES)


def test_columns_change_with_the_moment(city: City, server: Server) -> None:
    server.set_now(city.timeline[0])
    first = fetch(server, target(city, "yjglj_licences"))[1].count(b"<tr>")
    server.set_now(city.timeline[-1])
    assert fetch(server, target(city, "yjglj_licences"))[1].count(b"<tr>") > first


def test_fates(city: City, server: Server) -> None:
    server.set_now(city.timeline[-1])
    status = {
        name: fetch(server, target(city, name))[0]
        for name in ("jyj_penalties", "rsj_penalties", "wlj_penalties", "xiling_zjj_disclosure", "cgj_licences")
    }
    assert status == {
        "jyj_penalties": 412,
        "rsj_penalties": 404,
        "wlj_penalties": 500,
        "xiling_zjj_disclosure": 500,
        "cgj_licences": 200,
    }
    server.set_now(city.timeline[2])
    assert fetch(server, target(city, "wlj_penalties"))[0] == 200
    assert fetch(server, "/robots.txt")[0] == fetch(server, "/nobody/")[0] == 404


def test_each_link_of_a_list_leads_somewhere(city: City, server: Server) -> None:
    server.set_now(city.timeline[-1])
    page = fetch(server, target(city, "fgw_disclosure"))[1].decode()
    links = re.findall(r'href="\./([^"]+)"', page)
    assert len(links) == 20
    base = target(city, "fgw_disclosure").removesuffix("index.html")
    assert all(fetch(server, base + link)[0] == 200 for link in links)
    assert fetch(server, base + "index_1.html")[0] == 200 and fetch(server, base + "index_90.html")[0] == 404


def test_gbk_column_is_gbk(city: City, server: Server) -> None:
    page = fetch(server, target(city, "zjj_penalties"))[1]
    assert "示例市住房和城乡建设局" in page.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        page.decode("utf-8")


def test_data_proxy_gives_every_record_once(city: City, server: Server) -> None:
    server.set_now(city.timeline[-1])
    page = fetch(server, target(city, "scjgj_penalties"))[1].decode()
    total = int(re.search(r"totalRecord:(\d+)", page)[1])  # type: ignore[index]
    column = re.search(r"columnid:(\d+)", page)[1]  # type: ignore[index]
    found = re.findall(r"<record>", page)
    assert len(found) == 45 < total
    form = f"columnid={column}&startrecord=46&endrecord={total}&perpage=15".encode()
    more = fetch(server, "/scjgj_penalties/module/web/jpage/dataproxy.jsp", "POST", form)[1].decode()
    assert more.count("<record>") == total - 45
    without = fetch(server, "/scjgj_penalties/module/web/jpage/dataproxy.jsp", "POST", b"startrecord=46&endrecord=60")[
        1
    ]
    assert b"<record>" not in without


def test_script_column_needs_its_token(city: City, server: Server) -> None:
    page = fetch(server, target(city, "gaj_penalties"))[1].decode()
    assert "<table" not in page
    assert fetch(server, "/gaj_penalties/app/rows")[0] == 403


def test_keep_alive_and_pipelining(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"HEAD /robots.txt HTTP/1.1\r\nHost: x\r\n"
            b"Connection: close\r\n\r\n"
        )
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 404") == 4 and received.count(b"</html>") == 3


def test_nonsense_is_cut_off(server: Server) -> None:
    for nonsense in (
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(nonsense)
            try:
                assert connection.recv(100) == b""
            except ConnectionResetError:
                pass


def test_a_page_is_made_once_a_moment(city: City, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crawl must never wait for us."""
    made: list[str] = []
    make_page = server._sites.answer
    monkeypatch.setattr(server._sites, "answer", lambda *asked: (made.append(asked[1]), make_page(*asked))[1])
    server.set_now(city.timeline[-1])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(30):
        connection.request("GET", target(city, "fgw_disclosure"))
        assert connection.getresponse().read() != b""
    connection.close()
    assert made == [target(city, "fgw_disclosure")]


def test_bound_to_loopback_only(server: Server) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")


def test_a_port_in_use_is_told(city: City, server: Server) -> None:
    with pytest.raises(OSError, match="address already in use"), Server(city, port=server.port):
        pass
