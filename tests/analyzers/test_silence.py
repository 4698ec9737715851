from hypothesis import given
from hypothesis import strategies as st

from analyzers.silence import CallSilence, EventSilence, SilencePolicy, silence
from postcall.testing.drawing import make_call

ROW = st.text(alphabet="##  ", max_size=80)

DRAWING = """
seconds   0         10        20        30        40
agent       ##       ####              ##
customer        ###       ##                ##
hold                        ------
"""


def test_silence_is_non_talk_inside_the_conversation_and_outside_hold() -> None:
    call_row, *events = silence(make_call(DRAWING), SilencePolicy())
    assert call_row == CallSilence(
        call_id="drawn",
        non_talk_ms=25_000,
        lead_in_ms=2_000,
        tail_ms=4_000,
        hold_non_talk_ms=6_000,
        silence_ms=13_000,
        silence_share=13 / 34,
        longest_silence_ms=5_000,
        silences_3s=2,
        silences_5s=1,
        silences_10s=0,
        silences_15s=0,
        is_hold_known=True,
        not_measurable=None,
    )
    assert events == [
        _event(24_000, 29_000, "agent", "unanswered_customer", "customer", "agent", "hold_return"),
        _event(31_000, 34_000, "customer", "customer_replied", "agent", "customer"),
    ]


def test_an_unknown_hold_counts_as_silence_and_says_so() -> None:
    call_row, *events = silence(make_call(DRAWING, is_hold_known=False), SilencePolicy())
    assert isinstance(call_row, CallSilence)
    assert (call_row.silence_ms, call_row.longest_silence_ms, call_row.hold_non_talk_ms) == (19_000, 11_000, None)
    assert not call_row.is_hold_known
    assert call_row.not_measurable == "hold_non_talk_ms: the call record does not say whether there was a hold"
    assert [event.duration_ms for event in events if isinstance(event, EventSilence)] == [11_000, 3_000]


def test_a_shorter_policy_gives_more_rows_and_the_same_counts() -> None:
    call_row, *events = silence(make_call(DRAWING), SilencePolicy(min_s=1))
    assert isinstance(call_row, CallSilence)
    assert call_row.silences_3s == 2
    assert sum(event.duration_ms for event in events if isinstance(event, EventSilence)) == call_row.silence_ms
    assert len(events) == 5


def test_a_mono_recording_has_silences_without_owner() -> None:
    call_row, event = silence(make_call("seconds   0         10\nanyone     ##    ##"), SilencePolicy())
    assert isinstance(call_row, CallSilence)
    assert call_row.silence_ms == 4_000
    assert event == EventSilence(
        call_id="drawn",
        start_ms=3_000,
        end_ms=7_000,
        duration_ms=4_000,
        owner=None,
        owner_basis=None,
        role_before=None,
        role_after=None,
        preceded_by=None,
        not_measurable=(
            "owner, owner_basis, role_before, role_after, preceded_by: one channel, and nobody told the parties apart"
        ),
    )


def test_where_nobody_speaks_silence_is_not_zero_but_unknown() -> None:
    (row,) = silence(make_call("seconds   0         10"), SilencePolicy())
    assert isinstance(row, CallSilence)
    assert row.non_talk_ms == 10_000
    assert row.silence_ms is row.silence_share is row.lead_in_ms is row.tail_ms is row.silences_3s is None
    assert row.not_measurable is not None
    assert row.not_measurable.endswith(": nobody speaks")


@given(ROW, ROW, ROW)
def test_lead_in_tail_silence_and_hold_add_up_to_non_talk(agent: str, customer: str, hold: str) -> None:
    call = make_call(f"seconds   0         10\nagent     {agent}\ncustomer  {customer}\nhold      {hold}")
    row, *events = silence(call, SilencePolicy(min_s=0.001))
    assert isinstance(row, CallSilence)
    if row.silence_ms is None:
        assert call.speech() == ()
        return
    assert row.lead_in_ms is not None
    assert row.tail_ms is not None
    assert row.hold_non_talk_ms is not None
    assert row.lead_in_ms + row.tail_ms + row.silence_ms + row.hold_non_talk_ms == row.non_talk_ms
    assert sum(event.duration_ms for event in events if isinstance(event, EventSilence)) == row.silence_ms


def _event(
    start_ms: int, end_ms: int, owner: str, basis: str, before: str, after: str, preceded_by: str | None = None
) -> EventSilence:
    return EventSilence(
        call_id="drawn",
        start_ms=start_ms,
        end_ms=end_ms,
        duration_ms=end_ms - start_ms,
        owner=owner,
        owner_basis=basis,
        role_before=before,
        role_after=after,
        preceded_by=preceded_by,
        not_measurable=None if preceded_by else "preceded_by: no transcript",
    )
