"""Rich text (.rtf, and .doc that is rich text): its words and its simple tables."""

from __future__ import annotations

import re

from crawler.documents.parts import Block, Document, Limits, Unreadable

_TOKEN = re.compile(rb"\\([a-z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
_SKIPPED = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"generator", b"listtable",
     b"listoverridetable", b"themedata", b"colorschememapping", b"latentstyles", b"datastore", b"xmlnstbl", b"rsidtbl", b"fldinst")
)  # fmt: skip
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": " ", b"cell": "\a", b"row": "\b", b"page": "\n", b"sect": "\n"}


def read_rtf(content: bytes, limits: Limits) -> Document:
    """Lines, and a table where cells and rows are marked."""
    document = Document("text")
    rows: list[list[str]] = []
    for part in re.split("(\b)", _text(content)):
        if part == "\b":
            continue
        if "\a" in part:
            before, _, _ = part.partition("\a")
            lines = before.split("\n")
            if not rows and len(lines) > 1:
                _lines(document, lines[:-1])
                part = part[len("\n".join(lines[:-1])) + 1 :]
            rows.append([cell.strip() for cell in part.rstrip("\a").split("\a")])
            continue
        _table(document, rows)
        rows = []
        _lines(document, part.split("\n"))
    _table(document, rows)
    if not document.blocks:
        raise Unreadable("RTF 文件中没有读出文字")
    return document


def _table(document: Document, rows: list[list[str]]) -> None:
    if rows:
        document.blocks.append(Block(rows))


def _lines(document: Document, lines: list[str]) -> None:
    kept = [line.strip() for line in lines if line.strip()]
    if kept:
        document.blocks.append(Block(lines=kept))


def _text(content: bytes) -> str:
    """The words without the commands; bytes outside ASCII are of the Chinese code page."""
    found: list[str] = []
    raw = bytearray()
    depth, skipped, after = 0, 0, 1
    swallow = 0  # characters that only repeat a \\u for old programs

    def flush() -> None:
        if raw:
            found.append(raw.decode("gb18030", "replace"))
            raw.clear()

    starred = False
    for match in _TOKEN.finditer(content):
        word, number, byte, sign, brace, plain = match.groups()
        if brace == b"{":
            depth += 1
        elif brace == b"}":
            if skipped == depth:
                skipped = 0
            depth -= 1
        elif sign == b"*":
            starred = True
            continue
        elif word is not None and (starred or word in _SKIPPED) and not skipped:
            skipped = depth
        elif skipped:
            pass
        elif word == b"u" and number is not None:
            flush()
            found.append(chr(int(number) % 65536))
            swallow = after
            continue
        elif word == b"uc" and number is not None:
            after = min(max(int(number), 0), 4)
        elif word in _BREAKS:
            flush()
            found.append(_BREAKS[word])
        elif byte is not None:
            if swallow:
                swallow -= 1
            else:
                raw += bytes((int(byte, 16),))
            continue
        elif sign is not None and sign in b"\\{}":
            raw += sign
        elif sign == b"~":
            raw += b" "
        elif plain is not None:
            raw += plain[swallow:]
        starred, swallow = False, 0
    flush()
    return "".join(found).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
