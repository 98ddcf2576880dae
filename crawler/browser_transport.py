"""The download handler of browser looks; loaded only where a browser is used, for Playwright is large."""

from __future__ import annotations

from typing import Any

from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.transport import turn


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """A browser page (or plain HTTP where a request does not ask for one) with the host's limits kept."""

    async def download_request(self, request: Any) -> Any:
        async with turn(request.url, self.crawler.settings):
            return await super().download_request(request)
