"""Whether a sentence asks, by its words alone: for recognisers that write no punctuation.

References
----------
Closed lists of question words; Russian "ли" and Chinese sentence-final 吗 / 呢 make questions of statements.
"""

from __future__ import annotations

from collections.abc import Sequence

OPEN: dict[str, frozenset[str]] = {
    "ru": frozenset(
        (
            "кто что где когда куда откуда почему зачем как какой какая какое какие какого какую каким какими каких "
            "сколько чем чей"
        ).split()
    ),
    "en": frozenset("who what where when why how which whose whom".split()),
    "zh": frozenset(("什么", "怎么", "哪里", "哪个", "哪位", "多少", "几", "为什么", "何时", "谁")),
}
"""Words that ask for more than yes or no."""

_AUXILIARIES = frozenset("do does did is are was were can could will would shall should have has had may might am".split())
_PARTICLES_ZH = ("吗", "么", "呢", "吧")
_CLOSED_ZH = ("是不是", "可不可以", "能不能", "有没有", "对不对", "行不行", "好不好")
_FILL_RU = frozenset(
    "а и ну так вот скажите подскажите пожалуйста простите извините в во на с со до от из о об по за к у при для".split()
)
_CASES_RU = frozenset("каком скольки скольких кого кому кем чего чему чья чье чьи чьей".split())


def sounds_like_question(forms: Sequence[str], language: str) -> bool:
    """Whether a sentence without punctuation asks.

    Parameters
    ----------
    forms
        Normalised words, in Chinese characters.
    language
        ISO 639-1.

    Examples
    --------
    >>> sounds_like_question(["чем", "могу", "помочь"], "ru"), sounds_like_question(["спасибо", "за", "звонок"], "ru")
    (True, False)
    """
    if not forms:
        return False
    if language == "zh":
        text = "".join(forms)
        return text.endswith(_PARTICLES_ZH) or any(word in text for word in (*OPEN["zh"], *_CLOSED_ZH))
    if language == "en":
        return forms[0] in OPEN["en"] or forms[0] in _AUXILIARIES
    first = next((form for form in forms if form not in _FILL_RU), forms[0])
    return "ли" in forms or first in OPEN["ru"] or first in _CASES_RU


def is_open_question(forms: Sequence[str], language: str) -> bool:
    """Whether a question asks for more than yes or no; ``forms`` are those of a sentence that asks."""
    if language == "zh":
        text = "".join(forms)
        return any(word in text for word in OPEN["zh"])
    return any(form in OPEN.get(language, frozenset()) for form in forms) and "ли" not in forms
