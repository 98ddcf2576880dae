"""The faults: each is put into decisions that are clean otherwise, proven by the looks of the timeline, and listed.

One decision carries one fault (or one look-alike), so that every finding can be laid beside one line of the truth.
Units differ: `Unit.care` weighs who gets the faults, and units of care 0 get none.
"""

from __future__ import annotations

import datetime
import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from sample_city import codes, texts
from sample_city.city import (
    CREDIT_COUNTY,
    CatalogueLine,
    City,
    Decision,
    Expected,
    LookAlike,
    Sending,
    Showing,
    penalty_content,
    show,
    working_hour,
)
from sample_city.plan import AS_OF, FILE_DAYS, LAST, TIMELINE, Portal, at

_DAY = datetime.timedelta(days=1)
Wanted = Callable[[Decision], bool]


class Seeder:
    """Picks clean decisions and remembers which are taken."""

    def __init__(self, city: City, rng: random.Random) -> None:
        self.city, self.rng, self.calendar = city, rng, city.calendar
        self.numbers = Counter((d.unit.id, d.number) for d in city.decisions)
        self.items = Counter((d.unit.id, d.case_name) for d in city.decisions if d.in_period and d.kind == "licence")
        self.without_catalogue: list[str] = []

    def pick(self, count: int, wanted: Wanted, *, careful: bool = False, due: bool = True) -> list[Decision]:
        """Unmarked decisions of the period that are wanted; careless units first, unless `careful`."""
        pool = [
            d
            for d in self.city.decisions
            if d.in_period
            and not d.marks
            and (not due or d.due < AS_OF)
            and self.numbers[d.unit.id, d.number] == 1
            and (careful or d.unit.care > 0)
            and wanted(d)
        ]
        chosen = []
        for _ in range(min(count, len(pool))):
            weights = [1.0 if careful else d.unit.care for d in pool]
            decision = self.rng.choices(pool, weights)[0]
            pool.remove(decision)
            chosen.append(decision)
        return chosen

    def expect(
        self,
        decision: Decision,
        code: str,
        level: str,
        why: str,
        field: str | None = None,
        portal: Portal | None = None,
    ) -> None:
        decision.marks.append(code)
        self.city.truth.append(
            Expected(
                code,
                level,
                decision.unit.id,
                decision.kind,
                decision.number,
                field,
                portal.id if portal else None,
                why,
                decision.party.name,
                decision.date,
            )
        )

    def expect_column(self, code: str, level: str, portal: Portal, kind: str | None, why: str) -> None:
        self.city.truth.append(Expected(code, level, portal.unit, kind, None, None, portal.id, why))

    def column(self, decision: Decision) -> Portal:
        return decision.showings[0].portal

    def alone(self, decision: Decision) -> Showing:
        """Only the unit's own column keeps the decision."""
        del decision.showings[1:]
        return decision.showings[0]

    def register(self, name: str, decision: Decision, **columns: str) -> None:
        line = {
            "单位": decision.unit.name,
            "信息类别": "行政许可" if decision.kind == "licence" else "行政处罚",
            "决定书文号": decision.number,
            "行政相对人名称": decision.party.name,
            "统一社会信用代码": decision.party.code if decision.party.type != "natural_person" else "",
        }
        self.city.register_lines.setdefault(name, []).append(line | columns)

    def declare(self, unit_name: str, kind: str, why: str) -> None:
        self.city.register_lines.setdefault("declarations", []).append(
            {
                "单位": unit_name,
                "信息类别": kind,
                "所属期": "2026-09",
                "声明类型": "零申报",
                "说明": why,
                "声明日期": "2026-10-09",
            }
        )


def clean(decision: Decision) -> bool:
    """An organisation's decision, shown on a plain column and reported."""
    return (
        decision.party.type == "organisation"
        and bool(decision.showings)
        and bool(decision.sendings)
        and decision.showings[0].portal.plain
    )


def fielded(decision: Decision) -> bool:
    return clean(decision) and decision.showings[0].portal.fielded


