"""Documents are read beside the walk: while a child works on one, the looks of all portals go on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TypeVar

_AT_ONCE = 2  # documents of one process; each may take a core and much memory
T = TypeVar("T")


async def beside(function: Callable[..., T], *arguments: object) -> T:
    """What a function answers that asks a child and waits for it."""
    threads = _threads(os.getpid())
    return await asyncio.get_running_loop().run_in_executor(threads, partial(function, *arguments))


@lru_cache(maxsize=1)
def _threads(owner: int) -> ThreadPoolExecutor:
    """The threads that wait for children; a fork has none of its parent's, so it makes its own."""
    return ThreadPoolExecutor(_AT_ONCE, "documents")
