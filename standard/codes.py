"""Enumerations (codes.yml): subject types, categories, status. Texts and code digits in, canonical words out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from standard.fields import read_data
from standard.values import clean_text

_DATA = read_data("codes.yml")
SUBJECT_TYPES: dict[str, str] = {str(word): kind for kind, words in _DATA["subject_types"].items() for word in words}
SUBJECT_WORDS = {"organisation": "法人及非法人组织", "sole_trader": "个体工商户", "natural_person": "自然人"}
"""Subject types in the standard's words."""
FAMILY_WORDS = {family: str(words[0]) for family, words in _DATA["penalty_families"].items()}
_FAMILIES = [
    (family, re.compile("|".join(map(re.escape, words)))) for family, words in _DATA["penalty_families"].items()
]
_LICENCE: dict[str, str] = {
    str(word): str(name) for name, words in _DATA["licence_categories"].items() for word in words
}
_PENALTY: dict[str, str] = {str(code): str(word) for code, word in _DATA["penalty_categories"].items()}
_PENALTY_2021 = tuple(str(word) for word in _DATA["penalty_categories_2021"])
_IDENTITY: dict[str, str] = {
    str(spelling): str(word) for word, spellings in _DATA["identity_types"].items() for spelling in (word, *spellings)
}
IDENTITY_WORDS = tuple(str(word) for word in _DATA["identity_types"])
LISTS: dict[str, dict[str, str]] = {
    str(name): {str(code): str(word) for code, word in words.items()} for name, words in _DATA["lists"].items()
}
"""Further lists of codes: name -> code -> word."""
GATEWAY_ERRORS: dict[str, str] = {str(code): str(text) for code, text in _DATA["gateway_errors"].items()}
_ERROR_CODE = re.compile(r"\W*(\d{2,5})(?!\d)")
_COMPOSITES = [str(word) for word in _DATA["composite_categories"]]
_STATUS = {str(edition): {str(k): str(v) for k, v in words.items()} for edition, words in _DATA["status"].items()}
_ORGANISATION = re.compile("|".join(map(re.escape, _DATA["organisation_words"])))
_STRONG = re.compile("|".join(map(re.escape, _DATA["strong_organisation_words"])))
_SEPARATORS = re.compile(r"[;；,，、|]+")
_HOLDER = "\u0001"


@lru_cache(maxsize=1024)
def subject_type(text: str | None) -> str | None:
    """organisation | sole_trader | natural_person for the text or code of 行政相对人类别; None when it says nothing known."""
    word = clean_text(text)
    return None if word is None else SUBJECT_TYPES.get(word.replace(" ", ""))


@lru_cache(maxsize=8192)
def category(kind: str, text: str | None) -> str | None:
    """The category in canonical words, several joined with ；.

    >>> category("penalty", "1"), category("penalty", "警告,没收违法所得、没收非法财物"), category("licence", "普通许可")
    ('罚款', '警告；没收违法所得、没收非法财物', '普通')
    """
    word = clean_text(text)
    if word is None:
        return None
    if kind == "licence":
        return _LICENCE.get(word.replace(" ", ""), word)
    if word in _PENALTY:
        return _PENALTY[word]
    if len(word) > 60:  # a result text in place of a category
        return word
    for place, composite in enumerate(_COMPOSITES):
        word = word.replace(composite, f"{_HOLDER}{place}{_HOLDER}")
    parts = [part.strip() for part in _SEPARATORS.split(word) if part.strip()]
    joined = "；".join(dict.fromkeys(parts))
    for place, composite in enumerate(_COMPOSITES):
        joined = joined.replace(f"{_HOLDER}{place}{_HOLDER}", composite)
    return joined or None


@lru_cache(maxsize=8192)
def penalty_families(text: str | None) -> tuple[str, ...]:
    """The families of penalties a category names, in the order of codes.yml; `none` for 不予处罚.

    >>> penalty_families("警告；罚款"), penalty_families("吊销许可证件"), penalty_families("其他-不予行政处罚")
    (('warning', 'fine'), ('licence',), ('none',))
    """
    if not text:
        return ()
    text = _OTHER_NONE.sub("", text)
    return tuple(family for family, pattern in _FAMILIES if pattern.search(text))


# 其他-不予行政处罚 names no other penalty: it is none.
_OTHER_NONE = re.compile(r"其[他它]\s*[-—－:：(（]?\s*(?=不予|免于|免予)")


@lru_cache(maxsize=1024)
def status(edition: str | None, text: str | None) -> str | None:
    """The status in words. "1" is 撤销 in 2015 and 有效 since 2018; without a known edition a digit stays a digit."""
    word = clean_text(text)
    if word is None:
        return None
    return _STATUS.get((edition or "")[:4], {}).get(word, word)


def status_words(edition: str | None) -> tuple[str, ...]:
    """The words a status may be in an edition; none where the edition has no list of its own.

    >>> status_words("2020"), status_words("2015-zhejiang"), status_words(None)
    (('有效', '无效'), (), ())
    """
    if edition is None or edition.endswith("-zhejiang"):  # 状态标记 follows the province's own list
        return ()
    return tuple(dict.fromkeys(_STATUS.get(edition[:4], {}).values()))


def category_words(kind: str) -> tuple[str, ...]:
    """The words a category may be, in the standard's order."""
    words = _LICENCE.values() if kind == "licence" else (*_PENALTY.values(), *_PENALTY_2021)
    return tuple(dict.fromkeys(words))


@lru_cache(maxsize=1024)
def identity_type(text: str | None) -> str | None:
    """The kind of identity paper in the standard's words, from its name or its code; 其他-… stays; None when unknown.

    >>> identity_type("1"), identity_type("05"), identity_type("居民身份证"), identity_type("其他-驾驶证"), identity_type("驾驶证")
    ('身份证', '外国人永久居留身份证', '身份证', '其他-驾驶证', None)
    """
    word = clean_text(text)
    if word is None:
        return None
    if word.startswith(("其他-", "其它-", "其他－")):
        return word
    return _IDENTITY.get(word)


def listed(name: str, text: str | None) -> str | None:
    """The word for a code of one of the further lists (codes.yml, `lists`); a word of it stays; None when it has neither.

    >>> listed("use_scope_2015", "0"), listed("report_status", "已上报"), listed("report_status", "9")
    ('公示', '已上报', None)
    """
    word = clean_text(text)
    if word is None:
        return None
    entries = LISTS[name]
    return entries.get(word) or (word if word in entries.values() else None)


def spelled(clean: dict[str, str], lists: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """A row with the words of an edition's own lists of codes in place of codes and other spellings; several stay several."""
    for field, words in lists.items():
        text = clean.get(field)
        if text is not None:
            parts = [part.strip() for part in _SEPARATORS.split(text) if part.strip()] if text not in words else [text]
            clean[field] = "；".join(dict.fromkeys(words.get(part, part) for part in parts))
    return clean


def gateway_error(text: str) -> str | None:
    """What an error code of a platform means (data-standard 5.10), when the text begins with one we know.

    >>> gateway_error("1001：未查询到主体")
    '主体查询不到，或名称与代码不一致'
    """
    found = _ERROR_CODE.match(text)
    return None if found is None else GATEWAY_ERRORS.get(found[1])


def names_organisation(name: str) -> bool:
    """True when a short name has a word that only organisations and shops have."""
    return _ORGANISATION.search(name) is not None


def names_organisation_surely(name: str) -> bool:
    """True when a name of any length says outright that it is an organisation's."""
    return _STRONG.search(name) is not None
