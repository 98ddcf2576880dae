"""Words with their places put into lines, and lines that a page only broke put together again."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

GAP = "  "  # between words that stand apart in one line: columns without ruled lines


@dataclass
class Word:
    """A piece of text: its left edge, its height on the page, its right edge, its size."""

    left: float
    top: float
    right: float
    size: float
    text: str


def paragraphs(words: list[Word]) -> list[str]:
    """The lines of a page; a line that reaches the right margin goes on in the next unless that is indented."""
    lines = _lines(words)
    if not lines:
        return []
    margin = max(line.right for line in lines)
    edge = min(line.left for line in lines)
    found: list[str] = []
    before: Word | None = None
    for line in lines:
        reaches = before is not None and before.right >= margin - 2.2 * before.size
        goes_on = reaches and line.left <= edge + 1.2 * line.size and line.top > before.top  # type: ignore[union-attr]
        goes_on = goes_on and GAP not in line.text and GAP not in before.text  # type: ignore[union-attr]
        if goes_on and margin - edge > 12 * line.size:
            found[-1] += line.text
        else:
            found.append(line.text)
        before = line
    return [text for text in (plain(text).strip() for text in found) if text]


def _lines(words: list[Word]) -> list[Word]:
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.top, word.left)):
        if lines and abs(lines[-1][0].top - word.top) <= 0.5 * max(word.size, 0.1):
            lines[-1].append(word)
        else:
            lines.append([word])
    found: list[Word] = []
    for line in lines:
        line.sort(key=lambda word: word.left)
        text = ""
        for number, word in enumerate(line):
            wide = number > 0 and word.left - line[number - 1].right > word.size
            text += (GAP if wide else "") + word.text
        size = max(word.size for word in line)
        found.append(Word(line[0].left, line[0].top, max(word.right for word in line), size, text))
    return found


def plain(text: str) -> str:
    """Without the radicals and compatibility forms that fonts leave in place of ideographs.

    >>> plain("⼯商（2026）")
    '工商（2026）'
    """
    return "".join(
        unicodedata.normalize("NFKC", sign) if "\u2e80" <= sign <= "\u2fdf" or "\uf900" <= sign <= "\ufaff" else sign
        for sign in text
        if sign != "\0"
    )
