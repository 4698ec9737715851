"""Waiting times by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analyzers.speed_of_answer import CallSpeedOfAnswer, SpeedOfAnswerPolicy, speed_of_answer
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


RUNG = """
seconds   0         10        20        30
ring        #    #    #
agent                     ####
customer                      #####
"""
"""Rings at 2, 7 and 12 s, and a first word at 16 s."""


def only(call: Call, max_s: float = 20) -> CallSpeedOfAnswer:
    (row,) = speed_of_answer(call, SpeedOfAnswerPolicy(max_s=max_s))
    return row


def heard(**changes: Any) -> Call:
    """A call with ringing, whose record knows no offer and not when the recording started."""
    call = make_call(RUNG)
    record = replace(call.telephony, **{"offered_at": None, **changes})
    return replace(call, telephony=record, recording_started_at=None)


def test_an_answered_call() -> None:
    row = only(CALL)
    assert (row.speed_of_answer_ms, row.wait_ms, row.greeting_ms, row.abandoned_after_ms) == (10_000, 15_000, 3_000, None)
    assert row.not_measurable == "abandoned_after_ms: the call was answered"


def test_an_abandoned_call() -> None:
    row = only(conformance_calls()["abandoned"])
    assert (row.speed_of_answer_ms, row.wait_ms, row.greeting_ms, row.abandoned_after_ms) == (None, None, None, 46_000)
    assert (row.speed_of_answer_basis, row.is_answered_in_seconds) == (None, None)
    assert row.not_measurable == (
        "speed_of_answer_ms, speed_of_answer_basis, is_answered_in_seconds, wait_ms, greeting_ms: the call was not answered"
    )


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
    assert "speed_of_answer_ms, speed_of_answer_basis, is_answered_in_seconds: the call record has no time of offer" in (
        row.not_measurable or ""
    )
    assert "wait_ms: the call record has no time of start" in (row.not_measurable or "")
    bare = only(Call(Telephony("bare")))
    assert bare.not_measurable == (
        "speed_of_answer_ms, speed_of_answer_basis, is_answered_in_seconds, wait_ms, greeting_ms, abandoned_after_ms: "
        "the call record has no time of answer"
    )


@pytest.mark.parametrize(("max_s", "is_in_time"), [(20, True), (10, True), (9.999, False)])
def test_in_time_up_to_the_policys_seconds_by_the_record(max_s: float, is_in_time: bool) -> None:
    row = only(CALL, max_s)
    assert (row.speed_of_answer_basis, row.is_answered_in_seconds) == ("call_record", is_in_time)


@pytest.mark.parametrize(("max_s", "is_in_time"), [(20, True), (14, True), (13.999, False)])
def test_without_an_offer_the_ringing_tells(max_s: float, is_in_time: bool) -> None:
    row = only(heard(), max_s)
    assert (row.speed_of_answer_ms, row.speed_of_answer_basis, row.is_answered_in_seconds) == (14_000, "audio", is_in_time)


def test_the_record_goes_before_the_ringing() -> None:
    row = only(make_call(RUNG))
    assert (row.speed_of_answer_ms, row.speed_of_answer_basis) == (10_000, "call_record")


def test_a_record_that_knows_no_times_leaves_the_ringing() -> None:
    row = only(heard(started_at=None, answered_at=None, ended_at=None))
    assert (row.speed_of_answer_ms, row.speed_of_answer_basis, row.wait_ms) == (14_000, "audio", None)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (heard(direction=Direction.OUTBOUND), "an outbound call waits for no agent"),
        (heard(answered_at=None, agent_id=None), "the call was not answered"),  # it rang, and a voice mail spoke
        (replace(heard(), acoustics=None), "the call record has no time of offer"),
        (
            replace(make_call(RUNG.replace("####", "    ", 1).replace("#####", "     ")), recording_started_at=None),
            None,
        ),
    ],
)
def test_ringing_that_tells_nothing_of_the_answer(call: Call, reason: str | None) -> None:
    row = only(call)
    if reason is None:  # nobody speaks: the record alone tells
        assert row.speed_of_answer_basis == "call_record"
        row = only(replace(call, telephony=replace(call.telephony, offered_at=None)))
        reason = "the call record has no time of offer"
    assert (row.speed_of_answer_ms, row.speed_of_answer_basis, row.is_answered_in_seconds) == (None, None, None)
    assert reason in (row.not_measurable or "")
