"""Sound out of a recording: decoded once, at its own rate, every channel kept apart.

Conventions
-----------
What a file is, is decided by its bytes, never by its name: an MP3 called ``.wav`` is an MP3. The file's name does not even
reach the decoder, so no message can hold it. Samples are float32 in [-1, 1], full scale of the codec = 1. `decode` resamples,
mixes and levels nothing; `decode_slowly` brings sound of a high rate down while it decodes, for hours of 48 kHz take gigabytes.

Definition
----------
A recording is sound when all of this holds:

- it is one of `CONTAINERS` and has exactly one audio stream. Two streams would be two parties in two tracks, and taking
  one of them would lose a party without a word; playlists and other files that lead to further files are never opened;
- it has one or two channels at 8-48 kHz, the same from beginning to end;
- it lasts at least ``min_ms`` and at most ``max_hours``. A length the header tells is checked before anything is decoded,
  and the count of samples while decoding;
- it was decoded to about the length that its header claims (``duration_tolerance_s``, ``duration_tolerance_share``), and
  what could not be decoded is within the same tolerance;
- all samples are finite and none exceeds full scale more than `MAX_OVERSHOOT` times.

Edge cases
----------
- *Beyond full scale.* Lossy codecs overshoot by a little, so samples are clipped to [-1, 1]. Floating-point files that hold
  16-bit numbers (±32768) are refused: clipped, they would be a square wave.
- *Recorders that never patch the header.* A WAV whose data size is 0 or a placeholder (`postcall.audio.riff`) is read
  to the end of the file and claims no length. Neither do MP3 without a Xing or VBRI tag, raw AAC and AMR: the length
  FFmpeg tells for them is a guess from the bit rate.
- *A WAV with sound behind its data chunk* (the header was patched too early) is a `DurationMismatch`, though FFmpeg stops there
  quietly.
- *Damaged packets* are left out and counted (`Sound.damaged_packets`); what follows moves forward by their length. Damage that
  keeps a codec's form, such as changed PCM bytes, cannot be seen here. An Ogg or an MP3 without tag that was cut off
  is a valid shorter one; only the call record knows better.
- *Tags in other encodings* than UTF-8 (Windows-1251 from older recorders) do no harm.
- FFmpeg's own log is off, which is PyAV's default; each error it returns is counted or raised here.

References
----------
FFmpeg through PyAV, https://pyav.basswood-io.com/. RIFF: Microsoft, *Multimedia Programming Interface and Data
Specifications 1.0* (1991), "Waveform Audio File Format".
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from postcall.audio.riff import read_riff
from postcall.errors import (
    ChannelMismatch,
    DurationMismatch,
    EmptyRecording,
    TooLongRecording,
    UndecodableRecording,
    UnusableSamples,
)
from postcall.policy import Policy, Setting

CONTAINERS = "aac,aiff,amr,asf,au,avi,caf,flac,matroska,mov,mp3,ogg,w64,wav"
"""FFmpeg's demuxers that are tried. None of them opens a second file, which playlists do."""

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 48_000
MAX_CHANNELS = 2

MAX_OVERSHOOT = 8.0
"""Largest sample, in full scales (+18 dBFS), that still counts as a codec's overshoot."""

_LENGTHLESS = {"aac", "amr"}
"""Containers without a length: what FFmpeg tells is a guess from the bit rate."""

_LOOKALIKES = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a ZIP archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"<": "a web page or XML",
}


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """The samples of a recording; the only object that holds any.

    Attributes
    ----------
    samples
        Shape (channels, n), float32 in [-1, 1], finite.
    sample_rate_hz
        The recording's own; Opus is always 48 kHz.
    codec, container
        As FFmpeg names them, e.g. ``pcm_alaw`` in ``wav``.
    damaged_packets
        Packets that could not be decoded and are left out.
    """

    samples: NDArray[np.float32] = field(repr=False)
    sample_rate_hz: int
    codec: str
    container: str
    damaged_packets: int = 0

    @property
    def duration_ms(self) -> int:
        """Length in ms."""
        return _milliseconds(self.samples.shape[1], self.sample_rate_hz)


