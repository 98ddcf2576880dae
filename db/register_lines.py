"""What a register's line says, beside its columns: who recorded it, whether it was cancelled, what it said before.

A line keeps these in its `data`, under labels that no register has: `RECORDED` (who, when, from which line of which file),
`HISTORY` (every earlier version, each with who replaced it and when), `CANCELLED` (by whom, when, why) and `EDITION` (the
first day of the catalogue that it belongs to). Intake writes them, the judge reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RECORDED, HISTORY, CANCELLED, EDITION = "_登记", "_历史", "_撤销", "_目录版本"
_INNER = frozenset([RECORDED, HISTORY, CANCELLED, EDITION])
TITLES = {
    "exemptions": "豁免台账",
    "repairs": "信用修复台账",
    "withdrawals": "撤下台账",
    "declarations": "零申报等声明",
    "catalogue": "事项目录",
    "outages": "平台故障台账",
    "backfills": "补报约定台账",
    "responsibilities": "职责划转台账",
}


def said(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the line itself says: label -> text."""
    return {label: text for label, text in data.items() if label not in _INNER}


def cancelled(data: Mapping[str, Any]) -> bool:
    """True when the office took the line back; it stays in the register, and nobody judges by it."""
    return bool(data.get(CANCELLED))


def place(data: Mapping[str, Any]) -> str:
    """Which line of which file it came from, "" when that was not kept."""
    recorded = data.get(RECORDED) or {}
    return str(recorded.get("来源") or "")
