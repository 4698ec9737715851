from __future__ import annotations

import pytest

from postcall.language.names import name_at
from postcall.language.phrases import Phrase


@pytest.mark.parametrize(
    ("pattern", "text", "language", "found"),
    [
        ("меня зовут <name>", "здравствуйте меня зовут Марина", "ru", (1, 3)),
        ("меня зовут <name> <name>", "меня зовут Иван Петров", "ru", (0, 3)),
        ("меня зовут <name>", "меня зовут Роман", "ru", (0, 2)),
        ("меня зовут <name>", "меня зовут Ержан", "ru", (0, 2)),
        ("меня зовут <name>", "меня зовут оператор", "ru", None),
        ("my name is <name>", "hello my name is Sarah", "en", (1, 4)),
        ("(我姓|我叫) <name>", "您好我叫王小明", "zh", (2, 5)),
        ("(我姓|我叫) <name>", "您好我叫客服", "zh", None),
    ],
)
def test_names_where_phrases_ask_for_them(heard, pattern: str, text: str, language: str, found: tuple[int, int] | None) -> None:
    matches = Phrase(pattern, language).find(heard(text, language))
    assert [(one.first, one.last) for one in matches] == ([found] if found else [])


@pytest.mark.parametrize(("text", "end"), [("张先生您好", 3), ("王小明", 3), ("小李", 2), ("陈女士", 3)])
def test_chinese_names_end_with_their_title(heard, text: str, end: int) -> None:
    assert name_at(heard(text, "zh"), 0, "zh") == end


@pytest.mark.parametrize(("text", "language"), [("оператор", "ru"), ("ваш", "ru"), ("calling", "en"), ("客服", "zh")])
def test_no_names(heard, text: str, language: str) -> None:
    assert name_at(heard(text, language), 0, language) is None


def test_no_name_after_the_last_word(heard) -> None:
    assert name_at(heard("да", "ru"), 1, "ru") is None
