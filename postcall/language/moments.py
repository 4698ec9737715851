"""Days and times as a promise names them: "завтра до обеда", "в понедельник после шести", "明天上午", "within two hours". Pure.

Definition
----------
day
    Counted from the day on which it is said ("послезавтра"), a weekday, or a date ("пятого марта", "5 марта", "三月五号").
window
    From and until when, in minutes after midnight: "утром" 6:00–12:00, "до обеда" until 13:00, "после шести" from 18:00 on,
    "к семи" and "в семь" the hour itself.
within
    "В течение часа", "через два дня", "in an hour", "两小时内": counted from when it is said, until its longer end.

`Moment.window` turns them into two instants. What is counted in days or weeks lasts until the end of its last day.

Edge cases
----------
- A weekday is the next one, today excluded; a date that is over is next year's.
- "В семь" without a part of the day, from 1 to 7, is in the afternoon: nobody promises a call at five in the morning.
- "До конца дня" and "в течение дня" last until midnight, "до конца рабочего дня" until 18:00.
- "Good afternoon" and "早上好" name no time.
- A time that is over, and of which no day is named, is tomorrow's: "до обеда", said at three.

References
----------
rostelecom-12, cabletv-23: who promises a call says when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from postcall.language.clock_times import clock_at, may_begin_time
from postcall.language.durations import DAY_MS, duration_at, may_begin_duration
from postcall.language.morphology import lemmas_of
from postcall.language.numbers import may_begin_number, number_at
from postcall.language.tokens import Token

_DAY_MIN = 24 * 60
_NOON_MIN, _LUNCH_MIN, _END_OF_WORK_MIN = 12 * 60, 13 * 60, 18 * 60
_LATEST_HOUR_IN_AFTERNOON = 7
_BEFORE_NOON = frozenset("утро ночь morning am a.m 上 晨 早".split())

_DAYS: dict[str, tuple[tuple[tuple[str, ...], int], ...]] = {
    "ru": ((("сегодня",), 0), (("завтра",), 1), (("послезавтра",), 2)),
    "en": ((("the", "day", "after", "tomorrow"), 2), (("today",), 0), (("tonight",), 0), (("tomorrow",), 1)),
    "zh": (
        (tuple("今天"), 0),
        (tuple("今晚"), 0),
        (tuple("明天"), 1),
        (tuple("明早"), 1),
        (tuple("明晚"), 1),
        (tuple("后天"), 2),
    ),
}
_WEEKDAYS: dict[str, tuple[str, ...]] = {
    "ru": ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "zh": ("一", "二", "三", "四", "五", "六", "日"),
}
_MONTHS: dict[str, tuple[str, ...]] = {
    "ru": (
        "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
    ),
    "en": (
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ),
}  # fmt: skip
_EN_ORDINALS = dict(
    zip(
        (
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
            "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
        ).split(),
        (*range(1, 21), 30),
        strict=True,
    )
)
_WINDOWS: dict[str, tuple[tuple[tuple[str, ...], tuple[int, int]], ...]] = {
    "ru": (
        (("до", "конца", "рабочего", "дня"), (0, _END_OF_WORK_MIN)),
        (("к", "концу", "рабочего", "дня"), (0, _END_OF_WORK_MIN)),
        (("в", "первой", "половине", "дня"), (0, _NOON_MIN)),
        (("во", "второй", "половине", "дня"), (_NOON_MIN, _END_OF_WORK_MIN)),
        (("до", "конца", "дня"), (0, _DAY_MIN)),
        (("в", "течение", "дня"), (0, _DAY_MIN)),
        (("в", "течение", "рабочего", "дня"), (0, _END_OF_WORK_MIN)),
        (("до", "обеда"), (0, _LUNCH_MIN)),
        (("после", "обеда"), (_LUNCH_MIN, _DAY_MIN)),
        (("до", "вечера"), (0, _END_OF_WORK_MIN)),
        (("утром",), (6 * 60, _NOON_MIN)),
        (("днем",), (_NOON_MIN, _END_OF_WORK_MIN)),
        (("вечером",), (17 * 60, _DAY_MIN)),
    ),
    "en": (
        (("by", "the", "end", "of", "the", "day"), (0, _DAY_MIN)),
        (("by", "end", "of", "day"), (0, _DAY_MIN)),
        (("before", "lunch"), (0, _LUNCH_MIN)),
        (("after", "lunch"), (_LUNCH_MIN, _DAY_MIN)),
        (("in", "the", "morning"), (6 * 60, _NOON_MIN)),
        (("in", "the", "afternoon"), (_NOON_MIN, _END_OF_WORK_MIN)),
        (("in", "the", "evening"), (17 * 60, _DAY_MIN)),
        (("morning",), (6 * 60, _NOON_MIN)),
        (("afternoon",), (_NOON_MIN, _END_OF_WORK_MIN)),
        (("evening",), (17 * 60, _DAY_MIN)),
    ),
    "zh": (
        (tuple("下班前"), (0, _END_OF_WORK_MIN)),
        (tuple("下班之前"), (0, _END_OF_WORK_MIN)),
        (tuple("下班以前"), (0, _END_OF_WORK_MIN)),
        (tuple("当天"), (0, _DAY_MIN)),
        (tuple("上午"), (6 * 60, _NOON_MIN)),
        (tuple("早上"), (6 * 60, _NOON_MIN)),
        (tuple("中午"), (_NOON_MIN, 14 * 60)),
        (tuple("下午"), (_NOON_MIN, _END_OF_WORK_MIN)),
        (tuple("晚上"), (17 * 60, _DAY_MIN)),
    ),
}
_UNTIL = {"ru": frozenset("до".split()), "en": frozenset("before by until till".split())}
_FROM = {"ru": frozenset("после с".split()), "en": frozenset("after from".split())}
_LEADS = {"ru": frozenset("в во на к ко".split()), "en": frozenset("on at this next".split()), "zh": frozenset("在就于")}
_WITHIN = {
    "ru": (("в", "течение"), ("в", "течении"), ("не", "позднее", "чем", "через"), ("через",)),
    "en": (("within", "the", "next"), ("in", "the", "next"), ("within",), ("in",)),
}
_WISHED = frozenset("good nice great lovely wonderful".split())
_REST_OF_DAY = (("в", "течение", "дня"), ("в", "течение", "рабочего", "дня"))
"""Windows of the day, though they begin like a duration."""
_ZH_WITHIN = frozenset("内之以后")
_ZH_WEEKDAY_BEGINS = frozenset("下周星礼")


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, a time, or both.

    Attributes
    ----------
    end
        Index of the first token that does not belong to it.
    days
        From the day on which it is said.
    weekday
        0 Monday … 6 Sunday.
    month, day
        A date.
    from_min, to_min
        Minutes after midnight; None where no time is named.
    within_ms
        From when it is said.
    is_by_days
        Whether ``within_ms`` is counted in days.
    """

    end: int
    days: int | None = None
    weekday: int | None = None
    month: int | None = None
    day: int | None = None
    from_min: int | None = None
    to_min: int | None = None
    within_ms: float | None = None
    is_by_days: bool = False

    def window(self, said_at: datetime) -> tuple[datetime, datetime]:
        """From and until when, of somebody who says it at a local time.

        Examples
        --------
        >>> Moment(2, days=1, to_min=780).window(datetime(2026, 3, 2, 18, 30))
        (datetime.datetime(2026, 3, 3, 0, 0), datetime.datetime(2026, 3, 3, 13, 0))
        """
        midnight = said_at.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.within_ms is not None:
            until = said_at + timedelta(milliseconds=self.within_ms)
            if self.is_by_days:
                until = until.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            return said_at, until
        if self.days is not None:
            midnight += timedelta(days=self.days)
        elif self.weekday is not None:
            midnight += timedelta(days=(self.weekday - midnight.weekday() - 1) % 7 + 1)
        elif self.month is not None and self.day is not None:
            midnight = _date_after(midnight, self.month, self.day)
        begins = midnight + timedelta(minutes=self.from_min or 0)
        ends = midnight + timedelta(minutes=_DAY_MIN if self.to_min is None else self.to_min)
        if ends <= said_at and self.days is None and self.weekday is None and self.month is None:
            begins, ends = begins + timedelta(days=1), ends + timedelta(days=1)
        return max(begins, said_at), max(ends, said_at)


