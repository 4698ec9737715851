"""Rings before the answer, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers.ringing import CallRinging, RingingPolicy, ringing
from postcall.call import Call
from postcall.telephony import Direction
from postcall.testing.drawing import make_call


def only(call: Call, max_rings: int = 3) -> CallRinging:
    (row,) = ringing(call, RingingPolicy(max_rings=max_rings))
    return row


def drawn(ring: str, agent: str = "                ####", customer: str = "                     ####") -> Call:
    call = make_call(f"seconds   0         10        20        30\nring      {ring}\nagent     {agent}\ncustomer  {customer}")
    return Call(**{**{name: getattr(call, name) for name in call.__dataclass_fields__}, "recording_started_at": None})


def test_rings_and_the_bounds_of_the_answer() -> None:
    row = only(drawn("  #    #    #"))
    assert row == CallRinging(
        call_id="drawn",
        rings=3,
        starts_ringing=False,
        first_ring_ms=2_000,
        earliest_answer_ms=13_000,
        latest_answer_ms=16_000,
        audible_ringing_ms=11_000,
        is_answered_in_rings=True,
        not_measurable=None,
    )
    assert only(drawn("  #    #    #"), max_rings=2).is_answered_in_rings is False


def test_a_recording_that_starts_ringing() -> None:
    assert only(drawn("#    #")).starts_ringing is True


def test_no_ringing_is_unknown_not_none() -> None:
    row = only(drawn(""))
    assert (row.rings, row.earliest_answer_ms, row.is_answered_in_rings) == (None, None, None)
    assert row.not_measurable is not None
    assert (
        row.not_measurable.endswith("is_answered_in_rings: nobody listened to the recording")
        or "no ringing" in row.not_measurable
    )


def test_ringing_after_the_parties_spoke_is_a_transfers() -> None:
    row = only(drawn("                    #    #", agent="####                         ##", customer="    ####"))
    assert row.rings is None


def test_nobody_answers() -> None:
    row = only(drawn("  #    #    #", agent="", customer=""))
    assert (row.rings, row.latest_answer_ms, row.is_answered_in_rings) == (3, None, None)
    assert row.not_measurable == "latest_answer_ms, is_answered_in_rings: nobody speaks after the ringing"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"direction": Direction.OUTBOUND}, "an outbound call waits for no agent"),
        ({"answered_at": None, "agent_id": None}, "the call was not answered"),
    ],
)
def test_no_agent_was_to_pick_up_or_none_did(changes: dict[str, object], reason: str) -> None:
    call = drawn("  #    #    #")
    row = only(replace(call, telephony=replace(call.telephony, **changes)))
    assert (row.rings, row.is_answered_in_rings) == (3, None)
    assert row.not_measurable == f"is_answered_in_rings: {reason}"


def test_one_ring_is_the_strictest_manual() -> None:
    assert only(drawn("  #"), max_rings=1).is_answered_in_rings is True
    assert only(drawn("  #    #"), max_rings=1).is_answered_in_rings is False
