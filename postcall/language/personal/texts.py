"""Personal data that is no row of digits: e-mail, address, birth date, name. Pure.

Definition
----------
e-mail
    ``a@b.ru`` as written, or what stands before and after "собака", "at", "艾特" with a dot and an ending near.
address
    A street with a number, and what belongs to it; not where the speaker says that it is a shop's or an office's.
birth date
    A date that is said where the talk is about a birth (`postcall.language.personal.contexts`).
name
    What follows "меня зовут", "my name is", "我叫" and the like, and a Russian patronymic with the name before it.

Edge cases
----------
A street without a number is none: "на улице шумно". Dates without a word of birth are those of contracts and visits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from postcall.language.morphology import grammemes_of
from postcall.language.names import name_at
from postcall.language.numbers import number_at
from postcall.language.personal.digit_runs import FILLERS, piece_at
from postcall.language.tokens import Token

Stretch = tuple[int, int]
"""First and last token."""

_AT = {"ru": frozenset(("собака", "собачка", "собаку", "эт", "@")), "en": frozenset(("at", "@")), "zh": frozenset(("@",))}
_DOTS = frozenset(("точка", "dot", "点", "."))
_ENDINGS = frozenset(
    "ру ком нет орг ру. рф ком. com ru net org cn kz by io edu gov uk us info biz me co ua юа кз бай su ink".split()
)
_LOCAL_JOINTS = frozenset(
    "точка тире дефис подчеркивание нижнее нижним подчерк dot dash hyphen underscore underline 点 杠 下 划 线 横 plus плюс "
    "минус minus".split()
)
_WRITTEN_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_MOST_LOCAL = 12
_BEFORE_LOCAL = frozenset(
    (
        "почта почту почте почты имейл емейл мейл адрес адресу электронная электронной ящик это моя мой такая такой следующая "
        "на is my it's email e-mail mail address to it that's 是 箱 件 址 到 为 the at"
    ).split()
)


def emails(tokens: Sequence[Token], language: str) -> Iterator[Stretch]:
    """E-mail addresses as they are said."""
    for at in range(len(tokens)):
        end = _at_sign(tokens, at, language)
        if end is None:
            continue
        last = _domain_end(tokens, end)
        if last is None:
            continue
        first = at
        while first > 0 and at - first < _MOST_LOCAL:
            before = tokens[first - 1]
            is_joined = (
                first == at
                or before.form in _LOCAL_JOINTS
                or tokens[first].form in _LOCAL_JOINTS
                or len(before.form) == 1
                or piece_at(tokens, first - 1, language, follows=True) is not None
                or (len(tokens[first].form) == 1 and language != "zh")
                # "Смирнова девяносто собака": a name with a number after it.
                or (first < at and piece_at(tokens, first, language, follows=True) is not None)
                or (language == "zh" and before.form.isascii())
            )
            if not is_joined or before.form in _BEFORE_LOCAL:
                break
            first -= 1
        if first < at:
            yield first, last


def _at_sign(tokens: Sequence[Token], at: int, language: str) -> int | None:
    """Where the name of the host begins, when a token says @."""
    form = tokens[at].form
    if language == "zh":
        pair = "".join(token.form for token in tokens[at : at + 2])
        if pair in ("艾特", "圈a", "爱特"):
            return at + 2
        return at + 1 if form == "at" else None
    return at + 1 if form in _AT[language] else None


def _domain_end(tokens: Sequence[Token], start: int) -> int | None:
    for at in range(start + 1, min(start + 7, len(tokens))):
        if tokens[at - 1].form in _DOTS and tokens[at].form in _ENDINGS:
            last = at
            while last + 2 < len(tokens) and tokens[last + 1].form in _DOTS and tokens[last + 2].form in _ENDINGS:
                last += 2
            return last
        if re.fullmatch(r"[\w-]+\.(?:com|ru|net|org|cn|co|io|edu)(?:\.\w+)?", tokens[at].form):
            return at
    if start < len(tokens) and re.fullmatch(r"[\w-]+\.(?:com|ru|net|org|cn|co|io|edu)(?:\.\w+)?", tokens[start].form):
        return start
    return None


def written_emails(texts: Sequence[str], language: str) -> Iterator[Stretch]:
    """E-mail addresses as they are written; of words, not tokens, for tokens have no ``@``."""
    joint = "" if language == "zh" else " "
    starts, text = [], ""
    for one in texts:
        starts.append(len(text))
        text += one + joint
    for match in _WRITTEN_EMAIL.finditer(text):
        inside = [
            place for place, start in enumerate(starts) if start < match.end() and start + len(texts[place]) > match.start()
        ]
        if inside:
            yield inside[0], inside[-1]


# ── addresses ────────────────────────────────────────────────────────────────

_STREETS = {
    "ru": re.compile(
        r"(?:улиц[аыеу]|ул|проспект\w?|просп|переул\w+|шоссе|бульвар\w?|набережн\w+|проезд\w?|площад[ьи]|"
        r"микрорайон\w?|мкр|тупик\w?)$"
    ),
    "en": re.compile(r"(?:street|avenue|road|lane|boulevard|terrace|crescent|st|ave|rd|blvd|ln|drive|court|way|place|square)$"),
}
_MAYBE_STREETS = frozenset(("drive", "court", "way", "place", "square", "st", "lane"))
_PARTS = {
    "ru": re.compile(
        r"(?:дом\w?|д|корпус\w?|корп|строени[ея]|квартир[аыеу]|кв|подъезд\w?|этаж\w?|литер\w?|домофон|индекс|офис)$"
    ),
    "en": re.compile(r"(?:apartment|apt|flat|suite|unit|number|floor|zip|code|postcode|zipcode|area)$"),
}
_CITY = re.compile(r"(?:город\w?|г|область|обл|район|поселок|село|деревня)$")
_FIRMS = {
    "ru": re.compile(
        r"(?:наш\w*|офис\w*|салон\w*|магазин\w*|отделени\w*|пункт\w*|филиал\w*|склад\w*|компани\w*|банкомат\w*|центр\w*)$"
    ),
    "en": re.compile(r"(?:our|office|store|branch|shop|warehouse|showroom|headquarters|depot|location)$"),
}
_ZH_FIRMS = re.compile(r"我们|营业厅|门店|公司|网点|专卖店|柜台|仓库|分店|店面")
_ZH_NUMBER = r"[零〇一二两三四五六七八九十百幺\d]"
_ZH_ADDRESS = re.compile(
    rf"(?:[一-鿿]{{2,6}}?(?:省|自治区))?(?:[一-鿿]{{2,5}}?市)?(?:[一-鿿]{{1,6}}?(?:区|县|镇))?[一-鿿]{{1,6}}?(?:大道|路|街|巷|弄|胡同|小区|花园|新村)"
    rf"{_ZH_NUMBER}{{1,8}}(?:号楼|号院|号|弄|栋|幢)(?:{_ZH_NUMBER}{{1,6}}(?:号楼|号|栋|幢|单元|室|楼|层|座|房))*(?:{_ZH_NUMBER}{{3,4}})?"
)
_ZH_LEAD = re.compile(r"^.*?(?:地址是|住在|送到|寄到|家在|地址|位于|住|是|在|到)")
_MOST_OF_NAME = 4
_FIRM_REACH = 10


def addresses(tokens: Sequence[Token], language: str) -> Iterator[Stretch]:
    """Addresses of people, one after another."""
    if language == "zh":
        yield from _chinese_addresses(tokens)
        return
    finder = _russian_address if language == "ru" else _english_address
    after = 0
    for at, token in enumerate(tokens):
        if at < after:
            continue
        is_flat = language == "ru" and re.match(r"(?:дом|корпус)$", token.form) is not None
        if is_flat or _STREETS[language].match(token.form):
            found = finder(tokens, at, after)
            if found is not None and not _is_firms(tokens, found[0], language):
                yield found
                after = found[1] + 1


def _is_firms(tokens: Sequence[Token], first: int, language: str) -> bool:
    for token in reversed(tokens[max(0, first - _FIRM_REACH) : first]):
        if _FIRMS[language].match(token.form):
            return True
        if token.starts_utterance:
            break
    return False


def _russian_address(tokens: Sequence[Token], at: int, after: int) -> Stretch | None:
    is_street = bool(_STREETS["ru"].match(tokens[at].form))
    last, place, names = at, at + 1, 0
    numbers = 0
    while place < len(tokens):
        form = tokens[place].form
        piece = piece_at(tokens, place, "ru")
        if piece is not None:
            if not piece.readings and not _is_ordinal_street(tokens, place):
                break
            numbers += bool(piece.readings)
            place = piece.end
            last = place - 1
        elif _PARTS["ru"].match(form) or re.fullmatch(r"\d+\w?(?:/\d+)?", form):
            numbers += any(char.isdecimal() for char in form)
            last, place = (place, place + 1) if any(char.isdecimal() for char in form) else (last, place + 1)
        elif len(form) == 1 and numbers and form in "абвгд":
            last, place = place, place + 1
        elif form in FILLERS["ru"] or (form == "дробь" and numbers):
            place += 1
        elif not numbers and names < _MOST_OF_NAME and is_street and form not in _NO_STREET_RU:
            names, place = names + 1, place + 1
        else:
            break
    is_named = names > 0 or (at > 0 and tokens[at - 1].form.endswith(_ADJECTIVES))
    has_flat = any(token.form.startswith(("квартир", "кв")) for token in tokens[at:last])
    if not numbers or not (is_named if is_street else has_flat):
        return None
    first = at
    while first > after and at - first < 3 and tokens[first - 1].form.endswith(_ADJECTIVES):
        first -= 1
    city = next((one for one in range(max(after, first - 4), first) if _CITY.match(tokens[one].form)), first)
    return city, last


def _is_ordinal_street(tokens: Sequence[Token], place: int) -> bool:
    return tokens[place].form.endswith(("ая", "ой", "ый", "ий", "го", "ую"))


def _english_address(tokens: Sequence[Token], at: int, after: int) -> Stretch | None:
    first = None
    for start in range(at - 1, max(after, at - 9) - 1, -1):
        if _LETTERED_HOUSE.fullmatch(tokens[start].form) and at - start <= 4:
            first = start
            break
        piece = piece_at(tokens, start, "en")
        if piece is not None and piece.readings and piece.end < at and at - piece.end <= 3:
            first = start
            while first > after and (more := piece_at(tokens, first - 1, "en")) is not None and more.readings:
                first -= 1
            break
    if first is None or any(token.form in _NO_STREET for token in tokens[first:at]):
        return None
    if tokens[at].form in _MAYBE_STREETS and not _is_asked_for(tokens, first, at):
        return None
    last, place, others = at, at + 1, 0
    while place < len(tokens) and others <= 4:
        form = tokens[place].form
        piece = piece_at(tokens, place, "en")
        if piece is not None and piece.readings:
            place, others = piece.end, 0
            last = place - 1
        elif _PARTS["en"].match(form):
            place, others = place + 1, 0
        elif tokens[place].text[:1].isupper() and form != "i":
            place, others = place + 1, others + 1
        else:
            break
    return first, last


_ADJECTIVES = ("ая", "ой", "ий", "ый", "ую", "ого", "ом")
"""Endings of street names that stand before their street."""
_NO_STREET_RU = frozenset(
    "и в на с от до у не сейчас очень шумно хорошо потом ждать я мы вы он она они это все что но а по за из стоит стоят "
    "минус плюс".split()
)
_LETTERED_HOUSE = re.compile(r"\d{1,4}[a-h]")
_NO_STREET = frozenset("more way of the a in on and to for is are was this that".split())


def _is_asked_for(tokens: Sequence[Token], first: int, at: int) -> bool:
    if tokens[at].text[:1].isupper():
        return True
    near = {token.form for token in tokens[max(0, first - 8) : first]}
    return bool(near & {"address", "live", "living", "deliver", "ship", "home", "at"})


def _chinese_addresses(tokens: Sequence[Token]) -> Iterator[Stretch]:
    text, starts = "", []
    for token in tokens:
        starts.append(len(text))
        text += token.form
    for match in _ZH_ADDRESS.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()] + match[0]
        if _ZH_FIRMS.search(before[: -len(match[0])] + match[0][:10]):
            continue
        lead = _ZH_LEAD.match(match[0])
        begin = match.start() + (lead.end() if lead and lead.end() < len(match[0]) - 4 else 0)
        inside = [place for place, start in enumerate(starts) if begin <= start < match.end()]
        if inside:
            yield inside[0], inside[-1]


# ── dates ────────────────────────────────────────────────────────────────────

_MONTHS = {
    "ru": frozenset("январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь".split()),
    "en": frozenset(
        "january february march april may june july august september october november december jan feb mar apr jun jul aug sep "
        "sept oct nov dec".split()
    ),
}
_WRITTEN_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}г?$|\d{4}-\d{2}-\d{2}$")
_EN_ORDINAL = re.compile(
    r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|\w+teenth|"
    r"twentieth|thirtieth|twenty-\w+|thirty-first)$"
)
_ZH_DATE = re.compile(
    rf"{_ZH_NUMBER}{{2,4}}年{_ZH_NUMBER}{{1,3}}月{_ZH_NUMBER}{{1,3}}[日号]?|\d{{4}}年\d{{1,2}}月\d{{1,2}}[日号]?"
)


_RU_DECADE = re.compile(r"(?:тридцат|сороков|пятидесят|шестидесят|семидесят|восьмидесят|девяност|двухтысячн)ого")


def dates(tokens: Sequence[Token], language: str) -> Iterator[Stretch]:
    """Dates with day and month, whatever they are of."""
    if language == "zh":
        text, starts = "", []
        for token in tokens:
            starts.append(len(text))
            text += token.form
        for match in _ZH_DATE.finditer(text):
            inside = [place for place, start in enumerate(starts) if match.start() <= start < match.end()]
            if inside:
                yield inside[0], inside[-1]
        return
    yield from _dates_in_ordinals(tokens, language)
    for at, token in enumerate(tokens):
        if _WRITTEN_DATE.match(token.form):
            yield at, at
        elif token.form in _MONTHS[language] or (language == "ru" and token.lemmas & _MONTHS["ru"]):
            first = at
            while first > 0 and at - first < 4 and _is_day(tokens, first - 1, language):
                first -= 1
            last = at
            while last + 1 < len(tokens) and last - at < 7 and _is_of_year(tokens, last + 1, language):
                last += 1
            if (first, last) != (at, at) and _has_day(tokens, first, at, last, language):
                yield first, last


def _dates_in_ordinals(tokens: Sequence[Token], language: str) -> Iterator[Stretch]:
    """Day, month and year as numbers, one of them an ordinal: "пятнадцатое ноль третье семьдесят шестого"."""
    first = 0
    for at in range(len(tokens) + 1):
        if at < len(tokens) and _is_of_year(tokens, at, language):
            continue
        ordinals = sum(
            piece is not None and not piece.readings for piece in (piece_at(tokens, one, language) for one in range(first, at))
        )
        day = number_at(tokens, first, language) if at - first >= 3 and ordinals else None
        if day is not None and 1 <= day.value <= 31:
            yield first, at - 1
        first = at + 1


def _has_day(tokens: Sequence[Token], first: int, month: int, last: int, language: str) -> bool:
    """Whether a day of the month is among what stands before and after the month."""
    for place in (*range(first, month), *range(month + 1, min(month + 3, last + 1))):
        form = tokens[place].form
        number = number_at(tokens, place, language)
        if (language == "en" and _EN_ORDINAL.match(form)) or (number is not None and 1 <= number.value <= 31):
            return True
    return False


def _is_day(tokens: Sequence[Token], at: int, language: str) -> bool:
    form = tokens[at].form
    if language == "en" and (form in {"the", "of", "twenty", "thirty"} or _EN_ORDINAL.match(form)):
        return True
    return piece_at(tokens, at, language) is not None


def _is_of_year(tokens: Sequence[Token], at: int, language: str) -> bool:
    form = tokens[at].form
    if language == "en" and (_EN_ORDINAL.match(form) or form in {"the", "and", "oh", "hundred", "thousand"}):
        return True
    if language == "ru" and (form in {"года", "год", "г", "тысяча", "тысячи"} or _RU_DECADE.fullmatch(form)):
        return True
    return piece_at(tokens, at, language) is not None


# ── names ────────────────────────────────────────────────────────────────────

_INTRODUCTIONS = {
    "ru": (("меня", "зовут"), ("мое", "имя"), ("фамилия",), ("зовут",), ("фио",), ("отчество",), ("на", "имя")),
    "en": (
        ("my", "name", "is"),
        ("my", "name's"),
        ("this", "is"),
        ("last", "name", "is"),
        ("first", "name", "is"),
        ("surname", "is"),
        ("mr",),
        ("mrs",),
        ("ms",),
        ("name", "is"),
        ("speaking", "with"),
    ),
    "zh": (tuple("我叫"), tuple("我姓"), tuple("名字是"), tuple("姓名是"), tuple("名字叫"), tuple("叫做")),
}
_BETWEEN = {
    "ru": frozenset(("это", "моя", "мое", "ваша", "имя", "отчество", "фамилия", "и")),
    "en": frozenset(),
    "zh": frozenset(),
}
_MOST_NAMES = 3
_NO_NAMES = frozenset("the a an not just my your about is it what going calling speaking from".split())


def names(tokens: Sequence[Token], language: str) -> Iterator[Stretch]:
    """Names of people where they are introduced."""
    forms = [token.form for token in tokens]
    after = 0
    for at in range(len(tokens)):
        if at < after:
            continue
        for phrase in _INTRODUCTIONS[language]:
            if tuple(forms[at : at + len(phrase)]) == phrase:
                start = at + len(phrase)
                while start < len(tokens) and forms[start] in _BETWEEN[language]:
                    start += 1
                end = _names_end(tokens, start, language)
                if end > start:
                    yield start, end - 1
                    after = end
                break
        else:
            if language == "ru" and at > 0 and "Patr" in grammemes_of(forms[at])[0] and name_at(tokens, at - 1, "ru") == at:
                first = at - 2 if at > 1 and _is_surname(forms[at - 2]) else at - 1
                last = at + 1 if at + 1 < len(tokens) and first == at - 1 and _is_surname(forms[at + 1]) else at
                yield max(first, after), last
                after = last + 1
    if language == "zh":
        yield from _titled(tokens)


def _is_surname(form: str) -> bool:
    return "Surn" in grammemes_of(form)[0]


def _names_end(tokens: Sequence[Token], start: int, language: str) -> int:
    end = start
    while end < len(tokens) and end - start < _MOST_NAMES and tokens[end].form not in _NO_NAMES:
        following = name_at(tokens, end, language)
        if following is None:
            break
        end = following
        if tokens[end - 1].ends_sentence or language == "zh":
            break
    return end


def _titled(tokens: Sequence[Token]) -> Iterator[Stretch]:
    for at, (first, second) in enumerate(pairwise(tokens)):
        if first.form + second.form in ("先生", "女士", "小姐") and at > 0 and name_at(tokens, at - 1, "zh") == at + 2:
            yield at - 1, at + 1
