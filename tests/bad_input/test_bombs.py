"""Recordings that unfold into hours, or say that they do: refused within a bounded size, whatever their headers claim."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.audio.stream import AudioStream

import flows.listen
from flows.night import plainly, run_night
from flows.settings import load_settings
from storage.tables import Tables
from tests.bad_input.recordings import pcm16, tones, wav
from tests.flows.small_nights import MARKER, day, make_centre

ROOT = Path(__file__).parents[2]

MAX_HOURS = 0.02
"""Policy of these tests: 72 s, of which 16-bit samples at 48 kHz in two channels take 14 MB, and their float32 28 MB."""

MOST_MIB = 100
"""Most that decoding any of them may add to the process: twice the samples of the policy, and what FFmpeg needs itself."""

_DECODE = """
import json, resource, sys
from postcall.audio.decode import DecodePolicy, decode
from postcall.errors import RecordingError
import flows.listen
from flows.night import plainly, run_night
from flows.settings import load_settings
from storage.tables import Tables
from tests.bad_input.recordings import pcm16, tones, wav
import io
decode(io.BytesIO(wav(pcm16(tones(1.0)).tobytes())), DecodePolicy())  # what is loaded with the first one
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    with open(sys.argv[1], "rb") as source:
        decode(source, DecodePolicy(max_hours=float(sys.argv[2])))
    code = None
except RecordingError as error:
    code = error.code
print(json.dumps([code, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024]))
"""


def _silence(codec: str, container: str, minutes: float, rate_hz: int) -> bytes:
    """Two channels of nothing, which codecs fold to almost nothing."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="stereo")
        assert isinstance(stream, AudioStream)
        context = stream.codec_context
        frame = av.AudioFrame(format=context.format.name, layout="stereo", samples=context.frame_size or 1024)
        frame.sample_rate = rate_hz
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(round(minutes * 60 * rate_hz / frame.samples)):
            frame.pts = number * frame.samples
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def _flac(samples: int | None, minutes: float = 20) -> bytes:
    """A FLAC whose STREAMINFO tells a count of samples, None for "not known"."""
    data = bytearray(_silence("flac", "flac", minutes, 8000))
    data[21] &= 0xF0  # the upper 4 of its 36 bits
    data[22:26] = struct.pack(">I", samples or 0)
    return bytes(data)


def _mp3_without_length() -> bytes:
    return _silence("libmp3lame", "mp3", 10, 8000).replace(b"Info", b"....").replace(b"Xing", b"....")


def _opus_that_says_a_second() -> bytes:
    """Every page's clock but the first's is set back, so that no length can be read from the last one."""
    data = bytearray(_silence("libopus", "ogg", 10, 48_000))
    last = data.rfind(b"OggS")
    data[last + 6 : last + 14] = struct.pack("<q", 48_000)
    return bytes(data)


def _tag_of(length: int) -> bytes:
    """An ID3 tag that claims a length, before an MP3."""
    size = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + _silence("libmp3lame", "mp3", 0.1, 8000)


def _picture_of(length: int) -> bytes:
    """A FLAC whose first metadata block claims a picture of a length."""
    data = _silence("flac", "flac", 0.1, 8000)
    return data[:4] + bytes([6]) + length.to_bytes(3, "big") + data[4:]


def _mp4_of(count: int) -> bytes:
    """An MP4 whose tables claim a count of samples."""
    data = bytearray(_silence("aac", "mp4", 0.1, 8000))
    for table, offset in ((b"stsz", 12), (b"stts", 8), (b"stco", 8)):
        place = data.find(table)
        data[place + offset : place + offset + 4] = struct.pack(">I", count)
    return bytes(data)


def _call() -> bytes:
    return pcm16(tones(2.0)).tobytes()


BOMBS: dict[str, tuple[Callable[[], bytes], tuple[str | None, ...]]] = {
    "flac that says its 20 minutes": (lambda: _silence("flac", "flac", 20, 8000), ("too_long",)),
    "flac that says nothing": (lambda: _flac(None), ("too_long",)),
    "flac that says 10 s": (lambda: _flac(80_000), ("too_long",)),
    "flac of 2 s that says 12 days": (lambda: _flac(0xFFFFFFFF, 2 / 60), ("too_long",)),
    "mp3 that says its 10 minutes": (lambda: _silence("libmp3lame", "mp3", 10, 8000), ("too_long",)),
    "mp3 that says nothing": (_mp3_without_length, ("too_long",)),
    "opus that says its 10 minutes": (lambda: _silence("libopus", "ogg", 10, 48_000), ("too_long",)),
    "opus that says a second": (_opus_that_says_a_second, ("too_long",)),
    "wav of 2 s that says 18 hours": (lambda: wav(_call(), data_bytes=0x7FFE0000), ("duration_mismatch", "too_long")),
    "wav of 2 s with blocks of 64 KiB": (lambda: wav(_call(), block_align=0xFFFF), (None, "undecodable", "duration_mismatch")),
    "wav at 4 GHz": (lambda: wav(_call(), rate_hz=0xFFFFFFFF), ("undecodable", "unusable_samples")),
    "wav of 65535 channels": (lambda: wav(_call(), channels=0xFFFF, block_align=4), ("undecodable", "channel_mismatch")),
    "mp3 with a tag of 256 MiB": (lambda: _tag_of(0x0FFFFFFF), ("undecodable", "empty", None)),
    "flac with a picture of 16 MiB": (lambda: _picture_of(0xFFFFFF), ("undecodable", "empty", None)),
    "mp4 with 2,147,483,647 samples": (lambda: _mp4_of(0x7FFFFFFF), ("undecodable", "too_long", "duration_mismatch", None)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_it_is_refused_within_a_bounded_size(name: str, tmp_path: Path) -> None:
    make, codes = BOMBS[name]
    file = tmp_path / "recording"
    file.write_bytes(make())
    assert file.stat().st_size < 4 * 2**20, "small, or it would be no bomb"
    command = [sys.executable, "-c", _DECODE, str(file), str(MAX_HOURS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-500:]
    code, grown_mib = json.loads(done.stdout)
    assert code in codes
    assert grown_mib < MOST_MIB


def test_a_transcript_that_is_none_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    centre = make_centre(tmp_path / "centre", days=1)
    transcript = centre.folder / "recordings" / day(0).isoformat() / f"{MARKER}-0-0.ctm"
    transcript.write_text(f"x 1 0.0 0.5 {MARKER}\n" * 100)
    monkeypatch.setattr(flows.listen, "MAX_BYTES", 1 << 10)
    report = run_night(day(0), load_settings(centre.settings_file), step=plainly)
    assert (report.calls, report.recordings) == (2, 2), "the call goes on without words"
    [failure] = Tables(centre.store).read("run_failure").to_pylist()
    assert (failure["stage"], failure["code"], failure["call_id"]) == ("transcript", "transcript", "c-0-0")
    assert "larger than" in failure["message"]
