"""Numbers, durations, clock times and sums of money as they are said. Pure.

Definition
----------
number     "двадцать пять", "twenty five", "二十五", "25"; a run of digits said one by one is the number that they spell
duration   a number and a unit of time, in ms: "две-три минуты" is 120 to 180 s, "пару минут" 120 s, "полчаса", "半小时"; a unit
           alone is one of it ("минуту")
time       of the day: "в семь вечера", "half past six", "下午三点", "18:30"
money      a number and a currency

Edge cases
----------
"одну минуту" as a plea for patience is a duration of a minute all the same: who uses it decides. "Полтора часа" is 90 min,
"час-полтора" its range. A range's value is its longer end, since a promise is kept by then. "Не больше двух минут" is two
minutes: the bound only says that it is meant as one.

References
----------
Seeds: mts-02, mts-03 ("не больше минуты"), rostelecom-18 ("2-3 минуты"), cabletv-14.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from postcall.language.tokens import Token

MINUTE_MS = 60_000

_RU_UNITS: dict[str, float] = dict(
    zip(
        (
            "ноль нуль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать "
            "четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
        ).split(),
        (0, 0, *range(1, 20)),
        strict=True,
    )
) | {"полтора": 1.5, "двое": 2, "трое": 3, "пара": 2, "несколько": 3}
_RU_TENS = dict(
    zip("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто".split(), range(20, 100, 10), strict=True)
)
_RU_HUNDREDS = dict(
    zip("сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот".split(), range(100, 1000, 100), strict=True)
)
_RU_SCALES = {"тысяча": 1_000, "миллион": 1_000_000}
_RU_ORDINALS = dict(
    zip(
        (
            "первый второй третий четвертый пятый шестой седьмой восьмой девятый десятый одиннадцатый двенадцатый "
            "тринадцатый четырнадцатый пятнадцатый шестнадцатый семнадцатый восемнадцатый девятнадцатый двадцатый тридцатый"
        ).split(),
        (*range(1, 21), 30),
        strict=True,
    )
)
_EN_UNITS: dict[str, float] = dict(
    zip(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        ).split(),
        range(20),
        strict=True,
    )
) | {"oh": 0, "couple": 2, "few": 3, "a": 1, "an": 1}
_EN_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_EN_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_ZH_DIGITS: dict[str, int] = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"〇": 0, "两": 2, "俩": 2, "幺": 1}
_ZH_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}

_UNIT_MS = {
    "ru": {
        "секунда": 1_000,
        "секундочка": 1_000,
        "минута": MINUTE_MS,
        "минутка": MINUTE_MS,
        "минуточка": MINUTE_MS,
        "час": 60 * MINUTE_MS,
        "часик": 60 * MINUTE_MS,
        "сутки": 1_440 * MINUTE_MS,
        "день": 1_440 * MINUTE_MS,
        "неделя": 10_080 * MINUTE_MS,
    },
    "en": {
        "second": 1_000,
        "minute": MINUTE_MS,
        "hour": 60 * MINUTE_MS,
        "day": 1_440 * MINUTE_MS,
        "week": 10_080 * MINUTE_MS,
    },
}
_ZH_UNIT_MS = (
    ("分钟", MINUTE_MS),
    ("分", MINUTE_MS),
    ("秒钟", 1_000),
    ("秒", 1_000),
    ("个小时", 60 * MINUTE_MS),
    ("小时", 60 * MINUTE_MS),
    ("个钟头", 60 * MINUTE_MS),
    ("天", 1_440 * MINUTE_MS),
    ("个星期", 10_080 * MINUTE_MS),
    ("周", 10_080 * MINUTE_MS),
)
_MONEY = {
    "ru": frozenset("рубль копейка доллар евро тенге".split()),
    "en": frozenset("dollar cent pound euro penny buck".split()),
}
_ZH_MONEY = ("元", "块", "毛", "角")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?$")
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})$")
_PARTS_OF_DAY = {"утро": 0, "ночь": 0, "день": 12, "вечер": 12, "morning": 0, "afternoon": 12, "evening": 12, "am": 0, "pm": 12}
_ZH_PARTS_OF_DAY = {"早上": 0, "上午": 0, "中午": 12, "下午": 12, "晚上": 12, "凌晨": 0}
_NOON = 12


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read from a place on.

    Attributes
    ----------
    end
        Index of the first token that does not belong to it.
    value
        Number, ms, minutes of the day, or sum.
    least
        Shorter end of a range; ``value`` where there is none.
    """

    end: int
    value: float
    least: float


