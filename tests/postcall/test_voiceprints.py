from __future__ import annotations

import numpy as np
import pytest

from postcall.acoustics import ChannelSound, Sound, SoundKind
from postcall.spans import Span
from postcall.voiceprints import Known, Print, clean_speech, is_enough

A, B = "speaker_0", "speaker_1"


def prints(*voices: tuple[float, ...]) -> list[Print]:
    units = [np.array(voice) / np.linalg.norm(voice) for voice in voices]
    return [Print(f"{n}", "m-1", 9_000, unit.astype(np.float32)) for n, unit in enumerate(units)]


def test_likeness_is_measured_on_the_scale_of_the_centre() -> None:
    # One agent's prints have 0.8 in mean, those of two agents 0.
    known = Known({"a": prints((1, 0, 0, 0), (0.8, 0.6, 0, 0)), "b": prints((0, 0, 1, 0)), "c": prints((0, 0, 0, 1))})
    assert known.scale == pytest.approx((0.0, 0.8))
    assert known.likeness("a", np.array([0.5, 0, 0, 0], np.float32)) == pytest.approx((0.5 + 0.4) / 2 / 0.8)
    assert (known.can_tell("a"), known.can_tell("b"), known.can_tell("nobody")) == (True, False, False)


def test_one_print_of_somebody_else_does_not_move_it() -> None:
    others = {"b": prints((0, 1, 0)), "c": prints((0, 0, 1))}
    pure = Known({"a": prints((1, 0, 0), (1, 0, 0), (1, 0, 0)), **others})
    mixed = Known({"a": prints((1, 0, 0), (1, 0, 0), (0, 1, 0)), **others})
    voice = np.array([1, 0, 0], np.float32)
    assert pure.likeness("a", voice) == pytest.approx(1.0)
    # The median stays; the scale is shorter.
    assert mixed.likeness("a", voice) > 1.0


def test_few_agents_or_a_model_that_tells_nobody_apart_compare_nothing() -> None:
    two = Known({"a": prints((1, 0), (1, 0)), "b": prints((0, 1))})
    assert (two.scale, two.can_tell("a")) == (None, False)
    once = Known({agent: prints((1, 0)) for agent in "abc"})
    assert once.scale is None
    alike = Known({agent: prints((1, 0), (1, 0)) for agent in "abc"})
    assert (alike.scale, alike.can_tell("a")) == (None, False)
    assert Known({}).scale is None


def test_clean_speech_is_of_one_speaker_without_music_and_the_longest_first() -> None:
    music = Sound(Span(20_000, 21_000), SoundKind.MUSIC)
    channel = ChannelSound((music,))
    speech = {
        A: (Span(0, 3_000), Span(5_000, 9_000), Span(10_000, 10_400), Span(12_000, 18_000), Span(20_000, 24_000)),
        B: (Span(8_000, 10_100),),
    }
    # Before 1 s no agent is there; 8 to 9 s both speak; 10 to 10.4 s is too short.
    whole = (Span(1_000, 3_000), Span(5_000, 8_000), Span(12_000, 18_000), Span(21_000, 24_000))
    assert clean_speech(A, speech, channel, 1_000, 60_000) == whole
    assert clean_speech(A, speech, channel, 1_000, 8_000) == (Span(5_000, 7_000), Span(12_000, 18_000))
    assert clean_speech(A, speech, None, 0, 60_000, (Span(0, 2_000),)) == (Span(0, 2_000),)
    assert clean_speech(B, speech, channel, 0, 60_000) == (Span(9_000, 10_000),)


def test_enough_is_the_bound_itself() -> None:
    assert is_enough((Span(0, 2_000),), 2.0)
    assert not is_enough((Span(0, 1_999),), 2.0)
    assert not is_enough((), 0.5)
