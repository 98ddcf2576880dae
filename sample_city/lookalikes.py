"""The look-alikes: what resembles a fault and is lawful, or what nobody can decide from here. None may be accused.

Each follows one line of the catalogue of false positives: exemptions, repairs, holidays, blind spots, spellings.
"""

from __future__ import annotations

import datetime
import itertools
from typing import TYPE_CHECKING

from sample_city import codes
from sample_city.city import OUTAGE, Decision, LookAlike, Party, Sending, show, working_hour
from sample_city.plan import AS_OF, TIMELINE, Portal, Unit, at
from sample_city.texts import BUSINESS

if TYPE_CHECKING:
    from sample_city.faults import Seeder

NEITHER = ("not_published", "not_submitted")
LATE = ("published_late", "submitted_late", "backdated")


def note(s: Seeder, decisions: list[Decision], why: str, *forbidden: str) -> None:
    for d in decisions:
        d.marks.append("lookalike")
        s.city.lookalikes.append(LookAlike(d.unit.id, d.kind, d.number, why, forbidden))


def seed_lookalikes(s: Seeder) -> None:
    from sample_city.faults import clean, fielded

    _exempt(s)
    _withdrawn_lawfully(s)
    _timing(s)
    _attempts(s)
    _declared(s)
    renamed = s.pick(5, fielded, careful=True)
    for d in renamed:
        for showing in d.showings:
            showing.overrides["counterparty"] = d.party.name.replace("有限公司", "贸易有限公司")
    note(s, renamed, "相对人更名，代码相同", "values_differ", *NEITHER)
    spelled = s.pick(8, clean, careful=True)
    for i, d in enumerate(spelled):
        before, after = d.number.split("〔2026〕")
        for showing in d.showings:
            showing.overrides["document_number"] = (
                f"{before}[2026]第{after}",
                f"{before}（2026）{after}",
                f"{before}【2026】 {after}",
                f"{before}﹝2026﹞{after[:-1]} 号",
            )[i % 4]
    note(s, spelled, "文号括号与空格写法不同", "values_differ", "duplicate", *NEITHER)
    pilots = s.pick(6, fielded, careful=True)
    for d in pilots:
        d.party = Party(d.party.type, d.party.name, codes.failing_code(d.party.code), d.party.representative)
    note(s, pilots, "真实存在但校验位不符的代码", "field_invalid", "values_differ")
    renamed_unit = s.pick(4, lambda d: clean(d) and d.unit.id == "sthjj", careful=True)
    for d in renamed_unit:
        for showing in d.showings:
            showing.overrides["authority"] = "示例市环境保护局"
    note(s, renamed_unit, "落款为机构改革前名称（别名有效期内）", "field_invalid", "values_differ", *NEITHER)
    _found(s)
    _backfilled(s)
    _transferred(s)


def _exempt(s: Seeder) -> None:
    from sample_city.faults import clean

    secret = s.pick(5, clean, careful=True)
    for d in secret:
        d.showings = []
        s.register(
            "exemptions",
            d,
            豁免原因="涉及商业秘密",
            依据="《中华人民共和国政府信息公开条例》第十五条",
            审批文号=f"示政公开豁〔2026〕{d.serial}号",
            生效日期="2026-07-01",
            失效日期="2027-06-30",
        )
    note(s, secret, "经批准豁免公示", "not_published")
    s.city.register_lines["exemptions"].append(
        {
            "单位": s.city.units["gaj"].name,
            "信息类别": "行政许可",
            "豁免原因": "涉密",
            "依据": "《中华人民共和国保守国家秘密法》",
            "审批文号": "示政公开豁〔2026〕1号",
            "生效日期": "2026-01-01",
            "失效日期": "2026-12-31",
        }
    )
    whole = [d for d in s.city.decisions if d.unit.id == "gaj" and d.kind == "licence" and d.in_period and not d.marks]
    note(s, whole, "整类豁免公示", "not_published")
    warned = s.pick(5, lambda d: clean(d) and d.kind == "penalty", careful=True)
    for d in warned:
        d.category, d.content, d.fine, d.confiscation, d.revoked = "警告", "责令改正，给予警告", None, None, None
        d.showings = []
    note(s, warned, "仅警告，依法不公示", "not_published")
    _on_government_site(s)
    simple = s.pick(5, lambda d: clean(d) and d.kind == "penalty" and d.category == "罚款", careful=True)
    for i, d in enumerate(simple):
        d.number = f"{d.unit.prefix}{BUSINESS[d.unit.business].abbreviation}简罚〔2026〕{900 + i}号"
        d.fine, d.content = 200.0, "当场处以罚款人民币贰佰元整（200元）"
        d.sendings = []
    note(s, simple, "简易程序，依规不报送", "not_submitted")
    vertical = [d for d in s.city.decisions if d.unit.level == "vertical" and d.in_period and not d.marks]
    note(s, vertical, "垂直管理单位向上级报送", "not_submitted")
    hidden = [d for d in s.city.decisions if d.in_period and d.marks == ["person_hidden"] and d.unit.id != "gaj"]
    note(s, hidden, "自然人信息不公示", "not_published")


