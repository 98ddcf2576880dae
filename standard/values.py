"""One canonical form per kind of value: text, document number, name, code, date, money. Both inlets use it, so that
both sides of a comparison speak one language.

Every function is pure, takes whatever a cell may hold and never raises on any text; what cannot be read is None.
"""

from __future__ import annotations

import datetime
import hashlib
import html
import itertools
import math
import re
import unicodedata
from functools import lru_cache
from operator import mul

LONG_TERM = datetime.date(2099, 12, 31)
"""The standard's word for 长期: a term without an end."""

# ---------------------------------------------------------------- text

_EMPTY = """
/ // /// \\ \\\\ - -- --- — —— ——— – ─ ── … …… . 。 、 * 无 空 暂无 无此项 无数据 不详 未知 不明 n/a na null none nan nil
undefined 0000 无处罚期限 无文号 无编号 （无） (无) （空） (空) 无。 此项空白 空白
"""
EMPTY_WORDS = frozenset(_EMPTY.split())
"""What people write when they have nothing to write (data-standard 5.7); compared in lower case without blanks."""

EMPTY_CELLS = frozenset(
    "".join(letters) for word in EMPTY_WORDS for letters in itertools.product(*({c, c.upper()} for c in word))
) | {""}
"""The same in every mixture of capitals, for comparing whole rows at once."""

_HIDDEN = (
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffd\ufffe\uffff\ud800-\udfff\x00-\x08\x0e-\x1f\x7f-\x9f"
)
_INVISIBLE = re.compile(f"[{_HIDDEN}]")
_MARKS = re.compile(r"[<&\\\ufffd]")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>|<!--.{0,1000}?-->", re.DOTALL)
_LITERAL_BREAK = re.compile(r"\\(?:r\\n|n|r|t)(?![A-Za-z])")
_BLANKS = re.compile(r"\s+")
_ROUNDS = 6


def clean_text(x: object) -> str | None:
    """Text without invisible characters, HTML remains and doubled blanks; None when nothing was said.

    >>> clean_text(" 罚款&nbsp;5000元\\u200b ")
    '罚款 5000元'
    >>> clean_text("— —") is None
    True
    """
    if x is None:
        return None
    if not isinstance(x, str):
        x = _as_text(x)
    # Most cells need no cleaning; str.isprintable is false for every control, invisible and odd blank character.
    if not x.isprintable() or x[:1] == " " or x[-1:] == " " or "  " in x or _MARKS.search(x):
        for _ in range(_ROUNDS):  # &amp;nbsp; needs two
            before = x
            x = _cleaned(x)
            if x == before:
                break
    return None if says_nothing(x) else x


def _cleaned(x: str) -> str:
    x = scrub(x)
    if "&" in x:
        x = html.unescape(x)
    if "<" in x:
        x = _TAG.sub(" ", x)
    if "\\" in x:
        x = _LITERAL_BREAK.sub(" ", x)
    return _BLANKS.sub(" ", _INVISIBLE.sub("", x)).strip()


def says_nothing(x: str) -> bool:
    """True for a clean text that is empty or a placeholder."""
    return len(x) <= 12 and (not x or (_BLANKS.sub("", x) if " " in x else x).lower() in EMPTY_WORDS)


JOINT = "\u00a6"
"""Stands between the cells of a row when they are looked at together; printable, and met in no cell worth mentioning."""
_BESIDE_BLANK = f" {JOINT}"


_PLAIN = re.compile(r"[\u4e00-\u9fff〔〕()（）A-Za-z0-9]{13,}\Z")


def is_plain(text: str) -> bool:
    """True for most texts that `clean_text` gives back as they are: it never lies, it only does not know them all."""
    return _PLAIN.match(text) is not None


