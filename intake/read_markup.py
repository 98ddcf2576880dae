"""Tables that only pretend to be xls, web pages and XML spreadsheets (2003), and records in XML (the 2015 push: a SOAP call
with ROWDATA/ROW) -> grids."""

from __future__ import annotations

import io
import re

from lxml import etree, html  # type: ignore[import-untyped]

from intake.grids import Grid, Row
from intake.read_csv import MAX_COLUMNS, encoding_of
from standard.errors import Refused

_SHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
_MAX_ROWS = 200_000  # such files come from small exports; a larger one is to be saved as xlsx
_SAVE = "请用 Excel 或 WPS 打开，另存为 xlsx 后再导入"
_DEPTH = 40
_BLANK = re.compile(r"[ \t\r\n]+")


def is_markup(head: bytes) -> bool:
    return head.startswith(b"<")


def read_markup(content: bytes, where: str) -> list[Grid]:
    """The tables of a page, the sheets of an XML spreadsheet, or records in XML. Raises Refused when there is none."""
    if re.search(rb"<!ENTITY", content[:100_000]):
        raise Refused(f"{where}：XML 中定义了实体，不是正常的导出文件，为安全未读取。{_SAVE}")
    if _SHEET[1:-1].encode() in content[:4000]:
        grids = _spreadsheet(content, where)
    elif re.search(rb"<(?:table|TABLE|html|HTML)[\s>]", content) is None and (found := _records(content, where)):
        grids = found
    elif re.search(rb"<(?:table|TABLE)[\s>]", content) is None:
        raise Refused(f"{where}：实际是网页或 XML，其中没有表格。{_SAVE}")
    else:
        grids = _page(content, where)
    if not grids:
        raise Refused(f"{where}：实际是网页或 XML，其中没有读到表格内容。{_SAVE}")
    return grids


def _page(content: bytes, where: str) -> list[Grid]:
    found = encoding_of(content)
    if found is None:
        raise Refused(f"{where}：网页的编码无法识别。{_SAVE}")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", content.decode(found[0], "replace").lstrip("\ufeff"))
    try:
        page = html.document_fromstring(text)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise Refused(f"{where}：网页表格无法读取（{error}）。{_SAVE}") from None
    grids = []
    for number, table in enumerate(page.iter("table"), start=1):
        if next(table.iterdescendants("table"), None) is not None:
            continue  # a frame for layout
        rows = _table(table, where)
        if rows:
            grids.append(Grid(f"表{number}", rows))
    return grids


def _table(table: html.HtmlElement, where: str) -> list[Row]:
    rows: list[Row] = []
    down: dict[int, tuple[int, str]] = {}  # column -> (rows still to fill, text) of a cell that spans rows
    for tr in table.iter("tr"):
        row: Row = []
        for cell in tr:
            if cell.tag not in ("td", "th"):
                continue
            _fall(row, down)
            text = _BLANK.sub(" ", "".join(cell.itertext())).strip()
            wide, high = _span(cell.get("colspan")), _span(cell.get("rowspan"))
            for _ in range(min(wide, MAX_COLUMNS - len(row))):
                if high > 1:
                    down[len(row)] = (high - 1, text)
                row.append(text)
        _fall(row, down)
        rows.append(row)
        if len(rows) > _MAX_ROWS:
            raise Refused(f"{where}：网页表格超过 {_MAX_ROWS} 行。{_SAVE}")
    return rows


def _fall(row: Row, down: dict[int, tuple[int, str]]) -> None:
    while len(row) in down and len(row) < MAX_COLUMNS:
        left, text = down.pop(len(row))
        if left > 1:
            down[len(row)] = (left - 1, text)
        row.append(text)


def _span(text: str | None) -> int:
    return min(max(int(text), 1), 5000) if text is not None and text.isdigit() and len(text) < 6 else 1


