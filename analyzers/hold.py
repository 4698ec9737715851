"""Hold: how often and how long the customer was parked, by the call record and by what is heard and said.

Conventions
-----------
``start_ms`` places a hold in the recording, ``started_at`` in time; either is empty where it cannot be known. A call without a
recording has the holds of its record, and a call whose record is silent those of its recording.

Definition
----------
recorded    a stretch of the call record between answer and end of the call; stretches that overlap or touch are one
audible     music, repeated tones, or a switch's noise where the agent's leg is (`postcall.audible_hold`)
announced   what only words tell of, where neither record nor sound can (`postcall.announced_hold`)
mute        the agent's leg carries nothing; no hold, and counted by itself

``has_hold``, ``holds``, ``hold_ms``, ``longest_hold_ms`` and ``hold_share`` go by the record where it says whether there was a
hold, else by what is heard or announced: ``hold_basis`` says which. ``hold_share`` is the time on hold over the time from
answered to ended, or, by what is heard, over the conversation.

Edge cases
----------
Where neither tells, there is no row: unknown is not "no hold". A call that nobody answered gives none either, since a queue's
music is no hold. A hold of no length is none. What of a recorded hold lies before the answer or after the end is cut off where
both are known (records round their times to whole seconds). Where the parties share a channel, a hold without music or tones
is not heard: only words can tell of it, and without a transcript ``announced_holds`` is empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.announced_hold import ANNOUNCED_SOURCE
from postcall.audible_hold import HOLD_SOURCES, MUTE_SOURCE
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, DurationMs, HoldMs, Holds, NotMeasurable, StartedAt, StartMs
from postcall.kpi import call_duration_ms, is_answered
from postcall.not_measurable import Reasons
from postcall.spans import Span, Spans, clip, gaps, longest_ms, total_ms, union, whole
from postcall.tables import Field, table
from postcall.telephony import RecordedHold, milliseconds_between


@table("call_hold", grain="call of which it is known whether it was on hold", primary_key=("call_id",))
class CallHold:
    """Hold of each call."""

    call_id: CallId
    hold_basis: Annotated[
        str, Field("What the measures of hold go by; audio is what is heard and said.", enum=("call_record", "audio"))
    ]
    has_hold: Annotated[bool, Field("Whether the customer was put on hold.")]
    holds: Holds
    hold_ms: HoldMs
    longest_hold_ms: Annotated[int, Field("Longest hold of the call; 0 without one.", unit="ms", minimum=0)]
    hold_share: Annotated[
        float | None,
        Field(
            "hold_ms / call_duration_ms; by what is heard, hold_ms / conversation_ms.",
            unit="share",
            minimum=0,
            maximum=1,
            additive=False,
        ),
    ]
    audible_holds: Annotated[int | None, Field("Holds that are heard in the recording.", minimum=0)]
    audible_hold_ms: Annotated[int | None, Field("Summed length of the holds that are heard.", unit="ms", minimum=0)]
    announced_holds: Annotated[
        int | None, Field("Holds that only words tell of, where neither the record nor the sound does.", minimum=0)
    ]
    announced_hold_ms: Annotated[int | None, Field("Summed length of the holds that only words tell of.", unit="ms", minimum=0)]
    mutes: Annotated[int | None, Field("Times the agent's leg carried nothing in the middle of the call.", minimum=0)]
    mute_ms: Annotated[int | None, Field("Summed length of the mutes.", unit="ms", minimum=0)]
    not_measurable: NotMeasurable


@table(
    "event_hold", grain="hold or mute, by each source that tells of it", primary_key=("call_id", "hold_source", "hold_number")
)
class EventHold:
    """Holds and mutes one by one; a hold that the record tells of and that is heard has a row of each source."""

    call_id: CallId
    hold_source: Annotated[
        str,
        Field(
            "What tells of it: the record, what is heard, or words alone.",
            enum=("call_record", *HOLD_SOURCES, ANNOUNCED_SOURCE, MUTE_SOURCE),
        ),
    ]
    hold_number: Annotated[int, Field("Place among those of its source, from 0.", minimum=0)]
    hold_kind: Annotated[str, Field("Whether the customer was parked, or the agent silent by a button.", enum=("hold", "mute"))]
    started_at: StartedAt | None
    start_ms: StartMs | None
    duration_ms: DurationMs
    not_measurable: NotMeasurable


@analyzer(version=4)
def hold(call: Call) -> Iterator[CallHold | EventHold]:
    """The row of the call, and one for each hold and mute."""
    record = call.telephony
    if is_answered(record) is False:
        raise MissingInput("times", "the call was not answered")
    why = Reasons()
    heard = why.attempt("audible_holds, audible_hold_ms, mutes, mute_ms", lambda: call.audible_holds)
    if record.holds is None and heard is None:
        raise MissingInput("holds", "the call record does not say whether there was a hold, and nobody listened")
    announced = _announced(call, why)
    parked = union(one.span for one in heard or () if not one.is_mute)
    mutes = [one.span for one in heard or () if one.is_mute]
    zero = record.answered_at or min((one.started_at for one in record.holds or () if one.duration_ms > 0), default=None)
    recorded: Spans = ()
    of_ms: int | None
    if record.holds is None:
        of_ms = total_ms(gaps((), call.conversation()))
    else:
        of_ms = why.attempt("hold_share", lambda: call_duration_ms(record))
        recorded = _recorded(record.holds, zero, of_ms) if zero else ()
    spans = union(parked, announced or ()) if record.holds is None else recorded
    if of_ms == 0:
        why.note("hold_share", "the call lasted no time")
    yield CallHold(
        call_id=call.call_id,
        hold_basis="audio" if record.holds is None else "call_record",
        has_hold=bool(spans),
        holds=len(spans),
        hold_ms=total_ms(spans),
        longest_hold_ms=longest_ms(spans),
        hold_share=min(1.0, total_ms(spans) / of_ms) if of_ms else None,
        audible_holds=None if heard is None else len(parked),
        audible_hold_ms=None if heard is None else total_ms(parked),
        announced_holds=None if announced is None else len(announced),
        announced_hold_ms=None if announced is None else total_ms(announced),
        mutes=None if heard is None else len(mutes),
        mute_ms=None if heard is None else total_ms(union(mutes)),
        not_measurable=why.text(),
    )
    if zero is not None:
        yield from (_recorded_event(call, zero, number, span) for number, span in enumerate(recorded))
    yield from _heard_events(call, [(one.span, one.source) for one in heard or ()])
    yield from _heard_events(call, [(span, ANNOUNCED_SOURCE) for span in announced or ()])


def _announced(call: Call, why: Reasons) -> Spans | None:
    """Holds that only words tell of; none where the record tells of holds, since it is believed."""
    if call.telephony.holds is not None:
        return ()
    return why.attempt("announced_holds, announced_hold_ms", lambda: call.announced_holds)


def _recorded(holds: tuple[RecordedHold, ...] | None, zero: datetime, served_ms: int | None) -> Spans:
    """Holds of the record in ms from ``zero``, overlapping and touching ones merged."""
    spans = union(
        Span(milliseconds_between(zero, one.started_at), milliseconds_between(zero, one.ended_at))
        for one in holds or ()
        if one.duration_ms > 0
    )
    return clip(spans, whole(served_ms)) if served_ms is not None else spans


def _recorded_event(call: Call, zero: datetime, number: int, span: Span) -> EventHold:
    started_at = zero + timedelta(milliseconds=span.start_ms)
    why = Reasons()
    return EventHold(
        call_id=call.call_id,
        hold_source="call_record",
        hold_number=number,
        hold_kind="hold",
        started_at=started_at,
        start_ms=why.attempt("start_ms", lambda: _placed_ms(call, started_at)),
        duration_ms=span.duration_ms,
        not_measurable=why.text(),
    )


def _heard_events(call: Call, heard: Sequence[tuple[Span, str]]) -> Iterator[EventHold]:
    counts: Counter[str] = Counter()
    zero = call.recording_started_at
    for span, source in heard:
        yield EventHold(
            call_id=call.call_id,
            hold_source=source,
            hold_number=counts[source],
            hold_kind="mute" if source == MUTE_SOURCE else "hold",
            started_at=zero + timedelta(milliseconds=span.start_ms) if zero else None,
            start_ms=span.start_ms,
            duration_ms=span.duration_ms,
            not_measurable=None if zero else "started_at: it is not known when the recording started",
        )
        counts[source] += 1


def _placed_ms(call: Call, instant: datetime) -> int:
    call.need_recording()
    return call.at_ms(instant)
