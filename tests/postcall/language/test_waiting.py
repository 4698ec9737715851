from __future__ import annotations

import pytest

from postcall.language.waiting import announces_wait, asks_to_hold, consents, states_time, thanks_for_waiting


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Одну минуту, пожалуйста.", "ru", True),
        ("разговор стоит рубль за минуту", "ru", False),
        ("Оставайтесь, пожалуйста, на линии.", "ru", True),
        ("okay bear with me please", "en", True),
        ("I know you can bear it", "en", False),
        ("请 稍 等", "zh", True),
        ("one moment", None, True),
        ("one moment", "ru", False),
    ],
)
def test_announces_wait(text: str, language: str | None, expected: bool) -> None:
    assert announces_wait(text.split(), language) is expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Оставайтесь, пожалуйста, на линии.", "ru", True),
        ("Вы сможете подождать?", "ru", True),
        ("соединяю вас со специалистом", "ru", True),
        ("Подождите минутку, хорошо?", "ru", True),
        ("Подождите минутку.", "ru", False),
        ("У вас авария на линии.", "ru", False),
        ("Сейчас проверю.", "ru", False),
        ("May I put you on a brief hold?", "en", True),
        ("I'll put you through", "en", True),
        ("Bear with me for a moment, is that all right?", "en", True),
        ("Let me check. Is your name Smith?", "en", False),
        ("Let me check.", "en", False),
        ("请 您 稍 等， 可 以 吗？ 可 以。", "zh", True),
        ("我 帮 您 转 接 到 技 术 部。", "zh", True),
        ("请 稍 等。", "zh", False),
        ("please hold", None, True),
        ("", "en", False),
    ],
)
def test_asks_to_hold(text: str, language: str | None, expected: bool) -> None:
    assert asks_to_hold(text.split(), language) is expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Спасибо, что дождались.", "ru", True),
        ("Я жду ответа.", "ru", False),
        ("Sorry to keep you waiting.", "en", True),
        ("I am waiting.", "en", False),
        ("非 常 感 谢 您 的 耐 心 等 待", "zh", True),
        ("请 等 待", "zh", False),
        ("让 您 久 等 了", None, True),
    ],
)
def test_thanks_for_waiting(text: str, language: str | None, expected: bool) -> None:
    assert thanks_for_waiting(text.split(), language) is expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Да, конечно.", "ru", True),
        ("Ну, подожду.", "ru", True),
        ("Нет, не могу.", "ru", False),
        ("Sure.", "en", True),
        ("I can wait.", "en", True),
        ("No.", "en", False),
        ("好 的， 没 问 题。", "zh", True),
        ("不 行。", "zh", False),
        ("okay", None, True),
        ("", "en", False),
    ],
)
def test_consents(text: str, language: str | None, expected: bool) -> None:
    assert consents(text.split(), language) is expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Это займёт не более двух минут.", "ru", True),
        ("Мне нужно минут пять.", "ru", True),
        ("Одну минуту.", "ru", False),
        ("a couple of minutes", "en", True),
        ("It takes a minute or two.", "en", True),
        ("One moment, please.", "en", False),
        ("Just a minute.", "en", False),
        ("大 概 需 要 两 分 钟", "zh", True),
        ("请 稍 等", "zh", False),
        ("не более минуты", None, True),
    ],
)
def test_states_time(text: str, language: str | None, expected: bool) -> None:
    assert states_time(text.split(), language) is expected


@pytest.mark.parametrize("text", ["got a minute", "Have you got a minute to talk"])
def test_to_ask_for_a_minute_of_the_other_is_no_wait(text: str) -> None:
    assert not announces_wait(text.split(), "en")
    assert announces_wait(f"{text}, one moment".split(), "en")
