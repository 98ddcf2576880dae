"""Records in tables: wide tables (a header, then one decision a row) and key/value tables (2, 4 or more columns).

Real tables have spans, a title row above the header, a header in two rows, a row of filling rules below it, several
headers on one page, a layout table of one cell around everything, and empty rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.extract.context import Context, is_index, of_index
from crawler.items import Seen
from standard import aliases, kinds
from standard.fields import data, on_change

_BREAKS = re.compile(r"<(?=/?(?:[pP]|[dD](?:[iI][vV]|[dDtT])|[lL][iI]|[hH]\d|[tT][rR])[\s>]|[bB][rR]\s*/?>)")
_MANY = 5_000  # elements that may stand within one another: a page of people's has fewer
_DEEPEST = 500
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]{0,2000}>?")
_NOT_NESTED = frozenset(  # void ones, and those that the next of their kind closes (tables and lists around them count)
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p", "option",
     "optgroup", "tbody", "thead", "tfoot", "colgroup", "tr", "td", "th", "li", "dt", "dd")
)  # fmt: skip
_LABEL_LIMIT = 60  # a header with its filling hint is rarely longer
_HEADER_ROWS = 10
_MAX_SPAN = 200
_MOST_LABELS = 40  # of a table that was turned on its side
_MAX_CELLS = 1_500_000  # a hostile colspan or rowspan must not fill the memory
_RULES = re.compile(
    r"^(?:必填|选填|非必填|可选)|填写|格式[：:]|不超过|个?字符|长度|按照.{0,6}填|如有|例?如[：:]|^\d{1,3}(?:位|字)"
)
_TOTAL = re.compile(r"^(?:合计|总计|小计|备注|注|说明|填表人|制表)[：:]?")
_GROUPS = frozenset(  # labels of groups in forms; the name below them is the party's
    ("当事人", "被处罚人", "被处罚当事人", "行政相对人", "申请人", "个人", "公民", "单位", "法人", "自然人", "个体工商户",
     "法人或其他组织", "法人或者其他组织", "当事人基本情况", "当事人情况", "基本情况", "被处罚单位")
)  # fmt: skip
_NAMES = frozenset(
    (
        "名称",
        "姓名",
        "单位名称",
        "名称/姓名",
        "姓名/名称",
        "姓名(名称)",
        "姓名（名称）",
        "姓名或名称",
        "名称或姓名",
        "名称（姓名）",
        "字号名称",
    )
)
_IDENTITY = ("document_number", "counterparty")
_PARTYISH = re.compile("姓|名称|个人|单位|被处罚|当事人|相对人|申请人")  # a quick look at what may be a party's label
_NOBODY = frozenset(("", "—", "——", "－", "-", "--", "/", "\\"))
_OTHER_DAYS = re.compile(r"立案|结案")  # 立案日期2026.1.4 结案日期2026.3.1 under 时间
_SIGNS = re.compile(r"\W|_")
_SERIAL = re.compile(r"^(?:序号|编号|序列|NO\.?|№)$", re.I)


@dataclass
class Grid:
    """One table as rows of texts; spans are filled in, `own` tells which cells stand there themselves."""

    rows: list[list[str]] = field(default_factory=list)
    own: list[list[bool]] = field(default_factory=list)

    @classmethod
    def of(cls, rows: list[list[str]]) -> Grid:
        """A table without spans."""
        return cls(rows, [[True] * len(row) for row in rows])

    def plain(self, number: int) -> list[str]:
        """The cells that stand in this row themselves."""
        return [text for text, own in zip(self.rows[number], self.own[number], strict=True) if own]


def parse(html: str) -> LexborHTMLParser:
    """A tree in which breaks of lines are line feeds and source lines are blanks."""
    html = html.replace("\r", "\n").replace("\t", "\n")
    while "\n\n" in html:
        html = html.replace("\n\n", "\n")
    if len(html) > _MANY and _nestable(html) > _MANY:
        html = _shallow(html)
    return LexborHTMLParser(_BREAKS.sub("\n<", html.replace("\n", " ")))


def _nestable(html: str) -> int:
    """About how many elements may stand within one another: not those of rows, paragraphs and lists."""
    flat = sum(map(html.count, ("</", "<t", "<p", "<br", "<li")))
    return html.count("<") - flat + html.count("<table")


def _shallow(html: str) -> str:
    """Without the elements that stand deeper than any page of people's: a parser walks all that are open for each new one."""
    pieces: list[str] = []
    depth = place = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _NOT_NESTED:
            continue
        depth = depth + 1 if not tag[1] else max(depth - 1, 0)
        if depth > _DEEPEST:
            pieces.append(html[place : tag.start()])
            place = tag.end()
    pieces.append(html[place:])
    return "".join(pieces)


