"""What was heard of the words of phrases in one party's tokens: where each may begin and end. Pure.

Conventions
-----------
Places are bits of an integer, as `phrase_places` tells; tokens are one party's, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from postcall.language.clock_times import clock_at, may_begin_time
from postcall.language.durations import duration_at, may_begin_duration
from postcall.language.moments import day_at
from postcall.language.names import may_begin_name, name_at
from postcall.language.numbers import has_currency_sign, is_currency, may_begin_number, money_at, number_at
from postcall.language.phrase_pattern import Run, WordNode
from postcall.language.phrase_runs import members
from postcall.language.phrase_words import HeardWord
from postcall.language.profanity import profanity
from postcall.language.tokens import Token

BROKEN = 0.92
"""Score of a word that was cut in two, or written together with its neighbour."""
_HESITATIONS = frozenset("же ну вот э ээ эээ м мм ммм uh um er erm well 嗯 呃 啊".split())
"""Said in the middle of anything; a phrase goes on after them."""
_LONGEST_SUM = 63
"""Most words of a sum of money before its currency: dictated digits are many."""
_MAY_BEGIN: Mapping[str, Callable[[str, str], bool]] = {
    "number": may_begin_number,
    "money": may_begin_number,
    "duration": may_begin_duration,
    "time": may_begin_time,
    "name": may_begin_name,
}
"""Class -> what tells quickly of a form that none begins there; the others tell by themselves."""
_PARSERS = {"number": number_at, "duration": duration_at, "time": clock_at, "money": money_at}


class Heard:
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
        self.origins, self._known = origins, words or {}
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

    def lacks(self, required: Sequence[int], joined: frozenset[str]) -> bool:
        """Whether something is not heard that a phrase needs: of each set of ``required`` one, unless as one of ``joined``."""
        if self._heard is None:
            present = sum(1 << number for number, at in enumerate(self.words) if at)
            for number in self.broken:
                present |= 1 << number
            self._heard = present
        for needed in required:
            if not self._heard & needed:
                return not self.joined or joined.isdisjoint(self.joined)
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
        if self._pieces and self.origins[at] in self._pieces:
            score = min(score, BROKEN)
        return ((at + 1, score), *further_ends)

    @property
    def is_taken_apart(self) -> bool:
        """Whether a given token is two of these."""
        return bool(self._pieces)

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
