"""What a word that was heard may be among the words of phrases. Pure, but for a memory of words.

Definition
----------
Morphology and likeness depend on a word's spelling alone, and calls use few words: each spelling is compared with the words of
all phrases once, and the result is kept for the ``KEPT`` spellings that were used last.

A word of the dictionary is alike only where it sounds the same (`sounds_alike`), so it is looked up by its sound. Another one
is compared with spellings of about its length.

References
----------
Inverted index and bounded memory, as search engines keep them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from postcall.language.morphology import grammemes_of, is_known, lemmas_of
from postcall.language.phrase_pattern import Run, WordNode
from postcall.language.sounds_alike import SHORTEST, likeness, most_edits, sound_of
from postcall.language.tokens import Token

KEPT = 100_000
"""Spellings whose comparison is kept."""

_PREFIXES = frozenset("пере под при про по за от до на об обо о у с со из раз рас воз вы до пре".split())
"""Beginnings of Russian verbs that are words, or parts of a word, by themselves."""
_VERBS = frozenset({"VERB", "INFN"})


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A spelling.

    Attributes
    ----------
    alike
        Words of phrases that it may be, with how alike they are.
    numbers
        Their numbers.
    cut
        The two words of phrases that it is made of, where no dictionary has it and it is none of them; None otherwise.
    is_word
        Whether a dictionary has it.
    """

    alike: Mapping[WordNode, float] = field(repr=False)
    numbers: tuple[int, ...]
    cut: tuple[str, str] | None = field(repr=False)
    is_word: bool


class PhraseWords:
    """The words of all phrases of a book.

    Parameters
    ----------
    nodes
        The words, each once.
    language
        ISO 639-1.
    """

    def __init__(self, nodes: Iterable[WordNode], language: str) -> None:
        self._language = language
        ordered = sorted(nodes, key=lambda node: (node.written, sorted(node.lemmas), node.is_exact))
        self.numbers: dict[WordNode | Run, int] = {node: number for number, node in enumerate(ordered)}
        self._by_form: dict[str, list[WordNode]] = {}
        self._by_lemma: dict[str, list[WordNode]] = {}
        for node in ordered:
            for form in node.forms:
                self._by_form.setdefault(form, []).append(node)
            for lemma in node.lemmas:
                self._by_lemma.setdefault(lemma, []).append(node)
        fuzzy = {form for node in ordered if not node.is_exact for form in (*node.forms, *node.lemmas)}
        spellings = sorted(form for form in fuzzy if len(form) >= SHORTEST)
        self._of_length: dict[int, list[str]] = {}
        self._of_sound: dict[str, list[str]] = {}
        for spelling in spellings:
            self._of_length.setdefault(len(spelling), []).append(spelling)
            self._of_sound.setdefault(sound_of(spelling, language), []).append(spelling)
        self.heard = lru_cache(maxsize=KEPT)(self._heard)
        self._nearby = lru_cache(maxsize=64)(self._nearby_spellings)

    def _heard(self, form: str) -> HeardWord:
        alike = self._alike(form)
        is_word = is_known(form, self._language)
        return HeardWord(
            alike,
            tuple(self.numbers[node] for node in alike),
            self._cut(form) if len(form) > SHORTEST and not is_word and not alike else None,
            is_word,
        )

    def _cut(self, form: str) -> tuple[str, str] | None:
        cuts = ((form[:at], form[at:]) for at in range(1, len(form)))
        return next((cut for cut in cuts if self._is_of_phrase(cut[0]) and self._is_of_phrase(cut[1])), None)

    def _is_of_phrase(self, form: str) -> bool:
        nodes = self._by_form.get(form, ())
        if not nodes and len(form) > 1 and is_known(form, self._language):
            nodes = [node for lemma in lemmas_of(form, self._language) for node in self._by_lemma.get(lemma, ())]
        return any(not node.is_exact for node in nodes)

    def written_together(self, tokens: Sequence[Token], heard: Mapping[str, HeardWord]) -> Iterator[tuple[int, WordNode]]:
        """Words of phrases that two words make, as they are written, or in another form where one of the two is no word.

        Two words do not stand beside each other in good text when one is no word, or when a preposition precedes a verb.

        Parameters
        ----------
        tokens
            Of one party.
        heard
            What each of their forms may be by itself.

        Yields
        ------
        Place of the first of the two, and the word.
        """
        words = {form for form, word in heard.items() if word.is_word}
        plain = words - _PREFIXES if self._language == "ru" else words
        for index, (one, after) in enumerate(itertools.pairwise(tokens)):
            if one.ends_sentence:
                continue
            first, second = one.form, after.form
            joined = first + second
            nodes = self._by_form.get(joined, ())
            # Nearly all pairs: two words of which none is a preposition.
            if not nodes and not (first in plain and second in words) and self._is_cut(first, second, words):
                lemmas = lemmas_of(joined, self._language) if is_known(joined, self._language) else ()
                nodes = [node for lemma in lemmas for node in self._by_lemma.get(lemma, ())]
            for node in nodes if len(joined) > SHORTEST else ():
                if not node.is_exact:
                    yield index, node

    def _is_cut(self, first: str, second: str, words: Set[str]) -> bool:
        if first not in words or second not in words:
            return True
        return first in _PREFIXES and not grammemes_of(second)[0].isdisjoint(_VERBS)

    def _alike(self, form: str) -> dict[WordNode, float]:
        alike: dict[WordNode, float] = {}
        lemmas = lemmas_of(form, self._language)
        for lemma in lemmas:
            alike |= dict.fromkeys(self._by_lemma.get(lemma, ()), 1.0)
        alike |= dict.fromkeys(self._by_form.get(form, ()), 1.0)
        if len(form) < SHORTEST:
            return alike
        # A misspelt form may be of a misspelt lemma; a word of the dictionary is what it is.
        for heard in {form} if is_known(form, self._language) else {form, *lemmas}:
            for near in self._near(heard):
                score = likeness(heard, near, self._language)
                for node in (*self._by_form.get(near, ()), *self._by_lemma.get(near, ())) if score else ():
                    if not node.is_exact and score > alike.get(node, 0.0):
                        alike[node] = score
        return alike

    def _near(self, heard: str) -> Sequence[str]:
        """Spellings that may be alike."""
        if is_known(heard, self._language):
            return self._of_sound.get(sound_of(heard, self._language), ())
        spellings = self._nearby(len(heard))
        most = 2 * most_edits(len(heard))
        found = process.extract(heard, spellings, scorer=Levenshtein.distance, score_cutoff=most, limit=None)
        return [near for near, _, _ in found]

    def _nearby_spellings(self, length: int) -> list[str]:
        most = most_edits(length)
        return [one for near in range(length - most, length + most + 1) for one in self._of_length.get(near, ())]
