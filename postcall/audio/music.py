"""Music on a line, told apart from speech, tones and noise. Pure, vectorised.

Conventions
-----------
Samples are floats in -1..1 of one channel at 8 kHz. Spans are in ms from the first sample.

Definition
----------
Speech glides: none of its harmonics stays on one frequency for long. Music, sung or played, does nothing else.

1.  A *line* is a spectral peak that stands ``_PEAK_DB`` over its surroundings and stays within one bin (7.8 Hz) for 0.2 s.
2.  A frame (32 ms) is *musical* when lines hold more than ``_LINES_SHARE`` of its power and it lies ``_ABOVE_NOISE_DB`` over
    the channel's noise.
3.  Music is where at least ``_MUSICAL_SHARE`` of the frames of 3 s are musical and hardly any moment is silent, as every
    closed lip makes one in speech, for ``_SHORTEST_MS`` or longer; its edges are where the sound begins and ends.

::

    musical    . . .||.||||.|||.||||.|||. .  |  . .
    music            ####################

Mains hum and the tones of switches are lines too: hum is the channel's noise, and a tone is one line that never moves, which
``_FEWEST_NOTES`` tells from a melody.

Edge cases
----------
A melody under an announcement is music; what the announcer says over it is not told apart. Music quieter than
``_QUIETEST_DBFS`` is nobody's hold: it is a radio in a room.

References
----------
Minami, Akutsu, Hamada & Tonomura 1998, IEEE MultiMedia 5(3):17 (horizontal lines of the spectrogram); Hawley 1993.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from postcall.audio.levels import frame_power, to_db
from postcall.audio.runs import runs
from postcall.spans import Span, Spans, bridge

SAMPLE_RATE_HZ = 8_000
_WINDOW, _HOP = 1024, 256
_HOP_MS = _HOP * 1000 // SAMPLE_RATE_HZ
_CHUNK = 2_000
_BAND = slice(26, 436)
"""Bins of 200 to 3400 Hz."""
_PEAK_DB = 6.0
_SURROUNDINGS = 25
_LASTING = 6
"""Frames that a line lasts at least."""
_LINES_SHARE, _MUSICAL_SHARE = 0.30, 0.42
_SMOOTHED_MS = 3_000
_ABOVE_NOISE_DB, _QUIETEST_DBFS = 8.0, -55.0
_LEAST_RANGE_DB = 25.0
"""Music may last nearly all of a recording: what is louder than so far under its loudest is not noise."""
_STEP_MS = 10
_SILENT_DB, _NOISE_DB, _SILENT_SHARE = 20.0, 4.0, 0.06
"""A step so far under the loudest around it, or so near to the noise, is silent; even fast speech has many of them."""
_SHORTEST_MS, _LONGEST_GAP_MS = 2_500, 2_500
_FEWEST_NOTES = 3
"""Different lines that hold the most power at one time or another in a stretch of music."""


def find_music(samples: NDArray[np.float32]) -> Spans:
    """Stretches of music on a channel.

    Parameters
    ----------
    samples
        (n,) samples at 8 kHz.
    """
    if samples.size < _WINDOW:
        return ()
    share, level, leading = _lines(samples)
    # Dead frames count: a channel that carries no noise in pauses has none, and music is not its floor.
    noise = float(min(np.quantile(level, 0.1), np.quantile(level, 0.95) - _LEAST_RANGE_DB))
    sounding = level > max(noise + _ABOVE_NOISE_DB, _QUIETEST_DBFS)
    musical = (share > _LINES_SHARE) & sounding
    width = _SMOOTHED_MS // _HOP_MS
    silent = _silent_share(samples, noise)[np.arange(level.size) * _HOP_MS // _STEP_MS]
    dense = (uniform_filter1d(musical.astype(np.float64), width) >= _MUSICAL_SHARE) & (silent <= _SILENT_SHARE)
    found = []
    for span in bridge((Span(a * _HOP_MS, b * _HOP_MS) for a, b in runs(dense).tolist()), _LONGEST_GAP_MS):
        first, last = _musical_part(musical, span)
        if last > first and len(np.unique(leading[first:last][musical[first:last]] // 2)) >= _FEWEST_NOTES:
            found.append(_edges(level, sounding, first, last))
    long = [span for span in bridge(found, _LONGEST_GAP_MS) if span.duration_ms >= _SHORTEST_MS]
    end_ms = samples.size * 1000 // SAMPLE_RATE_HZ
    return tuple(Span(max(0, s.start_ms), min(end_ms, s.end_ms)) for s in long if s.start_ms < end_ms)


def _silent_share(samples: NDArray[np.float32], noise: float) -> NDArray[np.float64]:
    """Share of steps around each step of 10 ms, 3 s in all, in which next to nothing is heard."""
    level = to_db(frame_power(samples, SAMPLE_RATE_HZ, hop_ms=_STEP_MS, hops_per_window=2))
    loudest = maximum_filter1d(level, 1000 // _STEP_MS)
    silent = level < np.maximum(loudest - _SILENT_DB, noise + _NOISE_DB)
    return np.asarray(uniform_filter1d(silent.astype(np.float64), _SMOOTHED_MS // _STEP_MS))


def _lines(samples: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Of each frame: share of power in lines, level in dBFS, and the bin that holds the most power."""
    frames = (samples.size - _WINDOW) // _HOP + 1
    window = np.hanning(_WINDOW).astype(np.float32)
    reference = float((window**2).sum()) * _WINDOW / 2
    views = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    shares, levels, leading = np.zeros(frames), np.zeros(frames), np.zeros(frames, np.int64)
    for first in range(0, frames, _CHUNK):
        low, high = max(0, first - _LASTING), min(frames, first + _CHUNK + _LASTING)
        spectra = fft.rfft(views[low:high] * window, axis=1)[:, _BAND]
        power = np.square(spectra.real) + np.square(spectra.imag) + 1e-12
        near = _lasting(power)
        inside = slice(first - low, first - low + min(_CHUNK, frames - first))
        total = power.sum(axis=1)
        shares[first : first + _CHUNK] = ((power * near).sum(axis=1) / total)[inside]
        levels[first : first + _CHUNK] = 10 * np.log10(total / reference)[inside]
        leading[first : first + _CHUNK] = power.argmax(axis=1)[inside]
    return shares, levels, leading


