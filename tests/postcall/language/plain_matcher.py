"""The matcher as it was before it was made fast: every phrase is tried at every token. What the quick one must equal."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from postcall.language.clock_times import clock_at
from postcall.language.durations import duration_at
from postcall.language.moments import day_at
from postcall.language.morphology import grammemes_of, is_known, lemmas_of
from postcall.language.names import name_at
from postcall.language.numbers import money_at, number_at
from postcall.language.phrase_pattern import Choice, Class, Edge, Gap, Node, Not, Run, Series, WordNode
from postcall.language.phrase_ways import LONGEST_PAUSE_MS, PROBABLY_SAID, PhraseMatch
from postcall.language.phrases import Phrase
from postcall.language.profanity import profanity
from postcall.language.sounds_alike import SAME_TONE, SHORTEST, characters_alike, likeness, most_edits
from postcall.language.tokens import Token

_BROKEN = 0.92
_ALONE = 0.8
_HESITATIONS = frozenset("же ну вот э ээ эээ м мм ммм uh um er erm well 嗯 呃 啊".split())
"""Said in the middle of anything; a phrase goes on after them."""
_PREFIXES = frozenset("пере под при про по за от до на об обо о у с со из раз рас воз вы до пре".split())
"""Beginnings of Russian verbs that are words, or parts of a word, by themselves."""
_FEWEST_CHARACTERS = 3
"""A Chinese phrase of fewer is found only as it is written."""
_PARSERS = {"number": number_at, "duration": duration_at, "time": clock_at, "money": money_at}


@dataclass(frozen=True, slots=True)
class _State:
    """How far a match has come: the next token, letters seen and letters alike, the first and last token consumed."""

    at: int
    letters: int = 0
    alike: float = 0.0
    first: int = -1
    last: int = -1
    words: int = 0
    values: tuple[tuple[str, float], ...] = ()

    def over(self, end: int, letters: int, score: float, value: tuple[str, float] | None = None) -> _State:
        return _State(
            end,
            self.letters + letters,
            self.alike + letters * score,
            self.first if self.first >= 0 else self.at,
            end - 1,
            self.words + 1,
            (*self.values, value) if value else self.values,
        )

    def moved(self, end: int) -> _State:
        return _State(end, self.letters, self.alike, self.first, self.last, self.words, self.values)

    @property
    def score(self) -> float:
        return self.alike / self.letters if self.letters else 1.0


class PlainBook:
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
        words = {node for phrases in groups.values() for phrase in phrases for node in _words(phrase.tree)}
        self._nodes = sorted(words, key=lambda node: (node.written, sorted(node.lemmas), node.is_exact))
        self._by_form: dict[str, list[WordNode]] = {}
        self._by_lemma: dict[str, list[WordNode]] = {}
        for node in self._nodes:
            for form in node.forms:
                self._by_form.setdefault(form, []).append(node)
            for lemma in node.lemmas:
                self._by_lemma.setdefault(lemma, []).append(node)
        fuzzy = {form for node in self._nodes if not node.is_exact for form in (*node.forms, *node.lemmas)}
        self._spellings = sorted(form for form in fuzzy if len(form) >= SHORTEST)
        self._alike: dict[str, dict[WordNode, float]] = {}
        self._runs = sorted(
            {node for phrases in groups.values() for phrase in phrases for node in _runs(phrase.tree)},
            key=lambda run: (run.characters, run.is_exact),
        )
        self._cuts: dict[str, tuple[str, str] | None] = {}
        self._alike_characters: dict[str, frozenset[str]] = {}

    def find(self, tokens: Sequence[Token]) -> dict[str, list[PhraseMatch]]:
        """Matches of every group, in order of start, none of a group overlapping."""
        found: dict[str, list[PhraseMatch]] = {name: [] for name in self._groups}
        origins, units = self._taken_apart(tokens)
        heard = self._heard(units, origins)
        for name, phrase in ((name, phrase) for name, phrases in self._groups.items() for phrase in phrases):
            for start in range(len(units)):
                best = self._best(phrase, heard, start)
                if best is not None:
                    found[name].append(replace(best, first=origins[best.first], last=origins[best.last]))
        return {name: _without_overlaps(matches) for name, matches in found.items()}

    # ── words ────────────────────────────────────────────────────────────────

    def _taken_apart(self, tokens: Sequence[Token]) -> tuple[Sequence[int], Sequence[Token]]:
        """Tokens, with those that are two words of phrases written together taken apart, and which token each is of."""
        cuts = {} if self._language == "zh" else {at: cut for at, token in enumerate(tokens) if (cut := self._cut(token.form))}
        if not cuts:
            return range(len(tokens)), tokens
        origins: list[int] = []
        units: list[Token] = []
        for at, token in enumerate(tokens):
            first, second = cuts.get(at, (token.form, ""))
            origins.append(at)
            units.append(replace(token, form=first, ends_sentence=False) if second else token)
            if second:
                origins.append(at)
                units.append(replace(token, form=second, starts_utterance=False))
        return origins, units

    def _cut(self, form: str) -> tuple[str, str] | None:
        """The two words of phrases that a word which no dictionary has is made of; kept, for calls use few words."""
        if form not in self._cuts:
            is_one = len(form) <= SHORTEST or is_known(form, self._language) or bool(self._nodes_like(form))
            cuts = [] if is_one else [(form[:at], form[at:]) for at in range(1, len(form))]
            self._cuts[form] = next((cut for cut in cuts if all(map(self._is_of_phrase, cut))), None)
        return self._cuts[form]

    def _is_of_phrase(self, form: str) -> bool:
        nodes = self._by_form.get(form, ())
        if not nodes and len(form) > 1 and is_known(form, self._language):
            nodes = [node for lemma in lemmas_of(form, self._language) for node in self._by_lemma.get(lemma, ())]
        return any(not node.is_exact for node in nodes)

    def _heard(self, tokens: Sequence[Token], origins: Sequence[int]) -> _Heard:
        """For every token the words or runs that may begin there, with where they end and how alike they are."""
        edges: list[dict[WordNode | Run, list[tuple[int, float]]]] = [{} for _ in tokens]
        if self._language == "zh":
            self._hear_runs(tokens, edges)
            return _Heard(tokens, self._language, edges)
        pieces = Counter(origins)
        for index, token in enumerate(tokens):
            here = edges[index]
            most = _BROKEN if pieces[origins[index]] > 1 else 1.0
            here.update((node, [(index + 1, min(score, most))]) for node, score in self._nodes_like(token.form).items())
            if index + 1 < len(tokens) and not token.ends_sentence:
                for node in self._written_together(token.form, tokens[index + 1].form):
                    here.setdefault(node, []).append((index + 2, _BROKEN))
        return _Heard(tokens, self._language, edges)

    def _written_together(self, first: str, second: str) -> Sequence[WordNode]:
        """Words of phrases that two words make, as they are written, or in another form where one of the two is no word."""
        joined = first + second
        if len(joined) <= SHORTEST:
            return ()
        nodes = self._by_form.get(joined, ())
        if not nodes and self._is_cut(first, second) and is_known(joined, self._language):
            nodes = [node for lemma in lemmas_of(joined, self._language) for node in self._by_lemma.get(lemma, ())]
        return [node for node in nodes if not node.is_exact]

    def _is_cut(self, first: str, second: str) -> bool:
        """Whether two words do not stand beside each other in good text: one is no word, or a preposition precedes a verb."""
        if not is_known(first, self._language) or not is_known(second, self._language):
            return True
        return self._language == "ru" and first in _PREFIXES and not grammemes_of(second)[0].isdisjoint({"VERB", "INFN"})

    def _hear_runs(self, tokens: Sequence[Token], edges: Sequence[dict[WordNode | Run, list[tuple[int, float]]]]) -> None:
        places: dict[str, list[int]] = {}
        for index, token in enumerate(tokens):
            for character in self._like_character(token.form):
                places.setdefault(character, []).append(index)
        for run in self._runs:
            for index in places.get(run.characters[0], ()):
                score = _run_score(run, tokens, index)
                if score:
                    edges[index][run] = [(index + len(run.characters), score)]

    def _like_character(self, heard: str) -> frozenset[str]:
        """First characters of runs that a character may be; kept, for calls use few characters."""
        kept = self._alike_characters.get(heard)
        if kept is None:
            kept = frozenset(one for one in {run.characters[0] for run in self._runs} if characters_alike(heard, one))
            self._alike_characters[heard] = kept
        return kept

    def _nodes_like(self, form: str) -> dict[WordNode, float]:
        """Words of the phrases that a spelling may be, with how alike they are; kept, for calls use few words."""
        kept = self._alike.get(form)
        if kept is not None:
            return kept
        alike: dict[WordNode, float] = {}
        lemmas = lemmas_of(form, self._language)
        for lemma in lemmas:
            alike |= dict.fromkeys(self._by_lemma.get(lemma, ()), 1.0)
        alike |= dict.fromkeys(self._by_form.get(form, ()), 1.0)
        if len(form) >= SHORTEST:
            # A misspelt form may be of a misspelt lemma; a word of the dictionary is what it is.
            for heard in {form} if is_known(form, self._language) else {form, *lemmas}:
                for near, _, _ in process.extract(
                    heard, self._spellings, scorer=Levenshtein.distance, score_cutoff=2 * most_edits(len(heard)), limit=None
                ):
                    score = likeness(heard, near, self._language)
                    for node in (*self._by_form.get(near, ()), *self._by_lemma.get(near, ())) if score else ():
                        if not node.is_exact and score > alike.get(node, 0.0):
                            alike[node] = score
        self._alike[form] = alike
        return alike

    # ── matching ─────────────────────────────────────────────────────────────

    def _best(self, phrase: Phrase, heard: _Heard, start: int) -> PhraseMatch | None:
        best: _State | None = None
        for state in self._ways(phrase.tree.nodes, 0, _State(start), heard):
            if state.first != start:
                continue
            if best is None or (state.score, best.last) > (best.score, state.last):
                best = state
        if best is None or best.score < (_ALONE if best.words == 1 else PROBABLY_SAID):
            return None
        if heard.language == "zh" and best.score < 1.0 and best.letters < _FEWEST_CHARACTERS:
            return None
        said = heard.tokens[best.first : best.last + 1]
        if any(after.start_ms - one.end_ms > LONGEST_PAUSE_MS for one, after in itertools.pairwise(said)):
            return None
        return PhraseMatch(best.first, best.last, best.score, dict(best.values))

    def _ways(self, nodes: tuple[Node, ...], number: int, state: _State, heard: _Heard) -> Iterator[_State]:
        """All ways in which nodes from ``number`` on fit from a state on."""
        if number == len(nodes):
            yield state
            return
        node = nodes[number]
        for after in self._steps(node, state, heard):
            yield from self._ways(nodes, number + 1, after, heard)
        following = nodes[number + 1] if number + 1 < len(nodes) else None
        if isinstance(node, WordNode) and isinstance(following, WordNode) and state.at < len(heard.tokens):
            form = heard.tokens[state.at].form
            if form in _joined(node, following):
                yield from self._ways(nodes, number + 2, state.over(state.at + 1, len(form), _BROKEN), heard)

    def _steps(  # noqa: PLR0912  # one case a kind of node
        self, node: Node, state: _State, heard: _Heard
    ) -> Iterator[_State]:
        at, tokens = state.at, heard.tokens
        if isinstance(node, WordNode | Run):
            if at >= len(tokens):
                return
            length = len(node.written)
            for end, score in heard.edges[at].get(node, ()):
                yield state.over(end, length, score)
            if state.first >= 0 and tokens[at].form in _HESITATIONS:
                yield from self._steps(node, state.moved(at + 1), heard)
            return
        match node:
            case Gap():
                yield state
                for end in range(at + 1, min(at + node.most, len(tokens)) + 1):
                    if state.first >= 0 and end - 2 >= 0 and tokens[end - 2].ends_sentence:
                        break
                    yield state.moved(end)
            case Choice():
                for way in node.ways:
                    yield from self._ways(way.nodes, 0, state, heard)
                if node.is_optional:
                    yield state
            case Not():
                if at == 0 or tokens[at - 1].form != node.form or tokens[at - 1].ends_sentence:
                    yield state
            case Edge():
                if _is_at_edge(node.mark, tokens, at):
                    yield state
            case Class():
                for end, value in heard.parsed(node.name, at):
                    yield state.over(end, 0, 1.0, (node.name, value) if value is not None else None)


class _Heard:
    """Tokens with all that was found of them for one pass."""

    def __init__(
        self, tokens: Sequence[Token], language: str, edges: Sequence[Mapping[WordNode | Run, Sequence[tuple[int, float]]]]
    ) -> None:
        self.tokens, self.language, self.edges = tokens, language, edges
        self._parsed: dict[tuple[str, int], tuple[tuple[int, float | None], ...]] = {}

    def parsed(self, name: str, at: int) -> tuple[tuple[int, float | None], ...]:
        """Where something of a class that begins at a token may end, and its value."""
        if (name, at) not in self._parsed:
            self._parsed[name, at] = tuple(_parsed(name, self.tokens, at, self.language)) if at < len(self.tokens) else ()
        return self._parsed[name, at]


def _parsed(name: str, tokens: Sequence[Token], at: int, language: str) -> Iterator[tuple[int, float | None]]:
    if name == "word":
        yield at + 1, None
    elif name == "name":
        end = name_at(tokens, at, language)
        if end is not None:
            # A name's length is not known in Chinese: any shorter one is tried as well.
            for shorter in range(end, at + (1 if language != "zh" else 2) - 1, -1):
                yield shorter, None
    elif name == "date":
        # What day it is depends on the day of the call: `moments` reads it.
        day = day_at(tokens, at, language)
        if day is not None:
            yield day.end, None
    elif name == "oath":
        yield from ((oath.last + 1, None) for oath in profanity(tokens, language) if oath.first == at)
    else:
        found = _PARSERS[name](tokens, at, language)
        if found is not None:
            yield found.end, found.value


def _run_score(run: Run, tokens: Sequence[Token], at: int) -> float:
    """How alike the characters from ``at`` on are to those of a run; 0 when too few are."""
    count = len(run.characters)
    if at + count > len(tokens):
        return 0.0
    most_confused = 0 if run.is_exact or count < 2 else max(1, count // 3)
    least_alike = SAME_TONE if count == 2 else 0.0
    total, confused = 0.0, 0
    for offset, character in enumerate(run.characters):
        heard = tokens[at + offset].form
        if heard == character:
            total += 1.0
            continue
        confused += 1
        alike = characters_alike(heard, character) if confused <= most_confused else 0.0
        if not alike or alike < least_alike:
            return 0.0
        total += alike
    return total / count


def _is_at_edge(mark: str, tokens: Sequence[Token], at: int) -> bool:
    if mark == "^":
        return at < len(tokens) and (tokens[at].starts_utterance or (at > 0 and tokens[at - 1].ends_sentence))
    if mark == "$":
        return at == len(tokens) or tokens[at].starts_utterance or (at > 0 and tokens[at - 1].ends_sentence)
    asked = tokens[at - 1] if at > 0 else None
    return asked is not None and asked.is_question


@lru_cache(maxsize=20_000)
def _joined(first: WordNode, second: WordNode) -> frozenset[str]:
    """Two words written as one; nothing where a word must be as it is written."""
    if first.is_exact or second.is_exact:
        return frozenset()
    return frozenset(one + two for one in first.forms for two in second.forms)


def _words(tree: Series) -> Iterator[WordNode]:
    yield from (node for node in _leaves(tree) if isinstance(node, WordNode))


def _runs(tree: Series) -> Iterator[Run]:
    yield from (node for node in _leaves(tree) if isinstance(node, Run))


def _leaves(tree: Series) -> Iterator[Node]:
    for node in tree.nodes:
        if isinstance(node, Choice):
            for way in node.ways:
                yield from _leaves(way)
        else:
            yield node


def _without_overlaps(matches: list[PhraseMatch]) -> list[PhraseMatch]:
    kept: list[PhraseMatch] = []
    for match in sorted(matches, key=lambda one: (-one.score, one.first, one.last)):
        if all(match.last < other.first or match.first > other.last for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.first)
