"""Words with marks such as ``[phone]`` in place of personal data. Pure.

Conventions
-----------
Times are kept: a mark lasts from the start of the first word that it replaces to the end of the last. Where the other party
speaks between the groups of a number, each side has a mark of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from postcall.language.personal.kinds import Finding, Kind
from postcall.spans import Span
from postcall.transcript import Word

MARK_PAUSE_MS = 1_000
"""A longer pause inside a finding begins a new mark: a word does not last through a turn of the other."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark and the places that it replaces, in order."""

    kind: Kind
    places: tuple[int, ...]
    span: Span


def marks_of(words: Sequence[Word], findings: Sequence[Finding]) -> tuple[Mark, ...]:
    """What replaces which words, in order of place."""
    marks: list[Mark] = []
    for finding in findings:
        inside = [
            place for place in range(finding.first_word, finding.last_word + 1) if words[place].speaker == finding.speaker
        ]
        group: list[int] = []
        for place in inside:
            is_apart = bool(group) and (
                place != group[-1] + 1 or words[place].span.start_ms - words[group[-1]].span.end_ms > MARK_PAUSE_MS
            )
            if is_apart:
                marks.append(_mark(words, finding.kind, group))
                group = []
            group.append(place)
        if group:
            marks.append(_mark(words, finding.kind, group))
    return tuple(sorted(marks, key=lambda mark: mark.places))


def redacted(words: Sequence[Word], findings: Sequence[Finding]) -> tuple[Word, ...]:
    """Words with marks in place of what was found.

    Parameters
    ----------
    words
        As they were searched.
    findings
        Of `postcall.language.personal.finder.find_personal_data`.

    Examples
    --------
    >>> from postcall.language.personal.finder import find_personal_data
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("пишите 8 926 241-33-10 да".split())]
    >>> [word.text for word in redacted(said, find_personal_data(said, "ru"))]
    ['пишите', '[phone]', 'да']
    """
    by_first = {mark.places[0]: mark for mark in marks_of(words, findings)}
    hidden = {place for mark in by_first.values() for place in mark.places}
    kept: list[Word] = []
    for place, word in enumerate(words):
        if place in by_first:
            kept.append(replace(word, span=by_first[place].span, text=by_first[place].kind.mark, probability=None))
        elif place not in hidden:
            kept.append(word)
    return tuple(kept)


def _mark(words: Sequence[Word], kind: Kind, group: Sequence[int]) -> Mark:
    start_ms = min(words[place].span.start_ms for place in group)
    return Mark(kind, tuple(group), Span(start_ms, max(words[place].span.end_ms for place in group)))
