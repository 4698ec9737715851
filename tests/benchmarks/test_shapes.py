"""A model of a given shape loads, says as much as it is allowed, and is measured by its windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.shapes import SHAPES, first_windows
from postcall.spans import Span
from postcall.speech.engines import SpokenChannel
from postcall.speech.faster_whisper_engine import FasterWhisperTranscriber
from postcall.testing.tiny_whisper import Shape, write_tiny_whisper


def spoken(seconds: int) -> SpokenChannel:
    sound = np.random.default_rng(3).normal(0, 0.1, 16_000 * seconds).astype(np.float32)
    return SpokenChannel("channel_0", sound, (Span(0, seconds * 1000),))


@pytest.mark.parametrize("bands", [80, 128])
def test_a_shape_becomes_a_model(tmp_path: Path, bands: int) -> None:
    folder = write_tiny_whisper(tmp_path, shape=Shape(64, 4, 2, 3, bands, fillers=500))
    words = (
        FasterWhisperTranscriber({"model": str(folder), "device": "cpu", "max_new_tokens": 20})
        .transcribe([spoken(5)], "ru")
        .words
    )
    assert len(words) >= 5


def test_larger_shapes_are_larger() -> None:
    sizes = [SHAPES[name].width * SHAPES[name].decoder_layers for name in ("small", "medium", "large-v3")]
    assert sizes == sorted(sizes)


def test_only_as_many_calls_as_have_the_windows() -> None:
    calls = [(spoken(20),), (spoken(40),), (spoken(20),)]
    assert [len(first_windows(calls, windows)) for windows in (1, 2, 3, 4, 99)] == [1, 2, 2, 3, 3]
