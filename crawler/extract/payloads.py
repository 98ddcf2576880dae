"""Records in JSON: grids of every make keep their rows in some list of objects and say how many there are."""

from __future__ import annotations

import json
import re
from typing import Any

from crawler.extract.tables import Reader, is_decision, put
from crawler.items import Seen
from standard import dictionaries

_JSONP = re.compile(r"^[\s;]*[\w$.]{1,80}\s*\(\s*([\[{].*[\]}])\s*\)\s*;?\s*$", re.S)
_START = re.compile(r"[\s;]*(?:[\w$.]{1,80}\s*\(\s*)?[\[{]")
_ROWS = (
    "data", "rows", "list", "records", "result", "results", "items", "content", "gridModel", "page", "d",
    "articles", "custom", "infodata",
)  # fmt: skip
_MARKUP = re.compile(r"<(?:p|table|div|br|span|td|li)\b[^>]{0,500}>", re.I)
_TAGS = re.compile(r"<[^<>]{0,500}>")
_TITLES = ("title", "docTitle", "docSubtitle", "name", "infoTitle", "articleTitle")
_MAX_PAGES = 200
_TOTALS = (
    "count", "total", "totalCount", "recordsTotal", "totalElements", "totalRecord", "totalNum", "tatalCount",
    "totalcount", "recordCount",
)  # fmt: skip


def parse(text: str) -> Any:
    """The value of JSON or JSONP text. Raises ValueError when it is neither."""
    match = _JSONP.match(text)
    try:
        value = json.loads(match[1] if match else text)
        if isinstance(value, dict) and isinstance(value.get("d"), str):
            value = json.loads(value["d"])  # ASMX wraps the answer in a text
        if dictionaries.carries(text):
            value = dictionaries.spelled_out(value)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    return value


def looks_like_one(text: str) -> bool:
    """Whether a text begins as JSON or JSONP does."""
    return _START.match(text) is not None


def rows_of(value: Any, path: str | None = None) -> list[dict[str, Any]] | None:
    """The list of row objects, at `path` (dots) or where grids usually keep it; None when there is none."""
    if path:
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else None
    for _ in range(4):
        if isinstance(value, list):
            return [row for row in value if isinstance(row, dict)]
        if not isinstance(value, dict):
            return None
        inner = [value[key] for key in _ROWS if isinstance(value.get(key), (list, dict))]
        lists = [candidate for candidate in inner if isinstance(candidate, list)]
        value = lists[0] if lists else inner[0] if inner else None
    return None


def refuses(value: Any) -> bool:
    """Whether an answer without rows says that the server could not give them: such an answer proves no empty list.

    >>> refuses({"code": 500, "rows": [], "total": 0}), refuses({"success": False}), refuses({"code": 200, "rows": []})
    (True, True, False)
    """
    if not isinstance(value, dict) or rows_of(value):
        return False
    codes = (_whole(value.get(name)) for name in ("code", "status"))
    return value.get("success") is False or any(code is not None and 400 <= code < 600 for code in codes)


def total_of(value: Any, path: str | None = None, here: int = 0) -> int | None:
    """How many rows the server says there are; `here` rows stand in this answer.

    >>> total_of({"total": 3, "records": 25, "gridModel": []}), total_of({"data": {"totalCount": "7"}})
    (25, 7)
    >>> total_of({"total": 95, "records": 10})
    95
    """
    if path:
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return _whole(value)
    for _ in range(3):
        if not isinstance(value, dict):
            return None
        if (number := _whole(value.get("records"))) is not None:  # jqGrid counts pages in `total` and rows in `records`
            return max(number, *(_whole(value.get(key)) or 0 for key in _TOTALS))  # others count what stands here
        for key in _TOTALS:
            if (number := _whole(value.get(key))) is not None:
                return number if number >= here else number * here if number > 1 else None
        value = next((value[key] for key in _ROWS if isinstance(value.get(key), dict)), None)
    return None


def one(value: Any, reader: Reader) -> list[Seen]:
    """The decision an answer about one of them holds: the first object, not too deep, that tells one."""
    level = [value]
    for _ in range(4):
        for candidate in level:
            if isinstance(candidate, dict) and (found := records([candidate], reader)):
                return found
        level = [inner for candidate in level if isinstance(candidate, dict) for inner in candidate.values()][:200]
    return []


def pages_of(value: Any) -> list[tuple[str, str]]:
    """Titles and texts of articles whose markup stands in a field (contentHtml, docClob, data.html …)."""
    found: list[tuple[str, str]] = []
    level = [value]
    for _ in range(6):
        following: list[Any] = []
        for candidate in level:
            if isinstance(candidate, dict):
                texts = [text for text in candidate.values() if isinstance(text, str) and _MARKUP.search(text[:20_000])]
                if texts:
                    named = next((candidate[key] for key in _TITLES if isinstance(candidate.get(key), str)), "")
                    found.append((_TAGS.sub("", named), max(texts, key=len)))
                following.extend(candidate.values())
            elif isinstance(candidate, list):
                following.extend(candidate[:1_000])
        level = [inner for inner in following if isinstance(inner, (dict, list))][:5_000]
    return found[:_MAX_PAGES]


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int) and value >= 0:
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else None


def records(rows: list[dict[str, Any]], reader: Reader) -> list[Seen]:
    """A decision for each row object whose keys are known codes or labels."""
    labels = list(dict.fromkeys(str(key) for row in rows for key in row))
    columns = dict(zip(labels, reader.columns(labels), strict=True)) if labels else {}
    kind = reader.kind_for(labels)
    found: list[Seen] = []
    for number, row in enumerate(rows, start=1):
        seen = Seen(kind, {}, "json", row=number)
        for key, value in row.items():
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                put(seen, str(key), columns[str(key)], str(value).strip())
        if is_decision(seen):
            found.append(seen)
    return found
