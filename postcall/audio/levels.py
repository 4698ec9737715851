"""Levels of sound: short-time power and how loud the voice on a channel is. Pure, vectorised.

Conventions
-----------
Samples are floats in -1..1; levels are mean powers in dBFS, so a full-scale sine is at -3 dBFS. A constant is no sound: the
mean of each window is taken out, because recorders leave an offset (A-law idles at +8 or -8, some switches pad with -1).

Definition
----------
sustained level
    Mean power of the louder blocks of a channel, a block being 0.3 s and its power the median of its 20 ms frames. Blocks are
    louder when they lie above the mean of all blocks. The median keeps clicks out, the mean keeps a party in who says three
    words in ten minutes; the figure moves by exactly the gain when the channel is amplified.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -120.0
"""Level reported for no sound at all."""

_FRAME_MS = 20
_FRAMES_PER_BLOCK = 15


def to_db(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in dBFS, at least `SILENCE_DBFS`."""
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (SILENCE_DBFS / 10))))


def frame_power(
    samples: NDArray[np.float32], sample_rate_hz: int, *, hop_ms: int, hops_per_window: int = 1
) -> NDArray[np.float64]:
    """Short-time power without the mean.

    Parameters
    ----------
    samples
        (..., n) samples.
    sample_rate_hz
        Their rate.
    hop_ms
        Step between frames.
    hops_per_window
        Length of a frame's window in hops; an odd number centres it on the frame's own hop.

    Returns
    -------
    (..., ceil(n / hop)) powers. Frame ``i`` stands for ``[i * hop_ms, (i + 1) * hop_ms)``; the last one is filled up with its
    last sample.
    """
    hop = sample_rate_hz * hop_ms // 1000
    whole = samples.shape[-1] // hop * hop
    mean, square = _moments(samples[..., :whole], hop)
    if whole < samples.shape[-1]:
        # The last frame by itself: to fill up all would copy hours of sound.
        filling = [(0, 0)] * (samples.ndim - 1) + [(0, whole + hop - samples.shape[-1])]
        rest = _moments(np.pad(samples[..., whole:], filling, mode="edge"), hop)
        mean, square = (np.concatenate(parts, axis=-1) for parts in zip((mean, square), rest, strict=True))
    if hops_per_window > 1:
        mean, square = _smooth(mean, hops_per_window), _smooth(square, hops_per_window)
    power = square - mean**2
    # What rounding leaves of a constant is no sound.
    return np.where(power > 1e-6 * square, power, 0.0)


def _moments(samples: NDArray[np.float32], hop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and mean square of whole frames."""
    frames = samples.reshape(*samples.shape[:-1], -1, hop)
    mean = frames.mean(axis=-1, dtype=np.float64)
    return mean, np.einsum("...ij,...ij->...i", frames, frames, dtype=np.float64) / hop


def _smooth(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Centred moving mean along the last axis, edges repeated."""
    if values.shape[-1] == 0:
        return values
    before = width // 2
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(before, width - 1 - before)], mode="edge")
    # A window is a few hops: summing shifted copies is exact, where a running sum would drown quiet frames behind loud ones.
    n = values.shape[-1]
    return sum((padded[..., k : k + n] for k in range(width)), start=np.zeros_like(values)) / width


def sustained_level_dbfs(samples: NDArray[np.float32], sample_rate_hz: int) -> float:
    """Level of the voice, or of whatever lasts longest and loudest, on one channel.

    Parameters
    ----------
    samples
        (n,) samples of one channel.
    sample_rate_hz
        Their rate.

    Returns
    -------
    Sustained level in dBFS; `SILENCE_DBFS` for no sound and for no samples.
    """
    power = frame_power(samples, sample_rate_hz, hop_ms=_FRAME_MS)
    if power.size == 0:
        return SILENCE_DBFS
    if power.size < _FRAMES_PER_BLOCK:
        blocks = np.array([np.median(power)])
    else:
        whole = power.size - power.size % _FRAMES_PER_BLOCK
        blocks = np.median(power[:whole].reshape(-1, _FRAMES_PER_BLOCK), axis=1)
    return float(to_db(blocks[blocks >= blocks.mean() * (1 - 1e-9)].mean()))
