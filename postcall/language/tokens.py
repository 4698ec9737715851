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

import itertools
import re
from collections.abc import Sequence
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


# Not frozen: making a frozen one takes several times as long, and a call has a thousand. Nobody changes one.
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
    pieces = [piece for index, word in enumerate(words) for piece in _pieces(index, word, language)]
    ends = [_ends(word.text) for word in words]
    is_punctuated = any(ends)
    made: list[Token] = []
    sentence: list[_Piece] = []
    for piece, following in itertools.zip_longest(pieces, pieces[1:]):
        sentence.append(piece)
        if following is None:
            is_end = True
        elif is_punctuated:
            is_end = ends[piece[4]] and following[4] != piece[4]
        else:
            is_end = following[2] - piece[3] > PAUSE_MS
        if is_end:
            made += _sentence(sentence, words, language, is_punctuated=is_punctuated, before=made[-1] if made else None)
            sentence = []
    for token in made:
        token.word, token.last_word = given[token.word], given[token.word + 1] - 1
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


def _ends(text: str) -> bool:
    """Whether a word ends a sentence."""
    return not text[-1:].isalnum() and _ENDS.search(text) is not None


def _pieces(index: int, word: Word, language: str) -> list[_Piece]:
    """Text, form, start, end and number of what a word is made of."""
    if language != "zh":
        form = normalised(word.text)
        return [(word.text, form, word.span.start_ms, word.span.end_ms, index, word.is_in_doubt)] if form else []
    parts = _CHINESE.findall(word.text.lower())
    if len(parts) == 1:
        return [(parts[0], parts[0], word.span.start_ms, word.span.end_ms, index, word.is_in_doubt)]
    share_ms = word.span.duration_ms / len(parts) if parts else 0.0
    start_ms = word.span.start_ms
    return [
        (part, part, start_ms + round(number * share_ms), start_ms + round((number + 1) * share_ms), index, word.is_in_doubt)
        for number, part in enumerate(parts)
    ]


def _sentence(
    pieces: Sequence[_Piece],
    words: Sequence[Word],
    language: str,
    *,
    is_punctuated: bool,
    before: Token | None,
) -> list[Token]:
    forms = [piece[1] for piece in pieces]
    is_question = bool(_ASKS.search(words[pieces[-1][4]].text)) if is_punctuated else sounds_like_question(forms, language)
    end_ms = before.end_ms if before is not None else None
    last = len(pieces) - 1
    made = []
    for number, (text, form, start, end, word, is_in_doubt) in enumerate(pieces):
        is_first = end_ms is None or start - end_ms > PAUSE_MS
        lemmas = lemmas_of(form, language)
        made.append(Token(text, form, lemmas, start, end, word, word, is_first, number == last, is_question, is_in_doubt))
        end_ms = end
    return made
