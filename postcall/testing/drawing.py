"""A call from a drawing of its timeline.

Conventions
-----------
The first row carries seconds; where its numbers stand sets the scale. Each further row is a party or ``hold``;
every mark that is no blank fills its cell::

    seconds   0         10        20        30
    agent     ####                      ####
    customer      #####
    hold               ------

A row ``anyone`` instead of the parties draws a mono recording in which nobody is told apart. Rows ``music``, ``mute``,
``dropped``, ``ring``, ``beep`` and ``busy`` are sounds on the agent's channel (the only one of a mono recording),
``customer_busy`` one on the customer's; every mark of ``ring`` and ``beep`` between blanks is one burst. Rows ``agent_level``
and ``agent_pitch``, and the customer's, hold digits: decibels over -30 dBFS, and semitones over 120 Hz. ``agent_nuclei`` has a
mark for each nucleus of a syllable, ``agent_held`` has sounds that are held, ``agent_pauses`` silences that are closed. Without
any of these rows nobody listened for sounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import Acoustics, ChannelSound, Sound, SoundKind, VoiceTrack
from postcall.call import Call
from postcall.recording import Recording, Topology
from postcall.spans import Span, Spans, bridge
from postcall.telephony import Direction, RecordedHold, Role, Telephony
from postcall.timeline import MIXED, SpeakerTimeline, channel_label
from postcall.transcript import Transcript, Word

ANSWERED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When a drawn call was answered, and its recording started."""

_SOUNDS = ("music", "mute", "dropped", "ring", "beep", "busy")
_VOICE = tuple(f"{party}_{name}" for party in ("agent", "customer") for name in ("level", "pitch", "nuclei", "held", "pauses"))
_LEVEL_0_DBFS, _PITCH_0_HZ = -30.0, 120.0

LABELS = {Role.CUSTOMER: channel_label(0), Role.AGENT: channel_label(1)}


def make_call(
    drawing: str,
    *,
    said: Mapping[Role, Iterable[tuple[float, float, str]]] | None = None,
    language: str | None = "en",
    telephony: Telephony | None = None,
    duration_s: float | None = None,
    is_hold_known: bool = True,
) -> Call:
    """A call as drawn.

    Parameters
    ----------
    drawing
        See the module.
    said
        Party -> (start s, end s, text): the words are spread evenly over the stretch. None for a call without transcript.
    language
        Of call and transcript.
    telephony
        The call record, instead of one of a plain inbound call answered when the recording starts; drawn holds are set in it.
    duration_s
        Length of the recording; the end of the last mark or number when None.
    is_hold_known
        False for a record that says nothing about hold.
    """
    rows = [line for line in drawing.splitlines() if line.strip()]
    at_ms, end_ms = _scale(rows[0])
    lines = {line.split()[0]: line for line in rows[1:]}
    drawn = {name: _marks(line, len(name), at_ms) for name, line in lines.items() if name not in _VOICE}
    voices = {name: line for name, line in lines.items() if name in _VOICE}
    sounds = {name: spans for name, spans in drawn.items() if name.removeprefix("customer_") in _SOUNDS}
    if unknown := drawn.keys() - {"agent", "customer", "hold", "anyone", *sounds}:
        names = ", ".join(["agent", "customer", "hold", "anyone", *_SOUNDS, *_VOICE])
        raise ValueError(f"rows of a drawing are {names}, not {', '.join(sorted(unknown))}")
    last = max([end_ms, *(span.end_ms for spans in drawn.values() for span in spans)])
    duration_ms = round(duration_s * 1000) if duration_s is not None else last
    is_mono = "anyone" in drawn
    base = telephony or Telephony(
        call_id="drawn",
        recording="drawn.wav",
        started_at=ANSWERED_AT - timedelta(seconds=15),
        offered_at=ANSWERED_AT - timedelta(seconds=10),
        answered_at=ANSWERED_AT,
        ended_at=ANSWERED_AT + timedelta(milliseconds=duration_ms),
        direction=Direction.INBOUND,
        queue="sales",
        agent_id="a-1",
        language=language,
    )
    holds = tuple(
        RecordedHold(ANSWERED_AT + timedelta(milliseconds=s.start_ms), ANSWERED_AT + timedelta(milliseconds=s.end_ms))
        for s in drawn.get("hold", ())
    )
    spans = {MIXED: drawn["anyone"]} if is_mono else {label: drawn.get(role.value, ()) for role, label in LABELS.items()}
    return Call(
        telephony=replace(base, holds=holds if is_hold_known else None),
        recording=Recording(
            source="drawn.wav",
            sha256="0" * 64,
            codec="pcm_s16le",
            container="wav",
            sample_rate_hz=8000,
            channels=1 if is_mono else 2,
            duration_ms=duration_ms,
            topology=Topology.MONO if is_mono else Topology.SEPARATE,
            topology_evidence={},
        ),
        timeline=SpeakerTimeline(spans, exclusive=False, source="drawing"),
        acoustics=_acoustics(sounds, voices, at_ms, duration_ms, is_mono=is_mono) if sounds or voices else None,
        transcript=_transcript(said, language) if said is not None else None,
        roles={} if is_mono else {label: role for role, label in LABELS.items()},
        role_source=None if is_mono else "call_record",
        recording_started_at=ANSWERED_AT,
        missing={"parties": "one channel, and nobody told the parties apart"} if is_mono else {},
    )


