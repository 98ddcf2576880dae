"""Pages as a browser shows them; loaded only where a browser is used, for Playwright is large.

The browser itself has no network: everything it asks for is answered by the look's own `Fetcher`, so that the egress rules,
the host's turn, the limits and the evidence are those of every other request. One driver and one browser serve all looks of
a process (each start costs as much as a hundred plain pages); every look has a context of its own in it, so nothing is
shared between portals.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, ClassVar

from playwright.async_api import Browser, Error, Page, Playwright, Request, Route, async_playwright
from playwright.async_api import TimeoutError as BrowserTimeout
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.page import PageMethod

from crawler.downloader import Fetcher
from crawler.egress import Forbidden
from crawler.wire import Answer, Unanswered
from db import clock
from db.evidence import PICTURE

log = logging.getLogger(__name__)
RENDERED = "BROWSER"  # in place of a method: what the browser made of a page
_SKIPPED = frozenset(("image", "font", "media", "stylesheet", "websocket", "eventsource", "manifest"))
_IDLE_S = 15.0  # how long a page's scripts are waited for
_MOMENT = "() => new Promise(done => setTimeout(done, 250))"  # by the page's own clock, which a busy machine holds up
_PICTURE_MS = 30_000
_MOST_S = 180.0  # for one page with everything it loads, and the start of the browser
_DROPPED = frozenset(("content-length", "content-encoding", "transfer-encoding", "content-security-policy"))
_PICTURE_MOST = 4 * 2**20


class SharedBrowser:
    """Starts the browser when the first page needs it, and again if it died."""

    lock: ClassVar[asyncio.Lock | None] = None
    driver: ClassVar[Playwright | None] = None
    browser: ClassVar[Browser | None] = None

    def __init__(self, config: Any) -> None:
        self.config = config

    async def start(self) -> None:
        """Nothing yet: a look that is answered from its own evidence needs no browser."""

    async def launch_browser(self) -> Browser:
        shared = SharedBrowser
        shared.lock = shared.lock or asyncio.Lock()
        async with shared.lock:
            if shared.driver is None:
                shared.driver = await async_playwright().start()
            if shared.browser is None or not shared.browser.is_connected():
                shared.browser = await shared.driver.chromium.launch(**self.config.launch_options)
            return shared.browser

    async def launch_persistent_context(self, context_kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError("looks never keep a profile")

    async def close(self) -> None:
        """Other looks may still use it; `stop` ends it."""

    @classmethod
    async def stop(cls) -> None:
        """End browser and driver. Called once, at the end of the process."""
        if cls.browser is not None and cls.browser.is_connected():
            await cls.browser.close()
        if cls.driver is not None:
            await cls.driver.stop()
        cls.browser = cls.driver = None


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """One look's pages in the shared browser."""

    async def render(self, request: Any, fetcher: Fetcher) -> tuple[str, Answer, str]:
        """The page after its scripts have run, its address and its evidence. Raises Forbidden or Unanswered."""
        stored = fetcher.writer.find(RENDERED, request.url)
        if stored is not None and not request.meta.get("again"):
            return (
                stored.url,
                Answer(stored.status, tuple((k.lower(), v) for k, v in stored.headers), stored.body),
                stored.id,
            )
        url, first, _ = await fetcher.fetch("GET", request.url, fresh=bool(request.meta.get("again")))
        pictures: list[bytes] = []
        wanted = request.meta.get("picture") and (
            request.meta.get("again") or fetcher.writer.find(PICTURE, request.url) is None
        )
        answers = _Answers(fetcher, url, first)
        asked = request.replace(url=url)
        asked.meta.update(
            playwright_context_kwargs={"service_workers": "block", "user_agent": fetcher.agent},
            playwright_page_init_callback=answers.attach,
            playwright_page_methods=[PageMethod(_settle, answers), *([PageMethod(_picture, pictures)] if wanted else [])],
        )  # fmt: skip
        try:
            async with asyncio.timeout(_MOST_S):
                response = await self._download_request(asked)
        except (TimeoutError, BrowserTimeout):
            raise Unanswered("unreachable", "浏览器打开网页超时", again=True) from None
        except Error as error:
            raise Unanswered("unreachable", f"浏览器没有打开网页（{str(error).splitlines()[0][:120]}）") from None
        headers = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, vs in response.headers.items() for v in vs]
        answer = Answer(response.status, tuple(headers), response.body[: fetcher.net.client.max_bytes])
        for picture in pictures:  # before the page: a look killed between the two opens it again, and has its picture
            fetcher.writer.put(
                method=PICTURE, url=request.url, status=200, headers=[("content-type", "image/png")], body=picture,
                fetched_at=clock.now(), content_type="image/png",
            )  # fmt: skip
        return response.url, answer, fetcher.keep(RENDERED, request.url, answer)

    async def _close(self) -> None:
        if hasattr(self, "browser"):
            self.browser.remove_listener("disconnected", self._browser_disconnected_callback)
            del self.browser  # it is shared: only this look's contexts are closed
        await super()._close()


