"""Files in the compound format of older office programs: told apart by the streams they hold."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from crawler.documents.parts import Block, Document, Limits, Unreadable


def _named(name: str) -> bytes:
    return name.encode("utf-16-le") + b"\0\0"


def read_ole(content: bytes, limits: Limits) -> Document:
    """An xls or a doc (et and wps are such too)."""
    if _named("EncryptedPackage") in content:
        raise Unreadable("文件有密码，无法读取")
    if _named("WordDocument") in content:
        return read_doc(content, limits)
    if _named("Workbook") in content or _named("Book") in content:
        from crawler.documents.books import read_book

        return read_book(content, limits)
    raise Unreadable("不是 Word 或 Excel 文件，无法读取")


def read_doc(content: bytes, limits: Limits) -> Document:
    """A Word document of 1997 to 2003: by the converter; when that refuses it, its plain text by the piece table."""
    from doc2docx import convert
    from doc2docx.errors import EncryptedDocumentError

    source, target = Path("document.doc"), Path("document.docx")  # in the child's own folder
    source.write_bytes(content)
    try:
        convert(source, target)
        converted = target.read_bytes()
    except EncryptedDocumentError:
        raise Unreadable("文件有密码，无法读取") from None
    except Exception as error:  # whatever it stumbles over, the text may still be there
        if isinstance(error, MemoryError):
            raise
        return _plain(content)
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    from crawler.documents.word import read_docx
    from crawler.documents.zips import Zip

    return read_docx(Zip(converted, limits.unpacked), limits)


_FIELDS = re.compile("\x13[^\x13\x14\x15]*\x14|\x13[^\x13\x14\x15]*\x15|\x15")
_ROW_ENDS = re.compile("\x07\x07")


def _plain(content: bytes) -> Document:
    """Paragraphs, and tables as far as the marks of cells tell them."""
    text = _FIELDS.sub("", doc_text(content)).replace("\x0b", "\n").replace("\x0c", "\r").replace("\x1e", "-")
    document = Document("text")
    for piece in text.split("\r"):
        if "\x07" in piece:
            rows = [row.strip("\x07").split("\x07") for row in _ROW_ENDS.split(piece) if row.strip("\x07")]
            document.blocks.append(Block([[cell.strip() for cell in row] for row in rows]))
            continue
        lines = [line for line in piece.split("\n") if line.strip()]
        if lines and document.blocks and document.blocks[-1].lines:
            document.blocks[-1].lines.extend(lines)
        elif lines:
            document.blocks.append(Block(lines=lines))
    if not document.blocks:
        raise Unreadable("Word 文件中没有读出文字")
    return document


def doc_text(content: bytes) -> str:
    """The main text of a doc by its piece table. Raises Unreadable."""
    from doc2docx.cfb import CompoundFile
    from doc2docx.errors import Doc2DocxError

    try:
        compound = CompoundFile(content)
        word = compound.open_stream("WordDocument")
        flags = struct.unpack_from("<H", word, 0x0A)[0]
        if flags & 0x0100:
            raise Unreadable("文件有密码，无法读取")
        table = compound.open_stream("1Table" if flags & 0x0200 else "0Table")
        long = struct.unpack_from("<i", word, 0x4C)[0]  # characters of the main text
        start, size = struct.unpack_from("<ii", word, 0x1A2)  # where the piece table stands
        return _pieces(word, table[start : start + size])[: max(long, 0)]
    except (Doc2DocxError, struct.error, IndexError, ValueError, KeyError) as error:
        raise Unreadable(f"Word 文件已损坏，无法读取（{type(error).__name__}）") from None


def _pieces(word: bytes, clx: bytes) -> str:
    place = 0
    while place < len(clx) and clx[place] == 1:  # properties; the piece table stands behind them
        place += 3 + struct.unpack_from("<h", clx, place + 1)[0]
    if place >= len(clx) or clx[place] != 2:
        raise ValueError("no piece table")
    size = struct.unpack_from("<i", clx, place + 1)[0]
    plc = clx[place + 5 : place + 5 + size]
    count = (len(plc) - 4) // 12
    ends = struct.unpack_from(f"<{count + 1}i", plc, 0)
    found: list[str] = []
    for number in range(count):
        where = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * number + 2)[0]
        long = ends[number + 1] - ends[number]
        if long <= 0:
            continue
        if where & 0x40000000:  # one byte a character
            begin = (where & 0x3FFFFFFF) // 2
            found.append(word[begin : begin + long].decode("cp1252", "replace"))
        else:
            found.append(word[where : where + 2 * long].decode("utf-16-le", "replace"))
    return "".join(found)
