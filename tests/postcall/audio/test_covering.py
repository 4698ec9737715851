"""A tone over stretches: nothing of what was there is left, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from postcall.audio.covering import TONE_HZ, covered
from postcall.spans import Span

RATE_HZ = 8000


def _noise() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, (2, RATE_HZ * 2)).astype(np.float32)


def test_the_rest_is_as_it_was() -> None:
    samples = _noise()
    out = covered(samples, RATE_HZ, [Span(500, 1000)], level_dbfs=-26)
    assert np.array_equal(out[:, :4000], samples[:, :4000])
    assert np.array_equal(out[:, 8000:], samples[:, 8000:])
    assert np.array_equal(samples, _noise()), "the input is not changed"


@pytest.mark.parametrize("level_dbfs", [-40.0, -26.0, -10.0])
def test_there_is_one_tone_of_that_level(level_dbfs: float) -> None:
    out = covered(_noise(), RATE_HZ, [Span(500, 1500)], level_dbfs=level_dbfs)
    for channel in out:
        part = channel[4200:11800]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(part.size)))
        loudest = np.argmax(spectrum) * RATE_HZ / part.size
        assert abs(loudest - TONE_HZ) < 2
        assert 20 * np.log10(np.sqrt(np.mean(part**2))) == pytest.approx(level_dbfs, abs=0.1)
        near = np.abs(np.arange(spectrum.size) * RATE_HZ / part.size - TONE_HZ) < 20
        assert spectrum[~near].max() < spectrum.max() * 1e-3, "nothing of the noise is left"


def test_what_is_there_does_not_depend_on_what_was() -> None:
    spans = [Span(100, 400), Span(300, 700)]
    one, other = covered(_noise(), RATE_HZ, spans, level_dbfs=-26), covered(-_noise(), RATE_HZ, spans, level_dbfs=-26)
    assert np.array_equal(one[:, 800:5600], other[:, 800:5600])


@pytest.mark.parametrize("spans", [[], [Span(5000, 6000)]])
def test_nothing_to_cover(spans: list[Span]) -> None:
    assert np.array_equal(covered(_noise(), RATE_HZ, spans, level_dbfs=-26), _noise())


def test_a_stretch_that_reaches_beyond_the_end() -> None:
    out = covered(_noise(), RATE_HZ, [Span(1500, 9000)], level_dbfs=-26)
    assert out.shape == (2, RATE_HZ * 2)
    assert np.abs(out[:, 12100:15900]).max() < 0.08
