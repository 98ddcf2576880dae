"""A large workbook read in a process beside this one, which makes its rows too.

While the importing process looks whether the file is safe and takes its checksum, the process beside it opens and parses it:
a native reader that ends its process on a hostile file ends only that one, and the file is refused. The rows that it makes
go over as they will be stored; some go over as they stand when the importing process has time to make them.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import marshal
import multiprocessing
import os
import pickle
import queue
import resource
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn, Protocol

from intake.grids import Grid, Row
from intake.headers import Table, data_rows
from intake.read_spreadsheet import WorkBook, measure, tell_of_sheet
from intake.rows import CHUNK, Reader, Sent
from standard import additions
from standard.errors import Refused

_WINDOW = 14  # chunks made or handed over and not yet taken
_LOW = 3  # chunks at hand or asked for; below, this process has time to make some itself
_HEAD = 100  # first rows of each sheet, which tell what it is
_ROOM = 3000 << 20  # memory for a file that nobody has looked at yet
_SAVE = "请用 Excel 或 WPS 打开，另存为 xlsx 后再导入"
_SHEETS, _MADE, _RAW, _END, _REFUSED, _FAILED = b"S", b"C", b"W", b"F", b"X", b"E"  # what a message begins with
_MAKE, _READ, _LEND, _TAKEN = b"M", b"R", b"L", b"K"
_DIED = (
    "读取文件的子进程意外结束（{how}），本次导入已全部撤销，未写入任何数据。{why}；"
    "也可先设置环境变量 MINGCHA_WORKERS=1 再导入（较慢，用内存较少）"
)


@dataclass(frozen=True)
class Job:
    """What the process beside must know to make the rows of one table."""

    sheet: str
    first: int
    start: int
    labels: list[str]
    keys: list[int]
    reader: Reader


class Beside:
    """The process that holds one workbook, and the pipe to it."""

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        self.asked = 0  # chunks asked for as they stand that have not come yet
        self._opened = False
        method = "fork" if threading.active_count() == 1 else "spawn"  # a fork with other threads running is not safe
        context = multiprocessing.get_context(method)
        self._pipe, theirs = context.Pipe()
        inherited = self._pipe if method == "fork" else None
        self._process = context.Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, inherited, additions.folder(), content, where), daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def pipe(self) -> Connection:
        return self._pipe

    def trusted(self) -> None:
        """The file was looked at and is no bomb: whatever memory it takes, it may take."""
        with suppress(OSError, ValueError):
            hard = resource.prlimit(self._process.pid, resource.RLIMIT_AS)[1]
            resource.prlimit(self._process.pid, resource.RLIMIT_AS, (hard, hard))

    def sheets(self) -> list[tuple[Any, ...]]:
        """Name, whether a worksheet and shown, height, width and first rows of each sheet. Raises Refused."""
        kind, content = self.receive()
        assert kind == _SHEETS
        self._opened = True
        found: list[tuple[Any, ...]] = marshal.loads(content)  # noqa: S302 - from our own child
        return found

    def rows(self, sheet: str) -> Iterator[Row]:
        """All rows of a sheet as they stand; nothing else may be asked meanwhile."""
        self._send(_READ + pickle.dumps(sheet))
        kind, content = self.receive()
        try:
            while kind != _END:
                self.taken()
                yield from marshal.loads(content)  # noqa: S302 - from our own child
                kind, content = self.receive()
        except GeneratorExit:
            while kind != _END:  # nobody wants the rest
                kind, content = self.receive()
                if kind != _END:
                    self.taken()
            raise

    def make(self, table: Table, reader: Reader) -> None:
        """From now on the rows of this table come, made or as they stand."""
        grid = table.grid
        self._send(_MAKE + pickle.dumps(Job(grid.sheet, grid.first, table.start, table.labels, table.keys, reader)))

    def lend(self) -> None:
        """The next rows are wanted as they stand: this process has time to make them."""
        self._send(_LEND)
        self.asked += 1

    def taken(self) -> None:
        """A chunk was taken, there is room for another."""
        self._send(_TAKEN)

    def ready(self) -> bool:
        return self._pipe.poll(0)

    def receive(self) -> tuple[bytes, memoryview]:
        """The next message. Raises Refused when the file cannot be read or the process died."""
        try:
            content = memoryview(self._pipe.recv_bytes())
        except (EOFError, OSError):
            self._died()
        kind = bytes(content[:1])
        if kind == _REFUSED:
            raise Refused(*marshal.loads(content[1:]))  # noqa: S302 - from our own child
        if kind == _FAILED:
            raise RuntimeError(f"a worker of the import failed:\n{bytes(content[1:]).decode('utf-8', 'replace')}")
        return kind, content[1:]

    def _send(self, content: bytes) -> None:
        try:
            self._pipe.send_bytes(content)
        except OSError:
            self._died()

    def _died(self) -> NoReturn:
        self._process.join(5)
        code = self._process.exitcode
        how = f"信号 {-code}" if code is not None and code < 0 else f"返回值 {code}"
        if not self._opened and code != -signal.SIGKILL:
            raise Refused(
                f"{self.where}：无法打开，文件可能已损坏（读取时程序异常中止，{how}），未写入任何数据。{_SAVE}"
            ) from None
        why = "多为内存不足或被人为终止，请关闭其他程序后重新导入"
        raise Refused(_DIED.format(how=how, why=why)) from None

    def stop(self) -> None:
        """Nothing more is wanted of it."""
        if self._pipe.closed:
            return
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


class FarGrid(Grid):
    """A sheet whose rows stand in the process beside."""

    def __init__(self, beside: Beside, name: str, height: int, head: list[Row]) -> None:
        super().__init__(name, opened=lambda: beside.rows(name), release=beside.stop)
        self.beside = beside
        self._height, self._head = height, head

    def head(self, count: int) -> list[Row]:
        if count <= len(self._head) or self._height <= len(self._head):
            return [row.copy() for row in self._head[:count]]
        return list(self.stream())[:count]


def beside_of(table: Table) -> Beside | None:
    """The process that holds this table, if one does."""
    return table.grid.beside if isinstance(table.grid, FarGrid) else None


# ---------------------------------------------------------------- in the process beside


def _serve(pipe: Connection, inherited: Connection | None, own: Path | None, content: bytes, where: str) -> None:
    """Its life: the workbook is opened, then what is asked is done, until the pipe closes."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # it must not stay behind when its parent was killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if inherited is not None:
        inherited.close()
    if own is not None:
        additions.load(own)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = held + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    faulthandler.disable()
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)  # what a native reader says when it ends the process is told by the importing one
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.001)  # whoever reads or writes the pipe is soon let through
    server = _Server(pipe)
    try:
        book = WorkBook(content, where, None)
        del content
        server.say(_SHEETS + marshal.dumps(_told(book)))
        server.live(book)
    except Refused as refused:
        server.say(_REFUSED + marshal.dumps(list(refused.faults)))
    except BaseException:
        server.say(_FAILED + traceback.format_exc().encode("utf-8", "replace"))
    server.end()


