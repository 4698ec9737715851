from __future__ import annotations

import pytest

from postcall.language.durations import duration_at

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("text", "language", "least_s", "most_s"),
    [
        ("пару минут", "ru", 120, 120),
        ("две-три минуты", "ru", 120, 180),
        ("2-3 минуты", "ru", 120, 180),
        ("двух до трёх минут", "ru", 120, 180),
        ("минуты две", "ru", 120, 120),
        ("минуты две-три", "ru", 120, 180),
        ("минут пять", "ru", 300, 300),
        ("минуту", "ru", 60, 60),
        ("минутку", "ru", 60, 60),
        ("минуту-другую", "ru", 60, 120),
        ("минуту или две", "ru", 60, 120),
        ("полчаса", "ru", 1800, 1800),
        ("пол часа", "ru", 1800, 1800),
        ("полминуты", "ru", 30, 30),
        ("полторы минуты", "ru", 90, 90),
        ("час-полтора", "ru", HOUR, 1.5 * HOUR),
        ("два с половиной часа", "ru", 2.5 * HOUR, 2.5 * HOUR),
        ("три минуты сорок секунд", "ru", 220, 220),
        ("три рабочих дня", "ru", 3 * DAY, 3 * DAY),
        ("двадцать четыре часа", "ru", DAY, DAY),
        ("несколько минут", "ru", 180, 180),
        ("5мин", "ru", 300, 300),
        ("сутки", "ru", DAY, DAY),
        ("a couple of minutes", "en", 120, 120),
        ("two or three minutes", "en", 120, 180),
        ("half an hour", "en", 1800, 1800),
        ("an hour and a half", "en", 1.5 * HOUR, 1.5 * HOUR),
        ("a minute or two", "en", 60, 120),
        ("another minute", "en", 60, 60),
        ("one to two business days", "en", DAY, 2 * DAY),
        ("thirty seconds", "en", 30, 30),
        ("半小时", "zh", 1800, 1800),
        ("两三分钟", "zh", 120, 180),
        ("一分钟", "zh", 60, 60),
        ("一个半小时", "zh", 1.5 * HOUR, 1.5 * HOUR),
        ("两分半钟", "zh", 150, 150),
        ("几分钟", "zh", 180, 300),
        ("十几分钟", "zh", 660, 1140),
        ("三个工作日", "zh", 3 * DAY, 3 * DAY),
        ("2到3分钟", "zh", 120, 180),
        ("一刻钟", "zh", 900, 900),
        ("五分二十秒", "zh", 320, 320),
    ],
)
def test_durations(heard, text: str, language: str, least_s: float, most_s: float) -> None:
    said = heard(text, language)
    found = duration_at(said, 0, language)
    assert found is not None
    assert (found.least, found.value, found.end) == (1000 * least_s, 1000 * most_s, len(said))


@pytest.mark.parametrize(
    ("text", "language", "bound"),
    [
        ("не больше двух минут", "ru", "most"),
        ("это займёт не более минуты", "ru", "most"),
        ("в течение часа", "ru", "most"),
        ("две минуты максимум", "ru", "most"),
        ("не меньше двух минут", "ru", "least"),
        ("примерно две минуты", "ru", "about"),
        ("минуты две", "ru", "about"),
        ("две минуты", "ru", "exact"),
        ("no more than two minutes", "en", "most"),
        ("about two minutes", "en", "about"),
        ("at least two minutes", "en", "least"),
        ("一分钟以内", "zh", "most"),
        ("不超过两分钟", "zh", "most"),
        ("大概两分钟", "zh", "about"),
        ("至少两天", "zh", "least"),
    ],
)
def test_how_it_is_meant(heard, text: str, language: str, bound: str) -> None:
    said = heard(text, language)
    found = next(one for one in (duration_at(said, at, language) for at in range(len(said))) if one is not None)
    assert found.bound == bound


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("добрый день", "ru"),
        ("хорошего дня", "ru"),
        ("в эту минуту", "ru"),
        ("три рубля в минуту", "ru"),
        ("несколько минут назад было не то", "de"),
        ("have a nice day", "en"),
        ("twice a day", "en"),
        ("ten dollars per minute", "en"),
        ("十分感谢", "zh"),
        ("请打五分", "zh"),
        ("第一天", "zh"),
        ("前几天", "zh"),
        ("等一下", "zh"),
    ],
)
def test_no_durations(heard, text: str, language: str) -> None:
    said = heard(text, language)
    assert [one for at in range(len(said)) if (one := duration_at(said, at, language))] == []