def _on_government_site(s: Seeder) -> None:
    """Penalties on the county government's website alone: since 2025-06-22 the department's own need not show them."""
    from sample_city.faults import clean

    there = s.pick(3, lambda d: clean(d) and d.unit.id == "xiling_scjgj" and d.kind == "penalty", careful=True)
    for d in there:
        d.showings = [show(s.city, s.city.portals["xiling_gov"], s.calendar.add(d.date, 2), s.rng)]
    note(s, there, "处罚只在政府网站公示", "channel_missing", "not_published", *LATE)


def _withdrawn_lawfully(s: Seeder) -> None:
    from sample_city.faults import clean

    def seen_early(d: Decision) -> bool:
        return (
            clean(d)
            and d.kind == "penalty"
            and s.column(d).family != "attachment_list"
            and d.date <= datetime.date(2026, 9, 14)
        )

    def take_down(d: Decision) -> datetime.date:
        showing = s.alone(d)
        looks = [look for look in s.city.looks(showing.portal) if look > showing.at]
        showing.until = working_hour(looks[min(1, len(looks) - 2)].date(), s.rng)
        return showing.until.date()

    repaired = s.pick(5, seen_early, careful=True)
    for d in repaired:
        day = take_down(d)
        s.register("repairs", d, 修复决定日期=day.isoformat(), 修复决定文号=f"示信修〔2026〕{d.serial}号")
    note(s, repaired, "信用修复后撤下", "withdrawn_unexplained", "past_term", *NEITHER)
    withdrawn = s.pick(4, seen_early, careful=True)
    for d in withdrawn:
        day = take_down(d)
        s.register(
            "withdrawals",
            d,
            撤下日期=day.isoformat(),
            撤下原因="决定被依法变更",
            依据="《中华人民共和国行政处罚法》第四十八条",
        )
    note(s, withdrawn, "依法撤回并登记原因", "withdrawn_unexplained", *NEITHER)


def _timing(s: Seeder) -> None:
    from sample_city.faults import clean

    def dated(d: Decision) -> bool:
        return clean(d) and s.column(d).dated and s.column(d).family != "attachment_list" and d.unit.edition == "2020"

    def straddled(d: Decision) -> tuple[datetime.date, datetime.date] | None:
        """A look on or before the due day without it and the next look after that day with it: nobody knows when."""
        if s.column(d).dated or s.column(d).family == "attachment_list":
            return None
        looks = [look.date() for look in s.city.looks(s.column(d))]
        return next(((a, b) for a, b in itertools.pairwise(looks) if d.date < a <= d.due < b), None)

    on_the_day = s.pick(6, lambda d: dated(d) and not OUTAGE[0] <= d.due <= OUTAGE[1], careful=True)
    for d in on_the_day:
        portal = s.column(d)
        d.showings = [show(s.city, portal, d.due, s.rng)]
        d.sendings = [Sending(at(d.due, 23, 50))]
    note(s, on_the_day, "期限最后一日公示和报送（调休、节假日）", *LATE)
    straddling = s.pick(6, lambda d: clean(d) and straddled(d) is not None, careful=True)
    for d in straddling:
        found = straddled(d)
        if found is not None:
            d.showings = [show(s.city, s.column(d), found[0], s.rng)]
    note(s, straddling, "两次查看之间出现，跨越期限，无公示日期", *LATE)
    delayed = s.pick(
        6, lambda d: clean(d) and d.unit.edition == "2020" and d.date < OUTAGE[0] <= d.due <= OUTAGE[1], careful=True
    )
    for d in delayed:
        d.sendings = [Sending(working_hour(s.rng.choice([datetime.date(2026, 9, 17)]), s.rng))]
    note(s, delayed, "平台停机期间不能报送", "submitted_late")
    s.city.register_lines["outages"].append(
        {
            "系统": "市信用信息平台",
            "开始时间": f"{OUTAGE[0]} 00:00:00",
            "结束时间": f"{OUTAGE[1]} 23:59:00",
            "说明": "平台升级，停止接收报送",
            "依据": "示信办函〔2026〕18号",
        }
    )
    pending = s.pick(16, lambda d: clean(d) and d.due >= AS_OF, careful=True, due=False)
    for i, d in enumerate(pending):
        if i % 2:
            d.showings = []
        else:
            d.sendings = []
    early = [
        d
        for d in s.city.decisions
        if d.in_period and d.due >= AS_OF and not d.marks and not (d.showings and d.sendings)
    ]
    note(s, pending + early, "未到期", "not_published", "not_submitted", *LATE)


