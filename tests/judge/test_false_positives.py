"""The fifty false positives: each a named case with what is seen, what explains it, and the level and class it gets.

The numbers are those of the catalogue of what may lawfully be absent, masked or different (A 1-14 should not be published, B 15-21
was published and is gone, C 22-29 present but unseen, D 30-40 present but unmatched, E 41-50 timing). Nobody is accused wrongly:
a case names every finding that must come of it, `code:level`, and the classes of its decisions; nothing else may be found.
Decisions are of 2026-09-01 and due on 2026-09-10, columns were seen whole on 08-31 and 10-12, unless a case says otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assessment import scoring
from assessment.counts import COLUMNS, COUNTS
from assessment.scheme import read as read_scheme
from assessment.scheme import text_of as scheme_text
from crawler.extract import classify
from db.models import Unit
from db.register_lines import RECORDED
from db.units import UnitIndex
from standard.obligations import text_of

D = datetime.date.fromisoformat
Build = Callable[[Any], None]
PERSON = {"counterparty": "张某某", "counterparty_key": "p:张", "counterparty_type": "natural_person", "counterparty_code": None}  # fmt: skip
LICENCE = {"kind": "licence", "category": "普通", "fine_yuan": None, "content": "准予许可", "case_name": "食品经营许可"}
WARNING = {"category": "警告", "fine_yuan": None, "content": "警告"}

NOT_EXPRESSIBLE: dict[int, str] = {}
"""Numbers that the judge cannot express, and why. It is to stay empty."""


@dataclass(frozen=True)
class Line:
    """One case. `unit`: how its unit is registered; `as_of` and `law`: another day, other obligations (old text -> new)."""

    number: int
    seen: str
    explained_by: str
    build: Build
    found: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    unit: dict[str, Any] | None = None
    as_of: str = "2026-10-12"
    law: tuple[tuple[str, str], ...] = ()
    portal: bool = True

    @property
    def group(self) -> tuple[Any, ...]:
        return self.as_of, self.law


def at(text: str, hour: int = 9) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}T{hour:02d}:00:00+08:00")


def both(city: Any, **values: Any) -> None:
    city.publish(**values)
    city.submit(**values)


def do(*steps: tuple[str, dict[str, Any]]) -> Build:
    def build(city: Any) -> None:
        for name, values in steps:
            getattr(city, name)(**values)

    return build


P, S, E = "publish", "submit", "entry"


# ---------------------------------------------------------------- builders that take more than a line


def two_windows(city: Any) -> None:
    """Own column and the government's; shown in the second alone."""
    city.portal(city.other("gov"), channel="government", unit_id=city.own)
    city.publish(portal_id=city.other("gov"))
    city.submit()


def moved_column(city: Any) -> None:
    """The old column is retired; what it showed stands in the new one."""
    city.portal(city.other("old"), {"2026-08-31": "complete", "2026-09-14": "complete"}, unit_id=city.own, active=False)
    city.publish(portal_id=city.other("old"), last_seen=at("2026-09-10"), gone_since=at("2026-09-14"))
    city.publish(seen="2026-09-14", absent=None)
    city.submit()


def two_columns(city: Any) -> None:
    """The same list in two columns of the unit."""
    city.portal(city.other("again"), unit_id=city.own)
    city.publish()
    city.publish(portal_id=city.other("again"))
    city.submit()


def licensing_bureau(city: Any) -> None:
    """Shown by the bureau that publishes for all, reported by the unit that decided; the duty went over on a day."""
    city.neighbour("bureau")
    line = {"划入单位编号": city.other("bureau")}
    city.entry(
        "responsibilities", effective_from=D("2026-08-15"), ground="集中许可", basis="示编发〔2026〕5号", data=line
    )
    city.publish(unit_id=city.other("bureau"), portal_id=city.other("bureau_column"))
    city.submit()


def joint_body(city: Any) -> None:
    """Decided jointly: shown by one unit, reported by the agreed lead."""
    city.neighbour("lead")
    city.publish()
    city.submit(unit_id=city.other("lead"))


def joint_agreed(city: Any) -> None:
    """The agreed lead answers: shown by one unit, not reported by anybody; the finding is the lead's."""
    city.neighbour("lead")
    line = {"划入单位编号": city.other("lead")}
    city.entry("responsibilities", effective_from=D("2026-01-01"), ground="联合执法", basis="联合执法协议", data=line)
    city.publish()


