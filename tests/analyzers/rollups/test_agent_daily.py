"""One row an agent, and one for the calls that no agent served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from postcall.call import Call
from postcall.testing.conformance import conformance_calls
from postcall.testing.drawing import make_call

CALL = make_call("seconds   0         10        20\nagent     ####\ncustomer      ####  ####")


def of(agent_id: str | None, call_id: str) -> Call:
    return replace(CALL, telephony=replace(CALL.telephony, agent_id=agent_id, call_id=call_id))


def test_calls_go_to_their_agent(rows_of_day: Any) -> None:
    abandoned = conformance_calls()["abandoned"]
    rows = rows_of_day("agent_daily", [of("b", "1"), of("a", "2"), of("b", "3"), of(None, "4"), abandoned])
    assert [(r.agent_id, r.calls_offered, r.calls_handled, r.calls_abandoned) for r in rows] == [
        ("", 2, 1, 1),
        ("a", 1, 1, 0),
        ("b", 2, 2, 0),
    ]
    assert [(r.agent_talk_ms, r.customer_talk_ms) for r in rows] == [(4_000, 8_000), (4_000, 8_000), (8_000, 16_000)]


def test_a_call_without_recording_is_not_lost(rows_of_day: Any) -> None:
    (row,) = rows_of_day("agent_daily", [Call(CALL.telephony, missing={"recording": "quarantined"})])
    assert (row.agent_id, row.calls_handled, row.calls_measured, row.agent_talk_ms) == ("a-1", 1, 0, None)
    assert (row.calls_without_hold, row.no_hold_share) == (1, 1.0)
