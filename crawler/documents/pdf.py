"""PDF: tables where lines are ruled, words elsewhere; a page that is only a picture is a scan."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from typing import Any

from crawler.documents.lines import Word, block, plain
from crawler.documents.parts import Block, Document, Limits, Unreadable

_WRAPPED = re.compile(r"\s*\n\s*(?![\d一二三四五六七八九十]{1,2}[、.．)）])(?!(?<=[A-Za-z]\n)[A-Za-z])")
_RULED = 6  # fewer edges are a letterhead's line or a seal
_MAX_OBJECTS = 60_000  # on one page: drawings, not text
_TWICE = 0.95  # of the letters stand alone in their places on a page that prints none twice
_SHARE = 0.8  # of the time the child has


def read_pdf(content: bytes, limits: Limits) -> Document:
    """Blocks in the order of pages; what follows on the next page in the same columns is one table."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    deadline = time.monotonic() + limits.seconds * _SHARE
    document = Document("text")
    scanned = 0
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            for number, page in enumerate(pdf.pages, start=1):
                if number > limits.pages or time.monotonic() > deadline:
                    document.cut = f"共 {len(pdf.pages)} 页，只读了前 {number - 1} 页"
                    break
                found = list(_page(page))
                scanned += not found and bool(page.images)
                for place, added in enumerate(found):
                    _append(document, added, place == 0 and number > 1)
                page.close()
    except PDFPasswordIncorrect:
        raise Unreadable("PDF 有密码，无法读取") from None
    except PdfminerException as error:
        if error.args and isinstance(error.args[0], PDFPasswordIncorrect):
            raise Unreadable("PDF 有密码，无法读取") from None
        raise Unreadable("PDF 已损坏，无法读取") from None
    if not document.blocks:
        if scanned:
            return Document("scan", cut=document.cut)
        raise Unreadable(document.cut or "PDF 中没有文字")
    if scanned and not document.cut:
        document.cut = f"其中 {scanned} 页是扫描图片，未读"
    return document


def _page(page: Any) -> Iterator[Block]:
    if len(page.chars) > _MAX_OBJECTS or len(page.edges) > _MAX_OBJECTS:
        raise Unreadable("PDF 某页内容过多，未读取")
    if _is_overprinted(page.chars):
        page = page.dedupe_chars()
    tables = page.find_tables({"explicit_horizontal_lines": _open_ends(page)}) if len(page.edges) >= _RULED else []
    tables = sorted((table for table in tables if len(table.cells) > 3), key=lambda table: table.bbox[1])
    top = 0.0
    for table in tables:
        yield from _words(page, top, table.bbox[1], tables)
        yield _table(table)
        top = max(top, table.bbox[3])
    yield from _words(page, top, float(page.height), tables)


def _is_overprinted(chars: list[Any]) -> bool:
    """Whether letters stand twice in one place: some programs print bold so, and 处罚 would read 处处罚罚."""
    places = {(char["text"], round(char["x0"]), round(char["top"])) for char in chars}
    return len(places) < len(chars) * _TWICE


def _open_ends(page: Any) -> list[float]:
    """Where columns begin or end without a line across: a row that a page broke."""
    upright = page.vertical_edges
    if len(upright) < 3:
        return []
    ends = (min(edge["top"] for edge in upright), max(edge["bottom"] for edge in upright))
    return [end for end in ends if not any(abs(edge["top"] - end) < 3 for edge in page.horizontal_edges)]


def _table(table: Any) -> Block:
    """A grid; a cell that spans others is None in the places it covers."""
    rows: list[list[str]] = []
    own: list[list[bool]] = []
    for row in table.extract(x_tolerance=1.5, y_tolerance=2):
        texts = ["" if cell is None else _whole(cell) for cell in row]
        mine = [cell is not None for cell in row]
        for place, stands in enumerate(mine):
            if not stands and place and mine[0]:
                texts[place] = texts[place - 1]  # to the right of a cell that spans columns
            elif not stands and rows and place < len(rows[-1]):
                texts[place] = rows[-1][place]
        if any(texts):
            rows.append(texts)
            own.append(mine)
    return Block(rows, own)


def _whole(cell: str) -> str:
    """A cell's text without the breaks that only its width made."""
    return _WRAPPED.sub("", plain(cell)).strip()


def _words(page: Any, top: float, bottom: float, tables: list[Any]) -> Iterator[Block]:
    boxes = [table.bbox for table in tables]
    words = [
        Word(char["x0"], char["top"], char["x1"], char["size"] or 10.0, char["text"])
        for char in page.chars
        if top <= (char["top"] + char["bottom"]) / 2 < bottom and char["upright"] and not _within(char, boxes)
    ]
    found = block([word for word in words if word.text.strip()], page.page_number)
    if found is not None:
        yield found


def _within(char: Any, boxes: list[tuple[float, float, float, float]]) -> bool:
    middle = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return any(box[0] <= middle[0] <= box[2] and box[1] <= middle[1] <= box[3] for box in boxes)


def _append(document: Document, added: Block, first_of_page: bool) -> None:
    last = document.blocks[-1] if document.blocks else None
    if last is not None and added.lines and last.lines:
        last.lines.extend(added.lines)
        last.places.extend(added.places)
    elif last is not None and first_of_page and added.rows and last.rows and len(added.rows[0]) == len(last.rows[-1]):
        _go_on(last, added)
    else:
        document.blocks.append(added)


def _go_on(last: Block, block: Block) -> None:
    """A table that a page broke: its header may come again, its first row may be the rest of the last one."""
    rows, own = block.rows, block.own or []
    if rows[0] == last.rows[0]:
        rows, own = rows[1:], own[1:]
    if rows and not rows[0][0] and sum(map(bool, rows[0])) * 2 <= len(rows[0]):
        for place, text in enumerate(rows[0]):
            last.rows[-1][place] += text
        rows, own = rows[1:], own[1:]
    last.rows.extend(rows)
    if last.own is not None:
        last.own.extend(own)
