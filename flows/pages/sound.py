"""The sound of a call page: what was measured, in a form that browsers play to the millisecond, and its outline.

Conventions
-----------
A page's sound is written from the samples that the night measured, never copied: GSM, G.711 and AMR play nowhere or not
everywhere, browsers seek in MP3 and AAC by guessing, and packets that could not be decoded are left out of the measures. So a
click lands where the tables say. More than `PAGE_RATE_HZ` holds nothing more of a voice on the telephone and is brought down
to it; two channels with the same sound are written as one.

Definition
----------
The outline of a channel is the largest magnitude in each of at most `MAX_BINS` equal stretches of at least `MIN_BIN_MS`, one
byte each, on a scale on which the channels of a call share the full height (its square root, so that quiet speech shows).
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from flows.pages.settings import AudioFormat
from postcall.audio.covering import covered
from postcall.audio.decode import DecodePolicy, decode, resample
from postcall.spans import Span

PAGE_RATE_HZ = 16_000
MIN_BIN_MS = 10
MAX_BINS = 60_000
OPUS_BITS_PER_S = 24_000
"""Of one channel."""

MEDIA_TYPES: dict[AudioFormat, str] = {"flac": "audio/flac", "opus": "audio/ogg", "wav": "audio/wav"}
SUFFIXES: dict[AudioFormat, str] = {"flac": ".flac", "opus": ".opus", "wav": ".wav"}

_CODECS: dict[AudioFormat, tuple[str, str]] = {
    "flac": ("flac", "flac"),
    "opus": ("ogg", "libopus"),
    "wav": ("wav", "pcm_s16le"),
}
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class PageSound:
    """Sound for a page.

    Attributes
    ----------
    audio
        The encoded file.
    audio_format
        Of ``audio``.
    outlines
        A byte for each bin, of each channel written.
    bin_ms
        Length of a bin.
    duration_ms
        Of the sound.
    """

    audio: bytes = field(repr=False)
    audio_format: AudioFormat
    outlines: tuple[bytes, ...] = field(repr=False)
    bin_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Cover:
    """A tone of ``level_dbfs`` over ``spans``."""

    spans: tuple[Span, ...]
    level_dbfs: float


def page_sound(
    source: BinaryIO,
    audio_format: AudioFormat,
    *,
    is_same_on_both: bool,
    decoding: DecodePolicy,
    cover: Cover | None = None,
) -> PageSound:
    """Decode a recording and make a page's sound of it.

    Parameters
    ----------
    source
        The recording.
    audio_format
        To write.
    is_same_on_both
        Whether both channels carry the same sound.
    decoding
        What the night decoded by.
    cover
        A tone in place of parts of it; None for none.

    Raises
    ------
    RecordingError
        It cannot be used.
    """
    sound = decode(source, decoding)
    samples = sound.samples[:1] if is_same_on_both else sound.samples
    rate_hz = min(sound.sample_rate_hz, PAGE_RATE_HZ)
    samples = resample(samples, sound.sample_rate_hz, rate_hz)
    if cover is not None:
        samples = covered(samples, rate_hz, cover.spans, level_dbfs=cover.level_dbfs)
    bin_ms = max(MIN_BIN_MS, math.ceil(sound.duration_ms / MAX_BINS))
    return PageSound(
        audio=encoded(samples, rate_hz, audio_format),
        audio_format=audio_format,
        outlines=outlines(samples, rate_hz, bin_ms),
        bin_ms=bin_ms,
        duration_ms=sound.duration_ms,
    )


def outlines(samples: NDArray[np.float32], rate_hz: int, bin_ms: int) -> tuple[bytes, ...]:
    """Outline of each channel, one byte a bin."""
    size = rate_hz * bin_ms // 1000
    bins = math.ceil(samples.shape[1] / size)
    padded = np.pad(np.abs(samples), ((0, 0), (0, bins * size - samples.shape[1])))
    highest = padded.reshape(samples.shape[0], bins, size).max(axis=2)
    # One click must not make the rest of the call flat.
    full = max(float(np.quantile(highest, 0.999)), 1e-4) if highest.size else 1.0
    scaled = np.sqrt(np.clip(highest / full, 0, 1)) * 255
    return tuple(channel.astype(np.uint8).tobytes() for channel in scaled)


def encoded(samples: NDArray[np.float32], rate_hz: int, audio_format: AudioFormat) -> bytes:
    """Samples of shape (channels, n) as a file."""
    container_name, codec = _CODECS[audio_format]
    whole = np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    channels = whole.shape[0]
    layout = "stereo" if channels == 2 else "mono"
    written = io.BytesIO()
    with av.open(written, mode="w", format=container_name) as container:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate_hz, layout=layout, format="s16"))
        if audio_format == "opus":
            stream.bit_rate = OPUS_BITS_PER_S * channels
        for start in range(0, whole.shape[1], _CHUNK):
            part = np.ascontiguousarray(whole[:, start : start + _CHUNK].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            frame.sample_rate = rate_hz
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return written.getvalue()
