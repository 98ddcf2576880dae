"""Way two of submission: files in every form that offices send. What was written by Excel's relatives is kept in books/."""

from __future__ import annotations

import datetime
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import xlsxwriter

from benchmarks.fuzz_import import HEADER, base, csv_text, rewritten, rows, xlsx, zipped
from db.settings import Workspace
from intake.headers import find_table
from intake.read_archive import read_content, read_source
from intake.receipts import Receipt
from intake.submissions import import_submissions
from standard.errors import Refused

BOOKS = Path(__file__).parent / "books"  # by LibreOffice (book.*) and Office's own encryption (locked.xlsx)


def book(name: str) -> bytes:
    return gzip.decompress((BOOKS / f"{name}.gz").read_bytes())


def made(path: Path, fill: Callable[[Any, Any], None], **options: Any) -> Path:
    with xlsxwriter.Workbook(str(path), options) as workbook:
        fill(workbook, workbook.add_worksheet("处罚"))
    return path


def table_of(workbook: Any, sheet: Any, count: int = 3, first: int = 0) -> None:
    for r, row in enumerate(rows(count)):
        sheet.write_row(first + r, 0, row)


def taken(workspace: Workspace, path: Path) -> Receipt:
    (receipt,) = import_submissions(workspace, [path], unit="sjj")
    assert receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused == receipt.rows
    return receipt


