from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.acoustics import Acoustics, ChannelSound, Sound, SoundKind
from postcall.roles import Heard, weigh
from postcall.roles.evidence import PATTERN_MOST, handover_marks
from postcall.spans import Span, Spans, union
from postcall.telephony import Direction
from postcall.transcript import Word

A, B = "channel_0", "channel_1"
AGENT = "Добрый день! Компания Пример, меня зовут Анна. Чем могу помочь?"
CUSTOMER = "Здравствуйте, у меня не работает интернет, почему?"


def said(label: str, text: str, from_ms: int, *, is_in_doubt: bool = False) -> list[Word]:
    return [
        Word(Span(from_ms + 400 * n, from_ms + 400 * n + 300), word, 1.0, label, is_in_doubt)
        for n, word in enumerate(text.split())
    ]


def heard(first: str = AGENT, second: str = CUSTOMER, language: str | None = "ru", **more: object) -> Heard:
    words = said(A, first, 0) + said(B, second, 5_000)
    speech = {A: (Span(0, 4_500),), B: (Span(5_000, 9_000),)}
    return replace(Heard(speech, words, language=language), **more)  # type: ignore[arg-type]


def test_who_opens_as_an_agent_is_the_agent_whatever_the_order() -> None:
    found, turned = weigh(heard()), weigh(heard(CUSTOMER, AGENT))
    assert found.customer[B] > 0.95
    assert turned.customer[A] > 0.9
    assert found.has_openings
    assert sum(found.customer.values()) == pytest.approx(1)


def test_in_other_languages_and_an_unknown_one_too() -> None:
    english = heard("thanks for calling city cable this is daniel how may i help you", "hi i have a problem with my bill", "en")
    assert weigh(english).customer[B] > 0.95
    assert weigh(replace(english, language=None)).customer[B] > 0.95


def test_of_an_outbound_call_the_customer_answers() -> None:
    outbound = heard(
        "Алло, слушаю.",
        "Добрый день, меня зовут Анна, Северный банк, звоню вам по поводу вашей карты. Вам удобно говорить?",
        direction=Direction.OUTBOUND,
    )
    assert weigh(outbound).customer[A] > 0.95


def test_words_in_doubt_tell_nothing() -> None:
    words = said(A, AGENT, 0, is_in_doubt=True) + said(B, CUSTOMER, 5_000, is_in_doubt=True)
    assert weigh(heard(words=words)).customer == weigh(heard(words=None)).customer


def test_talk_pattern_alone_never_makes_sure() -> None:
    channels = {
        A: ChannelSound((Sound(Span(6_000, 7_000), SoundKind.MUSIC),)),
        B: ChannelSound((Sound(Span(6_000, 6_100), SoundKind.KEY),)),
    }
    found = weigh(heard(words=None, acoustics=Acoustics(channels), direction=Direction.INBOUND))
    assert 0.6 < found.customer[B] < 0.85
    assert not found.has_openings
    assert max(found.leanings.values()) - min(found.leanings.values()) == pytest.approx(PATTERN_MOST)


def test_what_a_menu_says_before_the_answer_does_not_count() -> None:
    menu = "Вас приветствует компания Пример. Чем могу помочь?"
    words = said(A, menu, 0) + said(A, "Алло.", 12_000) + said(B, CUSTOMER, 14_000)
    speech = {A: (Span(0, 4_000), Span(12_000, 12_500)), B: (Span(14_000, 18_000),)}
    before, after = Heard(speech, words, 0, language="ru"), Heard(speech, words, 11_000, language="ru")
    assert weigh(before).leanings[A] > weigh(after).leanings[A] + 1


def test_of_three_voices_the_one_who_has_a_matter_is_the_customer() -> None:
    second = "Спасибо за ожидание! Меня зовут Павел, старший специалист. Назовите, пожалуйста, номер договора."
    words = said(A, AGENT, 0) + said(B, CUSTOMER, 5_000) + said("third", second, 20_000)
    speech = {A: (Span(0, 4_500),), B: (Span(5_000, 9_000),), "third": (Span(20_000, 26_000),)}
    assert weigh(Heard(speech, words, language="ru")).customer[B] > 0.9


def test_who_talks_with_all_of_a_transferred_call_is_the_customer() -> None:
    """::

    A      ## ## ##
    B        #  #  #   # #  #
    third             # #  #
    """
    speech = {
        A: (Span(0, 4_000), Span(6_000, 10_000), Span(12_000, 16_000)),
        B: (Span(4_000, 6_000), Span(10_000, 12_000), Span(16_000, 18_000), Span(32_000, 34_000), Span(38_000, 42_000)),
        "third": (Span(30_000, 32_000), Span(34_000, 38_000), Span(42_000, 44_000)),
    }
    transferred = Heard(speech, None, fewest_voices=3)
    assert handover_marks(transferred) == {A: pytest.approx(1 / 4), B: 1, "third": pytest.approx(2 / 3)}
    assert weigh(transferred).customer[B] > 0.6
    assert weigh(replace(transferred, fewest_voices=2)).customer[B] < 0.6, "a customer may pass the telephone on"


SPEECH = st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 5_000)), max_size=8).map(
    lambda pieces: union(Span(start, start + length) for start, length in pieces)
)


@given(SPEECH, SPEECH, SPEECH)
def test_any_handover_is_the_same_whatever_the_order(first: Spans, second: Spans, third: Spans) -> None:
    found = handover_marks(Heard({"a": first, "b": second, "c": third}, None, fewest_voices=3))
    turned = handover_marks(Heard({"c": third, "b": second, "a": first}, None, fewest_voices=3))
    assert found == turned
    assert all(0 <= mark <= 1 for mark in found.values())


@given(
    st.lists(st.tuples(st.sampled_from([A, B]), st.text(max_size=8)), max_size=30), st.sampled_from(["ru", "en", "zh", None])
)
def test_any_words_give_probabilities(tokens: list[tuple[str, str]], language: str | None) -> None:
    words = [Word(Span(300 * n, 300 * n + 200), text, None, label) for n, (label, text) in enumerate(tokens)]
    found = weigh(Heard({A: (Span(0, 5_000),), B: ()}, words, language=language, agent_name="Анна"))
    assert sum(found.customer.values()) == pytest.approx(1)
    assert all(0 < probability < 1 for probability in found.customer.values())
