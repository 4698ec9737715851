"""Filled pauses: "э-э", "uhm", and vowels drawn out while somebody thinks; found in the sound, since recognisers drop them.

Conventions
-----------
Milliseconds of the recording. One event is one held sound (`postcall.audio.voice`) of one party.

Definition
----------
A filled pause is a sound of at least ``min_s`` in which a party's pitch, level and spectrum stand still. It is found in the
sound alone, whatever the recogniser wrote.

Edge cases
----------
A vowel drawn out inside a word ("no-o") sounds like a filled pause and counts as one: the recogniser's word times cannot tell
them apart, since it stretches the word before a filled pause over it. A short "uh" within a sentence is shorter than many a
vowel and is missed, so the count is a lower bound; ``make bench-voice`` prints how many are found. Where the parties share a
channel, overtalk is left out. A party that says nothing has none, and no rate.

References
----------
golden-09 (no filler words, no drawn-out vowels). Goto, Itou & Hayamizu (1999), Eurospeech: filled pauses by small changes of
pitch and spectrum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, DurationMs, EndMs, NotMeasurable, SpeakerRole, StartMs
from postcall.not_measurable import Reasons
from postcall.party_voice import party_voice
from postcall.policy import Policy, Setting
from postcall.spans import Spans, intersect, total_ms
from postcall.tables import Field, table
from postcall.telephony import Role


class FilledPausesPolicy(Policy):
    """What a filled pause is."""

    min_s: float = Setting(
        0.26, ge=0.2, le=2, description="Shortest held sound that counts. Smaller finds more, most of them vowels of words."
    )


@table("call_filled_pauses", grain="call whose parties are told apart", primary_key=("call_id",))
class CallFilledPauses:
    """Filled pauses of each party."""

    call_id: CallId
    agent_filled_pauses: Annotated[int, Field("Filled pauses of the agent.", minimum=0)]
    agent_filled_pause_ms: Annotated[int, Field("Time of the agent's filled pauses.", unit="ms", minimum=0)]
    agent_filled_pauses_per_min: Annotated[
        float | None,
        Field("agent_filled_pauses per minute of agent_talk_ms.", unit="per_min", minimum=0, additive=False),
    ]
    customer_filled_pauses: Annotated[int, Field("Filled pauses of the customer.", minimum=0)]
    customer_filled_pause_ms: Annotated[int, Field("Time of the customer's filled pauses.", unit="ms", minimum=0)]
    customer_filled_pauses_per_min: Annotated[
        float | None,
        Field("customer_filled_pauses per minute of customer_talk_ms.", unit="per_min", minimum=0, additive=False),
    ]
    not_measurable: NotMeasurable


@table("event_filled_pause", grain="held sound of at least `filled_pauses.min_s`", primary_key=("call_id", "start_ms", "role"))
class EventFilledPause:
    """Filled pauses."""

    call_id: CallId
    start_ms: StartMs
    end_ms: EndMs
    duration_ms: DurationMs
    role: SpeakerRole


@analyzer(version=1)
def filled_pauses(call: Call, policy: FilledPausesPolicy) -> Iterator[CallFilledPauses | EventFilledPause]:
    """The row of the call, then its filled pauses."""
    why = Reasons()
    found: dict[Role, Spans] = {}
    for role in (Role.AGENT, Role.CUSTOMER):
        one = party_voice(call, role)
        pieces = intersect(one.track.held, one.alone)
        found[role] = tuple(piece for piece in pieces if piece.duration_ms >= policy.min_s * 1000)

    def per_min(role: Role) -> float | None:
        talk_ms = total_ms(call.talk(role))
        rate = len(found[role]) * 60_000 / talk_ms if talk_ms else None
        return why.known(f"{role}_filled_pauses_per_min", rate, f"the {role} does not speak")

    yield CallFilledPauses(
        call_id=call.call_id,
        agent_filled_pauses=len(found[Role.AGENT]),
        agent_filled_pause_ms=total_ms(found[Role.AGENT]),
        agent_filled_pauses_per_min=per_min(Role.AGENT),
        customer_filled_pauses=len(found[Role.CUSTOMER]),
        customer_filled_pause_ms=total_ms(found[Role.CUSTOMER]),
        customer_filled_pauses_per_min=per_min(Role.CUSTOMER),
        not_measurable=why.text(),
    )
    for role, spans in found.items():
        for span in spans:
            yield EventFilledPause(
                call_id=call.call_id,
                start_ms=span.start_ms,
                end_ms=span.end_ms,
                duration_ms=span.duration_ms,
                role=role.value,
            )
