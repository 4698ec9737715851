from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.language.numbers import digits_said, money_at, number_at, range_at
from postcall.language.tokens import tokens
from postcall.spans import Span
from postcall.transcript import Word


@pytest.mark.parametrize(
    ("text", "language", "value", "taken"),
    [
        ("двадцать пять", "ru", 25, 2),
        ("сто двадцать три", "ru", 123, 3),
        ("две тысячи триста", "ru", 2300, 3),
        ("двадцать пятнадцать", "ru", 20, 1),
        ("двадцать ноль пять", "ru", 20, 1),
        ("пятого", "ru", 5, 1),
        ("полторы тысячи", "ru", 1500, 2),
        ("1 500", "ru", 1500, 2),
        ("two hundred and fifty", "en", 250, 4),
        ("twenty-four", "en", 24, 1),
        ("one thousand five hundred", "en", 1500, 4),
        ("a hundred", "en", 100, 2),
        ("三百五十", "zh", 350, 4),
        ("三百五", "zh", 350, 3),
        ("三百零五", "zh", 305, 4),
        ("一万二", "zh", 12_000, 3),
        ("3027", "zh", 3027, 1),
    ],
)
def test_numbers(heard, text: str, language: str, value: float, taken: int) -> None:
    found = number_at(heard(text, language), 0, language)
    assert found is not None
    assert (found.value, found.end) == (value, taken)


@pytest.mark.parametrize(
    ("text", "language"),
    [("семью", "ru"), ("спасибо", "ru"), ("a plan", "en"), ("oh", "en"), ("您好", "zh"), ("", "ru"), ("пять", "de")],
)
def test_no_numbers(heard, text: str, language: str) -> None:
    assert number_at(heard(text, language), 0, language) is None


@pytest.mark.parametrize(
    ("text", "language", "least", "most"),
    [
        ("две-три", "ru", 2, 3),
        ("две или три", "ru", 2, 3),
        ("двух до трёх", "ru", 2, 3),
        ("пять десять", "ru", 5, 10),
        ("2-3", "ru", 2, 3),
        ("восемь девятьсот", "ru", 8, 8),
        ("two or three", "en", 2, 3),
        ("one to two", "en", 1, 2),
        ("两三", "zh", 2, 3),
        ("一到两", "zh", 1, 2),
        ("十几", "zh", 11, 19),
        ("2-3", "zh", 2, 3),
        ("一二三", "zh", 123, 123),
    ],
)
def test_ranges(heard, text: str, language: str, least: float, most: float) -> None:
    found = range_at(heard(text, language), 0, language)
    assert found is not None
    assert (found.least, found.value) == (least, most)


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("двести пятьдесят рублей", "ru", 250),
        ("две тысячи триста рублей пятьдесят копеек", "ru", 2300.5),
        ("тысячу рублей", "ru", 1000),
        ("twenty five dollars", "en", 25),
        ("$25", "en", 25),
        ("五十块钱", "zh", 50),
        ("两块五", "zh", 2.5),
        ("三百五十元", "zh", 350),
    ],
)
def test_money(heard, text: str, language: str, value: float) -> None:
    said = heard(text, language)
    found = money_at(said, 0, language)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.end == len(said)


def test_a_number_alone_is_no_money(heard) -> None:
    assert money_at(heard("двести пятьдесят", "ru"), 0, "ru") is None
    assert money_at(heard("двести пятьдесят человек", "ru"), 0, "ru") is None


@pytest.mark.parametrize(
    ("text", "language", "digits"),
    [
        ("восемь девятьсот двенадцать сто двадцать три сорок пять шестьдесят семь", "ru", "89121234567"),
        ("двадцать один ноль пять", "ru", "2105"),
        ("двадцать пятнадцать", "ru", "2015"),
        ("два нуля семь", "ru", "007"),
        ("восемь девятьсот два нуля", "ru", "890000"),
        ("ноль ноль семь", "ru", "007"),
        ("две пятёрки", "ru", "55"),
        ("8 912 123-45-67", "ru", "89121234567"),
        ("+7(912)123-45-67", "ru", "79121234567"),
        ("double five triple three oh one", "en", "5533301"),
        ("nine one two", "en", "912"),
        ("幺三八零零一三八", "zh", "13800138"),
        ("спасибо", "ru", ""),
    ],
)
def test_digits(heard, text: str, language: str, digits: str) -> None:
    assert digits_said(heard(text, language), 0, language)[1] == digits


_WORDS = st.sampled_from(
    "ноль один две сорок сто пятьсот тысяча пара пятого полтора 5 12,5 2-3 - рублей минут нуля a hundred and twenty-four oh "
    "double 五 十 百 几 万 点 半 块 分钟 два-".split()
)


@given(st.lists(_WORDS, max_size=8), st.sampled_from(["ru", "en", "zh"]))
def test_whatever_is_said_numbers_end_where_they_end(said: list[str], language: str) -> None:
    made = tokens([Word(Span(at * 300, at * 300 + 250), word) for at, word in enumerate(said)], language)
    for at in range(len(made)):
        for parse in (number_at, range_at, money_at):
            found = parse(made, at, language)
            assert found is None or (at < found.end <= len(made) and found.least <= found.value)
        end, digits = digits_said(made, at, language)
        assert at <= end <= len(made)
        assert (end == at) == (digits == "")
