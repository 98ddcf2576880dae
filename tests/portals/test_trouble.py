"""Trouble, served for real: each kind has its outcome and its Chinese reason, the run goes on, and it passes by again."""

from __future__ import annotations

import datetime
import gzip
import socket
import struct
import time
from typing import Any

import pytest
from sqlalchemy import select

from crawler.launch import crawl
from db.models import Coverage, Publication
from db.session import session_of
from db.settings import Workspace

HEAD = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚事由</th><th>处罚内容</th><th>处罚决定日期</th><th>处罚机关</th></tr>"


def table(*numbers: int, result: str = "罚款100元") -> str:
    rows = "".join(
        f"<tr><td>示罚〔2026〕{n}号</td><td>示例第{n}厂</td><td>扬尘</td><td>{result}</td><td>2026-09-01</td><td>示例市市场监督管理局</td></tr>"
        for n in numbers
    )
    return f"<html><table>{HEAD}{rows}</table></html>"


def reset(handler: Any, asked: dict[str, str]) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def drip(handler: Any, asked: dict[str, str]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        handler.close_connection = True  # it was cut off


def bomb(handler: Any, asked: dict[str, str]) -> None:
    handler.answer(gzip.compress(b"0" * (30 * 2**20)), Content_Encoding="gzip")


def endless(handler: Any, asked: dict[str, str]) -> None:
    n = int(asked["p"])
    handler.answer(table(n) + f"<a href='/endless?p={n + 1}'>下一页</a>")


def test_each_trouble_has_its_outcome_and_the_run_goes_on(site: Any, watch: Any) -> None:
    site.programs |= {"/reset": reset, "/bomb": bomb, "/endless": endless}
    for name, target in {
        "loop": "/loop2", "loop2": "/loop", "inner": "http://10.1.2.3/x", "foreign": "http://www.example.com/", "file": "file:///etc/passwd",
    }.items():  # fmt: skip
        site.put(f"/{name}", target, status=302)
    site.put("/huge", b"<html>" + b"a" * (3 * 2**20))
    site.put("/again", "<meta http-equiv='refresh' content='0;url=/again'>")
    site.put("/meta", "<html><head><meta http-equiv='refresh' content='0;url=/fine'></head></html>")
    site.put("/intranet", "<script>location.href='http://192.168.1.5/a'</script>")
    site.put("/empty", "")
    site.put("/garbage", b"\xff\xfe\xff\xff\x80\x81" * 300)
    site.put("/fine", table(1, 2))
    expected = {
        "reset": ("unreachable", "连接失败"), "bomb": ("partial", "大小上限"), "huge": ("partial", "大小上限"), "endless": ("partial", "页数达到上限"),
        "loop": ("shell", "反复跳转"), "file": ("shell", "无法采集的地址"), "again": ("shell", "跳转"),
        "inner": ("link_out", "内网"), "intranet": ("link_out", "内网"), "foreign": ("link_out", "外站"),
        "empty": ("blocked", "空白"), "garbage": ("script_list", "站型"), "meta": ("complete", ""), "fine": ("complete", ""),
    }  # fmt: skip
    limits = {"max_body_mb": 2, "max_pages": 12, "retries": 1, "per_host": 8}
    addresses = {name: f"{site.base}/{name}{'?p=1' if name == 'endless' else ''}" for name in expected}
    workspace = watch(*({"id": name, "url": url} for name, url in addresses.items()), crawl=limits)
    found = {result.portal: (result.outcome, result.reason) for result in crawl(workspace, everything=True)}
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        name: outcome for name, (outcome, _) in expected.items()
    }
    for name, (_, words) in expected.items():
        assert words in found[name][1], name


def test_a_site_that_does_not_answer_in_time_is_told(site: Any, watch: Any) -> None:
    site.programs |= {"/drip": drip, "/slow": lambda handler, asked: time.sleep(4)}
    portals = [{"id": name, "url": f"{site.base}/{name}"} for name in ("drip", "slow")]
    for result in crawl(watch(*portals, crawl={"timeout_s": 1}), everything=True):
        assert result.outcome == "unreachable" and "超时" in result.reason


