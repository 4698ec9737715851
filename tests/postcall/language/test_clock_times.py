from __future__ import annotations

import pytest

from postcall.language.clock_times import clock_at


@pytest.mark.parametrize(
    ("text", "language", "time"),
    [
        ("в семь вечера", "ru", "19:00"),
        ("в два часа дня", "ru", "14:00"),
        ("в двенадцать часов ночи", "ru", "0:00"),
        ("в двенадцать дня", "ru", "12:00"),
        ("в час дня", "ru", "13:00"),
        ("в пять часов", "ru", "5:00"),
        ("в семь тридцать вечера", "ru", "19:30"),
        ("в 18:30", "ru", "18:30"),
        ("после шести", "ru", "6:00"),
        ("полседьмого", "ru", "6:30"),
        ("в половине седьмого", "ru", "6:30"),
        ("без пятнадцати семь", "ru", "6:45"),
        ("без четверти восемь", "ru", "7:45"),
        ("пять минут седьмого", "ru", "6:05"),
        ("в полдень", "ru", "12:00"),
        ("half past six", "en", "6:30"),
        ("quarter to seven", "en", "6:45"),
        ("ten past six", "en", "6:10"),
        ("6:30 pm", "en", "18:30"),
        ("at 3pm", "en", "15:00"),
        ("at five o'clock", "en", "5:00"),
        ("three in the afternoon", "en", "15:00"),
        ("by six please", "en", "6:00"),
        ("noon", "en", "12:00"),
        ("下午三点", "zh", "15:00"),
        ("晚上八点半", "zh", "20:30"),
        ("上午十点十五分", "zh", "10:15"),
        ("三点一刻", "zh", "3:15"),
        ("差五分八点", "zh", "7:55"),
        ("中午12点", "zh", "12:00"),
    ],
)
def test_times(heard, text: str, language: str, time: str) -> None:
    said = heard(text, language)
    found = next(one for one in (clock_at(said, at, language) for at in range(len(said))) if one is not None)
    assert "{:d}:{:02d}".format(*divmod(int(found.value), 60)) == time


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("подождите два часа", "ru"),
        ("до пяти рублей", "ru"),
        ("после двух звонков", "ru"),
        ("двадцать пять", "ru"),
        ("for two hours", "en"),
        ("after six attempts", "en"),
        ("five to ten people", "en"),
        ("有一点问题", "zh"),
        ("百分之三点五", "zh"),
        ("三点五", "zh"),
    ],
)
def test_no_times(heard, text: str, language: str) -> None:
    said = heard(text, language)
    assert [one for at in range(len(said)) if (one := clock_at(said, at, language))] == []
