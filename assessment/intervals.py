"""The few statistics a spot check needs: sizes, intervals, agreement. Pure; shares are between 0 and 1.

Wilson stands on screens; Clopper–Pearson (or the exact hypergeometric interval, when more than a twentieth of the frame was
looked at) where a deduction depends on it, because it never covers less than it says. Sources: E. B. Wilson 1927; Clopper and
Pearson 1934; hypergeometric tail inversion for finite frames; J. Cohen 1960 for agreement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Z95 = 1.959963984540054


def sample_size(frame: int, prior: float = 0.5, margin: float = 0.05, check_all: int = 50) -> int:
    """How many of `frame` to check so that a 95 % interval is `margin` wide to either side; small frames are checked whole.

    >>> sample_size(100), sample_size(1000), sample_size(100, prior=0.1), sample_size(40)
    (80, 278, 59, 40)
    """
    if frame <= check_all:
        return frame
    ideal = Z95**2 * prior * (1 - prior) / margin**2
    return min(frame, math.ceil(ideal / (1 + (ideal - 1) / frame)))


def discovery_size(frame: int, rate: float, confidence: float = 0.95) -> int:
    """The least number to check so that a rate of `rate` or more would, with this confidence, have shown a case.

    >>> discovery_size(100, 0.01), discovery_size(1000, 0.05)
    (95, 57)
    """
    bad = max(1, round(frame * rate))
    low, high = 1, frame
    while low < high:
        middle = (low + high) // 2
        if _hypergeometric(0, frame, bad, middle) <= 1 - confidence + 1e-9:  # equality is met, whatever floats say
            high = middle
        else:
            low = middle + 1
    return low


def wilson(found: int, checked: int) -> tuple[float, float]:
    """The 95 % interval of a share, for screens.

    >>> [round(bound, 3) for bound in wilson(3, 30)]
    [0.035, 0.256]
    """
    _check(found, checked)
    share, z2 = found / checked, Z95**2
    middle = (share + z2 / (2 * checked)) / (1 + z2 / checked)
    half = Z95 / (1 + z2 / checked) * math.sqrt(share * (1 - share) / checked + z2 / (4 * checked**2))
    return (0.0 if found == 0 else max(0.0, middle - half), 1.0 if found == checked else min(1.0, middle + half))


def clopper_pearson(found: int, checked: int, alpha: float = 0.05) -> tuple[float, float]:
    """The exact 95 % interval of a share of an endless frame: never covers less than it says.

    >>> [round(bound, 3) for bound in clopper_pearson(3, 30)]
    [0.021, 0.265]
    """
    _check(found, checked)
    low = 0.0 if found == 0 else _root(lambda p: 1 - _binomial(found - 1, checked, p) - alpha / 2)
    high = 1.0 if found == checked else _root(lambda p: alpha / 2 - _binomial(found, checked, p))
    return low, high


def exact(found: int, checked: int, frame: int, alpha: float = 0.05) -> tuple[float, float]:
    """The exact 95 % interval of the share in a finite frame of which `checked` were drawn; everything checked: a point.

    >>> exact(3, 30, 30)
    (0.1, 0.1)
    """
    _check(found, checked)
    if checked > frame:
        raise ValueError(f"checked {checked} of a frame of {frame}")
    least, most = found, frame - (checked - found)
    # P(X >= found) grows with the number of bad ones in the frame, P(X <= found) falls.
    low = _first(least, most, lambda bad: 1 - _hypergeometric(found - 1, frame, bad, checked) > alpha / 2)
    high = _first(least, most + 1, lambda bad: _hypergeometric(found, frame, bad, checked) <= alpha / 2) - 1
    return low / frame, min(high, most) / frame


def defended(found: int, checked: int, frame: int) -> tuple[float, float]:
    """The interval for a figure that costs points: finite when more than a twentieth of the frame was checked."""
    return exact(found, checked, frame) if checked > frame / 20 else clopper_pearson(found, checked)


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's agreement beyond chance of two checkers; None when nothing was checked twice, or chance explains all.

    >>> kappa([("a", "a"), ("b", "b"), ("a", "b"), ("b", "b")])
    0.5
    """
    if not pairs:
        return None
    names = {name for pair in pairs for name in pair}
    agreed = sum(one == two for one, two in pairs) / len(pairs)
    chance = sum(
        (sum(one == name for one, _ in pairs) / len(pairs)) * (sum(two == name for _, two in pairs) / len(pairs))
        for name in names
    )
    return None if chance == 1 else (agreed - chance) / (1 - chance)


# ---------------------------------------------------------------- tails


def _check(found: int, checked: int) -> None:
    if not 0 <= found <= checked or checked == 0:
        raise ValueError(f"{found} of {checked}")


def _binomial(most: int, n: int, p: float) -> float:
    """P(X <= most) of n draws with chance p."""
    if p <= 0 or most >= n:
        return 1.0
    if p >= 1 or most < 0:
        return 0.0
    logs = (_log_choose(n, k) + k * math.log(p) + (n - k) * math.log1p(-p) for k in range(most + 1))
    return min(1.0, math.fsum(math.exp(value) for value in logs))


def _hypergeometric(most: int, frame: int, bad: int, drawn: int) -> float:
    """P(X <= most) of `drawn` out of `frame` with `bad` ones among them."""
    whole = _log_choose(frame, drawn)
    first = max(0, drawn - (frame - bad))
    terms = (
        _log_choose(bad, k) + _log_choose(frame - bad, drawn - k) - whole
        for k in range(first, min(most, bad, drawn) + 1)
    )
    return min(1.0, math.fsum(math.exp(value) for value in terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _root(grows: Callable[[float], float]) -> float:
    """Where a function that grows over [0, 1] passes zero."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if grows(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least of low … high for which a condition holds that, once true, stays true; `high` when none does."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
