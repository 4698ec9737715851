from __future__ import annotations

import io

import numpy as np
import pytest
from scipy.io import wavfile

from benchmarks.bench_calls import hear
from flows.demonstration import BUNDLED
from postcall.acoustics import Acoustics, ChannelSound, Sound, SoundKind
from postcall.audio.decode import DecodePolicy, decode
from postcall.recording import Recording, Topology
from postcall.roles import empty_channel
from postcall.spans import Span
from postcall.timeline import SpeakerTimeline

RATE = 8000
DEMO = BUNDLED / "recordings"
SILENT = ChannelSound()


def recording(dbfs: float, active_share: float) -> Recording:
    evidence = {
        "channel_0_dbfs": -25.0,
        "channel_1_dbfs": dbfs,
        "channel_0_active_share": 0.4,
        "channel_1_active_share": active_share,
    }
    return Recording("a.wav", "0" * 64, "pcm_s16le", "wav", RATE, 2, 60_000, Topology.SEPARATE, evidence)


def kind(dbfs: float, active_share: float, *, sounds: tuple[Sound, ...] = (), second: tuple[Span, ...] = ()) -> str | None:
    timeline = SpeakerTimeline({"channel_0": (Span(0, 9_000),), "channel_1": second}, False, "test")
    acoustics = Acoustics({"channel_0": SILENT, "channel_1": ChannelSound(sounds)})
    found = empty_channel(recording(dbfs, active_share), timeline, acoustics)
    assert found is None or (found.label, found.other) == ("channel_1", "channel_0")
    return found.kind if found is not None else None


def test_nothing_and_steady_noise_are_empty() -> None:
    assert kind(-120.0, 0.0) == "digital_silence"
    assert kind(-62.0, 1.0) == "line_noise"


def test_a_live_line_is_not_empty() -> None:
    assert kind(-62.0, 0.7) is None, "it moves"
    assert kind(-30.0, 1.0) is None, "a loud noise is somebody's room"
    assert kind(-62.0, 1.0, sounds=(Sound(Span(10, 90), SoundKind.KEY),)) is None, "somebody presses a key"
    assert kind(-120.0, 0.0, second=(Span(100, 400),)) is None, "somebody speaks"


def test_dead_stretches_are_no_sound() -> None:
    assert kind(-120.0, 0.0, sounds=(Sound(Span(0, 60_000), SoundKind.MUTE),)) == "digital_silence"


@pytest.mark.parametrize(("second", "expected"), [("zero", "digital_silence"), ("hiss", "line_noise"), ("breath", None)])
def test_as_recordings_have_it(second: str, expected: str | None) -> None:
    spoken = decode(io.BytesIO((DEMO / "13-mono.wav").read_bytes()), DecodePolicy())
    rng = np.random.default_rng(3)
    at = np.arange(spoken.samples.shape[1]) / spoken.sample_rate_hz
    hiss = rng.normal(0, 6e-4, at.size)
    breath = hiss + rng.normal(0, 8e-3, at.size) * (at % 4 < 0.6)
    other = {"zero": np.zeros(at.size), "hiss": hiss, "breath": breath}[second]
    file = io.BytesIO()
    both = np.stack([spoken.samples[0], other], axis=1)
    wavfile.write(file, spoken.sample_rate_hz, (both * 32767).astype(np.int16))
    heard = hear(file.getvalue())
    found = empty_channel(heard.recording, heard.timeline, heard.acoustics)
    assert (found.kind if found is not None else None) == expected
