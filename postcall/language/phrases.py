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
- Of a run of Chinese characters a third may be confused; of two, one with another of its syllable and tone, where the phrase
  has more characters than these.

Speed
-----
What a spelling may be is found once for all calls (`phrase_words`, `phrase_runs`). Where a phrase may begin is found for all
places at once (`phrase_places`); only there its words are gone through, with all ways in which they may fit.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from postcall.language.clock_times import clock_at, may_begin_time
from postcall.language.durations import duration_at, may_begin_duration
from postcall.language.moments import day_at
from postcall.language.names import may_begin_name, name_at
from postcall.language.numbers import has_currency_sign, is_currency, may_begin_number, money_at, number_at
from postcall.language.phrase_pattern import Choice, Class, Edge, Gap, Node, Not, Run, Series, WordNode, parse
from postcall.language.phrase_places import PatternPlaces, all_joined, joined, required
from postcall.language.phrase_runs import PhraseRuns, members
from postcall.language.phrase_words import HeardWord, PhraseWords
from postcall.language.profanity import profanity
from postcall.language.tokens import Token
from postcall.quick_init import quick_init

SAID, PROBABLY_SAID = 0.9, 0.7
LONGEST_PAUSE_MS = 6_000
_BROKEN = 0.92
_ALONE = 0.8
_HESITATIONS = frozenset("же ну вот э ээ эээ м мм ммм uh um er erm well 嗯 呃 啊".split())
"""Said in the middle of anything; a phrase goes on after them."""
_LONGEST_SUM = 63
"""Most words of a sum of money before its currency: dictated digits are many."""
_FEWEST_CHARACTERS = 3
"""A Chinese phrase of fewer is found only as it is written."""
_MAY_BEGIN: Mapping[str, Callable[[str, str], bool]] = {
    "number": may_begin_number,
    "money": may_begin_number,
    "duration": may_begin_duration,
    "time": may_begin_time,
    "name": may_begin_name,
}
"""Class -> what tells quickly of a form that none begins there; the others tell by themselves."""
_PARSERS = {"number": number_at, "duration": duration_at, "time": clock_at, "money": money_at}


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
            name: [_Sought.of(phrase, self._numbers) for phrase in phrases] for name, phrases in self._groups.items()
        }
        self._joined = frozenset(form for group in self._sought.values() for sought in group for form in sought.joined)

    def find(self, tokens: Sequence[Token]) -> dict[str, list[PhraseMatch]]:
        """Matches of every group, in order of start, none of a group overlapping."""
        heard = self.hear(tokens)
        return {name: heard.found(name) for name in self._groups}

    def hear(self, tokens: Sequence[Token]) -> HeardPhrases:
        """What a party says, in which groups are found when they are asked for."""
        return HeardPhrases(self._sought, self._heard(tokens))

    def _heard(self, tokens: Sequence[Token]) -> _Heard:
        """For every token the words or runs that may begin there, with where they end and how alike they are."""
        if self._language == "zh":
            heard = _Heard(tokens, range(len(tokens)), self._language, len(self._numbers), self._joined)
            for run, place, score in self._runs.heard(tokens, heard.places):
                heard.hear(place, run, self._numbers[run], place + len(run.characters), score)
            return heard
        words = {token.form: self._words.heard(token.form) for token in tokens}
        if any(word.cut for word in words.values()):
            origins, tokens = _taken_apart(tokens, words)
            words |= {token.form: self._words.heard(token.form) for token in tokens}
        else:
            origins = range(len(tokens))
        heard = _Heard(tokens, origins, self._language, len(self._numbers), self._joined, words)
        for index, node in self._words.written_together(tokens, words):
            heard.hear(index, node, self._numbers[node], index + 2, _BROKEN)
        return heard


class HeardPhrases:
    """What a party says, before the phrases of a book; of `PhraseBook.hear`."""

    def __init__(self, sought: Mapping[str, Sequence[_Sought]], heard: _Heard) -> None:
        self._sought, self._heard = sought, heard
        self._found: dict[str, list[PhraseMatch]] = {}

    def found(self, name: str) -> list[PhraseMatch]:
        """Matches of a group, in order of start, none overlapping."""
        if name not in self._found:
            heard = self._heard
            found: list[PhraseMatch] = []
            for sought in self._sought[name]:
                rests = [] if heard.lacks(sought) else sought.places.of_rests(heard)
                for start in members(rests[0]) if rests else ():
                    best = _best(sought, rests, heard, start)
                    if best is not None:
                        found.append(heard.as_given(best))
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


# ── matching ─────────────────────────────────────────────────────────────────


def _best(sought: _Sought, rests: Sequence[int], heard: _Heard, start: int) -> PhraseMatch | None:
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


