"""On the way out: may we go there? On the way back: keep it before anybody reads it. Each class keeps to one job."""

from __future__ import annotations

import asyncio
from typing import Any

from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import HtmlResponse, Response

from db import clock

_MAX_PAUSE = 60.0


class Egress:
    """Refuses every hop, first or redirected, that leaves the portal's hosts."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Egress:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        await self.crawler.spider.gate.check(request.url)


class Keep:
    """Stores every response as evidence; answers a resumed look from what it already has."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Keep:
        return cls(crawler)

    def process_request(self, request: Request) -> Response | None:
        if request.meta.get("retry_times"):
            return None  # it was worth a retry: ask again
        stored = self.crawler.spider.writer.find(request.method, request.url, request.body)
        if stored is None:
            return None
        request.meta["evidence"] = stored.id
        headers: dict[str, list[str]] = {}
        for name, value in stored.headers:
            headers.setdefault(name, []).append(value)
        return HtmlResponse(
            stored.url, status=stored.status, headers=headers, body=stored.body, request=request, flags=["kept"]
        )

    def process_response(self, request: Request, response: Response) -> Response:
        if "kept" not in response.flags:
            headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, values in response.headers.items()
                for value in values
                if name.lower() not in (b"content-length", b"content-encoding", b"transfer-encoding")
            ]
            content_type = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
            request.meta["evidence"] = self.crawler.spider.writer.put(
                method=request.method, url=request.url, status=response.status, headers=headers, body=response.body,
                fetched_at=clock.now(), content_type=content_type, request_body=request.body,
            )  # fmt: skip
        return response


class Patience(RetryMiddleware):  # type: ignore[misc]
    """Retries with growing pauses, which begin at the portal's own delay."""

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        again = super().process_response(request, response)
        if again is not response:
            await self._pause(request)
        return again

    async def process_exception(self, request: Request, exception: Exception) -> Request | Response | None:
        again = super().process_exception(request, exception)
        if again is not None:
            await self._pause(request)
        return again

    async def _pause(self, request: Request) -> None:
        delay = self.crawler.settings.getfloat("MINGCHA_DELAY") * 2.0 ** request.meta.get("retry_times", 0)
        if delay > 0:
            await asyncio.sleep(min(delay, _MAX_PAUSE))
