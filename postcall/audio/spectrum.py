"""Short-time spectra of one channel, computed once for all that listens to its sound. Pure, vectorised.

Conventions
-----------
8 kHz; a frame stands for 10 ms and is looked at through a Hann window of 40 ms around it. Levels are mean powers of steps of 5
ms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from postcall.audio.levels import frame_power

SAMPLE_RATE_HZ = 8_000
HOP_MS = 10
WINDOW_MS = 40
FFT_SIZE = 512
BIN_HZ = SAMPLE_RATE_HZ / FFT_SIZE
LEVEL_HOP_MS = 5
_HOP = SAMPLE_RATE_HZ * HOP_MS // 1000
_WINDOW = SAMPLE_RATE_HZ * WINDOW_MS // 1000
_CHUNK = 6_000
"""Frames whose spectra are computed at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A channel's short-time spectra.

    Attributes
    ----------
    power
        (frames, 257) power, a full-scale sine summing to `reference` / 2.
    level
        (steps,) mean power of steps of ``level_hop_ms``, without the mean.
    """

    power: NDArray[np.float32] = field(repr=False)
    level: NDArray[np.float64] = field(repr=False)
    duration_ms: int
    level_hop_ms: int = LEVEL_HOP_MS

    @property
    def reference(self) -> float:
        """Power of a full-scale square wave."""
        return float((_window() ** 2).sum() * FFT_SIZE / 2)


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    return np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)


def spectrum_of(samples: NDArray[np.float32]) -> Spectrum:
    """Spectra of a channel.

    Parameters
    ----------
    samples
        (n,) samples at 8 kHz.
    """
    frames = -(-samples.size // _HOP)
    margin = (_WINDOW - _HOP) // 2
    power = np.empty((frames, FFT_SIZE // 2 + 1), np.float32)
    filled_up = np.zeros((min(_CHUNK, frames), FFT_SIZE), np.float32)
    for first in range(0, frames, _CHUNK):
        last = min(first + _CHUNK, frames)
        # Filled up a chunk at a time: hours of sound are not copied.
        around = np.zeros((last - first - 1) * _HOP + _WINDOW, np.float32)
        start = first * _HOP - margin
        inside = samples[max(start, 0) : start + around.size]
        around[max(-start, 0) : max(-start, 0) + inside.size] = inside
        chunk = np.lib.stride_tricks.sliding_window_view(around, _WINDOW)[::_HOP]
        np.multiply(chunk, _window(), out=filled_up[: len(chunk), :_WINDOW])
        spectra = fft.rfft(filled_up[: len(chunk)], axis=1)
        np.square(spectra.real, out=power[first : first + _CHUNK])
        power[first : first + _CHUNK] += np.square(spectra.imag)
    level = frame_power(samples, SAMPLE_RATE_HZ, hop_ms=LEVEL_HOP_MS)
    return Spectrum(power, level, samples.size * 1000 // SAMPLE_RATE_HZ)
