"""Records in documents: what a child process read of them, understood as a page is; archives member by member."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from crawler.documents.parts import MB, Block, Document, Limits, Unreadable
from crawler.documents.reading import read_document
from crawler.extract import aligned, classify, context, tables
from crawler.extract.decode import decode
from crawler.extract.reading import Reading
from crawler.extract.tables import Grid, Reader
from crawler.items import Seen

_MAX_DEPTH = 3  # archives within archives
_ARCHIVE_SECONDS = 180.0  # for all members of one attachment
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_BESIDE = re.compile(r"\.(?:txt|md|nfo|url)$", re.I)  # what stands beside the data of an archive
_NAMED_SO = re.compile(r"read.?me|license|说明|须知|必读|请读|帮助", re.I)
_ELEMENT = re.compile(
    r"文\s*号|书\s*号|编\s*号|当事人|相对人|被处罚|申请人|持证人|罚款|没收|警告|决定书|信用代码|法定代表|[\[(（〔【](?:19|20)\d\d"
)
_MATTER = re.compile(r"处罚|许可|决定|违法|公司|[\d０-９]{4}")
_SHORT = 400
_GUESSED = 0.4  # what was recognised in a picture is never surer


@dataclass
class Budget:
    """What one attachment with all its members may still cost."""

    limits: Limits = field(default_factory=Limits)
    depth: int = 0
    deadline: float = field(default_factory=lambda: time.monotonic() + _ARCHIVE_SECONDS)
    members: int = 500
    unpacked: int = 256 * MB

    def one(self) -> Limits:
        """The limits of the next document."""
        left = self.deadline - time.monotonic()
        if left <= 1:
            raise Unreadable("附件读取总时间过长，其余未读")
        return replace(
            self.limits, seconds=min(self.limits.seconds, left), unpacked=max(self.unpacked, 0), members=self.members
        )


Within = Callable[[bytes, str, str, Budget], Reading]  # bytes, name, title
InWords = Callable[[str, list[str], Reader], list[Seen]]


def read_attachment(
    content: bytes, task: str, reader: Reader, title: str, budget: Budget, within: Within, in_words: InWords
) -> Reading:
    """The decisions a document holds, or why there are none."""
    form = "image" if task == "scan" else "attachment"
    try:
        document = read_document(content, task, budget.one())
        if document.form == "scan":
            form = "image"
            document = read_document(content, "scan", budget.one())
    except Unreadable as error:
        return Reading(form, reason=str(error), title=title, unread=True)
    if document.form == "archive":
        return _archive(document, title, budget, within)
    reading = of_blocks(document, reader, title, in_words)
    for seen in reading.rows:
        seen.form = form
        if not document.certain:
            seen.confidence = min(seen.confidence, _GUESSED)
    if not reading.not_record:
        reading.form = form
    return reading


def of_blocks(document: Document, reader: Reader, title: str, in_words: InWords) -> Reading:
    """The decisions in tables and lines."""
    reading = Reading("attachment", title=title, reason=document.cut, unread=bool(document.cut))
    grids = [
        Grid(block.rows, block.own) if block.own else Grid.of(block.rows) for block in document.blocks if block.rows
    ]
    rows = [seen for grid in grids for seen in tables.read(grid, reader)]
    lines = [line for block in document.blocks for line in lines_of(block)]
    if not rows:
        rows, lost = aligned.read([place for block in document.blocks for place in block.places], reader)
        if lost:
            reading.unread, reading.reason = True, f"表格没有框线，{lost} 行对不上列，未读"
    if classify.not_a_record(title) and (classify.never_a_record(title) or not any(map(is_told, rows))):
        return no_record(reading)
    if not any({"document_number", "counterparty"} & seen.fields.keys() for seen in rows):
        if classify.heads_no_record(lines):
            return no_record(reading)
        rows = rows or in_words(title, lines, reader)
    for number, seen in enumerate(rows, start=1):
        seen.row = number
    reading.rows = rows
    if rows:
        around = context.Context(headings=[grid.rows[0][0] for grid in grids if len(set(grid.rows[0])) == 1])
        context.complete(around, rows, title)
        return reading
    if reading.unread:
        pass  # of a part that was not read nobody knows whether it is empty
    elif any(tables.has_header(grid, reader) for grid in grids):
        reading.not_record, reading.reason = True, "只有表头，没有数据行"
    elif classify.says_nothing("\n".join(lines[:40])):
        reading.not_record, reading.reason = True, "零报告，没有公示记录"
    else:
        told = "电子表格中没有认得出的表头" if document.form == "book" else "文件中没有认得出的行政决定要素"
        reading.unread, reading.reason = True, told
    return reading


def lines_of(block: Block) -> list[str]:
    """A block's words line by line; the cells of a table in their order."""
    if block.lines:
        return block.lines
    own = block.own or [[True] * len(row) for row in block.rows]
    cells = (
        text
        for row, mine in zip(block.rows, own, strict=True)
        for text, stands in zip(row, mine, strict=True)
        if stands
    )
    return [line for text in cells for line in text.split("\n") if line.strip()]


