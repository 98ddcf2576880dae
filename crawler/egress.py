"""Where a crawl may go: the portal's host and those its entry names. Inner addresses only when they are named."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest

from crawler.addresses import host_of, is_inner
from crawler.wire import Way


class Forbidden(IgnoreRequest):
    """An address a crawl must not ask. Raised on every hop; the text is Chinese."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class Gate:
    """Decides for one portal. What a name leads to is checked by `crawler.wire`, when it connects, for that connection."""

    def __init__(self, own: str, allowed: list[str], *, legacy_tls: bool = False, unverified: bool = False) -> None:
        self.own = own.lower()
        self.named = {host.lower() for host in allowed}
        self.hosts = {self.own, *self.named}
        self._ways = {inner: {True: Way(inner, legacy_tls, unverified), False: Way(inner)} for inner in (True, False)}

    def check(self, url: str) -> None:
        """Raises Forbidden when the address is not this portal's to ask."""
        host = host_of(url)
        if host in self.named:
            return
        inner = is_inner(host) or host == "localhost"
        if host not in self.hosts:
            if inner:
                raise Forbidden("link_out", f"链接或跳转指向内网或本机地址 {host}，公众打不开，未跟随")
            raise Forbidden("link_out", f"链接或跳转指向外站 {host}，未跟随")
        if inner:
            raise Forbidden("error", f"{host} 是内网或本机地址，未写入登记的 allow_hosts，不访问")

    def way(self, url: str) -> Way:
        """How an allowed address may be reached; exceptions of TLS hold for the portal's own host only."""
        host = host_of(url)
        return self._ways[host in self.named][host == self.own]