def pushed_twice(city: Any) -> None:
    """Reported by the unit, and once more by the system of the office above."""
    city.neighbour("upper")
    both(city)
    city.submit(unit_id=city.other("upper"))


def website_rebuilt(city: Any) -> None:
    city.entry(
        "outages",
        kind=None,
        effective_from=D("2026-09-17"),
        effective_to=D("2026-09-30"),
        ground="改版",
        data={"系统": "门户网站改版"},
    )
    city.publish(last_seen=at("2026-09-17"), gone_since=at("2026-09-28"))
    city.submit()
    both(city, number=2, decision_date=D("2026-08-31"))


def rolled_off(city: Any) -> None:
    both(city, number=2, decision_date=D("2026-09-02"))
    city.publish(last_seen=at("2026-09-14"), gone_since=at("2026-09-17"))
    city.submit()


def local_holiday(city: Any) -> None:
    folder: Path = city.workspace.calendar
    folder.mkdir(exist_ok=True)
    (folder / "x.yml").write_text(
        f"year: 2026\nnotice: 自治县节日\nunits: [{city.own}]\nholidays: [2026-09-10]\n", encoding="utf-8"
    )
    city.publish(seen="2026-09-11", absent="2026-09-10")
    city.submit(received="2026-09-11")


def agreed_later(city: Any) -> None:
    line = {"约定补报期限": "2026-09-25", RECORDED: {"来源": "补报.csv 第 3 行"}}
    city.entry(
        "backfills",
        effective_from=D("2026-08-01"),
        effective_to=D("2026-09-30"),
        ground="存量补录",
        basis="会议纪要",
        data=line,
    )
    city.publish()
    city.submit(received="2026-09-21")


def power_transferred(city: Any) -> None:
    city.neighbour("new")
    line = {"划入单位编号": city.other("new")}
    city.entry("responsibilities", effective_from=D("2026-09-10"), basis="示编发〔2026〕6号", data=line)
    both(city, number=1)
    both(city, number=2, unit_id=city.other("new"), portal_id=city.other("new_column"), decision_date=D("2026-09-14"),
         seen="2026-09-15", absent="2026-09-14")  # fmt: skip


def many(city: Any) -> None:
    for number in range(1, 31):
        both(city, number=number, counterparty_key=f"公司{number}", counterparty_code=None)


def moment(day: str, until: str | None = None) -> dict[str, Any]:
    return {"effective_from": D(day), "effective_to": D(until) if until else None}


GONE = {"last_seen": at("2026-09-17"), "gone_since": at("2026-09-28")}
KEPT = (P, {"number": 2, "decision_date": D("2026-08-31")}), (S, {"number": 2, "decision_date": D("2026-08-31")})