def all_clean(joined: str) -> bool:
    """True when no cell of a row, joined by JOINT, needs cleaning: then clean_text changes none of them."""
    return (
        "<" not in joined
        and "&" not in joined
        and "\\" not in joined
        and "\ufffd" not in joined
        and (" " not in joined or not _odd_blanks(joined))
        and joined.isprintable()
    )


def _odd_blanks(joined: str) -> bool:
    """True when a cell begins or ends with a blank, or has two of them together."""
    at, last = joined.find(" "), len(joined) - 1
    while at >= 0:  # blanks are few, and one character is found much sooner than two
        if at == 0 or at == last or joined[at + 1] in _BESIDE_BLANK or joined[at - 1] == JOINT:
            return True
        at = joined.find(" ", at + 1)
    return False


def scrub(text: str) -> str:
    """Text that every store accepts: without NUL, lone surrogates and other invisible characters. Keeps line breaks."""
    return text if text.isprintable() and "\ufffd" not in text else _INVISIBLE.sub("", text)


def _as_text(x: object) -> str:
    if isinstance(x, bool):
        return "是" if x else "否"
    if isinstance(x, float):
        return str(int(x)) if x.is_integer() and abs(x) < 1e15 else repr(x)
    if isinstance(x, datetime.datetime) and not (x.hour or x.minute or x.second):
        return x.date().isoformat()
    return str(x)


def is_empty_word(x: object) -> bool:
    """True for a placeholder such as 无, / or N/A: the cell was filled, but with nothing."""
    return isinstance(x, str) and bool(x.strip()) and clean_text(x) is None


def chinese_only_blanks(text: str) -> str:
    """Removes the blanks that word processors leave between Chinese characters: `东方市食 品药品` is one word."""
    return _BLANK_IN_CHINESE.sub("", text) if " " in text else text


_BLANK_IN_CHINESE = re.compile(r"(?<=[\u3007\u4e00-\u9fff（）〔〕【】〇○]) +(?=[\u3007\u4e00-\u9fff（）〔〕【】〇○])")

# ---------------------------------------------------------------- keys

_KEY_LIMIT = 200  # columns of keys hold 300 characters; a longer text is no number and no name, but must still compare
_ASCII_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
_DROP = {c: None for c in (*range(0x21), 0x7F, 0x85, 0xA0, 0xAD, 0x1680, 0x3000, 0xFEFF, 0xFFFD, *range(0x2000, 0x2010),
                           *range(0x2028, 0x2030), *range(0x205F, 0x2065))}  # fmt: skip
_SQUEEZE: dict[int, int | None] = {**_ASCII_UPPER, **_DROP}
_ODD_SPACE = re.compile(r"\s|[\ud800-\udfff]")


_SQUEEZED = re.compile(r"[\u4e00-\u9fff〔〕【】!-`{-~]*\Z")  # what NFKC, capitals and dropping leave as it is


def squeeze(text: str) -> str:
    """NFKC, ASCII capitals, no blanks and nothing invisible. Doing it twice changes nothing."""
    if _SQUEEZED.match(text):
        return text
    if text.isascii():
        return text.translate(_SQUEEZE)
    for _ in range(4):
        text = unicodedata.normalize("NFKC", text).translate(_SQUEEZE)
        if _ODD_SPACE.search(text):
            text = _ODD_SPACE.sub("", text)
        elif unicodedata.is_normalized("NFKC", text):
            break
    return text


def _bounded(key: str) -> str:
    """A key of bounded length: a very long one keeps its head and gets a digest for its rest."""
    if len(key) <= _KEY_LIMIT:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32].upper()
    return f"{key[:120]}#{digest}#"  # marks that no later cleaning takes away


def _said(key: str) -> str | None:
    """None when nothing is left of a key but a placeholder."""
    return None if not key or clean_text(key) is None else key


