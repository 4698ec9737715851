"""Numbers, digits and sums of money as they are said. Pure.

Definition
----------
number
    "двадцать пять", "twenty five", "二十五", "25"; in Chinese, digits said one by one are the number that they spell.
range
    "две-три", "от двух до трёх", "two or three", "两三", "一到两", "几"; the value is the larger end.
money
    A number and a currency, small coins included: "две тысячи рублей пятьдесят копеек" is 2000.5, "两块五" 2.5.
digits
    What a run of numbers spells: "восемь девятьсот двенадцать" is 8912, "double five" and "две пятёрки" 55, "два нуля" 00.

Edge cases
----------
Numbers are added up only where a smaller one follows: "двадцать пять" is one number, "двадцать пятнадцать" are two. "Семью" is
a family, not seven. "Three hundred" and "三百五" (350) are read as people mean them. "Один" is a number wherever it stands.

References
----------
Numerals of OpenCorpora's dictionary; their forms come with lemmas (`morphology`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from postcall.language.morphology import lemmas_of
from postcall.language.tokens import Token

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
_EN_UNITS = dict(
    zip(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        ).split(),
        range(20),
        strict=True,
    )
)
_EN_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_EN_VAGUE = {"couple": 2.0, "few": 3.0}
_EN_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_ZH_DIGITS: dict[str, int] = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"〇": 0, "两": 2, "俩": 2, "幺": 1}
_ZH_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}

_ZH_SIMPLE_RANGES = frozenset("一二 一两 两三 二三 三四 三五 四五 五六 六七 七八 八九".split())
_RU_DIGITS = dict(
    zip("ноль единица двойка тройка четверка пятерка шестерка семерка восьмерка девятка".split(), range(10), strict=True)
)
"""Digits as nouns, which are counted: "две пятёрки"."""
_EN_TIMES = {"double": 2, "triple": 3}
_JOINTS = {"ru": frozenset("или до".split()), "en": frozenset("or to".split()), "zh": frozenset("到至或")}
_MONEY = {
    "ru": {"рубль": 1.0, "доллар": 1.0, "евро": 1.0, "тенге": 1.0, "копейка": 0.01},
    "en": {"dollar": 1.0, "pound": 1.0, "euro": 1.0, "buck": 1.0, "cent": 0.01, "penny": 0.01, "pence": 0.01},
    "zh": {"元": 1.0, "块": 1.0, "毛": 0.1, "角": 0.1},
}
_SYMBOLS = re.compile(r"[$€£₽¥]")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?$")
_WRITTEN_RANGE = re.compile(r"(\d+)[-–](\d+)$")
_WRITTEN_NUMBER = re.compile(r"[\d()+–-]*\d[\d()+–-]*$")
"""Digits with what people write between them: 123-45-67."""
_NO_NUMBER = frozenset(("семью",))


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read from a place on.

    Attributes
    ----------
    end
        Index of the first token that does not belong to it.
    value
        The number, or what it measures.
    least
        Shorter end of a range; ``value`` where there is none.
    """

    end: int
    value: float
    least: float


