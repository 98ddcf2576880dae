"""The Chinese words of keys and codes, and the few ways a value is written in a report."""

from __future__ import annotations

import datetime

from standard import outcomes, states

KINDS = {"licence": "行政许可", "penalty": "行政处罚", "all": "合计", "both": "许可和处罚", "catalogue": "目录"}
LEVELS = {
    "fail": "问题", "warn": "警示", "question": "待核实", "not_due": "未到期", "exempt": "豁免",
    "not_applicable": "不适用", "unknown": "无法判定", "error": "系统故障",
}  # fmt: skip
CODES = {
    "submitted_late": "迟报", "published_late": "迟公示", "not_submitted": "漏报", "not_published": "未公示",
    "field_missing": "要素缺失", "field_invalid": "要素不合规", "values_differ": "不一致", "duplicate": "重复",
    "over_disclosed": "过度公开", "past_term": "超期公示", "backdated": "疑似倒签", "withdrawn_unexplained": "无故撤下",
    "outside_catalogue": "目录外", "catalogue_missing": "无目录", "silent_item": "零公示未声明",
    "column_missing": "无专栏", "column_unreachable": "专栏不可用", "column_empty": "空白栏目",
    "column_stale": "栏目不更新", "dead_link": "死链", "channel_missing": "窗口缺失",
}  # fmt: skip
# Leads to a veto (单项否决) that are no finding code of their own.
VETO = CODES | {"zero_reporting": "有决定而零报送"}
# The indicator of the shipped scheme whose points a code costs; a scheme with other indicators prints its formula only.
INDICATOR_CODES = {
    "A1": ("not_submitted",), "A2": ("not_published",), "A3": ("catalogue_missing", "silent_item"),
    "B1": ("published_late",), "B2": ("submitted_late",), "C1": ("field_invalid", "field_missing"),
    "C2": ("field_missing",), "C3": ("values_differ",),
    "D": ("column_missing", "column_unreachable", "column_empty", "column_stale", "dead_link"),
}  # fmt: skip
# What stands where the actual date would, for what has not happened.
NEVER = {"not_submitted": "未收到", "not_published": "未见"}
VERDICTS = {
    "agreed": "两侧一致", "differs": "两侧不一致", "not_submitted": "已公示未报送", "not_published": "已报送未公示",
    "not_due": "未到期", "exempt": "依法豁免", "unknown": "无法判定", "question": "待人工核实",
}  # fmt: skip
STATES = {key: state.label for key, state in states.STATES.items()}
OUTCOMES = dict(outcomes.NAMES)
# Eleven outcomes are five classes to a reader: what a look was worth, and whose the gap is.
OUTCOME_CLASSES = dict(outcomes.GROUPS)
GROUP_ORDER = {group: place for place, group in enumerate(dict.fromkeys(OUTCOME_CLASSES.values()))}
LEVELS_OF_UNITS = {
    "municipal": "市直部门", "county": "县（区）", "county_department": "县（区）部门", "institution": "事业单位",
    "vertical": "垂直管理单位",
}  # fmt: skip
CHANNELS = {"department": "部门网站", "government": "政府网站", "credit": "信用网站"}
UNRANKED = "数据量<10，不参与排名"
_QUARTERS = "一二三四"


def check_titles(titles: dict[str, str]) -> dict[str, str]:
    """CODES with the titles of checks that have no word of their own yet: a new check needs no line here."""
    return CODES | {code: title for code, title in titles.items() if code not in CODES}


def of(words: dict[str, str], key: str | None) -> str:
    """The word for a key; a key without a word stands for itself (a state set by hand is already Chinese)."""
    return "" if key is None else words.get(key, key)


def period(key: str) -> str:
    """2026-09 -> 2026年9月; 2026-Q3 -> 2026年第三季度; 2026 -> 2026年度."""
    year, _, rest = key.partition("-")
    if not rest:
        return f"{year}年度"
    return f"{year}年第{_QUARTERS[int(rest[1:]) - 1]}季度" if rest.startswith("Q") else f"{year}年{int(rest)}月"


def day(value: datetime.date | datetime.datetime | str | None) -> str:
    """2026年10月12日; ISO text is read."""
    if value is None:
        return "—"
    if isinstance(value, str):
        value = datetime.date.fromisoformat(value[:10])
    return f"{value.year}年{value.month}月{value.day}日"


def iso(value: datetime.date | datetime.datetime | None) -> str:
    """2026-10-12, or nothing."""
    if value is None:
        return ""
    return (value.date() if isinstance(value, datetime.datetime) else value).isoformat()


def number(value: float | int | None, places: int = 0) -> str:
    """A figure with thousands marks; — when it does not exist."""
    return "—" if value is None else f"{value:,.{places}f}"


def plain(value: float) -> str:
    """85, 0.5: a setting as people write it."""
    return f"{value:g}"


def percent(value: float | None) -> str:
    """98.2%; — when nothing was to be counted. A rate just below 100 % never prints as 100 %."""
    if value is None:
        return "—"
    text = f"{value:.1%}"
    return "99.9%" if text == "100.0%" and value < 1 else "0.1%" if text == "0.0%" and value > 0 else text


def change(value: float | None, places: int = 1) -> str:
    """+1.2, -0.4, 持平; — when there is nothing to compare with."""
    if value is None:
        return "—"
    rounded = round(value, places)
    return "持平" if rounded == 0 else f"{rounded:+.{places}f}"


def interval(first: datetime.date | None, last: datetime.date | None) -> str:
    """When something appeared: after the last proven absence, not after it was first seen."""
    if first is None and last is None:
        return ""
    if last is None:
        return f"{iso(first)} 之后"
    return f"不晚于 {iso(last)}" if first is None or first == last else f"{iso(first)} 至 {iso(last)}"
