"""Measured against true, by hand-computed rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.comparison import TABLES, Compared, compare


def truth(call_id: str, **more: Any) -> dict[str, Any]:
    """A Russian call: the agent speaks from 0 to 4 s and from 4.3 to 6 s, the customer from 5 to 10 s."""
    return {
        "call_id": call_id,
        "language": "ru",
        "direction": "inbound",
        "topology": "separate",
        "channels": [["customer"], ["agent"]],
        "is_answered": True,
        "fault": None,
        "speech": {"agent": [[0, 4000], [4300, 6000]], "customer": [[5000, 10_000]]},
        "interruptions": [{"by": "customer"}],
        "silences": [
            {"start_ms": 0, "end_ms": 10_000, "owner": "agent"},
            {"start_ms": 0, "end_ms": 9999, "owner": "agent"},
            {"start_ms": 0, "end_ms": 20_000, "owner": "customer"},
        ],
        "holds": [{"start_ms": 1000, "end_ms": 3000}, {"start_ms": 5000, "end_ms": 6000}],
        "rings": [[0, 1000], [5000, 6000]],
        "ringing_ms": 4000,
        "answer_delay_ms": 500,
        "words": [
            {"by": "agent", "text": "Всё"},
            {"by": "customer", "text": "Да,"},
            {"by": "agent", "text": "хорошо."},
            {"by": "customer", "text": "пока."},
        ],
        **more,
    }


def tables(**rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {name: rows.get(name, []) for name in TABLES}


def row_of(compared: list[Compared], measure: str) -> Compared:
    return next(row for row in compared if row.measure == measure)


def word(call_id: str, position: int, speaker: str, text: str) -> dict[str, Any]:
    return {"call_id": call_id, "position": position, "speaker": speaker, "text": text}


def transcript(call_id: str, engine: str = "faster-whisper demo", **more: Any) -> dict[str, Any]:
    options = {"language_source": "detected"}
    return {"call_id": call_id, "engine": engine, "language": "ru", "options": json.dumps(options), **more}


WORDS = [
    word("a", 0, "channel_1", "все"),
    word("a", 2, "channel_1", "хорошо"),
    word("a", 1, "channel_0", "да"),
    word("a", 3, "channel_0", "пока"),
]


def test_nothing_measured_is_no_number() -> None:
    compared = compare([truth("a"), truth("b")], tables(), bridge_gap_ms=400)
    assert all(row.compared == 0 for row in compared if row.measure != "Put aside")
    assert all((row.truth, row.measured, row.mean_error, row.furthest) == (None,) * 4 for row in compared if not row.compared)
    assert row_of(compared, "Hold").known == 2
    assert len({row.measure for row in compared}) == len(compared)


def test_lengths_are_totals_over_the_compared_calls_and_a_mean_of_absolute_errors() -> None:
    talk = [
        {"call_id": "a", "agent_talk_ms": 6500, "customer_talk_ms": 5000, "speech_ms": 10_000, "overtalk_ms": 1000},
        {"call_id": "b", "agent_talk_ms": 4000, "customer_talk_ms": None, "speech_ms": 9000, "overtalk_ms": None},
    ]
    compared = compare([truth("a"), truth("b"), truth("c")], tables(call_talk_time=talk), bridge_gap_ms=400)
    agents = row_of(compared, "Talk of agents")
    # The pause of 300 ms is talk, so the agent truly spoke 6 s: 0.5 s too much in one call, 2 s too little in the other.
    assert (agents.known, agents.compared) == (3, 2)
    assert (agents.truth, agents.measured, agents.mean_error) == (12_000, 10_500, 1250)
    assert (agents.right, agents.furthest, agents.furthest_error) == (0, "b", -2000)
    customers = row_of(compared, "Talk of customers")
    assert (customers.compared, customers.right, customers.furthest) == (1, 1, None)
    assert row_of(compared, "Talk of anybody").truth == 20_000
    assert row_of(compared, "Both at once").truth == 1000
    exact = row_of(compare([truth("a")], tables(call_talk_time=talk[:1]), bridge_gap_ms=0), "Talk of agents")
    assert exact.truth == 5700


def test_events_are_counted_by_call() -> None:
    rows = tables(
        call_overtalk=[{"call_id": "a", "agent_interruptions": 1, "customer_interruptions": 1}],
        call_silence=[{"call_id": "a", "silences_3s": 3}],
        call_dead_air=[{"call_id": "a", "agent_dead_airs": 0}],
        call_hold=[{"call_id": "a", "hold_ms": 3000, "audible_hold_ms": 2900}],
        call_ringing=[{"call_id": "a", "rings": 2}],
    )
    compared = compare([truth("a")], rows, bridge_gap_ms=400)
    agents = row_of(compared, "Agents interrupt")
    assert (agents.truth, agents.measured, agents.right, agents.furthest, agents.furthest_error) == (0, 1, 0, "a", 1)
    assert row_of(compared, "Customers interrupt").right == 1
    assert row_of(compared, "Silences from 3 s").right == 1
    assert row_of(compared, "Dead air of agents").truth == 1, "10 s are dead air, 9.999 s are not, and 20 s are the customer's"
    assert row_of(compared, "Hold").right == 1
    assert row_of(compared, "Hold as heard").mean_error == 100
    assert row_of(compared, "Rings").right == 1


def test_an_outbound_call_has_no_speed_of_answer() -> None:
    rows = tables(
        call_speed_of_answer=[
            {"call_id": "a", "speed_of_answer_ms": 4000, "greeting_ms": 700},
            {"call_id": "b", "speed_of_answer_ms": None, "greeting_ms": 500},
        ]
    )
    compared = compare([truth("a"), truth("b", direction="outbound")], rows, bridge_gap_ms=400)
    answered, greeting = row_of(compared, "Answered after"), row_of(compared, "Greeting after")
    assert (answered.known, answered.right) == (1, 1)
    assert (greeting.known, greeting.compared, greeting.mean_error) == (2, 2, 100)


def test_words_are_compared_by_channel_after_normalising() -> None:
    compared = compare([truth("a")], tables(call_transcript=[transcript("a")], stage_word=WORDS), bridge_gap_ms=400)
    words = row_of(compared, "Words, Russian")
    assert (words.known, words.compared, words.truth, words.measured) == (1, 1, 4, 4)
    assert (words.error_rate, words.right, words.furthest) == (0, 1, None)
    assert row_of(compared, "Words, English").known == 0


def test_a_wrong_word_a_missing_and_an_invented_one_are_three_errors() -> None:
    written = [WORDS[0], {**WORDS[2], "text": "нет"}, WORDS[3], word("a", 4, "channel_0", "алло")]
    compared = compare([truth("a")], tables(call_transcript=[transcript("a")], stage_word=written), bridge_gap_ms=400)
    words = row_of(compared, "Words, Russian")
    assert (words.error_rate, words.mean_error, words.measured) == (0.75, 3, 4)
    assert (words.right, words.furthest, words.furthest_error) == (0, "a", 0.75)


def test_words_of_one_channel_are_compared_in_order_of_time() -> None:
    mono = truth("a", topology="mono", channels=[["agent", "customer"]])
    written = [word("a", n, "SPEAKER_00", text) for n, text in enumerate(("все", "да", "хорошо", "пока"))]
    compared = compare([mono], tables(call_transcript=[transcript("a")], stage_word=written), bridge_gap_ms=400)
    assert row_of(compared, "Words, Russian").error_rate == 0


def test_chinese_is_compared_by_character() -> None:
    call = truth(
        "a", language="zh", topology="mono", words=[{"by": "agent", "text": text} for text in ("您", "好，", "再", "见。")]
    )
    written = [word("a", 0, "SPEAKER_00", "您好"), word("a", 1, "SPEAKER_00", "再贱")]
    compared = compare([call], tables(call_transcript=[transcript("a")], stage_word=written), bridge_gap_ms=400)
    words = row_of(compared, "Characters, Chinese")
    assert (words.truth, words.measured, words.error_rate) == (4, 4, 0.25)


def test_words_that_came_along_tell_nothing_of_recognition() -> None:
    brought = transcript("a", "ctm beside the recording", options="{}")
    compared = compare([truth("a")], tables(call_transcript=[brought], stage_word=WORDS), bridge_gap_ms=400)
    assert row_of(compared, "Words, Russian").compared == 0
    assert row_of(compared, "Language").compared == 0


@pytest.mark.parametrize(("language", "right"), [("ru", 1), ("zh", 0)])
def test_a_language_counts_where_it_was_detected(language: str, right: int) -> None:
    told = transcript("b", options='{"language_source": "call"}')
    rows = tables(call_transcript=[transcript("a", language=language), told])
    found = row_of(compare([truth("a"), truth("b")], rows, bridge_gap_ms=400), "Language")
    assert (found.known, found.compared, found.right) == (2, 1, right)
    assert found.furthest == (None if right else "a")


@pytest.mark.parametrize(("agent_is_at", "furthest"), [(0, None), (6500, "a")])
def test_who_is_the_agent_is_told_by_whose_speech_it_is(agent_is_at: int, furthest: str | None) -> None:
    end_ms = agent_is_at + 3000
    speech = [
        {"call_id": "a", "speaker": "channel_1", "speaker_role": "agent", "start_ms": agent_is_at, "end_ms": end_ms},
        {"call_id": "a", "speaker": "channel_0", "speaker_role": "customer", "start_ms": 0, "end_ms": 100},
        {"call_id": "b", "speaker": "mixed", "speaker_role": None, "start_ms": 0, "end_ms": 9000},
    ]
    found = row_of(compare([truth("a"), truth("b")], tables(stage_speech=speech), bridge_gap_ms=400), "Who is the agent")
    assert (found.known, found.compared, found.furthest) == (2, 1, furthest)


def test_what_cannot_be_heard_counts_in_status_alone() -> None:
    lost = {"call_id": "lost", "is_answered": True, "fault": "empty"}
    gone = {"call_id": "gone", "is_answered": False, "fault": None}
    rows = tables(
        call_contact=[{"call_id": name, "is_answered": name != "gone"} for name in ("a", "lost", "gone")],
        run_failure=[{"call_id": "a", "is_quarantined": True}, {"call_id": "gone", "is_quarantined": False}],
    )
    compared = compare([truth("a"), lost, gone], rows, bridge_gap_ms=400)
    assert row_of(compared, "Hold").known == 1
    assert row_of(compared, "Answered").right == 3
    aside = row_of(compared, "Put aside")
    assert (aside.known, aside.truth, aside.measured, aside.right, aside.furthest) == (3, 1, 1, 1, "a")


def test_speakers_on_one_channel_are_matched_as_fits_best() -> None:
    """The agent 0-6 s, the customer 5-10 s, both at once for a second."""
    mono = truth("m", topology="mono", channels=[["agent", "customer"]])

    def speech(call_id: str, *spans: tuple[str, int, int]) -> list[dict[str, Any]]:
        return [
            {"call_id": call_id, "speaker": label, "speaker_role": None, "start_ms": start_ms, "end_ms": end_ms}
            for label, start_ms, end_ms in spans
        ]

    def compared(*spans: tuple[str, int, int]) -> Compared:
        found = compare([mono, truth("two")], tables(stage_speech=speech("m", *spans)), bridge_gap_ms=300)
        return row_of(found, "Speakers on one channel")

    right = compared(("speaker_1", 0, 6000), ("speaker_0", 5000, 10_000))
    assert (right.known, right.compared, right.right, right.error_rate, right.furthest) == (1, 1, 1, 0.0, None)
    assert (right.truth, right.measured) == (11_000, 11_000)
    # A second of the customer's is given to the agent, the overlap is missed, and a second of noise is taken for speech.
    wrong = compared(("speaker_0", 0, 7000), ("speaker_1", 7000, 11_000))
    assert wrong.mean_error == 3000
    assert wrong.error_rate == pytest.approx(3 / 11)
    assert (wrong.furthest, wrong.furthest_error) == ("m", 3000)
    alone = compared(("speaker_0", 0, 10_000))
    assert alone.mean_error == 5000, "the customer's five seconds are nobody's or the agent's"
    assert compared(("mixed", 0, 10_000)).compared == 0, "nobody told them apart"
