"""Examples of every check, in a unit's words. Each is a case of tests/judge/test_checks.py under the same id: they are tested."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """What is seen, and the level it gets; None: nothing is found."""

    id: str
    said: str
    level: str | None


_TOLD: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    "submitted_late": (
        ("late_report", "9 月 1 日作出决定，时限 9 月 10 日，平台 9 月 11 日收到", "fail"),
        ("report_on_due_day", "同一决定，平台 9 月 10 日收到", None),
        ("late_report_exempt", "晚报，但已在豁免清单登记", None),
    ),
    "published_late": (
        ("shown_late", "时限 9 月 10 日，9 月 14 日完整查看未见，17 日首次见到", "fail"),
        ("straddles", "9 月 7 日未见、17 日见到，区间跨过时限，网页没有日期", "question"),
        ("straddles_with_date", "同上，网页标注 9 月 8 日公示", None),
        ("second_window_in_time", "一个窗口晚，另一个窗口按时", None),
    ),
    "backdated": (
        ("dated_back", "网页标注 9 月 2 日公示，9 月 14 日完整查看时还没有", "warn"),
        ("straddles_with_date", "标注日期在两次查看之间", None),
    ),
    "past_term": (
        ("shown_past_term", "公示截止期 10 月 1 日，10 月 12 日仍在网上", "warn"),
        ("shown_after_repair", "9 月 10 日已信用修复，10 月 12 日仍在网上", "warn"),
        ("just_repaired", "10 月 9 日才修复，处理时间未满", None),
    ),
    "withdrawn_unexplained": (
        ("gone", "9 月 14 日还在，17 日完整查看时不见，没有任何登记", "warn"),
        ("gone_with_note", "同上，有撤下说明", None),
        ("rolled_off", "列表滚动，比它新的都还在", None),
    ),
    "not_submitted": (
        ("never_reported", "网上已公示、过了报送时限，平台没有", "fail"),
        ("refused_before", "平台有被退回的同号记录", "question"),
        ("not_due_yet", "还没到时限", "not_due"),
        ("vertical", "垂直管理单位", "exempt"),
    ),
    "not_published": (
        ("never_shown", "平台已有，时限之后完整查看全部窗口都没有", "fail"),
        ("another_window_blocked", "另一个窗口被防护拦截", "unknown"),
        ("person_not_shown", "自然人", "exempt"),
        ("warning_only", "仅警告", "exempt"),
    ),
    "duplicate": (
        ("reported_twice", "同一决定在平台有两条不同记录", "warn"),
        ("two_parties_one_number", "一个文号两个相对人", None),
    ),
    "field_missing": (
        ("missing_reported", "报送记录缺少必填要素", "fail"),
        ("missing_shown", "网上公示缺少最低公示要素", "warn"),
        ("missing_remark", "备注为空", None),
    ),
    "field_invalid": (
        ("invalid", "决定日期晚于当天", "fail"),
        ("check_digit", "统一社会信用代码校验位不符", "question"),
        ("placeholder_reported", "处罚内容只写“详见决定书”", "question"),
        ("short_but_real", "处罚内容写“罚款一千元”", None),
    ),
    "over_disclosed": (
        ("personal_data_shown", "网上露出身份证号", "fail"),
        ("personal_data_reported", "只在报送记录中，未公开", None),
    ),
    "values_differ": (
        ("fines_differ", "罚款网站 1000 元、平台 2000 元", "fail"),
        ("two_windows_differ", "平台没有，两个窗口的罚款不同", "question"),
        ("fines_within_a_cent", "相差不到一分", None),
        ("renamed_same_code", "名称不同、代码相同", None),
    ),
    "catalogue_missing": (("no_catalogue", "目录清单中没有该单位", "warn"), ("in_time", "有目录", None)),
    "outside_catalogue": (
        ("outside", "许可事项“烟草专卖许可”不在目录内", "warn"),
        ("inside", "目录为“食品经营许可”，记录为“食品经营许可证”", None),
    ),
    "silent_item": (
        ("silent", "目录事项本期没有记录，也没有零申报", "question"),
        ("declared", "已零申报", None),
    ),
    "column_missing": (
        ("column_gone", "前后七天两次查看都答复不存在", "fail"),
        ("column_gone_once", "只有一次", None),
    ),
    "column_unreachable": (
        ("column_down", "前后十天三次查看都打不开，同日其他网站可以打开", "fail"),
        ("column_down_for_a_day", "只有一天打不开", None),
        ("column_blocked", "被防护拦截", None),
    ),
    "column_empty": (
        ("column_blank", "栏目空白，而平台有应公示的记录", "fail"),
        ("column_blank_idle", "栏目空白，也没有应公示的记录", "question"),
        ("column_blank_declared", "已零申报", None),
    ),
    "column_stale": (
        ("column_quiet", "本期没有新内容，没有零申报", "question"),
        ("column_quiet_declared", "已零申报", None),
        ("column_undated", "五条内容都没有任何日期", "question"),
    ),
    "dead_link": (
        ("link_dead", "前后七天两次查看都答复链接不存在", "warn"),
        ("link_faulty", "网站每次都出错", "question"),
        ("link_dead_and_mended", "最近一次查看已能打开", None),
    ),
    "channel_missing": (
        ("window_lacks_it", "本部门网站已公示，信用网站完整查看后没有", "question"),
        ("window_has_it", "信用网站也有", None),
        ("window_not_seen", "信用网站没有看全", None),
    ),
}
EXAMPLES: dict[str, tuple[Example, ...]] = {
    code: tuple(Example(*told) for told in examples) for code, examples in _TOLD.items()
}