def _all_ways(sought: _Sought, rests: Sequence[int], heard: _Heard, start: int) -> Iterable[_State]:
    """The states at the end of a phrase that begins at a token, in order of their ways."""
    if not sought.joined.isdisjoint(heard.joined):
        return _ways(sought.phrase.tree.nodes, 0, _State(start), heard)
    # Where no token is two words at once, all ways are gone through node by node, in the same order.
    only = _only_way(sought.nodes, rests, heard, start)
    return _through(sought.nodes, [_State(start)], heard, rests) if only is None else (only,)


def _only_way(nodes: tuple[Node, ...], rests: Sequence[int], heard: _Heard, at: int) -> _State | None:
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


def _ends_of(node: WordNode | Run | Choice, rest: int, heard: _Heard, at: int) -> list[tuple[int, float, int]] | None:
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


def _best_word(node: WordNode, heard: _Heard, start: int) -> PhraseMatch | None:
    """Of a phrase of a single word, as `_best`."""
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


def _through(nodes: tuple[Node, ...], states: list[_State], heard: _Heard, rests: Sequence[int] | None = None) -> list[_State]:
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


def _over_choice(node: Choice, state: _State, heard: _Heard) -> list[_State]:
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


def _over_gap(node: Gap, state: _State, heard: _Heard, rest: int) -> list[_State]:
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


def _over_words(node: WordNode | Run, state: _State, heard: _Heard) -> list[_State]:
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


def _ways(nodes: tuple[Node, ...], number: int, state: _State, heard: _Heard) -> Iterator[_State]:
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
            yield from _ways(nodes, number + 2, state.over(state.at + 1, len(form), _BROKEN), heard)


def _steps(node: Node, state: _State, heard: _Heard) -> Iterator[_State]:  # noqa: PLR0912  # one case a kind of node
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


