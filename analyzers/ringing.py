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

``is_answered_in_rings`` compares with ``max_rings``.

Edge cases
----------
A recording that starts with the answer holds no ringing: ``rings`` is empty, not 0. So is one whose caller heard music in
place of ringback. A recording that starts in the middle of the ringing has fewer rings than there were; ``starts_ringing``
says that it rings within its first second. On outbound calls the customer answers, and the rings say how long the customer was
given.

References
----------
rostelecom-01 (speed of answer in rings); golden-13 (as few rings as possible, at best one); cabletv-19 (the complaint line
within three). ITU-T E.180.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.acoustics import Sound, SoundKind
from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, NotMeasurable
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.tables import Field, table


class RingingPolicy(Policy):
    """How soon to pick up."""

    max_rings: int = Setting(
        3,
        ge=1,
        le=20,
        description="Most rings before the answer. Larger is laxer.",
        source="cabletv-19",
    )


@table("call_ringing", grain="call with a recording", primary_key=("call_id",))
class CallRinging:
    """Rings that are heard before the answer."""

    call_id: CallId
    rings: Annotated[int | None, Field("Rings heard before the answer.", minimum=1)]
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
    is_answered_in_rings: Annotated[bool | None, Field("Whether no more than `ringing.max_rings` are heard before the answer.")]
    not_measurable: NotMeasurable


_MEASURES = (
    "rings, starts_ringing, first_ring_ms, earliest_answer_ms, latest_answer_ms, audible_ringing_ms, is_answered_in_rings"
)
_STARTS_MS = 1_000


@analyzer(version=1)
def ringing(call: Call, policy: RingingPolicy) -> Iterator[CallRinging]:
    """The row of the call."""
    why = Reasons()
    speech = call.speech()
    rings = _before_the_answer(call)
    if not rings:
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
    count, last = len({ring.number for ring in rings}), rings[-1]
    answered_ms = next((span.start_ms for span in speech if span.start_ms >= last.span.start_ms), None)
    yield CallRinging(
        call_id=call.call_id,
        rings=count,
        starts_ringing=rings[0].span.start_ms < _STARTS_MS,
        first_ring_ms=rings[0].span.start_ms,
        earliest_answer_ms=last.span.end_ms,
        latest_answer_ms=why.known("latest_answer_ms", answered_ms, "nobody speaks after the ringing"),
        audible_ringing_ms=last.span.end_ms - rings[0].span.start_ms,
        is_answered_in_rings=why.known(
            "is_answered_in_rings",
            count <= policy.max_rings if answered_ms is not None else None,
            "nobody speaks after the ringing",
        ),
        not_measurable=why.text(),
    )


def _before_the_answer(call: Call) -> list[Sound]:
    """Bursts of the first row of rings, before which only a menu can have spoken."""
    found = sorted(sound for _, sound in call.need_acoustics().sounds(SoundKind.RING))
    speech = call.speech()
    if not found:
        return []
    # What was said before the ringing is a menu's; once parties have spoken, ringing is a transfer's.
    row = [found[0]]
    for ring in found[1:]:
        if ring.number < row[-1].number or any(row[-1].span.end_ms <= s.start_ms < ring.span.start_ms for s in speech):
            break
        row.append(ring)
    spoken_before = sum(span.duration_ms for span in speech if span.end_ms <= row[0].span.start_ms)
    answered = call.telephony.answered_at
    if answered is not None and call.recording_started_at is not None:
        return [ring for ring in row if ring.span.start_ms <= max(0, call.at_ms(answered)) + _STARTS_MS]
    return row if spoken_before == 0 or row[0].span.start_ms < call.duration_ms // 4 else []
