"""Holds and mutes as the recording has them, whatever the call record says. Pure.

Definition
----------
Of what is heard where the agent's leg is (the mixed channel of a mono recording), after both have spoken and before the call's
last word:

hold
    Music; tones or ringback that repeat; or the noise of a switch in place of the room's. Pieces that follow one another with
    no more than ``_GAP_MS`` between (tones: ``_CYCLE_MS``) and without the agent's talk there are one hold. Its source is what
    it has most of. Announcements that are played between or beside the pieces belong to it (`postcall.hold_recording`). Who is
    parked has nobody to talk to: where the customer talks for more than ``_CUSTOMER_SHARE`` of it, what is heard is the hum or
    the gate of the line of an agent who listens.
mute
    The agent's leg carries nothing at all.

::

    agent        ####              ####            ####
    music             ♪♪♪♪♪♪♪♪♪♪♪♪
    nothing                             ..........
                      ^^^^^^^^^^^^      ^^^^^^^^^^
                      audio_music       audio_mute

Edge cases
----------
Music, ringing and beeps before agent and customer have both spoken are the queue's: the customer waits, but is not on hold. A
single beep is no hold. On a mono recording neither a mute nor a hold without music or tones can be heard, since the customer's
leg goes on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from postcall.acoustics import ChannelSound, Sound, SoundKind
from postcall.spans import Span, Spans, intersect, longest_ms, subtract, total_ms

HOLD_SOURCES = ("audio_music", "audio_tone", "audio_dropped")
MUTE_SOURCE = "audio_mute"

_SOURCES = {
    SoundKind.MUSIC: "audio_music",
    SoundKind.BEEP: "audio_tone",
    SoundKind.RING: "audio_tone",
    SoundKind.BUSY: "audio_tone",
    SoundKind.DROPPED: "audio_dropped",
}
_GAP_MS, _CYCLE_MS = 2_500, 7_000
_AGENT_BACK_MS = 250
"""Talk of the agent this long between two pieces says that there were two holds."""
_SHORTEST_MS = {"audio_music": 2_000, "audio_tone": 1_000, "audio_dropped": 3_000}
_FEWEST_TONES = 2
_CUSTOMER_SHARE = 0.25
_BREATH_MS = 400
"""Between a hold and the agent's first word after it."""


@dataclass(frozen=True, slots=True)
class AudibleHold:
    """A hold or mute that is heard.

    Attributes
    ----------
    span
        Where it lies in the recording.
    source
        One of `HOLD_SOURCES`, or `MUTE_SOURCE`.
    """

    span: Span
    source: str

    @property
    def is_mute(self) -> bool:
        """Whether the agent's leg was only silenced."""
        return self.source == MUTE_SOURCE


def audible_holds(
    channel: ChannelSound, agent: Spans, customer: Spans, speech: Spans, *, is_mixed: bool, recordings: Spans = ()
) -> tuple[AudibleHold, ...]:
    """Holds and mutes, in order of start.

    Parameters
    ----------
    channel
        Sounds of the agent's channel, or of the only one.
    agent
        Talk of the agent; of anybody where the parties are not told apart.
    customer
        Talk of the customer; empty where the parties are not told apart.
    speech
        Of anybody.
    is_mixed
        Whether the customer is heard on the same channel.
    recordings
        Announcements that are played on the channel (`postcall.hold_recording`): part of a hold that they follow or part.
    """
    if not agent:
        return ()
    # Before the customer says anything it is a menu or a queue that speaks, rings and plays.
    first_ms, last_ms = max(agent[0].end_ms, customer[0].start_ms if customer else 0), speech[-1].end_ms
    kinds = [kind for kind in _SOURCES if kind is not SoundKind.DROPPED or not is_mixed]
    pieces = [sound for sound in channel.sounds if sound.kind in kinds and sound.span.start_ms >= first_ms]
    # The line's own tones after the last word tell of its end, not of a hold.
    pieces = [piece for piece in pieces if piece.kind is not SoundKind.BUSY and (piece.span.start_ms < last_ms)]
    found = [
        hold
        for cluster in _clusters(pieces, agent, recordings)
        for hold in _hold(cluster, agent, recordings)
        if total_ms(intersect(customer, (hold.span,))) <= _CUSTOMER_SHARE * hold.span.duration_ms
    ]
    if not is_mixed:
        mutes = (s.span for s in channel.sounds if s.kind is SoundKind.MUTE and first_ms <= s.span.start_ms < last_ms)
        # Between the tones of a hold a line may be dead; that is no mute.
        found += [AudibleHold(span, MUTE_SOURCE) for span in mutes if not any(span.overlaps(hold.span) for hold in found)]
    return tuple(sorted(found, key=lambda hold: hold.span))


