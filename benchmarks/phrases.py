"""Phrases: how fast they are found, how often where nobody said them, and how often in spite of a recogniser's errors.

    python -m benchmarks.phrases [--errors N]

Definitions
-----------
speed
    100 patterns, those of the manuals of a language in order, against 2,000 tokens of everyday sentences that none of them
    fits, in one pass of `PhraseBook`; the fastest of ``ROUNDS`` passes, after the first, which compares every new word once.
false alarms
    Sentences of ``everyday/``, which are about cats, weather and mushrooms, in which a pattern is found only because of what is
    allowed to a recogniser (score under 1), per 1,000 sentences and book. Also those of them that count as *said*.
found in spite of errors
    Lines of the golden dialogues in which a pattern fits exactly, with one word of the match misspelt in one of the ways
    below: the share of patterns that are still found there, and with what score.

Errors
------
vowel       an unstressed о for а, е for и, or the other way
consonant   a voiced consonant at a word's end for its voiceless twin, or the other way
lost        a letter that is left out
split       a word in two
joined      two words in one
syllable    in Chinese, another character of the same syllable
homophone   of the same syllable and tone
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from postcall.language.parting import FAREWELLS
from postcall.language.phrase_ways import SAID
from postcall.language.phrases import Phrase, PhraseBook
from postcall.language.tokens import Token, tokens
from postcall.language.waiting import HOLD_REQUESTS, THANKS_FOR_WAITING, WAIT_ANNOUNCEMENTS
from postcall.spans import Span
from postcall.transcript import Word
from standards import dialogues_of, load_manual

EVERYDAY = Path(__file__).parent / "everyday"
BOOKS = {"mts": "ru", "rostelecom": "ru", "golden": "ru", "tomtel": "ru", "cabletv": "zh", "lexicon": "en"}
PATTERNS, TOKENS, ROUNDS = 100, 2_000, 25
_VOWELS = str.maketrans("оаеи", "аоие")
_CONSONANTS = str.maketrans("бвгджзпфктшс", "пфктшсбвгджз")


def said(text: str, language: str) -> tuple[Token, ...]:
    """A sentence as a recogniser writes it, three words a second."""
    words = text.split()
    return tokens([Word(Span(at * 330, at * 330 + 300), word) for at, word in enumerate(words)], language)


def everyday(language: str) -> list[str]:
    """Sentences that no manual speaks of."""
    return (EVERYDAY / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def patterns_of(book: str) -> list[str]:
    """Patterns of a manual; for English, phrases of the lexicon."""
    if book == "lexicon":
        lists = (WAIT_ANNOUNCEMENTS, HOLD_REQUESTS, THANKS_FOR_WAITING, FAREWELLS)
        return list(dict.fromkeys(phrase for one in lists for phrase in one["en"]))
    return list(load_manual(book).patterns)


def book_of(patterns: Sequence[str], language: str) -> PhraseBook:
    """Each pattern under itself."""
    return PhraseBook({pattern: (Phrase(pattern, language),) for pattern in patterns}, language)


def false_alarms(book: PhraseBook, language: str) -> tuple[int, int, int]:
    """Everyday sentences, those with a match by likeness alone, and those of them that would count as said."""
    alarms = as_said = 0
    sentences = everyday(language)
    for sentence in sentences:
        scores = [match.score for found in book.find(said(sentence, language)).values() for match in found]
        alarms += any(score < 1.0 for score in scores)
        as_said += any(SAID <= score < 1.0 for score in scores)
    return len(sentences), alarms, as_said


def pass_ms(patterns: Sequence[str], language: str) -> tuple[int, float]:
    """How many patterns that fit nowhere were sought, and how long one pass takes."""
    heard = said(" ".join(everyday(language) * 4), language)[:TOKENS]
    silent = [pattern for pattern in patterns if not Phrase(pattern, language).find(heard)][:PATTERNS]
    book = book_of(silent, language)
    book.find(heard)
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        book.find(heard)
        took.append(1000 * (time.process_time() - began))
    return len(silent), min(took)


def misspelt(words: list[str], first: int, last: int, error: str, draw: random.Random) -> list[str] | None:
    """The words with one error among ``first`` to ``last``; None where it cannot be made there."""
    place = draw.choice([at for at in range(first, last + 1) if len(words[at].strip(".,!?—«»")) >= 5] or [-1])
    if place < 0:
        return None
    word = words[place].lower()
    if error == "split":
        middle = len(word) // 2
        return [*words[:place], word[:middle], word[middle:], *words[place + 1 :]]
    if error == "joined":
        if place + 1 > last or words[place][-1] in ".,!?":
            return None
        return [*words[:place], word + words[place + 1].lower(), *words[place + 2 :]]
    made = _ERRORS[error](word, draw)
    return [*words[:place], made, *words[place + 1 :]] if made is not None and made != word else None


def _vowel(word: str, draw: random.Random) -> str | None:
    places = [at for at, letter in enumerate(word[:-1]) if letter in "оаеи" and at > 0]
    at = draw.choice(places) if places else -1
    return word[:at] + word[at].translate(_VOWELS) + word[at + 1 :] if places else None


def _consonant(word: str, draw: random.Random) -> str | None:
    places = [
        at for at in range(1, len(word)) if word[at] in "бвгджзпфктшс" and (at + 1 == len(word) or word[at + 1] in "пфктшс")
    ]
    at = draw.choice(places) if places else -1
    return word[:at] + word[at].translate(_CONSONANTS) + word[at + 1 :] if places else None


def _lost(word: str, draw: random.Random) -> str | None:
    at = draw.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1 :]


_ERRORS: dict[str, Callable[[str, random.Random], str | None]] = {"vowel": _vowel, "consonant": _consonant, "lost": _lost}


def another_character(text: str, first: int, last: int, error: str, draw: random.Random) -> str | None:
    """A Chinese text with one character of ``first`` to ``last`` written as another that sounds alike."""
    from pypinyin import Style, lazy_pinyin

    style = Style.TONE3 if error == "homophone" else Style.NORMAL
    at = draw.randint(first, last)
    sought = lazy_pinyin(text[at], style=style)
    others = sorted({one for sentence in everyday("zh") for one in sentence if lazy_pinyin(one, style=style) == sought})
    others = [one for one in others if one != text[at]]
    return text[:at] + draw.choice(others) + text[at + 1 :] if others else None


def lines_of(book: str) -> list[str]:
    """What is said in the golden dialogues of a manual."""
    texts = (
        line.split(":", 1)[1].strip()
        for one in dialogues_of(load_manual(book))
        for line in one.said.splitlines()
        if ":" in line
    )
    return sorted(set(texts))


def recalled(book: str, language: str, error: str, most: int) -> Iterator[float]:
    """Scores of patterns that fit a line exactly, after one error in it; 0 where it is not found any more."""
    draw, made = random.Random(f"{book} {error}"), 0
    phrases = [Phrase(pattern, language) for pattern in patterns_of(book)]
    for line in lines_of(book):
        heard = said(line, language)
        for phrase in phrases:
            exact = [match for match in phrase.find(heard) if match.score == 1.0]
            if not exact or made >= most:
                continue
            first, last = heard[exact[0].first].word, heard[exact[0].last].word
            if language == "zh":
                characters = "".join(token.form for token in heard)
                wrong = another_character(characters, exact[0].first, exact[0].last, error, draw)
            else:
                words = misspelt(line.split(), first, last, error, draw)
                wrong = " ".join(words) if words is not None else None
            if wrong is not None:
                made += 1
                yield max((match.score for match in phrase.find(said(wrong, language))), default=0.0)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.phrases", description=__doc__)
    parser.add_argument("--errors", type=int, default=300, help="errors made of each kind and manual")
    options = parser.parse_args()
    console = Console()
    shown = Table("book", "patterns", "false alarms per 1,000", "of them said", "ms a pass", box=box.SIMPLE_HEAD)
    for book, language in BOOKS.items():
        patterns = patterns_of(book)
        sentences, alarms, as_said = false_alarms(book_of(patterns, language), language)
        sought, took_ms = pass_ms(patterns, language)
        rates = (f"{1000 * count / sentences:.0f}" for count in (alarms, as_said))
        shown.add_row(book, str(len(patterns)), *rates, f"{took_ms:.1f} ({sought} patterns)")
    console.print(shown)
    shown = Table("book", "error", "made", "still found", "said", "mean score", box=box.SIMPLE_HEAD)
    for book, language in BOOKS.items():
        if book == "lexicon" or not lines_of(book):
            continue
        for error in ("homophone", "syllable") if language == "zh" else (*_ERRORS, "split", "joined"):
            scores = list(recalled(book, language, error, options.errors))
            found = [score for score in scores if score]
            if scores:
                shares = (f"{sum(s >= least for s in scores) / len(scores):.1%}" for least in (0.01, SAID))
                shown.add_row(book, error, str(len(scores)), *shares, f"{statistics.fmean(found or [0.0]):.3f}")
    console.print(shown)


if __name__ == "__main__":
    main()