def seed_faults(city: City, rng: random.Random) -> None:
    """Put every fault and every look-alike into a clean city."""
    from sample_city.lookalikes import seed_lookalikes

    seeder = Seeder(city, rng)
    for column in ("exemptions", "repairs", "withdrawals", "declarations", "outages"):
        city.register_lines[column] = []
    _columns(seeder)
    _windows(seeder)
    _catalogues(seeder)
    _backdated(seeder)
    _published_late(seeder)
    _submitted_late(seeder)
    _withdrawn(seeder)
    _past_term(seeder)
    _invalid(seeder)
    _differing(seeder)
    _missing(seeder)
    _over_disclosed(seeder)
    _duplicates(seeder)
    _absent(seeder)
    seed_lookalikes(seeder)
    expect_credit(seeder)


def _columns(s: Seeder) -> None:
    portals = s.city.portals
    s.expect_column("column_missing", "fail", portals["rsj_penalties"], "penalty", "栏目地址自八月起一直返回 404")
    s.expect_column(
        "column_unreachable", "fail", portals["xiling_zjj_disclosure"], None, "九月十四日起服务器一直返回 500"
    )
    s.expect_column("column_empty", "fail", portals["cgj_licences"], "licence", "栏目为空，而单位当月报送了许可")
    s.expect_column("column_empty", "question", portals["mzj_penalties"], "penalty", "栏目为空，无报送，也无零申报")
    s.expect_column(
        "column_stale", "question", portals["rsj_licences"], "licence", "八月底起没有新内容，而单位照常报送"
    )
    s.expect_column("column_stale", "question", portals["zrzyj_penalties"], "penalty", "本期没有新内容，也没有零申报")
    s.expect_column("dead_link", "warn", portals["xfjyzd_licences"], "licence", "列表中的链接一直返回 404")
    s.expect_column("dead_link", "question", portals["jyj_licences"], "licence", "列表中的链接一直返回 500")
    for d in s.city.decisions:
        if d.kind == "licence" and d.in_period and d.due < AS_OF and d.party.type != "natural_person":
            if d.unit.id == "cgj":
                s.expect(d, "not_published", "fail", "已报送，而公示栏目一直为空")
            elif d.unit.id == "rsj":
                s.expect(d, "not_published", "fail", "已报送，而公示栏目八月底起不再更新")


def _windows(s: Seeder) -> None:
    """Decisions that stand in one window and not in another that should have them: one finding a unit, kind and window."""
    portals = s.city.portals
    government = portals["beiyuan_gov"]
    moved = s.pick(4, lambda d: clean(d) and d.unit.id == "beiyuan_scjgj" and d.kind == "licence")
    for d in moved:
        d.showings = [show(s.city, government, s.calendar.add(d.date, 2), s.rng)]
        d.marks.append("channel_missing")
    if moved:
        own = portals["beiyuan_scjgj_licences"]
        s.expect_column("channel_missing", "question", own, "licence", "只在政府网站公示，本部门网站没有")
    for d in s.pick(3, lambda d: clean(d) and d.unit.id == "donghu_scjgj" and d.kind == "penalty"):
        d.showings = [showing for showing in d.showings if showing.portal.channel != "credit"]
        d.marks.append("channel_missing")


def expect_credit(s: Seeder) -> None:
    """What the county's credit website lacks, whatever took it from there. Called when everything else is in its place."""
    city = s.city
    credit = city.portals[f"{CREDIT_COUNTY}_credit"]
    lawful = {
        (line["单位"], line.get("决定书文号"))
        for lines in city.register_lines.values()
        for line in lines
        if "单位" in line
    }
    for unit in (unit for unit in city.units.values() if unit.parent == CREDIT_COUNTY):
        for kind in ("licence", "penalty"):
            due = [
                d
                for d in city.decisions
                if d.unit is unit
                and d.kind == kind
                and d.in_period
                and d.due < AS_OF
                and d.party.type != "natural_person"
                and d.category != "警告"
                and "简罚" not in d.number
                and (unit.name, d.number) not in lawful
                and _seen_on(city, d, credit) is not None
            ]
            if any(_seen_on(city, d, credit) is False for d in due):
                city.truth.append(
                    Expected("channel_missing", "question", unit.id, kind, None, None, credit.id, "信用网站上没有")
                )
            else:
                why = "信用网站上齐全（自然人、豁免、未到期的不计）"
                city.lookalikes.append(LookAlike(unit.id, kind, None, why, ("channel_missing",), credit.id))


