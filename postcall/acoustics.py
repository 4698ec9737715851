"""What is heard on a recording's channels beside speech: tones, music, switched-off legs; and how good their sound is.

Conventions
-----------
Spans are in ms from the start of the recording. `postcall.audio` finds all this; here it is only described, so that analyzers
need no samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from postcall.spans import Span, Spans, union


class SoundKind(StrEnum):
    """What a sound is that is no speech."""

    RING = "ring"
    """A burst of ringback."""
    BUSY = "busy"
    """A burst of the busy tone."""
    KEY = "key"
    """A key pressed (DTMF)."""
    BEEP = "beep"
    """Another tone: hold, call waiting, recording."""
    MUSIC = "music"
    MUTE = "mute"
    """Nothing at all: digital silence, or the idle pattern of a codec."""
    DROPPED = "dropped"
    """The noise of the room gives way to that of a switch: parked without music."""


@dataclass(frozen=True, slots=True, order=True)
class Sound:
    """One sound.

    Attributes
    ----------
    span
        Where it is heard.
    kind
        What it is.
    number
        Of its ring in a row of rings, or of its burst, from 0.
    hertz
        Frequency of a tone, or both.
    """

    span: Span
    kind: SoundKind
    number: int = 0
    hertz: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a channel sounds; None for what its sound does not tell.

    Attributes
    ----------
    speech_dbfs, noise_dbfs
        Mean level of its speech, and of its pauses.
    clipped_share
        Of its speech's samples that lie cut off at the channel's ceiling.
    dropouts
        Gaps without any sound of 20 to 400 ms inside speech: lost packets.
    bandwidth_hz
        Up to where its speech reaches.
    is_gated
        Whether it falls dead in every pause: neither noise nor mute can be told.
    """

    speech_dbfs: float | None = None
    noise_dbfs: float | None = None
    clipped_share: float | None = None
    dropouts: int | None = None
    bandwidth_hz: int | None = None
    is_gated: bool = False

    @property
    def snr_db(self) -> float | None:
        """Speech over noise; None where one is not known."""
        if self.speech_dbfs is None or self.noise_dbfs is None:
            return None
        return self.speech_dbfs - self.noise_dbfs


@dataclass(frozen=True, slots=True)
class VoiceTrack:
    """How the voices on a channel speak, in frames of 20 ms; `postcall.audio.voice` defines it.

    Attributes
    ----------
    levels
        A byte a frame: 0 for no speech, else half decibels from -127.5 dBFS up.
    pitches
        A byte a frame: 0 for unvoiced, else sevenths of a semitone from 60 Hz up. Finer than anybody hears.
    nuclei_ms
        Instants of nuclei of syllables.
    held
        Sounds in which the voice stands still.
    pauses
        Silences of a tenth of a second and more inside what the speech timeline has as speech without a break.
    """

    FRAME_MS: ClassVar[int] = 20
    _LOWEST_DBFS: ClassVar[float] = -127.5
    _LOWEST_HZ: ClassVar[float] = 60.0
    _STEPS_PER_OCTAVE: ClassVar[int] = 84
    # What each byte stands for: looked up, for a call has tens of thousands of frames.
    _BYTES: ClassVar[NDArray[np.float64]] = np.arange(256, dtype=np.float64)
    _LEVEL_DBFS_OF: ClassVar[NDArray[np.float64]] = np.where(_BYTES == 0, np.nan, _LOWEST_DBFS + _BYTES / 2)
    _POWER_OF: ClassVar[NDArray[np.float64]] = np.where(_BYTES == 0, 0.0, 10 ** ((_LOWEST_DBFS + _BYTES / 2) / 10))
    _PITCH_HZ_OF: ClassVar[NDArray[np.float64]] = np.where(
        _BYTES == 0, np.nan, _LOWEST_HZ * 2 ** ((_BYTES - 1) / _STEPS_PER_OCTAVE)
    )
    _PITCH_ST_OF: ClassVar[NDArray[np.float64]] = 12 * np.log2(_PITCH_HZ_OF)

    levels: bytes = field(default=b"", repr=False)
    pitches: bytes = field(default=b"", repr=False)
    nuclei_ms: tuple[int, ...] = ()
    held: Spans = ()
    pauses: Spans = ()

    @classmethod
    def of(
        cls,
        level_dbfs: NDArray[np.float64],
        pitch_hz: NDArray[np.float64],
        nuclei_ms: tuple[int, ...] = (),
        held: Spans = (),
        pauses: Spans = (),
    ) -> Self:
        """A track of levels (-120 or less for no speech) and pitches (0 for unvoiced), one a frame each."""
        levels = np.round(2 * (level_dbfs - cls._LOWEST_DBFS))
        levels = np.where(level_dbfs <= -120, 0, np.clip(levels, 1, 255)).astype(np.uint8)
        steps = 1 + np.round(cls._STEPS_PER_OCTAVE * np.log2(np.maximum(pitch_hz, 1.0) / cls._LOWEST_HZ))
        pitches = np.where(pitch_hz > 0, np.clip(steps, 1, 255), 0).astype(np.uint8)
        return cls(levels.tobytes(), pitches.tobytes(), nuclei_ms, held, pauses)

    def level_dbfs(self) -> NDArray[np.float64]:
        """Level of each frame; nan where nobody speaks."""
        return self._LEVEL_DBFS_OF[np.frombuffer(self.levels, np.uint8)]

    def power(self) -> NDArray[np.float64]:
        """Power of each frame, a full-scale square wave at 1; 0 where nobody speaks."""
        return self._POWER_OF[np.frombuffer(self.levels, np.uint8)]

    def pitch_hz(self) -> NDArray[np.float64]:
        """Pitch of each frame; nan where unvoiced."""
        return self._PITCH_HZ_OF[np.frombuffer(self.pitches, np.uint8)]

    def pitch_st(self) -> NDArray[np.float64]:
        """Pitch of each frame in semitones over 1 Hz; nan where unvoiced."""
        return self._PITCH_ST_OF[np.frombuffer(self.pitches, np.uint8)]


@dataclass(frozen=True, slots=True)
class ChannelSound:
    """Sounds of a channel, in order of start, its quality, and how its voices speak."""

    sounds: tuple[Sound, ...] = ()
    quality: Quality = field(default_factory=Quality)
    voice: VoiceTrack = field(default_factory=VoiceTrack)

    def spans(self, *kinds: SoundKind) -> Spans:
        """Where sounds of some kinds are heard."""
        return union(sound.span for sound in self.sounds if sound.kind in kinds)


@dataclass(frozen=True, slots=True)
class Acoustics:
    """What is heard on each channel.

    Attributes
    ----------
    channels
        By speaker label of the channel (`postcall.timeline.channel_label`, or ``MIXED``).
    """

    channels: Mapping[str, ChannelSound]

    def sounds(self, *kinds: SoundKind) -> Iterator[tuple[str, Sound]]:
        """Label and sound of all sounds of some kinds."""
        for label, channel in self.channels.items():
            for sound in channel.sounds:
                if sound.kind in kinds:
                    yield label, sound
