"""JSON (one list of records, lists under names, or one record a line) -> grids whose header is the keys."""

from __future__ import annotations

import json
from typing import Any

from intake.grids import Grid, cell_text
from intake.read_csv import MAX_COLUMNS, decode
from standard import dictionaries
from standard.errors import Refused

_DEPTH = 6


def read_json(content: bytes, where: str) -> list[Grid]:
    """Every list of objects becomes a grid named by its path. Raises Refused, with the place, when it is no JSON."""
    text = decode(content)
    if text is None:
        raise Refused(f"{where}：不是文本文件，请检查文件")
    try:
        data = json.loads(text)
        if dictionaries.carries(text):
            data = dictionaries.spelled_out(data)
    except RecursionError:
        raise Refused(f"{where}：JSON 嵌套过深，请检查文件") from None
    except ValueError as error:
        data = _lines(text, where, error)
    grids: list[Grid] = []
    _collect(data, "", grids, 0)
    if not grids:
        raise Refused(f'{where}：JSON 中没有记录列表，应为对象的列表，如 [{{"cf_wsh": …}}]，请检查接口或导出设置')
    return grids


def _lines(text: str, where: str, error: ValueError) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].lstrip().startswith("{"):
        raise Refused(f"{where}：不是合法的 JSON（{error}），请检查文件") from None
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError) as fault:
            raise Refused(f"{where}：第 {number} 行不是合法的 JSON（{fault}），请检查文件") from None
    return records


def _collect(node: Any, path: str, grids: list[Grid], depth: int) -> None:
    if depth > _DEPTH:
        return
    if isinstance(node, list) and any(isinstance(item, dict) for item in node):
        grids.append(_grid([item if isinstance(item, dict) else {} for item in node], path))
    elif isinstance(node, dict):
        before = len(grids)
        for key, value in node.items():
            _collect(value, f"{path}.{key}" if path else str(key), grids, depth + 1)
        if len(grids) == before and depth == 0 and node:  # one record alone
            grids.append(_grid([node], path))


def _grid(records: list[dict[str, Any]], path: str) -> Grid:
    keys = list(dict.fromkeys(key for record in records for key in record))
    if len(keys) > MAX_COLUMNS:
        keys = keys[:MAX_COLUMNS]
    rows = [[text_of(record.get(key)) for key in keys] for record in records]
    return Grid(
        path, [[text_of(key) for key in keys], *rows], first=0
    )  # the header is no row of the list: record 1 is row 1


def text_of(value: Any) -> str:
    """A value as text that can be stored: a half of a character pair, which JSON can name, becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else cell_text(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
