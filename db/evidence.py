"""Evidence: every response a crawl receives, kept as it came, before anybody parses it.

One WARC file a look (`var/evidence/YYYY/MM/DD/<crawl_id>.warc.gz`), one gzip member a record, so that any WARC tool
reads it and a member is found by offset and length. A record is handed to the operating system before its response is parsed:
a killed process loses at most the record it was writing, and the torn tail is cut off when the crawl is resumed. The
rows of table `evidence` are an index; they can be made again from the file.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from isal import isal_zlib
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.aside import Aside
from db.chain import Chain
from db.clock import local
from db.models import Evidence
from db.session import upsert
from db.settings import Workspace
from standard.errors import Refused

_LEVEL = 1  # ISA-L's: a third of the time of zlib's fastest, in its size
_CHUNK = 1 << 20
PICTURE = "PICTURE"  # in place of a method: what a visitor saw of a page; a WARC resource, not a response
_VIEW = "urn:view:"
_NEVER_REPLAYED = frozenset({403, 408, 412, 429, 521})  # with every 5xx: a later try may fare better


@dataclass(frozen=True)
class StoredResponse:
    """One stored response, with the address of its bytes."""

    id: str
    crawl_id: str
    method: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    content_type: str | None
    fetched_at: datetime.datetime
    sha256: str
    request_sha256: str
    warc_file: str
    warc_offset: int
    warc_length: int

    def row(self, portal_id: str) -> dict[str, Any]:
        """The row of table `evidence`."""
        return {
            "id": self.id, "crawl_id": self.crawl_id, "portal_id": portal_id, "url": self.url, "method": self.method,
            "status": self.status, "content_type": self.content_type, "fetched_at": self.fetched_at,
            "sha256": self.sha256, "size": len(self.body), "warc_file": self.warc_file, "warc_offset": self.warc_offset,
            "warc_length": self.warc_length,
        }  # fmt: skip


def evidence_id(crawl_id: str, method: str, url: str, sha256: str) -> str:
    """The same response in the same look has the same id, however often it was fetched."""
    return hashlib.sha256("\n".join((crawl_id, method, url, sha256)).encode()).hexdigest()[:32]


class EvidenceWriter:
    """The open WARC file of one look. `put` writes, `find` answers a resumed crawl, `rows` feeds the index."""

    def __init__(self, root: Path, relative: str, crawl_id: str, portal_id: str) -> None:
        self.crawl_id, self.portal_id, self.relative = crawl_id, portal_id, relative
        self.path = root / relative
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._aside = Aside()
        self._rows: dict[str, int] = {}  # id -> place of its row
        self._answers: dict[bytes, str] = {}  # digest of a request -> id of its last answer worth having again
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        self._end = self._reopen()

    def _reopen(self) -> int:
        """Read what a killed process left, cut off its torn tail, and answer where the file ends."""
        end = 0
        for offset, length, member in _members(self.path):
            end = offset + length
            stored = _response(member, self.crawl_id, self.relative, offset, length)
            if stored is not None:
                self._remember(stored)
        if end < os.fstat(self._file).st_size:
            os.ftruncate(self._file, end)
        if end == 0:
            end = self._append(_warcinfo(self.crawl_id, self.portal_id))[1]
        return end

    def _append(self, record: bytes) -> tuple[int, int]:
        """Write one member at the end; answers (offset, length)."""
        member = memoryview(isal_zlib.compress(record, _LEVEL, wbits=31))
        offset = os.fstat(self._file).st_size
        written = 0
        while written < len(member):
            written += os.write(self._file, member[written:])
        return offset, len(member)

    def _remember(self, stored: StoredResponse) -> None:
        self._rows[stored.id] = self._aside.put(stored.row(self.portal_id))
        if stored.status < 500 and stored.status not in _NEVER_REPLAYED:
            self._answers[_request(stored.method, stored.url, stored.request_sha256)] = stored.id

    def put(
        self,
        *,
        method: str,
        url: str,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        fetched_at: datetime.datetime,
        content_type: str | None = None,
        request_body: bytes = b"",
    ) -> str:
        """Store one response and answer its evidence id. The same bytes of the same request are stored once."""
        url = _line(url)
        sha256 = hashlib.sha256(body).hexdigest()
        identity = evidence_id(self.crawl_id, method, url, sha256)
        if identity in self._rows:
            return identity
        request_sha256 = hashlib.sha256(request_body).hexdigest() if request_body else ""
        kept = tuple((_line(name), _line(value)) for name, value in headers)
        record = _record(identity, method, url, status, kept, body, sha256, request_sha256, fetched_at)
        offset, length = self._append(record)
        self._end = offset + length
        self._remember(
            StoredResponse(
                identity, self.crawl_id, method, url, status, kept, body, content_type and _line(content_type)[:200],
                local(fetched_at), sha256, request_sha256, self.relative, offset, length,
            )
        )  # fmt: skip
        return identity

    def find(self, method: str, url: str, request_body: bytes = b"") -> StoredResponse | None:
        """What this look already received for this request, if it is worth having again."""
        request_sha256 = hashlib.sha256(request_body).hexdigest() if request_body else ""
        identity = self._answers.get(_request(method, _line(url), request_sha256))
        if identity is None:
            return None
        row = self._aside.get(self._rows[identity])
        offset, length = row["warc_offset"], row["warc_length"]
        member = zlib.decompress(os.pread(self._file, length, offset), wbits=31)
        return _response(member, self.crawl_id, self.relative, offset, length)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The index rows of everything in the file, in the order of their ids."""
        for identity in sorted(self._rows):
            yield self._aside.get(self._rows[identity])

    def close(self) -> None:
        """Make the file safe against a power cut and let it go."""
        self._aside.close()
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1