def moment_at(tokens: Sequence[Token], start: int, language: str) -> Moment | None:
    """The moment that begins at a token; None for none."""
    if language not in _DAYS or start >= len(tokens):
        return None
    is_turned_round = language == "ru" and start + 1 < len(tokens) and tokens[start + 1].form == "через"
    if not is_turned_round and not _may_begin(tokens[start].form, language):
        return None
    return _read(tokens, start, language)


def _read(tokens: Sequence[Token], start: int, language: str) -> Moment | None:
    within = _within(tokens, start, language)
    if within is not None:
        return within
    found = day_at(tokens, start, language) or _time(tokens, start, language)
    if found is None or tokens[found.end - 1].ends_sentence:
        return found
    has_day = found.from_min is None and found.to_min is None
    more = _time(tokens, found.end, language) if has_day else day_at(tokens, found.end, language)
    if more is None:
        return found
    if has_day:
        return replace(found, end=more.end, from_min=more.from_min, to_min=more.to_min)
    return replace(more, from_min=found.from_min, to_min=found.to_min)


@lru_cache(maxsize=50_000)
def _may_begin(form: str, language: str) -> bool:
    """Whether a moment may begin with a word, but for "минут через двадцать": quick, for most words are none."""
    if may_begin_time(form, language) or may_begin_number(form, language) or may_begin_duration(form, language):
        return True
    phrases = (*_DAYS[language], *_WINDOWS[language])
    if any(words[0] == form for words, _ in phrases) or any(
        words[0] == form for words in (*_WITHIN.get(language, ()), *_REST_OF_DAY)
    ):
        return True
    if any(form in kinds.get(language, ()) for kinds in (_LEADS, _UNTIL, _FROM)):
        return True
    if language == "zh":
        return form in _ZH_WEEKDAY_BEGINS
    names = {form, *lemmas_of(form, language)}
    return not names.isdisjoint((*_WEEKDAYS[language], *_MONTHS[language])) or form == "the" or form in _EN_ORDINALS


