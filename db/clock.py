"""What time it is. Every command asks here, so that MINGCHA_NOW can replay any day.

All times of the product are Asia/Shanghai (UTC+8, no daylight saving since 1991).
"""

from __future__ import annotations

import datetime
import os

from standard.errors import Refused

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime.datetime:
    """The present moment, aware, in Asia/Shanghai; MINGCHA_NOW=2026-10-20T09:00:00+08:00 sets it.

    Raises Refused when MINGCHA_NOW is not an ISO 8601 time.
    """
    text = os.environ.get("MINGCHA_NOW", "").strip()
    if not text:
        return datetime.datetime.now(SHANGHAI).replace(microsecond=0)
    try:
        return local(datetime.datetime.fromisoformat(text))
    except ValueError:
        raise Refused(f"环境变量 MINGCHA_NOW：“{text}”不是时间，请写成 2026-10-20T09:00:00+08:00") from None


def today() -> datetime.date:
    """The present day in Asia/Shanghai."""
    return now().date()


def local(moment: datetime.datetime) -> datetime.datetime:
    """The same moment in Asia/Shanghai; a time without zone is taken to be Shanghai's already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=SHANGHAI)
    return moment.astimezone(SHANGHAI)
