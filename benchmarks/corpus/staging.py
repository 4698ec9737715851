"""Makes spoken utterances ready for the line, so that every word and pause of a call is known to the millisecond. Pure.

Definitions
-----------
speech span
    Where an utterance, levelled and band-limited, is above -50 dBFS in a 10 ms window; gaps up to 300 ms are closed. Outside
    its spans the utterance is silenced, so the truth is exact and not an opinion of a detector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.corpus import telephone
from benchmarks.corpus.telephone import PER_MS, Sound
from benchmarks.corpus.voices import Speech, Voice
from postcall.spans import Span, Spans, at_least, bridge, clip, hull

_ACTIVE_DBFS = -50.0
_WINDOW_MS = 10
_LEVEL_RANGE_DB = 25.0
_PAUSE_MS = 300
_CLICK_MS = 30
_CUT_MS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance ready for the line; times from its first audible millisecond."""

    sound: Sound
    spans: Spans
    words: tuple[tuple[str, Span], ...]

    @property
    def duration_ms(self) -> int:
        """From the first to the last audible millisecond."""
        return len(self.sound) // PER_MS


def moved(span: Span, by_ms: int) -> Span:
    """The span, so much later."""
    return Span(span.start_ms + by_ms, span.end_ms + by_ms)


def prepare(speech: Speech, voice: Voice) -> Line:
    """Level, band-limit and trim an utterance.

    Raises
    ------
    RuntimeError
        An utterance without sound.
    """
    sound = telephone.band_limit(telephone.to_line_rate(speech.sound, speech.rate_hz, voice.scale))
    per_ms = speech.rate_hz * voice.scale / 1000
    words = [(text, round(start / per_ms), round(end / per_ms)) for text, start, end in speech.words]
    sound = np.pad(sound, (0, -len(sound) % (_WINDOW_MS * PER_MS)))
    power = (sound**2).reshape(-1, _WINDOW_MS * PER_MS).mean(axis=1)
    is_loud = power > power.max() * telephone.gain(-_LEVEL_RANGE_DB) ** 2  # pauses do not count for the level
    sound = sound * (telephone.gain(voice.level_dbfs) / np.sqrt(power[is_loud].mean()))
    active = _active(sound)
    spans = bridge(at_least(_runs(active), _CLICK_MS), _PAUSE_MS)
    audible = hull(spans)
    if audible is None:
        raise RuntimeError("an utterance without sound")
    kept = [(text, _audible(Span(start, max(end, start + 1)), active, spans)) for text, start, end in words]
    trimmed = _gated(sound, spans)[audible.start_ms * PER_MS : audible.end_ms * PER_MS]
    back = -audible.start_ms
    return Line(trimmed, tuple(moved(s, back) for s in spans), tuple((text, moved(s, back)) for text, s in kept))


def _active(sound: Sound) -> npt.NDArray[np.bool_]:
    """Whether each ms is audible, shape ``(ms,)``."""
    power = np.convolve((sound**2).reshape(-1, PER_MS).mean(axis=1), np.full(_WINDOW_MS, 1 / _WINDOW_MS), mode="same")
    return power > telephone.gain(_ACTIVE_DBFS) ** 2


def _runs(active: npt.NDArray[np.bool_]) -> Spans:
    edges = np.flatnonzero(np.diff(np.pad(active.astype(np.int8), 1)))
    return tuple(Span(int(start), int(end)) for start, end in edges.reshape(-1, 2))


def _audible(word: Span, active: npt.NDArray[np.bool_], spans: Spans) -> Span:
    """The audible part of a word; a word too soft to be heard (a voiceless preposition) gets the speech nearest to it."""
    sounding = np.flatnonzero(active[word.start_ms : word.end_ms])
    if len(sounding):
        inside = clip(spans, Span(word.start_ms + int(sounding[0]), word.start_ms + int(sounding[-1]) + 1))
        if inside:
            return max(inside, key=lambda span: span.duration_ms)
    nearest = min(spans, key=lambda span: max(span.start_ms - word.start_ms, word.start_ms - span.end_ms))
    start_ms = min(max(word.start_ms, nearest.start_ms), nearest.end_ms - _WINDOW_MS)
    return Span(start_ms, start_ms + _WINDOW_MS)


def _gated(sound: Sound, spans: Spans) -> Sound:
    gated = np.zeros_like(sound)
    for span in spans:
        part = slice(span.start_ms * PER_MS, span.end_ms * PER_MS)
        gated[part] = telephone.fade(sound[part], 2)
    return gated


def cut(line: Line, words: int) -> Line:
    """The line, broken off after so many words."""
    end_ms = max(span.end_ms for _, span in line.words[:words])
    return Line(telephone.fade(line.sound[: end_ms * PER_MS], _CUT_MS), clip(line.spans, Span(0, end_ms)), line.words[:words])
