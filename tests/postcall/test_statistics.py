import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.statistics import quantile, target_verdict, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # all of n: the lower end is n / (n + z²)
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_against_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_mirrors(case: tuple[int, int]) -> None:
    successes, n = case
    interval, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert interval is not None
    assert mirrored is not None
    low, high = interval
    assert 0 <= low <= successes / n <= high <= 1
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


def test_no_calls_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes of"):
        wilson(successes, n)


@pytest.mark.parametrize(
    ("successes", "n", "verdict"),
    [
        (29, 29, "too few calls"),
        (0, 0, "too few calls"),
        (30, 30, "open"),
        (100, 100, "met"),
        (95, 100, "open"),
        (80, 100, "not met"),
    ],
)
def test_a_verdict_needs_the_whole_interval(successes: int, n: int, verdict: str) -> None:
    assert target_verdict(successes, n, target=0.95, minimum_n=30) == verdict


def test_an_interval_that_only_reaches_the_target_is_open() -> None:
    interval = wilson(80, 100)
    assert interval is not None
    assert target_verdict(80, 100, target=interval[1], minimum_n=1) == "open"
    assert target_verdict(80, 100, target=interval[0], minimum_n=1) == "met"


def test_no_calls_are_too_few_whatever_the_minimum() -> None:
    assert target_verdict(0, 0, target=0.95, minimum_n=0) == "too few calls"


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=50), st.floats(0, 1))
def test_quantile_is_numpys_rounded(values: list[int], q: float) -> None:
    found = quantile(values, q)
    assert found is not None
    assert abs(found - float(np.quantile(values, q))) <= 0.5 + 1e-6


def test_quantile_of_nothing() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3, 1, 2], 0.5) == 2
