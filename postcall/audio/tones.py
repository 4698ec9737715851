"""Tones of telephone lines: ringback, busy, hold and record beeps, keys. Pure, vectorised.

Conventions
-----------
Samples are floats in -1..1 of one channel at `SAMPLE_RATE_HZ`. Spans are in ms from the first sample.

Definition
----------
burst
    A stretch in which nearly all sound between 200 and 3400 Hz lies within ``_WIDTH_HZ`` of one frequency, or of two (keys, the
    American busy tone), and stays there. Two tones nearer than that to one another, as in most countries' ringing, count as the
    one between them. Its edges are where the level passes half of the burst's own power.
series
    Bursts of one frequency that follow one another with no more than ``_LONGEST_GAP_MS`` between. What a series is, its rhythm
    tells, with tolerance for exchanges that keep time badly:

    ========== ======================= ================================================
    ``ring``   340-510 Hz              one ring in 2.4-6.5 s; two short bursts are one ring
    ``busy``   340-510 or 480 + 620 Hz bursts as long as their gaps, one in 0.25-1.6 s
    ``key``    two of the DTMF tones   each burst a key
    ``beep``   any                     else: hold and record beeps, call waiting
    ========== ======================= ================================================

Edge cases
----------
A single burst can be the only ring that a recording holds: it is a ring if as long as rings are. A burst that begins with the
recording or ends with it may be cut. A voice does not hold one frequency for ``_SHORTEST_MS``; single notes of music do, and
are beeps here: `postcall.audio.music` takes them for what they are.

References
----------
ITU-T E.180 (tones), Q.23 (keys); Asterisk ``indications.conf.sample``; FreeSWITCH and spandsp, which disagree with it on
Russia.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from postcall.audio.spectrum import BIN_HZ, HOP_MS, Spectrum
from postcall.spans import Span

_BAND_HZ = (200.0, 3400.0)
_WIDTH_HZ = 70.0
_ONE_SHARE, _TWO_SHARE = 0.80, 0.88
"""Of a frame's power in the band that one tone, or two, must hold."""
_DRIFT_HZ = 14.0
_CHUNK = 6_000
"""Frames whose peaks are looked for at once."""
_SHORTEST_MS = 90
_EDGE_FRAMES = 2
"""Frames at either end of a burst whose windows reach out of it."""
_BESIDE, _BESIDE_SHARE = 9, 0.06
"""Steps to either side of a burst among which one must be so much weaker: a switch turns its tones on and off."""
_FLAT_DB, _FLAT_HZ = 2.5, 8.0
"""A tone of a switch keeps its level and its pitch; a vowel, however pure, does not."""
_PURE_SHARE, _SAGGING_DB = 0.97, 6.0
"""Codecs made for speech (AMR) let a tone sag, but leave it pure."""
_QUIETEST_DBFS = -55.0
_LONGEST_GAP_MS = 16_000
_SAME_RING_GAP_MS = 320
_RING_HZ = (340.0, 510.0)
_RING_BURST_MS = (330, 2_400)
_RING_CYCLE_MS = (2_300, 6_800)
_BUSY_CYCLE_MS = (250, 1_600)
_ROWS_HZ, _COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS = ("123A", "456B", "789C", "*0#D")
_KEY_HZ = 25.0


class ToneKind(StrEnum):
    """What a tone is."""

    RING = "ring"
    BUSY = "busy"
    KEY = "key"
    BEEP = "beep"


@dataclass(frozen=True, slots=True)
class Tone:
    """A burst of a tone.

    Attributes
    ----------
    span
        Where it sounds.
    kind
        What it is, by its series.
    hertz
        Its frequency, or both, the lower first.
    level_dbfs
        Mean power.
    number
        Of its ring in the series, or of its burst, from 0.
    """

    span: Span
    kind: ToneKind
    hertz: tuple[float, ...]
    level_dbfs: float
    number: int = 0

    @property
    def key(self) -> str | None:
        """The key pressed; None for another tone."""
        return _key(self.hertz) if self.kind is ToneKind.KEY else None


def find_tones(spectrum: Spectrum) -> tuple[Tone, ...]:
    """All bursts of tones of a channel, in order of start.

    Parameters
    ----------
    spectrum
        Of the channel.
    """
    bursts = list(_bursts(spectrum))
    return tuple(sorted(_named(bursts), key=lambda tone: tone.span))


# ── bursts ───────────────────────────────────────────────────────────────────


