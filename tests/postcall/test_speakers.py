from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from postcall.acoustics import Acoustics, ChannelSound, Sound, SoundKind
from postcall.spans import Span, Spans, clip, intersect, subtract, total_ms, union
from postcall.speakers import (
    MENU,
    SpeakerPolicy,
    cut_out,
    filled,
    human_part,
    over_speech,
    put_back,
    with_menu,
    with_speakers,
    without_ghosts,
)
from postcall.timeline import MIXED, SpeakerTimeline
from postcall.transcript import Word

starts = st.integers(0, 500)
lengths = st.integers(1, 120)
spans = st.lists(st.builds(lambda start, length: Span(start, start + length), starts, lengths), max_size=8).map(union)


def timeline(*, exclusive: bool = False, **by_label: Spans) -> SpeakerTimeline:
    return SpeakerTimeline(by_label, exclusive, "test")


def test_speech_of_nobody_stays_mixed() -> None:
    told = over_speech((Span(0, 100),), timeline(a=(Span(10, 40),), b=(Span(30, 60), Span(200, 220))))
    assert told.by_label == {"a": (Span(10, 40),), "b": (Span(30, 60),), MIXED: (Span(0, 10), Span(60, 100))}


def test_nothing_is_mixed_where_all_speech_has_a_speaker() -> None:
    assert MIXED not in over_speech((Span(5, 50),), timeline(a=(Span(0, 60),))).by_label


@given(spans, spans, spans)
def test_speech_stays_the_same(speech: Spans, one: Spans, other: Spans) -> None:
    assert union(*over_speech(speech, timeline(a=one, b=other)).by_label.values()) == speech


def test_a_word_goes_to_who_has_most_of_it() -> None:
    exclusive = timeline(exclusive=True, a=(Span(0, 100), Span(160, 170)), b=(Span(100, 160),))
    words = [Word(Span(*at), "слово", speaker=MIXED) for at in ((10, 50), (80, 170), (95, 105), (300, 320))]
    assert [word.speaker for word in with_speakers(words, exclusive)] == ["a", "b", "a", MIXED]


def test_a_long_word_adds_up_all_its_pieces() -> None:
    exclusive = timeline(exclusive=True, a=(Span(0, 30), Span(70, 100)), b=(Span(30, 70),))
    assert with_speakers([Word(Span(0, 100), "слово")], exclusive)[0].speaker == "a"


def test_a_word_at_a_change_or_under_two_voices_is_in_doubt() -> None:
    exclusive = timeline(exclusive=True, a=(Span(0, 100),), b=(Span(100, 300),))
    overlapping = timeline(a=(Span(0, 100),), b=(Span(90, 300), Span(320, 330)))
    words = [Word(Span(*at), "слово") for at in ((10, 80), (60, 140), (80, 100), (150, 200), (310, 320))]
    found = with_speakers(words, exclusive, overlapping)
    assert [word.is_in_doubt for word in found] == [False, True, True, False, True]
    assert [word.speaker for word in found] == ["a", "a", "a", "b", MIXED]
    assert not with_speakers(words[2:3], exclusive)[0].is_in_doubt, "nothing is known of a second voice"


@given(spans, spans, st.lists(st.builds(lambda start, length: Span(start, start + length), starts, lengths), max_size=20))
def test_words_keep_order_and_text(one: Spans, other: Spans, at: list[Span]) -> None:
    words = [Word(span, str(n)) for n, span in enumerate(at)]
    found = with_speakers(words, timeline(exclusive=True, a=one, b=subtract(other, one)), timeline(a=one, b=other))
    assert [(word.span, word.text) for word in found] == [(word.span, word.text) for word in words]


# ── the human part ───────────────────────────────────────────────────────────


def channel(*sounds: tuple[SoundKind, int, int]) -> Acoustics:
    return Acoustics({MIXED: ChannelSound(tuple(Sound(Span(start, end), kind) for kind, start, end in sounds))})


