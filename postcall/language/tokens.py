"""Words of one party -> tokens that phrases are matched on. Pure.

Definition
----------
A token is a word with its normalised form and its dictionary forms. In Russian and English a word is a token; in Chinese every
character is one, because recognisers cut Chinese into words as they please, and runs of Latin letters or digits stay whole.

Edge cases
----------
Sentences are known by the punctuation that the recogniser writes. Where it writes none, an utterance (words with no more than
``PAUSE_MS`` between) is a sentence, and whether it is a question is told by its question words. Capitals say nothing, ё is е.

Recognisers cut words at their hyphens: "чем" and "-нибудь" of two words are one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from postcall.language.morphology import lemmas_of
from postcall.language.question_words import sounds_like_question
from postcall.spans import Span
from postcall.transcript import Word

PAUSE_MS = 700
"""A longer silence between two words of a party begins a new utterance."""

_EDGES = re.compile(r"^[^\w]+|[^\w]+$")
_CHINESE = re.compile(r"[一-鿿]|[^\W一-鿿]+")
_TAIL = re.compile(r"^[-‐‑][^\W\d]")
"""What follows a hyphen at which a word was cut; groups of digits stay apart."""
_ENDS = re.compile(r"[.!?…。！？]+[»”\"')\]]*$")
_ASKS = re.compile(r"[?？][»”\"')\]]*$")

_Piece = tuple[str, str, int, int, int, bool]
"""Text, form, start, end, number of its word, and whether it is in doubt who said it."""


# Not frozen: making a frozen one takes longer, and a call has a thousand. Nobody changes one that `tokens` has returned.
@dataclass(slots=True)
class Token:
    """One word, or one Chinese character. Its text never appears in a repr.

    Attributes
    ----------
    text, form
        As said; in lower case, ё as е, without punctuation around it.
    lemmas
        Dictionary forms it may be of; the form itself where none are known.
    start_ms, end_ms
        When it was said; a Chinese character has its share of its word.
    word, last_word
        Which of the words given it belongs to; where a word was cut at its hyphens, its first and its last piece.
    starts_utterance
        Whether it is the first after a pause.
    ends_sentence, is_question
        Whether it is the last of its sentence; whether that sentence asks.
    is_in_doubt
        Whether it is in doubt who said it.
    """

    text: str = field(repr=False)
    form: str = field(repr=False)
    lemmas: frozenset[str] = field(repr=False)
    start_ms: int
    end_ms: int
    word: int
    last_word: int
    starts_utterance: bool = False
    ends_sentence: bool = False
    is_question: bool = False
    is_in_doubt: bool = False


@lru_cache(maxsize=100_000)
def normalised(text: str) -> str:
    """A word in lower case, ё as е, without punctuation around it.

    Examples
    --------
    >>> normalised("«Ёлка»,")
    'елка'
    """
    return _EDGES.sub("", text.lower().replace("ё", "е"))


def tokens(words: Sequence[Word], language: str) -> tuple[Token, ...]:
    """Tokens of one party's words.

    Parameters
    ----------
    words
        In order of start, of one party.
    language
        ISO 639-1.
    """
    given: Sequence[int] = range(len(words) + 1)
    if language != "zh" and any(map(_TAIL.match, (word.text for word in words))):
        words, given = _without_cuts(words)
    pieces = list(_pieces(words, language))
    ends = [_ends(word.text) for word in words]
    is_punctuated = any(ends)
    made: list[Token] = []
    first, before_ms = 0, -PAUSE_MS - 1
    for number, (text, form, start_ms, end_ms, index, is_in_doubt) in enumerate(pieces, start=1):
        following = pieces[number] if number < len(pieces) else None
        if following is None:
            is_end = True
        elif is_punctuated:
            is_end = ends[index] and following[4] != index
        else:
            is_end = following[2] - end_ms > PAUSE_MS
        is_first = start_ms - before_ms > PAUSE_MS
        lemmas = lemmas_of(form, language)
        place, last_place = given[index], given[index + 1] - 1
        made.append(Token(text, form, lemmas, start_ms, end_ms, place, last_place, is_first, is_end, is_in_doubt=is_in_doubt))
        before_ms = end_ms
        if is_end:
            if is_punctuated:
                asks = _ASKS.search(words[index].text) is not None
            else:
                asks = sounds_like_question([token.form for token in made[first:]], language)
            for token in made[first:] if asks else ():
                token.is_question = True
            first = number
    return tuple(made)


def _without_cuts(words: Sequence[Word]) -> tuple[list[Word], list[int]]:
    """Words whose pieces after a hyphen are joined to them, and where each begins among those given; last, their number."""
    joined: list[Word] = []
    given: list[int] = []
    for index, word in enumerate(words):
        if joined and _TAIL.match(word.text) and joined[-1].text[-1:].isalpha():
            head = joined[-1]
            span = Span(head.span.start_ms, max(head.span.end_ms, word.span.end_ms))
            joined[-1] = replace(head, text=head.text + word.text, span=span, is_in_doubt=head.is_in_doubt or word.is_in_doubt)
        else:
            joined.append(word)
            given.append(index)
    return joined, [*given, len(words)]


@lru_cache(maxsize=100_000)
def _ends(text: str) -> bool:
    """Whether a word ends a sentence."""
    return not text[-1:].isalnum() and _ENDS.search(text) is not None


def _pieces(words: Sequence[Word], language: str) -> Iterator[_Piece]:
    """What words are made of."""
    for index, word in enumerate(words):
        text, start_ms, end_ms = word.text, word.span.start_ms, word.span.end_ms
        if language != "zh":
            form = normalised(text)
            if form:
                yield text, form, start_ms, end_ms, index, word.is_in_doubt
            continue
        parts = _CHINESE.findall(text.lower())
        share_ms = (end_ms - start_ms) / len(parts) if parts else 0.0
        for number, part in enumerate(parts):
            begins_ms, ends_ms = start_ms + round(number * share_ms), start_ms + round((number + 1) * share_ms)
            yield part, part, begins_ms, ends_ms, index, word.is_in_doubt
