"""What agents and customers say, by which they are told apart. Pure.

Conventions
-----------
Texts are bare words (`postcall.language.lexicon.bare`), joined by blanks; Chinese without any. Patterns are stems and not whole
words, since half of what a small recogniser writes may be wrong; an offer of help is also found by likeness.

Definition
----------
opening
    The first ``OPENING_WORDS`` of a speaker, from the answer of the call.
cues of an agent's opening
    ``offer`` of help; ``organisation`` that is introduced; ``number`` of the agent; ``own_name`` that is given; ``calling``
    about something.
cues of a customer's opening
    ``hello``, a bare answer; ``matter``, a wish or trouble of one's own.
cue of a new voice
    ``greeting``: it begins with one.
cues of the whole call
    ``service``: asking for data, patience, pardon, closing as an agent does; ``yours`` and ``mine``: how often one speaks of
    what is the other's, and of what is one's own.

Edge cases
----------
In a language without patterns, or an unknown one, the patterns of all languages are looked for: they hardly meet.

References
----------
Opening phrases after the conduct manuals of contact centres; possessives as marks of who serves whom are this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from rapidfuzz import fuzz

from postcall.language.lexicon import bare

Cue: TypeAlias = Literal[
    "offer", "organisation", "number", "own_name", "calling", "hello", "matter", "service", "yours", "mine", "greeting"
]

OPENING_WORDS = 24
_CHARACTERS_PER_WORD = 1.7
"""Of Chinese: recognisers cut it into characters or words as they like."""

_ALIKE = 78.0
"""From this likeness, in per cent, a stretch of text is taken for a phrase: a third of its letters may be wrong or missing."""

OFFERS: Mapping[str, tuple[str, ...]] = {
    "ru": ("чем могу помочь", "чем могу вам помочь", "чем могу быть полезен", "чем могу быть полезна"),
    "en": ("how can i help you", "how may i help you", "how can i assist you", "what can i do for you"),
    "zh": ("有什么可以帮您", "有什么可以帮到您", "很高兴为您服务", "请问您需要什么帮助"),
}
"""Offers of help, bare."""

PATTERNS: Mapping[str, Mapping[Cue, str]] = {
    "ru": {
        "organisation": (
            r"компани|служб[аы] |банк\b|клиник|магазин|контактн|колл центр|горяч|линия поддержки|отдел |вас приветствует"
        ),
        "number": r"табельн|оператор номер|мой номер сотрудника",
        "own_name": r"меня зовут|мое имя|это [а-я]+ из |специалист|оператор",
        "calling": (
            r"звоню (вам|по)|напоминаю|обещал[аи]? (вам )?перезвонить|я говорю с|удобно (сейчас )?говорить|уделить|"
            r"наше[йм] компани"
        ),
        "greeting": r"^(да )?(здравствуйте|добр(ый|ое|ого))",
        "hello": r"^(да )?(алло|ало|але)\b|^(да )?слушаю( вас)?\b|^да\b",
        "matter": (
            r"у меня(?! (записан|указан|отмечен|отображ|значит|высвеч))|\bмне (нужн|надо|приш|выда|обеща|[а-я]+ не )|"
            r"\bя (хочу|хотел|звоню|вчера|сегодня|плат|заплат|уже|третий|второй|целый|жд[уа]|заказ|из )|"
            r"хотел[а]? бы|не работает|почему|с меня|моя |мой |мое |вы (мне )?обещал|когда ко мне|\bмы |позовите|издева"
        ),
        "service": (
            r"назовите|продиктуйте|уточните|уточню|подскажите пожалуйста (ваш|номер)|оставайтесь|ожидайте|ожидани|"
            r"у меня (записан|указан|отмечен)|(соединяю|соединю|переключаю|переключу|перевожу|переведу) вас|"
            r"принош|извинени|прошу прощени|оформ|зарегистр|чем нибудь помочь|чем то помочь|спасибо за (звонок|обращение)|"
            r"за ваш(у|е) |всего доброго|хорошего дня|обращайтесь|понимаю вас|проверю|посмотрю|сожале|вам перезвон|сотрудник|"
            r"что у вас|что (случилось|произошло)|сообщим|отправим|подключим|"
            # A customer speaks of his request, too: whose it is tells.
            r"(ваш[а-я]+|созда[а-я]+|приня[а-я]+|переда[а-я]+) заявк|заявк[ауи] (приня|созда|переда)|"
            r"(наш(ел|ла|ли)|вижу) ваш|вы звонили|вам (вышл|отправ)|вышлю вам"
        ),
        "yours": r"\b(ваш|вам|вас)",
        "mine": r"\b(мой|мое|моя|мою|моего|моей|мне|меня|мы|нам|нас)\b",
    },
    "en": {
        "organisation": (
            r"\bbank\b|company|thank(s| you) for calling|welcome to|customer (service|care|relations|support)|support team|"
            r"department|\bteam\b|help desk|you re through to|through to "
        ),
        "number": r"(agent|operator|badge|employee) (id|number)",
        "own_name": r"my name is|my name s|this is \w+ (from|at|with)|\bspeaking\b|\w+ here from",
        "calling": r"(i m|i am) calling|am i speaking|promised to call|calling (you )?(about|from|back)|have you got a minute",
        "greeting": r"^(hello|hi|good (morning|afternoon|evening|day))\b",
        "hello": r"^(yes )?(hello|hi|yeah|yes)( who)?\b",
        "matter": (
            r"\bi (have|had|ve|d like|would like|want|need|lost|was|can t|cannot|got|left|work|run|bought|pay|paid)\b|"
            r"\bmy (?!name)\w+ (is|has|was|card|bill|account|does|keeps|line|phone)|"
            r"why |you promised|please help me|i m having|\bwe need"
        ),
        "service": (
            r"thank you for (calling|waiting|holding|your)|anything else|one moment|bear with me|i can help|help you with|"
            r"let me (check|look|see|have)|apologi|sorry (about|to hear|for)|have a (nice|great|good|wonderful)|"
            r"what is (your|the)|what s (your|the)|may i|can i have|could you (please )?(tell|give|confirm|spell)|"
            r"put you (on hold|through)|on hold|(transfer|connect)(ing)? you|"
            r"certainly|of course|i understand|i will (check|explain|block|send|find)|"
            r"would you like|you (would|d) like|call you back"
        ),
        "yours": r"\b(your|you)\b",
        "mine": r"\b(my|mine|me|our|us)\b",
    },
    "zh": {
        "organisation": r"欢迎(致电|拨打)|客服|公司|银行|热线|服务中心|有线电视|营业厅|部门|专员|技术部",
        "number": r"工号",
        "own_name": r"我是|我姓|我叫",
        "calling": r"来电咨询|给您(回|打)电话|回访|请问是|方便(接|说)",
        "greeting": r"^(您好|你好|早上好|下午好)",
        "hello": r"^喂|^哪位|^你好$",
        "matter": r"我家|我想|我要|我的|我(这|昨|上|刚|在|已经|打)|想问|怎么回事|为什么|你们|帮我|有没有办法",
        "service": (
            r"请稍(等|候)|感谢您|谢谢您|抱歉|对不起|为您|帮您|给您|请您|请问|祝您|还有什么|核实|登记|您的意思|您放心|理解您|"
            r"建议您|我们会"
        ),
        "yours": r"您",
        "mine": r"我(家|的|们家)?|你",
    },
}
"""Patterns by language and cue; ``offer`` is looked for by likeness."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_JOINS = re.compile(r"[-'’]")
_BETWEEN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_COMPILED = {code: {cue: re.compile(pattern) for cue, pattern in patterns.items()} for code, patterns in PATTERNS.items()}


def text_of(words: Sequence[str]) -> str:
    """Bare words as the patterns take them: apostrophes and hyphens are blanks, Chinese has none.

    Examples
    --------
    >>> text_of(["I'm", "calling,"])
    'i m calling'
    >>> text_of(["您", "好，"])
    '您好'
    """
    said = [word for word in map(_spaced, words) if word]
    return _BETWEEN_CHINESE.sub("", " ".join(said))


@lru_cache(maxsize=100_000)
def _spaced(word: str) -> str:
    return _JOINS.sub(" ", bare(word)).strip()


def opening_of(words: Sequence[str], most: int = OPENING_WORDS) -> Sequence[str]:
    """The first words of a speaker, ``most`` of them; a Chinese character is part of a word."""
    left = float(most)
    for number, word in enumerate(words):
        if left <= 0:
            return words[:number]
        chinese = len(_CHINESE.findall(word))
        left -= chinese / _CHARACTERS_PER_WORD if chinese else 1
    return words


def count(cue: Cue, text: str, language: str | None) -> int:
    """How often a cue stands in a text.

    Parameters
    ----------
    cue
        Which.
    text
        Of `text_of`.
    language
        ISO 639-1 code; unknown: the patterns of all languages count.
    """
    codes = [language] if language in _COMPILED else list(_COMPILED)
    if cue == "offer":
        return int(any(_is_offered(text, code) for code in codes))
    return sum(len(_COMPILED[code][cue].findall(text)) for code in codes)


def names(text: str, name: str | None) -> bool:
    """Whether a text holds a word of a name, or one as like to it as a recogniser would write it; False without a name.

    Parameters
    ----------
    text
        Of `text_of`.
    name
        As the call record has it.
    """
    parts = [part for part in map(bare, (name or "").split()) if len(part) >= 2]
    if not parts:
        return False
    return any(part in text if not part.isascii() and len(part) <= 3 else _is_like(part, text) for part in parts)


def _is_like(part: str, text: str) -> bool:
    return any(fuzz.ratio(part, word) >= 80.0 for word in text.split()) or (len(part) >= 4 and part in text)


def _is_offered(text: str, code: str) -> bool:
    return any(len(text) >= len(phrase) * 0.6 and fuzz.partial_ratio(phrase, text) >= _ALIKE for phrase in OFFERS[code])