def _seen_on(city: City, decision: Decision, portal: Portal) -> bool | None:
    """Whether a look saw the decision on that column; None when none saw it anywhere."""
    seen = {
        showing.portal.id
        for showing in decision.showings
        if any(showing.visible(look) for look in city.looks(showing.portal))
    }
    return portal.id in seen if seen else None


def _catalogues(s: Seeder) -> None:
    city = s.city
    s.without_catalogue = sorted(s.rng.sample(["nyncj", "cgj", "xiling_scjgj", "beiyuan_scjgj", "beiyuan_zjj"], 2))
    city.catalogue = [line for line in city.catalogue if line.unit.id not in s.without_catalogue]
    for unit_id in s.without_catalogue:
        city.truth.append(Expected("catalogue_missing", "warn", unit_id, None, None, None, None, "未报送双公示目录"))
    units = sorted(
        u.id for u in city.units.values() if u.care >= 1 and u.id not in s.without_catalogue and u.licences >= 14
    )
    for unit_id, name in zip(s.rng.sample(units, 5), texts.SILENT_ITEMS, strict=False):
        unit = city.units[unit_id]
        city.catalogue.append(CatalogueLine(unit, name, "普通", texts.BUSINESS[unit.business].items[0].basis))
        city.truth.append(
            Expected(
                "silent_item", "question", unit_id, "licence", None, None, None, f"目录事项“{name}”九月无记录，未声明"
            )
        )

    def ordinary(d: Decision) -> bool:
        return (
            clean(d)
            and d.kind == "licence"
            and d.unit.id not in s.without_catalogue
            and s.items[d.unit.id, d.case_name] > 4
        )

    for d, name in zip(s.pick(6, ordinary), texts.OUTSIDE_ITEMS, strict=False):
        s.items[d.unit.id, d.case_name] -= 1
        d.case_name = d.licence_name = name
        d.content = f"准予办理{name}"
        s.expect(d, "outside_catalogue", "warn", f"“{name}”不在目录内")


def _backdated(s: Seeder) -> None:
    """The column states a day on or before which a complete look did not show the decision."""

    def window(d: Decision) -> tuple[datetime.date, datetime.datetime] | None:
        stated = s.calendar.add(d.date, 1)
        looks = s.city.looks(s.column(d))
        for absent, seen in itertools.pairwise(looks):
            if stated < absent.date() and seen.date() <= d.due:
                return stated, absent
        return None

    def dated(d: Decision) -> bool:
        return clean(d) and s.column(d).dated and s.column(d).family != "attachment_list"

    for d in s.pick(6, lambda d: dated(d) and window(d) is not None):
        found = window(d)
        if found is None:
            continue
        showing = s.alone(d)
        showing.stated, showing.at = found[0], working_hour(found[1].date(), s.rng)
        s.expect(d, "backdated", "warn", "标注的公示日期早于一次未见该信息的完整查看", portal=showing.portal)
    for d in s.pick(3, lambda d: dated(d) and d.due < TIMELINE[-3].date()):
        showing = s.alone(d)
        absent = next(look for look in s.city.looks(showing.portal) if look.date() > d.due)
        showing.stated, showing.at = s.calendar.add(d.date, 2), working_hour(absent.date(), s.rng)
        s.expect(d, "backdated", "warn", "逾期后才出现，却标注了期限内的日期", portal=showing.portal)
        s.expect(d, "published_late", "fail", "期限届满后的完整查看仍未见该信息", portal=showing.portal)


def _published_late(s: Seeder) -> None:
    last = TIMELINE[-2].date()

    def dated(d: Decision) -> bool:
        return (
            clean(d)
            and s.column(d).dated
            and s.column(d).family != "attachment_list"
            and s.calendar.add(d.due, 5) < last
        )

    def undated(d: Decision) -> bool:
        return (
            clean(d)
            and not (s.column(d).dated and s.column(d).family != "attachment_list")
            and d.due < TIMELINE[-4].date()
        )

    for d in s.pick(12, dated):
        showing = show(s.city, s.column(d), s.calendar.add(d.due, s.rng.randrange(1, 6)), s.rng)
        d.showings = [showing]
        s.expect(d, "published_late", "fail", "标注的公示日期在期限之后", portal=showing.portal)
    for d in s.pick(8, undated):
        absent = next(look for look in s.city.looks(s.column(d)) if look.date() > d.due)
        showing = show(s.city, s.column(d), absent.date(), s.rng)
        d.showings = [showing]
        s.expect(d, "published_late", "fail", "期限届满后的完整查看仍未见该信息", portal=showing.portal)


