"""What digits are: a telephone number, a card, a document. Pure.

Definition
----------
Checksums and numbering plans decide where they can: Luhn for cards, the check digits of INN, SNILS and the Chinese id, the
national plans for telephones. Where several fit, or none because a digit was misheard, what the talk is about decides
(`postcall.language.personal.contexts`); the length must then be near.

Edge cases
----------
Numbers that are free to call (8 800 …) and short ones belong to firms, and are nobody's. A number of which is said that it is
an order's is none of these, whatever its checksum says.

References
----------
python-stdnum (Luhn, INN, RIC, SSN), phonenumbers (libphonenumber). python-stdnum has no SNILS; its rule: the sum of the nine
digits times 9 … 1, modulo 101, and 100 is 00.
"""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberType
from stdnum import luhn
from stdnum.cn import ric
from stdnum.ru import inn
from stdnum.us import ssn

from postcall.language.personal.contexts import OTHER, Subject
from postcall.language.personal.digit_runs import Run
from postcall.language.personal.kinds import Kind

REGIONS = {"ru": ("RU", "KZ", "BY"), "en": ("US", "GB"), "zh": ("CN",)}
"""Whose numbering plans are tried for a number without country code."""
PERSONAL_TYPES = frozenset(
    (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER)
)

NEAR: dict[Kind, tuple[int, int]] = {
    Kind.PHONE: (6, 30),
    Kind.CARD: (12, 23),
    Kind.PASSPORT: (6, 16),
    Kind.TAX_NUMBER: (9, 13),
    Kind.INSURANCE: (9, 12),
    Kind.SSN: (7, 10),
    Kind.RESIDENT_ID: (15, 20),
    Kind.BIRTH_DATE: (6, 8),
}
"""How many digits a number may have whose kind only the talk tells: misheard digits are lost or doubled."""
FEWEST_OF_PART = 3
SURE = frozenset((Kind.CARD, Kind.RESIDENT_ID))
"""Kinds whose checksums outweigh what the talk is about."""


def kind_of(run: Run, subject: Subject | None, language: str, *, is_part: bool = False) -> Kind | None:
    """What a run of digits is; None for nobody's data.

    Parameters
    ----------
    run
        The digits.
    subject
        What the talk is about.
    language
        ISO 639-1.
    is_part
        Whether a part of the number was asked for: "the last four digits".

    Examples
    --------
    >>> kind_of(Run(0, 3, ("89262413310",), (1, 3, 3, 4)), None, "ru")
    <Kind.PHONE: 'phone'>
    """
    if subject == OTHER:
        return None
    fitting: set[Kind] = set()
    for digits in run.readings:
        fitting |= _fitting(digits, run, language)
    if subject not in fitting and any(is_firms(digits, language, has_plus=run.has_plus) for digits in run.readings):
        return None
    if isinstance(subject, Kind):
        if subject in fitting:
            return subject
        if sure := fitting & SURE:
            return min(sure)
        least, most = NEAR.get(subject, (1, 0))
        least = min(least, FEWEST_OF_PART) if is_part else least
        if least <= len(run.readings[0]) <= most and (subject is not Kind.BIRTH_DATE or _is_date(run.readings[0])):
            return subject
    return next((kind for kind in _LIKELIEST if kind in fitting), None)


_LIKELIEST = (Kind.RESIDENT_ID, Kind.CARD, Kind.INSURANCE, Kind.PHONE, Kind.TAX_NUMBER, Kind.SSN, Kind.PASSPORT)


def _fitting(digits: str, run: Run, language: str) -> set[Kind]:
    """Kinds that digits fit so well that nobody needs to name them."""
    found: set[Kind] = set()
    if language == "zh" and len(digits) == 18 and ric.is_valid(digits):
        found.add(Kind.RESIDENT_ID)
    if not digits.isdecimal():
        return found
    if is_card(digits):
        found.add(Kind.CARD)
    if is_personal_phone(digits, language, has_plus=run.has_plus, shape=run.shape):
        found.add(Kind.PHONE)
    if language == "ru":
        if len(digits) == 12 and inn.is_valid(digits):
            found.add(Kind.TAX_NUMBER)
        if is_insurance(digits) and run.shape == (3, 3, 3, 2):
            found.add(Kind.INSURANCE)
        if len(digits) == 10 and run.shape in _PASSPORT_SHAPES and digits[0] not in "89":
            found.add(Kind.PASSPORT)
    if language == "en" and run.shape == (3, 2, 4) and ssn.is_valid(digits):
        found.add(Kind.SSN)
    return found


_PASSPORT_SHAPES = {(4, 6), (2, 2, 6), (2, 2, 3, 3), (4, 3, 3), (2, 2, 2, 2, 2), (4, 2, 2, 2)}


def is_card(digits: str) -> bool:
    """Whether digits are a payment card's: Luhn, and a length and beginning that are issued."""
    begins = (len(digits) == 16 and digits[0] in "23456") or (len(digits) == 15 and digits[:2] in ("34", "37"))
    begins = begins or (len(digits) == 19 and digits[:2] in ("62", "22"))
    return begins and luhn.is_valid(digits)


def is_insurance(digits: str) -> bool:
    """Whether digits are a SNILS.

    Examples
    --------
    >>> is_insurance("11223344595"), is_insurance("11223344596")
    (True, False)
    """
    if len(digits) != 11 or not digits.isdecimal():
        return False
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9])) % 101
    return (total if total < 100 else 0) == int(digits[9:])


def is_personal_phone(digits: str, language: str, *, has_plus: bool, shape: tuple[int, ...] = ()) -> bool:
    """Whether digits are a telephone number that may be a person's, told by its country's plan alone."""
    if language == "ru" and not has_plus:
        if len(digits) == 11 and digits[0] not in "78":
            return False
        if len(digits) == 10 and digits[0] != "9" and shape not in {(3, 3, 2, 2), (3, 3, 4), (3, 7)}:
            return False
        if len(digits) not in (10, 11):
            return False
    is_chinese = (len(digits), digits[0]) == (11, "1") or (len(digits), digits[:3]) == (13, "861")
    if language == "zh" and not has_plus and not is_chinese:
        return False
    if language == "en" and not has_plus and len(digits) not in (10, 11):
        return False
    return _type(digits, language, has_plus=has_plus) in PERSONAL_TYPES


def is_firms(digits: str, language: str, *, has_plus: bool) -> bool:
    """Whether digits are a number that is free to call, or one that costs extra."""
    if not 10 <= len(digits) <= 12:
        return False
    return _type(digits, language, has_plus=has_plus, regions=1) in (PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE)


def _type(digits: str, language: str, *, has_plus: bool, regions: int = 3) -> int | None:
    written: list[tuple[str, str | None]] = [(digits, region) for region in REGIONS[language][:regions]]
    if has_plus:
        written = [(f"+{digits}", None)]
    if language == "ru" and not has_plus and len(digits) == 11 and digits[0] == "7":
        written = [(f"+{digits}", None)]
    for text, region in written:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return int(phonenumbers.number_type(number))
    return None


def _is_date(digits: str) -> bool:
    """Whether digits may be day, month and year, in any usual order."""
    day, month = int(digits[:2]), int(digits[2:4])
    if len(digits) >= 6 and (1 <= day <= 31 and 1 <= month <= 31 and min(day, month) <= 12):
        return True
    return len(digits) == 8 and 1900 <= int(digits[:4]) <= 2100 and 1 <= int(digits[4:6]) <= 12
