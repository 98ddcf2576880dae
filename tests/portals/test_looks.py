"""Looks at whole portals: what is stored, what a second look changes, what each kind of failure is called."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import select

from crawler.coverage import days
from crawler.launch import crawl
from crawler.spiders.base import PortalSpider
from db.models import Coverage, Evidence, ListEntry, Portal, Publication
from db.session import session_of
from db.settings import Workspace

HEADER = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚事由</th><th>处罚内容</th><th>处罚决定日期</th><th>处罚机关</th></tr>"


def row(n: int) -> str:
    return f"<tr><td>示罚〔2026〕{n}号</td><td>示例第{n}厂</td><td>扬尘</td><td>罚款{n}00元</td><td>2026-09-01</td><td>示例市市场监督管理局</td></tr>"


def look(workspace: Workspace) -> dict[str, tuple[str, int]]:
    return {result.portal: (result.outcome, result.records) for result in crawl(workspace, everything=True)}


def publications(workspace: Workspace) -> list[Publication]:
    with session_of(workspace) as session:
        return list(session.scalars(select(Publication).order_by(Publication.portal_id, Publication.document_number)))


def test_a_static_column_is_read_and_read_again_cheaply(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.trs_list("/a", list(range(1, 13)))
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html", "family": "auto"})
    assert look(workspace) == {"a": ("complete", 12)}
    first = publications(workspace)
    assert {p.absent_before for p in first} == {None} and {p.copies for p in first} == {1}
    assert first[0].evidence and first[0].stated_published_on == datetime.date(2026, 9, 3)
    with session_of(workspace) as session:
        assert session.get(Portal, "a").recognised == "trs_static"
        assert session.get(Evidence, first[0].evidence).sha256
        assert len(session.scalars(select(ListEntry)).all()) == 12

    site.seen.clear()
    site.trs_list("/a", list(range(2, 14)))  # one leaves, one comes
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    assert look(workspace) == {"a": ("complete", 12)}
    assert sum("t20260903" in path for path in site.seen) == 1  # only the new one was fetched
    by_number = {p.document_number: p for p in publications(workspace)}
    gone, new, kept = (by_number[f"示市监罚字〔2026〕{n}号"] for n in (1, 13, 5))
    assert gone.gone_since is not None and gone.gone_since.date() == datetime.date(2026, 9, 8)
    assert new.absent_before is not None and new.absent_before.date() == datetime.date(2026, 9, 7)
    assert kept.first_seen.date() == datetime.date(2026, 9, 7) and kept.last_seen.date() == datetime.date(2026, 9, 8)

    site.trs_list("/a", list(range(1, 14)))  # it comes back
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-09T09:00:00+08:00")
    assert look(workspace) == {"a": ("complete", 13)}
    assert {p.gone_since for p in publications(workspace)} == {None}


def test_an_incomplete_look_proves_nothing(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.trs_list("/a", [1, 2, 3])
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html", "family": "trs_static"})
    look(workspace)
    site.trs_list("/a", [2, 4, 5])
    site.put("/a/202609/t20260903_5.html", "broken", status=500)
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    assert look(workspace) == {"a": ("partial", 2)}
    site.put("/a/202609/t20260903_5.html", site.detail(5))
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-09T09:00:00+08:00")
    assert look(workspace) == {"a": ("complete", 3)}
    by_number = {p.document_number: p for p in publications(workspace)}
    assert by_number["示市监罚字〔2026〕1号"].gone_since.date() == datetime.date(
        2026, 9, 9
    )  # not the partial look's day
    assert by_number["示市监罚字〔2026〕5号"].absent_before.date() == datetime.date(2026, 9, 7)


def test_many_records_are_stored_as_few_are(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.launch._alone", lambda: True)  # the child is forked from this very process
    site.trs_list("/a", list(range(1, 13)))
    entry = {"url": f"{site.base}/a/index.html", "family": "trs_static"}
    few = watch({"id": "a", **entry}, name="held")
    assert look(few) == {"a": ("complete", 12)}
    monkeypatch.setattr("db.aside._HELD", 3)
    many = watch({"id": "a", **entry}, name="filed")
    assert look(many) == {"a": ("complete", 12)}
    rows = [[(p.record_id, p.content_hash, p.url, p.evidence) for p in publications(w)] for w in (few, many)]
    assert rows[0] == rows[1]


def test_an_entry_that_a_fault_left_without_answer_is_read_by_the_next_look(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = PortalSpider.receive

    def broken(self: Any, response: Any, step: str, context: Any) -> Any:
        if response.url.endswith("_2.html"):
            raise ZeroDivisionError("ours")
        return received(self, response, step, context)

    monkeypatch.setattr("crawler.launch._alone", lambda: True)  # the child is forked from this very process
    site.trs_list("/a", [1, 2, 3])
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html", "family": "trs_static"})
    with monkeypatch.context() as patched:
        patched.setattr(PortalSpider, "receive", broken)
        assert look(workspace)["a"][0] == "error"
    with session_of(workspace) as session:
        assert not any(entry.url.endswith("_2.html") for entry in session.scalars(select(ListEntry)))
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    assert look(workspace) == {"a": ("complete", 3)}


def test_every_failure_has_its_name(site: Any, watch: Any) -> None:
    site.put("/blocked", "<html><meta id='x' content='y' r='m'><script r='m'>$_ts={}</script></html>", status=412)
    site.put("/sentence", "<html><body>您的访问过于频繁，访问被禁止</body></html>")
    site.put("/soft", "<html><body>您访问的栏目不存在</body></html>")
    site.put("/broken", "oops", status=500)
    site.put("/template", "<html><ul>{{#each data}}<li><a href='{{url}}'>{{title}}</a></li>{{/each}}</ul></html>")
    site.put(
        "/empty",
        "<html><ul class='list'></ul><p>暂无数据</p><script>createPageHTML(1,0,'index','html')</script></html>",
    )
    site.put("/away", "http://example.org/list.html", status=302)
    site.put("/hostile", "<table>" + "<tr><td colspan='99999' rowspan='99999'>" * 400 + "</table>" + "<div>" * 3000)
    site.put("/zero", b"\0\0\0\0\1\2" * 50, kind="text/html")
    site.trs_list("/fine", [1])
    names = ["blocked", "sentence", "soft", "broken", "template", "empty", "away", "missing", "hostile", "zero"]
    portals = [{"id": name, "url": f"{site.base}/{name}"} for name in names]
    refused = {"id": "refused", "url": "http://127.0.0.1:9/x", "family": "trs_static"}
    inner = {"id": "inner", "url": f"{site.base}/fine/index.html", "allow_hosts": []}
    fine = {"id": "fine", "url": f"{site.base}/fine/index.html"}
    results = look(workspace := watch(*portals, refused, inner, fine))
    assert results.pop("hostile")[0] in ("script_list", "column_empty")
    assert results.pop("zero")[0] != "complete"
    assert results == {
        "blocked": ("blocked", 0), "sentence": ("blocked", 0), "soft": ("soft_404", 0), "broken": ("unreachable", 0),
        "template": ("script_list", 0), "empty": ("column_empty", 0), "away": ("link_out", 0),
        "missing": ("column_missing", 0), "refused": ("unreachable", 0), "inner": ("error", 0), "fine": ("complete", 1),
    }  # fmt: skip
    with session_of(workspace) as session:
        assert all(row.reason for row in session.scalars(select(Coverage)) if row.outcome != "complete")
        ledger = days(session, datetime.date(2026, 9, 6), datetime.date(2026, 9, 7))
    assert len(ledger) == 2 * 13
    assert [r["outcome"] for r in ledger if r["portal"] == "fine"] == [None, "complete"]


def test_wide_tables_over_pages_count_copies(site: Any, watch: Any) -> None:
    site.put(
        "/w",
        f"<p>共2页</p><table><tr><td colspan='6'>公示表</td></tr>{HEADER}{row(1)}{row(2)}{row(1)}</table><a href='/w?page=2'>下一页</a>",
    )
    site.put("/w?page=2", f"<p>共2页</p><table>{HEADER}{row(3)}</table><a href='/w?page=2'>下一页</a>")
    workspace = watch({"id": "w", "url": f"{site.base}/w"})
    assert look(workspace) == {"w": ("complete", 3)}
    assert {p.document_number: p.copies for p in publications(workspace)} == {
        "示罚〔2026〕1号": 2, "示罚〔2026〕2号": 1, "示罚〔2026〕3号": 1,
    }  # fmt: skip


def test_hanweb_asks_for_what_the_page_did_not_hold(site: Any, watch: Any) -> None:
    def record(n: int) -> str:
        return f"<record><![CDATA[<li><a href='/art/2026/9/3/art_7_{n}.html' title='第{n}号处罚决定书'>第{n}号</a><b>2026-09-03</b>]]></record>"

    script = "$('#9').jpage({totalRecord:5, perPage:2, proxyUrl:'/proxy.jsp', ajaxParam:{columnid:7, unitid:'9'}})"
    store = "<script type='text/xml'><datastore><recordset>{}</recordset></datastore></script>"
    site.put(
        "/col/col7/index.html", f"<div id='9'>{store.format(record(1) + record(2))}</div><script>{script}</script>"
    )
    site.put("/proxy.jsp?startrecord=3&endrecord=4&perpage=2", f"<datastore>{record(3)}</datastore>")  # cut short
    site.put("/proxy.jsp?startrecord=4&endrecord=5&perpage=2", f"<datastore>{record(4)}{record(5)}</datastore>")
    for n in range(1, 6):
        site.put(f"/art/2026/9/3/art_7_{n}.html", site.detail(n))
    workspace = watch({"id": "h", "url": f"{site.base}/col/col7/index.html"})
    assert look(workspace) == {"h": ("complete", 5)}


def test_json_grids_and_spreadsheets(site: Any, watch: Any) -> None:
    site.put(
        "/g",
        "<table id='t'></table><script>layui.use('table',function(){table.render({url:'/api/list', limit: 2})})</script>",
    )
    rows = [
        f'{{"cf_wsh":"示罚〔2026〕{n}号","cf_xdr_mc":"示例第{n}厂","cf_jdrq":"2026-09-01","cf_nr_fk":"0.1"}}'
        for n in (1, 2, 3)
    ]
    for page, part in ((1, rows[:2]), (2, rows[2:])):
        site.put(
            f"/api/list?page={page}&limit=2",
            f'{{"code":0,"count":3,"data":[{",".join(part)}]}}',
            kind="application/json",
        )
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["行政处罚信息公示表"])
        sheet.write_row(1, 0, ["序号", "行政处罚决定书文号", "行政相对人名称", "处罚结果", "处罚决定日期", "处罚机关"])
        sheet.write_row(2, 0, ["", "必填", "必填", "选填", "格式：YYYY/MM/DD", ""])
        sheet.write_row(3, 0, [1, "示罚〔2026〕8号", "示例第八厂", "警告", 46266, "示例市市场监督管理局"])
    site.put("/x/list.html", "<li><a href='./P02026.xlsx'>2026年9月行政处罚</a><span>2026-09-05</span></li>")
    site.put("/x/P02026.xlsx", stream.getvalue(), kind="application/octet-stream")
    workspace = watch({"id": "g", "url": f"{site.base}/g"}, {"id": "x", "url": f"{site.base}/x/list.html"})
    assert look(workspace) == {"g": ("complete", 3), "x": ("complete", 1)}
    seen = publications(workspace)
    assert [p.fine_yuan for p in seen[:3]] == [1000.0] * 3
    assert (seen[3].decision_date, seen[3].form, seen[3].stated_published_on) == (
        datetime.date(2026, 9, 1), "attachment", None,  # the file grows; its line's date is not that of each row
    )  # fmt: skip


def test_an_unreadable_attachment_leaves_the_look_partial(site: Any, watch: Any) -> None:
    site.put("/x/list.html", "<li><a href='./a.xlsx'>2026年9月行政处罚</a><span>2026-09-05</span></li>")
    site.put("/x/a.xlsx", b"PK\x03\x04 not a workbook", kind="application/octet-stream")
    workspace = watch({"id": "x", "url": f"{site.base}/x/list.html"})
    assert look(workspace) == {"x": ("partial", 0)}


def test_due_portals_only(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.trs_list("/a", [1])
    workspace = watch(
        {"id": "daily", "url": f"{site.base}/a/index.html"},
        {"id": "weekly", "url": f"{site.base}/a/index.html", "every": "1 week"},
        {"id": "nightly", "url": f"{site.base}/a/index.html", "hours": "22:00-06:00"},
    )
    assert [r.portal for r in crawl(workspace, due=True)] == ["daily", "weekly"]
    assert crawl(workspace, due=True) == []
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T23:00:00+08:00")
    assert [r.portal for r in crawl(workspace, due=True)] == ["daily", "nightly"]


FAULTY = """
import sys
from crawler import registry
from crawler.__main__ import work
from crawler.spiders.base import PortalSpider
from db.settings import Workspace
read = PortalSpider.read
def faulty(self, page, title=""):
    if "_2.html" in page.url:
        raise NameError("a fault of ours")
    return read(self, page, title)
PortalSpider.read = faulty
workspace = Workspace.open(sys.argv[1])
registry.sync(workspace)
work(workspace, ["a"], False)
"""


def test_what_a_fault_of_ours_hid_is_read_by_the_next_look(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry whose page made our own step raise is not remembered as one without records: nobody is accused for it."""
    site.trs_list("/a", [1, 2, 3])
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html"})
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", FAULTY, str(workspace.root)], cwd=root, check=True, timeout=300)
    with session_of(workspace) as session:
        assert session.scalars(select(Coverage.outcome)).all() == ["error"]
        assert len(session.scalars(select(ListEntry)).all()) == 2
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    assert look(workspace) == {"a": ("complete", 3)}
