from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.spans import (
    Span,
    Spans,
    at_least,
    bridge,
    clip,
    gaps,
    hull,
    intersect,
    longest_ms,
    subtract,
    total_ms,
    union,
    whole,
)

SPAN = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 40), st.integers(1, 12))
SPANS = st.lists(SPAN, max_size=12).map(union)


def points(spans: Spans) -> set[int]:
    return {ms for span in spans for ms in range(span.start_ms, span.end_ms)}


def is_normal(spans: Spans) -> bool:
    return all(one.end_ms < two.start_ms for one, two in pairwise(spans))


def test_a_span_is_never_empty() -> None:
    for end in (3, 2):
        with pytest.raises(ValueError, match="must end after it starts"):
            Span(3, end)
    assert Span(3, 5).duration_ms == 2


def test_touching_spans_share_nothing_and_become_one() -> None:
    assert not Span(0, 2).overlaps(Span(2, 3))
    assert Span(0, 2) & Span(2, 3) is None
    assert Span(0, 3).overlaps(Span(2, 3))
    assert Span(0, 3) & Span(2, 5) == Span(2, 3)
    assert union([Span(2, 3), Span(0, 2)]) == (Span(0, 3),)


def test_bridge_closes_gaps_up_to_its_length() -> None:
    assert bridge([Span(0, 2), Span(3, 5), Span(7, 9)], 1) == (Span(0, 5), Span(7, 9))


def test_a_span_inside_another_does_not_shorten_it() -> None:
    assert union([Span(0, 9), Span(2, 3), Span(5, 6)]) == (Span(0, 9),)


@given(st.lists(SPAN, max_size=12), st.lists(SPAN, max_size=12))
def test_union_is_that_of_sets(left: list[Span], right: list[Span]) -> None:
    joined = union(left, right)
    assert is_normal(joined)
    assert points(joined) == points(tuple(left)) | points(tuple(right))


@given(SPANS, SPANS)
def test_intersect_and_subtract_are_those_of_sets(left: Spans, right: Spans) -> None:
    both, only = intersect(left, right), subtract(left, right)
    assert is_normal(both)
    assert is_normal(only)
    assert points(both) == points(left) & points(right)
    assert points(only) == points(left) - points(right)
    assert total_ms(both) + total_ms(only) == total_ms(left)


@given(SPANS, SPAN)
def test_gaps_and_clip_split_what_they_look_at(spans: Spans, within: Span) -> None:
    inside, free = clip(spans, within), gaps(spans, within)
    assert points(inside) | points(free) == points((within,))
    assert total_ms(inside) + total_ms(free) == within.duration_ms


@given(SPANS, st.integers(1, 12))
def test_at_least_keeps_the_long_ones(spans: Spans, min_ms: int) -> None:
    kept = at_least(spans, min_ms)
    assert set(kept) <= set(spans)
    assert {span.duration_ms < min_ms for span in set(spans) - set(kept)} <= {True}
    assert longest_ms(spans) >= min_ms or kept == ()


def test_nothing() -> None:
    assert whole(0) is None
    assert whole(5) == Span(0, 5)
    assert hull(()) is None
    assert hull((Span(1, 2), Span(4, 9))) == Span(1, 9)
    assert gaps((Span(1, 2),), None) == clip((Span(1, 2),), None) == ()
    assert total_ms(()) == longest_ms(()) == 0
