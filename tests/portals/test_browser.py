"""A browser that has no network of its own: what it asks for is answered, bounded, refused and kept like any other request."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from sqlalchemy import select

from crawler.browser import find_browser
from crawler.browser_transport import BrowserHandler
from crawler.launch import crawl
from crawler.wire import Unanswered
from db.evidence import EvidenceStore
from db.models import Coverage, Crawl, Evidence, Publication
from db.session import session_of

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no browser on this machine: apt-get install chromium")

ROW = "<tr><td>示罚〔2026〕{}号</td><td>示例第{}厂</td><td>警告</td><td>2026-09-01</td></tr>"
HEAD = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚内容</th><th>处罚决定日期</th></tr>"
PAGE = """<html><body><table id="t">%s</table><img src="http://10.0.0.1/x.png"><iframe src="file:///etc/passwd"></iframe>
<script src="http://www.example.com/spy.js"></script><script>
const ask = url => fetch(url).catch(() => null);
new WebSocket("ws://127.0.0.1:%s/socket");
Promise.all([ask("/data?session=" + document.cookie), ask("http://10.0.0.1/inner"), ask("http://169.254.169.254/meta"),
  ask("http://www.example.com/away")]).then(async answers => {
  document.getElementById("t").innerHTML += await answers[0].text();
});
</script></body></html>"""


def test_a_page_made_by_scripts_is_read_kept_and_pictured(site: Any, watch: Any) -> None:
    def column(handler: Any, asked: dict[str, str]) -> None:
        handler.answer(PAGE % (HEAD, site.base.rpartition(":")[2]), Set_Cookie="k=v")

    site.programs["/w"] = column
    site.programs["/data"] = lambda handler, asked: handler.answer(
        "".join(ROW.format(n, n) for n in (1, 2, 3)) if "k=v" in (handler.headers.get("Cookie") or "") else ""
    )
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table", "render": "browser"})
    (result,) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", 3)
    assert [path.partition("?")[0] for path in site.seen] == ["/robots.txt", "/w", "/data"]  # no picture, no socket
    with session_of(workspace) as session:
        kept = {row.method: row for row in session.scalars(select(Evidence).where(Evidence.url == f"{site.base}/w"))}
        assert set(kept) == {"GET", "BROWSER", "PICTURE"}
        assert all("example.com" not in url and "10.0.0.1" not in url for url in session.scalars(select(Evidence.url)))
        store = EvidenceStore(workspace)
        picture = store.get(session, kept["PICTURE"].id)
        assert picture is not None and picture.body.startswith(b"\x89PNG") and picture.content_type == "image/png"
        rendered = store.get(session, kept["BROWSER"].id)
        assert rendered is not None and "示例第3厂".encode() in rendered.body
        assert {row.evidence for row in session.scalars(select(Publication))} == {kept["BROWSER"].id}
        assert store.verify(session) == []


HELD_UP = """<html><body><table id="t">%s</table><script>
addEventListener("load", async () => {
  const first = await (await fetch("/first")).text();
  await new Promise(done => setTimeout(done, 50));
  for (const until = Date.now() + 900; Date.now() < until;);  // as on a machine that is busy with something else
  document.getElementById("t").innerHTML += first + await (await fetch("/second")).text();
});
</script></body></html>"""


def test_a_page_that_is_held_up_between_two_requests_is_waited_for(site: Any, watch: Any) -> None:
    site.put("/w", HELD_UP % HEAD)
    site.put("/first", ROW.format(1, 1))
    site.programs["/second"] = lambda handler, asked: (time.sleep(1), handler.answer(ROW.format(2, 2)))
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table", "render": "browser"})
    (result,) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", 2)


def test_what_hides_the_page_from_a_browser_too_is_told(site: Any, watch: Any) -> None:
    site.put("/blocked", "<script>$_ts = 1</script>", status=412)
    site.put("/away", "http://10.1.2.3/x", status=302)
    entries = [
        {"id": name, "url": f"{site.base}/{name}", "family": "wide_table", "render": "browser"}
        for name in ("blocked", "away")
    ]
    found = {r.portal: r.outcome for r in crawl(watch(*entries), everything=True)}
    assert found == {"blocked": "blocked", "away": "link_out"}


def test_a_killed_look_needs_no_browser_for_what_it_has(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("/w", f"<table>{HEAD}{ROW.format(1, 1)}</table>")
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table", "render": "browser"})
    crawl(workspace, everything=True)
    site.seen.clear()
    from db.models import Crawl

    with session_of(workspace) as session:
        session.scalars(select(Crawl)).one().state = "running"
        session.delete(session.scalars(select(Coverage)).one())
    (result,) = crawl(workspace, resume=True)
    assert (result.outcome, result.records, site.seen) == ("complete", 1, [])


def test_a_look_killed_between_the_picture_and_the_page_has_both(site: Any, watch: Any) -> None:
    site.put("/w", f"<table>{HEAD}{ROW.format(1, 1)}</table>")
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table", "render": "browser"})
    crawl(workspace, everything=True)
    with session_of(workspace) as session:
        places = {row.method: row for row in session.scalars(select(Evidence))}
        picture, page = places["PICTURE"], places["BROWSER"]
        wanted = set(session.scalars(select(Evidence.id)))
        assert picture.warc_offset < page.warc_offset  # a torn file never has the page without its picture
        file, end = workspace.evidence / page.warc_file, page.warc_offset
        session.scalars(select(Crawl)).one().state = "running"
        for row in session.scalars(select(Evidence)):
            session.delete(row)
    os.truncate(file, end)
    (result,) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", 1)
    with session_of(workspace) as session:
        assert {row.id for row in session.scalars(select(Evidence))} == wanted  # the one picture, not a second one
        assert EvidenceStore(workspace).verify(session) == []


SPA = """<html><head><title>行政处罚</title></head><body><div id="app"></div><script>
fetch("/rows" + ".txt").then(answer => answer.text()).then(text => {
  document.getElementById("app").innerHTML = "<table>%s" + text + "</table>";
});</script></body></html>"""


def test_a_list_made_by_a_script_is_opened_in_the_browser_by_itself(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`render: auto`: what plain HTTP cannot read is read by the browser in the same look, and at once by the next one."""
    site.put("/spa", SPA % HEAD)
    site.put("/rows.txt", "".join(ROW.format(n, n) for n in (1, 2, 3)), kind="text/plain")
    site.put("/plain", f"<table>{HEAD}{ROW.format(9, 9)}</table>")
    site.put("/blank", "<div><h2>行政处罚</h2><ul class=list></ul></div>")
    workspace = watch(
        {"id": "spa", "url": f"{site.base}/spa"}, {"id": "plain", "url": f"{site.base}/plain", "family": "wide_table"},
        {"id": "blank", "url": f"{site.base}/blank", "family": "trs_static"},
        {"id": "never", "url": f"{site.base}/spa", "render": "http"},
    )  # fmt: skip
    found = {r.portal: (r.outcome, r.records) for r in crawl(workspace, everything=True)}
    assert found == {
        "spa": ("complete", 3), "plain": ("complete", 1), "blank": ("column_empty", 0), "never": ("script_list", 0),
    }  # fmt: skip
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-08T09:00:00+08:00")
    told: list[str] = []
    crawl(workspace, everything=True, progress=told.append)
    assert [text for text in told if text.startswith("spa：") and "改用浏览器" in text] == []  # remembered
    with session_of(workspace) as session:
        looks = session.scalars(select(Coverage).where(Coverage.portal_id == "spa").order_by(Coverage.looked_at)).all()
        assert [look.outcome for look in looks] == ["complete", "complete"]
        assert all("列表由网页脚本生成，由浏览器读取" in look.notes for look in looks)
        assert len(session.scalars(select(Crawl).where(Crawl.portal_id == "spa")).all()) == 2  # one look a day
        methods = {row.method for row in session.scalars(select(Evidence).where(Evidence.url == f"{site.base}/spa"))}
        assert methods == {"GET", "BROWSER", "PICTURE"}
        assert EvidenceStore(workspace).verify(session) == []


def test_what_only_the_browser_cannot_open_is_not_unreachable(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Any, request: Any, fetcher: Any) -> Any:
        raise Unanswered("unreachable", "浏览器打开网页超时")

    monkeypatch.setattr("crawler.launch._alone", lambda: True)  # the child is forked from this very process
    monkeypatch.setattr(BrowserHandler, "render", broken)
    site.put("/spa", SPA % HEAD)
    (result,) = crawl(watch({"id": "spa", "url": f"{site.base}/spa"}), everything=True)
    assert result.outcome == "script_list" and "浏览器也没有读到" in result.reason
