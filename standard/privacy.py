"""Personal data: find it, mask it, hash it.

What must never be shown in full: citizen identity numbers, mobile numbers, bank cards, home addresses, names of natural
persons (data-standard 5.9). Permit numbers, registration numbers and unified codes look alike and must stay: a number
counts as a citizen's only if area, birth date and check digit all agree. An address counts as a home only where the text or
its label calls it one (住址, 户籍地) and it goes down to a house, a room or a group: 经营地址 and 住所 of a firm are public.
"""

from __future__ import annotations

import datetime
import hmac
import re
import unicodedata
from dataclasses import dataclass
from operator import mul

from standard.values import registration_number_ok, uscc_ok


@dataclass(frozen=True)
class Leak:
    """Personal data standing in a text. `kind`: id_number | mobile | bank_card | address."""

    kind: str
    start: int
    end: int
    text: str


KINDS = {"id_number": "公民身份号码", "mobile": "手机号码", "bank_card": "银行卡号", "address": "家庭住址"}
"""Kinds of leaks in words a user reads."""

_PROVINCE_CODES = "11-15 21-23 31-37 41-46 50-54 61-65 71-71 81-83"
_PROVINCES = frozenset(
    str(code) for span in _PROVINCE_CODES.split() for code in range(int(span[:2]), int(span[3:]) + 1)
)
# Prefecture-level cities without districts: their area code ends in 00 and yet stands in identity numbers.
_WHOLE_CITIES = frozenset({"441900", "442000", "460400", "620200"})
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_HALF = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
_WIDE = re.compile("[０-９]")
_MAYBE = re.compile(r"[0-9０-９]{11}|1[3-9][0-9][ \-][0-9]{4}[ \-][0-9]{4}")
_HOME_WORDS = ("住", "户籍")
_LIVES = re.compile(r"住址|[家现居]住|[，,；;。]住(?![所房宅户建宿院])")
_NUMBER, _HOUSE = 11, 6  # characters of the shortest number, and of the shortest home behind a label
_LEAST = 8  # characters in which anything of the kind can be said: 住址 and a home
# Down to the house: what stands before it (province to street) is not personal by itself.
_HOME = re.compile(
    r"(?:住址|[家现]住|居住(?=[:：于在])|[，,；;。]住(?![所房宅户建宿院])|户籍(?:所在地|地址|地)?)(?:[:：为是在于]|位于|\s){0,3}"
    r"([\u4e00-\u9fff][\u4e00-\u9fffA-Za-z0-9０-９\-－—·（）()#]{3,60}?(?:[0-9０-９一二三四五六七八九十]+(?:号楼|号院|单元|号|室|组|户|栋|幢|排)"
    r"(?:[A-Za-z0-9０-９\-]{0,8}(?:号楼|号院|单元|号|室|组|户|栋|幢|排|层))*))"
)
# In UTF-8: every digit as 0, and the last byte of every full-width digit as that of ０.
_ZEROS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x90 if 0x90 <= byte <= 0x99 else byte for byte in range(256))
_ELEVEN = b"0" * 11
# As _ZEROS, and the last byte of a full-width digit as 0 too; with what may stand between the digits of a number taken
# away (blank, hyphen, the first two bytes of every full-width digit), eleven digits are eleven zeros in a row.
_ALIKE = bytes(0x30 if 0x30 <= byte <= 0x39 or 0x90 <= byte <= 0x99 else byte for byte in range(256))
_BETWEEN = b" -\xef\xbc"
_WIDE_ZERO = "０".encode()
_GAPS = (b"000 0000", b"000-0000")  # in every mobile number written in groups
_DIGITS = re.compile(rb"[0-9]+")
_RUN = re.compile("[0-9０-９]{11,}")
_SPACED = re.compile(r"1[3-9][0-9][ \-][0-9]{4}[ \-]?[0-9]{4}")
_SPACED_LATE = re.compile(r"1[3-9][0-9]{5}[ \-][0-9]{4}")
_LONG_DIGITS = re.compile(r"(?<![0-9A-Za-z])[0-9]{15,19}[Xx]?(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[ -]?)?(1[3-9][0-9](?:[ -]?[0-9]{4}){2})(?![0-9A-Za-z])")
_SAYS_IDENTITY = re.compile(r"身份|证件号")
_SAYS_CODE = re.compile(r"信用代码|许可|登记|注册|编号|文号|代码|〕第?$|\]第?$|字第$")
_SAYS_ACCOUNT = re.compile(r"卡号|账号|帐号|账户|帐户|银行")
# A child among the parties is not expected: a later "birth date" is the date inside a permit number, unless the text
# itself says that it is an identity number.
_LAST_PLAUSIBLE_BIRTH = 2012


