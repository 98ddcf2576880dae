"""Makes the rows of a large source on several cores: in processes beside this one, and here while nothing else is to do.

Rows go out and come back chunk by chunk and in order, as bytes of the few plain types they hold. The importing process
keeps only so many chunks under way that memory stays bounded, however long the source is.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import marshal
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from intake.cores import cores
from intake.headers import Table
from intake.read_beside import Beside, Taking, beside_of
from intake.rows import CHUNK, Prepared, Reader, Sent, opened
from standard import additions
from standard.errors import Refused

_AHEAD = 5  # chunks under way for each worker
_LENT = 8  # chunks made here that may wait for an earlier one of a worker
_READER, _ROWS = b"R", b"C"  # what a message to a worker begins with
_DIED = (
    "导入时一个子进程意外结束（{how}），本次导入已全部撤销，未写入任何数据。多为内存不足或被人为终止；"
    "请关闭其他程序后重新导入，或先设置环境变量 MINGCHA_WORKERS=1 再导入（较慢，用内存较少）"
)


class Makers:
    """Prepares rows chunk by chunk, in order: here, and for a large source in processes beside this one too."""

    def __init__(self, large: bool, beside: Beside | None = None) -> None:
        self._workers: list[_Worker] = []
        self._large = large
        self._beside = beside  # the process that reads the file makes rows too
        self._collecting = gc.get_threshold()

    def __enter__(self) -> Makers:
        if self._large:  # much is made and little kept that could be rubbish
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)
        further = min(cores(), 8) - (1 if self._beside is None else 2)
        if self._large and further > 0 and sys.platform == "linux":
            # A fork is there at once; with other threads running it is not safe, and a fresh process is started.
            method = "fork" if threading.active_count() == 1 else "spawn"
            known = [] if self._beside is None else [self._beside.pipe]
            for _ in range(further):
                self._workers.append(_Worker(method, [*known, *(worker.pipe for worker in self._workers)]))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.stop(at_once=kind is not None)
        self._workers = []
        if self._large:
            gc.set_threshold(*self._collecting)
            gc.unfreeze()

    def prepare(self, reader: Reader, table: Table) -> Iterator[list[Prepared]]:
        """The rows of a table, made, CHUNK by CHUNK."""
        beside = beside_of(table)
        if beside is None:
            return self._spread(reader, table.stream())
        taking = Taking(beside, reader, self._workers, _AHEAD)
        return ([opened(row) for row in made] for made in taking.all(table))

    def _spread(self, reader: Reader, stream: Iterator[tuple[int, Sequence[str]]]) -> Iterator[list[Prepared]]:
        for worker in self._workers:
            worker.introduce(reader)
        under_way: deque[_Worker | list[Sent]] = deque()  # in the order of the file
        busy: dict[_Worker, int] = dict.fromkeys(self._workers, 0)
        lent = 0
        more = True
        while more or under_way:
            for worker in self._workers:
                while more and busy[worker] < _AHEAD:
                    chunk = list(islice(stream, CHUNK))
                    more = len(chunk) == CHUNK
                    if chunk:
                        worker.ask(chunk)
                        busy[worker] += 1
                        under_way.append(worker)
            first = under_way[0] if under_way else None
            waiting = first is None or (isinstance(first, _Worker) and lent < _LENT and not first.ready())
            if more and waiting:  # nothing to store yet: lend a hand
                chunk = list(islice(stream, CHUNK))
                more = len(chunk) == CHUNK
                if chunk:
                    under_way.append(reader.prepare(chunk))
                    lent += 1
                continue
            if first is None:
                return
            under_way.popleft()
            if isinstance(first, _Worker):
                made = first.answer()
                busy[first] -= 1
            else:
                made = first
                lent -= 1
            yield [opened(row) for row in made]


class _Worker:
    """One process that makes rows, and the pipe to it."""

    def __init__(self, method: str, others: Sequence[Connection]) -> None:
        context = multiprocessing.get_context(method)
        self.pipe, theirs = context.Pipe()
        inherited = [self.pipe, *others] if method == "fork" else []
        arguments = (theirs, inherited, additions.folder())
        self._process = context.Process(target=_work, args=arguments, daemon=True)  # type: ignore[attr-defined]
        self._process.start()
        theirs.close()

    def introduce(self, reader: Reader) -> None:
        """From now on rows of this table come."""
        self._send(_READER + pickle.dumps(reader))

    def pass_on(self, rows: memoryview) -> None:
        """A chunk as another process handed it over."""
        self._send(_ROWS + rows)

    def ask(self, chunk: list[tuple[int, Sequence[str]]]) -> None:
        self._send(_ROWS + marshal.dumps(chunk))

    def ready(self) -> bool:
        return self.pipe.poll(0)

    def answer(self) -> list[Sent]:
        """The next chunk, made. Raises Refused when the process died, and what it raised when it failed."""
        try:
            content = self.pipe.recv_bytes()
        except (EOFError, OSError):
            self._died()
        if content[:1] != _ROWS:
            raise RuntimeError(f"a worker of the import failed:\n{content[1:].decode('utf-8', 'replace')}")
        made: list[Sent] = marshal.loads(memoryview(content)[1:])  # noqa: S302 - from our own child
        return made

    def _send(self, content: bytes) -> None:
        try:
            self.pipe.send_bytes(content)
        except OSError:
            self._died()

    def _died(self) -> None:
        self._process.join(5)
        code = self._process.exitcode
        raise Refused(
            _DIED.format(how=f"信号 {-code}" if code is not None and code < 0 else f"返回值 {code}")
        ) from None

    def stop(self, at_once: bool) -> None:
        self.pipe.close()  # it ends when nothing more can come
        if at_once:
            self._process.kill()
        self._process.join()
        self._process.close()


def _work(pipe: Connection, inherited: Sequence[Connection], own: Path | None) -> None:
    """A worker's life: rows in, rows out, until the pipe closes. It makes much and keeps nothing: little to collect.

    `inherited`: ends of pipes a fork copied and that are not ours; `own`: the folder of the workspace's own editions, which
    a fresh process does not know yet.
    """
    if own is not None:
        additions.load(own)
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    sys.setswitchinterval(0.001)  # whoever reads or writes the pipe is soon let through
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # a worker whose parent was killed must not stay behind
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in inherited:
        end.close()
    inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    outbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # What comes in is taken off the pipe at once and what goes out waits aside: neither process waits for the other to be
    # heard. No more than what the importing process lets be under way is ever held.
    threading.Thread(target=_listen, args=(pipe, inbox), daemon=True).start()
    threading.Thread(target=_speak, args=(pipe, outbox), daemon=True).start()
    reader: Reader | None = None
    while (content := inbox.get()) is not None:
        try:
            if content[:1] == _READER:
                reader = pickle.loads(memoryview(content)[1:])  # noqa: S301 - from our own parent
            else:
                assert reader is not None
                rows = marshal.loads(memoryview(content)[1:])  # noqa: S302 - from our own parent
                outbox.put(_ROWS + marshal.dumps(reader.prepare(rows)))
        except Exception:
            outbox.put(b"E" + traceback.format_exc().encode("utf-8", "replace"))
    os._exit(0)  # the importing process has all it wants: nothing to flush, and nothing of the parent's to undo


def _speak(pipe: Connection, outbox: queue.SimpleQueue[bytes]) -> None:
    with contextlib.suppress(OSError):  # the importing process is gone
        while True:
            pipe.send_bytes(outbox.get())


def _listen(pipe: Connection, inbox: queue.SimpleQueue[bytes | None]) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            inbox.put(pipe.recv_bytes())
    inbox.put(None)
