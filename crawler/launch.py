"""Starts looks: in child processes, so that a page that brings one down takes nothing else with it.

One child for plain portals, one beside it for portals that need a browser. A child that dies leaves its crawls
`running`; they are continued from their own evidence, first here (each portal alone, so that the one that did it is
found), else by the next `crawl`.
"""

from __future__ import annotations

import datetime
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crawler import registry
from crawler.browser import find_browser
from crawler.coverage import NAMES, Look
from db import clock
from db.models import Coverage, Crawl, Portal
from db.session import session_of, upsert
from db.settings import Workspace
from standard.errors import Refused
from standard.strict_yaml import nearest

_EARLY = datetime.timedelta(minutes=10)  # a daily look may start a little before its day is over
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class CrawlResult:
    """What one look came to. `outcome` is the ledger's word, or `busy` when another crawl holds the portal."""

    portal: str
    outcome: str
    reason: str
    pages: int
    records: int


def crawl(
    workspace: Workspace,
    portals: list[str] | None = None,
    *,
    due: bool = False,
    everything: bool = False,
    resume: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[CrawlResult]:
    """Look at the named portals, at all of them, at those whose crawl was interrupted, or (else) at those that are due.

    Raises Refused when the registry has faults or a portal is not in it; nothing is fetched then.
    """
    registry.sync(workspace)
    with session_of(workspace) as session:
        chosen = _choose(session, portals, everything=everything, resume=resume, due=due)
    tell = progress or (lambda text: None)
    browser = find_browser() is not None
    groups = [
        [portal for portal in chosen if (portal.render == "browser" and browser) == wanted] for wanted in (False, True)
    ]
    results = _run(
        workspace, [_Job([p.id for p in g], wanted) for g, wanted in zip(groups, (False, True), strict=True) if g], tell
    )
    lost = [portal for portal in chosen if portal.id not in results]
    for portal in lost:
        tell(f"{portal.id}：采集进程意外退出，单独续采")
        results |= _run(workspace, [_Job([portal.id], portal.render == "browser" and browser)], tell)
        if portal.id not in results:
            results[portal.id] = _give_up(workspace, portal.id)
    return [results[portal.id] for portal in chosen]


def crawl_due(workspace: Workspace) -> str:
    """The clock's job: look at every portal that is due."""
    results = crawl(workspace, due=True)
    unwell = [f"{result.portal}（{NAMES.get(result.outcome, result.outcome)}）" for result in results if result.reason]
    return f"查看 {len(results)} 个门户" + (f"；未看全：{'、'.join(unwell)}" if unwell else "")


def _choose(session: Session, names: list[str] | None, *, everything: bool, resume: bool, due: bool) -> list[Portal]:
    active = session.scalars(select(Portal).where(Portal.active).order_by(Portal.id)).all()
    by_id = {portal.id: portal for portal in active}
    faults = [f"登记中没有栏目 {name}{nearest(name, by_id)}" for name in names or [] if name not in by_id]
    if faults:
        raise Refused(*faults)
    chosen = [by_id[name] for name in dict.fromkeys(names)] if names else list(active)
    if resume:
        running = set(session.scalars(select(Crawl.portal_id).where(Crawl.state == "running")))
        return [portal for portal in chosen if portal.id in running]
    if everything or (names and not due):
        return chosen
    return _due(session, chosen)


def _due(session: Session, portals: Iterable[Portal]) -> list[Portal]:
    now = clock.now()
    latest: dict[str, datetime.datetime] = {
        portal: started
        for portal, started in session.execute(
            select(Crawl.portal_id, func.max(Crawl.started_at))
            .where(Crawl.state == "finished")
            .group_by(Crawl.portal_id)
        )
    }
    chosen: list[Portal] = []
    for portal in portals:
        before = latest.get(portal.id)
        ready = before is None or before + datetime.timedelta(hours=portal.every_hours) - _EARLY <= now
        if ready and _open(portal.entry.get("hours"), now.time()):
            chosen.append(portal)
    return chosen


def _open(hours: str | None, now: datetime.time) -> bool:
    if not hours:
        return True
    start, end = (datetime.time(*map(int, part.split(":"))) for part in hours.split("-"))
    return start <= now < end if start <= end else now >= start or now < end


@dataclass(frozen=True)
class _Job:
    """What one child is to do."""

    portals: list[str]
    browser: bool


def _run(workspace: Workspace, jobs: list[_Job], tell: Callable[[str], None]) -> dict[str, CrawlResult]:
    """Run the jobs side by side; the results of those looks that came to an end."""
    results: dict[str, CrawlResult] = {}
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    workspace.logs.mkdir(parents=True, exist_ok=True)
    children: list[subprocess.Popen[str]] = []
    with (workspace.logs / "crawler.log").open("a", encoding="utf-8") as log:
        try:
            for job in jobs:
                child = _start(workspace, job, log)
                children.append(child)
                threading.Thread(target=_listen, args=(child, lines), daemon=True).start()
            ended = 0
            while ended < len(children):
                line = lines.get()
                if line is None:
                    ended += 1
                elif (result := _result(line)) is not None:
                    results[result.portal] = result
                    name = NAMES.get(result.outcome, "正在采集")
                    tell(
                        f"{result.portal}：{name}，{result.pages} 页，{result.records} 条{'，' if result.reason else ''}{result.reason}"
                    )
        finally:
            for child in children:
                if child.poll() is None:
                    child.kill()
                child.wait()
                if child.stdout is not None:
                    child.stdout.close()
    return results


def _start(workspace: Workspace, job: _Job, log: Any) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "crawler",
        str(workspace.root),
        "browser" if job.browser else "plain",
        str(os.getpid()),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))),
    }
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True, encoding="utf-8"
    )
    assert child.stdin is not None
    try:
        child.stdin.write("\n".join(job.portals))
        child.stdin.close()
    except BrokenPipeError:
        pass  # it died at once; its portals are missing from the results
    return child


def _listen(child: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    child.wait()
    lines.put(None)


def _result(line: str) -> CrawlResult | None:
    try:
        event = json.loads(line)
        return CrawlResult(event["portal"], event["outcome"], event["reason"], event["pages"], event["records"])
    except (ValueError, KeyError, TypeError):
        return None  # something else wrote to the child's output


def _give_up(workspace: Workspace, portal: str) -> CrawlResult:
    """A look whose process dies even when it runs alone: our fault, told in the ledger; the next look starts afresh."""
    reason = "采集进程两次意外退出，可能是页面内容使程序崩溃，详见 var/logs/crawler.log"
    with session_of(workspace) as session:
        rows = session.scalars(select(Crawl).where(Crawl.portal_id == portal, Crawl.state == "running")).all()
        for row in rows:
            close_without_result(session, row, reason)
    return CrawlResult(portal, "error", reason, 0, 0)


def close_without_result(session: Session, row: Crawl, reason: str) -> None:
    """Mark a crawl abandoned; its look proves nothing."""
    look = Look(row.id, row.started_at)
    look.entry = ("error", reason)
    upsert(session, Coverage.__table__, [look.row(row.portal_id, 0)])  # type: ignore[arg-type]
    session.execute(update(Crawl).where(Crawl.id == row.id).values(state="abandoned", finished_at=clock.now()))
