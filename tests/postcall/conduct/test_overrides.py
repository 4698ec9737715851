from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.conduct.overrides import DO_NOT_TRUST, NO_VARIATION, TOO_FEW, TRUST, Reviewed, agreements
from postcall.conduct.tables import OUTCOMES

AT = datetime(2026, 3, 2, tzinfo=UTC)


def review(
    number: int, automatic: str | None, by_person: str, rule: str = "own-1", *, call: str = "", hours: int = 0
) -> Reviewed:
    return Reviewed(call or f"c{number}", "own", rule, automatic, by_person, AT + timedelta(hours=hours))


def reviews(pp: int, pf: int, fp: int, ff: int) -> list[Reviewed]:
    pairs = [("pass", "pass")] * pp + [("pass", "fail")] * pf + [("fail", "pass")] * fp + [("fail", "fail")] * ff
    return [review(number, *pair) for number, pair in enumerate(pairs)]


def test_counts_agreement_and_kappa() -> None:
    (one,) = agreements(reviews(20, 5, 10, 15))  # Cohen's textbook case: 0.7 agreed, 0.5 by chance
    assert (one.n, one.agreed, one.agreed_share) == (50, 35, 0.7)
    assert [row[:2] for row in one.counts[:2]] == [(20, 5), (10, 15)]
    assert one.kappa == pytest.approx(0.4)
    assert one.verdict == DO_NOT_TRUST


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (reviews(20, 1, 1, 20), TRUST),
        (reviews(10, 0, 0, 10), TOO_FEW),
        (reviews(40, 0, 0, 0), NO_VARIATION),
        (reviews(35, 3, 2, 0), DO_NOT_TRUST),  # 88 % agree, and no more than chance does
    ],
)
def test_verdicts(found: list[Reviewed], verdict: str) -> None:
    (one,) = agreements(found)
    assert one.verdict == verdict


def test_the_newest_review_of_a_result_counts() -> None:
    found = [review(0, "fail", "pass", call="x", hours=1), review(0, "fail", "fail", call="x", hours=2)]
    (one,) = agreements(found)
    assert (one.n, one.agreed) == (1, 1)
    assert agreements(reversed(found)) == [one]


def test_reviews_of_results_that_are_gone_are_counted_apart() -> None:
    (one,) = agreements([review(1, "pass", "pass"), review(2, None, "fail")])
    assert (one.n, one.gone) == (1, 1)
    (none,) = agreements([review(2, None, "fail")])
    assert (none.n, none.agreed_share, none.kappa, none.verdict) == (0, None, None, TOO_FEW)


@given(
    st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES), st.sampled_from(["own-1", "own-2"])), max_size=40)
)
def test_every_review_is_counted_once(pairs: list[tuple[str, str, str]]) -> None:
    found = [review(number, *pair) for number, pair in enumerate(pairs)]
    rules = agreements(found)
    assert sum(one.n for one in rules) == len(pairs)
    assert sum(one.agreed for one in rules) == sum(mine == theirs for mine, theirs, _ in pairs)