_OPEN = r"\[\(\{〔【〖《<〈「『⟨⟦\ue000-\uf8ff"  # private-use characters are what old fonts made of 〔〕
_CLOSE = r"\]\)\}〕】〗》>〉」』⟩⟧\ue000-\uf8ff"
_YEAR = re.compile(rf"[{_OPEN}]+((?:19|20)\d\d)年?[{_CLOSE}]+第?")
_NUMBER_LEAD = re.compile(r"^(?:(?:行政)?(?:处罚|许可)?(?:决定)?(?:文书|书)?(?:文号|编号|字号):)+")
_ENDS_IN_DIGIT = re.compile(r"[0-9]$")


_CANONICAL = re.compile(r"([\u4e00-\u9fff]{1,60})〔((?:19|20)[0-9]{2})〕([0-9]{1,30})号\Z")
"""A number as the standard writes it is its own key; most are."""


_USUAL_NUMBER = re.compile(
    r"([\u4e00-\u9fff]{1,60})[〔\[(（【﹝［]((?:19|20)[0-9]{2})[〕\])）】﹞］]第?([0-9]{1,30}) ?号\Z"
)
"""What most numbers look like, whatever their brackets: the key can be read off."""


@lru_cache(maxsize=16384)
def _number_key(text: str) -> str | None:
    text = squeeze(text)
    for _ in range(4):
        before = text
        text = _YEAR.sub(r"〔\1〕", _NUMBER_LEAD.sub("", text))
        if text == before:
            break
    if _said(text) is None:
        return None
    if text[-1].isascii() and text[-1].isdigit():
        text += "号"
    return _bounded(text)


def document_number_key(x: object) -> str | None:
    """The form in which document numbers compare: one bracket, no blanks, no 第, a final 号.

    >>> document_number_key("朔市监罚字 [2021] 第12 号")
    '朔市监罚字〔2021〕12号'
    >>> document_number_key("文号：朔市监罚字（２０２１）12")
    '朔市监罚字〔2021〕12号'
    """
    text = clean_text(x)
    return None if text is None else number_key_of(text)


def number_keys_of(text: str) -> tuple[str | None, str | None]:
    """`number_key_of` and `number_weak_of` of a clean text at once."""
    usual = _USUAL_NUMBER.match(text)
    if usual is None:
        key = _number_key(text)
        return key, None if key is None else number_weak_of(key)
    head, year, serial = usual.groups()
    key = f"{head}〔{year}〕{serial}号"
    bare = _weak_head(head)
    return key, f"{bare}〔{year}〕{serial.lstrip('0') or '0'}" if bare else _number_weak(key)


@lru_cache(maxsize=8192)
def _weak_head(head: str) -> str:
    """What stands before the year, without 字第号."""
    return head.replace("字", "").replace("第", "").replace("号", "")


def number_key_of(text: str) -> str | None:
    """`document_number_key` of a text that is clean already."""
    usual = _USUAL_NUMBER.match(text)
    return f"{usual[1]}〔{usual[2]}〕{usual[3]}号" if usual else _number_key(text)


_WEAK = re.compile(r"^(.*?)〔((?:19|20)\d\d)〕(.*)$", re.DOTALL)
_WEAK_NO_BRACKET = re.compile(r"^()((?:19|20)\d\d)年(.+)$", re.DOTALL)
_WEAK_BARE_YEAR = re.compile(r"^(\D.*?)((?:19|20)\d\d)(?:年第?|第)(\d+号?)$")  # 罚字2026年第5号
_WEAK_DROP = re.compile(r"[字第号()\[\]〔〕【】《》<>{}]|(?<!\d)[\-_.·,:/、]|[\-_.·,:/、](?!\d)")  # 12-1 is not 121
_HOMOGLYPHS = str.maketrans({"〇": "0", "○": "0", "O": "0", "零": "0", "L": "1", "I": "1", "|": "1"})
_SERIAL = re.compile(r"^[0-9〇○OLI|]+")
_LAST_SERIAL = re.compile(r"[0-9〇○OLI|]+$")


