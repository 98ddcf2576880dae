"""Courtesy: robots.txt, Retry-After, hours, cookies, and one host's limits over all looks and all processes."""

from __future__ import annotations

import asyncio
import datetime
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crawler.courtesy import Host, Hosts, within
from crawler.downloader import Cookies
from crawler.launch import crawl
from crawler.registry import check
from crawler.wire import Answer

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
    cookies.take("http://www.a.gov.cn/", says("s=1; Path=/", "d=2; Domain=.a.gov.cn", "evil=3; Domain=b.gov.cn", "tld=4; Domain=cn", "nonsense"))  # fmt: skip
    assert cookies.of("http://www.a.gov.cn/x") == "s=1; d=2; evil=3; tld=4"
    assert cookies.of("http://api.a.gov.cn/") == "d=2" and cookies.of("http://b.gov.cn/") == ""
    cookies.take("http://www.a.gov.cn/", says("s=; Max-Age=0"))
    assert "s=" not in cookies.of("http://www.a.gov.cn/")
    cookies.take("http://www.a.gov.cn/", says(*(f"n{i}=x" for i in range(500))))
    assert len(cookies.of("http://www.a.gov.cn/").split("; ")) <= 60


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
                starts.append(time.monotonic())
                here += 1
                most = max(most, here)
                await asyncio.sleep(0.12)
                here -= 1

        await asyncio.gather(*(one() for _ in range(6)))
        host.close()
        return most, starts

    most, starts = asyncio.run(run())
    assert most == 2
    assert min(b - a for a, b in pairwise(starts)) > 0.04


ASKER = """
import asyncio, pathlib, sys, time
sys.path.insert(0, sys.argv[1])
from crawler.courtesy import Host
async def main():
    host = Host("a.gov.cn", 1, float(sys.argv[3]), pathlib.Path(sys.argv[2]))
    for _ in range(4):
        async with host.turn():
            print("in", time.monotonic(), flush=True)
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
        lines = [line.split() for line in process.communicate(timeout=60)[0].splitlines()]
        assert process.returncode == 0
        spans += [(float(a[1]), float(b[1])) for a, b in zip(lines[::2], lines[1::2], strict=True)]
    spans.sort()
    assert len(spans) == 12
    for (start, end), (following, _) in pairwise(spans):
        assert following >= end and following - start >= delay * 0.9


def test_a_process_that_dies_holds_nothing(tmp_path: Path) -> None:
    code = ASKER.replace("await asyncio.sleep(0.05)", "await asyncio.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(ROOT), str(tmp_path), "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline().startswith("in")
    process.kill()
    process.communicate()

    async def run() -> None:
        host = Host("a.gov.cn", 1, 0.0, tmp_path)
        async with asyncio.timeout(5), host.turn():
            pass
        host.close()

    asyncio.run(run())


def test_an_exception_of_tls_needs_its_reason(site: Any, watch: Any) -> None:
    entry = {"id": "w", "url": f"{site.base}/w"}
    assert any("reason" in fault for fault in check(watch({**entry, "tls": {"legacy": True}}, name="without")))
    reason = "2026-09：县级站只支持 TLS 1.0，信息中心同意至年底"
    assert check(watch({**entry, "tls": {"legacy": True, "reason": reason}}, name="with")) == []