LINES = [
    # A. should not be published, or not here
    Line(
        1,
        "国家秘密：平台有、网上无",
        "豁免清单（只写依据，不写内容）",
        do((S, {}), (E, {"register": "exemptions", "document_number": 1, "ground": "国家秘密"})),
        ("not_published:exempt",),
        ("exempt",),
    ),
    Line(
        1,
        "国家秘密：两边都没有，只报件数",
        "声明（涉密件数）",
        do((E, {"register": "declarations", "period": "2026-09", "ground": "涉密决定 3 件，不公开"})),
    ),
    Line(
        2,
        "商业秘密：相对人部分遮盖",
        "遮盖的名称不算不同",
        do((P, {"counterparty": "示例**公司", "counterparty_key": "示例**公司", "counterparty_code": None}), (S, {})),
        (),
        ("agreed",),
    ),
    Line(
        3,
        "涉密单位：整个单位豁免",
        "豁免清单（单位，有文号有期限）",
        do((S, {}), (E, {"register": "exemptions", "ground": "军工", **moment("2026-01-01", "2026-12-31")})),
        ("not_published:exempt",),
        ("exempt",),
    ),
    Line(
        3,
        "涉密单位：豁免已过期",
        "豁免清单期限之外",
        do((S, {}), (E, {"register": "exemptions", "ground": "军工", **moment("2025-01-01", "2025-12-31")})),
        ("not_published:fail",),
        ("not_published",),
    ),
    Line(
        4,
        "当场处罚不公示",
        "简易程序免于报送与公示",
        do((S, {"number": "示简罚〔2026〕5号"})),
        ("not_published:exempt",),
        ("exempt",),
    ),
    Line(
        4,
        "当场处罚只在网上",
        "简易程序免于报送与公示",
        do((P, {"number": "示当罚〔2026〕6号"})),
        ("not_submitted:exempt",),
        ("exempt",),
    ),
    Line(5, "仅警告", "法律规定（轻微）", do((S, WARNING)), ("not_published:exempt",), ("exempt",)),
    Line(6, "轻微失信已公示、三个月内", "最长三个月", do((P, WARNING), (S, WARNING)), (), ("agreed",)),
    Line(
        6,
        "轻微失信公示超过三个月",
        "最长三个月，期满应撤",
        do((P, WARNING | {"last_seen": at("2027-01-05")}), (S, WARNING)),
        ("past_term:warn",),
        ("agreed",),
        as_of="2027-01-08",
    ),
    Line(
        7,
        "是否具有一定社会影响有争议",
        "登记后只作疑问，不扣分",
        do((S, {}), (E, {"register": "exemptions", "document_number": 1, "ground": "不具有一定社会影响"})),
        ("not_published:question",),
        ("question",),
    ),
    Line(
        7,
        "同上，平台没有的仍是漏报",
        "登记不免报送",
        do((P, {}), (E, {"register": "exemptions", "document_number": 1, "ground": "不具有一定社会影响"})),
        ("not_submitted:fail",),
        ("not_submitted",),
    ),
    Line(
        8,
        "未成年人：网上无",
        "自然人不要求公示",
        do((S, PERSON | {"content": "未成年人，减轻处罚"})),
        ("not_published:exempt",),
        ("exempt",),
    ),
    Line(
        8,
        "未成年人：网上露出个人信息",
        "公示本身是问题",
        do(
            (
                P,
                PERSON
                | {
                    "defects": [
                        {
                            "rule": "P1",
                            "code": "over_disclosed",
                            "field": "facts",
                            "severity": "E",
                            "message": "公开了未成年人信息",
                            "cure": "",
                        }
                    ]
                },
            ),
            (S, PERSON),
        ),
        ("over_disclosed:fail",),
        ("agreed",),
    ),
    Line(9, "自然人：报送了、不展示", "不入公示分母", do((S, PERSON)), ("not_published:exempt",), ("exempt",)),
    Line(
        10,
        "只公示摘要，没有案卷内容",
        "不比对未填写的要素",
        do((P, {"facts": None, "content": None, "basis": None, "fine_yuan": None}), (S, {})),
        (),
        ("agreed",),
    ),
    Line(
        11,
        "责令改正通知书在处罚栏目",
        "不是行政处罚",
        do((P, {"document_title": "责令改正通知书", "fine_yuan": None})),
        ("not_submitted:exempt",),
        ("exempt",),
    ),
    Line(
        11,
        "不予处罚",
        "不是行政处罚",
        do((P, {"category": "不予处罚", "fine_yuan": None})),
        ("not_submitted:exempt",),
        ("exempt",),
    ),
    Line(
        12,
        "不予许可只在网上",
        "只有准予的要求公示",
        do((P, LICENCE | {"content": "不予许可：材料不齐"})),
        ("not_submitted:exempt",),
        ("exempt",),
    ),
    Line(
        12,
        "许可注销只在平台",
        "当地目录未列入注销",
        do((S, LICENCE | {"document_title": "准予注销行政许可决定书"})),
        ("not_published:exempt",),
        ("exempt",),
    ),
    Line(
        13,
        "备案在许可栏目",
        "不是行政许可",
        do((P, LICENCE | {"case_name": "仅销售预包装食品备案"})),
        ("not_submitted:exempt",),
        ("exempt",),
    ),
    Line(
        14, "垂直管理单位", "另行上报", do((P, {})), ("not_submitted:exempt",), ("exempt",), unit={"level": "vertical"}
    ),
    # B. was published, now gone
    Line(
        15,
        "公示期满撤下",
        "公示截止期",
        do((P, {"publicity_until": D("2026-09-20"), **GONE}), (S, {}), *KEPT),
        (),
        ("agreed",),
    ),
    Line(
        15,
        "公示期满仍在",
        "超期公示",
        do((P, {"publicity_until": D("2026-10-01")}), (S, {})),
        ("past_term:warn",),
        ("agreed",),
    ),
    Line(
        16,
        "信用修复后撤下",
        "修复台账",
        do((P, GONE), (S, {}), (E, {"register": "repairs", "document_number": 1, **moment("2026-09-18")}), *KEPT),
        (),
        ("agreed",),
    ),
    Line(
        17,
        "决定被撤销，有撤下说明",
        "撤下登记",
        do((P, GONE), (S, {}), (E, {"register": "withdrawals", "document_number": 1, **moment("2026-09-25")}), *KEPT),
        (),
        ("agreed",),
    ),
    Line(17, "撤下没有说明", "无登记", do((P, GONE), (S, {}), *KEPT), ("withdrawn_unexplained:warn",), ("agreed",)),
    Line(
        18,
        "更正后重发",
        "同一相对人同一天的新条目",
        do(
            (P, {"number": "示a罚〔2026〕9号", "last_seen": at("2026-09-08"), "gone_since": at("2026-09-10")}),
            (P, {"number": 1, "seen": "2026-09-10", "absent": "2026-09-08"}),
            (S, {"number": 1}),
        ),
        ("not_submitted:question",),
        ("agreed", "question"),
    ),
    Line(
        19,
        "复议诉讼中停止执行、暂停公示",
        "撤下登记（停止执行决定）",
        do(
            (P, GONE),
            (S, {}),
            (
                E,
                {"register": "withdrawals", "document_number": 1, "ground": "复议期间停止执行", **moment("2026-09-25")},
            ),
            *KEPT,
        ),
        (),
        ("agreed",),
    ),
    Line(
        19,
        "复议诉讼中未停止执行而撤下",
        "诉讼不停止公示",
        do((P, GONE), (S, {}), *KEPT),
        ("withdrawn_unexplained:warn",),
        ("agreed",),
    ),
    Line(20, "网站改版后不见", "停机改版登记", website_rebuilt, ("withdrawn_unexplained:exempt",), ("agreed",)),
    Line(21, "列表只留最近若干条", "滚动撤下", rolled_off, (), ("agreed",)),
    # C. present, but the machine does not see it
    Line(
        22,
        "列表在读不了的附件里",
        "查看不完整，未能识别",
        do(("portal", {"looks": {"2026-10-12": "partial"}}), (S, {})),
        ("not_published:unknown",),
        ("unknown",),
        portal=False,
    ),
    Line(
        22,
        "扫描件只读出一部分",
        "低置信，不作认定",
        do((P, {"confidence": 0.4, "form": "image", "fine_yuan": 7000.0}), (S, {})),
        ("values_differ:question",),
        ("question",),
    ),
    Line(
        23,
        "防护拦截、脚本、验证码",
        "我方看不到",
        do(("portal", {"looks": {"2026-09-14": "blocked", "2026-10-12": "script_list"}}), (S, {})),
        ("not_published:unknown",),
        ("unknown",),
        portal=False,
    ),
    Line(
        24,
        "我方中断，没有查看",
        "没有观察就没有结论",
        do(("portal", {"looks": {"2026-09-09": "complete"}}), (S, {})),
        ("not_published:unknown",),
        ("unknown",),
        portal=False,
    ),
    Line(25, "在政府网站公示", "任何一个法定窗口即可", two_windows, (), ("agreed",)),
    Line(
        26,
        "一个文号多个相对人",
        "按相对人拆分",
        do(
            *[
                (step, {"number": 3, "counterparty_key": name, "counterparty_code": code})
                for name, code in (("甲公司", "91140600MA0GTXYZ1A"), ("乙公司", "91140600MA0GTXYZ2B"))
                for step in (P, S)
            ]
        ),
        (),
        ("agreed",),
    ),
    Line(
        27,
        "两次查看之间上网，跨过时限",
        "区间跨时限，无法判定",
        do((P, {"seen": "2026-09-17", "absent": "2026-09-07"}), (S, {})),
        ("published_late:question",),
        ("agreed",),
    ),
    Line(
        28,
        "标注日期在区间之内",
        "采信标注日期",
        do((P, {"seen": "2026-09-17", "absent": "2026-09-07", "stated_published_on": D("2026-09-08")}), (S, {})),
        (),
        ("agreed",),
    ),
    Line(
        28,
        "标注日期早于可能",
        "疑似倒签，由人核实",
        do((P, {"seen": "2026-09-09", "absent": "2026-09-07", "stated_published_on": D("2026-09-02")}), (S, {})),
        ("backdated:warn",),
        ("agreed",),
    ),
    Line(29, "栏目改址", "旧栏目停用，新栏目在展示", moved_column, (), ("agreed",)),
    Line(29, "两个相同栏目", "分栏目计，不作重复", two_columns, (), ("agreed",)),
    # D. present on both sides, but not matched
    Line(
        30,
        "文号括号、全半角、空格不同",
        "归一后比对",
        do((P, {"number": "示局罚[2026]77号"}), (S, {"number": "示局罚（2026） 77 号"})),
        (),
        ("agreed",),
    ),
    Line(31, "报送没有文号", "按代码、日期、金额配对", do((P, {}), (S, {"number": None})), (), ("agreed",)),
    Line(
        31,
        "文号重复使用",
        "同号不同日是两个决定",
        do(
            *[
                (step, {"number": 8, "counterparty_key": name, "counterparty_code": code})
                for name, code in (("丙公司", "91140600MA0GTXYZ3C"), ("丁公司", "91140600MA0GTXYZ4D"))
                for step in (P, S)
            ]
        ),
        (),
        ("agreed",),
    ),
    Line(
        32,
        "相对人更名",
        "代码相同即可",
        do((P, {}), (S, {"counterparty": "新名公司", "counterparty_key": "新名公司"})),
        (),
        ("agreed",),
    ),
    Line(
        33,
        "个体工商户按法人填报",
        "类型可以不同",
        do(
            (P, {"counterparty_type": "sole_trader", "counterparty": "李某小吃店", "counterparty_key": "李某小吃店"}),
            (S, {"counterparty_type": "organisation"}),
        ),
        (),
        ("agreed",),
    ),
    Line(
        34,
        "姓名遮盖",
        "按文号、日期、事项配对",
        do((P, PERSON), (S, PERSON | {"counterparty": "张三"})),
        (),
        ("agreed",),
    ),
    Line(35, "审批局代为公示", "职责划转登记（有日期）", licensing_bureau, (), ("agreed",)),
    Line(
        37,
        "一方填了送达日，在约定容差之内",
        "obligations.yml 的 date_tolerance_days",
        do((P, {"decision_date": D("2026-09-03")}), (S, {})),
        (),
        ("agreed",),
        law=(("date_tolerance_days: 0", "date_tolerance_days: 5"),),
    ),
    Line(
        37,
        "超出约定容差",
        "仍是不一致",
        do((P, {"decision_date": D("2026-09-09")}), (S, {})),
        ("values_differ:fail",),
        ("differs",),
        law=(("date_tolerance_days: 0", "date_tolerance_days: 5"),),
    ),
    Line(
        38,
        "罚款与没收合并填报",
        "合计相等",
        do((P, {"fine_yuan": 3000.0}), (S, {"fine_yuan": 1000.0, "confiscation_yuan": 2000.0})),
        (),
        ("agreed",),
    ),
    Line(38, "金额尾差", "0.01 元之内", do((P, {}), (S, {"fine_yuan": 1000.004})), (), ("agreed",)),
    Line(
        39,
        "变更决定接替原决定",
        "版本接续，不作重复",
        do((P, {}), (S, {}), (S, {"received": "2026-09-08", "document_title": "行政处罚变更决定书"})),
        ("duplicate:exempt",),
        ("agreed",),
    ),
    Line(40, "上级系统重复推送", "按一条计", pushed_twice, ("duplicate:exempt",), ("agreed",)),
    Line(40, "同一文件再次导入", "相同记录只计一条", do((P, {}), (S, {"copies": 3})), (), ("agreed",)),
    # E. timing
    Line(41, "当地假日", "calendar/*.yml（units）", local_holiday, (), ("agreed",)),
    Line(
        42,
        "未到期",
        "不入分子分母",
        do((P, {"decision_date": D("2026-09-30"), "seen": "2026-10-09", "absent": "2026-09-28"})),
        ("not_submitted:not_due",),
        ("not_due",),
    ),
    Line(
        43,
        "平台中断",
        "中断登记，顺延",
        do(
            (
                E,
                {"register": "outages", "kind": None, "data": {"系统": "前置机"}, **moment("2026-09-09", "2026-09-10")},
            ),
            (P, {}),
            (S, {"received": "2026-09-14"}),
        ),
        (),
        ("agreed",),
    ),
    Line(
        44,
        "先被退回，后被接收",
        "以首次有效报送为准",
        do((P, {}), (S, {"received": "2026-09-09", "last_received_at": at("2026-09-20")})),
        (),
        ("agreed",),
    ),
    Line(
        44,
        "至今只有被退回的记录",
        "有报送尝试，待核实",
        do((P, {}), ("refuse", {"given": 1})),
        ("not_submitted:question",),
        ("question",),
    ),
    Line(45, "存量补录", "补报约定", agreed_later, ("submitted_late:exempt",), ("agreed",)),
    Line(46, "本月无决定", "零申报", do()),
    Line(47, "职责划转", "以划转日分", power_transferred, (), ("agreed",)),
    Line(48, "集中执法高峰", "只看比率，不按数量排名", many, (), ("agreed",)),
    Line(49, "联合执法，牵头单位报送", "跨单位配对", joint_body, (), ("agreed",)),
    Line(
        49,
        "联合执法，谁都没有报送",
        "由约定的牵头单位负责",
        joint_agreed,
        ("lead/not_submitted:fail",),
        ("not_submitted",),
    ),
    Line(
        50, "时限当日深夜收到", "按当地日期", do((P, {}), (S, {"received_at": at("2026-09-10", 23)})), (), ("agreed",)
    ),
]
NAMES = [f"fp{line.number}_{place}" for place, line in enumerate(LINES)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, made_city: Any) -> dict[str, tuple[list[str], list[str]]]:
    """case -> (findings, classes): one city for each day and law that is asked for, each assessed once."""
    made: dict[str, tuple[list[str], list[str]]] = {}
    for group in dict.fromkeys(line.group for line in LINES):
        city = made_city(tmp_path_factory.mktemp("city"))
        city.batch(group[0])
        mine = [(name, line) for name, line in zip(NAMES, LINES, strict=True) if line.group == group]
        for name, line in mine:
            line.build(city.place(name, line.portal, **({"level": "county_department"} | (line.unit or {}))))
        if group[1]:
            text = text_of(city.workspace.root)[0]
            for old, new in group[1]:
                assert old in text
                text = text.replace(old, new)
            (city.workspace.root / "obligations.yml").write_text(text, encoding="utf-8")
        made |= city.found([name for name, _ in mine], as_of=D(group[0]))
    return made


