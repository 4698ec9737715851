"""Ways in which a phrase fits what was heard from a place on, and the best of them. Pure.

Conventions
-----------
A state is how far a match has come. Where no token is two words at once, all ways are gone through node by node; else one
after the other. Both give the same states in the same order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from postcall.language.phrase_heard import BROKEN, Heard
from postcall.language.phrase_pattern import Choice, Class, Edge, Gap, Node, Not, Run, Series, WordNode
from postcall.language.phrase_places import PatternPlaces, all_joined, joined, required
from postcall.quick_init import quick_init

SAID, PROBABLY_SAID = 0.9, 0.7
LONGEST_PAUSE_MS = 6_000
_ALONE = 0.8
_FEWEST_CHARACTERS = 3
"""A Chinese phrase of fewer is found only as it is written."""


@quick_init
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
class Sought:
    """A phrase with what tells quickly where it cannot be.

    Attributes
    ----------
    places
        Where it may begin.
    joined
        Spellings of two of its words as one.
    required
        Sets of numbers of words, as bits; of each set one is in every match.
    nodes
        Of the phrase, choices that leave no choice replaced by what they hold.
    word
        The only node, where it is a word.
    """

    tree: Series
    places: PatternPlaces
    joined: frozenset[str]
    required: tuple[int, ...]
    nodes: tuple[Node, ...]
    word: WordNode | None

    @classmethod
    def of(cls, tree: Series, numbers: Mapping[WordNode | Run, int]) -> Sought:
        """Of a pattern's tree; ``numbers`` are those of the words and runs of all phrases of a book."""
        nodes = tree.nodes
        needed = tuple(sum(1 << number for number in {numbers[word] for word in words}) for words in required(nodes))
        simple = _simple(nodes)
        word = simple[0] if len(simple) == 1 and isinstance(simple[0], WordNode) else None
        return cls(tree, PatternPlaces(nodes, numbers), all_joined(nodes), needed, simple, word)


