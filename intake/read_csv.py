"""csv (and tab- or semicolon-separated text), UTF-8 with or without BOM, UTF-16 with BOM, or GBK -> one grid."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from intake.grids import Grid, Row
from standard.errors import Refused

_FIELD_LIMIT = 1_000_000
_DELIMITERS = ",\t;|"
MAX_COLUMNS = 400  # a template has at most 30 columns; platforms add a few
_CHUNK = 1 << 20
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DAMAGED = 0.002  # a file with more unreadable characters than this is no text


def encoding_of(content: bytes) -> tuple[str, int] | None:
    """The encoding of a text file and how many characters of it are unreadable; None when it is no text.

    BOM, then strict UTF-8, then GB18030; a text with a few broken characters is still read, and they are counted.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        broken = _broken(content, encoding, "strict")
        if broken is not None:
            return (encoding, 0) if broken == 0 else None
    best = min(
        ((found, encoding) for encoding in encodings if (found := _broken(content, encoding, "replace")) is not None),
        default=None,
    )
    if best is None or best[0] > max(len(content) * _DAMAGED, 2):
        return None
    return best[1], best[0]


def _broken(content: bytes, encoding: str, errors: str) -> int | None:
    """How many characters are unreadable or binary; None when the encoding does not fit at all."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    broken = 0
    try:
        for start in range(0, len(content), _CHUNK):
            text = decoder.decode(content[start : start + _CHUNK], start + _CHUNK >= len(content))
            broken += text.count("\ufffd") if errors == "replace" else 0
            if "\x00" in text:
                return len(content)
            broken += len(_BINARY.findall(text)) if errors == "replace" or start == 0 else 0
    except UnicodeDecodeError:
        return None
    return broken


def decode(content: bytes) -> str | None:
    """The text of a whole file. None when it is none (binary)."""
    found = encoding_of(content)
    return None if found is None else content.decode(found[0], "replace")


def read_csv(content: bytes, where: str, sheet: str = "", notes: list[str] | None = None) -> Grid:
    """The rows of a csv file. Raises Refused when it is no text or its quotes never end."""
    found = encoding_of(content)
    if found is None:
        raise Refused(f"{where}：不是文本文件，编码既非 UTF-8 也非 GBK，请另存为“CSV UTF-8”后再导入")
    encoding, broken = found
    if broken and notes is not None:
        notes.append(f"有 {broken} 个无法识别的字符（显示为 �），请用正确的编码重新导出，或改报 xlsx")
    head = "".join(islice(_text(content, encoding), 10))
    delimiter = max(_DELIMITERS, key=lambda d: (head.count(d), -_DELIMITERS.index(d)))

    def rows() -> Iterator[Row]:
        limit = csv.field_size_limit(_FIELD_LIMIT)
        try:
            for row in csv.reader(_text(content, encoding), delimiter=delimiter):
                yield row if len(row) <= MAX_COLUMNS else row[:MAX_COLUMNS]
        except csv.Error as error:
            raise Refused(f"{where}：CSV 格式有误（{error}），请检查引号与分隔符，或改报 xlsx") from None
        finally:
            csv.field_size_limit(limit)

    widest = 0
    for row in rows():  # a fault in the last line must be known before the first is written
        widest = max(widest, len(row))
    if widest == MAX_COLUMNS and notes is not None:
        notes.append(f"第 {MAX_COLUMNS} 列以后未读取，请删除多余的空列")
    return Grid(sheet, opened=rows)


def _text(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace", newline="")
