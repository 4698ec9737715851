"""What the training speech says: templates written for it, and random words so that no text can be guessed.

Conventions
-----------
``text/<language>/*.txt`` holds one template a line: ``[a|b]`` is one of the alternatives (they nest, may be empty), ``{name}``
a line of ``lists/name.txt``. Texts are lower case, without digits and punctuation, as they are said; Chinese has no blanks.
None of them is taken from the dialogues in ``benchmarks/corpus/scripts``: those are for measuring.

References
----------
Random words: the frequency lists of ``wordfreq`` (R. Speer, 2022), drawn with weights flattened to the root of the frequency.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from pathlib import Path
from random import Random

import wordfreq

LANGUAGES = ("ru", "en", "zh")
FOLDER = Path(__file__).parent / "text"

WORDS = {"ru": (40_000, r"[а-яё]+"), "en": (25_000, r"[a-z]+('[a-z]+)?"), "zh": (12_000, r"[\u4e00-\u9fff]+")}
"""How many of the most frequent words, and what they are made of."""
_RANDOM_SHARE = {"ru": 0.4, "en": 0.4, "zh": 0.25}
_FREQUENCY_POWER = 0.5
_TOKEN = re.compile(r"[\[\]|]|\{\w+\}|[^\[\]|{}]+")


def utterance(language: str, rng: Random) -> str:
    """A random utterance."""
    if rng.random() < _RANDOM_SHARE[language]:
        return _random_words(language, rng)
    return filled(rng.choice(templates(language)), language, rng)


@lru_cache(maxsize=len(LANGUAGES))
def templates(language: str) -> tuple[str, ...]:
    """All templates of a language.

    Raises
    ------
    ValueError
        The folder holds none.
    """
    found = tuple(line for path in sorted((FOLDER / language).glob("*.txt")) for line in _lines(path))
    if not found:
        raise ValueError(f"no templates of language '{language}'")
    return found


@lru_cache(maxsize=1024)
def _values(language: str, name: str) -> tuple[str, ...]:
    return _lines(FOLDER / language / "lists" / f"{name}.txt")


def _lines(path: Path) -> tuple[str, ...]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def filled(template: str, language: str, rng: Random) -> str:
    """A template with alternatives chosen and lists drawn from.

    Raises
    ------
    ValueError
        Its brackets do not match.
    """
    tokens = _TOKEN.findall(template)
    text, rest = _alternatives(tokens, language, rng)
    if rest:
        raise ValueError(f"unbalanced brackets: {template}")
    return "".join(text.split()) if language == "zh" else " ".join(text.split())


def _alternatives(tokens: list[str], language: str, rng: Random) -> tuple[str, list[str]]:
    """Read up to the closing bracket or the end; give one alternative and the unread tokens."""
    options, current = [], ""
    while tokens:
        token, *tokens = tokens
        if token == "|":
            options.append(current)
            current = ""
        elif token == "]":
            break
        elif token == "[":
            inner, tokens = _alternatives(tokens, language, rng)
            current += inner
        elif token.startswith("{"):
            current += rng.choice(_values(language, token[1:-1]))
        else:
            current += token
    return rng.choice([*options, current]), tokens


@lru_cache(maxsize=len(LANGUAGES))
def _vocabulary(language: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Frequent words and their cumulated weights."""
    count, made_of = WORDS[language]
    words = [word for word in wordfreq.top_n_list(language, 2 * count, wordlist="large") if re.fullmatch(made_of, word)][:count]
    weights = [wordfreq.word_frequency(word, language, wordlist="large") ** _FREQUENCY_POWER for word in words]
    return tuple(words), tuple(itertools.accumulate(weights))


def _random_words(language: str, rng: Random) -> str:
    words, weights = _vocabulary(language)
    drawn = rng.choices(words, cum_weights=weights, k=rng.randint(1, 7))
    return "".join(drawn) if language == "zh" else " ".join(drawn)
