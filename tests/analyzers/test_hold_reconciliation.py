"""Holds of record and recording side by side, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers.hold_reconciliation import (
    CallHoldReconciliation,
    EventHoldDisagreement,
    HoldReconciliationPolicy,
    hold_reconciliation,
)
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.telephony import Role
from postcall.testing.drawing import make_call


def split(call: Call) -> tuple[CallHoldReconciliation, list[EventHoldDisagreement]]:
    summary, *events = hold_reconciliation(call, HoldReconciliationPolicy())
    assert isinstance(summary, CallHoldReconciliation)
    return summary, [event for event in events if isinstance(event, EventHoldDisagreement)]


def drawn(hold: str, music: str) -> Call:
    return make_call(
        f"""
seconds   0         10        20        30        40
agent     ####                      ####          ##
customer      #####                     ##
hold      {hold}
music     {music}
"""
    )


def test_the_same_hold_a_second_off_agrees() -> None:
    summary, events = split(drawn("           ##########", "            ##########"))
    assert (summary.recorded_holds, summary.audible_holds, summary.holds_agreed, summary.hold_disagreements) == (1, 1, 1, 0)
    assert events == []


def test_an_end_too_far_off() -> None:
    summary, (event,) = split(drawn("            #####", "            ##########"))
    assert (summary.holds_agreed, summary.hold_disagreements, event.disagreement) == (0, 1, "end")
    assert (event.recorded_start_ms, event.recorded_end_ms, event.heard_start_ms, event.heard_end_ms) == (
        12_000,
        17_000,
        12_000,
        22_000,
    )


def test_holds_that_only_one_tells_of() -> None:
    summary, (recorded, heard) = split(drawn("          ####", "                ########"))
    assert summary.hold_disagreements == 2
    assert (recorded.disagreement, recorded.heard_start_ms) == ("only_recorded", None)
    assert (heard.disagreement, heard.recorded_start_ms, heard.heard_end_ms) == ("only_heard", None, 24_000)


def test_a_record_without_holds_has_nothing_to_compare() -> None:
    call = make_call("seconds   0         10\nagent     ####\nmusic          ###", is_hold_known=False)
    with pytest.raises(MissingInput, match="does not say"):
        list(hold_reconciliation(call, HoldReconciliationPolicy()))


def test_words_confirm_a_recorded_hold_that_is_not_heard() -> None:
    call = make_call(
        """
seconds   0         10        20        30        40
agent     ####                      ####          ##
customer      #####                     ##
hold                ################
music
""",
        said={Role.AGENT: [(0, 4, "Please stay on the line."), (26, 30, "Thank you for waiting.")]},
    )
    summary, events = split(call)
    assert (summary.recorded_holds, summary.audible_holds, summary.holds_agreed, events) == (1, 0, 1, [])
    # Words alone are no hold against a record that tells of none.
    summary, events = split(replace(call, telephony=replace(call.telephony, holds=())))
    assert (summary.recorded_holds, summary.hold_disagreements, events) == (0, 0, [])
    summary, (event,) = split(replace(call, transcript=None))
    assert (summary.holds_agreed, event.disagreement) == (0, "only_recorded")
