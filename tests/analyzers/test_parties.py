from __future__ import annotations

from dataclasses import replace

from analyzers.parties import CallParties, EventAgentStretch, parties
from postcall.call import Call
from postcall.not_measurable import does_not_apply, reasons_by_column
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import make_call

CALL = make_call(
    """
seconds   0         10        20        30
agent      ###          ####      ##
customer      ####         ##
hold              ------
""",
    said={
        Role.AGENT: [(1, 4, "hello my name is anna"), (14, 18, "hello this is james from the business team")],
        Role.CUSTOMER: [(4, 8, "my line is down")],
    },
)


def rows(call: Call) -> tuple[CallParties, list[EventAgentStretch]]:
    first, *rest = parties(call)
    assert isinstance(first, CallParties)
    return first, [row for row in rest if isinstance(row, EventAgentStretch)]


def test_the_row_says_how_sure_the_parties_are() -> None:
    sure = replace(CALL, role_source="opening_phrase", role_confidence=0.97, is_map_contradicted=True)
    row, _ = rows(sure)
    assert (row.role_source, row.role_confidence, row.is_map_contradicted) == ("opening_phrase", 0.97, True)
    assert (row.speakers, row.agents, row.words_in_doubt, row.ghost_speakers) == (2, 2, 0, None)
    assert row.not_measurable == "ghost_speakers: no voices had to be told apart; empty_channel: every channel is in use"
    assert all(map(does_not_apply, reasons_by_column(row.not_measurable, ("ghost_speakers", "empty_channel")).values()))


def test_each_agent_has_a_row_of_its_own() -> None:
    _, stretches = rows(CALL)
    first, second = stretches
    assert (first.start_ms, first.end_ms, second.start_ms, second.end_ms) == (0, 8_000, 14_000, 30_000)
    assert (first.first_word_ms, first.stretch_agent_talk_ms, first.stretch_customer_talk_ms) == (1_000, 3_000, 4_000)
    assert (second.first_word_ms, second.stretch_agent_talk_ms, second.stretch_overtalk_ms) == (0, 6_000, 1_000)
    assert (first.stretch_agent_words, second.stretch_agent_words) == (5, 8)
    assert (first.agent_id, second.agent_id) == ("", ""), "the record names one of them, nobody knows which"


def test_an_only_agent_is_the_records() -> None:
    _, [only] = rows(make_call("seconds   0         10\nagent     ####\ncustomer      ###"))
    assert (only.agent_id, only.begins_by, only.is_introduced) == ("a-1", "answer", None)
    assert only.stretch_agent_words is None
    assert only.not_measurable is not None
    assert only.not_measurable.startswith("stretch_agent_words: ")


def test_words_in_doubt_are_counted() -> None:
    assert CALL.transcript is not None
    words = tuple(replace(word, is_in_doubt=n < 3) for n, word in enumerate(CALL.transcript.words))
    row, _ = rows(replace(CALL, transcript=replace(CALL.transcript, words=words)))
    assert row.words_in_doubt == 3


def test_without_parties_there_is_a_reason_and_no_stretch() -> None:
    mono = make_call("seconds   0         10\nanyone    #### #####")
    row, stretches = rows(replace(mono, role_source="talk_pattern", role_confidence=0.7))
    assert stretches == []
    assert (row.role_source, row.role_confidence, row.agents, row.speakers) == ("talk_pattern", 0.7, None, None)
    assert row.not_measurable is not None
    assert "one channel, and nobody told the parties apart" in row.not_measurable
    bare, stretches = rows(Call(Telephony("bare")))
    assert (bare.role_confidence, stretches) == (None, [])
    assert bare.not_measurable is not None
    assert "role_confidence" in bare.not_measurable
