"""Filled pauses on drawn timelines."""

from __future__ import annotations

from analyzers.filled_pauses import CallFilledPauses, EventFilledPause, FilledPausesPolicy, filled_pauses
from postcall.testing.drawing import make_call


def test_long_held_sounds_of_each_party_are_its_filled_pauses() -> None:
    call = make_call(
        """
seconds         0         5         10
agent           ##########
agent_level     5555555555
agent_held        #    ##
customer                    ########
customer_level              55555555
customer_held               # # #
""",
    )
    rows = list(filled_pauses(call, FilledPausesPolicy(min_s=0.5)))
    assert rows == [
        CallFilledPauses(
            call_id="drawn",
            agent_filled_pauses=2,
            agent_filled_pause_ms=1_500,
            agent_filled_pauses_per_min=24.0,
            customer_filled_pauses=3,
            customer_filled_pause_ms=1_500,
            customer_filled_pauses_per_min=45.0,
            not_measurable=None,
        ),
        EventFilledPause(call_id="drawn", start_ms=1_000, end_ms=1_500, duration_ms=500, role="agent"),
        EventFilledPause(call_id="drawn", start_ms=3_500, end_ms=4_500, duration_ms=1_000, role="agent"),
        EventFilledPause(call_id="drawn", start_ms=6_000, end_ms=6_500, duration_ms=500, role="customer"),
        EventFilledPause(call_id="drawn", start_ms=7_000, end_ms=7_500, duration_ms=500, role="customer"),
        EventFilledPause(call_id="drawn", start_ms=8_000, end_ms=8_500, duration_ms=500, role="customer"),
    ]
    only_long, *_ = filled_pauses(call, FilledPausesPolicy(min_s=0.6))
    assert isinstance(only_long, CallFilledPauses)
    assert (only_long.agent_filled_pauses, only_long.customer_filled_pauses) == (1, 0)


def test_who_says_nothing_has_no_rate() -> None:
    call = make_call(
        """
seconds         0         5
agent           ####
agent_level     5555
customer
"""
    )
    row, *rest = filled_pauses(call, FilledPausesPolicy())
    assert isinstance(row, CallFilledPauses)
    assert row.agent_filled_pauses_per_min == 0
    assert row.customer_filled_pauses == 0
    assert row.customer_filled_pauses_per_min is None
    assert row.not_measurable == "customer_filled_pauses_per_min: the customer does not speak"
    assert not rest
