"""The questions that a party asks: open ones, which cannot be answered with yes or no, and closed ones. Pure.

Definition
----------
question
    A sentence that asks (`tokens`: by its question mark, or, where no punctuation is written, by its words).
open
    It asks for something to be told: it begins with a question word, or with a request to say and a question word ("подскажите,
    какой у вас тариф", "can you tell me what happened", "请问您什么时候方便").
closed
    Every other question: "вы перезагружали роутер?", "правильно ли я понимаю, что …", "…, верно?", "…吗".
choice
    Closed, with the answers named: "подождёте или перезвонить?", "A 还是 B".

Edge cases
----------
- "Что" and "как" after a comma join clauses ("вы знаете, что тариф меняется?"): only a place near the beginning, or the very
  end, counts.
- 几, 哪 and 什么 with 吗 at the end are closed: "有什么问题吗".
- "Могу ли я чем-нибудь помочь?" is closed: -нибудь and -то make no question words.

References
----------
tomtel-04. Švedova (ed.), Russian Grammar (1980), §§ 2589–2611, on interrogative sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from postcall.language.names import name_at
from postcall.language.question_words import OPEN
from postcall.language.tokens import Token

Kind = Literal["open", "closed", "choice"]

_RU_OPENING = frozenset(
    (
        "а и но ну так вот тогда ага да понятно хорошо скажите подскажите уточните расскажите напомните объясните пожалуйста "
        "простите извините будьте добры любезны мне вы нам еще интересно можно узнать сказать подсказать уточнить могли бы "
        "можете "
        "не о об в во на с со к ко за по до от для из при у под через"
    ).split()
)
"""Words that may stand before the question word of an open question."""
_RU_OPEN_FORMS = OPEN["ru"] | frozenset("чего чему кого кому кем скольки".split())
_RU_OPEN_LEMMAS = frozenset("какой каков который сколько чей".split())
_EN_OPENING = frozenset(
    "and so but okay ok well sorry please right now alright then can could would will you i tell me say explain let know may "
    "ask "
    "do just to in on at for from by of with about the".split()
)
_EN_TELLS = frozenset("tell say explain know ask".split())
_EN_LEADS = frozenset("can could would will do may".split())
_ZH_OPEN = re.compile(
    r"什么|怎么|怎样|哪[里个位儿些天种]|多少|多久|多大|多长|为什么|何时|谁|如何|贵姓|"
    r"(?<![这那好前没])几[个点天次号位分块年月岁]"
)
_ZH_CLOSED_END = re.compile(r"(吗|么|吧|对不对|是不是|好不好|行不行|可不可以|没有)$")
_OR = {"ru": frozenset(("или",)), "en": frozenset(("or",))}


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence that asks.

    Attributes
    ----------
    first, last
        Indices of its tokens, both inclusive.
    kind
        See the module.
    """

    first: int
    last: int
    kind: Kind

    @property
    def is_open(self) -> bool:
        """Whether it asks for more than yes, no, or one of what it names."""
        return self.kind == "open"


def questions(tokens: Sequence[Token], language: str) -> list[Question]:
    """The questions of a party, in order.

    Examples
    --------
    >>> from postcall.language.tokens import tokens
    >>> from postcall.spans import Span
    >>> from postcall.transcript import Word
    >>> said = "Подскажите, какой у вас тариф? Вы довольны?".split()
    >>> heard = tokens([Word(Span(i * 300, i * 300 + 250), text) for i, text in enumerate(said)], "ru")
    >>> [(one.first, one.last, one.kind) for one in questions(heard, "ru")]
    [(0, 4, 'open'), (5, 6, 'closed')]
    """
    found, first = [], 0
    for at, token in enumerate(tokens):
        if token.ends_sentence:
            if token.is_question:
                found.append(Question(first, at, _kind(tokens, first, at, language)))
            first = at + 1
    return found


def _kind(tokens: Sequence[Token], first: int, last: int, language: str) -> Kind:
    forms = [token.form for token in tokens[first : last + 1]]
    if language == "zh":
        text = "".join(forms)
        is_open = bool(_ZH_OPEN.search(text)) and not _ZH_CLOSED_END.search(text)
        return "open" if is_open else "choice" if "还是" in text else "closed"
    is_open = _is_open_russian(tokens, first, last) if language == "ru" else _is_open_english(forms)
    return "open" if is_open else "choice" if not _OR.get(language, frozenset()).isdisjoint(forms) else "closed"


def _is_open_russian(tokens: Sequence[Token], first: int, last: int) -> bool:
    if any(token.form == "ли" for token in tokens[first : last + 1]):
        return False
    for at in range(first, last + 1):
        form = tokens[at].form
        if _is_question_word(tokens[at]):
            return True
        is_aside = at > first and tokens[at - 1].text.endswith(",") and name_at(tokens, at, "ru") is not None
        if form not in _RU_OPENING and not is_aside and not (at == first and name_at(tokens, at, "ru") is not None):
            # "А ваш тариф как называется?": the question word stands before its verb.
            asks = [place for place in range(at, last + 1) if _is_question_word(tokens[place])]
            return any(place == last or (place <= at + 2 and not tokens[place - 1].text.endswith(",")) for place in asks)
    return False


def _is_question_word(token: Token) -> bool:
    return token.form in _RU_OPEN_FORMS or not _RU_OPEN_LEMMAS.isdisjoint(token.lemmas)


def _is_open_english(forms: Sequence[str]) -> bool:
    lead = False
    for form in forms:
        if form in OPEN["en"] or form.split("'")[0] in OPEN["en"]:
            return not lead or not _EN_TELLS.isdisjoint(forms)
        if form not in _EN_OPENING:
            return False
        lead = lead or form in _EN_LEADS
    return False
