"""One source -> grids: a file, a zip, a folder (a disc) or a disc's image. Bounded, so that a malicious or broken archive
does no harm.

A disc may carry a list of checksums (as sha256sum, md5sum or sm3sum write it, or a table with columns for name and
checksum): then every file on it is verified first, and what is missing, altered or not listed is told.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from containers import PASSWORD, TOO_LARGE, Fault
from containers.packed import is_packed
from containers.zips import name_of, unpack
from intake.grids import Grid, Source
from intake.read_beside import read_beside
from intake.read_csv import decode, encoding_of, read_csv
from intake.read_disc_image import files_of, is_image, reader
from intake.read_json import read_json
from intake.read_markup import is_markup, read_markup
from intake.read_packed import unpacked
from intake.read_spreadsheet import ODS, ZIP, is_spreadsheet, read_spreadsheet
from standard.errors import Refused

SUFFIXES = frozenset(
    [
        ".xlsx",
        ".xls",
        ".xlsm",
        ".et",
        ".ett",
        ".ods",
        ".csv",
        ".tsv",
        ".txt",
        ".json",
        ".jsonl",
        ".xml",
        ".htm",
        ".html",
        ".zip",
        ".rar",
        ".7z",
    ]
)
_PACKED = frozenset([".gz", ".tgz", ".bz2", ".xz", ".tar", ".iso", ".cab", ".arj", ".lzh", ".z", ".001"])
MAX_MEMBERS = 2_000
_CHUNK = 1 << 20
_DEPTH = 2  # a zip in a zip is met; deeper is none of an office's doing
_NAMED = (
    (b"%PDF", "是 PDF 文件，请报送原始的 xlsx 或 csv"),
    (b"Rar!", "是 RAR 压缩包，套在别的压缩包内或已损坏，请解压后导入"),
    (b"7z\xbc\xaf", "是 7z 压缩包，套在别的压缩包内或已损坏，请解压后导入"),
    (b"\x1f\x8b", "是 gzip 压缩包，请解压后导入，或改用 zip 压缩"),
    (b"\x89PNG", "是图片，请报送原始的 xlsx 或 csv"),
    (b"\xff\xd8\xff", "是图片，请报送原始的 xlsx 或 csv"),
    (b"{\\rtf", "是 RTF 文档，请把表格另存为 xlsx 后再导入"),
    (b"SQLite format 3", "是 SQLite 数据库，请写一个映射文件（.yml）后再导入"),
)
_TOLD = 30  # files told one by one


@dataclass(frozen=True)
class Part:
    """One file of a source: its name, and a way to its bytes; None: left aside."""

    name: str
    load: Callable[[], bytes] | None


def read_source(path: Path, max_mb: int = 256, *, beside: bool = False) -> Source:
    """Everything readable in one source. Raises Refused, with every fault, when a part cannot be read.

    `beside`: a large workbook is read in a process beside this one, which ends when the source is released.
    """
    try:
        if not path.exists():
            raise Refused(f"{path}：文件不存在，请检查路径")
        if path.is_dir():
            return _read_disc(path, max_mb)
        if not path.is_file():
            raise Refused(f"{path}：不是普通文件，请检查路径")
        if is_image(path):
            return _read_disc(path, max_mb)
        if path.stat().st_size > max_mb * _CHUNK:
            raise Refused(f"{path}：文件超过 {max_mb} MB，请拆分，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise Refused(f"{path}：无法读取（{getattr(error, 'strerror', None) or error}）") from None
    digest = hashlib.sha256(content).hexdigest()
    if _is_plain_zip(content):
        source = _read_many(str(path), _members(content, str(path), [max_mb * _CHUNK], max_mb, 1), max_mb)
        return Source(str(path), digest, source.grids, source.notes, source.size)
    if is_packed(content):
        source = _read_many(str(path), _packed(content, str(path), [max_mb * _CHUNK], max_mb), max_mb)
        return Source(str(path), digest, source.grids, source.notes, source.size)
    notes: list[str] = []
    if beside and content.startswith(ZIP) and ODS not in content[:200]:
        return Source(str(path), digest, read_beside(content, str(path), max_mb, notes), notes, len(content))
    load = partial(_same_bytes, path, digest)
    grids = read_content(content, str(path), path.suffix.lower(), path.name, max_mb=max_mb, load=load, notes=notes)
    return Source(str(path), digest, grids, notes, len(content))


def _same_bytes(path: Path, digest: str) -> bytes:
    """The file once more; one that changed meanwhile is refused, not half imported."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}：读取过程中无法再次打开（{error.strerror}），请重新导入") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise Refused(f"{path}：读取过程中文件被修改，请关闭正在编辑的程序后重新导入")
    return content