def number_weak_of(key: str) -> str | None:
    """`document_number_weak` of what `document_number_key` gave."""
    plain = _CANONICAL.match(key)
    if plain:
        head = _weak_head(plain[1])
        if head:
            return f"{head}〔{plain[2]}〕{plain[3].lstrip('0') or '0'}"
    return _number_weak(key)


@lru_cache(maxsize=16384)
def _number_weak(key: str) -> str | None:
    found = _WEAK.match(key) or None
    if found:
        head, year, tail = found.groups()
    else:
        other = _WEAK_BARE_YEAR.match(key) or _WEAK_NO_BRACKET.match(key)
        if other is None:
            return _said(_bounded(squeeze(_WEAK_DROP.sub("", key))))
        head, year, tail = other.groups()
    head, tail = squeeze(_WEAK_DROP.sub("", head)), squeeze(_WEAK_DROP.sub("", tail))
    if not head:  # 〔2017〕琼质监决字第3号: the year stands first
        serial_last = _LAST_SERIAL.search(tail)
        if serial_last:
            head, tail = tail[: serial_last.start()], serial_last[0]
    serial = _SERIAL.match(tail)
    if serial:
        folded = serial[0].translate(_HOMOGLYPHS).lstrip("0") or "0"
        tail = folded + tail[serial.end() :]
    return _bounded(f"{head}〔{year}〕{tail}")


def document_number_weak(x: object) -> str | None:
    """A weaker key: also without 字, brackets, leading zeros of the serial, and with 〇/O, l/I folded in the serial.

    >>> document_number_weak("朔市监罚字〔2021〕第0O12号") == document_number_weak("朔市监罚〔2021〕12号")
    True
    """
    key = document_number_key(x)
    return None if key is None else number_weak_of(key)


_ROUND = dict.fromkeys(map(ord, "[{〔【〖<〈「『⟨"), "(")
_ROUND |= dict.fromkeys(map(ord, "]}〕】〗>〉」』⟩"), ")") | dict.fromkeys(map(ord, "•・‧∙⋅●."), "·")
_SOLE_TRADER_TAIL = re.compile(r"\(个体工商户\)")


_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff()A-Z0-9]{3,200}\Z")


def name_key_of(text: str) -> str | None:
    """`name_key` of a text that is clean already."""
    if "（" in text:
        half = text.replace("（", "(").replace("）", ")").removesuffix("(个体工商户)")
        return half if _plain_name(half) else _name_key(text)
    return text if _plain_name(text) else _name_key(text)


def _plain_name(text: str) -> bool:
    return (
        _PLAIN_NAME.match(text) is not None
        and "(个体工商户)" not in text
        and (len(text) > 12 or text.lower() not in EMPTY_WORDS)
    )


@lru_cache(maxsize=16384)
def _name_key(text: str) -> str | None:
    text = squeeze(text).translate(_ROUND)
    while "(个体工商户)" in text:
        text = squeeze(_SOLE_TRADER_TAIL.sub("", text))
    return _said(_bounded(text))


def name_key(x: object) -> str | None:
    """The form in which names compare: half width, round brackets, no blanks, without （个体工商户）.

    >>> name_key("朔州 市 ＡＢ商贸有限公司【城南店】")
    '朔州市AB商贸有限公司(城南店)'
    """
    text = clean_text(x)
    return None if text is None else name_key_of(text)


