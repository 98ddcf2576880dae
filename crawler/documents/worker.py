"""The child itself: reads documents from its input until the input ends.

Run as `python -m crawler.documents.worker MEMORY PARENT` by `child.Child` only.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from crawler.documents.parts import MB, Document, Limits, Unreadable

_HEAD = struct.Struct(">QQ")
_PR_SET_PDEATHSIG = 1


def main(memory: int, parent: int) -> None:
    """Answers question after question. Ends with its input, or with its parent."""
    _bind(memory, parent)
    source = sys.stdin.buffer
    target = os.fdopen(os.dup(1), "wb")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # what a library prints must not mix with the answers
    while head := source.read(_HEAD.size):
        long, size = _HEAD.unpack(head)
        question = json.loads(source.read(long))
        _answer(target, question, source.read(size))


def _bind(memory: int, parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * MB, 256 * MB))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _answer(target: BinaryIO, question: dict[str, Any], content: bytes) -> None:
    answer: dict[str, Any]
    blob = b""
    try:
        read = _reader(question["task"])
        limits = Limits(**question["limits"])
        answer, blob = packed(read(content, limits))
    except Unreadable as error:
        answer = {"problem": str(error)}
    except MemoryError:
        answer = {"problem": "读取时超出内存限制，已停止", "worn": True}
    except ImportError as error:
        answer = {"problem": f"缺少读取此类文件的组件 {error.name}，安装后可读"}
    except Exception as error:  # a library may raise anything on bytes made to harm; it becomes a reason
        answer = {"problem": f"文件已损坏或格式不规范（{type(error).__name__}）", "worn": True}
    text = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    for piece in (_HEAD.pack(len(text), len(blob)), text, blob):
        target.write(piece)
    target.flush()


def packed(document: Document) -> tuple[dict[str, Any], bytes]:
    """A document as JSON and bytes."""
    answer = {
        "form": document.form, "cut": document.cut, "certain": document.certain,
        "blocks": [
            [b.rows, b.own, b.lines, [[p.page, p.top, p.size, p.pieces] for p in b.places]] for b in document.blocks
        ],
        "members": [[member.name, len(member.content), member.problem] for member in document.members],
    }  # fmt: skip
    return answer, b"".join(member.content for member in document.members)


def _reader(task: str) -> Callable[[bytes, Limits], Document]:
    if task == "zip":
        from crawler.documents.archives import read_zip_like

        return read_zip_like
    if task == "ole":
        from crawler.documents.ole import read_ole

        return read_ole
    if task == "pdf":
        from crawler.documents.pdf import read_pdf

        return read_pdf
    if task == "packed":
        from crawler.documents.archives import read_packed

        return read_packed
    if task == "xml":
        from crawler.documents.books import read_xml_book

        return read_xml_book
    if task == "rtf":
        from crawler.documents.rtf import read_rtf

        return read_rtf
    if task == "scan":
        from crawler.documents.scans import read_scan

        return read_scan
    raise Unreadable(f"没有读取 {task} 的程序")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
