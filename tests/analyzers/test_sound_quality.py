"""Quality of sound and what is wrong with it, by hand."""

from __future__ import annotations

from dataclasses import replace

from analyzers.sound_quality import CallSoundQuality, SoundQualityPolicy, sound_quality
from postcall.acoustics import Acoustics, ChannelSound, Quality
from postcall.call import Call
from postcall.recording import Topology
from postcall.testing.drawing import make_call
from postcall.timeline import MIXED, channel_label

GOOD = Quality(speech_dbfs=-24.0, noise_dbfs=-60.0, clipped_share=0.0, dropouts=0, bandwidth_hz=3400)
CALL = make_call(
    """
seconds   0         10        20
agent     ####        ####
customer      ######
"""
)


def only(customer: Quality = GOOD, agent: Quality = GOOD, topology: Topology = Topology.SEPARATE) -> CallSoundQuality:
    assert CALL.recording is not None
    channels = {channel_label(0): ChannelSound(quality=customer), channel_label(1): ChannelSound(quality=agent)}
    (row,) = sound_quality(
        replace(CALL, acoustics=Acoustics(channels), recording=replace(CALL.recording, topology=topology)), SoundQualityPolicy()
    )
    return row


def test_good_sound() -> None:
    row = only()
    assert (row.agent_speech_dbfs, row.agent_noise_dbfs, row.agent_snr_db, row.agent_problems) == (-24.0, -60.0, 36.0, "")
    assert (row.customer_problems, row.clipped_share, row.dropouts, row.is_timing_reliable) == ("", 0.0, 0, True)
    assert row.not_measurable is None


def test_each_problem_by_its_threshold() -> None:
    cases = {
        "noisy": replace(GOOD, noise_dbfs=-35.0),
        "clipped": replace(GOOD, clipped_share=0.02),
        "quiet": replace(GOOD, speech_dbfs=-46.0, noise_dbfs=-70.0),
        "dropouts": replace(GOOD, dropouts=2),  # in 6 s of speech: 20 a minute
        "narrow": replace(GOOD, bandwidth_hz=2_000),
        "gated": replace(GOOD, is_gated=True),
    }
    for problem, quality in cases.items():
        row = only(customer=quality)
        assert (row.customer_problems, row.agent_problems) == (problem, ""), problem
        assert row.is_timing_reliable is (problem not in ("noisy", "dropouts")), problem


def test_bleed_is_told_of_both() -> None:
    row = only(topology=Topology.BLEED)
    assert (row.agent_problems, row.customer_problems) == ("bleed", "bleed")


def test_a_party_that_says_nothing() -> None:
    row = only(agent=Quality())
    assert (row.agent_speech_dbfs, row.agent_snr_db, row.agent_problems) == (None, None, "")
    assert row.not_measurable == (
        "agent_speech_dbfs, agent_noise_dbfs, agent_snr_db: the agent's channel holds no speech, or no pause"
    )


def test_on_one_channel_the_mix_alone_is_known() -> None:
    call: Call = replace(
        make_call("seconds   0         10\nanyone    #####"), acoustics=Acoustics({MIXED: ChannelSound(quality=GOOD)})
    )
    (row,) = sound_quality(call, SoundQualityPolicy())
    assert (row.agent_snr_db, row.agent_problems, row.dropouts, row.is_timing_reliable) == (None, None, 0, True)
    assert row.not_measurable is not None
    assert "the parties share a channel" in row.not_measurable
