"""The download handler of browser looks; loaded only where a browser is used, for Playwright is large.

One driver and one browser serve all looks of a process (each start costs as much as a hundred plain pages); every look
has a context of its own in it, so nothing is shared between portals.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from playwright.async_api import Browser, Playwright, async_playwright
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.transport import turn


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
    """A browser page (or plain HTTP where a request does not ask for one) with the host's limits kept."""

    async def download_request(self, request: Any) -> Any:
        async with turn(request.url, self.crawler.settings):
            return await super().download_request(request)

    async def _close(self) -> None:
        if hasattr(self, "browser"):
            self.browser.remove_listener("disconnected", self._browser_disconnected_callback)
            del self.browser  # it is shared: only this look's contexts are closed
        await super()._close()
