"""Archives: what is in them, a level at a time. Nothing is ever written where a name says."""

from __future__ import annotations

import re

from containers import ABSENT, PART, PASSWORD, TOO_LARGE, TOO_MANY, Fault
from containers.packed import RAR, members
from containers.zips import name_of
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
        name = name_of(info).replace("\\", "/")
        if info.is_dir() or _LITTER.search(name):
            continue
        if len(document.members) >= limits.members:
            document.cut = _cut(Fault(TOO_MANY), limits)
            break
        try:
            document.members.append(Member(name, archive.read(info)))
        except Unreadable as error:
            document.members.append(Member(name, problem=str(error)))
            if archive.left < 0:
                document.cut = str(error)
                break
    return document


def read_packed(content: bytes, limits: Limits) -> Document:
    """A rar of any version since 2.9, or a 7z."""
    document = Document("archive")
    try:
        for name, found in members(content, _is_wanted, limits.unpacked, limits.members):
            if isinstance(found, Fault):
                document.members.append(Member(name, problem=_OF_ONE[found.kind]))
            elif found is not None:
                document.members.append(Member(name, found))
    except Fault as fault:
        if not document.members:
            raise Unreadable(_whole(fault, "RAR" if content.startswith(RAR) else "7z", limits)) from None
        document.cut = _cut(fault, limits)
    return document


def _is_wanted(name: str) -> bool:
    return _LITTER.search(name) is None


_OF_ONE = {PASSWORD: "文件有密码，无法读取", PART: "分卷压缩，缺少其他卷", ABSENT: "没有解出内容"}


def _whole(fault: Fault, make: str, limits: Limits) -> str:
    """Why nothing of an archive was read."""
    told = {PASSWORD: "压缩包有密码，无法读取", TOO_LARGE: f"解压后超过 {limits.unpacked // MB} MB，未读取"}
    return told.get(fault.kind) or f"{make} 压缩包损坏或版本不支持，无法读取（{fault.detail}）"


def _cut(fault: Fault, limits: Limits) -> str:
    """Why an archive was not read on."""
    told = {
        TOO_MANY: f"压缩包内文件超过 {limits.members} 个，其余未读",
        TOO_LARGE: f"解压后超过 {limits.unpacked // MB} MB，其余未读",
    }
    return told.get(fault.kind) or f"压缩包读到一半出错（{fault.detail}）"
