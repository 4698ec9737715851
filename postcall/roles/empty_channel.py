"""A two-channel file with an empty channel, told apart from a customer who says nothing. Pure.

Definition
----------
empty
    Of two separated channels one has no speech and no sound of a line, and its level never moves: digital silence
    (``digital_silence``), or noise that stays the same in all blocks of half a second (``line_noise``). A live line moves:
    breath, clicks, a room, the other party's echo.

Such a file is what some recorders write of a call with everybody on one side: then it has to be taken for a recording with one
channel. If one voice alone is found on the other channel, the customer did say nothing.

Edge cases
----------
Neither channel holds speech: none is empty, the call has nothing to tell apart. A phone whose microphone is off the whole call
long sends digital silence: it looks like an empty channel, and nothing tells the two apart but the voices on the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from postcall.acoustics import Acoustics, SoundKind
from postcall.recording import Recording
from postcall.timeline import SpeakerTimeline

DIGITAL_SILENCE_DBFS = -75.0
"""Of ``topology.silent_dbfs``: G.711 idles below."""

_LINE_NOISE_DBFS = -45.0
"""Louder noise is somebody's room."""

_STEADY_SHARE = 0.98
"""Of the blocks that lie near the loudest one: a steady noise has all of them there."""

_NOTHING = (SoundKind.MUTE, SoundKind.DROPPED)


@dataclass(frozen=True, slots=True)
class EmptyChannel:
    """A channel that carries nothing.

    Attributes
    ----------
    label, other
        Speaker label of the channel, and of the one that carries the call.
    kind
        ``digital_silence`` or ``line_noise``.
    """

    label: str
    other: str
    kind: Literal["digital_silence", "line_noise"]


def empty_channel(recording: Recording, timeline: SpeakerTimeline, acoustics: Acoustics) -> EmptyChannel | None:
    """The empty channel of a two-channel recording, or None.

    Parameters
    ----------
    recording
        With the evidence of its topology.
    timeline, acoustics
        Speech and other sounds by channel.
    """
    labels = list(timeline.by_label)
    if not recording.topology.is_separated or len(labels) != 2:
        return None
    spoken = [bool(timeline.by_label[label]) for label in labels]
    if sum(spoken) != 1:
        return None
    number = spoken.index(False)
    channel = acoustics.channels.get(labels[number])
    if channel is not None and any(sound.kind not in _NOTHING for sound in channel.sounds):
        return None
    level_dbfs = recording.topology_evidence.get(f"channel_{number}_dbfs")
    steady = recording.topology_evidence.get(f"channel_{number}_active_share", 0.0)
    if level_dbfs is None:
        return None
    if level_dbfs <= DIGITAL_SILENCE_DBFS:
        return EmptyChannel(labels[number], labels[1 - number], "digital_silence")
    if level_dbfs <= _LINE_NOISE_DBFS and steady >= _STEADY_SHARE:
        return EmptyChannel(labels[number], labels[1 - number], "line_noise")
    return None