def _submitted_late(s: Seeder) -> None:
    def late_days(d: Decision) -> list[datetime.date]:
        if d.unit.edition == "2018":
            days = [day for day in FILE_DAYS if day > d.due]
        else:
            days = [s.calendar.add(d.due, n) for n in range(1, 9)]
        return [day for day in days if day < AS_OF and day > s.city.report_due(d, day)]

    for d in s.pick(24, lambda d: clean(d) and len(late_days(d)) > 0):
        day = s.rng.choice(late_days(d))
        d.sendings = [Sending(at(day, 17) if d.unit.edition == "2018" else working_hour(day, s.rng))]
        s.expect(d, "submitted_late", "fail", "报送日期在期限之后")


def _withdrawn(s: Seeder) -> None:
    def seen_early(d: Decision) -> bool:
        return clean(d) and s.column(d).family != "attachment_list" and d.date <= datetime.date(2026, 9, 15)

    for d in s.pick(7, seen_early):
        showing = s.alone(d)
        seen = next(look for look in s.city.looks(showing.portal) if look >= showing.at)
        later = [look for look in s.city.looks(showing.portal) if look > seen][:-1] or [seen]
        showing.until = working_hour(s.rng.choice(later).date(), s.rng)
        s.expect(d, "withdrawn_unexplained", "warn", "公示后撤下，无修复、撤回或到期的依据", portal=showing.portal)


def _past_term(s: Seeder) -> None:
    def early(d: Decision) -> bool:
        return clean(d) and d.kind == "penalty" and d.date <= datetime.date(2026, 9, 7)

    for d in s.pick(5, early):
        showing = s.alone(d)
        repaired = s.calendar.add(d.due, s.rng.randrange(0, 3))
        s.register("repairs", d, 修复决定日期=repaired.isoformat(), 修复决定文号=f"示信修〔2026〕{d.serial}号")
        s.expect(d, "past_term", "warn", "信用修复后仍在公示", portal=showing.portal)

    def termed(d: Decision) -> bool:
        return early(d) and fielded(d) and s.column(d).labels == "2018"

    for d in s.pick(3, termed):
        showing = s.alone(d)
        d.publicity_until = d.due
        s.expect(d, "past_term", "warn", "公示截止期已过仍在公示", portal=showing.portal)


def _invalid(s: Seeder) -> None:
    for d in s.pick(3, lambda d: clean(d) and d.kind == "penalty"):
        d.sendings[0].overrides["fine_yuan"] = None
        s.expect(d, "field_invalid", "fail", "处罚类别含罚款而无罚款金额", "fine_yuan")
    for d in s.pick(3, lambda d: clean(d) and d.unit.edition == "2020"):
        d.sendings[0].overrides["counterparty_type"] = "经营主体"
        s.expect(d, "field_invalid", "fail", "相对人类别不在三类之内", "counterparty_type")
    for d in s.pick(3, lambda d: fielded(d) and d.kind == "licence"):
        d.valid_to = d.date - 400 * _DAY
        s.expect(d, "field_invalid", "fail", "有效期至早于有效期自", "valid_to")
    for d in s.pick(3, lambda d: fielded(d)):
        d.number = d.number.replace("〔2026〕", "〔2062〕")
        s.expect(d, "field_invalid", "fail", "文号年份不可能", "document_number")


