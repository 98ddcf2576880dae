"""The files of a disc image (ISO 9660), without mounting it: names, sizes and bytes, nothing else.

Names are those a person saw when burning the disc: Joliet's (Windows), else Rock Ridge's (Linux), else the short ones. Only
the directory is read at first; a file's bytes when they are asked for. What an image says is not trusted: every place and
size must lie within the file, and a directory that contains itself ends the reading.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from standard.errors import Refused

_SECTOR = 2048
_FIRST = 16  # where the descriptors begin
_JOLIET = (b"%/@", b"%/C", b"%/E")
_DEPTH = 16
_MAX_FOLDER = 16 << 20
_MOUNT = "请先装载（Windows：右键“装载”；Linux：mount -o loop,ro），再导入装载后的目录"


@dataclass
class ImageFile:
    """One file of an image: where its bytes lie."""

    name: str
    parts: list[tuple[int, int]] = field(default_factory=list)  # first sector, bytes

    @property
    def size(self) -> int:
        return sum(size for _, size in self.parts)


def is_image(path: Path) -> bool:
    """Whether a file begins like a disc's image, of any form."""
    return _form(path) is not None


def _form(path: Path) -> str | None:
    with path.open("rb") as stream:
        stream.seek(_FIRST * _SECTOR)
        head = stream.read(_SECTOR * 8)
    marks = {head[at + 1 : at + 6] for at in range(0, len(head), _SECTOR)}
    if b"CD001" in marks:
        return "iso"
    if marks & {b"BEA01", b"NSR02", b"NSR03"}:
        return "udf"
    with path.open("rb") as stream:
        raw = stream.read(16 + 2352 * _FIRST + 32)
    return "raw" if raw.startswith(b"\x00" + b"\xff" * 10 + b"\x00") else None


def files_of(path: Path, most: int) -> dict[str, ImageFile]:
    """Every file by its name, in order. Raises Refused, saying what to do, when the image cannot be read."""
    form = _form(path)
    if form == "udf":
        raise Refused(f"{path}：是 UDF 格式的光盘映像，不能直接读取。{_MOUNT}")
    if form == "raw":
        raise Refused(f"{path}：是原始扇区（bin、img）格式的光盘映像，不能直接读取。{_MOUNT}，或转换为 iso")
    with path.open("rb") as stream:
        size = path.stat().st_size
        image = _Image(stream, size, str(path), most)
        found: dict[str, ImageFile] = {}
        for file in image.files():
            name = file.name
            while name in found:
                name += "′"
            file.name = name
            found[name] = file
    return dict(sorted(found.items()))


def reader(path: Path, file: ImageFile) -> Callable[[int], Iterator[bytes]]:
    """A way to its bytes, chunk by chunk."""
    return partial(_chunks, path, file)


