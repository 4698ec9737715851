"""Times of the day as they are said. Pure.

Definition
----------
"В семь вечера", "полседьмого", "без пяти восемь", "half past six", "下午三点", "18:30", in minutes after midnight. A bare
number is none: it needs a part of the day, "часов", "o'clock", 点, or minutes; or a preposition that only times follow where
nothing is counted ("после шести", "by six").

Edge cases
----------
- "В семь" may be in the morning or in the evening: the value is what is said, and 7 without more is 7:00.
- "Два часа" is a time after "в", "к", "с", "до", "после" or "около"; elsewhere it is a duration.
- "一点" is one o'clock only with a part of the day, or before 半, 钟, 整, 左右 or 之前: elsewhere it is "a bit". "三点五" is a
  decimal.

References
----------
rostelecom-12, cabletv-23: who promises a call says when.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from postcall.language.morphology import grammemes_of, lemmas_of
from postcall.language.numbers import Parsed, may_begin_number, number_at
from postcall.language.tokens import Token

_NOON = 12
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(am|pm)?$")
_GLUED = re.compile(r"(\d{1,2})(am|pm|a\.m|p\.m)$")

_RU_TIME_BEFORE = frozenset("в во к ко с со до после около на".split())
_BARE_BEFORE = {"ru": frozenset("после до к ко с".split()), "en": frozenset("after before by until till".split())}
"""Prepositions after which a bare number is a time, unless it counts something."""
_EN_TIME_BEFORE = frozenset("at after before by until till around about from".split())
_EN_AFTER_BARE = frozenset("today tomorrow tonight on and or please if when then i we you is if".split())
_RU_HALF = {
    "полпервого": 1, "полвторого": 2, "полтретьего": 3, "полчетвертого": 4, "полпятого": 5, "полшестого": 6, "полседьмого": 7,
    "полвосьмого": 8, "полдевятого": 9, "полдесятого": 10, "пол-одиннадцатого": 11, "полодиннадцатого": 11,
    "полдвенадцатого": 12,
}  # fmt: skip
_RU_NEXT_HOUR = {
    "первого": 1, "второго": 2, "третьего": 3, "четвертого": 4, "пятого": 5, "шестого": 6, "седьмого": 7, "восьмого": 8,
    "девятого": 9, "десятого": 10, "одиннадцатого": 11, "двенадцатого": 12,
}  # fmt: skip
_NAMED = {"полдень": 720, "полудня": 720, "полночь": 0, "полуночи": 0, "noon": 720, "midday": 720, "midnight": 0}
_PARTS = {
    "утро": "morning", "день": "day", "вечер": "evening", "ночь": "night", "morning": "morning", "afternoon": "day",
    "evening": "evening", "night": "night", "am": "morning", "a.m": "morning", "pm": "evening", "p.m": "evening",
}  # fmt: skip
_ZH_PARTS = (
    ("早上", "morning"), ("上午", "morning"), ("凌晨", "night"), ("中午", "noon"), ("下午", "day"), ("傍晚", "evening"),
    ("晚上", "evening"), ("今晚", "evening"), ("明晚", "evening"), ("明早", "morning"),
)  # fmt: skip
_ZH_AFTER_ONE = ("半", "钟", "整", "左右", "之前", "以前", "前", "之后", "以后", "后", "到")


def clock_at(tokens: Sequence[Token], start: int, language: str) -> Parsed | None:
    """The time of the day that begins at a token, in minutes after midnight; None for none."""
    if start >= len(tokens) or not may_begin_time(tokens[start].form, language):
        return None
    form = tokens[start].form
    written = _CLOCK.match(form)
    if written and int(written[1]) < 24 and int(written[2]) < 60:
        return _with_part(tokens, start + 1, int(written[1]), int(written[2]), written[3] or "")
    glued = _GLUED.match(form)
    if glued and int(glued[1]) <= _NOON:
        return _with_part(tokens, start + 1, int(glued[1]), 0, glued[2])
    if form in _NAMED:
        return Parsed(start + 1, float(_NAMED[form]), float(_NAMED[form]))
    reader = {"ru": _russian, "en": _english, "zh": _chinese}.get(language)
    return reader(tokens, start) if reader else None


@lru_cache(maxsize=50_000)
def may_begin_time(form: str, language: str) -> bool:
    """Whether a time of the day may begin with a word: quick, for most words are none."""
    if may_begin_number(form, language) or form in _NAMED or _CLOCK.match(form) or _GLUED.match(form):
        return True
    if language == "ru":
        lemmas = lemmas_of(form, "ru")
        return form in _RU_HALF or form in {"пол", "четверть", "без"} or "половина" in lemmas or "час" in lemmas
    if language == "en":
        return form in {"half", "quarter"}
    return form == "差" or any(name.startswith(form) for name, _ in _ZH_PARTS)


def _with_part(tokens: Sequence[Token], end: int, hour: int, minute: int, said: str = "") -> Parsed:
    """A time with the part of the day that is said, or that follows."""
    part = _PARTS.get(said)
    if part is None:
        part, end = _part_at(tokens, end)
    value = float(_on_day(hour, part) * 60 + minute)
    return Parsed(end, value, value)


def _part_at(tokens: Sequence[Token], at: int) -> tuple[str | None, int]:
    """The part of the day at a token, and where it ends: "вечера", "in the evening"."""
    if at >= len(tokens) or (at > 0 and tokens[at - 1].ends_sentence):
        return None, at
    ahead = 2 if _forms(tokens, at, 2) == ("in", "the") else 1 if tokens[at].form == "at" else 0
    if at + ahead < len(tokens):
        token = tokens[at + ahead]
        part = next((_PARTS[name] for name in (token.form, *sorted(token.lemmas)) if name in _PARTS), None)
        if part is not None:
            return part, at + ahead + 1
    return None, at


def _on_day(hour: int, part: str | None) -> int:
    """An hour of a half day on the clock of 24."""
    if part == "night":
        return 0 if hour == _NOON else hour + _NOON if hour >= 9 else hour
    if part == "morning":
        return 0 if hour == _NOON else hour
    if part == "noon":
        return hour + _NOON if hour < 3 else hour
    if part == "day" and hour < 9:
        return hour + _NOON
    if part == "evening" and hour < _NOON:
        return hour + _NOON
    return hour


def _russian(tokens: Sequence[Token], start: int) -> Parsed | None:
    special = _russian_by_next_hour(tokens, start)
    if special is not None:
        return special
    before = tokens[start - 1].form if start and not tokens[start - 1].ends_sentence else ""
    hour = number_at(tokens, start, "ru")
    if hour is None:
        if "час" not in tokens[start].lemmas or tokens[start].form not in {"час", "часу", "часа"}:
            return None
        part, end = _part_at(tokens, start + 1)
        return _with_part(tokens, start + 1, 1, 0) if part is not None else None
    if not 0 <= hour.value < 24 or hour.value != int(hour.value):
        return None
    end, is_said = hour.end, False
    if end < len(tokens) and not tokens[end - 1].ends_sentence and tokens[end].lemmas & {"час", "часик"}:
        end, is_said = end + 1, before in _RU_TIME_BEFORE - {"на"}
    minutes = number_at(tokens, end, "ru") if end < len(tokens) and not tokens[end - 1].ends_sentence else None
    minute = 0
    if (
        minutes is not None
        and 10 <= minutes.value < 60
        and minutes.value % 5 == 0
        and (before in _RU_TIME_BEFORE or is_said or _part_at(tokens, minutes.end)[0] is not None)
    ):
        end, minute, is_said = minutes.end, int(minutes.value), True
        end += end < len(tokens) and "минута" in tokens[end].lemmas
    part, after = _part_at(tokens, end)
    if part is not None:
        return _with_part(tokens, end, int(hour.value), minute)
    if is_said or (before in _BARE_BEFORE["ru"] and end == hour.end and hour.value > 0 and not _counts_something(tokens, end)):
        value = hour.value * 60 + minute
        return Parsed(after, value, value)
    return None


def _russian_by_next_hour(tokens: Sequence[Token], start: int) -> Parsed | None:
    """ "Полседьмого", "половина седьмого", "пять минут седьмого", "без пяти семь"."""
    form = tokens[start].form
    following = tokens[start + 1].form if start + 1 < len(tokens) and not tokens[start].ends_sentence else ""
    if form in _RU_HALF:
        return _with_part(tokens, start + 1, _RU_HALF[form] - 1, 30)
    if ("половина" in tokens[start].lemmas or form == "пол") and following in _RU_NEXT_HOUR:
        return _with_part(tokens, start + 2, _RU_NEXT_HOUR[following] - 1, 30)
    if form == "четверть" and following in _RU_NEXT_HOUR:
        return _with_part(tokens, start + 2, _RU_NEXT_HOUR[following] - 1, 15)
    if form == "без":
        minutes = Parsed(start + 2, 15.0, 15.0) if following == "четверти" else number_at(tokens, start + 1, "ru")
        if minutes is None or not 0 < minutes.value < 31:
            return None
        at = minutes.end + (minutes.end < len(tokens) and "минута" in tokens[minutes.end].lemmas)
        hour = number_at(tokens, at, "ru")
        if hour is not None and 1 <= hour.value <= 24:
            end = hour.end + (hour.end < len(tokens) and "час" in tokens[hour.end].lemmas)
            return _with_part(tokens, end, int(hour.value) - 1, 60 - int(minutes.value))
        return _with_part(tokens, at + 1, 0, 60 - int(minutes.value)) if _forms(tokens, at, 1) == ("час",) else None
    minutes = number_at(tokens, start, "ru")
    if minutes is not None and 0 < minutes.value < 60 and minutes.end + 1 < len(tokens):
        hour_form = tokens[minutes.end + 1].form
        if "минута" in tokens[minutes.end].lemmas and hour_form in _RU_NEXT_HOUR:
            return _with_part(tokens, minutes.end + 2, _RU_NEXT_HOUR[hour_form] - 1, int(minutes.value))
    return None


def _counts_something(tokens: Sequence[Token], at: int) -> bool:
    """Whether a number before a token counts it: "до пяти рублей"."""
    if at >= len(tokens) or tokens[at - 1].ends_sentence:
        return False
    readings = grammemes_of(tokens[at].form)
    return bool(readings) and bool(readings[0] & {"NOUN", "ADJF", "NUMR"}) and not readings[0] & {"Name", "Surn", "Patr"}


def _english(tokens: Sequence[Token], start: int) -> Parsed | None:
    form = tokens[start].form
    minutes = (30, start + 1) if form == "half" else (15, start + 1) if form == "quarter" else None
    if minutes is None:
        number = number_at(tokens, start, "en")
        if number is None or number.value != int(number.value):
            return None
        minutes = (int(number.value), number.end)
    if minutes[0] < 60 and _forms(tokens, minutes[1], 1) in {("past",), ("to",), ("after",), ("of",)} and form != "of":
        hour = number_at(tokens, minutes[1] + 1, "en")
        is_past = tokens[minutes[1]].form in {"past", "after"}
        is_clock = form in {"half", "quarter"} or is_past or _part_at(tokens, hour.end if hour else 0)[0] is not None
        if hour is not None and 1 <= hour.value <= 12 and is_clock:
            shift = (0, minutes[0]) if is_past else (-1, 60 - minutes[0])
            return _with_part(tokens, hour.end, int(hour.value) + shift[0], shift[1])
    return None if form in {"half", "quarter"} else _english_hour(tokens, start, *minutes)


def _english_hour(tokens: Sequence[Token], start: int, hour: int, end: int) -> Parsed | None:
    if not 0 <= hour < 24:
        return None
    before = tokens[start - 1].form if start and not tokens[start - 1].ends_sentence else ""
    is_said, minute = False, 0
    if end < len(tokens) and tokens[end].form in {"o'clock", "oclock", "o’clock"}:
        end, is_said = end + 1, True
    elif end < len(tokens) and not tokens[end - 1].ends_sentence:
        minutes = number_at(tokens, end, "en")
        if minutes is not None and 10 <= minutes.value < 60:
            is_said = before in _EN_TIME_BEFORE or _part_at(tokens, minutes.end)[0] is not None
            end, minute = (minutes.end, int(minutes.value)) if is_said else (end, 0)
    part, after = _part_at(tokens, end)
    if part is not None:
        return _with_part(tokens, end, hour, minute)
    following = tokens[end].form if end < len(tokens) and not tokens[end - 1].ends_sentence else ""
    is_bare = before in _BARE_BEFORE["en"] and 0 < hour <= _NOON and (not following or following in _EN_AFTER_BARE)
    return Parsed(after, hour * 60.0 + minute, hour * 60.0 + minute) if is_said or is_bare else None


def _chinese(tokens: Sequence[Token], start: int) -> Parsed | None:
    ahead = _text(tokens, start, 2)
    part = next((part for name, part in _ZH_PARTS if ahead == name), None)
    at = start if part is None else start + 2
    before_hour = 0
    if _text(tokens, at, 1) == "差":
        less = number_at(tokens, at + 1, "zh")
        if less is None or _text(tokens, less.end, 1) not in {"分", "刻"}:
            return None
        before_hour, at = int(less.value) * (15 if tokens[less.end].form == "刻" else 1), less.end + 1
    hour = number_at(tokens, at, "zh")
    if hour is None or _text(tokens, hour.end, 1) not in {"点", "时"} or hour.value >= 24 or hour.value != int(hour.value):
        return None
    if part is None and before_hour == 0 and (_is_a_bit(tokens, at, hour.end) or (at and tokens[at - 1].form == "之")):
        return None
    end, minute = _chinese_minutes(tokens, hour.end + 1)
    if minute is None:
        return None
    value = float(_on_day(int(hour.value), part) * 60 + minute - before_hour)
    return Parsed(end, value, value)


def _is_a_bit(tokens: Sequence[Token], at: int, end: int) -> bool:
    """一点 that is no one o'clock."""
    return _text(tokens, at, end + 1 - at) == "一点" and not _text(tokens, end + 1, 2).startswith(_ZH_AFTER_ONE)


def _chinese_minutes(tokens: Sequence[Token], at: int) -> tuple[int, int | None]:
    """Where the minutes after 点 end, and how many; None for a decimal such as 三点五."""
    following = _text(tokens, at, 2)
    if following.startswith("半"):
        return at + 1, 30
    if following.startswith(("钟", "整")):
        return at + 1, 0
    if following in {"一刻", "三刻"}:
        return at + 2, 15 if following == "一刻" else 45
    minutes = number_at(tokens, at, "zh")
    if minutes is None or minutes.value >= 60:
        return at, 0
    if _text(tokens, minutes.end, 1) == "分":
        return minutes.end + 1, int(minutes.value)
    return (minutes.end, int(minutes.value)) if minutes.value >= 10 or following.startswith("零") else (at, None)


def _forms(tokens: Sequence[Token], start: int, count: int) -> tuple[str, ...]:
    return tuple(token.form for token in tokens[max(0, start) : start + count])


def _text(tokens: Sequence[Token], start: int, count: int) -> str:
    return "".join(_forms(tokens, start, count))
