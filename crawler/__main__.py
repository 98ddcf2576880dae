"""The nursery: forks a child for every job of looks, so that what they all need is loaded once.

python -m crawler PARENT_PID  < orders, one line of JSON each

A child looks at the portals of its job and announces each end as one line of JSON on the nursery's output.
"""

from __future__ import annotations

import asyncio
import ctypes
import datetime
import fcntl
import gc
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
from scrapy.crawler import Crawler
from scrapy.utils.reactor import install_reactor
from sqlalchemy import Row, bindparam, insert, select
from sqlalchemy.orm import Session

from crawler.browser import find_browser, settings_of
from crawler.coverage import BROWSED, Look
from crawler.downloader import Fetcher, Net
from crawler.egress import Gate
from crawler.launch import ENDED, IN_BROWSER, close_without_result
from crawler.loader import spider_of
from crawler.pipelines import Shelf, Steps, settle
from crawler.registry import Portal, portal_of
from crawler.settings import settings_of as scrapy_settings
from crawler.spiders.base import Walk
from db import clock
from db.evidence import EvidenceStore, EvidenceWriter
from db.models import Coverage, Crawl, ListEntry
from db.models import Portal as PortalRow
from db.session import session_of
from db.settings import Workspace
from db.units import UnitIndex

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


_CRAWLS, _LEDGER, _ENTRIES = Crawl.__table__, Coverage.__table__, ListEntry.__table__
_PORTAL = bindparam("portal")
_DONE = (
    select(_LEDGER.c.outcome, _LEDGER.c.reason, _LEDGER.c.pages, _LEDGER.c.records)
    .join(_CRAWLS, _CRAWLS.c.id == _LEDGER.c.crawl_id)
    .where(_CRAWLS.c.portal_id == _PORTAL, _CRAWLS.c.state == "finished", _CRAWLS.c.started_at == bindparam("now"))
)
_RUNNING = select(Crawl).where(Crawl.portal_id == _PORTAL, Crawl.state == "running").order_by(Crawl.started_at.desc())
_TAKEN = select(_CRAWLS.c.id).where(
    _CRAWLS.c.portal_id == _PORTAL,
    _CRAWLS.c.started_at >= bindparam("since"),
    _CRAWLS.c.started_at < bindparam("until"),
)
_BEGUN = insert(_CRAWLS)  # type: ignore[arg-type]
_READ = (
    select(
        _ENTRIES.c.url, _ENTRIES.c.title, _ENTRIES.c.stated_on, _ENTRIES.c.records, _ENTRIES.c.key, _CRAWLS.c.started_at
    )
    .outerjoin(_CRAWLS, _CRAWLS.c.id == _ENTRIES.c.crawl_id)
    .where(_ENTRIES.c.portal_id == _PORTAL)
)  # made once: making a statement costs more than a small portal's rows


def done(session: Session, portal: str) -> Row[Any] | None:
    """The look that was finished at this very second: asked again (a replayed day), it is not looked at twice."""
    return session.connection().execute(_DONE, {"portal": portal, "now": clock.now()}).first()


def begin(session: Session, portal: str) -> tuple[str, datetime.datetime]:
    """A new crawl, or the interrupted one: its id and its start. The caller holds the portal's lock."""
    now = clock.now()
    resumed: Crawl | None = None
    for row in session.scalars(_RUNNING, {"portal": portal}).all():
        if resumed is None and datetime.timedelta(0) <= now - row.started_at <= _RESUMABLE:
            resumed = row
            row.resumed += 1
        else:
            close_without_result(session, row, "采集中断，未能在 24 小时内续采")
    if resumed is not None:
        return resumed.id, resumed.started_at
    name, since = f"{portal}-{now:%Y%m%dT%H%M%S}", now.replace(microsecond=0)
    within_it = {"portal": portal, "since": since, "until": since + datetime.timedelta(seconds=1)}
    taken = set(session.connection().execute(_TAKEN, within_it).scalars())
    identity = next(i for n in range(1, len(taken) + 2) if (i := name if n == 1 else f"{name}-{n}") not in taken)
    begun = {"id": identity, "portal_id": portal, "started_at": now, "state": "running", "resumed": 0}
    session.connection().execute(_BEGUN, begun)
    return identity, now


