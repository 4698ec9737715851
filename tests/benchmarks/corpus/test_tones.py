from __future__ import annotations

import numpy as np
import pytest

from benchmarks.corpus import music, tones
from benchmarks.corpus.telephone import RATE_HZ, gain, rms
from postcall.spans import Span


def test_rings_of_countries() -> None:
    assert tones.COUNTRIES["ru"].rings(100, 2) == (Span(100, 1100), Span(5100, 6100))
    assert tones.COUNTRIES["ru_short"].rings(0, 2) == (Span(0, 800), Span(4000, 4800))
    assert tones.COUNTRIES["uk"].rings(0, 1) == (Span(0, 400), Span(600, 1000))
    assert tones.COUNTRIES["de"].busy(50, 1500) == (Span(50, 530), Span(1010, 1490))


@pytest.mark.parametrize("country", tones.COUNTRIES)
def test_a_tone_has_its_frequencies_and_level(country: str) -> None:
    ring_hz = tones.COUNTRIES[country].ring_hz
    sound = tones.tone(ring_hz, 1000, -18.0)
    spectrum = np.abs(np.fft.rfft(sound))
    assert sorted(np.argsort(spectrum)[-len(ring_hz) :] * RATE_HZ / len(sound)) == pytest.approx(sorted(ring_hz), abs=1)
    assert rms(sound) == pytest.approx(gain(-18.0), rel=0.02)


def test_hold_beeps_lie_in_the_hold() -> None:
    assert tones.hold_beeps(Span(1000, 7400)) == (Span(1000, 1200), Span(1350, 1550), Span(7000, 7200))


@pytest.mark.parametrize("style", music.NAMES)
def test_music_has_its_length_and_level_and_is_never_twice_the_same(style: str) -> None:
    sound = music.music(style, 4321, -25.0, np.random.default_rng(1))
    assert len(sound) == 4321 * 8
    assert rms(sound) == pytest.approx(gain(-25.0), rel=0.05)
    again = music.music(style, 4321, -25.0, np.random.default_rng(1))
    other = music.music(style, 4321, -25.0, np.random.default_rng(2))
    assert np.array_equal(sound, again)
    assert np.array_equal(sound, other) == (style == "arpeggio")
