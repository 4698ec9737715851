"""Long sound is listened to in parts: the same is heard, in bounded memory."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from postcall.audio import decode, quality, tones, topology, voice
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.speech import silero
from postcall.speech.listening import Listened, listen
from tests.bad_input.recordings import pcm16, wav

RECORDINGS = Path(__file__).parents[3] / "flows" / "demo" / "recordings"
SMALL = [
    (decode, "_TOGETHER_BYTES", 10_000),
    (quality, "_CHUNK", 7),
    (tones, "_CHUNK", 7),
    (topology, "_BLOCKS_AT_ONCE", 3),
    (voice, "_CHUNK", 7),
    (silero, "_TOGETHER", 1),
]


def heard_in(content: bytes) -> Listened:
    return listen(
        io.BytesIO(content), source="", sha256="", decoding=DecodePolicy(), topology=TopologyPolicy(), speech=SpeechPolicy()
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


@pytest.mark.parametrize("name", ["03-hold-sudden.opus", "06-swearing.flac", "11-bleed.opus", "13-mono.wav"])
def test_parts_of_any_size_sound_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (RECORDINGS / name).read_bytes()
    at_once = heard_in(content)
    for module, constant, value in SMALL:
        monkeypatch.setattr(module, constant, value)
    in_parts = heard_in(content)
    assert in_parts.recording == at_once.recording
    assert in_parts.timeline == at_once.timeline
    assert repr(in_parts.acoustics) == repr(at_once.acoustics)
    for one, other in zip(in_parts.channels, at_once.channels, strict=True):
        assert all(same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))


def test_memory_of_long_sound_is_a_few_times_its_size() -> None:
    rng = np.random.default_rng(5)
    syllables = np.repeat(rng.random((2, 6_000)) ** 3, 1_600, axis=1)
    sound = pcm16((0.2 * syllables * np.sin(np.arange(syllables.shape[1]) * 2 * np.pi * 180 / 8_000)).astype(np.float32))
    content = wav(sound.tobytes())
    heard_in(wav(sound[:80_000].tobytes()))  # models and tables are loaded once
    tracemalloc.start()
    try:
        heard = heard_in(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert heard.recording.duration_ms == 1_200_000
    samples = 2 * 8 * heard.recording.duration_ms * 4
    # The samples, the spectra of one channel (1.6 times as much), and what a part takes, which does not grow.
    assert peak < 3.5 * samples + 150e6
