"""The chain of days: a manifest for each day of evidence, which names every file of that day and the manifest before it.

`var/evidence/YYYY/MM/DD/manifest.json` lists the day's WARC files with size and SHA-256, the SHA-256 of the last manifest
before it, and how much of the book of removals (`removed.jsonl`) was written by then, with its SHA-256. Whoever changes, adds
or takes away a file of a sealed day, or a manifest, breaks the chain at that day; whoever makes the whole chain anew
cannot make its head equal to one that was written down elsewhere: `head` is worth noting in minutes and reports.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from db import clock
from db.models import Crawl
from db.session import session_of
from db.settings import Workspace

_NAME = "manifest.json"
_START = "0" * 64
_CHUNK = 1 << 20
_LONGEST_LOOK = datetime.timedelta(days=14)


@dataclass(frozen=True)
class Removed:
    """A file that was removed by the rules of retention."""

    file: str
    sha256: str
    size: int
    removed_at: str
    reason: str


class Chain:
    """The chain of one evidence folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._book = root / "removed.jsonl"

    # ------------------------------------------------------------ days

    def days(self) -> list[datetime.date]:
        """Every day that has a folder, in order."""
        found: list[datetime.date] = []
        for path in self.root.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"):
            try:
                found.append(datetime.date(*(int(part) for part in path.parts[-3:])))
            except ValueError:
                continue  # no day of the calendar: not ours
        return sorted(found)

    def folder(self, day: datetime.date) -> Path:
        return self.root / f"{day:%Y/%m/%d}"

    def sealed(self) -> list[datetime.date]:
        """The days whose manifest is written, in order."""
        return [day for day in self.days() if (self.folder(day) / _NAME).is_file()]

    def head(self) -> tuple[datetime.date, str] | None:
        """The last sealed day and the SHA-256 of its manifest: whoever notes it can prove everything before it."""
        sealed = self.sealed()
        return (sealed[-1], _sha256(self.folder(sealed[-1]) / _NAME)) if sealed else None

    def seal(self, day: datetime.date) -> str:
        """Write the manifest of a day that is over; answers its SHA-256. The days before it come first."""
        folder = self.folder(day)
        head = self.head()
        if head is not None and head[0] >= day:
            raise ValueError(f"{day} lies before the head of the chain, {head[0]}")
        book = self._entries()
        manifest = {
            "day": day.isoformat(),
            "previous": {"day": head[0].isoformat() if head else None, "sha256": head[1] if head else _START},
            "files": [
                {"name": path.name, "size": path.stat().st_size, "sha256": _sha256(path)} for path in _files(folder)
            ],
            "removed": {"bytes": len(book), "sha256": hashlib.sha256(book).hexdigest()},
        }
        part = folder / f".{_NAME}.{os.getpid()}"
        with part.open("wb") as file:
            file.write((json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / _NAME)
        return _sha256(folder / _NAME)

    # ------------------------------------------------------------ removals

    def _entries(self) -> bytes:
        """The book's whole lines: what a killed process was writing behind them counts for nothing."""
        book = self._book.read_bytes() if self._book.is_file() else b""
        return book[: book.rfind(b"\n") + 1]

    def removed(self) -> dict[str, Removed]:
        """What was removed, by its path below the evidence folder."""
        entries = (json.loads(line) for line in self._entries().splitlines() if line.strip())
        return {entry["file"]: Removed(**entry) for entry in entries}

    def remove(self, file: str, reason: str) -> Removed:
        """Write a file of a sealed day down as removed, then remove it. Killed in between, the next run removes it."""
        day = datetime.date(*(int(part) for part in file.split("/")[:3]))
        manifest = json.loads((self.folder(day) / _NAME).read_text(encoding="utf-8"))
        listed = {entry["name"]: entry for entry in manifest["files"]}[file.rpartition("/")[2]]
        entry = Removed(file, listed["sha256"], listed["size"], clock.now().isoformat(timespec="seconds"), reason)
        whole = len(self._entries())
        with self._book.open("ab") as book:
            book.truncate(whole)
            book.write((json.dumps(entry.__dict__, ensure_ascii=False) + "\n").encode())
            book.flush()
            os.fsync(book.fileno())
        (self.root / file).unlink(missing_ok=True)
        return entry

    # ------------------------------------------------------------ proof

    def verify(self) -> list[str]:
        """Where the chain is broken, in Chinese, the first broken link first. Empty: it holds."""
        faults: list[str] = []
        previous: tuple[str | None, str] = (None, _START)
        try:
            removed = self.removed()
            book = self._entries()
        except (ValueError, KeyError, TypeError) as error:
            return [f"证据链：清理登记 {self._book} 读不出来（{error}），可能被改动，请从备份恢复"]
        for day in self.sealed():
            path = self.folder(day) / _NAME
            try:
                manifest = json.loads(path.read_bytes())
                faults += self._faults(day, manifest, previous, removed, book)
            except (ValueError, KeyError, TypeError) as error:
                faults.append(f"证据链在 {day} 断开：清单 {path} 读不出来（{error}），请从备份恢复")
            previous = (day.isoformat(), _sha256(path))
        return faults

    def _faults(
        self,
        day: datetime.date,
        manifest: dict[str, Any],
        previous: tuple[str | None, str],
        removed: dict[str, Removed],
        book: bytes,
    ) -> Iterator[str]:
        where = f"证据链在 {day} 断开："
        before = manifest["previous"]
        if (before["day"], before["sha256"]) != previous:
            yield f"{where}它所接的 {before['day'] or '起点'} 的清单与现在的 {previous[0] or '起点'} 不符，此前的清单被改动、删除或重做"
        if manifest["day"] != day.isoformat():
            yield f"{where}清单写的是 {manifest['day']}"
        until = manifest["removed"]
        if len(book) < until["bytes"] or hashlib.sha256(book[: until["bytes"]]).hexdigest() != until["sha256"]:
            yield f"{where}清理登记 removed.jsonl 在此日之前的内容被改动"
        folder = self.folder(day)
        listed = {entry["name"]: entry for entry in manifest["files"]}
        for name, entry in sorted(listed.items()):
            path, gone = folder / name, removed.get(f"{day:%Y/%m/%d}/{name}")
            if gone is not None and gone.sha256 == entry["sha256"]:
                continue
            if not path.is_file():
                yield f"{where}{name} 不见了，请从备份恢复"
            elif path.stat().st_size != entry["size"] or _sha256(path) != entry["sha256"]:
                yield f"{where}{name} 的内容与清单不符，请从备份恢复"
        for path in _files(folder):
            if path.name not in listed:
                yield f"{where}{path.name} 不在清单中，是后来放进去的"


def seal_days(workspace: Workspace) -> list[datetime.date]:
    """Seal every day that is over and on which no look is still under way; answers which."""
    chain = Chain(workspace.evidence)
    sealed = set(chain.sealed())
    head = max(sealed, default=None)
    with session_of(workspace) as session:
        # One that began long ago is dead, and no look of its portal will say so when that is watched no more.
        under_way = (Crawl.state == "running", Crawl.started_at > clock.now() - _LONGEST_LOOK)
        running = [start.date() for start in session.scalars(select(Crawl.started_at).where(*under_way))]
    last = min([clock.today(), *running])
    done: list[datetime.date] = []
    for day in chain.days():
        if day not in sealed and (head is None or day > head) and day < last:
            _keep_what_broke_off(workspace, chain.folder(day))
            chain.seal(day)
            done.append(day)
    return done


def _keep_what_broke_off(workspace: Workspace, folder: Path) -> None:
    """Looks that were killed and never went on: what they saw is evidence as well; the record they were writing is cut off."""
    from db.evidence import EvidenceStore  # it imports us

    store = EvidenceStore(workspace)
    with session_of(workspace) as session:
        for row in session.scalars(
            select(Crawl).where(Crawl.id.in_([path.name.removesuffix(".warc.gz") for path in _files(folder)]))
            .where(Crawl.state != "finished").order_by(Crawl.id)
        ):  # fmt: skip
            writer = store.open(row.id, row.portal_id, row.started_at)
            store.index(session, writer)
            writer.close()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith(".warc.gz"))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