class EvidenceStore:
    """The evidence of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.evidence

    def open(self, crawl_id: str, portal_id: str, started_at: datetime.datetime) -> EvidenceWriter:
        """The file of this look, made or continued."""
        return EvidenceWriter(self.root, f"{local(started_at):%Y/%m/%d}/{crawl_id}.warc.gz", crawl_id, portal_id)

    def index(self, session: Session, writer: EvidenceWriter) -> None:
        """Put the file's rows into the database."""
        rows = writer.rows()
        while batch := list(islice(rows, 200)):
            upsert(session, Evidence.__table__, batch)  # type: ignore[arg-type]

    def get(self, session: Session, identity: str) -> StoredResponse | None:
        """One stored response by its id, None if there is no such row. Raises as `read` when its bytes are gone.

        Raises Refused when they were removed by the rules of retention.
        """
        row = session.get(Evidence, identity)
        if row is None:
            return None
        gone = Chain(self.root).removed().get(row.warc_file)
        if gone is not None:
            raise Refused(
                f"证据 {identity} 的原件已于 {gone.removed_at} 按保存规则清理（{gone.reason}），指纹 {row.sha256[:16]}… 仍登记在案；"
                "需要原件请从备份恢复"
            )
        return self.read(row)

    def read(self, row: Evidence) -> StoredResponse:
        """The bytes a row speaks of. Raises OSError when the file is gone, ValueError when it holds something else."""
        with (self.root / row.warc_file).open("rb") as file:
            file.seek(row.warc_offset)
            member = file.read(row.warc_length)
        try:
            stored = _response(
                zlib.decompress(member, wbits=31), row.crawl_id, row.warc_file, row.warc_offset, row.warc_length
            )
        except zlib.error as error:
            raise ValueError(f"not a gzip member: {error}") from None
        if stored is None:
            raise ValueError("not a response record")
        return stored

    def verify(self, session: Session) -> list[str]:
        """The chain of days, then every stored response read again and its SHA-256 compared; what differs, in Chinese.

        Empty: all is well. What was removed by the rules of retention, and is written down as removed, is no fault.
        """
        chain = Chain(self.root)
        faults = chain.verify()
        removed = chain.removed()
        for row in session.scalars(select(Evidence).order_by(Evidence.id).execution_options(yield_per=500)):
            if row.warc_file in removed:
                continue
            where = f"证据 {row.id}（{row.warc_file}）"
            try:
                stored = self.read(row)
            except FileNotFoundError:
                faults.append(f"{where}：证据文件不存在，请从备份恢复")
                continue
            except (OSError, ValueError) as error:
                faults.append(f"{where}：读不出来（{error}），文件可能损坏，请从备份恢复")
                continue
            actual = hashlib.sha256(stored.body).hexdigest()
            if actual != row.sha256:
                faults.append(f"{where}：内容与登记的 SHA-256 不符（登记 {row.sha256[:16]}…，实为 {actual[:16]}…）")
            elif evidence_id(row.crawl_id, row.method, row.url, actual) != row.id:
                faults.append(f"{where}：编号与内容不符，登记行可能被改动")
        return faults


def _line(text: str) -> str:
    """Text that cannot break out of a header line."""
    return " ".join(text.split())


