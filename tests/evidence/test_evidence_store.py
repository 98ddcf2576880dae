"""Evidence: stored before it is read, readable by any WARC tool, torn tails cut off, tampering told."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from db.clock import SHANGHAI
from db.evidence import EvidenceStore, EvidenceWriter
from db.models import Evidence
from db.session import session_of
from db.settings import Workspace

START = datetime.datetime(2026, 9, 7, 9, tzinfo=SHANGHAI)


def put(
    writer: EvidenceWriter, url: str, body: bytes, status: int = 200, method: str = "GET", sent: bytes = b""
) -> str:
    return writer.put(
        method=method, url=url, status=status, headers=[("Content-Type", "text/html"), ("X-A", "a\r\nb: c")], body=body,
        fetched_at=START, content_type="text/html", request_body=sent,
    )  # fmt: skip


def test_stored_found_indexed_and_verified(workspace: Workspace) -> None:
    store = EvidenceStore(workspace)
    writer = store.open("p-1", "p", START)
    first = put(writer, "http://a/", b"<p>one</p>\r\n\r\n")
    assert put(writer, "http://a/", b"<p>one</p>\r\n\r\n") == first  # once
    posted = put(writer, "http://a/", b"two", method="POST", sent=b"page=2")
    put(writer, "http://a/busy", b"busy", status=503)
    assert writer.find("GET", "http://a/").body == b"<p>one</p>\r\n\r\n"  # type: ignore[union-attr]
    assert writer.find("POST", "http://a/", b"page=2").id == posted  # type: ignore[union-attr]
    assert writer.find("POST", "http://a/", b"page=3") is None
    assert writer.find("GET", "http://a/busy") is None  # worth another try
    with session_of(workspace) as session:
        store.index(session, writer)
        store.index(session, writer)
    writer.close()
    with session_of(workspace) as session:
        assert session.query(Evidence).count() == 3
        stored = store.get(session, first)
        assert stored is not None and stored.body == b"<p>one</p>\r\n\r\n" and stored.fetched_at == START
        assert store.get(session, "none") is None
        assert store.verify(session) == []


def test_a_look_of_many_pages_keeps_its_rows_in_a_file(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.aside._HELD", 2)
    store = EvidenceStore(workspace)
    writer = store.open("p-1", "p", START)
    ids = [put(writer, f"http://a/{n}", f"page {n}".encode()) for n in range(7)]
    for n in (6, 0, 3, 1):  # what lies in the file and what is held, in any order
        found = writer.find("GET", f"http://a/{n}")
        assert found is not None and (found.id, found.body) == (ids[n], f"page {n}".encode())
    ids.append(put(writer, "http://a/7", b"page 7"))  # writing goes on at the end, wherever was read
    assert [row["id"] for row in writer.rows()] == sorted(ids)
    with session_of(workspace) as session:
        store.index(session, writer)
    writer.close()
    again = store.open("p-1", "p", START)  # as after a kill
    assert put(again, "http://a/5", b"page 5") == ids[5] and len(list(again.rows())) == 8
    again.close()
    with session_of(workspace) as session:
        assert session.query(Evidence).count() == 8 and store.verify(session) == []


def test_any_warc_tool_reads_it(workspace: Workspace) -> None:
    writer = EvidenceStore(workspace).open("p-1", "p", START)
    put(writer, "http://a/中文", "处罚".encode("gb18030"))
    put(writer, "http://a/empty", b"")
    writer.close()
    with writer.path.open("rb") as file:
        records = [
            (record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read())
            for record in ArchiveIterator(file, check_digests="raise")
        ]
    assert records[0][0] == "warcinfo"
    assert records[1:] == [("response", "http://a/中文", "处罚".encode("gb18030")), ("response", "http://a/empty", b"")]


def test_a_torn_tail_is_cut_off_wherever_it_tore(workspace: Workspace) -> None:
    store = EvidenceStore(workspace)
    writer = store.open("p-1", "p", START)
    put(writer, "http://a/1", b"one" * 100)
    whole = writer.path.stat().st_size
    put(writer, "http://a/2", b"two" * 100)
    rows = list(writer.rows())
    writer.close()
    full = writer.path.read_bytes()
    for cut in (whole + 1, whole + 40, len(full) - 1):
        writer.path.write_bytes(full[:cut])
        again = store.open("p-1", "p", START)
        assert again.find("GET", "http://a/1") is not None and again.find("GET", "http://a/2") is None
        put(again, "http://a/2", b"two" * 100)
        assert list(again.rows()) == rows
        again.close()
    for cut in (0, 5):  # killed while the very first record was written
        writer.path.write_bytes(full[:cut])
        store.open("p-1", "p", START).close()
        with writer.path.open("rb") as file:
            assert [record.rec_type for record in ArchiveIterator(file)] == ["warcinfo"]


def test_changed_lost_and_moved_evidence_is_told(workspace: Workspace) -> None:
    store = EvidenceStore(workspace)
    writer = store.open("p-1", "p", START)
    first, second = put(writer, "http://a/1", b"one"), put(writer, "http://a/2", b"two")
    with session_of(workspace) as session:
        store.index(session, writer)
    writer.close()
    with session_of(workspace) as session:
        session.get(Evidence, first).sha256 = "0" * 64  # type: ignore[union-attr]
    with session_of(workspace) as session:
        faults = store.verify(session)
        assert len(faults) == 1 and first in faults[0] and "SHA-256" in faults[0]
    content = bytearray(writer.path.read_bytes())
    content[-30] ^= 0xFF
    writer.path.write_bytes(content)
    with session_of(workspace) as session:
        assert any(second in fault for fault in store.verify(session))
    writer.path.unlink()
    with session_of(workspace) as session:
        assert len(store.verify(session)) == 2


@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=2000), url=st.text(min_size=1, max_size=60), header=st.text(max_size=40))
def test_whatever_a_server_says_comes_back(tmp_path_factory: object, body: bytes, url: str, header: str) -> None:
    root = tmp_path_factory.mktemp("warc")  # type: ignore[attr-defined]
    writer = EvidenceWriter(root, "x.warc.gz", "p-1", "p")
    address = "http://a/" + url.encode("ascii", "replace").decode().replace("\r", "").replace("\n", "")
    writer.put(method="GET", url=address, status=200, headers=[("X", header)], body=body, fetched_at=START)
    rows = list(writer.rows())
    writer.close()
    again = EvidenceWriter(root, "x.warc.gz", "p-1", "p")
    assert list(again.rows()) == rows
    assert [again.find(row["method"], row["url"]) is not None for row in rows] == [True]
    again.close()