class _Answers:
    """Answers what one page asks for: its document once from what was fetched, the rest by the look's fetcher."""

    def __init__(self, fetcher: Fetcher, url: str, first: Answer) -> None:
        self.fetcher, self.url = fetcher, url
        self.first: Answer | None = first
        self.asked = self.answered = 0

    async def attach(self, page: Page, request: Any) -> None:
        """Called for the fresh page; the route added last is asked first."""
        await page.route("**", self.answer)

    async def answer(self, route: Route, request: Request) -> None:
        """One request of the page."""
        self.asked += 1
        try:
            await self._answer(route, request)
        finally:
            self.answered += 1

    async def _answer(self, route: Route, request: Request) -> None:
        with suppress(Error):  # the page may be gone when its answer comes
            if request.resource_type in _SKIPPED or not request.url.startswith(("http://", "https://")):
                await route.abort("blockedbyclient")
                return
            document = request.is_navigation_request() and request.frame.parent_frame is None
            answer, self.first = (self.first, None) if document and request.url == self.url else (None, self.first)
            try:
                if answer is None:
                    answer = await self._ask(request, again=document)
            except (Forbidden, Unanswered):
                await route.abort("blockedbyclient")
                return
            headers: dict[str, str] = {}
            for name, value in answer.headers:
                if name not in _DROPPED:
                    headers[name] = f"{headers[name]}\n{value}" if name in headers else value
            await route.fulfill(status=answer.status, headers=headers, body=answer.body)

    async def _ask(self, request: Request, again: bool) -> Answer:
        """`again`: the page itself loads the column anew, as after a check by script: not from evidence."""
        fetcher = self.fetcher
        for cookie in await request.frame.page.context.cookies(request.url):
            fetcher.cookies.put(request.url, cookie["name"], cookie["value"])
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in ("accept", "content-type", "referer", "x-requested-with", "origin")
        }
        body = request.post_data_buffer or b""
        return (await fetcher.fetch(request.method, request.url, headers, body, fresh=again))[1]


async def _settle(page: Page, answers: _Answers) -> None:
    """Wait until the page's scripts have fallen silent; one that never does is taken as it is.

    Half a second without a request says it only of a machine that has nothing else to do: a page that is held up between an
    answer and its next request is silent when a moment of its own has passed as well.
    """
    with suppress(TimeoutError, BrowserTimeout):
        async with asyncio.timeout(_IDLE_S):
            await page.wait_for_load_state("networkidle", timeout=_IDLE_S * 1000)
            while True:
                asked = answers.asked
                with suppress(Error):  # it goes on to another page
                    await page.evaluate(_MOMENT)
                if asked == answers.asked == answers.answered:
                    return


async def _picture(page: Page, pictures: list[bytes]) -> None:
    """What a visitor sees of the page; a picture that cannot be taken is no reason to lose the page, and is said."""
    try:
        picture = await page.screenshot(full_page=True, type="png", timeout=_PICTURE_MS)
        pictures.append(
            picture if len(picture) <= _PICTURE_MOST else await page.screenshot(type="png", timeout=_PICTURE_MS)
        )
    except Error as error:
        log.warning("%s：没有拍下网页的样子（%s），网页照读", page.url, str(error).splitlines()[0][:120])
