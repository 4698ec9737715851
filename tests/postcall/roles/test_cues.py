from __future__ import annotations

import pytest

from postcall.roles import cues

OPENINGS = {
    "ru": "Добрый день! Компания Пример Телеком, меня зовут Алексей. Чем могу помочь?",
    "en": "Good morning, thanks for calling City Cable, my name is Daniel. How can I help you?",
    "zh": "您好，有线电视客服，我的工号是一零二，很高兴为您服务，请问有什么可以帮您？",
}
WRITTEN_BADLY = {
    "ru": "добрый день компани пример меня зовут алексей эмогу вам помо",
    "en": "good morning thank for colling city how can a hell you",
    "zh": "您好有线电视我的工号是一零二很高心为您服务",
}
MATTERS = {
    "ru": "Здравствуйте, у меня с утра не работает интернет",
    "en": "Hi, I have a problem, my internet is down",
    "zh": "你好，我家的电视没有信号",
}


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
@pytest.mark.parametrize("told", [True, False])
def test_an_agents_opening_is_told_from_a_customers(language: str, told: bool) -> None:
    asked = language if told else None
    opening, matter = (
        cues.text_of(list(text[language]) if language == "zh" else text[language].split()) for text in (OPENINGS, MATTERS)
    )
    assert cues.count("offer", opening, asked)
    assert cues.count("organisation", opening, asked)
    assert not cues.count("matter", opening, asked) or language == "zh"
    assert cues.count("matter", matter, asked)
    assert not cues.count("offer", matter, asked)


def test_what_the_centre_has_on_file_is_no_matter_of_the_customer() -> None:
    for text in ("у меня записано телефон пять семь", "у меня указан другой адрес"):
        assert not cues.count("matter", text, "ru"), text
        assert cues.count("service", text, "ru"), text
    assert cues.count("matter", "у меня записной книжки нет", "ru")


@pytest.mark.parametrize(("text", "language"), [("я соединяю вас со старшим", "ru"), ("i ll transfer you now", "en")])
def test_who_passes_somebody_on_serves(text: str, language: str) -> None:
    assert cues.count("service", text, language)
    assert not cues.count(
        "service", {"ru": "соедините меня с начальником", "en": "transfer me to your boss"}[language], language
    )


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_an_offer_written_badly_is_an_offer(language: str) -> None:
    assert cues.count("offer", cues.text_of(WRITTEN_BADLY[language].split()), language)


def test_few_words_are_no_offer() -> None:
    for text in ("", "а", "чем", "помочь", "help", "you"):
        assert not cues.count("offer", text, None), text


def test_chinese_is_cut_into_words_or_characters_as_one_likes() -> None:
    assert cues.text_of(["您", "好，", "请问"]) == cues.text_of(["您好", "请", "问"]) == "您好请问"
    assert cues.text_of(["OK,", "您", "好"]) == "ok 您好"


def test_an_opening_is_as_long_in_characters_as_in_words() -> None:
    assert len(cues.opening_of(["слово"] * 100)) == cues.OPENING_WORDS
    assert 1.5 * cues.OPENING_WORDS < len(cues.opening_of(["字"] * 100)) < 2 * cues.OPENING_WORDS


@pytest.mark.parametrize(
    ("text", "name", "is_named"),
    [
        ("меня зовут алексей", "Алексей", True),
        ("меня зовут олексей", "Алексей Смирнов", True),
        ("меня зовут иван", "Алексей", False),
        ("我是技术部的周敏", "周敏", True),
        ("this is daniel", None, False),
        ("", "Daniel", False),
    ],
)
def test_a_name_is_found_as_a_recogniser_writes_it(text: str, name: str | None, is_named: bool) -> None:
    assert cues.names(text, name) is is_named
