"""Spreadsheets: xls, xlsx, et, ods by one library; XML spreadsheets of 2003 by their tags."""

from __future__ import annotations

import datetime
import io
from typing import Any

from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from crawler.documents.parts import Block, Document, Limits, Unreadable

_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_MAX_COLUMNS = 1_000


def read_book(content: bytes, limits: Limits) -> Document:
    """Every sheet as a table."""
    document = Document("book")
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        cells = 0
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            rows: list[list[str]] = []
            for row in sheet.iter_rows():
                cells += len(row)
                if cells > limits.cells:
                    raise Unreadable(f"表格过大（超过 {limits.cells // 10000} 万格），未读取")
                rows.append([_text(cell) for cell in row])
            document.blocks.append(_without_empty(rows, _spread(rows, sheet)))
    except PasswordError:
        raise Unreadable("文件有密码，无法读取") from None
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(f"不是可读的电子表格（{type(error).__name__}）") from None
    return document


def _spread(rows: list[list[str]], sheet: Any) -> list[list[bool]]:
    """Fills merged cells; the answer tells which cells stand there themselves."""
    own = [[True] * len(row) for row in rows]
    start = sheet.start or (0, 0)
    for first, last in sheet.merged_cell_ranges or ():
        top, left = first[0] - start[0], first[1] - start[1]
        if not (0 <= top < len(rows) and 0 <= left < len(rows[top])):
            continue
        text = rows[top][left]
        for row in range(top, min(last[0] - start[0] + 1, len(rows), top + 2_000)):
            for column in range(left, min(last[1] - start[1] + 1, len(rows[row]))):
                if (row, column) != (top, left):
                    rows[row][column], own[row][column] = text, False
    return own


def _without_empty(rows: list[list[str]], own: list[list[bool]]) -> Block:
    kept = [number for number, row in enumerate(rows) if any(row)]
    return Block([rows[n] for n in kept], [own[n] for n in kept])


def _text(cell: object) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
    return str(cell).strip()


def read_xml_book(content: bytes, limits: Limits) -> Document:
    """The XML spreadsheet of 2003: Worksheet, Table, Row, Cell, Data; merged cells and left-out cells by attributes."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("XML 表格损坏，无法读取") from None
    if root is None:
        raise Unreadable("XML 表格损坏，无法读取")
    document = Document("book")
    left = limits.cells
    for table in root.iter(f"{{{_SPREADSHEET}}}Table"):
        block = _xml_table(table, left)
        left -= sum(map(len, block.rows))
        document.blocks.append(block)
    if not document.blocks:
        raise Unreadable("XML 文件中没有表格")
    return document


def _xml_table(table: Any, cells: int) -> Block:
    rows: list[list[str]] = []
    own: list[list[bool]] = []
    carried: dict[int, tuple[int, str]] = {}
    for row in table.iter(f"{{{_SPREADSHEET}}}Row"):
        texts: list[str] = []
        mine: list[bool] = []

        def fill(texts: list[str] = texts, mine: list[bool] = mine) -> None:
            while len(texts) in carried:
                down, text = carried[len(texts)]
                if down > 1:
                    carried[len(texts)] = (down - 1, text)
                else:
                    del carried[len(texts)]
                texts.append(text)
                mine.append(False)

        fresh: list[tuple[int, int, str]] = []
        for cell in row.iter(f"{{{_SPREADSHEET}}}Cell"):
            fill()
            place = _whole(cell, "Index") - 1
            while len(texts) < min(place, _MAX_COLUMNS):
                texts.append("")
                mine.append(True)
            data = cell.find(f"{{{_SPREADSHEET}}}Data")
            text = "".join(data.itertext()).strip() if data is not None else ""
            if data is not None and data.get(f"{{{_SPREADSHEET}}}Type") == "DateTime":
                text = text.removesuffix("T00:00:00.000").replace("T", " ")
            down = _whole(cell, "MergeDown")
            for number in range(min(1 + _whole(cell, "MergeAcross"), _MAX_COLUMNS)):
                if down:
                    fresh.append((len(texts), down, text))
                texts.append(text)
                mine.append(number == 0)
        fill()
        carried.update({column: (down, text) for column, down, text in fresh})
        cells -= len(texts)
        if cells < 0:
            raise Unreadable("表格过大，未读取")
        if any(texts):
            rows.append(texts)
            own.append(mine)
    return Block(rows, own)


def _whole(cell: Any, name: str) -> int:
    text = cell.get(f"{{{_SPREADSHEET}}}{name}") or "0"
    return int(text[:6]) if text[:6].isdecimal() else 0