def number_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The number that begins at a token; None for none. Of a range that is written as one word, the larger end."""
    if start >= len(tokens) or not may_begin_number(tokens[start].form, language):
        return None
    form = tokens[start].form
    if _DIGITS.match(form):
        value = float(form.replace(",", "."))
        end = start + 1
        while end < len(tokens) and tokens[end].form.isdecimal() and not tokens[end - 1].ends_sentence:
            value, end = value * 10 ** len(tokens[end].form) + float(tokens[end].form), end + 1
        if language == "zh" and end < len(tokens) and tokens[end].form == "万":
            value, end = value * _ZH_SCALES["万"], end + 1
        return Parsed(end, value, value)
    if "-" in form or "–" in form:
        return _hyphened(form, start, language)
    reader = {"ru": _russian, "en": _english, "zh": _chinese}.get(language)
    return reader(tokens, start) if reader else None


@lru_cache(maxsize=50_000)
def may_begin_number(form: str, language: str) -> bool:
    """Whether a number may begin with a word: quick, for most words are none."""
    if any(character.isdecimal() for character in form) or "-" in form or "–" in form:
        return True
    if language == "zh":
        return form in _ZH_DIGITS or form in {"十", "几"}
    if language == "en":
        return form in _EN_UNITS or form in _EN_TENS or form in _EN_VAGUE or form in {"a", "an"}
    return language == "ru" and (_russian_value(form) is not None or _russian_scale(form) is not None)


def range_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The number or range of numbers that begins at a token; None for none.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("две или три".split())]
    >>> range_at(tokens(said, "ru"), 0, "ru")
    Parsed(end=3, value=3.0, least=2.0)
    """
    if language == "zh":
        simple = _chinese_range(tokens, start)
        if simple is not None:
            return simple
    first = number_at(tokens, start, language)
    if first is None or first.least < first.value or first.end >= len(tokens) or tokens[first.end - 1].ends_sentence:
        return first
    is_joined = tokens[first.end].form in _JOINTS.get(language, frozenset())
    second = number_at(tokens, first.end + is_joined, language)
    if second is None or second.value <= first.value or (not is_joined and second.value > 2 * first.value):
        return first
    return Parsed(second.end, second.value, first.value)


