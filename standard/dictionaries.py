"""Interfaces that carry their own dictionary (信用中国, 信用山东): `sencesMap` names each key in Chinese, `columnList` orders them.

Rows beside such a dictionary are read by its labels; whatever codes a province invents, nothing of them need be known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS, _ORDER = "sencesMap", "columnList"


def carries(text: str) -> bool:
    """A quick look: whether a JSON text may carry a dictionary."""
    return f'"{_WORDS}"' in text


def spelled_out(node: Any, words: Mapping[str, str] | None = None) -> Any:
    """The same JSON value with labels in place of the keys that a dictionary beside or above them names.

    >>> spelled_out({"sencesMap": {"a1": "处罚机关"}, "columnList": ["a1"], "entity": {"a1": "示例局", "id": 7}})
    {'处罚机关': '示例局', 'id': 7}
    """
    if isinstance(node, list):
        return [spelled_out(item, words) for item in node]
    if not isinstance(node, dict):
        return node
    given = node.get(_WORDS)
    if isinstance(given, dict):
        words = {str(key): label for key, label in given.items() if isinstance(label, str) and label.strip()}
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key not in (_WORDS, _ORDER):
            label = (words or {}).get(key, key)
            found[key if label in found else label] = spelled_out(value, words)
    if isinstance(given, dict):  # the row stands beside its dictionary: {"sencesMap": …, "entity": {…}}
        for key, value in list(found.items()):
            if isinstance(value, dict):
                del found[key]
                for label, text in value.items():
                    found.setdefault(label, text)
    return found
