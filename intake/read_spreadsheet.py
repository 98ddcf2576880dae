"""xlsx, xls, et, ods -> grids. The bytes decide what a file is; its extension often lies.

A workbook is measured before it is opened: how much it unpacks to, how many cells it spans. A bomb is refused, not opened.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from intake.grids import Grid, Row, cell_text
from intake.read_csv import MAX_COLUMNS
from standard.errors import Refused

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
MAX_ROWS = 1_100_000
MAX_SPAN = 60_000_000  # cells between the first and the last one; each takes memory, filled or not
_UNPACKED = 4  # a workbook may unpack to so many times the limit of an archive: XML is wordy
_CHUNK = 1 << 20
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LATE_ROW = re.compile(rb'<(?:\w+:)?row [^>]*?\br="(\d+)"')
_WIDE_CELL = re.compile(rb' r="([B-Z][A-Z]|[A-Z]{3})\d')  # column 53 and beyond
_REPEATED = re.compile(
    rb'number-columns-repeated="\d{4,}"[^>]*office:value|office:value[^>]*number-columns-repeated="\d{4,}"'
    rb'|<table:table-row[^>]*number-rows-repeated="\d{5,}"[^>]*>(?:(?!</table:table-row>).)*?office:value',
    re.DOTALL,
)
_SAVE = "请用 Excel 或 WPS 打开，另存为 xlsx 后再导入"


def is_spreadsheet(content: bytes) -> bool:
    """True when the first bytes are those of a workbook (or of any zip)."""
    return content.startswith((ZIP, OLE))


def read_spreadsheet(
    content: bytes,
    where: str,
    max_mb: int = 256,
    load: Callable[[], bytes] | None = None,
    notes: list[str] | None = None,
) -> list[Grid]:
    """Every sheet with its merged cells filled. Raises Refused, naming the file, when it cannot be opened.

    `load` gives the bytes again, so that a released workbook need not be held in memory.
    """
    if content.startswith(ZIP):
        _measure(content, where, max_mb)
    elif _ENCRYPTED in content:
        raise Refused(f"{where}：文件设有密码，请在 Excel 中去掉密码（文件-信息-保护工作簿）后再导入")
    book = _Book(content, where, load)
    grids = []
    for meta in book.open().sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.sheet(meta.name)
        if sheet.total_height > MAX_ROWS:
            raise Refused(f"{where}：工作表“{meta.name}”超过 {MAX_ROWS} 行，请拆分后导入")
        if notes is not None and sheet.total_width > MAX_COLUMNS:
            notes.append(
                f"工作表“{meta.name}”有 {sheet.total_width} 列，第 {MAX_COLUMNS} 列以后未读取，请删除多余的空列"
            )
        if notes is not None and meta.visible != SheetVisibleEnum.Visible and sheet.total_height > 1:
            notes.append(f"工作表“{meta.name}”是隐藏的，已一并读取")
        grids.append(book.grid(meta.name))
    return grids


class _Book:
    """A workbook that is opened when needed; each sheet is parsed once, until released."""

    def __init__(self, content: bytes, where: str, load: Callable[[], bytes] | None) -> None:
        self.where, self.load = where, load or (lambda: content)
        self.book: Any = None
        self.sheets: dict[str, CalamineSheet] = {}
        if load is None or len(content) < _CHUNK:
            self.load = lambda: content
        self.first: bytes | None = content

    def open(self) -> Any:
        if self.book is None:
            content, self.first = self.first, None
            try:
                self.book = CalamineWorkbook.from_filelike(io.BytesIO(self.load() if content is None else content))
            except PasswordError:
                raise Refused(f"{self.where}：文件设有密码，请去掉密码后再导入") from None
            except BaseException as error:
                self._refuse(error, "无法打开")
        return self.book

    def sheet(self, name: str) -> CalamineSheet:
        if name not in self.sheets:
            try:
                self.sheets[name] = self.open().get_sheet_by_name(name)
            except Refused:
                raise
            except BaseException as error:
                self._refuse(error, f"工作表“{name}”无法读取")
        return self.sheets[name]

    def _refuse(self, error: BaseException, what: str) -> NoReturn:
        """The reader's own errors, and the panic of its native half (which is no Exception), are the file's fault."""
        if isinstance(error, (CalamineError, OSError, ValueError)) or type(error).__name__ == "PanicException":
            raise Refused(f"{self.where}：{what}，文件可能已损坏（{str(error)[:200]}）。{_SAVE}") from None
        raise error

    def grid(self, name: str) -> Grid:
        return Grid(name, opened=lambda: self._rows(name), release=self._close)

    def _close(self) -> None:
        self.sheets.clear()
        self.book = None

    def _rows(self, name: str) -> Iterator[Row]:
        sheet = self.sheet(name)
        merged = sorted(sheet.merged_cell_ranges or [])
        narrow = sheet.total_width <= MAX_COLUMNS
        rows = sheet.iter_rows()
        number = 0
        active: list[tuple[int, int, int, str]] = []
        waiting = 0
        while True:
            try:
                row = next(rows, None)
            except BaseException as error:
                self._refuse(error, f"工作表“{name}”第 {number + 1} 行无法读取")
            if row is None:
                break
            if not narrow:
                row = row[:MAX_COLUMNS]
            cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
            if waiting < len(merged) or active:
                while waiting < len(merged) and merged[waiting][0][0] <= number:
                    (top, left), (bottom, right) = merged[waiting]
                    waiting += 1
                    if top == number and left < len(cells) and len(active) < MAX_COLUMNS:
                        active.append((bottom, left, min(right + 1, len(cells)), cells[left]))
                for _, left, right, text in active:
                    for column in range(left, right):
                        cells[column] = text
                active = [span for span in active if span[0] > number]
            number += 1
            yield cells


# ---------------------------------------------------------------- measuring before opening


def _measure(content: bytes, where: str, max_mb: int) -> None:
    """Refuses a workbook that unpacks to too much or spans too many cells. Sizes in its directory may lie: it is unpacked."""
    limit = max_mb * _UNPACKED * _CHUNK
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "xl/workbook.bin" in names:
                raise Refused(f"{where}：xlsb 二进制工作簿暂不支持，{_SAVE}")
            if len(names) > 5000:
                raise Refused(f"{where}：工作簿内的部件超过 5000 个，不像正常的表格。{_SAVE}")
            left = limit
            for member in archive.infolist():
                left -= _span(archive, member, where, left)
    except Refused:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "password" in str(error):
            raise Refused(f"{where}：文件设有密码，请去掉密码后再导入") from None
        raise Refused(f"{where}：无法打开，文件可能已损坏或未传完（{str(error)[:200]}）。{_SAVE}") from None


def _span(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, left: int) -> int:
    """The unpacked size of one member; a sheet's span is tested on the way."""
    sheet = member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml")
    table = member.filename == "content.xml"
    size, last, wide, tail = 0, 0, False, b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > left:
                raise Refused(
                    f"{where}：解压后过大，疑似异常文件。请拆分后导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb"
                )
            if sheet:
                wide = wide or _WIDE_CELL.search(chunk) is not None
                at = chunk.rfind(b"<row ")
                found = _LATE_ROW.match(chunk, at) if at >= 0 else None
                if found:
                    last = max(last, int(found[1][:9]))
            elif table:
                if _REPEATED.search(tail + chunk):
                    raise Refused(f"{where}：有大量重复的行或列，不像正常的表格。请删除多余的行列，{_SAVE}")
                tail = chunk[-2000:]
    # Up to column AZ and row 1,048,576 a sheet always fits; beyond, look at each cell.
    if sheet and wide:
        _exact_span(archive, member, where)
    return size


def _exact_span(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> None:
    widest, last, tail = 0, 0, b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            for letters, digits in re.findall(rb' r="([A-Z]{1,3})(\d{1,8})"', tail + chunk):
                column = 0
                for letter in letters:
                    column = column * 26 + letter - 64
                widest, last = max(widest, column), max(last, int(digits))
            tail = chunk[-40:]
    if widest * last > MAX_SPAN:
        raise Refused(
            f"{where}：{member.filename} 跨越 {last} 行 × {widest} 列，远超正常表格。请删除表格以外零散的单元格后重新保存"
        )