def known(
    session: Session, portal: str, now: datetime.datetime, reread_days: int
) -> dict[str, tuple[str, str, list[str]]]:
    """What the portal's list entries led to when they were last read.

    An entry that was read long ago is left out, so that this look reads it again: after `reread_days`, or up to half as
    long again, by its address, so that what was read in one look is not all due in one look.
    """
    found: dict[str, tuple[str, str, list[str]]] = {}
    for url, title, stated_on, records, key, read_at in session.connection().execute(_READ, {"portal": portal}):
        late = int(key[:8], 16) % (reread_days // 2 + 1)
        if reread_days <= 0 or read_at is None or now - read_at < datetime.timedelta(days=reread_days + late):
            found[url] = (title, stated_on, records)
    return found


def announce(portal: str, outcome: str, reason: str, pages: int, records: int, family: str = "") -> None:
    """Tell the parent that a look has come to its end."""
    event = {"portal": portal, "outcome": outcome, "reason": reason, "pages": pages, "records": records}
    event["family"] = family
    event["reason"] = reason[:500]  # a line of less than a page of memory is written at once, whole
    os.write(1, json.dumps(event, ensure_ascii=False).encode() + b"\n")


class Looks:
    """The looks of one child."""

    def __init__(self, workspace: Workspace, browser: bool) -> None:
        self.workspace, self.browser = workspace, browser
        self.crawl = workspace.settings.crawl
        self.executable = find_browser() if browser else None
        self.key = workspace.key
        more = settings_of(self.executable, self.crawl.timeout_s) if self.executable is not None else {}
        self.settings = scrapy_settings(self.crawl, **more)
        self.units = UnitIndex([])  # loaded with the portals
        self.net = Net(self.crawl, workspace.var / "locks")

    async def all(self, names: list[str]) -> None:
        """Every portal once: so many hosts at once, and of one host as many portals as it may have connections."""
        with session_of(self.workspace) as session:
            rows = session.scalars(select(PortalRow).where(PortalRow.id.in_(names)).order_by(PortalRow.id)).all()
            self.units = UnitIndex.load(session)
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
            with session_of(self.workspace) as session:
                before = done(session, portal.id)
                if before is None:
                    crawl_id, started_at = begin(session, portal.id)
                    entries = known(session, portal.id, started_at, self.crawl.reread_days)
            if before is not None:
                announce(portal.id, before.outcome, before.reason, before.pages, before.records)
                return
            walk = Walk(Look(crawl_id, started_at), self.crawl, entries, self.browser)
            if self.browser and portal.render == "auto":
                walk.look.notes.add(BROWSED)
            writer = EvidenceStore(self.workspace).open(crawl_id, portal.id, started_at)
            shelf = Shelf()
            try:
                if portal.render == "browser" and self.executable is None:
                    walk.look.entry = (
                        "error",
                        "没有浏览器：此栏目要用浏览器才能看到，请运行 mingcha doctor 查看安装办法",
                    )
                elif not await self._walk(portal, recognised, walk, writer, shelf):
                    return  # interrupted: it stays `running` and is continued by the next crawl
                if not self.browser and portal.render == "auto" and walk.look.wants_browser and find_browser():
                    announce(portal.id, IN_BROWSER, "列表由网页脚本生成，改用浏览器再读", walk.look.pages, 0)
                    return  # the same look is continued by a child that has a browser
                entry = walk.look.entry
                if self.browser and portal.render == "auto" and entry is not None and entry[0] == "unreachable":
                    fetched = writer.find("GET", portal.url)  # it could be opened: what failed is our browser
                    if fetched is not None and fetched.status < 400:
                        walk.look.entry = ("script_list", f"列表由网页脚本生成，浏览器也没有读到：{entry[1]}")
                with session_of(self.workspace) as session:
                    verdict, shown = settle(session, self.units, self.workspace, portal, walk, shelf, writer)
            finally:
                shelf.close()
                writer.close()
            family = walk.look.family or ("" if portal.family == "auto" else portal.family)
            announce(portal.id, verdict.outcome, verdict.reason, walk.look.pages, shown, family)

    async def _walk(
        self, portal: Portal, recognised: str | None, walk: Walk, writer: EvidenceWriter, shelf: Shelf
    ) -> bool:
        """Run the portal's spider; answers whether it came to its end by itself."""
        spider, arguments = spider_of(portal, recognised)
        crawler = Crawler(spider, self.settings)  # a runner would copy every setting once more
        walk.keep = Steps(portal, walk, shelf, self.key)
        walk.ask = lambda request: crawler.engine.downloader.put(request)
        gate = Gate(portal.host, portal.allow_hosts, legacy_tls=portal.tls.legacy, unverified=portal.tls.unverified)
        if portal.tls.legacy or portal.tls.unverified:
            walk.look.notes.add(f"按登记的例外放宽了加密要求：{portal.tls.reason}")
        fetcher = Fetcher(self.net, gate, writer, self.crawl, portal.hours)
        reasons: list[str] = []

        def closed(reason: str) -> None:
            reasons.append(reason)

        def failed(failure: Any) -> None:
            walk.look.errors.append(f"{type(failure.value).__name__}：{failure.value}")
            reasons.append("finished")  # by itself, if badly: another try would end the same way

        crawler.signals.connect(closed, signals.spider_closed)
        crawler.signals.connect(failed, signals.spider_error)
        try:
            await crawler.crawl_async(walk=walk, fetcher=fetcher, **arguments)
        except Exception as error:
            log.error("portal %s: %s", portal.id, traceback.format_exc())
            walk.look.errors.append(f"{type(error).__name__}：{error}")
            return True
        return reasons[:1] == ["finished"]


def main(arguments: list[str]) -> None:
    """Fork a child for each job of each order; say when the last of them has ended."""
    die_with(int(arguments[0]))
    gc.freeze()  # what is loaded stays shared with every child
    for line in sys.stdin:
        order = json.loads(line)
        if any(browser for browser, _ in order["jobs"]):
            import crawler.browser_transport  # noqa: F401 - large: loaded here once, not in every child
        children = [fork(order, browser, portals) for browser, portals in order["jobs"]]
        for child in children:
            _, status = os.waitpid(child, 0)
            if status != 0:
                log.error("a child ended with %s", os.waitstatus_to_exitcode(status))
        sys.stdout.write(ENDED)
        sys.stdout.flush()


def fork(order: dict[str, Any], browser: bool, portals: list[str], output: int | None = None) -> int:
    """Start the child of one job; its id. It announces on `output`, else on our own standard output."""
    parent = os.getpid()
    child = os.fork()
    if child != 0:
        return child
    code = 1
    try:
        if output is not None:
            os.dup2(output, 1)
        die_with(parent)
        os.environ.clear()
        os.environ.update(order["environment"])
        work(Workspace.open(order["workspace"]), portals, browser)
        code = 0
    except BaseException:
        log.error("the child could not finish\n%s", traceback.format_exc())
    finally:
        os._exit(code)  # not the parent's own way out: what it holds is not ours to flush or to close


def work(workspace: Workspace, names: list[str], browser: bool) -> None:
    """Run the looks of one job in this process."""
    gc.freeze()  # what is loaded lives as long as the process
    workspace.logs.mkdir(parents=True, exist_ok=True)
    with (workspace.logs / "crawler.log").open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    log.setLevel(logging.INFO)
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor", _loop())
    reactor: Any = sys.modules["twisted.internet.reactor"]  # the one that Scrapy has just installed
    looks = Looks(workspace, browser)

    async def run() -> None:
        try:
            await looks.all(names)
            if looks.executable is not None:
                from crawler.browser_transport import SharedBrowser  # Playwright is large

                await SharedBrowser.stop()
        finally:
            looks.net.close()
            reactor.callLater(0, reactor.stop)

    tasks: list[asyncio.Task[None]] = []
    reactor.callWhenRunning(lambda: tasks.append(asyncio.get_event_loop().create_task(run())))
    reactor.run()
    for task in tasks:
        task.result()


def _loop() -> str | None:
    try:
        import uvloop  # noqa: F401 - faster; absent on some systems
    except ImportError:
        return None
    return "uvloop.Loop"


if __name__ == "__main__":
    main(sys.argv[1:])
