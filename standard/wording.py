"""Rules on words (data-standard 4, 5.7): what should be one of a list, what is only an abbreviation, what is written loosely.

`validity` asks them with its own; they are here because they need the lists of codes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from standard import codes
from standard.editions import code_lists

if TYPE_CHECKING:
    from standard.validity import Add, Facts

_SHORT_AGENCY = re.compile(r"^(?:[\u4e00-\u9fff]{1,3}(?:局|委|办|厅|队))$")
_HALF_SEPARATOR = re.compile(r"[;,|]")
_SHOWN = 12  # words of a list that a message names


def wording(facts: Facts, add: Add) -> None:
    """K1 words outside their list, K2 half-width separators, K3 abbreviated agencies, K4 identity papers."""
    texts = facts.texts
    lists = code_lists(facts.edition)
    category = texts.get("category")
    if category is not None and "category" not in lists:
        told = _category(facts.kind, category)
        if told is not None:
            add("K1", "category", text=category[:30], words="、".join(codes.category_words(facts.kind)))
        if facts.kind == "penalty" and _HALF_SEPARATOR.search(category):
            add("K2", "category")
    for field, words in lists.items():
        text = texts.get(field)
        if text is not None and not _listed(text, frozenset(words.values())):
            add("K1", field, text=text[:30], words="、".join(dict.fromkeys(list(words.values())[:_SHOWN])))
    status = texts.get("status")
    if status is not None and "status" not in lists:
        words_of = codes.status_words(facts.edition)
        if words_of and facts.values.get("status") not in words_of:
            add("K1-status", "status", text=status[:30], words="、".join(words_of))
    for field in ("person_id_type", "representative_id_type"):
        text = texts.get(field)
        if text is not None and field not in lists and codes.identity_type(text) is None:
            add("K4", field, text=text[:30], words="、".join(codes.IDENTITY_WORDS))
    for field in ("authority", "source_unit"):
        text = texts.get(field)
        if text is not None and len(text) <= 4 and _SHORT_AGENCY.match(text):
            add("K3", field, text=text)


@lru_cache(maxsize=4096)
def _category(kind: str, text: str) -> str | None:
    """The text when it is no category at all; None when it is one, or names itself as another."""
    if kind not in ("licence", "penalty"):
        return None
    if kind == "licence":
        word = codes.category("licence", text) or ""
        return None if word in codes.category_words("licence") or word.startswith(("其他-", "其它-")) else text
    return None if codes.penalty_families(codes.category("penalty", text)) else text


@lru_cache(maxsize=4096)
def _listed(text: str, words: frozenset[str]) -> bool:
    return all(part in words or part.startswith("其他-") for part in re.split("；", text))