def _clusters(pieces: Sequence[Sound], agent: Spans, recordings: Spans) -> list[list[Sound]]:
    clusters: list[list[Sound]] = []
    for piece in sorted(pieces):
        if clusters:
            last = clusters[-1][-1]
            end_ms = max(sound.span.end_ms for sound in clusters[-1])
            # Before an announcement and after it there is as much time as between two pieces.
            gap_ms = longest_ms(subtract(_between(end_ms, piece.span.start_ms), recordings))
            is_cycle = {piece.kind, last.kind} <= {SoundKind.BEEP, SoundKind.RING}
            if gap_ms <= 0 or (
                gap_ms <= (_CYCLE_MS if is_cycle else _GAP_MS) and not _talks(agent, end_ms, piece.span.start_ms)
            ):
                clusters[-1].append(piece)
                continue
        clusters.append([piece])
    return clusters


def _between(end_ms: int, start_ms: int) -> Spans:
    return (Span(end_ms, start_ms),) if end_ms < start_ms else ()


def _talks(agent: Spans, start_ms: int, end_ms: int) -> bool:
    return longest_ms(intersect(agent, (Span(start_ms, end_ms),))) >= _AGENT_BACK_MS


def _hold(cluster: Sequence[Sound], agent: Spans, recordings: Spans) -> Iterator[AudibleHold]:
    by_source: dict[str, list[Sound]] = {}
    for sound in cluster:
        by_source.setdefault(_SOURCES[sound.kind], []).append(sound)
    tones = by_source.get("audio_tone", [])
    if len(tones) < _FEWEST_TONES:
        by_source.pop("audio_tone", None)
    if not by_source:
        return
    # Tones are short, and what is heard between them is the switch: where they repeat, they name the hold.
    source = next(name for name in HOLD_SOURCES if name in by_source)
    end_ms = max(sound.span.end_ms for sound in cluster)
    if source == "audio_tone" and end_ms == tones[-1].span.end_ms:
        # The pause after the last tone is hold too, until the agent is back or the next tone would be due.
        pauses = [Span(a.span.end_ms, b.span.start_ms) for a, b in itertools.pairwise(tones) if a.span.end_ms < b.span.start_ms]
        due_ms = end_ms + max((s.duration_ms for s in pauses if not intersect((s,), recordings)), default=0)
        back_ms = next((span.start_ms for span in agent if span.start_ms >= end_ms), due_ms)
        end_ms = max(end_ms, min(due_ms, back_ms - _BREATH_MS))
    start_ms = cluster[0].span.start_ms
    gap_ms = _CYCLE_MS if source == "audio_tone" else _GAP_MS
    for played in recordings:
        if played.start_ms < start_ms <= played.end_ms + gap_ms:
            start_ms = played.start_ms
        if played.start_ms - gap_ms <= end_ms < played.end_ms:
            end_ms = played.end_ms
    span = Span(start_ms, end_ms)
    if span.duration_ms >= _SHORTEST_MS[source]:
        yield AudibleHold(span, source)
