"""Swearing: obscene words, insults and mild oaths, without the words that only look like them. Pure.

Definition
----------
obscene
    Words that no broadcast would carry; also where a recogniser masks them ("б***ь").
insult
    Words that call somebody or something names: "идиот", "урод", "moron", "混蛋".
mild
    Oaths that many do not mind: "чёрт", "блин", "damn", "见鬼".

A Russian word is obscene by its root, whatever its prefix and ending; English words by their dictionary form; Chinese by runs
of characters.

Edge cases
----------
- Roots inside innocent words do not count: "рубля", "хлеба", "застрахуй", "мандарин", "употреблять", "Херсон".
- 妈的 after 我 or 您 is somebody's mother's; 操 in 操作 is to operate; 垃圾 in 垃圾短信 is spam; "what the hell" counts, "hell"
  alone does not.
- "Дурак" and "тупой" insult; "глупый вопрос" of who says it about himself does too: who says it is for the rule to ask.

References
----------
golden-04, golden-08, mts-23. Roots after Mokienko and Nikitina, Russkoe skvernoslovie (2008).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from postcall.language.morphology import lemmas_of
from postcall.language.tokens import Token

Strength = Literal["obscene", "insult", "mild"]

_PREFIX = (
    r"(?:за|на|по|от|ото|обо|об|о|у|вы|пере|при|про|раз|разо|рас|с|со|съ|под|подъ|до|недо|вз|взъ|из|изъ|объ|отъ|въ|ни|не|пол|"
    r"дол|долбо|худо|мозго|охуе|ху[еи])?"
)
_OBSCENE_RU = re.compile(
    rf"^(?:{_PREFIX}(?:"
    r"ху[йеяию](?:$|[нвслртмкяею])\w*|хуищ\w*|хуяр\w*|хуяч\w*|"
    r"пизд\w*|"
    r"[её]б(?:$|а[тнлш]\w*|у[тчщ]?\w*|л[аиоя]\w*|н[уиы]\w*|ыр\w*|[её]т\w*|аш\w*|ись\w*)|"
    r"бля(?:$|ть|д\w*)|"
    r"муда(?:к\w*|чь\w*|ч\w*|звон\w*|ил\w*)|"
    r"залуп\w*|гандон\w*|гондон\w*|пид[оа]р\w*|педик\w*|елда\w*|дроч\w*|манд(?:а|ы|у|ой|авошк\w*)$|"
    r"ср(?:ать|ал\w*|у|ешь|ет|ут|ань)$|сса(?:ть|л\w*|ный)$|дрист\w*|"
    r"шлюх\w*|говн\w*|г[ао]внюк\w*|жоп\w*|сук(?:а|и|у|ой|е|ам|ами|ах|ин\w*)$|сучар\w*|сучк[аиуе]$|ссук\w*"
    r"))$"
)
_MILD_RU = re.compile(
    r"^(?:о|по|на|за|ни|до|рас)?(?:фиг(?:|а|у|н[яиюе]\w*|ел\w*|еть|енн\w*|ов\w*)|хрен\w*|хер(?:|а|у|ом|н\w+|ов\w*|ел\w*|еть|енн\w*))$"
)
_INNOCENT_RU = re.compile(
    r"^(?:\w*страху[йеяию]\w*|психу\w*|ху(?:дой|дож|лиган|тор|же|дш)\w*|хлеб\w*|\w*хлеб\w*|не[её]б\w*|заебис\w*|требу\w*|"
    r"себ\w*|теб\w*|уче(?:б|бн)\w*|леб\w*|гре[бч]\w*|ребен\w*|мебел\w*|хуас\w*|хуан\w*|хуав\w*|наху[дж]\w*|скипидар|суккулент|"
    r"ссуд\w*|ссыл\w*|сс?ад\w*|обсуд\w*|засуч\w*|сучок|сукн\w*|педикюр\w*|хуавей|хуавэй|ебит\w*|сру(?:б|ч)\w*)$"
)
_MASKED = re.compile(r"^(?=.*[a-zа-я])[a-zа-я]{1,3}\*{2,}[a-zа-я]{0,4}$|^f\*+k\w*$|^s\*+t$")
_LEMMAS: dict[str, dict[Strength, frozenset[str]]] = {
    "ru": {
        "obscene": frozenset(
            ("нахуй похуй хуй пизда ебать блядь мразота охуеть ахуеть охуенно ахуенно ебучий ебаный уебан уебок").split()
        ),
        "insult": frozenset(
            (
                "сволочь гад гадина урод уродец мразь тварь скотина ублюдок дерьмо дерьмовый задница козел идиот идиотка "
                "идиотский "
                "дебил дебилка дебильный кретин придурок дурак дура дурень тупой тупица болван бестолочь балбес подлец подонок "
                "паразит выродок недоумок недоносок имбецил олух лох лошара чмо стерва падла гнида шваль хам хамка хамло быдло "
                "свинья баран осел овца ничтожество засранец засранка ушлепок"
            ).split()
        ),
        "mild": frozenset("черт чертов чертовский чертовщина блин".split()),
    },
    "en": {
        "obscene": frozenset(
            (
                "fuck fucker fucking fucked motherfucker motherfucking shit shitty bullshit horseshit cunt bitch asshole "
                "arsehole "
                "bastard prick wanker dickhead twat slut whore cocksucker bollocks piss wtf goddamn"
            ).split()
        ),
        "insult": frozenset(
            "idiot idiotic moron moronic imbecile stupid dumb dumbass jerk scum retard retarded loser jackass".split()
        ),
        "mild": frozenset("damn damned dammit crap crappy bloody heck darn".split()),
    },
}
_NO_OATHS = frozenset("тупо бестолку блины блина блину блином блинов блинам блинами блинах блине черте".split())
"""Forms of listed words that mean what they say: blunt, in vain, pancakes."""
_PHRASES: dict[str, tuple[tuple[Strength, tuple[str, ...]], ...]] = {
    "ru": (
        ("mild", ("к", "черту")),
        ("mild", ("ни", "черта")),
        ("obscene", ("твою", "мать")),
        ("insult", ("чтоб", "вы", "сдохли")),
        ("insult", ("пошел", "ты")),
    ),
    "en": (
        ("obscene", ("pissed", "off")),
        ("obscene", ("son", "of", "a", "bitch")),
        ("mild", ("what", "the", "hell")),
        ("mild", ("who", "the", "hell")),
        ("mild", ("how", "the", "hell")),
        ("mild", ("go", "to", "hell")),
        ("mild", ("bloody", "hell")),
        ("insult", ("shut", "up")),
        ("insult", ("screw", "you")),
    ),
}

_PHRASES_FROM = {
    language: {first: [one for one in phrases if one[1][0] == first] for first in {words[0] for _, words in phrases}}
    for language, phrases in _PHRASES.items()
}
"""The same by their first word."""

_CHINESE: tuple[tuple[Strength, re.Pattern[str]], ...] = (
    (
        "obscene",
        re.compile(
            r"他妈的|他妈|(?<![我您她你爸的家老])妈的|你妈的|操[你他她]|我操(?!作)|[卧我]槽|我靠|草泥马|草你|尼玛|去你妈|"
            r"妈[逼比]|[傻煞沙][逼比叉]|牛[逼比]|鸡巴|婊子|狗日|日你|王八蛋|狗屁|放屁|屁话|贱[人货]"
        ),
    ),
    (
        "insult",
        re.compile(
            r"混蛋|混账|畜生|滚蛋|滚开|滚远|给我滚|你滚|去死|神经病|脑残|白痴|废物|智障|弱智|蠢货|笨蛋|猪脑|人渣|败类|"
            r"不要脸|"
            r"(?<!我)(?<!没)有病(?![假历例人房情])(?=$|吧|啊|吗|呀|是不是)|垃圾(?![短邮电信箱桶文处分袋车清回站])"
        ),
    ),
    ("mild", re.compile(r"见鬼|该死|他奶奶的|妈呀|老天爷")),
)


@dataclass(frozen=True, slots=True)
class Oath:
    """Something profane.

    Attributes
    ----------
    first, last
        Indices of its tokens, both inclusive.
    strength
        See the module.
    """

    first: int
    last: int
    strength: Strength


def profanity(tokens: Sequence[Token], language: str) -> list[Oath]:
    """What is profane in a party's tokens, in order, none overlapping.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = [Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate("это же идиотизм чёрт возьми".split())]
    >>> profanity(tokens(said, "ru"), "ru")
    [Oath(first=3, last=3, strength='mild')]
    """
    found = list(_chinese(tokens) if language == "zh" else _by_words(tokens, language))
    kept: list[Oath] = []
    for oath in sorted(found, key=lambda one: (one.first, -one.last)):
        if not kept or oath.first > kept[-1].last:
            kept.append(oath)
    return kept


@lru_cache(maxsize=50_000)
def strength_of(form: str, language: str) -> Strength | None:
    """How strong an oath a normalised word is by itself; None for none.

    Examples
    --------
    >>> [strength_of(form, "ru") for form in ("рубля", "застрахуй", "идиоты", "блин")]
    [None, None, 'insult', 'mild']
    """
    if _MASKED.match(form):
        return "obscene"
    if language == "ru" and _OBSCENE_RU.match(form) and not _INNOCENT_RU.match(form):
        return "obscene"
    if language == "ru" and _MILD_RU.match(form):
        return "mild"
    if form in _NO_OATHS:
        return None
    words = {form, *lemmas_of(form, language)}
    return next((strength for strength, listed in _LEMMAS.get(language, {}).items() if words & listed), None)


def _by_words(tokens: Sequence[Token], language: str) -> Iterator[Oath]:
    phrases = _PHRASES_FROM.get(language, {})
    for at, token in enumerate(tokens):
        for strength, words in phrases.get(token.form, ()):
            if tuple(one.form for one in tokens[at : at + len(words)]) == words:
                yield Oath(at, at + len(words) - 1, strength)
        alone = strength_of(token.form, language)
        if alone is not None:
            yield Oath(at, at, alone)


def _chinese(tokens: Sequence[Token]) -> Iterator[Oath]:
    text, at_of = "", []
    for at, token in enumerate(tokens):
        text += token.form
        at_of += [at] * len(token.form)
    for strength, pattern in _CHINESE:
        for match in pattern.finditer(text):
            yield Oath(at_of[match.start()], at_of[match.end() - 1], strength)
