"""How long each party speaks, both speak, and nobody speaks.

Conventions
-----------
Milliseconds of the recording, from the speech timeline; words play no part. Shares are in [0, 1].

Definition
----------
talk        speech of one party
overtalk    both speak
speech      at least one speaks
non-talk    nobody speaks, hold included
conversation  from the first to the last speech

``agent_talk_ms + customer_talk_ms - overtalk_ms + non_talk_ms == recording_duration_ms`` holds exactly when these two
are the only voices. ``agent_talk_share`` is of both parties' talk, so that a long hold does not move it;
``speech_share`` is of the recording.

Edge cases
----------
Without parties (one channel, nobody told apart) only what needs no parties is filled. A call in which nobody speaks has
talk of 0 ms and no talk shares. Speech of a third voice is in ``speech_ms`` and in nobody's talk; the IVR's is in
neither.

References
----------
golden-12: a listening agent leaves the customer the larger ``customer_talk_share``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import (
    AgentTalkMs,
    CallId,
    ConversationMs,
    CustomerTalkMs,
    NonTalkMs,
    NotMeasurable,
    OvertalkMs,
    RecordingDurationMs,
    SpeechMs,
)
from postcall.not_measurable import Reasons
from postcall.spans import total_ms
from postcall.tables import Field, table
from postcall.telephony import Role


@table("call_talk_time", grain="call with a recording", primary_key=("call_id",))
class CallTalkTime:
    """How long each party speaks, both speak, and nobody speaks."""

    call_id: CallId
    recording_duration_ms: RecordingDurationMs
    agent_talk_ms: AgentTalkMs | None
    customer_talk_ms: CustomerTalkMs | None
    overtalk_ms: OvertalkMs | None
    speech_ms: SpeechMs
    non_talk_ms: NonTalkMs
    conversation_ms: ConversationMs
    agent_talk_share: Annotated[
        float | None,
        Field("agent_talk_ms / (agent_talk_ms + customer_talk_ms).", unit="share", minimum=0, maximum=1, additive=False),
    ]
    customer_talk_share: Annotated[
        float | None,
        Field("customer_talk_ms / (agent_talk_ms + customer_talk_ms).", unit="share", minimum=0, maximum=1, additive=False),
    ]
    speech_share: Annotated[
        float | None, Field("speech_ms / recording_duration_ms.", unit="share", minimum=0, maximum=1, additive=False)
    ]
    not_measurable: NotMeasurable


@analyzer(version=1)
def talk_time(call: Call) -> Iterator[CallTalkTime]:
    """One row of talk times."""
    why = Reasons()
    duration_ms = call.duration_ms
    speech_ms = total_ms(call.speech())
    conversation = call.conversation()
    agent_ms = why.attempt("agent_talk_ms", lambda: total_ms(call.talk(Role.AGENT)))
    customer_ms = why.attempt("customer_talk_ms", lambda: total_ms(call.talk(Role.CUSTOMER)))

    def share_of_talk(column: str, role: Role) -> float | None:
        own, other = (total_ms(call.talk(who)) for who in (role, role.other))
        return why.known(column, own / (own + other) if own + other else None, "neither party speaks")

    yield CallTalkTime(
        call_id=call.call_id,
        recording_duration_ms=duration_ms,
        agent_talk_ms=agent_ms,
        customer_talk_ms=customer_ms,
        overtalk_ms=why.attempt("overtalk_ms", lambda: total_ms(call.overtalk())),
        speech_ms=speech_ms,
        non_talk_ms=total_ms(call.non_talk()),
        conversation_ms=conversation.duration_ms if conversation else 0,
        agent_talk_share=why.attempt("agent_talk_share", lambda: share_of_talk("agent_talk_share", Role.AGENT)),
        customer_talk_share=why.attempt("customer_talk_share", lambda: share_of_talk("customer_talk_share", Role.CUSTOMER)),
        speech_share=why.known("speech_share", speech_ms / duration_ms if duration_ms else None, "the recording is empty"),
        not_measurable=why.text(),
    )
