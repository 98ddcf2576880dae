"""Enumerations (codes.yml): subject types, categories, status. Texts and code digits in, canonical words out."""

from __future__ import annotations

import re
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

    >>> penalty_families("警告；罚款"), penalty_families("吊销许可证件")
    (('warning', 'fine'), ('licence',))
    """
    if not text:
        return ()
    return tuple(family for family, pattern in _FAMILIES if pattern.search(text))


@lru_cache(maxsize=1024)
def status(edition: str | None, text: str | None) -> str | None:
    """The status in words. "1" is 撤销 in 2015 and 有效 since 2018; without a known edition a digit stays a digit."""
    word = clean_text(text)
    if word is None:
        return None
    return _STATUS.get((edition or "")[:4], {}).get(word, word)


def names_organisation(name: str) -> bool:
    """True when a short name has a word that only organisations and shops have."""
    return _ORGANISATION.search(name) is not None


def names_organisation_surely(name: str) -> bool:
    """True when a name of any length says outright that it is an organisation's."""
    return _STRONG.search(name) is not None
