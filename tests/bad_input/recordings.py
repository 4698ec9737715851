"""Recordings as they should not arrive, made afresh: one file for each thing that goes wrong in real folders.

`make_bad_recordings` fills a folder; `tones`, `wav` and `encoded` make the good recordings the bad ones start from.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

RATE_HZ = 8000

FORMAT_TAGS = {"pcm": 1, "float": 3, "alaw": 6, "mulaw": 7, "gsm": 0x31}


@dataclass(frozen=True, slots=True)
class BadRecording:
    """One file.

    Attributes
    ----------
    name
        Name relative to the folder.
    why
        What is wrong with it.
    code
        Code of the error it must end in; None when it can be used in spite of it.
    stage
        Where that is decided: by its path, or by its bytes.
    """

    name: str
    why: str
    code: str | None
    stage: Literal["storage", "decode"] = "decode"


# ── good recordings ──────────────────────────────────────────────────────────


def tones(seconds: float, rate_hz: int = RATE_HZ, tones_hz: tuple[float, ...] = (440.0, 1000.0)) -> NDArray[np.float64]:
    """One tone per channel at half of full scale, shape (channels, n)."""
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return 0.5 * np.sin(2 * np.pi * np.array(tones_hz)[:, None] * times_s)


def pcm16(samples: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Samples of shape (channels, n) as interleaved 16-bit PCM of shape (n, channels)."""
    return np.ascontiguousarray(np.round(samples * 32767).astype("<i2").T)


def wav(
    data: bytes,
    *,
    rate_hz: int = RATE_HZ,
    channels: int = 2,
    bits: int = 16,
    encoding: str = "pcm",
    data_bytes: int | None = None,
    block_align: int | None = None,
) -> bytes:
    """A WAV around interleaved ``data``; ``data_bytes`` and ``block_align`` are what its header says of it."""
    align = channels * bits // 8 if block_align is None else block_align
    claimed = len(data) if data_bytes is None else data_bytes
    tag = FORMAT_TAGS[encoding]
    head = struct.pack("<IHHIIHH", 16, tag, channels, rate_hz, rate_hz * align & 0xFFFFFFFF, align, bits)
    return (
        b"RIFF" + struct.pack("<I", min(36 + claimed, 0xFFFFFFFF)) + b"WAVEfmt " + head
        + b"data" + struct.pack("<I", claimed) + data
    )  # fmt: skip


