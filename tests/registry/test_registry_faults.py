"""However many things are wrong at once, each is told: with its file, its entry, its key, and the nearest valid name."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.registry import check, load
from crawler.registry_workbook import export_workbook, import_workbook
from db.settings import Workspace

Entry = dict[str, Any]


def unit(n: int) -> Entry:
    if n % 5 == 4:
        return {"id": f"u{n}", "name": f"示例市第{n}局", "level": "county_department", "parent": "qu",
                "contacts": {"leader": {"name": "张", "email": f"a{n}@example.org"}}}  # fmt: skip
    return {"id": f"u{n}", "name": f"示例市第{n}局", "level": "municipal", "aliases": [f"第{n}局"]}


def portal(n: int) -> Entry:
    return {
        "id": f"p{n}", "unit": f"u{n % 20}", "kind": "penalty", "title": "行政处罚公示", "url": f"https://example.gov.cn/{n}/", "family": "json_grid",
        "render": "http", "every": "1 day", "hours": "22:00-06:00", "options": {"api": "/api/list"}, "allow_hosts": ["a.example.org"],
        "lookups": {"columns": {"案号": "document_number"}}, "expect": {"records": {"min": 4, "max": 9}, "newest_within_days": 30},
    }  # fmt: skip


# name -> (what is done to an entry, what the message must say)
PORTAL_FAULTS: dict[str, tuple[Callable[[Entry], None], tuple[str, ...]]] = {
    "unknown key": (lambda e: e.update(famly="auto"), ("未知的键 famly，是否想写 family",)),
    "bad kind": (lambda e: e.update(kind="penalti"), ("kind：不能是 penalti，是否想写 penalty",)),
    "no such unit": (lambda e: e.update(unit="u1x"), ("unit：单位 u1x 不在 units.yml 中，是否想写 u1",)),
    "bad channel": (lambda e: e.update(channel="goverment"), ("channel：不能是 goverment，是否想写 government",)),
    "bad scheme": (lambda e: e.update(url=e["url"].replace("https", "htps")), ("url 应为", "是否想写 https")),
    "blank in url": (lambda e: e.update(render="chrome"), ("render：不能是 chrome，可用",)),
    "bad cron": (lambda e: e.update(every="0 3 * * *"), ("every 应写成", "不用 cron 写法")),
    "bad hours": (lambda e: e.update(hours="25:00-06:00"), ("hours 应写成", "25:00-06:00")),
    "unknown option": (lambda e: e["options"].update(apii="/x"), ("options：未知的键 apii，是否想写 api",)),
    "unknown field": (lambda e: e["lookups"]["columns"].update(案号="documnt_number"), ("指向未知字段 documnt_number，是否想写 document_number",)),
    "bad host": (lambda e: e.update(allow_hosts=["http://x:80"]), ("allow_hosts 只写主机名", "http://x:80")),
    "unknown expectation": (lambda e: e["expect"].update(newest_in_days=3), ("expect：未知的键 newest_in_days，是否想写 newest_within_days",)),
    "bounds crossed": (lambda e: e["expect"].update(records={"min": 10, "max": 9}), ("expect.records：min 10 大于 max 9",)),
    "no title": (lambda e: e.pop("title"), ("缺少必填的键 title",)),
    "notes no list": (lambda e: e.update(notes="x"), ("notes：应为列表",)),
}  # fmt: skip
UNIT_FAULTS: dict[str, tuple[Callable[[Entry], None], tuple[str, ...]]] = {
    "bad level": (lambda e: e.update(level="muncipal"), ("level：不能是 muncipal，是否想写 municipal",)),
    "unknown key": (lambda e: e.update(alias=["x"]), ("未知的键 alias，是否想写 aliases",)),
    "no parent": (lambda e: e.update(parent="quu"), ("parent：单位 quu 不存在，是否想写 qu",)),
    "bad mail": (lambda e: e.update(contacts={"leader": {"email": "a.example.org"}}), ("contacts.leader.email", "不是邮箱地址")),
    "no truth": (lambda e: e.update(assessed="yes"), ("assessed：应为 true 或 false",)),
    "code as number": (lambda e: e.update(uscc=114), ("uscc：应为文字",)),
}  # fmt: skip


def write(root: Path, units: list[Entry], *files: list[Entry]) -> Workspace:
    folder = root / "registry" / "portals"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "mingcha.yml").write_text('region: {code: "140600", name: 示例市}\n', encoding="utf-8")
    (root / "registry" / "units.yml").write_text(yaml.safe_dump({"units": units}, allow_unicode=True), encoding="utf-8")
    for old in folder.iterdir():
        old.unlink()
    for number, entries in enumerate(files):
        (folder / f"f{number}.yml").write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    return Workspace.open(root)


def city() -> tuple[list[Entry], list[list[Entry]]]:
    units = [{"id": "qu", "name": "示例区人民政府", "level": "county"}, *(unit(n) for n in range(20))]
    return units, [[portal(n) for n in range(10)], [portal(n) for n in range(10, 20)]]


def test_the_city_without_faults_has_none(tmp_path: Path) -> None:
    units, files = city()
    assert check(write(tmp_path, units, *files)) == []


@settings(max_examples=60)
@given(
    st.sets(st.tuples(st.integers(0, 19), st.sampled_from(sorted(PORTAL_FAULTS))), max_size=25),
    st.sets(st.tuples(st.integers(0, 19), st.sampled_from(sorted(UNIT_FAULTS))), max_size=15),
)
def test_n_faults_are_n_messages(
    tmp_path_factory: pytest.TempPathFactory, on_portals: set[tuple[int, str]], on_units: set[tuple[int, str]]
) -> None:
    units, files = copy.deepcopy(city())
    wanted: list[tuple[str, tuple[str, ...]]] = []
    for place, name in sorted(on_portals):
        spoil, says = PORTAL_FAULTS[name]
        spoil(files[place // 10][place % 10])
        wanted.append((f"f{place // 10}.yml：第 {place % 10 + 1} 项（p{place}）：", says))
    for place, name in sorted(on_units):
        spoil, says = UNIT_FAULTS[name]
        spoil(units[place + 1])
        wanted.append((f"units.yml：units第 {place + 2} 项（u{place}）：", says))
    faults = check(write(tmp_path_factory.mktemp("fuzz"), units, *files))
    for where, says in wanted:
        assert any(where in fault and all(word in fault for word in says) for fault in faults), (where, says, faults)
    assert len(faults) == len(wanted), faults  # nothing is told twice, nothing else is told


@pytest.mark.parametrize("units", ["units: []\n", "region: {code: '1', name: x}\n", "", None])
def test_without_any_unit_every_fault_of_an_entry_is_still_told(tmp_path: Path, units: str | None) -> None:
    wrong = {**portal(1), "unit": "nobody", "kind": "penalti", "famly": "auto"}
    workspace = write(tmp_path, [], [wrong])
    file = tmp_path / "registry" / "units.yml"
    file.unlink() if units is None else file.write_text(units, encoding="utf-8")
    told = "\n".join(check(workspace))
    for says in (
        "未知的键 famly，是否想写 family",
        "不能是 penalti，是否想写 penalty",
        "单位 nobody 不在 units.yml 中",
    ):
        assert says in told


def test_units_that_cannot_be_read_do_not_make_every_portal_wrong(tmp_path: Path) -> None:
    workspace = write(tmp_path, [], [portal(1), {**portal(2), "kind": "x"}])
    (tmp_path / "registry" / "units.yml").write_text("units: [", encoding="utf-8")
    faults = check(workspace)
    assert len(faults) == 2 and "不是合法的 YAML" in faults[0] and "kind：不能是 x" in faults[1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": " https://a.gov.cn/"}, "url 中有空格"), ({"url": "https://a.gov.cn/a b"}, "url 中有空格"), ({"url": "http：//a.gov.cn/"}, "url 应为 http://"),
        ({"url": "https:/a.gov.cn/"}, "url 应为 http://"), ({"url": "https://a。gov.cn/"}, "主机名"), ({"url": "https://a_b，c.cn/"}, "主机名"),
        ({"url": ""}, "url 不能为空"), ({"url": "http://[::1"}, "url 应为"), ({"url": "http://a:99999/"}, "url 应为"), ({"url": "ftp://a.cn/"}, "url 应为"),
        ({"every": "daily"}, "是否想写 1 day"), ({"every": "每天"}, "是否想写 1 day"), ({"every": "0 days"}, "现为 0 days"),
        ({"every": "99999999999 weeks"}, "every 应写成"), ({"hours": "22:00-22:00"}, "hours 起止相同"), ({"hours": "22点到6点"}, "hours 应写成"),
        ({"allow_hosts": "a.cn"}, "allow_hosts：应为列表"), ({"allow_hosts": ["*.a.cn"]}, "allow_hosts 只写主机名"),
        ({"allow_hosts": [7]}, "allow_hosts[1]：应为文字"),
        ({"expect": {"records": {"min": -1}}}, "expect.records.min：不能小于 0"), ({"expect": 3}, "expect：应为"),
        ({"lookups": {"column": {}}}, "是否想写 columns"),
        ({"family": "jsn_grid"}, "是否想写 json_grid"), ({"id": "P1"}, "id 只能用小写字母"), ({"title": "　"}, "title 不能为空"),
    ],
)  # fmt: skip
def test_one_wrong_value_is_one_message(tmp_path: Path, changes: Entry, says: str) -> None:
    units, _ = city()
    faults = check(write(tmp_path, units, [{**portal(1), **changes}]))
    assert len(faults) == 1 and says in faults[0] and "f0.yml：第 1 项" in faults[0], faults


@pytest.mark.parametrize(
    "url",
    [
        "https://中文.cn/双公示/?a=1#x",
        "http://127.0.0.1:8080/",
        "http://[::1]:80/a",
        "HTTP://a.cn"[:4].lower() + "://a_b.cn",
    ],
)
def test_unusual_addresses_that_work(tmp_path: Path, url: str) -> None:
    units, _ = city()
    assert check(write(tmp_path, units, [{**portal(1), "url": url}])) == []


def test_the_same_column_twice_is_told_and_two_units_may_share_one(tmp_path: Path) -> None:
    units, _ = city()
    one, two = portal(1), {**portal(2), "unit": "u1", "url": "https://EXAMPLE.gov.cn/1#top"}
    faults = check(write(tmp_path, units, [one], [two]))
    assert len(faults) == 1 and "f1.yml：第 1 项（p2）：url：与 p1 是同一单位、同一网址" in faults[0]
    for other in ({"unit": "u2"}, {"kind": "licence"}, {"options": {"api": "/other"}}):
        assert check(write(tmp_path, units, [one], [{**two, **other}])) == []


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([{"id": "a", "name": "甲", "level": "county", "parent": "b"}, {"id": "b", "name": "乙", "level": "county", "parent": "a"}],
         ["a 的上级又回到 b", "b 的上级又回到 a"]),
        ([{"id": "a", "name": "甲", "level": "county", "parent": "a"}], ["不能是单位自己"]),
        ([{"id": "a", "name": "甲", "level": "county_department"}], ["须写所属县区政府"]),
        ([{"id": "a", "name": "甲", "level": "municipal"}, {"id": "b", "name": "乙", "level": "county_department", "parent": "a"}], ["a 不是县区政府"]),
        ([{"id": "a", "name": "甲", "level": "municipal"}, {"id": "b", "name": "乙", "level": "municipal", "aliases": ["甲"]}], ["别名“甲”与单位 a"]),
        ([{"id": "a", "name": "甲", "level": "municipal", "uscc": "1"},
          {"id": "b", "name": "乙", "level": "municipal", "uscc": "1"}], ["uscc：1 与单位 a 相同"]),
        ([{"id": "a", "name": "甲", "level": "municipal"}, {"id": "a", "name": "乙", "level": "municipal"}], ["id a 重复"]),
        ([{"id": "a", "name": "", "level": "municipal"}], ["name 不能为空"]),
        ([{"id": "a", "name": "甲", "level": "municipal"},
          {"id": "b", "name": "乙", "level": "municipal", "aliases": [{"name": "甲", "until": "2019-01-01"}]}], []),
    ],
)  # fmt: skip
def test_units_among_themselves(tmp_path: Path, entries: list[Entry], says: list[str]) -> None:
    faults = check(write(tmp_path, entries))
    assert len(faults) == len(says) and all(any(word in fault for fault in faults) for word in says), faults


def test_an_id_is_used_once_over_all_files(tmp_path: Path) -> None:
    units, _ = city()
    (fault,) = check(write(tmp_path, units, [portal(1)], [{**portal(2), "id": "p1"}]))
    assert "f1.yml：第 1 项（p1）：id p1 已用于 f0.yml" in fault


def test_500_units_and_2000_portals_are_checked_in_seconds_and_go_round(tmp_path: Path) -> None:
    units = [
        {"id": f"u{n}", "name": f"示例市第{n}局", "level": "municipal", "aliases": [f"第{n}局"]} for n in range(500)
    ]
    portals = [{**portal(n), "unit": f"u{n % 500}"} for n in range(2000)]
    workspace = write(tmp_path, units, portals)
    start = time.process_time()
    assert check(workspace) == []
    assert time.process_time() - start < 60
    before = load(workspace)
    export_workbook(workspace, tmp_path / "a.xlsx")
    import_workbook(workspace, tmp_path / "a.xlsx")
    assert sorted(load(workspace).portals, key=lambda p: p.id) == sorted(before.portals, key=lambda p: p.id)
    assert load(workspace).units == before.units
