from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.call_shape import CallShape, CallShapePolicy, call_shape
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.spans import total_ms
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import ANSWERED_AT, make_call

DRAWING = """
seconds   0         10        20
agent     ####  ########     ###
customer      ##  #     ####
"""


def shape_of(call: Call, policy: CallShapePolicy | None = None) -> CallShape:
    (row,) = call_shape(call, policy or CallShapePolicy())
    return row


def test_turns_and_who_has_the_floor() -> None:
    """The drawing of the docstring: the customer's remark at 8 s takes no turn, but is talk."""
    assert shape_of(make_call(DRAWING)) == CallShape(
        call_id="drawn",
        agent_turns=3,
        customer_turns=2,
        turns_per_min=5 * 60 / 22,
        agent_longest_turn_ms=8_000,
        customer_longest_turn_ms=4_000,
        agent_mean_turn_ms=5_000,
        customer_mean_turn_ms=3_000,
        first_role="agent",
        last_role="agent",
        talk_listen_ratio=15 / 7,
        before_customer_share=4 / 22,
        conversation_ms=22_000,
        call_duration_ms=22_000,
        duration_basis="call_record",
        duration_verdict="normal",
        not_measurable=None,
    )


@pytest.mark.parametrize(
    ("drawing", "longest_ms"),
    [
        ("seconds   0         10        20\nagent     ####    ###", 7_000),  # a pause is no end, and no part
        ("seconds   0         10        20\nagent     ###        ##\nhold         --------", 5_000),
        ("seconds   0         10        20\nagent     ########\ncustomer     ###", 8_000),  # an interruption that fails
        ("seconds   0         10        20\nagent     ####  ###\ncustomer     ##", 4_000),  # one that takes the floor
        ("seconds   0         10        20\nagent     ####  ###\ncustomer     #", 7_000),  # a remark
    ],
)
def test_the_longest_turn_ends_when_the_other_takes_the_floor(drawing: str, longest_ms: int) -> None:
    call = make_call(drawing)
    patient = call.turn_policy.model_copy(update={"backchannel_resume_s": 3.0})
    assert shape_of(replace(call, turn_policy=patient)).agent_longest_turn_ms == longest_ms


def test_the_customer_may_speak_first_and_last() -> None:
    row = shape_of(make_call("seconds   0         10\nagent       ##\ncustomer  ##  ##"))
    assert (row.first_role, row.last_role, row.before_customer_share, row.talk_listen_ratio) == ("customer", "customer", 0, 0.5)


def test_both_at_once_are_neither_first_nor_last() -> None:
    row = shape_of(make_call("seconds   0         10\nagent     ###\ncustomer  ###"))
    assert row.first_role is row.last_role is None
    assert row.not_measurable == "first_role: both parties start at once; last_role: both parties end at once"


def test_the_conversation_starts_with_the_first_speech_not_with_the_recording() -> None:
    row = shape_of(make_call("seconds   0         10        20\nagent               ##\ncustomer              ##"))
    assert (row.conversation_ms, row.before_customer_share, row.turns_per_min) == (4_000, 0.5, 30)


def test_a_party_that_takes_no_turn() -> None:
    row = shape_of(make_call("seconds   0         10\nagent     ####  ####"))
    assert (row.agent_turns, row.customer_turns, row.customer_longest_turn_ms) == (1, 0, 0)
    assert row.customer_mean_turn_ms is row.talk_listen_ratio is row.before_customer_share is None
    assert row.not_measurable == (
        "customer_mean_turn_ms, before_customer_share: the customer takes no turn; "
        "talk_listen_ratio: the customer does not speak"
    )


def test_nobody_speaks() -> None:
    row = shape_of(make_call("seconds   0         10"))
    assert (row.agent_turns, row.conversation_ms, row.agent_longest_turn_ms) == (0, 0, 0)
    assert row.turns_per_min is row.first_role is row.last_role is row.agent_mean_turn_ms is None
    assert (row.duration_basis, row.duration_verdict) == ("call_record", "normal")  # ten seconds, and none of them spoken


@pytest.mark.parametrize(
    ("duration_s", "verdict"),
    [(9.999, "short"), (10, "normal"), (180, "normal"), (180.001, "long")],
)
def test_the_limits_are_normal_themselves(duration_s: float, verdict: str) -> None:
    row = shape_of(make_call("seconds   0         10\nagent     ##", duration_s=duration_s))
    assert (row.call_duration_ms, row.duration_verdict) == (round(duration_s * 1000), verdict)


def test_limits_come_from_the_policy() -> None:
    call = make_call(DRAWING)
    assert shape_of(call, CallShapePolicy(too_short_s=30)).duration_verdict == "short"
    assert shape_of(call, CallShapePolicy(too_long_s=20)).duration_verdict == "long"


def test_without_times_of_the_record_the_conversation_is_what_counts() -> None:
    call = make_call("seconds   0         10        20\nagent        ####\ncustomer         ##")
    row = shape_of(replace(call, telephony=Telephony("drawn")))
    assert (row.call_duration_ms, row.duration_basis, row.duration_verdict) == (None, "conversation", "short")
    assert row.not_measurable == "call_duration_ms: the call record has no time of answer"
    silent = shape_of(replace(make_call("seconds   0         10"), telephony=Telephony("drawn")))
    assert silent.duration_basis is silent.duration_verdict is None
    assert silent.not_measurable is not None
    assert "duration_basis, duration_verdict" in silent.not_measurable


def test_the_record_counts_before_the_recording() -> None:
    call = make_call(DRAWING)
    longer = replace(call.telephony, ended_at=ANSWERED_AT + timedelta(minutes=4))
    assert shape_of(replace(call, telephony=longer)).duration_verdict == "long"


def test_without_parties_it_is_skipped() -> None:
    with pytest.raises(MissingInput, match="told the parties apart"):
        shape_of(make_call("seconds   0         10\nanyone    ###"))


@given(st.text("# ", min_size=1, max_size=30), st.text("# ", min_size=1, max_size=30))
def test_turns_hold_no_more_than_the_talk(agent: str, customer: str) -> None:
    call = make_call(f"seconds   0         10        20        30\nagent     {agent}\ncustomer  {customer}")
    row = shape_of(call)
    for role, turns, mean_ms, longest_ms in (
        (Role.AGENT, row.agent_turns, row.agent_mean_turn_ms, row.agent_longest_turn_ms),
        (Role.CUSTOMER, row.customer_turns, row.customer_mean_turn_ms, row.customer_longest_turn_ms),
    ):
        assert (mean_ms is None) == (turns == 0)
        assert turns * ((mean_ms or 0) - 1) <= total_ms(call.talk(role))
        assert (mean_ms or 0) <= longest_ms <= total_ms(call.talk(role))
    assert abs(row.agent_turns - row.customer_turns) <= 1