def _acoustics(
    rows: Mapping[str, Spans], voices: Mapping[str, str], at_ms: list[int], duration_ms: int, *, is_mono: bool
) -> Acoustics:
    def channel(prefix: str) -> ChannelSound:
        party = prefix or "agent_"
        found = [
            Sound(span, SoundKind(name.removeprefix(prefix)), number)
            for name, spans in rows.items()
            if name.startswith("customer_") == bool(prefix)
            for number, span in enumerate(spans)
        ]
        of_party = {name.removeprefix(party): line for name, line in voices.items() if name.startswith(party)}
        return ChannelSound(tuple(sorted(found)), voice=_voice(of_party, len(party), at_ms, duration_ms))

    if is_mono:
        return Acoustics({MIXED: channel("")})
    return Acoustics({LABELS[Role.CUSTOMER]: channel("customer_"), LABELS[Role.AGENT]: channel("")})


def _voice(rows: Mapping[str, str], skip: int, at_ms: list[int], duration_ms: int) -> VoiceTrack:
    if not rows:
        return VoiceTrack()
    frames = -(-duration_ms // VoiceTrack.FRAME_MS)

    def digits(name: str, nothing: float, at: Callable[[int], float]) -> NDArray[np.float64]:
        values = np.full(frames, nothing)
        for column, mark in enumerate(rows.get(name, "")):
            if column >= skip + len(name) and mark != " ":
                values[at_ms[column] // VoiceTrack.FRAME_MS : at_ms[column + 1] // VoiceTrack.FRAME_MS] = at(int(mark))
        return values

    nuclei = [at_ms[i] for i, mark in enumerate(rows.get("nuclei", "")) if i >= skip + len("nuclei") and mark != " "]
    return VoiceTrack.of(
        digits("level", -120.0, lambda db: _LEVEL_0_DBFS + db),
        digits("pitch", 0.0, lambda semitones: _PITCH_0_HZ * 2 ** (semitones / 12)),
        tuple(nuclei),
        _marks(rows.get("held", ""), skip + len("held"), at_ms),
        _marks(rows.get("pauses", ""), skip + len("pauses"), at_ms),
    )


def _scale(line: str) -> tuple[list[int], int]:
    """Millisecond at which each column of the drawing starts, and the last number's."""
    numbers = [(match.start(), int(match.group())) for match in re.finditer(r"\d+", line)]
    if not line.startswith("seconds") or len(numbers) < 2:
        raise ValueError("the first row of a drawing is 'seconds' with at least two numbers")
    steps = {(later[1] - earlier[1]) * 1000 / (later[0] - earlier[0]) for earlier, later in pairwise(numbers)}
    if len(steps) != 1:
        raise ValueError("the numbers of a drawing must be evenly spaced")
    (step,) = steps
    zero = numbers[0][0] - numbers[0][1] * 1000 / step
    return [round((column - zero) * step) for column in range(1000)], numbers[-1][1] * 1000


def _marks(line: str, skip: int, at_ms: list[int]) -> Spans:
    cells = [Span(at_ms[i], at_ms[i + 1]) for i, mark in enumerate(line) if i >= skip and mark != " "]
    return bridge(cells, 0)


def _transcript(said: Mapping[Role, Iterable[tuple[float, float, str]]], language: str | None) -> Transcript:
    words: list[Word] = []
    for role, stretches in said.items():
        for start_s, end_s, text in stretches:
            texts = text.split()
            edges = [round((start_s + (end_s - start_s) * i / len(texts)) * 1000) for i in range(len(texts) + 1)]
            words += [
                Word(Span(start, end), one, 1.0, LABELS[role]) for (start, end), one in zip(pairwise(edges), texts, strict=True)
            ]
    return Transcript(tuple(sorted(words, key=lambda word: word.span)), language, "drawing")
