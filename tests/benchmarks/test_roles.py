from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import roles
from benchmarks.roles import Staged, is_right, with_map
from postcall.language.word_errors import WordErrors
from postcall.spans import Span
from postcall.telephony import Role, Telephony
from postcall.testing.drawing import make_call
from postcall.transcript import Transcript, Word

DRAWN = make_call("seconds   0         10        20\nagent     ####      ####\ncustomer      ####")
CALL = Staged(
    "synthetic",
    Telephony("drawn", channel_map=(Role.CUSTOMER, Role.AGENT)),
    "a.wav",
    "a.ctm",
    (Role.CUSTOMER, Role.AGENT),
    {"agent": (Span(0, 4_000),), "agent2": (Span(10_000, 14_000),), "customer": (Span(4_000, 8_000),)},
    (),
    None,
    is_mix=False,
)


def test_roles_of_channels_are_right_or_not() -> None:
    assert is_right(CALL, DRAWN) is True
    turned = {label: role.other for label, role in DRAWN.roles.items()}
    assert is_right(CALL, replace(DRAWN, roles=turned)) is False
    assert is_right(CALL, replace(DRAWN, roles={})) is None


def test_on_one_channel_shared_time_tells() -> None:
    mix = replace(CALL, channels=(), is_mix=True)
    assert is_right(mix, DRAWN) is True
    turned = {label: role.other for label, role in DRAWN.roles.items()}
    assert is_right(mix, replace(DRAWN, roles=turned)) is False


def test_maps_are_left_taken_and_turned() -> None:
    assert with_map(CALL, "record") == CALL
    assert with_map(CALL, "no map").record.channel_map is None
    assert with_map(CALL, "wrong map").record.channel_map == (Role.AGENT, Role.CUSTOMER)


def test_words_with_the_wrong_speaker_are_counted() -> None:
    spans = [Span(at, at + 300) for at in range(0, 3_000, 500)]
    speakers = ("agent", "agent", "agent", "customer", "customer", "customer")
    true = tuple((span, by, "слово") for span, by in zip(spans, speakers, strict=True))
    labels = ("x", "x", "y", "y", "y", "y")
    words = tuple(
        Word(span, "слово", 1.0, label, label == "y" and n == 2)
        for n, (span, label) in enumerate(zip(spans, labels, strict=True))
    )
    heard = replace(DRAWN, transcript=Transcript(words, "ru", "test"))
    found = roles._word_errors(replace(CALL, words=true), heard)
    assert (found["all"], found["wrong"], found["sure"], found["sure wrong"]) == (6, 1, 5, 0)
    by_speaker = roles._errors_by_speaker(replace(CALL, words=true), heard)
    assert by_speaker == WordErrors(2, 6), "the word is missing with one and too many with the other"


def test_latency_and_turns() -> None:
    agent, customer = (Span(0, 1_000), Span(4_200, 5_000), Span(20_000, 21_000)), (Span(2_000, 4_000), Span(6_000, 7_000))
    assert roles._latency_ms(agent, customer) == pytest.approx(200)
    assert roles._latency_ms(agent, ()) == 0
    assert roles._turns(agent, customer) == 3