def encoded(
    codec: str,
    container: str,
    samples: NDArray[np.floating[Any]],
    rate_hz: int = RATE_HZ,
    options: dict[str, str] | None = None,
) -> bytes:
    """Samples of shape (channels, n) through one of FFmpeg's encoders."""
    layout = "mono" if len(samples) == 1 else "stereo"
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout=layout, options=options or {})
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(pcm16(samples).reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate_hz, 0
        context = stream.codec_context
        fitter = av.AudioResampler(format=context.format, layout=layout, rate=rate_hz, frame_size=context.frame_size or 1024)
        for part in [*fitter.resample(frame), *fitter.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return target.getvalue()


# ── bad recordings ───────────────────────────────────────────────────────────


def make_bad_recordings(folder: Path) -> list[BadRecording]:
    """Fill ``folder`` (and one file beside it, for the link that leads out); well under a second.

    A file without read permission is not among them: root reads it all the same.
    """
    made: list[BadRecording] = []
    for name, why, code, make in _DECODED:
        (folder / name).write_bytes(make())
        made.append(BadRecording(name, why, code))

    with (folder / "twelve-hours.wav").open("wb") as sparse:
        seconds = 12 * 3600
        sparse.write(wav(b"", data_bytes=seconds * RATE_HZ * 4))
        sparse.truncate(44 + seconds * RATE_HZ * 4)
    made.append(BadRecording("twelve-hours.wav", "12 hours of silence: a line left open", "too_long"))

    with (folder / "twelve-hours-streamed.wav").open("wb") as sparse:
        sparse.write(wav(b"", data_bytes=0xFFFFFFFF))
        sparse.truncate(44 + seconds * RATE_HZ * 4)
    made.append(BadRecording("twelve-hours-streamed.wav", "the same from a recorder that left the length open", "too_long"))

    (folder / "directory.wav").mkdir()
    made.append(BadRecording("directory.wav", "a directory named like a recording", "unsafe_path", "storage"))
    outside = folder.parent / f"{folder.name}-outside.wav"
    outside.write_bytes(_call_wav())
    (folder / "link-out.wav").symlink_to(outside)
    made.append(BadRecording("link-out.wav", "a link to a file outside the folder", "unsafe_path", "storage"))
    (folder / "link-dangling.wav").symlink_to(folder / "gone.wav")
    made.append(BadRecording("link-dangling.wav", "a link to nothing", "missing_recording", "storage"))
    return made


def _call() -> NDArray[np.float64]:
    return tones(3.0)


def _call_wav() -> bytes:
    return wav(pcm16(_call()).tobytes())


def _call_mp3() -> bytes:
    return encoded("libmp3lame", "mp3", _call())


def _cut(make: Callable[[], bytes], share: float) -> bytes:
    whole = make()
    return whole[: int(len(whole) * share)]


def _many_channels(channels: int) -> bytes:
    return wav(pcm16(tones(1.0, tones_hz=tuple(300.0 + 100 * c for c in range(channels)))).tobytes(), channels=channels)


def _at_rate(rate_hz: int) -> bytes:
    return wav(pcm16(tones(1.0)).tobytes(), rate_hz=rate_hz)


def _float_wav(value: float, scale: float = 1.0) -> bytes:
    samples = (_call() * scale).astype("<f4")
    samples[1, 4000] = value
    return wav(samples.T.tobytes(), bits=32, encoding="float")


def _random_bytes() -> bytes:
    return np.random.default_rng(7).bytes(40_000)


def _png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" + bytes(8) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _silent_film() -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(stream.encode(None))
    return target.getvalue()


def _two_tracks() -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as output:
        streams = [output.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") for _ in range(2)]
        for stream, channel in zip(streams, pcm16(_call()).T, strict=True):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channel[None]), format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, 0
            output.mux(stream.encode(frame))
    return target.getvalue()


def _tagged_in_cp1251() -> bytes:
    text = "Оператор".encode("cp1251")
    info = b"INFOIART" + struct.pack("<I", len(text)) + text
    return _call_wav() + b"LIST" + struct.pack("<I", len(info)) + info


_TEXT = b"Call recording is not available.\n" * 50
_BROKEN_RIFF = b"RIFF" + struct.pack("<I", 39_992) + b"WAVE"
_SILENT, _FULL = np.zeros((24_000, 2), "<i2"), np.full((24_000, 2), 32_767, "<i2")

_DECODED: list[tuple[str, str, str | None, Callable[[], bytes]]] = [
    # nothing in it
    ("zero-bytes.wav", "no bytes", "empty", bytes),
    ("header-only.wav", "a header and no sample", "empty", lambda: wav(b"")),
    ("header-only-streamed.wav", "a streaming header and no sample", "empty", lambda: wav(b"", data_bytes=0xFFFFFFFF)),
    ("blink.wav", "50 ms", "empty", lambda: wav(pcm16(tones(0.05)).tobytes())),
    # not audio
    ("text.wav", "text named .wav", "undecodable", lambda: _TEXT),
    ("playlist.mp3", "a playlist of other files", "undecodable", lambda: b"#EXTM3U\n#EXTINF:3,\n/etc/hostname\n"),
    ("script.wav", "a list of files to join", "undecodable", lambda: b"ffconcat version 1.0\nfile /etc/hostname\n"),
    ("picture.mp3", "a PNG", "undecodable", _png),
    ("document.mp3", "a PDF", "undecodable", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"),
    ("random.wav", "random bytes", "undecodable", _random_bytes),
    ("random-riff.wav", "random bytes behind a RIFF header", "undecodable", lambda: _BROKEN_RIFF + _random_bytes()),
    ("zipped.wav", "a gzip of a recording", "undecodable", lambda: gzip.compress(_call_wav())),
    ("silent-film.mp4", "video without an audio track", "undecodable", _silent_film),
    # cut off, or a lying header
    ("cut-header.wav", "cut off in the header", "undecodable", lambda: _call_wav()[:30]),
    ("cut-header.m4a", "an MP4 without its index", "undecodable", lambda: _cut(lambda: encoded("aac", "mp4", _call()), 0.5)),
    ("cut.wav", "cut off after a third", "duration_mismatch", lambda: _cut(_call_wav, 0.33)),
    ("cut.mp3", "cut off after a half", "duration_mismatch", lambda: _cut(_call_mp3, 0.5)),
    ("cut.flac", "cut off after a half", "duration_mismatch", lambda: _cut(lambda: encoded("flac", "flac", _call()), 0.5)),
    ("claims-more.wav", "the header claims 100 hours", "duration_mismatch",
     lambda: wav(pcm16(_call()).tobytes(), data_bytes=360_000 * 4000)),
    ("claims-less.wav", "the header claims a half of what is there", "duration_mismatch",
     lambda: wav(pcm16(_call()).tobytes(), data_bytes=48_000)),
    # channels and rates
    ("three-channels.wav", "3 channels", "channel_mismatch", lambda: _many_channels(3)),
    ("six-channels.wav", "6 channels", "channel_mismatch", lambda: _many_channels(6)),
    ("two-tracks.mkv", "each party in a track of its own", "channel_mismatch", _two_tracks),
    ("no-channel.wav", "0 channels", "undecodable", lambda: wav(pcm16(_call()).tobytes(), channels=0)),
    ("rate-zero.wav", "0 Hz", "unusable_samples", lambda: _at_rate(0)),
    ("rate-4k.wav", "4 kHz", "unusable_samples", lambda: _at_rate(4000)),
    ("rate-192k.wav", "192 kHz", "unusable_samples", lambda: _at_rate(192_000)),
    # samples
    ("nan.wav", "a sample that is not a number", "unusable_samples", lambda: _float_wav(float("nan"))),
    ("infinite.wav", "an infinite sample", "unusable_samples", lambda: _float_wav(float("-inf"))),
    ("unscaled.wav", "16-bit numbers written as floating point", "unusable_samples", lambda: _float_wav(0, scale=32_768)),
    # odd, and yet sound
    ("all-zero.wav", "no party to be heard", None, lambda: wav(_SILENT.tobytes())),
    ("clipped.wav", "every sample at full scale", None, lambda: wav((_FULL * np.sign(pcm16(_call()))).tobytes())),
    ("offset.wav", "nothing but a DC offset", None, lambda: wav((_FULL // 4).tobytes())),
    ("odd-align.wav", "a block align of 3 for 2 x 16 bits", None,
     lambda: wav(pcm16(_call()).tobytes(), block_align=3)),
    ("odd-end.wav", "a byte short of a whole sample", None, lambda: _call_wav()[:-1]),
    ("streamed.wav", "a length of 0xFFFFFFFF that was never patched", None,
     lambda: wav(pcm16(_call()).tobytes(), data_bytes=0xFFFFFFFF)),
    ("streamed-zero.wav", "a length of 0 that was never patched", None,
     lambda: wav(pcm16(_call()).tobytes(), data_bytes=0)),
    ("really-mp3.wav", "an MP3 named .wav", None, _call_mp3),
    ("really-wav.mp3", "a WAV named .mp3", None, _call_wav),
    ("no-extension", "no extension", None, _call_wav),
    ("cp1251-tag.wav", "a tag in Windows-1251", None, _tagged_in_cp1251),
    # names
    ("control\x07\n.wav", "control characters in the name", None, _call_wav),
    ("звонок № 1.wav", "a Cyrillic name", None, _call_wav),
    ("通话📞.wav", "Chinese and an emoji in the name", None, _call_wav),
    ("trailing spaces.wav   ", "spaces behind the name", None, _call_wav),
    ("-rf;$(x).wav", "a name like a shell command", None, _call_wav),
    ("%2e%2e%2f.wav", "a name like an escaped path", None, _call_wav),
]  # fmt: skip
