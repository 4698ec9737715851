"""Legs that are switched off, from drawn levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postcall.audio.quiet import find_quiet
from postcall.spans import Span, Spans

SPEECH: Spans = (Span(1_000, 3_000), Span(4_000, 6_000), Span(20_000, 22_000), Span(23_000, 24_000))


def levels(floor_dbfs: float = -60.0, *, end_ms: int = 26_000, **parts: tuple[int, int, float]) -> NDArray[np.float64]:
    """5 ms steps: the floor with a little noise, speech at -25, and parts as (start, end, level)."""
    level = floor_dbfs + np.random.default_rng(1).normal(0, 1.0, end_ms // 5)
    for span in SPEECH:
        level[span.start_ms // 5 : span.end_ms // 5] = -25.0
    for start_ms, stop_ms, dbfs in parts.values():
        level[start_ms // 5 : stop_ms // 5] = dbfs
    return level


def near(spans: Spans, start_ms: int, end_ms: int) -> bool:
    return len(spans) == 1 and abs(spans[0].start_ms - start_ms) <= 100 and abs(spans[0].end_ms - end_ms) <= 100


def test_a_mute_is_dead() -> None:
    quiet = find_quiet(levels(mute=(8_000, 15_000, -120.0)), SPEECH, ())
    assert near(quiet.mutes, 8_000, 15_000)
    assert (quiet.dropped, quiet.is_gated) == ((), False)
    assert quiet.floor_dbfs is not None
    assert abs(quiet.floor_dbfs + 60) < 1


def test_where_the_others_leak_a_silence_of_both_is_no_drop() -> None:
    others = (Span(3_000, 4_000), Span(6_000, 9_000), Span(22_000, 23_000))
    leaking = levels(end_ms=24_200, **{f"leak_{n}": (span.start_ms, span.end_ms, -48.0) for n, span in enumerate(others)})
    assert len(find_quiet(leaking, SPEECH, (), others=others).dropped) > 0
    assert find_quiet(leaking, SPEECH, (), others=others, leaks=True).dropped == ()
    assert near(find_quiet(levels(hold=(9_500, 19_500, -70.0)), SPEECH, (), leaks=True).dropped, 9_500, 19_500)


def test_a_switchs_noise_in_place_of_the_rooms_is_a_drop() -> None:
    quiet = find_quiet(levels(hold=(8_000, 15_000, -70.0)), SPEECH, ())
    assert near(quiet.dropped, 8_000, 15_000)
    assert quiet.mutes == ()


def test_a_room_that_grows_quieter_by_itself_is_no_drop() -> None:
    restless = levels(-45.0)
    at = np.arange(8_000 // 5, 15_000 // 5)
    restless[at] = -54.0 + 5 * np.sin(at / 70)
    assert find_quiet(restless, SPEECH, ()).dropped == ()


def test_a_pause_is_neither() -> None:
    quiet = find_quiet(levels(), SPEECH, ())
    assert (quiet.mutes, quiet.dropped, quiet.is_gated) == ((), (), False)


def test_a_short_mute_is_none() -> None:
    assert find_quiet(levels(mute=(8_000, 8_600, -120.0)), SPEECH, ()).mutes == ()


def test_on_a_gated_channel_a_mute_cannot_be_told() -> None:
    quiet = find_quiet(levels(-120.0), SPEECH, ())
    assert (quiet.mutes, quiet.is_gated) == ((), True)


def test_before_the_first_sound_and_after_the_last_a_leg_is_not_connected() -> None:
    level = levels(before=(0, 900, -120.0), after=(24_500, 40_000, -120.0), end_ms=40_000)
    assert find_quiet(level, SPEECH, ()).mutes == ()


def test_music_is_no_pause() -> None:
    level = levels(music=(8_000, 18_000, -30.0))
    quiet = find_quiet(level, SPEECH, (Span(8_000, 18_000),))
    assert (quiet.mutes, quiet.dropped) == ((), ())
    assert quiet.floor_dbfs is not None
    assert abs(quiet.floor_dbfs + 60) < 1


def test_nobody_speaks() -> None:
    quiet = find_quiet(levels(), (), ())
    assert (quiet.mutes, quiet.dropped, quiet.floor_dbfs) == ((), (), None)