# ---------------------------------------------------------------- codes

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_FILLER = "0" * 17 + "X"
"""Household businesses without a code write this; it fails its own check digit and is allowed only for them."""
_USCC_VALUE = {c: i for i, c in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_USCC_8, _USCC_10, _USCC_12, _USCC_14 = (
    {
        a + b: x * _USCC_WEIGHTS[at] + y * _USCC_WEIGHTS[at + 1]
        for a, x in _USCC_VALUE.items()
        for b, y in _USCC_VALUE.items()
    }
    for at in (8, 10, 12, 14)
)
"""What two characters at a place add to the check sum."""
_USCC_SHAPE = re.compile(r"^[0-9A-HJ-NP-RTUWXY]{18}$")
_USCC_INSIDE = re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}(?![0-9A-Z])")
_COPY_MARK = re.compile(r"[(（]\d{1,2}[-－/]\d{1,2}[)）]$")  # the n-th copy of a business licence: （1-1）
_CODE_DROP = re.compile(r"[\s\-‐‑–—_·.,;:'\"`]+")
_CODE_LEAD = re.compile(r"^[^0-9A-Z]*[\u4e00-\u9fff][^0-9A-Z]*:")
_CODE_PLAIN = re.compile(r"[0-9A-Z]{1,64}\Z")


def code_of(text: str) -> str | None:
    """`code` of a text that is clean already."""
    return text if _CODE_PLAIN.match(text) else _code(text)


_STORED_AS_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,2}\Z")


@lru_cache(maxsize=16384)
def _code(text: str) -> str | None:
    if _STORED_AS_NUMBER.match(text):
        return None  # its last digits are lost: it names nobody
    for _ in range(4):  # what is removed may let the rest combine anew
        before = text
        text = _CODE_DROP.sub("", _COPY_MARK.sub("", _CODE_LEAD.sub("", squeeze(text))))
        if text == before:
            break
    if len(text) > 18:
        inside = _USCC_INSIDE.search(text)
        if inside:
            return inside[0]
    return _said(text[:64])


def code(x: object) -> str | None:
    """A unified social credit code (or any other code) as it compares: half width, capitals, no blanks or hyphens.

    >>> code("91410105 674139084t（1-1）")
    '91410105674139084T'
    """
    text = clean_text(x)
    return None if text is None else code_of(text)


def uscc_shape(code: str | None) -> bool:
    """Eighteen characters of the alphabet of GB 32100."""
    return code is not None and _USCC_SHAPE.match(code) is not None


def uscc_check(body: str) -> str | None:
    """The check character for the first 17 characters (GB 32100-2015); None when a character is not allowed."""
    try:
        total = sum(map(mul, map(_USCC_VALUE.__getitem__, body[:17]), _USCC_WEIGHTS))
    except KeyError:
        return None
    return USCC_ALPHABET[(31 - total % 31) % 31]


def uscc_ok(code: str | None) -> bool:
    """Shape and check digit of GB 32100. Genuine codes that fail exist, so failing only warns.

    >>> uscc_ok("91330000755918469E"), uscc_ok("91330000755918469F")
    (True, False)
    """
    if code is None or len(code) != 18:
        return False
    try:
        total = (
            _uscc_head(code[:8])
            + _USCC_8[code[8:10]]
            + _USCC_10[code[10:12]]
            + _USCC_12[code[12:14]]
            + _USCC_14[code[14:16]]
            + _USCC_VALUE[code[16]] * _USCC_WEIGHTS[16]
        )
        return USCC_ALPHABET[-total % 31] == code[17]
    except KeyError:
        return False


@lru_cache(maxsize=16384)
def _uscc_head(head: str) -> int:
    """What registering body and area add to the check sum; they repeat."""
    return sum(map(mul, map(_USCC_VALUE.__getitem__, head), _USCC_WEIGHTS))


