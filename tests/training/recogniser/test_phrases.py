from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.corpus.voices import Speech, Voice
from training.recogniser import phrases


def said(voice: Voice, texts: list[str]) -> list[Speech]:
    """A voice that says each letter as a tone of 50 ms, at 32 kHz."""
    spoken = []
    for text in texts:
        time = np.arange(1600 * len(text)) / 32_000
        spoken.append(Speech(0.5 * np.sin(2 * np.pi * 440 * time), 32_000, ((text, 0, time.size),)))
    return spoken


def test_phrases_come_back_as_they_were_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "say", said)
    voice = Voice("festival", "slow")
    phrases.record(tmp_path, voice, lambda rng: "a" * rng.randint(4, 12), 30, "seed")
    found = phrases.of_voice(tmp_path, "slow")
    rng = Random("seed")
    expected = [rng.randint(4, 12) for _ in range(48)]  # in rounds of 24
    assert [len(text) for text, _ in found] == expected
    for text, speech in found:
        ((word, start, end),) = speech.words
        assert (word, start, end) == (text, 0, len(text) * 800)
        assert speech.rate_hz == phrases.RATE_HZ
        assert speech.sound.size == end
        assert np.sqrt(np.mean(speech.sound**2)) == pytest.approx(0.35, abs=0.03)


def test_what_is_recorded_is_not_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "say", said)
    voice = Voice("festival", "once")
    phrases.record(tmp_path, voice, lambda rng: "aaaa", 24, "seed")
    monkeypatch.setattr(phrases, "say", None)
    phrases.record(tmp_path, voice, lambda rng: "aaaa", 24, "seed")
    assert len(phrases.of_voice(tmp_path, "once")) == 24


def test_a_voice_that_was_not_recorded_has_none(tmp_path: Path) -> None:
    assert not len(phrases.of_voice(tmp_path, "nobody"))
