"""What a diarizer says, laid over the speech timeline and the words of a recording with everybody on one channel. Pure.

Conventions
-----------
A diarizer tells speakers apart; where there is speech is known from the speech timeline, on one channel as on two. So telling
speakers apart changes no measure that needs no parties: speech stays the same to the millisecond.

Definition
----------
timeline
    Each speaker's spans inside speech; they may overlap. Speech that the diarizer gives to nobody stays under `MIXED`.
word
    Goes to the speaker who has most of it in the exclusive timeline, the earlier when equal; a word that nobody has any of
    stays with `MIXED`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from postcall.spans import Span, Spans, intersect, subtract, union
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Word


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


def with_speakers(words: Iterable[Word], exclusive: SpeakerTimeline) -> tuple[Word, ...]:
    """Words with their speakers, in the same order.

    Parameters
    ----------
    words
        Of one channel.
    exclusive
        Who spoke when, at most one at a time.
    """
    pieces = sorted((span, label) for label, spans in exclusive.by_label.items() for span in spans)
    starts = [span.start_ms for span, _ in pieces]
    return tuple(replace(word, speaker=_speaker(word.span, pieces, starts)) for word in words)


def _speaker(span: Span, pieces: list[tuple[Span, str]], starts: list[int]) -> str:
    shares: dict[str, int] = {}
    for index in range(max(bisect_right(starts, span.start_ms) - 1, 0), len(pieces)):
        piece, label = pieces[index]
        if piece.start_ms >= span.end_ms:
            break
        shared_ms = min(piece.end_ms, span.end_ms) - max(piece.start_ms, span.start_ms)
        if shared_ms > 0:
            shares[label] = shares.get(label, 0) + shared_ms
    return max(shares, key=shares.__getitem__) if shares else MIXED