class DecodePolicy(Policy):
    """What still counts as the recording of a call."""

    max_hours: float = Setting(
        4.0,
        gt=0,
        description="Longest recording that is decoded; longer ones are lines left open. Memory grows with it: a night takes "
        "3.4 GB for 4 hours of two channels at 8 kHz, and 4.5 GB at 48 kHz.",
    )
    min_ms: int = Setting(200, ge=1, description="Shortest recording; a shorter one counts as empty.")
    duration_tolerance_s: float = Setting(
        0.5, ge=0, description="How far the decoded length may lie from the header's; also how much of it may be damaged."
    )
    duration_tolerance_share: float = Setting(
        0.01, ge=0, lt=1, description="The same as a share of the length; the larger of the two counts."
    )

    def tolerates(self, difference_ms: float, duration_ms: float) -> bool:
        """Whether ``difference_ms`` of ``duration_ms`` may be missing or too much."""
        return difference_ms <= max(self.duration_tolerance_s * 1000, self.duration_tolerance_share * duration_ms)


def decode(source: BinaryIO, policy: DecodePolicy) -> Sound:
    """Decode a whole recording at its own rate.

    Parameters
    ----------
    source
        Seekable binary file; read from its start, left open.
    policy
        Limits.

    Raises
    ------
    EmptyRecording
        No byte, no sample, or shorter than ``min_ms``.
    UndecodableRecording
        No audio, or too much of it damaged; ``decoded_ms`` says how much could be decoded.
    ChannelMismatch
        More than two channels, or more than one audio stream.
    UnusableSamples
        A sample rate outside 8-48 kHz; samples that are not finite or far beyond full scale.
    TooLongRecording
        Longer than ``max_hours``.
    DurationMismatch
        The header claims clearly more or less than there is.
    OSError
        ``source`` itself cannot be read.
    """
    frames, codec, name = _decoded(source, policy, _Frames())
    return Sound(frames.to_samples(), frames.rate_hz, codec, name, frames.damaged_packets)


@dataclass(frozen=True, slots=True, eq=False)
class SlowSound:
    """What is listened to of a recording, at no higher rate than that takes.

    Attributes
    ----------
    samples
        Shape (channels, n), at ``rate_hz``.
    mixed
        The average of two channels, shape (1, n); None where ``samples`` are the recording's own, which can be averaged.
    coarse
        The means of neighbours by which the topology is told, at ``coarse_hz``.
    rate_hz, coarse_hz
        Rates of these samples.
    sample_rate_hz, duration_ms
        Of the recording.
    codec, container
        As of `Sound`.
    """

    samples: NDArray[np.float32] = field(repr=False)
    mixed: NDArray[np.float32] | None = field(repr=False)
    coarse: NDArray[np.float32] = field(repr=False)
    rate_hz: int
    coarse_hz: int
    sample_rate_hz: int
    duration_ms: int
    codec: str
    container: str


def decode_slowly(source: BinaryIO, policy: DecodePolicy, to_hz: int) -> SlowSound:
    """Decode a whole recording for listening: of a rate above ``to_hz`` each block is brought down as soon as it is decoded.

    The samples are, bit for bit, those of `decode` after `resample`; raises as `decode` does.

    Parameters
    ----------
    source, policy
        As of `decode`.
    to_hz
        Highest rate that is wanted.
    """
    frames, codec, name = _decoded(source, policy, _Frames(slow_hz=to_hz))
    rate_hz, duration_ms = frames.rate_hz, frames.duration_ms
    if frames.slowed is not None:
        samples, mixed, coarse = frames.slowed.finished()
        return SlowSound(samples, mixed, coarse, to_hz, frames.slowed.coarse_hz, rate_hz, duration_ms, codec, name)
    samples = frames.to_samples()
    coarse, coarse_hz = decimated(samples, rate_hz)
    return SlowSound(samples, None, coarse, rate_hz, coarse_hz, rate_hz, duration_ms, codec, name)


