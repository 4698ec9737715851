"""Personal data in the words of a call. Pure.

Definition
----------
Found are rows of digits that are a telephone number, a card, or a document (`postcall.language.personal.digit_kinds`), as
figures or as words, dictated in groups and across turns (`postcall.language.personal.digit_runs`), and e-mails, addresses,
birth dates and names (`postcall.language.personal.texts`).

Edge cases
----------
Amounts, times, lengths, tariffs, numbers of orders and contracts, and numbers that are free to call are nobody's. A digit that
was misheard breaks checksums, not the finding, where the talk names the kind. What is said in a language other than Russian,
English and Chinese is looked through for what is written in figures. Recall and precision on generated calls stand in
benchmarks/README.md.

References
----------
docs/privacy.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from postcall.language.personal.contexts import OTHER, Contexts
from postcall.language.personal.digit_kinds import kind_of
from postcall.language.personal.digit_runs import Run, digit_runs, floor_changes, tokens_by_speaker
from postcall.language.personal.kinds import Finding, Kind, PersonalDataPolicy
from postcall.language.personal.texts import Stretch, addresses, dates, emails, names, written_emails
from postcall.language.tokens import Token, tokens
from postcall.spans import Span
from postcall.transcript import Word

LANGUAGES = ("ru", "en", "zh")
SHORTEST_READ_BACK = 6
"""Digits that are known again when they are said once more."""


def find_personal_data(
    words: Sequence[Word], language: str | None, policy: PersonalDataPolicy | None = None
) -> tuple[Finding, ...]:
    """Personal data that is said in a call.

    Parameters
    ----------
    words
        Of all speakers, in order of start.
    language
        ISO 639-1 code.
    policy
        Which kinds are looked for; None for the default.

    Returns
    -------
    tuple
        In order of the first word; no two of one speaker overlap.

    Examples
    --------
    >>> said = "мой номер восемь девятьсот двадцать шесть двести сорок один тридцать три десять".split()
    >>> [found] = find_personal_data([Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate(said)], "ru")
    >>> found.kind.value, found.first_word, found.last_word
    ('phone', 2, 9)
    """
    kinds = frozenset((policy or PersonalDataPolicy()).kinds)
    code = language if language in LANGUAGES else "en"
    by_speaker: dict[str | None, list[int]] = {}
    for place, word in enumerate(words):
        by_speaker.setdefault(word.speaker, []).append(place)
    own = {speaker: tokens([words[place] for place in places], code) for speaker, places in by_speaker.items()}
    said = sorted(
        ((speaker, token) for speaker, theirs in own.items() for token in theirs),
        key=lambda one: (one[1].start_ms, one[1].word),
    )
    contexts = Contexts([token for _, token in said], code)
    theirs = {
        speaker: _Speaker([said[place][1] for place in places], places, by_speaker[speaker], floor_changes(places, said, code))
        for speaker, places in tokens_by_speaker(said).items()
    }
    stretches = _numbers(theirs, said, contexts, code, kinds)
    found: list[Finding] = []
    for speaker, one in theirs.items():
        in_words: list[tuple[Kind, int, int]] = []
        if Kind.EMAIL in kinds:
            in_words += [(Kind.EMAIL, *stretch) for stretch in one.each_written(words, code)]
            in_words += [one.in_words(Kind.EMAIL, stretch) for stretch in one.each(emails, code)]
        in_words += [one.in_words(kind, stretch) for kind, stretch in stretches[speaker]]
        if Kind.ADDRESS in kinds:
            in_words += [one.in_words(Kind.ADDRESS, stretch) for stretch in one.each(addresses, code)]
        if Kind.NAME in kinds:
            in_words += [one.in_words(Kind.NAME, stretch) for stretch in one.each(names, code)]
        found += _without_overlaps(in_words, words, speaker)
    return tuple(sorted(found, key=lambda one: (one.first_word, one.last_word)))


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Tokens of a speaker, their places among all that is said, the places of the words, and where he speaks anew."""

    tokens: Sequence[Token] = field(repr=False)
    places: Sequence[int]
    words: Sequence[int]
    anew: Sequence[int]

    def each(self, search: Callable[[Sequence[Token], str], Iterator[Stretch]], language: str) -> Iterator[Stretch]:
        """What a search finds in each stretch in which the speaker has the floor."""
        for start, end in pairwise((0, *self.anew, len(self.tokens))):
            for first, last in search(self.tokens[start:end], language):
                yield start + first, start + last

    def each_written(self, words: Sequence[Word], language: str) -> Iterator[Stretch]:
        """Places of the words of written e-mails."""
        begins = sorted({0, *(self.tokens[number].word for number in self.anew)})
        for start, end in pairwise((*begins, len(self.words))):
            part = self.words[start:end]
            for first, last in written_emails([words[place].text for place in part], language):
                yield part[first], part[last]

    def in_words(self, kind: Kind, stretch: Stretch) -> tuple[Kind, int, int]:
        """A stretch of tokens as words of the call."""
        return kind, self.words[self.tokens[stretch[0]].word], self.words[self.tokens[stretch[1]].last_word]