def text_of(node: LexborNode) -> str:
    """The text of a node, line by line, without blanks at the edges."""
    text = node.text(deep=True, separator="").strip()
    if "\n" not in text:
        return text if text.isalnum() else " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def squeeze(text: str) -> str:
    """A label without any blank."""
    return "".join(text.split())


def records(tree: LexborHTMLParser, reader: Reader, context: Context | None = None) -> list[Seen]:
    """The decisions of every table of a page. A table around others is read only when those within gave nothing.

    The index of a page and its headings go into `context`.
    """
    tables = tree.tags("table")
    spans = len(tables) > 0 and _has_spans(tree)
    around = {holder.mem_id for table in tables if (holder := _table_around(table)) is not None}
    found: list[Seen] = []
    for outer in (False, True):
        for table in tables:
            if (table.mem_id in around) != outer:
                continue
            grid = grid_of(table, spans)
            if context is not None and len(grid.rows) <= 12 and is_index(grid.rows):
                of_index(context, [grid.plain(number) for number in range(len(grid.rows))])
                table.decompose()
                continue
            if context is not None and grid.rows and len(set(grid.rows[0])) == 1:
                context.headings.append(grid.rows[0][0])
            found.extend(read(grid, reader))
        if found:
            break
    for number, seen in enumerate(found, start=1):
        seen.row = number
    return found


def headers(tree: LexborHTMLParser, reader: Reader) -> int:
    """How many tables of a page have a header we are sure of, with or without decisions below it."""
    found = (_header(grid_of(table), reader) for table in tree.tags("table") if len(table.css("table")) == 1)
    return sum(1 for header in found if header is not None and header.sure)


def _table_around(table: LexborNode) -> LexborNode | None:
    node = table.parent
    while node is not None and node.tag != "table":
        node = node.parent
    return node


def _own_rows(table: LexborNode) -> Iterator[LexborNode]:
    for child in table.iter():
        if child.tag == "tr":
            yield child
        elif child.tag in ("tbody", "thead", "tfoot"):
            yield from (row for row in child.iter() if row.tag == "tr")


def _span(attributes: Mapping[str, str | None], name: str) -> int:
    digits = (attributes.get(name) or "1").strip()[:6]
    return min(max(int(digits), 1), _MAX_SPAN) if digits.isdecimal() else 1


def _has_spans(tree: LexborHTMLParser) -> bool:
    """Whether the page's source names spans at all: to look for them in each of its tables takes three times as long."""
    source = (tree.raw_html or b"").lower()
    return b"colspan" in source or b"rowspan" in source


def grid_of(table: LexborNode, spans: bool = True) -> Grid:
    """A table with its spans filled in; `spans`: whether there may be any."""
    grid = Grid()
    carried: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
    cells = 0
    spans = spans and table.css_first("[colspan], [rowspan]") is not None  # attributes are dear to ask for cell by cell
    for row in _own_rows(table):
        texts: list[str] = []
        own: list[bool] = []

        def fill(texts: list[str] = texts, own: list[bool] = own) -> None:
            while len(texts) in carried:
                left, text = carried.pop(len(texts))
                if left > 1:
                    carried[len(texts)] = (left - 1, text)
                texts.append(text)
                own.append(False)

        fresh: list[tuple[int, int, str]] = []
        for cell in row.iter():
            if cell.tag not in ("td", "th"):
                continue
            if carried:
                fill()
            text = text_of(cell)
            if not spans or not (attributes := cell.attributes):
                texts.append(text)
                own.append(True)
                continue
            down = _span(attributes, "rowspan")
            for number in range(_span(attributes, "colspan")):
                if down > 1:
                    fresh.append((len(texts), down - 1, text))
                texts.append(text)
                own.append(number == 0)
        fill()
        carried.update({column: (left, text) for column, left, text in fresh})
        cells += len(texts)
        if cells > _MAX_CELLS:
            break
        if any(texts):
            grid.rows.append(texts)
            grid.own.append(own)
    return grid


