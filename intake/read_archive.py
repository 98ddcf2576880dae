"""One source -> grids: a file, a zip or a folder (a disc). Bounded, so that a malicious or broken archive does no harm."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from intake.grids import Grid, Source
from intake.read_csv import decode, read_csv
from intake.read_json import read_json
from intake.read_spreadsheet import ZIP, is_spreadsheet, read_spreadsheet
from standard.errors import Refused

SUFFIXES = frozenset([".xlsx", ".xls", ".xlsm", ".et", ".ods", ".csv", ".tsv", ".txt", ".json", ".jsonl"])
MAX_MEMBERS = 2_000
_CHUNK = 1 << 20


def read_source(path: Path, max_mb: int = 256) -> Source:
    """Everything readable in one source. Raises Refused, with every fault, when a part cannot be read."""
    if not path.exists():
        raise Refused(f"{path}：文件不存在，请检查路径")
    if path.is_dir():
        return _read_many(str(path), _folder(path, max_mb))
    limit = max_mb * _CHUNK
    try:
        if path.stat().st_size > limit:
            raise Refused(f"{path}：文件超过 {max_mb} MB，请拆分，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
        content = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}：无法读取（{error.strerror}）") from None
    if _is_plain_zip(content):
        source = _read_many(str(path), _members(content, str(path), max_mb))
        return Source(str(path), hashlib.sha256(content).hexdigest(), source.grids, source.notes)
    grids = read_content(content, str(path), path.suffix.lower(), path.name)
    return Source(str(path), hashlib.sha256(content).hexdigest(), grids)


def read_content(content: bytes, where: str, suffix: str, sheet: str = "") -> list[Grid]:
    """The grids of one file, by its first bytes; `suffix` only tells text formats apart, `sheet` names a csv's only grid."""
    if len(content.strip()) == 0:
        raise Refused(f"{where}：文件是空的，请检查是否导出成功")
    if is_spreadsheet(content):
        return read_spreadsheet(content, where)
    head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        raise Refused(f"{where}：实际是网页或 XML，不是表格文件，请用 Excel 或 WPS 打开后另存为 xlsx")
    if suffix in (".json", ".jsonl") or (head.startswith((b"{", b"[")) and suffix not in (".csv", ".tsv")):
        return read_json(content, where)
    if decode(content) is None:
        raise Refused(f"{where}：无法识别的文件格式，请另存为 xlsx 或 csv 后再导入")
    return [read_csv(content, where, sheet)]


def _read_many(where: str, parts: Iterator[tuple[str, bytes | None]]) -> Source:
    digest = hashlib.sha256()
    grids: list[Grid] = []
    notes: list[str] = []
    faults: list[str] = []
    for name, content in parts:
        digest.update(name.encode("utf-8", "replace") + b"\0")
        if content is None:
            notes.append(f"{name}：不是表格文件，未读取")
            continue
        digest.update(hashlib.sha256(content).digest())
        try:
            for grid in read_content(content, f"{where} 内的 {name}", Path(name).suffix.lower()):
                grids.append(Grid(grid.sheet, grid.rows, name, grid.first))
        except Refused as refused:
            faults += refused.faults
    if faults:
        raise Refused(*faults)
    if len(grids) == 0:
        raise Refused(f"{where}：其中没有可读的表格（xlsx、xls、csv、json），请检查")
    return Source(where, digest.hexdigest(), grids, notes)


def _folder(path: Path, max_mb: int) -> Iterator[tuple[str, bytes | None]]:
    total = 0
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    if len(files) > MAX_MEMBERS:
        raise Refused(f"{path}：文件超过 {MAX_MEMBERS} 个，请分批导入")
    for file in files:
        name = file.relative_to(path).as_posix()
        if file.name.startswith((".", "~$")):
            continue
        if file.suffix.lower() not in SUFFIXES:
            yield name, None
            continue
        total += file.stat().st_size
        if total > max_mb * _CHUNK:
            raise Refused(f"{path}：合计超过 {max_mb} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb")
        yield name, file.read_bytes()


def _is_plain_zip(content: bytes) -> bool:
    """A zip that is no workbook: workbooks carry a content-types or a mimetype member."""
    if not content.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError):
        return False
    return not names & {"[Content_Types].xml", "mimetype"}


def _members(content: bytes, where: str, max_mb: int) -> Iterator[tuple[str, bytes | None]]:
    left = max_mb * _CHUNK
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = sorted((member for member in archive.infolist() if not member.is_dir()), key=lambda m: m.filename)
        if len(members) > MAX_MEMBERS:
            raise Refused(f"{where}：压缩包内文件超过 {MAX_MEMBERS} 个，请分批导入")
        for member in members:
            name = _member_name(member)
            if Path(name).name.startswith((".", "~$")) or name.startswith("__MACOSX/"):
                continue
            if Path(name).suffix.lower() not in SUFFIXES:
                yield name, None
                continue
            if member.flag_bits & 1:
                raise Refused(f"{where} 内的 {name}：压缩包设有密码，请解压后再导入")
            # Sizes in the directory may lie: read no more than is left, whatever it says.
            try:
                with archive.open(member) as stream:
                    data = stream.read(left + 1)
            except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
                raise Refused(f"{where} 内的 {name}：无法解压（{error}），请解压后再导入") from None
            left -= len(data)
            if left < 0:
                raise Refused(
                    f"{where}：解压后超过 {max_mb} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb"
                )
            yield name, data


def _member_name(member: zipfile.ZipInfo) -> str:
    """Chinese systems write names in GBK without saying so; zipfile then reads them as cp437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename
