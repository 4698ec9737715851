import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pyannote.core import Annotation, Segment

from postcall.errors import EngineError, EngineOutOfMemory, SettingsError
from postcall.spans import Span
from postcall.speech import pyannote_engine as engine
from postcall.speech.engines import VoiceTeller, Watched, load_diarizer
from postcall.speech.pyannote_engine import DEMO_FOLDER, PyannoteDiarizer


def two_voices(seconds: int = 12) -> np.ndarray:
    """A low and a high buzz by turns, with pauses."""
    rng, rate = np.random.default_rng(0), 16_000
    at = np.arange(seconds * rate) / rate
    turn = (at // 2).astype(int) % 2
    hz = np.where(turn == 0, 110.0, 220.0) * (1 + 0.05 * np.sin(2 * np.pi * 3 * at))
    buzz = np.sign(np.sin(2 * np.pi * np.cumsum(hz) / rate)) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))
    sound = 0.1 * buzz * (at % 2 < 1.7) + rng.normal(0, 1e-3, at.size)
    return sound.astype(np.float32)


def broken_pipeline(monkeypatch: pytest.MonkeyPatch, error: Exception) -> PyannoteDiarizer:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(engine, "_load", lambda *_: type("Pipeline", (), {"__call__": fail})())
    return PyannoteDiarizer({"model": "demo", "device": "cpu"})


def test_the_demo_pipeline_tells_speakers_and_says_the_same_twice() -> None:
    diarizer = load_diarizer("pyannote", {"model": "demo", "device": "cpu"})
    overlapping, exclusive = diarizer.diarize(two_voices())
    assert (overlapping, exclusive) == diarizer.diarize(two_voices())
    assert (overlapping.exclusive, exclusive.exclusive) == (False, True)
    assert overlapping.source == "pyannote demo"
    assert set(overlapping.by_label) <= {"speaker_0", "speaker_1"}
    spans = sorted(span for spans in exclusive.by_label.values() for span in spans)
    assert spans, "somebody speaks"
    assert all(before.end_ms <= after.start_ms for before, after in itertools.pairwise(spans))
    assert all(0 <= span.start_ms < span.end_ms <= 12_050 for span in spans)


def test_who_watches_hears_how_far_it_is_until_he_stops() -> None:
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    assert isinstance(diarizer, Watched)
    told: list[float] = []
    diarizer.watch(told.append)
    diarizer.diarize(two_voices())
    assert told == sorted(told)
    assert (min(told) >= 0, max(told)) == (True, 1.0)
    before = len(told)
    diarizer.watch(None)
    diarizer.diarize(two_voices())
    assert len(told) == before


def test_silence_and_next_to_nothing_have_no_speakers() -> None:
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    for samples in (0, 100, 1600, 16_000 * 5):
        overlapping, exclusive = diarizer.diarize(np.zeros(samples, np.float32))
        assert overlapping.by_label == exclusive.by_label == {}


def test_number_of_speakers_is_bounded() -> None:
    for least, most in ((1, 1), (2, 2)):
        diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu", "min_speakers": least, "max_speakers": most})
        assert 1 <= len(diarizer.diarize(two_voices())[0].by_label) <= most


def test_speakers_who_sound_the_same_are_one_voice() -> None:
    labels = ["A", "B", "C", "D"]
    voices = np.array([[1.0, 0.0], [0.9, 0.3], [0.0, 1.0], [np.nan, np.nan]])
    same = engine.PyannoteOptions(model="demo", max_speakers=4)
    assert engine._voices(labels, voices, same) == {"A": "A", "B": "A", "C": "C", "D": "D"}
    assert engine._voices(labels, 7 * voices, same) == engine._voices(labels, voices, same), "loudness is no voice"
    apart = dict(zip(labels, labels, strict=True))
    assert engine._voices(labels, voices, same.model_copy(update={"same_voice": 1.0})) == apart
    assert engine._voices(labels, voices, same.model_copy(update={"min_speakers": 4})) == apart
    assert engine._voices(labels, np.zeros((4, 2)), same) == apart, "who spoke too little is like nobody"
    assert engine._voices(labels, None, same) == apart
    everybody = engine._voices(labels, np.ones((4, 2)), same)
    assert set(everybody.values()) == {"A"}


