"""OFD, the national format of fixed pages: its words put into lines by where they stand."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from crawler.documents.lines import Word, block
from crawler.documents.parts import Document, Limits, Unreadable
from crawler.documents.zips import Zip

_MAX_OBJECTS = 500_000
_MAX_STEPS = 2_000


def read_ofd(archive: Zip, limits: Limits) -> Document:
    """Every page's words as lines, a block a page."""
    root = archive.xml("OFD.xml")
    document = Document("text")
    pages = 0
    pictures = False
    for start in _texts(root, "DocRoot"):
        place = _joined("", start)
        body = archive.xml(place)
        if body is None:
            continue
        for page in _all(body, "Page"):
            target = page.get("BaseLoc")
            if not target:
                continue
            pages += 1
            if pages > limits.pages:
                document.cut = f"超过 {limits.pages} 页，其余未读"
                return document
            content = archive.xml(_joined(posixpath.dirname(place), target))
            if content is None:
                continue
            pictures = pictures or next(_all(content, "ImageObject"), None) is not None
            found = block(list(_words(content)), pages)
            if found is not None:
                document.blocks.append(found)
    if not document.blocks:
        if pictures:
            return Document("scan")
        raise Unreadable("OFD 文件中没有读出文字")
    return document


def _all(node: Any, name: str) -> Iterator[Any]:
    if node is not None:
        for child in node.iter():
            if isinstance(child.tag, str) and child.tag.rpartition("}")[2] == name:
                yield child


def _texts(node: Any, name: str) -> Iterator[str]:
    return ((child.text or "").strip() for child in _all(node, name))


def _joined(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, name)).lstrip("/")


def _words(content: Any) -> Iterator[Word]:
    for number, node in enumerate(_all(content, "TextObject")):
        if number > _MAX_OBJECTS:
            return
        box = _numbers(node.get("Boundary"))
        if len(box) < 4:
            continue
        size = (_numbers(node.get("Size")) or [4.0])[0]
        for code in _all(node, "TextCode"):
            text = "".join(code.itertext())
            if not text.strip():
                continue
            left = (_numbers(code.get("X")) or [0.0])[0]
            down = (_numbers(code.get("Y")) or [0.0])[0]
            steps = _numbers(code.get("DeltaX"))
            width = sum(steps) + size if steps else size * len(text)
            yield Word(box[0] + left, box[1] + down, box[0] + left + width, size, text)


def _numbers(text: str | None) -> list[float]:
    """Numbers as they stand; `g 5 3.175` are five steps of 3.175."""
    found: list[float] = []
    repeat: int | None = None  # 0 until the count behind a g is known
    for word in (text or "").split()[:_MAX_STEPS]:
        try:
            number = float(word)
        except ValueError:
            repeat = 0 if word == "g" else repeat
            continue
        if repeat == 0:
            repeat = int(min(max(number, 1), _MAX_STEPS)) if number == number else 1
            continue
        found.extend([number] * (repeat or 1))
        repeat = None
    return found[:_MAX_STEPS]
