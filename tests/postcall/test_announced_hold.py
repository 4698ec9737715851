"""Holds that only words tell of, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from postcall.acoustics import Acoustics, Quality
from postcall.announced_hold import AnnouncedHoldPolicy, is_told_by_sound
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.spans import Span
from postcall.telephony import Role
from postcall.testing.drawing import make_call
from postcall.transcript import Transcript

# 12 s of nothing after a request (0-4 s) and an answer (5-6 s).
PARTIES = """
seconds   0         10        20        30
agent     ####              ####
customer       #                   ##
music
"""
HELD = (Span(6_000, 18_000),)

REQUESTS = {
    "ru": "Мне нужно уточнить. Оставайтесь, пожалуйста, на линии, хорошо?",
    "en": "I have to ask. May I put you on hold for a minute?",
    "zh": "好的， 我 帮 您 查 询， 请 您 稍 等， 可 以 吗？",
}
CONSENTS = {"ru": "Да, подожду.", "en": "Sure.", "zh": "可 以。"}
THANKS = {
    "ru": "Спасибо за ожидание! Нашлось.",
    "en": "Thank you for waiting. I found it.",
    "zh": "让 您 久 等 了。 找 到 了。",
}
SEARCHES = {"ru": "Одну минуту, сейчас посмотрю.", "en": "Just a moment, let me check.", "zh": "我 查 一 下。"}
PLAIN = {"ru": "Нашлось.", "en": "I found it.", "zh": "找 到 了。"}
NO = {"ru": "Ну.", "en": "Well.", "zh": "那 个。"}
LANGUAGES = ("ru", "en", "zh")


def said(language: str, request: dict[str, str], answer: dict[str, str], back: dict[str, str], **policy: str) -> Call:
    call = make_call(
        PARTIES,
        said={
            Role.AGENT: [(0, 4, request[language]), (18, 22, back[language])],
            Role.CUSTOMER: [(5, 6, answer[language])],
        },
        language=language,
        is_hold_known=False,
    )
    return replace(call, hold_policy=AnnouncedHoldPolicy.model_validate(policy))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_needs_consent_or_thanks(language: str) -> None:
    assert said(language, REQUESTS, CONSENTS, PLAIN).announced_holds == HELD
    assert said(language, REQUESTS, NO, THANKS).announced_holds == HELD
    assert said(language, REQUESTS, NO, PLAIN).announced_holds == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_search_is_no_hold_however_polite(language: str) -> None:
    call = said(language, SEARCHES, CONSENTS, THANKS)
    assert call.announced_holds == ()
    assert call.silence() == (Span(4_000, 5_000), *HELD, Span(22_000, 25_000))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_policy_says_what_confirms(language: str) -> None:
    assert said(language, REQUESTS, CONSENTS, PLAIN, confirmed_by="thanks").announced_holds == ()
    assert said(language, REQUESTS, NO, THANKS, confirmed_by="thanks").announced_holds == HELD
    assert said(language, REQUESTS, NO, THANKS, confirmed_by="consent").announced_holds == ()
    assert said(language, REQUESTS, CONSENTS, THANKS, confirmed_by="never").announced_holds == ()
    longer = said(language, REQUESTS, CONSENTS, THANKS)
    assert replace(longer, hold_policy=AnnouncedHoldPolicy(min_s=12.5)).announced_holds == ()


def test_it_is_hold_and_no_silence_where_the_record_does_not_tell() -> None:
    call = said("ru", REQUESTS, CONSENTS, THANKS)
    assert call.holds() == HELD
    assert call.silence() == (Span(4_000, 5_000), Span(22_000, 25_000))
    told = replace(call, telephony=replace(call.telephony, holds=()))
    assert told.holds() == ()
    assert HELD[0] in told.silence()


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_one_channel_it_takes_words_of_nobody_in_particular(language: str) -> None:
    call = make_call(
        "seconds   0         10        20        30\nanyone    #### #            ####\nmusic",
        said={
            Role.AGENT: [(0, 4, REQUESTS[language]), (18, 22, THANKS[language])],
            Role.CUSTOMER: [(5, 6, CONSENTS[language])],
        },
        language=language,
        is_hold_known=False,
    )
    assert call.announced_holds == HELD


def test_on_one_channel_consent_follows_a_question() -> None:
    drawing = "seconds   0         10        20        30\nanyone    #### #            ####\nmusic"
    words = {Role.AGENT: [(0, 4, REQUESTS["en"]), (18, 22, PLAIN["en"])]}
    agreed = make_call(drawing, said=words | {Role.CUSTOMER: [(5, 6, "Sure.")]}, is_hold_known=False)
    assert agreed.announced_holds == HELD
    refused = make_call(drawing, said=words | {Role.CUSTOMER: [(5, 6, "No.")]}, is_hold_known=False)
    assert refused.announced_holds == ()


def test_what_is_heard_is_not_announced_too() -> None:
    call = said("en", REQUESTS, CONSENTS, THANKS)
    heard = make_call(PARTIES.replace("music", "music            ######"), is_hold_known=False)
    call = replace(call, acoustics=heard.acoustics)
    assert [hold.span for hold in call.audible_holds] == [Span(7_000, 13_000)]
    assert call.announced_holds == ()


def test_where_the_agents_room_is_heard_words_add_nothing() -> None:
    call = said("en", REQUESTS, CONSENTS, THANKS)
    assert call.acoustics is not None
    loud = {
        label: replace(channel, quality=Quality(speech_dbfs=-25.0, noise_dbfs=-50.0))
        for label, channel in call.acoustics.channels.items()
    }
    assert replace(call, acoustics=Acoustics(loud)).announced_holds == ()


@pytest.mark.parametrize(
    ("quality", "is_mixed", "expected"),
    [
        (Quality(noise_dbfs=-50.0), False, True),
        (Quality(noise_dbfs=-50.0), True, False),
        (Quality(noise_dbfs=-70.0), False, False),
        (Quality(noise_dbfs=-50.0, is_gated=True), False, False),
        (Quality(), False, False),
    ],
)
def test_when_sound_tells(quality: Quality, is_mixed: bool, expected: bool) -> None:
    assert is_told_by_sound(quality, is_mixed=is_mixed) is expected


def test_a_request_long_before_is_none() -> None:
    call = make_call(
        """
seconds   0         10        20        30        40
agent     ####     #########             ####
customer      #
music
""",
        said={
            Role.AGENT: [
                (0, 3, "Please stay on the line."),
                (9, 18, "In the meantime I looked at it all"),
                (31, 35, "Thanks for waiting."),
            ],
        },
        is_hold_known=False,
    )
    assert call.announced_holds == ()


def test_without_words_it_is_not_known() -> None:
    with pytest.raises(MissingInput, match="no transcript"):
        _ = make_call(PARTIES, is_hold_known=False).announced_holds
    nothing_said = replace(make_call(PARTIES, is_hold_known=False), transcript=Transcript((), "en", "drawing"))
    assert nothing_said.announced_holds == ()