def money_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The sum of money that begins at a token; None for none."""
    units = _MONEY.get(language, {})
    amount = range_at(tokens, start, language)
    if amount is None:
        return None
    if _SYMBOLS.search(tokens[start].text):
        return amount
    unit = _currency(tokens, amount.end, units)
    if not unit:
        return None
    end, value, least = amount.end + 1, amount.value * unit, amount.least * unit
    if language == "zh" and unit == 1.0:
        tenths = _ZH_DIGITS.get(tokens[end].form) if end < len(tokens) else None
        if tenths is not None and not _currency(tokens, end + 1, {"元": 1.0, "块": 1.0}):
            end, value, least = end + 1, value + tenths / 10, least + tenths / 10
            end += bool(_currency(tokens, end, {"毛": 0.1, "角": 0.1}))
        return Parsed(end + (_text(tokens, end, 1) == "钱"), value, least)
    coins = number_at(tokens, end + (_text(tokens, end, 1) == "and"), language) if end < len(tokens) else None
    if unit == 1.0 and coins is not None and 0.0 < (small := _currency(tokens, coins.end, units)) < 1.0:
        end, value, least = coins.end + 1, value + coins.value * small, least + coins.value * small
    return Parsed(end, value, least)


@lru_cache(maxsize=50_000)
def is_currency(form: str, language: str) -> bool:
    """Whether a word is a currency."""
    units = _MONEY.get(language, {})
    return form in units or not units.keys().isdisjoint(lemmas_of(form, language))


def has_currency_sign(text: str) -> bool:
    """Whether a currency is written in a word as a sign."""
    return not text.isalnum() and _SYMBOLS.search(text) is not None


def digits_said(tokens: Sequence[Token], start: int, language: str) -> tuple[int, str]:
    """The digits of a run of numbers that begins at a token, as written, and where it ends: phone numbers, contracts, cards.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("восемь девятьсот два нуля".split())]
    >>> digits_said(tokens(said, "ru"), 0, "ru")
    (4, '890000')
    """
    end, digits = start, ""
    while end < len(tokens) and may_begin_digits(tokens[end].form, language):
        more = _repeated(tokens, end, language) or _digits_at(tokens, end, language)
        if more is None:
            break
        end, digits = more[0], digits + more[1]
    return end, digits


@lru_cache(maxsize=50_000)
def may_begin_digits(form: str, language: str) -> bool:
    """Whether a run of digits may begin with a word: quick, for most words are none."""
    return may_begin_number(form, language) or (language == "en" and (form in {"oh", "o"} or form in _EN_TIMES))


def _digits_at(tokens: Sequence[Token], start: int, language: str) -> tuple[int, str] | None:
    form = tokens[start].form
    if _WRITTEN_NUMBER.match(form):
        return start + 1, re.sub(r"\D", "", form)
    if language == "en" and form in {"oh", "o"}:
        return start + 1, "0"
    if language == "zh" and form in _ZH_DIGITS:
        return start + 1, str(_ZH_DIGITS[form])
    one = number_at(tokens, start, language)
    if one is not None and one.end - 1 > start and _repeated(tokens, one.end - 1, language):
        # "Девятьсот два нуля": the two counts what follows.
        one = number_at(tokens[: one.end - 1], start, language)
    if one is None or one.value != int(one.value) or one.least != one.value:
        return None
    return one.end, str(int(one.value))


def _repeated(tokens: Sequence[Token], start: int, language: str) -> tuple[int, str] | None:
    """ "Two fives", "double five"."""
    if start + 1 >= len(tokens):
        return None
    after = tokens[start + 1]
    if language == "en" and tokens[start].form in _EN_TIMES:
        digit = _digits_at(tokens, start + 1, language)
        return (digit[0], _EN_TIMES[tokens[start].form] * digit[1]) if digit is not None and len(digit[1]) == 1 else None
    if language == "ru" and after.form not in {"ноль", "нуль"} and not tokens[start].ends_sentence:
        noun = next((_RU_DIGITS[lemma] for lemma in after.lemmas if lemma in _RU_DIGITS), 0 if "нуль" in after.lemmas else None)
        times = _russian_value(tokens[start].form)
        if noun is not None and times is not None and 2 <= times <= 4:
            return start + 2, int(times) * str(noun)
    return None


def _forms(tokens: Sequence[Token], start: int, count: int) -> tuple[str, ...]:
    return tuple(token.form for token in tokens[start : start + count])


def _text(tokens: Sequence[Token], start: int, count: int) -> str:
    return "".join(_forms(tokens, start, count))


def _currency(tokens: Sequence[Token], at: int, units: dict[str, float]) -> float:
    if at >= len(tokens):
        return 0.0
    return next((units[name] for name in (tokens[at].form, *tokens[at].lemmas) if name in units), 0.0)


@lru_cache(maxsize=50_000)
def _russian_value(form: str) -> float | None:
    """The value of a numeral below a thousand in any form."""
    tables: tuple[Mapping[str, float], ...] = (_RU_HUNDREDS, _RU_TENS, _RU_UNITS, _RU_ORDINALS)
    words = () if form in _NO_NUMBER else (form, *sorted(lemmas_of(form, "ru")))
    return next((float(table[word]) for table in tables for word in words if word in table), None)


@lru_cache(maxsize=50_000)
def _russian_scale(form: str) -> int | None:
    return next((_RU_SCALES[lemma] for lemma in sorted(lemmas_of(form, "ru")) if lemma in _RU_SCALES), None)


def _hyphened(form: str, start: int, language: str) -> Parsed | None:
    """ "2-3", "две-три", "twenty-four"."""
    written = _WRITTEN_RANGE.match(form)
    if written:
        return Parsed(start + 1, float(written[2]), float(written[1])) if float(written[1]) < float(written[2]) else None
    values = [_word_value(part, language) for part in re.split("[-–]", form)]
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    first, second = values[0], values[1]
    if language == "en" and first >= 20 and second < 10:
        return Parsed(start + 1, first + second, first + second)
    return Parsed(start + 1, second, first) if first < second else None


def _word_value(form: str, language: str) -> float | None:
    if language == "en":
        return _EN_TENS.get(form, _EN_UNITS.get(form))
    return _russian_value(form)


def _russian(tokens: Sequence[Token], start: int) -> Parsed | None:
    total, group, end = 0.0, 0.0, start
    smallest = float("inf")
    while end < len(tokens) and (end == start or not tokens[end - 1].ends_sentence):
        scale = _russian_scale(tokens[end].form)
        if scale is not None:
            total, group, smallest = total + max(group, 1.0) * scale, 0.0, float("inf")
            end += 1
            continue
        value = _russian_value(tokens[end].form)
        if value is None or (value == 0 and end > start):
            break
        if _size(value) >= smallest:
            break
        group, smallest, end = group + value, _room_after(value), end + 1
    return Parsed(end, total + group, total + group) if end > start else None


def _size(value: float) -> int:
    return 100 if value >= 100 else 10 if value >= 10 else 1


def _room_after(value: float) -> float:
    """What must be larger than the size of the next numeral: 100 and 20 can be added to, 15, 5 and 0 cannot."""
    return 100 if value >= 100 else 10 if value >= 20 else 0


def _english(tokens: Sequence[Token], start: int) -> Parsed | None:
    at = start + 1 if tokens[start].form == "a" else start
    if at < len(tokens) and tokens[at].form in _EN_VAGUE:
        return Parsed(at + 1, _EN_VAGUE[tokens[at].form], _EN_VAGUE[tokens[at].form])
    total, group, end = 0.0, 0.0, start
    smallest = float("inf")
    if tokens[start].form in {"a", "an"}:
        if at >= len(tokens) or tokens[at].form not in _EN_SCALES:
            return None
        group, end = 1.0, at
    while end < len(tokens) and (end == start or not tokens[end - 1].ends_sentence):
        form = tokens[end].form
        if form in _EN_SCALES and end > start:
            group = max(group, 1.0) * _EN_SCALES[form]
            total, group = (total + group, 0.0) if _EN_SCALES[form] > 100 else (total, group)
            smallest, end = float("inf") if _EN_SCALES[form] > 100 else 100, end + 1
            continue
        is_and = form == "and" and end > start and tokens[end - 1].form in _EN_SCALES and end + 1 < len(tokens)
        value = _word_or_hyphened(tokens[end + is_and].form)
        if value is None or (value == 0 and end > start) or _size(value) >= smallest:
            break
        group, smallest, end = group + value, 0 if value % 10 else _room_after(value), end + 1 + is_and
    return Parsed(end, total + group, total + group) if end > start else None


def _word_or_hyphened(form: str) -> float | None:
    first, _, second = form.partition("-")
    if second and first in _EN_TENS and second in _EN_UNITS:
        return float(_EN_TENS[first] + _EN_UNITS[second])
    return _word_value(form, "en")


def _chinese(tokens: Sequence[Token], start: int) -> Parsed | None:
    end, total, digit, spelled, scale = start, 0.0, 0.0, "", 0.0
    while end < len(tokens):
        form = tokens[end].form
        if form in _ZH_DIGITS:
            digit, spelled, end = float(_ZH_DIGITS[form]), spelled + str(_ZH_DIGITS[form]), end + 1
        elif form in _ZH_SCALES and (end > start or form == "十"):
            scale = _ZH_SCALES[form]
            total = (total + digit) * scale if scale == _ZH_SCALES["万"] else total + (digit or 1.0) * scale
            digit, end = 0.0, end + 1
        else:
            break
    if end == start:
        return None
    is_short = scale >= 100 and digit and tokens[end - 2].form in _ZH_SCALES
    value = total + digit * (scale / 10 if is_short else 1.0) if scale else float(spelled)
    return Parsed(end, value, value)


def _chinese_range(tokens: Sequence[Token], start: int) -> Parsed | None:
    """ "两三", "几", "十几": numbers that are never one digit after another."""
    ahead = _text(tokens, start, 2)
    if ahead.startswith("几"):
        return Parsed(start + 1, 5.0, 3.0)
    if ahead == "十几":
        return Parsed(start + 2, 19.0, 11.0)
    if ahead in _ZH_SIMPLE_RANGES:
        after = _text(tokens, start + 2, 1)
        is_longer = after in _ZH_DIGITS or (start > 0 and tokens[start - 1].form in _ZH_DIGITS)
        if not is_longer and after not in _ZH_SCALES:
            return Parsed(start + 2, float(_ZH_DIGITS[ahead[1]]), float(_ZH_DIGITS[ahead[0]]))
    pair = _forms(tokens, start, 2)
    # Tokens have no dash, so 2-3 is two single digits of one word.
    if (
        len(pair) == 2
        and all(len(one) == 1 and one.isdecimal() for one in pair)
        and int(pair[0]) < int(pair[1]) <= 2 * int(pair[0]) + 1
        and tokens[start].word == tokens[start + 1].word
        and not _text(tokens, start + 2, 1).isdecimal()
    ):
        return Parsed(start + 2, float(pair[1]), float(pair[0]))
    return None
