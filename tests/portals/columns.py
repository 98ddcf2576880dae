"""Columns for tests: what portals of any make show (25 made-up decisions), and one crawl of many columns."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from crawler import detect
from crawler.extract import tables
from crawler.launch import CrawlResult, crawl
from db.models import Coverage, Portal, Publication
from db.session import session_of

COUNT, SIZE = 25, 10
PAGES = 3
BADGES = (  # stand on every government site and speak for nobody
    '<meta name="SiteName" content="示例市某局"><meta name="SiteIDCode" content="1406000045"><script src="/js/jquery.min.js"></script>'
    '<script src="//dcs.conac.cn/js/1.js"></script><a href="http://pucha.kaipuyun.cn/exposure/1">纠错</a><a href="/index.html">首页</a>'
)


@dataclass
class Case:
    """One column: where it is, which family must read it, and what takes one of its marks away."""

    family: str
    url: str
    spoil: list[tuple[str, str]] = field(default_factory=list)  # (pattern, instead) on the page's text
    spoiled_url: str = "/zwgk/list.html"
    options: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)


def title(n: int) -> str:
    return f"示例市第{n}号商贸有限公司未按规定公示价格案"


def day(n: int) -> str:
    return f"2026-08-{n:02d}"


def page_of(number: int, size: int = SIZE) -> list[int]:
    """The decisions on a list page, the newest first."""
    start = COUNT - (number - 1) * size
    return list(range(start, max(start - size, 0), -1))


def decision(n: int, container: str = "class='content'") -> str:
    return (
        f'<html><head><meta name="ArticleTitle" content="{title(n)}"><meta name="PubDate" content="{day(n)} 09:00"></head><body>{BADGES}'
        f"<div {container}><table><tr><td>行政处罚决定书文号</td><td>示市监罚字〔2026〕{n}号</td></tr>"
        f"<tr><td>行政相对人名称</td><td>示例市第{n}号商贸有限公司</td></tr><tr><td>违法事实</td><td>未按规定公示价格</td></tr>"
        f"<tr><td>处罚内容</td><td>罚款{n}00元</td></tr><tr><td>处罚决定日期</td><td>2026年7月{n}日</td></tr>"
        "<tr><td>处罚机关</td><td>示例市市场监督管理局</td></tr></table></div></body></html>"
    )


def record(n: int) -> dict[str, Any]:
    return {
        "cf_wsh": f"示市监罚字〔2026〕{n}号", "cf_xdr_mc": f"示例市第{n}号商贸有限公司", "cf_jdrq": f"2026-07-{n:02d} 00:00:00.0",
        "cf_cfjg": "示例市市场监督管理局",
    }  # fmt: skip


def items(number: int, link: Callable[[int], str], size: int = SIZE) -> str:
    return "".join(
        f'<li><a href="{link(n)}" title="{title(n)}">{title(n)[:12]}…</a><span>{day(n)}</span></li>'
        for n in page_of(number, size)
    )


def page(body: str) -> str:
    return f"<html><head><title>行政处罚</title></head><body>{BADGES}{body}</body></html>"


def json_answer(handler: Any, value: Any) -> None:
    handler.answer(json.dumps(value, ensure_ascii=False), "application/json")


def put_details(site: Any, address: Callable[[int], str], container: str = "class='content'") -> None:
    for n in range(1, COUNT + 1):
        site.put(address(n), decision(n, container))


NUMBERS = sorted(f"示市监罚字〔2026〕{n}号" for n in range(1, COUNT + 1))


@dataclass
class World:
    """The site, its columns, and what one crawl of all of them brought."""

    site: Any
    cases: dict[str, Case]
    results: dict[str, CrawlResult]
    numbers: dict[str, list[str]]
    recognised: dict[str, str | None]
    notes: dict[str, str]


def crawled(columns: Iterable[Callable[[Any], Case]], site: Any, make_workspace: Any, root: Path) -> World:
    """One crawl of all these columns, each with `family: auto`."""
    cases = {column.__name__: column(site) for column in columns}
    portals = [
        {"id": name, "url": f"{site.base}{case.url}", "options": case.options, **case.entry}
        for name, case in cases.items()
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINGCHA_NOW", "2026-09-07T09:00:00+08:00")
        workspace = make_workspace(root, portals)
        results = {result.portal: result for result in crawl(workspace, everything=True)}
        with session_of(workspace) as session:
            published = session.execute(select(Publication.portal_id, Publication.document_number)).all()
            recognised = {portal.id: portal.recognised for portal in session.scalars(select(Portal))}
            notes = {row.portal_id: "\n".join(row.notes) for row in session.scalars(select(Coverage))}
    numbers = {name: sorted(number for portal, number in published if portal == name) for name in cases}
    return World(site, cases, results, numbers, recognised, notes)


def read_to_its_end(world: World, name: str) -> None:
    """Fails unless a column was recognised and all that it shows was read."""
    result, case = world.results[name], world.cases[name]
    assert (result.outcome, result.reason) == ("complete", ""), world.notes.get(name)
    assert world.numbers[name] == NUMBERS
    assert world.recognised[name] == result.family == case.family
    assert f"站型 {case.family}：" in world.notes[name]


def seen_first(world: World, case: Case) -> str:
    """The column's first page as the crawl saw it."""
    path = case.url.partition("#")[0]
    if path in world.site.pages:
        text: str = world.site.pages[path][2].decode()
        return text
    with urllib.request.urlopen(world.site.base + quote(path, safe="/?=&%")) as answer:
        return str(answer.read().decode())


def taken_for(text: str, path: str, host: str = "www.example.gov.cn") -> list[detect.Recognised]:
    return detect.candidates(detect.Glance(text, tables.parse(text), f"http://{host}{path}"))
