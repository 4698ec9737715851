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
    From ``SAID`` on the phrase is said, from ``PROBABLY_SAID`` on it is probably said, below that nothing was found. A word
    that was cut in two, or written together with its neighbour, counts ``_BROKEN``.

Where matches of a phrase overlap, the better score stands, then the earlier, then the shorter.

Edge cases
----------
- A phrase does not reach over a pause of more than ``LONGEST_PAUSE_MS``: by then something else is said.
- A phrase of a single word must be nearer (``_ALONE``) than a word among others.
- Of a run of Chinese characters a third may be confused, of fewer than three none.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from postcall.language.morphology import lemmas_of
from postcall.language.names import name_at
from postcall.language.numbers import clock_at, duration_at, money_at, number_at
from postcall.language.phrase_pattern import Choice, Class, Edge, Gap, Node, Not, Run, Series, WordNode, parse
from postcall.language.sounds_alike import SHORTEST, characters_alike, likeness, most_edits
from postcall.language.tokens import Token

SAID, PROBABLY_SAID = 0.9, 0.7
LONGEST_PAUSE_MS = 6_000
_BROKEN = 0.92
_ALONE = 0.8
_HESITATIONS = frozenset("же ну вот э ээ эээ м мм ммм uh um er erm well 嗯 呃 啊".split())
"""Said in the middle of anything; a phrase goes on after them."""
_PARSERS = {"number": number_at, "duration": duration_at, "time": clock_at, "money": money_at}


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """Where a phrase was found.

    Attributes
    ----------
    first, last
        Indices of its first and last token, both inclusive.
    score
        In [0.7, 1]; see the module.
    values
        What was parsed, by class: a duration in ms, a time in minutes of the day.
    """

    first: int
    last: int
    score: float
    values: Mapping[str, float] = field(default_factory=dict, repr=False)


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
        self._starting: dict[object, list[tuple[str, Phrase]]] = {}
        self._anywhere: list[tuple[str, Phrase]] = []
        for name, phrases in self._groups.items():
            for phrase in phrases:
                keys = _first_keys(phrase.tree)
                if keys is None:
                    self._anywhere.append((name, phrase))
                for key in keys or ():
                    self._starting.setdefault(key, []).append((name, phrase))

    def find(self, tokens: Sequence[Token]) -> dict[str, list[PhraseMatch]]:
        """Matches of every group, in order of start, none of a group overlapping."""
        found: dict[str, list[PhraseMatch]] = {name: [] for name in self._groups}
        edges = self._edges(tokens)
        for start in range(len(tokens)):
            for name, phrase in self._candidates(tokens, start, edges):
                best = self._best(phrase, tokens, start, edges)
                if best is not None:
                    found[name].append(best)
        return {name: _without_overlaps(matches) for name, matches in found.items()}

    # ── words ────────────────────────────────────────────────────────────────

    def _edges(self, tokens: Sequence[Token]) -> list[dict[WordNode, list[tuple[int, float]]]]:
        """For every token the words that it may be, with where they end and how alike they are."""
        if self._language == "zh":
            return [{} for _ in tokens]
        edges: list[dict[WordNode, list[tuple[int, float]]]] = []
        for index, token in enumerate(tokens):
            here = {node: [(index + 1, score)] for node, score in self._nodes_like(token.form).items()}
            after = tokens[index + 1] if index + 1 < len(tokens) and not token.ends_sentence else None
            joined = token.form + after.form if after is not None else ""
            for node in self._by_form.get(joined, ()) if len(joined) > SHORTEST else ():
                if not node.is_exact:
                    here.setdefault(node, []).append((index + 2, _BROKEN))
            edges.append(here)
        return edges

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
            for heard in {form, *lemmas}:
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

    def _candidates(
        self, tokens: Sequence[Token], start: int, edges: Sequence[Mapping[WordNode, object]]
    ) -> Iterator[tuple[str, Phrase]]:
        yield from self._anywhere
        if self._language == "zh":
            for character, candidates in self._starting.items():
                if isinstance(character, str) and characters_alike(tokens[start].form, character):
                    yield from candidates
            return
        seen: set[tuple[str, int]] = set()
        joined = (one for one in self._starting.get(("joined", tokens[start].form), ()))
        for name, phrase in (*(one for node in edges[start] for one in self._starting.get(node, ())), *joined):
            if (name, id(phrase)) not in seen:
                seen.add((name, id(phrase)))
                yield name, phrase

    def _best(
        self,
        phrase: Phrase,
        tokens: Sequence[Token],
        start: int,
        edges: Sequence[Mapping[WordNode, Sequence[tuple[int, float]]]],
    ) -> PhraseMatch | None:
        best: _State | None = None
        for state in self._ways(phrase.tree.nodes, 0, _State(start), tokens, edges):
            if state.first != start:
                continue
            if best is None or (state.score, best.last) > (best.score, state.last):
                best = state
        if best is None or best.score < (_ALONE if best.words == 1 else PROBABLY_SAID):
            return None
        said = tokens[best.first : best.last + 1]
        if any(after.start_ms - one.end_ms > LONGEST_PAUSE_MS for one, after in itertools.pairwise(said)):
            return None
        return PhraseMatch(best.first, best.last, best.score, dict(best.values))

    def _ways(
        self,
        nodes: tuple[Node, ...],
        number: int,
        state: _State,
        tokens: Sequence[Token],
        edges: Sequence[Mapping[WordNode, Sequence[tuple[int, float]]]],
    ) -> Iterator[_State]:
        """All ways in which nodes from ``number`` on fit from a state on."""
        if number == len(nodes):
            yield state
            return
        node = nodes[number]
        for after in self._steps(node, state, tokens, edges):
            yield from self._ways(nodes, number + 1, after, tokens, edges)
        following = nodes[number + 1] if number + 1 < len(nodes) else None
        if isinstance(node, WordNode) and isinstance(following, WordNode) and state.at < len(tokens):
            form = tokens[state.at].form
            if not (node.is_exact or following.is_exact) and form in _joined(node, following):
                yield from self._ways(nodes, number + 2, state.over(state.at + 1, len(form), _BROKEN), tokens, edges)

    def _steps(  # noqa: PLR0912  # one case a kind of node
        self,
        node: Node,
        state: _State,
        tokens: Sequence[Token],
        edges: Sequence[Mapping[WordNode, Sequence[tuple[int, float]]]],
    ) -> Iterator[_State]:
        at = state.at
        if state.first >= 0 and at < len(tokens) and tokens[at].form in _HESITATIONS and isinstance(node, WordNode | Run):
            yield from self._steps(node, state.moved(at + 1), tokens, edges)
        match node:
            case WordNode():
                for end, score in edges[at].get(node, ()) if at < len(tokens) else ():
                    yield state.over(end, len(node.written), score)
            case Run():
                score = _run_score(node, tokens, at)
                if score:
                    yield state.over(at + len(node.characters), len(node.characters), score)
            case Gap():
                yield state
                for end in range(at + 1, min(at + node.most, len(tokens)) + 1):
                    if state.first >= 0 and end - 2 >= 0 and tokens[end - 2].ends_sentence:
                        break
                    yield state.moved(end)
            case Choice():
                for way in node.ways:
                    yield from self._ways(way.nodes, 0, state, tokens, edges)
                if node.is_optional:
                    yield state
            case Not():
                if at == 0 or tokens[at - 1].form != node.form or tokens[at - 1].ends_sentence:
                    yield state
            case Edge():
                if _is_at_edge(node.mark, tokens, at):
                    yield state
            case Class():
                yield from _parsed(node, state, tokens, self._language)


