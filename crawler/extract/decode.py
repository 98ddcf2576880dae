"""From bytes to text: what the bytes themselves show goes before what the page declares.

Portals say GBK and send UTF-8, say UTF-8 and send GBK, say gb2312 and use the large set, say latin-1 or nothing. Bytes that
are valid UTF-8 with Chinese in it are UTF-8; of GB18030 and Big5, which both fit almost any bytes, that one is right whose
text consists of common words.
"""

from __future__ import annotations

import codecs
import re

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.I)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_\-]{2,20})""", re.I)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,20})""", re.I)
_CHINESE = {
    "gb2312",
    "gbk",
    "gb18030",
    "gb_2312-80",
    "x-gbk",
    "cp936",
}  # portals say the small set and use the large one
_TRADITIONAL = {"big5", "big5-hkscs", "x-x-big5", "cp950"}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_COMMON = frozenset(
    "的一是不了在有人中大上以年月日市行政定公司局法本第及之明外名地生所不其三二十元罚處处罰號号書书許许可縣县"
)
_FEW = 12  # bytes outside ASCII: too few to tell by themselves
_SAMPLE = 20_000
_ASCII = bytes(range(128))


def decode(content: bytes, content_type: str | None = None) -> str:
    """The text of a page, a script or a csv. Never fails: at the worst damaged characters are replaced.

    >>> decode("处罚".encode("gb18030"), "text/html; charset=utf-8")
    '处罚'
    """
    for bom, name in _BOMS:
        if content.startswith(bom):
            return content.decode(name, "replace")
    if content.isascii():
        return content.decode("ascii")
    few = len(content) < 4096 and len(content.translate(None, _ASCII)) < _FEW
    if not few and (text := _strictly(content, "utf-8")) is not None:
        return text
    declared = _declared(content, content_type)
    unsure = few and declared is not None and declared != "utf-8"
    if few and not unsure and (text := _strictly(content, "utf-8")) is not None:
        return text
    chinese, traditional = _strictly(content, "gb18030"), _strictly(content, "big5hkscs")
    if chinese is not None and traditional is not None:
        favour = 2.0 if declared == "big5" else 0.5
        return traditional if _common(traditional) * favour > _common(chinese) else chinese
    text = chinese if chinese is not None else traditional
    if text is None and declared is not None:
        text = _strictly(content, declared)
    if text is None and unsure:
        text = _strictly(content, "utf-8")
    return text if text is not None else _least_damaged(content)


def _declared(content: bytes, content_type: str | None) -> str | None:
    """What the header or the page says, as one of a few names; nothing is made of names that cannot be Chinese."""
    for found in (_HEADER.search(content_type or ""), _META.search(content[:4096]), _XML.match(content[:200])):
        if found:
            word = found[1]
            name = (word.decode() if isinstance(word, bytes) else word).lower()
            if name in _CHINESE:
                return "gb18030"
            if name in _TRADITIONAL:
                return "big5"
            if name in ("utf-8", "utf8"):
                return "utf-8"
            if name.startswith("utf-16"):
                return name
    return None


def _strictly(content: bytes, name: str) -> str | None:
    try:
        text = content.decode(name)
    except (UnicodeDecodeError, LookupError, ValueError):
        return None
    return None if "\ufffd" in text or "锟斤拷" in text else text


def _common(text: str) -> float:
    """How much of what is not ASCII are the commonest words of such pages."""
    signs = [sign for sign in text[:_SAMPLE] if sign > "\u2000"]
    return sum(sign in _COMMON for sign in signs) / max(len(signs), 1)


def _least_damaged(content: bytes) -> str:
    texts = [content.decode(name, "replace") for name in ("utf-8", "gb18030", "big5hkscs")]
    return min(texts, key=lambda text: text.count("\ufffd"))
