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
from functools import cached_property

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


@dataclass(frozen=True, eq=False)
class PartyVoice:
    """How a party speaks; what nobody asks for is not computed.

    Attributes
    ----------
    track
        Of the channel.
    alone
        Where the party is heard.
    """

    track: VoiceTrack = field(repr=False)
    alone: Spans = field(repr=False)

    @cached_property
    def pitch_st(self) -> NDArray[np.float64]:
        """(frames,) pitch in semitones over 1 Hz; nan where the party is not heard, or unvoiced."""
        return np.where(self._heard, self.track.pitch_st(), np.nan)

    @cached_property
    def _heard(self) -> NDArray[np.bool_]:
        heard = np.zeros(len(self.track.levels), dtype=bool)
        for span in self.alone:
            heard[_frames(span)] = True
        return heard

    @cached_property
    def _power(self) -> NDArray[np.float64]:
        """(frames,) power; 0 where the party is not heard."""
        return np.where(self._heard, self.track.power(), 0.0)

    # ── blocks ───────────────────────────────────────────────────────────────

    @cached_property
    def _blocks(self) -> NDArray[np.int64]:
        """(blocks, frames of one) the frames of each block, in order of time."""
        starts = [
            first
            for span in self.alone
            for frames in [_frames(span)]
            for first in range(frames.start, min(frames.stop, self._power.size) - _PER_BLOCK + 1, _PER_BLOCK)
        ]
        return np.array(starts, np.int64)[:, None] + np.arange(_PER_BLOCK)

    @cached_property
    def block_starts_ms(self) -> NDArray[np.int64]:
        """(blocks,) where they start."""
        return self._blocks[:, 0] * VoiceTrack.FRAME_MS

    @cached_property
    def block_levels(self) -> NDArray[np.float64]:
        """(blocks,) level in dBFS; nan where the party is silent."""
        power = self._power[self._blocks]
        spoken = np.count_nonzero(power, axis=1)
        with np.errstate(divide="ignore"):
            levels = 10 * np.log10(power.sum(axis=1) / np.maximum(spoken, 1))
        return np.where(spoken > 0, levels, np.nan)

    @cached_property
    def block_pitches(self) -> NDArray[np.float64]:
        """(blocks,) pitch in semitones over 1 Hz; nan where too little is voiced."""
        pitches = np.sort(self.pitch_st[self._blocks], axis=1)  # what is unvoiced last
        voiced = np.count_nonzero(np.isfinite(pitches), axis=1)
        rows, middle = np.arange(len(pitches)), np.maximum(voiced, 1)
        medians = (pitches[rows, (middle - 1) // 2] + pitches[rows, middle // 2]) / 2
        return np.where(voiced / _PER_BLOCK >= _VOICED_SHARE, medians, np.nan)

    # ── figures ──────────────────────────────────────────────────────────────

    @cached_property
    def voiced_ms(self) -> int:
        """Voiced speech of the party."""
        return int(np.count_nonzero(np.isfinite(self.pitch_st))) * VoiceTrack.FRAME_MS

    @cached_property
    def own_level_dbfs(self) -> float:
        """Median level of its blocks; nan without any."""
        return _median(self.block_levels)

    @cached_property
    def own_pitch_st(self) -> float:
        """Median pitch of its blocks, in semitones over 1 Hz; nan without any."""
        return _median(self.block_pitches)

    def level_within(self, span: Span) -> float:
        """Level in a span in dBFS, by mean power; nan where the party is not heard."""
        power = self._power[_frames(span)]
        power = power[power > 0]
        return float(10 * np.log10(power.mean())) if power.size else np.nan

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
    channels = call.need_acoustics().channels
    talk = call.talk(role)
    shares = MIXED in channels or call.need_recording().topology is Topology.BLEED
    labels = [label for label, one in call.roles.items() if one is role and label in channels]
    if MIXED not in channels and not labels:
        raise MissingInput("parties", "the party has no channel of its own")
    track = channels[MIXED if MIXED in channels else labels[0]].voice
    return PartyVoice(track, subtract(talk, call.overtalk()) if shares else talk)


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
    # By hand: a call asks for some hundred medians of few values, and numpy's own takes longer to begin than to compute.
    known = np.sort(values[np.isfinite(values)])
    return float((known[(known.size - 1) // 2] + known[known.size // 2]) / 2) if known.size else np.nan
