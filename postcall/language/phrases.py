"""Phrases found in what a party says, recogniser's errors allowed for. Pure.

Conventions
-----------
Patterns are written as `phrase_pattern` tells. Tokens are one party's, in order.

Definition
----------
match
    Tokens that a pattern fits, from the first to the last one that it consumes.
score
    Likeness of the words (`sounds_alike`), each weighted by its letters; 1 when all are as written, or another form of them.
    From ``SAID`` on (`phrase_ways`) the phrase is said, from ``PROBABLY_SAID`` on it is probably said, below that nothing was
    found. A word that was cut in two, or written together with its neighbour, counts ``BROKEN`` (`phrase_heard`).

Where matches of a phrase overlap, the better score stands, then the earlier, then the shorter.

Edge cases
----------
- A phrase does not reach over a pause of more than ``LONGEST_PAUSE_MS``: by then something else is said.
- A phrase of a single word must be nearer (``_ALONE``) than a word among others.
- Of a run of Chinese characters a third may be confused; of two, one with another of its syllable and tone, where the phrase
  has more characters than these.

Speed
-----
What a spelling may be is found once for all calls (`phrase_words`, `phrase_runs`). Where a phrase may begin is found for all
places at once (`phrase_places`); only there its words are gone through, with all ways in which they may fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from postcall.language.phrase_heard import BROKEN, Heard
from postcall.language.phrase_pattern import Choice, Node, Run, Series, WordNode, parse
from postcall.language.phrase_runs import PhraseRuns, members
from postcall.language.phrase_ways import PhraseMatch, Sought, best_from
from postcall.language.phrase_words import HeardWord, PhraseWords
from postcall.language.tokens import Token


class Phrase:
    """One pattern.

    Parameters
    ----------
    pattern
        See `phrase_pattern`.
    language
        ISO 639-1.

    Raises
    ------
    PolicyError
        The pattern cannot be read.
    """

    def __init__(self, pattern: str, language: str) -> None:
        self.pattern, self.language = pattern, language
        self.tree = parse(pattern, language)

    def find(self, tokens: Sequence[Token]) -> list[PhraseMatch]:
        """Matches in order of start, none overlapping."""
        return PhraseBook({"": (self,)}, self.language).find(tokens)[""]


class PhraseBook:
    """Many phrases, found in one pass: each distinct word of a call is compared with the words of all phrases once.

    Parameters
    ----------
    groups
        Name -> phrases of which any one suffices.
    language
        Of all phrases.
    """

    def __init__(self, groups: Mapping[str, Sequence[Phrase]], language: str) -> None:
        self._groups, self._language = dict(groups), language
        leaves = {node for phrases in groups.values() for phrase in phrases for node in _leaves(phrase.tree)}
        self._words = PhraseWords((node for node in leaves if isinstance(node, WordNode)), language)
        self._runs = PhraseRuns(node for node in leaves if isinstance(node, Run))
        first = len(self._words.numbers)
        self._numbers = self._words.numbers | {run: first + number for number, run in enumerate(self._runs.runs)}
        self._sought = {
            name: [Sought.of(phrase.tree, self._numbers) for phrase in phrases] for name, phrases in self._groups.items()
        }
        self._joined = frozenset(form for group in self._sought.values() for sought in group for form in sought.joined)

    def find(self, tokens: Sequence[Token]) -> dict[str, list[PhraseMatch]]:
        """Matches of every group, in order of start, none of a group overlapping."""
        heard = self.hear(tokens)
        return {name: heard.found(name) for name in self._groups}

    def hear(self, tokens: Sequence[Token]) -> HeardPhrases:
        """What a party says, in which groups are found when they are asked for."""
        return HeardPhrases(self._sought, self._heard(tokens))

    def _heard(self, tokens: Sequence[Token]) -> Heard:
        """For every token the words or runs that may begin there, with where they end and how alike they are."""
        if self._language == "zh":
            heard = Heard(tokens, range(len(tokens)), self._language, len(self._numbers), self._joined)
            for run, place, score in self._runs.heard(tokens, heard.places):
                heard.hear(place, run, self._numbers[run], place + len(run.characters), score)
            return heard
        words = {token.form: self._words.heard(token.form) for token in tokens}
        if any(word.cut for word in words.values()):
            origins, tokens = _taken_apart(tokens, words)
            words |= {token.form: self._words.heard(token.form) for token in tokens}
        else:
            origins = range(len(tokens))
        heard = Heard(tokens, origins, self._language, len(self._numbers), self._joined, words)
        for index, node in self._words.written_together(tokens, words):
            heard.hear(index, node, self._numbers[node], index + 2, BROKEN)
        return heard


class HeardPhrases:
    """What a party says, before the phrases of a book; of `PhraseBook.hear`."""

    def __init__(self, sought: Mapping[str, Sequence[Sought]], heard: Heard) -> None:
        self._sought, self._heard = sought, heard
        self._found: dict[str, list[PhraseMatch]] = {}

    def found(self, name: str) -> list[PhraseMatch]:
        """Matches of a group, in order of start, none overlapping."""
        if name not in self._found:
            heard = self._heard
            found: list[PhraseMatch] = []
            for sought in self._sought[name]:
                rests = [] if heard.lacks(sought.required, sought.joined) else sought.places.of_rests(heard)
                for start in members(rests[0]) if rests else ():
                    best = best_from(sought, rests, heard, start)
                    if best is not None:
                        found.append(_as_given(best, heard))
            self._found[name] = _without_overlaps(found) if len(found) > 1 else found
        return self._found[name]


def _taken_apart(tokens: Sequence[Token], words: Mapping[str, HeardWord]) -> tuple[Sequence[int], Sequence[Token]]:
    """Tokens, with those that are two words of phrases written together taken apart, and which token each is of."""
    origins: list[int] = []
    units: list[Token] = []
    for at, token in enumerate(tokens):
        cut = words[token.form].cut
        if cut is None:
            origins.append(at)
            units.append(token)
        else:
            origins += (at, at)
            units.append(replace(token, form=cut[0], ends_sentence=False))
            units.append(replace(token, form=cut[1], starts_utterance=False))
    return origins, units


def _as_given(match: PhraseMatch, heard: Heard) -> PhraseMatch:
    """A match with the places of the given tokens."""
    if not heard.is_taken_apart:
        return match
    return replace(match, first=heard.origins[match.first], last=heard.origins[match.last])


def _leaves(tree: Series) -> Iterator[Node]:
    for node in tree.nodes:
        if isinstance(node, Choice):
            for way in node.ways:
                yield from _leaves(way)
        else:
            yield node


def _without_overlaps(matches: list[PhraseMatch]) -> list[PhraseMatch]:
    return best_apart(sorted(matches, key=lambda one: (-one.score, one.first, one.last)))


def best_apart(matches: Iterable[PhraseMatch]) -> list[PhraseMatch]:
    """Of matches, the best first, those that overlap none before them; in order of start."""
    kept: list[PhraseMatch] = []
    taken = 0
    for match in matches:
        tokens = (1 << match.last + 1) - (1 << match.first)
        if not taken & tokens:
            taken |= tokens
            kept.append(match)
    return sorted(kept, key=lambda one: one.first)
