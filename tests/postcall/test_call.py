from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.call import Call
from postcall.errors import MissingInput
from postcall.spans import Span, total_ms
from postcall.telephony import RecordedHold, Role, Telephony
from postcall.testing.drawing import ANSWERED_AT, make_call
from postcall.timeline import SpeakerTimeline

ROW = st.text(alphabet="# ", max_size=80)
PLAIN = """
seconds   0         10        20
agent      ####          ##
customer      ###   ##
hold                  --
"""


def test_who_speaks_when() -> None:
    call = make_call(PLAIN)
    assert call.talk(Role.AGENT) == (Span(1_000, 5_000), Span(15_000, 17_000))
    assert call.overtalk() == (Span(4_000, 5_000),)
    assert call.speech() == (Span(1_000, 7_000), Span(10_000, 12_000), Span(15_000, 17_000))
    assert call.non_talk() == (Span(0, 1_000), Span(7_000, 10_000), Span(12_000, 15_000), Span(17_000, 20_000))
    assert call.conversation() == Span(1_000, 17_000)
    assert call.holds() == (Span(12_000, 14_000),)
    assert call.silence() == (Span(7_000, 10_000), Span(14_000, 15_000))


@given(ROW, ROW, ROW)
def test_talk_overtalk_and_non_talk_add_up_to_the_duration(agent: str, customer: str, hold: str) -> None:
    call = make_call(f"seconds   0         10\nagent     {agent}\ncustomer  {customer}\nhold      {hold}")
    talk_ms = total_ms(call.talk(Role.AGENT)) + total_ms(call.talk(Role.CUSTOMER))
    assert talk_ms - total_ms(call.overtalk()) + total_ms(call.non_talk()) == call.duration_ms
    assert total_ms(call.speech()) + total_ms(call.non_talk()) == call.duration_ms


def test_the_ivr_is_no_speech_and_a_third_voice_is_nobodys_talk() -> None:
    plain = make_call(PLAIN)
    assert plain.timeline is not None
    spans = {**plain.timeline.by_label, "menu": (Span(0, 1_000),), "guest": (Span(18_000, 19_000),)}
    call = replace(
        plain,
        timeline=SpeakerTimeline(spans, False, "test"),
        roles={**plain.roles, "menu": Role.IVR, "guest": Role.UNKNOWN},
    )
    assert call.conversation() == Span(1_000, 19_000)
    assert call.talk(Role.AGENT) == plain.talk(Role.AGENT)
    assert call.talk(Role.IVR) == (Span(0, 1_000),)


def test_two_labels_of_one_role_are_one_party() -> None:
    plain = make_call(PLAIN)
    call = replace(
        plain,
        timeline=SpeakerTimeline({"a": (Span(0, 2),), "b": (Span(1, 4),), "c": (Span(6, 7),)}, False, "test"),
        roles={"a": Role.AGENT, "b": Role.AGENT, "c": Role.CUSTOMER},
    )
    assert call.talk(Role.AGENT) == (Span(0, 4),)


@pytest.mark.parametrize(
    ("measure", "call", "part", "reason"),
    [
        (lambda c: c.duration_ms, Call(Telephony("c")), "recording", "no recording"),
        (lambda c: c.speech(), Call(Telephony("c"), missing={"recording": "it broke off"}), "recording", "it broke off"),
        (lambda c: c.speech(), replace(make_call(PLAIN), timeline=None), "timeline", "nobody listened"),
        (lambda c: c.talk(Role.AGENT), make_call("seconds   0         10\nanyone    #"), "parties", "told the parties apart"),
        (lambda c: c.utterances, make_call("seconds   0         10\nanyone    #"), "parties", "told the parties apart"),
        (lambda c: c.need_transcript().words, make_call(PLAIN), "transcript", "no transcript"),
        (lambda c: c.words(Role.AGENT), make_call(PLAIN), "transcript", "no transcript"),
        (lambda c: c.words(Role.AGENT), make_call("seconds   0         10\nanyone    #", said={}), "parties", "apart"),
        (lambda c: c.holds(), make_call(PLAIN, is_hold_known=False), "holds", "does not say"),
        (lambda c: c.holds(), replace(make_call(PLAIN), recording_started_at=None), "recording_start", "not known when"),
        (lambda c: c.at_ms(ANSWERED_AT), Call(Telephony("c")), "recording_start", "not known when"),
    ],
)
def test_a_missing_part_says_which_and_why(measure: Callable[[Call], object], call: Call, part: str, reason: str) -> None:
    with pytest.raises(MissingInput, match=reason) as caught:
        measure(call)
    assert caught.value.part == part


def test_record_times_are_placed_by_the_offset() -> None:
    call = replace(make_call(PLAIN), recording_started_at=ANSWERED_AT + timedelta(milliseconds=-3_000))
    assert call.at_ms(ANSWERED_AT) == 3_000
    assert call.holds() == (Span(15_000, 17_000),)


def test_holds_are_joined_and_clipped_to_the_recording() -> None:
    def hold(start_s: float, end_s: float) -> RecordedHold:
        return RecordedHold(ANSWERED_AT + timedelta(seconds=start_s), ANSWERED_AT + timedelta(seconds=end_s))

    plain = make_call(PLAIN)
    holds = (hold(18, 25), hold(-2, 1), hold(5, 5), hold(7, 8), hold(8, 9))
    call = replace(plain, telephony=replace(plain.telephony, holds=holds))
    assert call.holds() == (Span(0, 1_000), Span(7_000, 9_000), Span(18_000, 20_000))


def test_holds_that_are_not_known_stay_in_the_silence() -> None:
    call = make_call(PLAIN, is_hold_known=False)
    assert not call.is_hold_known
    assert call.silence() == (Span(7_000, 10_000), Span(12_000, 15_000))


def test_no_holds_need_no_offset() -> None:
    plain = make_call("seconds   0         10\nagent     ##")
    call = replace(plain, recording_started_at=None)
    assert call.is_hold_known
    assert call.holds() == ()


def test_words_belong_to_the_role_of_their_label() -> None:
    call = make_call(PLAIN, said={Role.AGENT: [(1, 5, "good morning")], Role.CUSTOMER: [(10, 12, "hello")]})
    assert [word.text for word in call.words(Role.AGENT)] == ["good", "morning"]
    assert [word.text for word in call.words(Role.CUSTOMER)] == ["hello"]
    assert [word.text for word in call.need_transcript().words] == ["good", "morning", "hello"]


def test_the_language_is_the_transcripts_else_the_records() -> None:
    spoken = make_call(PLAIN, said={}, language="ru")
    assert spoken.transcript is not None
    assert replace(spoken, transcript=replace(spoken.transcript, language="en")).language == "en"
    assert replace(spoken, transcript=replace(spoken.transcript, language=None)).language == "ru"
    assert replace(spoken, transcript=None).language == "ru"
    assert Call(Telephony("c")).language is None


def test_a_call_of_no_length() -> None:
    call = make_call("seconds   0         10", duration_s=0)
    assert call.duration_ms == 0
    assert call.non_talk() == call.silence() == ()
    assert not call.utterances
    assert not call.turns
    assert call.conversation() is None
