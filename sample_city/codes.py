"""Invented codes that satisfy the national check-digit rules (GB 32100, GB 11714, GB 11643)."""

from __future__ import annotations

import datetime
import random

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def organisation_code(body: str) -> str:
    """Eight characters with their GB 11714 check character."""
    total = sum(int(c, 36) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True))
    return body + "0123456789X0"[11 - total % 11]


def unified_code(rng: random.Random, head: str, area: str) -> str:
    """A unified social credit code: `head` is department and type (91 company, 92 household business, 11 organ …)."""
    first = rng.choice("ABCDEFGH") if head[0] == "9" else rng.choice("0123456789")
    body = ("MA" if head[0] == "9" else "00") + first + "".join(rng.choice("0123456789") for _ in range(5))
    text = head + area + organisation_code(body)
    total = sum(_USCC.index(c) * w for c, w in zip(text, _USCC_WEIGHTS, strict=True))
    return text + _USCC[(31 - total % 31) % 31]


def failing_code(code: str) -> str:
    """The same code with another check character, as some early pilot codes were really issued."""
    return code[:-1] + _USCC[(_USCC.index(code[-1]) + 7) % 31]


def id_check(body: str) -> str:
    return "10X98765432"[sum(int(c) * w for c, w in zip(body, _ID_WEIGHTS, strict=True)) % 11]


def person_code(rng: random.Random, area: str) -> str:
    """An invented citizen number with a right check character."""
    born = datetime.date(1960, 1, 1) + datetime.timedelta(days=rng.randrange(14600))
    body = f"{area}{born:%Y%m%d}{rng.randrange(1, 1000):03d}"
    return body + id_check(body)


def mobile(rng: random.Random) -> str:
    return "139" + f"{rng.randrange(10**8):08d}"


def permit_number(rng: random.Random, area: str, day: datetime.date) -> str:
    """An 18-digit construction permit number: it looks like a citizen number, but its last digit does not fit."""
    body = f"{area}{day:%Y%m%d}{rng.randrange(1, 1000):03d}"
    wrong = [c for c in "0123456789" if c != id_check(body)]
    return body + rng.choice(wrong)
