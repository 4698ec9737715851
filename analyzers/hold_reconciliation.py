"""Where the call record and the recording tell of different holds.

Conventions
-----------
Milliseconds of the recording. Only holds that both could tell are compared: the record's must be placed in the recording.

Definition
----------
A hold of the record and one that is heard are the same when they share at least half of the shorter. What has no partner is a
disagreement, ``only_recorded`` or ``only_heard``; partners whose starts or ends lie further apart than ``tolerance_s``
disagree about ``start`` or ``end``. A hold of the record that is not heard, but that words tell of (`postcall.announced_hold`),
is told by both, and no disagreement as long as starts and ends lie near enough; what only words tell of is none of the
recording's, for an agent who asks the customer to wait may still leave the line open.

Edge cases
----------
A recorder that stops while the customer is parked leaves nothing to hear: every hold of its calls is ``only_recorded``, and
the call is longer by the record than by the recording. A record that places a hold in whole seconds is up to a second off. On
one channel a hold without music or tones is not heard, so ``only_recorded`` says less there.

References
----------
Amazon Connect records the agent while the customer is on hold; Asterisk's MixMonitor records what is sent to the customer,
music included; AnywhereNow's recorder pauses (their manuals).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId
from postcall.policy import Policy, Setting
from postcall.spans import Span, clip, union, whole
from postcall.tables import Field, table


class HoldReconciliationPolicy(Policy):
    """How far record and recording may be apart."""

    tolerance_s: float = Setting(
        3.0, gt=0, le=60, description="Starts or ends further apart than this disagree. Larger: fewer disagreements."
    )


@table(
    "call_hold_reconciliation", grain="call whose record places its holds, and that was listened to", primary_key=("call_id",)
)
class CallHoldReconciliation:
    """How far the holds of record and recording agree."""

    call_id: CallId
    recorded_holds: Annotated[int, Field("Holds of the call record that lie in the recording.", minimum=0)]
    audible_holds: Annotated[int | None, Field("Holds that are heard in the recording.", minimum=0)]
    holds_agreed: Annotated[
        int, Field("Holds of the record that are heard or announced, starts and ends near enough.", minimum=0)
    ]
    hold_disagreements: Annotated[int, Field("Rows of the call in event_hold_disagreement.", minimum=0)]


@table(
    "event_hold_disagreement",
    grain="hold that record and recording tell differently",
    primary_key=("call_id", "disagreement_number"),
)
class EventHoldDisagreement:
    """Holds that only one of record and recording tells of, or that they place differently."""

    call_id: CallId
    disagreement_number: Annotated[int, Field("Place among the call's disagreements, from 0.", minimum=0)]
    disagreement: Annotated[
        str, Field("What they disagree about.", enum=("only_recorded", "only_heard", "start", "end", "start_and_end"))
    ]
    recorded_start_ms: Annotated[int | None, Field("Start by the record, from the start of the recording.", unit="ms")]
    recorded_end_ms: Annotated[int | None, Field("End by the record.", unit="ms")]
    heard_start_ms: Annotated[int | None, Field("Start as heard, or by words.", unit="ms")]
    heard_end_ms: Annotated[int | None, Field("End as heard, or by words.", unit="ms")]


@analyzer(version=2)
def hold_reconciliation(
    call: Call, policy: HoldReconciliationPolicy
) -> Iterator[CallHoldReconciliation | EventHoldDisagreement]:
    """The row of the call, then its disagreements."""
    recorded = call.recorded_holds()
    heard = clip(union(one.span for one in call.audible_holds if not one.is_mute), whole(call.duration_ms))
    pairs, alone_recorded, alone_heard = _paired(recorded, heard)
    announced, alone_recorded, _ = _paired(alone_recorded, call.announced_holds if call.has_words else ())
    pairs += announced
    apart = [(one, other, _apart(one, other, policy)) for one, other in pairs]
    wrong: list[tuple[str, Span | None, Span | None]] = [
        *((what, one, other) for one, other, what in apart if what is not None),
        *(("only_recorded", span, None) for span in alone_recorded),
        *(("only_heard", None, span) for span in alone_heard),
    ]
    yield CallHoldReconciliation(
        call_id=call.call_id,
        recorded_holds=len(recorded),
        audible_holds=len(heard),
        holds_agreed=sum(what is None for _, _, what in apart),
        hold_disagreements=len(wrong),
    )
    for number, (what, one, other) in enumerate(sorted(wrong, key=lambda row: row[1] or row[2] or Span(0, 1))):
        yield EventHoldDisagreement(
            call_id=call.call_id,
            disagreement_number=number,
            disagreement=what,
            recorded_start_ms=one.start_ms if one else None,
            recorded_end_ms=one.end_ms if one else None,
            heard_start_ms=other.start_ms if other else None,
            heard_end_ms=other.end_ms if other else None,
        )


def _paired(recorded: Sequence[Span], heard: Sequence[Span]) -> tuple[list[tuple[Span, Span]], list[Span], list[Span]]:
    """Partners, and what of either side has none."""
    pairs, free = [], list(heard)
    alone = []
    for one in recorded:
        partner = next((other for other in free if _shared_ms(one, other) * 2 >= min(one.duration_ms, other.duration_ms)), None)
        if partner is None:
            alone.append(one)
        else:
            free.remove(partner)
            pairs.append((one, partner))
    return pairs, alone, free


def _shared_ms(one: Span, other: Span) -> int:
    shared = one & other
    return shared.duration_ms if shared else 0


def _apart(one: Span, other: Span, policy: HoldReconciliationPolicy) -> str | None:
    tolerance_ms = policy.tolerance_s * 1000
    start = abs(one.start_ms - other.start_ms) > tolerance_ms
    end = abs(one.end_ms - other.end_ms) > tolerance_ms
    if start and end:
        return "start_and_end"
    return "start" if start else "end" if end else None
