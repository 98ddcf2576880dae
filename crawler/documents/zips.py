"""Files within a zip, read with a limit: a small file may claim or become any size."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from lxml import etree

from containers import PASSWORD, TOO_LARGE, Fault
from containers.zips import unpack
from crawler.documents.parts import MB, Unreadable

_MAX_ENTRIES = 20_000


class Zip:
    """A zip from which no more than so many bytes come out altogether."""

    def __init__(self, content: bytes, unpacked: int) -> None:
        self.left = self.unpacked = unpacked
        try:
            self.file = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, EOFError) as error:
            raise Unreadable(f"压缩结构损坏，无法读取（{type(error).__name__}）") from None
        self.infos = self.file.infolist()
        if len(self.infos) > _MAX_ENTRIES:
            raise Unreadable(f"压缩包内文件超过 {_MAX_ENTRIES} 个，未读取")
        self.names = {info.filename for info in self.infos}

    def read(self, name: str | zipfile.ZipInfo) -> bytes:
        """One file's bytes. Raises Unreadable when it is damaged, has a password, or makes all of them too large."""
        info = self.file.getinfo(name) if isinstance(name, str) else name
        try:
            data = unpack(self.file, info, self.left)
        except Fault as fault:
            if fault.kind == TOO_LARGE:
                self.left = -1
                raise Unreadable(f"解压后超过 {self.unpacked // MB} MB，未读取") from None
            locked = fault.kind == PASSWORD
            raise Unreadable(
                "文件有密码，无法读取" if locked else f"压缩数据损坏，无法读取（{fault.detail}）"
            ) from None
        self.left -= len(data)
        return data

    def xml(self, name: str) -> Any:
        """One file as a tree; None when it is not there. Entities are not followed, depth is bounded by the library."""
        if name not in self.names:
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
        try:
            return etree.fromstring(self.read(name), parser)
        except (etree.XMLSyntaxError, ValueError):
            return None

    def check(self) -> None:
        """Raises Unreadable when the sizes it states are already too much (for libraries that unpack by themselves)."""
        if sum(info.file_size for info in self.infos) > self.unpacked:
            raise Unreadable(f"解压后超过 {self.unpacked // MB} MB，未读取")
