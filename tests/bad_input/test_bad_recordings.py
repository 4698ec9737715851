"""No recording, however broken, brings down the night: each ends in its own error, or in usable sound."""

from __future__ import annotations

import io
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postcall.audio.decode import DecodePolicy, Sound, decode
from postcall.errors import PostCallError, RecordingError
from tests.bad_input.recordings import BadRecording, encoded, make_bad_recordings, pcm16, tones, wav


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, BadRecording]]:
    folder = tmp_path_factory.mktemp("bad-recordings")
    return folder, {bad.name: bad for bad in make_bad_recordings(folder)}


def _names() -> list[str]:
    with TemporaryDirectory() as parent:
        folder = Path(parent) / "bad"
        folder.mkdir()
        return [bad.name for bad in make_bad_recordings(folder) if bad.stage == "decode"]


@pytest.mark.parametrize("name", _names())
def test_ends_in_its_own_error(folder: tuple[Path, dict[str, BadRecording]], name: str) -> None:
    path, bad = folder[0] / name, folder[1][name]
    with path.open("rb") as source:
        if bad.code is None:
            sound = decode(source, DecodePolicy())
            assert abs(sound.duration_ms - 3000) <= 5, bad.why
            assert sound.samples.shape[0] == 2
            return
        with pytest.raises(RecordingError) as caught:
            decode(source, DecodePolicy())
    error = caught.value
    assert error.code == bad.code, bad.why
    assert error.hint or error.code == "empty"
    assert error.__cause__ is None or name not in str(error.__cause__)
    for part in (str(folder[0]), name):
        assert part not in str(error)


def test_there_are_many_kinds(folder: tuple[Path, dict[str, BadRecording]]) -> None:
    made = folder[1].values()
    assert len(made) >= 40
    assert {bad.stage for bad in made} == {"storage", "decode"}
    assert {bad.code for bad in made} >= {
        "empty", "undecodable", "channel_mismatch", "duration_mismatch", "too_long", "unusable_samples", None,
        "unsafe_path", "missing_recording",
    }  # fmt: skip


# ── damage nobody thought of ─────────────────────────────────────────────────

FORMATS = ("wav", "float", "mp3", "flac", "opus", "vorbis", "m4a", "matroska", "alaw", "adpcm")


@cache
def _valid(name: str) -> bytes:
    call = tones(1.0)
    match name:
        case "wav":
            return wav(pcm16(call).tobytes())
        case "float":
            return wav(call.astype("<f4").T.tobytes(), bits=32, encoding="float")
        case "mp3":
            return encoded("libmp3lame", "mp3", call)
        case "opus":
            return encoded("libopus", "ogg", tones(1.0, 48_000), 48_000)
        case "vorbis":
            return encoded("vorbis", "ogg", call, options={"strict": "experimental"})
        case "m4a":
            return encoded("aac", "mp4", call)
        case "matroska":
            return encoded("pcm_s16le", "matroska", call)
        case "alaw":
            return encoded("pcm_alaw", "wav", call)
        case "adpcm":
            return encoded("adpcm_ima_wav", "wav", call)
    return encoded("flac", "flac", call)


@st.composite
def _damage(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(FORMATS))
    data = bytearray(_valid(name))
    # Headers are where parsers break, so half of the hits go there.
    where = st.one_of(st.integers(0, min(200, len(data) - 1)), st.integers(0, len(data) - 1))
    for position in draw(st.lists(where, max_size=12)):
        data[position] = draw(st.integers(0, 255))
    start, stop = sorted((draw(where), draw(where)))
    match draw(st.sampled_from(("keep", "cut the end", "cut out", "double", "zero"))):
        case "cut the end":
            del data[stop:]
        case "cut out":
            del data[start:stop]
        case "double":
            data[start:start] = data[start:stop]
        case "zero":
            data[start:stop] = bytes(stop - start)
    return name, bytes(data)


def _assert_sound_or_error(data: bytes, policy: DecodePolicy) -> None:
    try:
        sound = decode(io.BytesIO(data), policy)
    except RecordingError as error:
        assert error.message
    else:
        assert isinstance(sound, Sound)
        assert sound.samples.shape[0] in (1, 2)
        assert sound.samples.dtype == np.float32
        assert np.all(np.abs(sound.samples) <= 1)  # false for NaN
        assert sound.duration_ms >= policy.min_ms
        assert 8000 <= sound.sample_rate_hz <= 48_000


@settings(max_examples=600, deadline=timedelta(seconds=10), suppress_health_check=[HealthCheck.too_slow])
@given(damaged=_damage())
def test_damage_ends_in_sound_or_an_error(damaged: tuple[str, bytes]) -> None:
    _assert_sound_or_error(damaged[1], DecodePolicy())


@settings(max_examples=200, deadline=timedelta(seconds=10))
@given(
    start=st.sampled_from(
        (b"", b"RIFF\x00\x10\x00\x00WAVE", b"OggS\0\2", b"fLaC\0\0\0\x22", b"ID3\4\0", b"\xff\xfb\x90", b"\0\0\0 ftypM4A ")
    ),
    rest=st.binary(max_size=2000),
)
def test_noise_ends_in_sound_or_an_error(start: bytes, rest: bytes) -> None:
    _assert_sound_or_error(start + rest, DecodePolicy(min_ms=1))


def test_a_file_of_chunk_headers_ends_quickly() -> None:
    """Half a million chunks of no length must not be walked one by one."""
    data = b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 500_000
    with pytest.raises(PostCallError):
        decode(io.BytesIO(data), DecodePolicy())