def decimated(samples: NDArray[np.float32], sample_rate_hz: int) -> tuple[NDArray[np.float32], int]:
    """Samples at 8 kHz or little more, and their rate: means of neighbours, a gentle low-pass, the same for both channels."""
    step = max(sample_rate_hz // MIN_RATE_HZ, 1)
    count = samples.shape[1] // step
    if step == 1 or count == 0:
        return samples, sample_rate_hz
    return samples[:, : count * step].reshape(samples.shape[0], count, step).mean(axis=2), sample_rate_hz // step


def resample(samples: NDArray[np.float32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Bring samples to another rate, each channel by itself.

    Parameters
    ----------
    samples
        Shape (channels, n) or (n,).
    from_hz, to_hz
        Sample rates.

    Returns
    -------
    NDArray
        Shape (channels, ceil(n * to_hz / from_hz)); ``samples`` itself when the rates are equal. A loud signal may pass
        ±1 by a little between its old samples.

    Notes
    -----
    The SoX resampler, linear phase, so that nothing moves in time; a quarter of the time of SciPy's polyphase filter. It leaves
    out the last sample where that would stand for less than a whole one of the old; the one before is repeated then.
    """
    if from_hz == to_hz:
        return samples
    count = -(-samples.shape[-1] * to_hz // from_hz)
    if samples.ndim == 1:
        found: NDArray[np.float32] = soxr.resample(samples, from_hz, to_hz)[:count]
        # As a rule nothing is missing, and hours of sound need not be copied.
        return found if found.size == count else np.concatenate([found, np.repeat(found[-1:], count - found.size)])
    resampled = np.empty((*samples.shape[:-1], count), np.float32)
    for channel, out in zip(samples, resampled, strict=True):
        out[:] = resample(channel, from_hz, to_hz)
    return resampled


def _decoded(source: BinaryIO, policy: DecodePolicy, frames: _Frames) -> tuple[_Frames, str, str]:
    """Fill the frames of a recording; codec and container."""
    head = _head(source)
    if not head:
        raise EmptyRecording("the file has 0 bytes", hint="the recorder or the copy failed: export the recording again")
    riff = read_riff(source)
    if riff is not None and riff.sample_rate_hz == 0:
        raise _bad_rate(0)  # FFmpeg would call it invalid data
    has_length_tag = _has_length_tag(source)
    source.seek(0)
    try:
        container = av.open(
            _Nameless(source), mode="r", container_options={"format_whitelist": CONTAINERS}, metadata_errors="replace"
        )
    except av.FFmpegError as error:
        raise _not_audio(head) from error
    with container:
        stream = _audio_stream(container, head)
        name = container.format.name.split(",")[0]
        is_guess = name in _LENGTHLESS or (name == "mp3" and not has_length_tag)
        header_ms = None if is_guess else _header_ms(container, stream)
        if header_ms is not None:
            _check_not_too_long(header_ms, policy)
        _decode_frames(container, stream, policy, frames)
        codec = stream.codec_context.codec.canonical_name

    _check_damage(frames, policy)
    held_ms = 0
    if riff is not None and frames.count:
        exact_ms = frames.count * 1000 / frames.rate_hz
        header_ms, held_ms = riff.claimed_ms(exact_ms), riff.held_ms(exact_ms)
    _check_length(frames.duration_ms, header_ms, held_ms, policy)
    frames.end()
    return frames, codec, name


# ── what the file is ─────────────────────────────────────────────────────────


class _Nameless:
    """A binary file without its name, by which FFmpeg would guess the format."""

    def __init__(self, source: BinaryIO) -> None:
        self.read = source.read
        self.seek = source.seek
        self.tell = source.tell


def _head(source: BinaryIO) -> bytes:
    source.seek(0)
    return source.read(64)


def _has_length_tag(source: BinaryIO) -> bool:
    """Whether the first frame, behind an ID3 tag, tells the length of the MP3 that this would be."""
    head = _head(source)
    start = 0
    if head.startswith(b"ID3") and len(head) >= 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    source.seek(start)
    first_frame = source.read(2048)
    return any(tag in first_frame for tag in (b"Xing", b"Info", b"VBRI"))


def _not_audio(head: bytes) -> UndecodableRecording:
    looks = next((what for magic, what in _LOOKALIKES.items() if head.startswith(magic)), None)
    if looks is None and head.isascii() and head.decode("ascii").replace("\n", "").replace("\r", "").isprintable():
        looks = "text"
    if looks is not None:
        return UndecodableRecording(f"not audio: it begins like {looks}", hint="put the recording itself in the file's place")
    return UndecodableRecording(
        "no sound found: not audio, cut off at its beginning, or a damaged header",
        hint="export the recording again; raw G.711 or PCM without a header must be wrapped as WAV first",
    )


def _audio_stream(container: InputContainer, head: bytes) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        if container.streams.video:
            raise UndecodableRecording(
                "video or picture without an audio track", hint="export the recording again with its sound"
            )
        raise _not_audio(head)
    if len(streams) > 1:
        raise ChannelMismatch(
            f"{len(streams)} audio streams in one file", hint="merge the streams into the channels of one stream"
        )
    if streams[0].codec_context is None:
        raise UndecodableRecording("audio in a codec that cannot be decoded here", hint="convert the recording to WAV or FLAC")
    return streams[0]


def _header_ms(container: InputContainer, stream: AudioStream) -> int | None:
    """Length the container tells for the stream, or None."""
    if stream.duration is not None and stream.time_base is not None:
        return round(stream.duration * stream.time_base * 1000)
    if container.duration is not None and len(container.streams) == 1:
        return container.duration // 1000
    return None


# ── frames to samples ────────────────────────────────────────────────────────

_FULL_SCALE = {
    1: (np.float32(128), np.float32(2**7)),
    2: (np.float32(0), np.float32(2**15)),
    4: (np.float32(0), np.float32(2**31)),
    8: (np.float32(0), np.float32(2**63)),
}
"""Bytes of an integer sample -> its zero (only 8-bit samples are unsigned) and its full scale."""


_TOGETHER_BYTES = 48 << 20
"""Frames are joined to blocks of about so many bytes. Blocks this large go back to the system when they are let go; of as much
memory in frames of 20 ms most would stay with the process."""


class _Frames:
    """Frames as they come out of the decoder, in the decoder's own type until all are there, or slowed block by block.

    16-bit frames take half the memory of their float32, and each is let go once it is converted.
    """

    def __init__(self, slow_hz: int | None = None) -> None:
        self.slow_hz = slow_hz
        self.slowed: _Slowed | None = None
        self.unusable: UnusableSamples | None = None
        self.blocks: deque[NDArray[Any]] = deque()
        self.newest: list[NDArray[Any]] = []
        self.newest_bytes = 0
        self.rate_hz = 0
        self.channels = 0
        self.count = 0
        self.good_bytes = 0
        self.damaged_bytes = 0
        self.damaged_packets = 0

    @property
    def duration_ms(self) -> int:
        return _milliseconds(self.count, self.rate_hz) if self.rate_hz else 0

    def add(self, frame: AudioFrame) -> None:
        rate_hz, channels = frame.sample_rate, frame.layout.nb_channels
        if not self.rate_hz:
            _check_format(rate_hz, channels)
            self.rate_hz, self.channels = rate_hz, channels
            if self.slow_hz is not None and rate_hz > self.slow_hz:
                self.slowed = _Slowed(rate_hz, self.slow_hz, channels)
        elif (rate_hz, channels) != (self.rate_hz, self.channels):
            raise UndecodableRecording(
                f"the sound changes from {self.rate_hz} Hz and {self.channels} channels to {rate_hz} Hz and {channels} "
                f"after {self.duration_ms} ms",
                hint="the file is damaged, or joined from several recordings: export it again",
                decoded_ms=self.duration_ms,
            )
        array = frame.to_ndarray()
        self.newest.append(array if frame.format.is_planar else array.reshape(-1, channels).T)
        self.newest_bytes += array.nbytes
        self.count += frame.samples
        if self.newest_bytes >= _TOGETHER_BYTES:
            self.join()

    def join(self) -> None:
        """Join the newest frames to a block."""
        if not self.newest:
            return
        block = np.concatenate(self.newest, axis=1)
        self.newest, self.newest_bytes = [], 0
        if self.slowed is None:
            self.blocks.append(block)
        elif self.unusable is None:
            try:
                self.slowed.add(self._converted(block, np.empty(block.shape, np.float32), self.count - block.shape[1]))
            except UnusableSamples as error:
                self.unusable = error  # told when nothing else is wrong with the file, as where nothing is slowed

    def end(self) -> None:
        """Nothing more is to come.

        Raises
        ------
        UnusableSamples
            Of frames that were slowed.
        """
        self.join()
        if self.unusable is not None:
            raise self.unusable

    def to_samples(self) -> NDArray[np.float32]:
        """Empty the frames into one array of shape (channels, n)."""
        samples = np.empty((self.channels, self.count), dtype=np.float32)
        start = 0
        while self.blocks:
            block = self.blocks.popleft()  # let go before the next: nothing is here twice for long
            self._converted(block, samples[:, start : start + block.shape[1]], start)
            start += block.shape[1]
        return samples

    def _converted(self, block: NDArray[Any], part: NDArray[np.float32], start: int) -> NDArray[np.float32]:
        """Write a block into ``part``, as samples; ``start``: how many came before."""
        with np.errstate(over="ignore", invalid="ignore"):  # what turns infinite or NaN here is refused below
            part[:] = block
        if block.dtype.kind == "f":
            _check_samples(part, start, self.rate_hz)
            np.clip(part, -1, 1, out=part)
        else:
            zero, full = _FULL_SCALE[block.dtype.itemsize]
            part -= zero
            part /= full
        return part


class _Slowed:
    """Blocks of samples, brought to a lower rate one after another: each channel, their average, and means of neighbours."""

    def __init__(self, from_hz: int, to_hz: int, channels: int) -> None:
        self.from_hz, self.to_hz, self.channels = from_hz, to_hz, channels
        self.step = from_hz // MIN_RATE_HZ
        self.coarse_hz = from_hz // self.step
        # Whether the channels belong together is told by all of the sound, so that the average is made in any case.
        rows = channels + (channels > 1)
        self._streams = [soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32") for _ in range(rows)]
        self._slow = [_Row() for _ in range(rows)]
        self._coarse = [_Row() for _ in range(channels)]
        self._rest = np.empty((channels, 0), np.float32)
        self._count = 0

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, of shape (channels, n)."""
        self._count += samples.shape[1]
        for number, (stream, row) in enumerate(zip(self._streams, self._slow, strict=True)):
            row.add(stream.resample_chunk(samples[number] if number < self.channels else samples.mean(axis=0)))
        whole = np.concatenate([self._rest, samples], axis=1)
        kept = whole.shape[1] // self.step * self.step
        self._rest = whole[:, kept:].copy()
        if kept:
            for row, means in zip(self._coarse, decimated(whole[:, :kept], self.from_hz)[0], strict=True):
                row.add(means)

    def finished(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.float32]]:
        """The channels, their average, and the means; empties this."""
        for stream, row in zip(self._streams, self._slow, strict=True):
            row.add(stream.resample_chunk(np.empty(0, np.float32), last=True))
        count = -(-self._count * self.to_hz // self.from_hz)
        samples, coarse = _poured(self._slow[: self.channels], count), _poured(self._coarse, self._count // self.step)
        return samples, _poured(self._slow[self.channels :], count) if self.channels > 1 else None, coarse


class _Row:
    """A row of samples that grows, in pieces that go back to the system one after another when it is emptied."""

    def __init__(self) -> None:
        self.pieces: deque[NDArray[np.float32]] = deque()
        self.used = 0

    def add(self, part: NDArray[np.float32]) -> None:
        """Append samples."""
        while part.size:
            if not self.pieces or self.used == self.pieces[-1].size:
                self.pieces.append(np.empty(_TOGETHER_BYTES // 4, np.float32))
                self.used = 0
            piece = self.pieces[-1][self.used : self.used + part.size]
            piece[:] = part[: piece.size]
            self.used += piece.size
            part = part[piece.size :]


def _poured(rows: list[_Row], count: int) -> NDArray[np.float32]:
    """Empty rows into an array of shape (rows, count); what it lacks at its end repeats the last sample, as in `resample`."""
    poured = np.empty((len(rows), count), np.float32)
    for row, out in zip(rows, poured, strict=True):
        start = 0
        while row.pieces:
            piece = row.pieces.popleft()
            piece = piece[: count - start] if row.pieces else piece[: min(row.used, count - start)]
            out[start : start + piece.size] = piece
            start += piece.size
        if start:
            out[start:] = out[start - 1]
    return poured


def _decode_frames(container: InputContainer, stream: AudioStream, policy: DecodePolicy, frames: _Frames) -> None:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:
            raise UndecodableRecording(
                f"the file breaks off after {frames.duration_ms} ms of sound",
                hint="export the recording again",
                decoded_ms=frames.duration_ms,
            ) from error
        if packet is None:
            return
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            frames.damaged_packets += 1
            frames.damaged_bytes += packet.size
            continue
        frames.good_bytes += packet.size
        for frame in decoded:
            frames.add(frame)
        _check_not_too_long(frames.duration_ms, policy)


def _milliseconds(count: int, rate_hz: int) -> int:
    return count * 1000 // rate_hz


# ── what is refused ──────────────────────────────────────────────────────────


def _bad_rate(rate_hz: int) -> UnusableSamples:
    return UnusableSamples(
        f"a sample rate of {rate_hz} Hz; {MIN_RATE_HZ}-{MAX_RATE_HZ} Hz can be used",
        hint="set the recorder to 8 or 16 kHz, or convert the recording" if rate_hz else "the header is damaged: export again",
    )


def _check_format(rate_hz: int, channels: int) -> None:
    if channels > MAX_CHANNELS:
        raise ChannelMismatch(
            f"{channels} channels; a call has at most {MAX_CHANNELS}",
            hint="export agent and customer as the two channels of one file",
        )
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise _bad_rate(rate_hz)


def _check_samples(samples: NDArray[np.float32], start: int, rate_hz: int) -> None:
    """Refuse what is no sound; ``start``: how many samples came before."""
    size = np.abs(samples).max(axis=0, initial=0)
    if np.isfinite(size).all() and size.max(initial=0) <= MAX_OVERSHOOT:
        return
    first_ms = _milliseconds(start + int(np.argmin(size <= MAX_OVERSHOOT)), rate_hz)
    bad = int(np.count_nonzero(~np.isfinite(samples)))
    if bad:
        raise UnusableSamples(
            f"{bad} samples from {first_ms} ms on are not finite numbers", hint="the recorder or a filter behind it is at fault"
        )
    raise UnusableSamples(
        f"samples from {first_ms} ms on reach {size.max():.0f} times full scale",
        hint="the file holds whole numbers written as floating point, or is damaged: export it as 16-bit PCM",
    )


def _check_not_too_long(duration_ms: int, policy: DecodePolicy) -> None:
    if duration_ms > policy.max_hours * 3_600_000:
        raise TooLongRecording(
            f"at least {duration_ms / 3_600_000:.1f} hours long, the policy admits {policy.max_hours:g}",
            hint="a line left open, or not a call; raise decode.max_hours if such calls are real",
        )


def _check_damage(frames: _Frames, policy: DecodePolicy) -> None:
    if not frames.damaged_packets:
        return
    decoded_ms = frames.duration_ms
    lost_ms = decoded_ms * frames.damaged_bytes // frames.good_bytes if frames.good_bytes else 0
    if frames.count == 0 or not policy.tolerates(lost_ms, decoded_ms + lost_ms):
        raise UndecodableRecording(
            f"{frames.damaged_packets} packets are damaged, about {lost_ms} ms; {decoded_ms} ms could be decoded",
            hint="export the recording again",
            decoded_ms=decoded_ms,
        )


def _check_length(decoded_ms: int, header_ms: int | None, held_ms: int, policy: DecodePolicy) -> None:
    if decoded_ms == 0:
        raise EmptyRecording("a header without sound", hint="the recorder started and recorded nothing")
    if header_ms is not None and not policy.tolerates(abs(header_ms - decoded_ms), header_ms):
        raise DurationMismatch(
            f"the header claims {header_ms} ms, {decoded_ms} ms could be decoded",
            hint="the file was cut off or its header is wrong: export the recording again",
        )
    if not policy.tolerates(held_ms - decoded_ms, decoded_ms):
        raise DurationMismatch(
            f"the header claims {decoded_ms} ms, the file holds about {held_ms} ms",
            hint="the recorder closed the header too early: repair it or export the recording again",
        )
    if decoded_ms < policy.min_ms:
        raise EmptyRecording(f"{decoded_ms} ms of sound, the policy asks for at least {policy.min_ms} ms")