def _date_after(midnight: datetime, month: int, day: int) -> datetime:
    """The next day of that date; the last of its month where the month has no such day."""
    for year in (midnight.year, midnight.year + 1):
        first = midnight.replace(year=year, month=month, day=1)
        date = min(first + timedelta(days=day - 1), (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        if date >= midnight:
            return date
    return date


def _within(tokens: Sequence[Token], start: int, language: str) -> Moment | None:
    if language == "zh":
        length = duration_at(tokens, start, language)
        is_within = length is not None and length.end < len(tokens) and tokens[length.end].form in _ZH_WITHIN
        if length is None or not is_within:
            return None
        end = length.end + (2 if tokens[length.end].form in "之以" else 1)
        return Moment(min(end, len(tokens)), within_ms=length.value, is_by_days=length.unit_ms >= DAY_MS)
    if any(_forms(tokens, start, len(words)) == words for words in _REST_OF_DAY):
        return None
    if language == "ru" and _forms(tokens, start + 1, 1) == ("через",):
        return _turned_round(tokens, start)
    for words in _WITHIN[language]:
        if _forms(tokens, start, len(words)) == words:
            length = duration_at(tokens, start + len(words), language)
            return (
                Moment(length.end, within_ms=length.value, is_by_days=length.unit_ms >= DAY_MS) if length is not None else None
            )
    return None


def _turned_round(tokens: Sequence[Token], start: int) -> Moment | None:
    """ "Минут через двадцать": the unit stands before."""
    number = number_at(tokens, start + 2, "ru")
    if number is None:
        return None
    counted = (*(replace(token, ends_sentence=False) for token in tokens[start + 2 : number.end]), tokens[start])
    length = duration_at(counted, 0, "ru")
    is_whole = length is not None and length.end == len(counted)
    if length is None or not is_whole:
        return None
    return Moment(number.end, within_ms=length.value, is_by_days=length.unit_ms >= DAY_MS)


def day_at(tokens: Sequence[Token], start: int, language: str) -> Moment | None:
    """The day that begins at a token, a preposition before it included; None for none."""
    if language not in _DAYS:
        return None
    at = start + (start < len(tokens) and tokens[start].form in _LEADS[language])
    if at >= len(tokens):
        return None
    for words, days in _DAYS[language]:
        if _forms(tokens, at, len(words)) == words:
            # 今晚 is a day and a time: the time is read from its last character on.
            is_evening, is_morning = words[-1] in {"晚", "tonight"}, words[-1] == "早"
            hours = (17 * 60, _DAY_MIN) if is_evening else (6 * 60, _NOON_MIN) if is_morning else (None, None)
            clock = clock_at(tokens, at, language) if language == "zh" and hours[0] is not None else None
            if clock is not None:
                return Moment(clock.end, days, from_min=int(clock.value), to_min=int(clock.value))
            return Moment(at + len(words), days, from_min=hours[0], to_min=hours[1])
    return _weekday(tokens, at, language) or _date(tokens, at, language)


def _weekday(tokens: Sequence[Token], at: int, language: str) -> Moment | None:
    names = _WEEKDAYS[language]
    if language != "zh":
        found = next((number for number, name in enumerate(names) if name in tokens[at].lemmas), None)
        return Moment(at + 1, weekday=found) if found is not None else None
    at += tokens[at].form == "下" and at + 1 < len(tokens)
    ahead = "".join(_forms(tokens, at, 3))
    for week in ("周", "星期", "礼拜"):
        name = ahead[len(week) : len(week) + 1].replace("天", "日")
        if ahead.startswith(week) and name and name in names:
            return Moment(at + len(week) + 1, weekday=names.index(name))
    return None


def _date(tokens: Sequence[Token], at: int, language: str) -> Moment | None:
    if language == "zh":
        month = number_at(tokens, at, "zh")
        if month is None or _forms(tokens, month.end, 1) != ("月",) or not 1 <= month.value <= 12:
            return None
        day = number_at(tokens, month.end + 1, "zh")
        if day is None or _forms(tokens, day.end, 1) not in {("号",), ("日",)} or not 1 <= day.value <= 31:
            return None
        return Moment(day.end + 1, month=int(month.value), day=int(day.value))
    if language == "ru":
        day = number_at(tokens, at, "ru")
        month_of = _month(tokens, day.end, "ru") if day is not None else None
        is_date = day is not None and month_of is not None and 1 <= day.value <= 31 and day.value == int(day.value)
        return Moment(day.end + 1, month=month_of, day=int(day.value)) if is_date and day is not None else None
    at += tokens[at].form == "the" and at + 1 < len(tokens)
    month_of = _month(tokens, at, "en")
    place = at + 1 if month_of is not None else at
    number = _english_ordinal(tokens, place + (_forms(tokens, place, 1) == ("the",)))
    if number is None:
        return None
    end, value = number
    if month_of is None:
        end += _forms(tokens, end, 1) == ("of",)
        month_of, end = _month(tokens, end, "en"), end + 1
    return Moment(end, month=month_of, day=value) if month_of is not None else None


def _english_ordinal(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    if at >= len(tokens):
        return None
    form = tokens[at].form
    digits = form[:-2] if form.endswith(("st", "nd", "rd", "th")) else form
    if digits.isdecimal() and 1 <= int(digits) <= 31:
        return at + 1, int(digits)
    if form in {"twenty", "thirty"} and at + 1 < len(tokens) and _EN_ORDINALS.get(tokens[at + 1].form, 10) < 10:
        return at + 2, (20 if form == "twenty" else 30) + _EN_ORDINALS[tokens[at + 1].form]
    return (at + 1, _EN_ORDINALS[form]) if form in _EN_ORDINALS else None


def _month(tokens: Sequence[Token], at: int, language: str) -> int | None:
    if at >= len(tokens):
        return None
    names = (tokens[at].form, *tokens[at].lemmas)
    return next((number for number, month in enumerate(_MONTHS[language], 1) if month in names), None)


def _time(tokens: Sequence[Token], start: int, language: str) -> Moment | None:
    if start >= len(tokens):
        return None
    clock = clock_at(tokens, start, language)
    for words, (begins, ends) in _WINDOWS[language] if clock is None else ():
        if _forms(tokens, start, len(words)) == words and not _greets(tokens, start, start + len(words), language):
            return Moment(start + len(words), from_min=begins, to_min=ends)
    form = tokens[start].form
    is_until, is_from = (form in kind.get(language, frozenset()) for kind in (_UNTIL, _FROM))
    at = start + 1 if is_until or is_from or form in _LEADS[language] else start
    clock = clock_at(tokens, at, language) if at > start else clock
    if clock is None:
        return None
    end, minute = clock.end, _at_work(tokens, at, clock.end, int(clock.value))
    if language == "zh" and end < len(tokens):
        after = "".join(_forms(tokens, end, 2))
        is_until, is_from = after.startswith(("前", "之前", "以前")), after.startswith(("后", "之后", "以后"))
        end += (1 if after[0] in "前后" else 2) if is_until or is_from else 0
    return Moment(end, from_min=0 if is_until else minute, to_min=_DAY_MIN if is_from else minute)


def _greets(tokens: Sequence[Token], start: int, end: int, language: str) -> bool:
    """Whether a part of the day is a greeting's or a wish's: "good afternoon", "早上好"."""
    if language == "en":
        return start > 0 and tokens[start - 1].form in _WISHED
    return language == "zh" and _forms(tokens, end, 1) == ("好",)


def _at_work(tokens: Sequence[Token], start: int, end: int, minute: int) -> int:
    """A time from 1 to 7 that names no part of the day, in the afternoon."""
    names = {name for token in tokens[start:end] for name in (token.form, *token.lemmas)}
    if names & _BEFORE_NOON or not 60 <= minute < (_LATEST_HOUR_IN_AFTERNOON + 1) * 60:
        return minute
    return minute + _NOON_MIN


def _forms(tokens: Sequence[Token], start: int, count: int) -> tuple[str, ...]:
    return tuple(token.form for token in tokens[start : start + count])
