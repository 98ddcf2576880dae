"""A made-up assessed month: 35 units, their scores, some findings, looks of every worth. Same rows every time."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from db.clock import SHANGHAI
from db.models import Coverage, Finding, PeriodRun, Portal, Score, Unit
from db.session import session_of
from db.settings import Workspace
from reports.words import CODES

AS_OF = datetime.date(2026, 10, 12)
DEPARTMENTS = """发展和改革委员会 教育局 科学技术局 工业和信息化局 公安局 民政局 司法局 财政局 人力资源和社会保障局
规划和自然资源局 生态环境局 住房和城乡建设局 城市管理局 交通运输局 水务局 农业农村局 商务局 文化和旅游局 卫生健康委员会
应急管理局 市场监督管理局 林业局 体育局 医疗保障局 行政审批服务管理局 统计局""".split()  # noqa: SIM905
COUNTIES = ("清河县", "安泉县", "临溪区")
INDICATORS = (
    ("A1", "报送完整", 20), ("A2", "门户公示完整", 10), ("A3", "目录与零申报", 5), ("B1", "公示及时率", 15),
    ("B2", "报送及时率", 15), ("C1", "合规率", 10), ("C2", "字段完整率", 5), ("C3", "一致率", 5), ("D", "专栏运行", 10),
    ("E", "整改", 5),
)  # fmt: skip
GRADES = [("优秀", 85), ("良好", 70), ("合格", 60), ("不合格", 0)]
LOOK_DAYS = [datetime.date(2026, 9, day) for day in (7, 10, 14, 17, 21, 24, 28)] + [
    datetime.date(2026, 10, 9), datetime.date(2026, 10, 12),
]  # fmt: skip
COUNT_KEYS = """decisions agreed differs not_submitted not_published not_due exempt unknown question published
published_person submitted submitted_person records_published records_submitted report_due report_on_time report_late
report_missing report_undecided publish_due publish_on_time publish_late publish_missing publish_undecided checked
compliant fields_required fields_filled compared consistent""".split()  # noqa: SIM905


def counts(draw: random.Random, n: int, quality: float) -> dict[str, int]:
    """Counts that sum up as the assessment's do."""
    made = dict.fromkeys(COUNT_KEYS, 0)
    if n == 0:
        return made
    few = lambda share: sum(draw.random() < share for _ in range(n))  # noqa: E731
    made |= {"not_due": few(0.06), "exempt": few(0.05), "unknown": few(0.07), "question": few(0.03)}
    rest = max(0, n - sum(made.values()))
    made["not_submitted"] = sum(draw.random() < 0.1 * (1 - quality) for _ in range(rest))
    made["not_published"] = sum(draw.random() < 0.12 * (1 - quality) for _ in range(rest - made["not_submitted"]))
    both = rest - made["not_submitted"] - made["not_published"]
    made["differs"] = sum(draw.random() < 0.06 for _ in range(both))
    made["agreed"] = both - made["differs"]
    made["decisions"] = sum(
        made[key]
        for key in ["agreed", "differs", "not_submitted", "not_published", "not_due", "exempt", "unknown", "question"]
    )
    late = sum(draw.random() < 0.5 * (1 - quality) for _ in range(both))
    tardy = sum(draw.random() < 0.4 * (1 - quality) for _ in range(both))
    made |= {
        "published": n - made["not_published"], "submitted": n - made["not_submitted"],
        "published_person": n // 6, "submitted_person": n // 5, "records_published": n, "records_submitted": n,
        "report_late": late, "report_missing": made["not_submitted"], "report_on_time": both - late,
        "report_due": both + made["not_submitted"], "report_undecided": made["unknown"],
        "publish_late": tardy, "publish_missing": made["not_published"], "publish_on_time": both - tardy,
        "publish_due": both + made["not_published"], "publish_undecided": made["unknown"],
        "checked": n, "compliant": n - few(0.03), "fields_required": n * 17, "fields_filled": n * 17 - few(0.3),
        "compared": both, "consistent": made["agreed"],
    }  # fmt: skip
    return made