_ORGANISATION_SHAPE = re.compile(r"[0-9A-Z]{8}[0-9X]\Z")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BASE_36 = {character: int(character, 36) for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_PAIRS_36 = tuple(
    {
        a + b: x * _ORGANISATION_WEIGHTS[at] + y * _ORGANISATION_WEIGHTS[at + 1]
        for a, x in _BASE_36.items()
        for b, y in _BASE_36.items()
    }
    for at in (0, 2, 4, 6)
)
"""What two characters at a place add to the check sum."""


def organisation_code_ok(code: str | None) -> bool:
    """Check character of an organisation code (GB 11714): nine characters, without hyphen."""
    if code is None or _ORGANISATION_SHAPE.match(code) is None:
        return False
    first, second, third, fourth = _PAIRS_36
    total = first[code[:2]] + second[code[2:4]] + third[code[4:6]] + fourth[code[6:8]]
    return code[8] == "0123456789X0"[11 - total % 11]


_REGISTRATION_SHAPE = re.compile(r"[0-9]{15}\Z")


def _registration_steps() -> dict[int, dict[str, int]]:
    """MOD 11,10: from what is carried and a digit to what is carried on."""
    return {
        rest: {str(digit): ((rest + digit) % 10 or 10) * 2 % 11 for digit in range(10)} for rest in range(11)
    }  # fmt: skip


_REGISTRATION = _registration_steps()


def registration_number_ok(number: str | None) -> bool:
    """Check digit of a 15-digit business registration number (GS 15-2006, MOD 11,10)."""
    if number is None or _REGISTRATION_SHAPE.match(number) is None:
        return False
    steps, rest = _REGISTRATION, 10
    for digit in number[:14]:
        rest = steps[rest][digit]
    return (rest + int(number[14])) % 10 == 1


# ---------------------------------------------------------------- dates

_SENTINELS = frozenset(
    datetime.date(*d) for d in ((1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1970, 1, 1), (1, 1, 1), (1753, 1, 1))
)
_SENTINEL_TEXT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?\Z")


def is_sentinel(text: str) -> bool:
    """True for a date that programs write where there is none.

    >>> is_sentinel("1900-01-01 00:00:00"), is_sentinel("2026-09-30"), is_sentinel("无")
    (True, False, False)
    """
    found = _SENTINEL_TEXT.match(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return any((year, month, day) == (d.year, d.month, d.day) for d in _SENTINELS)


_LONG = re.compile(r"长期|永久|无固定期限|无期限|长久有效|永远")
_ISO = re.compile(r"^((?:19|20)\d\d)[-/]([01]?\d)[-/]([0-3]?\d)$")
_DAY = re.compile(
    r"(?<!\d)((?:1[89]|2\d|99)\d\d)\s*[-/.年·—]\s*(1[0-2]|0?[1-9])\s*[-/.月·—]\s*(3[01]|[12]\d|0?[1-9])(?!\d)"
)
_COMPACT = re.compile(r"(?<!\d)((?:1[89]|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:\d{6}(?:\d{3})?)?(?!\d)")
_SERIAL_DAY = re.compile(r"^(\d{5})(?:\.\d+)?$")
_MILLIS = re.compile(r"^(?:/Date\()?(-?\d{12,13})(?:[+-]\d{4})?(?:\)/)?$")
_ZULU = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]00:?00)$")
_GAP_IN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
_LOST_BLANK = re.compile(r"(?<=[\d年月])\s*\\?\?\s*(?=[\d年月日])")  # a blank that a wrong charset made a ? or a \?
_CHINESE_DAY = re.compile(
    r"([一二三四五六七八九〇○零OoО0-9Ｏ]{4})年([一二三四五六七八九十0-9]{1,3})月([一二三四五六七八九十廿卅0-9]{1,4})日?"
)
_DIGIT = (
    {c: i for i, c in enumerate("〇一二三四五六七八九")} | {str(i): i for i in range(10)} | dict.fromkeys("○零OoОＯ", 0)
)
_EXCEL_EPOCH = datetime.date(1899, 12, 30)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


def date(x: object) -> datetime.date | None:
    """A day, in any of the forms met; sentinels such as 1900-01-01 are nothing, 长期 is LONG_TERM.

    >>> date("202 6年7月14日"), date("二〇一八年三月八日"), date("43112")
    (datetime.date(2026, 7, 14), datetime.date(2018, 3, 8), datetime.date(2018, 1, 12))
    >>> date("2018年3月") is None, date("2026?年7月?1?4日")
    (True, datetime.date(2026, 7, 14))
    """
    if isinstance(x, datetime.datetime):
        return _settled(x.date())
    if isinstance(x, datetime.date):
        return _settled(x)
    text = clean_text(x)
    return None if text is None else date_of(text)


