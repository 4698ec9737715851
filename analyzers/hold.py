"""Hold: how often and how long the customer was parked, by the call record.

Conventions
-----------
Works from the call record alone; a call without a recording has its holds too. ``start_ms`` places a hold in the recording,
where it is known when that started.

Definition
----------
A hold is a stretch of the call record between answer and end of the call; holds that overlap or touch are one.
``hold_share`` is the time on hold over the time from answered to ended.

Edge cases
----------
A record that does not say whether there was a hold gives no row: unknown is not "no hold". A call that nobody answered gives
none either, since a queue's music is no hold. A hold of no length is none. What of a hold lies before the answer or after the
end is cut off where both are known (records round their times to whole seconds).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, DurationMs, HoldMs, Holds, NotMeasurable, StartedAt, StartMs
from postcall.kpi import call_duration_ms, is_answered
from postcall.not_measurable import Reasons
from postcall.spans import Span, Spans, clip, longest_ms, total_ms, union, whole
from postcall.tables import Field, table
from postcall.telephony import RecordedHold, milliseconds_between


@table("call_hold", grain="call of which it is known whether it was on hold", primary_key=("call_id",))
class CallHold:
    """Hold of each call, by the call record."""

    call_id: CallId
    has_hold: Annotated[bool, Field("Whether the customer was put on hold.")]
    holds: Holds
    hold_ms: HoldMs
    longest_hold_ms: Annotated[int, Field("Longest hold of the call; 0 without one.", unit="ms", minimum=0)]
    hold_share: Annotated[
        float | None, Field("hold_ms / call_duration_ms.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    not_measurable: NotMeasurable


@table("event_hold", grain="hold", primary_key=("call_id", "started_at"))
class EventHold:
    """Holds one by one, by the call record."""

    call_id: CallId
    started_at: StartedAt
    start_ms: StartMs | None
    duration_ms: DurationMs
    hold_source: Annotated[str, Field("What tells of the hold.", enum=("call_record",))]
    not_measurable: NotMeasurable


@analyzer(version=1)
def hold(call: Call) -> Iterator[CallHold | EventHold]:
    """The row of the call, and one for each hold."""
    record = call.telephony
    if is_answered(record) is False:
        raise MissingInput("times", "the call was not answered")
    if record.holds is None:
        raise MissingInput("holds", "the call record does not say whether there was a hold")
    recorded = [one for one in record.holds if one.duration_ms > 0]
    zero = record.answered_at or min((one.started_at for one in recorded), default=None)
    spans = _spans(recorded, zero) if zero is not None else ()
    why = Reasons()
    served_ms = why.attempt("hold_share", lambda: call_duration_ms(record))
    if served_ms is not None:
        spans = clip(spans, whole(served_ms))
    if served_ms == 0:
        why.note("hold_share", "the call lasted no time")
    yield CallHold(
        call_id=call.call_id,
        has_hold=bool(spans),
        holds=len(spans),
        hold_ms=total_ms(spans),
        longest_hold_ms=longest_ms(spans),
        hold_share=total_ms(spans) / served_ms if served_ms else None,
        not_measurable=why.text(),
    )
    if zero is not None:
        for span in spans:
            yield _event(call, zero, span)


def _spans(recorded: list[RecordedHold], zero: datetime) -> Spans:
    """Holds in ms from ``zero``, overlapping and touching ones merged."""
    return union(Span(milliseconds_between(zero, one.started_at), milliseconds_between(zero, one.ended_at)) for one in recorded)


def _event(call: Call, zero: datetime, span: Span) -> EventHold:
    started_at = zero + timedelta(milliseconds=span.start_ms)
    why = Reasons()
    return EventHold(
        call_id=call.call_id,
        started_at=started_at,
        start_ms=why.attempt("start_ms", lambda: _placed_ms(call, started_at)),
        duration_ms=span.duration_ms,
        hold_source="call_record",
        not_measurable=why.text(),
    )


def _placed_ms(call: Call, instant: datetime) -> int:
    call.need_recording()
    return call.at_ms(instant)
