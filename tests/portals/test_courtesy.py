"""Courtesy: robots.txt, Retry-After, hours, cookies, and one host's limits over all looks and all processes."""

from __future__ import annotations

import asyncio
import datetime
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import scrapy
from scrapy.settings import Settings

from crawler.courtesy import Host, Hosts, within
from crawler.downloader import Cookies, Downloader, Unread
from crawler.launch import crawl
from crawler.registry import check
from crawler.wire import Answer, Unanswered

ROOT = Path(__file__).resolve().parents[2]
HEAD = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚内容</th><th>处罚决定日期</th></tr>"
TABLE = f"<table>{HEAD}<tr><td>示罚〔2026〕1号</td><td>示例厂</td><td>警告</td><td>2026-09-01</td></tr></table>"


def outcome(workspace: Any) -> tuple[str, str]:
    (result,) = crawl(workspace, everything=True)
    return result.outcome, result.reason


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("User-agent: *\nDisallow: /w\n", "blocked"),
        ("User-agent: *\nDisallow: /\nAllow: /w\n", "complete"),
        ("User-agent: mingcha\nDisallow: /\n", "blocked"),
        ("User-agent: other\nDisallow: /\n", "complete"),
        ("<html>no robots at all", "complete"),
    ],
)
def test_robots_txt_is_obeyed(site: Any, watch: Any, rules: str, expected: str) -> None:
    site.put("/w", TABLE)
    site.put("/robots.txt", rules, kind="text/plain")
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"})
    found, reason = outcome(workspace)
    assert found == expected
    if expected == "blocked":
        assert "robots.txt" in reason and "/w" not in site.seen


def test_an_office_may_decide_otherwise(site: Any, watch: Any) -> None:
    site.put("/w", TABLE)
    site.put("/robots.txt", "User-agent: *\nDisallow: /\n", kind="text/plain")
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"}, crawl={"robots": False})
    assert outcome(workspace)[0] == "complete" and "/robots.txt" not in site.seen


def test_a_crawl_delay_is_kept(site: Any, watch: Any) -> None:
    site.trs_list("/a", [1, 2, 3])
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 0.3\n", kind="text/plain")
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html", "family": "trs_static"})
    began = time.monotonic()
    assert outcome(workspace)[0] == "complete"
    assert time.monotonic() - began > 3 * 0.3


def busy(times: int, after: str) -> Any:
    left = [times]

    def program(handler: Any, asked: dict[str, str]) -> None:
        left[0] -= 1
        if left[0] < 0:
            handler.answer(TABLE)
            return
        handler.send_response(429)
        handler.send_header("Retry-After", after)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return program


def test_a_host_that_asks_us_to_wait_is_waited_for(site: Any, watch: Any) -> None:
    site.programs["/w"] = busy(1, "1")
    workspace = watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"})
    began = time.monotonic()
    assert outcome(workspace)[0] == "complete"
    assert time.monotonic() - began > 1


def test_a_host_that_asks_for_hours_is_left_alone(site: Any, watch: Any) -> None:
    site.programs["/w"] = busy(99, "7200")
    workspace = watch(
        {"id": "w", "url": f"{site.base}/w", "family": "wide_table"},
        {"id": "x", "url": f"{site.base}/x", "family": "wide_table"},
        crawl={"per_host": 1, "retries": 3, "robots": False},
    )
    found = {r.portal: (r.outcome, r.reason) for r in crawl(workspace, everything=True)}
    assert {o for o, _ in found.values()} == {"blocked"} and any("秒后再访问" in reason for _, reason in found.values())
    assert site.seen == ["/w"]


def test_hours_go_over_midnight() -> None:

    assert within("22:00-06:00", datetime.time(23)) and within("22:00-06:00", datetime.time(5, 59))
    assert not within("22:00-06:00", datetime.time(12)) and within(None, datetime.time(12))
    assert within("08:00-18:00", datetime.time(8)) and not within("08:00-18:00", datetime.time(18))


