"""Way three: discs with a list of checksums. And what pretends to be an Excel file."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
import rars
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fuzz_import import base, csv_text, rows, zipped
from containers.packed import is_packed
from db.settings import Workspace
from intake.headers import find_table
from intake.read_archive import _packed, read_content, read_source
from intake.read_disc_image import files_of, reader
from intake.submissions import import_submissions
from standard.errors import Refused


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    folder = tmp_path / "disc"
    (folder / "九月").mkdir(parents=True)
    (folder / "九月" / "处罚.csv").write_bytes(csv_text(rows()).encode("gb18030"))
    (folder / "处罚二.xlsx").write_bytes(base("xlsx"))
    return folder


def sums(folder: Path, kind: str, line: str = "{digest}  {name}") -> str:
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    return "\n".join(
        line.format(digest=hashlib.new(kind, f.read_bytes()).hexdigest(), name=f.relative_to(folder).as_posix())
        for f in files
    )


@pytest.mark.parametrize(
    ("name", "kind", "line"),
    [
        ("SHA256SUMS", "sha256", "{digest}  {name}"), ("md5sum.txt", "md5", "{digest} *./{name}"),
        ("校验清单.txt", "sha256", "SHA256 ({name}) = {digest}"), ("manifest.sm3", "sm3", "{digest}  {name}"),
    ],
)  # fmt: skip
def test_a_disc_is_verified_and_imported_once(
    workspace: Workspace, disc: Path, name: str, kind: str, line: str
) -> None:
    (disc / name).write_text(sums(disc, kind, line) + "\n", encoding="utf-8")
    (receipt,) = import_submissions(workspace, [disc])
    assert receipt.accepted == 12 and receipt.duplicate == 12 and "核对 2 个文件，全部一致" in receipt.notes[0]
    (again,) = import_submissions(workspace, [disc])
    assert again.accepted == 0 and "导入过" in again.notes[0]


def test_missing_and_altered_files_are_all_told(workspace: Workspace, disc: Path) -> None:
    listed = sums(disc, "sha256") + f"\n{'0' * 64}  许可.xlsx\n"
    (disc / "sha256sum.txt").write_text(listed, encoding="utf-8")
    (disc / "九月" / "处罚.csv").write_bytes(b"altered")
    with pytest.raises(Refused) as caught:
        import_submissions(workspace, [disc])
    told = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 2 and "许可.xlsx 不在盘上" in told and "九月/处罚.csv 的内容与校验清单" in told


def test_a_file_the_list_does_not_name_is_left_aside(workspace: Workspace, disc: Path) -> None:
    (disc / "sha256sum.txt").write_text(sums(disc, "sha256"), encoding="utf-8")
    (disc / "后加.csv").write_bytes(b"x")
    (receipt,) = import_submissions(workspace, [disc])
    assert any("后加.csv：不在校验清单中" in note for note in receipt.notes)


@pytest.mark.parametrize(
    "rows_of",
    [
        lambda listed: [["序号", "文件名", "大小", "SHA256"], *[[str(n), a, "1", b] for n, (a, b) in enumerate(listed)]],
        lambda listed: [["光盘文件清单"], ["文件路径", "校验值"], *[[a.replace("/", chr(92)), b.upper()] for a, b in listed]],
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_list_may_be_a_table(
    workspace: Workspace,
    disc: Path,
    write_xlsx: Callable[..., Path],
    rows_of: Callable[..., list[list[str]]],
    suffix: str,
) -> None:
    files = sorted(f for f in disc.rglob("*") if f.is_file())
    table = rows_of([(f.relative_to(disc).as_posix(), hashlib.sha256(f.read_bytes()).hexdigest()) for f in files])
    if suffix == ".csv":
        (disc / "文件清单.csv").write_bytes(csv_text(table).encode("gb18030"))
    else:
        write_xlsx(disc / "文件清单.xlsx", {"清单": table})
    (receipt,) = import_submissions(workspace, [disc])
    assert receipt.accepted == 12 and "核对 2 个文件，全部一致" in receipt.notes[0]
    files[0].write_bytes(b"altered")
    with pytest.raises(Refused, match="内容与校验清单 文件清单"):
        read_source(disc)


def test_a_table_of_submissions_is_no_list_whatever_its_name(workspace: Workspace, disc: Path) -> None:
    (disc / "九月" / "处罚.csv").rename(disc / "处罚清单.csv")
    (receipt,) = import_submissions(workspace, [disc])
    assert receipt.rows == 24 and not any("核对" in note for note in receipt.notes)


def test_letters_of_another_case_and_everything_that_is_not_listed(workspace: Workspace, disc: Path) -> None:
    (disc / "sha1.txt").write_text(sums(disc, "sha1").replace("xlsx", "XLSX"), encoding="utf-8")
    for number in range(40):
        (disc / f"照片{number}.jpg").write_bytes(b"x")
    (receipt,) = import_submissions(workspace, [disc])
    assert receipt.accepted == 12
    assert sum("不在校验清单中" in note for note in receipt.notes) == 31 and "另有 10 个" in receipt.notes[-1]


# ---------------------------------------------------------------- images: made by genisoimage -J, and -R


@pytest.fixture(params=["joliet", "rockridge"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "光盘.iso"
    path.write_bytes(gzip.decompress((Path(__file__).parent / "images" / f"{request.param}.iso.gz").read_bytes()))
    return path


def test_an_image_is_read_like_the_disc_and_imported_once(workspace: Workspace, image: Path, tmp_path: Path) -> None:
    source = read_source(image)
    assert [grid.file for grid in source.grids] == ["九月/处罚信息（第一批）报送表.csv", "行政处罚二.csv"]
    assert source.notes[0] == "已按校验清单（校验清单.txt）核对 2 个文件，全部一致"
    assert source.notes[1].startswith("说明.txt.pdf：不在校验清单中")
    (receipt,) = import_submissions(workspace, [image])
    assert (receipt.rows, receipt.accepted) == (24, 24)
    folder = tmp_path / "mounted"
    for name, file in files_of(image, 100).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"".join(reader(image, file)(1000)))
    (again,) = import_submissions(workspace, [folder])  # the same disc, now put into the drive
    assert again.accepted == 0 and "导入过" in again.notes[0]


def test_an_altered_image_is_told(workspace: Workspace, image: Path) -> None:
    content = bytearray(image.read_bytes())
    content[content.index("第20商贸".encode())] ^= 1
    image.write_bytes(content)
    with pytest.raises(Refused, match=r"行政处罚二\.csv 的内容与校验清单"):
        import_submissions(workspace, [image])


def test_images_that_cannot_be_read_say_how_to(tmp_path: Path, image: Path) -> None:
    whole = image.read_bytes()
    cut = whole.index("第20商贸".encode())
    loop = bytearray(whole)
    for start in (16 * 2048, 17 * 2048):  # every root directory is the root directory
        if loop[start + 1 : start + 6] == b"CD001":
            place = int.from_bytes(loop[start + 158 : start + 162], "little") * 2048
            second = place + loop[place] + loop[place + loop[place]]
            loop[second + 2 : second + 6] = loop[start + 158 : start + 162]
            loop[second + 25] |= 2
    for content, says in (
        (whole[:cut], "损坏或不完整"), (whole[: 20 * 2048], "损坏或不完整"), (bytes(loop), "层次异常"),
        (bytes(32768) + b"\0BEA01" + bytes(2042) + b"\0NSR02" + bytes(9000), "UDF 格式"),
        (b"\0" + b"\xff" * 10 + b"\0" + bytes(2352 * 20), "原始扇区"),
    ):  # fmt: skip
        (tmp_path / "坏.iso").write_bytes(content)
        with pytest.raises(Refused, match=says) as caught:
            read_source(tmp_path / "坏.iso")
        assert "坏.iso" in str(caught.value) and "请" in str(caught.value)


@given(st.integers(0, 10**9), st.integers(1, 255), st.integers(0, 400_000))
def test_any_image_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, seed: int, flip: int, cut: int) -> None:
    path = tmp_path_factory.mktemp("image") / "a.iso"
    whole = bytearray(gzip.decompress((Path(__file__).parent / "images" / "rockridge.iso.gz").read_bytes()))
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 3, 30))):
        whole[chance.randrange(16 * 2048, 30 * 2048)] ^= flip
    path.write_bytes(bytes(whole[: cut or None]) if chance.random() < 0.3 else bytes(whole))
    try:
        read_source(path, max_mb=4)
    except Refused as refused:
        assert all("a.iso" in fault and len(fault) < 1500 for fault in refused.faults)


def seven(members: dict[str, bytes], password: str | None = None) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return out.getvalue()


def rar(members: dict[str, bytes]) -> bytes:
    builder = rars.RarBuilder()
    for name, data in members.items():
        builder.add_bytes(data, name)
    return bytes(builder.to_bytes())


@pytest.mark.parametrize("pack", [seven, rar])
def test_rar_and_7z_are_read_like_zip(workspace: Workspace, tmp_path: Path, pack: Callable[..., bytes]) -> None:
    members = {
        "九月/处罚.csv": csv_text(rows()).encode("gb18030"), "说明.docx": b"x", "上/许可.xlsx": base("xlsx"), "内.zip": base("zip")
    }  # fmt: skip
    (tmp_path / "a.dat").write_bytes(pack(members))
    source = read_source(tmp_path / "a.dat")
    assert {grid.file for grid in source.grids} == {
        "九月/处罚.csv", "内.zip/九月/处罚.csv", "内.zip/许可.xlsx", "上/许可.xlsx"
    }  # fmt: skip
    assert source.notes == ["说明.docx：不是表格文件，未读取"]
    (receipt,) = import_submissions(workspace, [tmp_path / "a.dat"])
    assert (receipt.rows, receipt.accepted) == (48, 12)
    (tmp_path / "b.zip").write_bytes(zipped({"a.rar": pack({"处罚.csv": csv_text(rows()).encode()})}))
    assert [grid.file for grid in read_source(tmp_path / "b.zip").grids] == ["a.rar/处罚.csv"]
    with pytest.raises(Refused, match="解压后超过 1 MB"):
        (tmp_path / "c.rar").write_bytes(pack({"a.csv": b"0" * (8 << 20)}))
        read_source(tmp_path / "c.rar", max_mb=1)


def test_archives_that_cannot_be_opened_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"处罚.csv": csv_text(rows()).encode(), "许可.tar": b"x", "图.jpg": b"x"}))
    notes = read_source(tmp_path / "a.zip").notes
    assert "许可.tar：是压缩包，未读取；请解压后另行导入" in notes and "图.jpg：不是表格文件，未读取" in notes
    for content, says in (
        (b"Rar!\x1a\x07\x01\x00" + bytes(60), "RAR 压缩包已损坏"), (b"7z\xbc\xaf\x27\x1c" + bytes(60), "7z 压缩包已损坏"),
        (seven({"a.csv": b"x" * 50}, "secret"), "设有密码"), (b"\x1f\x8b\x08" + bytes(9), "gzip 压缩包，请解压后导入"),
    ):  # fmt: skip
        (tmp_path / "a.bin").write_bytes(content)
        with pytest.raises(Refused, match=says) as caught:
            read_source(tmp_path / "a.bin")
        assert "a.bin" in str(caught.value)


@given(st.sampled_from([0, 1]), st.integers(0, 10**6), st.integers(1, 255), st.booleans())
def test_a_spoilt_archive_is_read_or_refused(kind: int, at: int, flip: int, cut: bool) -> None:
    content = bytearray((seven, rar)[kind]({"a.csv": csv_text(rows(2)).encode(), "b.csv": b"x"}))
    content[at % len(content)] ^= flip
    if cut:
        content = content[: at % len(content)]
    try:
        list(_packed(bytes(content), "a", [4 << 20], 4)) if is_packed(bytes(content)) else None
    except Refused as refused:
        assert "请" in str(refused)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("flag", [False, True])
def test_names_in_a_zip(tmp_path: Path, encoding: str, flag: bool) -> None:
    """Windows writes GBK and does not say so; others write UTF-8 and do not say so either."""
    name = "九月/行政处罚.csv"
    raw = zipped({"x" * len(name.encode(encoding)): csv_text(rows()).encode()})
    raw = raw.replace(b"x" * len(name.encode(encoding)), name.encode(encoding))
    if flag and encoding == "utf-8":
        raw = bytearray(raw)
        raw[6 + 1] |= 8
        raw[raw.index(b"PK\x01\x02") + 8 + 1] |= 8
    (tmp_path / "a.zip").write_bytes(raw)
    assert [grid.file for grid in read_source(tmp_path / "a.zip").grids] == [name]


@pytest.mark.parametrize("kind", ["html", "xml", "tsv"])
def test_what_pretends_to_be_xls_is_read(kind: str) -> None:
    grids = read_content(base(kind), "a.xls", ".xls")
    table = find_table(grids[0])
    assert table is not None and len(table.rows) == 12 and table.column_of("document_number") == 3


def test_spans_of_a_page_are_filled() -> None:
    page = "<table><tr><td rowspan=2>甲<td colspan=2>乙</tr><tr><td>丙<td>丁</tr></table>".encode()
    (grid,) = read_content(page, "a.xls", ".xls")
    assert grid.rows == [["甲", "乙", "乙"], ["甲", "丙", "丁"]]


def test_zips_within_zips_and_names_that_climb(tmp_path: Path) -> None:
    inner = zipped({"../../处罚.csv": csv_text(rows()).encode()})
    (tmp_path / "a.zip").write_bytes(zipped({"九月.zip": inner}))
    source = read_source(tmp_path / "a.zip")
    assert [grid.file for grid in source.grids] == ["九月.zip/处罚.csv"]
    (tmp_path / "b.zip").write_bytes(zipped({"x.zip": zipped({"y.zip": inner})}))
    with pytest.raises(Refused, match="套了多层"):
        read_source(tmp_path / "b.zip")


def test_digits_that_were_lost_are_told(workspace: Workspace, tmp_path: Path, write_xlsx: Callable[..., Path]) -> None:
    table = [list(row) for row in rows(2)]
    table[1][13] = 911400001234568000  # type: ignore[call-overload]
    table[2][3] = "1.23457E+15"
    (receipt,) = import_submissions(workspace, [write_xlsx(tmp_path / "a.xlsx", {"处罚": table})])
    told = {(line.cell, line.message) for line in receipt.rows_detail if "丢失" in line.message}
    assert {cell for cell, _ in told} == {"N2", "D3"}


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(base("xlsx"))
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("xl/media/image1.png", bytes(2 << 20))
    source = read_source(tmp_path / "a.xlsx")
    source.release()
    (tmp_path / "a.xlsx").write_bytes(base("xlsx"))
    with pytest.raises(Refused, match="被修改"):
        source.grids[0].head(1)
