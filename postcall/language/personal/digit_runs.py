"""Digits that somebody dictates, put together from the groups in which they are said. Pure.

Definition
----------
piece
    Digits that are said or written as one: "926", "восемьсот пять", "double five", "幺".
run
    Pieces of one speaker with nothing between them but fillers of his own ("так", "дальше", "dash") and what a listener says:
    short signs of following, or the digits read back. A question of the other, or a subject that he names, ends it.

Edge cases
----------
Amounts are no pieces: thousands, 十 百 千 万, and what is counted in a unit. Ordinals are none either. "Восемьсот пять" may be
805 or 800 and 5, "thirty three" 33 or 30 and 3; a run has all such readings, the likeliest first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, product

from postcall.language.lexicon import LISTENER_WORDS
from postcall.language.morphology import lemmas_of
from postcall.language.numbers import digits_said, number_at
from postcall.language.personal.contexts import Contexts
from postcall.language.tokens import Token

LONGEST_GAP_MS = 20_000
MOST_FILLERS = 4
MOST_OF_OTHERS = 1
"""Words of others between two pieces, beside signs of following and digits, that do not end a run."""
MOST_READINGS = 24

_WRITTEN = re.compile(r"[\d()+–/.-]*\d[\d()+–.-]*$")
_NO_DIGITS = re.compile(r"\d{1,2}[.:]\d{2}$|\d+[.]\d$|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$|\d{4}-\d{2}-\d{2}$")
"""Times, decimals and dates."""
_RESIDENT = re.compile(r"\d{17}x$")

FILLERS: dict[str, frozenset[str]] = {
    "ru": LISTENER_WORDS["ru"]
    | frozenset(
        (
            "э ээ эээ эм м мм ну вот значит это дальше далее потом затем там тире дефис плюс пробел еще раз запишите "
            "пишите записал записала записываю слушаю продолжайте пожалуйста скобка же такой так-так секунду "
            "сейчас минутку верно правильно последние первые цифры цифра а в конце"
        ).split()
    ),
    "en": LISTENER_WORDS["en"]
    | frozenset(
        (
            "uh um er erm then dash hyphen plus space so ok okay yes correct go ahead that's is like well next area code uhm "
            "hmm please the last first digits are"
        ).split()
    ),
    "zh": frozenset("嗯哦噢啊对的是好行呃额那个然后再就横杠杠后面接着吧呢哈您说请继续"),
}
_JOINTS: dict[str, frozenset[str]] = {"ru": frozenset(("номер",)), "en": frozenset(), "zh": frozenset()}
"""Words that join the parts of one document: series and number."""
SERIES = 4
"""Digits of a passport's series."""
_UNITS = {
    "ru": re.compile(
        r"(?:рубл|руб$|коп|тысяч|тыс$|миллион|млн$|процент|минут|мин$|секунд|час|дн[яей]|день|сут|недел|месяц|год|лет$|градус|гигабайт|"
        r"гигов|гига|гб$|мегабит|мегабайт|мб|штук|шт$|человек|метр|километр|км$|этаж|доллар|евро|раз$|раза$|балл|бонус|литр|кило|грамм|"
        r"канал|смс|устройств|ватт|киловатт|утра|вечера|дня|ночи|кубо|куб)"
    ),
    "en": re.compile(
        r"(?:dollar|buck|pound|euro|cents?$|pence|percent|thousand|million|minute|min$|second|hour|day|week|month|year|degree|gigabyte|"
        r"gig|gb$|megabit|megabyte|mbps|mb$|am$|pm$|a\.m|p\.m|o'clock|times|people|miles|feet|square|points|units|items|"
        r"channels|watt|texts)"
    ),
    "zh": re.compile(r"[元块毛角分秒天月年个次岁度点万千百十折兆米层楼套台条位名倍%]|小时|公里|人民币"),
}
_ZH_SCALES = frozenset("十百千万亿")
_EN_VAGUE = frozenset("a an couple few".split())
_ZH_MILITARY = {"洞": "0", "拐": "7"}


