"""Word documents (docx): paragraphs as lines, tables as tables, in the order in which they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.documents.parts import Block, Document, Limits, Unreadable
from crawler.documents.zips import Zip

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MAX_DEPTH = 6  # tables within tables
_MAX_COLUMNS = 200


def read_docx(archive: Zip, limits: Limits) -> Document:
    """The main text of a docx."""
    root = archive.xml("word/document.xml")
    if root is None:
        raise Unreadable("Word 文件缺少正文或已损坏，无法读取")
    return _Reader(_STRICT if str(root.tag).startswith(_STRICT) else _W, limits).document(root)


class _Reader:
    def __init__(self, name: str, limits: Limits) -> None:
        self.name, self.left = name, limits.cells
        self.paragraph, self.table, self.row, self.cell = (f"{name}{tag}" for tag in ("p", "tbl", "tr", "tc"))
        self.text, self.tab = f"{name}t", f"{name}tab"
        self.breaks = (f"{name}br", f"{name}cr")

    def document(self, root: Any) -> Document:
        document = Document("text")
        body = root.find(f"{self.name}body")
        for block in self.blocks(root if body is None else body, 0):
            last = document.blocks[-1] if document.blocks else None
            if block.lines and last is not None and last.lines:
                last.lines.extend(block.lines)
            else:
                document.blocks.append(block)
        return document

    def blocks(self, node: Any, depth: int) -> Iterator[Block]:
        for child in node:
            if child.tag == self.paragraph:
                boxes = list(self.boxes(child, depth))
                lines = [line for line in self.words(child).split("\n") if line.strip()]
                if lines:
                    yield Block(lines=lines)
                yield from boxes
            elif child.tag == self.table:
                yield from self.tables(child, depth)
            elif isinstance(child.tag, str) and child.tag != _FALLBACK:
                yield from self.blocks(child, depth)  # content controls, smart tags, insertions

    def boxes(self, paragraph: Any, depth: int) -> Iterator[Block]:
        """Text boxes that hang on a paragraph: letterheads, stamps, signatures."""
        if depth < _MAX_DEPTH:
            for box in self._below(paragraph, f"{self.name}txbxContent"):
                yield from self.blocks(box, depth + 1)

    def _below(self, node: Any, tag: str) -> Iterator[Any]:
        for child in node:
            if child.tag == tag:
                yield child
            elif isinstance(child.tag, str) and child.tag != _FALLBACK:
                yield from self._below(child, tag)

    def words(self, node: Any) -> str:
        pieces: list[str] = []
        self._collect(node, pieces)
        return "".join(pieces)

    def _collect(self, node: Any, pieces: list[str]) -> None:
        for child in node:
            tag = child.tag
            if tag == self.text:
                pieces.append(child.text or "")
            elif tag == self.tab:
                pieces.append(" ")
            elif tag in self.breaks:
                pieces.append("\n")
            elif isinstance(tag, str) and tag != _FALLBACK and not tag.endswith("}txbxContent"):
                self._collect(child, pieces)

    def tables(self, table: Any, depth: int) -> Iterator[Block]:
        """A table, after the tables within it; one that only lays a page out is what stands in its cell."""
        cells = [cell for row in table.iter(self.row) if row.getparent() is table for cell in self._cells(row)]
        if len(cells) == 1 and depth < _MAX_DEPTH:
            yield from self.blocks(cells[0], depth + 1)
            return
        if depth < _MAX_DEPTH:
            for cell in cells:
                for inner in cell.iter(self.table):
                    yield from self.tables(inner, depth + 1)
        yield self.grid(table)

    def _cells(self, row: Any) -> Iterator[Any]:
        for child in row:
            if child.tag == self.cell:
                yield child
            elif isinstance(child.tag, str) and child.tag != self.table:
                yield from self._cells(child)

    def grid(self, table: Any) -> Block:
        block = Block(own=[])
        own = block.own
        assert own is not None
        for row in table.iter(self.row):
            if self._table_of(row) is not table:
                continue
            texts: list[str] = [""] * min(self._number(row, "trPr", "gridBefore", 0), _MAX_COLUMNS)
            mine = [True] * len(texts)
            for cell in self._cells(row):
                text = self._cell_text(cell)
                merged = cell.find(f"{self.name}tcPr/{self.name}vMerge")
                below = merged is not None and merged.get(f"{self.name}val") != "restart"
                if below:
                    text = block.rows[-1][len(texts)] if block.rows and len(texts) < len(block.rows[-1]) else ""
                for number in range(min(max(self._number(cell, "tcPr", "gridSpan", 1), 1), _MAX_COLUMNS)):
                    texts.append(text)
                    mine.append(number == 0 and not below)
            self.left -= len(texts)
            if self.left < 0:
                raise Unreadable("表格过大，未读取")
            if any(texts):
                block.rows.append(texts)
                own.append(mine)
        return block

    def _table_of(self, row: Any) -> Any:
        node = row.getparent()
        while node is not None and node.tag != self.table:
            node = node.getparent()
        return node

    def _cell_text(self, cell: Any) -> str:
        lines = (self.words(part) for part in cell.iter(self.paragraph))
        return "\n".join(line.strip() for line in lines if line.strip())

    def _number(self, node: Any, holder: str, name: str, default: int) -> int:
        found = node.find(f"{self.name}{holder}/{self.name}{name}")
        text = "" if found is None else (found.get(f"{self.name}val") or "")[:6]
        return int(text) if text.isdecimal() else default