@dataclass(frozen=True)
class Reader:
    """How labels are understood on this page."""

    kind: str  # licence | penalty | auto
    lookups: dict[str, str]

    def columns(self, labels: list[str], samples: list[list[str]] | None = None) -> list[aliases.Column | None]:
        """A column for each label that is known; `samples` are rows of values below them."""
        short = tuple(label if len(label) <= _LABEL_LIMIT else "" for label in labels)
        kind = None if self.kind == "auto" else self.kind
        if kind is None and (told := aliases.kind_of(short, wider=True)) in kinds.WIDER:
            kind = told
        if samples and _needs_samples(short):
            return aliases.match(short, kind, samples, self.lookups)
        return list(_columns(short, kind, tuple(self.lookups.items())))

    def kind_for(self, labels: list[str]) -> str:
        """The kind of record under these labels."""
        return self.kind if self.kind in kinds.KINDS else aliases.kind_of(labels, wider=True) or "penalty"


@lru_cache(maxsize=8192)
def _needs_samples(labels: tuple[str, ...]) -> bool:
    """Whether the meaning of one of these labels hangs on the values below it."""
    ambiguous = data().ambiguous
    return any(_SIGNS.sub("", aliases.normalise(label)[0]) in ambiguous for label in labels)


@lru_cache(maxsize=8192)
def _columns(
    labels: tuple[str, ...], kind: str | None, lookups: tuple[tuple[str, str], ...]
) -> tuple[aliases.Column | None, ...]:
    """Labels come again on every page of a portal; without samples they mean the same."""
    return tuple(aliases.match(labels, kind, None, dict(lookups)))


on_change(_needs_samples.cache_clear, _columns.cache_clear)


def read(grid: Grid, reader: Reader) -> list[Seen]:
    """The decisions of one table; empty when it holds none."""
    narrow = max(map(len, grid.rows), default=0) <= 4  # most key/value tables; few wide ones
    pairs, known = _pairs(grid, reader) if narrow else ([], 0)
    if known >= 5:
        return _turned(grid, reader) or records_of_pairs(pairs, reader, "key_value")
    header = _header(grid, reader)
    if header is not None and header.sure:
        return list(_wide(grid, header, reader))
    if turned := _turned(grid, reader):
        return turned
    if not narrow:
        pairs, known = _pairs(grid, reader)
    if header is not None and len(header.fields) >= known and (found := list(_wide(grid, header, reader))):
        return found
    return records_of_pairs(pairs, reader, "key_value") if known >= 3 else []


def _turned(grid: Grid, reader: Reader) -> list[Seen]:
    """The decisions of a table whose labels stand in its first column and whose decisions stand side by side."""
    width = len(grid.rows[0]) if grid.rows else 0
    if width < 3 or not 4 <= len(grid.rows) <= _MOST_LABELS or any(len(row) != width for row in grid.rows):
        return []
    labels = [squeeze(row[0]) for row in grid.rows]
    columns = reader.columns(labels, [[row[1] for row in grid.rows]])
    place = next((n for n, column in enumerate(columns) if column and column.field in _IDENTITY), None)
    if place is None or sum(column is not None for column in columns) < max(4, len(labels) * 0.6):
        return []
    names = grid.rows[place][1:]
    later = (*names[1:], names[0])  # labels again stand behind a value, for which it is dear to find no label
    if len(set(names)) < len(names) or any(reader.columns([squeeze(name)])[0] is not None for name in later):
        return []  # one decision over several columns, or labels again
    kind = reader.kind_for(labels)
    cells = ([row[number] for row in grid.rows] for number in range(1, width))
    found = [row_of(labels, columns, column, kind, "key_value") for column in cells]
    whole = [seen for seen in found if seen is not None]
    return whole if len(whole) == width - 1 else []


@dataclass(frozen=True)
class Header:
    """A recognised header: the row it ends in, its labels and their columns."""

    row: int
    labels: list[str]
    columns: list[aliases.Column | None]
    fields: set[str]
    sure: bool  # in a key/value table half of a row are values, so more than half known labels are a header


def has_header(grid: Grid, reader: Reader) -> bool:
    """Whether a table has a header we are sure of, with or without decisions below it."""
    header = _header(grid, reader)
    return header is not None and header.sure


