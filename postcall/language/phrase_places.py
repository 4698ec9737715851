"""Where in what a party says a phrase may begin, found for all places at once; what is left is matched word by word. Pure.

Conventions
-----------
A set of places is an integer, one bit a token, and one more for the end. Each node of a pattern is a function from the places
where what follows it may begin to those where it may begin itself, so a pattern is gone through from its end to its beginning.

Definition
----------
A place is found wherever the phrase matches. It may be found where it does not: likeness, pauses and values are not looked at.
A phrase none of whose words of one kind that it needs is heard is not gone through at all.

::

    tokens              я сейчас уточню и перезвоню вам
    перезвоню вам $     ......#............#.........     "перезвоню" may begin at 4, as "вам" may at 5, and $ at 6

References
----------
Baeza-Yates & Gonnet (1992), shift-and; Glushkov automata run backwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from postcall.language.phrase_pattern import Choice, Class, Edge, Gap, Node, Not, Run, WordNode


class Places(Protocol):
    """Where everything is heard that patterns are made of."""

    everywhere: int
    """Every token's place and the end's."""
    hesitations: int
    inside_sentence: int
    """Where a gap may go on to from the token before: not where a new sentence begins."""
    joined: dict[str, int]
    """Form -> its places, of forms that are two words of phrases written as one."""
    words: list[int]
    """Of each word or run, by its number, where it begins with one token, or with its characters."""
    broken: dict[int, int]
    """Of each word that was cut in two, by its number, where it begins."""

    def after(self, form: str) -> int:
        """Where the token before is of a form, in the same sentence."""

    def edge(self, mark: str) -> int:
        """Where an utterance begins or ends, or a question has ended."""

    def before(self, name: str, ends: int) -> int:
        """Where something of a class begins that ends at one of the places."""


Backwards = Callable[[int, Places], int]
"""From the places where the rest may begin to those where a node and the rest may."""
Step = tuple[Backwards, frozenset[str]]
"""Of a node, with what it and the next one are when they are written as one."""


class PatternPlaces:
    """Where a pattern, and each of its rests, may begin.

    Parameters
    ----------
    nodes
        Of the pattern.
    numbers
        Word or run -> its number among those of all phrases.
    """

    def __init__(self, nodes: Sequence[Node], numbers: Mapping[WordNode | Run, int]) -> None:
        self._steps = _steps(nodes, numbers, may_be_inside=False, is_inside=False)

    def of_rests(self, heard: Places) -> list[int]:
        """Places of the whole pattern, of what follows its first node, and so on to its end; nothing where it is not said."""
        rests = [heard.everywhere]
        after_next = 0
        for step, joint in self._steps:
            here = _here(step, joint, rests[-1], after_next, heard)
            if not here and not rests[-1]:
                return []
            after_next = rests[-1]
            rests.append(here)
        rests.reverse()
        return rests if rests[0] else []


def _here(step: Backwards, joint: frozenset[str], after: int, after_next: int, heard: Places) -> int:
    here = step(after, heard) if after else 0
    if joint and after_next and heard.joined:
        for form in joint & heard.joined.keys():
            here |= heard.joined[form] & (after_next >> 1)
    return here


def _series(steps: Sequence[Step]) -> Backwards:
    """Nodes one after another."""

    def begins(ends: int, heard: Places) -> int:
        after_next, after = 0, ends
        for step, joint in steps:
            here = _here(step, joint, after, after_next, heard)
            if not here and not after:
                return 0
            after_next, after = after, here
        return after

    return begins


def _steps(
    nodes: Sequence[Node], numbers: Mapping[WordNode | Run, int], *, may_be_inside: bool, is_inside: bool
) -> Sequence[Step]:
    """Of each node, the last first; whether something was consumed before them, perhaps or certainly."""
    steps: list[Step] = []
    for node, following in itertools.pairwise((*nodes, None)):
        assert node is not None
        joint = joined(node, following) if isinstance(node, WordNode) and isinstance(following, WordNode) else frozenset()
        steps.append((_node(node, numbers, may_be_inside=may_be_inside, is_inside=is_inside), joint))
        may_be_inside = may_be_inside or _consumes(node, any)
        is_inside = is_inside or _consumes(node, all)
    steps.reverse()
    return steps


def _consumes(node: Node, of_ways: Callable[[Iterator[bool]], bool]) -> bool:
    """Whether a node takes a token: in any of its ways, or in all."""
    if isinstance(node, Choice):
        if of_ways is all and node.is_optional:
            return False
        return of_ways(any(_consumes(one, of_ways) for one in way.nodes) for way in node.ways)
    return isinstance(node, WordNode | Run | Class)


def _node(node: Node, numbers: Mapping[WordNode | Run, int], *, may_be_inside: bool, is_inside: bool) -> Backwards:
    match node:
        case WordNode():
            return _word(numbers[node], may_be_inside=may_be_inside)
        case Run():
            return _run(numbers[node], len(node.characters), may_be_inside=may_be_inside)
        case Gap():
            return _gap(node.most, may_be_inside=may_be_inside, is_inside=is_inside)
        case Choice():
            ways = [_series(_steps(way.nodes, numbers, may_be_inside=may_be_inside, is_inside=is_inside)) for way in node.ways]
            return _choice(ways, is_optional=node.is_optional)
        case Not():
            return lambda ends, heard: ends & ~heard.after(node.form)
        case Edge():
            return lambda ends, heard: ends & heard.edge(node.mark)
        case Class():
            return lambda ends, heard: heard.before(node.name, ends)


def _word(number: int, *, may_be_inside: bool) -> Backwards:
    def begins(ends: int, heard: Places) -> int:
        here = heard.words[number] & (ends >> 1)
        if number in heard.broken:
            here |= heard.broken[number] & (ends >> 2)
        return _over_hesitations(here, heard) if here and may_be_inside else here

    return begins


def _run(number: int, count: int, *, may_be_inside: bool) -> Backwards:
    def begins(ends: int, heard: Places) -> int:
        here = heard.words[number] & (ends >> count)
        return _over_hesitations(here, heard) if here and may_be_inside else here

    return begins


def _over_hesitations(places: int, heard: Places) -> int:
    """With places from which hesitations alone lead to them."""
    step = places
    while step := heard.hesitations & (step >> 1):
        places |= step
    return places


def _gap(most: int, *, may_be_inside: bool, is_inside: bool) -> Backwards:
    if not may_be_inside:
        # A match begins with the first token that it consumes.
        return lambda ends, heard: ends

    def begins(ends: int, heard: Places) -> int:
        step, places = ends, ends
        for _ in range(most):
            step >>= 1
            if is_inside:
                step &= heard.inside_sentence
            places |= step
        return places

    return begins


def _choice(ways: Sequence[Backwards], *, is_optional: bool) -> Backwards:
    def begins(ends: int, heard: Places) -> int:
        places = ends if is_optional else 0
        for way in ways:
            places |= way(ends, heard)
        return places

    return begins


@lru_cache(maxsize=20_000)
def joined(first: WordNode, second: WordNode) -> frozenset[str]:
    """Two words written as one; nothing where a word must be as it is written."""
    if first.is_exact or second.is_exact:
        return frozenset()
    return frozenset(one + two for one in first.forms for two in second.forms)


def all_joined(nodes: Sequence[Node]) -> frozenset[str]:
    """Spellings of any two words next to each other as one."""
    found: set[str] = set()
    for node, following in itertools.pairwise((*nodes, None)):
        if isinstance(node, WordNode) and isinstance(following, WordNode):
            found |= joined(node, following)
        elif isinstance(node, Choice):
            for way in node.ways:
                found |= all_joined(way.nodes)
    return frozenset(found)


def required(nodes: Sequence[Node]) -> Iterator[frozenset[WordNode | Run]]:
    """Sets of words of each of which every match has one, but for words written as one."""
    for node in nodes:
        if isinstance(node, WordNode | Run):
            yield frozenset((node,))
        elif isinstance(node, Choice) and not node.is_optional:
            of_ways = [next(required(way.nodes), None) for way in node.ways]
            if None not in of_ways:
                yield frozenset(one for words in of_ways if words is not None for one in words)