def _attempts(s: Seeder) -> None:
    from sample_city.faults import clean

    def early(d: Decision) -> bool:
        return clean(d) and d.unit.edition == "2020" and d.due < TIMELINE[-3].date()

    again = s.pick(4, early, careful=True)
    for d in again:
        first = d.sendings[0].at
        d.sendings = [Sending(first, unknown_unit=True), Sending(working_hour(s.calendar.add(d.due, 2), s.rng))]
    note(s, again, "首次按时报送被退回，补正后接收", "submitted_late", "not_submitted", "duplicate")
    refused = s.pick(3, early, careful=True)
    for d in refused:
        d.sendings[0].unknown_unit = True
    note(s, refused, "报送过但被退回，尚未补正", "not_submitted", "submitted_late")
    corrected = s.pick(4, lambda d: early(d) and d.kind == "penalty", careful=True)
    for d in corrected:
        first = d.sendings[0].at
        d.sendings = [Sending(first, {"basis": None}), Sending(working_hour(s.calendar.add(d.due, 6), s.rng))]
    note(s, corrected, "报送后补全要素（更新）", "field_missing", "submitted_late", "duplicate")


def _backfilled(s: Seeder) -> None:
    """Old decisions reported late within the time that was agreed for them."""
    from sample_city.faults import clean

    days: dict[tuple[str, str, datetime.date], list[Decision]] = {}
    for d in s.city.decisions:
        days.setdefault((d.unit.id, d.kind, d.date), []).append(d)

    def alone(d: Decision) -> bool:
        """The agreement covers a unit's whole day: nothing else of that day may be late or missing."""
        same = days[d.unit.id, d.kind, d.date]
        return (
            clean(d)
            and d.unit.edition == "2020"
            and d.due < TIMELINE[-3].date()
            and all(other is d or not (set(other.marks) & {"submitted_late", "not_submitted"}) for other in same)
        )

    backfilled = s.pick(5, alone, careful=True)
    for d in backfilled:
        received = working_hour(s.calendar.add(d.due, 6), s.rng)
        d.sendings = [Sending(received)]
        s.city.register_lines.setdefault("backfills", []).append(
            {
                "单位": d.unit.name,
                "信息类别": "行政许可" if d.kind == "licence" else "行政处罚",
                "决定日期起": d.date.isoformat(),
                "决定日期止": d.date.isoformat(),
                "约定补报期限": received.date().isoformat(),
                "原因": "业务系统迁移，历史数据补录",
                "依据": "信用体系建设联席会议纪要",
                "审批文号": f"示信纪〔2026〕{d.serial}号",
            }
        )
    note(s, backfilled, "约定期限内补报的历史数据", "submitted_late", "not_submitted")


def _transferred(s: Seeder) -> None:
    """A duty goes over after the month; the unit that takes it over already reports what the old one decided."""
    from sample_city.faults import clean

    city = s.city

    def sound(unit: Unit) -> bool:
        """Every column was seen whole at the end: what either of the two shows can be judged."""
        return bool(unit.portals) and all(TIMELINE[-1] in city.looks(portal) for portal in unit.portals)

    takers = [unit for unit in city.units.values() if unit.level == "municipal" and sound(unit)]
    moved = s.pick(
        3,
        lambda d: (
            clean(d)
            and d.kind == "penalty"
            and d.unit.level == "municipal"
            and d.unit.edition == "2020"
            and sound(d.unit)
        ),
        careful=True,
    )
    for d in moved:
        taker = next(unit for unit in takers if unit is not d.unit)
        code = city.unit_codes[taker.id]
        for sending in d.sendings:
            sending.overrides |= {"source_unit": taker.name, "source_unit_code": code, "reporting_unit": taker.name}
        line = {
            "单位": d.unit.name,
            "划入单位": taker.name,
            "信息类别": "行政处罚",
            "职责事项": "",
            "划转日期": "2026-10-09",
            "依据": "示编发〔2026〕5号",
        }
        if line not in city.register_lines.setdefault("responsibilities", []):
            city.register_lines["responsibilities"].append(line)
    note(s, moved, "职责划转，新单位代报原单位的决定", "duplicate", "values_differ", "submitted_late", *NEITHER)