@pytest.mark.parametrize(
    ("content", "suffix"), [("xls", ".xls"), ("xls", ".et"), ("xls", ".xlsx"), ("ods", ".ods"), ("ods", ".xls")]
)
def test_books_of_other_programs(workspace: Workspace, tmp_path: Path, content: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(book(f"book.{content}"))
    (grid,) = read_source(path).grids
    table = find_table(grid)
    assert table is not None and table.kind == "penalty" and [number for number, _ in table.rows] == [3, 4, 5, 6]
    texts = [table.texts(cells)[0] for _, cells in table.rows]
    assert texts[0]["decision_date"] == "2026-09-03" and texts[1]["fine_yuan"] == "0.5"
    assert {text["authority"] for text in texts} == {"示例市市场监督管理局"}
    receipt = taken(workspace, path)
    assert receipt.accepted == 4 and any("丢失" in line.message and line.cell == "B5" for line in receipt.rows_detail)


def test_an_et_of_the_new_form_is_a_zip_inside(tmp_path: Path) -> None:
    (tmp_path / "a.et").write_bytes(base("xlsx"))
    assert len(read_source(tmp_path / "a.et").grids[0].rows) == 13


def locked_xls() -> bytes:
    """The first record after the beginning of an encrypted xls says how it is encrypted."""
    content = bytearray(book("book.xls"))
    at = content.index(bytes.fromhex("0908100000060500")) + 20
    content[at : at + 2] = b"\x2f\x00"
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (book("locked.xlsx"), "文件设有密码，请在 Excel 中去掉密码"), (locked_xls(), "文件设有密码，请在 Excel 中去掉密码"),
        (zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "是 Word 文档"),
        (b"\xd0\xcf\x11\xe0" + bytes(600) + "WordDocument".encode("utf-16-le"), "是 Word 文档"), (b"%PDF-1.7", "是 PDF 文件"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.bin": b"x"}), "xlsb 二进制工作簿暂不支持"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(Refused, match=says) as caught:
        read_source(tmp_path / "a.xlsx")
    assert "a.xlsx" in str(caught.value)


def test_formulas_have_their_last_value_and_one_without_is_told(workspace: Workspace, tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table_of(workbook, sheet)
        sheet.write_formula(1, 9, "=1/2", None, 0.5)
        sheet.write_formula(2, 9, "=1/0", None, "#DIV/0!")
        sheet.write_formula(3, 3, '="示市监罚字〔2026〕"&2&"号"', None, "示市监罚字〔2026〕2号")

    path = made(tmp_path / "a.xlsx", fill)
    receipt = taken(workspace, path)
    assert receipt.accepted == 3
    assert receipt.notes == ["有 1 个单元格是错误值（如 #N/A、#REF!），按空白读取；请在原表中更正"]
    never = rewritten(path.read_bytes(), lambda name, c: re.sub(rb"</f><v>[^<]*</v>", b"</f>", c))
    (tmp_path / "b.xlsx").write_bytes(never)
    assert any(note.startswith("有 3 个公式没有计算结果") for note in taken(workspace, tmp_path / "b.xlsx").notes)


@pytest.mark.parametrize("old", [False, True])
def test_days_counted_from_1900_and_from_1904(tmp_path: Path, old: bool) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table_of(workbook, sheet)
        form = workbook.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        sheet.write_datetime(1, 10, datetime.datetime.fromisoformat("2026-09-03"), form)
        sheet.write_datetime(2, 10, datetime.datetime.fromisoformat("2026-09-03 10:05"), form)

    table = find_table(read_source(made(tmp_path / "a.xlsx", fill, date_1904=old)).grids[0])
    assert table is not None
    days = [table.texts(cells)[0]["decision_date"] for _, cells in table.rows]
    assert days == ["2026-09-03", "2026-09-03 10:05:00", "2026/09/03"]


def test_a_bare_serial_number_is_a_day(workspace: Workspace, tmp_path: Path) -> None:
    table = rows(2)
    table[1][10] = "46268"
    (tmp_path / "a.csv").write_text(csv_text(table), encoding="utf-8")
    receipt = taken(workspace, tmp_path / "a.csv")
    assert receipt.accepted == 2 and not any("决定日期" in line.column for line in receipt.rows_detail)


def test_what_is_hidden_is_read_and_told(workspace: Workspace, tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table_of(workbook, sheet)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(5, 6, None, None, {"hidden": True})
        other = workbook.add_worksheet("旧数据")
        table_of(workbook, other, 5)
        other.hide()

    receipt = taken(workspace, made(tmp_path / "a.xlsx", fill))
    assert (receipt.rows, receipt.accepted, receipt.duplicate) == (8, 5, 3)
    assert "有隐藏的行（可能是筛选结果），已一并读取；不应报送的请删除" in receipt.notes
    assert "工作表“旧数据”是隐藏的，已一并读取" in receipt.notes

    def no_rows(workbook: Any, sheet: Any) -> None:
        table_of(workbook, sheet)
        sheet.set_column(5, 6, None, None, {"hidden": True})

    assert not any("隐藏" in note for note in read_source(made(tmp_path / "b.xlsx", no_rows)).notes)


def test_everything_an_office_puts_around_a_table(workspace: Workspace, tmp_path: Path) -> None:
    """Title, unit, a header in two rows with groups, a rules row, an example, totals, signatures, and coloured empty rows."""

    def fill(workbook: Any, sheet: Any) -> None:
        sheet.merge_range(0, 0, 0, 8, "示例市行政处罚信息汇总表（2026年9月）")
        sheet.merge_range(1, 0, 1, 8, "填报单位：示例市市场监督管理局（盖章）    填报日期：2026年9月30日")
        for column, label in ((0, "序号"), (4, "行政处罚决定书文号"), (8, "处罚决定日期"), (9, "处罚机关")):
            sheet.merge_range(2, column, 3, column, label)
        sheet.merge_range(2, 1, 2, 3, "行政相对人")
        sheet.write_row(3, 1, ["名称", "统一社会信用代码", "法定代表人"])
        sheet.merge_range(2, 5, 2, 7, "处罚情况")
        sheet.write_row(3, 5, ["违法事实", "处罚依据", "处罚内容"])
        sheet.write_row(
            4,
            0,
            ["", "必填，文本", "必填，18位字符", "必填", "必填，文本", "必填", "必填", "必填", "必填，日期", "必填"],
        )
        example = [
            "例",
            "某某公司",
            "91330000755918469E",
            "张三",
            "示市监罚字〔2026〕0号",
            "x",
            "x",
            "x",
            "2026/9/1",
            "示例市市监局",
        ]
        sheet.write_row(5, 0, example)
        for n in range(3):
            row = [n + 1, f"示例市第{n}商贸有限公司", "91330000755918469E", "王五", f"示市监罚字〔2026〕{n}号", "销售不合格食品",
                   "《食品安全法》第一百二十四条", "罚款5000元", "2026/9/3", "示例市市场监督管理局"]  # fmt: skip
            sheet.write_row(6 + 2 * n, 0, row)  # a blank row between any two
        sheet.write_row(12, 0, ["合计", "3"])
        sheet.write_row(13, 0, ["填报人：赵六", "", "审核人：钱七"])
        for n in range(30):
            sheet.write_blank(15 + n, 0, "", workbook.add_format({"bg_color": "red"}))

    path = made(tmp_path / "a.xlsx", fill)
    table = find_table(read_source(path).grids[0])
    assert table is not None and [number for number, _ in table.rows] == [7, 9, 11]
    names = [column.field for column in table.columns if column is not None]
    assert names[1:9] == [
        "counterparty", "counterparty_code", "legal_representative", "document_number", "facts", "basis", "content",
        "decision_date",
    ]  # fmt: skip
    assert taken(workspace, path).accepted == 3


@pytest.mark.parametrize("above", [0, 4, 9, 10])
def test_a_header_in_any_of_ten_rows(tmp_path: Path, above: int) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        for n in range(above):
            sheet.write(n, 0, f"说明{n}")
        table_of(workbook, sheet, first=above)

    table = find_table(read_source(made(tmp_path / "a.xlsx", fill)).grids[0])
    if above < 10:
        assert table is not None and [number for number, _ in table.rows] == [above + 2, above + 3, above + 4]
    else:
        assert table is None


def test_a_file_without_rows_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(xlsx({"处罚": [HEADER]}))
    receipt = taken(workspace, tmp_path / "a.xlsx")
    assert receipt.rows == 0 and "没有数据行" in receipt.notes[-1]


def test_numbers_that_lost_digits_are_told_where_they_stand(workspace: Workspace, tmp_path: Path) -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        table_of(workbook, sheet, 5)
        sheet.write_number(1, 1, 913300007559184691)  # 18 digits as a number: three are gone
        sheet.write(2, 1, "9.1330000755918E+17")
        sheet.write(3, 1, "1.23E+17")
        sheet.write_number(4, 1, 310230001716146)  # 15 digits fit

    receipt = taken(workspace, made(tmp_path / "a.xlsx", fill))
    assert [line.cell for line in receipt.rows_detail if "丢失" in line.message] == ["B2", "B3", "B4"]


# ---------------------------------------------------------------- XML


PUSHED = [
    {"CF_WSH": f"示市监罚字〔2016〕{n}号", "CF_XDR_MC": f"示例市第{n}商贸有限公司", "CF_SY": "销售不合格食品", "CF_JDRQ": "2016/01/05",
     "CF_XZJG": "示例市市场监督管理局", "CF_JG": "罚款"} for n in range(3)
]  # fmt: skip
ROWS = "".join("<ROW>" + "".join(f"<{key}>{text}</{key}>" for key, text in row.items()) + "</ROW>" for row in PUSHED)
ATTRIBUTES = "".join("<ROW " + " ".join(f'{key}="{text}"' for key, text in row.items()) + "/>" for row in PUSHED)
CALL = (
    '<?xml version="1.0" encoding="{encoding}"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:w="urn:w"><soapenv:Header/><soapenv:Body><w:save><w:user>a</w:user><w:data>{data}</w:data></w:save>'
    "</soapenv:Body></soapenv:Envelope>"
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (f'<?xml version="1.0" encoding="GB2312"?><ROWDATA>{ROWS}</ROWDATA>', "gb18030"), (f"<ROWDATA>{ROWS}</ROWDATA>", "utf-8"),
        (f"<ROWDATA>{ROWS}</ROWDATA>", "gb18030"), (f"<DATAPACKET><ROWDATA>{ATTRIBUTES}</ROWDATA></DATAPACKET>", "utf-8"),
        (CALL.format(encoding="UTF-8", data=escape(f"<ROWDATA>{ROWS}</ROWDATA>")), "utf-8"),
        (CALL.format(encoding="GBK", data=f"<![CDATA[<ROWDATA>{ROWS}</ROWDATA>]]>"), "gb18030"),
        (CALL.format(encoding="UTF-8", data=f"<ROWDATA>{ROWS}</ROWDATA>"), "utf-8-sig"),
    ],
)  # fmt: skip
def test_records_of_the_2015_push(workspace: Workspace, tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    receipt = taken(workspace, tmp_path / "a.xml")
    assert (receipt.rows, receipt.accepted) == (3, 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x><y>&b;</y></x>', "定义了实体"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x><y>&a;</y><z>1</z></x>', "定义了实体"),
        (b"<ROWDATA><ROW><CF_WSH>1</CF_WSH>", "XML 有误"), (b"<a><b>1</b></a>", "没有表格"), (b"<a " + b"x" * 100_000, "XML 有误"),
        (b"<a>" * 300 + b"</a>" * 300, "XML 有误"),
    ],
)  # fmt: skip
def test_xml_that_is_none(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        read_content(content, "a.xml", ".xml")
    assert "请" in str(caught.value)
