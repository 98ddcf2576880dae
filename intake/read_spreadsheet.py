"""xlsx, xls, et, ods -> grids. The bytes decide what a file is; its extension often lies.

A workbook is measured before it is opened: how much it unpacks to, how many cells it spans. A bomb is refused, not opened.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
_PIECE = 1 << 18  # what stays in a processor's cache while it is looked at
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WORD = "WordDocument".encode("utf-16-le")
_BOOK = bytes.fromhex("0908100000060500")  # how the workbook in an xls begins
_FILEPASS = 0x2F
_EDGE = 16
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_REHEARSAL_MB, _REHEARSAL_S, _PANIC = 3000, 60, 3
_REHEARSAL = """
import io, resource, sys
most = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_AS, (most, most))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from python_calamine import CalamineWorkbook
try:
    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    for name in book.sheet_names:
        book.get_sheet_by_name(name).total_height
except BaseException as error:
    sys.exit(3 if type(error).__name__ == "PanicException" else 0)
"""
_COUNT_WORD = b"uniqueCount"
_COUNT = re.compile(rb"""uniqueCount\s*=\s*["']([^"']{0,40})""")
_LATE_ROW = re.compile(rb'<(?:\w+:)?row [^>]*?\br="(\d+)"')
_HIDDEN_ROW = re.compile(rb'<row [^>]{0,200}\bhidden="1"')
_WIDE_CELL = re.compile(
    rb' r="(?:[B-Zb-z][A-Za-z]\d|[A-Za-z]{3,}\d|[A-Za-z]?\d{8})'
)  # column 53 and beyond, or no row at all
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_SHEET = re.compile(rb"<(?:\w+:)?worksheet[\s>]")
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
        measure(content, where, max_mb, notes)
    elif _ENCRYPTED in content or _is_locked(content):
        raise Refused(f"{where}：文件设有密码，请在 Excel 中去掉密码（文件-信息-保护工作簿）后再导入")
    elif _WORD in content:
        raise Refused(f"{where}：是 Word 文档，请把其中的表格复制到 Excel，另存为 xlsx 后再导入")
    if not content.startswith(ZIP) or ODS in content[:200]:
        _rehearse(content, where)
    book = WorkBook(content, where, load)
    grids = []
    for name, shown, height, width in book.measures():
        tell_of_sheet(where, name, shown, height, width, notes)
        grids.append(book.grid(name))
    return grids


def tell_of_sheet(where: str, name: str, shown: bool, height: int, width: int, notes: list[str] | None) -> None:
    """What is odd about a sheet as a whole. Raises Refused for one that is too long."""
    if height > MAX_ROWS:
        raise Refused(f"{where}：工作表“{name}”超过 {MAX_ROWS} 行，请拆分后导入")
    if notes is not None and width > MAX_COLUMNS:
        notes.append(f"工作表“{name}”有 {width} 列，第 {MAX_COLUMNS} 列以后未读取，请删除多余的空列")
    if notes is not None and not shown and height > 1:
        notes.append(f"工作表“{name}”是隐藏的，已一并读取")


def _rehearse(content: bytes, where: str) -> None:
    """Opens an xls or ods in a process of its own first: the native reader believes the lengths such a file states, and one
    that asks for too much memory ends the process. Other faults are left to be told by the real opening."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _REHEARSAL, str(_REHEARSAL_MB)], input=content, timeout=_REHEARSAL_S,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused(f"{where}：{_REHEARSAL_S} 秒内没有读完，不像正常的表格。{_SAVE}") from None
    if done.returncode < 0 or done.returncode == _PANIC:
        raise Refused(f"{where}：无法打开，文件可能已损坏（内容与所称的大小不符）。{_SAVE}")


def _is_locked(content: bytes) -> bool:
    """Whether an xls is encrypted: among its first records is one that says how."""
    at = content.find(_BOOK)
    for _ in range(20):
        if at < 0 or at + 4 > len(content):
            return False
        kind, size = int.from_bytes(content[at : at + 2], "little"), int.from_bytes(content[at + 2 : at + 4], "little")
        if kind == _FILEPASS:
            return True
        at += 4 + size
    return False


class WorkBook:
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

    def measures(self) -> Iterator[tuple[str, bool, int, int]]:
        """Each worksheet: its name, whether it is shown, its height and width."""
        for meta in self.open().sheets_metadata:
            if meta.typ == SheetTypeEnum.WorkSheet:
                sheet = self.sheet(meta.name)
                yield meta.name, meta.visible == SheetVisibleEnum.Visible, sheet.total_height, sheet.total_width

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
        return Grid(name, opened=lambda: self.rows(name), release=self._close)

    def _close(self) -> None:
        self.sheets.clear()
        self.book = None

    def rows(self, name: str) -> Iterator[Row]:
        """Every row of a sheet as texts, merged cells filled."""
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


@dataclass
class _Noticed:
    """What a sheet's XML shows and its cells do not."""

    unvalued: int = 0  # formulas that were never calculated
    errors: int = 0  # cells that hold #N/A, #REF! …
    hidden: bool = False  # rows

    def look(self, text: bytes, edge: int) -> None:
        for mark in (b"</f></c>", b"</f><v></v>", b"</f><v/>") if b"</f>" in text else ():
            self.unvalued += text.count(mark) - text[:edge].count(mark)
        if b' t="e"' in text:
            self.errors += text.count(b' t="e"') - text[:edge].count(b' t="e"')
        self.hidden = self.hidden or (b' hidden="1"' in text and _HIDDEN_ROW.search(text) is not None)

    def notes(self) -> list[str]:
        told = []
        if self.unvalued:
            told.append(
                f"有 {self.unvalued} 个公式没有计算结果，按空白读取；请用 Excel 或 WPS 打开并保存一次（或粘贴为数值）后重新报送"
            )
        if self.errors:
            told.append(f"有 {self.errors} 个单元格是错误值（如 #N/A、#REF!），按空白读取；请在原表中更正")
        if self.hidden:
            told.append("有隐藏的行（可能是筛选结果），已一并读取；不应报送的请删除")
        return told


def measure(content: bytes, where: str, max_mb: int, notes: list[str] | None) -> None:
    """Refuses a workbook that unpacks to too much or spans too many cells. Sizes in its directory may lie: it is unpacked."""
    noticed = _Noticed()
    limit = max_mb * _UNPACKED * _CHUNK
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "xl/workbook.bin" in names:
                raise Refused(f"{where}：xlsb 二进制工作簿暂不支持，{_SAVE}")
            if "word/document.xml" in names:
                raise Refused(f"{where}：是 Word 文档，请把其中的表格复制到 Excel，另存为 xlsx 后再导入")
            if len(names) > 5000:
                raise Refused(f"{where}：工作簿内的部件超过 5000 个，不像正常的表格。{_SAVE}")
            left = limit
            for member in archive.infolist():
                left -= _span(archive, member, where, left, noticed)
    except Refused:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "password" in str(error):
            raise Refused(f"{where}：文件设有密码，请去掉密码后再导入") from None
        raise Refused(f"{where}：无法打开，文件可能已损坏或未传完（{str(error)[:200]}）。{_SAVE}") from None
    if notes is not None:
        notes += noticed.notes()


def _span(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, left: int, noticed: _Noticed) -> int:
    """The unpacked size of one member; a sheet's span is tested on the way."""
    sheet, table = False, member.filename == "content.xml"
    size, last, wide, tail = 0, 0, False, b""
    stated: list[bytes] = []
    with archive.open(member) as stream:
        while chunk := stream.read(_PIECE):
            size += len(chunk)
            if size > left:
                raise Refused(
                    f"{where}：解压后过大，疑似异常文件。请拆分后导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb"
                )
            text = tail + chunk
            sheet = sheet or (size == len(chunk) and _SHEET.search(chunk) is not None)
            if sheet:
                noticed.look(text, len(tail))
                tail = chunk[-_EDGE:]
                wide = wide or _WIDE_CELL.search(text) is not None or b" r='" in text or b" r =" in text
                at = chunk.rfind(b"<row ")
                found = _LATE_ROW.match(chunk, at) if at >= 0 else None
                if found:
                    last = max(last, int(found[1][:9]))
            elif not table:
                if _COUNT_WORD in text:
                    stated += _COUNT.findall(text)
                tail = chunk[-60:]
            elif table:
                if _REPEATED.search(text):
                    raise Refused(f"{where}：有大量重复的行或列，不像正常的表格。请删除多余的行列，{_SAVE}")
                tail = chunk[-2000:]
    if any(
        not text.strip().isdigit() or int(text) > size for text in stated
    ):  # the native reader makes room for so many
        raise Refused(f"{where}：{member.filename} 所称的条数远超实际内容，文件可能已损坏。{_SAVE}")
    # Up to column AZ and row 1,048,576 a sheet always fits; beyond, look at each cell.
    if sheet and wide:
        _exact_span(archive, member, where)
    return size


def _exact_span(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> None:
    widest, last, tail = 0, 0, b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            for letters, digits in _CELL.findall(tail + chunk):
                column = 0
                for letter in letters[:9].upper():
                    column = column * 26 + letter - 64
                widest, last = max(widest, column, 1), max(last, int(digits[:9]))
            tail = chunk[-40:]
    if widest * last > MAX_SPAN:
        raise Refused(
            f"{where}：{member.filename} 跨越 {last} 行 × {widest} 列，远超正常表格。请删除表格以外零散的单元格后重新保存"
        )
