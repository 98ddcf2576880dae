"""Archives: what is in them, a level at a time. Nothing is ever written where a name says."""

from __future__ import annotations

import io
import re
import zlib
from typing import Any

from crawler.documents.parts import MB, Document, Limits, Member, Unreadable
from crawler.documents.zips import Zip

_LITTER = re.compile(r"(?:^|[/\\])(?:__MACOSX[/\\].*|\.DS_Store|Thumbs\.db|desktop\.ini|~\$[^/\\]*)$|[/\\]$", re.I)


def read_zip_like(content: bytes, limits: Limits) -> Document:
    """What looks like a zip: a spreadsheet, a Word document, an OFD, or an archive."""
    archive = Zip(content, limits.unpacked)
    names = archive.names
    if "word/document.xml" in names:
        from crawler.documents.word import read_docx

        return read_docx(archive, limits)
    if "OFD.xml" in names:
        from crawler.documents.ofd import read_ofd

        return read_ofd(archive, limits)
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names or {"content.xml", "mimetype"} <= names:
        from crawler.documents.books import read_book

        archive.check()
        return read_book(content, limits)
    return _zip(archive, limits)


def _zip(archive: Zip, limits: Limits) -> Document:
    document = Document("archive")
    for info in archive.infos:
        name = info.filename.replace("\\", "/")
        if info.is_dir() or _LITTER.search(name):
            continue
        if len(document.members) >= limits.members:
            document.cut = f"压缩包内文件超过 {limits.members} 个，其余未读"
            break
        try:
            document.members.append(Member(name, archive.read(info)))
        except Unreadable as error:
            document.members.append(Member(name, problem=str(error)))
            if archive.left < 0:
                document.cut = str(error)
                break
    return document


def read_rar(content: bytes, limits: Limits) -> Document:
    """A rar of any version since 2.9."""
    import rars

    options = rars.ReadOptions(
        max_member_output_bytes=limits.unpacked, max_total_output_bytes=limits.unpacked, max_header_count=20_000,
        rar50_dictionary_size_limit=limits.unpacked,
    )  # fmt: skip
    document = Document("archive")
    left = limits.unpacked
    try:
        archive = rars.RarFile.from_bytes(content, options=options)
        if archive.needs_password:
            raise Unreadable("压缩包有密码，无法读取")
        for info in archive.infolist():
            name = _name(info)
            if info.is_dir() or _LITTER.search(name):
                continue
            if len(document.members) >= limits.members:
                document.cut = f"压缩包内文件超过 {limits.members} 个，其余未读"
                break
            if info.is_encrypted:
                document.members.append(Member(name, problem="文件有密码，无法读取"))
                continue
            if info.is_split_after or info.is_split_before:
                document.members.append(Member(name, problem="分卷压缩，缺少其他卷"))
                continue
            if info.file_size is not None and info.file_size > left:
                document.cut = f"解压后超过 {limits.unpacked // MB} MB，其余未读"
                break
            data = archive.read(info, options=options)
            left -= len(data)
            document.members.append(Member(name, data))
    except rars.PasswordRequired:
        raise Unreadable("压缩包有密码，无法读取") from None
    except rars.Error as error:
        if not document.members:
            raise Unreadable(f"RAR 压缩包损坏或版本不支持（{type(error).__name__}）") from None
        document.cut = f"RAR 压缩包读到一半出错（{type(error).__name__}）"
    return document


def _name(info: Any) -> str:
    """A member's name; old archives keep it in the code page of the machine that made them."""
    name = str(info.filename)
    raw = info.orig_filename_bytes
    if raw and any(sign == "\ufffd" or "\x80" <= sign <= "\xff" or "\u2500" <= sign <= "\u259f" for sign in name):
        name = bytes(raw).partition(b"\0")[0].decode("gb18030", "replace")
    return name.replace("\\", "/")


def read_7z(content: bytes, limits: Limits) -> Document:
    """A 7z, unpacked in memory."""
    import py7zr

    document = Document("archive")
    try:
        with py7zr.SevenZipFile(io.BytesIO(content)) as archive:
            if archive.needs_password():
                raise Unreadable("压缩包有密码，无法读取")
            chosen: list[str] = []
            left = limits.unpacked
            for info in archive.list():
                if info.is_directory or _LITTER.search(info.filename):
                    continue
                if len(chosen) >= limits.members:
                    document.cut = f"压缩包内文件超过 {limits.members} 个，其余未读"
                    break
                left -= info.uncompressed
                if left < 0:
                    raise Unreadable(f"解压后超过 {limits.unpacked // MB} MB，未读取")
                chosen.append(info.filename)
            factory = _factory(limits.unpacked)
            if chosen:
                archive.extract(targets=chosen, factory=factory)
            for name in chosen:
                product = factory.products.get(name)
                document.members.append(
                    Member(name, product.content()) if product else Member(name, problem="没有解出内容")
                )
    except (py7zr.Bad7zFile, py7zr.PasswordRequired, py7zr.UnsupportedCompressionMethodError) as error:
        if isinstance(error, py7zr.PasswordRequired):
            raise Unreadable("压缩包有密码，无法读取") from None
        raise Unreadable(f"7z 压缩包损坏或压缩方式不支持（{type(error).__name__}）") from None
    except (py7zr.DecompressionError, py7zr.DecompressionBombError, zlib.error, EOFError, OSError, ValueError) as error:
        raise Unreadable(f"7z 压缩包损坏或过大，无法读取（{type(error).__name__}）") from None
    return document


def _factory(limit: int) -> Any:
    from py7zr.io import Py7zIO, WriterFactory

    class Store(Py7zIO):
        """One member in memory; all of them together hold no more than the limit."""

        def __init__(self, all_of_them: Factory) -> None:
            self.buffer, self.all = io.BytesIO(), all_of_them

        def write(self, s: bytes | bytearray) -> int:
            self.all.left -= len(s)
            if self.all.left < 0:
                raise Unreadable(f"解压后超过 {limit // MB} MB，未读取")
            return self.buffer.write(s)

        def read(self, size: int | None = None) -> bytes:
            return self.buffer.read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.buffer.seek(offset, whence)

        def flush(self) -> None:
            self.buffer.flush()

        def size(self) -> int:
            return len(self.buffer.getbuffer())

        def content(self) -> bytes:
            return self.buffer.getvalue()

    class Factory(WriterFactory):
        def __init__(self) -> None:
            self.left, self.products = limit, dict[str, Store]()

        def create(self, filename: str) -> Store:
            self.products[filename] = Store(self)
            return self.products[filename]

    return Factory()
