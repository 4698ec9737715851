"""Drawn speakers: eSpeak knows them, and they sound unlike each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from training.recogniser import speakers, strips

_LENGTHS = """
import sys
from benchmarks.corpus.voices import Voice, say_with_espeak_here
for number in range(0, 80, 16):
    speech = say_with_espeak_here(Voice("espeak", f"ru+drawn{number}"), "добрый день")
    print(round(float(abs(speech.sound).mean()), 4), *(word for word, _, _ in speech.words))
"""
_HAS_ESPEAK = any(path.exists() for path in speakers._INSTALLED)
needs_espeak = pytest.mark.skipif(not _HAS_ESPEAK, reason="needs the Debian package espeak-ng")


@needs_espeak
def test_espeak_speaks_with_drawn_speakers(tmp_path: Path) -> None:
    speakers.draw(tmp_path, "seed")
    root = Path(__file__).parents[3]
    environment = {"ESPEAK_DATA_PATH": str(tmp_path), "PYTHONPATH": str(root), "PATH": "/usr/bin"}
    # In a process of its own: eSpeak reads the folder once.
    run = subprocess.run([sys.executable, "-c", _LENGTHS], env=environment, capture_output=True, text=True, check=True)
    lines = run.stdout.split("\n")[:-1]
    assert [line.split()[1:] for line in lines] == [["добрый", "день"]] * 5
    loudness = [float(line.split()[0]) for line in lines]
    assert min(loudness) > 0.01
    assert len(set(loudness)) == 5
    assert "maximum number" not in run.stderr  # of voices, which eSpeak would leave out


@needs_espeak
def test_the_same_seed_draws_the_same_speakers(tmp_path: Path) -> None:
    texts = []
    for name, seed in (("first", "a"), ("second", "a"), ("other", "b")):
        (tmp_path / name).mkdir()
        speakers.draw(tmp_path / name, seed)
        drawn = sorted((tmp_path / name / "espeak-ng-data" / "voices" / "!v").glob(f"{speakers.PREFIX}*"))
        assert len(drawn) == speakers.COUNT
        texts.append([path.read_text(encoding="utf-8") for path in drawn])
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    assert len(set(texts[0])) == speakers.COUNT


def test_drawn_speakers_are_asked_for_only_where_they_are() -> None:
    rng = Random(3)
    names = [strips._voice("ru", rng).name for _ in range(200)]
    assert not any(speakers.PREFIX in name for name in names)
    names = [strips._voice("ru", rng, drawn=True).name for _ in range(600)]
    share = sum(speakers.PREFIX in name for name in names) / len(names)
    assert 0.2 < share < 0.4


def test_one_who_begins_before_the_other_has_ended_ends_later() -> None:
    said = strips.Utterance((("добрый", 1000, 1600), ("день", 1700, 2000)))
    for seed in range(200):
        rng = Random(seed)
        length_ms = rng.randint(60, 3000)
        begin_ms = strips._before_the_end(said, length_ms, rng)
        assert 1500 <= begin_ms < 2000 < begin_ms + length_ms
