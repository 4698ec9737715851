"""Filler words: said while somebody looks for the next word, or by habit. Pure.

Definition
----------
hesitation
    A sound that is no word: "э-э", "ммм", "um", "呃".
filler
    A word or phrase that could be left out: "ну", "как бы", "короче", "you know", "这个". Where the same words also mean
    something, they count only as the cases below tell.

Edge cases
----------
- "Типа" after an adjective or before a noun in the genitive is a type; "в общем случае", "это значит", "это самое главное",
  "как бы мне заплатить" mean what they say; "короче" before "чем" compares.
- "Вот" counts twice in a row, or before a pause or another filler; "значит" and "так" the same way.
- "Like", "this" and 那个 count only between pauses, commas, or doubled: "那个那个". 嗯 alone is an answer.
- "I mean", "do you know" and "let you know" are told apart by the word before.
- Recognisers leave fillers out: their number is a lower bound.

References
----------
golden-09, cabletv-10. RUQA's list of parasite words; Clark and Fox Tree (2002) on uh and um.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from postcall.language.morphology import readings_of
from postcall.language.tokens import Token

_PAUSE_MS = 300
"""A pause around a word that is then no part of a phrase."""
_HESITATIONS: dict[str, re.Pattern[str]] = {
    "ru": re.compile(r"^(?:э+|э+-э+(?:-э+)*|эм+|мм+|м-м+(?:-м+)*|хм+|а{3,}|а-а-а+|ээ+м+)$"),
    "en": re.compile(r"^(?:u+h+|u+m+|uhm+|e+r+|erm+|hm+|mm+h*)$"),
    "zh": re.compile(r"^[嗯呃额唔]$"),
}
_ALWAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ru": tuple(
        tuple(words.split())
        for words in (
            "ну",
            "так сказать",
            "короче говоря",
            "собственно говоря",
            "грубо говоря",
            "в принципе",
            "это самое",
            "как его",
            "как это",
            "в общем",
            "в общем то",
            "в общем-то",
            "вообще-то",
            "как бы",
            "типа",
            "короче",
            "так скажем",
            "скажем так",
            "то бишь",
            "в некотором роде",
        )
    ),
    "en": tuple(
        tuple(words.split())
        for words in ("you know", "i mean", "sort of", "kind of", "basically", "literally", "you see", "and stuff")
    ),
    "zh": (tuple("然后呢"), tuple("怎么说呢"), tuple("就是说")),
}
_BY_PAUSE: dict[str, tuple[tuple[str, ...], ...]] = {
    "ru": (("вот",), ("значит",), ("так",), ("просто",)),
    "en": (("like",), ("so",), ("well",)),
    "zh": (tuple("这个"), tuple("那个"), tuple("然后"), tuple("就是")),
}
"""Fillers only where they stand between pauses, doubled, or beside another filler."""
_ALWAYS_FROM, _BY_PAUSE_FROM = (
    {
        language: {first: [words for words in phrases if words[0] == first] for first in {words[0] for words in phrases}}
        for language, phrases in listed.items()
    }
    for listed in (_ALWAYS, _BY_PAUSE)
)
"""The same by their first word."""
_KNOW_BEFORE = frozenset("do did as if let don't didn't would what can could will".split())
_KIND_BEFORE = frozenset("what this that some any a the which another same every".split())
_COMMON_CASES = frozenset("случае виде порядке доступе зале счете и итоге целом".split())


@dataclass(frozen=True, slots=True)
class Filler:
    """A filler.

    Attributes
    ----------
    first, last
        Indices of its tokens, both inclusive.
    is_hesitation
        A sound rather than a word.
    """

    first: int
    last: int
    is_hesitation: bool = False


def fillers(tokens: Sequence[Token], language: str) -> list[Filler]:
    """Fillers of a party, in order, none overlapping.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("ну это как бы другой тариф".split())]
    >>> [(one.first, one.last) for one in fillers(tokens(said, "ru"), "ru")]
    [(0, 0), (2, 3)]
    """
    if language not in _ALWAYS:
        return []
    found = list(_certain(tokens, language))
    taken = {at for one in found for at in range(one.first, one.last + 1)}
    found += [one for one in _by_pause(tokens, language, taken) if one.first not in taken]
    return sorted(_longest(found), key=lambda one: one.first)


def _certain(tokens: Sequence[Token], language: str) -> Iterator[Filler]:
    for at, token in enumerate(tokens):
        if _is_hesitation(token.form, language) and not (language == "zh" and _is_whole_utterance(tokens, at, at)):
            yield Filler(at, at, is_hesitation=True)
        for words in _ALWAYS_FROM[language].get(token.form, ()):
            if _stands(tokens, at, words) and not _means_something(tokens, at, at + len(words) - 1, language):
                yield Filler(at, at + len(words) - 1)


@lru_cache(maxsize=50_000)
def _is_hesitation(form: str, language: str) -> bool:
    return _HESITATIONS[language].match(form) is not None


def _by_pause(tokens: Sequence[Token], language: str, taken: set[int]) -> Iterator[Filler]:
    for at, token in enumerate(tokens):
        for words in _BY_PAUSE_FROM[language].get(token.form, ()):
            last = at + len(words) - 1
            if not _stands(tokens, at, words) or _is_whole_utterance(tokens, at, last):
                continue
            is_doubled = _stands(tokens, last + 1, words) or (at >= len(words) and _stands(tokens, at - len(words), words))
            is_beside = (at - 1) in taken or (last + 1) in taken
            is_between = _is_break(tokens, at) and _is_break(tokens, last + 1)
            if is_doubled or is_beside or is_between:
                yield Filler(at, last)


def _stands(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> bool:
    said = tokens[at : at + len(words)]
    return tuple(one.form for one in said) == words and not any(one.ends_sentence for one in said[:-1])


def _means_something(tokens: Sequence[Token], first: int, last: int, language: str) -> bool:
    """Whether words that are mostly fillers are none here."""
    before = tokens[first - 1] if first and not tokens[first - 1].ends_sentence else None
    after = tokens[last + 1] if last + 1 < len(tokens) and not tokens[last].ends_sentence else None
    said = " ".join(token.form for token in tokens[first : last + 1])
    if language == "en":
        if said in {"you know", "you see", "i mean"}:
            return before is not None and before.form in _KNOW_BEFORE
        return said.endswith(" of") and before is not None and before.form in _KIND_BEFORE
    return language == "ru" and _means_something_in_russian(said, before, after, is_last=_is_break(tokens, last + 1))


def _means_something_in_russian(said: str, before: Token | None, after: Token | None, *, is_last: bool) -> bool:
    match said:
        case "типа":
            return _is(before, {"ADJF", "gent"}) or _is(after, {"NOUN", "gent"})
        case "в общем":
            return after is not None and after.form in _COMMON_CASES
        case "как бы":
            return before is None or _is(after, {"NPRO", "datv"})
        case "это самое":
            return _is(after, {"ADJF", "neut"}) or _is(after, {"NOUN", "neut"})
        case "короче":
            return after is not None and after.form == "чем"
        case "как его" | "как это":
            return not is_last
        case _:
            return False


def _is(token: Token | None, features: set[str]) -> bool:
    return token is not None and any(features <= reading for _, reading in readings_of(token.form)[:2])


def _is_break(tokens: Sequence[Token], at: int) -> bool:
    """Whether a pause, a comma or an end lies before a token."""
    if at == 0 or at >= len(tokens):
        return True
    before = tokens[at - 1]
    return before.ends_sentence or before.text.endswith((",", "…")) or tokens[at].start_ms - before.end_ms > _PAUSE_MS


def _is_whole_utterance(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether nothing else is said: an answer, or a listener's remark."""
    begins = first == 0 or tokens[first].starts_utterance or tokens[first - 1].ends_sentence
    return begins and (last + 1 >= len(tokens) or tokens[last + 1].starts_utterance or tokens[last].ends_sentence)


def _longest(found: Sequence[Filler]) -> list[Filler]:
    kept: list[Filler] = []
    for one in sorted(found, key=lambda filler: (filler.first - filler.last, filler.first)):
        if all(one.last < other.first or one.first > other.last for other in kept):
            kept.append(one)
    return kept