def added(*many: dict[str, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in many:
        total.update(one)
    return {key: total[key] for key in COUNT_KEYS}


def make_rows() -> list[Any]:
    """All rows of two assessed months, August (scores only) and September 2026."""
    draw = random.Random(7)
    units: list[Unit] = []
    for name in DEPARTMENTS:
        units.append(Unit(id=f"u{len(units) + 1:02d}", name=f"示例市{name}", level="municipal"))
    for county in COUNTIES:
        parent = Unit(id=f"u{len(units) + 1:02d}", name=f"{county}人民政府", level="county")
        units.append(parent)
        for name in ("市场监督管理局", "行政审批服务管理局"):
            units.append(
                Unit(id=f"u{len(units) + 1:02d}", name=f"{county}{name}", level="county_department", parent=parent.id)
            )
    for position, unit in enumerate(units):
        unit.position, unit.assessed, unit.active, unit.aliases = position, True, True, []
        unit.uscc = f"1114060001{position:06d}X1"[:18]
        unit.contacts = {
            "leader": {"name": "高　远", "phone": "0349-2000000", "email": f"leader{position // 2}@gov.example"},
            "liaison": {"name": "林　溪", "email": f"liaison{position}@gov.example"},
            "reporter": {"name": "江　禾", "email": f"reporter{position}@gov.example"},
        }
    portals, looks = make_portals(draw, units)
    per_unit: dict[str, dict[str, Any]] = {}
    findings: list[Finding] = []
    scores: list[Score] = []
    for unit in units:
        quality = draw.choice([0.97, 0.95, 0.9, 0.8, 0.7, 0.45])
        size = draw.choice([0, 3, 20, 40, 75, 130])
        licence, penalty = counts(draw, size, quality), counts(draw, draw.choice([2, 4, 12, 35, 60]), quality)
        whole = added(licence, penalty)
        findings += make_findings(draw, unit, licence, penalty, portals)
        per_unit[unit.id] = {
            "licence": licence, "penalty": penalty, "all": whole,
            "columns": {"portals": 2, "missing": 0, "unreachable": 0, "empty": 0}, "findings": {}, "confirmed": {},
            "catalogue_items": 12, "silent_items": 1, "due": max(whole["report_due"], whole["publish_due"]), "veto_leads": {},
        }  # fmt: skip
        scores += make_scores(draw, unit, whole, per_unit[unit.id])
    rank(per_unit, scores)
    licence = added(*(part["licence"] for part in per_unit.values()))
    penalty = added(*(part["penalty"] for part in per_unit.values()))
    totals = {"licence": licence, "penalty": penalty, "all": added(licence, penalty)}
    before = {kind: part | {"report_on_time": max(0, part["report_on_time"] - 40)} for kind, part in totals.items()}
    run = make_run(per_unit, totals, before, portals, looks)
    older = []
    for month, shift in (("2026-05", -9.0), ("2026-06", -4.0), ("2026-07", -6.5), ("2026-08", -2.0)):
        for score in scores:
            if score.indicator == "A1" and score.total is not None:
                older.append(
                    Score(period=month, unit_id=score.unit_id, indicator="A1", position=1, title="报送完整", scheme="default",
                          scheme_version="1.0", total=round(score.total + shift * draw.uniform(-0.5, 1.2), 2), grade="良好",
                          rank=score.rank, ranked=score.ranked, points=10, max_points=20, formula="")
                )  # fmt: skip
    return [*units, *portals, *looks, run, *findings, *scores, *older]


def make_portals(draw: random.Random, units: list[Unit]) -> tuple[list[Portal], list[Coverage]]:
    portals, looks = [], []
    for unit in units:
        for kind, title in (("licence", "行政许可公示"), ("penalty", "行政处罚公示")):
            portal = Portal(
                id=f"{unit.id}_{kind}", unit_id=unit.id, kind=kind, channel="department" if unit.level == "municipal" else "government",
                title=title, url=f"https://{unit.id}.gov.example/{kind}/", family="auto", render="auto", every_hours=24, entry={}, active=True,
            )  # fmt: skip
            portals.append(portal)
            habit = draw.choice(["complete"] * 8 + ["blocked", "unreachable", "partial", "mixed"])
            for day in LOOK_DAYS:
                outcome = draw.choice(["complete", "unreachable", "partial"]) if habit == "mixed" else habit
                reason = {"blocked": "网站防护返回 412，读不到内容", "unreachable": "服务器 30 秒内无应答，已重试 3 次",
                          "partial": "2 个附件为扫描件，未能识读"}.get(outcome, "")  # fmt: skip
                looks.append(
                    Coverage(
                        crawl_id=f"{portal.id}-{day:%Y%m%d}T090000",
                        portal_id=portal.id,
                        outcome=outcome,
                        reason=reason,
                        notes=[],
                        looked_at=datetime.datetime.combine(day, datetime.time(9), SHANGHAI),
                    )
                )
    return portals, looks


def make_findings(
    draw: random.Random, unit: Unit, licence: dict[str, int], penalty: dict[str, int], portals: list[Portal]
) -> list[Finding]:
    made: list[Finding] = []
    short = unit.name.removeprefix("示例市")[:1]
    plans = [
        ("submitted_late", "report_late", "fail"), ("published_late", "publish_late", "fail"), ("not_submitted", "not_submitted", "fail"),
        ("not_published", "not_published", "fail"), ("values_differ", "differs", "fail"), ("field_invalid", "question", "question"),
    ]  # fmt: skip
    for kind, part in (("licence", licence), ("penalty", penalty)):
        for code, count, level in plans:
            for _ in range(part[count]):
                serial = len(made) + 1
                decided = datetime.date(2026, 9, 1) + datetime.timedelta(draw.randrange(20))
                due = decided + datetime.timedelta(11)
                word = "许可" if kind == "licence" else "罚"
                made.append(
                    Finding(
                        period="2026-09", finding_id=f"{unit.id}{kind[0]}{serial:04d}", unit_id=unit.id, kind=kind, code=code, level=level,
                        dimension="timeliness", document_number=f"示{short}{word}决字〔2026〕第{serial:03d}号",
                        counterparty=draw.choice(["示例市长风机械制造有限公司", "张某某", "清河县兴农种植专业合作社", "示例市百味园餐饮店"]),
                        decision_date=decided, due_date=due, published_from=due if code == "published_late" else None,
                        published_to=due + datetime.timedelta(4) if code == "published_late" else None,
                        received_at=datetime.datetime.combine(due + datetime.timedelta(6), datetime.time(10), SHANGHAI)
                        if code == "submitted_late" else None,
                        days_late=4 if code.endswith("late") else None, portal_id=f"{unit.id}_{kind}",
                        url=f"https://{unit.id}.gov.example/{kind}/202609/t20260903_{serial}.html", evidence="9f2c" * 8,
                        basis="国办发〔2015〕51号第十八条", state=draw.choice(["confirmed", "confirmed", "suspected"]),
                        message={
                            "submitted_late": f"应于 {due} 前报送，实际晚 4 个工作日", "published_late": f"应于 {due} 前公示，最早 4 个工作日后出现",
                            "not_submitted": "网站已公示，平台截至评估日未收到", "not_published": "平台已报送，各公示栏目完整读取后未见",
                            "values_differ": "罚款金额不一致：公示 20000 元，报送 2000 元", "field_invalid": "统一社会信用代码校验位不符，请核对",
                        }[code], proof={},
                    )
                )  # fmt: skip
    return made


def make_scores(draw: random.Random, unit: Unit, whole: dict[str, int], part: dict[str, Any]) -> list[Score]:
    due, on_time = whole["report_due"], whole["report_on_time"]
    points: dict[str, float | None] = {
        "A1": max(0.0, 20 - 0.5 * whole["not_submitted"]), "A2": max(0.0, 10 - 0.4 * whole["not_published"]),
        "A3": draw.choice([5.0, 5.0, 3.0]), "B1": round(15 * min(1, whole["publish_on_time"] / max(1, whole["publish_due"]) / 0.95), 2),
        "B2": round(15 * min(1, on_time / max(1, due) / 0.95), 2), "C1": draw.choice([10.0, 5.0, 0.0]), "C2": 5.0,
        "C3": round(5 * whole["consistent"] / max(1, whole["compared"]), 2), "D": draw.choice([10.0, 8.0]), "E": None,
    }  # fmt: skip
    total = round(sum(p for p in points.values() if p is not None) / 95 * 100, 2)
    grade = next(name for name, least in GRADES if total >= least)
    part |= {"total": total, "grade": grade, "ranked": part["due"] >= 10, "rank": None}
    return [
        Score(
            period="2026-09", unit_id=unit.id, indicator=key, position=place, title=title, scheme="default", scheme_version="1.0",
            total=total, grade=grade, ranked=part["ranked"], points=points[key], max_points=most, numerator=on_time, denominator=due,
            excluded=whole["unknown"],
            formula="上期无问题清单，不适用，按其余指标折算"
            if key == "E"
            else f"及时 {on_time} ÷ 到期 {due}；剔除 {whole['unknown']} 条；得 {points[key]:.2f} 分",
        )
        for place, (key, title, most) in enumerate(INDICATORS, 1)
    ]  # fmt: skip


def rank(per_unit: dict[str, dict[str, Any]], scores: list[Score]) -> None:
    order = sorted((unit for unit in per_unit if per_unit[unit]["ranked"]), key=lambda unit: -per_unit[unit]["total"])
    for place, unit in enumerate(order, 1):
        per_unit[unit]["rank"] = place
    for score in scores:
        score.rank = per_unit[score.unit_id]["rank"]


def make_run(
    per_unit: dict[str, Any],
    totals: dict[str, Any],
    before: dict[str, Any],
    portals: list[Portal],
    looks: list[Coverage],
) -> PeriodRun:
    whole = {look.portal_id: "2026-10-12" for look in looks if look.outcome == "complete"}
    summary = {
        "period": "2026-09", "first": "2026-09-01", "last": "2026-09-30", "as_of": AS_OF.isoformat(), "attribution": "决定日期",
        "provisional": False, "calendar": [{"year": 2026, "notice": "国办发明电〔2025〕7号"}],
        "limits": [
            {"kind": kind, "what": what, "days": 7, "basis": "国办发〔2015〕51号第十八条"}
            for kind in ("licence", "penalty") for what in ("publish", "report")
        ],
        "scheme": {
            "name": "default", "title": "双公示百分制评分方案", "version": "1.0", "basis": "示例市双公示考核办法", "effective": "2026-01-01",
            "disclaimer": "参照公开文件整理，以当地最新文件为准。", "grades": [{"name": name, "min": least} for name, least in GRADES],
            "minimum_due": 10, "indicators": [{"id": key, "title": title, "points": points, "rule": ""} for key, title, points in INDICATORS],
        },
        "totals": totals, "units": per_unit, "findings": {}, "confirmed": {},
        "lines": {"pairs": 0, "same_decision": 0, "elsewhere": 0, "publications": 0, "submissions": 0},
        "exempt_grounds": {"repair": {"title": "信用修复", "n": 21}, "warning": {"title": "仅警告处罚", "n": 14}},
        "coverage": {
            "looks": len(looks), "by_outcome": dict(Counter(look.outcome for look in looks)), "portals": len(portals), "never_complete": [],
            "last_complete": {portal.id: whole.get(portal.id) for portal in portals}, "unread": 18,
        },
        "columns": {"portals": len(portals), "reached": len(portals) - 9, "missing": 1, "unreachable": 2, "empty": 1, "blocked": 5},
        "submissions_until": "2026-10-11", "previous": {"period": "2026-08", "totals": before},
        "not_judged": ["column_stale", "dead_link", "channel_missing"],
        "checks": {code: {"title": title, "exemptions_tested": []} for code, title in CODES.items()},
    }  # fmt: skip
    return PeriodRun(
        period="2026-09",
        as_of=AS_OF,
        scheme="default",
        scheme_version="1.0",
        inputs_sha256="ab12" * 16,
        results_sha256="cd34" * 16,
        assessed_at=datetime.datetime(2026, 10, 12, 21, 0, tzinfo=SHANGHAI),
        summary=summary,
    )


def make_workspace(root: Path, mail: str = "") -> Workspace:
    root.mkdir(parents=True, exist_ok=True)
    (root / "mingcha.yml").write_text('region: {code: "140600", name: 示例市}\n' + mail, encoding="utf-8")
    return Workspace.open(root)


def store(workspace: Workspace, rows: list[Any]) -> None:
    """Units before portals before what points to them."""
    with session_of(workspace) as session:
        for kind in (Unit, Portal, object):
            session.add_all([row for row in rows if type(row) is kind or kind is object])
            session.flush()


class Month:
    """The helpers of this file for tests (test modules cannot import a conftest)."""

    rows = staticmethod(lambda: make_rows())
    empty = staticmethod(lambda: empty_rows())
    workspace = staticmethod(make_workspace)
    store = staticmethod(store)


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> type[Month]:
    """All workspaces of a test run share one cache, as runs of one installation do."""
    shared = tmp_path_factory.mktemp("cache")

    def workspace(root: Path, mail: str = "") -> Workspace:
        made = make_workspace(root, mail)
        made.var.mkdir()
        (made.var / "cache").symlink_to(shared)
        return made

    Month.workspace = staticmethod(workspace)
    return Month


@pytest.fixture(scope="module")
def assessed(month: type[Month], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose September 2026 was assessed; tests only read it."""
    workspace = month.workspace(tmp_path_factory.mktemp("assessed"))
    store(workspace, make_rows())
    return workspace


def empty_rows() -> list[Any]:
    """One unit without any decision, portal or previous period."""
    unit = Unit(
        id="only",
        name="示例市档案局",
        level="institution",
        aliases=[],
        contacts={},
        assessed=True,
        active=True,
        position=0,
    )
    none = counts(random.Random(1), 0, 1)
    part = {
        "licence": none, "penalty": none, "all": none, "columns": {"portals": 0, "missing": 0, "unreachable": 0, "empty": 0},
        "findings": {}, "confirmed": {}, "catalogue_items": 0, "silent_items": 0, "due": 0, "veto_leads": {}, "total": None,
        "grade": None, "ranked": False, "rank": None,
    }  # fmt: skip
    run = make_run({"only": part}, {"licence": none, "penalty": none, "all": none}, {}, [], [])
    run.summary |= {"previous": None, "submissions_until": None, "exempt_grounds": {}, "not_judged": []}
    score = Score(
        period="2026-09", unit_id="only", indicator="A1", position=1, title="报送完整", scheme="default", scheme_version="1.0",
        ranked=False, max_points=20, formula="没有到期应报的决定，不适用",
    )  # fmt: skip
    return [unit, run, score]
