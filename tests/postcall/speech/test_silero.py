"""The voice activity network on speech from a formant synthesiser (exact truth), on tones and on noise."""

from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray
from scipy.signal import lfilter

from postcall.audio.speech_timeline import SpeechPolicy
from postcall.recording import Topology
from postcall.spans import total_ms
from postcall.speech.silero import find_speech, speech_probabilities
from postcall.timeline import MIXED

RATE_HZ = 16_000
POLICY = SpeechPolicy()
Sound = NDArray[np.float32]

FORMANTS = (
    ((730, 90), (1090, 110), (2440, 170)),
    ((270, 60), (2290, 100), (3010, 150)),
    ((300, 60), (870, 90), (2240, 150)),
    ((530, 70), (1840, 100), (2480, 150)),
)
"""Frequency and bandwidth in Hz of the first formants of a, i, u, e."""


def vowel(length_ms: int, pitch_hz: float, formants: tuple[tuple[int, int], ...], rng: np.random.Generator) -> Sound:
    """A pulse train with falling pitch through resonators."""
    n = length_ms * RATE_HZ // 1000
    glide = 1 + 0.15 * np.cos(np.pi * np.arange(n) / n) + 0.01 * rng.standard_normal(n)
    sound = np.diff(np.floor(np.cumsum(pitch_hz * glide) / RATE_HZ), prepend=0) + 0.003 * rng.standard_normal(n)
    for hz, bandwidth in formants:
        r = np.exp(-np.pi * bandwidth / RATE_HZ)
        sound = lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * hz / RATE_HZ), r * r], sound)
    ramp = np.arange(n) / (0.015 * RATE_HZ)
    sound *= np.clip(np.minimum(ramp, ramp[::-1]), 0, 1)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def phrases(count: int, seed: int, pitch_hz: float = 120) -> tuple[Sound, list[tuple[int, int]]]:
    """Phrases of six vowels a second apart, and where they are in ms."""
    rng = np.random.default_rng(seed)
    pieces, truth, now = [np.zeros(RATE_HZ, dtype=np.float32)], [], 1000
    for _ in range(count):
        start = now
        for _ in range(6):
            length_ms, gap_ms = int(rng.integers(100, 180)), int(rng.integers(20, 60))
            pieces += [vowel(length_ms, pitch_hz, FORMANTS[rng.integers(len(FORMANTS))], rng)]
            pieces += [np.zeros(gap_ms * RATE_HZ // 1000, dtype=np.float32)]
            now += length_ms + gap_ms
        truth.append((start, now - gap_ms))
        pieces.append(np.zeros(RATE_HZ, dtype=np.float32))
        now += 1000
    return np.concatenate(pieces), truth


def spoken_ms(samples: Sound) -> int:
    return total_ms(find_speech(samples[None].astype(np.float32), RATE_HZ, Topology.MONO, POLICY)[MIXED])


def test_phrases_are_found_to_thirty_milliseconds() -> None:
    sound, truth = phrases(6, seed=1)
    found = find_speech(sound[None], RATE_HZ, Topology.MONO, POLICY)[MIXED]
    assert len(found) == len(truth)
    errors = [
        abs(a - b)
        for span, (start, end) in zip(found, truth, strict=True)
        for a, b in ((span.start_ms, start), (span.end_ms, end))
    ]
    assert np.median(errors) <= 30
    assert max(errors) <= 150


def test_the_input_is_left_alone() -> None:
    sound, _ = phrases(1, seed=2)
    before = sound.copy()
    sound.flags.writeable = False
    speech_probabilities([sound])
    np.testing.assert_array_equal(sound, before)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 513, 16_000])