def _header(grid: Grid, reader: Reader) -> Header | None:
    best: Header | None = None
    for number in range(min(_HEADER_ROWS, len(grid.rows))):
        for labels, last in _label_rows(grid, number):
            if len({label for label in labels if label}) < 3:
                continue
            columns = reader.columns(labels, grid.rows[last + 1 : last + 6])
            fields = {column.field for column in columns if column is not None} - {"ordinal"}
            filled = len({label for label in labels if label and not _SERIAL.match(label)})
            enough = len(fields) >= 3 or (len(fields) == 2 and fields.issuperset(_IDENTITY))
            if enough and len(fields) * 10 >= filled * 4 and (best is None or len(fields) > len(best.fields)):
                best = Header(last, labels, columns, fields, len(fields) >= 5 and len(fields) * 20 > filled * 11)
        if best is not None and best.sure:
            break  # what follows are decisions; trying each as a header costs more than all the rest
    return best


def _label_rows(grid: Grid, number: int) -> Iterator[tuple[list[str], int]]:
    """A row as labels; and, when the row below can be its second half, both together."""
    upper = [squeeze(text) for text in grid.rows[number]]
    yield upper, number
    if number + 1 < len(grid.rows) and len(set(upper)) < len(upper):
        lower = [squeeze(text) for text in grid.rows[number + 1]]
        if len(lower) == len(upper):
            yield (
                [a if a == b or not b else b if not a else a + b for a, b in zip(upper, lower, strict=True)],
                number + 1,
            )
            yield [b or a for a, b in zip(upper, lower, strict=True)], number + 1


def _wide(grid: Grid, header: Header, reader: Reader) -> Iterator[Seen]:
    kind = reader.kind_for(header.labels)
    current = header
    for number in range(header.row + 1, len(grid.rows)):
        cells = grid.rows[number]
        labels = [squeeze(text) for text in cells]
        if _is_header(labels, current):
            continue
        if len(set(labels)) >= 3 and sum(label in current.labels for label in labels) * 2 > len(labels):
            columns = reader.columns(labels)  # another order of columns further down
            current = Header(number, labels, columns, {c.field for c in columns if c}, True)
            continue
        if _is_rules(labels) or _is_rest(labels):
            continue
        seen = row_of(current.labels, current.columns, cells, kind, "wide_table")
        if seen is not None:
            seen.row = number + 1
            yield seen


def _is_header(labels: list[str], header: Header) -> bool:
    same = sum(1 for a, b in zip(labels, header.labels, strict=False) if a and a == b)
    return same >= max(2, len([label for label in labels if label]) - 1)


def _is_rules(labels: list[str]) -> bool:
    filled = [label for label in labels if label and not label.isdecimal()]
    return len(filled) > 0 and sum(1 for label in filled if _RULES.search(label)) * 2 > len(filled)


def _is_rest(labels: list[str]) -> bool:
    """Titles, sums and notes: one text over the whole width, or a row that begins with 合计."""
    filled = [label for label in labels if label]
    if len(filled) == 0:
        return True
    return len(set(filled)) == 1 or _TOTAL.match(filled[0]) is not None


def row_of(
    labels: list[str], columns: list[aliases.Column | None], cells: list[str], kind: str, form: str
) -> Seen | None:
    """One row under its header; None when nothing in it tells a decision."""
    seen = Seen(kind, {}, form)
    for label, column, text in zip(labels, columns, cells, strict=False):
        put(seen, label, column, text)
    return seen if is_decision(seen) else None


def put(seen: Seen, label: str, column: aliases.Column | None, text: str) -> None:
    """One value under its label. A second value of one field never overwrites the first."""
    if not text or _SERIAL.match(label):
        return
    if column is None or seen.fields.get(column.field, text) != text:
        seen.others.setdefault(label or "（无列名）", text)
        return
    if column.field == "stated_published_on":
        seen.stated_published_on = text
        return
    if column.field == "decision_date" and _OTHER_DAYS.search(text):
        seen.others.setdefault(label, text)
        return
    seen.fields[column.field] = text
    seen.labels[column.field] = label
    seen.confidence = min(seen.confidence, column.confidence)
    if column.money:
        seen.money[column.field] = column.money


def is_decision(seen: Seen) -> bool:
    """Whether enough is told to speak of one decision: two fields, one of them naming it."""
    named = any(name in seen.fields for name in (*_IDENTITY, "case_name", "licence_name"))
    return named and len(seen.fields) >= 2


@dataclass
class Pair:
    """A label and its text, with the field it means if that is known. (A frozen one takes three times as long to make.)"""

    label: str
    column: aliases.Column | None
    text: str


