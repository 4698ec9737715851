"""How good a channel sounds. Pure, vectorised.

Definition
----------
speech level    mean power of the channel's speech
noise level     median level of its pauses (`postcall.audio.quiet`)
clipped share   samples of speech that lie in a flat run, ``_FLAT`` or more in a row within ``_NEAR`` of the channel's highest
value,
                over all samples of speech; what a codec smooths afterwards is missed
dropouts        gaps of 20 to 400 ms without any sound inside speech, begun and ended at once
bandwidth       highest frequency at which the long-term spectrum of speech lies less than ``_BAND_DB`` under its peak

References
----------
ITU-T P.56 (level of speech), P.862 and P.563 (what spoils a telephone line).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import Quality
from postcall.audio.levels import to_db
from postcall.audio.quiet import Quiet
from postcall.audio.runs import runs
from postcall.audio.spectrum import BIN_HZ, HOP_MS, SAMPLE_RATE_HZ, Spectrum
from postcall.spans import Spans

_NEAR, _FLAT = 0.02, 3
_DROPOUT_MS = (20, 400)
_DEAD_DBFS = -90.0
_BAND_DB = 50.0
_CHUNK = 6_000
"""Frames that are copied at once."""


def measure_quality(samples_8k: NDArray[np.float32], spectrum: Spectrum, speech: Spans, quiet: Quiet) -> Quality:
    """Quality of a channel.

    Parameters
    ----------
    samples_8k
        (n,) samples at 8 kHz.
    spectrum
        Of them.
    speech
        Of the channel.
    quiet
        Where it is switched off.
    """
    inside = _mask(speech, spectrum.level.size, spectrum.level_hop_ms)
    if not inside.any():
        return Quality(noise_dbfs=_rounded(quiet.floor_dbfs), is_gated=quiet.is_gated)
    level = spectrum.level[inside]
    long_term = to_db(_mean(spectrum.power, _mask(speech, spectrum.power.shape[0], HOP_MS)).astype(np.float64))
    heard = np.flatnonzero(long_term > long_term.max() - _BAND_DB)
    return Quality(
        speech_dbfs=_rounded(float(to_db(np.array([level.mean()]))[0])),
        noise_dbfs=_rounded(quiet.floor_dbfs),
        clipped_share=_clipped_share(samples_8k, speech),
        dropouts=_dropouts(spectrum, inside),
        bandwidth_hz=round(float(heard[-1]) * BIN_HZ),
        is_gated=quiet.is_gated,
    )


def _mean(power: NDArray[np.float32], frames: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean spectrum of some frames."""
    chosen = np.flatnonzero(frames)
    total = np.zeros(power.shape[1], np.float32)
    for first in range(0, chosen.size, _CHUNK):
        # One after the other, so that the sum is that of all at once.
        total = np.concatenate([total[None], power[chosen[first : first + _CHUNK]]]).sum(axis=0)
    return np.asarray(total / chosen.size, np.float32)


def _clipped_share(samples: NDArray[np.float32], speech: Spans) -> float:
    per_ms = SAMPLE_RATE_HZ // 1000
    spoken = np.concatenate([samples[span.start_ms * per_ms : span.end_ms * per_ms] for span in speech])
    size = np.abs(spoken, out=spoken)
    if not size.size or size.max() == 0:
        return 0.0
    high = size >= (1 - _NEAR) * size.max()
    runs = np.ones(high.size, dtype=bool)
    for shift in range(_FLAT):
        runs[: high.size - _FLAT + 1] &= high[shift : high.size - _FLAT + 1 + shift]
    runs[high.size - _FLAT + 1 :] = False
    flat = np.zeros(high.size, dtype=bool)
    for shift in range(_FLAT):
        flat[shift:] |= runs[: high.size - shift]
    return round(float(flat.mean()), 5)


def _dropouts(spectrum: Spectrum, inside: NDArray[np.bool_]) -> int:
    level = to_db(spectrum.level)
    dead = (level <= _DEAD_DBFS) & inside
    begin, end = runs(dead).T
    long = (end - begin) * spectrum.level_hop_ms
    # What stops and starts at once, from a voice and back to it; a voice that fades out and in only pauses.
    before = level[np.maximum(begin - 1, 0)]
    after = level[np.minimum(end, level.size - 1)]
    abrupt = np.minimum(before, after) > np.median(level[inside]) - 15
    return int(((long >= _DROPOUT_MS[0]) & (long <= _DROPOUT_MS[1]) & abrupt).sum())


def _mask(spans: Spans, steps: int, step_ms: int) -> NDArray[np.bool_]:
    mask = np.zeros(steps, dtype=bool)
    for span in spans:
        mask[span.start_ms // step_ms : -(-span.end_ms // step_ms)] = True
    return mask


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
