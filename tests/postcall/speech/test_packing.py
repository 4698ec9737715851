import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postcall.spans import Span, Spans, subtract, total_ms, union
from postcall.speech.engines import SAMPLES_PER_MS, SpokenChannel
from postcall.speech.packing import CONTEXT_MS, JOIN_MS, WINDOW_MS, Piece, Window, pack


def channel(speech: Spans, duration_ms: int = 120_000, label: str = "channel_0") -> SpokenChannel:
    """Every sample is its own number, so that a sample of a window tells where it is from."""
    return SpokenChannel(label, np.arange(duration_ms * SAMPLES_PER_MS, dtype=np.float32), speech)


def test_silence_needs_no_window() -> None:
    assert pack([channel(()), channel((), 0)]) == ()


def test_near_speech_shares_a_piece_and_far_speech_is_joined() -> None:
    (window,) = pack([channel((Span(1000, 2000), Span(2600, 3000), Span(50_000, 51_000)))])
    first, second = window.pieces
    assert first == Piece(Span(1000 - CONTEXT_MS, 3000 + CONTEXT_MS), 0)
    assert second == Piece(Span(50_000 - CONTEXT_MS, 51_000 + CONTEXT_MS), first.until_ms + JOIN_MS)


def test_the_join_is_silence() -> None:
    spoken = channel((Span(1000, 2000), Span(50_000, 51_000)))
    (window,) = pack([spoken])
    sound = window.render(spoken.samples_16k)
    first, second = window.pieces
    assert sound.dtype == np.float32
    assert sound.size == window.duration_ms * SAMPLES_PER_MS
    assert not sound[first.until_ms * SAMPLES_PER_MS : second.at_ms * SAMPLES_PER_MS].any()


def test_channels_never_share_a_window() -> None:
    windows = pack([channel((Span(1000, 2000),)), channel((Span(3000, 4000),), label="channel_1")])
    assert [window.channel for window in windows] == [0, 1]


def test_long_speech_is_cut_where_it_is_quiet() -> None:
    samples = np.ones(70_000 * SAMPLES_PER_MS, np.float32)
    samples[24_000 * SAMPLES_PER_MS : 24_200 * SAMPLES_PER_MS] = 0
    windows = pack([SpokenChannel("channel_0", samples, (Span(0, 70_000),))])
    (first,) = windows[0].pieces
    assert 24_050 <= first.span.end_ms <= 24_150
    assert union(piece.span for window in windows for piece in window.pieces) == (Span(0, 70_000),)


def test_sound_that_ends_within_a_ms_is_filled_up() -> None:
    samples = np.ones(1000 * SAMPLES_PER_MS + 5, np.float32)
    (window,) = pack([SpokenChannel("channel_0", samples, (Span(500, 1001),))])
    assert window.pieces[0].span == Span(500 - CONTEXT_MS, 1001)
    assert window.render(samples).sum() == 650 * SAMPLES_PER_MS + 5


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "expected"),
    [
        (100, 300, Span(10_100, 10_300)),
        (900, 1200, Span(10_900, 11_000)),  # over the join, most of it before
        (900, 1600, Span(50_000, 50_300)),  # over the join, most of it after
        (1050, 1100, Span(10_999, 11_000)),  # in the join, nearer to the first piece
        (1200, 1250, Span(50_000, 50_001)),  # in the join, nearer to the second
        (2900, 2950, Span(50_999, 51_000)),  # after the end
        (-50, -10, Span(10_000, 10_001)),
        (500, 500, Span(10_500, 10_501)),  # the recogniser gives some words no length
    ],
)
def test_a_word_is_placed_in_one_piece(start_ms: int, end_ms: int, expected: Span) -> None:
    window = Window(0, (Piece(Span(10_000, 11_000), 0), Piece(Span(50_000, 51_000), 1300)))
    assert window.place(start_ms, end_ms) == expected


speech_sets = st.lists(
    st.builds(lambda start, length: Span(start, start + length), st.integers(0, 110_000), st.integers(1, 45_000)), max_size=12
).map(lambda found: union(Span(s.start_ms, min(s.end_ms, 120_000)) for s in found))


@settings(max_examples=60, deadline=None)
@given(speech_sets, speech_sets)
def test_speech_is_covered_once_and_maps_back_exactly(first: Spans, second: Spans) -> None:
    channels = [channel(first), channel(second, label="channel_1")]
    windows = pack(channels)
    for index, spoken in enumerate(channels):
        pieces = [piece.span for window in windows if window.channel == index for piece in window.pieces]
        assert sum(piece.duration_ms for piece in pieces) == total_ms(union(pieces))  # no sound twice
        assert subtract(spoken.speech, union(pieces)) == ()
    for window in windows:
        assert 0 < window.duration_ms <= WINDOW_MS
        sound = window.render(channels[window.channel].samples_16k)
        for piece in window.pieces:
            at, size = piece.at_ms * SAMPLES_PER_MS, piece.span.duration_ms * SAMPLES_PER_MS
            from_sample = piece.span.start_ms * SAMPLES_PER_MS
            assert np.array_equal(sound[at : at + size], np.arange(from_sample, from_sample + size, dtype=np.float32))
            assert window.place(piece.at_ms, piece.until_ms) == piece.span


@given(speech_sets, st.integers(0, WINDOW_MS), st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_a_placed_word_lies_in_a_piece(speech: Spans, start_ms: int, length_ms: int) -> None:
    for window in pack([channel(speech)]):
        placed = window.place(start_ms, start_ms + length_ms)
        assert any(p.span.start_ms <= placed.start_ms and placed.end_ms <= p.span.end_ms for p in window.pieces)


def test_packing_needs_far_fewer_windows_than_spans() -> None:
    speech = tuple(Span(10_000 * index, 10_000 * index + 2000) for index in range(60))
    windows = pack([channel(speech, 600_000)])
    # 2 s of speech, 0.3 s of context and 0.3 s of join: eleven fit into 30 s.
    assert len(windows) == 6