def _request(method: str, url: str, request_sha256: str) -> bytes:
    """What tells one request of a look from another, in 16 bytes."""
    return hashlib.blake2b("\n".join((method, url, request_sha256)).encode(), digest_size=16).digest()


@lru_cache(maxsize=4)
def _stamp(moment: datetime.datetime) -> str:
    return local(moment).astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _assemble(head: str, block: bytes) -> bytes:
    return b"".join((f"WARC/1.1\r\n{head}Content-Length: {len(block)}\r\n\r\n".encode(), block, b"\r\n\r\n"))


def _warcinfo(crawl_id: str, portal_id: str) -> bytes:
    block = (
        f"software: mingcha\r\nformat: WARC File Format 1.1\r\ncrawl: {crawl_id}\r\nportal: {portal_id}\r\n".encode()
    )
    identity = uuid.uuid5(uuid.NAMESPACE_URL, crawl_id)
    head = f"WARC-Type: warcinfo\r\nWARC-Record-ID: <urn:uuid:{identity}>\r\nContent-Type: application/warc-fields\r\n"
    return _assemble(head, block)


def _record(
    identity: str,
    method: str,
    url: str,
    status: int,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    sha256: str,
    request_sha256: str,
    fetched_at: datetime.datetime,
) -> bytes:
    if method == PICTURE:
        kind, target, media, block = "resource", f"{_VIEW}{url}", "image/png", body
    else:
        said = "".join([f"{name}: {value}\r\n" for name, value in headers])
        kind, target, media = "response", url, "application/http; msgtype=response"
        block = f"HTTP/1.1 {status} -\r\n{said}\r\n".encode() + body
    asked = f"X-Request-SHA256: {request_sha256}\r\n" if request_sha256 else ""
    return _assemble(
        f"WARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{uuid.UUID(identity)}>\r\nWARC-Target-URI: {target}\r\n"
        f"WARC-Date: {_stamp(fetched_at)}\r\nWARC-Payload-Digest: sha256:{sha256}\r\nContent-Type: {media}\r\n"
        f"X-Request-Method: {method}\r\n{asked}",
        block,
    )


def _members(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Every whole gzip member of a file with its place; ends silently before a torn or foreign one."""
    with path.open("rb") as file:
        offset, pending = 0, b""
        while True:
            decompressor = zlib.decompressobj(wbits=31)
            parts: list[bytes] = []
            length = 0
            while not decompressor.eof:
                chunk = pending or file.read(_CHUNK)
                pending = b""
                if not chunk:
                    return
                try:
                    parts.append(decompressor.decompress(chunk))
                except zlib.error:
                    return
                length += len(chunk)
            pending = decompressor.unused_data
            length -= len(pending)
            yield offset, length, b"".join(parts)
            offset += length


def _fields(block: bytes) -> list[tuple[str, str]]:
    pairs = (line.partition(": ") for line in block.decode("utf-8", "replace").split("\r\n")[1:])
    return [(name, value) for name, colon, value in pairs if colon]


def _response(member: bytes, crawl_id: str, relative: str, offset: int, length: int) -> StoredResponse | None:
    """The response of one WARC record; None for a record of another kind."""
    head, _, rest = member.partition(b"\r\n\r\n")
    record = dict(_fields(head))
    block = rest[: int(record["Content-Length"])]
    if record.get("WARC-Type") == "response":
        http, _, body = block.partition(b"\r\n\r\n")
    elif record.get("WARC-Type") == "resource":
        http, body = f"HTTP/1.1 200 -\r\nContent-Type: {record['Content-Type']}".encode(), block
    else:
        return None
    headers = tuple(_fields(http))
    content_type = next((value for name, value in headers if name.lower() == "content-type"), None)
    fetched_at = datetime.datetime.strptime(record["WARC-Date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    sha256 = record["WARC-Payload-Digest"].removeprefix("sha256:")
    return StoredResponse(
        id=uuid.UUID(record["WARC-Record-ID"].removeprefix("<urn:uuid:").removesuffix(">")).hex,
        crawl_id=crawl_id,
        method=record.get("X-Request-Method", "GET"),
        url=record["WARC-Target-URI"].removeprefix(_VIEW),
        status=int(http.split(b" ", 2)[1]),
        headers=headers,
        body=body,
        content_type=content_type and content_type[:200],
        fetched_at=local(fetched_at),
        sha256=sha256,
        request_sha256=record.get("X-Request-SHA256", ""),
        warc_file=relative,
        warc_offset=offset,
        warc_length=length,
    )
