"""Files to grids, grids to tables: whatever departments send."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.grids import Grid
from intake.headers import find_table
from intake.read_archive import read_content, read_source
from intake.read_json import read_json
from standard.errors import Refused

Make = Callable[..., list[str]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_every_encoding(
    encoding: str, delimiter: str, penalty_row: Make, penalty_header: list[str], write_csv: Callable[..., bytes]
) -> None:
    text = write_csv([penalty_header, penalty_row(1)], "utf-8").decode().replace(",", delimiter)
    (grid,) = read_content(text.encode(encoding), "a.csv", ".csv", "a.csv")
    table = find_table(grid)
    assert table is not None and table.kind == "penalty" and table.edition == "2018" and len(table.rows) == 1
    assert table.rows[0][0] == 2


def test_header_below_a_title_with_a_rules_row_a_footer_and_a_repeated_header(
    tmp_path: Path, penalty_row: Make, penalty_header: list[str], write_xlsx: Callable[..., Path]
) -> None:
    rules = ["文本(200个字符)"] * 10 + ["日期\n如文本格式为:2016/01/01"] * 3 + ["必填"] * 5
    rows = [
        [],
        ["报送表"],
        penalty_header,
        rules,
        penalty_row(1),
        [],
        penalty_header,
        penalty_row(2),
        ["填报人：赵六", "联系电话：1"],
    ]
    merge = [("处罚", 1, 0, 1, len(penalty_header) - 1, "示例市行政处罚信息报送表")]
    path = write_xlsx(tmp_path / "a.xlsx", {"说明": [["请先阅读"]], "处罚": rows}, merge)
    tables = [table for grid in read_source(path).grids if (table := find_table(grid))]
    assert [(table.grid.sheet, [number for number, _ in table.rows]) for table in tables] == [("处罚", [5, 8])]


def test_merged_cells_are_filled_and_typed_cells_keep_their_meaning(
    tmp_path: Path, write_xlsx: Callable[..., Path]
) -> None:
    day = datetime.date(2026, 9, 3)
    rows = [
        ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "处罚决定日期", "罚款金额（万元）", "处罚机关"],
        ["甲公司", 913300007559184690, "", day, 0.5, "示例局"],
        ["乙公司", "007", "示罚〔2026〕2号", day, 12.0, "示例局"],
    ]
    path = write_xlsx(tmp_path / "a.xlsx", {"a": rows}, [("a", 1, 2, 2, 2, "示罚〔2026〕1号")])
    table = find_table(read_source(path).grids[0])
    assert table is not None
    first, second = (table.texts(cells)[0] for _, cells in table.rows)
    assert first["document_number"] == second["document_number"] == "示罚〔2026〕1号"
    assert first["decision_date"] == "2026-09-03" and second["fine_yuan"] == "12"
    assert first["counterparty_code"] == "9.133000075591846e+17"  # told as stored as a number, never formatted back
    assert second["counterparty_code"] == "007"


def test_two_row_headers() -> None:
    grid = Grid("处罚", [
        ["文号", "行政相对人", "行政相对人", "处罚决定日期", "处罚机关"],
        ["", "名称", "统一社会信用代码", "", ""],
        ["示罚〔2026〕1号", "甲公司", "91330000755918469E", "2026/9/3", "示例局"],
    ])  # fmt: skip
    table = find_table(grid)
    assert table is not None and [number for number, _ in table.rows] == [3]
    assert [column.field for column in table.columns if column] == [
        "document_number", "counterparty", "counterparty_code", "decision_date", "authority",
    ]  # fmt: skip


def test_two_row_headers_of_a_csv_whose_groups_are_not_merged() -> None:
    grid = Grid("处罚.csv", [
        ["文号", "行政相对人", "", "处罚决定日期", "处罚机关"],
        ["", "名称", "统一社会信用代码", "", ""],
        ["示罚〔2026〕1号", "甲公司", "91330000755918469E", "2026/9/3", "示例局"],
        ["示罚〔2026〕2号", "乙公司", "", "2026/9/3", "示例局"],
    ])  # fmt: skip
    table = find_table(grid)
    assert table is not None and [number for number, _ in table.rows] == [3, 4]
    assert [column.field for column in table.columns if column] == [
        "document_number", "counterparty", "counterparty_code", "decision_date", "authority",
    ]  # fmt: skip


def test_a_single_header_with_unnamed_columns_swallows_no_row() -> None:
    grid = Grid("处罚.csv", [
        ["文号", "行政相对人名称", "处罚决定日期", "处罚机关", "", ""],
        ["示罚〔2026〕1号", "甲公司", "2026/9/3", "示例局", "附注", "文号"],
        ["示罚〔2026〕2号", "乙公司", "2026/9/3", "示例局", "", ""],
    ])  # fmt: skip
    table = find_table(grid)
    assert table is not None and [number for number, _ in table.rows] == [2, 3]


@pytest.mark.parametrize(
    "rules",
    [
        ["见填报说明", "必填，填写全称", "18位", "YYYY/MM/DD", "填写全称"], ["请填写文号", "全称", "可空", "按代码表", "条件必填"],
        ["参照说明", "同上", "有则填写", "详见说明", "单选"],
    ],
)  # fmt: skip
def test_rules_rows_are_no_data(rules: list[str]) -> None:
    grid = Grid("处罚", [
        ["文号", "行政相对人名称", "统一社会信用代码", "处罚决定日期", "处罚机关"], rules,
        ["示罚〔2026〕1号", "甲公司", "91330000755918469E", "2026/9/3", "示例局"],
    ])  # fmt: skip
    table = find_table(grid)
    assert table is not None and [number for number, _ in table.rows] == [3]


def test_json_lists_lines_and_names() -> None:
    record = {"cf_wsh": "示罚〔2026〕1号", "cfXdrMc": "甲公司", "CF_JDRQ": "2026-09-03"}
    for text in (
        json.dumps([record]), json.dumps({"code": 0, "data": {"rows": [record]}}, ensure_ascii=False), json.dumps(record),
        "\n".join([json.dumps(record), json.dumps(record)]),
    ):  # fmt: skip
        (grid,) = read_json(text.encode(), "a.json")
        table = find_table(grid)
        assert table is not None and table.kind == "penalty" and table.rows[0][0] == 1
    grids = read_json(json.dumps({"licence": [record], "penalty": [record]}).encode(), "a.json")
    assert [grid.sheet for grid in grids] == ["licence", "penalty"]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_zip_and_folder_give_the_same(
    tmp_path: Path, penalty_row: Make, penalty_header: list[str], write_csv: Callable[..., bytes]
) -> None:
    content = write_csv([penalty_header, penalty_row(1)])
    members = {"九月/处罚.csv": content, "九月/说明.docx": b"x"}
    (tmp_path / "a.zip").write_bytes(zipped(members))
    for name, data in members.items():
        (tmp_path / "disc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "disc" / name).write_bytes(data)
    for path in (tmp_path / "a.zip", tmp_path / "disc"):
        source = read_source(path)
        assert [grid.file for grid in source.grids] == ["九月/处罚.csv"]
        assert source.notes == ["九月/说明.docx：不是表格文件，未读取"]


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a.csv": b"0" * (3 << 20)}))
    with pytest.raises(Refused, match="解压后超过 1 MB"):
        read_source(tmp_path / "a.zip", max_mb=1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空的"), (b"<html><table></table></html>", "网页"), (b"\xd0\xcf\x11\xe0broken", "无法打开"), (b"PK\x03\x04broken", "无法打开"),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe\x80\x00", "图片"), (b"\x00\xff\xfe\x80\x00", "无法识别"), (b'{"a": ', "JSON"), (b'"unclosed', None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, content: bytes, says: str | None) -> None:
    (tmp_path / "坏.bin").write_bytes(content)
    try:
        read_source(tmp_path / "坏.bin")
    except Refused as refused:
        assert says is not None and says in str(refused) and "坏.bin" in str(refused)
    else:
        assert says is None


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore"))),
    st.sampled_from([".xls", ".csv", ".json", ""]),
)
def test_any_bytes_are_read_or_refused(content: bytes, suffix: str) -> None:
    for prefix in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"["):
        try:
            grids = read_content(prefix + content, "x", suffix)
        except Refused:
            continue
        for grid in grids:
            find_table(grid)


@given(st.lists(st.lists(st.text(max_size=12), max_size=8), max_size=12))
def test_any_grid(rows: list[list[str]]) -> None:
    table = find_table(Grid("", rows))
    if table is not None:
        for _, cells in table.rows:
            table.texts(cells)