def _pairs(grid: Grid, reader: Reader) -> tuple[list[Pair], int]:
    """A table read as labels and values, and how many different fields its labels mean."""
    rows = range(len(grid.rows))
    pairs = match_pairs([pair for n in rows for pair in _row_pairs(grid.plain(n), grid.rows[n])], reader)
    return pairs, len({pair.column.field for pair in pairs if pair.column})


def _row_pairs(cells: list[str], filled: list[str]) -> Iterator[tuple[str, str]]:
    """Label and value stand side by side; a group label before them (spanning rows) is left out."""
    if len(cells) == 1:
        if _tells_itself(cells[0]):
            yield from _within_cell(cells[0])
        elif len(filled) > 1 and filled[0] != cells[0]:
            yield filled[0], cells[0]
        elif "\n" not in cells[0]:
            label, colon, value = cells[0].replace("：", ":", 1).partition(":")
            if colon:
                yield label, value.strip()
        return
    group = ""
    while (
        len(cells) > 2 and (bare := squeeze(cells[0])) in _GROUPS and (len(cells) % 2 or squeeze(cells[1]) in _GROUPS)
    ):
        group, cells = bare, cells[1:]
    if len(cells) % 2 == 1:
        cells = cells[1:] if len(cells) > 1 else cells
    group = group or (squeeze(filled[0]) if filled[0] != cells[0] and squeeze(filled[0]) in _GROUPS else "")
    for place in range(0, len(cells) - 1, 2):
        label, value = cells[place], cells[place + 1]
        if group and squeeze(label).strip("：:") in _NAMES:
            if not value:
                continue  # the person's name in a form filled in for a company
            label = "当事人名称"
        if _tells_itself(value):
            yield from _within_cell(value)
        else:
            yield label, value


def _tells_itself(text: str) -> bool:
    """Whether a cell holds lines of label and value, the party's name first."""
    return "\n" in text and squeeze(text[:20].replace("：", ":").partition(":")[0]) in _NAMES


def _within_cell(text: str) -> Iterator[tuple[str, str]]:
    """What one cell tells line by line: 名称：某公司, 法定代表人：某人."""
    for line in text.split("\n"):
        label, colon, value = line.replace("：", ":", 1).partition(":")
        if colon:
            yield ("当事人名称" if squeeze(label) in _NAMES else label), value.strip()


def _without_nobody(found: list[tuple[str, str]], reader: Reader) -> list[tuple[str, str]]:
    """Without the line for a person in a form filled in for a firm, or for a firm in one filled in for a person."""
    empty = [
        place
        for place, (label, text) in enumerate(found)
        if text in _NOBODY and _PARTYISH.search(label) and _is_party(label, reader)
    ]
    if not empty or not any(text not in _NOBODY and _is_party(label, reader) for label, text in found):
        return found
    return [pair for place, pair in enumerate(found) if place not in empty]


def _is_party(label: str, reader: Reader) -> bool:
    column = reader.columns([squeeze(label).rstrip("：:")])[0]
    return column is not None and column.field == "counterparty"


def match_pairs(found: list[tuple[str, str]], reader: Reader) -> list[Pair]:
    """Pairs with the fields their labels mean. Where the first known label comes again, a new record begins."""
    pairs: list[Pair] = []
    segment: list[tuple[str, str]] = []
    first = None
    found = _without_nobody(found, reader)
    for label, text in [*((squeeze(label).rstrip("：:"), text) for label, text in found), ("", "")]:
        if first is None and reader.columns([label])[0] is not None:
            first = label
        elif not label or label == first:
            columns = reader.columns([name for name, _ in segment], [[value for _, value in segment]])
            pairs.extend(Pair(name, column, value) for (name, value), column in zip(segment, columns, strict=True))
            segment = []
        segment.append((label, text))
    return pairs


def records_of_pairs(pairs: list[Pair], reader: Reader, form: str) -> list[Seen]:
    """Decisions told by pairs, one after the other: a second number (or party) begins the next one."""
    kind = reader.kind_for([pair.label for pair in pairs])
    records = [Seen(kind, {}, form)]
    for pair in pairs:
        if pair.column and pair.text and pair.column.field in _IDENTITY:
            old = records[-1].fields.get(pair.column.field)
            begins = pair.column.field == "document_number" or "document_number" not in records[-1].fields
            if old is not None and old != pair.text and begins:
                records.append(Seen(kind, {}, form))
        put(records[-1], pair.label, pair.column, pair.text)
    return [seen for seen in records if is_decision(seen)]
