from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postcall.language.sounds_alike import SHORTEST, characters_alike, likeness, sound_of


@pytest.mark.parametrize(
    ("heard", "sought", "language"),
    [
        ("перезваню", "перезвоню", "ru"),
        ("здраствуйте", "здравствуйте", "ru"),
        ("магу", "могу", "ru"),
        ("спосиба", "спасибо", "ru"),
        ("пожалуста", "пожалуйста", "ru"),
        ("разгавор", "разговор", "ru"),
        ("дагавор", "договор", "ru"),
        ("definitly", "definitely", "en"),
        ("welcom", "welcome", "en"),
    ],
)
def test_misspelt_words_are_alike(heard: str, sought: str, language: str) -> None:
    assert likeness(heard, sought, language) >= 0.74


@pytest.mark.parametrize(
    ("heard", "sought", "language"),
    [
        ("перенести", "перевести", "ru"),
        ("прошу", "простите", "ru"),
        ("гость", "кость", "ru"),
        ("плохо", "тихо", "ru"),
        ("оставить", "вставить", "ru"),
        ("отключили", "подключили", "ru"),
        ("не", "ни", "ru"),
        ("park", "bark", "en"),
        ("wait", "want", "en"),
        ("hold", "told", "en"),
    ],
)
def test_other_words_are_not(heard: str, sought: str, language: str) -> None:
    assert likeness(heard, sought, language) == 0.0


def test_sounds() -> None:
    assert sound_of("нравится", "ru") == sound_of("нравиться", "ru")
    assert sound_of("звонок", "ru") == sound_of("званок", "ru")
    assert sound_of("гость", "ru") != sound_of("кость", "ru")


def test_chinese_syllables() -> None:
    assert characters_alike("久", "久") == 1.0
    assert characters_alike("就", "久") > characters_alike("山", "三") > 0.0 == characters_alike("好", "再")


_LETTERS = st.text("абвгдеиорстнлкпу", min_size=SHORTEST, max_size=12)


@given(_LETTERS, st.data())
def test_more_errors_are_never_likelier(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    once = word[:at] + "ж" + word[at + 1 :]
    place = data.draw(st.integers(0, len(word) - 1))
    twice = once[:place] + "ж" + once[place + 1 :]
    assume(place != at and "жж" not in twice)
    assert 1.0 == likeness(word, word, "ru") >= likeness(once, word, "ru")
    assert likeness(twice, word, "ru") <= likeness(once, word, "ru") or likeness(once, word, "ru") == 0.0


@given(_LETTERS, _LETTERS)
def test_a_likeness_is_a_share(heard: str, sought: str) -> None:
    assert 0.0 <= likeness(heard, sought, "ru") <= 1.0
