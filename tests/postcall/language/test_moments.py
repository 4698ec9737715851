from __future__ import annotations

from datetime import datetime
from random import Random

import pytest

from postcall.language import moments
from postcall.language.moments import Moment, day_at, moment_at

MONDAY = datetime(2026, 3, 2, 10, 30)


@pytest.mark.parametrize(
    ("text", "language", "begins", "ends"),
    [
        ("завтра до обеда", "ru", "03-03 00:00", "03-03 13:00"),
        ("до обеда завтра", "ru", "03-03 00:00", "03-03 13:00"),
        ("послезавтра утром", "ru", "03-04 06:00", "03-04 12:00"),
        ("сегодня вечером", "ru", "03-02 17:00", "03-03 00:00"),
        ("после шести", "ru", "03-02 18:00", "03-03 00:00"),
        ("завтра в семь вечера", "ru", "03-03 19:00", "03-03 19:00"),
        ("в понедельник после шести", "ru", "03-09 18:00", "03-10 00:00"),
        ("во вторник в десять утра", "ru", "03-03 10:00", "03-03 10:00"),
        ("до конца рабочего дня", "ru", "03-02 10:30", "03-02 18:00"),
        ("двадцать пятого марта", "ru", "03-25 00:00", "03-26 00:00"),
        ("в течение часа", "ru", "03-02 10:30", "03-02 11:30"),
        ("в течение дня", "ru", "03-02 10:30", "03-03 00:00"),
        ("в течение рабочего дня", "ru", "03-02 10:30", "03-02 18:00"),
        ("минут через двадцать", "ru", "03-02 10:30", "03-02 10:50"),
        ("в 9:30", "ru", "03-03 09:30", "03-03 09:30"),
        ("через два дня", "ru", "03-02 10:30", "03-05 00:00"),
        ("в течение двадцати четырёх часов", "ru", "03-02 10:30", "03-03 10:30"),
        ("tomorrow morning", "en", "03-03 06:00", "03-03 12:00"),
        ("on Monday after six", "en", "03-09 18:00", "03-10 00:00"),
        ("by the end of the day", "en", "03-02 10:30", "03-03 00:00"),
        ("within two hours", "en", "03-02 10:30", "03-02 12:30"),
        ("March fifth", "en", "03-05 00:00", "03-06 00:00"),
        ("the 5th of March at 3pm", "en", "03-05 15:00", "03-05 15:00"),
        ("明天上午", "zh", "03-03 06:00", "03-03 12:00"),
        ("明天下午三点", "zh", "03-03 15:00", "03-03 15:00"),
        ("今晚八点", "zh", "03-02 20:00", "03-02 20:00"),
        ("下周一", "zh", "03-09 00:00", "03-10 00:00"),
        ("今天下班之前", "zh", "03-02 10:30", "03-02 18:00"),
        ("两小时内", "zh", "03-02 10:30", "03-02 12:30"),
        ("三月五号", "zh", "03-05 00:00", "03-06 00:00"),
        ("后天上午十点之前", "zh", "03-04 00:00", "03-04 10:00"),
    ],
)
def test_windows(heard, text: str, language: str, begins: str, ends: str) -> None:
    said = heard(text, language)
    found = moment_at(said, 0, language)
    assert found is not None
    assert found.end == len(said)
    assert [one.strftime("%m-%d %H:%M") for one in found.window(MONDAY)] == [begins, ends]


@pytest.mark.parametrize(("text", "language"), [("good afternoon", "en"), ("have a nice evening", "en"), ("早上好", "zh")])
def test_greetings_name_no_time(heard, text: str, language: str) -> None:
    said = heard(text, language)
    assert [moment_at(said, at, language) for at in range(len(said))] == [None] * len(said)


@pytest.mark.parametrize(
    ("text", "language"),
    [("спасибо за звонок", "ru"), ("пять рублей", "ru"), ("we will see", "en"), ("您好", "zh"), ("да", "de")],
)
def test_no_moments(heard, text: str, language: str) -> None:
    assert moment_at(heard(text, language), 0, language) is None


def test_a_date_that_is_over_is_next_years() -> None:
    assert Moment(2, month=2, day=14).window(MONDAY)[0] == datetime(2027, 2, 14)


def test_a_date_that_a_month_does_not_have_is_its_last() -> None:
    assert Moment(2, month=4, day=31).window(MONDAY)[0] == datetime(2026, 4, 30)


def test_what_is_over_today_is_due_now() -> None:
    assert Moment(1, days=0, to_min=600).window(MONDAY) == (MONDAY, MONDAY)
    tuesday = datetime(2026, 3, 3)
    assert Moment(1, from_min=0, to_min=600).window(MONDAY) == (tuesday, tuesday.replace(hour=10))


def test_days_without_times(heard) -> None:
    said = heard("в пятницу утром", "ru")
    found = day_at(said, 0, "ru")
    assert found is not None
    assert (found.weekday, found.end, found.from_min) == (4, 2, None)


WORDS = {
    "ru": "в во на к до после с через не позднее чем течение дня минут час двадцать пять шести первой половине обеда утром "
    "завтра послезавтра понедельник среду марта пятого без четверти полседьмого полчаса 15:30 5 семь да перезвоню вам рабочего "
    "конца концу вечера",
    "en": "in on at within the next two hours tomorrow morning monday march fifth 5th of by end day after before lunch half "
    "past six an hour well tonight this good evening 3pm 15:30 twenty first",
    "zh": "今 明 早 晚 后 天 上 下 午 周 一 星 期 礼 拜 三 点 半 差 刻 月 五 号 日 两 小 时 内 之 前 班 当 中 在 就 "
    "您 好 10 分 钟 以",
}


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_where_none_is_looked_for_none_is(heard, language: str) -> None:
    draw = Random(3)
    for _ in range(400):
        said = heard(("" if language == "zh" else " ").join(draw.choices(WORDS[language].split(), k=12)), language)
        at = range(len(said))
        assert [moment_at(said, one, language) for one in at] == [moments._read(said, one, language) for one in at]
