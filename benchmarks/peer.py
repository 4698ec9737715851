"""The peer, call-ai-metrics, on the same sound: what it measures, in the words of `benchmarks.accuracy`.

It finds speech by a threshold of energy on each channel, and needs the two parties on two channels. Holds, tones and music are
silence or speech to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from call_ai_metrics import analyze
from numpy.typing import NDArray

from postcall.spans import Span, Spans, gaps, hull, union


@dataclass(frozen=True, slots=True)
class Peer:
    """What the peer finds.

    Attributes
    ----------
    talk
        Of each channel's party, in order of channels.
    interruptions
        Joint speech that it calls an interruption.
    """

    talk: tuple[Spans, ...]
    interruptions: Spans

    @property
    def speech(self) -> Spans:
        """Of anybody."""
        return union(*self.talk)

    @property
    def silence(self) -> Spans:
        """Between the first and the last speech."""
        return gaps(self.speech, hull(self.speech))


def listen(samples: NDArray[np.float32], sample_rate_hz: int) -> Peer:
    """Let the peer measure two channels, shape (2, n)."""
    names = [str(channel) for channel in range(len(samples))]
    report = analyze(samples.T, sample_rate=sample_rate_hz, speakers=names)
    spans = {name: _spans([(s.start_s, s.end_s) for s in report.segments if s.speaker == name]) for name in names}
    return Peer(
        tuple(spans[name] for name in names),
        _spans([(one.time_s, one.time_s + one.overlap_s) for one in report.interruption_events]),
    )


def _spans(pairs: Sequence[tuple[float, float]]) -> Spans:
    return union(Span(round(a * 1000), round(b * 1000)) for a, b in pairs if round(b * 1000) > round(a * 1000))
