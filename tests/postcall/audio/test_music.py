"""Music, speech-like sound, noise and tones, told apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from benchmarks.corpus import music as made
from benchmarks.corpus import telephone, tones
from benchmarks.corpus.rendering import NOISES
from postcall.audio.music import find_music

PER_MS = telephone.PER_MS


def placed(sound: NDArray[np.float64], at_ms: int, duration_ms: int, noise_dbfs: float = -62.0) -> NDArray[np.float32]:
    line = telephone.line_noise(duration_ms * PER_MS, noise_dbfs, np.random.default_rng(3))
    line[at_ms * PER_MS :][: sound.size] += sound
    return line.astype(np.float32)


def babble(duration_ms: int) -> NDArray[np.float64]:
    """Like a voice: a gliding pitch with harmonics and formants, in syllables with closed lips between."""
    rng = np.random.default_rng(5)
    time_s = np.arange(duration_ms * PER_MS) / telephone.RATE_HZ
    pitch_hz = 130 * 2 ** (
        0.3
        * np.interp(
            time_s,
            np.arange(0, time_s[-1] + 1, 0.15),
            rng.standard_normal(int(time_s[-1] / 0.15) + 8)[: len(np.arange(0, time_s[-1] + 1, 0.15))],
        )
    )
    voice = signal.sawtooth(2 * np.pi * np.cumsum(pitch_hz) / telephone.RATE_HZ)
    syllables = np.clip(np.sin(2 * np.pi * 4.2 * time_s) + 0.35, 0, 1)
    sound = telephone.band_limit(voice * syllables)
    return sound * (telephone.gain(-22) / telephone.rms(sound))


@pytest.mark.parametrize("style", made.NAMES)
def test_every_style_is_music_from_its_start_to_its_end(style: str) -> None:
    (span,) = find_music(placed(made.music(style, 12_000, -24.0, np.random.default_rng(11)), 4_000, 20_000))
    assert abs(span.start_ms - 4_000) <= 150
    assert abs(span.end_ms - 16_000) <= 400


def test_a_voice_is_no_music() -> None:
    assert find_music(placed(babble(20_000), 1_000, 22_000)) == ()


@pytest.mark.parametrize("noise", NOISES)
def test_noise_is_no_music(noise: str) -> None:
    sound = telephone.band_limit(NOISES[noise](20_000 * PER_MS, np.random.default_rng(2)))
    assert find_music((sound * (telephone.gain(-35.0) / telephone.rms(sound))).astype(np.float32)) == ()


def test_a_tone_is_no_music() -> None:
    ring = np.concatenate([np.pad(tones.tone((425.0,), 1000, -18.0), (0, 4000 * PER_MS)) for _ in range(4)])
    assert find_music(placed(ring, 0, 21_000)) == ()
    assert find_music(placed(tones.tone((440.0,), 12_000, -20.0), 3_000, 18_000)) == ()


def test_short_and_empty_channels() -> None:
    assert find_music(np.zeros(0, np.float32)) == ()
    assert find_music(np.zeros(500, np.float32)) == ()
    assert find_music(np.zeros(80_000, np.float32)) == ()