def number_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The number that begins at a token; None for none."""
    if start >= len(tokens):
        return None
    if _DIGITS.match(tokens[start].form):
        value = float(tokens[start].form.replace(",", "."))
        end = start + 1
        while end < len(tokens) and tokens[end].form.isdigit() and not tokens[end - 1].ends_sentence:
            value, end = value * 10 ** len(tokens[end].form) + float(tokens[end].form), end + 1
        return Parsed(end, value, value)
    reader = {"ru": _russian, "en": _english, "zh": _chinese}.get(language)
    return reader(tokens, start) if reader else None


def duration_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The duration in ms that begins at a token; None for none.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("две три минуты".split())]
    >>> duration_at(tokens(said, "ru"), 0, "ru")
    Parsed(end=3, value=180000.0, least=120000.0)
    """
    if language == "zh":
        return _chinese_duration(tokens, start)
    units = _UNIT_MS.get(language, {})
    if start >= len(tokens):
        return None
    if tokens[start].form in {"полчаса", "полчасика"}:
        return Parsed(start + 1, 30.0 * MINUTE_MS, 30.0 * MINUTE_MS)
    if language == "en" and _forms(tokens, start, 3) in {("half", "an", "hour"), ("half", "a", "hour")}:
        return Parsed(start + 3, 30.0 * MINUTE_MS, 30.0 * MINUTE_MS)
    first = number_at(tokens, start, language)
    if first is None:
        unit = _unit(tokens, start, units)
        return Parsed(start + 1, unit, unit) if unit else None
    second = number_at(tokens, _over_or(tokens, first.end), language)
    for end, least, most in [
        *([(second.end, first.value, second.value)] if second is not None else []),
        (first.end, first.least, first.value),
    ]:
        at = end + 1 if language == "en" and _forms(tokens, end, 1) == ("of",) else end
        unit = _unit(tokens, at, units)
        if unit:
            return Parsed(at + 1, most * unit, min(least, most) * unit)
    return None


def clock_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The time of the day that begins at a token, in minutes after midnight; None for none.

    A bare number is no time: it needs a part of the day, "часов", "o'clock", 点, or hours and minutes.
    """
    if start >= len(tokens):
        return None
    clock = _CLOCK.match(tokens[start].form)
    if clock and int(clock[1]) < 24 and int(clock[2]) < 60:
        minutes = float(int(clock[1]) * 60 + int(clock[2]))
        return Parsed(start + 1, minutes, minutes)
    if language == "zh":
        return _chinese_clock(tokens, start)
    hour = number_at(tokens, start, language)
    if hour is None or not 0 <= hour.value < 24:
        return None
    end, is_said = hour.end, False
    if end < len(tokens) and tokens[end].lemmas & {"час", "o'clock", "oclock"}:
        end, is_said = end + 1, True
    minutes = hour.value * 60
    part = next((name for name in _PARTS_OF_DAY if end < len(tokens) and name in tokens[end].lemmas), None)
    if part is not None:
        end, is_said = end + 1, True
        if _PARTS_OF_DAY[part] and hour.value < _NOON:
            minutes += _NOON * 60
    return Parsed(end, minutes, minutes) if is_said else None


def money_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The sum of money that begins at a token; None for none."""
    amount = number_at(tokens, start, language)
    if amount is None or amount.end >= len(tokens):
        return None
    after = tokens[amount.end]
    if after.form in _ZH_MONEY if language == "zh" else bool(after.lemmas & _MONEY.get(language, frozenset())):
        return Parsed(amount.end + 1, amount.value, amount.value)
    return None


def digits_said(tokens: Sequence[Token], start: int, language: str) -> tuple[int, str]:
    """The digits of a run of numbers that begins at a token, as written, and where it ends: phone numbers, contracts, cards."""
    end, digits = start, ""
    while end < len(tokens):
        one = number_at(tokens, end, language)
        if one is None or one.value != int(one.value):
            break
        digits += "".join(token.form for token in tokens[end : one.end]) if tokens[end].form.isdigit() else str(int(one.value))
        end = one.end
    return end, digits


def _forms(tokens: Sequence[Token], start: int, count: int) -> tuple[str, ...]:
    return tuple(token.form for token in tokens[start : start + count])


def _unit(tokens: Sequence[Token], at: int, units: dict[str, int]) -> float:
    return float(next((units[lemma] for lemma in tokens[at].lemmas if lemma in units), 0)) if at < len(tokens) else 0.0


def _over_or(tokens: Sequence[Token], at: int) -> int:
    return at + 1 if at < len(tokens) and tokens[at].form in {"или", "до", "or", "to"} else at


def _value_of(token: Token, *tables: dict[str, float] | dict[str, int]) -> float | None:
    return next((float(table[lemma]) for table in tables for lemma in (token.form, *token.lemmas) if lemma in table), None)


def _russian(tokens: Sequence[Token], start: int) -> Parsed | None:
    form = tokens[start].form
    if re.fullmatch(r"\d+-\d+", form):
        least, most = map(float, form.split("-"))
        return Parsed(start + 1, most, least)
    if "-" in form:
        parts = [_RU_BY_FORM.get(part) for part in form.split("-")]
        if len(parts) == 2 and parts[0] is not None and parts[1] is not None:
            return Parsed(start + 1, parts[1], parts[0])
    total, group, end = 0.0, 0.0, start
    smallest = float("inf")
    while end < len(tokens) and (end == start or not tokens[end - 1].ends_sentence):
        scale = _value_of(tokens[end], _RU_SCALES)
        if scale is not None:
            total, group, smallest = total + max(group, 1.0) * scale, 0.0, float("inf")
            end += 1
            continue
        value = _value_of(tokens[end], _RU_HUNDREDS, _RU_TENS, _RU_UNITS, _RU_ORDINALS)
        if value is None:
            break
        size = 100 if value >= 100 else 10 if value >= 20 else 1
        if size >= smallest:
            break
        group, smallest, end = group + value, 0.5 if size == 1 else size, end + 1
    return Parsed(end, total + group, total + group) if end > start else None