def _differing(s: Seeder) -> None:
    def with_fine(d: Decision) -> bool:
        return (
            fielded(d) and d.kind == "penalty" and s.column(d).labels != "2015" and bool(d.fine) and not d.confiscation
        )

    def differ(decisions: list[Decision], field: str, value: Callable[[Decision], Any], why: str) -> None:
        for d in decisions:
            s.alone(d).overrides[field] = value(d)
            if field == "fine_yuan":
                d.showings[0].overrides["content"] = penalty_content(value(d), None, d.revoked, "警告" in d.category)
            s.expect(d, "values_differ", "fail", why, field, d.showings[0].portal)

    def movable(d: Decision) -> bool:
        after = s.calendar.add(d.date, 1)
        return (
            fielded(d)
            and after <= LAST
            and d.showings[0].at.date() > after
            and d.sendings[0].at.date() > after
            and s.calendar.add(after, 7) < AS_OF
        )

    differ(s.pick(5, with_fine), "fine_yuan", lambda d: (d.fine or 0) + 3000, "门户与报送的罚款金额不同")
    differ(s.pick(4, movable), "decision_date", lambda d: s.calendar.add(d.date, 1), "门户与报送的决定日期不同")
    differ(
        s.pick(4, fielded),
        "counterparty_code",
        lambda d: codes.unified_code(s.rng, "91", "140602"),
        "门户与报送的代码不同",
    )
    differ(
        s.pick(4, lambda d: fielded(d) and d.kind == "licence"),
        "valid_to",
        lambda d: (d.valid_to or d.date) + 30 * _DAY,
        "门户与报送的有效期至不同",
    )


def _missing(s: Seeder) -> None:
    told = {"penalty": ("basis", "facts", "content", "legal_representative"), "licence": ("content", "valid_to")}
    for i, d in enumerate(s.pick(10, clean)):
        field = told[d.kind][i % len(told[d.kind])]
        d.sendings[0].overrides[field] = None
        s.expect(d, "field_missing", "fail", "报送缺少必填项", field)
    shown = {
        "penalty": ("content", "basis", "counterparty_code", "document_number"),
        "licence": ("counterparty_code", "document_number"),
    }
    for i, d in enumerate(s.pick(10, fielded)):
        field = shown[d.kind][i % len(shown[d.kind])]
        # what would lawfully stand in for the missing one is not shown either
        s.alone(d).overrides |= {
            field: None,
            {"content": "category", "document_number": "licence_number"}.get(field, field): None,
        }
        s.expect(d, "field_missing", "warn", "门户缺少应公示的要素", field, d.showings[0].portal)


def _over_disclosed(s: Seeder) -> None:
    def penalty(d: Decision) -> bool:
        return d.kind == "penalty" and bool(d.showings) and bool(d.sendings) and s.column(d).fielded

    for i, d in enumerate(s.pick(8, penalty)):
        showing = s.alone(d)
        facts = d.facts or ""
        person = d.party.type == "natural_person"
        if not person and showing.portal.family in ("trs_static", "hanweb_jpage"):
            # the submission sheet was published as it is, with the column that belongs to it alone
            showing.extra["法定代表人身份证号"] = codes.person_code(s.rng, "140602")
        elif person:
            showing.overrides["facts"] = f"{facts}。当事人身份证号码：{d.party.code}"
        elif i % 2:
            showing.overrides["facts"] = f"{facts}。现场联系电话：{codes.mobile(s.rng)}"
        else:
            showing.overrides["facts"] = f"{facts}。法定代表人身份证号：{codes.person_code(s.rng, '140602')}"
        s.expect(d, "over_disclosed", "fail", "公示内容含未遮盖的个人信息", None, showing.portal)


def _duplicates(s: Seeder) -> None:
    for d in s.pick(5, clean):
        first = d.sendings[0]
        d.sendings.append(Sending(first.at, {"document_number": d.number.replace("〔", "[").replace("〕", "]")}))
        s.expect(d, "duplicate", "warn", "同一决定以两种写法报送两次")
    for d in s.pick(4, clean):
        s.alone(d).twice = True
        s.expect(d, "duplicate", "warn", "同一栏目内公示两次", None, d.showings[0].portal)


def _absent(s: Seeder) -> None:
    def provable(d: Decision) -> bool:
        return clean(d) and all(
            any(look.date() > d.due for look in s.city.looks(p)) for p in s.city.portals_of(d.unit, d.kind)
        )

    for d in s.pick(14, provable):
        d.showings = []
        s.expect(d, "not_published", "fail", "已报送，完整查看各栏目均未见")

    def told(d: Decision) -> bool:
        """The reports that the unit stands in reach beyond the due day: a county's own files end before the city's export."""
        return clean(d) and (d.unit.edition != "2018" or d.due < FILE_DAYS[-1])

    for d in s.pick(14, told):
        s.alone(d)
        d.sendings = []
        s.expect(d, "not_submitted", "fail", "已公示而未报送")
