"""The files of a rar or 7z archive: offices use WinRAR and 7-Zip as much as zip."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from containers import ABSENT, DAMAGED, PART, PASSWORD, TOO_LARGE, TOO_MANY, Fault

RAR, SEVEN = b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"
_ENTRIES = 20_000  # that an archive may have at all
Wanted = Callable[[str], bool]
Members = Iterator[tuple[str, bytes | Fault | None]]


def is_packed(content: bytes) -> bool:
    """Whether the first bytes are those of a rar or 7z."""
    return content.startswith((RAR, SEVEN))


def members(content: bytes, wanted: Wanted, unpacked: int, most: int) -> Members:
    """Every file by its name: its bytes, why it has none, or None when it is not `wanted`.

    All of them together unpack to no more than `unpacked` bytes, and no more than `most` are unpacked. Raises Fault where
    the archive cannot be read, or not be read on.
    """
    return (_rar if content.startswith(RAR) else _seven)(content, wanted, unpacked, most)


def _rar(content: bytes, wanted: Wanted, unpacked: int, most: int) -> Members:
    import rars  # type: ignore[import-untyped]

    options = rars.ReadOptions(
        max_member_output_bytes=unpacked, max_total_output_bytes=unpacked, max_header_count=_ENTRIES,
        rar50_dictionary_size_limit=unpacked,
    )  # fmt: skip
    left, count = unpacked, 0
    try:
        archive = rars.RarFile.from_bytes(content, options=options)
        if archive.needs_password:
            raise Fault(PASSWORD)
        for info in archive.infolist():
            name = _name(info)
            if info.is_dir():
                continue
            if not wanted(name):
                yield name, None
                continue
            count += 1
            if count > most:
                raise Fault(TOO_MANY)
            if info.is_encrypted:
                yield name, Fault(PASSWORD)
            elif info.is_split_after or info.is_split_before:
                yield name, Fault(PART)
            elif info.file_size is not None and info.file_size > left:
                raise Fault(TOO_LARGE)
            else:
                data = bytes(archive.read(info, options=options))
                left -= len(data)
                yield name, data
    except rars.PasswordRequired:
        raise Fault(PASSWORD) from None
    except rars.Error as error:
        raise Fault(TOO_LARGE if "limit" in str(error).lower() else DAMAGED, type(error).__name__) from None


def _name(info: Any) -> str:
    """A file's name; old archives keep it in the code page of the machine that made them."""
    name, raw = str(info.filename), info.orig_filename_bytes
    if raw and any(sign == "\ufffd" or "\x80" <= sign <= "\xff" or "\u2500" <= sign <= "\u259f" for sign in name):
        name = bytes(raw).partition(b"\0")[0].decode("gb18030", "replace")
    return name.replace("\\", "/")


def _seven(content: bytes, wanted: Wanted, unpacked: int, most: int) -> Members:
    import py7zr

    store = _store(unpacked)
    try:
        with py7zr.SevenZipFile(io.BytesIO(content)) as archive:
            if archive.needs_password():
                raise Fault(PASSWORD)
            files = [info for info in archive.list() if not info.is_directory]
            chosen = [info for info in files if wanted(info.filename)][: most + 1]
            if len(files) > _ENTRIES or sum(info.uncompressed for info in chosen[:most]) > unpacked:
                raise Fault(TOO_MANY if len(files) > _ENTRIES else TOO_LARGE)
            if chosen:
                archive.extract(targets=[info.filename for info in chosen[:most]], factory=store)
    except Fault:
        raise
    except Exception as error:  # the library raises whatever a spoilt header leads to, up to IndexError and KeyError
        if isinstance(error, MemoryError):
            raise
        name = type(error).__name__
        raise Fault(PASSWORD if name == "PasswordRequired" else DAMAGED, name) from None
    for info in files:
        if not wanted(info.filename):
            yield info.filename, None
        elif len(chosen) > most and info is chosen[-1]:
            raise Fault(TOO_MANY)
        else:
            held = store.products.pop(info.filename, None)  # the library gives a second file of one name another
            yield info.filename, held.buffer.getvalue() if held is not None else Fault(ABSENT)


def _store(limit: int) -> Any:
    from py7zr.io import Py7zIO, WriterFactory

    class Held(Py7zIO):
        """One file in memory; all of them together hold no more than the limit, whatever the headers say."""

        def __init__(self, factory: Any) -> None:
            self.buffer, self.factory = io.BytesIO(), factory

        def write(self, s: bytes | bytearray) -> int:
            self.factory.left -= len(s)
            if self.factory.left < 0:
                raise Fault(TOO_LARGE)
            return self.buffer.write(s)

        def read(self, size: int | None = None) -> bytes:
            return self.buffer.read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.buffer.seek(offset, whence)

        def flush(self) -> None:
            self.buffer.flush()

        def size(self) -> int:
            return len(self.buffer.getbuffer())

    class Store(WriterFactory):
        def __init__(self) -> None:
            self.left, self.products = limit, dict[str, Held]()

        def create(self, filename: str) -> Held:
            self.products[filename] = Held(self)
            return self.products[filename]

    return Store()
