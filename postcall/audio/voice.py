"""How somebody speaks: level, pitch, nuclei of syllables, and sounds that are held. Pure, vectorised.

Conventions
-----------
Frames of 20 ms (`postcall.acoustics.VoiceTrack`), of speech only; what is no speech has neither level nor pitch.

Definition
----------
level
    Mean power of the frame in dBFS.
pitch
    The lag at which the frame's autocorrelation, over that of its window, is highest, followed through each stretch of speech
    so that jumps of an octave and changes of voicing are dear (Boersma's method with his weights). A second pass takes only
    what lies near the voice's own range. A telephone line lets no fundamental through; its harmonics keep the period.
nuclei
    Peaks of the level between 300 and 3,300 Hz, ``_DIP_DB`` above the dips beside them, not ``_UNDER_LOUDEST_DB`` below the
    voice's loud frames, and voiced: about one to a syllable.
held sounds
    Stretches of at least ``_HELD_MS`` in which pitch, level and spectrum stand still: "э-э", "uhm", and vowels drawn out while
    somebody thinks.
pauses
    At least ``_PAUSE_MS`` inside a stretch of speech in which the level, over 15 ms, lies near the noise or ``_PAUSE_DB`` under
    the loudest within a second. The closure of a stop consonant is shorter.

Edge cases
----------
Where both parties share a channel the range of the second pass is that of both. Creaky voice has no steady period and comes out
unvoiced. Coders with a fixed voice model (GSM) may put the pitch an octave off for some frames.

References
----------
Boersma (1993), Proc. Inst. Phonetic Sciences Amsterdam 17:97, pitch; De Looze & Hirst (2008), Speech Prosody, range in two
passes; de Jong & Wempe (2009), Behav. Res. Methods 41:385, nuclei; Goto et al. (1999), Eurospeech, filled pauses.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from postcall.acoustics import VoiceTrack
from postcall.audio.levels import SILENCE_DBFS, to_db
from postcall.audio.runs import runs
from postcall.audio.spectrum import BIN_HZ, FFT_SIZE, HOP_MS, SAMPLE_RATE_HZ, WINDOW_MS, Spectrum
from postcall.spans import Span, Spans, at_least, intersect

_FRAME_MS = VoiceTrack.FRAME_MS
_HOPS = _FRAME_MS // HOP_MS

_LOWEST_HZ, _HIGHEST_HZ = 65.0, 450.0
_PITCH_BAND_HZ = (60, 2_000)
"""Above hum; and no finer structure than can be interpolated between lags, or a double period may seem the better one."""
_CANDIDATES = 4
_VOICING, _SILENCE, _OCTAVE, _JUMP, _CHANGE = 0.45, 0.03, 0.01, 0.35, 0.14
_PER_STEP = 10 / _FRAME_MS
"""Boersma's costs are for steps of 10 ms."""
_RANGE = (0.75, 1.5)
_RANGE_QUANTILES = (0.25, 0.75)
_FEWEST_FOR_RANGE = 50

_NUCLEI_HZ = (300, 3_300)
_DIP_DB, _UNDER_LOUDEST_DB, _NUCLEI_APART_MS = 2.0, 25.0, 80

_BANDS_HZ = (200, 350, 500, 700, 900, 1_150, 1_450, 1_800, 2_250, 2_800, 3_400)
_STILL_DB, _STILL_ST, _STILL_LEVEL_DB = 3.0, 0.5, 3.0
_HELD_MS, _HELD_RANGE_ST = 200, 1.5
_PAUSE_MS, _PAUSE_DB, _OVER_NOISE_DB = 100, 35.0, 8.0
_CHUNK = 6_000
"""Frames that are looked at together: a long call's all at once would take gigabytes."""
_APART = 2
"""Frames between those that are compared."""


