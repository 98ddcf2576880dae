"""Attachments of every form: what stands in them is found; what cannot be read is told; nothing harms who reads."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers import DAMAGED, Fault
from containers.zips import unpack
from crawler.documents import child
from crawler.documents.ofd import _numbers as ofd_steps
from crawler.documents.parts import MB, Block, Document, Limits, Place, Unreadable
from crawler.documents.reading import read_document, task_of
from crawler.extract import aligned, attachments, extract_sources, read
from crawler.extract.reading import Reading
from crawler.extract.tables import Reader

sys.path.insert(0, str(Path(__file__).parent))
import papers

ROWS = papers.table(3)
NUMBERS = ["示市监罚〔2026〕1号", "示市监罚〔2026〕2号", "示市监罚〔2026〕3号"]
RULED = "<style>td{border:1px solid black;font-size:8pt}table{border-collapse:collapse;width:100%}</style>"


@pytest.fixture(autouse=True, scope="module")
def _no_child_is_left() -> Iterator[None]:
    yield
    child.close()


def of(content: bytes, name: str = "附件", title: str = "") -> Reading:
    return read(content, f"http://x.example/{name}", None, "penalty", title=title)


def rar(files: dict[str, bytes]) -> bytes:
    import rars

    builder = rars.RarBuilder()
    for name, content in files.items():
        builder.add_bytes(content, name)
    return bytes(builder.to_bytes())


def seven(files: dict[str, bytes], password: str | None = None) -> bytes:
    import py7zr

    target = io.BytesIO()
    with py7zr.SevenZipFile(target, "w", password=password) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return target.getvalue()


TABLES: dict[str, Callable[[], bytes]] = {
    "a.xlsx": lambda: papers.xlsx(ROWS),
    "b.xls": lambda: papers.xlsx(ROWS),  # the ending tells nothing
    "c.ods": lambda: papers.ods(ROWS),
    "d.xls": lambda: papers.xml_book(ROWS, "示例县行政处罚信息公示表"),
    "e.xls": lambda: papers.markup(ROWS).encode("gbk"),
    "f.xls": lambda: "\n".join("\t".join(row) for row in ROWS).encode("gb18030"),
    "g.csv": lambda: "\n".join(",".join(row) for row in ROWS).encode("utf-8-sig"),
    "h.csv": lambda: "\n".join(";".join(row) for row in ROWS).encode("gbk"),
    "i.docx": lambda: papers.docx(["行政处罚信息公示表"], ROWS),
    "j.doc": lambda: papers.doc(["行政处罚信息公示表"], ROWS),
    "k.doc": lambda: papers.docx([], ROWS),
    "l.doc": lambda: papers.rtf(["行政处罚信息公示表"], ROWS),
    "m.doc": lambda: f"<html><meta charset=gb2312><body>{papers.markup(ROWS)}</body></html>".encode("gb18030"),
    "n.pdf": lambda: papers.pdf(RULED + papers.markup(ROWS)),
    "o.zip": lambda: papers.zipped({"示例/一.xlsx": papers.xlsx(ROWS), "__MACOSX/._一.xlsx": b"x"}),
    "p.rar": lambda: rar({"一.xlsx": papers.xlsx(ROWS)}),
    "q.7z": lambda: seven({"一.xlsx": papers.xlsx(ROWS)}),
    "r.zip": lambda: papers.zipped({"内.zip": papers.zipped({"一.docx": papers.docx([], ROWS)})}),
    "download.jsp": lambda: papers.xlsx(ROWS),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_found_in_every_form(name: str) -> None:
    found = of(TABLES[name](), name)
    assert [seen.fields["document_number"] for seen in found.rows] == NUMBERS
    assert {seen.fields["authority"] for seen in found.rows} == {"示例县市场监督管理局"}
    assert [seen.row for seen in found.rows] == [1, 2, 3]
    assert not found.unread


TEXTS: dict[str, Callable[[], bytes]] = {
    "a.docx": lambda: papers.docx(papers.DECISION),
    "b.doc": lambda: papers.doc(papers.DECISION),
    "c.rtf": lambda: papers.rtf(papers.DECISION),
    "d.pdf": lambda: papers.pdf("".join(f"<p>{line}</p>" for line in papers.DECISION)),
    "e.ofd": lambda: papers.ofd([papers.DECISION[:6], papers.DECISION[6:]]),
    "f.txt": lambda: "\n".join(papers.DECISION).encode("gbk"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_decision_is_read_in_every_form(name: str) -> None:
    (seen,) = of(TEXTS[name](), name).rows
    assert (seen.fields["document_number"], seen.fields["counterparty"]) == ("示环罚〔2026〕21号", "示例环保设备厂")
    assert (seen.fields["decision_date"], seen.fields["authority"]) == ("2026年8月3日", "示例市生态环境局")
    assert seen.fields["fine_yuan"] == "壹拾万元整"


def test_merged_cells_of_a_sheet_belong_to_every_row() -> None:
    rows = [("", "", "", "", "", "", ""), *(row[:6] for row in ROWS)]
    merged = [(0, 0, 0, 6, "行政处罚信息公示表"), (1, 6, 1, 6, "处罚机关"), (2, 6, 4, 6, "示例县卫生健康局")]
    found = of(papers.xlsx(rows, [m for m in merged if m[:2] != m[2:4]]), "a.xlsx").rows
    assert [seen.fields.get("authority") for seen in found] == [None] * 3  # its column has no header
    book = papers.xlsx([*([""] * 7,), ROWS[0], *(row[:6] for row in ROWS[1:])], [merged[0], merged[2]])
    assert [seen.fields["authority"] for seen in of(book, "a.xlsx").rows] == ["示例县卫生健康局"] * 3


def test_cells_of_word_that_span_columns_and_rows() -> None:
    def cell(text: str, extra: str = "") -> str:
        return f"<w:tc><w:tcPr>{extra}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"

    wide = "<w:gridSpan w:val='7'/>"
    title = f"<w:tr>{cell('行政处罚信息公示表', wide)}</w:tr>"
    head = f"<w:tr>{''.join(map(cell, papers.HEADER))}</w:tr>"
    merge = ['<w:vMerge w:val="restart"/>', "<w:vMerge/>", "<w:vMerge/>"]
    body = "".join(
        f"<w:tr>{''.join(map(cell, row[:6]))}{cell(row[6] if n == 0 else '', merge[n])}</w:tr>"
        for n, row in enumerate(ROWS[1:])
    )
    layout = f"<w:tbl><w:tr><w:tc><w:tbl>{title}{head}{body}</w:tbl><w:p/></w:tc></w:tr></w:tbl>"
    found = of(papers.docx(inner=layout), "a.docx").rows
    assert [seen.fields["document_number"] for seen in found] == NUMBERS
    assert {seen.fields["authority"] for seen in found} == {"示例县市场监督管理局"}


def test_columns_without_ruled_lines_are_told_by_where_words_stand_and_what_does_not_fit_is_told() -> None:
    lines = ["\n".join(row) for row in ROWS]
    whole = of(papers.ofd([["行政处罚信息公示表", *lines]]), "a.ofd")
    assert [seen.fields["document_number"] for seen in whole.rows] == NUMBERS
    assert whole.rows[0].confidence <= 0.6 and not whole.unread
    last = "4\n示市监罚〔2026〕4号\n示例县第4食品店"  # the rest of its cells is empty
    short = of(papers.ofd([[*lines, last]]), "a.ofd").rows
    assert len(short) == 4 and short[3].fields.keys() == {"document_number", "counterparty"}
    assert short[0].confidence <= 0.4
    wide = "4\n" + "示市监罚〔2026〕4号" * 2 + "\n示例县第4食品店\n销售\n罚款\n2026-08-03\n示例局"
    astray = of(papers.ofd([[*lines, wide]]), "a.ofd")
    assert len(astray.rows) == 3 and astray.unread and "1 行" in astray.reason


def test_rows_below_a_line_that_ends_an_open_table_are_told_as_unread() -> None:
    labels = ["行政处罚决定书文号", "行政相对人名称", "处罚决定日期", "处罚内容", "处罚机关"]

    def line(number: int, cells: list[str]) -> Place:
        return Place(1, 12.0 * number, 10.0, tuple((90.0 * n, 90.0 * n + 80, cell) for n, cell in enumerate(cells)))

    def row(number: int) -> Place:
        return line(number, [f"示罚〔2026〕{number}号", f"示例{number}店", "2026-08-03", "罚款一千元", "示例局"])

    across = Place(1, 24.0, 10.0, ((0.0, 400.0, "示罚〔2026〕2号示例很长很长很长的店2026-08-03罚款一千元"),))
    reader = Reader("penalty", {})
    rows, lost = aligned.read([line(0, labels), row(1), across, row(3), row(4)], reader)
    assert [seen.fields["counterparty"] for seen in rows] == ["示例1店"] and lost == 2
    assert aligned.read([line(0, labels), across, row(3), row(4)], reader) == ([], 2)
    assert aligned.read([line(0, labels), row(1), line(2, labels), row(3)], reader)[1] == 0


def test_a_document_of_which_a_part_was_not_read_is_never_empty() -> None:
    header = Block([[str(label) for label in ROWS[0]]])
    zero = Block(lines=["本月无行政处罚信息。"])
    for block in (header, zero):
        whole, part = (
            attachments.of_blocks(Document("text", [block], cut=cut), Reader("penalty", {}), "8月公示表", lambda *_: [])
            for cut in ("", "其中 1 页是扫描图片，未读")
        )
        assert (whole.not_record, whole.unread) == (True, False)
        assert (part.not_record, part.unread, part.reason) == (False, True, "其中 1 页是扫描图片，未读")


OPEN = "<style>@page{size:A4 landscape;margin:15mm}body{font-size:9pt}td{padding:2px 8px}</style>"


def test_a_pdf_table_without_ruled_lines_keeps_its_empty_cells() -> None:
    rows = [list(row) for row in ROWS]
    rows[2][3] = rows[3][4] = ""
    found = of(
        papers.pdf(
            f"{OPEN}<h3>2026年8月行政处罚信息公示表</h3>{papers.markup(rows)}<p>填表人：张三　　　　审核人：李四</p>"
        ),
        "a.pdf",
    )
    assert [seen.fields["document_number"] for seen in found.rows] == NUMBERS
    assert [("facts" in seen.fields, "content" in seen.fields) for seen in found.rows] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    assert {seen.fields["decision_date"] for seen in found.rows} == {ROWS[1][5]} and found.rows[0].confidence <= 0.6


def test_broken_cells_without_ruled_lines_are_put_together() -> None:
    """Rows of several lines: told by the space between them; where rows stand close, by the first column and with less confidence."""
    long = [
        ROWS[0],
        *([*row[:3], "销售超过保质期的食品，货值金额较大，情节较重，并且拒不改正", *row[4:]] for row in ROWS[1:]),
    ]
    narrow = "<style>table{width:100%;table-layout:fixed}td{vertical-align:top;padding:VER 8px}</style>"
    apart = of(papers.pdf(OPEN + narrow.replace("VER", "8px") + papers.markup(long)), "a.pdf").rows
    close = of(papers.pdf(OPEN + narrow.replace("VER", "0") + papers.markup(long)), "a.pdf").rows
    for found in (apart, close):
        assert [seen.fields["document_number"] for seen in found] == NUMBERS
        assert {seen.fields["facts"] for seen in found} == {long[1][3]}
        assert {seen.fields["counterparty"] for seen in found} == {row[2] for row in ROWS[1:]}
    assert apart[0].confidence == 0.6 and close[0].confidence == 0.4


def test_an_open_table_goes_over_pages_with_its_header_again() -> None:
    rows = papers.table(70)
    head, *rest = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    found = of(papers.pdf(f"{OPEN}<table><thead>{head}</thead><tbody>{''.join(rest)}</tbody></table>"), "a.pdf").rows
    assert [seen.fields["document_number"] for seen in found] == [row[1] for row in rows[1:]]


def test_a_letter_with_words_apart_is_no_table() -> None:
    head = "<p>示例市市场监督管理局　　　　　　行政处罚决定书　　　　　　共1页</p>"
    found = of(papers.pdf(OPEN + head + "".join(f"<p>{line}</p>" for line in papers.DECISION)), "a.pdf").rows
    assert [seen.labels["document_number"][:2] for seen in found] == ["正文"]


def test_a_table_that_goes_over_pages_is_one_table() -> None:
    found = of(
        papers.pdf("<style>@page{size:A4 landscape}</style>" + RULED + papers.markup(papers.table(70))), "a.pdf"
    ).rows
    assert len(found) == 70
    assert found[-1].fields["document_number"] == "示市监罚〔2026〕70号"
    assert {seen.fields["authority"] for seen in found} == {"示例县市场监督管理局"}


def test_a_table_in_the_old_word_format_keeps_its_empty_cells() -> None:
    rows = [list(row) for row in ROWS]
    rows[2][3] = ""
    found = of(papers.doc(["公示表"], rows), "a.doc").rows
    assert [seen.fields["content"] for seen in found] == ["罚款5000元"] * 3
    assert "facts" not in found[1].fields


def test_an_archive_tells_where_each_record_stands_and_what_was_not_read() -> None:
    files = {"八月/表.xlsx": papers.xlsx(ROWS), "决定书.docx": papers.docx(papers.DECISION), "扫描.png": papers.png(), "坏.pdf": b"%PDF-1.7 x",
             "内/内.zip": papers.zipped({"零报告.txt": "本月无行政处罚信息。"})}  # fmt: skip
    found = of(papers.zipped(files), "a.zip")
    assert found.inside == ["八月/表.xlsx"] * 3 + ["决定书.docx"]
    assert [seen.row for seen in found.rows] == [1, 2, 3, 4]
    assert found.unread and "坏.pdf：" in found.reason and "零报告" not in found.reason


@pytest.mark.parametrize(
    ("name", "words"),
    [("readme.txt", "hello world"), ("使用说明.txt", "行政处罚数据，请用表格软件打开。"), ("下载.url", "[InternetShortcut]"), ("说明.txt", "")],
)  # fmt: skip
def test_a_member_that_is_plainly_no_data_leaves_nothing_unread(name: str, words: str) -> None:
    found = of(papers.zipped({"表.xlsx": papers.xlsx(ROWS), name: words}), "a.zip")
    assert len(found.rows) == 3 and not found.unread
    assert found.reason == f"压缩包内 {name} 不是公示记录"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("说明.txt", "当事人示例甲厂无照经营，处理意见另行送达。"),
        ("八月.txt", "示例甲厂违法排污一案已经办结。"),
        ("readme.txt", b"\xff\xfe\xfd\x81\x82" * 9),
        ("说明.docx", papers.docx(["请用表格软件打开。"])),
    ],
    ids=["element", "matter", "garbage", "document"],
)
def test_a_member_that_may_hold_a_decision_stays_unread(name: str, words: str | bytes) -> None:
    found = of(papers.zipped({"表.xlsx": papers.xlsx(ROWS), name: words}), "a.zip")
    assert len(found.rows) == 3 and found.unread and name in found.reason


def test_the_second_of_two_files_of_one_name_is_told_where_it_cannot_be_had() -> None:
    import py7zr

    target = io.BytesIO()
    with py7zr.SevenZipFile(target, "w") as archive:
        for rows in (ROWS[:2], [ROWS[0], ROWS[2]]):
            archive.writestr(papers.xlsx(rows), "表.xlsx")
    found = of(target.getvalue(), "a.7z")
    assert [seen.fields["document_number"] for seen in found.rows] == NUMBERS[:1]
    assert found.unread and "表.xlsx：没有解出内容" in found.reason


@pytest.mark.parametrize("offset", [2**40, 2**63, 2**64 - 1])
def test_a_zip_whose_directory_points_nowhere_is_damaged(offset: int) -> None:
    archive = zipfile.ZipFile(io.BytesIO(papers.zipped({"表.csv": "x"})))
    (member,) = archive.infolist()
    member.header_offset = offset  # as a zip64 field may say
    with pytest.raises(Fault, match=DAMAGED):
        unpack(archive, member, 100)


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("a.zip", lambda: _locked_zip(), "密码"),
        ("a.7z", lambda: seven({"x.txt": b"x" * 100}, "secret"), "密码"),
        ("a.doc", lambda: papers.doc(["决定书"], encrypted=True), "密码"),
        ("a.xlsx", lambda: papers.compound({"EncryptedPackage": b"x" * 5000, "EncryptionInfo": b"y"}), "密码"),
        ("a.pdf", lambda: b"%PDF-1.4\n%broken", "PDF"),
        ("a.rar", lambda: b"Rar!\x1a\x07\x01\x00" + b"\0" * 60, "RAR"),
        ("a.7z", lambda: b"7z\xbc\xaf\x27\x1c" + b"\0" * 60, "7z"),
        ("a.xls", lambda: papers.compound({"Other": b"x"}), "不是 Word 或 Excel"),
        ("a.docx", lambda: papers.zipped({"word/document.xml": "no xml"}), "Word"),
        ("a.ofd", lambda: papers.zipped({"OFD.xml": "<x/>"}), "OFD"),
        ("a.xlsx", lambda: papers.xlsx([["甲", "乙"], ["1", "2"]]), "表头"),
        ("a.docx", lambda: papers.docx(["食堂菜单", "土豆"]), "没有认得出"),
        ("a.xlsx", lambda: b"\0\1\2" * 40, "损坏"),
    ],
    ids=["zip-password", "7z-password", "doc-password", "xlsx-password", "pdf", "rar", "7z", "ole", "docx", "ofd", "no-header", "menu", "noise"],
)  # fmt: skip
def test_what_cannot_be_read_is_told(name: str, make: Callable[[], bytes], words: str) -> None:
    found = of(make(), name)
    assert (found.rows, found.unread, found.not_record) == ([], True, False)
    assert words in found.reason


def _locked_zip() -> bytes:
    content = bytearray(papers.zipped({"a.txt": b"x" * 100}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("title", "content"),
    [
        ("行政处罚事项目录", lambda: papers.xlsx([["序号", "处罚事项", "实施机关"], ["1", "对无证经营的处罚", "市场监管局"]])),
        ("2026年8月行政处罚公示", lambda: papers.xlsx([list(papers.HEADER)])),
        ("2026年8月双公示情况", lambda: papers.docx(["2026年8月，我局未作出行政处罚决定。"])),
        ("附件", lambda: papers.docx(["行政处罚事先告知书", "示环罚告〔2026〕1号", "甲厂：", "我局拟罚款1000元。", "示例市生态环境局", "2026年8月3日"])),
        ("材料", lambda: papers.zipped({"readme.txt": "本月无行政处罚信息。"})),
    ],
    ids=["catalogue", "header-only", "zero", "prior-notice", "archive"],
)  # fmt: skip
def test_documents_that_hold_no_decision_say_so(title: str, content: Callable[[], bytes]) -> None:
    found = of(content(), "a.bin", title)
    assert (found.rows, found.not_record, found.unread) == ([], True, False)
    assert found.reason


def test_a_picture_is_read_only_with_the_extra_and_never_surely() -> None:
    found = of(papers.png(40, 40), "扫描.png")
    assert (found.form, found.rows, found.unread) == ("image", [], True)
    assert "扫描图片" in found.reason


@pytest.mark.slow
def test_a_scan_is_read_by_recognition_when_the_extra_is_there() -> None:
    pytest.importorskip("rapidocr", reason="the extra `ocr` is not installed")
    import pypdfium2

    picture = io.BytesIO()
    page = papers.pdf("".join(f"<p>{line}</p>" for line in papers.DECISION))
    pypdfium2.PdfDocument(page)[0].render(scale=2).to_pil().convert("RGB").save(picture, "PDF")
    found = of(picture.getvalue(), "扫描件.pdf")
    (seen,) = found.rows
    assert (found.form, seen.form, seen.fields["document_number"]) == ("image", "image", "示环罚〔2026〕21号")
    assert seen.confidence <= 0.4


# ---------------------------------------------------------------- harm


def _bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"{number}.xlsx", b"\0" * (4 * MB))
    return target.getvalue()


def _nest(content: bytes, times: int) -> bytes:
    for number in range(times):
        content = papers.zipped({f"{number}.zip": content})
    return content


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_bomb, "超过 10 MB"),
        (lambda: seven({f"{n}.bin": b"\0" * (4 * MB) for n in range(8)}), "超过 10 MB"),
        (lambda: rar({f"{n}.bin": b"\0" * (4 * MB) for n in range(8)}), "超过 10 MB"),
        (lambda: _nest(papers.xlsx(ROWS), 12), "层数"),
        (lambda: papers.zipped({f"{n}.txt": "x" for n in range(700)}), "超过 500 个"),
        (lambda: papers.zipped({"word/document.xml": b"<w:document xmlns:w='x'>" + b" " * (12 * MB)}), "超过 10 MB"),
        (lambda: papers.zipped({"xl/workbook.xml": b" " * (12 * MB)}), "超过 10 MB"),
    ],
    ids=["zip-bomb", "7z-bomb", "rar-bomb", "nested", "many", "docx-bomb", "xlsx-bomb"],
)
def test_archives_made_to_harm_are_bounded_and_told(make: Callable[[], bytes], words: str) -> None:
    found = read(make(), "a.zip", None, "penalty", max_unpacked=10 * MB)
    assert found.rows == [] and found.unread
    assert words in found.reason


def test_entities_and_depth_of_xml_are_bounded() -> None:
    entity = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '" + "&a;" * 50 + "'><!ENTITY c '" + "&b;" * 50 + "'>]>"
    laughs = papers.zipped(
        {"word/document.xml": f"<?xml version='1.0'?>{entity}<w:document>{'&c;' * 500}</w:document>"}
    )
    deep = papers.zipped({"word/document.xml": "<w:a>" * 200_000})
    nested = papers.docx(inner="<w:tbl><w:tr><w:tc>" * 3_000 + "</w:tc></w:tr></w:tbl>" * 3_000)
    for content in (laughs, deep, nested):
        started = time.monotonic()
        assert of(content, "a.docx").rows == []
        assert time.monotonic() - started < 50  # it was not given up, which takes a minute


def test_a_sheet_that_claims_to_be_endless_ends_only_its_child() -> None:
    corner = "<row r='{0}'><c r='{1}{0}' t='inlineStr'><is><t>x</t></is></c></row>"
    cells = corner.format(1, "A") + corner.format(1048576, "XFD")
    assert cells.count("<row") == 2
    with zipfile.ZipFile(io.BytesIO(papers.xlsx([["x"]]))) as book:
        files = {name: book.read(name) for name in book.namelist()}
    name = next(name for name in files if name.startswith("xl/worksheets/sheet"))
    start = files[name].decode().partition("<sheetData>")[0]
    files[name] = f"{start}<sheetData>{cells}</sheetData></worksheet>".encode()
    found = of(papers.zipped(files), "a.xlsx")
    assert found.rows == [] and found.unread and found.reason
    assert len(of(papers.xlsx(ROWS), "b.xlsx").rows) == 3  # the next one is read


def test_a_workbook_that_lies_about_its_counts_ends_only_its_child() -> None:
    with zipfile.ZipFile(io.BytesIO(papers.xlsx(ROWS))) as book:
        files = {name: book.read(name) for name in book.namelist()}
    name = "xl/sharedStrings.xml"
    files[name] = re.sub(rb'uniqueCount="\d+"', b'uniqueCount="4294967295"', files[name])
    found = of(papers.zipped(files), "a.xlsx")
    assert found.rows == [] and found.unread and found.reason
    assert len(of(papers.xlsx(ROWS), "b.xlsx").rows) == 3


def test_a_document_that_takes_too_long_is_given_up() -> None:
    held: list[child.Child] = []
    read_document(papers.xlsx(ROWS), "zip", Limits())
    held.append(child._idle[-1])
    os.kill(held[0].process.pid, signal.SIGSTOP)
    with pytest.raises(Unreadable, match=r"超过 0\.5 秒"):
        read_document(papers.xlsx(ROWS), "zip", Limits(seconds=0.5))
    assert held[0].process.poll() is not None and not Path(held[0].folder).exists()
    assert read_document(papers.xlsx(ROWS), "zip", Limits()).form == "book"


def test_the_folder_of_a_killed_process_is_swept() -> None:
    left = Path(tempfile.mkdtemp(prefix="mingcha-documents-999999999-"))
    own = child.Child(Limits().memory)
    try:
        assert not left.exists() and Path(own.folder).is_dir()
    finally:
        own.end()
    assert not Path(own.folder).exists()


def test_a_child_that_dies_is_told_and_replaced() -> None:
    limits = Limits()
    read_document(papers.xlsx(ROWS), "zip", limits)
    os.kill(child._idle[-1].process.pid, signal.SIGKILL)
    child._idle[-1].process.wait()
    assert read_document(papers.xlsx(ROWS), "zip", limits).form == "book"


WHOLE = {
    "zip": papers.zipped({"a.docx": papers.docx(papers.DECISION)}), "ole": papers.doc(["公示表"], ROWS), "rtf": papers.rtf(papers.DECISION, ROWS),
    "docx": papers.docx(papers.DECISION, ROWS), "xlsx": papers.xlsx(ROWS), "ofd": papers.ofd([papers.DECISION]), "xml": papers.xml_book(ROWS),
    "ods": papers.ods(ROWS), "png": papers.png(), "pdf": papers.pdf("<p>行政处罚决定书</p>"),
    "7z": seven({"a.txt": b"x" * 50}), "rar": rar({"a.txt": b"x" * 50}),
}  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12),
    st.floats(0, 1),
)
def test_no_damage_breaks_a_reader(name: str, changes: list[tuple[float, int]], kept: float) -> None:
    content = bytearray(WHOLE[name])
    for place, value in changes:
        content[int(place * len(content))] = value
    cut = bytes(content[: int(len(content) * kept)]) if kept < 0.3 else bytes(content)
    found = read(cut, "http://x.example/a.bin", None, "auto")
    assert found.rows or found.reason


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.5\n", b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf\x27\x1c", b"{\\rtf1",
                     b"\x89PNG\r\n", b"\xff\xd8\xff", b"<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>"]),
)  # fmt: skip
def test_no_bytes_break_a_document_reader(content: bytes, start: bytes) -> None:
    assert task_of(start + content) is not None
    assert read(start + content, "http://x.example/a", None, "auto").reason


# ---------------------------------------------------------------- the command


def test_the_command_reads_a_folder_of_all_forms(tmp_path: Path) -> None:
    (tmp_path / "甲.zip").write_bytes(papers.zipped({"表.xlsx": papers.xlsx(ROWS), "扫描.png": papers.png()}))
    (tmp_path / "乙.docx").write_bytes(papers.docx(papers.DECISION))
    (tmp_path / "丙.png").write_bytes(papers.png())
    lines = list(extract_sources([str(tmp_path)], kind="penalty"))
    records = [line for line in lines if "record_id" in line]
    assert [Path(line["url"]).name for line in records] == ["乙.docx", "甲.zip", "甲.zip", "甲.zip"]
    assert [line["attachment"] for line in records] == [None, "表.xlsx", "表.xlsx", "表.xlsx"]
    told = {Path(line["url"]).name: line for line in lines if "record_id" not in line}
    assert set(told) == {"丙.png", "甲.zip"} and told["丙.png"]["form"] == "image"
    assert set(told["丙.png"]) == {"url", "form", "reason"} and "扫描.png" in told["甲.zip"]["reason"]


def test_a_slow_document_holds_nobody_up(site: Any, watch: Any) -> None:
    """While a child works on one portal's document, the looks of the others go on and end."""
    from crawler.launch import crawl

    site.put("/slow.pdf", papers.ruled_pdf(110), "application/pdf")
    site.put("/a", "<ul><li><a href='/slow.pdf'>8月行政处罚信息公示表</a><span>2026-08-28</span></li></ul>")
    site.trs_list("/b", list(range(1, 26)), per_page=50)
    told: list[str] = []
    workspace = watch({"id": "a", "url": f"{site.base}/a"}, {"id": "b", "url": f"{site.base}/b/index.html"})
    found = {
        result.portal: (result.outcome, result.records)
        for result in crawl(workspace, everything=True, progress=told.append)
    }
    assert found == {"a": ("partial", 0), "b": ("complete", 25)}
    assert [line.partition("：")[0] for line in told] == ["b", "a"]


def test_repeated_steps_of_an_ofd_line_are_as_many_as_they_say() -> None:
    assert ofd_steps("g 4 3.5 2") == [3.5, 3.5, 3.5, 3.5, 2.0]
    assert ofd_steps("1 g 2 3 g inf 1")[:3] == [1.0, 3.0, 3.0]
