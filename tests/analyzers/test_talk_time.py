import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.talk_time import CallTalkTime, talk_time
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.telephony import Telephony
from postcall.testing.drawing import make_call

ROW = st.text(alphabet="# ", max_size=80)


def test_the_parts_of_a_call() -> None:
    call = make_call("""
seconds   0         10        20
agent     #####     ###
customer     ####      ####
""")
    assert list(talk_time(call)) == [
        CallTalkTime(
            call_id="drawn",
            recording_duration_ms=20_000,
            agent_talk_ms=8_000,
            customer_talk_ms=8_000,
            overtalk_ms=2_000,
            speech_ms=14_000,
            non_talk_ms=6_000,
            conversation_ms=17_000,
            agent_talk_share=0.5,
            customer_talk_share=0.5,
            speech_share=0.7,
            not_measurable=None,
        )
    ]


def test_a_mono_recording_has_no_parties_but_speech() -> None:
    (row,) = talk_time(make_call("seconds   0         10\nanyone      ###  ##"))
    assert (row.speech_ms, row.non_talk_ms, row.conversation_ms, row.speech_share) == (5_000, 5_000, 7_000, 0.5)
    assert row.agent_talk_ms is row.customer_talk_ms is row.overtalk_ms is row.agent_talk_share is None
    assert row.not_measurable == (
        "agent_talk_ms, customer_talk_ms, overtalk_ms, agent_talk_share, customer_talk_share: "
        "one channel, and nobody told the parties apart"
    )


def test_nobody_speaks() -> None:
    (row,) = talk_time(make_call("seconds   0         10"))
    assert (row.agent_talk_ms, row.customer_talk_ms, row.non_talk_ms, row.conversation_ms) == (0, 0, 10_000, 0)
    assert row.agent_talk_share is row.customer_talk_share is None
    assert row.not_measurable == "agent_talk_share, customer_talk_share: neither party speaks"


def test_without_a_recording_it_is_skipped_with_the_reason() -> None:
    with pytest.raises(MissingInput, match="quarantined"):
        list(talk_time(Call(Telephony("c"), missing={"recording": "the recording was quarantined"})))


@given(ROW, ROW)
def test_the_parts_add_up_to_the_recording(agent: str, customer: str) -> None:
    (row,) = talk_time(make_call(f"seconds   0         10\nagent     {agent}\ncustomer  {customer}"))
    assert row.agent_talk_ms is not None
    assert row.customer_talk_ms is not None
    assert row.overtalk_ms is not None
    assert row.agent_talk_ms + row.customer_talk_ms - row.overtalk_ms + row.non_talk_ms == row.recording_duration_ms
    assert row.agent_talk_ms + row.customer_talk_ms - row.overtalk_ms == row.speech_ms