def test_cookies_stay_with_their_host() -> None:
    def says(*lines: str) -> Answer:
        return Answer(200, tuple(("set-cookie", line) for line in lines), b"")

    cookies = Cookies()
    set_there = says(
        "s=1; Path=/", "d=2; Domain=.a.gov.cn; Path=/", "evil=3; Domain=b.gov.cn", "tld=4; Domain=cn",
        "all=5; Domain=.gov.cn", "below=6; Path=/x", "https=7; Path=/; Secure", "old=8; Path=/; Max-Age=0",
    )  # fmt: skip
    cookies.take("http://www.a.gov.cn/", set_there)
    assert sorted(cookies.of("http://www.a.gov.cn/").split("; ")) == ["d=2", "s=1"]
    assert sorted(cookies.of("http://www.a.gov.cn/x").split("; ")) == ["below=6", "d=2", "s=1"]
    assert "https=7" in cookies.of("https://www.a.gov.cn/")
    assert cookies.of("http://api.a.gov.cn/") == "d=2" and cookies.of("http://b.gov.cn/") == ""
    cookies.take("http://www.a.gov.cn/", says("s=; Path=/; Max-Age=0"))
    assert cookies.of("http://www.a.gov.cn/") == "d=2"
    cookies.put("http://www.a.gov.cn/", "script", "1")
    assert "script=1" in cookies.of("http://www.a.gov.cn/list")
    cookies.take("http://www.a.gov.cn/", says(*(f"k{n}=v; Path=/" for n in range(500)), f"long={'x' * 9000}; Path=/"))
    assert len(cookies.of("http://www.a.gov.cn/").split("; ")) <= 60 and "long" not in cookies.of(
        "http://www.a.gov.cn/"
    )


