"""Who is in the city: units, their columns, when we look at them, and what is wrong with a column as a whole."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from db.clock import SHANGHAI

REGION_CODE, REGION_NAME = "140600", "示例市"
PERIOD, FIRST, LAST, AS_OF = (
    "2026-09",
    datetime.date(2026, 9, 1),
    datetime.date(2026, 9, 30),
    datetime.date(2026, 10, 12),
)


def at(day: datetime.date, hour: int = 9, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2026-{text}")


TIMELINE = tuple(
    at(_day(text))
    for text in (
        "07-31",
        "08-17",
        "08-31",
        "09-07",
        "09-10",
        "09-14",
        "09-17",
        "09-21",
        "09-24",
        "09-28",
        "10-09",
        "10-12",
    )
)

# The 2018 template knows no time of receipt: its units send one file each Friday, in September two a week.
FILE_DAYS = tuple(
    _day(text)
    for text in (
        "07-03",
        "07-10",
        "07-17",
        "07-24",
        "07-31",
        "08-07",
        "08-14",
        "08-21",
        "08-28",
        "09-01",
        "09-04",
        "09-08",
        "09-11",
        "09-17",
        "09-18",
        "09-22",
        "09-24",
        "09-29",
        "10-09",
        "10-10",
    )
)


@dataclass(frozen=True)
class Link:
    """A line of a list that is no record. Its page answers `status` up to the day `until` and opens after it; the line itself
    stands from the day `since` to the day `listed`.
    """

    since: datetime.date
    until: datetime.date
    listed: datetime.date = datetime.date(2026, 12, 31)
    status: int = 404
    title: str = "2026年上半年双公示工作情况"

    def stands(self, day: datetime.date) -> bool:
        return self.since <= day <= self.listed

    def dead(self, day: datetime.date) -> bool:
        return self.stands(day) and day <= self.until


@dataclass(frozen=True)
class Portal:
    """One column. `form` is how records are shown; `fate` what is wrong with it: open, blocked, missing, empty, declared.

    `down` are the days between which the server answers 500; from the day `stopped` on nothing new is put up.
    """

    id: str
    unit: str
    kind: str  # licence | penalty | both
    family: str  # trs_static | hanweb_jpage | wide_table | json_grid | attachment_list | script
    form: str = "kv2"  # kv2 | kv4 | lines | text | mixed — how a detail page shows a record
    channel: str = "department"
    dated: bool = True  # a date of publication is stated
    fate: str = "open"
    down: tuple[datetime.date, datetime.date] | None = None
    gbk: bool = False
    labels: str = "2018"  # 2015 | 2018 | local | typo
    brackets: str = "〔〕"
    dates: str = "cn"
    money: str = "yuan"  # the unit of the amounts shown: yuan | wan
    mask: str = "某某"
    per_page: int = 20
    tables: int = 1
    window: int | None = None  # days after which an entry leaves the list
    announced: bool = False  # family and options are written in the registry, not left to be recognised
    stopped: datetime.date | None = None
    link: Link | None = None  # trs_static only

    def state(self, now: datetime.datetime) -> str:
        """What a visitor meets at this moment: open, down, blocked, missing, empty."""
        if self.down is not None and self.down[0] <= now.date() <= self.down[1]:
            return "down"
        return "empty" if self.fate == "declared" else self.fate

    @property
    def plain(self) -> bool:
        """Open for everybody on every day, each field in a place of its own: faults can be proven here."""
        whole = self.down is None and self.window is None and self.stopped is None and self.link is None
        return self.fate == "open" and whole and self.family != "script"

    @property
    def fielded(self) -> bool:
        return self.plain and self.form not in ("text", "mixed")

    def proves(self, now: datetime.datetime) -> bool:
        """A look at this moment is complete, so that what it does not show is not there."""
        return self.state(now) in ("open", "empty") and (self.link is None or not self.link.dead(now.date()))

    @property
    def title(self) -> str:
        if self.channel == "credit":
            return "信用网站双公示专栏"
        return {"licence": "行政许可公示", "penalty": "行政处罚公示", "both": "双公示专栏"}[self.kind]


@dataclass(frozen=True)
class Unit:
    """One unit. `penalties` and `licences` are numbers of decisions from July to September; `care` is how badly it works."""

    id: str
    name: str
    business: str
    level: str
    penalties: int
    licences: int
    care: float  # 0: without fault … 8: most faults
    prefix: str  # begins its document numbers
    area: str = REGION_CODE
    parent: str | None = None
    assessed: bool = True
    aliases: tuple[tuple[str, str | None], ...] = ()
    edition: str = "2020"  # the template it reports with
    place: str = "示例市"
    persons: float = 0.12  # share of natural persons among its parties
    traders: float = 0.14
    portals: tuple[Portal, ...] = field(default=(), compare=False)


# fmt: off
_CITY = "示例市"
_MUNICIPAL: tuple[tuple[str, str, int, int, float, tuple[tuple[str, str | None], ...]], ...] = (
    # id, name, penalties, licences, care, aliases
    ("fgw", "发展和改革委员会", 30, 60, 0, (("示例市发改委", None), ("示例市计划委员会", "2019-01-01"))),
    ("scjgj", "市场监督管理局", 150, 130, 1.5, (("示例市市场监管局", None), ("示例市工商行政管理局", "2019-01-01"))),
    ("sthjj", "生态环境局", 75, 45, 1, (("示例市环境保护局", "2027-12-31"), ("示例市环保局", None))),
    ("zjj", "住房和城乡建设局", 60, 75, 3, (("示例市住建局", None),)),
    ("jtysj", "交通运输局", 130, 80, 2, (("示例市交通局", None),)),
    ("yjglj", "应急管理局", 60, 50, 2, (("示例市应急局", None),)),
    ("wjw", "卫生健康委员会", 60, 80, 0, (("示例市卫健委", None),)),
    ("zrzyj", "自然资源局", 40, 60, 0.5, (("示例市自然资源和规划局", None),)),
    ("nyncj", "农业农村局", 55, 60, 8, (("示例市农业局", None),)),
    ("slj", "水利局", 35, 40, 0, ()),
    ("wlj", "文化和旅游局", 45, 40, 1, (("示例市文旅局", None),)),
    ("jyj", "教育局", 24, 36, 2, ()),
    ("rsj", "人力资源和社会保障局", 24, 40, 1, (("示例市人社局", None),)),
    ("gaj", "公安局", 70, 14, 0, ()),
    ("xzspj", "行政审批服务管理局", 0, 140, 1, (("示例市审批局", None),)),
    ("cgj", "城市管理局", 110, 8, 8, (("示例市城管局", None),)),
    ("xfjyzd", "消防救援支队", 70, 40, 0.5, ()),
    ("mzj", "民政局", 0, 40, 0.5, ()),
)
_PERSONS = {"jtysj": 0.35, "gaj": 0.35, "cgj": 0.2, "scjgj": 0.08, "zjj": 0.03, "fgw": 0.0, "mzj": 0.0, "xzspj": 0.06}
_COUNTIES = (("donghu", "东湖区", "东", "140602", "2018"), ("xiling", "西岭县", "西", "140621", "2020"),
             ("beiyuan", "北原县", "北", "140622", "2020"))
_COUNTY_BUREAUS = (("scjgj", "市场监督管理局", 50, 36), ("yjglj", "应急管理局", 20, 20), ("zjj", "住房和城乡建设局", 20, 24),
                   ("wjw", "卫生健康局", 22, 28))
_COUNTY_CARE = {"donghu_scjgj": 1, "donghu_yjglj": 0, "donghu_zjj": 2, "donghu_wjw": 0, "xiling_scjgj": 5, "xiling_yjglj": 2,
                "xiling_zjj": 1, "xiling_wjw": 0.5, "beiyuan_scjgj": 7, "beiyuan_yjglj": 2, "beiyuan_zjj": 3, "beiyuan_wjw": 0}

_LAST_DAYS = (_day("10-09"), _day("10-12"))
_PORTALS: tuple[Portal, ...] = (
    Portal("fgw_disclosure", "fgw", "both", "trs_static", "kv2", announced=True),
    Portal("scjgj_penalties", "scjgj", "penalty", "hanweb_jpage", "mixed", labels="local", brackets="[]", dates="iso"),
    Portal("scjgj_licences", "scjgj", "licence", "wide_table", dates="dots", per_page=25, brackets="（）"),
    Portal("sthjj_penalties", "sthjj", "penalty", "trs_static", "text", per_page=15),
    Portal("sthjj_licences", "sthjj", "licence", "trs_static", "kv2", labels="2015"),
    Portal("zjj_penalties", "zjj", "penalty", "trs_static", "kv4", gbk=True, labels="typo", dates="compact", money="wan"),
    Portal("zjj_licences", "zjj", "licence", "attachment_list", dates="serial"),
    Portal("jtysj_penalties", "jtysj", "penalty", "json_grid", announced=True, dates="iso", money="wan", mask="*"),
    Portal("jtysj_licences", "jtysj", "licence", "json_grid", dates="stamp", mask="*"),
    Portal("yjglj_penalties", "yjglj", "penalty", "trs_static", "lines", brackets="【】", dates="spaced"),
    Portal("yjglj_licences", "yjglj", "licence", "wide_table", dated=False, per_page=0, dates="slash"),
    Portal("wjw_penalties", "wjw", "penalty", "hanweb_jpage", "kv2", labels="2015", dates="dots"),
    Portal("wjw_licences", "wjw", "licence", "hanweb_jpage", "kv4", announced=True),
    Portal("zrzyj_penalties", "zrzyj", "penalty", "wide_table", tables=3, per_page=0, brackets="﹝﹞"),
    Portal("zrzyj_licences", "zrzyj", "licence", "trs_static", "kv4", dates="chinese"),
    Portal("nyncj_penalties", "nyncj", "penalty", "attachment_list", dates="serial", dated=False, money="wan"),
    Portal("nyncj_licences", "nyncj", "licence", "wide_table", dated=False, per_page=30, dates="cn"),
    Portal("slj_penalties", "slj", "penalty", "wide_table", dated=False, per_page=0, dates="compact", labels="local"),
    Portal("slj_licences", "slj", "licence", "trs_static", "lines", dates="iso", link=Link(_day("09-18"), _day("09-21"))),
    Portal("wlj_penalties", "wlj", "penalty", "trs_static", "kv2", down=_LAST_DAYS, labels="local"),
    Portal("wlj_licences", "wlj", "licence", "trs_static", "kv2", dates="slash",
           link=Link(_day("09-01"), _day("12-31"), listed=_day("09-18"))),
    Portal("jyj_penalties", "jyj", "penalty", "trs_static", "kv2", fate="blocked"),
    Portal("jyj_licences", "jyj", "licence", "trs_static", "kv2", dates="iso",
           link=Link(_day("09-11"), _day("12-31"), status=500)),
    Portal("rsj_penalties", "rsj", "penalty", "trs_static", "kv2", fate="missing"),
    Portal("rsj_licences", "rsj", "licence", "json_grid", dates="iso", stopped=_day("08-25")),
    Portal("gaj_penalties", "gaj", "penalty", "script", dates="iso", dated=False, mask="**", announced=True),
    Portal("xzspj_licences", "xzspj", "licence", "script", dates="iso", announced=True),
    Portal("xzspj_penalties", "xzspj", "penalty", "trs_static", "kv2", fate="declared"),
    Portal("cgj_penalties", "cgj", "penalty", "wide_table", dated=False, per_page=30, brackets="（）", dates="slash", mask="*"),
    Portal("cgj_licences", "cgj", "licence", "trs_static", "kv2", fate="empty"),
    Portal("xfjyzd_penalties", "xfjyzd", "penalty", "wide_table", window=25, per_page=0, dates="iso"),
    Portal("xfjyzd_licences", "xfjyzd", "licence", "trs_static", "kv2", link=Link(_day("09-11"), _day("12-31"))),
    Portal("mzj_licences", "mzj", "licence", "hanweb_jpage", "lines"),
    Portal("mzj_penalties", "mzj", "penalty", "hanweb_jpage", "kv2", fate="empty"),
    Portal("gjjzx_disclosure", "gjjzx", "both", "wide_table", tables=2, per_page=0, announced=True),
    Portal("swj_penalties", "swj", "penalty", "trs_static", "kv2", labels="local"),
    Portal("donghu_gov_penalties", "donghu", "penalty", "json_grid", channel="government", dates="stamp", money="wan"),
    Portal("donghu_gov_licences", "donghu", "licence", "json_grid", channel="government", dates="iso"),
    Portal("donghu_credit", "donghu", "both", "wide_table", channel="credit", dated=False, tables=2, per_page=0, dates="iso"),
    Portal("xiling_gov", "xiling", "both", "trs_static", "kv2", channel="government", dates="iso"),
    Portal("beiyuan_gov", "beiyuan", "both", "wide_table", channel="government", tables=2, per_page=0, dates="cn"),
    Portal("donghu_scjgj_penalties", "donghu_scjgj", "penalty", "trs_static", "kv4", brackets="[]"),
    Portal("donghu_scjgj_licences", "donghu_scjgj", "licence", "trs_static", "kv2"),
    Portal("donghu_yjglj_disclosure", "donghu_yjglj", "both", "hanweb_jpage", "kv2"),
    Portal("donghu_zjj_disclosure", "donghu_zjj", "both", "attachment_list", dates="serial"),
    Portal("donghu_wjw_disclosure", "donghu_wjw", "both", "wide_table", tables=2, per_page=0, dates="dots"),
    Portal("xiling_scjgj_penalties", "xiling_scjgj", "penalty", "json_grid", dates="iso", money="wan"),
    Portal("xiling_scjgj_licences", "xiling_scjgj", "licence", "trs_static", "lines"),
    Portal("xiling_yjglj_disclosure", "xiling_yjglj", "both", "trs_static", "mixed", brackets="（）"),
    Portal("xiling_zjj_disclosure", "xiling_zjj", "both", "trs_static", "kv2", down=(_day("09-14"), _day("12-31"))),
    Portal("xiling_wjw_disclosure", "xiling_wjw", "both", "hanweb_jpage", "kv4", dates="slash"),
    Portal("beiyuan_scjgj_penalties", "beiyuan_scjgj", "penalty", "wide_table", dated=False, per_page=20, labels="typo"),
    Portal("beiyuan_scjgj_licences", "beiyuan_scjgj", "licence", "json_grid", dates="iso"),
    Portal("beiyuan_yjglj_disclosure", "beiyuan_yjglj", "both", "trs_static", "kv2", gbk=True),
    Portal("beiyuan_zjj_disclosure", "beiyuan_zjj", "both", "attachment_list", dates="serial", dated=False),
    Portal("beiyuan_wjw_disclosure", "beiyuan_wjw", "both", "trs_static", "kv2", down=(_day("09-14"), _day("09-17"))),
)
# fmt: on


def _own(unit_id: str) -> tuple[Portal, ...]:
    return tuple(portal for portal in _PORTALS if portal.unit == unit_id)


def units() -> tuple[Unit, ...]:
    """Every unit with its columns, in the order of units.yml."""
    made = [
        Unit(
            key,
            _CITY + name,
            key,
            "municipal",
            pen,
            lic,
            care,
            "示",
            aliases=aliases,
            persons=_PERSONS.get(key, 0.12),
            portals=_own(key),
        )
        for key, name, pen, lic, care, aliases in _MUNICIPAL
    ]
    made.append(
        Unit(
            "gjjzx",
            "示例市住房公积金管理中心",
            "gjjzx",
            "institution",
            8,
            12,
            0,
            "示",
            persons=0,
            traders=0,
            portals=_own("gjjzx"),
        )
    )
    made.append(
        Unit(
            "swj",
            "国家税务总局示例市税务局",
            "swj",
            "vertical",
            40,
            0,
            0,
            "示",
            assessed=False,
            persons=0,
            portals=_own("swj"),
        )
    )
    for key, name, letter, area, edition in _COUNTIES:
        place = _CITY + name
        made.append(
            Unit(
                key,
                place + "人民政府",
                "government",
                "county",
                0,
                14,
                0,
                letter,
                area,
                edition=edition,
                place=place,
                persons=0,
                traders=0,
                portals=_own(key),
            )
        )
        for bureau, bureau_name, pen, lic in _COUNTY_BUREAUS:
            unit_id = f"{key}_{bureau}"
            made.append(
                Unit(
                    unit_id,
                    place + bureau_name,
                    bureau,
                    "county_department",
                    pen,
                    lic,
                    _COUNTY_CARE[unit_id],
                    letter,
                    area,
                    parent=key,
                    edition=edition,
                    place=place,
                    portals=_own(unit_id),
                )
            )
    return tuple(made)


def portals() -> tuple[Portal, ...]:
    return _PORTALS