def _simple(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Nodes without choices that leave no choice."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Choice):
            ways = tuple(Series(_simple(way.nodes)) for way in node.ways)
            is_one = len(ways) == 1 and len(ways[0].nodes) == 1 and not node.is_optional
            found.append(ways[0].nodes[0] if is_one else Choice(ways, node.is_optional))
        else:
            found.append(node)
    return tuple(found)


class _State(NamedTuple):
    """How far a match has come: the next token, letters seen and letters alike, the first and last token consumed."""

    at: int
    letters: int = 0
    alike: float = 0.0
    first: int = -1
    last: int = -1
    words: int = 0
    values: tuple[tuple[str, float], ...] = ()

    def over(self, end: int, letters: int, score: float, value: tuple[str, float] | None = None) -> _State:
        at, seen, alike, first, _, words, values = self
        return _State(
            end,
            seen + letters,
            alike + letters * score,
            first if first >= 0 else at,
            end - 1,
            words + 1,
            (*values, value) if value else values,
        )

    def moved(self, end: int) -> _State:
        return self._replace(at=end)

    @property
    def score(self) -> float:
        return self.alike / self.letters if self.letters else 1.0


def best_from(sought: Sought, rests: Sequence[int], heard: Heard, start: int) -> PhraseMatch | None:
    """The best match that begins at a token, where ``rests`` allow (`PatternPlaces.of_rests`); None below all scores."""
    if sought.word is not None:
        return _best_word(sought.word, heard, start)
    best: _State | None = None
    for state in _all_ways(sought, rests, heard, start):
        if state.first != start:
            continue
        if best is None or (state.score, best.last) > (best.score, state.last):
            best = state
    if best is None or best.score < (_ALONE if best.words == 1 else PROBABLY_SAID):
        return None
    if heard.language == "zh" and best.score < 1.0 and best.letters < _FEWEST_CHARACTERS:
        return None
    said = heard.tokens[best.first : best.last + 1]
    if len(said) > 1 and any(after.start_ms - one.end_ms > LONGEST_PAUSE_MS for one, after in itertools.pairwise(said)):
        return None
    return PhraseMatch(best.first, best.last, best.score, dict(best.values))


def _all_ways(sought: Sought, rests: Sequence[int], heard: Heard, start: int) -> Iterable[_State]:
    """The states at the end of a phrase that begins at a token, in order of their ways."""
    if not sought.joined.isdisjoint(heard.joined):
        return _ways(sought.tree.nodes, 0, _State(start), heard)
    # Where no token is two words at once, all ways are gone through node by node, in the same order.
    only = _only_way(sought.nodes, rests, heard, start)
    return _through(sought.nodes, [_State(start)], heard, rests) if only is None else (only,)


def _only_way(nodes: tuple[Node, ...], rests: Sequence[int], heard: Heard, at: int) -> _State | None:
    """As `_through`, of most phrases that are said: from each node one way alone leads on. None where there may be others."""
    letters, alike, first, last, words = 0, 0.0, -1, -1, 0
    values: tuple[tuple[str, float], ...] = ()
    for number, node in enumerate(nodes, start=1):
        rest = rests[number]
        match node:
            case WordNode() | Run() | Choice():
                ends = _ends_of(node, rest, heard, at)
                may_be_skipped = isinstance(node, Choice) and node.is_optional and rest >> at & 1
                if ends is None or len(ends) + may_be_skipped != 1 or (first >= 0 and heard.hesitations >> at & 1):
                    return None
                if may_be_skipped:
                    continue
                [(end, score, length)] = ends
                first = at if first < 0 else first
                letters, alike, last, words, at = letters + length, alike + length * score, end - 1, words + 1, end
            case Gap():
                reached = [state.at for state in _over_gap(node, _State(at, first=first), heard, rest) if rest >> state.at & 1]
                if len(reached) != 1:
                    return None
                [at] = reached
            case Edge() | Not():
                # Whether it fits stands in the places of the rest that begins with it.
                if not rests[number - 1] >> at & 1:
                    return None
            case Class():
                parsed = [found for found in heard.parsed_at(node.name, at) if rest >> found[0] & 1]
                if len(parsed) != 1:
                    return None
                [(end, value)] = parsed
                first = at if first < 0 else first
                last, words, at = end - 1, words + 1, end
                values = values if value is None else (*values, (node.name, value))
    return _State(at, letters, alike, first, last, words, values)


def _ends_of(node: WordNode | Run | Choice, rest: int, heard: Heard, at: int) -> list[tuple[int, float, int]] | None:
    """Where a word, or one of some, that begins at a token may end, how alike it is, and its letters; None for longer ways."""
    if at >= len(heard.tokens):
        return []
    if not isinstance(node, Choice):
        return [(end, score, len(node.written)) for end, score in heard.ends(at, node) if rest >> end & 1]
    found: list[tuple[int, float, int]] = []
    for way in node.ways:
        word = way.nodes[0]
        if len(way.nodes) > 1 or not isinstance(word, WordNode | Run):
            return None
        found += [(end, score, len(word.written)) for end, score in heard.ends(at, word) if rest >> end & 1]
    return found


def _best_word(node: WordNode, heard: Heard, start: int) -> PhraseMatch | None:
    """Of a phrase of a single word, as `best_from`."""
    letters, most, last = len(node.written), 0.0, -1
    for end, alike in heard.ends(start, node):
        score = letters * alike / letters
        if last < 0 or (score, last) > (most, end - 1):
            most, last = score, end - 1
    if last < 0 or most < _ALONE:
        return None
    if last > start and heard.tokens[last].start_ms - heard.tokens[start].end_ms > LONGEST_PAUSE_MS:
        return None
    return PhraseMatch(start, last, most)


def _through(nodes: tuple[Node, ...], states: list[_State], heard: Heard, rests: Sequence[int] | None = None) -> list[_State]:
    """The states in which all nodes fit from given ones on, in order of their ways; ``rests`` tells where the rests may be."""
    for number, node in enumerate(nodes, start=1):
        rest = rests[number] if rests is not None else -1
        match node:
            case WordNode() | Run():
                passed = [after for state in states for after in _over_words(node, state, heard)]
            case Gap():
                passed = [after for state in states for after in _over_gap(node, state, heard, rest)]
            case Choice():
                passed = [after for state in states for after in _over_choice(node, state, heard)]
            case Not():
                passed = [state for state in states if not heard.after(node.form) >> state.at & 1]
            case Edge():
                passed = [state for state in states if heard.edge(node.mark) >> state.at & 1]
            case Class():
                passed = [after for state in states for after in _steps(node, state, heard)]
        states = passed if rests is None else [state for state in passed if rest >> state.at & 1]
        if len(states) > 1:
            states = list(dict.fromkeys(states))
        if not states:
            break
    return states


def _over_choice(node: Choice, state: _State, heard: Heard) -> list[_State]:
    """After each of the ways, then without any where it may be left out."""
    passed: list[_State] = []
    for way in node.ways:
        first = way.nodes[0]
        if len(way.nodes) == 1 and isinstance(first, WordNode | Run):
            passed += _over_words(first, state, heard)
        else:
            passed += _through(way.nodes, [state], heard)
    if node.is_optional:
        passed.append(state)
    return passed


def _over_gap(node: Gap, state: _State, heard: Heard, rest: int) -> list[_State]:
    """After words between, as far as the rest may be there. Before the first word of a match there are none."""
    at, found = state.at, [state]
    if state.first < 0:
        return found
    for end in range(at + 1, min(at + node.most, len(heard.tokens)) + 1):
        if not heard.inside_sentence >> end - 1 & 1:
            break
        if rest >> end & 1:
            found.append(state.moved(end))
    return found


def _over_words(node: WordNode | Run, state: _State, heard: Heard) -> list[_State]:
    """After a word or run, hesitations before it passed over."""
    at, count, length = state.at, len(heard.tokens), len(node.written)
    if at >= count:
        return []
    found = [state.over(end, length, score) for end, score in heard.ends(at, node)]
    if not heard.hesitations or state.first < 0:
        return found
    while heard.hesitations >> at & 1 and at + 1 < count:
        at += 1
        found += [state.moved(at).over(end, length, score) for end, score in heard.ends(at, node)]
    return found


def _ways(nodes: tuple[Node, ...], number: int, state: _State, heard: Heard) -> Iterator[_State]:
    """All ways in which nodes from ``number`` on fit from a state on."""
    if number == len(nodes):
        yield state
        return
    node = nodes[number]
    for after in _steps(node, state, heard):
        yield from _ways(nodes, number + 1, after, heard)
    following = nodes[number + 1] if number + 1 < len(nodes) else None
    if heard.joined and isinstance(node, WordNode) and isinstance(following, WordNode) and state.at < len(heard.tokens):
        form = heard.tokens[state.at].form
        if form in heard.joined and form in joined(node, following):
            yield from _ways(nodes, number + 2, state.over(state.at + 1, len(form), BROKEN), heard)


def _steps(node: Node, state: _State, heard: Heard) -> Iterator[_State]:  # noqa: PLR0912  # one case a kind of node
    at, tokens = state.at, heard.tokens
    match node:
        case WordNode() | Run():
            yield from _over_words(node, state, heard)
        case Gap():
            yield state
            for end in range(at + 1, min(at + node.most, len(tokens)) + 1):
                if state.first >= 0 and end - 2 >= 0 and tokens[end - 2].ends_sentence:
                    break
                yield state.moved(end)
        case Choice():
            for way in node.ways:
                yield from _ways(way.nodes, 0, state, heard)
            if node.is_optional:
                yield state
        case Not():
            if at == 0 or tokens[at - 1].form != node.form or tokens[at - 1].ends_sentence:
                yield state
        case Edge():
            if heard.edge(node.mark) >> at & 1:
                yield state
        case Class():
            for end, value in heard.parsed_at(node.name, at):
                yield state.over(end, 0, 1.0, (node.name, value) if value is not None else None)
