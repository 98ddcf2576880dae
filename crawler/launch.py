"""Starts looks: in child processes, so that a page that brings one down takes nothing else with it.

One child for plain portals, one beside it for portals that need a browser, forked from the command itself where it has a single
thread, else from a nursery: a process that has loaded what every look needs, and serves one thread of ours until that ends. A child that dies leaves its
crawls `running`; they are continued from their own evidence, first here (each portal alone, so that the one that did it is
found), else by the next `crawl`.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime
import gc
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crawler.browser import find_browser
from crawler.courtesy import within
from crawler.coverage import BROWSED, NAMES, Look
from db import clock
from db.models import Coverage, Crawl, Portal, Unit
from db.session import let_go, session_of, upsert
from db.settings import Workspace
from standard.errors import Refused
from standard.strict_yaml import nearest

_EARLY = datetime.timedelta(minutes=10)  # a daily look may start a little before its day is over
_ROOT = Path(__file__).resolve().parents[1]
ENDED = "ended\n"  # a nursery's last word on an order
IN_BROWSER = "browser"  # announced of a look that a child with a browser is to continue


@dataclass(frozen=True)
class CrawlResult:
    """What one look came to. `outcome` is the ledger's word, or `busy` when another crawl holds the portal."""

    portal: str
    outcome: str
    reason: str
    pages: int
    records: int
    family: str = ""  # what read it


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

    Raises Refused when the registry has faults, a portal is not in it, or every chosen one has a look that is later than
    now; nothing is fetched then. With such a look on some of them, those are left out and named.
    """
    _sync(workspace)
    with session_of(workspace) as session:
        chosen = _choose(session, portals, everything=everything, resume=resume, due=due)
        later = _later(session, chosen)
    tell = progress or (lambda text: None)
    if later and len(later) == len(chosen):
        raise Refused(*later.values())
    for told in later.values():
        tell(f"跳过：{told}")
    chosen = [portal for portal in chosen if portal.id not in later]
    browser = find_browser() is not None
    rendered = _rendered(workspace, chosen) if browser else set()
    groups = [[portal.id for portal in chosen if (portal.id in rendered) == wanted] for wanted in (False, True)]
    results = _run(workspace, [_Job(g, wanted) for g, wanted in zip(groups, (False, True), strict=True) if g], tell)
    scripted = [name for name, result in results.items() if result.outcome == IN_BROWSER]
    rendered |= set(scripted)
    if scripted:
        for name in scripted:
            del results[name]
        results |= _run(workspace, [_Job(scripted, True)], tell)
    lost = [portal for portal in chosen if portal.id not in results]
    for portal in lost:
        tell(f"{portal.id}：采集进程意外退出，单独续采")
        results |= _run(workspace, [_Job([portal.id], portal.id in rendered)], tell)
        if portal.id not in results or results[portal.id].outcome == IN_BROWSER:
            results[portal.id] = _give_up(workspace, portal.id)
    return [results[portal.id] for portal in chosen]


def _sync(workspace: Workspace) -> None:
    """Make the rows say what the registry's files say; where neither has changed since the last time, nothing is read."""
    mark = workspace.var / "registry.sha256"
    if mark.is_file() and mark.read_text(encoding="ascii") == _state(workspace):
        return
    from crawler import registry  # it loads every family, and Scrapy with them

    registry.sync(workspace)
    part = mark.with_suffix(f".{os.getpid()}.part")
    part.write_text(_state(workspace), encoding="ascii")
    part.replace(mark)


