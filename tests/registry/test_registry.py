"""The registry: every fault at once, with the nearest name; rows follow the files; what vanishes is only retired."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crawler.loader import spider_of
from crawler.registry import Portal, check, load, portal_of, sync
from crawler.spiders import class_of, families, options_of
from db.models import Portal as PortalRow
from db.models import Unit as UnitRow
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused

UNITS = """
region: {code: "140600", name: 示例市}
units:
  - id: fgw
    name: 示例市发展和改革委员会
    aliases: [示例市发改委, {name: 示例市计划委员会, until: 2019-01-01}]
    level: municipal
    contacts: {leader: {name: 张主任, email: a@example.org}}
  - {id: donghu, name: 东湖区人民政府, level: county}
"""
PORTALS = """
- id: fgw_penalties
  unit: fgw
  kind: penalty
  title: 行政处罚公示
  url: https://fgw.example.gov.cn/xzcf/index.html
  family: json_grid
  options: {api: /api/list, page: pageNo}
  every: 12 hours
  lookups: {columns: {案号: document_number}}
  notes: ["2026-03: moved to a new CMS"]
- {id: donghu_all, unit: donghu, kind: both, channel: government, title: 双公示, url: "http://donghu.example.gov.cn/", every: 1 week}
"""


def write(workspace: Workspace, units: str = UNITS, portals: str = PORTALS) -> None:
    folder = workspace.registry / "portals"
    folder.mkdir(parents=True, exist_ok=True)
    (workspace.registry / "units.yml").write_text(units, encoding="utf-8")
    (folder / "all.yml").write_text(portals, encoding="utf-8")


def test_rows_follow_the_files(workspace: Workspace) -> None:
    write(workspace)
    assert check(workspace) == []
    result = sync(workspace)
    assert (result.units_added, result.portals_added) == (2, 2)
    assert sync(workspace) == type(result)(0, 0, 0, 0, 0, 0)
    with session_of(workspace) as session:
        portal = session.get(PortalRow, "fgw_penalties")
        assert portal is not None and portal.every_hours == 12
        again = portal_of(portal.entry)
        assert again.lookups.columns == {"案号": "document_number"} and again.options == {
            "api": "/api/list",
            "page": "pageNo",
        }
        unit = session.get(UnitRow, "fgw")
        assert unit is not None and unit.aliases[1] == {"name": "示例市计划委员会", "until": "2019-01-01"}
        assert unit.contacts["leader"]["email"] == "a@example.org"
    write(workspace, portals="[]\n")
    assert sync(workspace).portals_retired == 2
    with session_of(workspace) as session:
        assert [portal.active for portal in session.scalars(select(PortalRow))] == [False, False]


def test_every_fault_is_told_at_once(workspace: Workspace) -> None:
    units = UNITS.replace("level: county}", "level: conty, parent: shi}")
    portals = """
- {id: A-1, unit: fgww, kind: penalti, title: 甲, url: "ftp://x", family: trs_statics, every: 2 moons}
- {id: b, unit: fgw, kind: penalty, title: 乙, url: "http://b.example/", familly: auto}
- {id: c, unit: fgw, kind: penalty, url: "http://c.example/"}
- {id: d, unit: fgww, kind: penalty, title: 丁, url: "ftp://d", family: json_grid, options: {apii: x}, hours: "25-3", every: 2 moons}
- {id: e, unit: fgw, kind: penalty, title: 戊, url: "http://e/", lookups: {columns: {案号: document_no}}, allow_hosts: ["http://x/"]}
- {id: e, unit: fgw, kind: penalty, title: 己, url: "http://e/", family: jsongrid}
"""
    write(workspace, units, portals)
    faults = "\n".join(check(workspace))
    for told in (
        "level：不能是 conty，是否想写 county", "kind：不能是 penalti，是否想写 penalty", "未知的键 familly，是否想写 family",
        "缺少必填的键 title", "单位 fgww 不在 units.yml 中，是否想写 fgw", "http:// 或 https://", "apii，是否想写 api",
        "hours 应写成", "every 应写成", "document_no，是否想写 document_number", "allow_hosts 只写主机名", "已用于 all.yml",
        "没有 jsongrid 这种站型，是否想写 json_grid",
    ):  # fmt: skip
        assert told in faults, told
    assert "（d）" in faults and "all.yml" in faults
    with pytest.raises(Refused):
        sync(workspace)
    with session_of(workspace) as session:
        assert session.scalars(select(PortalRow)).all() == []


def test_a_workspace_without_registry_is_refused_kindly(workspace: Workspace) -> None:
    with pytest.raises(Refused, match=r"units\.yml"):
        load(workspace)


@pytest.mark.parametrize("family", [*families(), "auto"])
def test_every_family_is_described_and_asks_for_its_first_page(family: str) -> None:
    portal = Portal(id="x", unit="u", kind="penalty", title="t", url="http://x.example/list.html", family=family)
    spider, arguments = spider_of(portal, None)
    assert spider.__name__ == "x" and arguments["portal"] is portal
    described = class_of(family).__doc__ or ""
    assert "1." in described and "2." in described
    for name in options_of(family).__dataclass_fields__:
        assert f"`{name}`" in described, f"option {name} of {family} is not described"


def test_one_fault_hides_no_other(workspace: Workspace) -> None:
    units = (
        UNITS
        + "  - {id: fgw, name: 丙局, level: municipal}\n  - {id: 5x, name: 丁局, level: town, parent: donghuu}\nunitz: []\n"
    )
    portals = """
- {id: a, unit: 5x, kind: penalty, title: 甲, url: "http://a:99999/", render: chrome, every: 0 days, hours: "22:00",
   lookups: {columns: {案号: documnt_number}}}
- {id: b, unit: fgv, kind: penalty, title: 乙, url: "http://b/", options: {apii: /x}}
- {id: b, unit: fgw, kind: penalty, url: "http:///x", allow_hosts: ["http://x:80"], family: jsn_grid}
"""
    write(workspace, units.replace("name: 示例市}", "name: 示例市, cod: 1}", 1), portals)
    faults = "\n".join(check(workspace))
    for told in (
        "未知的键 unitz", "未知的键 cod", "id fgw 重复", "（5x）：id 只能用", "level：不能是 town", "单位 donghuu 不存在，是否想写 donghu",
        "现为 http://a:99999/", "现为 0 days",
        "render：不能是 chrome", "现为 22:00", "documnt_number，是否想写 document_number", "单位 fgv 不在 units.yml 中，是否想写 fgw",
        "apii 这个键，是否想写 api", "id b 已用于 all.yml", "缺少必填的键 title", "现为 http:///x", "现为 http://x:80", "jsn_grid 这种站型，是否想写 json_grid",
    ):  # fmt: skip
        assert told in faults, told
    assert "单位 5x 不在" not in faults  # it stands in the file; its own faults are told where it stands