def test_music_tones_and_menus_are_cut_out_but_no_speech() -> None:
    heard = channel((SoundKind.RING, 5_000, 6_500), (SoundKind.MUSIC, 20_000, 30_000), (SoundKind.BEEP, 31_000, 31_200))
    speech = (Span(0, 4_000), Span(9_000, 20_500), Span(30_000, 40_000))
    assert human_part(40_000, heard, speech, 0) == (Span(0, 5_000), Span(6_500, 20_500), Span(30_000, 40_000))
    assert human_part(40_000, heard, speech, 8_000) == (Span(8_000, 20_500), Span(30_000, 40_000))
    assert human_part(0, heard, (), 0) == ()
    assert human_part(5_000, channel(), (), 90_000) == ()


@given(spans, spans, spans)
def test_what_was_cut_out_is_put_back_where_it_was(part: Spans, one: Spans, other: Spans) -> None:
    inside = {label: intersect(spoken, part) for label, spoken in (("a", one), ("b", other))}
    at_ms, moved = 0, {label: list[Span]() for label in inside}
    for span in part:
        for label, spoken in inside.items():
            shift_ms = at_ms - span.start_ms
            moved[label] += [Span(s.start_ms + shift_ms, s.end_ms + shift_ms) for s in clip(spoken, span)]
        at_ms += span.duration_ms
    cut = timeline(**{label: union(spoken) for label, spoken in moved.items()})
    assert {label: total_ms(spoken) for label, spoken in put_back(cut, part).by_label.items()} == {
        label: total_ms(spoken) for label, spoken in inside.items()
    }
    assert put_back(cut, part).by_label == inside


def test_samples_of_the_part_alone() -> None:
    samples = np.arange(100, dtype=np.float32)
    assert cut_out(samples, (Span(0, 2), Span(8, 20)), 10).tolist() == [*range(20), *range(80, 100)]
    assert cut_out(samples, (), 10).size == 0


# ── ghosts, speech of nobody, menus ──────────────────────────────────────────


def test_ghosts_are_merged_into_who_speaks_beside_them_and_counted() -> None:
    told = timeline(a=(Span(0, 30_000),), b=(Span(31_000, 60_000),), ghost=(Span(30_200, 30_600), Span(60_100, 60_400)))
    found = without_ghosts(told, told, SpeakerPolicy())
    assert found.ghosts == 1
    assert found.overlapping.by_label == {
        "a": (Span(0, 30_000), Span(30_200, 30_600)),
        "b": (Span(31_000, 60_000), Span(60_100, 60_400)),
    }


def test_two_speakers_are_never_ghosts_nor_is_a_third_with_something_to_say() -> None:
    short = timeline(a=(Span(0, 60_000),), b=(Span(60_000, 60_300),))
    assert without_ghosts(short, short, SpeakerPolicy()).overlapping == short
    third = timeline(a=(Span(0, 30_000),), b=(Span(31_000, 60_000),), c=(Span(61_000, 70_000),))
    assert without_ghosts(third, third, SpeakerPolicy()).ghosts == 0


def test_short_speech_of_nobody_is_its_neighbours() -> None:
    told = timeline(a=(Span(10, 40),), b=(Span(60, 80),), **{MIXED: (Span(0, 10), Span(40, 60), Span(80, 300), Span(500, 510))})
    found = filled(told, 100)
    assert found.by_label == {"a": (Span(0, 50),), "b": (Span(50, 80),), MIXED: (Span(80, 300), Span(500, 510))}


@given(spans, spans, spans, st.integers(0, 200))
def test_filling_keeps_speech(speech: Spans, one: Spans, other: Spans, most_ms: int) -> None:
    told = over_speech(speech, timeline(a=one, b=other))
    assert union(*filled(told, most_ms).by_label.values()) == union(*told.by_label.values())


def test_what_speaks_before_the_call_reaches_an_agent_is_a_menu() -> None:
    told = timeline(a=(Span(0, 50), Span(80, 100)), **{MIXED: (Span(50, 60),)})
    assert with_menu(told, 70).by_label == {"a": (Span(80, 100),), MENU: (Span(0, 60),)}
    assert with_menu(told, 0) == told
