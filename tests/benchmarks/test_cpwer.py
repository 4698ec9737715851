"""cpWER: speakers paired as fits best, words of nobody in full."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cpwer import cpwer
from postcall.language.word_errors import WordErrors, word_errors

AGENT, CUSTOMER = ["добрый", "день", "слушаю"], ["у", "меня", "не", "работает"]


def test_names_of_speakers_do_not_matter() -> None:
    assert cpwer({"agent": AGENT, "customer": CUSTOMER}, {"b": AGENT, "a": CUSTOMER}, "ru") == WordErrors(0, 7)


def test_a_word_with_the_wrong_speaker_counts_twice() -> None:
    assert cpwer({"agent": AGENT, "customer": CUSTOMER}, {"a": AGENT[:2], "b": [AGENT[2], *CUSTOMER]}, "ru") == WordErrors(2, 7)


def test_one_speaker_for_two_misses_one_and_holds_the_other_too_many() -> None:
    assert cpwer({"agent": AGENT, "customer": CUSTOMER}, {"a": [*AGENT, *CUSTOMER]}, "ru") == WordErrors(6, 7)
    assert cpwer({"agent": AGENT}, {"a": AGENT, "b": CUSTOMER}, "ru") == WordErrors(4, 3)


def test_chinese_is_counted_in_characters_and_nothing_in_nothing() -> None:
    assert cpwer({"agent": ["您好", "请问"]}, {"a": ["您", "好请", "文"]}, "zh") == WordErrors(1, 4)
    assert cpwer({}, {}, "ru") == WordErrors(0, 0)


WORDS = st.lists(st.sampled_from(["да", "нет", "алло", "хорошо"]), max_size=5)


@given(st.lists(WORDS, max_size=3), st.lists(WORDS, max_size=3))
def test_no_other_pairing_has_fewer_errors(said: list[list[str]], found: list[list[str]]) -> None:
    size = max(len(said), len(found))
    rows, columns = ([*words, *[[]] * (size - len(words))] for words in (said, found))
    fewest = min(
        sum(word_errors(row, columns[place], "ru").errors for row, place in zip(rows, order, strict=True))
        for order in itertools.permutations(range(size))
    )
    assert cpwer(dict(zip("abc", said, strict=False)), dict(zip("xyz", found, strict=False)), "ru").errors == fewest
