"""csv (and tab- or semicolon-separated text), UTF-8 with or without BOM, UTF-16 with BOM, or GBK -> one grid."""

from __future__ import annotations

import csv
import io

from intake.grids import Grid
from standard.errors import Refused

_FIELD_LIMIT = 1_000_000
_DELIMITERS = ",\t;|"


def decode(content: bytes) -> str | None:
    """The text, by strict trial: BOM, UTF-8, then GB18030. None when it is none of these (binary)."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def read_csv(content: bytes, where: str, sheet: str = "") -> Grid:
    """The rows of a csv file. Raises Refused when it is no text."""
    text = decode(content)
    if text is None:
        raise Refused(f"{where}：不是文本文件，编码既非 UTF-8 也非 GBK，请另存为“CSV UTF-8”后再导入")
    limit = csv.field_size_limit(_FIELD_LIMIT)
    try:
        rows = [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))]
    except csv.Error as error:
        raise Refused(f"{where}：CSV 格式有误（{error}），请检查引号与分隔符") from None
    finally:
        csv.field_size_limit(limit)
    return Grid(sheet, rows)


def _delimiter(text: str) -> str:
    """The delimiter that the first lines have most of."""
    head = "\n".join(text.splitlines()[:10])
    return max(_DELIMITERS, key=lambda d: (head.count(d), -_DELIMITERS.index(d)))
