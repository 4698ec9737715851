"""Engine outputs by content address: what is kept comes back the same, and what is damaged is made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.acoustics import Acoustics, ChannelSound, Quality, Sound, SoundKind, VoiceTrack
from postcall.errors import StorageError
from postcall.recording import Recording, Topology
from postcall.spans import Span
from postcall.timeline import SpeakerTimeline
from postcall.transcript import Transcript, Word
from storage.artifacts import Artifacts, digest

SHA = "ab" * 32
RECORDING = Recording("a/b.wav", SHA, "pcm_alaw", "wav", 8000, 2, 61_000, Topology.SEPARATE, {"correlation": 0.01})
ACOUSTICS = Acoustics(
    {
        "channel_0": ChannelSound(
            (Sound(Span(0, 350), SoundKind.BUSY, 1, (480.0, 620.5)), Sound(Span(400, 900), SoundKind.MUSIC)),
            Quality(-24.5, -60.0, 0.001, 2, 3400, is_gated=True),
            VoiceTrack(bytes([0, 7, 255]), bytes([0, 0, 84]), (15, 215, 425), (Span(20, 260),), (Span(300, 420),)),
        ),
        "channel_1": ChannelSound(),
    }
)
TIMELINE = SpeakerTimeline({"channel_0": (Span(0, 900), Span(1000, 1001)), "channel_1": ()}, False, "channels")
TRANSCRIPT = Transcript(
    words=(Word(Span(5, 700), "алло", 0.93, "channel_0"), Word(Span(700, 900), "喂", None, None)),
    language="ru",
    engine="an engine",
    options={"beam_size": 5, "language": None, "is_fast": True, "t": 0.5},
    words_clipped=1,
    words_dropped=2,
    marks_ignored=3,
    speech_without_words_ms=400,
)


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path)


def _files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


def test_what_is_kept_comes_back_the_same(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    artifacts.put_transcript(SHA, "k", TRANSCRIPT)
    again = Artifacts(tmp_path)
    assert again.sound(SHA, "k") == (RECORDING, TIMELINE, ACOUSTICS)
    assert again.transcript(SHA, "k") == TRANSCRIPT


def test_other_keys_and_other_recordings_are_others(artifacts: Artifacts) -> None:
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    assert artifacts.sound(SHA, "other") is None
    assert artifacts.sound("cd" * 32, "k") is None
    assert artifacts.transcript(SHA, "k") is None


def test_a_recording_is_one_folder(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    artifacts.put_sound("l", RECORDING, TIMELINE, ACOUSTICS)
    artifacts.put_transcript(SHA, "k", TRANSCRIPT)
    assert {path.parent for path in _files(tmp_path)} == {tmp_path / "artifacts" / "ab" / SHA}
    assert sorted(path.name for path in _files(tmp_path)) == ["sound-k.json", "sound-l.json", "transcript-k.json"]


def test_kept_again_is_the_same_file(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    before = [path.read_bytes() for path in _files(tmp_path)]
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    assert [path.read_bytes() for path in _files(tmp_path)] == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b"\xff\xfe\x00",
        b"{}",
        b'{"format": 2}',
        b'{"format": 0, "recording": {}}',
        b'{"format": 2, "recording": {"source": "a"}, "timeline": {}, "words": [[1]]}',
        b'{"format": 2, "recording": [], "timeline": null, "words": null, "options": 3}',
    ],
)
def test_what_is_damaged_is_made_again(artifacts: Artifacts, tmp_path: Path, content: bytes) -> None:
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    artifacts.put_transcript(SHA, "k", TRANSCRIPT)
    for path in _files(tmp_path):
        path.write_bytes(content)
    assert artifacts.sound(SHA, "k") is None
    assert artifacts.transcript(SHA, "k") is None
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    assert artifacts.sound(SHA, "k") == (RECORDING, TIMELINE, ACOUSTICS)


@given(cut=st.integers(min_value=0), values=st.lists(st.integers(0, 255), max_size=3), at=st.integers(min_value=0))
def test_no_damage_raises(tmp_path_factory: pytest.TempPathFactory, cut: int, values: list[int], at: int) -> None:
    tmp_path = tmp_path_factory.mktemp("damaged")
    artifacts = Artifacts(tmp_path)
    artifacts.put_transcript(SHA, "k", TRANSCRIPT)
    [path] = _files(tmp_path)
    content = bytearray(path.read_bytes())
    for number, value in enumerate(values):
        content[(at + number * 7) % len(content)] = value
    path.write_bytes(content[: cut % (len(content) + 1)] if cut % 2 else content)
    found = artifacts.transcript(SHA, "k")
    assert found is None or isinstance(found, Transcript)


def test_an_artifact_of_a_newer_program_is_left_aside(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    [path] = _files(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "recording": {**content["recording"], "loudness": 1}}), encoding="utf-8")
    assert artifacts.sound(SHA, "k") is None


def test_a_store_that_cannot_be_written_is_told(artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file in the folder's place")
    with pytest.raises(StorageError, match="cannot write to the store"):
        artifacts.put_sound("k", RECORDING, TIMELINE, ACOUSTICS)
    assert artifacts.sound(SHA, "k") is None


def test_a_digest_is_of_content_and_not_of_order() -> None:
    assert digest("a", {"x": 1, "y": 2}) == digest("a", {"y": 2, "x": 1})
    assert digest("a", "b") != digest("ab")
    assert digest("a", None) != digest("a")
    assert len(digest()) == 16
