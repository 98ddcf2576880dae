"""1,000 mutated submission files: none may crash, hang or half-write; each refusal says, in Chinese, what to do.

    python benchmarks/fuzz_import.py [COUNT] [--seed N]

The same seed gives the same files. The suite runs a part of them (tests/files/test_mutations.py). What is counted: files
taken and refused, promises broken, the slowest file, and the memory the process reached.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from xml.sax.saxutils import escape

import py7zr
import rars
import xlsxwriter
from sqlalchemy import func, select

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from db.models import Batch, RefusedRow, Submission, Unit  # noqa: E402 - run as a script, the root must be known first
from db.session import session_of  # noqa: E402
from db.settings import Workspace  # noqa: E402
from db.workspace import create  # noqa: E402
from intake.submissions import import_submissions  # noqa: E402
from standard.errors import Refused  # noqa: E402

SECONDS = 20  # a file that takes longer hangs
HEADER = [
    "行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "法定代表人", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚依据", "处罚类别",
    "处罚内容", "罚款金额（万元）", "处罚决定日期", "处罚有效期", "处罚机关", "处罚机关统一社会信用代码", "数据来源单位",
]  # fmt: skip
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def rows(count: int = 12) -> list[list[str]]:
    """A clean file's cells."""
    body = [
        [
            f"示例市第{n}商贸有限公司", "91330000755918469E", "王五", f"示市监罚字〔2026〕{n}号", "销售不合格食品", "销售不合格食品一批",
            "《食品安全法》第一百二十四条", "罚款", "罚款5000元", "0.5", "2026/09/03", "2099/12/31", "示例市市场监督管理局", "", "示例市市场监督管理局",
        ]
        for n in range(count)
    ]  # fmt: skip
    return [HEADER, *body]


def xlsx(sheets: dict[str, list[list[str]]], formulas: bool = False) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": formulas, "strings_to_urls": False}) as workbook:
        for name, table in sheets.items():
            sheet = workbook.add_worksheet(name)
            for r, row in enumerate(table):
                for c, text in enumerate(row):
                    if text:
                        sheet.write(r, c, text)
    return out.getvalue()


def csv_text(table: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    return out.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def page(table: list[list[str]], encoding: str = "gb18030") -> bytes:
    lines = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in table)
    return f"<html><head><meta charset={encoding}></head><body><table>{lines}</table></body></html>".encode(encoding)


def spreadsheet_xml(table: list[list[str]]) -> bytes:
    lines = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{text}</Data></Cell>' for text in row) + "</Row>"
        for row in table
    )
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="处罚"><Table>{lines}</Table></Worksheet></Workbook>'
    ).encode()


def soap(table: list[list[str]]) -> bytes:
    """The push of 2015: records in XML, as the text of a call's parameter."""
    keys = [
        "CF_XDR_MC",
        "CF_XDR_SHXYM",
        "CF_FR",
        "CF_WSH",
        "A",
        "CF_SY",
        "CF_YJ",
        "CF_CFLB1",
        "CF_JG",
        "B",
        "CF_JDRQ",
        "C",
        "CF_XZJG",
    ]
    lines = "".join(
        "<ROW>" + "".join(f"<{k}>{v}</{k}>" for k, v in zip(keys, row, strict=False)) + "</ROW>" for row in table[1:]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><data>'
        f"{escape(f'<ROWDATA>{lines}</ROWDATA>')}</data></e:Body></e:Envelope>"
    ).encode()


