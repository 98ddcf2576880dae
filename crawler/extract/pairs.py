"""Records in lines of `label：value`: paragraphs, list items, definition lists."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from crawler.extract.tables import Pair, Reader, match_pairs, put, records_of_pairs, squeeze
from crawler.items import Seen
from standard.fields import data

_LINE = re.compile(r"^[\s\d、.．（()）一二三四五六七八九十]{0,6}([^：:\n]{2,40})[：:]\s*(.*)$")
_VALUE_LIMIT = 5_000
_LABEL_LENGTH = 30
_LONGEST = 16  # a label glued to its value
_ORDINAL = re.compile(r"^[（(]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[、.．）)]|[（(](?:万?元|必填|选填)[）)]$")
_PAGE_TOOLS = re.compile(r"打印|收藏|关闭|分享|上一[篇条]|下一[篇条]|扫一扫|相关(?:链接|附件)|责任编辑")
_ONE_LINE = frozenset(  # what follows in the next line without a label is no part of these
    ("document_number", "counterparty", "counterparty_code", "legal_representative", "decision_date", "authority",
     "person_id", "organisation_code", "registration_number", "tax_number", "valid_from", "valid_to")
)  # fmt: skip


def pairs_of(lines: list[str]) -> list[tuple[str, str]]:
    """Labels and values of lines; a line without a label continues the value above it."""
    found: list[tuple[str, str]] = []
    for line in lines:
        match = _LINE.match(line)
        if match:
            found.append((match[1].strip(), match[2].strip()))
        elif found and len(found[-1][1]) < _VALUE_LIMIT:
            label, value = found[-1]
            found[-1] = (label, f"{value}\n{line}" if value else line)
    return found


def records(lines: list[str], reader: Reader) -> list[Seen]:
    """The decisions told by lines, when at least three labels are known and one of them names the decision."""
    pairs = _known(lines, reader)
    if _fields(pairs) < 3:
        broken = [part for line in lines for part in _broken(line)]
        if len(broken) > len(lines):
            pairs = _known(broken, reader)
        elif apart := _stacked(lines) or _glued(lines):
            pairs = _of_one_line(match_pairs(apart, reader))
        if _fields(pairs) < 3:
            return []
    return records_of_pairs(pairs, reader, "key_value")


def _stacked(lines: list[str]) -> list[tuple[str, str]]:
    """Labels alone in their lines (一、处罚决定书编号), each with its value below; nothing when there are fewer than three."""
    known = _whole_labels()
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        label = _ORDINAL.sub("", squeeze(line)) if len(line) <= _LABEL_LENGTH else ""
        if label in known:
            found.append((label, []))
        elif found and not _PAGE_TOOLS.match(line):
            found[-1][1].append(line)
    return [(label, "\n".join(value)) for label, value in found] if len(found) >= 3 else []


def _fields(pairs: list[Pair]) -> int:
    return len({pair.column.field for pair in pairs if pair.column})


def _broken(line: str) -> list[str]:
    """A line of several labels with their values, broken before each label that is known by its whole name."""
    if line.count("：") + line.count(":") < 3:
        return [line]
    starts = [match.start() for match in _labels().finditer(line)]
    if len(starts) < 3:
        return [line]
    return [
        line[start:end].strip(" 　；;，,。")
        for start, end in zip([0, *starts], [*starts, len(line)], strict=True)
        if end > start
    ]


def _glued(lines: list[str]) -> list[tuple[str, str]]:
    """Lines that begin with a label and go on with its value, when most lines of a text do (处罚机关示例县某局)."""
    heads, known = _heads(), _whole_labels()
    begun = sum(line[:2] in heads for line in lines)
    if begun < 4 or begun * 2 <= len(lines):
        return []
    found: list[tuple[str, str]] = []
    for line in lines:
        lengths = range(min(_LONGEST, len(line) - 1), 3, -1) if line[:2] in heads else ()
        length = next((length for length in lengths if line[:length] in known), 0)
        if length:
            found.append((line[:length], line[length:].strip()))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found if len({label for label, _ in found}) >= 4 and len(found) * 2 > len(lines) else []


@lru_cache(maxsize=1)
def _heads() -> frozenset[str]:
    return frozenset(label[:2] for label in _whole_labels())


@lru_cache(maxsize=1)
def _whole_labels() -> frozenset[str]:
    return frozenset(alias.label for alias in data().aliases if len(alias.label) >= 3)


@lru_cache(maxsize=1)
def _labels() -> re.Pattern[str]:
    known = {alias.label for alias in data().aliases if len(alias.label) >= 4 and alias.label.isalpha()}
    return re.compile(
        "(?:" + "|".join(sorted(map(re.escape, known), key=lambda label: (-len(label), label))) + ")\\s*[：:]"
    )


def told(lines: list[str], reader: Reader) -> Seen:
    """What known labels tell, whether or not it names a decision; the first of several values counts."""
    pairs = _known(lines, reader)
    seen = Seen(reader.kind_for([pair.label for pair in pairs]), {}, "key_value")
    for pair in pairs:
        put(seen, pair.label, pair.column, pair.text)
    return seen


def _known(lines: list[str], reader: Reader) -> list[Pair]:
    return _of_one_line(match_pairs(pairs_of(lines), reader))


def _of_one_line(pairs: list[Pair]) -> list[Pair]:
    return [
        replace(pair, text=pair.text.partition("\n")[0]) if pair.column and pair.column.field in _ONE_LINE else pair
        for pair in pairs
    ]
