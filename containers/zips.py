"""The files of a zip: their names as people wrote them, their bytes up to a limit."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from contextlib import suppress

from containers import DAMAGED, PASSWORD, TOO_LARGE, Fault

_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, OverflowError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """One file's bytes; sizes in the directory may lie, so no more than `most` is read. Raises Fault."""
    if member.flag_bits & 1:
        raise Fault(PASSWORD)
    try:
        with archive.open(member) as stream:
            data = stream.read(most + 1)
    except _BROKEN as error:
        raise Fault(DAMAGED, str(error) or type(error).__name__) from None
    if len(data) > most:
        raise Fault(TOO_LARGE)
    return data


def name_of(member: zipfile.ZipInfo) -> str:
    """A name to show, never a path to write to. Some say UTF-8 in a field beside it; Chinese systems write GBK without
    saying so, others UTF-8: zipfile then reads cp437."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeEncodeError):
            raw = name.encode("cp437")
            beside = _unicode_name(member.extra, raw)
            for encoding in ("utf-8", "gb18030"):
                with suppress(UnicodeDecodeError):
                    return beside or raw.decode(encoding)
    return name


def _unicode_name(extra: bytes, raw: bytes) -> str | None:
    """The name in the Info-ZIP Unicode path field, if it belongs to this name."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        data, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and len(data) > 5 and struct.unpack_from("<I", data, 1)[0] == zlib.crc32(raw):
            with suppress(UnicodeDecodeError):
                return data[5:].decode("utf-8")
    return None