def test_one_voice_that_the_pipeline_cuts_in_two_is_one_speaker(monkeypatch: pytest.MonkeyPatch) -> None:
    told, exclusive = Annotation(), Annotation()
    told[Segment(0, 2)], told[Segment(1, 3)] = "SPEAKER_00", "SPEAKER_01"
    exclusive[Segment(0, 1.5)], exclusive[Segment(1.5, 3)] = "SPEAKER_00", "SPEAKER_01"
    output = SimpleNamespace(
        speaker_diarization=told, exclusive_speaker_diarization=exclusive, speaker_embeddings=np.array([[1.0, 0.1], [1.0, 0.2]])
    )
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    monkeypatch.setattr(PyannoteDiarizer, "_apply", lambda *_: output)
    for timeline in diarizer.diarize(np.zeros(48_000, np.float32)):
        assert timeline.by_label == {"speaker_0": (Span(0, 3000),)}


def test_more_people_than_two_may_be_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    pipeline = engine._load(str(diarizer._folder), "cpu")
    asked = []
    applied = type(pipeline).apply

    def watched(self: object, *args: object, **bounds: object) -> object:
        asked.append((bounds["min_speakers"], bounds["max_speakers"]))
        return applied(self, *args, **bounds)

    monkeypatch.setattr(type(pipeline), "apply", watched)
    diarizer.diarize(two_voices())
    diarizer.diarize(two_voices(), people=3)
    assert asked == [(1, 2), (1, 3)]


def test_usage_data_stay_off_even_when_they_are_asked_for_and_nothing_is_sent(tmp_path: Path) -> None:
    code = (
        "import socket, numpy as np\n"
        "def refuse(*args, **kwargs): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse\n"
        "from postcall.speech.pyannote_engine import PyannoteDiarizer\n"
        "PyannoteDiarizer({'model': 'demo', 'device': 'cpu'}).diarize(np.zeros(32000, np.float32))\n"
        "from pyannote.audio.telemetry.metrics import is_metrics_enabled, provider\n"
        "provider.force_flush()\n"
        "print('enabled' if is_metrics_enabled() else 'off')\n"
    )
    environment = {**os.environ, "PYANNOTE_METRICS_ENABLED": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout.strip()) == (0, "off"), done.stderr
    assert done.stderr == "", "advice to developers is nothing for an analyst"


def test_an_engine_that_would_send_usage_data_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.import_pyannote()
    monkeypatch.setattr("pyannote.audio.telemetry.metrics.is_metrics_enabled", lambda: True)
    with pytest.raises(EngineError, match="would send usage data"):
        engine.import_pyannote()


def test_failures_are_errors_of_the_call_and_hold_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = two_voices(2)
    with pytest.raises(EngineError, match="pyannote failed: ValueError") as error:
        broken_pipeline(monkeypatch, ValueError("here is what was said")).diarize(sound)
    assert "said" not in str(error.value)
    for out in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"), RuntimeError("CUDA out of memory")):
        with pytest.raises(EngineOutOfMemory, match="ran out of memory"):
            broken_pipeline(monkeypatch, out).diarize(sound)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "option 'model'"),
        ({"model": "demo", "min_speaker": 1}, "unknown option 'min_speaker'"),
        ({"model": "demo", "min_speakers": 3, "max_speakers": 2}, "min_speakers is larger"),
        ({"model": "/nowhere/pipeline"}, "no folder '/nowhere/pipeline'"),
        ({"model": "community"}, "no folder 'community'"),
        ({"model": "pyannote/speaker-diarization-community-1"}, "is not on this machine"),
    ],
)
def test_wrong_settings_are_told_before_the_night(
    options: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SettingsError, match=message):
        load_diarizer("pyannote", options)


def test_what_is_missing_says_how_to_get_it() -> None:
    with pytest.raises(SettingsError) as error:
        PyannoteDiarizer({"model": "/nowhere/pipeline"})
    assert error.value.hint is not None
    assert "hf download pyannote/speaker-diarization-community-1" in error.value.hint