def _told(book: WorkBook) -> list[tuple[Any, ...]]:
    """What must be known of each sheet before its rows are asked for."""
    return [
        (name, shown, height, width, list(islice(book.rows(name), _HEAD)))
        for name, shown, height, width in book.measures()
    ]


class _Server:
    """Both ends of the pipe each have a thread: neither process waits for the other to be heard."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(_WINDOW)
        self._lent = threading.Semaphore(0)
        threading.Thread(target=self._listen, daemon=True).start()
        self._speaker = threading.Thread(target=self._speak, daemon=True)
        self._speaker.start()

    def say(self, content: bytes) -> None:
        self._outbox.put(content)

    def end(self) -> None:
        """Says what is still to be said; nothing of the parent's is undone."""
        self._outbox.put(None)
        self._speaker.join()
        os._exit(0)

    def live(self, book: WorkBook) -> None:
        while (message := self._inbox.get()) is not None:
            asked = pickle.loads(memoryview(message)[1:])  # noqa: S301 - from our own parent
            if message[:1] == _READ:
                self._chunks(book.rows(asked), None)
            else:
                rows = data_rows(book.rows(asked.sheet), asked.first, asked.start, asked.labels, asked.keys)
                self._chunks(rows, asked.reader)
            self.say(_END)

    def _chunks(self, rows: Iterator[Any], reader: Reader | None) -> None:
        """Rows chunk by chunk: made, or as they stand when that is wanted."""
        while chunk := list(islice(rows, CHUNK)):
            self._room.acquire()
            if reader is None or self._lent.acquire(blocking=False):
                self.say(_RAW + marshal.dumps(chunk))
            else:
                self.say(_MADE + marshal.dumps(reader.prepare(chunk)))

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                content = self._pipe.recv_bytes()
                if content == _TAKEN:
                    self._room.release()
                elif content == _LEND:
                    self._lent.release()
                else:
                    self._inbox.put(content)
        os._exit(0)  # the importing process has all it wants, or is gone

    def _speak(self) -> None:
        with suppress(OSError):
            while (content := self._outbox.get()) is not None:
                self._pipe.send_bytes(content)


