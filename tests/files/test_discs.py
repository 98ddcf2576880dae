"""Way three: discs with a list of checksums. And what pretends to be an Excel file."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.fuzz_import import base, csv_text, rows, zipped
from db.settings import Workspace
from intake.headers import find_table
from intake.read_archive import read_content, read_source
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