def dates(x: object) -> list[datetime.date]:
    """Every day named in a text, in order: for a term written in one cell (2018-03-08至2021-03-07)."""
    text = clean_text(x)
    if text is None:
        return []
    found: list[tuple[int, datetime.date]] = []
    text = _GAP_IN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    for pattern in (_DAY, _COMPACT):
        for match in pattern.finditer(text):
            day = _made(int(match[1]), int(match[2]), int(match[3]))
            if day is not None:
                found.append((match.start(), day))
    for match in _LONG.finditer(text):
        found.append((match.start(), LONG_TERM))
    return [day for _, day in sorted(found)]


@lru_cache(maxsize=65536)
def date_of(text: str) -> datetime.date | None:
    """`date` of a text that is clean already. Days repeat, so they are remembered."""
    quick = _ISO.match(text)
    if quick:
        return _made(int(quick[1]), int(quick[2]), int(quick[3]))
    if len(text) > 200:
        return None
    text = unicodedata.normalize("NFKC", text)
    if "?" in text:
        text = _LOST_BLANK.sub("", text)
    zulu = _ZULU.search(text)
    if zulu:  # midnight in Shanghai, written by a machine that thinks in UTC
        try:
            year, month, day, hour, minute = (int(part) for part in zulu.groups())
            moment = datetime.datetime(year, month, day, hour, minute, tzinfo=datetime.UTC)
            return _settled(moment.astimezone(_SHANGHAI).date())
        except (ValueError, OverflowError):
            return None
    if _LONG.search(text) and not _DAY.search(text):
        return LONG_TERM
    text = _GAP_IN_DIGITS.sub("", text) if not re.search(r"\d\s+\d{1,2}:\d\d", text) else text
    serial = _SERIAL_DAY.match(text)
    if serial:
        days = int(serial[1])
        return _settled(_EXCEL_EPOCH + datetime.timedelta(days)) if 29221 <= days <= 73050 else None
    millis = _MILLIS.match(text)
    if millis:
        try:
            moment = _EPOCH + datetime.timedelta(milliseconds=int(millis[1]))
            return _settled(moment.astimezone(_SHANGHAI).date())
        except OverflowError:
            return None
    for pattern in (_DAY, _COMPACT):
        found = pattern.search(text)
        if found:
            return _made(int(found[1]), int(found[2]), int(found[3]))
    chinese = _CHINESE_DAY.search(_BLANKS.sub("", text))
    if chinese:
        year = int("".join(str(_DIGIT[c]) for c in chinese[1]))
        return _made(year, _small(chinese[2]), _small(chinese[3]))
    return None


def _small(text: str) -> int:
    """A month's or day's Chinese numeral: 三, 十二, 二十, 廿八, 三十一, also 二八 and 31."""
    text = text.replace("廿", "二十").replace("卅", "三十")
    if "十" not in text:
        return int("".join(str(_DIGIT.get(c, 0)) for c in text) or "0")
    tens, _, ones = text.partition("十")
    return (_DIGIT.get(tens, 9) if tens else 1) * 10 + (_DIGIT.get(ones, 99) if ones else 0)