def test_hostile_names_are_kept_inert(site: Any, watch: Any) -> None:
    site.put(
        "/l",
        "<ul><li><a href='../../../../etc/passwd%00' title='\x1b[31m红\x1b[0m<script>x</script>'>恶意\x07</a>2026-09-01</li>"
        "<li><a href='http://[bad'>坏</a>2026-09-01</li><li><a href='data:text/html,x'>数据</a>2026-09-01</li>"
        "<li><a href='javascript:alert(1)'>脚本</a>2026-09-01</li><li><a href='./a&#10;X-Inject: 1.html'>换行</a>2026-09-02</li></ul>",
    )
    body = "<p>行政处罚决定书</p><p>示罚〔2026〕{}号</p><p>当事人：=cmd|' /C calc'!A0\x1b[2J</p><p>决定给予警告。</p><p>2026年9月1日</p>"
    site.put("/etc/passwd%00", body.format(1))
    site.put("/aX-Inject:%201.html", body.format(2))
    workspace = watch({"id": "l", "url": f"{site.base}/l"})
    (result,) = crawl(workspace, everything=True)
    assert (result.outcome, result.records) == ("complete", 2)
    with session_of(workspace) as session:
        assert all("\x1b" not in str(row.counterparty) for row in session.scalars(select(Publication)))
    files = [path for path in workspace.root.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(workspace.root) for path in files) and not any(
        "passwd" in path.name for path in files
    )


Days = dict[str, tuple[str, int]]


@pytest.fixture
def portal(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One wide table, looked at day by day: portal(day, numbers or status, …) answers the outcome."""
    workspace = watch({"id": "w", "url": f"{site.base}/w"})

    class OnePortal:
        def look(self, day: int, *numbers: int, status: int = 200, **changes: str) -> str:
            site.put("/w", table(*numbers, **changes) if status == 200 else "x", status=status)
            monkeypatch.setenv("MINGCHA_NOW", f"2026-09-{day:02}T09:00:00+08:00")
            (result,) = crawl(workspace, everything=True)
            return result.outcome

        def shown(self) -> dict[int, Publication]:
            with session_of(workspace) as session:
                return {int(p.document_number.split("〕")[1][:-1]): p for p in session.scalars(select(Publication))}

        def ledger(self) -> list[str]:
            with session_of(workspace) as session:
                return list(session.scalars(select(Coverage.outcome).order_by(Coverage.looked_at)))

    assert isinstance(workspace, Workspace)
    return OnePortal()


def day(moment: datetime.datetime | None) -> int | None:
    return moment and moment.day


def test_appearance_is_told_only_by_complete_looks(portal: Any) -> None:
    portal.look(1, 1, 2)
    assert portal.look(2, status=500) == "unreachable"
    assert portal.look(3, status=412) == "blocked"
    assert portal.look(4, 1, 3, result="罚款200元") == "complete"  # 2 leaves, 3 comes, 1 says something else
    assert portal.look(5, status=404) == "column_missing"
    assert portal.look(6, 1, 2, 3) == "complete"  # the portal is back, and so is 2
    assert portal.ledger() == ["complete", "unreachable", "blocked", "complete", "column_missing", "complete"]
    shown = portal.shown()
    assert {n: day(p.first_seen) for n, p in shown.items()} == {1: 1, 2: 1, 3: 4}
    assert {n: day(p.last_seen) for n, p in shown.items()} == {1: 6, 2: 6, 3: 6}
    assert {n: day(p.absent_before) for n, p in shown.items()} == {1: None, 2: None, 3: 1}
    assert {n: day(p.gone_since) for n, p in shown.items()} == {1: None, 2: None, 3: None}


def test_changed_content_is_the_same_record(portal: Any) -> None:
    portal.look(1, 1)
    before = portal.shown()[1]
    portal.look(2, 1, result="罚款200元")
    after = portal.shown()[1]
    assert (after.record_id, day(after.first_seen)) == (before.record_id, 1)
    assert (before.content, after.content) == ("罚款100元", "罚款200元") and after.evidence != before.evidence


def test_what_rolls_off_is_gone_since_the_look_that_no_longer_showed_it(portal: Any) -> None:
    for number in range(1, 6):
        portal.look(number, number, number + 1)
    assert {n: day(p.gone_since) for n, p in portal.shown().items()} == {1: 2, 2: 3, 3: 4, 4: 5, 5: None, 6: None}
    assert {n: day(p.absent_before) for n, p in portal.shown().items()} == {1: None, 2: None, 3: 1, 4: 2, 5: 3, 6: 4}
