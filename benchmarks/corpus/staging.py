"""Puts spoken utterances on a timeline, so that every event of a call is known to the millisecond. Pure: noise is seeded.

Definitions
-----------
speech span
    Where an utterance, levelled and band-limited, is above -50 dBFS in a 10 ms window; gaps up to 300 ms are closed. Outside
    its spans the utterance is silenced, so the truth is exact and not an opinion of a detector.
layout
    As Asterisk's MixMonitor and FreeSWITCH record: the channel of the customer is what comes from him; the channel of the agent
    is what goes *to* the customer, so hold music lies on the agent's channel and the customer's has only its noise. On an
    outbound call the ringing comes from the customer's side of the line, so it lies on the customer's channel.

::

    agent     ~~####~~~~~####~~♪♪♪♪♪♪♪♪♪♪~~####~~~~    ~ line noise, ♪ hold music
    customer  ~~~~~~~###~~~~~~~~~~~~~~~~~~~~~~~~##~
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.corpus import telephone
from benchmarks.corpus.telephone import PER_MS, RATE_HZ, Sound
from benchmarks.corpus.voices import Speech, Voice
from postcall.spans import Span, Spans, at_least, bridge, clip, gaps, hull, intersect, subtract, total_ms, union, whole

PARTIES = ("agent", "customer")
TAIL_MS = 700
GAP_S = 0.45
SILENCE_MS = 3000
_ACTIVE_DBFS = -50.0
_WINDOW_MS = 10
_LEVEL_RANGE_DB = 25.0
_PAUSE_MS = 300
_CLICK_MS = 30
_CUT_MS = 10
_MUSIC_DBFS = -26.0
_RINGBACK_DBFS = -18.0
_NOISE_DBFS = (-65.0, -60.0)


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance ready for the line; times from its first audible millisecond."""

    sound: Sound
    spans: Spans
    words: tuple[tuple[str, Span], ...]

    @property
    def duration_ms(self) -> int:
        """From the first to the last audible millisecond."""
        return len(self.sound) // PER_MS


@dataclass(slots=True)
class Stage:
    """What happens in a call, in ms from the start of the recording."""

    lead_ms: int = 0
    duration_ms: int = 0
    lines: list[tuple[str, int, Line]] = field(default_factory=list)
    holds: list[Span] = field(default_factory=list)
    ringback: list[Span] = field(default_factory=list)
    owners: list[tuple[Span, str]] = field(default_factory=list)
    interruptions: list[tuple[str, Span, bool]] = field(default_factory=list)
    backchannels: list[tuple[str, Span]] = field(default_factory=list)

    def talk(self, party: str) -> Spans:
        """Speech of a party."""
        return union(moved(span, start) for by, start, line in self.lines if by == party for span in line.spans)

    def words(self) -> list[tuple[str, str, Span]]:
        """Party, text and place of every word, in order of start."""
        found = [(by, text, moved(span, start)) for by, start, line in self.lines for text, span in line.words]
        return sorted(found, key=lambda word: (word[2], word[0]))


def moved(span: Span, by_ms: int) -> Span:
    """The span, so much later."""
    return Span(span.start_ms + by_ms, span.end_ms + by_ms)


def prepare(speech: Speech, voice: Voice, cut_words: int | None = None) -> Line:
    """Level, band-limit and trim an utterance; break it off after ``cut_words`` words.

    Raises
    ------
    RuntimeError
        An utterance without sound.
    """
    sound = telephone.band_limit(telephone.to_line_rate(speech.sound, speech.rate_hz, voice.scale))
    per_ms = speech.rate_hz * voice.scale / 1000
    words = [(text, round(start / per_ms), round(end / per_ms)) for text, start, end in speech.words[:cut_words]]
    if cut_words is not None:
        sound = telephone.fade(sound[: words[-1][2] * PER_MS], 10)
    sound = np.pad(sound, (0, -len(sound) % (_WINDOW_MS * PER_MS)))
    power = (sound**2).reshape(-1, _WINDOW_MS * PER_MS).mean(axis=1)
    is_loud = power > power.max() * telephone.gain(-_LEVEL_RANGE_DB) ** 2  # pauses do not count for the level
    sound = sound * (telephone.gain(voice.level_dbfs) / np.sqrt(power[is_loud].mean()))
    active = _active(sound)
    spans = bridge(at_least(_runs(active), _CLICK_MS), _PAUSE_MS)
    audible = hull(spans)
    if audible is None:
        raise RuntimeError("an utterance without sound")
    kept = [(text, _audible(Span(start, max(end, start + 1)), active, spans)) for text, start, end in words]
    trimmed = _gated(sound, spans)[audible.start_ms * PER_MS : audible.end_ms * PER_MS]
    back = -audible.start_ms
    return Line(trimmed, tuple(moved(s, back) for s in spans), tuple((text, moved(s, back)) for text, s in kept))


