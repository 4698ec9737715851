from __future__ import annotations

import pytest

from postcall.language.address import familiar, is_thou, polite


@pytest.mark.parametrize(
    ("text", "said_so"),
    [
        ("ну ты понимаешь я не могу", ["ты", "понимаешь"]),
        ("извини я перебил", ["извини"]),
        ("видишь ли тариф другой", ["видишь"]),
        ("слушай, давай посмотрим", ["слушай", "давай"]),
        ("я тебе перезвоню", ["тебе"]),
        ("твой договор закрыт", ["твой"]),
        ("подожди минуту", ["подожди"]),
        ("извините, подождите, давайте посмотрим", []),
        ("вы понимаете, ваш договор закрыт", []),
        ("лишь три ключа почти мой тариф", []),
        ("что поделаешь, ничего не скажешь", []),
        ("не дай бог", []),
        ("дай бог чтобы заработало", []),
        ("дай договор", ["дай"]),
        ("они пошли в офис и нашли", []),
    ],
)
def test_familiar_russian(heard, text: str, said_so: list[str]) -> None:
    said = heard(text, "ru")
    assert [said[at].form for at in familiar(said, "ru")] == said_so


@pytest.mark.parametrize("form", "знаешь будешь хочешь скажи смотри погоди проверь позвони поверь тобой".split())
def test_thou(form: str) -> None:
    assert is_thou(form)


@pytest.mark.parametrize("form", "дверь помощь ключи часть строй злой такой сети соль жаль нашли магу фывап".split())
def test_no_thou(form: str) -> None:
    assert not is_thou(form)


def test_chinese(heard) -> None:
    said = heard("你好，你说的是您的账单吗，你们", "zh")
    assert familiar(said, "zh") == [2]
    assert [said[at].form for at in polite(said, "zh")] == ["您"]


def test_russian_polite(heard) -> None:
    said = heard("я вас слушаю, ваш вопрос и твой", "ru")
    assert [said[at].form for at in polite(said, "ru")] == ["вас", "ваш"]


def test_english_does_not_tell(heard) -> None:
    assert familiar(heard("you know", "en"), "en") == polite(heard("you know", "en"), "en") == []
