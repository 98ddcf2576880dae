"""How a look gets its answers: may we go there, have we got it already, is it our turn — and kept before anybody reads it.

`Downloader` takes the place of Scrapy's own (setting DOWNLOADER), `Queue` that of its scheduler (setting SCHEDULER): for a
look at one portal, whose every step has to be kept and bounded, they do in one place, and in a fifth of the time, what its
handlers and middlewares do between them. In this order, for the request and for every redirect: egress rules, robots.txt,
the look's own evidence, the host's turn, the request, evidence, then redirects, cookies and retries.

A look asks by `Downloader.put`, and `run` is its walk: each answer goes from the connection to its step at once. What Scrapy's
engine is asked for takes the same way, but passes its queues, tasks and signals first, which cost more than reading a page.
"""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import heapq
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request, signals
from scrapy.http import Response
from scrapy.http.cookies import CookieJar
from scrapy.utils.defer import deferred_from_coro
from twisted.internet.defer import Deferred, inlineCallbacks

from crawler.addresses import host_of
from crawler.courtesy import Hosts, within
from crawler.egress import Forbidden, Gate
from crawler.wire import Answer, Client, Unanswered
from db import clock
from db.evidence import EvidenceWriter
from db.settings import CrawlSettings

if TYPE_CHECKING:
    from protego import Protego

