"""A child process: looks at the portals named on its input and announces each end as one line of JSON.

python -m crawler WORKSPACE plain|browser PARENT_PID  < portal ids
"""

from __future__ import annotations

import asyncio
import ctypes
import datetime
import fcntl
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.utils.reactor import install_reactor
from sqlalchemy import select

from crawler.browser import find_browser, settings_of
from crawler.coverage import Look
from crawler.launch import close_without_result
from crawler.loader import spider_of
from crawler.pipelines import Shelf, settle
from crawler.registry import Portal, portal_of
from crawler.settings import settings_of as scrapy_settings
from crawler.spiders.base import Walk
from db import clock
from db.evidence import EvidenceStore
from db.models import Coverage, Crawl, ListEntry
from db.models import Portal as PortalRow
from db.session import session_of
from db.settings import Workspace

log = logging.getLogger("crawler")
_PR_SET_PDEATHSIG = 1
_RESUMABLE = datetime.timedelta(hours=24)  # what was seen longer ago is another look


def die_with(parent: int) -> None:
    """Be killed when the parent dies, however it dies."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(3)  # it died before we could ask


@contextmanager
def lock_of(workspace: Workspace, portal: str) -> Iterator[bool]:
    """Whether this process holds the portal; two crawls of one portal never run at once, and a dead one holds nothing."""
    folder = workspace.var / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{portal}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def done(workspace: Workspace, portal: str) -> Coverage | None:
    """The look that was finished at this very second: asked again (a replayed day), it is not looked at twice."""
    with session_of(workspace) as session:
        return session.scalar(
            select(Coverage)
            .join(Crawl, Crawl.id == Coverage.crawl_id)
            .where(Crawl.portal_id == portal, Crawl.state == "finished", Crawl.started_at == clock.now())
        )


def begin(workspace: Workspace, portal: str) -> tuple[str, datetime.datetime]:
    """A new crawl, or the interrupted one: its id and its start. The caller holds the portal's lock."""
    now = clock.now()
    with session_of(workspace) as session:
        running = session.scalars(
            select(Crawl).where(Crawl.portal_id == portal, Crawl.state == "running").order_by(Crawl.started_at.desc())
        ).all()
        resumed: Crawl | None = None
        for row in running:
            if resumed is None and datetime.timedelta(0) <= now - row.started_at <= _RESUMABLE:
                resumed = row
                row.resumed += 1
            else:
                close_without_result(session, row, "采集中断，未能在 24 小时内续采")
        if resumed is not None:
            return resumed.id, resumed.started_at
        name = f"{portal}-{now:%Y%m%dT%H%M%S}"
        taken = set(session.scalars(select(Crawl.id).where(Crawl.id.startswith(name, autoescape=True))))
        identity = next(i for n in range(1, len(taken) + 2) if (i := name if n == 1 else f"{name}-{n}") not in taken)
        session.add(Crawl(id=identity, portal_id=portal, started_at=now, state="running", resumed=0))
    return identity, now


def announce(portal: str, outcome: str, reason: str, pages: int, records: int) -> None:
    """Tell the parent that a look has come to its end."""
    event = {"portal": portal, "outcome": outcome, "reason": reason, "pages": pages, "records": records}
    print(json.dumps(event, ensure_ascii=False), flush=True)