def is_told(seen: Seen) -> bool:
    """Whether a row names its decision and its party: a record whatever the page is called."""
    return seen.fields.keys() >= {"document_number", "counterparty"}


def no_record(reading: Reading) -> Reading:
    """Said of a notice, a catalogue, a review."""
    reading.rows, reading.unread = [], False
    reading.not_record, reading.reason = True, "目录、通知、告知等，不是行政决定的公示"
    return reading


def _archive(document: Document, title: str, budget: Budget, within: Within) -> Reading:
    reading = Reading("attachment", title=title)
    problems: list[str] = [document.cut] if document.cut else []
    idle = 0  # members that are rightly without records
    beside: list[str] = []
    for member in document.members:
        name = posixpath.basename(member.name)
        if member.problem:
            problems.append(f"{member.name}：{member.problem}")
            continue
        budget.members -= 1
        budget.unpacked -= len(member.content)
        if budget.depth + 1 >= _MAX_DEPTH or budget.members < 0:
            problems.append(f"{member.name}：压缩层数或文件过多，未读")
            continue
        if _no_data(name, member.content):
            beside.append(member.name)
            idle += 1
            continue
        budget.depth += 1
        found = within(member.content, name, title_of(name, title), budget)
        budget.depth -= 1
        reading.rows.extend(found.rows)
        reading.inside.extend(
            f"{member.name}/{place}" if place else member.name for place in found.inside or [""] * len(found.rows)
        )
        if found.unread:
            problems.append(f"{member.name}：{found.reason}")
        elif not found.rows:
            idle += 1
    for number, seen in enumerate(reading.rows, start=1):
        seen.row = number
        seen.form = "attachment" if seen.form != "image" else "image"
    reading.unread = bool(problems)
    reading.not_record = not reading.rows and not problems
    reading.reason = "；".join(problems[:5]) + (f"等 {len(problems)} 个文件" if len(problems) > 5 else "")
    if reading.rows and beside and not problems:
        reading.reason = f"压缩包内 {'、'.join(beside[:5])} 不是公示记录"
    if not reading.rows and not problems:
        reading.reason = "压缩包内的文件都不是公示记录" if idle else "压缩包是空的"
    return reading


def _no_data(name: str, content: bytes) -> bool:
    """Whether a member is plainly no data: a readme without any element of a decision, a few words about nothing of it."""
    if not _BESIDE.search(name) or len(content) > 20 * _SHORT:
        return False
    text = decode(content)
    if "\ufffd" in text or "\0" in text or _ELEMENT.search(text):
        return False
    return _NAMED_SO.search(name) is not None or (len(text) <= _SHORT and _MATTER.search(text) is None)


def title_of(name: str, title: str) -> str:
    """What a file is called: its own name when it speaks, else what leads to it."""
    stem = posixpath.splitext(name)[0]
    return stem if len(_CHINESE.findall(stem)) >= 4 else title
