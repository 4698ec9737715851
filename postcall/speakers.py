"""What a diarizer says, laid over the speech timeline and the words of a recording with everybody on one channel. Pure.

Conventions
-----------
A diarizer tells speakers apart; where there is speech is known from the speech timeline, on one channel as on two. So telling
speakers apart changes no measure that needs no parties: speech stays the same to the millisecond.

Definition
----------
human part
    What a diarizer is given: all but music, tones and menus, which would be taken for speakers. Speech is never cut out, but
    before the call reaches an agent: what speaks there is `MENU`.
ghost
    A further speaker, beside two others at least, with hardly any speech: noise, a laugh, a slice of one of the others. Its
    speech goes to who speaks nearest to it. Of two speakers none is a ghost: a customer may say one word.
timeline
    Each speaker's spans inside speech; they may overlap. Speech that the diarizer gives to nobody goes to the speaker whose
    speech it touches, up to `speakers.fill_max_s`: diarizers begin late and end early. Between two speakers it is shared in the
    middle; what is longer, or touches nobody, stays under `MIXED`.
word
    Goes to the speaker who has most of it in the exclusive timeline, the earlier when equal; a word that nobody has any of
    stays with `MIXED`.
word in doubt
    One of which its speaker has less than `speakers.sure_share` in the exclusive timeline, or of which another speaker has as
    much or more in the overlapping one as `speakers.sure_share` leaves.

::

    exclusive     aaaaaaabbbbbbbb    bbb
    words         ---- ------ ---
                       ^ in doubt: a change lies in it

Edge cases
----------
Words of separate channels are never in doubt, nor are words whose speaker a transcript beside the recording names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from postcall.acoustics import Acoustics, SoundKind
from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, clip, intersect, subtract, total_ms, union, whole
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Word

MENU = "menu"
"""Speaker label of a menu or announcement on the only channel."""

TONES = (SoundKind.MUSIC, SoundKind.RING, SoundKind.BUSY, SoundKind.BEEP, SoundKind.KEY)
_SHORTEST_CUT_MS = 1_000
"""Shorter sounds stay: each cut is a seam."""


class SpeakerPolicy(Policy):
    """How far a diarizer is believed."""

    ghost_max_s: float = Setting(
        4.0, ge=0, le=60, description="A third speaker with less speech than this may be a ghost. Larger merges more of them."
    )
    ghost_max_share: float = Setting(
        0.08, ge=0, le=0.5, description="A third speaker with a smaller share of the speech than this may be a ghost."
    )
    fill_max_s: float = Setting(
        1.0,
        ge=0,
        le=10,
        description="Speech that a diarizer gives to nobody, up to this length, is its neighbour's. Larger leaves less untold.",
    )
    sure_share: float = Setting(
        0.75,
        gt=0.5,
        le=1,
        description="Of so much of a word its speaker must be the only one; else the word is in doubt. Larger doubts more.",
    )


@dataclass(frozen=True, slots=True)
class Diarized:
    """Who spoke when, by a diarizer, ghosts merged.

    Attributes
    ----------
    overlapping, exclusive
        Several may speak at once; at most one.
    ghosts
        Speakers that were merged.
    """

    overlapping: SpeakerTimeline
    exclusive: SpeakerTimeline
    ghosts: int = 0


# ── the human part ───────────────────────────────────────────────────────────


def human_part(duration_ms: int, acoustics: Acoustics, speech: Spans, reaches_agent_ms: int) -> Spans:
    """What a diarizer is given of a recording.

    Parameters
    ----------
    duration_ms
        Of the recording.
    acoustics
        Of its only channel.
    speech
        Of anybody.
    reaches_agent_ms
        Before this there is only a menu; 0 for none.
    """
    everything = whole(duration_ms)
    if everything is None:
        return ()
    sounds = union(*(channel.spans(*TONES) for channel in acoustics.channels.values()))
    cut = subtract(sounds, speech)
    before = (Span(0, min(reaches_agent_ms, duration_ms)),) if reaches_agent_ms > 0 else ()
    cut = union((span for span in cut if span.duration_ms >= _SHORTEST_CUT_MS), before)
    return subtract((everything,), cut)


def cut_out(samples: NDArray[np.float32], part: Spans, samples_per_ms: int) -> NDArray[np.float32]:
    """Samples of some spans alone, one after the other; what lies behind their end is left out."""
    pieces = [samples[span.start_ms * samples_per_ms : span.end_ms * samples_per_ms] for span in part]
    return np.concatenate(pieces) if pieces else samples[:0]


def put_back(timeline: SpeakerTimeline, part: Spans) -> SpeakerTimeline:
    """A timeline of what `cut_out` gave, in the time of the whole recording."""
    moved: dict[str, list[Span]] = {label: [] for label in timeline.by_label}
    at_ms = 0
    for span in part:
        for label, spans in timeline.by_label.items():
            inside = clip(spans, Span(at_ms, at_ms + span.duration_ms))
            shift_ms = span.start_ms - at_ms
            moved[label] += [Span(one.start_ms + shift_ms, one.end_ms + shift_ms) for one in inside]
        at_ms += span.duration_ms
    return SpeakerTimeline({label: union(spans) for label, spans in moved.items()}, timeline.exclusive, timeline.source)


# ── speakers ─────────────────────────────────────────────────────────────────


def without_ghosts(overlapping: SpeakerTimeline, exclusive: SpeakerTimeline, policy: SpeakerPolicy) -> Diarized:
    """Tiny speakers merged into those who speak nearest to them."""
    talk = {
        label: total_ms(union(overlapping.by_label.get(label, ()), exclusive.by_label.get(label, ())))
        for label in {**overlapping.by_label, **exclusive.by_label}
    }
    most_ms = min(policy.ghost_max_s * 1000, policy.ghost_max_share * sum(talk.values()))
    by_talk = sorted(talk, key=lambda label: -talk[label])
    ghosts = {label for label in by_talk[2:] if talk[label] < most_ms}
    if not ghosts:
        return Diarized(overlapping, exclusive)
    return Diarized(_merged(overlapping, ghosts), _merged(exclusive, ghosts), len(ghosts))


def _merged(timeline: SpeakerTimeline, ghosts: set[str]) -> SpeakerTimeline:
    kept = {label: list(spans) for label, spans in timeline.by_label.items() if label not in ghosts}
    for label in ghosts & timeline.by_label.keys():
        for span in timeline.by_label[label]:
            near = min(kept, key=lambda other: _distance_ms(span, timeline.by_label[other]))
            kept[near].append(span)
    return replace(timeline, by_label={label: union(spans) for label, spans in kept.items()})


def _distance_ms(span: Span, spans: Spans) -> float:
    return min((max(one.start_ms - span.end_ms, span.start_ms - one.end_ms, 0) for one in spans), default=float("inf"))


def over_speech(speech: Spans, diarized: SpeakerTimeline) -> SpeakerTimeline:
    """Who spoke when, inside speech.

    Parameters
    ----------
    speech
        Of anybody, from the speech timeline.
    diarized
        What the diarizer says.
    """
    inside = {label: intersect(spans, speech) for label, spans in diarized.by_label.items()}
    nobody = subtract(speech, union(*inside.values()))
    return SpeakerTimeline({**inside, **({MIXED: nobody} if nobody else {})}, diarized.exclusive, diarized.source)


def filled(timeline: SpeakerTimeline, most_ms: int) -> SpeakerTimeline:
    """A timeline of `over_speech` with short speech of nobody given to who speaks beside it.

    Parameters
    ----------
    timeline
        Speech of nobody under `MIXED`.
    most_ms
        Longer pieces stay.
    """
    ends = {span.end_ms: label for label, spans in timeline.by_label.items() if label != MIXED for span in spans}
    starts = {span.start_ms: label for label, spans in timeline.by_label.items() if label != MIXED for span in spans}
    given: dict[str, list[Span]] = {label: list(spans) for label, spans in timeline.by_label.items() if label != MIXED}
    rest = []
    for piece in timeline.by_label.get(MIXED, ()):
        before, after = ends.get(piece.start_ms), starts.get(piece.end_ms)
        if piece.duration_ms > most_ms or (before is None and after is None):
            rest.append(piece)
        elif before is None or after is None or before == after or piece.duration_ms < 2:
            given[before or after or MIXED].append(piece)
        else:
            middle_ms = (piece.start_ms + piece.end_ms) // 2
            given[before].append(Span(piece.start_ms, middle_ms))
            given[after].append(Span(middle_ms, piece.end_ms))
    by_label = {label: union(spans) for label, spans in given.items()}
    return replace(timeline, by_label={**by_label, **({MIXED: tuple(rest)} if rest else {})})


def with_menu(timeline: SpeakerTimeline, reaches_agent_ms: int) -> SpeakerTimeline:
    """The timeline with all speech before the call reaches an agent under `MENU`."""
    before = (Span(0, reaches_agent_ms),) if reaches_agent_ms > 0 else ()
    menu = union(*(intersect(spans, before) for spans in timeline.by_label.values()))
    if not menu:
        return timeline
    rest = {label: subtract(spans, menu) for label, spans in timeline.by_label.items()}
    return replace(
        timeline, by_label={**{label: spans for label, spans in rest.items() if spans or label != MIXED}, MENU: menu}
    )


# ── words ────────────────────────────────────────────────────────────────────


def with_speakers(
    words: Iterable[Word], exclusive: SpeakerTimeline, overlapping: SpeakerTimeline | None = None, *, sure_share: float = 0.75
) -> tuple[Word, ...]:
    """Words with their speakers, in the same order, those in doubt marked.

    Parameters
    ----------
    words
        Of one channel.
    exclusive
        Who spoke when, at most one at a time.
    overlapping
        The same where several may speak at once; None where it is not known.
    sure_share
        See `SpeakerPolicy`.
    """
    alone = _Pieces(exclusive.by_label)
    together = _Pieces(overlapping.by_label) if overlapping is not None else None
    return tuple(_spoken(word, alone, together, sure_share) for word in words)


def _spoken(word: Word, alone: _Pieces, together: _Pieces | None, sure_share: float) -> Word:
    shares = alone.ms_in(word.span)
    if not shares:
        return replace(word, speaker=MIXED, is_in_doubt=True)
    speaker = max(shares, key=shares.__getitem__)
    length_ms = word.span.duration_ms
    others = together.ms_in(word.span) if together is not None else {}
    rival_ms = max((ms for label, ms in others.items() if label != speaker), default=0)
    # A share of 1 leaves nothing to a rival, but a rival without anything is none.
    is_in_doubt = shares[speaker] < sure_share * length_ms or (rival_ms > 0 and rival_ms >= (1 - sure_share) * length_ms)
    return replace(word, speaker=speaker, is_in_doubt=is_in_doubt)


class _Pieces:
    """Spans of all speakers in order of start."""

    def __init__(self, by_label: Mapping[str, Spans]) -> None:
        self._pieces = sorted((span, label) for label, spans in by_label.items() for span in spans)
        self._starts = [span.start_ms for span, _ in self._pieces]
        self._longest_ms = max((span.duration_ms for span, _ in self._pieces), default=0)

    def ms_in(self, span: Span) -> dict[str, int]:
        """Speaker label -> ms of ``span``; only those who have any."""
        shares: dict[str, int] = {}
        for index in range(max(bisect_right(self._starts, span.start_ms - self._longest_ms) - 1, 0), len(self._pieces)):
            piece, label = self._pieces[index]
            if piece.start_ms >= span.end_ms:
                break
            shared_ms = min(piece.end_ms, span.end_ms) - max(piece.start_ms, span.start_ms)
            if shared_ms > 0:
                shares[label] = shares.get(label, 0) + shared_ms
        return shares
