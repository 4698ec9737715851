"""Ringing as it is heard: how often it rang, and when the call was answered.

Conventions
-----------
Milliseconds of the recording. A ring is one cycle of ringback, of whatever country (`postcall.audio.tones`); a British ring of
two bursts is one.

Definition
----------
Rings are those before the first word of whoever answers; ringing later in a call is a transfer's. The answer lies between the
end of the last burst and the first word after it::

    ring     ##    ##
    answers              ####
                     ^   ^
                     earliest, latest answer

``is_answered_in_rings`` compares with ``max_rings``; `speed_of_answer` does the same in seconds.

Edge cases
----------
A recording that starts with the answer holds no ringing: ``rings`` is empty, not 0. So is one whose caller heard music in
place of ringback. A recording that starts in the middle of the ringing has fewer rings than there were; ``starts_ringing``
says that it rings within its first second. On outbound calls the customer answers: the rings say how long the customer was
given, and ``is_answered_in_rings`` is empty, as for a call that nobody answered. A call whose record does not say who called
whom is taken for an inbound one.

References
----------
rostelecom-01 (speed of answer in rings); golden-13 (as few rings as possible, at best one); cabletv-19 (the complaint line
within three). ITU-T E.180.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, NotMeasurable, Rings
from postcall.kpi import HeardRinging, heard_ringing, is_answered
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.tables import Field, table
from postcall.telephony import Direction


class RingingPolicy(Policy):
    """How soon to pick up."""

    max_rings: int = Setting(
        3,
        ge=1,
        le=20,
        description="Most rings before the answer. Larger is laxer.",
        source="cabletv-19: within three rings; golden-13: at best one",
    )


@table("call_ringing", grain="call with a recording", primary_key=("call_id",))
class CallRinging:
    """Rings that are heard before the answer."""

    call_id: CallId
    rings: Rings | None
    starts_ringing: Annotated[
        bool | None, Field("Whether it rings within the recording's first second: there may have been more.")
    ]
    first_ring_ms: Annotated[int | None, Field("Start of the first ring heard, from the start of the recording.", unit="ms")]
    earliest_answer_ms: Annotated[
        int | None, Field("End of the last ring's sound, from the start of the recording.", unit="ms")
    ]
    latest_answer_ms: Annotated[
        int | None, Field("First word after the last ring, from the start of the recording.", unit="ms")
    ]
    audible_ringing_ms: Annotated[int | None, Field("From the first ring heard to the earliest answer.", unit="ms", minimum=0)]
    is_answered_in_rings: Annotated[
        bool | None,
        Field("Whether no more than `ringing.max_rings` are heard before the answer; empty for outbound and unanswered calls."),
    ]
    not_measurable: NotMeasurable


_MEASURES = (
    "rings, starts_ringing, first_ring_ms, earliest_answer_ms, latest_answer_ms, audible_ringing_ms, is_answered_in_rings"
)
_STARTS_MS = 1_000


@analyzer(version=2)
def ringing(call: Call, policy: RingingPolicy) -> Iterator[CallRinging]:
    """The row of the call."""
    why = Reasons()
    heard = heard_ringing(call)
    if heard is None:
        why.note(_MEASURES, "no ringing is heard")
        yield CallRinging(
            call_id=call.call_id,
            rings=None,
            starts_ringing=None,
            first_ring_ms=None,
            earliest_answer_ms=None,
            latest_answer_ms=None,
            audible_ringing_ms=None,
            is_answered_in_rings=None,
            not_measurable=why.text(),
        )
        return
    yield CallRinging(
        call_id=call.call_id,
        rings=heard.rings,
        starts_ringing=heard.start_ms < _STARTS_MS,
        first_ring_ms=heard.start_ms,
        earliest_answer_ms=heard.end_ms,
        latest_answer_ms=why.known("latest_answer_ms", heard.answered_ms, "nobody speaks after the ringing"),
        audible_ringing_ms=heard.end_ms - heard.start_ms,
        is_answered_in_rings=why.attempt("is_answered_in_rings", lambda: _is_in_time(call, heard, policy)),
        not_measurable=why.text(),
    )


def _is_in_time(call: Call, heard: HeardRinging, policy: RingingPolicy) -> bool:
    """Whether an agent picked up soon enough."""
    if call.telephony.direction is Direction.OUTBOUND:
        raise MissingInput("times", "an outbound call waits for no agent")
    if is_answered(call.telephony) is False:
        raise MissingInput("times", "the call was not answered")
    if heard.answered_ms is None:
        raise MissingInput("speech", "nobody speaks after the ringing")
    return heard.rings <= policy.max_rings
