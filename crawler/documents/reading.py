"""One document, whatever it is called: told by its first bytes, read by a child."""

from __future__ import annotations

import dataclasses
import re

from containers.packed import is_packed
from crawler.documents import child
from crawler.documents.parts import MB, Block, Document, Limits, Member, Place

_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*")
_XML_BOOK = re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet|<(?:ss:)?Workbook[\s>]")
_OCR_MEMORY = 4096 * MB


def task_of(content: bytes) -> str | None:
    """Which reader a document's first bytes ask for; None for text of any kind.

    >>> task_of(b"PK\\x03\\x04...."), task_of(b"%PDF-1.7"), task_of(b"<html>")
    ('zip', 'pdf', None)
    """
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "ole"
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if is_packed(content):
        return "packed"
    if start.startswith(b"{\\rtf"):
        return "rtf"
    if content.startswith(_IMAGES) or (
        content.startswith(b"BM") and len(content) > 54 and content[6:10] == b"\0\0\0\0"
    ):
        return "scan"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "scan"
    if start.startswith(b"<?xml") and _XML_BOOK.search(content[:4096]):
        return "xml"
    return None


def read_document(content: bytes, task: str, limits: Limits) -> Document:
    """What a document holds. Raises Unreadable."""
    question = {"task": task, "limits": dataclasses.asdict(limits)}
    memory = _OCR_MEMORY if task == "scan" else limits.memory
    answer, blob = child.ask(question, content, limits.seconds, memory)
    document = Document(answer["form"], cut=answer["cut"], certain=answer["certain"])
    for rows, own, lines, places in answer["blocks"]:
        told = [Place(page, top, size, tuple(map(tuple, pieces))) for page, top, size, pieces in places]
        document.blocks.append(Block(rows, own, lines, told))
    start = 0
    for name, length, problem in answer["members"]:
        document.members.append(Member(name, blob[start : start + length], problem))
        start += length
    return document
