"""Waiting times by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from analyzers.speed_of_answer import CallSpeedOfAnswer, speed_of_answer
from postcall.call import Call
from postcall.telephony import Direction, Telephony
from postcall.testing.conformance import conformance_calls
from postcall.testing.drawing import ANSWERED_AT, make_call

CALL = make_call(
    """
seconds   0         10        20
agent        ####        ##
customer ##      #####
"""
)


def only(call: Call) -> CallSpeedOfAnswer:
    (row,) = speed_of_answer(call)
    return row


def test_an_answered_call() -> None:
    row = only(CALL)
    assert (row.speed_of_answer_ms, row.wait_ms, row.greeting_ms, row.abandoned_after_ms) == (10_000, 15_000, 3_000, None)
    assert row.not_measurable == "abandoned_after_ms: the call was answered"


def test_an_abandoned_call() -> None:
    row = only(conformance_calls()["abandoned"])
    assert (row.speed_of_answer_ms, row.wait_ms, row.greeting_ms, row.abandoned_after_ms) == (None, None, None, 46_000)
    assert row.not_measurable == "speed_of_answer_ms, wait_ms, greeting_ms: the call was not answered"


def test_an_outbound_call_has_only_a_greeting() -> None:
    row = only(replace(CALL, telephony=replace(CALL.telephony, direction=Direction.OUTBOUND)))
    assert (row.speed_of_answer_ms, row.wait_ms, row.greeting_ms, row.abandoned_after_ms) == (None, None, 3_000, None)
    assert "an outbound call waits for no agent" in (row.not_measurable or "")


@pytest.mark.parametrize(
    ("offset_ms", "greeting_ms"),
    [
        (0, 3_000),
        (-2_000, 1_000),  # the recording starts 2 s before the answer
        (1_000, 4_000),
        (-3_000, 0),  # the agent starts to speak as the call is answered
        (-5_000, 0),  # the agent is speaking when the call is answered
        (-7_000, 8_000),  # the first speech ends with the answer: it is no greeting
    ],
)
def test_the_greeting_counts_from_the_answer(offset_ms: int, greeting_ms: int) -> None:
    assert only(replace(CALL, recording_started_at=ANSWERED_AT + timedelta(milliseconds=offset_ms))).greeting_ms == greeting_ms


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (replace(CALL, recording_started_at=None), "when the recording started"),
        (
            replace(CALL, recording_started_at=ANSWERED_AT + timedelta(seconds=-17)),
            "the agent does not speak after the answer",
        ),
        (make_call("seconds   0         10\nanyone    ####"), "nobody told the parties apart"),
        (Call(CALL.telephony, missing={"recording": "the file breaks off"}), "the file breaks off"),
    ],
)
def test_a_greeting_that_cannot_be_measured_has_its_reason(call: Call, reason: str) -> None:
    row = only(call)
    assert row.greeting_ms is None
    assert reason in (row.not_measurable or "")
    assert row.wait_ms == 15_000


def test_times_that_the_record_lacks() -> None:
    row = only(replace(CALL, telephony=replace(CALL.telephony, started_at=None, offered_at=None)))
    assert (row.speed_of_answer_ms, row.wait_ms) == (None, None)
    assert "speed_of_answer_ms: the call record has no time of offer" in (row.not_measurable or "")
    assert "wait_ms: the call record has no time of start" in (row.not_measurable or "")
    bare = only(Call(Telephony("bare")))
    assert bare.not_measurable == (
        "speed_of_answer_ms, wait_ms, greeting_ms, abandoned_after_ms: the call record has no time of answer"
    )
