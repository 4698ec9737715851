"""The end of a call: who hung up, and how.

Conventions
-----------
Milliseconds of the recording.

Definition
----------
``hung_up_by`` goes by the first that tells:

1. ``call_record``: the record says who hung up;
2. ``busy_tone``: a leg on which the busy tone sounds after the last word is the leg that was put down;
3. ``leg_off``: one leg falls dead or drops to a switch's noise after the last word while the other goes on.

``after_last_word_ms`` is from the last word to the end of the recording, ``release_ms`` from the last word to the first sign
that the line was released (2 or 3).

::

    agent      ####        ####
    customer        #####       ##
    busy                           # # # #     on the customer's leg: the customer hung up
                                ^  ^     ^
                                last word, release, end of the recording

Edge cases
----------
``is_record_confirmed`` compares the record with what is heard, where both tell. On one channel a busy tone belongs to nobody:
there the record alone tells who hung up. The last speaker is no evidence: who says goodbye last is as often the one who stays.

References
----------
cabletv-08: let the customer hang up first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.acoustics import SoundKind
from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.fields import CallId, NotMeasurable
from postcall.not_measurable import Reasons
from postcall.spans import hull
from postcall.tables import Field, table
from postcall.telephony import Role


@table("call_end", grain="call with a recording", primary_key=("call_id",))
class CallEnd:
    """How the call ended."""

    call_id: CallId
    hung_up_by: Annotated[str | None, Field("Who hung up.", enum=("agent", "customer", "ivr", "unknown"))]
    hung_up_source: Annotated[str | None, Field("What tells.", enum=("call_record", "busy_tone", "leg_off"))]
    is_record_confirmed: Annotated[
        bool | None, Field("Whether the sound names the same party as the record; empty where only one of them tells.")
    ]
    last_speaker: Annotated[str | None, Field("Who speaks last.", enum=("agent", "customer"))]
    after_last_word_ms: Annotated[int | None, Field("From the last word to the end of the recording.", unit="ms", minimum=0)]
    release_ms: Annotated[
        int | None, Field("From the last word to the first sign that a leg was put down.", unit="ms", minimum=0)
    ]
    has_busy_tone: Annotated[bool | None, Field("Whether a busy tone is heard after the last word.")]
    not_measurable: NotMeasurable


@analyzer(version=1)
def call_end(call: Call) -> Iterator[CallEnd]:
    """The row of the call."""
    why = Reasons()
    call.need_recording()
    recorded = call.telephony.disconnected_by
    heard = why.attempt("release_ms, has_busy_tone", lambda: _heard(call))
    by, source, release_ms, has_busy = heard or (None, None, None, None)
    if recorded is None and by is None:
        why.note("hung_up_by, hung_up_source", "neither the call record nor the sound tells who hung up")
    if heard is not None and release_ms is None:
        why.note("release_ms", "no leg is heard being put down")
    last = hull(call.speech())
    yield CallEnd(
        call_id=call.call_id,
        hung_up_by=recorded.value if recorded else by and by.value,
        hung_up_source="call_record" if recorded else source,
        is_record_confirmed=why.known(
            "is_record_confirmed",
            recorded is by if recorded is not None and by is not None else None,
            "record and sound do not both tell who hung up",
        ),
        last_speaker=why.attempt("last_speaker", lambda: _last_speaker(call)),
        after_last_word_ms=why.known("after_last_word_ms", call.duration_ms - last.end_ms if last else None, "nobody speaks"),
        release_ms=release_ms,
        has_busy_tone=has_busy,
        not_measurable=why.text(),
    )


def _last_speaker(call: Call) -> str:
    ends = {role: call.talk(role)[-1].end_ms for role in (Role.CUSTOMER, Role.AGENT) if call.talk(role)}
    if not ends:
        raise MissingInput("speech", "neither party speaks")
    return max(ends, key=lambda role: ends[role]).value


def _heard(call: Call) -> tuple[Role | None, str | None, int | None, bool]:
    """Whose leg is heard being put down, by what, how long after the last word, and whether a busy tone sounds."""
    acoustics = call.need_acoustics()
    last = hull(call.speech())
    if last is None:
        raise MissingInput("speech", "nobody speaks")
    busy = [(label, s) for label, s in acoustics.sounds(SoundKind.BUSY) if s.span.end_ms > last.end_ms]
    if busy:
        label, first = min(busy, key=lambda one: one[1].span)
        by = call.roles.get(label) if call.has_parties else None
        return by, "busy_tone" if by else None, max(0, first.span.start_ms - last.end_ms), True
    off = {
        label: sound.span.start_ms
        for label, sound in sorted(acoustics.sounds(SoundKind.DROPPED, SoundKind.MUTE), key=lambda one: one[1], reverse=True)
        if sound.span.end_ms >= call.duration_ms - 200 and sound.span.end_ms > last.end_ms
    }
    if len(off) == 1 and call.has_parties:
        [(label, start_ms)] = off.items()
        return call.roles.get(label), "leg_off", max(0, start_ms - last.end_ms), False
    return None, None, None, False