class _Heard:
    """Tokens with all that was found of them for one pass; `phrase_places.Places`.

    Parameters
    ----------
    tokens, origins
        Of a party, and which of the given ones each is of.
    numbers
        How many words and runs there are.
    spelt_as_one
        Forms that are two words of phrases written as one.
    words
        What each form may be; none in Chinese.
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        origins: Sequence[int],
        language: str,
        numbers: int,
        spelt_as_one: frozenset[str],
        words: Mapping[str, HeardWord] | None = None,
    ) -> None:
        self.tokens, self.language = tokens, language
        self._origins, self._known = origins, words or {}
        places: dict[str, int] = {}
        ended = 0
        for index, token in enumerate(tokens):
            places[token.form] = places.get(token.form, 0) | 1 << index
            if token.ends_sentence:
                ended |= 1 << index
        self.places = places
        self.everywhere = (1 << len(tokens) + 1) - 1
        self.inside_sentence = self.everywhere & ~(ended << 1)
        self._ended = ended
        self.hesitations = 0
        for form in _HESITATIONS & places.keys():
            self.hesitations |= places[form]
        self.joined = {form: places[form] for form in spelt_as_one & places.keys()}
        self.words = [0] * numbers
        self.broken: dict[int, int] = {}
        for form, word in self._known.items():
            at = places.get(form, 0)
            for number in word.numbers:
                self.words[number] |= at
        pieces = Counter(origins) if len(tokens) and origins[-1] + 1 < len(tokens) else {}
        self._pieces = frozenset(origin for origin, count in pieces.items() if count > 1)
        self._further: dict[int, dict[WordNode | Run, list[tuple[int, float]]]] = {}
        self._parsed_at: dict[tuple[str, int], tuple[tuple[int, float | None], ...]] = {}
        self._parsed: dict[str, list[tuple[int, int]]] = {}
        self._heard: int | None = None

    def hear(self, at: int, node: WordNode | Run, number: int, end: int, score: float) -> None:
        """Note a run, or a word that was cut in two."""
        self._further.setdefault(at, {}).setdefault(node, []).append((end, score))
        if isinstance(node, Run):
            self.words[number] |= 1 << at
        else:
            self.broken[number] = self.broken.get(number, 0) | 1 << at

    def lacks(self, sought: _Sought) -> bool:
        """Whether something is not heard that a phrase needs."""
        if self._heard is None:
            present = sum(1 << number for number, at in enumerate(self.words) if at)
            for number in self.broken:
                present |= 1 << number
            self._heard = present
        for needed in sought.required:
            if not self._heard & needed:
                return not self.joined or sought.joined.isdisjoint(self.joined)
        return False

    def ends(self, at: int, node: WordNode | Run) -> Sequence[tuple[int, float]]:
        """Where a word or run that begins at a token may end, and how alike it is."""
        further = self._further.get(at)
        further_ends = further.get(node, ()) if further else ()
        if isinstance(node, Run):
            return further_ends
        score = self._known[self.tokens[at].form].alike.get(node)
        if score is None:
            return further_ends
        if self._pieces and self._origins[at] in self._pieces:
            score = min(score, _BROKEN)
        return ((at + 1, score), *further_ends)

    def as_given(self, match: PhraseMatch) -> PhraseMatch:
        """A match with the places of the given tokens."""
        if not self._pieces:
            return match
        return replace(match, first=self._origins[match.first], last=self._origins[match.last])

    # ── places ───────────────────────────────────────────────────────────────

    def after(self, form: str) -> int:
        """Where the token before is of a form, in the same sentence."""
        return (self.places.get(form, 0) & ~self._ended) << 1

    def edge(self, mark: str) -> int:
        """Where an utterance begins or ends, or a question has ended."""
        return self._edges[mark]

    @cached_property
    def _edges(self) -> dict[str, int]:
        starts = asked = 0
        for index, token in enumerate(self.tokens):
            if token.starts_utterance:
                starts |= 1 << index
            if token.is_question:
                asked |= 1 << index
        end = 1 << len(self.tokens)
        starts |= (self._ended << 1) & (end - 1)
        return {"^": starts, "$": starts | end, "?": asked << 1}

    def before(self, name: str, ends: int) -> int:
        """Where something of a class begins that ends at one of the places."""
        if name == "word":
            return ends >> 1
        if name not in self._parsed:
            if name == "oath":
                places = sum(1 << at for at in self._oaths)
            else:
                places = self._beginnings[name] if name in _MAY_BEGIN else self.everywhere >> 1
            if name == "money":
                places &= self._before_money()
            parsed = ((at, self.parsed_at(name, at)) for at in members(places))
            self._parsed[name] = [(1 << at, sum(1 << end for end, _ in found)) for at, found in parsed if found]
        begins = 0
        for at, its_ends in self._parsed[name]:
            if its_ends & ends:
                begins |= at
        return begins

    @cached_property
    def _beginnings(self) -> dict[str, int]:
        """Where something of each class may begin."""
        beginnings = dict.fromkeys(_MAY_BEGIN, 0)
        for form, at in self.places.items():
            for name in _classes_from(form, self.language):
                beginnings[name] |= at
        return beginnings

    @cached_property
    def _oaths(self) -> dict[int, int]:
        """Where an oath begins, and where it ends."""
        return {oath.first: oath.last + 1 for oath in profanity(self.tokens, self.language)}

    def _before_money(self) -> int:
        """Places not further than ``_LONGEST_SUM`` before a currency, its word or sign."""
        near = sum(at for form, at in self.places.items() if is_currency(form, self.language))
        for index, token in enumerate(self.tokens):
            if has_currency_sign(token.text):
                near |= 1 << index
        reach = 0
        while near and reach < _LONGEST_SUM:
            step = reach + 1
            near, reach = near | near >> step, reach + step
        return near

    def parsed_at(self, name: str, at: int) -> tuple[tuple[int, float | None], ...]:
        """Where something of a class that begins at a token may end, and its value."""
        if name == "oath":
            return ((self._oaths[at], None),) if at in self._oaths else ()
        if (name, at) not in self._parsed_at:
            self._parsed_at[name, at] = tuple(_parsed(name, self.tokens, at, self.language)) if at < len(self.tokens) else ()
        return self._parsed_at[name, at]


@lru_cache(maxsize=50_000)
def _classes_from(form: str, language: str) -> tuple[str, ...]:
    """Classes of which something may begin with a word: none, for most."""
    return tuple(name for name, may_begin in _MAY_BEGIN.items() if may_begin(form, language))


@dataclass(frozen=True, slots=True)
class _Sought:
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

    phrase: Phrase
    places: PatternPlaces
    joined: frozenset[str]
    required: tuple[int, ...]
    nodes: tuple[Node, ...]
    word: WordNode | None

    @classmethod
    def of(cls, phrase: Phrase, numbers: Mapping[WordNode | Run, int]) -> _Sought:
        nodes = phrase.tree.nodes
        needed = tuple(sum(1 << number for number in {numbers[word] for word in words}) for words in required(nodes))
        simple = _simple(nodes)
        word = simple[0] if len(simple) == 1 and isinstance(simple[0], WordNode) else None
        return cls(phrase, PatternPlaces(nodes, numbers), all_joined(nodes), needed, simple, word)


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
    else:
        found = _PARSERS[name](tokens, at, language)
        if found is not None:
            yield found.end, found.value


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
