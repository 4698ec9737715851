from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postcall.spans import Span, Spans, union
from postcall.speakers import over_speech, with_speakers
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
