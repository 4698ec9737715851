from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.corpus import codecs
from benchmarks.corpus.staging import Line
from benchmarks.corpus.telephone import PER_MS, gain, rms
from benchmarks.corpus.voices import Voice
from postcall.spans import Span, intersect, subtract, union, whole
from training.diarization import embedding, mixes
from training.recogniser.text import LANGUAGES

HELD_OUT = {mixes.identity(Voice(one["engine"], one["name"])) for one in mixes._held_out()}


def drawn(timeline: str) -> Line:
    """An utterance, 100 ms a character: ``#`` sound at the standard level, ``-`` silence."""
    spans = union(Span(100 * n, 100 * n + 100) for n, mark in enumerate(timeline) if mark == "#")
    sound = np.zeros(100 * len(timeline) * PER_MS)
    for span in spans:
        time = np.arange(span.duration_ms * PER_MS)
        sound[span.start_ms * PER_MS : span.end_ms * PER_MS] = np.sqrt(2) * gain(-24) * np.sin(0.8 * time)
    return Line(sound, spans, ())


LINES = ("##########--#######", "####", "############", "########----######", "###", "###############")


@pytest.fixture
def tones_for_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """No synthesiser and no codec: what is said is drawn, and the line is a good one."""

    def speak(voice: Voice, texts: Sequence[str]) -> list[Line]:
        return [drawn(LINES[n % len(LINES)]) for n, _ in enumerate(texts)]

    monkeypatch.setattr(mixes, "speak", speak)
    monkeypatch.setattr(codecs, "through", lambda name, pcm: pcm)
    monkeypatch.setattr(mixes, "noise", lambda path, samples, rng: np.zeros(samples))
    monkeypatch.setattr(mixes, "_HOLD_SHARE", 0.0)
    monkeypatch.setattr(mixes, "_RING_SHARE", 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_sound_is_heard_in_turns_and_nowhere_else(tones_for_speech: None, seed: int) -> None:
    mix = mixes.make(f"test-{seed}")
    turns = union(Span(start, end) for _, start, end in mix.turns)
    sound = mix.pcm / 32768
    for turn in turns:
        assert rms(sound[turn.start_ms * PER_MS : turn.end_ms * PER_MS]) > gain(-55)
    for gap in subtract(union([whole(len(sound) // PER_MS) or Span(0, 1)]), turns):
        assert not np.any(sound[gap.start_ms * PER_MS : gap.end_ms * PER_MS])


@pytest.mark.parametrize("seed", range(20))
def test_nobody_speaks_over_himself(seed: int) -> None:
    said, _ = mixes.conversation([[drawn(line) for line in LINES * 2]] * 3, 60_000, Random(seed))
    assert {one.by for one in said} == {0, 1, 2}
    for by in range(3):
        own = sorted((one.start_ms, one.end_ms) for one in said if one.by == by)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(own))


def test_speakers_overlap_now_and_then() -> None:
    shares = []
    for seed in range(30):
        said, _ = mixes.conversation([[drawn(line) for line in LINES * 3]] * 2, 60_000, Random(seed))
        talk = [union(Span(one.start_ms, one.end_ms) for one in said if one.by == by) for by in (0, 1)]
        both, either = intersect(*talk), union(*talk)
        shares.append(sum(s.duration_ms for s in both) / sum(s.duration_ms for s in either))
    assert 0.03 < np.mean(shares) < 0.12


def test_holds_are_nobodys_turn() -> None:
    held = 0
    for seed in range(40):
        said, holds = mixes.conversation([[drawn(line) for line in LINES * 3]] * 2, 60_000, Random(seed))
        held += len(holds)
        talk = union(Span(one.start_ms, one.end_ms) for one in said)
        assert not intersect(talk, union(Span(*hold) for hold in holds))
    assert held > 5


def test_no_held_out_voice_is_trained_on() -> None:
    rng = Random(1)
    trained = {mixes.identity(mixes.trained_voice(language, rng)) for language in LANGUAGES for _ in range(2000)}
    assert len(HELD_OUT) > 5
    assert not HELD_OUT & trained
    assert not HELD_OUT & {mixes.identity(voice) for _, voice in embedding.voices()}


@pytest.mark.parametrize("is_held_out", [False, True])
def test_speakers_of_a_mix_have_different_voices(is_held_out: bool) -> None:
    rng = Random(2)
    for language in LANGUAGES * 50:
        cast = [mixes.identity(voice) for voice in mixes._cast(language, 3, is_held_out, rng)]
        assert len(set(cast)) == 3
        assert (set(cast) <= HELD_OUT) == is_held_out


def test_turns_are_written_and_read(tmp_path: Path) -> None:
    turns = [("s0", 120, 1500), ("s1", 1400, 2003)]
    (tmp_path / "a.rttm").write_text(mixes.rttm("a", turns))
    assert mixes.read_turns(tmp_path / "a.rttm") == turns
    assert mixes.names(tmp_path) == ["a"]


def test_upsampling_keeps_the_time() -> None:
    pcm = np.zeros(8000, np.int16)
    pcm[4000] = 20_000
    sound = mixes.upsampled(pcm)
    assert sound.shape == (16_000,)
    assert np.argmax(np.abs(sound)) == 8000
