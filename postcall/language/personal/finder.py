"""Personal data in the words of a call. Pure.

Definition
----------
Found are rows of digits that are a telephone number, a card, or a document (`postcall.language.personal.digit_kinds`), as figures
or as words, dictated in groups and across turns (`postcall.language.personal.digit_runs`), and e-mails, addresses, birth dates
and names (`postcall.language.personal.texts`).

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

from collections.abc import Collection, Iterator, Sequence

from postcall.language.personal.contexts import Contexts
from postcall.language.personal.digit_kinds import kind_of
from postcall.language.personal.digit_runs import digit_runs, tokens_by_speaker
from postcall.language.personal.kinds import Finding, Kind, PersonalDataPolicy
from postcall.language.personal.texts import Stretch, addresses, dates, emails, names, written_emails
from postcall.language.tokens import Token, tokens
from postcall.spans import Span
from postcall.transcript import Word

LANGUAGES = ("ru", "en", "zh")


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
        ((speaker, token) for speaker, theirs in own.items() for token in theirs), key=lambda one: (one[1].start_ms, one[1].word)
    )
    contexts = Contexts([token for _, token in said], code)
    found: list[Finding] = []
    for speaker, places in tokens_by_speaker(said).items():
        theirs = [said[place][1] for place in places]
        stretches = list(_of_speaker(theirs, places, said, contexts, code, kinds))
        in_words = [(kind, by_speaker[speaker][theirs[a].word], by_speaker[speaker][theirs[b].word]) for kind, (a, b) in stretches]
        if Kind.EMAIL in kinds:
            texts = [words[place].text for place in by_speaker[speaker]]
            for first, last in written_emails(texts, code):
                in_words.insert(0, (Kind.EMAIL, by_speaker[speaker][first], by_speaker[speaker][last]))
        found += _without_overlaps(in_words, words, speaker)
    return tuple(sorted(found, key=lambda one: (one.first_word, one.last_word)))


def _of_speaker(
    theirs: Sequence[Token],
    places: Sequence[int],
    said: Sequence[tuple[str | None, Token]],
    contexts: Contexts,
    language: str,
    kinds: Collection[Kind],
) -> Iterator[tuple[Kind, Stretch]]:
    """Findings as tokens of a speaker, those first that win where two overlap."""
    if Kind.EMAIL in kinds:
        yield from ((Kind.EMAIL, stretch) for stretch in emails(theirs, language))
    if Kind.BIRTH_DATE in kinds:
        for first, last in dates(theirs, language):
            if contexts.of(places[first], places[last]) is Kind.BIRTH_DATE:
                yield Kind.BIRTH_DATE, (first, last)
    for run in digit_runs(theirs, places, said, contexts, language):
        kind = kind_of(run, contexts.of(places[run.first], places[run.last]), language)
        if kind is not None and kind in kinds:
            yield kind, (run.first, run.last)
    if Kind.ADDRESS in kinds:
        yield from ((Kind.ADDRESS, stretch) for stretch in addresses(theirs, language))
    if Kind.NAME in kinds:
        yield from ((Kind.NAME, stretch) for stretch in names(theirs, language))


def _without_overlaps(
    in_words: Sequence[tuple[Kind, int, int]], words: Sequence[Word], speaker: str | None
) -> list[Finding]:
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
