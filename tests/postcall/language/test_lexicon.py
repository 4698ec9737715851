import pytest

from postcall.language.lexicon import (
    announces_hanging_up,
    announces_wait,
    asks_for_answer,
    asks_to_hold,
    bare,
    consents,
    instructs,
    is_listener_remark,
    last_sentence,
    lets_end,
    parts,
    states_time,
    thanks_for_waiting,
)


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


def test_last_sentence() -> None:
    assert last_sentence("One moment. Is that all?".split()) == ["Is", "that", "all?"]
    assert last_sentence("no marks at all".split()) == ["no", "marks", "at", "all"]
    assert last_sentence([]) == []


def test_listener_remarks() -> None:
    assert is_listener_remark(["Угу,", "да."], "ru")
    assert is_listener_remark(["Mm-hm."], None)
    assert not is_listener_remark(["no"], "en")
    assert not is_listener_remark(["…"], "en")


def test_bare_folds_case_edges_and_yo() -> None:
    assert bare("«Ещё!»") == "еще"


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


@pytest.mark.parametrize(
    ("text", "language", "parting", "ending"),
    [
        ("Всего вам доброго!", "ru", True, True),
        ("Ладно, спасибо.", "ru", False, True),
        ("Спасибо, а когда он приедет?", "ru", False, False),
        ("Bye now.", "en", True, True),
        ("No, that is all.", "en", False, True),
        ("Thanks, but when?", "en", False, False),
        ("祝 您 生 活 愉 快", "zh", True, True),
        ("谢 谢 你", "zh", False, True),
        ("我 要 投 诉 你", "zh", False, False),
    ],
)
def test_how_a_call_comes_to_its_end(text: str, language: str, parting: bool, ending: bool) -> None:
    assert (parts(text.split(), language), lets_end(text.split(), language)) == (parting, ending)


@pytest.mark.parametrize("text", ["got a minute", "Have you got a minute to talk"])
def test_to_ask_for_a_minute_of_the_other_is_no_wait(text: str) -> None:
    assert not announces_wait(text.split(), "en")
    assert announces_wait(f"{text}, one moment".split(), "en")


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


@pytest.mark.parametrize(
    ("text", "language"), [("Всё, я кладу трубку.", "ru"), ("I am ending this call.", "en"), ("我 挂 了。", "zh")]
)
def test_who_hangs_up_may_say_so(text: str, language: str) -> None:
    assert announces_hanging_up(text.split(), language)
    assert not announces_hanging_up(text.split()[:2], language)
