"""What the talk is about where a number is said: "номер карты", "social security", "身份证". Pure.

Definition
----------
A subject is a word or phrase that names a kind of personal data, or a thing whose number is nobody's personal data (`OTHER`):
an order, a contract, a code. The last one before a number, whoever says it, is what the number is about.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from postcall.language.numbers import may_begin_number
from postcall.language.personal.kinds import Kind
from postcall.language.tokens import Token

OTHER = "other"
_NUMBER = "number"
"""A number, of whatever was asked for; of a telephone where nothing was: "my number is", "перезвоните на номер"."""
Subject = Kind | str

REACH = {"ru": 16, "en": 18, "zh": 40}
"""Tokens for which a subject holds, digits not counted."""
OTHER_REACH = {"ru": 10, "en": 12, "zh": 20}
"""The same of `OTHER`."""
REST = 3
"""Tokens after a number of a subject within which its rest may follow; further on it is answered."""
REACH_MS = 40_000
AFTER = 5
"""Tokens after a number within which a subject still counts: "… – это мой телефон"."""

_THINGS_RU = (
    r"(?:заказ|договор|заявк|заявлени|обращени|тикет|накладн|брон|билет|полис|контракт|счетчик|товар|лот|рейс|квитанци|чек|"
    r"купон|"
    r"приказ|посылк|отправлени|терминал|устройств|роутер|модем|приставк|прибор)\w*"
)
_THINGS_EN = (
    r"(?:order|reference|tracking|confirmation|case|ticket|serial|invoice|claim|booking|reservation|model|part|account|policy|"
    r"membership|contract|transaction|routing|flight|meter|shipment|verification|promo|coupon|product|item|router|request)"
)
_PATTERNS: dict[str, dict[Subject, str]] = {
    "ru": {
        Kind.PHONE: r"телефон\w*|мобильн\w+|сотов\w+|контактн\w+ номер\w*|номер\w* для связи|(?:вот|ват)сап\w*|"
        r"(?:на|по) как(?:ой|ому) номер\w*|перезвон\w+(?: \w+){0,2} (?:по|на)(?: номер\w*)?|вам перезвонить",
        _NUMBER: r"мой номер\w*|номер мой",
        Kind.CARD: r"(?<!сим )карт[аыуео]\w?|карточк\w+",
        Kind.PASSPORT: r"паспорт\w*|сери[яиюе]й?|код\w* подразделения",
        Kind.TAX_NUMBER: r"инн|иэнэн|налогоплательщик\w*",
        Kind.INSURANCE: r"снилс\w*|страхов\w+ (?:номер|свидетельств)\w*|пенсионн\w+ (?:номер|свидетельств|страхован)\w*",
        Kind.BIRTH_DATE: r"(?:дат\w+|день|дня|год\w*|число) (?:вашего |моего )?рождения|родил[аи]?с[ья]|рождения|день рождения",
        OTHER: rf"(?:номер\w*|код\w*|№) (?:\w+ (?:ваш|мо|наш|эт)\w* )?{_THINGS_RU}|"
        rf"(?:номер\w*|код\w*) (?:ваш|мо|наш|эт)\w+ {_THINGS_RU}|"
        rf"{_THINGS_RU} (?:под )?номер\w*|лицев\w+ счет\w*|трек\w*|артикул\w*|код\w* (?:из|подтвержд|доступа|ошибк|товара)\w*|"
        rf"бик|кпп|огрн\w*|"
        rf"серийн\w+|имей|imei|инвентарн\w+|штрих\w*|расчетн\w+ счет\w*|показани\w+",
    },
    "en": {
        Kind.PHONE: r"phone|telephone|mobile|cell(?:phone)?|contact number|callback number|call (?:me|you)(?: back)? (?:at|on)|"
        r"reach (?:me|you) (?:at|on)|best number|what number",
        _NUMBER: r"my (?:own )?number|number is",
        Kind.CARD: r"(?<!sim )card|visa|mastercard|amex|american express",
        Kind.SSN: r"social(?: security)?(?: number)?|ssn",
        Kind.BIRTH_DATE: r"(?:date|day|year) of birth|birth ?(?:date|day)|born|birthday|dob|d o b",
        OTHER: rf"{_THINGS_EN} (?:number|no|id|code)|"
        r"(?:reference|tracking|confirmation|ticket|serial|invoice|booking) (?:is|was)|"
        rf"(?:order|case|ticket|claim|invoice)(?= (?:number )?\d)|part number|zip code|imei",
    },
    "zh": {
        Kind.PHONE: r"电话|手机|联系方式|座机",
        _NUMBER: r"我的号码|号码是",
        Kind.CARD: r"银行卡|信用卡|储蓄卡|借记卡|卡号|卡的号码",
        Kind.RESIDENT_ID: r"身份证",
        Kind.BIRTH_DATE: r"出生|生日|生于",
        OTHER: r"订单|单号|工单|运单|快递|编号|验证码|合同|账号|流水|序列号|户号|表号|型号|条码|兑换码|激活码|房号|车次",
    },
}
_PARTS = {
    "ru": re.compile(r"\b(?:последн\w+|перв\w+) (?:\w+ )?цифр\w*"),
    "en": re.compile(r"\b(?:last|first) (?:\w+ )?(?:digits|numbers)\b|\blast four\b"),
    "zh": re.compile(r"[后末前][三四六]位"),
}
"""Somebody asks for a part of a number."""
_COMPILED = {
    language: [
        (subject, re.compile(pattern if language == "zh" else rf"(?<![\w-])(?:{pattern})(?![\w-])"))
        for subject, pattern in patterns.items()
    ]
    for language, patterns in _PATTERNS.items()
}


@dataclass(frozen=True, slots=True)
class _Named:
    first: int
    last: int
    start_ms: int
    subject: Subject


class Contexts:
    """The subjects of a call.

    Parameters
    ----------
    said
        Tokens of all speakers, in order of start.
    language
        ISO 639-1.
    """

    def __init__(self, said: Sequence[Token], language: str) -> None:
        self._language = language
        self._said = said
        is_number = [may_begin_number(token.form, language) for token in said]
        self._talk = [0, *accumulate(int(not one) for one in is_number)]
        self._answered: dict[int, int] = {}
        text, starts = "", []
        for token in said:
            starts.append(len(text))
            text += token.form if language == "zh" else token.form + " "
        found = []
        for subject, pattern in _COMPILED.get(language, ()):
            for match in pattern.finditer(text):
                first = bisect_left(starts, match.start() + 1) - 1
                last = bisect_left(starts, match.end()) - 1
                found.append(_Named(first, last, said[first].start_ms, subject))
        self._parts = (
            [bisect_left(starts, one.end()) - 1 for one in _PARTS[language].finditer(text)] if language in _PARTS else []
        )
        # Of two that end together the longer one: "номер карты заказа" is none of a card.
        self._named = sorted(found, key=lambda one: (one.last, -one.first))

    def is_named_between(self, first: int, last: int) -> bool:
        """Whether any subject is named between two places, both excluded."""
        return any(first < one.last < last for one in self._named if one.subject != _NUMBER)

    def at(self, place: int) -> bool:
        """Whether a place belongs to a subject."""
        return any(one.first <= place <= one.last for one in self._named)

    def is_part_asked(self, first: int) -> bool:
        """Whether a part of a number was asked for shortly before a place."""
        return any(one < first and self._talk[first] - self._talk[one] <= OTHER_REACH[self._language] for one in self._parts)

    def is_answered(self, first: int, subject: Subject) -> bool:
        """Whether the last mention of a subject before a place has had its number."""
        mentions = [one.last for one in self._named if one.last < first and one.subject == subject]
        return bool(mentions) and mentions[-1] in self._answered

    def answer(self, subject: Subject, first: int, last: int) -> None:
        """Note that a number was found to be what was last asked for before it."""
        for one in reversed(self._named):
            if one.last < first and one.subject == subject:
                self._answered.setdefault(one.last, last)
                return

    def of(self, first: int, last: int) -> Subject | None:
        """What is talked about where something is said.

        Parameters
        ----------
        first, last
            Places of its first and last token among all that is said.
        """
        reach, other_reach = REACH[self._language], OTHER_REACH[self._language]
        otherwise: Subject | None = None
        start_ms = self._said[first].start_ms
        for one in reversed(self._named):
            if one.last >= first or start_ms - one.start_ms > REACH_MS:
                continue
            distance = self._talk[first] - self._talk[one.last]
            if distance > reach:
                break
            if one.subject == OTHER and distance > other_reach:
                continue
            answered = self._answered.get(one.last)
            if answered is not None and self._talk[first] - self._talk[answered] > REST:
                continue
            if one.subject == _NUMBER:
                otherwise = Kind.PHONE
                continue
            return one.subject
        if otherwise is not None:
            return otherwise
        # Nothing was named before it; perhaps it is named right after.
        after = [one for one in self._named if last < one.first <= last + AFTER and isinstance(one.subject, Kind)]
        return after[0].subject if after else None
