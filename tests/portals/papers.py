"""Makes small documents of every form, byte by byte where no writer is at hand. Names and numbers in them are made up."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

HEADER = ("序号", "行政处罚决定书文号", "行政相对人名称", "违法事实", "处罚内容", "处罚决定日期", "处罚机关")


def table(count: int, first: int = 1) -> list[tuple[str, ...]]:
    """A header and so many decisions."""
    rows = [
        (str(n), f"示市监罚〔2026〕{n}号", f"示例县第{n}食品店", "销售超过保质期的食品", "罚款5000元", "2026-08-03", "示例县市场监督管理局")
        for n in range(first, first + count)
    ]  # fmt: skip
    return [HEADER, *rows]


DECISION = (
    "示例市生态环境局", "行政处罚决定书", "示环罚〔2026〕21号", "示例环保设备厂：", "法定代表人：王某",
    "我局于2026年6月3日对你单位进行了调查，发现你单位未按规定安装自动监测设备。",
    "我局于2026年7月2日告知你单位陈述申辩权（示环罚告〔2026〕20号）。",
    "依据《中华人民共和国大气污染防治法》第九十九条的规定，我局决定对你单位作出如下行政处罚：",
    "处罚款人民币壹拾万元整（￥100000元）。", "示例市生态环境局", "2026年8月3日",
)  # fmt: skip


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A zip of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


# ---------------------------------------------------------------- spreadsheets


def xlsx(rows: Sequence[Sequence[str]], merged: Sequence[tuple[int, int, int, int, str]] = ()) -> bytes:
    """A workbook with one sheet; `merged` are ranges with a text."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write_string(number, place, cell)
        for top, left, bottom, right, text in merged:
            sheet.merge_range(top, left, bottom, right, text)
    return target.getvalue()


def ods(rows: Sequence[Sequence[str]]) -> bytes:
    """An OpenDocument spreadsheet."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<?xml version='1.0' encoding='UTF-8'?><office:document-content {names} office:version='1.2'><office:body>"
        f"<office:spreadsheet><table:table table:name='1'>{cells}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'>"
        f"<manifest:file-entry manifest:full-path='/' manifest:media-type='{kind}'/></manifest:manifest>"
    )
    return zipped({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def xml_book(rows: Sequence[Sequence[str]], title: str = "") -> bytes:
    """The XML spreadsheet of 2003, its title over all columns."""
    width = max(map(len, rows))
    head = (
        f"<Row><Cell ss:MergeAcross='{width - 1}'><Data ss:Type='String'>{escape(title)}</Data></Cell></Row>"
        if title
        else ""
    )
    body = "".join(
        "<Row>" + "".join(f"<Cell><Data ss:Type='String'>{escape(cell)}</Data></Cell>" for cell in row) + "</Row>"
        for row in rows
    )
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook xmlns='{name}' xmlns:ss='{name}'>"
        f"<Worksheet ss:Name='1'><Table>{head}{body}</Table></Worksheet></Workbook>"
    ).encode()


# ---------------------------------------------------------------- Word


def docx(lines: Sequence[str] = (), rows: Sequence[Sequence[str]] = (), inner: str = "") -> bytes:
    """Paragraphs, then a table; `inner` is put before both as it is."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    cells = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:p><w:r><w:t>{escape(cell)}</w:t></w:r></w:p></w:tc>" for cell in row) + "</w:tr>"
        for row in rows
    )
    body = inner + paragraphs + (f"<w:tbl>{cells}</w:tbl>" if rows else "")
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return zipped(
        {
            "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
            "word/document.xml": f"<?xml version='1.0' encoding='UTF-8'?><w:document xmlns:w='{name}'><w:body>{body}</w:body></w:document>",
        }
    )


def doc(lines: Sequence[str], rows: Sequence[Sequence[str]] = (), encrypted: bool = False) -> bytes:
    """A Word document of 1997: header block, one piece of text, piece table; for tables a page of paragraph properties."""
    runs: list[tuple[str, bytes]] = [("".join(f"{line}\r" for line in lines), b"")] if lines else []
    inside = struct.pack("<HB", 0x2416, 1)
    for row in rows:
        edges = [1000 * n for n in range(len(row) + 1)]
        widths = struct.pack(f"<B{len(edges)}h", len(row), *edges) + bytes(20 * len(row))
        end = inside + struct.pack("<HBHH", 0x2417, 1, 0xD608, len(widths) + 1) + widths
        runs += [("".join(f"{cell}\x07" for cell in row), inside), ("\x07", end)]
    runs.append(("\r", b""))
    text = "".join(words for words, _ in runs)
    start = 0x800
    word = bytearray(start)
    struct.pack_into("<HHHHHH", word, 0, 0xA5EC, 0x00C1, 0, 0x0804, 0, 0x0200 | (0x0100 if encrypted else 0))
    struct.pack_into("<II", word, 0x18, start, start + 2 * len(text))
    struct.pack_into("<H", word, 0x20, 14)
    struct.pack_into("<H", word, 0x3E, 22)
    struct.pack_into("<i", word, 0x4C, len(text))
    struct.pack_into("<H", word, 0x98, 0x5D)
    plc = struct.pack("<iiHIH", 0, len(text), 0, start, 0)
    clx = b"\x02" + struct.pack("<i", len(plc)) + plc
    struct.pack_into("<ii", word, 0x1A2, 0, len(clx))
    word += text.encode("utf-16-le")
    table = clx
    if rows:
        pages, ends = _property_pages(runs, start)
        word += b"\0" * (-len(word) % 512)
        first = len(word) // 512
        bins = struct.pack(f"<{len(ends)}I", *ends) + struct.pack(f"<{len(pages)}I", *range(first, first + len(pages)))
        struct.pack_into("<ii", word, 0x102, len(table), len(bins))
        table += bins
        word += b"".join(pages)
    return compound({"WordDocument": bytes(word), "1Table": table})


