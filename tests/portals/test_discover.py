"""From a home page to ready entries: what is found, what is told, and that the rules of a crawl hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.discover import Discovery, discover, entries_of
from crawler.extract import extract_sources
from crawler.launch import crawl
from crawler.registry import check
from db.settings import CrawlSettings
from standard.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = CrawlSettings(delay_s=0, per_host=4, timeout_s=60, retries=0)
HOME = """<html><head><meta name="SiteName" content="示例市市场监督管理局"><title>示例市市场监督管理局</title></head><body>
<div class=nav><a href="/">首页</a><a href="/zwgk/">政务公开</a><a href="/bszn.html">办事指南</a><a href="/map.html">网站地图</a></div>
<ul><li><a href="/news/1.html">某公司行政处罚决定书</a><span>2026-09-01</span></li></ul>
<a href="/old/xzcf.html">行政处罚</a><a href="/ml.html">行政处罚事项目录</a><a href="/waf/xzxk/">行政许可公示</a><a href="/private/xzcf/">处罚公示</a>
<a href="https://credit.example.org/sgs">信用示例</a><a href="http://10.1.2.3/sgs/">双公示</a></body></html>"""


@pytest.fixture
def home(site: Any) -> Any:
    site.put("/", HOME)
    site.put("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    site.put(
        "/zwgk/", "<html><a href='/xk/index.html'>行政许可结果</a><a href='/zwgk/more.html'>重点领域信息公开</a></html>"
    )
    site.put("/zwgk/more.html", "<html><a href='/spa/sgs.html'>双公示专栏</a></html>")
    site.put("/map.html", "<html><frameset><frame src='/map_inner.html' name=main></frameset></html>")
    site.put("/map_inner.html", "<html><a href='/cf/index.html'>行政处罚信息公示</a></html>")
    site.trs_list("/cf", list(range(1, 26)))
    site.trs_list("/xk", [])
    site.put("/old/xzcf.html", "<html><p>您访问的栏目不存在</p></html>")
    site.put("/waf/xzxk/", "no", status=412)
    rows = [{"cf_wsh": f"示罚〔2026〕{n}号", "cf_xdr_mc": f"示例{n}厂", "cf_jdrq": "2026-09-01"} for n in range(1, 26)]

    def api(handler: Any, asked: dict[str, str]) -> None:
        start = (int(asked["page"]) - 1) * 10
        handler.answer(json.dumps({"count": 25, "data": rows[start : start + 10]}), "application/json")

    site.programs["/api/list"] = api
    site.put(
        "/spa/sgs.html",
        "<table id=t></table><script>layui.use('table');table.render({url:'/api/list',limit:10})</script>",
    )
    return site


def by_text(found: Discovery) -> dict[str, Any]:
    return {column.link.text: column for column in found.columns}


def test_columns_are_found_looked_at_and_described(home: Any) -> None:
    found = discover(f"{home.base}/", settings=SETTINGS, names={"示例市市场监督管理局": "scjgj"})
    assert (found.site, found.unit) == ("示例市市场监督管理局", "scjgj")
    columns = by_text(found)
    assert {text: (c.kind, c.family, c.outcome, c.usable) for text, c in columns.items()} == {
        "行政处罚信息公示": ("penalty", "trs_static", "complete", True),
        "行政许可结果": ("licence", None, "column_empty", True),
        "双公示专栏": ("penalty", "json_grid", "complete", True),
        "行政处罚": ("penalty", None, "soft_404", False),
        "行政许可公示": ("licence", None, "blocked", False),
        "处罚公示": ("penalty", None, "blocked", False),
        "双公示": ("both", None, "link_out", False),
        "信用示例": ("both", None, "link_out", True),
    }
    told = "\n".join(columns["行政处罚信息公示"].reasons)
    assert (
        "详情页名形如" in told
        and "createPageHTML" in told
        and "最新 2026-09-03" in told
        and "写明 3 页" in told
        and "试读出" in told
    )
    assert "robots.txt" in "".join(columns["处罚公示"].reasons) and columns["信用示例"].channel == "credit"
    assert "内网" in "".join(columns["双公示"].reasons)


def test_nothing_is_asked_that_a_crawl_would_not_ask_and_little_of_it(home: Any) -> None:
    discover(f"{home.base}/", settings=SETTINGS)
    assert not any(path.startswith(("/private/", "/news/", "/ml", "/bszn")) for path in home.seen)
    assert sum("t20260903" in path for path in home.seen) <= 2  # of 25 decisions
    assert home.seen.count("/robots.txt") == 1
    assert len(home.seen) < 30


def test_the_entries_are_accepted_by_the_registry_and_work(home: Any, watch: Any) -> None:
    workspace = watch({"id": "scjgj_penalties", "url": f"{home.base}/elsewhere"})
    found = discover(
        f"{home.base}/", unit="scjgj", settings=SETTINGS, taken=["scjgj_penalties"], known=[f"{home.base}/xk/"]
    )
    text = entries_of(found)
    entries = yaml.safe_load(text)
    assert [entry["id"] for entry in entries] == ["scjgj_penalties_2", "scjgj_penalties_3", "scjgj_credit_publicity"]
    assert "这个网址已经登记" in text and "/xk/" not in json.dumps(entries) and "（试读成功，trs_static）" in text
    everything = [column.link.url for column in found.columns]
    again = discover(f"{home.base}/", unit="scjgj", settings=SETTINGS, known=everything)
    assert "都已登记，没有要添加的" in entries_of(again) and yaml.safe_load(entries_of(again)) == []
    (workspace.registry / "portals" / "found.yml").write_text(text, encoding="utf-8")
    assert check(workspace) == []
    names = [entry["id"] for entry in entries if home.base in entry["url"]]
    assert [(r.outcome, r.records) for r in crawl(workspace, names)] == [("complete", 25), ("complete", 25)]


def test_a_redirect_into_the_inner_network_is_not_followed(site: Any) -> None:
    site.put("/", "<a href='/away/'>行政处罚</a>")
    site.put("/away/", "http://192.168.9.9/xzcf/", status=302)
    (column,) = discover(f"{site.base}/", settings=SETTINGS).columns
    assert column.outcome == "link_out" and "192.168.9.9" in "".join(column.reasons) and not column.usable


def test_a_home_page_that_cannot_be_read_is_refused(site: Any) -> None:
    site.put("/", "no", status=412)
    with pytest.raises(Refused, match="首页没有读到"):
        discover(f"{site.base}/", settings=SETTINGS)
    with pytest.raises(Refused, match="不是网址"):
        discover("www.example.gov.cn", settings=SETTINGS)


def test_hostile_words_stay_words(site: Any) -> None:
    site.put("/", "<a href='/cf/index.html'>行政处罚\u202e\n- id: x</a><a href='/cf/index.html?a'>处罚'\": {x}</a>")
    site.trs_list("/cf", [1, 2, 3])
    site.pages["/cf/index.html?a"] = site.pages["/cf/index.html"]
    text = entries_of(discover(f"{site.base}/", unit="scjgj", settings=SETTINGS))
    entries = yaml.safe_load(text)
    assert [entry["unit"] for entry in entries] == ["scjgj", "scjgj"] and "\u202e" not in "".join(
        line for line in text.splitlines() if line.startswith("#")
    )


@pytest.mark.slow
def test_the_command_prints_entries_and_refuses_what_is_wrong(home: Any, watch: Any) -> None:
    workspace = watch({"id": "other", "url": f"{home.base}/elsewhere"})

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "import cli; cli.main()", "-w", str(workspace.root), "discover", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=dict(os.environ))

    done = run(f"{home.base}/", "--unit", "示例市市场监督管理局")
    assert done.returncode == 0, done.stderr
    assert {entry["unit"] for entry in yaml.safe_load(done.stdout)} == {"scjgj"}
    wrong = run(f"{home.base}/", "--unit", "fgww")
    assert wrong.returncode == 2 and "登记中没有单位 fgww" in wrong.stderr


def test_extract_of_an_address_keeps_the_rules_of_a_crawl(site: Any) -> None:
    site.put("/d.html", site.detail(7))
    site.put("/away.html", "http://10.0.0.5/d.html", status=302)
    site.put("/robots.txt", "User-agent: *\nDisallow: /closed/\n", "text/plain")
    site.put("/closed/d.html", site.detail(8))
    (line,) = extract_sources([f"{site.base}/d.html"], kind="penalty")
    assert (line["document_number"], line["url"]) == ("示市监罚字〔2026〕7号", f"{site.base}/d.html")
    for path, why in (("/away.html", "内网"), ("/closed/d.html", "robots.txt"), ("/none.html", "HTTP 404")):
        with pytest.raises(Refused, match=why):
            list(extract_sources([f"{site.base}{path}"]))
    assert not any(path.startswith("/closed") for path in site.seen)
