import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.recording import Topology
from postcall.spans import Span
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import ANSWERED_AT, make_call


def test_marks_become_spans_on_the_scale() -> None:
    call = make_call("""
seconds   0         10        20
agent     ####      ##
customer      ##
hold                  --
""")
    assert call.talk(Role.AGENT) == (Span(0, 4_000), Span(10_000, 12_000))
    assert call.talk(Role.CUSTOMER) == (Span(4_000, 6_000),)
    assert call.holds() == (Span(12_000, 14_000),)
    assert call.duration_ms == 20_000


def test_numbers_set_the_scale() -> None:
    assert make_call("seconds   0         1\nagent      ##").talk(Role.AGENT) == (Span(100, 300),)
    assert make_call("seconds   0    3600\nagent      #").talk(Role.AGENT) == (Span(720_000, 1_440_000),)
    assert make_call("seconds   10        20\nagent     #").talk(Role.AGENT) == (Span(10_000, 11_000),)


@given(st.text(alphabet="# ", max_size=200))
def test_a_row_comes_back_cell_by_cell(row: str) -> None:
    call = make_call(f"seconds   0         10\nagent     {row}")
    cells = {second for span in call.talk(Role.AGENT) for second in range(span.start_ms // 1000, span.end_ms // 1000)}
    assert cells == {index for index, mark in enumerate(row) if mark == "#"}


def test_the_last_mark_or_number_ends_the_recording() -> None:
    assert make_call("seconds   0         10\nagent     ###").duration_ms == 10_000
    assert make_call("seconds   0         10\nagent     ############").duration_ms == 12_000
    assert make_call("seconds   0         10\nagent     ###", duration_s=60.5).duration_ms == 60_500


def test_words_are_spread_over_their_stretch() -> None:
    call = make_call("seconds   0         10\nagent     ###", said={Role.AGENT: [(0, 3, "one two three")]}, language="en")
    assert [(word.text, word.span) for word in call.words(Role.AGENT)] == [
        ("one", Span(0, 1_000)),
        ("two", Span(1_000, 2_000)),
        ("three", Span(2_000, 3_000)),
    ]
    assert not make_call("seconds   0         10").has_words
    assert make_call("seconds   0         10", said={}).need_transcript().words == ()


def test_anyone_draws_a_mono_recording() -> None:
    call = make_call("seconds   0         10\nanyone    ###")
    assert not call.has_parties
    assert call.speech() == (Span(0, 3_000),)
    assert call.recording is not None
    assert (call.recording.channels, call.recording.topology) == (1, Topology.MONO)


def test_a_record_of_ones_own_gets_the_drawn_holds() -> None:
    call = make_call(
        "seconds   0         10\nhold        ##", telephony=Telephony("own", answered_at=ANSWERED_AT, agent_id="a-7")
    )
    assert (call.call_id, call.telephony.agent_id) == ("own", "a-7")
    assert call.holds() == (Span(2_000, 4_000),)


def test_a_record_that_says_nothing_about_hold() -> None:
    assert make_call("seconds   0         10", is_hold_known=False).telephony.holds is None


@pytest.mark.parametrize(
    ("drawing", "problem"),
    [
        ("agent   ###", "first row"),
        ("seconds   0", "at least two numbers"),
        ("seconds   0         10    20", "evenly spaced"),
        ("seconds   0         10\nagnet     ##", "not agnet"),
    ],
)
def test_a_wrong_drawing_says_what_is_wrong(drawing: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make_call(drawing)