AGENT = "Mozilla/5.0 (compatible; mingcha; disclosure monitoring)"
_ACCEPT = (
    ("Accept", "text/html,application/xhtml+xml,application/json,*/*;q=0.8"),
    ("Accept-Language", "zh-CN,zh;q=0.9"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Connection", "keep-alive"),
)
_AGAIN = frozenset((408, 429, 500, 502, 503, 504, 522, 524))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HOPS = 5
_MAX_PAUSE = 60.0  # seconds before a further try
_MAX_BAN = 120.0  # seconds a host may ask us to wait; beyond that this look ends for it
_DROPPED = frozenset(("content-length", "content-encoding", "transfer-encoding"))  # the body is kept unpacked
_COOKIES_MOST = 60
_COOKIE_MOST = 8192  # characters of one, with what it says of itself


class Net:
    """What all looks of a process share: connections, and each host's turn."""

    def __init__(self, settings: CrawlSettings, folder: Any = None) -> None:
        self.settings = settings
        self.client = Client(settings.timeout_s, settings.max_body_mb * 2**20)
        self.hosts = Hosts(settings.per_host, settings.delay_s, folder)

    def close(self) -> None:
        self.client.close()
        self.hosts.close()


class Fetcher:
    """Asks for one look."""

    def __init__(
        self, net: Net, gate: Gate, writer: EvidenceWriter, settings: CrawlSettings, hours: str | None = None
    ) -> None:
        self.net, self.gate, self.writer, self.settings = net, gate, writer, settings
        self.hours = (
            hours if within(hours, clock.now().time()) else None
        )  # asked for outside them: somebody wants it now
        self.agent = settings.user_agent or AGENT
        self.cookies = Cookies()
        self._robots: dict[str, asyncio.Future[Protego | None]] = {}
        self._headers = (("User-Agent", self.agent), *_ACCEPT)

    async def fetch(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        robots: bool = True,
        fresh: bool = False,
    ) -> tuple[str, Answer, str]:
        """The answer at the end of all redirects, with its address and its evidence. Raises Forbidden or Unanswered.

        `fresh`: not from the look's own evidence, even where it has an answer.
        """
        for _ in range(_HOPS + 1):
            self.gate.check(url)
            if robots and self.settings.robots:
                await self._ask_robots(url)
            answer, evidence = await self._one(method, url, headers or {}, body, fresh)
            target = answer.header("location") if answer.status in _REDIRECTS else None
            following = urljoin(url, target) if target else ""
            if not following.startswith(("http://", "https://")):
                return url, answer, evidence
            if answer.status == 303 or (method == "POST" and answer.status in (301, 302)):
                method, body = "GET", b""
                headers = {k: v for k, v in (headers or {}).items() if not k.lower().startswith("content-")}
            url = following.partition("#")[0]
        raise Forbidden("shell", "网站反复跳转，没有到达任何页面")

    async def _one(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, fresh: bool
    ) -> tuple[Answer, str]:
        """One address: from the look's own evidence, else from its host."""
        stored = None if fresh else self.writer.find(method, url, body)
        if stored is not None:
            answer = Answer(stored.status, tuple((k.lower(), v) for k, v in stored.headers), stored.body)
            self.cookies.take(url, answer)
            return answer, stored.id
        host = self.net.hosts.of(host_of(url))
        tries = max(self.settings.retries, 0)
        for attempt in range(tries + 1):
            last = attempt == tries
            try:
                answer = await self._over_the_wire(host, method, url, headers, body)
            except Unanswered as reason:
                if last or not reason.again:
                    raise
                await self._pause(host.delay, attempt)
                continue
            evidence = self.keep(method, url, answer, body)
            self.cookies.take(url, answer)
            if answer.status not in _AGAIN:
                return answer, evidence
            asked = _retry_after(answer)
            if asked is not None and answer.status in (429, 503):
                host.banned_until = max(host.banned_until, time.monotonic() + asked)
            if last or (asked or 0) > _MAX_BAN:
                return answer, evidence
            await self._pause(host.delay, attempt, asked or 0)
        raise AssertionError("unreachable")

    async def _over_the_wire(self, host: Any, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self.hours is not None and not within(self.hours, clock.now().time()):
            raise Unanswered("partial", f"采集时段 {self.hours} 已过，其余留待下次")
        wait = host.banned_until - time.monotonic()
        if wait > _MAX_BAN:
            raise Unanswered("blocked", f"网站要求 {wait:.0f} 秒后再访问，本次不再访问")
        if wait > 0:
            await asyncio.sleep(wait)
        sent = [*self._headers, *headers.items()]
        cookie = self.cookies.of(url)
        if cookie:
            sent.append(("Cookie", cookie))
        async with host.turn():
            return await self.net.client.ask(method, url, sent, body, self.gate.way(url))

    def keep(self, method: str, url: str, answer: Answer, body: bytes = b"") -> str:
        """Store an answer as evidence; its id."""
        return self.writer.put(
            method=method, url=url, status=answer.status, body=answer.body, request_body=body, fetched_at=clock.now(),
            headers=[(name, value) for name, value in answer.headers if name not in _DROPPED],
            content_type=answer.header("content-type"),
        )  # fmt: skip

    async def _pause(self, delay: float, attempt: int, asked: float = 0.0) -> None:
        pause = max(min(delay * 2.0 ** (attempt + 1), _MAX_PAUSE), asked)
        if pause > 0:
            await asyncio.sleep(pause)

    # ------------------------------------------------------------ robots.txt

    async def _ask_robots(self, url: str) -> None:
        parts = urlsplit(url)
        root = f"{parts.scheme}://{parts.netloc}"
        if root not in self._robots:
            self._robots[root] = asyncio.ensure_future(self._read_robots(root))
        rules = await asyncio.shield(self._robots[root])
        if rules is not None and not rules.can_fetch(url, self.agent):
            raise Forbidden("blocked", "网站的 robots.txt 不允许采集")

    async def _read_robots(self, root: str) -> Protego | None:
        """The rules of a site; None: everything is allowed, as where there is none or it cannot be read."""
        try:
            _, answer, _ = await self.fetch("GET", f"{root}/robots.txt", robots=False)
        except (Forbidden, Unanswered):
            return None
        text = answer.body.lower()
        if answer.status != 200 or not (b"disallow" in text or b"crawl-delay" in text):
            return None
        from protego import Protego  # most sites have no rules

        rules = Protego.parse(answer.body[: 512 * 1024].decode("utf-8", "replace"))
        delay = rules.crawl_delay(self.agent)
        if delay is not None:
            self.net.hosts.of(host_of(root)).slow_down(delay)
        return rules


def _retry_after(answer: Answer) -> float | None:
    """Seconds a host asks us to wait."""
    text = (answer.header("retry-after") or "").strip()
    if text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max((moment - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)


class Cookies:
    """What the servers of one look asked us to carry, by the rules of http.cookiejar; forgotten with the look."""

    def __init__(self) -> None:
        self._jar = CookieJar(DefaultCookiePolicy(strict_domain=True))  # none for all of gov.cn

    def take(self, url: str, answer: Answer) -> None:
        """Keep what an answer sets."""
        lines = [line for name, line in answer.headers if name == "set-cookie" and len(line) <= _COOKIE_MOST]
        if not lines:
            return
        if len(self._jar) + len(lines) > _COOKIES_MOST:  # nobody means so many
            self._jar.clear()
        response = Response(url, headers={"Set-Cookie": lines[:_COOKIES_MOST]})
        self._jar.extract_cookies(response, Request(url))

    def put(self, url: str, name: str, value: str) -> None:
        """Keep one cookie that a page's script has set."""
        self.take(url, Answer(200, (("set-cookie", f"{name}={value}; Path=/"),), b""))

    def of(self, url: str) -> str:
        """The Cookie header for an address; empty for none."""
        if len(self._jar) == 0:
            return ""
        request = Request(url)
        self._jar.add_cookie_header(request)
        return (request.headers.get("Cookie") or b"").decode()


@dataclass(frozen=True)
class Unread:
    """Why a request has no answer, as an errback is told."""

    request: Request
    value: Exception


class Downloader:
    """Scrapy's downloader for our looks. The spider brings its `fetcher`."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self.active: set[Request] = set()
        self.slots: dict[str, Any] = {}
        self._most = max(crawler.settings.getint("CONCURRENT_REQUESTS"), 1)
        self._waiting = Queue()
        self._workers: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None
        self._browser: Any = None
        if crawler.settings.get("PLAYWRIGHT_BROWSER_TYPE"):
            from crawler.browser_transport import BrowserHandler  # Playwright is large

            self._browser = BrowserHandler(crawler)
            crawler.signals.connect(self._browser.close, signals.engine_stopped)

    def put(self, request: Request) -> None:
        """Ask for this when its turn comes; the answer goes to its callback, the reason why there is none to its errback."""
        self._waiting.enqueue_request(request)
        if len(self._workers) < self._most:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        fault = asyncio.CancelledError() if worker.cancelled() else worker.exception()
        self._fault = self._fault or fault

    async def _work(self) -> None:
        while (request := self._waiting.next_request()) is not None:
            try:
                response = await self._answer(request)
            except Exception as error:
                request.errback(Unread(request, error))  # type: ignore[misc]
            else:
                later = request.callback(response, **request.cb_kwargs)  # type: ignore[misc]
                if later is not None:
                    await later  # a document, which is read beside the walk

    async def run(self) -> None:
        """Until everything that was asked for, and what it led to, has been answered. Raises what a callback raised."""
        while self._workers:
            await asyncio.wait(self._workers)  # others may begin and end meanwhile
        if self._fault is not None:
            raise self._fault

    @inlineCallbacks
    def fetch(self, request: Request) -> Generator[Deferred[Any], Any, Response]:
        """A response, or the failure that the request's errback is told.

        The request counts as active until the engine has the response in its hands: a look whose every queue is empty for a
        moment would be closed.
        """
        self.active.add(request)
        try:
            response: Response = yield deferred_from_coro(self._answer(request))
            return response
        finally:
            self.active.discard(request)

    async def _answer(self, request: Request) -> Response:
        fetcher: Fetcher = self.crawler.spider.fetcher
        headers = {
            name.decode("latin-1"): b",".join(values).decode("latin-1") for name, values in request.headers.items()
        }
        referer = request.meta.get("referer")
        if referer and host_of(referer) == host_of(request.url):
            headers.setdefault("Referer", referer)
        if request.meta.get("playwright") and self._browser is not None:
            url, answer, evidence = await self._browser.render(request, fetcher)
        else:
            fresh = bool(request.meta.get("again"))
            url, answer, evidence = await fetcher.fetch(request.method, request.url, headers, request.body, fresh=fresh)
        request.meta["evidence"] = evidence
        kind = answer.header("content-type")
        return Response(
            url,
            status=answer.status,
            headers={"Content-Type": kind} if kind else None,
            body=answer.body,
            request=request,
        )

    def needs_backout(self) -> bool:
        """Whether there are as many requests under way as a look may have."""
        return len(self.active) >= self._most

    def close(self) -> None:
        """Connections are the process's, not the look's."""


class Queue:
    """What a look has still to ask, in the order of priority, then of asking."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Request]] = []
        self._number = count()

    @classmethod
    def from_crawler(cls, crawler: Any) -> Queue:
        return cls()

    def open(self, spider: Any) -> None:
        """Nothing is kept between looks: a resumed look is answered from its evidence."""

    def close(self, reason: str) -> None:
        self._heap.clear()

    def has_pending_requests(self) -> bool:
        return len(self._heap) > 0

    def enqueue_request(self, request: Request) -> bool:
        heapq.heappush(self._heap, (-request.priority, next(self._number), request))
        return True

    def next_request(self) -> Request | None:
        return heapq.heappop(self._heap)[2] if self._heap else None
