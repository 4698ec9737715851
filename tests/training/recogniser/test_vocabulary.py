import pytest

from training.recogniser import vocabulary
from training.recogniser.text import LANGUAGES
from training.recogniser.vocabulary import BLANK, SOUNDS, sounds_of

TEXTS = [("ru", "добрый день чем могу помочь"), ("en", "how can i help you"), ("zh", "您好请问有什么可以帮您")] * 20


def test_each_language_has_sounds_of_its_own() -> None:
    said = {
        "ru": sounds_of(["ещё", "раз"], "ru"),
        "en": sounds_of(["once", "more"], "en"),
        "zh": sounds_of(list("您好"), "zh"),
    }
    sets = {language: {sound for word in words for sound in word} - {BLANK} for language, words in said.items()}
    assert not sets["ru"] & sets["en"] and not sets["en"] & sets["zh"] and not sets["ru"] & sets["zh"]
    assert all(0 < sound < SOUNDS for sounds in sets.values() for sound in sounds)


def test_a_blank_stands_between_words_that_are_written_apart() -> None:
    assert [word[-1] == BLANK for word in sounds_of(["да", "нет", "да"], "ru")] == [True, True, False]
    assert [word[-1] == BLANK for word in sounds_of(["yes", "no"], "en")] == [True, False]
    assert all(BLANK not in syllable for syllable in sounds_of(list("好的"), "zh"))


def test_english_sounds_are_what_is_heard_not_what_is_written() -> None:
    assert sounds_of(["knight"], "en") == sounds_of(["night"], "en")
    assert sounds_of(["read"], "en") != sounds_of(["road"], "en")
    assert len(sounds_of(["through"], "en")[0]) == 3


def test_tones_are_sounds() -> None:
    assert sounds_of(["买"], "zh") != sounds_of(["卖"], "zh")


def test_every_token_has_its_share_of_the_time() -> None:
    words = vocabulary.learn(TEXTS)
    rows = words.tokens([("добрый", 1000, 1600), ("день", 1600, 2000)], "ru")
    assert words.tokenizer.decode([token for token, _, _ in rows]) == " добрый день"
    assert (rows[0][1], rows[-1][2]) == (1000, 2000)
    assert all(start <= end for _, start, end in rows)


def test_time_stamps_come_last_and_the_empty_string_is_there() -> None:
    words = vocabulary.learn(TEXTS)
    numbers = words.tokenizer.get_vocab()
    assert "" in numbers
    assert words.stamp(0) == words.special("notimestamps") + 1
    assert words.stamp(30_000) == words.size - 1
    assert words.stamp(999_000) == words.size - 1
    assert all(words.special(language) < words.stamp(0) for language in LANGUAGES)


def test_chinese_that_cannot_be_spelled_character_by_character_is_refused() -> None:
    with pytest.raises(ValueError, match="syllables for"):
        sounds_of(["你好"], "zh")
