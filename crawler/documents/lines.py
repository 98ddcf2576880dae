"""Words with their places put into lines, and lines that a page only broke put together again."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from crawler.documents.parts import Block, Place

_COLUMNS = 3  # parts of a line that make it a table's
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


def block(words: list[Word], page: int) -> Block | None:
    """A page's words as lines; with their places where a line has as many parts as a table has columns."""
    lines = paragraphs(words)
    if not lines:
        return None
    places = [_place(line, page) for line in _rows(words)]
    return Block(lines=lines, places=places if any(len(each.pieces) >= _COLUMNS for each in places) else [])


def _place(line: list[Word], page: int) -> Place:
    pieces: list[tuple[float, float, str]] = []
    for word in line:
        if pieces and word.left - pieces[-1][1] <= 0.8 * word.size:
            left, right, text = pieces[-1]
            pieces[-1] = (left, max(right, word.right), text + word.text)
        else:
            pieces.append((word.left, word.right, word.text))
    told = tuple((round(left, 1), round(right, 1), plain(text).strip()) for left, right, text in pieces)
    return Place(page, round(line[0].top, 1), round(max(word.size for word in line), 1), told)


def _rows(words: list[Word]) -> list[list[Word]]:
    """Words line by line, from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.top, word.left)):
        if lines and abs(lines[-1][0].top - word.top) <= 0.5 * max(word.size, 0.1):
            lines[-1].append(word)
        else:
            lines.append([word])
    for line in lines:
        line.sort(key=lambda word: word.left)
    return lines


def _lines(words: list[Word]) -> list[Word]:
    found: list[Word] = []
    for line in _rows(words):
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
