"""Quality of a channel, from sounds made to order."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.corpus import telephone
from postcall.acoustics import Quality
from postcall.audio.levels import to_db
from postcall.audio.quality import measure_quality
from postcall.audio.quiet import find_quiet
from postcall.audio.spectrum import spectrum_of
from postcall.spans import Span, Spans

PER_MS = telephone.PER_MS
SPEECH: Spans = (Span(1_000, 3_000), Span(4_000, 7_000), Span(8_000, 9_000))


def voice(level_dbfs: float = -24.0, noise_dbfs: float = -60.0) -> NDArray[np.float64]:
    """Noise in the band of a voice where somebody speaks, over the line's."""
    rng = np.random.default_rng(4)
    sound = telephone.line_noise(10_000 * PER_MS, noise_dbfs, rng)
    for span in SPEECH:
        part = sound[span.start_ms * PER_MS : span.end_ms * PER_MS]
        part += telephone.line_noise(part.size, level_dbfs, rng)
    return sound


def measured(sound: NDArray[np.float64], speech: Spans = SPEECH) -> Quality:
    samples = sound.astype(np.float32)
    spectrum = spectrum_of(samples)
    return measure_quality(samples, spectrum, speech, find_quiet(to_db(spectrum.level), speech, ()))


def test_levels_and_their_distance() -> None:
    quality = measured(voice(-24.0, -60.0))
    assert quality.speech_dbfs == pytest.approx(-24.0, abs=0.5)
    assert quality.noise_dbfs == pytest.approx(-60.0, abs=1.5)
    assert quality.snr_db == pytest.approx(36.0, abs=2.0)
    assert (quality.clipped_share, quality.dropouts, quality.is_gated) == (0.0, 0, False)


def test_clipping_is_a_share_of_speech() -> None:
    sine = 0.9 * np.sin(2 * np.pi * 210 * np.arange(10_000 * PER_MS) / telephone.RATE_HZ)
    assert measured(np.clip(sine, -0.45, 0.45)).clipped_share == pytest.approx(2 / 3, abs=0.03), "a sine is over half for 2/3"
    assert measured(voice() * 8).clipped_share == 0.0


def test_lost_packets_are_gaps_inside_speech() -> None:
    sound = voice()
    for at_ms in (1_500, 2_000, 5_000):
        sound[at_ms * PER_MS : (at_ms + 60) * PER_MS] = 0.0
    sound[3_300 * PER_MS : 3_400 * PER_MS] = 0.0  # in a pause
    assert measured(sound).dropouts == 3


def test_bandwidth_is_where_speech_ends() -> None:
    wide = measured(voice()).bandwidth_hz
    assert wide is not None
    assert wide > 3_300
    time_s = np.arange(10_000 * PER_MS) / telephone.RATE_HZ
    narrow = np.sum([np.sin(2 * np.pi * hz * time_s) for hz in range(300, 1900, 100)], axis=0) * 0.01
    found = measured(narrow).bandwidth_hz
    assert found is not None
    assert 1_750 <= found <= 2_050


def test_nobody_speaks() -> None:
    quality = measured(voice(), ())
    assert (quality.speech_dbfs, quality.clipped_share, quality.dropouts, quality.snr_db) == (None, None, None, None)
