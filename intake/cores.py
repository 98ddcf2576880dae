"""How many processors an import may use."""

from __future__ import annotations

import os


def cores() -> int:
    """The processors this process may use; MINGCHA_WORKERS sets another number."""
    given = os.environ.get("MINGCHA_WORKERS", "")
    return int(given) if given.isdigit() else len(os.sched_getaffinity(0))