def test_one_probability_per_begun_window(samples: int) -> None:
    (found,) = speech_probabilities([np.zeros(samples, dtype=np.float32)])
    assert found.shape == (-(-samples // 512),)
    assert ((found >= 0) & (found <= 1)).all()


def test_taken_apart_the_network_says_the_same_as_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postcall.speech.silero.sustained_level_dbfs", lambda *_: -26.0)
    sound = np.resize(phrases(6, seed=3)[0], 10 * RATE_HZ)  # less than half a stretch, so that it is heard once
    padded = np.concatenate([np.zeros(64, dtype=np.float32), np.pad(sound, (0, -sound.size % 512))])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 576)[::512]
    nothing = np.zeros((1, 1, 128), dtype=np.float32)
    whole = get_vad_model().session.run(None, {"input": np.ascontiguousarray(windows), "h": nothing, "c": nothing})[0]
    (found,) = speech_probabilities([sound])
    np.testing.assert_allclose(found[:250], whole.ravel()[:250], atol=1e-4)
    assert found.max() > 0.9


def test_what_was_heard_long_ago_has_no_influence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postcall.speech.silero.sustained_level_dbfs", lambda *_: -26.0)
    stretch_s, samples = 16, 16 * RATE_HZ
    tail = np.resize(phrases(6, seed=3)[0], 2 * samples)
    times = np.arange(2 * samples) / RATE_HZ
    heads = [
        np.zeros(2 * samples, dtype=np.float32),
        (0.1 * np.sin(2 * np.pi * 425 * times)).astype(np.float32),
        np.resize(phrases(6, seed=9, pitch_hz=210)[0], 2 * samples),
    ]
    ends = [found[3 * stretch_s * 1000 // 32 :] for found in speech_probabilities([np.concatenate([h, tail]) for h in heads])]
    assert ends[0].max() > 0.5
    for end in ends[1:]:
        np.testing.assert_array_equal(end, ends[0])


def test_a_stretch_begins_without_a_seam() -> None:
    sound = np.resize(phrases(6, seed=3)[0], 30 * RATE_HZ)
    found = find_speech(sound[None], RATE_HZ, Topology.MONO, POLICY)[MIXED]
    shifted = np.concatenate([np.zeros(3 * RATE_HZ, dtype=np.float32), sound])
    later = find_speech(shifted[None], RATE_HZ, Topology.MONO, POLICY)[MIXED]
    assert len(later) == len(found) > 5
    for one, other in zip(found, later, strict=True):
        assert abs(other.start_ms - 3000 - one.start_ms) <= 40
        assert abs(other.end_ms - 3000 - one.end_ms) <= 40


def test_channels_do_not_influence_each_other() -> None:
    first, second = phrases(2, seed=4)[0], phrases(2, seed=5, pitch_hz=210)[0]
    together = speech_probabilities([first, second])
    np.testing.assert_array_equal(together[1], speech_probabilities([second])[0])


@pytest.mark.parametrize("gain_db", [-30, -15, 10])
def test_gain_moves_no_edge(gain_db: float) -> None:
    sound, _ = phrases(4, seed=6)
    sound = sound + np.random.default_rng(0).standard_normal(sound.size).astype(np.float32) * 1e-4
    plain = find_speech(sound[None], RATE_HZ, Topology.MONO, POLICY)[MIXED]
    louder = find_speech((sound * 10 ** (gain_db / 20)).astype(np.float32)[None], RATE_HZ, Topology.MONO, POLICY)[MIXED]
    assert len(plain) == len(louder) == 4
    assert all(max(abs(a.start_ms - b.start_ms), abs(a.end_ms - b.end_ms)) <= 10 for a, b in zip(plain, louder, strict=True))


@pytest.mark.parametrize("level_db", [-70, -50, -30, -15])
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_noise_is_no_speech(level_db: float, slope: float) -> None:
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(20 * RATE_HZ))
    noise = np.fft.irfft(spectrum / np.arange(1, spectrum.size + 1) ** slope)
    assert spoken_ms(noise / noise.std() * 10 ** (level_db / 20)) == 0


T = np.arange(20 * RATE_HZ) / RATE_HZ
TONES = {
    "ringback ru 0.8/3.2": np.sin(2 * np.pi * 425 * T) * (T % 4 < 0.8),
    "ringback us": (np.sin(2 * np.pi * 440 * T) + np.sin(2 * np.pi * 480 * T)) / 2 * (T % 6 < 2),
    "busy": np.sin(2 * np.pi * 425 * T) * (T % 0.7 < 0.35),
    "ringback cn": np.sin(2 * np.pi * 450 * T) * (T % 5 < 1),
    "special information": np.sin(2 * np.pi * np.choose((T % 2 // 0.33).astype(int) % 3, [950, 1400, 1800]) * T)
    * (T % 2 < 0.99),
    "dtmf": (np.sin(2 * np.pi * 697 * T) + np.sin(2 * np.pi * 1209 * T)) / 2 * (T % 0.5 < 0.1),
    "chord": sum(np.sin(2 * np.pi * hz * T) for hz in (262, 330, 392)) / 3,
    "hum": np.sin(2 * np.pi * 50 * T),
    "clicks": (np.arange(T.size) % 6000 == 0) * 1.0,
    "offset": np.ones(T.size),
    "silence": np.zeros(T.size),
}


@pytest.mark.parametrize("level_db", [-40, -12])
@pytest.mark.parametrize("name", TONES)
def test_tones_are_no_speech(name: str, level_db: float) -> None:
    assert spoken_ms(TONES[name] * 10 ** (level_db / 20)) == 0


def test_labels_follow_the_topology() -> None:
    first, truth = phrases(2, seed=8)
    stereo = np.stack([first, np.zeros_like(first)])
    separate = find_speech(stereo, RATE_HZ, Topology.SEPARATE, POLICY)
    assert (len(separate["channel_0"]), separate["channel_1"]) == (len(truth), ())
    for topology in (Topology.DUAL_MONO, Topology.MONO):
        assert set(find_speech(stereo, RATE_HZ, topology, POLICY)) == {MIXED}


def test_other_rates_are_resampled() -> None:
    sound, truth = phrases(2, seed=9)
    found = find_speech(sound[None, ::2], RATE_HZ // 2, Topology.MONO, POLICY)[MIXED]
    assert len(found) == len(truth)
    assert all(abs(span.start_ms - start) <= 40 for span, (start, _) in zip(found, truth, strict=True))


def test_bleed_is_taken_out() -> None:
    one, _ = phrases(4, seed=10)
    other, truth = phrases(2, seed=11, pitch_hz=210)
    samples = np.zeros((2, one.size + other.size), dtype=np.float32)
    samples[0, : one.size] = one
    samples[1, one.size :] = other
    samples[1, : one.size] += 0.1 * one
    samples += np.random.default_rng(0).standard_normal(samples.shape).astype(np.float32) * 1e-4
    unmasked = find_speech(samples, RATE_HZ, Topology.SEPARATE, POLICY)
    masked = find_speech(samples, RATE_HZ, Topology.BLEED, POLICY)
    assert len(unmasked["channel_1"]) == 6
    assert len(masked["channel_1"]) == len(truth)
    assert masked["channel_0"] == unmasked["channel_0"]
