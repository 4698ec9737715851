"""Topology from synthetic recordings: each made so that only one answer is right."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter

from postcall.audio import topology as topology_module
from postcall.audio.topology import TopologyPolicy, classify
from postcall.errors import ChannelMismatch
from postcall.recording import Topology

RATE_HZ = 8000
POLICY = TopologyPolicy()
Sound = NDArray[np.float32]


def talk(seed: int, seconds: float = 60.0, share: float = 0.4) -> Sound:
    """Noise with a speech-like spectrum and rhythm: syllables of 0.2 s within phrases of 1.5 s, over a -65 dBFS floor."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE_HZ)
    phrases = np.repeat(rng.random(round(seconds / 1.5) + 1) < share, round(1.5 * RATE_HZ))[:n]
    syllables = np.repeat(rng.uniform(0.1, 1, round(seconds / 0.2) + 1), RATE_HZ // 5)[:n]
    voice = lfilter([1], [1, -1.4, 0.7], rng.standard_normal(n))
    voice = voice / voice.std() * 0.1 * syllables * phrases
    return (voice + rng.standard_normal(n) * 10 ** (-65 / 20)).astype(np.float32)


def delayed(samples: Sound, ms: float) -> Sound:
    shift = round(ms * RATE_HZ / 1000)
    return np.concatenate([np.zeros(shift, dtype=np.float32), samples[: samples.size - shift]])


def topology(first: Sound, second: Sound, rate_hz: int = RATE_HZ) -> Topology:
    return classify(np.stack([first, second]).astype(np.float32), rate_hz, POLICY)[0]


A, B = talk(1), talk(2)
MIX = (A + B).astype(np.float32)


def test_separate() -> None:
    found, evidence = classify(np.stack([A, B]), RATE_HZ, POLICY)
    assert found is Topology.SEPARATE
    assert evidence["silent_channels"] == 0
    assert evidence["likeness"] < 0.2
    assert -30 < evidence["channel_0_dbfs"] < -15


def test_one_channel_is_mono() -> None:
    assert classify(A[None], RATE_HZ, POLICY)[0] is Topology.MONO


def test_copies_that_a_codec_makes_unlike_but_not_louder_are_dual_mono() -> None:
    """A stereo codec of few bits writes noise of the right level where it cannot afford the sound."""
    block = RATE_HZ // 2
    noise = np.random.default_rng(3).standard_normal(MIX.size).astype(np.float32)
    loudest = np.argsort(-MIX[: MIX.size // block * block].reshape(-1, block).std(axis=1))[:6]
    for loss_db, expected in ((0.0, Topology.DUAL_MONO), (2.0, Topology.DUAL_MONO), (12.0, Topology.SEPARATE)):
        second = MIX.copy()
        for at in loudest:
            place = slice(at * block, (at + 1) * block)
            second[place] = noise[place] * MIX[place].std() * 10 ** (-loss_db / 20)
        found, evidence = classify(np.stack([MIX, second]), RATE_HZ, POLICY)
        assert found is expected, loss_db
        assert (evidence["different_share"] > POLICY.different_share) is (expected is Topology.SEPARATE)


@pytest.mark.parametrize("gain", [1.0, 0.5, 0.25, -1.0])
@pytest.mark.parametrize("delay_ms", [0, 0.5, 10, 60])
def test_dual_mono_scaled_inverted_or_delayed(gain: float, delay_ms: float) -> None:
    found, evidence = classify(np.stack([MIX, (gain * delayed(MIX, delay_ms)).astype(np.float32)]), RATE_HZ, POLICY)
    assert found is Topology.DUAL_MONO
    assert evidence["level_difference_db"] == pytest.approx(-20 * np.log10(abs(gain)), abs=0.5)
    assert evidence["lag_0_to_1_ms"] == pytest.approx(delay_ms, abs=0.2)


def test_dual_mono_through_different_codecs() -> None:
    rng = np.random.default_rng(5)
    # What a lossy codec leaves behind: noise that follows the signal, 10 dB under it, other noise on the other channel.
    first, second = (MIX * (1 + 0.3 * rng.standard_normal(MIX.size)) for _ in range(2))
    assert topology(first, second) is Topology.DUAL_MONO


def test_equal_channels_have_no_side() -> None:
    assert classify(np.stack([MIX, MIX]), RATE_HZ, POLICY)[1]["side_mid_db"] == -120


@pytest.mark.parametrize("level_db", [-10, -20, -30])
@pytest.mark.parametrize("delay_ms", [1, 100, 250])
def test_bleed_in_both_directions(level_db: float, delay_ms: float) -> None:
    gain = 10 ** (level_db / 20)
    samples = np.stack([A + gain * delayed(B, delay_ms), B + gain * delayed(A, delay_ms)]).astype(np.float32)
    found, evidence = classify(samples, RATE_HZ, POLICY)
    assert found is Topology.BLEED
    assert evidence["bleed_0_to_1_db"] == pytest.approx(level_db, abs=3)
    assert evidence["lag_0_to_1_ms"] == pytest.approx(delay_ms, abs=0.2)


def test_bleed_in_one_direction() -> None:
    found, evidence = classify(np.stack([A, B + 0.05 * delayed(A, 40)]).astype(np.float32), RATE_HZ, POLICY)
    assert found is Topology.BLEED
    assert evidence["bleed_0_to_1_share"] > 0.5 > evidence["bleed_1_to_0_share"]


def test_echo_smeared_by_a_room_is_bleed_though_no_block_is_alike() -> None:
    rng = np.random.default_rng(3)
    room = rng.standard_normal(1200) * np.exp(-np.arange(1200) / 400)
    echo = np.convolve(A, room / np.sqrt((room**2).sum()))[: A.size]
    found, evidence = classify(np.stack([A, B + 0.1 * echo]).astype(np.float32), RATE_HZ, POLICY)
    assert found is Topology.BLEED
    assert evidence["bleed_0_to_1_share"] < POLICY.bleed_share
    assert evidence["bleed_0_to_1_tracking"] > POLICY.bleed_tracking


def test_parties_in_turn_with_a_loud_echo_are_bleed_not_dual_mono() -> None:
    turn = np.arange(A.size) // (6 * RATE_HZ) % 2
    a, b = talk(21, share=1.0) * (turn == 0), talk(22, share=1.0) * (turn == 1)
    found, evidence = classify(np.stack([a + 0.4 * b, b + 0.4 * a]).astype(np.float32), RATE_HZ, POLICY)
    assert evidence["different_share"] <= POLICY.different_share
    assert found is Topology.BLEED


@pytest.mark.parametrize("level", [0.02, 0.5])
def test_music_on_both_channels_for_most_of_the_call_stays_separate(level: float) -> None:
    a, b = talk(11, 120), talk(12, 120)
    t = np.arange(a.size) / RATE_HZ
    hold = (t > 15) & (t < 105)
    music = sum(np.sin(2 * np.pi * hz * t + 3 * np.sin(t)) for hz in (262.0, 330.0, 392.0)) / 3 * level
    assert topology(np.where(hold, music, a), np.where(hold, music, b)) is Topology.SEPARATE


def test_ringback_on_both_channels_stays_separate() -> None:
    t = np.arange(A.size) / RATE_HZ
    ring = 0.2 * np.sin(2 * np.pi * 425 * t) * (t % 4 < 1) * (t < 30)
    assert topology(np.where(t < 30, ring, A), np.where(t < 30, ring, B)) is Topology.SEPARATE


@pytest.mark.parametrize("constant", [0.0, -1 / 32768, 8 / 32768])
def test_one_channel_without_sound_is_a_silent_party(constant: float) -> None:
    found, evidence = classify(np.stack([A, np.full_like(A, constant)]), RATE_HZ, POLICY)
    assert found is Topology.SEPARATE
    assert evidence["silent_channels"] == 1


def test_line_noise_on_one_channel_is_separate() -> None:
    noise = (np.random.default_rng(4).standard_normal(A.size) * 1e-3).astype(np.float32)
    assert topology(A, noise) is Topology.SEPARATE


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("count", [0, 1, 7, 1000, 5000, 30001])
def test_any_length_and_rate_gives_finite_evidence(rate_hz: int, count: int) -> None:
    same = A[:count]
    for first, second in ((same, same), (same, B[:count]), (same, 0 * same), (0 * same, 0 * same)):
        found, evidence = classify(np.stack([first, second]), rate_hz, POLICY)
        assert found in (Topology.SEPARATE, Topology.DUAL_MONO, Topology.BLEED)
        assert all(isinstance(value, float) and np.isfinite(value) for value in evidence.values())


def test_silence_on_both_channels_is_separate() -> None:
    found, evidence = classify(np.zeros((2, RATE_HZ), dtype=np.float32), RATE_HZ, POLICY)
    assert (found, evidence["silent_channels"]) == (Topology.SEPARATE, 2)


@pytest.mark.parametrize("channels", [0, 3])
def test_other_numbers_of_channels_are_refused(channels: int) -> None:
    with pytest.raises(ChannelMismatch):
        classify(np.zeros((channels, 100), dtype=np.float32), RATE_HZ, POLICY)


@settings(max_examples=15, deadline=None)
@given(gain_db=st.floats(-40, 10), swap=st.booleans())
def test_neither_gain_nor_order_of_channels_matters(gain_db: float, swap: bool) -> None:
    gain = np.float32(10 ** (gain_db / 20))
    for first, second in ((A, B), (MIX, MIX), (A, (B + 0.1 * A).astype(np.float32))):
        pair = (second, first) if swap else (first, second)
        assert topology(gain * pair[0], gain * pair[1]) is topology(first, second)


def test_ten_minutes_take_well_under_a_second() -> None:
    samples = np.tile(np.stack([A, B]), (1, 10))
    started = time.process_time()
    classify(samples, RATE_HZ, POLICY)
    assert time.process_time() - started < 2
    # Measured 0.3 s; the bound is for a busy machine.


def test_the_samples_are_left_alone() -> None:
    samples = np.stack([A, B])
    samples.flags.writeable = False
    classify(samples, RATE_HZ, POLICY)


@pytest.mark.parametrize("count", [1, 129, 1_000, 4_097, 50_003])
def test_energy_in_parts_is_that_of_the_whole_to_the_last_bit(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology_module, "_AT_ONCE", 256)
    one, other = np.random.default_rng(count).standard_normal((2, count)).astype(np.float32)
    for joined in (np.add, np.subtract):
        assert topology_module._energy(one, other, joined) == float(np.square(joined(one, other), dtype=np.float64).sum())
