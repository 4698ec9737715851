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


def test_on_one_channel_words_where_nobody_is_heard_leave_roles_open() -> None:
    most = replace(call(OPENING, MATTER), is_one_channel=True, unheard_share=0.25)
    assert assign_roles(NONE, most, DEFAULT).roles == RIGHT.roles
    more = replace(most, unheard_share=0.26)
    found = assign_roles(NONE, more, DEFAULT)
    assert (found.roles, found.confidence, found.likely) == ({}, None, RIGHT.roles)
    assert found.reason is not None
    assert "roles.most_unheard_share" in found.reason
    assert assign_roles(NONE, replace(more, is_one_channel=False), DEFAULT).roles == RIGHT.roles, "a channel tells whose"
    assert assign_roles(NONE, more, RolePolicy(most_unheard_share=0.3)).roles == RIGHT.roles


# ── voices ───────────────────────────────────────────────────────────────────

WORDLESS = Heard({A: (Span(0, 5_000),), B: (Span(10_000, 15_000),)}, None)


def with_voices(heard: Heard, *likeness: float) -> Heard:
    return replace(heard, likeness=dict(zip((A, B, C), likeness, strict=False)))


def test_the_agents_voice_tells_who_is_who_where_words_do_not() -> None:
    by_itself = assign_roles(NONE, WORDLESS, DEFAULT)
    assert (by_itself.roles, by_itself.is_in_doubt) == ({}, True)
    other_first = replace(WORDLESS, speech={A: WORDLESS.speech[B], B: WORDLESS.speech[A]})
    for heard, roles in (
        (with_voices(WORDLESS, 1.0, 0.0), RIGHT.roles),
        (with_voices(other_first, 0.0, 1.0), WRONG.roles),
    ):
        found = assign_roles(NONE, heard, DEFAULT)
        assert (found.roles, found.source) == (roles, "voice")
        assert found.confidence is not None
        assert 0.9 < found.confidence < 0.995


def test_a_voice_does_not_win_against_a_clear_talk_pattern() -> None:
    found = assign_roles(NONE, with_voices(WORDLESS, 0.0, 1.0), DEFAULT)
    assert (found.roles, found.likely) == ({}, WRONG.roles), "the other one spoke first"
    assert found.confidence is not None
    assert found.confidence < DEFAULT.minimum_confidence


def test_voices_that_are_hardly_apart_leave_the_doubt() -> None:
    found = assign_roles(NONE, with_voices(WORDLESS, 0.9, 0.8), DEFAULT)
    assert (found.roles, found.source) == ({}, "talk_pattern")


def test_where_nobody_sounds_like_the_agent_of_the_record_voices_say_nothing() -> None:
    for likeness in ((0.45, -0.9), (0.49, -5.0)):
        assert assign_roles(NONE, with_voices(WORDLESS, *likeness), DEFAULT) == assign_roles(NONE, WORDLESS, DEFAULT)


def test_nor_do_they_where_one_speaker_has_none() -> None:
    assert assign_roles(NONE, with_voices(WORDLESS, 1.0), DEFAULT) == assign_roles(NONE, WORDLESS, DEFAULT)


def test_voices_alone_are_never_surer_than_a_record_may_be_wrong() -> None:
    equal = Heard({A: (Span(0, 5_000),), B: (Span(0, 5_000),)}, None)
    found = assign_roles(NONE, with_voices(equal, 9.0, -9.0), DEFAULT)
    assert found.confidence is not None
    assert found.confidence < 0.985, "19 in 20 and who speaks first, at most"


def test_a_wrong_map_is_contradicted_by_a_voice_without_words() -> None:
    assert assign_roles(WRONG, WORDLESS, DEFAULT).roles == WRONG.roles
    found = assign_roles(WRONG, with_voices(WORDLESS, 1.0, 0.0), DEFAULT)
    assert (found.roles, found.source, found.is_map_contradicted) == (RIGHT.roles, "voice", True)
    strict = assign_roles(WRONG, with_voices(WORDLESS, 1.0, 0.0), RolePolicy(override_confidence=1))
    assert (strict.roles, strict.is_map_contradicted) == ({}, True)
    assert strict.reason == "the agent's voice contradicts who is on which channel by the call record"


def test_a_map_that_a_voice_confirms_stays_the_maps() -> None:
    by_itself = assign_roles(RIGHT, WORDLESS, DEFAULT)
    found = assign_roles(RIGHT, with_voices(WORDLESS, 1.0, 0.0), DEFAULT)
    assert (found.roles, found.source) == (RIGHT.roles, "call_record")
    assert found.confidence is not None
    assert by_itself.confidence is not None
    assert found.confidence > by_itself.confidence


def test_words_that_tell_surely_leave_nothing_to_voices() -> None:
    assert not assign_roles(NONE, call(OPENING, MATTER), DEFAULT).is_in_doubt
    assert not assign_roles(RIGHT, call(OPENING, MATTER), DEFAULT).is_in_doubt
    assert assign_roles(RIGHT, WORDLESS, DEFAULT).is_in_doubt, "a map may be wrong, and no word says so"
    assert not assign_roles(NONE, call(OPENING), DEFAULT).is_in_doubt, "one voice has no other"