def seven(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return out.getvalue()


def rar(members: dict[str, bytes]) -> bytes:
    builder = rars.RarBuilder()
    for name, data in members.items():
        builder.add_bytes(data, name)
    return bytes(builder.to_bytes())


def kept(name: str) -> bytes:
    """What another program wrote, kept with the tests."""
    return gzip.decompress((ROOT / "tests" / "files" / f"{name}.gz").read_bytes())


def rewritten(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A zip with its members changed, well-formed again."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped({name: change(name, archive.read(name)) for name in archive.namelist()})


# ---------------------------------------------------------------- what can be wrong with a file

Made = tuple[str, bytes]  # suffix, content
_BASES: dict[str, bytes] = {}


def base(kind: str) -> bytes:
    """A sound file of each form."""
    if not _BASES:
        records = [dict(zip(HEADER, row, strict=True)) for row in rows()[1:]]
        _BASES.update(
            xlsx=xlsx({"处罚": rows()}), csv=csv_text(rows()).encode("utf-8-sig"), gbk=csv_text(rows()).encode("gb18030"),
            json=json.dumps({"data": {"rows": records}}, ensure_ascii=False).encode(),
            zip=zipped({"九月/处罚.csv": csv_text(rows()).encode("gb18030"), "许可.xlsx": xlsx({"处罚": rows()})}),
            xls=kept("books/book.xls"), ods=kept("books/book.ods"), iso=kept("images/joliet.iso"), soap=soap(rows()),
            seven=seven({"处罚.csv": csv_text(rows()).encode()}), rar=rar({"处罚.csv": csv_text(rows()).encode()}),
            html=page(rows()), xml=spreadsheet_xml(rows()), tsv=csv_text(rows()).replace(",", "\t").encode("gb18030"),
        )  # fmt: skip
    return _BASES[kind]


_SUFFIX = {
    "xlsx": ".xlsx",
    "csv": ".csv",
    "gbk": ".csv",
    "json": ".json",
    "zip": ".zip",
    "html": ".xls",
    "xml": ".xls",
    "tsv": ".xls",
    "xls": ".xls",
    "ods": ".ods",
    "iso": ".iso",
    "soap": ".xml",
    "seven": ".7z",
    "rar": ".rar",
}


def flipped(chance: random.Random) -> Made:
    kind = chance.choice(list(_SUFFIX))
    content = bytearray(base(kind))
    for _ in range(chance.choice((1, 1, 2, 5, 20, 200))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return _SUFFIX[kind], bytes(content)


def flipped_inside(chance: random.Random) -> Made:
    """Bytes flipped in the XML, the zip around it sound: the parser itself is reached."""

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(".xml") or chance.random() < 0.5 or not content:
            return content
        spoilt = bytearray(content)
        for _ in range(chance.choice((1, 2, 8))):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        return bytes(spoilt)

    return ".xlsx", rewritten(base("xlsx"), change)


def truncated(chance: random.Random) -> Made:
    kind = chance.choice(list(_SUFFIX))
    content = base(kind)
    return _SUFFIX[kind], content[: chance.randrange(len(content))]


def spliced(chance: random.Random) -> Made:
    """The middle of one file in another."""
    first, second = chance.choice(list(_SUFFIX)), chance.choice(list(_SUFFIX))
    a, b = base(first), base(second)
    at, start = chance.randrange(len(a)), chance.randrange(len(b))
    return _SUFFIX[first], a[:at] + b[start : start + chance.randrange(2000)] + a[at:]


def misnamed(chance: random.Random) -> Made:
    kind = chance.choice(list(_SUFFIX))
    return chance.choice((".xls", ".xlsx", ".et", ".csv", ".json", ".zip", ".ods", ".txt", "", ".docx")), base(kind)


def bomb(chance: random.Random) -> Made:
    """Little that unpacks to much: csv in a zip, XML in a workbook, a sheet with two cells far apart, a sheet of repeats."""
    what = chance.randrange(5)
    if what == 0:
        return ".zip", zipped({"a.csv": b"0" * (40 << 20)})
    if what == 1:
        return ".xlsx", rewritten(base("xlsx"), lambda n, c: c + b" " * (60 << 20) if n.endswith("sheet1.xml") else c)
    if what == 2:
        far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
        return ".xlsx", rewritten(base("xlsx"), lambda n, c: c.replace(b"</sheetData>", far))
    if what == 3:
        merge = b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        return ".xlsx", rewritten(base("xlsx"), lambda n, c: c.replace(b"</sheetData>", merge))
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p></table:table-cell>'
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:'
        'opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    mimetype = b"application/vnd.oasis.opendocument.spreadsheet"
    return ".ods", zipped({"mimetype": mimetype, "content.xml": content.encode()})


def formulas(chance: random.Random) -> Made:
    table = rows(6)
    for row in table[1:]:
        row[chance.randrange(len(row))] = chance.choice(
            ("=1/0", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0", "+1", "@SUM(A1)")
        )
    return ".xlsx", xlsx({"处罚": table}, formulas=chance.random() < 0.5)


def wide(chance: random.Random) -> Made:
    count = chance.choice((500, 2000, 10_000))
    if chance.random() < 0.5:
        return ".csv", csv_text([row + [str(n) for n in range(count)] for row in rows(3)]).encode("gb18030")
    return ".xlsx", xlsx({"处罚": [row + ["x"] * count for row in rows(2)]})


def misdecoded(chance: random.Random) -> Made:
    """GBK read as UTF-8 and the other way round, a BOM before the wrong encoding, halves of characters."""
    text = csv_text(rows())
    what = chance.randrange(5)
    content = (
        text.encode("gb18030").decode("utf-8", "replace").encode("utf-8"), text.encode().decode("gb18030", "replace").encode("gb18030"),
        b"\xef\xbb\xbf" + text.encode("gb18030"), text.encode("gb18030")[1:], text.encode("utf-16-le"),
    )[what]  # fmt: skip
    return ".csv", content


def nested(chance: random.Random) -> Made:
    content = base("zip")
    for n in range(chance.randrange(1, 6)):
        content = zipped({f"{n}.zip": content})
    return ".zip", content


def traversing(chance: random.Random) -> Made:
    name = chance.choice(
        (
            "../../../tmp/x.csv",
            "/etc/passwd.csv",
            "C:\\x\\..\\y.csv",
            "a\x00b.csv",
            "\u202e.csv",
            "x" * 5000 + ".csv",
            "..csv",
        )
    )
    return ".zip", zipped({name: base("csv")})


def empty(chance: random.Random) -> Made:
    content = chance.choice(
        (
            b"",
            b" \n\n",
            b"\xef\xbb\xbf",
            b"\x00" * 5000,
            b"[]",
            b"{}",
            b"null",
            zipped({}),
            xlsx({"a": []}),
            csv_text([HEADER]).encode(),
        )
    )
    return chance.choice((".csv", ".xlsx", ".json", ".zip", ".xls")), content


def locked(chance: random.Random) -> Made:
    """An encrypted workbook is an OLE file with a stream of that name; an encrypted zip has a bit set."""
    if chance.random() < 0.5:
        head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
        return ".xlsx", head + "EncryptedPackage".encode("utf-16-le") + bytes(chance.randrange(512, 4096))
    content = bytearray(base("zip"))
    for at in [m.start() for m in re.finditer(b"PK\x01\x02", content)]:
        content[at + 8] |= 1
    for at in [m.start() for m in re.finditer(b"PK\x03\x04", content)]:
        content[at + 6] |= 1
    return ".zip", bytes(content)


def dirty(chance: random.Random) -> Made:
    """Sound form, absurd cells."""
    odd = (
        "\ud800", "\x00", "9.11400001234568E+17", "x" * 40_000, "2026-99-99", "〔〕" * 500, "-1e308", "𠮷" * 50, "罚" * 3000, "'; DROP TABLE submission;--",
        "{{7*7}}", "<script>", "\u202e\u200b", "NaN", "1" * 400, "0x41", "１２３", "二〇二六年十三月", "(" * 900, "[2026", "a" * 33_000,
    )  # fmt: skip
    table = rows(5)
    for row in table[1:]:
        for _ in range(3):
            row[chance.randrange(len(row))] = chance.choice(odd)
    if chance.random() < 0.4:
        return ".json", json.dumps([dict(zip(HEADER, row, strict=True)) for row in table[1:]]).encode()
    return ".csv", csv_text(table).encode("utf-8", "surrogatepass" if chance.random() < 0.3 else "replace")


def jagged(chance: random.Random) -> Made:
    """Quotes that never end, rows of any length, headers twice or in the wrong place, depth without end."""
    what = chance.randrange(6)
    text = csv_text(rows())
    if what == 0:
        return ".csv", (text + '"never closed').encode()
    if what == 1:
        return ".csv", ("\n" * chance.randrange(30) + text + text).encode()
    if what == 2:
        return ".csv", "\n".join(line[: chance.randrange(1, 60)] for line in text.splitlines()).encode()
    if what == 3:
        return ".json", b"[" * chance.choice((10, 1000, 200_000)) + b"]"
    if what == 4:
        return ".json", b'{"a": ' + b"9" * 6000 + b"}"
    return ".xls", b"<table>" + b"<table><tr><td rowspan=99999 colspan=99999>" * chance.choice((3, 500)) + page(rows())


def ole(chance: random.Random) -> Made:
    """Something that begins like an old workbook (.xls, .et) and goes on in any way."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    body = bytearray(chance.randbytes(chance.choice((0, 100, 512, 4096, 20_000))))
    if len(body) > 512:
        body[16:70] = struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(44)
    return chance.choice((".xls", ".et")), head + bytes(body)


def lying(chance: random.Random) -> Made:
    """Archives whose directory says something else than their content: sizes, names, the same name twice."""
    what = chance.randrange(5)
    if what < 2:  # says ten bytes, unpacks to 40 MB
        content = bytearray(zipped({"a.csv" if what else "a.xlsx": b"0" * (40 << 20)}))
        for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            place = content.index(mark) + at
            content[place : place + 4] = struct.pack("<I", 10)
        return ".zip", bytes(content)
    if what == 2:
        return ".zip", zipped({"x" * 5 + ".csv": base("csv")}).replace(b"xxxxx", b"yyyyy", 1)
    twice = [("处罚.csv", base("csv")), ("处罚.csv", base("gbk"))]
    if what == 4:
        with zipfile.ZipFile(io.BytesIO(base("xlsx"))) as archive:
            twice = [(name, archive.read(name)) for name in archive.namelist() for _ in range(2)]
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, data in twice:
            archive.writestr(name, data)
    return (".zip" if what == 3 else ".xlsx"), out.getvalue()


def layered(chance: random.Random) -> Made:
    """Bombs within archives within archives; many of them, each of them small."""
    bomb_ = zipped({"a.csv": b"0" * (8 << 20)})
    if chance.random() < 0.5:
        return ".zip", zipped({f"{n}.zip": bomb_ for n in range(20)})
    for n in range(chance.randrange(1, 4)):
        bomb_ = zipped({f"{n}-{m}.zip": bomb_ for m in range(10)})
    return ".zip", bomb_


def _sheet_of(content: bytes, body: bytes) -> bytes:
    return rewritten(
        content,
        lambda name, c: (
            re.sub(rb"</sheetData>", lambda _: body + b"</sheetData>", c) if name.endswith("sheet1.xml") else c
        ),
    )


def sparse(chance: random.Random) -> Made:
    """A million rows of nothing, with or without a look of their own; a dimension that lies."""
    what = chance.randrange(4)
    if what == 0:
        return ".xlsx", _sheet_of(base("xlsx"), b"".join(b'<row r="%d"/>' % n for n in range(14, 1_000_000)))
    if what == 1:
        cells = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n) for n in range(14, 300_000))
        return ".xlsx", _sheet_of(base("xlsx"), cells)
    if what == 2:
        return ".csv", csv_text(rows(3)).encode() + b"\n" * 1_000_000
    return ".xlsx", rewritten(
        base("xlsx"), lambda n, c: re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:XFD1048576"/>', c)
    )


def strings(chance: random.Random) -> Made:
    """Shared strings: one of many megabytes, very many, a count that lies, places that do not exist."""
    what = chance.randrange(4)
    if what == 0:
        huge = b"<t>" + b"x" * (20 << 20) + b"</t>"
        return ".xlsx", rewritten(
            base("xlsx"), lambda n, c: c.replace(b"<t>", huge + b"<t>", 1) if "shared" in n else c
        )
    if what == 1:
        more = b"<si><t>x</t></si>" * 500_000
        return ".xlsx", rewritten(
            base("xlsx"), lambda n, c: c.replace(b"</sst>", more + b"</sst>") if "shared" in n else c
        )
    if what == 2:
        return ".xlsx", rewritten(
            base("xlsx"), lambda n, c: re.sub(rb'ount="\d+"', b'ount="4294967295"', c) if "shared" in n else c
        )
    return ".xlsx", rewritten(base("xlsx"), lambda n, c: re.sub(rb"<v>\d+</v>", b"<v>99999999</v>", c))


def entities(chance: random.Random) -> Made:
    """Entities that grow, and entities that name a file, in a workbook, a page and a push."""
    laughs = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    doctype = b'<!DOCTYPE sst [<!ENTITY a0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">' + laughs + b"]>"
    what = chance.randrange(3)
    name = chance.choice((b"&a11;", b"&f;"))
    if what == 0:

        def change(part: str, c: bytes) -> bytes:
            if "shared" not in part:
                return c
            return re.sub(rb"(<\?xml[^>]*>)", lambda m: m[1] + doctype, c).replace(b"<t>", b"<t>" + name, 3)

        return ".xlsx", rewritten(base("xlsx"), change)
    body = base("xml") if what == 1 else base("soap")
    return (".xls" if what == 1 else ".xml"), re.sub(rb"(<\?xml[^>]*>)", lambda m: m[1] + doctype, body).replace(
        "罚款".encode(), name
    )


def misplaced(chance: random.Random) -> Made:
    """Cells at places that cannot be, parts of a workbook that are not there."""
    what = chance.randrange(3)
    if what == 0:
        place = chance.choice((b"A0", b"ZZZZ1", b"A99999999999", b"", b"1A", b"A-1", b"AAAAAAAAAAAAAAAAAAAAAAAA7"))
        return ".xlsx", rewritten(base("xlsx"), lambda n, c: re.sub(rb'r="B\d+"', b'r="' + place + b'"', c, count=3))
    with zipfile.ZipFile(io.BytesIO(base("xlsx"))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    del members[chance.choice(sorted(members))]
    return ".xlsx", zipped(members)


def endless(chance: random.Random) -> Made:
    """One line, one cell or one list of many megabytes."""
    what = chance.randrange(5)
    if what == 0:
        return ".csv", csv_text(rows(2)).encode() + b"," * (6 << 20)
    if what == 1:
        return ".csv", csv_text(rows(2)).encode() + b'"' + b"x" * (8 << 20)
    if what == 2:
        return ".json", json.dumps([{f"k{n}": n for n in range(10_000)}] * 5).encode()
    if what == 3:
        return ".xls", b"<table>" + b"<tr>" + b"<td>x" * 300_000 + b"</table>"
    return ".json", b"[" + b"{}," * 500_000 + b"{}]"


KINDS: tuple[Callable[[random.Random], Made], ...] = (
    flipped, flipped_inside, truncated, spliced, misnamed, formulas, wide, misdecoded, nested, traversing, empty, locked,
    dirty, jagged, ole, flipped, flipped_inside, truncated, dirty, bomb, lying, layered, sparse, strings, entities,
    misplaced, endless, flipped, truncated, spliced,
)  # fmt: skip


def mutations(count: int, seed: int = 1) -> Iterator[tuple[str, str, bytes]]:
    """name, suffix and bytes of each file; the same for the same seed."""
    for number in range(count):
        make = KINDS[number % len(KINDS)]
        suffix, content = make(random.Random(f"{seed}-{number}"))
        yield f"{make.__name__}-{number}", suffix, content


# ---------------------------------------------------------------- one file


def workspace(root: Path) -> Workspace:
    """An empty one with the unit that the files name, and small limits, so that a bomb need not be large."""
    create(root)
    file = root / "mingcha.yml"
    text = file.read_text(encoding="utf-8").replace("robots: true}", "robots: true, max_unpacked_mb: 12}")
    file.write_text(text, encoding="utf-8")
    opened = Workspace.open(root)
    with session_of(opened) as session:
        session.add(Unit(id="sjj", name="示例市市场监督管理局", level="municipal", contacts={}))
    return opened


def counts(opened: Workspace) -> tuple[int, int, int]:
    with session_of(opened) as session:
        batches, submissions, refused = (
            session.scalar(select(func.count()).select_from(table)) or 0 for table in (Batch, Submission, RefusedRow)
        )
    return batches, submissions, refused


def attempt(opened: Workspace, path: Path) -> str:
    """Imports one file. "taken" or "refused"; AssertionError, naming the fault, when it broke a promise."""
    before = counts(opened)
    try:
        (receipt,) = import_submissions(opened, [path])
    except Refused as refused:
        assert counts(opened) == before, "refused, but something was written"
        assert not list((opened.var / "receipts").glob(".*")), "refused, but a half receipt was left"
        for fault in refused.faults:
            assert path.name in fault, f"does not name the file: {fault}"
            assert _CHINESE.search(fault) and "请" in fault, f"does not say what to do: {fault}"
            assert len(fault) < 1500, f"too long to read: {len(fault)}"
        return "refused"
    total = receipt.accepted + receipt.updated + receipt.duplicate + receipt.refused
    assert total == receipt.rows, f"{total} of {receipt.rows} rows accounted for"
    after = counts(opened)
    assert after[1] - before[1] == receipt.accepted, "accepted rows are not what was stored"
    return "taken"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    def late(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    broken: list[str] = []
    ended: Counter[str] = Counter()
    slowest = (0.0, "")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        opened = workspace(Path(folder) / "workspace")
        for name, suffix, content in mutations(given.count, given.seed):
            path = Path(folder) / f"{name}{suffix}"
            path.write_bytes(content)
            signal.alarm(SECONDS)
            at = time.perf_counter()
            try:
                ended[attempt(opened, path)] += 1
            except BaseException as error:
                broken.append(f"{path.name}: {type(error).__name__}: {str(error)[:300]}")
            signal.alarm(0)
            slowest = max(slowest, (time.perf_counter() - at, path.name))
            path.unlink()
    print(f"{given.count} files in {time.perf_counter() - start:.0f} s: {dict(ended)}, {len(broken)} broken promises")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"slowest {slowest[0]:.2f} s ({slowest[1]}), memory at most {memory} MB")
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
