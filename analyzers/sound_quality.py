"""How good each party sounds, and what cannot be trusted because of it.

Conventions
-----------
Levels in dBFS, a full-scale sine at -3. Each party's figures are those of its channel (`postcall.audio.quality`); where the
parties share a channel, only those of the mix.

Definition
----------
problems, each by a threshold of the policy:

noisy      speech less than ``min_snr_db`` over the noise: pauses and edges are uncertain
clipped    more than ``max_clipped_share`` of the speech cut off: loudness says nothing
quiet      speech below ``min_speech_dbfs``
dropouts   more than ``max_dropouts_per_min`` gaps a minute of speech: pauses and words are lost
narrow     nothing above ``min_bandwidth_hz``: recognition suffers
gated      no noise in pauses: a mute cannot be told from a pause
bleed      the other party is heard on the channel: overlaps of weak speech are lost

Edge cases
----------
A party that says nothing has no speech level: the columns are empty with the reason. ``is_timing_reliable`` is false when a
party is noisy, or has dropouts: measures of silence, overlap and latency are then less exact than the published errors say.

References
----------
ITU-T P.56, P.563.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.acoustics import Quality
from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, NotMeasurable
from postcall.not_measurable import Reasons
from postcall.policy import Policy, Setting
from postcall.recording import Topology
from postcall.spans import total_ms
from postcall.tables import Field, table
from postcall.telephony import Role
from postcall.timeline import MIXED

_PROBLEMS = "noisy, clipped, quiet, dropouts, narrow, gated, bleed"


class SoundQualityPolicy(Policy):
    """When sound is too bad to be trusted."""

    min_snr_db: float = Setting(
        20.0,
        ge=0,
        le=60,
        description="Speech less far over the noise is noisy: three times as much talk is missed or invented as above it. "
        "Larger: more calls.",
        source="make bench-accuracy",
    )
    max_clipped_share: float = Setting(
        0.01, ge=0, le=1, description="More speech cut off at the ceiling is clipped. Larger: fewer calls."
    )
    min_speech_dbfs: float = Setting(-45.0, ge=-90, le=0, description="Quieter speech is a problem. Larger: more calls.")
    max_dropouts_per_min: float = Setting(
        6.0, ge=0, le=600, description="More gaps in a minute of speech are a problem. Larger: fewer calls."
    )
    min_bandwidth_hz: int = Setting(2_500, ge=500, le=8_000, description="Narrower speech is muffled. Larger: more calls.")


@table("call_sound_quality", grain="call with a recording", primary_key=("call_id",))
class CallSoundQuality:
    """How good each party sounds."""

    call_id: CallId
    agent_speech_dbfs: Annotated[float | None, Field("Mean level of the agent's speech.", unit="dbfs")]
    agent_noise_dbfs: Annotated[float | None, Field("Level of the agent's pauses.", unit="dbfs")]
    agent_snr_db: Annotated[float | None, Field("agent_speech_dbfs - agent_noise_dbfs.", unit="db")]
    agent_problems: Annotated[str | None, Field(f"Problems of the agent's sound, of {_PROBLEMS}; '' for none.")]
    customer_speech_dbfs: Annotated[float | None, Field("Mean level of the customer's speech.", unit="dbfs")]
    customer_noise_dbfs: Annotated[float | None, Field("Level of the customer's pauses.", unit="dbfs")]
    customer_snr_db: Annotated[float | None, Field("customer_speech_dbfs - customer_noise_dbfs.", unit="db")]
    customer_problems: Annotated[str | None, Field(f"Problems of the customer's sound, of {_PROBLEMS}; '' for none.")]
    clipped_share: Annotated[
        float | None, Field("Largest share of a channel's speech that is cut off.", unit="share", minimum=0, maximum=1)
    ]
    dropouts: Annotated[int | None, Field("Gaps of lost packets inside speech, on all channels.", minimum=0)]
    is_timing_reliable: Annotated[
        bool | None, Field("Whether neither noise nor dropouts make silence, overlap and latency less exact than published.")
    ]
    not_measurable: NotMeasurable


@analyzer(version=1)
def sound_quality(call: Call, policy: SoundQualityPolicy) -> Iterator[CallSoundQuality]:
    """The row of the call."""
    why = Reasons()
    channels = call.need_acoustics().channels
    speech = call.need_timeline().by_label
    has_bleed = call.need_recording().topology is Topology.BLEED
    problems = {
        label: _problems(channel.quality, total_ms(speech.get(label, call.speech())), policy, has_bleed=has_bleed)
        for label, channel in channels.items()
    }
    labels: dict[Role, str | None] = {
        role: next((label for label, one in call.roles.items() if one is role and label in channels), None)
        for role in (Role.AGENT, Role.CUSTOMER)
    }

    def figures(role: Role) -> tuple[Quality, str | None]:
        columns = [f"{role.value}_{name}" for name in ("speech_dbfs", "noise_dbfs", "snr_db", "problems")]
        label = labels[role]
        if label is None:
            together = "the parties share a channel" if MIXED in channels else "the parties cannot be told apart"
            why.note(", ".join(columns), together)
            return Quality(), None
        quality = channels[label].quality
        for column, value in zip(columns, (quality.speech_dbfs, quality.noise_dbfs, quality.snr_db), strict=False):
            why.known(column, value, f"the {role.value}'s channel holds no speech, or no pause")
        return quality, ", ".join(problems[label])

    (agent, agent_problems), (customer, customer_problems) = figures(Role.AGENT), figures(Role.CUSTOMER)
    clipped = [c.quality.clipped_share for c in channels.values() if c.quality.clipped_share is not None]
    gaps = [c.quality.dropouts for c in channels.values() if c.quality.dropouts is not None]
    unreliable = {"noisy", "dropouts"}
    yield CallSoundQuality(
        call_id=call.call_id,
        agent_speech_dbfs=agent.speech_dbfs,
        agent_noise_dbfs=agent.noise_dbfs,
        agent_snr_db=agent.snr_db,
        agent_problems=agent_problems,
        customer_speech_dbfs=customer.speech_dbfs,
        customer_noise_dbfs=customer.noise_dbfs,
        customer_snr_db=customer.snr_db,
        customer_problems=customer_problems,
        clipped_share=why.known("clipped_share", max(clipped, default=None), "nobody speaks"),
        dropouts=why.known("dropouts", sum(gaps) if gaps else None, "nobody speaks"),
        is_timing_reliable=why.known(
            "is_timing_reliable",
            not any(unreliable & set(found) for found in problems.values()) if gaps else None,
            "nobody speaks",
        ),
        not_measurable=why.text(),
    )


def _problems(quality: Quality, speech_ms: int, policy: SoundQualityPolicy, *, has_bleed: bool) -> list[str]:
    found = []
    if quality.snr_db is not None and quality.snr_db < policy.min_snr_db:
        found.append("noisy")
    if quality.clipped_share is not None and quality.clipped_share > policy.max_clipped_share:
        found.append("clipped")
    if quality.speech_dbfs is not None and quality.speech_dbfs < policy.min_speech_dbfs:
        found.append("quiet")
    if quality.dropouts and speech_ms and quality.dropouts * 60_000 / speech_ms > policy.max_dropouts_per_min:
        found.append("dropouts")
    if quality.bandwidth_hz is not None and quality.bandwidth_hz < policy.min_bandwidth_hz:
        found.append("narrow")
    if quality.is_gated:
        found.append("gated")
    if has_bleed:
        found.append("bleed")
    return found
