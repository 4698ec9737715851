"""The quick matcher finds what the plain one finds, which tries every phrase at every token."""

from __future__ import annotations

import random
from functools import cache

import pytest

from benchmarks.phrases import everyday, lines_of
from postcall.language.phrases import Phrase, PhraseBook
from postcall.language.tokens import Token, tokens
from postcall.spans import Span
from postcall.transcript import Word
from standards import load_manual, manual_ids
from tests.postcall.language.plain_matcher import PlainBook

LETTERS = {"ru": "оаеиптсдвн", "zh": "是在一二的得他她"}
HESITATIONS = {"ru": ["ну", "э", "вот", "ммм"], "zh": ["嗯", "啊"]}
LANGUAGES = {name: load_manual(name).heading.language for name in manual_ids()}


@cache
def books(language: str) -> tuple[PhraseBook, PlainBook]:
    patterns = {
        pattern: (Phrase(pattern, language),)
        for name in manual_ids()
        if LANGUAGES[name] == language
        for pattern in load_manual(name).patterns
    }
    return PhraseBook(patterns, language), PlainBook(patterns, language)


@cache
def lines(language: str) -> list[str]:
    said = [line for name in manual_ids() if LANGUAGES[name] == language for line in lines_of(name)]
    return [*said, *everyday(language)]


def garbled(text: str, language: str, draw: random.Random) -> str:
    """A line as a bad recogniser writes it: letters wrong, words lost, cut in two, joined, hesitations put in."""
    words = list(text) if language == "zh" else text.split()
    made: list[str] = []
    for word in words:
        chance = draw.random()
        if chance < 0.06 and len(word) > 1:
            at = draw.randrange(1, len(word))
            made += [word[:at], word[at:]]
        elif chance < 0.12 and made:
            made[-1] += word
        elif chance < 0.18:
            at = draw.randrange(len(word))
            made.append(word[:at] + draw.choice(LETTERS[language]) + word[at + 1 :])
        elif chance < 0.22:
            made += [*draw.choices(HESITATIONS[language], k=draw.randint(1, 3)), word]
        elif chance >= 0.26:
            made.append(word)
    return ("" if language == "zh" else " ").join(made)


def spoken(text: str, language: str, draw: random.Random) -> tuple[Token, ...]:
    """Tokens with pauses between some words, short or long."""
    words, at_ms = [], 0
    for piece in list(text) if language == "zh" else text.split():
        at_ms += draw.choice([0, 0, 0, 0, 0, 900, 7_000]) if draw.random() < 0.2 else 0
        words.append(Word(Span(at_ms, at_ms + 300), piece))
        at_ms += 320
    return tokens(words, language)


def same(said: tuple[Token, ...], language: str) -> None:
    quick, plain = books(language)
    found, expected = quick.find(said), plain.find(said)
    assert {name: matches for name, matches in found.items() if matches} == {
        name: matches for name, matches in expected.items() if matches
    }
    assert list(found) == list(expected)


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_whole_calls_of_golden_lines(language: str) -> None:
    draw = random.Random(f"calls {language}")
    for _ in range(6):
        same(spoken(" ".join(draw.sample(lines(language), 12)), language, draw), language)


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_garbled_calls(language: str) -> None:
    draw = random.Random(f"garbled {language}")
    for _ in range(12):
        text = " ".join(garbled(line, language, draw) for line in draw.sample(lines(language), 8))
        same(spoken(text, language, draw), language)


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_nothing_said(language: str) -> None:
    same((), language)
