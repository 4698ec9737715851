"""Statistics of proportions, medians and percentiles, and of their differences between two groups of calls. Pure.

Definitions
-----------
A share of calls has its Wilson interval; the difference of two shares Newcombe's, which is made of both Wilson intervals and
stays honest near 0 and 1. A duration is compared by its median: durations of calls have long tails, of which a mean is mostly
made. The interval of the difference of medians is Bonett's and Price's, from order statistics; the p value is that of Mann and
Whitney's test. Several comparisons side by side are corrected by Holm. How far two judges agree beyond chance is Cohen's kappa,
with the interval of Fleiss, Cohen and Everitt.

References
----------
Wilson (1927), J. Am. Stat. Assoc. 22:209; Brown, Cai & DasGupta (2001), Statistical Science 16:101, who advise it for n < 40.
Newcombe (1998), Statistics in Medicine 17:873, method 10. Bonett & Price (2002), Psychological Methods 7:370. Mann & Whitney
(1947), Ann. Math. Stat. 18:50. Holm (1979), Scand. J. Stat. 6:65. Cohen (1960), Educ. Psychol. Meas. 20:37; Fleiss, Cohen and
Everitt (1969), Psychological Bulletin 72:323.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def newcombe(successes: int, n: int, other_successes: int, other_n: int) -> tuple[float, float] | None:
    """Newcombe's 95 % interval of the difference of two proportions, first minus other.

    Parameters
    ----------
    successes, n, other_successes, other_n
        Of two independent groups.

    Returns
    -------
    (low, high) in [-1, 1], or None when one of the groups is empty.
    """
    one, other = wilson(successes, n), wilson(other_successes, other_n)
    if one is None or other is None:
        return None
    p, q = successes / n, other_successes / other_n
    return (
        p - q - math.hypot(p - one[0], other[1] - q),
        p - q + math.hypot(one[1] - p, q - other[0]),
    )


def two_proportions_p(successes: int, n: int, other_successes: int, other_n: int) -> float | None:
    """Two-sided p value of the test that two proportions are equal, by the pooled normal approximation.

    Returns
    -------
    None when one of the groups is empty; 1 when all, or none, of both succeed.
    """
    if not n or not other_n:
        return None
    pooled = (successes + other_successes) / (n + other_n)
    variance = pooled * (1 - pooled) * (1 / n + 1 / other_n)
    if variance == 0:
        return 1.0
    return _two_sided_p((successes / n - other_successes / other_n) / math.sqrt(variance))


def median_difference(values: NDArray[Any], other: NDArray[Any]) -> tuple[float, float, float] | None:
    """Difference of two medians, first minus other, with its 95 % interval by Bonett and Price.

    Parameters
    ----------
    values, other
        Numbers of two independent groups, without NaN, in any order.

    Returns
    -------
    (difference, low, high), or None when a group has fewer than `FEWEST_FOR_A_MEDIAN` values.
    """
    if min(len(values), len(other)) < FEWEST_FOR_A_MEDIAN:
        return None
    difference = float(np.median(values) - np.median(other))
    half = Z_95 * math.hypot(_median_error(values), _median_error(other))
    return difference, difference - half, difference + half


FEWEST_FOR_A_MEDIAN = 6
"""The order statistics around a median say nothing of its error in a smaller group."""


def _median_error(values: NDArray[Any]) -> float:
    """Standard error of a median, from the two order statistics that enclose it with about 95 % confidence."""
    n = len(values)
    below = max(round((n + 1) / 2 - math.sqrt(n)), 1)
    ordered = np.partition(values, [below - 1, n - below])
    # The exact confidence of that pair: the number of values under the true median is binomial with p = 1/2.
    log_half = n * math.log(0.5)
    tail = sum(math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + log_half) for k in _tail(n, below))
    return float(ordered[n - below] - ordered[below - 1]) / (2 * _normal_quantile(1 - tail))


def _tail(n: int, below: int) -> range:
    """Counts under ``below`` that are not negligible: all, or those within 12 standard deviations of n / 2."""
    return range(max(0, math.floor(n / 2 - 6 * math.sqrt(n))), below)


def _normal_quantile(p: float) -> float:
    """Quantile of the standard normal distribution, by bisection of the error function."""
    low, high = -10.0, 10.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * math.erfc(-middle / math.sqrt(2)) < p else (low, middle)
    return (low + high) / 2


def mann_whitney_p(values: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Two-sided p value of Mann and Whitney's test, by the normal approximation with correction for ties and continuity.

    Parameters
    ----------
    values, other
        Numbers of two independent groups, without NaN.

    Returns
    -------
    None when one of the groups is empty; 1 when all values are the same.
    """
    n, m = len(values), len(other)
    if not n or not m:
        return None
    mine, ties = _counts_by_value(values, other)
    ranks = np.cumsum(ties) - (ties - 1) / 2
    total = n + m
    u = float((mine * ranks).sum()) - n * (n + 1) / 2
    tied = float((ties.astype(float) ** 3 - ties).sum())
    variance = n * m / 12 * (total + 1 - tied / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    distance = max(abs(u - n * m / 2) - 0.5, 0.0)
    return _two_sided_p(distance / math.sqrt(variance))


def _counts_by_value(values: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each value in order: how often it is among ``values``, and among both. Whole numbers are counted, others sorted."""
    if np.issubdtype(values.dtype, np.integer) and np.issubdtype(other.dtype, np.integer):
        lowest = min(values.min(), other.min())
        size = int(max(values.max(), other.max()) - lowest) + 1
        if size <= MOST_COUNTED:
            mine = np.bincount(values - lowest, minlength=size)
            both = mine + np.bincount(other - lowest, minlength=size)
            return mine[both > 0], both[both > 0]
    _, place, both = np.unique(np.concatenate([values, other]), return_inverse=True, return_counts=True)
    return np.bincount(place[: len(values)], minlength=len(both)), both


MOST_COUNTED = 20_000_000
"""Widest range of whole numbers that are counted and not sorted: five hours and a half in ms."""


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected by Holm for being looked at side by side, in the order given."""
    corrected = [0.0] * len(p_values)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = worst
    return corrected


def cohen_kappa(counts: Sequence[Sequence[int]]) -> tuple[float, float, float] | None:
    """Cohen's kappa of two judges with its 95 % interval: agreement beyond what their own frequencies make by chance.

    Parameters
    ----------
    counts
        ``counts[i][j]`` cases that the first judge puts into category i and the second into j; square.

    Returns
    -------
    (kappa, low, high) in [-1, 1]; None without cases, and where both always say the same one thing: chance agrees as well.

    Notes
    -----
    The interval is of large samples: of a few dozen cases it is a rough one, and where all agree it has no width.

    Examples
    --------
    >>> kappa, low, high = cohen_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    >>> f"{kappa:.2f} {low:.2f} {high:.2f}"
    '0.68 0.51 0.85'
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():
        raise ValueError("counts of two judges are a square table of numbers from 0 on")
    n = float(table.sum())
    if n == 0:
        return None
    shares = table / n
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    by_chance = float(first @ second)
    if by_chance >= 1 - 1e-12:
        return None
    kappa = (float(np.trace(shares)) - by_chance) / (1 - by_chance)
    agreed = np.diag(shares) * (1 - (first + second) * (1 - kappa)) ** 2
    crossed = shares * (second[:, None] + first[None, :]) ** 2
    differing = (1 - kappa) ** 2 * float(crossed.sum() - np.trace(crossed))
    variance = (float(agreed.sum()) + differing - (kappa - by_chance * (1 - kappa)) ** 2) / (n * (1 - by_chance) ** 2)
    half = Z_95 * math.sqrt(max(variance, 0.0))
    return kappa, max(-1.0, kappa - half), min(1.0, kappa + half)


def _two_sided_p(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))
