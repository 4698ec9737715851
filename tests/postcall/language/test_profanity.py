from __future__ import annotations

import pytest

from postcall.language.profanity import profanity, strength_of


@pytest.mark.parametrize(
    ("form", "strength"),
    [
        ("блядь", "obscene"), ("нахуй", "obscene"), ("хуйня", "obscene"), ("заебали", "obscene"), ("пиздец", "obscene"),
        ("мудаки", "obscene"), ("сука", "obscene"), ("говно", "obscene"), ("б***ь", "obscene"), ("охуели", "obscene"),
        ("жопа", "obscene"), ("долбоеб", "obscene"), ("уебок", "obscene"),
        ("идиоты", "insult"), ("дебил", "insult"), ("сволочи", "insult"), ("уроды", "insult"), ("козел", "insult"),
        ("тупые", "insult"), ("быдло", "insult"),
        ("черт", "mild"), ("блин", "mild"), ("нафиг", "mild"), ("хрень", "mild"),
        ("фигня", "mild"), ("офигели", "mild"), ("охренеть", "mild"),
    ],
)  # fmt: skip
def test_russian_words(form: str, strength: str | None) -> None:
    assert strength_of(form, "ru") == strength


@pytest.mark.parametrize(
    "form",
    (
        "рубля рублях хлеба небо себя тебя требовать учеба употреблять потребление ребенок мебель корабля ансамбля сабля "
        "команда мандарин мандат застрахуй подстрахуй психуй худой художник хулиган скипидар ссуда ссылка сукно сучок судьба "
        "педикюр оскорблять колебания погреб щебень херсон мудрый чертеж чертежи тупик тупо дурацкий блины сработать срубить "
        "срок срочно насущный обсудить хуавей застраховать страховка небось хлебушек фигура фигуры хересом херувим гребля "
        "сугубо губа зуба"
    ).split(),
)
def test_false_friends(form: str) -> None:
    assert strength_of(form, "ru") is None


@pytest.mark.parametrize(
    ("text", "language", "places"),
    [
        ("идите вы к чёрту", "ru", [(2, 3)]),
        ("твою мать", "ru", [(0, 1)]),
        ("моя мать звонила", "ru", []),
        ("what the hell is this", "en", [(0, 2)]),
        ("this is bullshit", "en", [(2, 2)]),
        ("I live in Scunthorpe and assess class projects", "en", []),
        ("he ordered a cocktail", "en", []),
        ("他妈的什么服务", "zh", [(0, 2)]),
        ("真是混蛋", "zh", [(2, 3)]),
        ("你有病吧", "zh", [(1, 2)]),
        ("我妈的手机坏了", "zh", []),
        ("请您操作一下", "zh", []),
        ("垃圾短信太多了", "zh", []),
        ("我有病假", "zh", []),
        ("往下滚动", "zh", []),
    ],
)
def test_phrases(heard, text: str, language: str, places: list[tuple[int, int]]) -> None:
    assert [(one.first, one.last) for one in profanity(heard(text, language), language)] == places


def test_nothing_is_known_of_other_languages(heard) -> None:
    assert profanity(heard("merde alors", "fr"), "fr") == []