def _active(sound: Sound) -> npt.NDArray[np.bool_]:
    """Whether each ms is audible, shape ``(ms,)``."""
    power = np.convolve((sound**2).reshape(-1, PER_MS).mean(axis=1), np.full(_WINDOW_MS, 1 / _WINDOW_MS), mode="same")
    return power > telephone.gain(_ACTIVE_DBFS) ** 2


def _runs(active: npt.NDArray[np.bool_]) -> Spans:
    edges = np.flatnonzero(np.diff(np.pad(active.astype(np.int8), 1)))
    return tuple(Span(int(start), int(end)) for start, end in edges.reshape(-1, 2))


def _audible(word: Span, active: npt.NDArray[np.bool_], spans: Spans) -> Span:
    """The audible part of a word; a word too soft to be heard (a voiceless preposition) gets the speech nearest to it."""
    sounding = np.flatnonzero(active[word.start_ms : word.end_ms])
    if len(sounding):
        inside = clip(spans, Span(word.start_ms + int(sounding[0]), word.start_ms + int(sounding[-1]) + 1))
        if inside:
            return max(inside, key=lambda span: span.duration_ms)
    nearest = min(spans, key=lambda span: max(span.start_ms - word.start_ms, word.start_ms - span.end_ms))
    start_ms = min(max(word.start_ms, nearest.start_ms), nearest.end_ms - _WINDOW_MS)
    return Span(start_ms, start_ms + _WINDOW_MS)


def _gated(sound: Sound, spans: Spans) -> Sound:
    gated = np.zeros_like(sound)
    for span in spans:
        part = slice(span.start_ms * PER_MS, span.end_ms * PER_MS)
        gated[part] = telephone.fade(sound[part], 2)
    return gated


def cut(line: Line, words: int) -> Line:
    """The line, broken off after so many words."""
    end_ms = max(span.end_ms for _, span in line.words[:words])
    return Line(telephone.fade(line.sound[: end_ms * PER_MS], _CUT_MS), clip(line.spans, Span(0, end_ms)), line.words[:words])


def arrange(events: list[dict[str, Any]], lines: list[Line | None], ringing_ms: int = 0) -> Stage:
    """Place the utterances and holds of a script.

    Parameters
    ----------
    events
        As ``demo_calls.toml`` describes ``say``.
    lines
        The utterance of each event, None for a hold.
    ringing_ms
        Ringing before the answer that the recording holds.

    Raises
    ------
    ValueError
        A script whose events do not do what they say: a backchannel outside the other's speech, a party that talks over itself,
        a silence of 3 s or more without an owner.
    """
    stage = Stage(lead_ms=ringing_ms)
    on, cycle = telephone.RINGBACK_ON_MS, telephone.RINGBACK_CYCLE_MS
    stage.ringback = [Span(start, start + on) for start in range(0, max(ringing_ms - on, 0) + 1, cycle) if ringing_ms]
    floor_start = floor_end = ringing_ms
    for event, line in zip(events, lines, strict=True):
        start = floor_end + round(1000 * event.get("gap_s", GAP_S))
        if line is None:
            stage.holds.append(Span(start, start + round(1000 * event["hold_s"])))
            floor_end = stage.holds[-1].end_ms
            continue
        kind = event.get("kind", "")
        if "into_s" in event:
            start = floor_start + round(1000 * event["into_s"])
        span = Span(start, start + line.duration_ms)
        if "owner" in event:
            stage.owners.append((Span(floor_end, start), event["owner"]))
        if kind == "backchannel":
            stage.backchannels.append((event["by"], span))
        elif kind:
            stage.interruptions.append((event["by"], span, kind == "interruption_won"))
        stage.lines.append((event["by"], start, line))
        if "into_s" not in event:
            floor_start = start
        floor_end = max(floor_end, span.end_ms)
    stage.duration_ms = floor_end + TAIL_MS
    _check(stage)
    return stage