# ---------------------------------------------------------------- in the importing process


class Other(Protocol):
    """A further process that makes rows it is given (intake.workers)."""

    def introduce(self, reader: Reader) -> None: ...
    def pass_on(self, rows: memoryview) -> None: ...
    def ready(self) -> bool: ...
    def answer(self) -> list[Sent]: ...


class Taking:
    """The rows of a table, made, chunk by chunk and in order: beside, here when there is time, and by other processes."""

    def __init__(self, beside: Beside, reader: Reader, others: Sequence[Other], ahead: int) -> None:
        self._beside, self._reader, self._others, self._ahead = beside, reader, others, ahead
        self._busy: dict[Other, int] = dict.fromkeys(others, 0)
        self._waiting: deque[_Chunk] = deque()  # what came over and was not taken yet, in the order of the file
        self._more = True

    def all(self, table: Table) -> Iterator[list[Sent]]:
        for other in self._others:
            other.introduce(self._reader)
        self._beside.make(table, self._reader)
        low = _LOW + self._ahead * len(self._others)
        while self._more or self._waiting:
            while self._more and self._beside.ready():
                self._hear()
            while self._more and len(self._waiting) + self._beside.asked < low:
                self._beside.lend()
            if self._waiting:
                made = self._made(self._waiting.popleft())
                self._beside.taken()
                yield made
            elif self._more:
                self._hear()

    def _hear(self) -> None:
        kind, content = self._beside.receive()
        if kind == _END:
            self._more = False
        elif kind == _MADE:
            self._waiting.append(_Chunk(made=content))
        else:
            self._beside.asked -= 1
            free = min(self._others, key=self._busy.__getitem__, default=None)
            if free is not None and self._busy[free] < self._ahead:
                free.pass_on(content)
                self._busy[free] += 1
                self._waiting.append(_Chunk(other=free))
            else:
                self._waiting.append(_Chunk(raw=content))

    def _made(self, chunk: _Chunk) -> list[Sent]:
        if chunk.here is not None:
            return chunk.here
        if chunk.other is not None:
            later = next((held for held in self._waiting if held.raw is not None), None)
            if later is not None and not chunk.other.ready():  # something to do until it is ready
                later.here, later.raw = self._here(later.raw), None
            self._busy[chunk.other] -= 1
            return chunk.other.answer()
        if chunk.made is not None:
            made: list[Sent] = marshal.loads(chunk.made)  # noqa: S302 - from our own child
            return made
        return self._here(chunk.raw)

    def _here(self, raw: memoryview | None) -> list[Sent]:
        assert raw is not None
        return self._reader.prepare(marshal.loads(raw))  # noqa: S302 - from our own child


@dataclass(slots=True)
class _Chunk:
    """Some rows: made beside, as they stand, with another process, or made here ahead of their turn."""

    made: memoryview | None = None
    raw: memoryview | None = None
    other: Other | None = None
    here: list[Sent] | None = None


def read_beside(content: bytes, where: str, max_mb: int, notes: list[str]) -> list[Grid]:
    """Every sheet of a workbook, as `read_spreadsheet` gives them; the process beside lives until they are released."""
    beside = Beside(content, where)
    try:
        measure(content, where, max_mb, notes)
        beside.trusted()
        grids: list[Grid] = []
        for name, shown, height, width, head in beside.sheets():
            tell_of_sheet(where, name, shown, height, width, notes)
            grids.append(FarGrid(beside, name, height, head))
        return grids
    except BaseException:
        beside.stop()
        raise