def _lasting(power: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Bins that belong to a line."""
    level = 10 * np.log10(power)
    peak = np.zeros(level.shape, dtype=bool)
    middle = level[:, 1:-1]
    peak[:, 1:-1] = (middle > level[:, :-2]) & (middle >= level[:, 2:])
    peak &= level > uniform_filter1d(level, _SURROUNDINGS, axis=1) + _PEAK_DB
    wide = _beside(peak)
    # Only what comes after its first 0.2 s counts: a vowel is seldom longer.
    lasted = wide.copy()
    for back in range(1, _LASTING):
        lasted[back:] &= wide[:-back]
    return _beside(lasted)


def _beside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask with a bin more on either side."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def _musical_part(musical: NDArray[np.bool_], span: Span) -> tuple[int, int]:
    """First and last musical frame (exclusive) around a span of dense ones."""
    reach = _SMOOTHED_MS // 2
    low, high = max(0, span.start_ms - reach) // _HOP_MS, (span.end_ms + reach) // _HOP_MS
    at = np.flatnonzero(musical[low:high])
    return (low + int(at[0]), low + int(at[-1]) + 1) if at.size else (0, 0)


def _edges(level: NDArray[np.float64], sounding: NDArray[np.bool_], first: int, last: int) -> Span:
    """Out from the musical frames to where the sound begins and ends, half a second at most."""
    reach = 500 // _HOP_MS
    begin = first
    while begin > max(0, first - reach) and sounding[begin - 1]:
        begin -= 1
    end = last
    while end < min(level.size, last + reach) and sounding[end]:
        end += 1
    # A frame is heard through a window four hops long; its middle is what it stands for.
    middle = (_WINDOW // 2 - _HOP // 2) * 1000 // SAMPLE_RATE_HZ
    return Span(begin * _HOP_MS + middle, max(end, begin + 1) * _HOP_MS + middle)