def _spreadsheet(content: bytes, where: str) -> list[Grid]:
    grids: list[Grid] = []
    rows: list[Row] = []
    try:
        events = etree.iterparse(
            io.BytesIO(content), events=("end",), tag=(f"{_SHEET}Row", f"{_SHEET}Worksheet"),
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        )  # fmt: skip
        for _, element in events:
            if element.tag == f"{_SHEET}Worksheet":
                grids.append(Grid(element.get(f"{_SHEET}Name") or f"表{len(grids) + 1}", rows))
                rows = []
            else:
                at = _span_index(element.get(f"{_SHEET}Index"), len(rows), _MAX_ROWS)
                rows += [[] for _ in range(at - len(rows))]
                rows.append(_cells(element))
                if len(rows) > _MAX_ROWS:
                    raise Refused(f"{where}：XML 表格超过 {_MAX_ROWS} 行。{_SAVE}")
            element.clear()
    except etree.XMLSyntaxError as error:
        raise Refused(f"{where}：XML 表格有误（{error}）。{_SAVE}") from None
    return grids


def _cells(element: etree._Element) -> Row:
    row: Row = []
    for cell in element.iterchildren(f"{_SHEET}Cell"):
        at = _span_index(cell.get(f"{_SHEET}Index"), len(row), MAX_COLUMNS)
        row += [""] * (at - len(row))
        data = cell.find(f"{_SHEET}Data")
        text = "" if data is None else "".join(data.itertext())
        if data is not None and data.get(f"{_SHEET}Type") == "DateTime":
            text = text.replace("T", " ").removesuffix(".000").removesuffix(" 00:00:00")
        across = _span(
            str(int(cell.get(f"{_SHEET}MergeAcross") or 0) + 1)
            if (cell.get(f"{_SHEET}MergeAcross") or "0").isdigit()
            else None
        )
        row += [text] * min(across, max(MAX_COLUMNS - len(row), 0))
    return row


def _span_index(text: str | None, now: int, most: int) -> int:
    """Where a row or cell with an Index stands (from 0); without one, where we are."""
    if text is None or not text.isdigit() or len(text) > 7:
        return now
    return min(max(int(text) - 1, now), most)


# ---------------------------------------------------------------- records


def _records(content: bytes, where: str) -> list[Grid]:
    """Elements that repeat, each a record whose children (or attributes) are its cells, as grids by the name of their list."""
    root = _parsed(content, where)
    if root is None:
        return []
    alone = _record(root)
    lists = {_tag(root): [alone]} if len(alone) >= 2 else {}
    _collect(root, "", lists, where, 0)
    grids = []
    for name, records in lists.items():
        if len(records) > _MAX_ROWS:
            raise Refused(f"{where}：XML 超过 {_MAX_ROWS} 条记录，请分批导出")
        keys = list(dict.fromkeys(key for record in records for key in record))[:MAX_COLUMNS]
        rows = [[record.get(key, "") for key in keys] for record in records]
        grids.append(Grid(name, [keys, *rows], first=0))  # record 1 is row 1, as in a JSON list
    return grids


def _parsed(content: bytes, where: str) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    head = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w-]+)", content)
    if head is None or head[1].lower() in (b"gb2312", b"gbk", b"gb18030"):
        found = encoding_of(content)  # the label is often wrong or missing; GBK is a subset of GB18030
        if found is None:
            return None
        text = content.decode(found[0], "replace").lstrip("\ufeff")
        content = re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode("utf-8", "replace")
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(f"{where}：XML 有误（{error}），请检查文件是否导出完整") from None


def _collect(node: etree._Element, path: str, lists: dict[str, list[dict[str, str]]], where: str, depth: int) -> None:
    if depth > _DEPTH:
        return
    for child in node.iterchildren(tag=etree.Element):
        cells = _record(child)
        tag = _tag(child)
        if len(cells) >= 2:
            lists.setdefault(path or _tag(node), []).append(cells)
            continue
        inner = (child.text or "").strip()
        if len(child) == 0 and inner.startswith("<") and inner.endswith(">"):  # XML as the text of a call's parameter
            whole = _parsed(inner.encode(), where)
            if whole is not None:
                _collect(whole, _tag(whole), lists, where, depth + 1)
            continue
        _collect(child, tag, lists, where, depth + 1)


def _record(element: etree._Element) -> dict[str, str]:
    """Its cells, when it is a record: attributes, and children that hold nothing but text."""
    cells = {_local(name): text for name, text in element.attrib.items() if ":" not in name and "}" not in name}
    for child in element.iterchildren(tag=etree.Element):
        text = (child.text or "").strip()
        if len(child) or text.startswith("<"):
            return {}
        named = child.get("name") or child.get("NAME")
        cells[named or _tag(child)] = text
    return cells


def _tag(element: etree._Element) -> str:
    return _local(str(element.tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2]
