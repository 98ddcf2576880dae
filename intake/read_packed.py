"""The files of a rar or 7z archive, in memory and bounded: (name, bytes) each. Offices use WinRAR and 7-Zip as much as zip."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from standard.errors import Refused

RAR, SEVEN = b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"
_UNPACK = "请解压后导入，或改用 zip 压缩"


def is_packed(content: bytes) -> bool:
    return content.startswith((RAR, SEVEN))


def unpacked(
    content: bytes, where: str, wanted: Callable[[str], bool], limit: int, most: int
) -> Iterator[tuple[str, bytes | None]]:
    """Every file by its name; None for one that is not `wanted`. Raises Refused when it cannot be unpacked whole."""
    try:
        yield from (_rar if content.startswith(RAR) else _seven)(content, where, wanted, limit, most)
    except ImportError:
        kind = "RAR" if content.startswith(RAR) else "7z"
        raise Refused(f"{where}：是 {kind} 压缩包，本机没有安装解压组件，{_UNPACK}") from None


def _too_large(where: str, limit: int) -> Refused:
    return Refused(f"{where}：解压后超过 {limit >> 20} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")


def _rar(
    content: bytes, where: str, wanted: Callable[[str], bool], limit: int, most: int
) -> Iterator[tuple[str, bytes | None]]:
    import rars  # type: ignore[import-untyped]

    options = rars.ReadOptions(
        max_member_output_bytes=limit, max_total_output_bytes=limit, max_header_count=20_000, rar50_dictionary_size_limit=limit
    )  # fmt: skip
    left = limit
    try:
        archive = rars.RarFile.from_bytes(content, options=options)
        if archive.needs_password:
            raise Refused(f"{where}：压缩包设有密码，{_UNPACK}")
        files = [info for info in archive.infolist() if not info.is_dir()]
        if len(files) > most:
            raise Refused(f"{where}：压缩包内文件超过 {most} 个，请分批导入")
        for info in files:
            name = _rar_name(info)
            if info.is_encrypted:
                raise Refused(f"{where} 内的 {name}：设有密码，{_UNPACK}")
            if info.is_split_after or info.is_split_before:
                raise Refused(f"{where} 内的 {name}：是分卷压缩，缺少其他卷，{_UNPACK}")
            if not wanted(name):
                yield name, None
                continue
            if info.file_size is not None and info.file_size > left:
                raise _too_large(where, limit)
            data = bytes(archive.read(info, options=options))
            left -= len(data)
            yield name, data
    except rars.Error as error:
        if "limit" in str(error).lower():
            raise _too_large(where, limit) from None
        raise Refused(f"{where}：RAR 压缩包已损坏或版本不支持（{str(error)[:100]}），{_UNPACK}") from None


def _rar_name(info: Any) -> str:
    """Old archives keep names in the code page of the machine that made them."""
    name, raw = str(info.filename), info.orig_filename_bytes
    if raw and any(sign == "\ufffd" or "\x80" <= sign <= "\xff" or "\u2500" <= sign <= "\u259f" for sign in name):
        name = bytes(raw).partition(b"\0")[0].decode("gb18030", "replace")
    return name


def _seven(
    content: bytes, where: str, wanted: Callable[[str], bool], limit: int, most: int
) -> Iterator[tuple[str, bytes | None]]:
    import py7zr

    store = _store(limit)
    try:
        with py7zr.SevenZipFile(io.BytesIO(content)) as archive:
            if archive.needs_password():
                raise Refused(f"{where}：压缩包设有密码，{_UNPACK}")
            files = [info for info in archive.list() if not info.is_directory]
            if len(files) > most:
                raise Refused(f"{where}：压缩包内文件超过 {most} 个，请分批导入")
            chosen = [info.filename for info in files if wanted(info.filename)]
            if sum(info.uncompressed for info in files if wanted(info.filename)) > limit:
                raise _too_large(where, limit)
            if chosen:
                archive.extract(targets=chosen, factory=store)
    except Refused:
        raise
    except _Full:
        raise _too_large(where, limit) from None
    except Exception as error:  # the library raises whatever a spoilt header leads to, up to IndexError and KeyError
        if type(error).__name__ == "PasswordRequired":
            raise Refused(f"{where}：压缩包设有密码，{_UNPACK}") from None
        raise Refused(f"{where}：7z 压缩包已损坏或压缩方式不支持（{type(error).__name__}），{_UNPACK}") from None
    for info in files:
        if info.filename not in chosen:
            yield info.filename, None
        elif info.filename not in store.products:
            raise Refused(f"{where} 内的 {info.filename}：没有解出内容，压缩包可能已损坏，{_UNPACK}")
        else:
            yield info.filename, store.products[info.filename].getvalue()


class _Full(Exception):
    """More is unpacked than was allowed, whatever the headers say."""


def _store(limit: int) -> Any:
    from py7zr.io import Py7zIO, WriterFactory

    class Held(Py7zIO):
        """One file in memory; all of them together hold no more than the limit."""

        def __init__(self, factory: Any) -> None:
            self.buffer, self.factory = io.BytesIO(), factory

        def write(self, s: bytes | bytearray) -> int:
            self.factory.left -= len(s)
            if self.factory.left < 0:
                raise _Full
            return self.buffer.write(s)

        def read(self, size: int | None = None) -> bytes:
            return self.buffer.read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.buffer.seek(offset, whence)

        def flush(self) -> None:
            self.buffer.flush()

        def size(self) -> int:
            return len(self.buffer.getbuffer())

        def getvalue(self) -> bytes:
            return self.buffer.getvalue()

    class Store(WriterFactory):
        def __init__(self) -> None:
            self.left, self.products = limit, dict[str, Held]()

        def create(self, filename: str) -> Held:
            self.products[filename] = Held(self)
            return self.products[filename]

    return Store()
