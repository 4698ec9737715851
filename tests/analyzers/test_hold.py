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
from postcall.telephony import RecordedHold, Role
from postcall.testing.conformance import conformance_calls
from postcall.testing.drawing import ANSWERED_AT, make_call

DEAF = "audible_holds, audible_hold_ms, mutes, mute_ms: nobody listened to the recording"
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
    assert summary.not_measurable == f"{DEAF}; hold_share: the call record has no time of end"


def test_without_an_answer_time_the_holds_stand_and_the_share_is_empty() -> None:
    # An agent and a recording are named, so the source just does not know times of answer.
    summary, events = split(replace(CALL, telephony=replace(CALL.telephony, answered_at=None)))
    assert (summary.hold_ms, len(events), summary.hold_share) == (9_000, 2, None)


def test_a_call_of_no_length() -> None:
    summary, _ = split(replace(CALL, telephony=replace(CALL.telephony, ended_at=ANSWERED_AT)))
    assert (summary.hold_ms, summary.hold_share, summary.not_measurable) == (
        0,
        None,
        f"{DEAF}; hold_share: the call lasted no time",
    )


@given(st.lists(st.tuples(st.integers(-2, 42), st.integers(0, 20)), max_size=6))
def test_the_events_add_up_to_the_call(raw: list[tuple[int, int]]) -> None:
    summary, events = split(held(*((start, start + length) for start, length in raw)))
    assert sum(event.duration_ms for event in events) == summary.hold_ms <= 40_000
    assert len(events) == summary.holds
    assert max((event.duration_ms for event in events), default=0) == summary.longest_hold_ms
    covered = {second for start, length in raw for second in range(start, start + length) if 0 <= second < 40}
    assert summary.hold_ms == 1_000 * len(covered)


# ── what is heard ────────────────────────────────────────────────────────────

PARKED = """
seconds   0         10        20        30        40        50
agent     ####                      ####             ####
customer      #####                     ##
music                 ###########
mute                                         ######
"""


def test_a_hold_that_the_record_does_not_tell_is_heard() -> None:
    summary, events = split(make_call(PARKED, is_hold_known=False))
    assert (summary.hold_basis, summary.has_hold, summary.holds, summary.hold_ms) == ("audio", True, 1, 11_000)
    assert summary.hold_share == 11 / 47  # of the conversation: the record knows of no time on the line that would fit
    assert (summary.audible_holds, summary.audible_hold_ms, summary.mutes, summary.mute_ms) == (1, 11_000, 1, 6_000)
    assert (summary.announced_holds, summary.announced_hold_ms) == (None, None)
    assert summary.not_measurable == "announced_holds, announced_hold_ms: no transcript"
    assert [(e.hold_source, e.hold_kind, e.hold_number, e.start_ms, e.duration_ms) for e in events] == [
        ("audio_music", "hold", 0, 12_000, 11_000),
        ("audio_mute", "mute", 0, 35_000, 6_000),
    ]
    assert events[0].started_at == ANSWERED_AT + timedelta(seconds=12)


def test_the_record_goes_before_what_is_heard() -> None:
    summary, events = split(make_call(PARKED))
    assert (summary.hold_basis, summary.has_hold, summary.audible_holds) == ("call_record", False, 1)
    assert [e.hold_source for e in events] == ["audio_music", "audio_mute"]


def test_music_before_the_agents_first_word_is_the_queues() -> None:
    summary, _ = split(
        make_call(
            """
seconds   0         10        20        30
agent               ####      ##
customer                ####
music     ########
""",
            is_hold_known=False,
        )
    )
    assert (summary.has_hold, summary.audible_holds) == (False, 0)


def test_a_single_beep_is_no_hold_and_repeated_ones_are() -> None:
    drawing = """
seconds   0         10        20        30
agent     ####                     ##
customer      ####
beep               {}
"""
    one, _ = split(make_call(drawing.format("#"), is_hold_known=False))
    assert one.holds == 0
    several, events = split(make_call(drawing.format("#    #    #"), is_hold_known=False))
    assert (several.holds, events[0].hold_source, events[0].start_ms) == (1, "audio_tone", 9_000)
    assert events[0].duration_ms == 15_000  # one pause after the last tone, before the agent is back


def test_the_agents_talk_parts_two_holds() -> None:
    summary, _ = split(
        make_call(
            """
seconds   0         10        20        30        40
agent     ####             #              ####
customer      ####
music            ##########  ##########
""",
            is_hold_known=False,
        )
    )
    assert (summary.holds, summary.hold_ms) == (2, 20_000)


def test_on_one_channel_only_music_and_tones_are_heard() -> None:
    drawing = """
seconds   0         10        20        30        40
anyone    ########                  ####    ###
{}            ##########
"""
    for sound, holds in (("music  ", 1), ("dropped", 0), ("mute   ", 0)):
        summary, _ = split(make_call(drawing.format(sound), is_hold_known=False))
        assert (summary.holds, summary.mutes) == (holds, 0), sound


def test_a_customer_who_talks_for_long_is_not_parked() -> None:
    drawing = """
seconds   0         10        20        30        40
agent     ####                      ####
customer      #####{}
music                ##########
"""
    one, _ = split(make_call(drawing.format("   ##"), is_hold_known=False))
    assert one.holds == 1  # a word to somebody beside the telephone
    other, _ = split(make_call(drawing.format("  ####"), is_hold_known=False))
    assert other.holds == 0


# ── what only words tell of ──────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "request_", "back"),
    [
        ("ru", "Оставайтесь, пожалуйста, на линии.", "Спасибо за ожидание!"),
        ("en", "Could you hold the line?", "Thank you for holding."),
        ("zh", "请 您 稍 等， 可 以 吗？", "让 您 久 等 了。"),
    ],
)
def test_a_hold_that_is_announced(language: str, request_: str, back: str) -> None:
    call = make_call(
        """
seconds   0         10        20        30        40
agent     ####                      ####    ###
customer      #####                     ##
music
""",
        said={Role.AGENT: [(0, 4, request_), (26, 30, back)]},
        language=language,
        is_hold_known=False,
    )
    summary, events = split(call)
    assert (summary.hold_basis, summary.holds, summary.hold_ms, summary.longest_hold_ms) == ("audio", 1, 17_000, 17_000)
    assert (summary.audible_holds, summary.announced_holds, summary.announced_hold_ms) == (0, 1, 17_000)
    assert summary.not_measurable is None
    assert [(e.hold_source, e.hold_kind, e.hold_number, e.start_ms, e.duration_ms) for e in events] == [
        ("announced", "hold", 0, 9_000, 17_000)
    ]
    assert events[0].started_at == ANSWERED_AT + timedelta(seconds=9)
    recorded, events = split(replace(call, telephony=replace(call.telephony, holds=())))
    assert (recorded.has_hold, recorded.announced_holds, events) == (False, 0, [])
