from __future__ import annotations

import pytest

from postcall.language.asking import asks_for_answer, instructs


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Назовите, пожалуйста, ваш номер договора?", "ru", True),
        ("подскажите ваш номер договора", "ru", True),
        ("Какой тариф вам удобен, я запишу.", "ru", False),
        ("спасибо я все записала", "ru", False),
        ("how can i help you today", "en", True),
        ("Your card is blocked.", "en", False),
        ("Is that all? Your card is blocked.", "en", False),
        ("your card is blocked", "en", False),
        ("请问 有 什么 可以 帮 您", "zh", True),
        ("已经 办理 好 了", "zh", False),
        ("已经 办理 好 了 吗", None, True),
        ("", "en", False),
    ],
)
def test_asks_for_answer(text: str, language: str | None, expected: bool) -> None:
    assert asks_for_answer(text.split(), language) is expected


def test_a_question_far_back_is_not_the_end() -> None:
    assert asks_for_answer(("could you " + "la " * 10).split(), "en")
    assert not asks_for_answer(("could you " + "la " * 12).split(), "en")


@pytest.mark.parametrize(
    ("text", "language", "asks", "does"),
    [
        ("Назовите, пожалуйста, номер договора.", "ru", True, False),
        ("Перезагрузите роутер.", "ru", False, True),
        ("Please spell your name.", "en", True, False),
        ("Please unplug the router.", "en", False, True),
        ("请 您 说 一 下 您 的 号 码。", "zh", True, False),
        ("请 把 电 源 关 掉。", "zh", False, True),
    ],
)
def test_to_ask_to_say_is_not_to_ask_to_do(text: str, language: str, asks: bool, does: bool) -> None:
    assert (asks_for_answer(text.split(), language), instructs(text.split(), language)) == (asks, does)
