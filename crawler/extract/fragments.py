"""Small, irregular pieces of markup: lists and tables that stand inside a comment or a script.

BeautifulSoup reads these fragments: they are short, unclosed and escaped in ways a browser's parser drops, and speed does
not matter there. Whole pages never come here.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

_LIMIT = 400_000  # a fragment is small; what is larger is not one


def commented(page: str, tag: str) -> list[str]:
    """The mended markup of every comment that holds an opening `tag`."""
    return [mend(text) for text in _comments(page) if len(text) < _LIMIT and f"<{tag}" in text.lower()]


def comments_list(page: str) -> bool:
    """Whether a comment of a page holds an item of a list with a link."""
    return any("<li" in text and "<a" in text for text in map(str.lower, _comments(page)))


def _comments(page: str) -> Iterator[str]:
    start = page.find("<!--")
    while start >= 0 and (end := page.find("-->", start + 4)) >= 0:
        yield page[start + 4 : end]
        start = page.find("<!--", end + 3)


def mend(fragment: str) -> str:
    """A broken or escaped fragment as well-formed markup.

    >>> mend("&lt;li&gt;&lt;a href='x.html'&gt;甲&lt;/a&gt;")
    '<li><a href="x.html">甲</a></li>'
    """
    text = html.unescape(fragment) if "&lt;" in fragment and "<" not in fragment else fragment
    from bs4 import BeautifulSoup  # slow to load, and few portals need it

    return str(BeautifulSoup(text[:_LIMIT], "html.parser"))
