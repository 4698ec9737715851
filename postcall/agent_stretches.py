"""Which stretch of a call belongs to which agent: a transferred call has more than one. Pure.

Conventions
-----------
All agents of a call have the role agent; a stretch tells them apart. What is measured of one agent is measured in its stretch,
so that nobody is judged by another's greeting.

Definition
----------
parked
    A hold, by the record or as heard, between two talks of the agents' side: where a transfer can lie.
points
    How much speaks for another agent behind a parked span: ``_TEXT`` for an introduction (greeting, name, organisation, number,
    offer of help) in the first words; ``_VOICE`` for another voice, by the diarizer's label or by pitch, taken off for the same
    pitch; ``_RINGING`` for ringback in it; ``_RECORD`` where the call record counts a transfer, taken off where it counts none.
transfer
    A parked span with at least ``_ENOUGH`` points; where the record counts transfers, as many as it counts, those with most
    points.
stretch
    From the start of the recording, or the end of a transfer, to the start of the next one, or the end.

::

    agents    #### ##          ###  ####
    hold              ♪♪♪♪♪♪
    stretch   1111111111       2222222222

Edge cases
----------
A call without a transfer is one stretch. Of a transfer that neither holds nor rings nothing is seen, and the call is one
stretch, unless a diarizer hears another voice. An agent who comes back after asking a colleague is the same agent: nothing of
the above speaks for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import SoundKind, VoiceTrack
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.party_voice import party_voice
from postcall.roles import cues
from postcall.spans import Span, Spans, clip, total_ms
from postcall.telephony import Role

BeginsBy: TypeAlias = Literal["answer", "opening_phrase", "new_voice", "recorded_transfer"]

_TEXT, _VOICE, _LABEL, _RINGING, _RECORD = 2.0, 1.5, 2.5, 1.5, 2.0
_ENOUGH = 2.0
_RECORDED_ENOUGH = 1.0
"""Of a transfer that the record counts it is only asked which hold it was."""

_FIRST_WORDS_MS = 12_000
_FIRST_WORDS = 14
_OTHER_PITCH_ST, _SAME_PITCH_ST = 2.5, 1.0
_VOICED_MS = 1_500
"""Of less voiced speech the pitch of a voice is not known."""


@dataclass(frozen=True, slots=True)
class AgentStretch:
    """A part of a call that one agent serves.

    Attributes
    ----------
    number
        From 0, in order of time.
    span
        Where it lies.
    begins_by
        What told that another agent begins; ``answer`` for the first.
    is_introduced
        Whether the agent greets, gives a name, an organisation or a number, or offers help in its first words; None without
        words.
    """

    number: int
    span: Span
    begins_by: BeginsBy
    is_introduced: bool | None


@dataclass(frozen=True, slots=True)
class _Parked:
    span: Span
    points: float
    is_introduced: bool | None
    is_other_voice: bool


def agent_stretches(call: Call) -> tuple[AgentStretch, ...]:
    """The stretches of a call, in order of time; none where no agent speaks.

    Raises
    ------
    MissingInput
        No recording, or the parties cannot be told apart.
    """
    talk = call.talk(Role.AGENT)
    if not talk:
        return ()
    transfers = _transfers(_parked(call, talk), call.telephony.transfers)
    starts = [0, *(one.span.end_ms for one in transfers)]
    ends = [*(one.span.start_ms for one in transfers), call.duration_ms]
    introduced = [_introduces(call, 0), *(one.is_introduced for one in transfers)]
    begins: list[BeginsBy] = ["answer", *(_begins_by(one) for one in transfers)]
    return tuple(
        AgentStretch(number, Span(start, max(end, start + 1)), by, is_introduced)
        for number, (start, end, by, is_introduced) in enumerate(zip(starts, ends, begins, introduced, strict=True))
    )


def _begins_by(one: _Parked) -> BeginsBy:
    return "opening_phrase" if one.is_introduced else "new_voice" if one.is_other_voice else "recorded_transfer"


def _transfers(parked: Sequence[_Parked], recorded: int | None) -> list[_Parked]:
    if not recorded:
        return [one for one in parked if one.points >= _ENOUGH]
    best = sorted((one for one in parked if one.points >= _RECORDED_ENOUGH), key=lambda one: -one.points)[:recorded]
    return sorted(best, key=lambda one: one.span)


def _parked(call: Call, talk: Spans) -> list[_Parked]:
    holds = call.holds() if call.is_hold_known else ()
    between = [hold for hold in holds if talk[0].end_ms <= hold.start_ms and hold.end_ms < talk[-1].end_ms]
    if not between:
        return []
    try:
        pitch_st = party_voice(call, Role.AGENT).pitch_st
    except MissingInput:
        pitch_st = None
    recorded = call.telephony.transfers
    record_points = 0.0 if recorded is None else _RECORD if recorded else -_RECORD
    rings = () if call.acoustics is None else tuple(sound.span for _, sound in call.acoustics.sounds(SoundKind.RING))
    found = []
    for place, hold in enumerate(between):
        before = Span(between[place - 1].end_ms if place else 0, hold.start_ms)
        after = Span(hold.end_ms, between[place + 1].start_ms if place + 1 < len(between) else call.duration_ms)
        is_introduced = _introduces(call, hold.end_ms)
        voices = _voice_points(call, pitch_st, before, after)
        points = record_points + voices
        points += _TEXT if is_introduced else 0.0
        points += _RINGING if any(ring.overlaps(hold) for ring in rings) else 0.0
        found.append(_Parked(hold, points, is_introduced, voices > 0))
    return found


def _introduces(call: Call, from_ms: int) -> bool | None:
    """Whether the agent's first words from an instant on introduce somebody; None without words."""
    if not call.has_words:
        return None
    words = [word for word in call.words(Role.AGENT) if word.span.start_ms >= from_ms - 200]
    if not words:
        return False
    early = [word.text for word in words if word.span.start_ms <= words[0].span.start_ms + _FIRST_WORDS_MS]
    text = cues.text_of(cues.opening_of(early, _FIRST_WORDS))
    kinds: tuple[cues.Cue, ...] = ("greeting", "own_name", "organisation", "number", "offer")
    return any(cues.count(cue, text, call.language) for cue in kinds)


def _voice_points(call: Call, pitch_st: NDArray[np.float64] | None, before: Span, after: Span) -> float:
    labels = [_main_label(call, span) for span in (before, after)]
    if None not in labels and labels[0] != labels[1]:
        return _LABEL
    if pitch_st is None:
        return 0.0
    pitches = [_pitch_st(pitch_st, span) for span in (before, after)]
    if pitches[0] is None or pitches[1] is None:
        return 0.0
    apart = abs(pitches[0] - pitches[1])
    return _VOICE if apart >= _OTHER_PITCH_ST else -_VOICE if apart < _SAME_PITCH_ST else 0.0


def _main_label(call: Call, span: Span) -> str | None:
    """The label that most of the agents' talk in a span has."""
    talk = {
        label: total_ms(clip(call.need_timeline().by_label.get(label, ()), span))
        for label, role in call.roles.items()
        if role is Role.AGENT
    }
    most = max(talk, key=lambda label: talk[label])
    return most if talk[most] else None


def _pitch_st(pitch_st: NDArray[np.float64], span: Span) -> float | None:
    frame_ms = VoiceTrack.FRAME_MS
    pitches = pitch_st[span.start_ms // frame_ms : span.end_ms // frame_ms]
    known = pitches[np.isfinite(pitches)]
    return float(np.median(known)) if known.size * frame_ms >= _VOICED_MS else None
