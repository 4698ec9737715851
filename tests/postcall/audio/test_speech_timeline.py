"""Spans from drawn probabilities and drawn levels, without the model."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from postcall.audio.levels import SILENCE_DBFS, frame_power, sustained_level_dbfs, to_db
from postcall.audio.speech_timeline import SpeechPolicy, mask_bleed, restlessness_db, speech_spans, unbridged
from postcall.spans import Span, Spans, intersect, subtract, total_ms

RATE_HZ = 16_000
WINDOW_MS = 32
POLICY = SpeechPolicy()
Sound = NDArray[np.float32]


def voice(
    spans: list[tuple[int, int]], length_ms: int, *, level_db: float = -20, floor_db: float = -70, seed: int = 0
) -> Sound:
    """Noise at ``level_db`` inside the spans and at ``floor_db`` everywhere."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(length_ms * 16)
    for start, end in spans:
        mask[start * 16 : end * 16] = 10 ** (level_db / 20)
    return (rng.standard_normal(mask.size) * (mask + 10 ** (floor_db / 20))).astype(np.float32)


def sure(spans: list[tuple[int, int]], length_ms: int, *, late_ms: int = 0, value: float = 0.9) -> Sound:
    """Probabilities that are high in windows whose middle lies in a span, ``late_ms`` late at both ends."""
    middles = np.arange(-(-length_ms // WINDOW_MS)) * WINDOW_MS + WINDOW_MS // 2
    found = np.full(middles.size, 0.01, dtype=np.float32)
    for start, end in spans:
        found[(middles >= start + late_ms) & (middles < end + late_ms)] = value
    return found


def edges(spans: Spans) -> list[tuple[int, int]]:
    return [(span.start_ms, span.end_ms) for span in spans]


def near(spans: Spans, truth: list[tuple[int, int]], within_ms: int = 15) -> bool:
    return len(spans) == len(truth) and all(
        abs(a - c) <= within_ms and abs(b - d) <= within_ms for (a, b), (c, d) in zip(edges(spans), truth, strict=True)
    )


@pytest.mark.parametrize("late_ms", [-60, 0, 60, 120])
def test_edges_come_from_the_sound_not_from_the_windows(late_ms: int) -> None:
    truth = [(1003, 1790), (2905, 4111)]
    found = speech_spans(sure(truth, 6000, late_ms=late_ms), voice(truth, 6000), POLICY)
    assert near(found, truth)


def test_neither_sound_nor_probability_alone_is_speech() -> None:
    assert speech_spans(sure([], 5000), voice([(1000, 2000)], 5000), POLICY) == ()
    assert speech_spans(sure([(1000, 2000)], 5000), np.zeros(5000 * 16, dtype=np.float32), POLICY) == ()
    assert speech_spans(sure([(1000, 2000)], 5000), np.full(5000 * 16, 0.1, dtype=np.float32), POLICY) == ()


def test_hysteresis_keeps_unsure_windows_only_next_to_a_sure_one() -> None:
    sound = voice([(1000, 3000), (5000, 6000)], 8000)
    probabilities = np.maximum(sure([(1000, 3000), (5000, 6000)], 8000, value=0.2), sure([(1000, 1500)], 8000))
    assert near(speech_spans(probabilities, sound, POLICY), [(1000, 3000)])


def test_sound_carries_an_edge_only_so_far() -> None:
    # A fan starts with the word's end: as loud as the word, but the model does not take it for speech.
    found = speech_spans(sure([(1000, 2000)], 9000), voice([(1000, 7000)], 9000), POLICY)
    assert near(found, [(1000, 2000 + POLICY.reach_ms)], within_ms=WINDOW_MS)


def test_gaps_are_bridged_up_to_the_policy() -> None:
    policy = SpeechPolicy(bridge_gap_ms=300)
    short, long = [(1000, 1500), (1750, 2500)], [(1000, 1500), (1850, 2500)]
    assert near(speech_spans(sure(short, 4000), voice(short, 4000), policy), [(1000, 2500)])
    assert near(speech_spans(sure(long, 4000), voice(long, 4000), policy), long)


def test_short_speech_and_clicks_do_not_count() -> None:
    spans = [(1000, 1080), (3000, 3200), (5000, 5010)]
    assert near(speech_spans(sure(spans, 7000), voice(spans, 7000), POLICY), [(3000, 3200)])


def test_background_voice_is_not_the_party() -> None:
    party, background = [(1000, 4000)], [(6000, 8000)]
    sound = voice(party, 10_000, level_db=-20, floor_db=-90) + voice(background, 10_000, level_db=-58, floor_db=-90, seed=1)
    found = speech_spans(sure(party + background, 10_000), sound, POLICY)
    assert near(found, party)
    assert len(speech_spans(sure(party + background, 10_000), sound, SpeechPolicy(below_party_db=60))) == 2


def test_a_channel_too_quiet_for_a_party_has_no_speech() -> None:
    spans = [(1000, 2000)]
    assert speech_spans(sure(spans, 4000), voice(spans, 4000, level_db=-75, floor_db=-100), POLICY) == ()


@pytest.mark.parametrize("floor_db", [-110, -80, -60, -45])
def test_edges_hold_in_noise_and_behind_a_gate(floor_db: float) -> None:
    truth = [(1500, 2500), (4000, 4600), (8000, 9000)]
    assert near(speech_spans(sure(truth, 12_000, late_ms=40), voice(truth, 12_000, floor_db=floor_db), POLICY), truth, 25)


def test_noise_that_grows_is_followed() -> None:
    truth = [(2000, 3000), (12_000, 13_000)]
    quiet, loud = voice(truth, 15_000, floor_db=-75), voice(truth, 15_000, floor_db=-40)
    sound = np.where(np.arange(quiet.size) < 7500 * 16, quiet, loud).astype(np.float32)
    assert near(speech_spans(sure(truth, 15_000, late_ms=40), sound, POLICY), truth, 25)


@settings(max_examples=40, deadline=None)
@given(gain_db=st.floats(-25, 20))
def test_gain_moves_no_edge(gain_db: float) -> None:
    truth = [(700, 1500), (2600, 2800), (4000, 7000)]
    sound = voice(truth, 9000)
    loud = (sound * 10 ** (gain_db / 20)).astype(np.float32)
    probabilities = sure(truth, 9000, late_ms=30)
    for (a, b), (c, d) in zip(
        edges(speech_spans(probabilities, sound, POLICY)), edges(speech_spans(probabilities, loud, POLICY)), strict=True
    ):
        assert max(abs(a - c), abs(b - d)) <= 5


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000), samples=st.integers(0, 70_000))
def test_spans_are_a_set_within_the_recording(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.random(-(-samples // 512)).astype(np.float32)
    sound = (rng.standard_normal(samples) * 0.1 * (np.arange(samples) // 4000 % 2)).astype(np.float32)
    found = speech_spans(probabilities, sound, POLICY)
    assert all(span.start_ms >= 0 and span.end_ms <= samples * 1000 // RATE_HZ for span in found)
    assert all(span.duration_ms >= POLICY.min_speech_ms - 5 for span in found)
    assert all(b.start_ms - a.end_ms > POLICY.bridge_gap_ms for a, b in pairwise(found))


def test_empty() -> None:
    assert speech_spans(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32), POLICY) == ()


# ── bleed ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lag_ms", [0, 20, 150])
@pytest.mark.parametrize("loss_db", [15, 25])
def test_echo_is_masked_and_own_speech_kept(lag_ms: int, loss_db: float) -> None:
    rng = np.random.default_rng(9)
    talk_a, talk_b = [(1000, 5000), (9000, 12_000)], [(6000, 8000), (10_000, 11_000)]
    rhythm = np.repeat(rng.uniform(0.05, 1, 75), 200 * 16)
    a = voice(talk_a, 15_000, seed=1) * rhythm
    b = voice(talk_b, 15_000, seed=2)
    lag, gain = lag_ms * 16, 10 ** (-loss_db / 20)
    leaked = b + gain * np.concatenate([np.zeros(lag), a[: a.size - lag]])
    heard = (
        tuple(Span(s, e) for s, e in talk_a),
        (Span(1000 + lag_ms, 5000 + lag_ms), Span(6000, 8000), Span(9000 + lag_ms, 12_000 + lag_ms)),
    )
    own_a, own_b = mask_bleed(heard, np.stack([a, leaked]).astype(np.float32), RATE_HZ, POLICY)
    truth_b = tuple(Span(s, e) for s, e in talk_b)
    assert own_a == heard[0]
    assert total_ms(subtract(own_b, truth_b)) <= 400
    assert total_ms(intersect(own_b, truth_b)) >= 2700


def test_the_gap_between_an_echo_and_own_words_is_not_left_over_as_speech() -> None:
    a, b = voice([(1000, 3000)], 8000, seed=1), voice([(3300, 5000)], 8000, seed=2)
    leaked = (b + 0.05 * a + 1e-4 * np.random.default_rng(3).standard_normal(a.size)).astype(np.float32)
    both = np.stack([a, leaked]).astype(np.float32)
    open_ended = unbridged(POLICY)
    heard = tuple(
        speech_spans(sure(talk, 8000), sound, open_ended)
        for talk, sound in zip(([(1000, 3000)], [(1000, 5000)]), both, strict=True)
    )
    _, own_b = mask_bleed((heard[0], heard[1]), both, RATE_HZ, POLICY)
    (span,) = own_b
    assert abs(span.start_ms - 3300) <= 20


def test_without_a_leak_nothing_is_masked() -> None:
    talk_a, talk_b = (Span(1000, 4000),), (Span(3000, 6000),)
    samples = np.stack([voice([(1000, 4000)], 8000, seed=1), voice([(3000, 6000)], 8000, seed=2)])
    assert mask_bleed((talk_a, talk_b), samples, RATE_HZ, POLICY) == (talk_a, talk_b)


def test_bleed_of_silence() -> None:
    assert mask_bleed(((), ()), np.zeros((2, 16_000), dtype=np.float32), RATE_HZ, POLICY) == ((), ())


# ── levels ───────────────────────────────────────────────────────────────────


def test_level_of_a_sine_and_of_nothing() -> None:
    sine = np.sin(np.arange(RATE_HZ) * 2 * np.pi * 440 / RATE_HZ).astype(np.float32)
    assert sustained_level_dbfs(sine, RATE_HZ) == pytest.approx(-3, abs=0.2)
    assert sustained_level_dbfs(np.full(RATE_HZ, 0.25, dtype=np.float32), RATE_HZ) == SILENCE_DBFS
    assert sustained_level_dbfs(np.zeros(0, dtype=np.float32), RATE_HZ) == SILENCE_DBFS


def test_sustained_level_is_that_of_the_voice() -> None:
    sound = voice([(30_000, 31_000)], 60_000, level_db=-30, floor_db=-70)
    sound[::80_000] = 1.0
    assert sustained_level_dbfs(sound, RATE_HZ) == pytest.approx(-30, abs=2)


def test_frame_power_smooths_without_moving() -> None:
    sound = np.zeros(1600, dtype=np.float32)
    sound[800:880] = np.tile([1, -1], 40)
    assert frame_power(sound, RATE_HZ, hop_ms=5).argmax() == 10
    smooth = to_db(frame_power(sound, RATE_HZ, hop_ms=5, hops_per_window=3))
    assert np.flatnonzero(smooth > SILENCE_DBFS).tolist() == [9, 10, 11]


def test_peaks_of_restless_noise_carry_no_edge_on() -> None:
    truth = [(1000, 2000), (5000, 6000)]
    murmur = [(start, start + 150) for start in range(0, 12_000, 300) if not any(a - 1 < start < b - 1 for a, b in truth)]
    sound = voice(truth, 12_000, floor_db=-64) + voice(murmur, 12_000, level_db=-50, floor_db=-90, seed=1)
    sound += voice([(2000, 2150)], 12_000, level_db=-50, floor_db=-90, seed=2)
    assert near(speech_spans(sure(truth, 12_000), sound, POLICY), truth)


def test_restlessness_is_of_noise_away_from_speech() -> None:
    def level_of(sound: Sound) -> NDArray[np.float64]:
        return to_db(frame_power(sound, RATE_HZ, hop_ms=5, hops_per_window=3))

    steady = level_of(voice([(1000, 2000)], 9000, floor_db=-60))
    core = np.zeros(steady.size, dtype=np.bool_)
    core[200:400] = True
    assert restlessness_db(steady, core) < 5
    restless = level_of(voice([(start, start + 200) for start in range(0, 9000, 400)], 9000, level_db=-45, floor_db=-60))
    assert 13 < restlessness_db(restless, core) < 18
    assert restlessness_db(steady[:500], core[:500]) == 0  # too little noise is heard
