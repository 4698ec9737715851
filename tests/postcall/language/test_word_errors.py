from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.language.word_errors import WordErrors, units, word_errors

texts = st.lists(st.sampled_from("да нет карта счёт ещё не-а".split()), max_size=12)


def test_punctuation_case_and_yo_are_no_errors() -> None:
    assert word_errors(["Ещё", "раз,", "Анна!"], ["еще раз анна"], "ru") == WordErrors(0, 3)


@pytest.mark.parametrize(
    ("heard", "errors"),
    [("добрый день", 0), ("день", 1), ("добрый вечер", 1), ("ну добрый день", 1), ("", 2), ("день добрый", 2)],
)
def test_what_is_put_in_taken_out_and_exchanged_counts(heard: str, errors: int) -> None:
    assert word_errors(["добрый день"], [heard], "ru").errors == errors


def test_chinese_counts_characters() -> None:
    assert word_errors(["您好，请问"], ["您", "号", "请问"], "zh") == WordErrors(1, 4)


def test_latin_words_inside_chinese_stay_words() -> None:
    assert units(["我的wifi坏了。"], "zh") == ["我", "的", "wifi", "坏", "了"]


def test_nothing_said_has_no_rate() -> None:
    assert word_errors([], ["алло"], "ru").rate is None


def test_rates_are_of_sums() -> None:
    assert (WordErrors(1, 2) + WordErrors(0, 8)).rate == 0.1


@given(texts, texts)
def test_distance_is_symmetric_and_bounded(one: list[str], other: list[str]) -> None:
    there, back = word_errors(one, other, "ru"), word_errors(other, one, "ru")
    assert there.errors == back.errors
    assert abs(there.said - back.said) <= there.errors <= max(there.said, back.said)
