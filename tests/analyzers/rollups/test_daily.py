"""The whole day by hand, and the groups of a day adding up to it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.rollups.daily import KpiDaily
from postcall.call import Call
from postcall.tables import spec_of
from postcall.telephony import Direction, Role
from postcall.testing.conformance import conformance_calls
from postcall.testing.drawing import ANSWERED_AT, make_call

SERVED = make_call(
    """
seconds   0         10        20        30        40
agent     ####      ######                ####
customer      ####     ####                   ####
hold                          ------
""",
    said={Role.AGENT: [(0, 4, "good morning"), (10, 16, "let me have a look at that now")], Role.CUSTOMER: []},
)
"""Answered after 15 s, with a hold of 6 s."""


def numbered(calls: list[Call]) -> list[Call]:
    return [replace(call, telephony=replace(call.telephony, call_id=f"c-{n}")) for n, call in enumerate(calls)]


def waiting(wait_s: float, *, answered: bool = True, direction: Direction = Direction.INBOUND) -> Call:
    """A call without recording that waited so long, and was then answered or given up."""
    record = replace(
        SERVED.telephony,
        recording=None,
        direction=direction,
        started_at=ANSWERED_AT - timedelta(seconds=wait_s),
        offered_at=ANSWERED_AT - timedelta(seconds=wait_s / 2),
        answered_at=ANSWERED_AT if answered else None,
        ended_at=ANSWERED_AT + timedelta(seconds=60 if answered else 0),
        agent_id="a-1" if answered else None,
        holds=(),
    )
    return Call(record)


def test_one_served_call(rows_of_day: Any) -> None:
    (row,) = rows_of_day("daily", numbered([SERVED]))
    assert (row.calls_offered, row.calls_handled, row.calls_abandoned, row.calls_answer_unknown) == (1, 1, 0, 0)
    assert (row.calls_duration_known, row.call_duration_ms, row.average_call_duration_ms) == (1, 40_000, 40_000)
    assert (row.calls_hold_known, row.calls_without_hold, row.holds, row.hold_ms, row.average_hold_ms) == (
        1,
        0,
        1,
        6_000,
        6_000,
    )
    assert (row.no_hold_share, row.no_hold_verdict) == (0, "too few calls")
    assert (row.speed_of_answer_ms, row.average_speed_of_answer_ms, row.median_speed_of_answer_ms) == (10_000,) * 3
    assert (row.wait_ms, row.average_wait_ms, row.calls_in_time, row.service_level_share) == (15_000, 15_000, 1, 1)
    assert (row.calls_measured, row.calls_parties_known, row.calls_hold_placed) == (1, 1, 1)
    assert (row.agent_talk_ms, row.customer_talk_ms, row.overtalk_ms, row.speech_ms) == (14_000, 12_000, 3_000, 23_000)
    assert (row.recording_duration_ms, row.non_talk_ms) == (40_000, 17_000)
    assert row.agent_talk_share == 14 / 26
    assert row.median_greeting_ms == 0
    assert (row.calls_answered_in_seconds, row.answered_in_seconds_share, row.calls_speed_heard) == (1, 1, 0)
    assert (row.calls_rings_known, row.rings, row.answered_in_rings_share) == (0, None, None)
    assert (row.calls_end_unknown, row.ended_by_agent_share) == (1, None)
    assert (row.calls_last_word_known, row.after_last_word_ms) == (1, 0)
    assert (row.agent_turns, row.customer_turns, row.turns_conversation_ms) == (3, 3, 40_000)
    assert (row.agent_longest_turn_ms, row.talk_listen_ratio, row.average_turns_per_min) == (6_000, 14 / 12, 9.0)


def after_work(call: Call, work_s: int | None) -> Call:
    return replace(call, telephony=replace(call.telephony, after_call_work_ms=None if work_s is None else work_s * 1000))


def test_handling_time_is_of_the_calls_whose_after_call_work_is_known(rows_of_day: Any) -> None:
    calls = [
        after_work(SERVED, 30),  # 40 s, 6 s of them on hold
        after_work(waiting(1), 0),  # 60 s, and the record says that there was no work after it
        after_work(waiting(1), None),
        after_work(waiting(9, answered=False), 12),  # the record of a call that nobody answered
    ]
    (row,) = rows_of_day("daily", numbered(calls))
    assert (row.calls_handled, row.calls_duration_known, row.call_duration_ms) == (3, 3, 160_000)
    assert (row.calls_after_call_work_known, row.after_call_work_ms, row.average_after_call_work_ms) == (2, 30_000, 15_000)
    assert (row.calls_handling_known, row.handling_ms, row.average_handling_ms) == (2, 130_000, 65_000)
    assert (row.calls_off_hold_known, row.off_hold_ms, row.average_off_hold_ms) == (3, 154_000, 51_333)


def test_the_parts_of_handling_time_add_up_where_all_are_known(rows_of_day: Any) -> None:
    (row,) = rows_of_day("daily", numbered([after_work(SERVED, 30), after_work(waiting(1), 0)]))
    assert (row.off_hold_ms, row.hold_ms, row.after_call_work_ms) == (94_000, 6_000, 30_000)
    assert row.average_off_hold_ms + row.average_hold_ms + row.average_after_call_work_ms == row.average_handling_ms == 65_000


def test_without_after_call_work_there_is_no_handling_time(rows_of_day: Any) -> None:
    (row,) = rows_of_day("daily", numbered([SERVED, waiting(1)]))
    assert (row.calls_after_call_work_known, row.after_call_work_ms, row.average_after_call_work_ms) == (0, None, None)
    assert (row.calls_handling_known, row.handling_ms, row.average_handling_ms) == (0, None, None)
    assert (row.calls_off_hold_known, row.off_hold_ms) == (2, 94_000)


def test_a_call_of_which_hold_is_unknown_has_a_handling_time_and_no_talk_part(rows_of_day: Any) -> None:
    unknown = Call(replace(SERVED.telephony, holds=None, after_call_work_ms=5_000))
    (row,) = rows_of_day("daily", numbered([unknown]))
    assert (row.calls_handling_known, row.handling_ms) == (1, 45_000)
    assert (row.calls_off_hold_known, row.off_hold_ms, row.calls_hold_known) == (0, None, 0)


def test_a_day_without_calls_has_no_row(rows_of_day: Any) -> None:
    assert [rows_of_day(name, []) for name in ("daily", "agent_daily", "team_daily", "queue_daily")] == [[], [], [], []]


def test_service_level_counts_late_abandons_and_forgives_early_ones(rows_of_day: Any) -> None:
    calls = [waiting(5), waiting(20), waiting(21), waiting(20, answered=False), waiting(40, answered=False)]
    outbound = [waiting(3, direction=Direction.OUTBOUND), waiting(90, answered=False, direction=Direction.OUTBOUND)]
    (row,) = rows_of_day("daily", numbered(calls + outbound))
    assert (row.calls_offered, row.calls_handled, row.calls_abandoned) == (7, 4, 2)
    assert (row.calls_wait_known, row.calls_in_time, row.calls_abandoned_early, row.calls_abandoned_late) == (3, 2, 1, 1)
    assert row.service_level_share == 2 / 4
    assert row.service_level_low_share < 2 / 4 < row.service_level_high_share
    assert (row.wait_ms, row.average_wait_ms, row.median_speed_of_answer_ms) == (46_000, 15_333, 10_000)
    assert (row.calls_measured, row.speech_ms, row.agent_talk_share, row.agent_interruptions_per_min) == (0, None, None, None)


def test_a_call_of_which_hold_is_unknown_counts_for_neither_side(rows_of_day: Any) -> None:
    unknown = replace(SERVED, telephony=replace(SERVED.telephony, holds=None))
    (row,) = rows_of_day("daily", numbered([SERVED, waiting(1), waiting(1), unknown]))
    assert (row.calls_handled, row.calls_hold_known, row.calls_without_hold, row.no_hold_share) == (4, 3, 2, 2 / 3)
    assert (row.calls_measured, row.calls_hold_placed) == (2, 1)


@pytest.mark.parametrize(
    ("calls", "held", "verdict"),
    [(29, 0, "too few calls"), (30, 0, "open"), (30, 10, "not met"), (100, 5, "open"), (100, 0, "met")],
)
def test_the_verdict_needs_calls_enough(rows_of_day: Any, calls: int, held: int, verdict: str) -> None:
    on_hold = Call(SERVED.telephony)
    (row,) = rows_of_day("daily", numbered([waiting(1)] * (calls - held) + [on_hold] * held))
    assert (row.calls_hold_known, row.no_hold_verdict) == (calls, verdict)


def test_a_call_whose_answer_is_unknown_is_neither_handled_nor_abandoned(rows_of_day: Any) -> None:
    unknown = replace(SERVED, telephony=replace(SERVED.telephony, answered_at=None))
    (row,) = rows_of_day("daily", numbered([unknown]))
    assert (row.calls_offered, row.calls_handled, row.calls_abandoned, row.calls_answer_unknown) == (1, 0, 0, 1)
    assert (row.calls_hold_known, row.hold_ms, row.no_hold_share, row.speech_ms) == (0, None, None, 23_000)


RUNG = make_call(
    """
