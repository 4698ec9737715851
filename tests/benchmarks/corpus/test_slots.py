from __future__ import annotations

import re

import pytest

from benchmarks.corpus import slots
from benchmarks.corpus.slots import Filler, Person

CAST = {
    "agent": Person("female", "Елена", 101),
    "customer": Person("male", {"nom": "Игорь Олегович", "dat": "Игорю Олеговичу"}),
}


def filler(language: str = "ru", hour: int = 10) -> Filler:
    return Filler(language, CAST, hour, "4")


def test_a_slot_keeps_its_value_in_every_case() -> None:
    one = filler()
    nominative = one.fill("{service}")
    row = next(row for row in slots.values_of("ru")["values"]["service"] if row["nom"] == nominative)
    assert one.fill("{service.ins} {service.nom}") == f"{row['ins']} {nominative}"
    assert one.fill("{service#2}") != nominative


def test_people_and_gender() -> None:
    assert filler().fill("{customer_name.dat}, {agent:рад|рада}, {customer:хотел|хотела}") == "Игорю Олеговичу, рада, хотел"


@pytest.mark.parametrize(("hour", "greeting"), [(9, "Доброе утро"), (12, "Добрый день"), (18, "Добрый вечер")])
def test_the_greeting_fits_the_hour(hour: int, greeting: str) -> None:
    assert filler(hour=hour).fill("{day_greeting}") == greeting


def test_numbers_are_said_in_digits() -> None:
    assert len(filler().fill("{number}").split()) == 6
    assert filler("zh").fill("{agent_number}") == "幺零幺"


@pytest.mark.parametrize("language", slots.LANGUAGES)
def test_every_value_can_be_said(language: str) -> None:
    letters = {"ru": "[а-яё -]+", "en": "[a-z ]+", "zh": "[一-鿿]+"}[language]
    values = slots.values_of(language)
    assert set(values["values"]) == set(slots.values_of("ru")["values"])
    for name, rows in values["values"].items():
        assert len(rows) >= 3, name
        for row in rows:
            for value in [row] if isinstance(row, str) else row.values():
                assert re.fullmatch(letters, value.lower()), value


def test_marks_and_slots_are_taken_out() -> None:
    assert slots.MARK.sub("", "Да, [1] конечно") == "Да, конечно"
    assert slots.bare("{amount} за {customer:его|её} счёт [2] сегодня") == " за его счёт сегодня"
