from hypothesis import given
from hypothesis import strategies as st

from analyzers.dead_air import CallDeadAir, DeadAirPolicy, EventDeadAir, dead_air
from postcall.testing.drawing import make_call

DRAWING = """
seconds   0         10        20        30        40        50        60        70
agent     ####                          ##          ###
customer      #####                                              ####         #
hold               ------
"""


def test_dead_air_lies_outside_hold_and_has_an_owner() -> None:
    call_row, *events = dead_air(make_call(DRAWING), DeadAirPolicy())
    assert call_row == CallDeadAir(
        call_id="drawn",
        dead_airs=3,
        dead_air_ms=15_000 + 10_000 + 10_000,
        longest_dead_air_ms=15_000,
        agent_dead_airs=2,
        agent_dead_air_ms=25_000,
        customer_dead_airs=1,
        customer_dead_air_ms=10_000,
        is_hold_known=True,
        not_measurable=None,
    )
    assert events == [
        _event(15_000, 30_000, "agent", "unanswered_customer", "customer", "agent"),
        _event(32_000, 42_000, "agent", "agent_resumed", "agent", "agent"),
        _event(45_000, 55_000, "customer", "customer_replied", "agent", "customer"),
    ]


def test_a_millisecond_short_of_the_policy_is_no_dead_air() -> None:
    call = make_call("seconds   0         10        20\nagent     ##          ##")
    assert len(list(dead_air(call, DeadAirPolicy(min_s=10.0)))) == 2
    assert len(list(dead_air(call, DeadAirPolicy(min_s=10.001)))) == 1


def test_an_unknown_hold_counts_as_dead_air() -> None:
    call_row, first, *_ = dead_air(make_call(DRAWING, is_hold_known=False), DeadAirPolicy())
    assert isinstance(call_row, CallDeadAir)
    assert isinstance(first, EventDeadAir)
    assert not call_row.is_hold_known
    assert (first.start_ms, first.end_ms) == (9_000, 30_000)


def test_in_a_mono_recording_nobody_owns_it() -> None:
    call_row, event = dead_air(make_call("seconds   0         10        20\nanyone    ##          ##"), DeadAirPolicy())
    assert isinstance(call_row, CallDeadAir)
    assert isinstance(event, EventDeadAir)
    assert (call_row.dead_airs, call_row.dead_air_ms) == (1, 10_000)
    assert call_row.agent_dead_airs is call_row.customer_dead_air_ms is None
    assert event.owner is None
    assert call_row.not_measurable == (
        "agent_dead_airs, agent_dead_air_ms, customer_dead_airs, customer_dead_air_ms: "
        "one channel, and nobody told the parties apart"
    )


def test_where_nobody_speaks_it_is_not_zero_but_unknown() -> None:
    (row,) = dead_air(make_call("seconds   0         60"), DeadAirPolicy())
    assert isinstance(row, CallDeadAir)
    assert row.dead_airs is row.dead_air_ms is row.agent_dead_airs is None
    assert row.not_measurable is not None


@given(*[st.text(alphabet="#     ", max_size=120)] * 3)
def test_with_two_voices_every_dead_air_has_an_owner(agent: str, customer: str, hold: str) -> None:
    call = make_call(f"seconds   0         10\nagent     {agent}\ncustomer  {customer}\nhold      {hold}")
    row, *events = dead_air(call, DeadAirPolicy(min_s=3))
    assert isinstance(row, CallDeadAir)
    if row.dead_airs is not None:
        assert row.dead_airs == (row.agent_dead_airs or 0) + (row.customer_dead_airs or 0) == len(events)
        assert row.dead_air_ms == (row.agent_dead_air_ms or 0) + (row.customer_dead_air_ms or 0)


def _event(start_ms: int, end_ms: int, owner: str, basis: str, before: str, after: str) -> EventDeadAir:
    return EventDeadAir(
        call_id="drawn",
        start_ms=start_ms,
        end_ms=end_ms,
        duration_ms=end_ms - start_ms,
        owner=owner,
        owner_basis=basis,
        role_before=before,
        role_after=after,
        not_measurable=None,
    )