def read_content(
    content: bytes, where: str, suffix: str, sheet: str = "", *, max_mb: int = 256,
    load: Callable[[], bytes] | None = None, notes: list[str] | None = None,
) -> list[Grid]:  # fmt: skip
    """The grids of one file, by its first bytes; `suffix` only tells text formats apart, `sheet` names a csv's only grid."""
    if len(content.strip()) == 0:
        raise Refused(f"{where}：文件是空的，请检查是否导出成功")
    if is_spreadsheet(content):
        return read_spreadsheet(content, where, max_mb, load, notes)
    for magic, what in _NAMED:
        if content.startswith(magic):
            raise Refused(f"{where}：{what}")
    if content[32769:32774] in (b"CD001", b"BEA01"):
        raise Refused(f"{where}：是光盘映像，请取出后单独导入")
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if is_markup(head):
        return read_markup(content, where)
    if suffix in (".json", ".jsonl") or (head.startswith((b"{", b"[")) and suffix not in (".csv", ".tsv")):
        return read_json(content, where)
    if encoding_of(content) is None:
        raise Refused(f"{where}：无法识别的文件格式，或文件已损坏，请另存为 xlsx 或 csv 后再导入")
    return [read_csv(content, where, sheet, notes)]


def _read_many(where: str, parts: Iterator[Part], max_mb: int) -> Source:
    digest = hashlib.sha256()
    grids: list[Grid] = []
    notes: list[str] = []
    faults: list[str] = []
    size = 0
    for part in parts:
        digest.update(part.name.encode("utf-8", "replace") + b"\0")
        if part.load is None:
            packed = PurePosixPath(part.name).suffix.lower() in _PACKED
            notes.append(f"{part.name}：{'是压缩包，未读取；请解压后另行导入' if packed else '不是表格文件，未读取'}")
            continue
        told: list[str] = []
        try:
            content = part.load()
            digest.update(hashlib.sha256(content).digest())
            size += len(content)
            suffix = PurePosixPath(part.name).suffix.lower()
            here = f"{where} 内的 {part.name}"
            for grid in read_content(content, here, suffix, max_mb=max_mb, load=part.load, notes=told):
                grid.file = part.name
                grids.append(grid)
        except Refused as refused:
            faults += refused.faults
        notes += [f"{part.name}：{note}" for note in told]
    if faults:
        raise Refused(*faults)
    if len(grids) == 0:
        raise Refused(f"{where}：其中没有可读的表格（xlsx、xls、et、ods、csv、json），请检查")
    return Source(where, digest.hexdigest(), grids, notes, size)


# ---------------------------------------------------------------- discs

_SUMS = re.compile(r"(?i)sha-?\d|md5|sm3|checksum|manifest|hash|校验|清单|摘要|目录")
_SUM_SUFFIXES = frozenset(["", ".txt", ".sha1", ".sha256", ".sha512", ".md5", ".sm3", ".sum", ".sums", ".lst"])
_TABLE_SUFFIXES = frozenset([".csv", ".tsv", ".xlsx", ".xls"])
_LENGTHS = {32: ["md5"], 40: ["sha1"], 64: ["sha256", "sm3"], 96: ["sha384"], 128: ["sha512"]}
_HEX = re.compile(r"[0-9A-Fa-f]{32,128}")
_LINE = re.compile(r"^\\?([0-9A-Fa-f]{32,128})[ \t]+\*?(\S.*?)\s*$")
_BSD_LINE = re.compile(r"^(?:SHA-?\d+|MD5|SM3) ?\((.+)\) ?= ?([0-9A-Fa-f]{32,128})\s*$", re.IGNORECASE)
_NAME_LABEL = re.compile(r"(?i)文件|路径|file|path|^name$|名称")
_SUM_LABEL = re.compile(r"(?i)sha-?\d|md5|sm3|校验|checksum|hash|摘要|digest|哈希|特征")


