"""Small, irregular pieces of markup: lists and tables that stand inside a comment or a script.

BeautifulSoup reads these fragments: they are short, unclosed and escaped in ways a browser's parser drops, and speed does
not matter there. Whole pages never come here.
"""

from __future__ import annotations

import html
import re

from bs4 import BeautifulSoup

_COMMENT = re.compile(r"<!--(.*?)-->", re.S)
_LIMIT = 400_000  # a fragment is small; what is larger is not one


def commented(page: str, tag: str) -> list[str]:
    """The mended markup of every comment that holds an opening `tag`."""
    found = [match[1] for match in _COMMENT.finditer(page) if f"<{tag}" in match[1].lower() and len(match[1]) < _LIMIT]
    return [mend(text) for text in found]


def mend(fragment: str) -> str:
    """A broken or escaped fragment as well-formed markup.

    >>> mend("&lt;li&gt;&lt;a href='x.html'&gt;甲&lt;/a&gt;")
    '<li><a href="x.html">甲</a></li>'
    """
    text = html.unescape(fragment) if "&lt;" in fragment and "<" not in fragment else fragment
    return str(BeautifulSoup(text[:_LIMIT], "html.parser"))