def test_a_session_is_carried_through_a_redirect(site: Any, watch: Any) -> None:
    def door(handler: Any, asked: dict[str, str]) -> None:
        if "k=v" in (handler.headers.get("Cookie") or ""):
            handler.answer(TABLE)
            return
        handler.send_response(302)
        handler.send_header("Set-Cookie", "k=v")
        handler.send_header("Location", "/w?again=1")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.programs["/w"] = door
    assert outcome(watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"}))[0] == "complete"


# ---------------------------------------------------------------- one host, many askers


def test_places_and_pauses_within_a_process(tmp_path: Path) -> None:
    async def run() -> tuple[int, list[float]]:
        host = Hosts(2, 0.05, tmp_path).of("a.gov.cn")
        here, most, starts = 0, 0, []

        async def one() -> None:
            nonlocal here, most
            async with host.turn():
                starts.append(host._next - host.delay)  # the moment it took, not the one at which we come to look
                here += 1
                most = max(most, here)
                await asyncio.sleep(0.12)
                here -= 1

        await asyncio.gather(*(one() for _ in range(6)))
        host.close()
        return most, starts

    most, starts = asyncio.run(run())
    assert most == 2
    assert min(b - a for a, b in pairwise(starts)) > 0.049


ASKER = """
import asyncio, pathlib, sys, time
sys.path.insert(0, sys.argv[1])
from crawler.courtesy import Host
async def main():
    host = Host("a.gov.cn", 1, float(sys.argv[3]), pathlib.Path(sys.argv[2]))
    for _ in range(4):
        async with host.turn():
            print("in", host._next - host.delay if host.delay else time.monotonic(), flush=True)
            await asyncio.sleep(0.05)
            print("out", time.monotonic(), flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_one_connection_is_one_over_several_processes(tmp_path: Path, delay: float) -> None:
    command = [sys.executable, "-c", ASKER, str(ROOT), str(tmp_path), str(delay)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    spans: list[tuple[float, float]] = []
    for process in processes:
        lines = [line.split() for line in process.communicate(timeout=300)[0].splitlines()]
        assert process.returncode == 0
        spans += [(float(a[1]), float(b[1])) for a, b in zip(lines[::2], lines[1::2], strict=True)]
    spans.sort()
    assert len(spans) == 12
    for (start, end), (following, _) in pairwise(spans):
        assert following >= end and following - start >= delay * 0.99


def test_a_process_that_dies_holds_nothing(tmp_path: Path) -> None:
    code = ASKER.replace("await asyncio.sleep(0.05)", "await asyncio.sleep(600)")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(ROOT), str(tmp_path), "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline().startswith("in")
    process.kill()
    process.communicate()

    async def run() -> None:
        host = Host("a.gov.cn", 1, 0.0, tmp_path)
        async with asyncio.timeout(60), host.turn():
            pass
        host.close()

    asyncio.run(run())


def test_an_exception_of_tls_needs_its_reason(site: Any, watch: Any) -> None:
    entry = {"id": "w", "url": f"{site.base}/w"}
    assert any("reason" in fault for fault in check(watch({**entry, "tls": {"legacy": True}}, name="without")))
    reason = "2026-09：县级站只支持 TLS 1.0，信息中心同意至年底"
    assert check(watch({**entry, "tls": {"legacy": True, "reason": reason}}, name="with")) == []


class Slow:
    """A fetcher whose answers take a moment; notes what was asked and how many were under way at once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.active = self.most = 0

    async def fetch(self, method: str, url: str, *_: Any, **__: Any) -> tuple[str, Answer, str]:
        self.asked.append(url.rpartition("/")[2])
        self.active += 1
        self.most = max(self.most, self.active)
        await asyncio.sleep(0.002)
        self.active -= 1
        if url.endswith("gone"):
            raise Unanswered("unreachable", "网站拒绝连接")
        return url, Answer(200, (("content-type", "text/html"),), b"x"), "evidence"


def walk(most: int, first: list[scrapy.Request], leads: Any) -> tuple[Slow, list[Any]]:
    """Ask for `first` and for what `leads` makes of each answer; who was asked, and what came."""
    fetcher, came = Slow(), []
    crawler = SimpleNamespace(settings=Settings({"CONCURRENT_REQUESTS": most}), spider=SimpleNamespace(fetcher=fetcher))

    async def run() -> None:
        downloader = Downloader(crawler)

        def answered(response: Any) -> None:
            came.append(response.url)
            for request in leads(response):
                downloader.put(request)

        for request in first:
            downloader.put(request.replace(callback=answered, errback=came.append))
        await downloader.run()

    asyncio.run(run())
    return fetcher, came


def page(name: str, **more: Any) -> scrapy.Request:
    return scrapy.Request(f"http://a.gov.cn/{name}", **more)


def test_a_walk_goes_by_priority_and_ends_with_its_last_page() -> None:
    def leads(response: Any) -> list[scrapy.Request]:
        if not response.url.endswith("first"):
            return []
        later = [page(f"d{n}", priority=1) for n in (1, 2)] + [page("p2", priority=2)]
        return [request.replace(callback=lambda _: None) for request in later]

    fetcher, came = walk(1, [page("first")], leads)
    assert fetcher.asked == ["first", "p2", "d1", "d2"] and fetcher.most == 1
    assert came == ["http://a.gov.cn/first"]


def test_a_walk_asks_no_more_at_once_than_it_may() -> None:
    fetcher, came = walk(3, [page(str(n)) for n in range(20)], lambda response: [])
    assert fetcher.most == 3 and len(came) == 20 == len(fetcher.asked)


def test_what_has_no_answer_is_told_and_the_walk_goes_on() -> None:
    _, came = walk(1, [page("gone"), page("there")], lambda response: [])
    unread = came[0]
    assert isinstance(unread, Unread) and unread.request.url.endswith("gone") and str(unread.value) == "网站拒绝连接"
    assert came[1:] == ["http://a.gov.cn/there"]


def test_a_fault_of_ours_in_a_walk_is_never_silent() -> None:
    def leads(response: Any) -> list[scrapy.Request]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        walk(2, [page("1"), page("2"), page("3")], leads)


def test_a_fault_is_told_by_a_worker_that_began_and_ended_while_another_was_waited_for() -> None:
    def leads(response: Any) -> list[scrapy.Request]:
        if response.url.endswith("first"):
            return [page("second"), page("third").replace(callback=lambda _: 1 / 0), page("fourth")]
        return []

    with pytest.raises(ZeroDivisionError):
        walk(2, [page("first")], lambda response: [r.replace(callback=r.callback or still) for r in leads(response)])


def still(response: Any) -> None:
    """Nothing comes of this page."""


def test_a_fault_of_ours_in_a_walk_makes_the_look_an_error(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, *_: Any, **__: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("crawler.spiders.base.PortalSpider.receive", broken)
    monkeypatch.setattr("crawler.launch._alone", lambda: True)  # the child is forked from this very process
    site.put("/w", TABLE)
    found, reason = outcome(watch({"id": "w", "url": f"{site.base}/w", "family": "wide_table"}))
    assert found == "error" and "ZeroDivisionError" in reason