def _bursts(spectrum: Spectrum) -> Iterator[Tone]:
    power = spectrum.power
    if power.shape[0] == 0:
        return
    first, last = (round(hz / BIN_HZ) for hz in _BAND_HZ)
    width = round(_WIDTH_HZ / BIN_HZ)
    total = power[:, first:last].sum(axis=1)
    loud = np.flatnonzero(total > spectrum.reference * 10 ** (_QUIETEST_DBFS / 10))
    share, both, second, heights, hertz, second_hertz = (np.zeros(total.size, np.float32) for _ in range(6))
    columns = np.arange(last - first)
    for at in np.split(loud, range(_CHUNK, loud.size, _CHUNK)):
        band = power[at, first:last]
        heights[at], hertz[at] = _peak(band, width, first)
        band[np.abs(columns - (hertz[at, None] / BIN_HZ - first)) <= width] = 0.0
        second[at], second_hertz[at] = _peak(band, width, first)
    share[loud] = heights[loud] / total[loud]
    both[loud] = (heights[loud] + second[loud]) / total[loud]
    single = share >= _ONE_SHARE
    # The weaker of two tones holds at least a tenth of the stronger: else it is a harmonic or noise.
    double = ~single & (both >= _TWO_SHARE) & (second >= 0.1 * heights)
    low, high = np.minimum(hertz, second_hertz), np.maximum(hertz, second_hertz)
    # Over 50 ms: two tones 40 Hz apart beat.
    loudness = 10 * np.log10(np.maximum(uniform_filter1d(total, 5), 1e-12))
    for mask, tracks in ((single, (hertz,)), (double, (low, high))):
        for begin, end in _steady(mask, tracks):
            inner = slice(begin + _EDGE_FRAMES, max(end - _EDGE_FRAMES, begin + _EDGE_FRAMES + 1))
            pure = np.median(both[inner] if len(tracks) == 2 else share[inner]) >= _PURE_SHARE
            if _spread(loudness[inner]) <= (_SAGGING_DB if pure else _FLAT_DB) and all(
                _spread(t[inner]) <= _FLAT_HZ for t in tracks
            ):
                yield from _burst(spectrum, begin, end, tuple(float(np.median(track[inner])) for track in tracks))


def _spread(values: NDArray[np.float32]) -> float:
    """Distance between the tenth and the ninetieth percentile."""
    low, high = np.quantile(values, (0.1, 0.9))
    return float(high - low)


