"""Speech packed into the recogniser's windows, so that silence costs nothing. Pure.

Conventions
-----------
A recogniser of the Whisper family pays for every 30 s window alike, however little is said in it. Speech of one channel is
laid out in windows of at most 30 s; channels never share a window. Everything is in whole ms, 16 samples each, so window time
maps back to recording time exactly.

::

    speech      ##   ###              #####
    pieces     ==========            =======        with a little real sound round them; near ones in one piece
    window     ==========..=======                  joined by a short silence

Definition
----------
piece
    A stretch of the recording inside a window. Speech nearer than two contexts and a join is one piece: real sound costs no
    more there than the join would.
split
    Speech that does not fit a window is cut at the quietest point of the window's last third (mean power over 100 ms).

Edge cases
----------
No speech: no window. The ms that the last sample lies in is filled up with zeros; speech after it is not looked at.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postcall.spans import Span, Spans, bridge, clip, whole
from postcall.speech.engines import SAMPLES_PER_MS, SpokenChannel

WINDOW_MS = 30_000
"""What the recogniser hears at once."""

CONTEXT_MS = 150
"""Real sound kept before and after speech: a first consonant is often under the threshold of the speech detector."""

JOIN_MS = 300
"""Silence between two pieces, enough to keep their words apart."""

FRAME_MS = 10
SMOOTHING_FRAMES = 10
"""Frames over which power is averaged to find a quiet point."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the recording at ``at_ms`` of its window."""

    span: Span
    at_ms: int

    @property
    def until_ms(self) -> int:
        """Where it ends in its window."""
        return self.at_ms + self.span.duration_ms


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of one channel that the recogniser hears together.

    Attributes
    ----------
    channel
        Index of the channel.
    pieces
        In order of time, at least one.
    """

    channel: int
    pieces: tuple[Piece, ...]

    @property
    def duration_ms(self) -> int:
        """Length, at most `WINDOW_MS`."""
        return self.pieces[-1].until_ms

    def render(self, samples_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sound of the window, cut out of its channel's."""
        sound = np.zeros(self.duration_ms * SAMPLES_PER_MS, np.float32)
        for piece in self.pieces:
            cut = samples_16k[piece.span.start_ms * SAMPLES_PER_MS : piece.span.end_ms * SAMPLES_PER_MS]
            at = piece.at_ms * SAMPLES_PER_MS
            sound[at : at + cut.size] = cut
        return sound

    def place(self, start_ms: int, end_ms: int) -> Span:
        """Where a word of the window lies in the recording.

        Parameters
        ----------
        start_ms, end_ms
            In window time. A word that reaches over a join goes to the piece with most of it, the earlier when equal; one
            wholly outside the pieces goes to the edge of the nearest. Never empty: at least 1 ms.
        """
        first = max(bisect_right(self.pieces, start_ms, key=lambda piece: piece.at_ms) - 1, 0)
        last = max(bisect_right(self.pieces, max(end_ms - 1, start_ms), key=lambda piece: piece.at_ms), first + 1)
        candidates = self.pieces[first : last + 1]
        piece = max(candidates, key=lambda p: min(end_ms, p.until_ms) - max(start_ms, p.at_ms))
        shift_ms = piece.span.start_ms - piece.at_ms
        start = min(max(start_ms + shift_ms, piece.span.start_ms), piece.span.end_ms - 1)
        return Span(start, min(max(end_ms + shift_ms, start + 1), piece.span.end_ms))


def pack(channels: Sequence[SpokenChannel]) -> tuple[Window, ...]:
    """Lay the speech of all channels out in windows, channel by channel in order of time.

    Every ms of speech is in exactly one piece of its channel.
    """
    return tuple(window for index, channel in enumerate(channels) for window in _windows(index, list(_cuts(channel))))


def _windows(channel: int, cuts: Sequence[Span]) -> Iterator[Window]:
    pieces: list[Piece] = []
    for cut in cuts:
        at_ms = pieces[-1].until_ms + JOIN_MS if pieces else 0
        if pieces and at_ms + cut.duration_ms > WINDOW_MS:
            yield Window(channel, tuple(pieces))
            pieces, at_ms = [], 0
        pieces.append(Piece(cut, at_ms))
    if pieces:
        yield Window(channel, tuple(pieces))


def _cuts(channel: SpokenChannel) -> Iterator[Span]:
    """Stretches to recognise, in order, disjoint, none longer than a window."""
    for span in _with_context(channel):
        start_ms = span.start_ms
        while span.end_ms - start_ms > WINDOW_MS:
            cut_ms = _quietest_ms(channel.samples_16k, start_ms + WINDOW_MS * 2 // 3, start_ms + WINDOW_MS)
            yield Span(start_ms, cut_ms)
            start_ms = cut_ms
        yield Span(start_ms, span.end_ms)


def _with_context(channel: SpokenChannel) -> Spans:
    sound = whole(-(-channel.samples_16k.size // SAMPLES_PER_MS))
    near = bridge(channel.speech, 2 * CONTEXT_MS + JOIN_MS)
    return clip(tuple(Span(span.start_ms - CONTEXT_MS, span.end_ms + CONTEXT_MS) for span in near), sound)


def _quietest_ms(samples_16k: NDArray[np.float32], from_ms: int, to_ms: int) -> int:
    """Middle of the quietest 100 ms in ``[from_ms, to_ms)``; the latest of equally quiet ones."""
    frame = FRAME_MS * SAMPLES_PER_MS
    sound = samples_16k[from_ms * SAMPLES_PER_MS : to_ms * SAMPLES_PER_MS]
    sound = sound[: sound.size // frame * frame].astype(np.float64)
    power = np.square(sound).reshape(-1, frame).mean(axis=1)
    smooth = np.convolve(power, np.full(SMOOTHING_FRAMES, 1 / SMOOTHING_FRAMES), mode="valid")
    quietest = smooth.size - 1 - int(np.argmin(smooth[::-1]))
    return from_ms + (quietest + SMOOTHING_FRAMES // 2) * FRAME_MS