def _state(workspace: Workspace) -> str:
    """A digest of the registry's files, of the rows they became, and of the code that made them."""
    digest = hashlib.sha256()
    for path in sorted(workspace.registry.rglob("*.y*ml")):
        digest.update(f"{path.relative_to(workspace.registry)}\n".encode() + path.read_bytes())
    for path in sorted((_ROOT / "crawler").glob("**/*.py")):
        digest.update(f"{path.name} {path.stat().st_mtime_ns}\n".encode())
    with session_of(workspace) as session:
        for table in (Unit.__table__, Portal.__table__):
            names = [column.name for column in table.columns if column.name != "recognised"]
            for row in session.execute(select(*(table.c[name] for name in names)).order_by(table.c.id)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


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


def _later(session: Session, portals: Iterable[Portal]) -> dict[str, str]:
    """The portals with a finished look that is later than now, and what to say of them: the clock was put back, and what is
    seen would count as older than what was seen before."""
    now = clock.now()
    found = session.execute(
        select(Crawl.portal_id, func.max(Crawl.started_at))
        .where(Crawl.state == "finished", Crawl.started_at > now, Crawl.portal_id.in_([p.id for p in portals]))
        .group_by(Crawl.portal_id)
        .order_by(Crawl.portal_id)
    )
    return {
        portal: f"{portal} 已于 {at.isoformat()} 查看过，而现在的时间是 {now.isoformat()}；请检查系统时间或环境变量 MINGCHA_NOW"
        "（当时的时间有误的，请在登记中换一个门户编号重新开始）"
        for portal, at in found
    }


def _rendered(workspace: Workspace, chosen: Iterable[Portal]) -> set[str]:
    """The portals to open in a browser at once: the registry says so, or leaves it open and the last look was read by one."""
    free = [portal.id for portal in chosen if portal.render == "auto"]
    last = (
        select(Coverage.portal_id, func.max(Coverage.looked_at).label("at"))
        .where(Coverage.portal_id.in_(free))
        .group_by(Coverage.portal_id)
        .subquery()
    )
    asked = select(Coverage.portal_id, Coverage.notes, Coverage.items).join(
        last, (Coverage.portal_id == last.c.portal_id) & (Coverage.looked_at == last.c.at)
    )
    with session_of(workspace) as session:
        before = {name for name, notes, items in session.execute(asked) if items and BROWSED in notes}
    return before | {portal.id for portal in chosen if portal.render == "browser"}


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
        if ready and within(portal.entry.get("hours"), now.time()):
            chosen.append(portal)
    return chosen


@dataclass(frozen=True)
class _Job:
    """What one child is to do."""

    portals: list[str]
    browser: bool


def _run(workspace: Workspace, jobs: list[_Job], tell: Callable[[str], None]) -> dict[str, CrawlResult]:
    """Run the jobs side by side; the results of those looks that came to an end."""
    results: dict[str, CrawlResult] = {}
    for line in _forked(workspace, jobs) if _alone() else _nursery(workspace).run(workspace, jobs):
        result = _result(line)
        if result is not None:
            results[result.portal] = result
            name = NAMES.get(result.outcome, "正在采集")
            reason = f"，{result.reason}" if result.reason else ""
            tell(f"{result.portal}：{name}，{result.pages} 页，{result.records} 条{reason}")
    return results


def _alone() -> bool:
    """Whether this process has no other thread, not even of a library: only then may it be forked as it is."""
    try:
        return "\nThreads:\t1\n" in Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False


def _order(workspace: Workspace, jobs: list[_Job]) -> dict[str, Any]:
    return {
        "workspace": str(workspace.root), "jobs": [[job.browser, job.portals] for job in jobs],
        "environment": {name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    }  # fmt: skip


def _forked(workspace: Workspace, jobs: list[_Job]) -> Iterator[str]:
    """The lines of children forked from this very process: a command that does nothing else needs no nursery."""
    gc.disable()  # loading leaves nothing behind, and searching for it takes a tenth of the time
    from crawler.__main__ import fork  # Scrapy and all that looks need

    gc.freeze()  # nor is what was loaded searched again, here or in a child
    gc.enable()
    let_go()  # a connection must not be carried over a fork
    order = _order(workspace, jobs)
    reader, writer = os.pipe()
    children = [fork(order, browser, portals, writer) for browser, portals in order["jobs"]]
    os.close(writer)
    try:
        with open(reader, encoding="utf-8") as lines:
            yield from lines
    finally:
        for child in children:
            if os.waitpid(child, os.WNOHANG)[0] == 0:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL if sys.exc_info()[0] is not None else 0)
                os.waitpid(child, 0)


class _Nursery:
    """The process from which children are forked. It dies with the thread that started it, and its children with it."""

    def __init__(self, workspace: Workspace) -> None:
        workspace.logs.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        with (workspace.logs / "crawler.log").open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crawler", str(os.getpid())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONPATH": path},
                text=True, encoding="utf-8",
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def run(self, workspace: Workspace, jobs: list[_Job]) -> Iterator[str]:
        """The lines its children say, until the last of them has ended; fewer when the nursery itself dies."""
        assert self.process.stdin is not None and self.process.stdout is not None
        order = _order(workspace, jobs)
        ended = False
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line == ENDED:
                    ended = True
                    return
                yield line
        except BrokenPipeError:
            pass  # it died at once; its portals are missing from the results
        finally:
            if not ended:
                self.close()

    def __del__(self) -> None:
        self.close()  # its thread has ended

    def close(self) -> None:
        """End it, with every child it has."""
        if self.alive:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _nursery(workspace: Workspace) -> _Nursery:
    """This thread's nursery, started when first needed, and again when it has died."""
    nursery: _Nursery | None = getattr(_own, "nursery", None)
    if nursery is None or not nursery.alive or nursery.process.args[-1] != str(os.getpid()):  # type: ignore[index]
        nursery = _own.nursery = _Nursery(workspace)
        _all.add(nursery)
    return nursery


_own = threading.local()
_all: weakref.WeakSet[_Nursery] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for nursery in list(_all):
        nursery.close()


def _result(line: str) -> CrawlResult | None:
    try:
        event = json.loads(line)
        return CrawlResult(
            event["portal"],
            event["outcome"],
            event["reason"],
            event["pages"],
            event["records"],
            event.get("family", ""),
        )
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
