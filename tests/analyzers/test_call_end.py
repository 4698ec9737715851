"""Who hung up, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers.call_end import CallEnd, CallEndPolicy, call_end
from postcall.call import Call
from postcall.telephony import Role
from postcall.testing.drawing import make_call

TALK = """
seconds   0         10        20        30
agent     ####        ####
customer      #####       ##
"""


def only(call: Call, **policy: float) -> CallEnd:
    (row,) = call_end(call, CallEndPolicy.model_validate(policy))
    return row


def recorded(call: Call, by: Role | None) -> Call:
    return replace(call, telephony=replace(call.telephony, disconnected_by=by))


def test_the_record_tells() -> None:
    row = only(recorded(make_call(TALK), Role.CUSTOMER))
    assert (row.hung_up_by, row.hung_up_source, row.last_speaker, row.after_last_word_ms) == (
        "customer",
        "call_record",
        "customer",
        12_000,
    )
    assert (row.release_ms, row.has_busy_tone, row.is_record_confirmed) == (None, None, None)
    assert row.not_measurable == (
        "release_ms, has_busy_tone: nobody listened to the recording; "
        "is_record_confirmed: record and sound do not both tell who hung up"
    )


def test_a_busy_tone_lies_on_the_leg_that_was_put_down() -> None:
    call = make_call(TALK + "customer_busy" + " " * 16 + "# # #")
    row = only(recorded(call, None))
    assert (row.hung_up_by, row.hung_up_source, row.has_busy_tone, row.release_ms) == ("customer", "busy_tone", True, 1_000)
    assert only(recorded(call, Role.CUSTOMER)).is_record_confirmed is True
    assert only(recorded(call, Role.AGENT)).is_record_confirmed is False
    assert only(recorded(call, Role.AGENT)).hung_up_by == "agent"


def test_a_record_that_does_not_know_leaves_it_to_the_sound() -> None:
    call = make_call(TALK + "customer_busy" + " " * 16 + "# # #")
    row = only(recorded(call, Role.UNKNOWN))
    assert (row.hung_up_by, row.hung_up_source, row.is_record_confirmed) == ("customer", "busy_tone", None)
    assert only(recorded(make_call(TALK), Role.UNKNOWN)).hung_up_by is None


def test_a_leg_that_falls_dead() -> None:
    row = only(recorded(make_call(TALK + "mute" + " " * 25 + "#" * 11), None))
    assert (row.hung_up_by, row.hung_up_source, row.has_busy_tone, row.release_ms) == ("agent", "leg_off", False, 1_000)


def test_nothing_tells() -> None:
    row = only(recorded(make_call(TALK + "mute" + " " * 25 + "##"), None))
    assert (row.hung_up_by, row.hung_up_source, row.has_busy_tone) == (None, None, False)
    assert row.not_measurable is not None
    assert "neither the call record nor sound nor words tell who hung up" in row.not_measurable


def test_on_one_channel_a_busy_tone_is_nobodys() -> None:
    call = make_call("seconds   0         10        20\nanyone    ########\nbusy               # # #")
    row = only(recorded(call, None))
    assert (row.hung_up_by, row.has_busy_tone, row.last_speaker) == (None, True, None)


def test_nobody_speaks() -> None:
    row = only(recorded(make_call("seconds   0         10\nagent\ncustomer\nbusy     # #"), None))
    assert (row.last_speaker, row.after_last_word_ms, row.release_ms) == (None, None, None)


# ── by words ─────────────────────────────────────────────────────────────────

AGENT_LAST = """
seconds   0         10        20        30
agent     ####                 ###
customer      #####       ####
"""
HELLO = {"ru": "Здравствуйте.", "en": "Hello.", "zh": "您 好。"}
QUESTION = {"ru": "А когда заработает интернет?", "en": "And when will it work again?", "zh": "什 么 时 候 能 修 好？"}
THANKS = {"ru": "Хорошо, спасибо.", "en": "All right, thank you.", "zh": "好 的， 谢 谢。"}
FAREWELL = {"ru": "Всё, до свидания.", "en": "Goodbye.", "zh": "再 见。"}
ENOUGH = {"ru": "Я кладу трубку.", "en": "I am ending this call.", "zh": "我 挂 了。"}


def spoken(language: str, customer: dict[str, str], agent: dict[str, str]) -> Call:
    said = {
        Role.AGENT: [(0, 4, HELLO[language]), (21, 24, agent[language])],
        Role.CUSTOMER: [(4, 9, HELLO[language]), (16, 20, customer[language])],
    }
    return recorded(make_call(AGENT_LAST, said=said, language=language), None)


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_who_says_that_he_ends_the_call_ends_it(language: str) -> None:
    row = only(spoken(language, QUESTION, ENOUGH))
    assert (row.hung_up_by, row.hung_up_source, row.hung_up_confidence) == ("agent", "said", 0.95)
    row = only(spoken(language, ENOUGH, FAREWELL))
    assert (row.hung_up_by, row.hung_up_source) == ("customer", "said")


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_a_one_sided_farewell_is_told_only_where_it_is_wanted(language: str) -> None:
    call = spoken(language, QUESTION, FAREWELL)
    assert only(call).hung_up_by is None
    row = only(call, min_confidence=0.7)
    assert (row.hung_up_by, row.hung_up_source, row.hung_up_confidence) == ("agent", "one_sided_farewell", 0.7)


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_where_both_let_it_end_nothing_tells(language: str) -> None:
    assert only(spoken(language, THANKS, FAREWELL), min_confidence=0.0).hung_up_by is None
    assert only(spoken(language, FAREWELL, FAREWELL), min_confidence=0.0).hung_up_by is None
    assert only(spoken(language, QUESTION, HELLO), min_confidence=0.0).hung_up_by is None


def test_the_confidence_is_of_what_tells_first() -> None:
    call = spoken("en", QUESTION, ENOUGH)
    assert only(recorded(call, Role.CUSTOMER)).hung_up_confidence == 1.0
    assert only(recorded(call, Role.CUSTOMER), min_confidence=1.0).hung_up_by == "customer"
    assert only(call, min_confidence=0.96).hung_up_by is None
    only_one = make_call("seconds   0         10\nagent     ####", said={Role.AGENT: [(0, 4, "Goodbye.")]})
    assert only(recorded(only_one, None), min_confidence=0.0).hung_up_by is None