seconds   0         10        20        30
ring        #    #    #
agent                     ####        ##
customer                      #####
busy                                    # #
"""
)
"""Rings three times, and the agent hangs up first: the busy tone is on the agent's leg."""


def test_a_call_that_is_told_by_its_sound_alone(rows_of_day: Any) -> None:
    record = replace(SERVED.telephony, offered_at=None, holds=None)
    (row,) = rows_of_day("daily", numbered([replace(RUNG, telephony=record, recording_started_at=None)]))
    assert (row.speed_of_answer_ms, row.calls_speed_heard, row.calls_answered_in_seconds) == (14_000, 1, 1)
    assert (row.calls_rings_known, row.rings, row.calls_answered_in_rings, row.answered_in_rings_share) == (1, 3, 1, 1)
    assert (row.calls_ended_by_agent, row.ended_by_agent_share) == (1, 1)
    assert (row.calls_hold_heard, row.audible_holds, row.mutes) == (1, 0, 0)


POOL = [
    RUNG,
    *conformance_calls().values(),
    SERVED,
    waiting(3),
    waiting(30, answered=False),
    waiting(8, direction=Direction.OUTBOUND),
]


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(POOL), st.sampled_from(["a", "b", None]), st.sampled_from(["sales", "", None])), max_size=8
    )
)
def test_agents_and_queues_add_up_to_the_day(rows_of_day: Any, drawn: list[tuple[Call, str | None, str | None]]) -> None:
    calls = numbered([replace(c, telephony=replace(c.telephony, agent_id=a, queue=q)) for c, a, q in drawn])
    whole = rows_of_day("daily", calls)
    assert len(whole) == bool(calls)
    additive = [c.name for c in spec_of(KpiDaily).columns if c.field.additive]
    for name in ("agent_daily", "team_daily", "queue_daily"):
        groups = rows_of_day(name, calls)
        for column in additive:
            parts = [getattr(row, column) for row in groups]
            known = [part for part in parts if part is not None]
            assert [sum(known) if known else None for _ in whole] == [getattr(row, column) for row in whole], (name, column)
    for row in whole:
        assert row.calls_offered == len(calls)
        assert row.calls_handled + row.calls_abandoned + row.calls_answer_unknown <= row.calls_offered
        assert row.calls_ended_by_agent + row.calls_ended_by_customer + row.calls_end_unknown == row.calls_handled
        assert row.calls_answered_in_seconds <= row.calls_speed_known >= row.calls_speed_heard
        assert row.calls_answered_in_rings <= row.calls_rings_known
        if row.calls_measured:
            assert row.speech_ms + row.non_talk_ms == row.recording_duration_ms


def test_counts_and_sums_are_additive_and_nothing_else_is() -> None:
    not_additive = {c.name for c in spec_of(KpiDaily).columns if not c.field.additive}
    told = ("average_", "median_", "no_hold_", "service_level_")
    units = ("_share", "_per_min", "_wpm", "_cpm", "_ratio")
    assert not_additive == {
        f.name
        for f in fields(KpiDaily)
        if f.name.startswith(told) or f.name.endswith(units) or f.name == "agent_longest_turn_ms"
    }
