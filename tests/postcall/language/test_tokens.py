from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.language.tokens import normalised, tokens
from postcall.spans import Span
from postcall.transcript import Word


def test_russian_words(heard) -> None:
    said = heard("Ёлка, могли бы?", "ru")
    assert [token.form for token in said] == ["елка", "могли", "бы"]
    assert "мочь" in said[1].lemmas
    assert [token.text for token in said] == ["Ёлка,", "могли", "бы?"]


def test_chinese_characters_share_their_words_time() -> None:
    said = tokens([Word(Span(0, 300), "您好，VIP"), Word(Span(300, 600), "8号")], "zh")
    assert [token.form for token in said] == ["您", "好", "vip", "8", "号"]
    assert [(token.start_ms, token.end_ms) for token in said[:3]] == [(0, 100), (100, 200), (200, 300)]
    assert [token.word for token in said] == [0, 0, 0, 1, 1]


def test_sentences_by_punctuation(heard) -> None:
    said = heard("Да. Чем могу помочь? Слушаю", "ru")
    assert [token.ends_sentence for token in said] == [True, False, False, True, True]
    assert [token.is_question for token in said] == [False, True, True, True, False]


def test_sentences_by_pauses_where_nothing_is_written(heard) -> None:
    said = heard("да / чем могу помочь / спасибо", "ru")
    assert [token.starts_utterance for token in said] == [True, True, False, False, True]
    assert [token.is_question for token in said] == [False, True, True, True, False]


def test_what_is_said_stands_in_no_repr(heard) -> None:
    assert "секрет" not in repr(heard("секрет", "ru"))


@pytest.mark.parametrize(("text", "form"), [("«Ёлка»,", "елка"), ("—", ""), ("2-3", "2-3"), ("o'clock.", "o'clock")])
def test_normalised(text: str, form: str) -> None:
    assert normalised(text) == form


@given(st.lists(st.text(max_size=6), max_size=6), st.sampled_from(["ru", "en", "zh", "fr"]))
def test_whatever_is_written_tokens_lie_in_their_words(texts: list[str], language: str) -> None:
    words = [Word(Span(at * 1000, at * 1000 + 400), text) for at, text in enumerate(texts)]
    for token in tokens(words, language):
        first, last = words[token.word].span, words[token.last_word].span
        assert first.start_ms <= token.start_ms <= token.end_ms <= last.end_ms
        assert token.form


def test_a_word_cut_at_its_hyphens_is_one() -> None:
    texts = ["Могу", "чем", "-нибудь", "помочь?", "Номер", "926", "-241", "Да", "-", "нет"]
    said = tokens([Word(Span(at * 300, at * 300 + 250), text) for at, text in enumerate(texts)], "ru")
    assert [token.form for token in said] == ["могу", "чем-нибудь", "помочь", "номер", "926", "241", "да", "нет"]
    cut = said[1]
    assert (cut.word, cut.last_word, cut.start_ms, cut.end_ms) == (1, 2, 300, 850)
    assert [(token.word, token.last_word) for token in said[2:4]] == [(3, 3), (4, 4)]
    assert said[2].ends_sentence