def _declared(s: Seeder) -> None:
    city = s.city
    s.declare(city.units["xzspj"].name, "行政处罚", "本单位九月无行政处罚")
    s.declare(city.units["donghu"].name, "行政许可", "本单位九月无行政许可")
    s.declare(city.units["slj"].name, "行政处罚", "本单位九月无行政处罚")
    broken = "column_missing", "column_unreachable", "column_empty", "dead_link"
    city.lookalikes += [
        LookAlike(
            "slj", "penalty", None, "本期没有新内容，已作零申报", ("column_stale", "column_empty"), "slj_penalties"
        ),
        LookAlike("wlj", "penalty", None, "期末没有看全，不知有无新内容", ("column_stale",), "wlj_penalties"),
        LookAlike(
            "donghu", "licence", None, "本单位没有新内容，所属部门的有", ("column_stale",), "donghu_gov_licences"
        ),
        LookAlike("slj", "licence", None, "链接只有一次打不开", broken, "slj_licences"),
        LookAlike("wlj", "licence", None, "打不开的链接已从列表中移除", broken, "wlj_licences"),
        LookAlike("xzspj", "penalty", None, "空白栏目已作零申报", ("column_empty", "silent_item"), "xzspj_penalties"),
        LookAlike("donghu", "licence", None, "目录事项已作零申报", ("silent_item", "column_empty")),
        LookAlike(
            "jyj",
            "penalty",
            None,
            "栏目被防护设备拦截，看不见不等于没有",
            ("column_missing", "column_unreachable", "column_empty"),
            "jyj_penalties",
        ),
        LookAlike(
            "wlj",
            "penalty",
            None,
            "短时间打不开（不足一周）",
            ("column_missing", "column_unreachable", "column_empty"),
            "wlj_penalties",
        ),
        LookAlike(
            "beiyuan_wjw",
            None,
            None,
            "短时间打不开（不足一周）",
            ("column_missing", "column_unreachable", "column_empty"),
            "beiyuan_wjw_disclosure",
        ),
    ]


def _seen(decision: Decision, looks: dict[str, list[datetime.datetime]]) -> bool:
    return any(showing.visible(look) for showing in decision.showings for look in looks[showing.portal.id])


def _found(s: Seeder) -> None:
    """Look-alikes that the clean city holds by itself: blind columns, copies, shared numbers, masked persons."""
    city = s.city
    looks = {portal.id: city.looks(portal) for portal in city.portals.values()}
    free = [d for d in city.decisions if d.in_period and not d.marks]

    def blind(d: Decision) -> bool:
        if not d.sendings or _seen(d, looks) or d.due >= AS_OF:
            return False
        return not city.portals_of(d.unit, d.kind) or not all(
            any(look.date() > d.due for look in looks[p.id]) for p in city.portals_of(d.unit, d.kind)
        )

    note(s, [d for d in free if blind(d)], "栏目看不见（拦截、打不开、不存在）", "not_published", "published_late")
    free = [d for d in free if not d.marks and d.sendings and _seen(d, looks)]

    def some(wanted: list[Decision], count: int, why: str, *forbidden: str) -> None:
        unmarked = [d for d in wanted if not d.marks]
        note(s, s.rng.sample(unmarked, min(count, len(unmarked))), why, *forbidden)

    def rolled(portal: Portal, d: Decision) -> bool:
        return portal.window is not None and d.date < AS_OF - datetime.timedelta(days=portal.window)

    some(
        [d for d in free if s.numbers[d.unit.id, d.number] > 1],
        20,
        "一个文号多个相对人",
        "duplicate",
        "values_differ",
        *NEITHER,
    )
    some([d for d in free if rolled(s.column(d), d)], 8, "列表只留最近的信息", "withdrawn_unexplained", *NEITHER)
    some([d for d in free if len(d.showings) > 1], 8, "同一决定在两个窗口公示", "duplicate", "published_late")
    some([d for d in free if s.column(d).money == "wan" and d.fine], 6, "金额单位元与万元", "values_differ")
    some([d for d in free if d.case_name == "建筑工程施工许可证"], 6, "施工许可证编号形似身份证号", "over_disclosed")
    some(
        [d for d in free if d.party.type == "natural_person"],
        10,
        "自然人姓名遮盖",
        "field_missing",
        "values_differ",
        *NEITHER,
    )
