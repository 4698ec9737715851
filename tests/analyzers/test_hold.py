"""Holds of the call record, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.hold import CallHold, EventHold, hold
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.telephony import RecordedHold
from postcall.testing.conformance import conformance_calls
from postcall.testing.drawing import ANSWERED_AT, make_call

CALL = make_call(
    """
seconds   0         10        20        30        40
agent     ####                      ####
customer      #####
hold               ------        ---
"""
)


def split(call: Call) -> tuple[CallHold, list[EventHold]]:
    rows = list(hold(call))
    (summary,) = [row for row in rows if isinstance(row, CallHold)]
    return summary, [row for row in rows if isinstance(row, EventHold)]


def held(*seconds: tuple[float, float]) -> Call:
    """The call with holds at these seconds after the answer."""
    holds = tuple(RecordedHold(ANSWERED_AT + timedelta(seconds=a), ANSWERED_AT + timedelta(seconds=b)) for a, b in seconds)
    return replace(CALL, telephony=replace(CALL.telephony, holds=holds))


def test_two_holds() -> None:
    summary, events = split(CALL)
    assert (summary.has_hold, summary.holds, summary.hold_ms, summary.longest_hold_ms) == (True, 2, 9_000, 6_000)
    assert summary.hold_share == 9 / 40
    assert [(e.started_at, e.start_ms, e.duration_ms, e.hold_source) for e in events] == [
        (ANSWERED_AT + timedelta(seconds=9), 9_000, 6_000, "call_record"),
        (ANSWERED_AT + timedelta(seconds=23), 23_000, 3_000, "call_record"),
    ]


def test_known_to_have_had_none() -> None:
    summary, events = split(held())
    assert (summary.has_hold, summary.holds, summary.hold_ms, summary.longest_hold_ms, summary.hold_share) == (
        False,
        0,
        0,
        0,
        0,
    )
    assert events == []


def test_unknown_is_not_none() -> None:
    unknown = replace(CALL.telephony, holds=None)
    with pytest.raises(MissingInput, match="does not say whether there was a hold"):
        list(hold(replace(CALL, telephony=unknown)))


def test_a_call_nobody_answered_has_no_row() -> None:
    with pytest.raises(MissingInput, match="not answered"):
        list(hold(conformance_calls()["abandoned"]))


def test_overlapping_and_touching_holds_are_one() -> None:
    summary, events = split(held((15, 20), (5, 10), (8, 15), (30, 31)))
    assert (summary.holds, summary.hold_ms, [e.start_ms for e in events]) == (2, 16_000, [5_000, 30_000])


def test_a_hold_is_cut_at_answer_and_end() -> None:
    summary, _ = split(held((-0.5, 1), (39, 40.9), (40.2, 40.8)))
    assert (summary.holds, summary.hold_ms) == (2, 2_000)


def test_a_hold_of_no_length_is_none() -> None:
    assert split(held((5, 5)))[0].has_hold is False


def test_the_record_alone_is_enough() -> None:
    summary, events = split(Call(CALL.telephony, missing={"recording": "the recording was quarantined"}))
    assert summary.hold_ms == 9_000
    assert [(e.start_ms, e.not_measurable) for e in events] == [(None, "start_ms: the recording was quarantined")] * 2


def test_a_recording_without_known_start_has_no_place_for_a_hold() -> None:
    _, events = split(replace(CALL, recording_started_at=None))
    assert events[0].start_ms is None
    assert "when the recording started" in (events[0].not_measurable or "")


def test_a_hold_before_the_recording_lies_before_its_start() -> None:
    _, events = split(replace(CALL, recording_started_at=ANSWERED_AT + timedelta(seconds=12)))
    assert events[0].start_ms == -3_000


def test_without_an_end_the_share_is_empty() -> None:
    summary, _ = split(replace(CALL, telephony=replace(CALL.telephony, ended_at=None)))
    assert (summary.hold_ms, summary.hold_share) == (9_000, None)
    assert summary.not_measurable == "hold_share: the call record has no time of end"


def test_without_an_answer_time_the_holds_stand_and_the_share_is_empty() -> None:
    # An agent and a recording are named, so the source just does not know times of answer.
    summary, events = split(replace(CALL, telephony=replace(CALL.telephony, answered_at=None)))
    assert (summary.hold_ms, len(events), summary.hold_share) == (9_000, 2, None)


def test_a_call_of_no_length() -> None:
    summary, _ = split(replace(CALL, telephony=replace(CALL.telephony, ended_at=ANSWERED_AT)))
    assert (summary.hold_ms, summary.hold_share, summary.not_measurable) == (0, None, "hold_share: the call lasted no time")


@given(st.lists(st.tuples(st.integers(-2, 42), st.integers(0, 20)), max_size=6))
def test_the_events_add_up_to_the_call(raw: list[tuple[int, int]]) -> None:
    summary, events = split(held(*((start, start + length) for start, length in raw)))
    assert sum(event.duration_ms for event in events) == summary.hold_ms <= 40_000
    assert len(events) == summary.holds
    assert max((event.duration_ms for event in events), default=0) == summary.longest_hold_ms
    covered = {second for start, length in raw for second in range(start, start + length) if 0 <= second < 40}
    assert summary.hold_ms == 1_000 * len(covered)
