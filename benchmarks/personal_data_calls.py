"""Dictated calls for the benchmark of personal data: what is said, and what of it is personal."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from stdnum import luhn
from stdnum.cn import ric

from postcall.language.personal.kinds import Kind
from postcall.spans import Span
from postcall.transcript import Word

LANGUAGES = ("ru", "en", "zh")
LOST_DIGIT_SHARE = 0.04
"""Of documents that are asked for by name."""

Draw = random.Random

# ── numbers in words ───────────────────────────────────────────────────────────

_RU_UNITS = (
    "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать "
    "шестнадцать семнадцать восемнадцать девятнадцать"
).split()
_RU_TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто".split()
_RU_HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот".split()
_EN_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ZH_DIGITS = "零一二三四五六七八九"


def russian(number: int) -> str:
    """0 to 999 in words."""
    parts = []
    if number >= 100:
        parts.append(_RU_HUNDREDS[number // 100 - 1])
        number %= 100
        if not number:
            return parts[0]
    if number >= 20:
        parts.append(_RU_TENS[number // 10 - 2])
        number %= 10
        if not number:
            return " ".join(parts)
    return " ".join([*parts, _RU_UNITS[number]])


def english(number: int) -> str:
    """0 to 99 in words."""
    if number < 20:
        return _EN_UNITS[number]
    return _EN_TENS[number // 10 - 2] + (f" {_EN_UNITS[number % 10]}" if number % 10 else "")


def group_in_words(digits: str, language: str, draw: Draw) -> str:
    """A group of digits as somebody says it."""
    if language == "zh":
        one = draw.choice("一幺")
        named = {"1": one, "X": draw.choice(("x", "叉"))}
        return "".join(named.get(digit) or _ZH_DIGITS[int(digit)] for digit in digits)
    if language == "en":
        if len(digits) == 2 and digits[0] not in "0" and draw.random() < 0.4:
            return english(int(digits))
        zero = draw.choice(("zero", "oh"))
        said, place = [], 0
        while place < len(digits):
            if place + 1 < len(digits) and digits[place] == digits[place + 1] and draw.random() < 0.3:
                said += ["double", zero if digits[place] == "0" else _EN_UNITS[int(digits[place])]]
                place += 2
            else:
                said.append(zero if digits[place] == "0" else _EN_UNITS[int(digits[place])])
                place += 1
        return " ".join(said)
    leading = len(digits) - len(digits.lstrip("0"))
    zeros = ["ноль"] * min(leading, len(digits))
    rest = digits[leading:]
    if not rest:
        return " ".join(zeros)
    is_whole = len(rest) <= 3 and draw.random() < 0.85
    said_rest = russian(int(rest)) if is_whole else " ".join(_RU_UNITS[int(digit)] for digit in rest)
    return " ".join([*zeros, said_rest])


_GROUPINGS: dict[int, tuple[tuple[int, ...], ...]] = {
    6: ((2, 2, 2), (3, 3), (6,)),
    7: ((3, 2, 2), (3, 4)),
    9: ((3, 2, 4), (3, 3, 3)),
    10: ((3, 3, 2, 2), (3, 3, 4), (2, 2, 2, 2, 2), (2, 2, 3, 3)),
    11: ((1, 3, 3, 2, 2), (1, 3, 3, 4), (3, 4, 4)),
    12: ((4, 4, 4), (2, 2, 2, 2, 2, 2), (3, 3, 3, 3)),
    16: ((4, 4, 4, 4), (2,) * 8),
    18: ((6, 4, 4, 4), (3,) * 6, (6, 8, 4)),
}


def groups_of(digits: str, draw: Draw) -> list[str]:
    """Digits in groups as people make them."""
    shapes = _GROUPINGS.get(len(digits), ())
    shape = draw.choice(shapes) if shapes and draw.random() < 0.85 else tuple(_cut(len(digits), draw))
    groups, place = [], 0
    for size in shape:
        groups.append(digits[place : place + size])
        place += size
    return groups


def _cut(length: int, draw: Draw) -> Iterator[int]:
    while length:
        size = min(length, draw.choice((1, 2, 2, 3, 3, 4)))
        yield size
        length -= size


# ── calls ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Item:
    """Personal data: its kind and the places of its words."""

    kind: Kind
    places: tuple[int, ...]


@dataclass(slots=True)
class Scene:
    """A call that is being generated."""

    language: str
    draw: Draw
    words: list[Word] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    now_ms: int = 0

    def say(self, speaker: str, text: str) -> list[int]:
        """Words of a turn; gives their places."""
        first = len(self.words)
        for part in pieces_of(text, self.language):
            length = 120 + 40 * len(part)
            self.words.append(Word(Span(self.now_ms, self.now_ms + length), part, speaker=speaker))
            self.now_ms += length + self.draw.choice((30, 60, 120))
        self.now_ms += self.draw.choice((200, 400, 700))
        return list(range(first, len(self.words)))

    def personal(self, kind: Kind, places: Sequence[int]) -> None:
        """Note that words are personal data."""
        self.items.append(Item(kind, tuple(places)))


def pieces_of(text: str, language: str) -> list[str]:
    """Words as a recogniser writes them: of Chinese one or two characters at a time, of Latin letters and digits whole."""
    if language != "zh":
        return text.split()
    found: list[str] = []
    for character in text.replace(" ", ""):
        is_plain = character in string.ascii_letters + string.digits + "@._-"
        if is_plain and found and found[-1][-1] in string.ascii_letters + string.digits + "@._-":
            found[-1] += character
        else:
            found.append(character)
    return found


_FILLERS = {"ru": ("э", "так", "ну", "дальше", "значит"), "en": ("uh", "um", "and then", "then"), "zh": ("嗯", "然后", "呃")}
_SIGNS = {
    "ru": ("так", "да", "угу", "ага", "записываю", "да слушаю"),
    "en": ("okay", "yes", "mhm", "right", "go ahead", "got it"),
    "zh": ("嗯", "好的", "对", "您请说", "好"),
}


def dictate(scene: Scene, speaker: str, digits: str, kind: Kind | None, before: str = "", after: str = "") -> None:
    """Somebody says digits: written or in words, in one go or group by group, perhaps read back."""
    draw, language = scene.draw, scene.language
    other = "agent" if speaker == "customer" else "customer"
    if before:
        scene.say(speaker, before)
    groups = groups_of(digits, draw)
    places: list[int] = []
    if draw.random() < 0.3:
        joint = "" if language == "zh" and draw.random() < 0.5 else draw.choice((" ", "-", ""))
        places += scene.say(speaker, joint.join(groups))
    else:
        by_turns = draw.random() < 0.35 and len(groups) > 2
        for number, group in enumerate(groups):
            places += scene.say(speaker, group_in_words(group, language, draw))
            if number + 1 < len(groups):
                if by_turns and draw.random() < 0.7:
                    scene.say(other, draw.choice(_SIGNS[language]))
                elif draw.random() < 0.15:
                    scene.say(speaker, draw.choice(_FILLERS[language]))
    if kind is not None:
        scene.personal(kind, places)
    if after:
        scene.say(speaker, after)
    if kind is not None and draw.random() < 0.15:
        back = []
        lead = {"ru": "повторяю", "en": "let me read that back", "zh": "我重复一下"}[language]
        scene.say(other, lead)
        for group in groups:
            back += scene.say(other, group_in_words(group, language, draw))
        scene.personal(kind, back)


# ── personal data ──────────────────────────────────────────────────────────────


def _digits(draw: Draw, count: int) -> str:
    return "".join(draw.choice(string.digits) for _ in range(count))


def _card(draw: Draw) -> str:
    body = draw.choice(("4276", "2202", "5469", "4111", "6222", "2200", "5213")) + _digits(draw, 11)
    return body + luhn.calc_check_digit(body)


def _inn(draw: Draw) -> str:
    def check(body: str, weights: Sequence[int]) -> str:
        return str(sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11 % 10)

    if draw.random() < 0.3:
        body = draw.choice(("77", "50", "78", "66")) + _digits(draw, 7)
        return body + check(body, (2, 4, 10, 3, 5, 9, 4, 6, 8))
    body = draw.choice(("77", "50", "78", "66")) + _digits(draw, 8)
    body += check(body, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
    return body + check(body, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))


def _snils(draw: Draw) -> str:
    body = draw.choice("123456789") + _digits(draw, 8)
    total = sum(int(d) * (9 - n) for n, d in enumerate(body)) % 101
    return f"{body}{total if total < 100 else 0:02d}"


def _ssn(draw: Draw) -> str:
    return f"{draw.randint(100, 665):03d}{draw.randint(10, 99)}{draw.randint(1000, 9999)}"


def _resident(draw: Draw) -> str:
    born = f"{draw.randint(1945, 2004)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    body = draw.choice(("110105", "310101", "440103", "510104")) + born + _digits(draw, 3)
    return body + str(ric.calc_check_digit(body))


def _phone(draw: Draw, language: str) -> str:
    if language == "zh":
        return draw.choice(("138", "139", "186", "159", "177")) + _digits(draw, 8)
    if language == "en":
        area = draw.choice(("415", "212", "617", "303", "206", "512"))
        return f"{area}{draw.randint(200, 999)}{_digits(draw, 4)}"
    body = draw.choice(("926", "916", "903", "985", "912", "950", "495")) + str(draw.randint(1, 9)) + _digits(draw, 6)
    return draw.choice(("8", "8", "7", "")) + body


def _maybe_lost(digits: str, draw: Draw) -> str:
    if draw.random() < LOST_DIGIT_SHARE:
        place = draw.randrange(1, len(digits))
        return digits[:place] + digits[place + 1 :]
    return digits


def phone(scene: Scene) -> None:
    """A telephone number, asked for or offered."""
    asked = {
        "ru": (
            "назовите ваш номер телефона",
            "на какой номер вам перезвонить",
            "подскажите контактный номер",
            "на какой номер оформлен договор",
        ),
        "en": (
            "what is the best phone number to reach you",
            "may I have your phone number",
            "what number are you calling from",
        ),
        "zh": ("请问您的手机号是多少", "您的联系电话是多少", "请提供一下您的电话号码"),
    }
    said = {
        "ru": ("мой номер", "пишите", "запишите телефон", "перезвоните мне на", ""),
        "en": ("my number is", "it's", "you can call me at", "sure it's", ""),
        "zh": ("我的电话是", "号码是", "我的手机号", ""),
    }
    after = {"ru": ("", "", "спасибо"), "en": ("", "", "thank you"), "zh": ("", "", "谢谢")}
    language, draw = scene.language, scene.draw
    if draw.random() < 0.7:
        scene.say("agent", draw.choice(asked[language]))
    dictate(scene, "customer", _phone(draw, language), Kind.PHONE, draw.choice(said[language]), draw.choice(after[language]))


def _document(
    kind: Kind, make: Callable[[Draw], str], asked: dict[str, tuple[str, ...]], said: dict[str, tuple[str, ...]]
) -> Callable[[Scene], None]:
    def exchange(scene: Scene) -> None:
        language, draw = scene.language, scene.draw
        is_asked = draw.random() < 0.75
        if is_asked:
            scene.say("agent", draw.choice(asked[language]))
        named = [text for text in said[language] if text] if not is_asked else list(said[language])
        dictate(scene, "customer", _maybe_lost(make(draw), draw), kind, draw.choice(named))

    exchange.__name__ = kind.value
    return exchange


card = _document(
    Kind.CARD,
    _card,
    {
        "ru": ("назовите номер карты", "с какой карты был платёж", "продиктуйте номер вашей банковской карты"),
        "en": ("can you read me the card number", "which card would you like to use", "what is the number on your credit card"),
        "zh": ("请提供一下您的银行卡号", "请问信用卡卡号是多少"),
    },
    {
        "ru": ("карта", "номер карты", ""),
        "en": ("the card number is", "my debit card is", ""),
        "zh": ("卡号是", "我的银行卡是", ""),
    },
)

passport = _document(
    Kind.PASSPORT,
    lambda draw: draw.choice(("45", "46", "40", "63", "92")) + f"{draw.randint(0, 23):02d}" + _digits(draw, 6),
    {"ru": ("назовите серию и номер паспорта", "продиктуйте паспортные данные", "мне нужен ваш паспорт серия и номер")},
    {"ru": ("паспорт", "серия и номер", "")},
)

tax_number = _document(
    Kind.TAX_NUMBER,
    _inn,
    {"ru": ("назовите ваш ИНН", "подскажите инн", "какой у вас ИНН")},
    {"ru": ("инн", "мой инн", "")},
)

insurance = _document(
    Kind.INSURANCE,
    _snils,
    {"ru": ("назовите номер СНИЛС", "продиктуйте ваш снилс")},
    {"ru": ("снилс", "мой снилс", "")},
)

social = _document(
    Kind.SSN,
    _ssn,
    {"en": ("can you verify your social security number", "what is your social", "may I have your SSN please")},
    {"en": ("my social is", "the social security number is", "")},
)

resident = _document(
    Kind.RESIDENT_ID,
    _resident,
    {"zh": ("请提供您的身份证号码", "请问身份证号是多少", "麻烦报一下身份证")},
    {"zh": ("身份证是", "我的身份证号", "")},
)


def email(scene: Scene) -> None:
    """An e-mail address, written or said."""
    language, draw = scene.language, scene.draw
    scene.say(
        "agent",
        {"ru": "назовите адрес электронной почты", "en": "what is your email address", "zh": "您的邮箱地址是什么"}[language],
    )
    if draw.random() < 0.3:
        name = draw.choice(("ivan.petrov", "anna_k", "sales77", "li.wei", "smith.john"))
        text = f"{name}{draw.randint(1, 99)}@{draw.choice(('mail.ru', 'gmail.com', 'yandex.ru', '163.com'))}"
        scene.personal(Kind.EMAIL, scene.say("customer", text))
        return
    lead = {"ru": ("почта", "это", ""), "en": ("it's", "my email is", ""), "zh": ("邮箱是", "是", "")}[language]
    if chosen := draw.choice(lead):
        scene.say("customer", chosen)
    spoken = {
        "ru": lambda: (
            f"{draw.choice(('иван', 'anna', 'смирнов'))} {draw.choice(('точка', 'нижнее подчеркивание', 'тире'))} "
            f"{draw.choice(('петров', 'иванова', 'семьдесят семь'))} собака "
            f"{draw.choice(('яндекс', 'mail', 'gmail'))} точка {draw.choice(('ру', 'ком'))}"
        ),
        "en": lambda: (
            f"{draw.choice(('john', 'mary', 'j'))} {draw.choice(('dot', 'underscore', 'dash'))} "
            f"{draw.choice(('smith', 'brown', 'forty two'))} at "
            f"{draw.choice(('gmail', 'yahoo', 'outlook'))} dot {draw.choice(('com', 'net'))}"
        ),
        "zh": lambda: (
            f"{draw.choice(('wang', 'li', 'zhang'))}{draw.choice(('点', '下划线', ''))}"
            f"{draw.choice(('wei', 'ming', '八八'))}艾特"
            f"{draw.choice(('qq', '一六三', 'gmail'))}点com"
        ),
    }[language]()
    scene.personal(Kind.EMAIL, scene.say("customer", spoken))


def address(scene: Scene) -> None:
    """Where somebody lives."""
    language, draw = scene.language, scene.draw
    scene.say(
        "agent", {"ru": "назовите адрес доставки", "en": "what is your home address", "zh": "请问您的地址是哪里"}[language]
    )
    house, flat = draw.randint(1, 150), draw.randint(1, 300)
    if language == "ru":
        street = draw.choice(("улица Ленина", "проспект Мира", "Садовая улица", "улица Академика Королёва", "Лесной переулок"))
        written = draw.random() < 0.4
        numbers = (str(house), str(flat)) if written else (russian(house), russian(flat))
        text = f"{street} дом {numbers[0]}" + (f" квартира {numbers[1]}" if draw.random() < 0.8 else "")
    elif language == "en":
        street = draw.choice(("Baker Street", "Maple Avenue", "Old Mill Road", "Sunset Boulevard", "Oak Lane"))
        number = str(house) if draw.random() < 0.5 or house > 99 else english(house)
        text = f"{number} {street}" + (f" apartment {draw.randint(1, 40)}" if draw.random() < 0.5 else "")
    else:
        digits = "".join(_ZH_DIGITS[int(d)] for d in str(flat + 100))
        street = draw.choice(("北京市海淀区中关村大街", "上海市浦东新区世纪大道", "天河区体育西路", "成华区建设北路"))
        text = f"{street}{draw.randint(1, 99)}号{draw.randint(1, 9)}单元{digits}室"
    scene.personal(Kind.ADDRESS, scene.say("customer", text))


def birth_date(scene: Scene) -> None:
    """When somebody was born."""
    language, draw = scene.language, scene.draw
    scene.say(
        "agent",
        {
            "ru": draw.choice(("назовите дату рождения", "дата вашего рождения", "когда вы родились")),
            "en": draw.choice(("what is your date of birth", "can you confirm your birthday", "when were you born")),
            "zh": draw.choice(("请问您的出生日期", "您的生日是哪天")),
        }[language],
    )
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), draw.randint(1950, 2004)
    if draw.random() < 0.25 and language != "zh":
        text = f"{day:02d}.{month:02d}.{year}" if language == "ru" else f"{month}/{day}/{year}"
    elif language == "ru":
        months = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
        ordinal = "пятого первого второго третьего четвёртого шестого седьмого восьмого девятого десятого".split()
        tens = draw.choice(("семьдесят", "восемьдесят", "девяносто"))
        dayword = draw.choice((russian(day), draw.choice(ordinal), str(day)))
        text = f"{dayword} {months[month - 1]} " + draw.choice(
            (f"тысяча девятьсот {tens} {draw.choice(ordinal[:5])} года", f"{tens} {draw.choice(ordinal[:5])}", f"{year} года")
        )
    elif language == "en":
        months = "January February March April May June July August September October November December".split()
        ordinal = draw.choice(("first", "second", "fifth", "twelfth", "twenty third", "thirtieth"))
        spoken_year = draw.choice((f"nineteen {english(draw.randint(50, 99))}", str(year)))
        text = draw.choice(
            (f"{months[month - 1]} {ordinal} {spoken_year}", f"the {ordinal} of {months[month - 1]} {spoken_year}")
        )
    else:
        said = "".join(_ZH_DIGITS[int(d)] for d in str(year))
        text = draw.choice(
            (
                f"{said}年{draw.choice('一二三五八九')}月{draw.choice(('五', '十二', '二十三'))}{draw.choice('日号')}",
                f"{year}年{month}月{day}日",
            )
        )
    scene.personal(Kind.BIRTH_DATE, scene.say("customer", text))


# ── what only looks like it ────────────────────────────────────────────────────


def price(scene: Scene) -> None:
    """Sums, sizes and lengths of a tariff."""
    draw = scene.draw
    a, b, c = draw.randint(100, 999), draw.randint(100, 999), draw.randint(2, 60)
    text = {
        "ru": draw.choice(
            (
                f"тариф {russian(a)} минут {russian(c)} гигабайт {russian(b)} рублей в месяц",
                f"с вас {a} рублей {c} копеек",
                f"стоимость {russian(c)} тысяч {russian(a)} рублей",
                f"скорость {a} мегабит цена {b} рублей",
                f"платите {russian(a)} вместо {russian(b)}",
                f"в январе {a} {b} в феврале",
            )
        ),
        "en": draw.choice(
            (
                f"the plan is {english(c)} dollars a month with {a} minutes",
                f"your balance is ${a}.{c:02d} and the fee is {b} dollars",
                f"it's {english(c)} ninety nine per month for {english(c)} gigabytes",
                f"it went from {a} to {b} dollars",
            )
        ),
        "zh": draw.choice(
            (f"套餐每月{a}元包{b}分钟", f"一共一千二百{_ZH_DIGITS[c % 9 + 1]}十块", f"流量{c}G速度{a}兆", f"从{a}元涨到{b}元")
        ),
    }[scene.language]
    scene.say("agent", text)


def time_of_day(scene: Scene) -> None:
    """Times, lengths and dates that are of no birth."""
    draw = scene.draw
    hour, minute, day = draw.randint(8, 20), draw.choice((10, 15, 30, 45)), draw.randint(1, 28)
    text = {
        "ru": draw.choice(
            (
                f"мастер придёт с {russian(hour)} до {russian(hour + 2)} часов",
                f"в {russian(hour)} {russian(minute)} {day} марта",
                f"договор от {day} мая две тысячи двадцать третьего года",
                f"ждать от {russian(minute)} до {russian(minute + 5)} минут",
                f"работаем с {hour}:00 до {hour + 2}:00 с 12.03.2024",
            )
        ),
        "en": draw.choice(
            (
                f"the technician comes between {english(hour)} {english(minute)} and {english(hour + 1)}",
                f"on March {day} at {english(hour)} thirty",
                f"it takes {english(minute)} to {english(minute + 5)} minutes",
                f"your contract started on May fifth two thousand {english(hour)}",
            )
        ),
        "zh": draw.choice(
            (
                f"师傅{hour}点{minute}分到",
                f"合同是二零二三年三月{day}日签的",
                f"大概需要{minute}到{minute + 5}分钟",
                f"{day}号上午{hour}点",
            )
        ),
    }[scene.language]
    scene.say("agent", text)


def order(scene: Scene) -> None:
    """The number of an order, a contract, a meter."""
    language, draw = scene.language, scene.draw
    asked = {
        "ru": (
            "назовите номер заказа",
            "подскажите номер договора",
            "номер вашей заявки",
            "какой трек номер",
            "назовите лицевой счёт",
            "серийный номер роутера",
        ),
        "en": (
            "what is your order number",
            "do you have the tracking number",
            "what is the confirmation code",
            "can I get your account number",
            "read me the serial number",
        ),
        "zh": ("请问订单号是多少", "请提供运单号", "您的合同编号是多少", "序列号是多少"),
    }
    said = {
        "ru": ("", "да", "заказ номер", "номер"),
        "en": ("", "yes", "the order number is", "sure"),
        "zh": ("", "订单号", "嗯"),
    }
    scene.say("agent", draw.choice(asked[language]))
    dictate(scene, "customer", _digits(draw, draw.choice((6, 7, 8, 9, 10, 11, 12))), None, draw.choice(said[language]))


def hotline(scene: Scene) -> None:
    """A number of the firm that is free to call, and a code."""
    language, draw = scene.language, scene.draw
    if draw.random() < 0.5:
        lead = {"ru": "наша горячая линия", "en": "our support line is", "zh": "请拨打我们的客服热线"}[language]
        digits = {
            "ru": "8800" + _digits(draw, 7),
            "en": "1800" + str(draw.randint(200, 999)) + _digits(draw, 4),
            "zh": "95" + _digits(draw, 3),
        }
        dictate(scene, "agent", digits[language], None, lead)
        return
    lead = {"ru": "код из смс", "en": "the verification code is", "zh": "验证码是"}[language]
    dictate(scene, "customer", _digits(draw, draw.choice((4, 5, 6))), None, lead)


def office(scene: Scene) -> None:
    """Where the firm is, and streets without a number."""
    draw = scene.draw
    house = draw.randint(1, 90)
    text = {
        "ru": draw.choice(
            (
                f"наш офис находится на улице Ленина дом {russian(house)}",
                f"ближайший салон проспект Мира дом {house}",
                "на улице сейчас шумно",
                "дом большой три этажа",
            )
        ),
        "en": draw.choice(
            (
                f"our store is at {house} Maple Avenue",
                f"the office is on {english(house)} Sunset Boulevard",
                "it's a long way to go",
                "two different streets",
            )
        ),
        "zh": draw.choice((f"我们营业厅在建设路{house}号", "这条路很堵", "我们门店位于人民大道八十八号")),
    }[scene.language]
    scene.say("agent", text)


def counts(scene: Scene) -> None:
    """Rows of numbers that count something."""
    draw = scene.draw
    a, b, c = draw.randint(2, 9), draw.randint(11, 19), draw.randint(100, 999)
    text = {
        "ru": draw.choice(
            (
                f"я звонил уже {russian(a)} раз за {russian(b)} дней",
                f"канал {russian(a)} {russian(b)} и {russian(c)} не показывают",
                f"показания счётчика {c}{b}{a}",
                f"ошибка {c}",
                f"нажмите {russian(a)} потом {russian(b)}",
            )
        ),
        "en": draw.choice(
            (
                f"I called {english(a)} times in {english(b)} days",
                f"channels {english(a)} {english(b)} and {c} are gone",
                f"error {c}",
                f"press {english(a)} then {english(b)}",
            )
        ),
        "zh": draw.choice((f"我打了{_ZH_DIGITS[a]}次电话等了{b}分钟", f"{c}频道看不了", f"错误代码{c}", f"按{a}再按{b}")),
    }[scene.language]
    scene.say("customer", text)


PERSONAL: dict[str, tuple[Callable[[Scene], None], ...]] = {
    "ru": (phone, card, passport, tax_number, insurance, email, address, birth_date),
    "en": (phone, card, social, email, address, birth_date),
    "zh": (phone, card, resident, email, address, birth_date),
}

HARMLESS = (price, time_of_day, order, hotline, office, counts)

_TALK = {
    "ru": (
        "хорошо",
        "понятно спасибо",
        "одну минуту пожалуйста",
        "я проверю информацию по вашему вопросу",
        "интернет не работает со вчерашнего дня",
    ),
    "en": (
        "okay",
        "thank you for waiting",
        "let me check that for you",
        "my internet is down since yesterday",
        "is there anything else",
    ),
    "zh": ("好的", "请稍等我帮您查询一下", "我家的网络从昨天开始就没有信号", "请问还有什么可以帮您"),
}


def make_call(language: str, draw: Draw) -> Scene:
    """A call of six to ten exchanges."""
    scene = Scene(language, draw)
    for _ in range(draw.randint(6, 10)):
        exchange = draw.choice(PERSONAL[language] if draw.random() < 0.5 else HARMLESS)
        exchange(scene)
        if draw.random() < 0.6:
            scene.say(draw.choice(("agent", "customer")), draw.choice(_TALK[language]))
    return scene
