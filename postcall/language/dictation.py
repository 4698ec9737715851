"""Does somebody dictate: digits, letters or an address that the other writes down? Pure.

Definition
----------
An utterance dictates when one of these stands in it:

digits
    At least ``_FEWEST`` digits in a row, as words or in figures: "восемь шесть шесть девять", "three six 0 1", "幺三八零".
    What is counted in a unit (roubles, minutes, per cent) is an amount and no dictation.
letters
    At least ``_FEWEST`` single letters in a row, or a letter "as in" a word.
address
    A street, a building or a flat with a number within ``_NEAR`` words; an e-mail address.

Edge cases
----------
Hundreds and tens count as one digit each: a telephone number is often said in pairs. In Chinese only digits that are said one
by one count, for 十, 百 and 千 make amounts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from postcall.language.lexicon import bare

_FEWEST = 4
"""Digits or letters in a row. Two are an hour or a price, three often too."""
_NEAR = 3

_DIGITS: dict[str, frozenset[str]] = {
    "ru": frozenset(
        (
            "ноль ноля один одна два две три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
            "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать тридцать сорок пятьдесят "
            "шестьдесят семьдесят восемьдесят девяносто сто двести триста четыреста пятьсот шестьсот семьсот восемьсот "
            "девятьсот"
        ).split()
    ),
    "en": frozenset(
        (
            "zero oh nought one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety double triple hundred"
        ).split()
    ),
}
_JOINTS = frozenset("и дробь тире дефис точка плюс and dash slash hyphen dot plus minus".split())
"""Words between digits that do not end the row."""

_UNITS: dict[str, re.Pattern[str]] = {
    "ru": re.compile(r"(рубл|копе|тысяч|миллион|процент|минут|секунд|час|дн|день|недел|месяц|год|лет|градус|гигабайт|мегабит)"),
    "en": re.compile(
        r"(dollar|pound|euro|cent|pence|percent|thousand|million|minute|second|hour|day|week|month|year|degree|gigabyte|megabit)"
    ),
}
_ADDRESSES: dict[str, re.Pattern[str]] = {
    "ru": re.compile(r"(улиц|проспект|переул|шоссе|бульвар|корпус|строени|квартир|подъезд|индекс)\w*$|дом$"),
    "en": re.compile(r"(street|avenue|road|lane|drive|apartment|flat|suite|postcode|zip)$"),
}
_ZH_DIGIT = "[零〇一二两三四五六七八九幺洞拐0-9]"
_ZH_DIGITS = re.compile(rf"{_ZH_DIGIT}{{{_FEWEST},}}(?!{_ZH_DIGIT}|个?(元|块|年|月|天|分|秒|小时|百|千|万|十|%))")
_ZH_ADDRESS = re.compile(r"(路|街|小区|号楼|单元)[^，。？！]{0,6}[零一二两三四五六七八九十百0-9]+(号|栋|楼|单元|室|层)")
_EMAIL = re.compile(r"\bточка (ру|ком|нет)\b|\bdot (com|co|net|org)\b|\S+@\S+")
_SPELLED = re.compile(r"\b[a-z] (as in|for) \w+|\bкак в слове\b|\bпо буквам\b")


def dictates(words: Sequence[str], language: str | None) -> bool:
    """Whether an utterance dictates.

    Parameters
    ----------
    words
        As recognised.
    language
        ISO 639-1 code. Unknown: the forms of all languages count.

    Examples
    --------
    >>> dictates("Номер восемь шесть шесть девять один.".split(), "ru")
    True
    >>> dictates("it costs 1500 dollars".split(), "en")
    False
    >>> dictates(["我 的 号 码 是 零 零 幺 九 四"], "zh")
    True
    """
    said = [word for word in (bare(word) for one in words for word in one.split()) if word]
    codes = [language] if language in ("ru", "en", "zh") else ["ru", "en", "zh"]
    return any(_dictates_chinese("".join(said)) if code == "zh" else _dictates(said, code) for code in codes)


def _dictates_chinese(text: str) -> bool:
    return bool(_ZH_DIGITS.search(text) or _ZH_ADDRESS.search(text))


def _dictates(said: Sequence[str], code: str) -> bool:
    text = " ".join(said)
    if _EMAIL.search(text) or _SPELLED.search(text):
        return True
    numbers = [_digits_in(word, code) for word in said]
    at_address = [index for index, word in enumerate(said) if _ADDRESSES[code].match(word)]
    if any(numbers[i] for at in at_address for i in range(max(0, at - _NEAR), min(len(said), at + _NEAR + 1))):
        return True
    return any(
        size >= _FEWEST and not (end < len(said) and _UNITS[code].match(said[end])) for size, end in _rows(said, numbers)
    ) or any(size >= _FEWEST for size, _ in _rows(said, [int(len(word) == 1 and word.isalpha()) for word in said]))


def _digits_in(word: str, code: str) -> int:
    if word in _DIGITS[code]:
        return 1
    figures = sum(letter.isdecimal() for letter in word)
    return figures if figures and not any(letter.isalpha() for letter in word) else 0


def _rows(said: Sequence[str], sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Summed size of each row of words that have one, and the index of the word after it."""
    edges = [index for index, size in enumerate(sizes) if not size and said[index] not in _JOINTS]
    return [(sum(sizes[start + 1 : end]), end) for start, end in pairwise([-1, *edges, len(said)])]