@pytest.mark.parametrize(
    ("name", "line"), list(zip(NAMES, LINES, strict=True)), ids=[f"{x.number:02d}-{x.seen}" for x in LINES]
)
def test_false_positive(name: str, line: Line, judged: dict[str, tuple[list[str], list[str]]]) -> None:
    assert judged[name] == (sorted(line.found), sorted(line.verdicts)), f"{line.seen}（{line.explained_by}）"


def test_36_an_office_under_its_old_name_until_a_day() -> None:
    """机构改革：旧名称的印章，在别名的有效期内仍是同一单位。"""
    alias = [{"name": "示例市计划委员会", "until": "2019-01-01"}]
    unit = Unit(id="fgw", name="示例市发展和改革委员会", aliases=alias, level="municipal", contacts={}, assessed=True)
    index = UnitIndex([unit])
    assert (
        index.find("示例市计划委员会", D("2018-12-31")) == "fgw"
        and index.find("示例市计划委员会", D("2019-01-02")) is None
    )


def test_48_rates_not_counts() -> None:
    """A unit with a hundred times the decisions and the same rate shares the rank."""
    scheme = read_scheme(*scheme_text(None, Path("没有")))
    columns, settled = dict.fromkeys(COLUMNS, 0) | {"portals": 1}, {"due": 0, "in_time": 0, "checked": 0, "passed": 0}
    results = {
        str(n): scoring.score(
            scheme,
            scoring.Basis(dict.fromkeys(COUNTS, n), {"submitted_late": n // 10}, columns, 4, True, settled),
        )
        for n in (50, 5000)
    }
    assert results["50"].total == results["5000"].total
    assert scoring.rank(scheme, results) == {"50": 1, "5000": 1}


@pytest.mark.parametrize("title", ["行政处罚事项目录", "行政复议决定书", "行政处罚告知书", "2026年9月零申报"])
def test_11_what_is_no_decision_is_no_record(title: str) -> None:
    """Lists of powers, review decisions, prior notices and zero reports in a penalty column never become decisions."""
    assert classify.not_a_record(title) and not classify.not_a_record("示例商贸有限公司违法经营案行政处罚决定书")


def test_every_number_is_there() -> None:
    told = {line.number for line in LINES} | {36, 48} | NOT_EXPRESSIBLE.keys()
    assert told == set(range(1, 51))
    assert len(NOT_EXPRESSIBLE) == 0
