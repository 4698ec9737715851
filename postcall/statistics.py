"""Statistics of proportions, medians and percentiles for small groups of calls. Pure.

References
----------
Wilson (1927), J. Am. Stat. Assoc. 22:209; Brown, Cai & DasGupta (2001), Statistical Science 16:101, who advise it for n < 40.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


def wilson(successes: int, n: int, z: float = Z_95) -> tuple[float, float] | None:
    """Wilson score interval of a proportion.

    Parameters
    ----------
    successes, n
        ``0 <= successes <= n``.
    z
        Normal quantile of the confidence.

    Returns
    -------
    (low, high) in [0, 1], or None for ``n == 0``.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return None
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def target_verdict(successes: int, n: int, *, target: float, minimum_n: int) -> str:
    """Whether a proportion meets a target, with 95 % confidence.

    Parameters
    ----------
    successes, n
        ``0 <= successes <= n``.
    target
        Share to reach, float in (0, 1].
    minimum_n
        Below it nothing is said.

    Returns
    -------
    ``met`` or ``not met`` when the whole Wilson interval lies on one side of the target, ``open`` when it holds the target,
    ``too few calls`` for ``n < minimum_n``.
    """
    interval = wilson(successes, n)
    if interval is None or n < minimum_n:
        return "too few calls"
    low, high = interval
    if low >= target:
        return "met"
    return "not met" if high < target else "open"


def quantile(values: Sequence[int], q: float) -> int | None:
    """Quantile by linear interpolation (type 7), rounded to a whole number; None for no values.

    Parameters
    ----------
    values
        In any order.
    q
        Float in [0, 1].
    """
    if not values:
        return None
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (at - low))
