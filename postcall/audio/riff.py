"""Sizes in the headers of a WAV. Pure.

References
----------
Microsoft, *Multimedia Programming Interface and Data Specifications 1.0* (1991), "Waveform Audio File Format".
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

STREAMING_BYTES = 0x7FFF_0000
"""Data sizes from here on that the file does not hold are placeholders: SoX writes 0x7FFFF000, arecord 0x80000000,
FFmpeg 0xFFFFFFFF."""

MAX_CHUNKS = 1_000
"""Chunks of a RIFF file that are looked at; a file of nothing but chunk headers must not hold up the night."""


@dataclass(frozen=True, slots=True)
class RiffSizes:
    """Sizes in a WAV, by which it is known to be cut off; FFmpeg takes what is there and keeps quiet.

    Attributes
    ----------
    claimed_bytes
        Size of the data chunk as its header says, or None when the recorder left it open.
    present_bytes
        How much of that the file holds.
    unread_bytes
        What follows the last well-formed chunk.
    sample_rate_hz
        As the header says; None without a format chunk before the data.
    """

    claimed_bytes: int | None
    present_bytes: int
    unread_bytes: int
    sample_rate_hz: int | None = None

    def claimed_ms(self, decoded_ms: float) -> int | None:
        """Length of the claimed data, when the present data make ``decoded_ms``."""
        if self.claimed_bytes is None or self.present_bytes == 0:
            return None
        return round(decoded_ms * self.claimed_bytes / self.present_bytes)

    def held_ms(self, decoded_ms: float) -> int:
        """Length with the unread bytes taken for sound, when the present data make ``decoded_ms``."""
        return round(decoded_ms * (1 + self.unread_bytes / max(self.present_bytes, 1)))


def read_riff(source: BinaryIO) -> RiffSizes | None:
    """Read the chunk headers of a WAV; None for anything else, and for a WAV without a data chunk at a rate above 0 Hz.

    Parameters
    ----------
    source
        Seekable binary file; its position is not kept.
    """
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    head = source.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    position = 12
    data: tuple[int | None, int] | None = None
    rate_hz: int | None = None
    for _ in range(MAX_CHUNKS):
        source.seek(position)
        header = source.read(16)
        if len(header) < 8:
            break
        name, length = struct.unpack("<4sI", header[:8])
        held = size - position - 8
        if name == b"fmt " and len(header) == 16:
            (rate_hz,) = struct.unpack("<I", header[12:16])
            if rate_hz == 0:
                return RiffSizes(None, 0, 0, rate_hz)
        if name == b"data" and data is None:
            if length == 0 or (length >= STREAMING_BYTES and length > held):
                return RiffSizes(None, held, 0, rate_hz)
            data = length, min(length, held)
        if not (name.isascii() and name.decode("ascii").isprintable()) or length > held:
            break
        position += 8 + length + length % 2
    if data is None:
        return None
    claimed, present = data
    return RiffSizes(claimed, present, max(size - position, 0) if present == claimed else 0, rate_hz)
