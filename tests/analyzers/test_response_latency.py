import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.response_latency import CallResponseLatency, EventResponse, ResponseLatencyPolicy, response_latency
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.testing.drawing import make_call

ROW = st.text(alphabet="## ", max_size=80)


def measured(call: Call) -> tuple[CallResponseLatency, list[EventResponse]]:
    row, *events = response_latency(call, ResponseLatencyPolicy())
    assert isinstance(row, CallResponseLatency)
    return row, [event for event in events if isinstance(event, EventResponse)]


def test_timed_late_and_overlapped_responses() -> None:
    row, events = measured(
        make_call("""
seconds   0         10        20        30        40
customer  ###   ##                      ####
agent         #     ###  ##                #####
""")
    )
    assert row == CallResponseLatency(
        call_id="drawn",
        agent_responses=2,
        agent_latency_median_ms=1_500,
        agent_latency_p90_ms=1_900,
        agent_overlapped_responses=1,
        agent_late_responses=0,
        customer_responses=1,
        customer_latency_median_ms=1_000,
        customer_latency_p90_ms=1_000,
        customer_overlapped_responses=0,
        customer_late_responses=1,
        is_hold_known=True,
        not_measurable=None,
    )
    assert [(event.start_ms, event.role, event.latency_ms) for event in events] == [
        (4_000, "agent", 1_000),
        (6_000, "customer", 1_000),
        (10_000, "agent", 2_000),
    ]


@pytest.mark.parametrize(
    ("hold", "responses"),
    [
        pytest.param("     --", 1, id="inside the gap"),
        pytest.param("   --", 1, id="at its start"),
        pytest.param("     ---", 1, id="at its end"),
        pytest.param("              --", 2, id="after it"),
    ],
)
def test_a_gap_that_touches_a_hold_is_no_response(hold: str, responses: int) -> None:
    row, _ = measured(make_call(f"seconds   0         10\ncustomer  ###      ##\nagent             #   ##\nhold      {hold}"))
    assert (row.agent_responses, row.agent_late_responses) == (responses, 0)


def test_a_remark_inside_a_partys_speech_takes_no_floor() -> None:
    row, events = measured(
        make_call("""
seconds   0         10        20
customer  ##########  ####
agent         ##          ##
""")
    )
    assert row.agent_overlapped_responses == 1
    assert row.customer_responses == 0
    assert [(event.role, event.latency_ms) for event in events] == [("agent", 0)]


def test_after_an_overlapped_remark_a_real_answer_is_timed() -> None:
    row, events = measured(
        make_call("""
seconds   0         10        20
customer  ##########
agent         ## ##  ###
""")
    )
    assert row.agent_overlapped_responses == 1
    assert [(event.start_ms, event.latency_ms) for event in events] == [(11_000, 1_000)]


def test_nobody_responds() -> None:
    row, events = measured(make_call("seconds   0         10\nagent     ###  ##"))
    assert events == []
    assert row.agent_responses == row.customer_responses == 0
    assert row.not_measurable == (
        "agent_latency_median_ms, agent_latency_p90_ms: no timed response of the agent; "
        "customer_latency_median_ms, customer_latency_p90_ms: no timed response of the customer"
    )


def test_without_parties_it_is_skipped() -> None:
    with pytest.raises(MissingInput):
        list(response_latency(make_call("seconds   0         10\nanyone    ###"), ResponseLatencyPolicy()))


@given(ROW, ROW)
def test_a_latency_is_silence_between_the_parties(agent: str, customer: str) -> None:
    call = make_call(f"seconds   0         10\nagent     {agent}\ncustomer  {customer}")
    silences = {(span.start_ms, span.end_ms) for span in call.silence()}
    _, events = measured(call)
    for event in events:
        if event.latency_ms:
            assert (event.start_ms - event.latency_ms, event.start_ms) in silences
