"""One source -> grids: a file, a zip or a folder (a disc). Bounded, so that a malicious or broken archive does no harm.

A disc may carry a list of checksums (sha256sum, md5sum or sm3sum text): then every file on it is verified first, and
what is missing or altered is told.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from intake.grids import Grid, Source
from intake.read_csv import decode, encoding_of, read_csv
from intake.read_json import read_json
from intake.read_markup import is_markup, read_markup
from intake.read_spreadsheet import ZIP, is_spreadsheet, read_spreadsheet
from standard.errors import Refused

SUFFIXES = frozenset([".xlsx", ".xls", ".xlsm", ".et", ".ods", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".zip"])
MAX_MEMBERS = 2_000
_CHUNK = 1 << 20
_DEPTH = 2  # a zip in a zip is met; deeper is none of an office's doing
_NAMED = (
    (b"%PDF", "是 PDF 文件，请报送原始的 xlsx 或 csv"),
    (b"Rar!", "是 RAR 压缩包，请解压后导入，或改用 zip 压缩"),
    (b"7z\xbc\xaf", "是 7z 压缩包，请解压后导入，或改用 zip 压缩"),
    (b"\x1f\x8b", "是 gzip 压缩包，请解压后导入，或改用 zip 压缩"),
    (b"\x89PNG", "是图片，请报送原始的 xlsx 或 csv"),
    (b"\xff\xd8\xff", "是图片，请报送原始的 xlsx 或 csv"),
    (b"{\\rtf", "是 RTF 文档，请把表格另存为 xlsx 后再导入"),
    (b"SQLite format 3", "是 SQLite 数据库，请写一个映射文件（.yml）后再导入"),
)
_ISO = 32769  # where an ISO 9660 image says CD001


@dataclass(frozen=True)
class Part:
    """One file of a source: its name, and a way to its bytes; None: left aside."""

    name: str
    load: Callable[[], bytes] | None


def read_source(path: Path, max_mb: int = 256) -> Source:
    """Everything readable in one source. Raises Refused, with every fault, when a part cannot be read."""
    try:
        if not path.exists():
            raise Refused(f"{path}：文件不存在，请检查路径")
        if path.is_dir():
            return _read_disc(path, max_mb)
        if not path.is_file():
            raise Refused(f"{path}：不是普通文件，请检查路径")
        if path.stat().st_size > max_mb * _CHUNK:
            raise Refused(f"{path}：文件超过 {max_mb} MB，请拆分，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise Refused(f"{path}：无法读取（{getattr(error, 'strerror', None) or error}）") from None
    digest = hashlib.sha256(content).hexdigest()
    if _is_plain_zip(content):
        source = _read_many(str(path), _members(content, str(path), [max_mb * _CHUNK], max_mb, 1), max_mb)
        return Source(str(path), digest, source.grids, source.notes, source.size)
    notes: list[str] = []
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
    if content[_ISO : _ISO + 5] == b"CD001":
        raise Refused(f"{where}：是光盘映像，请先挂载或解压为目录，再导入该目录")
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
            notes.append(f"{part.name}：不是表格文件，未读取")
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

_SUMS = re.compile(r"(?i)sha-?256|md5|sm3|checksum|manifest|校验|清单")
_SUM_SUFFIXES = frozenset(["", ".txt", ".sha256", ".md5", ".sm3", ".sum", ".sums", ".lst"])
_LINE = re.compile(r"^\\?([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})[ \t]+\*?(\S.*?)\s*$")
_BSD_LINE = re.compile(r"^(?:SHA256|MD5|SM3) ?\((.+)\) ?= ?([0-9A-Fa-f]{32,64})\s*$")


def _read_disc(path: Path, max_mb: int) -> Source:
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    if len(files) > MAX_MEMBERS:
        raise Refused(f"{path}：文件超过 {MAX_MEMBERS} 个，请分批导入")
    named = {file.relative_to(path).as_posix(): file for file in files if not file.name.startswith((".", "~$"))}
    lists = {name: sums for name, file in named.items() if (sums := _sums(file)) is not None}
    listed = _verify(path, named, lists)
    source = _read_many(str(path), _disc_parts(path, named, set(lists), listed, max_mb), max_mb)
    if listed is not None:
        source.notes.insert(0, f"已按校验清单（{'、'.join(lists)}）核对 {len(listed)} 个文件，全部一致")
        source.notes += [
            f"{name}：不在校验清单中，未读取；如需导入，请补入清单或单独导入"
            for name in named
            if name not in listed and name not in lists and Path(name).suffix.lower() in SUFFIXES
        ]
    return source


def _sums(file: Path) -> dict[str, str] | None:
    """name -> checksum, when this is a list of checksums: each of its lines is one (or blank, or a remark)."""
    if not _SUMS.search(file.name) or file.suffix.lower() not in _SUM_SUFFIXES or file.stat().st_size > _CHUNK:
        return None
    text = decode(file.read_bytes())
    sums: dict[str, str] = {}
    for line in (text or "").lstrip("\ufeff").splitlines():
        plain, bsd = _LINE.match(line), _BSD_LINE.match(line)
        if plain:
            sums[plain[2].replace("\\", "/").removeprefix("./")] = plain[1].lower()
        elif bsd:
            sums[bsd[1].replace("\\", "/").removeprefix("./")] = bsd[2].lower()
        elif line.strip() and not line.startswith("#"):
            return None
    return sums or None


def _verify(path: Path, named: dict[str, Path], lists: dict[str, dict[str, str]]) -> set[str] | None:
    """The names of the files that a list vouches for; None when the disc has no list. Raises Refused with every difference."""
    if not lists:
        return None
    faults: list[str] = []
    good: set[str] = set()
    for list_name, sums in lists.items():
        folder = PurePosixPath(list_name).parent
        for name, stated in sums.items():
            whole = (folder / name).as_posix()
            file = named.get(whole)
            if file is None:
                faults.append(
                    f"{path}：校验清单 {list_name} 中的 {name} 不在盘上，请核对光盘是否完整，或让报送单位重新刻录"
                )
            elif not _agrees(file, stated, list_name):
                faults.append(
                    f"{path}：{whole} 的内容与校验清单 {list_name} 不一致，文件可能损坏或被改动，请让报送单位重新提供"
                )
            else:
                good.add(whole)
    if faults:
        raise Refused(*faults)
    return good


def _agrees(file: Path, stated: str, list_name: str) -> bool:
    kinds = ["md5"] if len(stated) == 32 else ["sm3", "sha256"] if "sm3" in list_name.lower() else ["sha256", "sm3"]
    for kind in kinds:
        try:
            digest = hashlib.new(kind, usedforsecurity=False)
        except ValueError:
            continue  # this OpenSSL has no SM3
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        if hmac.compare_digest(digest.hexdigest(), stated):
            return True
    return False


def _disc_parts(
    path: Path, named: dict[str, Path], lists: set[str], listed: set[str] | None, max_mb: int
) -> Iterator[Part]:
    left = [max_mb * _CHUNK]
    for name, file in named.items():
        if name in lists or (listed is not None and name not in listed):
            continue
        if file.suffix.lower() not in SUFFIXES:
            yield Part(name, None)
            continue
        size = file.stat().st_size
        left[0] -= size
        if left[0] < 0:
            raise Refused(f"{path}：合计超过 {max_mb} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
        try:
            content = file.read_bytes()
        except OSError as error:
            raise Refused(f"{file}：无法读取（{error.strerror}），光盘可能有损伤，请重新读取或更换") from None
        if _is_plain_zip(content):
            for part in _members(content, f"{path} 内的 {name}", left, max_mb, 1):
                yield Part(f"{name}/{part.name}", part.load)
        else:
            yield Part(name, _once_then(content, partial(_same_bytes, file, hashlib.sha256(content).hexdigest())))


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
            name = _member_name(member)
            last = PurePosixPath(name).name
            if last.startswith((".", "~$")) or name.startswith("__MACOSX/"):
                continue
            if PurePosixPath(name).suffix.lower() not in SUFFIXES:
                yield Part(name, None)
                continue
            data = _unpack(archive, member, f"{where} 内的 {name}", left, max_mb)
            if not _is_plain_zip(data):
                yield Part(name, partial(_give, data))
            elif depth >= _DEPTH:
                raise Refused(f"{where} 内的 {name}：压缩包套了多层，请解压后再导入")
            else:
                for part in _members(data, f"{where} 内的 {name}", left, max_mb, depth + 1):
                    yield Part(f"{name}/{part.name}", part.load)


def _give(data: bytes) -> bytes:
    return data


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, left: list[int], max_mb: int) -> bytes:
    if member.flag_bits & 1:
        raise Refused(f"{where}：压缩包设有密码，请解压后再导入")
    # Sizes in the directory may lie: read no more than is left, whatever it says.
    try:
        with archive.open(member) as stream:
            data = stream.read(left[0] + 1)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise Refused(f"{where}：无法解压（{error}），请解压后再导入") from None
    left[0] -= len(data)
    if left[0] < 0:
        raise Refused(f"{where}：解压后超过 {max_mb} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
    return data


def _member_name(member: zipfile.ZipInfo) -> str:
    """A name to show, never a path to write to. Chinese systems write GBK without saying so; zipfile then reads cp437."""
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gb18030")
        except (UnicodeEncodeError, UnicodeDecodeError):
            pass
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    shown = "/".join(parts).encode("utf-8", "replace").decode()
    return "".join(c for c in shown if c.isprintable())[:300] or "（无名文件）"