def _parsed(node: Class, state: _State, tokens: Sequence[Token], language: str) -> Iterator[_State]:
    at = state.at
    if at >= len(tokens):
        return
    if node.name == "word":
        yield state.over(at + 1, 0, 1.0)
    elif node.name == "name":
        end = name_at(tokens, at, language)
        if end is not None:
            # A name's length is not known in Chinese: any shorter one is tried as well.
            for shorter in range(end, at + (1 if language != "zh" else 2) - 1, -1):
                yield state.over(shorter, 0, 1.0)
    else:
        found = _PARSERS[node.name](tokens, at, language)
        if found is not None:
            yield state.over(found.end, 0, 1.0, (node.name, found.value))


def _run_score(run: Run, tokens: Sequence[Token], at: int) -> float:
    """How alike the characters from ``at`` on are to those of a run; 0 when too few are."""
    count = len(run.characters)
    if at + count > len(tokens):
        return 0.0
    most_confused = 0 if run.is_exact or count < 3 else count // 3
    total, confused = 0.0, 0
    for offset, character in enumerate(run.characters):
        heard = tokens[at + offset].form
        if heard == character:
            total += 1.0
            continue
        confused += 1
        alike = characters_alike(heard, character) if confused <= most_confused else 0.0
        if not alike:
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


def _joined(first: WordNode, second: WordNode) -> frozenset[str]:
    return frozenset(one + two for one in first.forms for two in second.forms)


def _words(tree: Series) -> Iterator[WordNode]:
    for node in tree.nodes:
        if isinstance(node, WordNode):
            yield node
        elif isinstance(node, Choice):
            for way in node.ways:
                yield from _words(way)


def _first_keys(tree: Series) -> set[object] | None:
    """What a match can begin with: words, characters, words written together; None when with anything."""
    keys: set[object] = set()
    return keys if _collect(tree.nodes, keys) else None


def _collect(nodes: tuple[Node, ...], keys: set[object]) -> bool:
    """Gather what nodes can begin with. False when that may be anything, or when all of them may be left out."""
    for number, node in enumerate(nodes):
        match node:
            case WordNode():
                following = nodes[number + 1] if number + 1 < len(nodes) else None
                keys.add(node)
                if isinstance(following, WordNode):
                    keys.update(("joined", form) for form in _joined(node, following))
                return True
            case Run():
                keys.add(node.characters[0])
                return True
            case Not() | Edge():
                continue
            case Choice():
                # Every way is gathered from, even after one that may be anything.
                closed = [_collect(way.nodes, keys) for way in node.ways]
                if not all(closed):
                    return False
                if not node.is_optional:
                    return True
            case _:
                return False
    return False


def _without_overlaps(matches: list[PhraseMatch]) -> list[PhraseMatch]:
    kept: list[PhraseMatch] = []
    for match in sorted(matches, key=lambda one: (-one.score, one.first, one.last)):
        if all(match.last < other.first or match.first > other.last for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda one: one.first)
