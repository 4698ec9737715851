import pytest

from postcall.language.lexicon import announces_wait, asks_for_answer, bare, is_listener_remark, last_sentence


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
