"""Hosts of addresses, and whether a host is one of the public internet. Without any outside package."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit


@lru_cache(4096)  # every address is asked for it half a dozen times on its way
def host_of(url: str) -> str:
    """The host of an address in lower case; empty when it has none.

    >>> host_of("https://Example.gov.cn:8443/a"), host_of("http://[::1")
    ('example.gov.cn', '')
    """
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_inner(address: str) -> bool:
    """Whether an address is one of a private network, of this machine, or otherwise not of the public internet.

    >>> is_inner("192.168.1.1"), is_inner("::ffff:127.0.0.1"), is_inner("8.8.8.8"), is_inner("example.org")
    (True, True, False, False)
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return not (mapped or ip).is_global