def _check(stage: Stage) -> None:
    whole_lines = {party: [Span(s, s + line.duration_ms) for by, s, line in stage.lines if by == party] for party in PARTIES}
    for party, spans in whole_lines.items():
        if total_ms(union(spans)) != sum(span.duration_ms for span in spans):
            raise ValueError(f"the {party} talks over itself")
    for by, span in stage.backchannels:
        other = whole_lines["agent" if by == "customer" else "customer"]
        if not any(o.start_ms <= span.start_ms and span.end_ms <= o.end_ms for o in other):
            raise ValueError(f"the backchannel at {span.start_ms} ms lies outside the other's utterance")
    for by, span, _ in stage.interruptions:
        if not any(span.overlaps(o) for o in whole_lines["agent" if by == "customer" else "customer"]):
            raise ValueError(f"the interruption at {span.start_ms} ms interrupts nobody")
    if [span for span in silences(stage) if span not in [owned for owned, _ in stage.owners]]:
        raise ValueError(f"silences without an owner: {silences(stage)}")


def silences(stage: Stage) -> Spans:
    """Silence of 3 s or more, inside the conversation and outside hold."""
    speech = union(stage.talk("agent"), stage.talk("customer"))
    return at_least(subtract(gaps(speech, hull(speech)), tuple(stage.holds)), SILENCE_MS)


def render(stage: Stage, seed: str) -> dict[str, npt.NDArray[np.int16]]:
    """Sound of each party's channel after the line's G.711, 16 bit, shape ``(samples,)``.

    Parameters
    ----------
    seed
        Decides the line noise.
    """
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    samples = stage.duration_ms * PER_MS
    channels = {party: telephone.line_noise(samples, rng.uniform(*_NOISE_DBFS), rng) for party in PARTIES}
    for by, start, line in stage.lines:
        channels[by][start * PER_MS :][: len(line.sound)] += line.sound
    for hold in stage.holds:
        part = slice(hold.start_ms * PER_MS, hold.end_ms * PER_MS)
        channels["agent"][part] = telephone.hold_music(hold.duration_ms, _MUSIC_DBFS)
    for ring in stage.ringback:
        channels["customer"][ring.start_ms * PER_MS : ring.end_ms * PER_MS] += telephone.ringback(_RINGBACK_DBFS)
    return {party: telephone.through_mulaw(sound) for party, sound in channels.items()}


def truth(stage: Stage) -> dict[str, Any]:
    """Every event of the call and the figures that follow, in ms from the start of the recording."""
    talk = {party: stage.talk(party) for party in PARTIES}
    speech = union(*talk.values())
    owners = dict(stage.owners)
    return {
        "duration_ms": stage.duration_ms,
        "sample_rate_hz": RATE_HZ,
        "answered_ms": stage.lead_ms,
        "answer_delay_ms": talk["agent"][0].start_ms - stage.lead_ms,
        "talk_ms": {party: total_ms(spans) for party, spans in talk.items()},
        "overtalk_ms": total_ms(intersect(talk["agent"], talk["customer"])),
        "non_talk_ms": total_ms(gaps(speech, whole(stage.duration_ms))),
        "speech": {party: _pairs(spans) for party, spans in talk.items()},
        "holds": _pairs(stage.holds),
        "ringback": _pairs(stage.ringback),
        "silences": [{"start_ms": span.start_ms, "end_ms": span.end_ms, "owner": owners[span]} for span in silences(stage)],
        "interruptions": [
            {
                "start_ms": span.start_ms,
                "by": by,
                "won": won,
                "overtalk_ms": total_ms(clip(talk["agent" if by == "customer" else "customer"], span)),
            }
            for by, span, won in stage.interruptions
        ],
        "backchannels": [{"start_ms": span.start_ms, "end_ms": span.end_ms, "by": by} for by, span in stage.backchannels],
        "words": [{"by": by, "start_ms": s.start_ms, "end_ms": s.end_ms, "text": text} for by, text, s in stage.words()],
    }


def _pairs(spans: Spans | list[Span]) -> list[list[int]]:
    return [[span.start_ms, span.end_ms] for span in spans]
