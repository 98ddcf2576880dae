"""xlsx, xls, et, ods -> grids. The bytes decide what a file is; its extension often lies."""

from __future__ import annotations

import io

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from intake.grids import Grid, cell_text
from standard.errors import Refused

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
MAX_COLUMNS = 400  # a template has at most 30 columns; platforms add a few
MAX_ROWS = 1_100_000


def is_spreadsheet(content: bytes) -> bool:
    """True when the first bytes are those of a workbook (or of any zip)."""
    return content.startswith((ZIP, OLE))


def read_spreadsheet(content: bytes, where: str) -> list[Grid]:
    """Every sheet with its merged cells filled. Raises Refused, naming the file, when it cannot be opened."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError:
        raise Refused(f"{where}：文件设有密码，请去掉密码后再导入") from None
    except (CalamineError, OSError, ValueError) as error:
        raise Refused(f"{where}：无法打开（{error}），请用 Excel 或 WPS 另存为 xlsx 后再导入") from None
    grids = []
    for meta in workbook.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        try:
            sheet = workbook.get_sheet_by_name(meta.name)
            if sheet.total_height > MAX_ROWS:
                raise Refused(f"{where}：工作表“{meta.name}”超过 {MAX_ROWS} 行，请拆分后导入")
            rows = [[cell_text(cell) for cell in row[:MAX_COLUMNS]] for row in sheet.to_python(skip_empty_area=False)]
            merged = sheet.merged_cell_ranges or []
        except CalamineError as error:
            raise Refused(f"{where}：工作表“{meta.name}”无法读取（{error}），请另存为 xlsx 后再导入") from None
        _fill(rows, merged)
        grids.append(Grid(meta.name, rows))
    return grids


def _fill(rows: list[list[str]], merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Gives every cell of a merged range the text of its first."""
    for (top, left), (bottom, right) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        text = rows[top][left]
        for row in rows[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = text
