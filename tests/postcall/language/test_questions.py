from __future__ import annotations

import pytest

from postcall.language.questions import questions


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("Чем могу помочь?", "ru", "open"),
        ("На каком тарифе вы сейчас?", "ru", "open"),
        ("Подскажите, пожалуйста, как вас зовут?", "ru", "open"),
        ("Анна, а когда вы платили?", "ru", "open"),
        ("А адрес у вас какой?", "ru", "open"),
        ("Не могли бы вы сказать, какой у вас номер договора?", "ru", "open"),
        ("Тариф называется как?", "ru", "open"),
        ("до скольки вы работаете", "ru", "open"),
        ("какой у вас тариф", "ru", "open"),
        ("Вы знаете, что тариф изменился?", "ru", "closed"),
        ("Правильно ли я понимаю, что вы хотите отключить?", "ru", "closed"),
        ("Вы перезагружали роутер?", "ru", "closed"),
        ("Могу ли я чем-нибудь ещё помочь?", "ru", "closed"),
        ("Вам понятно, как оплатить?", "ru", "closed"),
        ("можно ли отключить услугу", "ru", "closed"),
        ("Вам перезвонить или вы подождёте?", "ru", "choice"),
        ("How may I help you?", "en", "open"),
        ("Can you tell me what happened?", "en", "open"),
        ("What's your account number?", "en", "open"),
        ("May I ask who is calling?", "en", "open"),
        ("Did you restart the router?", "en", "closed"),
        ("Do you know that it changed?", "en", "closed"),
        ("did you pay", "en", "closed"),
        ("Would you like to hold or shall I call back?", "en", "choice"),
        ("请问有什么可以帮到您？", "zh", "open"),
        ("您什么时候方便？", "zh", "open"),
        ("您贵姓？", "zh", "open"),
        ("您还有什么问题吗？", "zh", "closed"),
        ("可以吗", "zh", "closed"),
        ("这几天有没有断网？", "zh", "closed"),
        ("您是等一下还是给您回电？", "zh", "choice"),
    ],
)
def test_kinds(heard, text: str, language: str, kind: str) -> None:
    assert [one.kind for one in questions(heard(text, language), language)] == [kind]


@pytest.mark.parametrize(
    ("text", "language"),
    [("Спасибо за звонок.", "ru"), ("спасибо за звонок", "ru"), ("Thank you.", "en"), ("已经办理好了。", "zh"), ("", "ru")],
)
def test_statements(heard, text: str, language: str) -> None:
    assert questions(heard(text, language), language) == []


def test_several_in_one_utterance(heard) -> None:
    found = questions(heard("Да. Какой у вас тариф? Понятно. Он вам нравится?", "ru"), "ru")
    assert [(one.first, one.last, one.is_open) for one in found] == [(1, 4, True), (6, 8, False)]