@dataclass(frozen=True)
class DiscFile:
    """One file of a folder or an image."""

    where: str
    size: int
    chunks: Callable[[int], Iterator[bytes]]

    def read(self) -> bytes:
        try:
            return b"".join(self.chunks(_CHUNK))
        except OSError as error:
            raise Refused(f"{self.where}：无法读取（{error.strerror}），光盘可能有损伤，请重新读取或更换") from None


@dataclass(frozen=True)
class _Stated:
    """A checksum as a list states it."""

    name: str
    digest: str
    kinds: list[str]


def _read_disc(path: Path, max_mb: int) -> Source:
    named = _image_files(path) if path.is_file() else _folder_files(path)
    lists = {name: sums for name, file in named.items() if (sums := _sums(name, file)) is not None}
    listed = _verify(path, named, lists)
    source = _read_many(str(path), _disc_parts(path, named, set(lists), listed, max_mb), max_mb)
    if listed is not None:
        source.notes.insert(0, f"已按校验清单（{'、'.join(lists)}）核对 {len(listed)} 个文件，全部一致")
        rest = [name for name in named if name not in listed and name not in lists]
        source.notes += [f"{name}：不在校验清单中，未读取；如需导入，请补入清单或单独导入" for name in rest[:_TOLD]]
        if len(rest) > _TOLD:
            source.notes.append(f"另有 {len(rest) - _TOLD} 个文件不在校验清单中，未读取")
    return source


def _folder_files(path: Path) -> dict[str, DiscFile]:
    found: dict[str, DiscFile] = {}
    for file in path.rglob("*"):
        if file.is_symlink() or not file.is_file() or file.name.startswith((".", "~$")):
            continue
        if len(found) >= MAX_MEMBERS:
            raise Refused(f"{path}：文件超过 {MAX_MEMBERS} 个，请分批导入")
        found[file.relative_to(path).as_posix()] = DiscFile(str(file), file.stat().st_size, partial(_file_chunks, file))
    return dict(sorted(found.items()))


