"""Records in attached spreadsheets: xlsx, xls, et, ods, and the html or csv that is only called .xls."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile

from python_calamine import CalamineError, CalamineWorkbook

from crawler.extract.decode import decode
from crawler.extract.tables import Grid, Reader, parse, read, records
from crawler.items import Seen

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MAX_CELLS = 3_000_000


class Unreadable(Exception):
    """An attachment that cannot be read; the text is Chinese and says why. Raised by `rows` and `read_book`."""


def is_book(content: bytes) -> bool:
    """Whether the bytes are those of a spreadsheet program (a zip may also be a document: `read_book` finds out)."""
    return content.startswith((_ZIP, _OLE))


def read_book(content: bytes, reader: Reader, max_unpacked: int) -> list[Seen]:
    """The decisions of every sheet. Raises Unreadable."""
    found: list[Seen] = []
    for rows in sheets(content, max_unpacked):
        found.extend(read(Grid(rows, [[True] * len(row) for row in rows]), reader))
    for number, seen in enumerate(found, start=1):
        seen.row, seen.form = number, "attachment"
    return found


def sheets(content: bytes, max_unpacked: int) -> list[list[list[str]]]:
    """Every sheet as rows of texts. Raises Unreadable."""
    if content.startswith(_ZIP):
        _check_zip(content, max_unpacked)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        result: list[list[list[str]]] = []
        cells = 0
        for name in book.sheet_names:
            rows: list[list[str]] = []
            for row in book.get_sheet_by_name(name).iter_rows():
                cells += len(row)
                if cells > _MAX_CELLS:
                    raise Unreadable("表格过大（超过 300 万格），未读取")
                texts = [_text(cell) for cell in row]
                if any(texts):
                    rows.append(texts)
            result.append(rows)
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise Unreadable(f"不是可读的电子表格（{type(error).__name__}）") from None
    return result


def read_false_book(content: bytes, reader: Reader) -> list[Seen]:
    """A page or a csv that is called .xls."""
    text = decode(content)
    if "<t" in text[:5000].lower():
        found = records(parse(text), reader)
    else:
        sample = text[:4000]
        delimiter = "\t" if sample.count("\t") > sample.count(",") else ","
        try:
            lines = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
        except csv.Error as error:
            raise Unreadable(f"不是可读的表格文字（{error}）") from None
        lines = [row for row in lines if any(row)]
        found = read(Grid(lines, [[True] * len(row) for row in lines]), reader)
    for seen in found:
        seen.form = "attachment"
    return found


def _check_zip(content: bytes, max_unpacked: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OverflowError):
        raise Unreadable("压缩结构损坏，不是完整的电子表格") from None
    if unpacked > max_unpacked:
        raise Unreadable(f"解压后超过 {max_unpacked // 2**20} MB，未读取")


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
