"""One address, or a few, outside a look: for `discover` and `extract`. The same rules as a look's: egress on every hop,
robots.txt, turns, limits; only evidence is not kept, for nothing here is judged."""

from __future__ import annotations

import asyncio
from typing import Any

from crawler.addresses import host_of, is_inner
from crawler.downloader import Fetcher, Net
from crawler.egress import Forbidden, Gate
from crawler.wire import Unanswered
from db.settings import CrawlSettings
from standard.errors import Refused


class NoEvidence:
    """In place of a look's evidence: finds nothing, keeps nothing."""

    def find(self, *args: Any, **kwargs: Any) -> None:
        return None

    def put(self, *args: Any, **kwargs: Any) -> str:
        return ""


def gate_of(url: str, allowed: tuple[str, ...] = ()) -> Gate:
    """What may be asked: the host that the caller has typed, and those he allows. An inner address that he typed himself
    counts as named; one that a name or a redirect leads to does not."""
    host = host_of(url)
    return Gate(host, [*allowed, *([host] if is_inner(host) or host == "localhost" else [])])


def fetcher_of(net: Net, gate: Gate, settings: CrawlSettings) -> Fetcher:
    """Asks without keeping."""
    return Fetcher(net, gate, NoEvidence(), settings)  # type: ignore[arg-type]


def fetch(url: str, settings: CrawlSettings | None = None) -> tuple[bytes, str | None]:
    """The content of an address and its content type. Raises Refused with the reason when there is none."""
    settings = settings or CrawlSettings(delay_s=0, retries=1)

    async def ask() -> tuple[bytes, str | None]:
        net = Net(settings)
        try:
            _, answer, _ = await fetcher_of(net, gate_of(url), settings).fetch("GET", url)
        finally:
            net.close()
        if answer.status >= 400:
            raise Refused(f"{url}：打不开（HTTP {answer.status}），请检查网址")
        return answer.body, answer.header("content-type")

    try:
        return asyncio.run(ask())
    except (Forbidden, Unanswered) as error:
        raise Refused(f"{url}：{error}") from None
