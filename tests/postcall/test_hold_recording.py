"""Announcements on hold are neither the agent's talk nor the end of the hold."""

from __future__ import annotations

import pytest

from postcall.call import Call
from postcall.spans import Span
from postcall.telephony import Role
from postcall.testing.drawing import make_call

DRAWN = """
seconds   0         10        20        30        40
agent     ####        ####           ####  ####
customer      ##                         ##
music            #####    ###########
"""
ANNOUNCED = {
    "ru": "Ваш звонок очень важен для нас, оставайтесь на линии.",
    "en": "All our agents are busy. Your call is important to us.",
    "zh": "座 席 正 忙， 请 您 稍 等。",
}
SAID = {"ru": "Я вас слышу, ещё минуту.", "en": "I am still here, one minute.", "zh": "我 还 在， 请 等 一 下。"}


def call(text: str, language: str, drawn: str = DRAWN) -> Call:
    said = {Role.AGENT: [(0, 4, "Один момент." if language == "ru" else "好。"), (12, 16, text), (27, 31, "Нашлось.")]}
    return make_call(drawn, said=said, language=language, is_hold_known=False)


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_an_announcement_between_music_is_hold_and_not_the_agents(language: str) -> None:
    on_hold = call(ANNOUNCED[language], language)
    assert [(hold.span, hold.source) for hold in on_hold.audible_holds] == [(Span(7_000, 27_000), "audio_music")]
    assert Span(12_000, 16_000) not in on_hold.talk(Role.AGENT)
    assert on_hold.talk(Role.IVR) == (Span(12_000, 16_000),)
    assert " ".join(word.text for word in on_hold.words(Role.IVR)) == ANNOUNCED[language]
    assert all(word.span.start_ms not in range(12_000, 16_000) for word in on_hold.words(Role.AGENT))
    assert not any(turn.span.overlaps(Span(12_000, 16_000)) for turn in on_hold.turns)


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_an_agent_who_comes_back_parts_the_hold(language: str) -> None:
    back = call(SAID[language], language)
    assert [hold.span for hold in back.audible_holds] == [Span(7_000, 12_000), Span(16_000, 27_000)]
    assert Span(12_000, 16_000) in back.talk(Role.AGENT)


NOBODYS = {
    "ru": "Закажите доставку до пятницы и получите скидку двадцать процентов.",
    "en": "Order before Friday and get twenty percent off your next bill.",
    "zh": "周 五 之 前 下 单 可 享 受 八 折 优 惠。",
}
LOOKS_IN = {
    "ru": "Спасибо, что ждёте, проверка ещё не закончена, осталось немного.",
    "en": "Thank you for holding, the check is still running over there.",
    "zh": "感 谢 您 的 耐 心 等 待， 查 询 还 没 有 结 束。",
}


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_an_advertisement_that_parts_the_music_is_a_recording(language: str) -> None:
    assert [hold.span for hold in call(NOBODYS[language], language).audible_holds] == [Span(7_000, 27_000)]


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_who_thanks_for_waiting_is_no_recording(language: str) -> None:
    assert len(call(LOOKS_IN[language], language).audible_holds) == 2


def test_a_few_words_are_not_enough_for_a_recording() -> None:
    assert len(call("Заявка почти оформлена.", "ru").audible_holds) == 2


def test_who_is_answered_is_no_recording_whatever_he_says() -> None:
    answered = DRAWN.replace("customer      ##                         ##", "customer      ##        ##               ##")
    assert len(call(NOBODYS["ru"], "ru", answered).audible_holds) == 2


def test_away_from_music_the_words_are_the_agents() -> None:
    """Who explains what the tape says is no tape."""
    drawn = "\n".join(line for line in DRAWN.splitlines() if not line.startswith("music"))
    explained = call(ANNOUNCED["ru"], "ru", drawn)
    assert Span(12_000, 16_000) in explained.talk(Role.AGENT)
    assert explained.talk(Role.IVR) == ()


def test_what_is_played_at_the_end_of_a_hold_belongs_to_it() -> None:
    drawn = """
seconds   0         10        20        30        40
agent     ####        ####           ####  ####
customer      ##                         ##
music            #####
"""
    assert [hold.span for hold in call(ANNOUNCED["ru"], "ru", drawn).audible_holds] == [Span(7_000, 16_000)]


# ── without words ────────────────────────────────────────────────────────────


def twice(one: str, two: str, *, is_answered: bool = False) -> Call:
    """Music, speech, music, speech, and music on the agent's channel; the voices of the two as digits."""
    return make_call(
        "\n".join(
            [
                "seconds      0         10        20        30        40",
                "agent        ####   ##      ####      ####      ####",
                "customer         ##            #                    ##"
                if is_answered
                else "customer         ##                                 ##",
                "music                  #####    ######    #####",
                f"agent_level  3333   33      {one}      {two}      3333",
                f"agent_pitch  3333   33      {one}      {two}      3333",
            ]
        ),
        is_hold_known=False,
    )


def held(call: Call) -> list[tuple[int, int]]:
    return [(hold.span.start_ms // 1000, hold.span.end_ms // 1000) for hold in call.audible_holds]


def test_another_voice_that_parts_the_music_is_a_recording() -> None:
    strange = twice("8888", "9998")
    assert held(strange) == [(10, 34)]
    assert strange.talk(Role.IVR) == strange.hold_recordings == (Span(15_000, 19_000), Span(25_000, 29_000))


def test_an_agent_who_looks_in_is_no_recording() -> None:
    his = twice("3343", "4332")
    assert his.hold_recordings == ()
    assert held(his) == [(10, 15), (19, 25), (29, 34)]
    assert Span(15_000, 19_000) in his.talk(Role.AGENT)


def test_who_is_answered_is_no_recording() -> None:
    assert twice("8888", "9998", is_answered=True).hold_recordings == (Span(25_000, 29_000),)


def test_what_is_said_twice_the_same_way_is_a_recording() -> None:
    assert len(twice("2453", "2453").hold_recordings) == 2
    assert twice("2453", "3542").hold_recordings == ()


def test_the_beep_of_recording_is_no_hold() -> None:
    drawn = """
seconds      0         10        20        30        40
agent        ####   ##          ######     ##
customer         ##                  ##     ##
beep                          #        #
agent_level  3333   33          999999     33
agent_pitch  3333   33          999999     33
"""
    assert make_call(drawn, is_hold_known=False).hold_recordings == ()


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_who_says_i_is_no_recording(language: str) -> None:
    """An agent may tell of the queue; a recording does not tell of itself."""
    said = {"ru": "Я вижу, все операторы заняты.", "en": "I see that all our agents are busy.", "zh": "我 看 到 座 席 正 忙。"}
    assert call(said[language], language).hold_recordings == ()
