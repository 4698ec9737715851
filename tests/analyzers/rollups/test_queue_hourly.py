"""Calls go to the hour in which they reached the centre."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from postcall.call import Call
from postcall.testing.drawing import make_call

CALL = make_call("seconds   0         10        20\nagent     ####\ncustomer      ####  ####")


def at(call_id: str, queue: str, **times: datetime | None) -> Call:
    cleared: dict[str, Any] = {"started_at": None, "offered_at": None, "answered_at": None, "ended_at": None, **times}
    return replace(CALL, telephony=replace(CALL.telephony, call_id=call_id, queue=queue, **cleared))


def test_a_call_belongs_to_the_hour_of_its_first_time(rows_of_day: Any) -> None:
    half, next_hour = datetime(2026, 3, 2, 9, 30, tzinfo=UTC), datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    rows = rows_of_day(
        "queue_hourly",
        [
            at("1", "q", started_at=half, answered_at=next_hour),
            at("2", "q", offered_at=half),
            at("3", "q", answered_at=next_hour),
            at("4", "r", started_at=next_hour),
            at("5", "r"),
        ],
    )
    found = {(row.queue, row.hour_at.hour if row.hour_at else None): row.calls_offered for row in rows}
    assert found == {("q", 9): 2, ("q", 10): 1, ("r", 10): 1, ("r", None): 1}
    assert all(row.hour_at is None or (row.hour_at.minute, row.hour_at.tzinfo) == (0, UTC) for row in rows)
