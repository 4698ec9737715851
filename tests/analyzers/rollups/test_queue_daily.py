"""One row a queue, and one for the calls whose record names none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from postcall.call import Call
from postcall.testing.drawing import make_call

CALL = make_call("seconds   0         10        20\nagent     ####\ncustomer      ####  ####")


def of(queue: str | None, call_id: str) -> Call:
    return replace(CALL, telephony=replace(CALL.telephony, queue=queue, call_id=call_id))


def test_calls_go_to_their_queue(rows_of_day: Any) -> None:
    rows = rows_of_day("queue_daily", [of("sales", "1"), of(None, "2"), of("продажи", "3"), of("sales", "4")])
    assert [(r.queue, r.calls_offered, r.speech_ms) for r in rows] == [
        ("", 1, 12_000),
        ("sales", 2, 24_000),
        ("продажи", 1, 12_000),
    ]
