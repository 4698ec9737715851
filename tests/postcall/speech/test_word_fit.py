import time

from hypothesis import given
from hypothesis import strategies as st

from postcall.spans import Span, Spans, total_ms, union
from postcall.speech.word_fit import FitCounts, WordPolicy, fit_transcript, fit_words
from postcall.transcript import Transcript, Word

POLICY = WordPolicy()
A = "channel_0"


def word(start_ms: int, end_ms: int, speaker: str | None = A, text: str = "да") -> Word:
    return Word(Span(start_ms, end_ms), text, 0.5, speaker)


def fitted(words: list[Word], speech: Spans) -> list[tuple[int, int]]:
    kept, _ = fit_words(words, {A: speech}, POLICY)
    return [(w.span.start_ms, w.span.end_ms) for w in kept]


def test_a_word_inside_speech_stays() -> None:
    assert fitted([word(100, 200)], (Span(0, 1000),)) == [(100, 200)]


def test_a_word_placed_ten_seconds_early_starts_with_its_speech() -> None:
    assert fitted([word(0, 10_400)], (Span(10_000, 12_000),)) == [(10_000, 10_400)]


def test_a_word_over_a_pause_stays_with_most_of_it() -> None:
    assert fitted([word(900, 2500)], (Span(0, 1000), Span(2000, 3000), Span(2990, 4000))) == [(2000, 2500)]
    assert fitted([word(400, 2100)], (Span(0, 1000), Span(2000, 3000))) == [(400, 1000)]


def test_the_earlier_span_wins_a_tie() -> None:
    assert fitted([word(900, 2100)], (Span(0, 1000), Span(2000, 3000))) == [(900, 1000)]


def test_a_word_near_speech_moves_onto_its_edge_with_its_length() -> None:
    speech = (Span(1000, 2000),)
    assert fitted([word(700, 800)], speech) == [(1000, 1100)]
    assert fitted([word(2200, 2300)], speech) == [(1900, 2000)]
    assert fitted([word(699, 799), word(2201, 2301)], speech) == []


def test_the_nearer_of_two_spans_takes_the_word() -> None:
    assert fitted([word(1050, 1100)], (Span(0, 1000), Span(1200, 2000))) == [(950, 1000)]
    assert fitted([word(1100, 1150)], (Span(0, 1000), Span(1200, 2000))) == [(1200, 1250)]


def test_a_word_longer_than_its_span_fills_it() -> None:
    assert fitted([word(700, 900)], (Span(1000, 1050),)) == [(1000, 1050)]


def test_words_moved_back_do_not_overtake_those_before_them() -> None:
    kept, _ = fit_words([word(950, 1080, text="a"), word(1100, 1400, text="b")], {A: (Span(0, 1000),)}, POLICY)
    assert [(w.text, w.span) for w in kept] == [("a", Span(950, 1000)), ("b", Span(950, 1000))]


def test_a_word_longer_than_the_recognisers_window_is_dropped() -> None:
    assert fitted([word(0, 30_001)], (Span(0, 60_000),)) == []
    assert fitted([word(0, 30_000)], (Span(0, 60_000),)) == [(0, 30_000)]


def test_a_word_of_nobody_known_is_fitted_to_everybodys_speech() -> None:
    speech = {A: (Span(0, 1000),), "channel_1": (Span(900, 2000),)}
    kept, counts = fit_words([word(800, 1500, speaker=None)], speech, POLICY)
    assert [w.span for w in kept] == [Span(800, 1500)]
    assert counts == FitCounts(0, 0, 0)


def test_a_word_of_a_label_without_speech_is_dropped() -> None:
    kept, counts = fit_words([word(100, 200, speaker="channel_1")], {A: (Span(0, 1000),)}, POLICY)
    assert kept == ()
    assert counts == FitCounts(0, 1, 1000)


def test_speech_without_words_is_counted_span_by_span_and_speaker_by_speaker() -> None:
    speech = {A: (Span(0, 1000), Span(2000, 2300)), "channel_1": (Span(100, 600), Span(700, 800))}
    _, counts = fit_words([word(900, 1000), word(750, 760, speaker="channel_1")], speech, POLICY)
    assert counts == FitCounts(0, 0, 300 + 500)


def test_no_words_and_no_speech() -> None:
    assert fit_words([], {}, POLICY) == ((), FitCounts())
    assert fit_words([], {A: ()}, POLICY) == ((), FitCounts())


def test_a_transcript_adds_its_counts() -> None:
    before = Transcript((word(0, 200), word(5000, 5100)), "ru", "test", {"beam": 1}, 3, 4, 5, 6)
    after = fit_transcript(before, {A: (Span(100, 1000),)}, POLICY)
    assert after == Transcript((word(100, 200),), "ru", "test", {"beam": 1}, 4, 5, 5, 0)


spans = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 20_000), st.integers(1, 3000))
speech_sets = st.lists(spans, max_size=8).map(union)
words = st.lists(
    st.builds(lambda s, who: Word(s, "да", None, who), spans, st.sampled_from([A, "channel_1", None])), max_size=20
).map(lambda found: sorted(found, key=lambda w: w.span.start_ms))
policies = st.builds(
    lambda near, longest: WordPolicy(near_s=near / 1000, longest_s=longest / 1000), st.integers(0, 2000), st.integers(1, 4000)
)


@given(words, speech_sets, speech_sets, policies)
def test_kept_words_lie_inside_speech_and_counts_add_up(
    found: list[Word], first: Spans, second: Spans, policy: WordPolicy
) -> None:
    speech = {A: first, "channel_1": second}
    kept, counts = fit_words(found, speech, policy)
    for w in kept:
        inside = speech[w.speaker] if w.speaker else union(first, second)
        assert any(s.start_ms <= w.span.start_ms and w.span.end_ms <= s.end_ms for s in inside)
    assert len(kept) + counts.words_dropped == len(found)
    assert counts.words_clipped <= len(kept)
    assert 0 <= counts.speech_without_words_ms <= total_ms(first) + total_ms(second)
    assert [w.span.start_ms for w in kept] == sorted(w.span.start_ms for w in kept)
    again, recount = fit_words(kept, speech, policy)
    assert again == kept
    assert recount == FitCounts(0, 0, counts.speech_without_words_ms)


@given(speech_sets, st.lists(st.tuples(st.integers(0, 800), st.integers(1, 900)), max_size=20), policies)
def test_words_that_follow_each_other_keep_their_order(speech: Spans, steps: list[tuple[int, int]], policy: WordPolicy) -> None:
    found, at_ms = [], 0
    for number, (pause_ms, length_ms) in enumerate(steps):
        found.append(word(at_ms + pause_ms, at_ms + pause_ms + length_ms, text=str(number)))
        at_ms += pause_ms + length_ms
    kept, _ = fit_words(found, {A: speech}, policy)
    numbers = [int(w.text) for w in kept]
    assert numbers == sorted(numbers)


def test_a_long_call_takes_linear_time() -> None:
    count = 20_000
    speech = tuple(Span(2000 * index, 2000 * index + 1000) for index in range(count))
    found = [word(2000 * index + 900, 2000 * index + 1100) for index in range(count)]
    started = time.perf_counter()
    kept, counts = fit_words(found, {A: speech}, POLICY)
    assert time.perf_counter() - started < 5
    assert len(kept) == counts.words_clipped == count