_RU_BY_FORM: dict[str, float] = {
    "один": 1, "одну": 1, "одна": 1, "две": 2, "два": 2, "двух": 2, "три": 3, "трех": 3, "четыре": 4, "четырех": 4, "пять": 5,
    "пяти": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9, "десять": 10, "десяти": 10, "пятнадцать": 15, "двадцать": 20,
}  # fmt: skip
"""Halves of hyphenated ranges: "две-три"."""


def _english(tokens: Sequence[Token], start: int) -> Parsed | None:
    total, group, end = 0.0, 0.0, start
    smallest = float("inf")
    while end < len(tokens) and (end == start or not tokens[end - 1].ends_sentence):
        form = tokens[end].form
        if form in _EN_SCALES and end > start:
            group = max(group, 1.0) * _EN_SCALES[form]
            total, group = (total + group, 0.0) if _EN_SCALES[form] > 100 else (total, group)
            smallest, end = float("inf"), end + 1
            continue
        value = _EN_TENS.get(form, _EN_UNITS.get(form))
        if value is None or (form in {"a", "an"} and end > start):
            break
        if form == "a" and _forms(tokens, end + 1, 1) in {("couple",), ("few",)}:
            end += 1
            continue
        size = 10 if value >= 20 else 1
        if size >= smallest:
            break
        group, smallest, end = group + value, 0.5 if size == 1 else size, end + 1
    if end == start or (end == start + 1 and tokens[start].form in {"a", "an", "oh"} and not _is_measured(tokens, end)):
        return None
    return Parsed(end, total + group, total + group)


def _is_measured(tokens: Sequence[Token], at: int) -> bool:
    """Whether "a" stands before something that is counted."""
    if at >= len(tokens):
        return False
    return tokens[at].form in {"couple", "few"} or bool(tokens[at].lemmas & set(_UNIT_MS["en"]))


def _chinese(tokens: Sequence[Token], start: int) -> Parsed | None:
    end, total, digit, spelled, has_scale = start, 0.0, 0.0, "", False
    while end < len(tokens):
        form = tokens[end].form
        if form in _ZH_DIGITS:
            digit, spelled, end = float(_ZH_DIGITS[form]), spelled + str(_ZH_DIGITS[form]), end + 1
        elif form in _ZH_SCALES and (end > start or form == "十"):
            scale, has_scale = _ZH_SCALES[form], True
            total = (total + digit) * scale if scale == _ZH_SCALES["万"] else total + (digit or 1.0) * scale
            digit, end = 0.0, end + 1
        else:
            break
    if end == start:
        return None
    value = total + digit if has_scale else float(spelled)
    return Parsed(end, value, value)


def _text(tokens: Sequence[Token], start: int, count: int) -> str:
    return "".join(token.form for token in tokens[start : start + count])


def _chinese_duration(tokens: Sequence[Token], start: int) -> Parsed | None:
    ahead = _text(tokens, start, 4)
    for said, minutes in (("半个小时", 30), ("半小时", 30), ("半分钟", 0.5), ("半天", 720), ("一会儿", 0), ("片刻", 0)):
        if ahead.startswith(said) and minutes:
            return Parsed(start + len(said), minutes * MINUTE_MS, minutes * MINUTE_MS)
    first = _chinese(tokens, start)
    if first is None:
        if ahead[:1] != "几":
            return None
        first = Parsed(start + 1, 5.0, 3.0)
    least = first.least
    if first.end - start == 2 and all(token.form in _ZH_DIGITS for token in tokens[start : first.end]):
        # 两三分钟 is two to three minutes, not twenty-three.
        least, most = (float(_ZH_DIGITS[token.form]) for token in tokens[start : first.end])
        first = Parsed(first.end, most, least)
    ahead = _text(tokens, first.end, 3)
    for name, unit in _ZH_UNIT_MS:
        if ahead.startswith(name):
            return Parsed(first.end + len(name), first.value * unit, least * unit)
    return None


def _chinese_clock(tokens: Sequence[Token], start: int) -> Parsed | None:
    ahead = _text(tokens, start, 2)
    at, later = (start + 2, _ZH_PARTS_OF_DAY[ahead]) if ahead in _ZH_PARTS_OF_DAY else (start, 0)
    hour = _chinese(tokens, at)
    if hour is None or hour.end >= len(tokens) or tokens[hour.end].form not in {"点", "时"} or hour.value >= 24:
        return None
    end, minutes = hour.end + 1, hour.value * 60 + (later * 60 if hour.value < _NOON else 0)
    if end < len(tokens) and tokens[end].form == "半":
        end, minutes = end + 1, minutes + 30
    elif (past := _chinese(tokens, end)) is not None and past.value < 60:
        end, minutes = past.end, minutes + past.value
    return Parsed(end, minutes, minutes)
