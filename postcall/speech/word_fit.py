"""Words against speech: timing never comes from the recogniser. Pure.

Conventions
-----------
A recogniser may place a word seconds too early, stretch it over a pause, or invent it on hold music; the speech timeline
knows better. Every word ends up inside one span of its speaker's speech, or is dropped and counted.

::

    speech       #####    ####
    word       ----                  clipped to its speech
    word             -----           stays with the span that holds most of it
    word              -              near an edge: moved onto it
    word                       --    no speech near: dropped

Definition
----------
clipped
    The word's span changed: cut to speech, or moved onto the edge of speech at most ``words.near_s`` away. A moved word keeps
    its length as far as the span has room.
dropped
    No speech of its speaker under the word nor near it, or a word longer than ``words.longest_s``.
speech without words
    Spans of speech that hold not even a part of a kept word, whole.

Edge cases
----------
A word whose speaker is not known is fitted to everybody's speech. A word of a label that the timeline does not have, has no
speech and is dropped. The order of a speaker's words stays as it was, as long as they do not overlap one another: words moved
back from behind a span do not overtake those before them. Fitting twice changes nothing.

References
----------
Early and stretched words: faster-whisper issues 125 and 120, whisperX issue 896. Text where nobody speaks: arXiv 2501.11378.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from postcall.policy import Policy, Setting
from postcall.spans import Span, Spans, union
from postcall.transcript import Transcript, Word


class WordPolicy(Policy):
    """How words are fitted to speech."""

    near_s: float = Setting(
        0.2,
        ge=0,
        le=2,
        description="A word this near to speech is moved onto its edge. Smaller drops more words that were misplaced, larger "
        "keeps more that were invented.",
    )
    longest_s: float = Setting(
        30.0,
        gt=0,
        le=60,
        description="A longer word does not say when it was said and is dropped. The recogniser's window is 30 s.",
    )


@dataclass(frozen=True, slots=True)
class FitCounts:
    """What fitting changed.

    Attributes
    ----------
    words_clipped
        Kept words whose span changed.
    words_dropped
        Words with no speech under or near them.
    speech_without_words_ms
        Speech that holds no word, summed over the speakers, in ms.
    """

    words_clipped: int = 0
    words_dropped: int = 0
    speech_without_words_ms: int = 0


def fit_words(
    words: Sequence[Word], speech_by_label: Mapping[str, Spans], policy: WordPolicy
) -> tuple[tuple[Word, ...], FitCounts]:
    """Put every word inside the speech of its speaker.

    Parameters
    ----------
    words
        In order of start.
    speech_by_label
        Speech of each speaker label.
    policy
        Uses ``near_s`` and ``longest_s``.

    Returns
    -------
    tuple of Word
        Kept words in order of start.
    FitCounts
        ``len(words) == len(kept) + words_dropped``.
    """
    by_speaker: dict[str | None, list[Word]] = {}
    for word in words:
        by_speaker.setdefault(word.speaker, []).append(word)
    everybody = union(*speech_by_label.values())
    kept: list[Word] = []
    clipped = 0
    for speaker, said in by_speaker.items():
        speech = everybody if speaker is None else speech_by_label.get(speaker, ())
        for word, span in zip(said, _fitted([word.span for word in said], speech, policy), strict=True):
            if span is None:
                continue
            if span is word.span or span == word.span:
                kept.append(word)
            else:
                clipped += 1
                kept.append(replace(word, span=span))
    kept.sort(key=lambda word: word.span.start_ms)
    return tuple(kept), FitCounts(clipped, len(words) - len(kept), _without_words_ms(kept, speech_by_label))


def fit_transcript(transcript: Transcript, speech_by_label: Mapping[str, Spans], policy: WordPolicy) -> Transcript:
    """A transcript with its words inside speech; its counts of clipped and dropped words grow by those of this fit."""
    words, counts = fit_words(transcript.words, speech_by_label, policy)
    return replace(
        transcript,
        words=words,
        words_clipped=transcript.words_clipped + counts.words_clipped,
        words_dropped=transcript.words_dropped + counts.words_dropped,
        speech_without_words_ms=counts.speech_without_words_ms,
    )


def _fitted(spans: Iterable[Span], speech: Spans, policy: WordPolicy) -> Iterable[Span | None]:
    """For each span, in order of start, where it goes."""
    near_ms, longest_ms = round(policy.near_s * 1000), round(policy.longest_s * 1000)
    first = 0
    not_before_ms = 0
    for span in spans:
        while first < len(speech) and speech[first].end_ms <= span.start_ms:
            first += 1
        # Nearly every word: said inside one span of speech.
        if first < len(speech) and _holds(speech[first], span) and span.duration_ms <= longest_ms:
            not_before_ms = max(not_before_ms, span.start_ms)
            yield span
            continue
        fitted = None
        # Asked first, so that no word is held against more spans than fit into `longest_ms`.
        if span.duration_ms <= longest_ms:
            fitted = _most_of(span, speech, first) or _moved(span, speech, first, near_ms, not_before_ms)
        if fitted is not None:
            not_before_ms = max(not_before_ms, fitted.start_ms)
        yield fitted


def _holds(speech: Span, span: Span) -> bool:
    return speech.start_ms <= span.start_ms and span.end_ms <= speech.end_ms


def _most_of(span: Span, speech: Spans, first: int) -> Span | None:
    """The largest piece of ``span`` inside one span of speech, the earlier one when two are equal."""
    best: Span | None = None
    for index in range(first, len(speech)):
        piece = span & speech[index]
        if piece is None:
            break
        if best is None or piece.duration_ms > best.duration_ms:
            best = piece
    return best


def _moved(span: Span, speech: Spans, first: int, near_ms: int, not_before_ms: int) -> Span | None:
    """``span`` moved onto the nearer edge of the speech around it, if that is near; the earlier one when equally near."""
    before = speech[first - 1] if first > 0 else None
    after = speech[first] if first < len(speech) else None
    since_ms = span.start_ms - before.end_ms if before else near_ms + 1
    until_ms = after.start_ms - span.end_ms if after else near_ms + 1
    if before and since_ms <= min(until_ms, near_ms):
        earliest_ms = max(before.start_ms, min(not_before_ms, before.end_ms - 1))
        return Span(max(earliest_ms, before.end_ms - span.duration_ms), before.end_ms)
    if after and until_ms <= near_ms:
        return Span(after.start_ms, min(after.end_ms, after.start_ms + span.duration_ms))
    return None


def _without_words_ms(words: Sequence[Word], speech_by_label: Mapping[str, Spans]) -> int:
    missing_ms = 0
    for label, speech in speech_by_label.items():
        said = [word.span for word in words if word.speaker is None or word.speaker == label]
        # The first word that ends after a span of speech has begun is the only one that needs to be looked at.
        ends = list(accumulate((span.end_ms for span in said), max))
        for span in speech:
            at = bisect_right(ends, span.start_ms)
            if at == len(said) or said[at].start_ms >= span.end_ms:
                missing_ms += span.duration_ms
    return missing_ms
