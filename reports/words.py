"""The Chinese words of keys and codes, and the few ways a value is written in a report."""

from __future__ import annotations

import datetime
from typing import Any

from standard import outcomes, states
from standard.codes import SUBJECT_WORDS
from standard.fields import label_of
from standard.kinds import KINDS as ALL_KINDS

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
# What a person may want to look into: no finding, no cost.
LEADS = {"batch_dump": "集中报送", "number_gap": "文号断号"}
# What a spot check draws from.
FRAMES = {"submissions": "报送数据", "publications": "网站公示", "findings": "系统查出的问题", "ledger": "单位案件台账"}
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
# The headings of a table on screen, where they are no fields of a record (standard/fields.yml).
HEADINGS = {
    "record_id": "记录编号", "source": "来源", "kind": "类别", "portal": "门户", "unit": "单位编号", "unit_name": "单位",
    "url": "网址", "attachment": "附件", "form": "形式", "first_seen": "首次见到", "last_seen": "最近见到",
    "received_at": "收到时间", "batch": "批次", "reason": "原因",
    "finding_id": "问题编号", "code": "问题", "level": "结论", "due_date": "期限", "days_late": "逾期天数",
    "days_left": "剩余工作日", "message": "说明", "state": "状态",
    "total": "总分", "grade": "等级", "rank": "名次", "indicator": "指标", "title": "名称", "points": "得分",
    "max_points": "满分", "numerator": "分子", "denominator": "分母", "excluded": "剔除", "formula": "算式",
    "kind_name": "类别", "records": "条数", "natural_persons": "自然人", "with_defects": "有缺陷",
    "first_decision": "最早决定日期", "last_decision": "最晚决定日期",
    "item": "项目", "before": "原", "after": "试算", "change": "差",
}  # fmt: skip
FORMS = {
    "wide_table": "表格行", "key_value": "键值表", "decision_text": "决定书正文", "attachment": "附件", "json": "接口数据",
    "image": "图片",
}  # fmt: skip
# The words of what stands under a heading.
VALUES: dict[str, dict[str, str]] = {
    "source": {"published": "公示", "submitted": "报送"}, "form": FORMS, "counterparty_type": SUBJECT_WORDS,
    "kind": {key: kind.label for key, kind in ALL_KINDS.items()}, "code": CODES | {"due_soon": "临近期限"},
    "level": LEVELS, "state": STATES,
}  # fmt: skip
_MOMENTS = ("first_seen", "last_seen", "received_at")
UNRANKED = "数据量<10，不参与排名"
_QUARTERS = "一二三四"


def check_titles(checks: dict[str, dict[str, Any]]) -> dict[str, str]:
    """CODES with the titles of checks that have no word of their own yet: a new check needs no line here."""
    return CODES | {code: check["title"] for code, check in checks.items() if code not in CODES}


def of(words: dict[str, str], key: str | None) -> str:
    """The word for a key; a key without a word stands for itself (a state set by hand is already Chinese)."""
    return "" if key is None else words.get(key, key)


def heading(name: str) -> str:
    """The heading of a column on screen; a name without a word stands for itself (it is Chinese already).

    >>> heading("unit_name"), heading("document_number"), heading("登记人")
    ('单位', '决定书文号', '登记人')
    """
    return HEADINGS.get(name) or label_of(None, name)


def shown(name: str, value: Any) -> Any:
    """A value as a person reads it under its heading.

    >>> shown("level", "not_due"), shown("first_seen", "2026-09-03T08:05:00+08:00"), shown("points", 12.50)
    ('未到期', '2026-09-03 08:05', '12.5')
    """
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if not isinstance(value, str):
        return value
    return value[:16].replace("T", " ") if name in _MOMENTS else VALUES.get(name, {}).get(value, value)


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