def _made(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return _settled(datetime.date(year, month, day))
    except ValueError:
        return None


def _settled(day: datetime.date) -> datetime.date | None:
    if day in _SENTINELS:
        return None
    if day.year >= 2099:
        return LONG_TERM
    return day if day.year >= 1800 else None


# ---------------------------------------------------------------- money

_MONEY_NOISE = re.compile(r"人民币|RMB|CNY|[￥¥$]|大写|小写|共计|合计|计|约|[:=]")
_PLAIN_NUMBER = re.compile(r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:E[+-]?\d{1,3})?$")
_AMOUNT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(亿元|亿|万元|万|千元|百元|元|圆)")
_THOUSANDS = re.compile(r"(?<=\d)[,，'](?=\d{3}(?!\d))")
_NUMERAL_DIGITS = {
    **dict(zip("零壹贰叁肆伍陆柒捌玖", range(10), strict=True)),
    **dict(zip("〇一二三四五六七八九", range(10), strict=True)),
    **{"貳": 2, "參": 3, "叄": 3, "陸": 6, "两": 2, "兩": 2, "弍": 2, "弐": 2, "伍": 5, "○": 0},
}
_NUMERAL_TENS = {"拾": 10, "十": 10, "佰": 100, "百": 100, "仟": 1000, "千": 1000}
_ONES = "".join(_NUMERAL_DIGITS)
_NUMERAL = re.compile(rf"[{_ONES}拾十佰百仟千万萬亿億]+(?:[元圆圓]|(?=整))(?:[{_ONES}]角)?(?:[{_ONES}]分)?")
_UNITS = {"亿元": 1e8, "亿": 1e8, "万元": 1e4, "万": 1e4, "千元": 1e3, "百元": 1e2, "元": 1.0, "圆": 1.0}


def yuan(x: object, unit: str | None = None) -> float | None:
    """An amount in yuan. The cell's own unit wins; a bare number needs `unit` ("yuan" or "wan"), else it is unknown.

    >>> yuan("0.5", "wan"), yuan("人民币伍仟元整"), yuan("1.2万元"), yuan("5000")
    (5000.0, 5000.0, 12000.0, None)
    """
    if isinstance(x, bool):
        return None
    text = clean_text(x)
    return None if text is None else yuan_of(text, unit)


@lru_cache(maxsize=16384)
def yuan_of(text: str, unit: str | None) -> float | None:
    """`yuan` of a text that is clean already."""
    text = unicodedata.normalize("NFKC", text).upper()
    bare = _THOUSANDS.sub("", _BLANKS.sub("", _MONEY_NOISE.sub("", text)))
    if _PLAIN_NUMBER.match(bare):
        if unit is None:
            return None
        return _finite(float(bare) * (10000 if unit == "wan" else 1))
    found = set(amounts(bare))
    return found.pop() if len(found) == 1 else None


def amounts(text: str) -> list[float]:
    """Every amount with a unit that a text names, in yuan and in order; digits and capital numerals."""
    text = _THOUSANDS.sub("", text)
    found: list[tuple[int, float]] = []
    for match in _AMOUNT.finditer(text):
        value = _finite(float(match[1]) * _UNITS[match[2]])
        if value is not None:
            found.append((match.start(), value))
    for match in _NUMERAL.finditer(text):
        if match.start() > 0 and text[match.start() - 1].isdigit():
            continue  # 5万元: already read above
        value = _capital(match[0])
        if value is not None:
            found.append((match.start(), value))
    return [value for _, value in sorted(found)]


def _capital(text: str) -> float | None:
    """The value of a capital numeral such as 壹万贰仟叁佰元伍角."""
    total = section = digit = 0
    cents = 0
    for character in text:
        if character in _NUMERAL_DIGITS:
            digit = _NUMERAL_DIGITS[character]
        elif character in _NUMERAL_TENS:
            section += (digit or 1) * _NUMERAL_TENS[character]
            digit = 0
        elif character in "万萬":
            total += (section + digit) * 10_000
            section = digit = 0
        elif character in "亿億":
            total = (total + section + digit) * 100_000_000
            section = digit = 0
        elif character in "元圆圓":
            total += section + digit
            section = digit = 0
        elif character == "角":
            cents += digit * 10
            digit = 0
        elif character == "分":
            cents += digit
            digit = 0
    return _finite(float(total + section + digit) + cents / 100)


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) and abs(value) < 1e15 else None
