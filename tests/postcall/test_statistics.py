import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from postcall.statistics import (
    cohen_kappa,
    holm,
    mann_whitney_p,
    median_difference,
    newcombe,
    quantile,
    target_verdict,
    two_proportions_p,
    wilson,
)


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


# ── differences of two groups ────────────────────────────────────────────────


def test_newcombes_own_example() -> None:
    """Newcombe (1998), table II, (a): 56 of 70 and 48 of 80, method 10."""
    found = newcombe(56, 70, 48, 80)
    assert found == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(0, 0, 1, 2) is None


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_newcombe_turns_around_with_its_groups_and_holds_the_difference(n: int, m: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    found, turned = newcombe(a, n, b, m), newcombe(b, m, a, n)
    assert found is not None
    assert turned is not None
    assert found == pytest.approx((-turned[1], -turned[0]))
    assert found[0] - 1e-9 <= a / n - b / m <= found[1] + 1e-9
    assert -1 - 1e-9 <= found[0] <= found[1] <= 1 + 1e-9


def test_two_proportions_is_the_chi_squared_test_without_correction() -> None:
    expected = stats.chi2_contingency([[56, 14], [48, 32]], correction=False).pvalue
    assert two_proportions_p(56, 70, 48, 80) == pytest.approx(expected)
    assert two_proportions_p(5, 5, 7, 7) == 1.0
    assert two_proportions_p(0, 0, 7, 7) is None


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), st.lists(st.integers(0, 30), min_size=2, max_size=60))
def test_mann_whitney_is_scipys(one: list[int], other: list[int]) -> None:
    found = mann_whitney_p(np.array(one), np.array(other))
    if len({*one, *other}) == 1:
        assert found == 1.0
    else:
        expected = stats.mannwhitneyu(one, other, method="asymptotic", use_continuity=True).pvalue
        assert found == pytest.approx(min(1.0, expected))


def test_mann_whitney_of_nothing() -> None:
    assert mann_whitney_p(np.array([]), np.array([1.0])) is None


def test_the_interval_of_a_median_difference_holds_the_truth_about_95_times_of_100() -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(2000):
        found = median_difference(random.lognormal(1.0, 0.8, 60), random.lognormal(0.0, 0.8, 90))
        assert found is not None
        held += found[1] <= np.e - 1 <= found[2]
    assert 0.94 <= held / 2000 <= 0.98


def test_a_median_difference_of_very_many_values() -> None:
    values = np.arange(1_000_001, dtype=float)
    found = median_difference(values + 500, values)
    assert found is not None
    assert found[0] == 500
    # The density of these values is even, 1 in 1e6, so the error of a median is 1 / (2 f sqrt(n)), and of two sqrt(2) as much.
    assert (found[2] - found[1]) / 2 == pytest.approx(1.96 * np.sqrt(2) * 500, rel=0.05)


def test_few_values_have_no_median_difference() -> None:
    assert median_difference(np.arange(5.0), np.arange(50.0)) is None


def test_holms_correction() -> None:
    """By hand: 3 · 0.01, 2 · 0.02, 1 · 0.03, each at least the one before."""
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_kappa_of_fleiss_example() -> None:
    # Fleiss, Statistical Methods for Rates and Proportions (1981), table 13.1: kappa 0.68, standard error 0.087.
    found = cohen_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert found is not None
    kappa, low, high = found
    assert kappa == pytest.approx(0.6765, abs=1e-4)
    assert (kappa - low) / 1.96 == pytest.approx(0.0877, abs=1e-3)
    assert high - kappa == pytest.approx(kappa - low)


def test_kappa_where_there_is_none() -> None:
    assert cohen_kappa([[0, 0], [0, 0]]) is None
    assert cohen_kappa([[9, 0], [0, 0]]) is None
    assert cohen_kappa([[5, 0], [0, 5]]) == pytest.approx((1.0, 1.0, 1.0))
    assert cohen_kappa([[0, 5], [5, 0]]) == pytest.approx((-1.0, -1.0, -1.0))
    with pytest.raises(ValueError, match="square"):
        cohen_kappa([[1, 2]])


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3))
def test_kappa_is_that_of_scikit_learn(counts: list[list[int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = cohen_kappa(counts)
    pairs = [(i, j) for i, row in enumerate(counts) for j, number in enumerate(row) for _ in range(number)]
    if found is None:
        assert len({label for pair in pairs for label in pair}) <= 1
        return
    kappa, low, high = found
    first, second = zip(*pairs, strict=True)
    assert kappa == pytest.approx(metrics.cohen_kappa_score(first, second, labels=[0, 1, 2]))
    assert -1 <= low <= kappa <= high <= 1
    assert cohen_kappa([list(column) for column in zip(*counts, strict=True)]) == pytest.approx(found)


def test_the_interval_of_kappa_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    shares = np.array([[0.55, 0.08], [0.07, 0.30]])
    by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    truth = (float(np.trace(shares)) - by_chance) / (1 - by_chance)
    drawn = random.multinomial(150, shares.ravel(), size=2000).reshape(-1, 2, 2)
    held = [low <= truth <= high for _, low, high in filter(None, (cohen_kappa(one) for one in drawn))]
    assert 0.93 < sum(held) / len(held) < 0.97
