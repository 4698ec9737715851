"""Intervals of time in a recording, and their algebra.

Conventions
-----------
Integer milliseconds, half-open ``[start_ms, end_ms)``, never empty. A *set of spans* is a tuple that is sorted and
disjoint (touching spans are merged); `union` makes one out of anything, and every function here returns one.
Integers make ``talk(agent) + talk(customer) - overtalk + non_talk == duration`` hold exactly.

References
----------
The interval type follows pyannote.core's ``Segment`` and ``Timeline``, in integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True, init=False)
class Span:
    """A stretch of time ``[start_ms, end_ms)`` in ms, at least 1 ms long."""

    start_ms: int
    end_ms: int

    # By hand, as a call has thousands: what a frozen class would write itself is slower.
    def __init__(self, start_ms: int, end_ms: int) -> None:
        if end_ms <= start_ms:
            raise ValueError(f"a span must end after it starts, not {start_ms}..{end_ms} ms")
        _set_start(self, start_ms)
        _set_end(self, end_ms)

    @property
    def duration_ms(self) -> int:
        """Length in ms, at least 1."""
        return self.end_ms - self.start_ms

    def overlaps(self, other: Span) -> bool:
        """Whether both share at least 1 ms."""
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms

    def __and__(self, other: Span) -> Span | None:
        start, end = max(self.start_ms, other.start_ms), min(self.end_ms, other.end_ms)
        return Span(start, end) if start < end else None


_set_start, _set_end = (Span.__dict__[name].__set__ for name in ("start_ms", "end_ms"))

Spans: TypeAlias = tuple[Span, ...]
"""A set of spans: sorted, disjoint, not touching."""


def union(*groups: Iterable[Span]) -> Spans:
    """Cover of all given spans; overlapping and touching spans become one.

    ::

        a      ###   ####
        b        ####     #
        union  ######### #
    """
    return bridge((span for group in groups for span in group), 0)


def bridge(spans: Iterable[Span], max_gap_ms: int) -> Spans:
    """Cover of ``spans`` in which gaps of at most ``max_gap_ms`` are closed.

    ::

        spans            ## ##    ##
        bridge(spans, 1) #####    ##
    """
    given = tuple(spans)
    if not given or _is_apart(given, max_gap_ms):
        return given
    # Pairs of numbers are compared many times as fast as spans.
    pairs = sorted([(span.start_ms, span.end_ms) for span in given])
    merged: list[Span] = []
    start, end = pairs[0]
    for next_start, next_end in pairs:
        if next_start - end <= max_gap_ms:
            end = max(end, next_end)
        else:
            merged.append(Span(start, end))
            start, end = next_start, next_end
    merged.append(Span(start, end))
    return tuple(merged)


def _is_apart(spans: Spans, max_gap_ms: int) -> bool:
    """Whether spans are in order and no gap is to be closed, as of most that are asked about."""
    end_ms = spans[0].end_ms
    for span in spans[1:]:
        if span.start_ms - end_ms <= max_gap_ms:
            return False
        end_ms = span.end_ms
    return True


def intersect(left: Spans, right: Spans) -> Spans:
    """What two sets of spans share.

    ::

        left       ######   ####
        right         ####    ######
        intersect     ###     ##
    """
    return tuple(_intersections(left, right)) if left and right else ()


def _intersections(left: Spans, right: Spans) -> Iterator[Span]:
    i = j = 0
    while i < len(left) and j < len(right):
        shared = left[i] & right[j]
        if shared is not None:
            yield shared
        if left[i].end_ms <= right[j].end_ms:
            i += 1
        else:
            j += 1


def subtract(left: Spans, right: Spans) -> Spans:
    """What of ``left`` is not in ``right``.

    ::

        left      ########   ###
        right       ##     ####
        subtract  ##  ####     #
    """
    if not right:
        return left
    kept: list[Span] = []
    j = 0
    for span in left:
        start = span.start_ms
        while j < len(right) and right[j].end_ms <= start:
            j += 1
        k = j
        while k < len(right) and right[k].start_ms < span.end_ms:
            if right[k].start_ms > start:
                kept.append(Span(start, right[k].start_ms))
            start = max(start, right[k].end_ms)
            k += 1
        if start == span.start_ms:
            kept.append(span)
        elif start < span.end_ms:
            kept.append(Span(start, span.end_ms))
    return tuple(kept)


def gaps(spans: Spans, within: Span | None) -> Spans:
    """The stretches of ``within`` that ``spans`` leave free; none for an empty ``within``.

    ::

        within   |############|
        spans      ##    ###
        gaps     ##  ####   ###
    """
    return subtract((within,), spans) if within is not None else ()


def clip(spans: Spans, within: Span | None) -> Spans:
    """The parts of ``spans`` that lie in ``within``."""
    return intersect(spans, (within,)) if within is not None else ()


def at_least(spans: Spans, min_ms: int) -> Spans:
    """The spans that last ``min_ms`` or longer."""
    return tuple(span for span in spans if span.duration_ms >= min_ms)


def total_ms(spans: Spans) -> int:
    """Summed length in ms; 0 for none."""
    return sum(span.end_ms - span.start_ms for span in spans)


def longest_ms(spans: Spans) -> int:
    """Length of the longest span in ms; 0 for none."""
    return max((span.duration_ms for span in spans), default=0)


def hull(spans: Spans) -> Span | None:
    """From the first start to the last end; None for none."""
    return Span(spans[0].start_ms, spans[-1].end_ms) if spans else None


def whole(duration_ms: int) -> Span | None:
    """All of a recording; None for one of zero length."""
    return Span(0, duration_ms) if duration_ms > 0 else None