def _chunks(path: Path, file: ImageFile, chunk: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        for sector, size in file.parts:
            stream.seek(sector * _SECTOR)
            while size > 0:
                data = stream.read(min(chunk, size))
                if not data:
                    raise Refused(f"{path}：映像不完整，{file.name} 的内容缺失，请重新制作映像")
                size -= len(data)
                yield data


class _Image:
    def __init__(self, stream: BinaryIO, size: int, where: str, most: int) -> None:
        self.stream, self.size, self.where, self.most = stream, size, where, most
        self.joliet = False
        self.skip = 0  # bytes before the system use fields, told by the first entry (SP)
        self.seen: set[int] = set()

    def broken(self, what: str) -> Refused:
        return Refused(f"{self.where}：光盘映像已损坏或不完整（{what}），请重新制作映像，或{_MOUNT[1:]}")

    def bytes_at(self, sector: int, size: int) -> bytes:
        if sector < 0 or size < 0 or sector * _SECTOR + size > self.size:
            raise self.broken("内容超出文件末尾")
        self.stream.seek(sector * _SECTOR)
        return self.stream.read(size)

    def files(self) -> Iterator[ImageFile]:
        root = self.root()
        place, size = struct.unpack_from("<I4xI", root, 2)
        yield from self.folder(place, size, "", 0)

    def root(self) -> bytes:
        """The root's entry: of the Joliet tree when there is one."""
        plain = wide = None
        for sector in range(_FIRST, _FIRST + 64):
            descriptor = self.bytes_at(sector, _SECTOR)
            kind = descriptor[0]
            if descriptor[1:6] != b"CD001" or kind == 255:
                break
            if kind == 1 and plain is None:
                plain = descriptor
            elif kind == 2 and descriptor[88:91] in _JOLIET and wide is None:
                wide = descriptor
        found = wide or plain
        if found is None:
            raise self.broken("没有主描述符")
        if struct.unpack_from("<H", found, 128)[0] != _SECTOR:
            raise Refused(f"{self.where}：光盘映像的扇区不是 2048 字节，不能直接读取。{_MOUNT}")
        self.joliet = wide is not None
        return found[156:190]

    def folder(self, place: int, size: int, path: str, depth: int) -> Iterator[ImageFile]:
        if depth > _DEPTH or place in self.seen or size > _MAX_FOLDER:
            raise self.broken(f"目录 {path or '/'} 层次异常")
        self.seen.add(place)
        content = self.bytes_at(place, size)
        at = 0
        waiting: ImageFile | None = None  # a file in several parts
        while at < len(content):
            length = content[at]
            if length == 0:  # an entry never crosses a sector
                at = (at // _SECTOR + 1) * _SECTOR
                continue
            entry = content[at : at + length]
            if length < 34 or len(entry) < length or 33 + entry[32] > length:
                raise self.broken(f"目录 {path or '/'} 的条目有误")
            at += length
            raw = entry[33 : 33 + entry[32]]
            if raw in (b"\x00", b"\x01"):
                self.look_for_rock_ridge(entry, raw, path)
                continue
            name = (f"{path}/" if path else "") + self.name(entry, raw)
            first, span = struct.unpack_from("<I4xI", entry, 2)
            flags = entry[25]
            if flags & 2:
                yield from self.folder(first, span, name, depth + 1)
                continue
            if entry[26] or entry[27]:
                raise Refused(f"{self.where}：{name} 在光盘上交错存放，不能直接读取。{_MOUNT}")
            if first * _SECTOR + span > self.size:
                raise self.broken(f"{name} 超出映像末尾")
            waiting = waiting or ImageFile(name)
            waiting.parts.append((first, span))
            if flags & 0x80:
                continue
            self.most -= 1
            if self.most < 0:
                raise Refused(f"{self.where}：光盘映像内的文件过多，请分批导入")
            yield waiting
            waiting = None

    # ------------------------------------------------------------ names

    def name(self, entry: bytes, raw: bytes) -> str:
        if self.joliet:
            name = raw.decode("utf-16-be", "replace")
        else:
            name = _text(self.rock_ridge(entry) or raw)
        name = name.rpartition(";")[0] if name.rpartition(";")[2].isdigit() and ";" in name else name
        name = "".join(c for c in name.replace("/", "_").replace("\\", "_") if c.isprintable()).removesuffix(".")
        return name[:200] if name not in ("", ".", "..") else "（无名文件）"

    def look_for_rock_ridge(self, entry: bytes, raw: bytes, path: str) -> None:
        use = entry[34:]
        if raw == b"\x00" and not path and use[:2] == b"SP" and len(use) >= 7:
            self.skip = use[6]

    def rock_ridge(self, entry: bytes) -> bytes:
        """The long name in the system use fields (NM), which may go on elsewhere (CE)."""
        at = 33 + entry[32] + (1 - entry[32] % 2)
        use = entry[at + self.skip :]
        name = b""
        for _ in range(8):
            following = b""
            while len(use) >= 4 and use[2] >= 4:
                kind, length, data = use[:2], use[2], use[5 : use[2]]
                if kind == b"NM":
                    name += data
                elif kind == b"CE" and length >= 28:
                    sector, offset, size = (struct.unpack_from("<I", use, place)[0] for place in (4, 12, 20))
                    if sector * _SECTOR + offset + size > self.size or size > _SECTOR:
                        raise self.broken("文件名超出映像末尾")
                    following = self.bytes_at(sector, offset + size)[offset:]
                use = use[length:]
            if not following:
                break
            use = following
        return name if 0 < len(name) < 1000 else b""


def _text(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
