"""Finding the table in a grid: which row is the header, what its columns mean, which rows are data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intake.grids import Grid, Row
from standard import editions, kinds
from standard.aliases import Column, kind_of, match, normalise
from standard.values import clean_text

HEADER_ROWS = 10
_SAMPLES = 20
_RULE = re.compile(
    r"^\s*(?:文本|字符|日期|数字|数值|年限|枚举|必填|选填|非必填|填写|格式|长度|如文本格式)|\d+\s*个?字符|如文本格式"
    r"|^\s*(?:条件必填|选其一|[二三]选一|单选|多选|可(?:为)?空|可不填|不填|同上|请(?:填|选|按)|[见按参](?:照)?(?:本|填报|填写|代码)?(?:说明|代码表)"
    r"|详见|[0-9]+\s*位|YYYY|yyyy|万元为单位|以万元|单位[:：]?万元|全称)|(?:^|[，,；;])(?:必填|选填|没有则不填|有则填写)"
)
_EXAMPLE = re.compile(
    r"^[\s（(【\[]*(?:例|示例|样例|范例|举例|例如|填[写报]?示例|填[写报]样例)\s*(?:行|数据)?\s*\d?\s*(?:[：:）)】\]].*)?$"
)
_FOOTER = re.compile(
    r"^\s*(?:注\s*[:：]|说明\s*[:：]|填表|填报人|填报单位|联系人|联系电话|合计|总计|制表|审核人|单位（盖章）)"
)


@dataclass
class Table:
    """A table found in a grid: its kind and edition, what each column means, and where its data begins."""

    grid: Grid
    kind: str | None
    edition: str | None
    labels: list[str]
    columns: list[Column | None]
    start: int = 0  # rows above the data
    shown: list[str] = field(default_factory=list)  # labels as a receipt calls them, each once
    money: dict[str, str | None] = field(default_factory=dict)  # field -> unit of money its label names

    def __post_init__(self) -> None:
        self.shown = _shown(self.labels)
        self.money = {column.field: column.money for column in self.columns if column is not None}
        self._fields = [None if column is None else column.field for column in self.columns]
        self.keys = [at for at, column in enumerate(self.columns) if column is not None][:3]

    def stream(self) -> Iterator[tuple[int, Row]]:
        """Its rows, each with its number in the file: no blank rows, no footer, no header printed again."""
        return data_rows(self.grid.stream(), self.grid.first, self.start, self.labels, self.keys)

    @property
    def rows(self) -> list[tuple[int, Row]]:
        """All its rows at once: for small files."""
        return list(self.stream())

    def texts(self, cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """One row by field, and the whole row by label. Blank cells are left out."""
        texts: dict[str, str] = {}
        raw: dict[str, str] = {}
        for label, name, cell in zip(self.shown, self._fields, cells, strict=False):
            text = cell.strip()
            if text:
                raw[label] = text
                if name is not None:
                    texts[name] = text
        return texts, raw

    def column_of(self, name: str) -> int | None:
        """Where a field stands, from 0."""
        return self._fields.index(name) if name in self._fields else None


def data_rows(
    rows: Iterator[Row], first: int, start: int, labels: Sequence[str], keys: Sequence[int]
) -> Iterator[tuple[int, Row]]:
    """The rows of a table among those of its grid; `keys`: some columns that are known, by which a header is seen again."""
    for place, row in enumerate(rows):
        if place < start:
            continue
        # blank, a footer, or a text over merged cells
        few = len(row) - row.count("") <= 3 or (len({*row[:12]}) <= 4 and len({*row}) <= 4)
        if few and (not "".join(row).strip() or _is_footer(row)):
            continue
        for at in keys:
            if at < len(row) and row[at] == labels[at] and _repeats(row, labels):
                break
        else:
            yield first + place, row


def _shown(labels: Sequence[str]) -> list[str]:
    shown: list[str] = []
    seen: set[str] = set()
    for label in labels:
        text = clean_text(label) or "（无标题）"
        while text in seen:
            text += "′"
        seen.add(text)
        shown.append(text)
    return shown


def find_table(
    grid: Grid, edition: str | None = None, kind: str | None = None, lookups: Mapping[str, str] | None = None
) -> Table | None:
    """The table of a grid, its header in any of the first ten rows; None when no row looks like one.

    `kind` and `lookups` (label -> field) serve a source that says them itself.
    """
    head = grid.head(HEADER_ROWS + 3 + 3 * _SAMPLES)
    best: tuple[float, int, int, Sequence[str]] | None = None
    for at in range(min(HEADER_ROWS, len(head))):
        single = head[at]
        for height, labels in ((1, single), (2, _joined(single, head[at + 1]) if at + 1 < len(head) else None)):
            if labels is None:
                continue
            score = _score(labels, lookups)
            if score > 0 and (best is None or score > best[0] + 0.01):
                best = (score, at, height, labels)
    if best is None:
        return None
    _, at, height, named = best
    labels = list(named)
    start = at + height
    while start < len(head) and start < at + height + 3 and (_is_rules(head[start]) or _is_example(head[start])):
        start += 1
    kind = kind or kind_of(labels) or kind_of_name(grid.name)
    samples = [row for row in head[start:] if any(cell.strip() for cell in row) and not _repeats(row, labels)]
    columns = match(labels, kind, samples[:_SAMPLES], lookups)
    return Table(grid, kind, edition or editions.recognise(labels, kind), labels, columns, start)


def _score(labels: Sequence[str], lookups: Mapping[str, str] | None = None) -> float:
    """How much a row looks like a header: the confidence of its columns, if it names a number or a party at all."""
    filled = [label for label in labels if label.strip()]
    if len(filled) < 2 or len(set(filled)) < 2 or sum(len(label) for label in filled) > 120 * len(filled):
        return 0.0
    known = [column for column in match(labels, lookups=lookups) if column is not None]
    fields = {column.field for column in known}
    if len(known) < 2 or not fields & {"document_number", "counterparty", "licence_number"}:
        wider = kinds.told_by([normalise(label)[0] for label in filled])  # 标题、发文字号、印发日期
        if wider is None:
            return 0.0
        known = [column for column in match(labels, wider, lookups=lookups) if column is not None]
    return sum(column.confidence for column in known) - 0.01 * (len(filled) - len(known))


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str] | None:
    """Labels of a two-row header: below a merged cell the lower row speaks, else the upper."""
    spans = [u.strip() for u in upper]
    if any(text and not below.strip() for text, below in zip(spans, lower, strict=False)):  # else it is a title
        over = ""
        for at, text in enumerate(
            spans
        ):  # csv knows no merged cells: a group's title stands over its first column only
            over = text or over
            if not text and at < len(lower) and lower[at].strip():
                spans[at] = over
    merged = {text for text in spans if text and spans.count(text) > 1}
    if not merged:
        return None
    width = max(len(upper), len(lower))
    up = [*spans, *[""] * (width - len(upper))]
    low = [*(cell.strip() for cell in lower), *[""] * (width - len(lower))]
    return [b if (a in merged and b) or not a else a for a, b in zip(up, low, strict=True)]


def _is_rules(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return len(filled) >= 2 and sum(1 for cell in filled if _RULE.search(cell)) * 2 >= len(filled)


def _is_example(row: Sequence[str]) -> bool:
    """A row that only shows how to fill in: it says so in its first cell."""
    return _EXAMPLE.match(next((cell for cell in row if cell.strip()), "")) is not None


def _is_footer(row: Sequence[str]) -> bool:
    filled = list(dict.fromkeys(cell.strip() for cell in row if cell.strip()))
    return len(filled) <= 3 and _FOOTER.match(filled[0]) is not None


def _repeats(row: Sequence[str], labels: Sequence[str]) -> bool:
    """A header printed again on each page."""
    same = sum(
        1 for cell, label in zip(row, labels, strict=False) if label.strip() and normalise(cell) == normalise(label)
    )
    return same >= 2 and same * 2 >= sum(1 for label in labels if label.strip())


def kind_of_name(name: str) -> str | None:
    """What the name of a sheet or file says about its kind."""
    licence = "许可" in name or "licence" in name.lower() or "xk" in name.lower()
    penalty = "处罚" in name or "penalt" in name.lower() or "cf" in name.lower()
    if licence == penalty:
        return None
    return "licence" if licence else "penalty"
