from __future__ import annotations

from dataclasses import replace

from postcall.roles import Heard, Layout, RolePolicy, assign_roles
from postcall.spans import Span
from postcall.telephony import Role
from postcall.transcript import Word

A, B, C = "channel_0", "channel_1", "channel_2"
RIGHT = Layout({A: Role.AGENT, B: Role.CUSTOMER}, "call_record", None)
WRONG = Layout({A: Role.CUSTOMER, B: Role.AGENT}, "call_record", None)
NONE = Layout({}, None, "nobody says who is on which channel")
DEFAULT = RolePolicy()
OPENING = "Добрый день! Компания Пример, меня зовут Анна. Чем могу помочь?"
MATTER = "Здравствуйте, у меня не работает интернет, почему?"


def call(*texts: str) -> Heard:
    labels = (A, B, C)[: len(texts)]
    speech = {label: (Span(10_000 * n, 10_000 * n + 5_000),) for n, label in enumerate(labels)}
    words = [
        Word(Span(10_000 * n + 300 * m, 10_000 * n + 300 * m + 200), word, 1.0, label)
        for n, (label, text) in enumerate(zip(labels, texts, strict=True))
        for m, word in enumerate(text.split())
    ]
    return Heard(speech, words or None, language="ru")


def test_a_map_and_what_is_said_agree() -> None:
    found = assign_roles(RIGHT, call(OPENING, MATTER), DEFAULT)
    assert (found.roles, found.source, found.is_map_contradicted) == (RIGHT.roles, "call_record", False)
    assert found.confidence is not None
    assert found.confidence > DEFAULT.map_right_share


def test_a_map_is_kept_without_words_whatever_the_talk_pattern() -> None:
    silent = Heard({A: (Span(0, 500),), B: (Span(1_000, 9_000),)}, None)
    for layout in (RIGHT, WRONG):
        found = assign_roles(layout, silent, DEFAULT)
        assert (found.roles, found.is_map_contradicted) == (layout.roles, False)
        assert found.confidence is not None
        assert found.confidence >= DEFAULT.map_right_share


def test_a_map_that_what_is_said_contradicts_is_not_followed() -> None:
    found = assign_roles(WRONG, call(OPENING, MATTER), DEFAULT)
    assert (found.roles, found.source, found.is_map_contradicted) == (RIGHT.roles, "opening_phrase", True)


def test_nor_is_what_is_said_when_the_policy_asks_for_more() -> None:
    found = assign_roles(WRONG, call(OPENING, MATTER), RolePolicy(override_confidence=1))
    assert (found.roles, found.is_map_contradicted) == ({}, True)
    assert found.reason == "what is said contradicts who is on which channel by the call record"
    assert found.confidence is not None
    assert found.confidence < 0.1, "it is the map's: next to nothing"
    assert found.likely == RIGHT.roles


def test_a_little_doubt_leaves_the_parties_untold() -> None:
    doubtful = call("Компания Пример, назовите номер.", "Алло, моя карта, ну вот.")
    found = assign_roles(WRONG, doubtful, RolePolicy(contradiction_confidence=0.999))
    assert (found.roles, found.is_map_contradicted) == ({}, False)
    assert found.confidence is not None
    assert 0.1 < found.confidence < DEFAULT.minimum_confidence


def test_without_a_map_the_opening_decides_or_nobody_does() -> None:
    found = assign_roles(NONE, call(OPENING, MATTER), DEFAULT)
    assert (found.roles, found.source, found.is_map_contradicted) == (RIGHT.roles, "opening_phrase", None)
    unsure = assign_roles(NONE, call("раз два", "три четыре"), DEFAULT)
    assert (unsure.roles, unsure.source) == ({}, "talk_pattern")
    assert unsure.reason is not None
    assert "roles.minimum_confidence" in unsure.reason
    assert set(unsure.likely.values()) == {Role.AGENT, Role.CUSTOMER}


def test_one_voice_has_no_role() -> None:
    found = assign_roles(NONE, call(OPENING), DEFAULT)
    assert (found.roles, found.confidence, found.reason) == ({}, None, "only one speaker was found")


def test_nobody_told_apart_keeps_the_layouts_reason() -> None:
    found = assign_roles(NONE, None, DEFAULT)
    assert (found.roles, found.source, found.reason) == ({}, None, NONE.reason)
    assert assign_roles(RIGHT, None, DEFAULT).roles == RIGHT.roles


def test_a_second_agent_is_an_agent_and_a_third_voice_is_nobody() -> None:
    colleague = "Спасибо за ожидание! Меня зовут Павел, старший специалист. Назовите, пожалуйста, номер вашего договора."
    found = assign_roles(NONE, call(OPENING, MATTER, colleague), DEFAULT)
    assert found.likely == {A: Role.AGENT, B: Role.CUSTOMER, C: Role.AGENT}
    bystander = assign_roles(NONE, call(OPENING, MATTER + " я хотел узнать", "ну"), DEFAULT)
    assert bystander.likely == {A: Role.AGENT, B: Role.CUSTOMER, C: Role.UNKNOWN}


def test_a_map_that_is_less_sure_than_asked_for_tells_nobody() -> None:
    policy = RolePolicy(minimum_confidence=0.999)
    found = assign_roles(RIGHT, Heard({A: (Span(0, 900),), B: ()}, None), policy)
    assert found.roles == {}
    assert assign_roles(RIGHT, call(OPENING, MATTER), policy).roles == RIGHT.roles


def test_two_voices_of_a_transferred_call_on_one_channel_are_not_trusted() -> None:
    found = assign_roles(NONE, replace(call(OPENING, MATTER), fewest_voices=3), DEFAULT)
    assert (found.roles, found.confidence) == ({}, None)
    assert found.reason is not None
    assert "transferred" in found.reason
    assert found.likely == RIGHT.roles


def test_on_one_channel_a_rest_of_a_voice_is_no_party() -> None:
    whole = replace(call(OPENING, MATTER), is_one_channel=True)
    assert assign_roles(NONE, whole, DEFAULT).roles == RIGHT.roles
    rest = replace(whole, speech={**whole.speech, B: (Span(0, 1_499),)})
    found = assign_roles(NONE, rest, DEFAULT)
    assert (found.roles, found.confidence) == ({}, None)
    assert found.reason is not None
    assert "roles.smallest_voice_s" in found.reason
    assert assign_roles(NONE, replace(rest, is_one_channel=False), DEFAULT).reason != found.reason, "a channel is no guess"
    assert assign_roles(NONE, rest, RolePolicy(smallest_voice_s=1.0)).roles == RIGHT.roles