def may_leak(text: str) -> bool:
    """A quick look, whatever the context says: False when nothing in the text can be personal data."""
    if says_home(text):
        return True
    data = text.encode("utf-8", "surrogatepass")
    if _ELEVEN not in data.translate(_ALIKE, _BETWEEN):  # no other way looks for a run of digits as fast
        return False
    return _has_run(text, data)


def _has_run(text: str, data: bytes) -> bool:
    """Whether a run of digits may be a number of a person's, once there are eleven digits in a row."""
    zeros = data.translate(_ZEROS)
    if (_GAPS[0] in zeros or _GAPS[1] in zeros) and (_SPACED.search(text) or _SPACED_LATE.search(text)):
        return True
    if _WIDE_ZERO in zeros:
        return _may_leak_wide(text)
    at = zeros.find(_ELEVEN)
    while at >= 0:
        found = _DIGITS.match(data, at)
        assert found is not None
        end = found.end()
        length = end - at
        if (length == 11 and data[at] == 0x31) or (length == 13 and data[at : at + 3] == b"861"):
            return True
        if 15 <= length <= 19 and not data[at - 1 : at].isalnum():
            if data[end : end + 1] in (b"X", b"x"):
                end += 1
            if not data[end : end + 1].isalnum() and _may_be_number(data[at:end].decode("ascii")):
                return True
        at = zeros.find(_ELEVEN, end)
    return False


def _may_leak_wide(text: str) -> bool:
    """`may_leak` of a text with full-width digits."""
    runs = _RUN.findall(text)
    if not runs:
        return False
    half = text.translate(_HALF)
    return _MOBILE.search(half) is not None or any(map(_may_be_number, _LONG_DIGITS.findall(half)))


def _may_be_number(digits: str) -> bool:
    digits = digits.upper()
    return identity_number_ok(digits, said=True) or (digits.isdigit() and _is_bank_card(digits, said=True))


def says_home(text: str) -> bool:
    """True when a text or a label speaks of somebody's home."""
    at = text.find(_HOME_WORDS[0])
    while at >= 0:  # a look around each 住 costs less than looking everywhere
        if _LIVES.match(text, at) or (at > 0 and _LIVES.match(text, at - 1)):
            return True
        at = text.find(_HOME_WORDS[0], at + 1)
    return _HOME_WORDS[1] in text


def worth_reading(label: str, text: str) -> bool:
    """False when a cell cannot hold anything that `find` finds."""
    length = len(text)
    if length >= _NUMBER and _MAYBE.search(text) is not None:
        return True
    return length >= _HOUSE and (says_home(label) or says_home(text))


def _half(text: str) -> str:
    return text.translate(_HALF) if _WIDE.search(text) else text


def says_itself(text: str) -> bool:
    """True when the text names what its numbers are (身份证…), so that its label need not."""
    return _SAYS_IDENTITY.search(text) is not None


def find(text: str) -> list[Leak]:
    """Personal data in a text, in order of place.

    >>> [leak.kind for leak in find("张三（身份证11010519491231002X，电话13800138000）")]
    ['id_number', 'mobile']
    >>> find("许可证号 320600202604080202")
    []
    """
    if len(text) < _LEAST:
        return []
    homes = [Leak("address", m.start(1), m.end(1), m[1]) for m in _HOME.finditer(text)] if says_home(text) else []
    if len(text) < _NUMBER or _MAYBE.search(text) is None:
        return homes
    half = _half(text)
    leaks: list[Leak] = homes
    for match in _LONG_DIGITS.finditer(half):
        before = half[max(0, match.start() - 14) : match.start()]
        kind = _kind_of_digits(match[0].upper(), before)
        if kind:
            leaks.append(Leak(kind, match.start(), match.end(), text[match.start() : match.end()]))
    for match in _MOBILE.finditer(half):
        before = half[max(0, match.start() - 3) : match.start()]
        if half[match.end() : match.end() + 1] != "号" or not re.search(r"[第〕\])）】]$", before):
            leaks.append(Leak("mobile", match.start(1), match.end(1), text[match.start(1) : match.end(1)]))
    leaks.sort(key=lambda leak: leak.start)
    return leaks


def _kind_of_digits(digits: str, before: str) -> str | None:
    if "信用代码" in before and uscc_ok(digits):
        return None
    if len(digits) in (15, 18) and identity_number_ok(digits, said=_SAYS_IDENTITY.search(before) is not None):
        return "id_number"
    if digits.isdigit() and _is_bank_card(digits, said=_SAYS_ACCOUNT.search(before) is not None):
        return None if _SAYS_CODE.search(before) and not _SAYS_ACCOUNT.search(before) else "bank_card"
    return None


_IDENTITY = re.compile(r"[1-9][0-9]{14}(?:[0-9]{2}[0-9X])?\Z")


