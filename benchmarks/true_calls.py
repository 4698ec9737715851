"""Calls as the night knows them, with what is true of them in place of what a recogniser or diarizer would say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from postcall.acoustics import Acoustics
from postcall.call import Call
from postcall.recording import Recording
from postcall.spans import Span, Spans, bridge, union
from postcall.telephony import Role, Telephony
from postcall.timeline import MIXED, SpeakerTimeline, channel_label
from postcall.transcript import Transcript, Word

BRIDGE_MS = 400
"""``speech.bridge_gap_ms``: shorter pauses are talk in the tables, so they are in the truth too."""

ROLES = {"caller": "customer"}
"""Names of parties in references of real calls that the tables know by another."""


def spans_of(of: Iterable[Mapping[str, Any]]) -> Iterator[Span]:
    """Spans of things that the truth lists with their times."""
    return (Span(one["start_ms"], one["end_ms"]) for one in of)


def call_of(
    truth: Mapping[str, Any],
    recording: Recording,
    timeline: SpeakerTimeline,
    acoustics: Acoustics,
    transcript: Transcript | None = None,
) -> Call:
    """The call, with nothing of its record but who is on which channel."""
    return Call(
        telephony=Telephony(call_id=truth["call_id"], language=truth["language"]),
        recording=recording,
        timeline=timeline,
        acoustics=acoustics,
        transcript=transcript,
        roles=_roles(truth) if recording.topology.is_separated else {},
        role_source="call_record",
    )


def _roles(truth: Mapping[str, Any]) -> dict[str, Role]:
    return {channel_label(n): Role(parties[0]) for n, parties in enumerate(truth["channels"]) if len(parties) == 1}


def speech_of(truth: Mapping[str, Any], party: str) -> Spans:
    """True speech of a party."""
    return union(Span(start_ms, end_ms) for start_ms, end_ms in truth["speech"][party])


def bridged_speech(spans: Spans) -> Spans:
    """Speech with shorter pauses than the tables know taken for talk, as the tables have it."""
    return bridge(spans, BRIDGE_MS)


def words_of(truth: Mapping[str, Any]) -> Transcript:
    """What was said, as a recogniser without errors would write it; whose it is, only on channels of one party."""
    alone = {parties[0]: channel_label(n) for n, parties in enumerate(truth["channels"]) if len(parties) == 1}
    label = {side: alone.get(side, MIXED) for side in ("agent", "customer")}
    words = [
        Word(Span(w["start_ms"], max(w["end_ms"], w["start_ms"] + 1)), w["text"], 1.0, label[side(w["by"])])
        for w in truth["words"]
    ]
    return Transcript(tuple(sorted(words, key=lambda word: word.span)), truth["language"], "synthesis")


def side(by: str) -> str:
    """The channel's party: a menu and a second agent are heard on the agent's."""
    return "customer" if by == "customer" else "agent"
