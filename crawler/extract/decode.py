"""From bytes to text: what the page declares, then UTF-8, then GB18030; the one without damage wins."""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.I)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_\-]{2,20})""", re.I)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.I)
_CHINESE = {"gb2312", "gbk", "gb18030", "gb_2312-80", "x-gbk"}  # portals say the small set and use the large one
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(content: bytes, content_type: str | None = None) -> str:
    """The text of a page, a script or a csv. Never fails: at the worst damaged characters are replaced.

    >>> decode("处罚".encode("gb18030"), "text/html; charset=utf-8")
    '处罚'
    """
    for bom, name in _BOMS:
        if content.startswith(bom):
            return content.decode(name, "replace")
    tried: list[str] = []
    for declared in (_HEADER.search(content_type or ""), _META.search(content[:4096]), _XML.match(content[:200])):
        if declared:
            word = declared[1]
            tried.append((word.decode() if isinstance(word, bytes) else word).lower())
    for name in dict.fromkeys(["gb18030" if t in _CHINESE else t for t in tried] + ["utf-8", "gb18030"]):
        try:
            text = content.decode(name)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
        if "\ufffd" not in text and "锟斤拷" not in text:
            return text
    return _least_damaged(content)


def _least_damaged(content: bytes) -> str:
    texts = [content.decode(name, "replace") for name in ("utf-8", "gb18030")]
    return min(texts, key=lambda text: text.count("\ufffd"))