@dataclass(frozen=True, slots=True)
class Run:
    """Digits dictated by one speaker.

    Attributes
    ----------
    first, last
        Places of its first and last token among the speaker's.
    readings
        The digits, the likeliest reading first; a Chinese id may end in ``X``.
    shape
        Digits of each piece, in the likeliest reading.
    has_plus
        Whether a plus stands before them.
    """

    first: int
    last: int
    readings: tuple[str, ...] = field(repr=False)
    shape: tuple[int, ...]
    has_plus: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Digits said as one, up to the token ``end``; ``readings`` are empty for an amount."""

    end: int
    readings: tuple[str, ...] = field(repr=False)


def piece_at(tokens: Sequence[Token], at: int, language: str, *, follows: bool = False) -> Piece | None:
    """The piece that begins at a token; None where no number begins, and one without readings for amounts and ordinals.

    Parameters
    ----------
    tokens
        Of one speaker.
    at
        Where.
    language
        ISO 639-1.
    follows
        Whether a piece ends right before.
    """
    form = tokens[at].form
    if language == "zh":
        return _chinese(tokens, at, follows=follows)
    if _WRITTEN.match(form):
        if _NO_DIGITS.match(form):
            return Piece(at + 1, ())
        # A hundred and more in figures may be an amount as well: its unit tells.
        return _unless_counted(tokens, Piece(at + 1, (re.sub(r"\D", "", form),)), language)
    times = digits_said(tokens[at : at + 2], 0, language)
    if times[0] == 2 and _is_times(tokens, at, language):
        return Piece(at + 2, (times[1],))
    if language == "en" and (form in {"oh", "o", "nought"} or form in _EN_VAGUE):
        is_zero = form not in _EN_VAGUE and (follows or _is_number(tokens, at + 1, language))
        return Piece(at + 1, ("0",)) if is_zero else None
    if language == "en" and (hundred := _english_hundred(tokens, at)):
        return _unless_counted(tokens, hundred, language)
    return _in_words(tokens, at, language)


def _in_words(tokens: Sequence[Token], at: int, language: str) -> Piece | None:
    form = tokens[at].form
    number = number_at(tokens, at, language)
    if number is None or any(char.isdecimal() for char in form):
        return None
    end = number.end
    if language == "ru" and end - 1 > at and _is_times(tokens, end - 1, language):
        end -= 1
        number = number_at(tokens[:end], at, language) or number
    if number.value != int(number.value) or number.least != number.value or _is_amount(tokens, at, end, language):
        return Piece(end, ())
    digits = str(int(number.value))
    readings = [digits]
    if language == "ru" and end - at == 2 and len(digits) == 3 and digits[1] == "0" and digits[2] != "0":
        readings.append(f"{digits[0]}00{digits[2]}")
    elif language == "ru" and end - at > 1 and len(digits) == 3 and digits[0] == "8" and digits[1] != "0":
        # "Восемь восемьсот двенадцать …" may be 8 800 12.
        readings.append(f"800{digits[1:]}")
    elif end - at == 2 and len(digits) == 2:
        readings.append(f"{digits[0]}0{digits[1]}")
    return _unless_counted(tokens, Piece(end, tuple(readings)), language)


def _unless_counted(tokens: Sequence[Token], piece: Piece, language: str) -> Piece:
    following = tokens[piece.end] if piece.end < len(tokens) else None
    is_long = len(piece.readings[0]) >= 7
    if following is not None and not is_long and _UNITS[language].match(following.form):
        return Piece(piece.end, ())
    return piece


def _is_number(tokens: Sequence[Token], at: int, language: str) -> bool:
    return at < len(tokens) and (
        number_at(tokens, at, language) is not None or tokens[at].form in {"oh", "o", "double", "triple"}
    )


def _is_times(tokens: Sequence[Token], at: int, language: str) -> bool:
    """Whether a token counts the digit after it: "две пятёрки", "double five"."""
    if at + 1 >= len(tokens):
        return False
    if language == "en":
        return tokens[at].form in {"double", "triple"}
    after = tokens[at + 1]
    is_noun = after.form not in {"ноль", "нуль"} and bool(
        after.lemmas
        & {"нуль", "единица", "двойка", "тройка", "четверка", "пятерка", "шестерка", "семерка", "восьмерка", "девятка"}
    )
    return is_noun and digits_said(tokens[at : at + 2], 0, language)[0] == 2


def _is_amount(tokens: Sequence[Token], at: int, end: int, language: str) -> bool:
    """Whether thousands or an ordinal are in it."""
    for token in tokens[at:end]:
        if language == "en" and token.form in {"thousand", "million"}:
            return True
        if language == "ru":
            lemmas = lemmas_of(token.form, "ru")
            if lemmas & {"тысяча", "миллион", "пара", "несколько", "двое", "трое", "полтора"}:
                return True
            if any(lemma.endswith(("ый", "ой", "ий")) for lemma in lemmas):
                return True
    return False


def _english_hundred(tokens: Sequence[Token], at: int) -> Piece | None:
    """ "Eight hundred" as people dictate it: "eight hundred five five five" is 800 555; "and" makes one number of it."""
    forms = [token.form for token in tokens[at : at + 3]]
    if len(forms) < 2 or forms[1] != "hundred" or (len(forms) == 3 and forms[2] in {"and", "thousand", "million"}):
        return None
    units = digits_said(tokens[at : at + 1], 0, "en")
    return Piece(at + 2, (f"{units[1]}00",)) if units[0] == 1 and len(units[1]) == 1 else None


def _chinese(tokens: Sequence[Token], at: int, *, follows: bool) -> Piece | None:
    form = tokens[at].form
    if form.isdecimal() or _RESIDENT.match(form):
        return Piece(at + 1, (form.upper(),)) if form.isascii() else None
    if form in _ZH_MILITARY:
        return Piece(at + 1, (_ZH_MILITARY[form],)) if follows else None
    end, digits = digits_said(tokens[at : at + 1], 0, "zh")
    return Piece(at + 1, (digits,)) if end == 1 else Piece(at + 1, ()) if form in _ZH_SCALES and follows else None


def digit_runs(
    tokens: Sequence[Token], places: Sequence[int], said: Sequence[tuple[str | None, Token]], contexts: Contexts, language: str
) -> list[Run]:
    """All runs of a speaker.

    Parameters
    ----------
    tokens
        The speaker's.
    places
        Place of each among all that is said.
    said
        Speaker and token of all that is said, in order of start.
    contexts
        Subjects of the call.
    language
        ISO 639-1.
    """
    runs: list[Run] = []
    pieces: list[tuple[int, Piece]] = []
    fillers, at = 0, 0

    def finish() -> None:
        if pieces:
            runs.append(_run(tokens, pieces))
            pieces.clear()

    while at < len(tokens):
        follows = bool(pieces) and pieces[-1][1].end == at
        piece = piece_at(tokens, at, language, follows=follows) or _check_letter(tokens, at, pieces, language)
        if piece is None:
            fillers += 1
            if fillers > MOST_FILLERS or not _is_filler(tokens, at, pieces, language):
                finish()
            at += 1
            continue
        if not piece.readings:
            if language == "zh" and pieces:
                # 一千二百: the digit before the scale was part of the amount.
                pieces.pop()
            finish()
        else:
            if pieces and _is_broken(tokens, places, pieces[-1][1].end - 1, at, said, contexts, language):
                finish()
            pieces.append((at, piece))
        at, fillers = piece.end, 0
    finish()
    return [run for run in runs if not _is_counted(tokens, run, language)]


def _is_filler(tokens: Sequence[Token], at: int, pieces: Sequence[tuple[int, Piece]], language: str) -> bool:
    """Whether a run goes on over a token that is no digit."""
    form = tokens[at].form
    if form in _JOINTS[language]:
        return 0 < sum(len(piece.readings[0]) for _, piece in pieces) <= SERIES
    return form in FILLERS[language] or (form == "and" and at + 1 < len(tokens) and tokens[at + 1].form == "then")


def _check_letter(tokens: Sequence[Token], at: int, pieces: Sequence[tuple[int, Piece]], language: str) -> Piece | None:
    """The X with which a Chinese id may end."""
    is_letter = language == "zh" and tokens[at].form in {"x", "叉"}
    return Piece(at + 1, ("X",)) if is_letter and sum(len(piece.readings[0]) for _, piece in pieces) >= 17 else None


def _run(tokens: Sequence[Token], pieces: Sequence[tuple[int, Piece]]) -> Run:
    first = pieces[0][0]
    choices = [piece.readings for _, piece in pieces]
    readings = tuple("".join(chosen) for chosen in islice(product(*choices), MOST_READINGS))
    has_plus = tokens[first].text.lstrip("(").startswith("+") or (first > 0 and tokens[first - 1].form in {"плюс", "plus"})
    shape = tuple(len(piece.readings[0]) for _, piece in pieces)
    return Run(first, pieces[-1][1].end - 1, readings, shape, has_plus)


def _is_counted(tokens: Sequence[Token], run: Run, language: str) -> bool:
    if language != "zh" or len(run.readings[0]) >= 10 or run.last + 1 >= len(tokens):
        return False
    after = "".join(token.form for token in tokens[run.last + 1 : run.last + 4])
    return bool(_UNITS["zh"].match(after))


def _is_broken(
    tokens: Sequence[Token],
    places: Sequence[int],
    before: int,
    after: int,
    said: Sequence[tuple[str | None, Token]],
    contexts: Contexts,
    language: str,
) -> bool:
    """Whether what others say between two tokens of a speaker ends his run."""
    if tokens[after].start_ms - tokens[before].end_ms > LONGEST_GAP_MS:
        return True
    between = range(places[before] + 1, places[after])
    own = frozenset(places[before + 1 : after])
    others = [place for place in between if place not in own]
    if not others:
        return False
    if contexts.is_named_between(places[before], places[after]):
        return True
    return _takes_floor([said[place][1] for place in others], language)


def _takes_floor(theirs: Sequence[Token], language: str) -> bool:
    """Whether somebody says more than that he follows, or what he reads back."""
    content = 0
    for number, token in enumerate(theirs):
        is_digit = piece_at(theirs, number, language, follows=True) is not None
        content += not is_digit and token.form not in FILLERS[language]
    return content > MOST_OF_OTHERS * (2 if language == "zh" else 1)


def floor_changes(places: Sequence[int], said: Sequence[tuple[str | None, Token]], language: str) -> list[int]:
    """Numbers of a speaker's tokens before which another had the floor.

    Parameters
    ----------
    places
        Of the speaker's tokens among all that is said.
    said
        Speaker and token of all that is said.
    language
        ISO 639-1.
    """
    found = []
    for number, (former, place) in enumerate(pairwise(places), 1):
        if place > former + 1 and _takes_floor([said[one][1] for one in range(former + 1, place)], language):
            found.append(number)
    return found


def tokens_by_speaker(said: Sequence[tuple[str | None, Token]]) -> Mapping[str | None, list[int]]:
    """Places of each speaker's tokens."""
    found: dict[str | None, list[int]] = {}
    for place, (speaker, _) in enumerate(said):
        found.setdefault(speaker, []).append(place)
    return found
