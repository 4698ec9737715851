"""Menus and queues on the agent's channel are not the agent's talk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from postcall.call import Call
from postcall.spans import Span
from postcall.telephony import Direction, Role, Telephony
from postcall.testing.drawing import ANSWERED_AT, make_call

_DRAWN = """
seconds   0         10        20
agent     #### ##      ####   ###
customer                   ###
"""
_RUNG = _DRAWN + "ring               # #\n"


def answered(call: Call, at_s: float, **changes: object) -> Call:
    """The call as if an agent answered so far into the recording."""
    record: Telephony = replace(call.telephony, answered_at=ANSWERED_AT + timedelta(seconds=at_s), **changes)  # type: ignore[arg-type]
    return replace(call, telephony=record)


def test_speech_before_the_answer_of_the_record_is_a_menus() -> None:
    call = answered(make_call(_DRAWN), 12)
    assert call.talk(Role.AGENT) == (Span(13_000, 17_000), Span(20_000, 23_000))
    assert call.talk(Role.IVR) == (Span(0, 4_000), Span(5_000, 7_000))
    conversation = call.conversation()
    assert conversation is not None
    assert conversation.start_ms == 13_000
    assert [turn.role for turn in call.turns] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]


@pytest.mark.parametrize(("at_s", "agent_starts_ms"), [(0, 0), (5.5, 5_000), (8.0, 13_000), (14, 13_000)])
def test_a_record_that_rounds_costs_the_agent_no_word(at_s: float, agent_starts_ms: int) -> None:
    # What ends less than a second before the answer, or goes on through it, may be the agent's.
    assert answered(make_call(_DRAWN), at_s).talk(Role.AGENT)[0].start_ms == agent_starts_ms


def test_speech_before_the_ringing_is_a_menus() -> None:
    call = make_call(_RUNG)
    assert call.talk(Role.AGENT)[0].start_ms == 13_000
    assert call.talk(Role.IVR) == (Span(0, 4_000), Span(5_000, 7_000))


def test_ringing_after_the_customer_has_spoken_is_a_transfers() -> None:
    call = make_call(
        """
seconds   0         10        20
agent     ####         ####
customer      ###          ###
ring               # #
"""
    )
    assert call.talk(Role.AGENT)[0].start_ms == 0
    assert call.talk(Role.IVR) == ()


def test_on_an_outbound_call_the_agent_may_speak_before_the_answer() -> None:
    call = answered(make_call(_DRAWN), 12, direction=Direction.OUTBOUND)
    assert call.talk(Role.AGENT)[0].start_ms == 0


def test_words_of_a_menu_are_not_the_agents() -> None:
    said = {Role.AGENT: [(0, 4, "press one"), (13, 17, "good morning")]}
    call = answered(make_call(_DRAWN, said=said), 12)
    assert [word.text for word in call.words(Role.AGENT)] == ["good", "morning"]
    assert [word.text for word in call.words(Role.IVR)] == ["press", "one"]


def test_the_identity_of_talk_holds() -> None:
    call = answered(make_call(_DRAWN), 12)
    total = sum(span.duration_ms for role in (Role.AGENT, Role.CUSTOMER) for span in call.talk(role))
    non_talk = sum(span.duration_ms for span in call.non_talk())
    overtalk = sum(span.duration_ms for span in call.overtalk())
    assert total - overtalk + non_talk == call.duration_ms
