"""The child process that parses documents, seen from outside: asked one document at a time, ended when it takes too long.

A child serves many documents, because starting one costs more than reading most files. It is replaced after a crash, after
a time-out and after a while, so that nothing a document leaves behind reaches many others.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.documents.parts import MB, Unreadable

_SERVES = 200  # documents; what leaks in a library cannot grow for ever
_HEAD = struct.Struct(">QQ")  # length of the JSON, length of the bytes behind it
_MAX_TEXT = 512 * MB
_PREFIX = "mingcha-documents-"
_ROOT = str(Path(__file__).parents[2])


class Child:
    """One process with a limit of memory and an own, empty folder."""

    def __init__(self, memory: int) -> None:
        self.owner, self.memory = os.getpid(), memory
        self.served = 0
        _sweep()
        self.folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{self.owner}-")
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crawler.documents.worker", str(memory), str(self.owner)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=self.folder, bufsize=0,
            env=environment | {"PYTHONPATH": _ROOT, "OMP_NUM_THREADS": "1", "TMPDIR": self.folder},
        )  # fmt: skip
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr]

    def ask(self, question: Mapping[str, Any], content: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The child's answer. Raises TimeoutError when it takes too long, EOFError when it died."""
        self.served += 1
        deadline = time.monotonic() + seconds
        text = json.dumps(question).encode()
        self._send((_HEAD.pack(len(text), len(content)), text, content), deadline)
        long, blob = _HEAD.unpack(self._receive(_HEAD.size, deadline))
        if long > _MAX_TEXT or blob > _MAX_TEXT:
            raise EOFError("answer is too long")
        answer = json.loads(self._receive(long, deadline))
        return answer, self._receive(blob, deadline)

    def _send(self, pieces: tuple[bytes, ...], deadline: float) -> None:
        number = self.process.stdin.fileno()  # type: ignore[union-attr]
        for piece in pieces:
            view = memoryview(piece)
            while view:
                self._wait(number, select.POLLOUT, deadline)
                try:
                    view = view[os.write(number, view) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    raise EOFError("the child is gone") from None

    def _receive(self, length: int, deadline: float) -> bytes:
        number = self.process.stdout.fileno()  # type: ignore[union-attr]
        found = bytearray()
        while len(found) < length:
            self._wait(number, select.POLLIN, deadline)
            try:
                piece = os.read(number, min(length - len(found), MB))
            except BlockingIOError:
                continue
            if not piece:
                raise EOFError("the child is gone")
            found += piece
        return bytes(found)

    @staticmethod
    def _wait(number: int, event: int, deadline: float) -> None:
        left = deadline - time.monotonic()
        waiting = select.poll()  # select() cannot wait for numbers above 1023, and a crawl holds many connections
        waiting.register(number, event)
        if left <= 0 or not waiting.poll(left * 1000):
            raise TimeoutError

    def end(self) -> None:
        """Ends the process and removes its folder."""
        if self.owner != os.getpid():
            return  # a fork of this process must not end its parent's child
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()  # type: ignore[union-attr]
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _sweep() -> None:
    """Removes the folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not owner.isdecimal():
            continue
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, OverflowError):
            continue  # somebody else's


_idle: list[Child] = []
_lock = threading.Lock()


def ask(question: Mapping[str, Any], content: bytes, seconds: float, memory: int) -> tuple[dict[str, Any], bytes]:
    """What a child answers about one document; each thread that asks has a child of its own meanwhile. Raises Unreadable."""
    child = _taken(memory)
    well = False
    try:
        answer, blob = child.ask(question, content, seconds)
        well = not answer.get("worn") and child.served < _SERVES
    except TimeoutError:
        raise Unreadable(f"读取超过 {seconds:g} 秒，已停止") from None
    except (EOFError, ValueError):
        raise Unreadable("读取时出错或超出内存限制，已停止；文件可能已损坏") from None
    finally:
        if well:
            with _lock:
                _idle.append(child)
        else:
            child.end()
    if "problem" in answer:
        raise Unreadable(str(answer["problem"]))
    return answer, blob


def _taken(memory: int) -> Child:
    """A child that is idle and alive, with this limit of memory; else a new one."""
    with _lock:
        for child in [child for child in _idle if child.memory == memory]:
            _idle.remove(child)
            if child.owner == os.getpid() and child.process.poll() is None:
                return child
            child.end()
    return Child(memory)


@atexit.register
def close() -> None:
    """Ends all children of this process."""
    with _lock:
        while _idle:
            _idle.pop().end()