class Looks:
    """The looks of one child."""

    def __init__(self, workspace: Workspace, browser: bool) -> None:
        self.workspace, self.browser = workspace, browser
        self.crawl = workspace.settings.crawl
        self.executable = find_browser() if browser else None
        self.key = workspace.key
        self.runner = AsyncCrawlerRunner(scrapy_settings(self.crawl))

    async def all(self, names: list[str]) -> None:
        """Every portal once: so many hosts at once, and of one host as many portals as it may have connections."""
        with session_of(self.workspace) as session:
            rows = session.scalars(select(PortalRow).where(PortalRow.id.in_(names)).order_by(PortalRow.id)).all()
        hosts = asyncio.Semaphore(max(self.crawl.hosts_at_once, 1))
        turns: dict[str, asyncio.Semaphore] = {}

        async def one(row: PortalRow) -> None:
            portal = portal_of(row.entry, row.id)
            at_once = max(self.crawl.per_host, 1)
            async with turns.setdefault(portal.host, asyncio.Semaphore(at_once)), hosts:
                try:
                    await self.one(portal, row.recognised)
                except Exception:
                    log.error("portal %s: the look could not be finished\n%s", portal.id, traceback.format_exc())

        await asyncio.gather(*(one(row) for row in rows))

    async def one(self, portal: Portal, recognised: str | None) -> None:
        """One look, from its crawl row to its ledger row."""
        with lock_of(self.workspace, portal.id) as held:
            if not held:
                announce(portal.id, "busy", "另一个采集进程正在采集此栏目", 0, 0)
                return
            before = done(self.workspace, portal.id)
            if before is not None:
                announce(portal.id, before.outcome, before.reason, before.pages, before.records)
                return
            crawl_id, started_at = begin(self.workspace, portal.id)
            walk = Walk(Look(crawl_id, started_at), self.crawl, self._known(portal.id), self.browser)
            writer = EvidenceStore(self.workspace).open(crawl_id, portal.id, started_at)
            shelf = Shelf()
            try:
                if portal.render == "browser" and self.executable is None:
                    walk.look.entry = (
                        "error",
                        "没有浏览器：此栏目要用浏览器才能看到，请运行 mingcha doctor 查看安装办法",
                    )
                elif not await self._walk(portal, recognised, walk, writer=writer, shelf=shelf, key=self.key):
                    return  # interrupted: it stays `running` and is continued by the next crawl
                with session_of(self.workspace) as session:
                    verdict, shown = settle(session, self.workspace, portal, walk, shelf, writer)
            finally:
                shelf.close()
                writer.close()
            announce(portal.id, verdict.outcome, verdict.reason, walk.look.pages, shown)

    def _known(self, portal: str) -> dict[str, tuple[str, str, list[str]]]:
        with session_of(self.workspace) as session:
            rows = session.execute(
                select(ListEntry.url, ListEntry.title, ListEntry.stated_on, ListEntry.records).where(
                    ListEntry.portal_id == portal
                )
            )
            return {url: (title, stated_on, records) for url, title, stated_on, records in rows}

    async def _walk(self, portal: Portal, recognised: str | None, walk: Walk, **tools: Any) -> bool:
        """Run the portal's spider; answers whether it came to its end by itself."""
        runner = self.runner
        if self.executable is not None:
            hosts = frozenset((portal.host, *portal.allow_hosts))
            browser = settings_of(self.executable, hosts, self.crawl.timeout_s)
            runner = AsyncCrawlerRunner(scrapy_settings(self.crawl) | browser)
        spider, arguments = spider_of(portal, recognised)
        crawler = runner.create_crawler(spider)
        reasons: list[str] = []

        def closed(reason: str) -> None:
            reasons.append(reason)

        crawler.signals.connect(closed, signals.spider_closed)
        try:
            await runner.crawl(crawler, walk=walk, **arguments, **tools)
        except Exception as error:
            log.error("portal %s: %s", portal.id, traceback.format_exc())
            walk.look.errors.append(f"{type(error).__name__}：{error}")
            return True
        return reasons == ["finished"]


def main(arguments: list[str]) -> None:
    """Run the looks named on standard input."""
    root, mode, parent = arguments
    die_with(int(parent))
    names = sys.stdin.read().split()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log.setLevel(logging.INFO)
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor", _loop())
    reactor: Any = sys.modules["twisted.internet.reactor"]  # the one that Scrapy has just installed
    looks = Looks(Workspace.open(root), mode == "browser")

    async def work() -> None:
        try:
            await looks.all(names)
            if looks.executable is not None:
                from crawler.browser_transport import SharedBrowser  # Playwright is large

                await SharedBrowser.stop()
        finally:
            reactor.callLater(0, reactor.stop)

    tasks: list[asyncio.Task[None]] = []
    reactor.callWhenRunning(lambda: tasks.append(asyncio.get_event_loop().create_task(work())))
    reactor.run()


def _loop() -> str | None:
    try:
        import uvloop  # noqa: F401 - faster; absent on some systems
    except ImportError:
        return None
    return "uvloop.Loop"


if __name__ == "__main__":
    main(sys.argv[1:])
