"""What a page tells around its decisions: the index of an open-government page, the source line, the metas, the title.

The index (索引号, 发布机构, 文号, 成文日期) is no decision, though it looks like one: its labels are known. It is taken off the page
before decisions are looked for, and fills what the decision itself leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crawler.extract import decision_text
from crawler.items import Seen

_INDEX = re.compile(
    r"^(?:信息)?索\s*引\s*号|^信息分类|^主题(?:分类|词)|^服务对象|^体裁分类|^公开(?:方式|范围|时限|程序)|^发布机构|^组配分类|^生成日期|^有效性|^效力状态"
)
_SIGN = re.compile(r"^(?:信息)?索\s*引\s*号")
_MEANS = {
    "文号": "number", "发文字号": "number", "文件编号": "number", "发文文号": "number",
    "发布机构": "authority", "发文机关": "authority", "发文机构": "authority", "发布单位": "authority", "发文单位": "authority",
    "公开责任部门": "authority", "责任部门": "authority", "信息来源": "authority", "来源": "authority",
    "名称": "title", "标题": "title", "信息名称": "title", "成文日期": "date",
}  # fmt: skip
_PIECES = re.compile(
    r"(索\s*引\s*号|文\s*号|发文字号|发布机构|发文机关|发文机构|公开责任部门|信息来源|来\s*源|名\s*称|标\s*题|成文日期|发文日期|生成日期|发布日期|发布时间|主题词|主题分类|有效性)\s*[：:]"
)
_TOLD = frozenset(("authority", "authority_and_date", "source_unit"))
_BESIDE = (
    "region_code",
    "status",
    "remark",
    "updated_at",
    "publicity_until",
    "penalty_valid_to",
)  # columns near the authority's
_EMPTY = frozenset(("", "无", "/", "-", "--", "暂无", "本网", "本站"))


@dataclass
class Context:
    """What surrounds the decisions, by meaning; and the labels it stood under."""

    told: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)  # over tables, in tables

    def put(self, label: str, value: str) -> None:
        """One value; the first of several counts, but what the page shows goes before its metas."""
        bare = "".join(label.split()).rstrip("：:")
        means = _MEANS.get(bare)
        text = value.strip()
        if means and text not in _EMPTY and self.labels.get(means) in (None, "ContentSource"):
            self.told[means], self.labels[means] = text, bare


def is_index(rows: Iterable[Iterable[str]]) -> bool:
    """Whether a small table is the index of a page: 索引号 and another of its labels."""
    cells = ["".join(cell.split()) for row in rows for cell in row]
    labels = [cell for cell in cells if len(cell) < 60 and _INDEX.match(cell)]
    return any(map(_SIGN.match, labels)) and len({_INDEX.match(label)[0] for label in labels}) >= 2  # type: ignore[index]


def of_index(context: Context, rows: Iterable[list[str]]) -> None:
    """The index read in pairs of cells, or cells that hold label and value."""
    for row in rows:
        for place, cell in enumerate(row):
            label, colon, value = cell.replace("：", ":", 1).partition(":")
            if colon and value.strip():
                context.put(label, value)
            elif place + 1 < len(row):
                context.put(cell, row[place + 1])


def of_lines(context: Context, lines: list[str]) -> list[str]:
    """Takes the index and the source line off the top of a text. The rest is the text."""
    taken: set[int] = set()
    seen_index = False
    for number, line in enumerate(lines[:16]):
        found = [
            match
            for match in _PIECES.finditer(line)
            if not line[: match.start()].strip(" [【|｜") or line[match.start() - 1] in " 　|｜[【]】"
        ]
        if not found or len(line) > 200:
            continue
        words = {"".join(match[1].split()) for match in found}
        seen_index = seen_index or "索引号" in words
        if not (seen_index or words & {"来源", "信息来源"} or (len(words) > 1 and words & {"发布时间", "发布日期"})):
            continue
        for match, following in zip(found, [*found[1:], None], strict=True):
            value = line[match.end() : following.start() if following else len(line)]
            context.put(match[1], re.split(r"\s{2,}|[|｜]", value.strip())[0].strip(" []【】"))
        taken.add(number)
    return [line for number, line in enumerate(lines) if number not in taken]


def of_metas(context: Context, metas: Mapping[str, str]) -> None:
    """The source that the page's metas name."""
    source = metas.get("contentsource", "")
    if "authority" not in context.told and decision_text.is_authority(source):
        context.told["authority"], context.labels["authority"] = source, "ContentSource"


def complete(context: Context, rows: list[Seen], title: str) -> None:
    """Gives what decisions leave out: the authority, and to a text of one decision its number and date."""
    if len(rows) == 1 and rows[0].form == "decision_text":
        seen = rows[0]
        number = context.told.get("number")
        if number and "document_number" not in seen.fields and decision_text.is_number(number, seen.kind):
            _fill(seen, "document_number", number, context.labels["number"], 0.8)
        if "decision_date" not in seen.fields and "date" in context.told:
            _fill(seen, "decision_date", context.told["date"], context.labels["date"], 0.6)
    lacking = [seen for seen in rows if not _TOLD & seen.fields.keys()]
    for seen in lacking:
        _slid(seen)
    lacking = [seen for seen in lacking if "authority" not in seen.fields]
    if not lacking:
        return
    name, label = _authority(context, title)
    if name:
        for seen in lacking:
            _fill(seen, "authority", name, label, 0.7)


def _slid(seen: Seen) -> None:
    """An authority alone in a cell of another column: the row has fewer cells than its header."""
    cells = {text for name in _BESIDE if (text := seen.fields.get(name, ""))}
    names = {text for text in cells if decision_text.is_authority(text)}
    if len(names) == 1:
        place = next(name for name in _BESIDE if seen.fields.get(name, "") in names)
        _fill(seen, "authority", names.pop(), seen.labels.get(place, ""), 0.6)
        seen.fields.pop(place)


def _authority(context: Context, title: str) -> tuple[str | None, str]:
    for text in (*context.headings, title):
        if (name := decision_text.authority_of_heading(text)) is not None:
            return name, "标题"
    told = context.told.get("authority", "")
    return (told, context.labels["authority"]) if decision_text.is_authority(told) else (None, "")


def _fill(seen: Seen, name: str, text: str, label: str, confidence: float) -> None:
    seen.fields[name], seen.labels[name] = text, f"{label}（{name}）" if label in seen.labels.values() else label
    seen.confidence = min(seen.confidence, confidence)
