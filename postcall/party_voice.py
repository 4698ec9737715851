"""How each party speaks, from the voice track of the channel it is heard on. Pure.

Conventions
-----------
Frames are those of `postcall.acoustics.VoiceTrack`. A party's frames are those of its talk; where the other party is heard on
the same channel, without overtalk, since nobody can tell whose sound it is then.

Definition
----------
block
    Half a second of a stretch of talk; a shorter rest is no block. Its level is the mean power of its frames with speech,
    its pitch the median of its voiced frames, of which it needs a fifth.
own level, own pitch
    The medians of a party's blocks: what the party is compared with. Trunks and recorders amplify each call otherwise, so
    levels of different calls say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import VoiceTrack
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.recording import Topology
from postcall.spans import Span, Spans, intersect, subtract, union
from postcall.telephony import Role
from postcall.timeline import MIXED

BLOCK_MS = 500
_PER_BLOCK = BLOCK_MS // VoiceTrack.FRAME_MS
_VOICED_SHARE = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class PartyVoice:
    """How a party speaks.

    Attributes
    ----------
    level_dbfs, pitch_st
        (frames,) level, and pitch in semitones over 1 Hz; nan where the party is not heard, or unvoiced.
    block_starts_ms, block_levels, block_pitches
        (blocks,) of its blocks in order of time.
    track
        Of the channel.
    alone
        Where the party is heard.
    """

    level_dbfs: NDArray[np.float64] = field(repr=False)
    pitch_st: NDArray[np.float64] = field(repr=False)
    block_starts_ms: NDArray[np.int64] = field(repr=False)
    block_levels: NDArray[np.float64] = field(repr=False)
    block_pitches: NDArray[np.float64] = field(repr=False)
    track: VoiceTrack = field(repr=False)
    alone: Spans = field(repr=False)

    @property
    def voiced_ms(self) -> int:
        """Voiced speech of the party."""
        return int(np.isfinite(self.pitch_st).sum()) * VoiceTrack.FRAME_MS

    @property
    def own_level_dbfs(self) -> float:
        """Median level of its blocks; nan without any."""
        return _median(self.block_levels)

    @property
    def own_pitch_st(self) -> float:
        """Median pitch of its blocks, in semitones over 1 Hz; nan without any."""
        return _median(self.block_pitches)

    def level_within(self, span: Span) -> float:
        """Level in a span in dBFS, by mean power; nan where the party is not heard."""
        levels = self.level_dbfs[_frames(span)]
        levels = levels[np.isfinite(levels)]
        return float(10 * np.log10(np.mean(10 ** (levels / 10)))) if levels.size else np.nan

    def pitch_within(self, span: Span) -> float:
        """Median pitch in a span, in semitones over 1 Hz; nan where nothing is voiced."""
        return _median(self.pitch_st[_frames(span)])


def party_voice(call: Call, role: Role) -> PartyVoice:
    """How a party speaks.

    Parameters
    ----------
    call
        Any.
    role
        Agent or customer.

    Raises
    ------
    MissingInput
        Nobody listened, or the parties cannot be told apart.
    """
    track, alone, heard = _heard(call, role)
    level = np.where(heard, track.level_dbfs(), np.nan)
    pitch = _pitch_st(track, heard)
    starts = [
        first
        for span in alone
        for frames in [_frames(span)]
        for first in range(frames.start, min(frames.stop, level.size) - _PER_BLOCK + 1, _PER_BLOCK)
    ]
    blocks = np.array(starts, np.int64)[:, None] + np.arange(_PER_BLOCK)
    levels = np.full(len(starts), np.nan)
    pitches = np.full(len(starts), np.nan)
    if starts:
        power = np.where(np.isfinite(level[blocks]), 10 ** (level[blocks] / 10), 0.0)
        spoken = np.isfinite(level[blocks]).sum(axis=1)
        is_spoken = spoken > 0
        levels[is_spoken] = 10 * np.log10(power[is_spoken].sum(axis=1) / spoken[is_spoken])
        is_voiced = np.isfinite(pitch[blocks]).mean(axis=1) >= _VOICED_SHARE
        pitches[is_voiced] = np.nanmedian(pitch[blocks[is_voiced]], axis=1)
    return PartyVoice(level, pitch, np.array(starts, np.int64) * VoiceTrack.FRAME_MS, levels, pitches, track, alone)


def party_pitch(call: Call, role: Role) -> NDArray[np.float64]:
    """Pitch of a party as `PartyVoice.pitch_st` has it, without the rest; raises as `party_voice` does."""
    track, _, heard = _heard(call, role)
    return _pitch_st(track, heard)


def _heard(call: Call, role: Role) -> tuple[VoiceTrack, Spans, NDArray[np.bool_]]:
    """Track of a party's channel, where the party is heard on it, and in which frames."""
    channels = call.need_acoustics().channels
    talk = call.talk(role)
    shares = MIXED in channels or call.need_recording().topology is Topology.BLEED
    labels = [label for label, one in call.roles.items() if one is role and label in channels]
    if MIXED not in channels and not labels:
        raise MissingInput("parties", "the party has no channel of its own")
    track = channels[MIXED if MIXED in channels else labels[0]].voice
    alone = subtract(talk, call.overtalk()) if shares else talk
    heard = np.zeros(len(track.levels), dtype=bool)
    for span in alone:
        heard[_frames(span)] = True
    return track, alone, heard


def _pitch_st(track: VoiceTrack, heard: NDArray[np.bool_]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.where(heard, 12 * np.log2(track.pitch_hz()), np.nan)


def short_pauses(call: Call, role: Role) -> Spans:
    """Silences of a party inside its talk that the speech timeline closes; none where nobody listened.

    Where the parties share a channel, those in which nobody is heard.

    Parameters
    ----------
    call
        Whose parties are told apart.
    role
        Agent or customer.
    """
    channels = call.acoustics.channels if call.acoustics is not None else {}
    labels = [MIXED] if MIXED in channels else [label for label, one in call.roles.items() if one is role and label in channels]
    return intersect(union(*(channels[label].voice.pauses for label in labels)), call.talk(role))


def _frames(span: Span) -> slice:
    return slice(-(-span.start_ms // VoiceTrack.FRAME_MS), span.end_ms // VoiceTrack.FRAME_MS)


def _median(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else np.nan
