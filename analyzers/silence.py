"""Silence of a call: how much, how long, and who owed the next word.

Conventions
-----------
Milliseconds of the recording, from the speech timeline of all voices; words only help to tell who owed the turn.

Definition
----------
lead-in   non-talk before the first speech: ringing, a recorder started early
tail      non-talk after the last speech: the open line
silence   non-talk inside the conversation and outside hold
owner     who owed the next word, and ``preceded_by`` what was said before: `postcall.silence_owner` has the rules

``lead_in_ms + tail_ms + silence_ms + hold_non_talk_ms == non_talk_ms`` holds exactly. Counts (``silences_3s``, …) are
of silences of at least that many seconds; the longer ones are among the shorter.

Edge cases
----------
When nobody speaks there is no conversation, so no silence in it: the measures are empty, not 0. A hold cuts the silence
around it into two. Where holds are not known (``is_hold_known`` false) time on hold counts as silence. Mono recordings
have silences without owner.

References
----------
mts-01 (10 s); Google CX Insights counts from 5 s, Genesys' example from 15 s. Sacks, Schegloff & Jefferson (1974),
Language 50:696, for a lapse, here 3 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import (
    CallId,
    IsHoldKnown,
    NonTalkMs,
    NotMeasurable,
    SilenceMs,
)
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.silence_owner import OwnedSilenceRow, owned_silences
from postcall.spans import at_least, clip, intersect, longest_ms, total_ms
from postcall.tables import Field, table

T = TypeVar("T")


class SilencePolicy(Policy):
    """Which silences get a row."""

    min_s: float = Setting(
        3.0,
        gt=0,
        le=60,
        description="Shortest silence that gets a row in event_silence. Smaller: more rows, most of them pauses for thought.",
        source="Sacks, Schegloff & Jefferson 1974: lapse",
    )


@table("call_silence", grain="call with a recording", primary_key=("call_id",))
class CallSilence:
    """Silence inside the conversation, and what of the non-talk is not silence."""

    call_id: CallId
    non_talk_ms: NonTalkMs
    lead_in_ms: Annotated[
        int | None, Field("From the start of the recording to the first speech, hold included.", unit="ms", minimum=0)
    ]
    tail_ms: Annotated[
        int | None, Field("From the last speech to the end of the recording, hold included.", unit="ms", minimum=0)
    ]
    hold_non_talk_ms: Annotated[
        int | None, Field("Time on hold inside the conversation in which nobody speaks.", unit="ms", minimum=0)
    ]
    silence_ms: SilenceMs | None
    silence_share: Annotated[
        float | None, Field("silence_ms / conversation_ms.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    longest_silence_ms: Annotated[int | None, Field("Longest silence; 0 for none.", unit="ms", minimum=0)]
    silences_3s: Annotated[int | None, Field("Silences of at least 3 s.", minimum=0)]
    silences_5s: Annotated[int | None, Field("Silences of at least 5 s.", minimum=0)]
    silences_10s: Annotated[int | None, Field("Silences of at least 10 s.", minimum=0)]
    silences_15s: Annotated[int | None, Field("Silences of at least 15 s.", minimum=0)]
    is_hold_known: IsHoldKnown
    not_measurable: NotMeasurable


@table("event_silence", grain="silence of at least `silence.min_s`", primary_key=("call_id", "start_ms"))
class EventSilence(OwnedSilenceRow):
    """Silences inside the conversation and outside hold, who owed the next word, and what was said before."""


@analyzer(version=2)
def silence(call: Call, policy: SilencePolicy) -> Iterator[CallSilence | EventSilence]:
    """One row of the call's silence, then its silences."""
    why = Reasons()
    non_talk = call.non_talk()
    conversation = call.conversation()
    found = call.silence()

    def measured(column: str, value: T) -> T | None:
        return why.known(column, value if conversation else None, "nobody speaks")

    def hold_non_talk_ms() -> int | None:
        return measured("hold_non_talk_ms", total_ms(intersect(clip(non_talk, conversation), call.holds())))

    silence_ms = total_ms(found)
    yield CallSilence(
        call_id=call.call_id,
        non_talk_ms=total_ms(non_talk),
        lead_in_ms=measured("lead_in_ms", conversation.start_ms if conversation else 0),
        tail_ms=measured("tail_ms", call.duration_ms - conversation.end_ms if conversation else 0),
        hold_non_talk_ms=why.attempt("hold_non_talk_ms", hold_non_talk_ms),
        silence_ms=measured("silence_ms", silence_ms),
        silence_share=measured("silence_share", silence_ms / conversation.duration_ms if conversation else 0.0),
        longest_silence_ms=measured("longest_silence_ms", longest_ms(found)),
        silences_3s=measured("silences_3s", len(at_least(found, 3_000))),
        silences_5s=measured("silences_5s", len(at_least(found, 5_000))),
        silences_10s=measured("silences_10s", len(at_least(found, 10_000))),
        silences_15s=measured("silences_15s", len(at_least(found, 15_000))),
        is_hold_known=call.is_hold_known,
        not_measurable=why.text(),
    )
    for one in owned_silences(call, round(policy.min_s * 1000)):
        yield EventSilence.of(call.call_id, one)
