"""What is true of a call: RTTM, CTM, JSON, whose fields ``TRUTH.md`` lists; and its call record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.corpus.announcements import ANNOUNCEMENT
from benchmarks.corpus.planning import Plan, gender_of
from benchmarks.corpus.rendering import record_beeps
from benchmarks.corpus.scene import RECORDED, Overlap, Scene
from benchmarks.corpus.telephone import RATE_HZ
from postcall.spans import Span, Spans, clip, gaps, intersect, total_ms, whole

COLUMNS = (
    "call_id recording started_at offered_at answered_at ended_at recording_started_at direction queue agent_id agent_name "
    "agent_grade customer_key holds transfers disconnected_by channel_map language"
).split()
UNKNOWN_HOLDS_SHARE, UNKNOWN_START_SHARE, UNKNOWN_END_SHARE, UNKNOWN_MAP_SHARE, WRONG_MAP_SHARE = 0.2, 0.1, 0.15, 0.25, 0.3


def rttm(scene: Scene, call_id: str) -> str:
    """Speech of each speaker: ``agent``, ``agent2``, ``customer``, ``ivr``, ``announcement``. NIST RTTM, one line a span."""
    spans = sorted(
        (span.start_ms + said.start_ms, span.duration_ms, said.by) for said in scene.said for span in said.line.spans
    )
    return "".join(
        f"SPEAKER {call_id} 1 {start_ms / 1000:.3f} {duration_ms / 1000:.3f} <NA> <NA> {by} <NA> <NA>\n"
        for start_ms, duration_ms, by in spans
    )


def ctm(scene: Scene, call_id: str, channels: Sequence[Sequence[str]]) -> str:
    """Words with times, punctuation kept; NIST CTM. A word that lies on both channels stands on the first."""
    channel = {party: next(n for n, parties in enumerate(channels, 1) if party in parties) for party in ("agent", "customer")}
    return "".join(
        f"{call_id} {channel['customer' if by == 'customer' else 'agent']} "
        f"{span.start_ms / 1000:.3f} {span.duration_ms / 1000:.3f} {text} 1.00\n"
        for by, text, span in scene.words()
    )


def truth(
    scene: Scene, plan: Plan, recording: str, channels: Sequence[Sequence[str]], clipped: Mapping[str, float]
) -> dict[str, Any]:
    """Every event of the call, in ms from the start of the recording."""
    talk = {party: scene.talk(party) for party in ("agent", "customer")}
    owned = {silence.span: silence for silence in scene.owned}
    last = max((said for said in scene.said if said.by not in RECORDED), key=lambda said: said.span.end_ms)
    return {
        "call_id": plan.call_id,
        "script": plan.script.name,
        "shows": plan.script.shows,
        "choices": dict(plan.chosen),
        "seed": plan.seed,
        "split": "held_out" if plan.is_held_out else "train",
        "follows": plan.follows,
        "language": plan.script.language,
        "direction": plan.script.direction,
        "recording": recording,
        "sample_rate_hz": RATE_HZ,
        "duration_ms": scene.duration_ms,
        "channels": [list(parties) for parties in channels],
        "topology": {"swapped": "separate"}.get(plan.conditions.layout, plan.conditions.layout),
        "conditions": asdict(plan.conditions) | {"clipped_share": dict(clipped)},
        "speakers": {
            by: {
                "gender": plan.cast[by].gender if by in plan.cast else gender_of(plan.voices[by]),
                "voice": asdict(plan.voices[by]),
            }
            for by in sorted({said.by for said in scene.said})
        },
        "rings": _pairs(scene.rings),
        "rings_before_answer": scene.rings_before_answer,
        "ringing_ms": scene.answered_ms - scene.offered_ms,
        "answered_ms": scene.answered_ms,
        "answer_delay_ms": talk["agent"][0].start_ms - scene.answered_ms,
        "talk_ms": {party: total_ms(spans) for party, spans in talk.items()},
        "overtalk_ms": total_ms(intersect(*talk.values())),
        "non_talk_ms": total_ms(gaps(scene.speech(), whole(scene.duration_ms))),
        "speech": {party: _pairs(scene.talk(party)) for party in ("agent", "customer", "ivr")},
        "utterances": [_timed(said.span) | {"by": said.by} for said in sorted(scene.said, key=lambda said: said.start_ms)],
        "holds": [
            _timed(held.span)
            | {"kind": held.kind, "sound": held.sound, "announced": held.is_announced}
            | ({"style": plan.conditions.music} if held.sound == "music" else {})
            for held in scene.parked
        ],
        **_announcements(scene),
        "mutes": _pairs(scene.mutes),
        "silences": [
            _timed(span) | {"owner": owned[span].owner, "kind": owned[span].kind} | _before(scene, span.start_ms)
            for span in scene.silences()
        ],
        "interruptions": [
            _timed(overlap.span)
            | {"by": overlap.by, "winner": overlap.by if overlap.kind == "interruption_won" else _other(overlap.by)}
            | {"overtalk_ms": _overtalk_ms(talk, overlap)}
            for overlap in scene.overlaps
            if overlap.kind.startswith("interruption")
        ],
        **{
            name: [
                _timed(overlap.span) | {"by": overlap.by, "overtalk_ms": _overtalk_ms(talk, overlap)}
                for overlap in scene.overlaps
                if overlap.kind == kind
            ]
            for name, kind in (
                ("backchannels", "backchannel"),
                ("early_starts", "early_start"),
                ("simultaneous_starts", "simultaneous_start"),
            )
        },
        "keys": [{"start_ms": at_ms, "key": key} for at_ms, key in scene.keys],
        "record_tone": _pairs(record_beeps(scene, plan.conditions)),
        "last_speaker": last.side,
        "hung_up_by": scene.hung_up_by,
        "hung_up_ms": scene.hung_up_ms,
        "busy": _pairs(scene.busy),
        "rules": plan.script.results(plan.chosen),
        "words": [{"by": by, "start_ms": s.start_ms, "end_ms": s.end_ms, "text": text} for by, text, s in scene.words()],
    }


def as_json(fields: Mapping[str, Any]) -> str:
    """One field a line, so that two truths can be compared by eye."""
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def record(scene: Scene, plan: Plan, recording: str, channels: Sequence[Sequence[str]]) -> dict[str, str]:
    """The call record, as ``docs/call-records.md`` has it; part of what is true is missing from it, as in real exports.

    What is missing: the holds, the start of the recording, who hung up, who is on which channel. Some records
    name swapped channels the other way round: the one thing that is wrong and not missing.
    """
    rng = Random(f"{plan.seed} record")
    chances = [rng.random() for _ in range(5)]  # all drawn always, so that one share can change without the others
    answered = _after(plan.started_at, scene.answered_ms - scene.started_ms)
    zero = _after(answered, -scene.answered_ms)

    def at(milliseconds: int) -> str:
        return _iso(_after(zero, milliseconds))

    holds = [{"start": at(held.span.start_ms), "end": at(held.span.end_ms)} for held in scene.parked]
    is_split = all(len(parties) == 1 for parties in channels)
    order = [parties[0] for parties in channels] if is_split else []
    if plan.conditions.layout == "swapped" and chances[4] < WRONG_MAP_SHARE:
        order.reverse()
    agent = plan.cast["agent"]
    return {
        "call_id": plan.call_id,
        "recording": recording,
        "started_at": at(scene.started_ms),
        "offered_at": at(scene.offered_ms) if plan.script.direction == "inbound" else "",
        "answered_at": _iso(answered),
        "ended_at": at(scene.hung_up_ms),
        "recording_started_at": "" if chances[0] < UNKNOWN_START_SHARE else _iso(zero),
        "direction": plan.script.direction,
        "queue": plan.script.queue,
        "agent_id": f"{plan.script.language}-{agent.number}",
        "agent_name": agent.called,
        "agent_grade": "specialist",
        "customer_key": plan.customer_key,
        "holds": "" if chances[1] < UNKNOWN_HOLDS_SHARE else json.dumps(holds),
        "transfers": str(sum(held.kind == "transfer" for held in scene.parked)),
        "disconnected_by": "unknown" if chances[2] < UNKNOWN_END_SHARE else scene.hung_up_by,
        "channel_map": "" if chances[3] < UNKNOWN_MAP_SHARE else ",".join(order),
        "language": plan.script.language,
        **plan.script.record,
    }


def _announcements(scene: Scene) -> dict[str, Any]:
    """What telephony says to who is on hold; no field in calls where it says nothing."""
    beds = {span for held in scene.parked for span in held.beds}
    found = [_timed(said.span) | {"over_music": said.span in beds} for said in scene.said if said.by == ANNOUNCEMENT]
    return {"announcements": found} if found else {}


def _pairs(spans: Spans | Sequence[Span]) -> list[list[int]]:
    return [[span.start_ms, span.end_ms] for span in spans]


def _timed(span: Span) -> dict[str, Any]:
    return {"start_ms": span.start_ms, "end_ms": span.end_ms}


def _other(party: str) -> str:
    return "agent" if party == "customer" else "customer"


def _overtalk_ms(talk: Mapping[str, Spans], overlap: Overlap) -> int:
    return total_ms(intersect(clip(talk[_other(overlap.by)], overlap.span), clip(talk[overlap.by], overlap.span)))


def _before(scene: Scene, at_ms: int) -> dict[str, Any]:
    """What ends where a silence begins."""
    if any(held.span.end_ms == at_ms for held in scene.parked):
        return {"after": "hold"}
    said = max((said for said in scene.said if said.span.end_ms <= at_ms), key=lambda said: said.span.end_ms)
    return {"after": "speech", "after_by": said.by, "after_text": " ".join(text for text, _ in said.line.words)}


def _after(instant: datetime, milliseconds: int) -> datetime:
    return instant + timedelta(milliseconds=milliseconds)


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")