def _numbers(
    theirs: Mapping[str | None, _Speaker],
    said: Sequence[tuple[str | None, Token]],
    contexts: Contexts,
    language: str,
    kinds: Collection[Kind],
) -> dict[str | None, list[tuple[Kind, Stretch]]]:
    """Dates of birth and rows of digits of each speaker, looked at in the order in which they are said: what was asked for and
    answered is no longer what the talk is about, and what was found is found again when it is read back."""
    found: dict[str | None, list[tuple[Kind, Stretch]]] = {speaker: [] for speaker in theirs}
    asked: list[tuple[int, str | None, Run | Stretch]] = []
    for speaker, one in theirs.items():
        asked += [(one.places[stretch[0]], speaker, stretch) for stretch in one.each(dates, language)]
        runs = digit_runs(one.tokens, one.places, said, contexts, language)
        asked += [(one.places[run.first], speaker, run) for run in runs]
    known: dict[str, Kind] = {}
    births: set[tuple[str, ...]] = set()
    for _, speaker, thing in sorted(asked, key=lambda one: one[0]):
        places = theirs[speaker].places
        stretch = thing if isinstance(thing, tuple) else (thing.first, thing.last)
        first, last = places[stretch[0]], places[stretch[1]]
        subject = contexts.of(first, last)
        if isinstance(thing, tuple):
            forms = tuple(token.form for token in theirs[speaker].tokens[stretch[0] : stretch[1] + 1])
            is_first = subject is Kind.BIRTH_DATE and not contexts.is_answered(first, subject)
            kind = Kind.BIRTH_DATE if is_first or forms in births else None
            births |= {forms} if kind else set()
        else:
            kind = next((known[digits] for digits in thing.readings if digits in known), None)
            kind = kind or kind_of(thing, subject, language, is_part=contexts.is_part_asked(first))
            if kind is not None and len(thing.readings[0]) >= SHORTEST_READ_BACK:
                known |= dict.fromkeys(thing.readings, kind)
        if subject is not None and (kind is subject or (kind is None and subject == OTHER)):
            contexts.answer(subject, first, last)
        if kind is not None and kind in kinds:
            found[speaker].append((kind, stretch))
    return found


def _without_overlaps(in_words: Sequence[tuple[Kind, int, int]], words: Sequence[Word], speaker: str | None) -> list[Finding]:
    taken: set[int] = set()
    found = []
    for kind, first, last in in_words:
        inside = [place for place in range(first, last + 1) if words[place].speaker == speaker]
        if taken.isdisjoint(inside):
            taken.update(inside)
            start_ms = min(words[place].span.start_ms for place in inside)
            end_ms = max(words[place].span.end_ms for place in inside)
            found.append(Finding(kind, first, last, Span(start_ms, end_ms), speaker))
    return found