def _property_pages(runs: Sequence[tuple[str, bytes]], start: int) -> tuple[list[bytes], list[int]]:
    """Pages of 512 bytes: where each run begins, and its properties from the page's end upwards."""
    pages: list[bytes] = []
    ends = [start]
    rest = list(runs)
    while rest:
        chosen: list[tuple[str, bytes]] = []
        used = 5
        while rest and used + 17 + len(rest[0][1]) + 4 < 500:
            used += 17 + len(rest[0][1]) + 4
            chosen.append(rest.pop(0))
        page = bytearray(512)
        page[511] = len(chosen)
        places = [ends[-1]]
        low = 510
        for number, (words, sprms) in enumerate(chosen):
            places.append(places[-1] + 2 * len(words))
            body = b"\0\0" + sprms
            body += b"\0" * (1 - len(body) % 2)
            low = (low - len(body) - 1) // 2 * 2
            page[low] = (len(body) + 1) // 2
            page[low + 1 : low + 1 + len(body)] = body
            page[4 * (len(chosen) + 1) + 13 * number] = low // 2
        struct.pack_into(f"<{len(places)}I", page, 0, *places)
        ends.append(places[-1])
        pages.append(bytes(page))
    return pages, ends


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams, each padded so that none is small."""
    sector = 512
    padded = {name: data.ljust(max(4096, -(-len(data) // sector) * sector), b"\0") for name, data in streams.items()}
    total = sum(len(data) // sector for data in padded.values())
    folders = -(-(len(padded) + 1) * 128 // sector)
    tables = 1
    while tables * (sector // 4) < total + folders + tables:
        tables += 1
    fat: list[int] = [0xFFFFFFFD] * tables
    data = b""
    entries = [_entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)]
    place = tables + folders
    fat += [*range(tables + 1, tables + folders), 0xFFFFFFFE]
    for number, (name, content) in enumerate(padded.items(), start=1):
        count = len(content) // sector
        right = number + 1 if number < len(padded) else 0xFFFFFFFF
        entries.append(_entry(name, 2, place, len(content), right=right))
        fat += [*range(place + 1, place + count), 0xFFFFFFFE]
        data += content
        place += count
    fat += [0xFFFFFFFF] * (tables * (sector // 4) - len(fat))
    head = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, tables,
                       0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)  # fmt: skip
    head += struct.pack("<109I", *range(tables), *[0xFFFFFFFF] * (109 - tables))
    folder = b"".join(entries).ljust(folders * sector, b"\0")
    return head + struct.pack(f"<{len(fat)}I", *fat) + folder + data


def _entry(name: str, kind: int, start: int, size: int, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16xI8x8xIQ", text, len(text), kind, 1, 0xFFFFFFFF, right, child, 0, start, size
    )  # fmt: skip


def rtf(lines: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> bytes:
    """Rich text in the Chinese code page."""

    def words(text: str) -> str:
        return "".join(
            sign if sign.isascii() else "".join(f"\\'{byte:02x}" for byte in sign.encode("gbk")) for sign in text
        )

    body = "".join(f"{words(line)}\\par\n" for line in lines)
    body += "".join("\\trowd " + "".join(f"{words(cell)}\\cell " for cell in row) + "\\row\n" for row in rows)
    return f"{{\\rtf1\\ansi\\ansicpg936{{\\fonttbl{{\\f0 {words('宋体')};}}}}\n{body}}}".encode("ascii")


# ---------------------------------------------------------------- fixed pages


def ofd(pages: Sequence[Sequence[str]]) -> bytes:
    """An OFD whose pages hold a text object a line; a line feed in it begins the next column."""
    name = "xmlns:ofd='http://www.ofdspec.org/2016'"
    listed = "".join(f"<ofd:Page ID='{n}' BaseLoc='Pages/Page_{n}/Content.xml'/>" for n in range(len(pages)))
    files = {
        "OFD.xml": f"<ofd:OFD {name}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {name}><ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
    }
    for number, lines in enumerate(pages):
        objects = "".join(
            f"<ofd:TextObject ID='{n}' Boundary='{20 + 60 * place} {20 + 8 * n} 170 6' Size='4'>"
            f"<ofd:TextCode X='0' Y='4' DeltaX='{'4 ' * (len(words) - 1)}'>{escape(words)}</ofd:TextCode></ofd:TextObject>"
            for n, line in enumerate(lines)
            for place, words in enumerate(line.split("\n"))
        )
        files[f"Doc_0/Pages/Page_{number}/Content.xml"] = (
            f"<ofd:Page {name}><ofd:Content><ofd:Layer>{objects}</ofd:Layer></ofd:Content></ofd:Page>"
        )
    return zipped(files)


def png(width: int = 8, height: int = 8) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pdf(html: str) -> bytes:
    """A PDF printed from markup."""
    from weasyprint import HTML

    return bytes(HTML(string=html).write_pdf())


def markup(rows: Sequence[Sequence[str]]) -> str:
    """A table as markup."""
    return (
        "<table>"
        + "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        + "</table>"
    )


def ruled_pdf(lines: int) -> bytes:
    """A PDF of nothing but crossing lines, so many each way: every crossing costs its reader time."""
    drawn = "\n".join(
        f"{10 + n * 580 / lines:.2f} 10 m {10 + n * 580 / lines:.2f} 790 l S\n10 {10 + n * 780 / lines:.2f} m 590 {10 + n * 780 / lines:.2f} l S"
        for n in range(lines)
    ).encode()
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page,
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
    ]
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    index = b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        index,
        len(made),
    )