def identity_number_ok(digits: str, said: bool = False) -> bool:
    """A citizen's identity number (GB 11643), 18 or the old 15 digits. `said`: the context calls it one."""
    if _IDENTITY.match(digits) is None or digits[:2] not in _PROVINCES:
        return False
    if digits[4:6] == "00" and digits[:6] not in _WHOLE_CITIES:
        return False
    old = len(digits) == 15
    birth = _day(("19" + digits[6:12]) if old else digits[6:14])
    if birth is None or birth.year < 1900 or (birth.year > _LAST_PLAUSIBLE_BIRTH and not said):
        return False
    if old:
        return said or not registration_number_ok(digits)
    return _ID_CHECK[sum(map(mul, map(int, digits[:17]), _ID_WEIGHTS)) % 11] == digits[17]


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _is_bank_card(digits: str, said: bool) -> bool:
    if not 16 <= len(digits) <= 19:
        return False
    issued = (
        (digits.startswith("62") and (len(digits) in (16, 19) or said))
        or (digits.startswith("9558") and len(digits) == 19)
        or (len(digits) == 16 and (digits[0] == "4" or digits[:2] in ("51", "52", "53", "54", "55", "35")))
    )
    return (issued or said) and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def mask(text: str) -> str:
    """The text with the middle of every identity number, mobile number and bank card starred.

    >>> mask("电话13800138000")
    '电话138****8000'
    """
    if len(text) < _LEAST:
        return text
    leaks = find(text)
    if not leaks:
        return text
    parts: list[str] = []
    at = 0
    for leak in leaks:
        if leak.start < at:
            continue
        parts += [text[at : leak.start], _starred(leak)]
        at = leak.end
    return "".join([*parts, text[at:]])


def _starred(leak: Leak) -> str:
    if leak.kind == "address":
        return mask_address(leak.text)
    head, tail = {"id_number": (3, 1), "mobile": (3, 4), "bank_card": (4, 4)}[leak.kind]
    length = len(leak.text)
    return leak.text[:head] + "*" * (length - head - tail) + leak.text[length - tail :]


_BEFORE_HOUSE = re.compile(r"[^0-9０-９一二三四五六七八九十]{0,6}")


def mask_address(address: str) -> str:
    """A home address without the house: its first characters (province and city) stay.

    >>> mask_address("山西省朔州市朔城区幸福街12号楼3单元")
    '山西省朔州市***'
    """
    if "*" in address:
        return address
    head = _BEFORE_HOUSE.match(address)
    return (head[0] if head else "") + "***"


def mask_code(code: str) -> str:
    """A personal document number that need not be a valid one: first three and last character stay."""
    if "*" in code:
        return code
    return code[:3] + "*" * max(3, len(code) - 4) + code[-1:] if len(code) > 4 else "*" * len(code)


_COMPOUND = """
欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 端木 夏侯 宇文 长孙 轩辕 独孤 南宫 西门 东郭 百里 呼延
闻人 澹台 公冶 宗政 濮阳 淳于 单于 太叔 申屠 仲孙 钟离 司空 赫连 拓跋 第五
"""
_COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
_ALREADY_MASKED = re.compile(r"[*＊×Xx某○〇□]")
_PERSONS = re.compile(r"([、,，;；/\s]+)")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


def is_masked(name: str) -> bool:
    """True when the name is already hidden in part: 张某某, 李*, 王××."""
    if "某" in name or "*" in name or "＊" in name or "×" in name:
        return True
    return len(name) <= 4 and _HAN.search(name) is not None and _ALREADY_MASKED.search(name) is not None


def surname(name: str) -> str:
    """The surname of a person's name (two characters for compound ones); the first character of a foreign name."""
    name = unicodedata.normalize("NFKC", name).strip()
    return name[:2] if name[:2] in _COMPOUND_SURNAMES and len(name) > 2 else name[:1]


def mask_person(name: str) -> str:
    """A person's name as it may be shown; several names in one cell are each masked, an already masked one stays.

    >>> mask_person("张三丰"), mask_person("欧阳修"), mask_person("张**"), mask_person("李四、王五六")
    ('张某某', '欧阳某', '张**', '李某、王某某')
    """
    name = name.strip()
    if not _HAN.search(name):  # a foreign name has blanks inside and is one name
        return _mask_one(name)
    return "".join(part if place % 2 else _mask_one(part) for place, part in enumerate(_PERSONS.split(name)))


def _mask_one(name: str) -> str:
    if not name or is_masked(name):
        return name
    opening = re.search(r"[（(]", name)
    if opening and opening.start() > 0:  # 张三（某某饭店）: the shop is not personal
        return _mask_one(name[: opening.start()]) + mask(name[opening.start() :])
    head = surname(name)
    rest = len(name) - len(head)
    return head + "某" * min(max(rest, 1), 2)


def keyed_hash(text: str, key: bytes) -> str:
    """A hash that only this installation can compute: personal numbers compare without being stored."""
    return "h:" + hmac.digest(key, text.encode("utf-8", "replace"), "sha256").hex()[:40]