def _peak(band: NDArray[np.float32], width: int, first: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Power around the highest bin of each frame, and the frequency of its middle."""
    at = band.argmax(axis=1)
    around = np.arange(-width, width + 1)
    columns = at[:, None] + around
    inside = (columns >= 0) & (columns < band.shape[1])
    near = np.take_along_axis(band, np.clip(columns, 0, band.shape[1] - 1), axis=1) * inside
    height = near.sum(axis=1)
    middle = np.divide((near * columns).sum(axis=1), height, out=at.astype(near.dtype), where=height > 0)
    return height, ((middle + first) * BIN_HZ).astype(np.float32)


def _steady(mask: NDArray[np.bool_], tracks: Sequence[NDArray[np.float32]]) -> Iterator[tuple[int, int]]:
    """Runs of frames in which every track stays where it is."""
    jumps = np.zeros(mask.size, dtype=bool)
    for track in tracks:
        jumps[1:] |= np.abs(np.diff(track)) > _DRIFT_HZ
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)) | np.append(jumps, False))
    for begin, end in itertools.pairwise(edges):
        if mask[begin] and (end - begin) * HOP_MS >= _SHORTEST_MS - 2 * HOP_MS:
            yield int(begin), int(end)


def _burst(spectrum: Spectrum, begin: int, end: int, hertz: tuple[float, ...]) -> Iterator[Tone]:
    """The burst with edges where the level passes half its power."""
    level = spectrum.level
    first, last = begin * HOP_MS // spectrum.level_hop_ms, end * HOP_MS // spectrum.level_hop_ms
    core = level[first:last]
    if core.size == 0:
        return
    typical = float(np.median(core))
    reach = 60 // spectrum.level_hop_ms
    low, high = max(0, first - reach), min(level.size, last + reach)
    above = np.flatnonzero(level[low:high] >= typical / 2)
    if above.size == 0:
        return
    start_ms = (low + int(above[0])) * spectrum.level_hop_ms
    end_ms = min((low + int(above[-1]) + 1) * spectrum.level_hop_ms, spectrum.duration_ms)
    before = level[max(0, low + int(above[0]) - _BESIDE) : max(0, low + int(above[0]) - 1)]
    after = level[low + int(above[-1]) + 2 : low + int(above[-1]) + 1 + _BESIDE]
    stands_out = all(beside.size == 0 or beside.min() <= typical * _BESIDE_SHARE for beside in (before, after))
    if stands_out and end_ms - start_ms >= _SHORTEST_MS:
        yield Tone(Span(start_ms, end_ms), ToneKind.BEEP, hertz, float(10 * np.log10(max(typical, 1e-12))))


# ── what they are ────────────────────────────────────────────────────────────


def _named(bursts: Sequence[Tone]) -> Iterator[Tone]:
    for series in _series(bursts):
        if len(series[0].hertz) == 2 and _key(series[0].hertz) is not None:
            yield from (replace(tone, kind=ToneKind.KEY, number=n) for n, tone in enumerate(series))
        elif _is_busy(series):
            yield from (replace(tone, kind=ToneKind.BUSY, number=n) for n, tone in enumerate(series))
        else:
            yield from _rings(series)


def _series(bursts: Sequence[Tone]) -> list[list[Tone]]:
    """Bursts by frequency, cut where the gap is too long."""
    found: list[list[Tone]] = []
    for tone in sorted(bursts, key=lambda one: one.span):
        for series in reversed(found):
            last = series[-1]
            gap_ms = tone.span.start_ms - last.span.end_ms
            if gap_ms <= _LONGEST_GAP_MS and _is_same(last.hertz, tone.hertz) and gap_ms > -_SHORTEST_MS:
                if gap_ms <= 2 * HOP_MS:
                    series[-1] = replace(last, span=Span(last.span.start_ms, max(last.span.end_ms, tone.span.end_ms)))
                else:
                    series.append(tone)
                break
        else:
            found.append([tone])
    return found


def _is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= _DRIFT_HZ for a, b in zip(one, other, strict=True))


def _is_busy(series: Sequence[Tone]) -> bool:
    """Whether bursts are as long as their gaps and follow fast."""
    hertz = series[0].hertz
    in_place = _in(hertz[0], _RING_HZ) if len(hertz) == 1 else abs(hertz[0] - 480) < 30 and abs(hertz[1] - 620) < 30
    if len(hertz) == 2 and in_place:
        return True  # no other tone has these two
    if not in_place or len(series) < 3:
        return False
    on = np.array([tone.span.duration_ms for tone in series])
    off = np.array([b.span.start_ms - a.span.end_ms for a, b in itertools.pairwise(series)])
    cycle = float(np.median(on[:-1] + off))
    even = np.abs(on[:-1] - off) <= np.maximum(0.35 * on[:-1], 60)
    return bool(_in(cycle, _BUSY_CYCLE_MS) and even.mean() >= 0.7)


def _rings(series: Sequence[Tone]) -> Iterator[Tone]:
    """Bursts of a series numbered by ring; beeps where the rhythm is not that of ringing."""
    hertz = series[0].hertz
    rings: list[list[Tone]] = []
    for tone in series:
        if rings and tone.span.start_ms - rings[-1][-1].span.end_ms <= _SAME_RING_GAP_MS:
            rings[-1].append(tone)
        else:
            rings.append([tone])
    fits = len(hertz) == 1 and _in(hertz[0], _RING_HZ)
    cycles = [b[0].span.start_ms - a[0].span.start_ms for a, b in itertools.pairwise(rings)]
    for number, ring in enumerate(rings):
        longest_ms = max(tone.span.duration_ms for tone in ring)
        beside = cycles[max(0, number - 1) : number + 1]
        in_time = any(_in(cycle, _RING_CYCLE_MS) for cycle in beside) or all(cycle > _RING_CYCLE_MS[1] for cycle in beside)
        is_ring = fits and in_time and _in(longest_ms, _RING_BURST_MS) and len(ring) <= 2
        yield from (replace(tone, kind=ToneKind.RING if is_ring else ToneKind.BEEP, number=number) for tone in ring)


def _key(hertz: Sequence[float]) -> str | None:
    if len(hertz) != 2:
        return None
    row, column = (
        next((n for n, wanted in enumerate(tones) if abs(hz - wanted) <= _KEY_HZ), None)
        for hz, tones in zip(hertz, (_ROWS_HZ, _COLUMNS_HZ), strict=True)
    )
    return None if row is None or column is None else _KEYS[row][column]


def _in(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
