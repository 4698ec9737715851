"""Lengths of time as they are said. Pure.

Definition
----------
A number and a unit of time, in ms: "две-три минуты" is 120 to 180 s, "пару минут" 120 s, "минуты две" about 120 s, "полчаса",
"an hour and a half", "半小时", "两三分钟", "一个半小时". Parts are added up: "три минуты сорок секунд".

`Duration.bound` tells how it is meant, by the words around it, which are no part of it: ``most`` for "не больше двух минут" and
"一分钟以内", ``least`` for "at least an hour", ``about`` for "минуты две" and "around ten minutes".

Edge cases
----------
- The value of a range is its longer end, since a promise is kept by then.
- "Одну минуту" as a plea for patience is a minute all the same: who uses it decides.
- A unit alone is one of it in Russian ("минуту", "через час"), but not after a word that makes it something else: "добрый
  день", "в эту минуту", "рублей в минуту". English needs an article or a number.
- "Рабочий день" is a day: which days are worked is not known here. Months are none: bills are by the month.

References
----------
Seeds: mts-02, mts-03 ("не больше минуты"), rostelecom-18 ("2-3 минуты"), cabletv-14.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from postcall.language.morphology import lemmas_of
from postcall.language.numbers import Parsed, may_begin_number, range_at
from postcall.language.tokens import Token

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

Bound = Literal["exact", "about", "most", "least"]

_UNITS: dict[str, dict[str, int]] = {
    "ru": dict.fromkeys("секунда секундочка сек".split(), 1_000)
    | dict.fromkeys("минута минутка минуточка мин".split(), MINUTE_MS)
    | dict.fromkeys("час часик".split(), HOUR_MS)
    | dict.fromkeys("сутки день денек".split(), DAY_MS)
    | dict.fromkeys("неделя неделька".split(), 7 * DAY_MS),
    "en": {
        "second": 1_000,
        "sec": 1_000,
        "minute": MINUTE_MS,
        "min": MINUTE_MS,
        "hour": HOUR_MS,
        "day": DAY_MS,
        "week": 7 * DAY_MS,
    },
}
_ZH_UNITS = (
    ("秒钟", 1_000),
    ("秒", 1_000),
    ("分钟", MINUTE_MS),
    ("分", MINUTE_MS),
    ("刻钟", 15 * MINUTE_MS),
    ("小时", HOUR_MS),
    ("钟头", HOUR_MS),
    ("工作日", DAY_MS),
    ("天", DAY_MS),
    ("日", DAY_MS),
    ("星期", 7 * DAY_MS),
    ("礼拜", 7 * DAY_MS),
    ("周", 7 * DAY_MS),
)
_ZH_NOT_AFTER = frozenset("第前这那头每")
"""第一天 is the first day, 前几天 some days ago."""
_ZH_AFTER_MINUTES = frozenset("半零一二两三四五六七八九十0123456789")
"""What follows 分 where it means minutes and is written without 钟: 五分二十秒. 十分 is "very", 五分 a mark."""
_RU_WHOLE = (
    dict.fromkeys("полчаса получаса полчасика получасика".split(), 30 * MINUTE_MS)
    | dict.fromkeys("полминуты полминутки полминуточки".split(), 30_000)
    | dict.fromkeys("полдня полсуток".split(), 12 * HOUR_MS)
)
_RU_SPLIT = {
    ("пол", "часа"): 30 * MINUTE_MS,
    ("пол", "часика"): 30 * MINUTE_MS,
    ("пол", "минуты"): 30_000,
    ("четверть", "часа"): 15 * MINUTE_MS,
}
_EN_SPLIT = {
    ("half", "an", "hour"): 30 * MINUTE_MS,
    ("half", "a", "minute"): 30_000,
    ("half", "a", "day"): 12 * HOUR_MS,
    ("quarter", "of", "an", "hour"): 15 * MINUTE_MS,
    ("three", "quarters", "of", "an", "hour"): 45 * MINUTE_MS,
    ("half", "hour"): 30 * MINUTE_MS,
}
_ZH_SPLIT = (
    ("半个小时", 30 * MINUTE_MS),
    ("半个钟头", 30 * MINUTE_MS),
    ("半小时", 30 * MINUTE_MS),
    ("半分钟", 30_000),
    ("半天", 12 * HOUR_MS),
)
_GLUED = re.compile(r"(\d+)-?(мин|сек|час|ч|min|mins|sec|secs|hr|hrs|h|hour|minute|second|day)$")
_GLUED_MS = {"мин": MINUTE_MS, "сек": 1_000, "час": HOUR_MS, "ч": HOUR_MS, "min": MINUTE_MS, "mins": MINUTE_MS, "sec": 1_000}
_GLUED_MS |= {"secs": 1_000, "hr": HOUR_MS, "hrs": HOUR_MS, "h": HOUR_MS, "hour": HOUR_MS, "minute": MINUTE_MS, "second": 1_000}
_GLUED_MS |= {"day": DAY_MS}

_BETWEEN = {
    "ru": frozenset("рабочий календарный полный целый буквальный".split()),
    "en": frozenset("of more business working calendar full whole short".split()),
}
"""Lemmas that may stand between the number and the unit."""
_NOT_ALONE = {
    "ru": frozenset(
        (
            "в во добрый хороший удачный приятный прекрасный каждый любой этот тот данный сей последний первый другой весь "
            "следующий самый рабочий завтрашний сегодняшний"
        ).split()
    ),
    "en": frozenset("per every each once twice times nice good great this that last first next".split()),
}
"""Words after which a unit alone is none."""
_EN_ONE = frozenset("a an another".split())
_RU_INVERTED = frozenset("минут минуты минутки минуток часа часов часика часиков дня дней секунд секунды недели недель".split())
"""Forms of a unit that the number may follow: "минут пять"."""
_RU_MANY = frozenset("минут минутам минутами часов часам часами дней дням днями секунд секундам секундами".split())
"""Forms of a unit that never mean one of it."""
_RU_OR_MORE = {"другую": 2.0, "другой": 2.0, "полтора": 1.5, "полторы": 1.5, "два": 2.0, "две": 2.0}
"""What after a unit makes a range from one of it: "час-полтора"."""

_BEFORE: dict[str, tuple[tuple[Bound, tuple[str, ...]], ...]] = {
    "ru": (
        ("most", ("не больше", "не более", "не дольше", "максимум", "не позднее", "не позже", "в течение", "в пределах", "до")),
        ("least", ("не меньше", "не менее", "не раньше", "минимум", "больше", "более", "свыше")),
        ("about", ("около", "примерно", "порядка", "приблизительно", "где-то", "где то", "ориентировочно")),
    ),
    "en": (
        (
            "most",
            ("no more than", "not more than", "no longer than", "up to", "at most", "within", "under", "less than", "maximum"),
        ),
        ("least", ("at least", "more than", "no less than", "not less than", "over", "minimum")),
        ("about", ("about", "around", "approximately", "roughly", "maybe")),
    ),
    "zh": (
        ("most", ("不超过", "不会超过", "不到", "最多", "顶多")),
        ("least", ("至少", "最少", "超过")),
        ("about", ("大概", "大约", "差不多", "大概需要", "大约需要", "大概要")),
    ),
}
_AFTER: dict[str, tuple[tuple[Bound, tuple[str, ...]], ...]] = {
    "ru": (("most", ("максимум", "от силы")), ("least", ("минимум", "как минимум")), ("about", ("примерно",))),
    "en": (("most", ("or less", "at most", "maximum", "tops")), ("least", ("or more", "at least")), ("about", ("or so",))),
    "zh": (("most", ("以内", "之内", "内", "以下", "就好", "就可以")), ("least", ("以上",)), ("about", ("左右", "上下"))),
}


@dataclass(frozen=True, slots=True)
class Duration(Parsed):
    """A length of time.

    Attributes
    ----------
    value, least
        In ms.
    bound
        Whether it is meant as it is, as a round figure, or as the most or least that it may be.
    unit_ms
        The smallest unit that is named.
    """

    bound: Bound = "exact"
    unit_ms: float = MINUTE_MS


def duration_at(tokens: Sequence[Token], start: int, language: str) -> Duration | None:
    """The duration in ms that begins at a token; None for none.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("не больше двух минут".split())]
    >>> duration_at(tokens(said, "ru"), 2, "ru")
    Duration(end=4, value=120000.0, least=120000.0, bound='most', unit_ms=60000)
    """
    is_possible = start < len(tokens) and language in _BEFORE and may_begin_duration(tokens[start].form, language)
    part = _part(tokens, start, language) if is_possible else None
    if part is None:
        return None
    end, value, least, smallest = part.end, part.value, part.least, part.unit
    while end < len(tokens) and not tokens[end - 1].ends_sentence:
        at = end + 1 if tokens[end].form in {"и", "and", "零"} else end
        following = _part(tokens, at, language, is_counted=True)
        if following is None or following.unit >= smallest:
            break
        end, smallest = following.end, following.unit
        value, least = value + following.value, least + following.least
    return Duration(end, value, least, _bound(tokens, start, end, language, is_about=part.is_about), smallest)


@lru_cache(maxsize=50_000)
def may_begin_duration(form: str, language: str) -> bool:
    """Whether a duration may begin with a word: quick, for most words are none."""
    if may_begin_number(form, language):
        return True
    if language == "zh":
        return form == "半"
    if language == "en":
        return form in _EN_ONE or any(words[0] == form for words in _EN_SPLIT)
    return form in _RU_WHOLE or any(words[0] == form for words in _RU_SPLIT) or bool(_unit_of(form, "ru"))


@dataclass(frozen=True, slots=True)
class _Part:
    """A number of one unit."""

    end: int
    value: float
    least: float
    unit: float
    is_about: bool = False


def _part(tokens: Sequence[Token], start: int, language: str, *, is_counted: bool = False) -> _Part | None:
    """A number of one unit at a token; ``is_counted`` asks for its number."""
    if start >= len(tokens):
        return None
    if language == "zh":
        return _chinese(tokens, start)
    fixed = _fixed(tokens, start, language)
    if fixed is not None:
        return fixed
    counted = _counted(tokens, start, language)
    if counted is not None or is_counted:
        return counted
    return _alone(tokens, start) if language == "ru" else None


def _fixed(tokens: Sequence[Token], start: int, language: str) -> _Part | None:
    """Expressions such as "полчаса", and "5мин"."""
    form = tokens[start].form
    if form in _RU_WHOLE:
        return _Part(start + 1, _RU_WHOLE[form], _RU_WHOLE[form], _RU_WHOLE[form])
    for words, ms in (_RU_SPLIT if language == "ru" else _EN_SPLIT).items():
        if words[0] == form and _forms(tokens, start, len(words)) == words:
            return _Part(start + len(words), ms, ms, ms)
    glued = _GLUED.match(form)
    if glued:
        unit = _GLUED_MS[glued[2]]
        return _Part(start + 1, float(glued[1]) * unit, float(glued[1]) * unit, unit)
    return None


def _counted(tokens: Sequence[Token], start: int, language: str) -> _Part | None:
    number = range_at(tokens, start, language)
    is_article = language == "en" and tokens[start].form in _EN_ONE and number is None
    if is_article and not (start and tokens[start - 1].form in _NOT_ALONE["en"]):
        number = Parsed(start + 1, 1.0, 1.0)
    if number is None:
        return None
    end, half = number.end, 0.0
    if _forms(tokens, end, 2) == ("с", "половиной") or _forms(tokens, end, 3) == ("and", "a", "half"):
        end, half = end + (2 if language == "ru" else 3), 0.5
    between = 0
    while end < len(tokens) and between < 2 and _is_any(tokens[end], _BETWEEN[language]):
        end, between = end + 1, between + 1
    unit = _unit(tokens, end, language)
    if not unit or (end > start and tokens[end - 1].ends_sentence):
        return None
    end += 1
    is_one = number.value == number.least == 1.0
    if language == "en" and is_one and _forms(tokens, end, 3) == ("and", "a", "half"):
        end, half = end + 3, 0.5
    if language == "en" and is_one and _forms(tokens, end, 2) == ("or", "two"):
        return _Part(end + 2, 2.0 * unit, unit, unit)
    return _Part(end, (number.value + half) * unit, (number.least + half) * unit, unit)


def _alone(tokens: Sequence[Token], start: int) -> _Part | None:
    """Russian units without a number before them: one of it, or as many as the number after it says ("минуты две")."""
    form, _, rest = tokens[start].form.partition("-")
    unit = _unit_of(form, "ru")
    if not unit or (start and not tokens[start - 1].ends_sentence and _is_any(tokens[start - 1], _NOT_ALONE["ru"])):
        return None
    if rest:
        most = _RU_OR_MORE.get(rest)
        return _Part(start + 1, most * unit, unit, unit) if most else None
    if not tokens[start].ends_sentence and start + 1 < len(tokens):
        if tokens[start + 1].form in _RU_OR_MORE and form not in _RU_INVERTED:
            return _Part(start + 2, _RU_OR_MORE[tokens[start + 1].form] * unit, unit, unit)
        is_over = tokens[start + 1].form in {"через", "или"}
        number = range_at(tokens, start + 1 + is_over, "ru") if is_over or form in _RU_INVERTED else None
        if number is not None and not _unit(tokens, number.end, "ru"):
            least = unit if tokens[start + 1].form == "или" else number.least * unit
            return _Part(number.end, number.value * unit, least, unit, is_about=True)
    return _Part(start + 1, unit, unit, unit) if form not in _RU_MANY else None


def _chinese(tokens: Sequence[Token], start: int) -> _Part | None:
    ahead = _text(tokens, start, 5)
    for said, ms in _ZH_SPLIT:
        if ahead.startswith(said):
            return _Part(start + len(said), ms, ms, ms)
    number = range_at(tokens, start, "zh")
    if number is None or (start and tokens[start - 1].form in _ZH_NOT_AFTER):
        return None
    end, half = number.end, 0.0
    while end < len(tokens) and tokens[end].form in {"个", "多", "来"}:
        end += 1
    if end > number.end and end < len(tokens) and tokens[end].form == "半":
        end, half = end + 1, 0.5
    ahead = _text(tokens, end, 4)
    for name, unit in _ZH_UNITS:
        if ahead.startswith(name) and not (name == "分" and ahead[1:2] not in _ZH_AFTER_MINUTES):
            end += len(name)
            if name in {"分", "天", "周"} and _text(tokens, end, 1) == "半":
                end, half = end + (2 if _text(tokens, end, 2) == "半钟" else 1), 0.5
            return _Part(end, (number.value + half) * unit, (number.least + half) * unit, unit)
    return None


def _bound(tokens: Sequence[Token], start: int, end: int, language: str, *, is_about: bool) -> Bound:
    """How a duration from ``start`` to ``end`` is meant, by the words before and after it."""
    sentence = start
    while sentence > 0 and start - sentence < 6 and not tokens[sentence - 1].ends_sentence:
        sentence -= 1
    joint = "" if language == "zh" else " "
    before = joint.join(_forms(tokens, sentence, start - sentence))
    after = joint.join(_forms(tokens, end, 4)) if end and not tokens[end - 1].ends_sentence else ""
    for bound, phrases in _BEFORE[language]:
        if any(before == phrase or before.endswith(joint + phrase) for phrase in phrases):
            return bound
    for bound, phrases in _AFTER[language]:
        if any(after == phrase or after.startswith(phrase + joint) for phrase in phrases):
            return bound
    return "about" if is_about else "exact"


def _unit(tokens: Sequence[Token], at: int, language: str) -> int:
    return _unit_of(tokens[at].form, language) if at < len(tokens) else 0


@lru_cache(maxsize=50_000)
def _unit_of(form: str, language: str) -> int:
    units = _UNITS[language]
    return units.get(form, 0) or next((units[lemma] for lemma in lemmas_of(form, language) if lemma in units), 0)


def _is_any(token: Token, words: frozenset[str]) -> bool:
    return token.form in words or not words.isdisjoint(token.lemmas)


def _forms(tokens: Sequence[Token], start: int, count: int) -> tuple[str, ...]:
    return tuple(token.form for token in tokens[start : start + count])


def _text(tokens: Sequence[Token], start: int, count: int) -> str:
    return "".join(_forms(tokens, start, count))
