"""A channel's other sounds and what is left of its speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import music, telephone, tones
from postcall.acoustics import SoundKind
from postcall.audio.line_sounds import line_sounds
from postcall.spans import Span, Spans, total_ms

PER_MS = telephone.PER_MS


def channel(duration_ms: int, **parts: tuple[int, NDArray[np.float64]]) -> NDArray[np.float32]:
    sound = telephone.line_noise(duration_ms * PER_MS, -62.0, np.random.default_rng(7))
    for start_ms, part in parts.values():
        sound[start_ms * PER_MS :][: part.size] += part
    return sound.astype(np.float32)


def test_music_and_rings_are_taken_out_of_speech() -> None:
    song = music.music("song", 8_000, -24.0, np.random.default_rng(2))
    ring = tones.tone((425.0,), 1_000, -18.0)
    samples = channel(24_000, ring=(500, ring), again=(5_500, ring), song=(12_000, song))
    taken: Spans = (Span(480, 1_600), Span(8_000, 10_000), Span(12_100, 19_500))
    found, speech = line_sounds(samples, taken)
    assert [sound.kind for sound in found.sounds if sound.kind is not SoundKind.DROPPED] == [SoundKind.RING] * 2 + [
        SoundKind.MUSIC
    ]
    assert [sound.number for sound in found.sounds if sound.kind is SoundKind.RING] == [0, 1]
    assert speech == (Span(8_000, 10_000),), "the sliver of a ring's edge is its own"
    assert abs(total_ms(found.spans(SoundKind.MUSIC)) - 8_000) < 500


def test_a_single_short_beep_stays_speech() -> None:
    samples = channel(6_000, beep=(2_000, tones.tone((510.0,), 150, -20.0)))
    found, speech = line_sounds(samples, (Span(1_500, 3_000),))
    assert (found.sounds, speech) == ((), (Span(1_500, 3_000),))


def test_an_empty_channel() -> None:
    found, speech = line_sounds(np.zeros(0, np.float32), ())
    assert (found.sounds, speech, found.quality.speech_dbfs) == ((), (), None)
