import re
from random import Random

import pytest

from training.recogniser import text

LETTERS = {"ru": r"[а-яё -]+", "en": r"[a-z' -]+", "zh": r"[\u4e00-\u9fff]+"}


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_texts_are_as_they_are_said(language: str) -> None:
    rng = Random(0)
    assert len(text.templates(language)) > 500
    for template in text.templates(language):
        said = text.filled(template, language, rng)
        assert re.fullmatch(LETTERS[language], said), template
        assert "  " not in said


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_the_same_seed_says_the_same(language: str) -> None:
    assert [text.utterance(language, Random(s)) for s in range(9)] == [text.utterance(language, Random(s)) for s in range(9)]


def test_alternatives_nest_and_may_be_empty() -> None:
    found = {text.filled("a [b|c [d|]] e", "en", Random(seed)) for seed in range(60)}
    assert found == {"a b e", "a c d e", "a c e"}


def test_an_open_bracket_too_few_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        text.filled("a b] c", "en", Random(0))
