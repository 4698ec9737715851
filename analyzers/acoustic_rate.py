"""How fast each party speaks, from the sound alone: an estimate for calls without a transcript.

Conventions
-----------
Syllables per second of talk, pauses longer than the speech timeline closes left out. `speaking_rate` counts syllables in the
words and is the better measure where there is a transcript; its columns have other names, so that the two are never mixed.

Definition
----------
estimated syllables
    Nuclei of syllables (`postcall.audio.voice`) times the language's factor: syllables of the texts over nuclei found, of
    real speech (Russian: telephone prompts of one reader; English: eight sides of telephone calls).
estimated rate
    Estimated syllables over seconds of talk.

Edge cases
----------
Factors exist for Russian and English; in another or an unknown language: empty with the reason, the nuclei are still counted.
Less than ``min_talk_s`` of talk: no rate. Where the parties share a channel, overtalk is left out of both. Where channels are
noisy (`call_sound_quality`) weak syllables are missed.

References
----------
rostelecom-03 (do not hurry), tomtel-16 (fit the tempo to the customer). de Jong & Wempe (2009), Behav. Res. Methods 41:385;
Quené (2007), J. Phonetics 35:353: a change of 10 % is just heard. ``make bench-voice`` prints the error.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, NotMeasurable
from postcall.not_measurable import Reasons
from postcall.party_voice import PartyVoice, party_voice
from postcall.policy import Policy, Setting
from postcall.spans import total_ms
from postcall.tables import Field, table
from postcall.telephony import Role

SYLLABLES_PER_NUCLEUS = {"en": 1.09, "ru": 1.05}
"""By language; ``make bench-voice`` prints them."""


class AcousticRatePolicy(Policy):
    """When a rate can be estimated."""

    min_talk_s: float = Setting(
        5.0, gt=0, le=120, description="Talk that a party needs for a rate. Larger: fewer calls, steadier figures."
    )


@table("call_acoustic_rate", grain="call whose parties are told apart", primary_key=("call_id",))
class CallAcousticRate:
    """How fast each party speaks, estimated from the sound."""

    call_id: CallId
    agent_nuclei: Annotated[int, Field("Nuclei of syllables heard of the agent.", minimum=0)]
    agent_heard_ms: Annotated[int, Field("Talk of the agent in which they are counted.", unit="ms", minimum=0)]
    agent_estimated_rate_per_s: Annotated[
        float | None,
        Field("Estimated syllables of the agent per second of talk.", unit="per_s", minimum=0, additive=False),
    ]
    customer_nuclei: Annotated[int, Field("Nuclei of syllables heard of the customer.", minimum=0)]
    customer_heard_ms: Annotated[int, Field("Talk of the customer in which they are counted.", unit="ms", minimum=0)]
    customer_estimated_rate_per_s: Annotated[
        float | None,
        Field("Estimated syllables of the customer per second of talk.", unit="per_s", minimum=0, additive=False),
    ]
    agent_to_customer_estimated_ratio: Annotated[
        float | None,
        Field("Nuclei per second of the agent / of the customer: above 1 the agent speaks faster.", minimum=0, additive=False),
    ]
    not_measurable: NotMeasurable


@analyzer(version=1)
def acoustic_rate(call: Call, policy: AcousticRatePolicy) -> Iterator[CallAcousticRate]:
    """The row of the call."""
    why = Reasons()
    agent, customer = (party_voice(call, role) for role in (Role.AGENT, Role.CUSTOMER))
    nuclei = {Role.AGENT: _nuclei(agent), Role.CUSTOMER: _nuclei(customer)}
    heard_ms = {Role.AGENT: total_ms(agent.alone), Role.CUSTOMER: total_ms(customer.alone)}
    per_s = {
        role: nuclei[role] * 1000 / heard_ms[role] if heard_ms[role] >= policy.min_talk_s * 1000 else None for role in nuclei
    }
    factor = SYLLABLES_PER_NUCLEUS.get(call.language or "")

    def rate(role: Role) -> float | None:
        column, nuclei_per_s = f"{role}_estimated_rate_per_s", per_s[role]
        if nuclei_per_s is None:
            return why.known(column, None, f"the {role} says too little")
        return why.known(column, nuclei_per_s * factor if factor else None, "nuclei are not calibrated for the language")

    of_agent, of_customer = per_s[Role.AGENT], per_s[Role.CUSTOMER]
    ratio = of_agent / of_customer if of_agent is not None and of_customer else None
    yield CallAcousticRate(
        call_id=call.call_id,
        agent_nuclei=nuclei[Role.AGENT],
        agent_heard_ms=heard_ms[Role.AGENT],
        agent_estimated_rate_per_s=rate(Role.AGENT),
        customer_nuclei=nuclei[Role.CUSTOMER],
        customer_heard_ms=heard_ms[Role.CUSTOMER],
        customer_estimated_rate_per_s=rate(Role.CUSTOMER),
        agent_to_customer_estimated_ratio=why.known(
            "agent_to_customer_estimated_ratio", ratio, "one of the parties says too little"
        ),
        not_measurable=why.text(),
    )


def _nuclei(one: PartyVoice) -> int:
    """Nuclei in the party's talk."""
    at = one.track.nuclei_ms
    return sum(bisect_left(at, span.end_ms) - bisect_left(at, span.start_ms) for span in one.alone)
