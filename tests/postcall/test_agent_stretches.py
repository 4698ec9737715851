from __future__ import annotations

from dataclasses import replace

import pytest

from postcall.agent_stretches import agent_stretches
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.spans import Span
from postcall.telephony import Role
from postcall.testing.drawing import make_call

DRAWING = """
seconds   0         10        20        30        40
agent     ####                          ####   ##
customer      ####                          ###
hold              ------      ----------
"""
FIRST = "good morning city cable my name is anna how can i help you"
SECOND = "hello this is james from the business team"
BACK = "it will be with you tomorrow morning"


def call(*, second: str = SECOND, transfers: int | None = None, drawing: str = DRAWING, words: bool = True) -> Call:
    said = {Role.AGENT: [(0, 4, FIRST), (30, 34, second)], Role.CUSTOMER: [(4, 8, "my line is down again")]}
    drawn = make_call(drawing, said=said if words else None)
    return replace(drawn, telephony=replace(drawn.telephony, transfers=transfers))


ONE_HOLD = DRAWING.replace("              ------      ----------", "                          ----------")


def spans(found: Call) -> list[tuple[int, int]]:
    return [(one.span.start_ms, one.span.end_ms) for one in agent_stretches(found)]


def test_a_new_introduction_behind_a_hold_begins_a_stretch() -> None:
    found = agent_stretches(call(drawing=ONE_HOLD))
    assert [one.span for one in found] == [Span(0, 20_000), Span(30_000, 40_000)]
    assert [(one.number, one.begins_by, one.is_introduced) for one in found] == [
        (0, "answer", True),
        (1, "opening_phrase", True),
    ]


def test_who_comes_back_from_a_hold_is_the_same_agent() -> None:
    assert spans(call(second=BACK)) == [(0, 40_000)]


def test_the_record_tells_of_a_transfer_that_is_not_heard() -> None:
    found = agent_stretches(call(second=BACK, transfers=1, drawing=ONE_HOLD))
    assert [(one.begins_by, one.is_introduced) for one in found] == [("answer", True), ("recorded_transfer", False)]


def test_a_record_without_transfers_asks_for_more_than_words() -> None:
    assert spans(call(transfers=0)) == [(0, 40_000)]


VOICES = """
seconds        0         10        20        30        40
agent          ####                          ####   ##
customer           ####                          ###
hold                               ----------
ring                                ##   ##
agent_level    3333                          3333   33
agent_pitch    2222                          PPPP   PP
"""


def test_ringing_and_another_voice_need_no_words() -> None:
    found = agent_stretches(call(drawing=VOICES.replace("P", "9"), words=False))
    assert [one.begins_by for one in found] == ["answer", "new_voice"]
    assert found[1].is_introduced is None
    assert len(agent_stretches(call(drawing=VOICES.replace("P", "2"), words=False))) == 1


def test_a_diarizers_second_agent_is_another_voice() -> None:
    drawn = call(second=BACK, drawing=ONE_HOLD)
    assert drawn.timeline is not None
    of_agents = drawn.timeline.by_label["channel_1"]
    first = tuple(span for span in of_agents if span.start_ms < 20_000)
    second = tuple(span for span in of_agents if span.start_ms >= 20_000)
    by_label = {"channel_0": drawn.timeline.by_label["channel_0"], "channel_1": first, "other": second}
    told = replace(
        drawn,
        timeline=replace(drawn.timeline, by_label=by_label),
        roles={**drawn.roles, "other": Role.AGENT},
    )
    assert [one.begins_by for one in agent_stretches(told)] == ["answer", "new_voice"]


def test_without_agents_or_parties_there_is_nothing_to_cut() -> None:
    assert agent_stretches(make_call("seconds   0         10\ncustomer  ####")) == ()
    with pytest.raises(MissingInput):
        agent_stretches(make_call("seconds   0         10\nanyone    ####"))