def _file_chunks(file: Path, chunk: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while data := stream.read(chunk):
            yield data


def _image_files(path: Path) -> dict[str, DiscFile]:
    return {
        name: DiscFile(f"{path} 内的 {name}", file.size, reader(path, file))
        for name, file in files_of(path, MAX_MEMBERS).items()
        if not PurePosixPath(name).name.startswith((".", "~$"))
    }


def _sums(name: str, file: DiscFile) -> list[_Stated] | None:
    """What it states, when this is a list of checksums: each of its lines is one (or blank, or a remark)."""
    last = PurePosixPath(name)
    suffix = last.suffix.lower()
    if not _SUMS.search(last.name) or file.size > _CHUNK:
        return None
    if suffix in _TABLE_SUFFIXES:
        return _table_sums(name, file)
    if suffix not in _SUM_SUFFIXES:
        return None
    stated: list[_Stated] = []
    for line in (decode(file.read()) or "").lstrip("\ufeff").splitlines():
        plain, bsd = _LINE.match(line), _BSD_LINE.match(line)
        if bsd:
            stated.append(_stated(bsd[1], bsd[2], line.split("(")[0]))
        elif plain and len(plain[1]) in _LENGTHS:
            stated.append(_stated(plain[2], plain[1], last.name))
        elif line.strip() and not line.lstrip().startswith(("#", ";", "//")):
            return None
    return stated or None


def _table_sums(name: str, file: DiscFile) -> list[_Stated] | None:
    """A table with a column of names and one of checksums; None when it is any other table."""
    try:
        grids = read_content(file.read(), file.where, PurePosixPath(name).suffix.lower())
    except Refused:
        return None  # whatever is wrong with it is told when it is read as a table
    head: list[str] = []
    stated: list[_Stated] = []
    for row in grids[0].stream() if grids else ():
        cells = [cell.strip() for cell in row]
        if not head:
            labels = [label for label in cells if _NAME_LABEL.search(label)]
            if labels and any(_SUM_LABEL.search(label) for label in cells):
                head = cells
            continue
        sums = [at for at, label in enumerate(head) if _SUM_LABEL.search(label) and at < len(cells)]
        digest = next(((cells[at], head[at]) for at in sums if _HEX.fullmatch(cells[at])), None)
        called = next((cells[at] for at, label in enumerate(head) if _NAME_LABEL.search(label) and at < len(cells)), "")
        if digest is not None and called and len(digest[0]) in _LENGTHS:
            stated.append(_stated(called, digest[0], f"{digest[1]} {''.join(cells)} {name}"))
        elif any(cells):
            return None
    return stated or None


def _stated(name: str, digest: str, hint: str) -> _Stated:
    kinds = _LENGTHS.get(len(digest), [])
    if len(kinds) > 1:  # SHA-256 and SM3 are of one length: what the list calls it comes first
        kinds = sorted(kinds, key=lambda kind: kind not in hint.lower())
    return _Stated(name.replace("\\", "/").removeprefix("./").lstrip("/"), digest.lower(), kinds)


def _verify(path: Path, named: dict[str, DiscFile], lists: dict[str, list[_Stated]]) -> set[str] | None:
    """The names of the files that a list vouches for; None when the disc has no list. Raises Refused with every difference."""
    if not lists:
        return None
    faults: list[str] = []
    good: set[str] = set()
    folded = {_folded(name): name for name in named}
    for list_name, sums in lists.items():
        folder = PurePosixPath(list_name).parent
        for stated in sums:
            whole = (folder / stated.name).as_posix()
            name = whole if whole in named else folded.get(_folded(whole)) or folded.get(_folded(stated.name))
            if name is None:
                faults.append(
                    f"{path}：校验清单 {list_name} 中的 {stated.name} 不在盘上，请核对光盘是否完整，或让报送单位重新刻录"
                )
                continue
            agrees = _agrees(named[name], stated)
            if agrees is None:
                faults.append(
                    f"{path}：本机不支持校验清单 {list_name} 所用的 SM3 算法，请改用 SHA-256 清单，或升级 OpenSSL"
                )
                break
            if not agrees:
                faults.append(
                    f"{path}：{name} 的内容与校验清单 {list_name} 不一致，文件可能损坏或被改动，请让报送单位重新提供"
                )
            else:
                good.add(name)
    if faults:
        more = (
            [f"{path}：另有 {len(faults) - _TOLD} 个文件缺失或不一致，请先处理以上各项"] if len(faults) > _TOLD else []
        )
        raise Refused(*faults[:_TOLD], *more)
    return good


def _folded(name: str) -> str:
    """Discs differ in letter case, and systems in how an accent is stored."""
    return unicodedata.normalize("NFC", name).casefold()


def _agrees(file: DiscFile, stated: _Stated) -> bool | None:
    """Whether its bytes have this checksum; None when nothing here can compute it."""
    known = []
    for kind in stated.kinds:
        with suppress(ValueError):  # an OpenSSL without SM3
            known.append(hashlib.new(kind, usedforsecurity=False))
    if not known or (stated.kinds[0] == "sm3" and len(known) < 2):
        return None
    try:
        for chunk in file.chunks(_CHUNK):
            for digest in known:
                digest.update(chunk)
    except OSError as error:
        raise Refused(f"{file.where}：无法读取（{error.strerror}），光盘可能有损伤，请重新读取或更换") from None
    return any(hmac.compare_digest(digest.hexdigest(), stated.digest) for digest in known)


def _disc_parts(
    path: Path, named: dict[str, DiscFile], lists: set[str], listed: set[str] | None, max_mb: int
) -> Iterator[Part]:
    left = [max_mb * _CHUNK]
    for name, file in named.items():
        if name in lists or (listed is not None and name not in listed):
            continue
        if PurePosixPath(name).suffix.lower() not in SUFFIXES:
            yield Part(name, None)
            continue
        left[0] -= file.size
        if left[0] < 0:
            raise Refused(f"{path}：合计超过 {max_mb} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
        content = file.read()
        inner = f"{path} 内的 {name}"
        if _is_plain_zip(content) or is_packed(content):
            parts = (
                _packed(content, inner, left, max_mb)
                if is_packed(content)
                else _members(content, inner, left, max_mb, 1)
            )
            for part in parts:
                yield Part(f"{name}/{part.name}", part.load)
        else:
            again = partial(_same_part, file, hashlib.sha256(content).hexdigest())
            yield Part(name, _once_then(content, again))


def _same_part(file: DiscFile, digest: str) -> bytes:
    """The file once more; one that changed meanwhile is refused, not half imported."""
    content = file.read()
    if hashlib.sha256(content).hexdigest() != digest:
        raise Refused(f"{file.where}：读取过程中文件被修改，请关闭正在编辑的程序后重新导入")
    return content


def _once_then(content: bytes, again: Callable[[], bytes]) -> Callable[[], bytes]:
    """Gives the bytes at hand the first time, reads them again after that: nobody holds a whole disc."""
    held = [content]
    return lambda: held.pop() if held else again()


# ---------------------------------------------------------------- zip


def _is_plain_zip(content: bytes) -> bool:
    """A zip that is no workbook: workbooks carry a content-types or a mimetype member."""
    if not content.startswith((ZIP, b"PK\x05\x06")):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    return not names & {"[Content_Types].xml", "mimetype", "xl/workbook.xml", "content.xml"}


def _members(content: bytes, where: str, left: list[int], max_mb: int, depth: int) -> Iterator[Part]:
    """The files of a zip. `left` is what may still be unpacked, for all archives of a source together."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refused(f"{where}：压缩包已损坏（{error}），请重新压缩或解压后再导入") from None
    with archive:
        members = sorted((member for member in archive.infolist() if not member.is_dir()), key=lambda m: m.filename)
        if len(members) > MAX_MEMBERS:
            raise Refused(f"{where}：压缩包内文件超过 {MAX_MEMBERS} 个，请分批导入")
        for member in members:
            name = _shown(name_of(member))
            last = PurePosixPath(name).name
            if last.startswith((".", "~$")) or name.startswith("__MACOSX/"):
                continue
            if PurePosixPath(name).suffix.lower() not in SUFFIXES:
                yield Part(name, None)
                continue
            data = _unpack(archive, member, f"{where} 内的 {name}", left, max_mb)
            if not _is_plain_zip(data) and not is_packed(data):
                yield Part(name, partial(_give, data))
            elif depth >= _DEPTH:
                raise Refused(f"{where} 内的 {name}：压缩包套了多层，请解压后再导入")
            elif is_packed(data):
                for part in _packed(data, f"{where} 内的 {name}", left, max_mb):
                    yield Part(f"{name}/{part.name}", part.load)
            else:
                for part in _members(data, f"{where} 内的 {name}", left, max_mb, depth + 1):
                    yield Part(f"{name}/{part.name}", part.load)


def _packed(content: bytes, where: str, left: list[int], max_mb: int) -> Iterator[Part]:
    """The files of a rar or 7z."""

    def wanted(name: str) -> bool:
        return PurePosixPath(_shown(name)).suffix.lower() in SUFFIXES

    for name, data in unpacked(content, where, wanted, left[0], MAX_MEMBERS):
        name = _shown(name)
        if PurePosixPath(name).name.startswith((".", "~$")) or name.startswith("__MACOSX/"):
            continue
        if data is None:
            yield Part(name, None)
            continue
        left[0] -= len(data)
        if _is_plain_zip(data):
            for part in _members(data, f"{where} 内的 {name}", left, max_mb, 2):
                yield Part(f"{name}/{part.name}", part.load)
        elif is_packed(data):
            raise Refused(f"{where} 内的 {name}：压缩包套了多层，请解压后再导入")
        else:
            yield Part(name, partial(_give, data))


def _give(data: bytes) -> bytes:
    return data


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, left: list[int], max_mb: int) -> bytes:
    try:
        data = unpack(archive, member, left[0])
    except Fault as fault:
        if fault.kind == PASSWORD:
            raise Refused(f"{where}：压缩包设有密码，请解压后再导入") from None
        if fault.kind == TOO_LARGE:
            raise Refused(
                f"{where}：解压后超过 {max_mb} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb"
            ) from None
        raise Refused(f"{where}：无法解压（{fault.detail}），请解压后再导入") from None
    left[0] -= len(data)
    return data


def _shown(name: str) -> str:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    shown = "/".join(parts).encode("utf-8", "replace").decode()
    return "".join(c for c in shown if c.isprintable())[:300] or "（无名文件）"