def changed(folder: Path, **models: Any) -> Path:
    shutil.copytree(DEMO_FOLDER, folder)
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["pipeline"]["params"].update(models)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def test_an_incomplete_folder_is_told_before_the_night(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match=r"has no config\.yaml"):
        PyannoteDiarizer({"model": str(tmp_path / "empty")})
    (tmp_path / "empty" / "config.yaml").write_text("- nothing", encoding="utf-8")
    with pytest.raises(SettingsError, match="describes no pipeline"):
        PyannoteDiarizer({"model": str(tmp_path / "empty")})
    part = changed(tmp_path / "part")
    shutil.rmtree(part / "embedding")
    with pytest.raises(SettingsError, match="has no embedding"):
        PyannoteDiarizer({"model": str(part)})
    with pytest.raises(SettingsError, match=r"takes segmentation 'pyannote/segmentation-3\.0' from a hub"):
        PyannoteDiarizer({"model": str(changed(tmp_path / "hub", segmentation="pyannote/segmentation-3.0"))})


def test_a_damaged_folder_is_an_error_of_the_engine(tmp_path: Path) -> None:
    damaged = changed(tmp_path / "damaged")
    for file in (damaged / "segmentation").iterdir():
        file.write_bytes(b"nothing")
    with pytest.raises(EngineError, match="the pipeline 'damaged' cannot be loaded"):
        PyannoteDiarizer({"model": str(damaged), "device": "cpu"}).diarize(two_voices(2))


class Brings:
    """Something that runs when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


def test_what_a_checkpoint_brings_along_is_not_run(tmp_path: Path) -> None:
    folder, trace = changed(tmp_path / "brought"), tmp_path / "trace"
    [file] = (folder / "embedding").glob("*.bin")
    checkpoint = torch.load(file, weights_only=False)
    torch.save(checkpoint | {"brought": Brings(trace)}, file)
    with pytest.raises(EngineError, match="'brought' is not loaded: a checkpoint in it holds more than weights"):
        PyannoteDiarizer({"model": str(folder), "device": "cpu"}).diarize(two_voices(2))
    assert not trace.exists()
    torch.load(file, weights_only=False)
    assert trace.exists(), "the test shows nothing unless it would have run"
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    other = changed(tmp_path / "other")
    first = PyannoteDiarizer({"model": "demo"}).revision
    assert PyannoteDiarizer({"model": str(other)}).revision != first, "config.yaml was written anew"
    assert PyannoteDiarizer({"model": "demo"}).revision == first


def test_a_voice_is_a_direction_that_is_the_same_twice() -> None:
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})
    assert isinstance(diarizer, VoiceTeller)
    sound = two_voices(6)
    voice = diarizer.voice(sound)
    assert (voice.ndim, voice.dtype) == (1, np.float32)
    assert float(np.linalg.norm(voice)) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(voice, diarizer.voice(sound))
    low, high = diarizer.voice(sound[: sound.size // 6]), diarizer.voice(sound[-sound.size // 6 :])
    assert float(low @ high) < 0.999, "it depends on the sound"


def test_another_voice_model_makes_other_voices_and_another_segmentation_does_not(tmp_path: Path) -> None:
    folder = changed(tmp_path / "other")
    before = PyannoteDiarizer({"model": str(folder)}).voice_revision
    (folder / "segmentation" / "pytorch_model.bin").write_bytes(b"other")
    assert PyannoteDiarizer({"model": str(folder)}).voice_revision == before
    (folder / "embedding" / "pytorch_model.bin").write_bytes(b"other")
    assert PyannoteDiarizer({"model": str(folder)}).voice_revision != before


def test_a_voice_model_that_fails_or_says_nothing_is_an_error_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    diarizer = PyannoteDiarizer({"model": "demo", "device": "cpu"})

    class Pipeline:
        said: float | Exception = float("nan")

        def _embedding(self, _: object) -> np.ndarray:
            if isinstance(self.said, Exception):
                raise self.said
            return np.full((1, 4), self.said)

    pipeline = Pipeline()
    monkeypatch.setattr(PyannoteDiarizer, "_pipeline", lambda _: pipeline)
    for said, error in ((float("nan"), EngineError), (0.0, EngineError), (MemoryError(), EngineOutOfMemory)):
        pipeline.said = said
        with pytest.raises(error) as raised:
            diarizer.voice(np.zeros(16_000, np.float32))
        assert "pyannote" in str(raised.value)


def test_speakers_are_numbered_as_they_are_first_heard() -> None:
    span = engine.Span
    late, early = [span(500, 900)], [span(0, 400), span(1000, 1200)]
    assert engine._in_order_of_first_words({"SPEAKER_00": late, "SPEAKER_01": early}) == ["SPEAKER_01", "SPEAKER_00"]