def voice_of(spectrum: Spectrum, speech: Spans, noise_dbfs: float | None = None) -> VoiceTrack:
    """How the voices on a channel speak.

    Parameters
    ----------
    spectrum
        Of the channel.
    speech
        Of the channel, without tones and music.
    noise_dbfs
        Level of the channel's pauses, where it is known.
    """
    steps = _FRAME_MS // spectrum.level_hop_ms
    frames = -(-spectrum.level.size // steps)
    stretches = np.array([(s.start_ms // _FRAME_MS, min(-(-s.end_ms // _FRAME_MS), frames)) for s in speech]).reshape(-1, 2)
    # Two stretches may share a frame.
    stretches[1:, 0] = np.maximum(stretches[1:, 0], stretches[:-1, 1])
    stretches = stretches[stretches[:, 1] > stretches[:, 0]]
    level = np.full(frames, SILENCE_DBFS)
    pitch = np.zeros(frames)
    if not stretches.size:
        return VoiceTrack.of(level, pitch)
    spoken = np.concatenate([np.arange(first, end) for first, end in stretches])
    whole = np.pad(spectrum.level, (0, frames * steps - spectrum.level.size), mode="edge").reshape(frames, steps)
    level[spoken] = to_db(whole[spoken].mean(axis=1))
    lengths = stretches[:, 1] - stretches[:, 0]
    heard = [_heard(spectrum, chunk) for chunk in np.split(spoken, range(_CHUNK, spoken.size, _CHUNK))]
    hertz, strength, bands = (np.concatenate(parts) for parts in zip(*heard, strict=True))
    pitch[spoken] = _pitch(hertz, strength, level[spoken], lengths)
    return VoiceTrack.of(
        level,
        pitch,
        _nuclei(spectrum, spoken, pitch),
        _held(bands, level[spoken], pitch[spoken], spoken, lengths),
        _pauses(spectrum, speech, noise_dbfs),
    )


def _heard(
    spectrum: Spectrum, spoken: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of some frames: frequencies and strengths of their likeliest periods, and the power of `_BANDS_HZ` in dB."""
    # A frame at a time of both halves of 10 ms; the last one may lack its second.
    power = spectrum.power[_HOPS * spoken] + spectrum.power[np.minimum(_HOPS * spoken + 1, spectrum.power.shape[0] - 1)]
    edges = [round(hz / BIN_HZ) for hz in _BANDS_HZ]
    bands = to_db(np.add.reduceat(power, edges, axis=1)[:, :-1].astype(np.float64))
    return *_candidates(power), bands


# ── pitch ────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _window_correlation() -> NDArray[np.float32]:
    """Autocorrelation of the spectrum's window, 1 at lag 0."""
    window = np.hanning(SAMPLE_RATE_HZ * WINDOW_MS // 1000 + 2)[1:-1]
    correlation = fft.irfft(np.abs(fft.rfft(window, 2 * FFT_SIZE)) ** 2)
    return np.asarray(correlation / correlation[0], np.float32)


def _pitch(
    hertz: NDArray[np.float64], strength: NDArray[np.float64], level: NDArray[np.float64], lengths: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Pitch of frames of speech in Hz, 0 where unvoiced."""
    loudest = float(np.quantile(level, 0.99))
    relative = 10.0 ** ((level - loudest) / 20)
    unvoiced = _VOICING + np.maximum(0.0, 2 - relative / (_SILENCE / (1 + _VOICING)))
    first = _followed(hertz, strength, unvoiced, lengths)
    voiced = first[first > 0]
    if voiced.size < _FEWEST_FOR_RANGE:
        return first
    low, high = np.quantile(voiced, _RANGE_QUANTILES) * _RANGE
    # Where the first pass kept to the range, the second would find the same.
    of_stretch = np.repeat(np.arange(lengths.size), lengths)
    strayed = np.unique(of_stretch[(first > 0) & ((first < low) | (first > high))])
    if strayed.size:
        again = np.isin(of_stretch, strayed)
        near = np.where((hertz >= low) & (hertz <= high), strength, -np.inf)
        first[again] = _followed(hertz[again], near[again], unvoiced[again], lengths[strayed])
    return first


def _candidates(power: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies and strengths of the likeliest periods of each frame, both (frames, candidates); ``power`` is used up."""
    shortest, longest = int(SAMPLE_RATE_HZ / _HIGHEST_HZ) - 1, int(SAMPLE_RATE_HZ / _LOWEST_HZ) + 2
    power[:, : round(_PITCH_BAND_HZ[0] / BIN_HZ)] = 0
    power[:, round(_PITCH_BAND_HZ[1] / BIN_HZ) :] = 0
    found = fft.irfft(power, FFT_SIZE, axis=1)[:, : longest + 1]
    correlation = found / np.maximum(found[:, :1], 1e-12) / _window_correlation()[: longest + 1]
    before, at, after = (correlation[:, shortest + k : longest - 1 + k] for k in (0, 1, 2))
    lags = np.arange(shortest + 1, longest)
    score = np.where((at > before) & (at >= after), at, -1.0)
    best = np.argpartition(-score, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(power))[:, None]
    y0, y1, y2 = (part[rows, best].astype(np.float64) for part in (before, at, after))
    bend = y0 - 2 * y1 + y2
    shift = np.where(bend < -1e-9, (y0 - y2) / (2 * np.minimum(bend, -1e-9)), 0.0)
    hertz = SAMPLE_RATE_HZ / (lags[best] + np.clip(shift, -0.5, 0.5))
    height = y1 - (y0 - y2) * shift / 4
    strength = np.minimum(height, 1.0) - _OCTAVE * np.log2(_LOWEST_HZ / hertz) - 2 * _OCTAVE
    is_peak = (score[rows, best] > 0) & (hertz >= _LOWEST_HZ) & (hertz <= _HIGHEST_HZ)
    return hertz, np.where(is_peak, strength, -np.inf)


def _followed(
    hertz: NDArray[np.float64], strength: NDArray[np.float64], unvoiced: NDArray[np.float64], lengths: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The best path through the candidates of each stretch, all stretches at once; 0 where it is unvoiced."""
    frames = len(hertz)
    hertz, strength, unvoiced, lengths, kept = _pieces(hertz, strength, unvoiced, lengths)
    scores = np.concatenate([unvoiced[:, None], strength], axis=1)
    octave = np.concatenate([np.zeros((len(hertz), 1)), np.log2(hertz)], axis=1)
    states = scores.shape[1]
    is_voiced = np.arange(states) > 0
    change = _CHANGE * _PER_STEP * (is_voiced[:, None] ^ is_voiced[None, :])
    both = is_voiced[:, None] & is_voiced[None, :]
    if not lengths.size:
        return np.zeros(frames)
    firsts = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    firsts, lengths = firsts[order], lengths[order]
    total = scores[firsts]
    back = np.zeros(scores.shape, np.int8)
    for step in range(1, int(lengths[0])):
        active = int(np.searchsorted(-lengths, -step))  # stretches longer than this
        at = firsts[:active] + step
        jump = np.abs(octave[at - 1][:, :, None] - octave[at][:, None, :])
        ways = total[:active, :, None] - change - np.where(both, _JUMP * _PER_STEP * jump, 0.0)
        back[at] = ways.argmax(axis=1)
        total[:active] = ways.max(axis=1) + scores[at]
    chosen = np.zeros(len(hertz), np.intp)
    state = total.argmax(axis=1)
    for step in range(int(lengths[0]) - 1, -1, -1):
        active = int(np.searchsorted(-lengths, -step))
        at = firsts[:active] + step
        chosen[at] = state[:active]
        state[:active] = back[at, state[:active]]
    path = np.concatenate([np.zeros((len(hertz), 1)), hertz], axis=1)[np.arange(len(hertz)), chosen]
    found = np.zeros(frames)
    found[kept] = path
    return found


def _pieces(
    hertz: NDArray[np.float64], strength: NDArray[np.float64], unvoiced: NDArray[np.float64], lengths: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Stretches cut where the path is unvoiced whatever comes before and after; with the places of the frames kept.

    Voicing a frame saves at most two changes of voicing. Pieces are many and short, so that following all of them at once
    takes few steps. Each keeps a certain frame on either side: its path begins and ends there as it would have passed through.
    """
    certain = unvoiced - strength.max(axis=1) > 2 * _CHANGE * _PER_STEP
    ends = np.cumsum(lengths)
    of_stretch = np.repeat(np.arange(lengths.size), lengths)
    kept, cut = [], []
    for first, end in runs(~certain):
        # A run may go on from one stretch into the next.
        borders = [first, *ends[(ends > first) & (ends < end)].tolist(), end]
        for low, high in pairwise(borders):
            before = low > 0 and of_stretch[low - 1] == of_stretch[low]
            after = high < certain.size and of_stretch[high] == of_stretch[high - 1]
            kept.append(np.arange(low - before, high + after))
            cut.append(high - low + before + after)
    if not kept:
        nothing = np.zeros(0, np.intp)
        return hertz[:0], strength[:0], unvoiced[:0], nothing, nothing
    at = np.concatenate(kept)
    return hertz[at], strength[at], unvoiced[at], np.array(cut), at


# ── syllables and held sounds ────────────────────────────────────────────────


def _nuclei(spectrum: Spectrum, spoken: NDArray[np.intp], pitch: NDArray[np.float64]) -> tuple[int, ...]:
    """Instants of the nuclei of syllables, in ms."""
    low, high = (round(hz / BIN_HZ) for hz in _NUCLEI_HZ)
    level = to_db(spectrum.power[:, low:high].sum(axis=1).astype(np.float64) / spectrum.reference)
    inside = np.zeros(level.size, dtype=bool)
    for hop in range(_HOPS):
        inside[np.minimum(_HOPS * spoken + hop, level.size - 1)] = True
    floor = float(np.quantile(level[inside], 0.99)) - _UNDER_LOUDEST_DB
    heard = np.where(inside, np.maximum(level, floor - _DIP_DB), floor - _DIP_DB)
    peaks, _ = signal.find_peaks(heard, height=floor, prominence=_DIP_DB, distance=_NUCLEI_APART_MS // HOP_MS)
    peaks = peaks[pitch[np.minimum(peaks // _HOPS, pitch.size - 1)] > 0]
    return tuple((peaks * HOP_MS + HOP_MS // 2).tolist())


def _pauses(spectrum: Spectrum, speech: Spans, noise_dbfs: float | None) -> Spans:
    """Silences inside stretches of speech."""
    hop_ms = spectrum.level_hop_ms
    level = to_db(uniform_filter1d(spectrum.level, 3))
    floor = SILENCE_DBFS if noise_dbfs is None else noise_dbfs + _OVER_NOISE_DB
    low = level < np.maximum(maximum_filter1d(level, 2 * 1000 // hop_ms + 1) - _PAUSE_DB, floor)
    quiet = (Span(int(first) * hop_ms, int(end) * hop_ms) for first, end in runs(low))
    inside = intersect(at_least(tuple(quiet), _PAUSE_MS), speech)
    # What reaches the edge of a stretch is its beginning or its end.
    edges = {edge for span in speech for edge in (span.start_ms, span.end_ms)}
    return tuple(span for span in at_least(inside, _PAUSE_MS) if not {span.start_ms, span.end_ms} & edges)


def _held(
    bands: NDArray[np.float64],
    level: NDArray[np.float64],
    pitch: NDArray[np.float64],
    spoken: NDArray[np.intp],
    lengths: NDArray[np.intp],
) -> Spans:
    """Stretches in which a voice stands still."""
    # Only the loud bands say what is heard; those near the noise move by themselves.
    bands = np.maximum(bands, bands.max(axis=1, keepdims=True) - 25)
    semitones = 12 * np.log2(np.maximum(pitch, 1.0))
    same = np.repeat(np.arange(lengths.size), lengths)
    moved = np.abs(bands[_APART:] - bands[:-_APART]).mean(axis=1)
    still = (
        (moved <= _STILL_DB)
        & (np.abs(semitones[_APART:] - semitones[:-_APART]) <= _STILL_ST)
        & (np.abs(level[_APART:] - level[:-_APART]) <= _STILL_LEVEL_DB)
        & (np.minimum(pitch[_APART:], pitch[:-_APART]) > 0)
        & (same[_APART:] == same[:-_APART])
    )
    found = []
    for first, end in runs(still):
        # A comparison that is still vouches for both of its frames.
        first_frame, last_frame = int(spoken[first]), int(spoken[end - 1 + _APART])
        span = Span(first_frame * _FRAME_MS, (last_frame + 1) * _FRAME_MS)
        inside = semitones[first : end + _APART]
        if span.duration_ms >= _HELD_MS and np.ptp(inside) <= _HELD_RANGE_ST:
            found.append(span)
    return tuple(found)
