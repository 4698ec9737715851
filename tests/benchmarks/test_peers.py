"""What contestants are asked, and how their words and times become rows."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from benchmarks.peers.__main__ import Row, Said, can_import, errors_of, plans, ratios, real_calls, row_of, run, table, with_kept
from benchmarks.peers.contestants import CONTESTANTS, Asked, AskedCall, Told
from postcall.language.word_errors import WordErrors
from postcall.testing.tiny_whisper import write_tiny_whisper


def sound(path: Path, seconds: float = 2.0) -> Path:
    """Two channels of noise in bursts."""
    noise = np.random.default_rng(1).integers(-8000, 8000, (round(8000 * seconds), 2))
    wavfile.write(path, 8000, noise.astype(np.int16))
    return path


def told(wall_s: float, cpu_s: float, peak_mb: float = 300.0) -> Told:
    return Told(5.0, wall_s, cpu_s, 250.0, peak_mb, None)


def test_only_calls_of_two_channels_are_drawn() -> None:
    drawn = plans(2, seed=52)
    assert {plan.conditions.layout for plan in drawn} <= {"separate", "swapped"}
    assert sorted(plan.script.language for plan in drawn) == ["en", "en", "ru", "ru", "zh", "zh"]


def test_what_is_asked_is_read_again(tmp_path: Path) -> None:
    calls = tuple(
        AskedCall(name, "folder", f"{name}.wav", language, 2.0) for name, language in (("a", "ru"), ("b", "ru"), ("c", "en"))
    )
    asked = Asked(calls, "model", str(tmp_path))
    (tmp_path / "asked.json").write_text(json.dumps(asdict(asked)), encoding="utf-8")
    assert Asked.read(tmp_path / "asked.json") == asked
    assert sorted(call.call_id for call in asked.first_calls) == ["a", "c"]


def test_real_calls_lose_what_is_no_word(tmp_path: Path) -> None:
    sound(tmp_path / "x.stereo.wav")
    (tmp_path / "x.stm").write_text(
        "x 1 agent 0.1 0.5 hello [noise] there\nx 1 caller 0.6 0.9 hi\nx 1 agent 1.0 1.5 bye\nx 1 caller 1.6 1.7 <unk>\n"
    )
    [(call, said)] = real_calls(tmp_path)
    assert (call.call_id, call.language, call.duration_s) == ("x", "en", pytest.approx(2.0))
    assert [text.split() for text in said.texts] == [["hi"], ["hello", "there", "bye"]]


def test_words_are_compared_channel_by_channel() -> None:
    said = {"x": Said("en", ("hi there", "good day"))}
    assert errors_of(said, {"x": ["Hi, there!", "good day"]}) == WordErrors(0, 4)
    assert errors_of(said, {"x": ["good day", "hi there"]}).errors == 4


def test_each_ones_best_round_counts_and_peers_are_compared_by_core_hours() -> None:
    half = 0.5
    own = row_of("postcall", "corpus", half, [told(20, 10), told(12, 11, 400)], WordErrors(1, 10))
    assert (own.hours_per_core_hour, own.hours_per_hour, own.word_error_rate, own.peak_mb) == (180.0, 150.0, 0.1, 400)
    peer = row_of("faster-whisper batched", "corpus", half, [told(20, 20)], WordErrors(2, 10))
    text = row_of("faster-whisper text", "corpus", half, [told(9, 8)], None)
    out = Row("whisperx text", "corpus", has_word_times=False, why="not installed")
    rows = [own, peer, text, out]
    assert ratios(rows) == {
        "corpus": {
            "with_word_times": {"peer": "faster-whisper batched", "times": 2.0},
            "any": {"peer": "faster-whisper text", "times": 0.8},
        }
    }
    assert table(rows).row_count == 4
    assert ratios([own, out]) == {}


def test_a_contestant_can_be_added_to_what_others_did_with_the_same() -> None:
    figures = {"model": {"name": "demo"}, "calls": {"corpus": {"count": 1}}}
    kept = [row_of("postcall", "corpus", 1.0, [told(1, 1)], None), Row("whisperx text", "corpus", False, why="not installed")]
    added = row_of("whisperx text", "corpus", 1.0, [told(2, 2)], None)
    told_before = {**figures, "rows": [asdict(row) for row in kept]}
    assert with_kept([added], told_before, figures) == [kept[0], added]
    with pytest.raises(SystemExit, match="another model"):
        with_kept([added], told_before, {**figures, "model": {"name": "other"}})


def test_what_cannot_run_says_why_and_quotes_nothing(tmp_path: Path) -> None:
    asked = Asked((AskedCall("x", str(tmp_path), "none.wav", "ru", 1.0),), str(tmp_path / "no-model"), str(tmp_path))
    why = run("postcall", asked, sys.executable)
    assert isinstance(why, str) and "none" not in why
    assert not can_import("no_such_module", sys.executable)


@pytest.mark.parametrize("name", ["postcall", "faster-whisper batched"])
def test_contestants_hear_both_channels_of_the_same_files(tmp_path: Path, name: str) -> None:
    sound(tmp_path / "x.wav")
    model = write_tiny_whisper(tmp_path / "model")
    asked = Asked((AskedCall("x", str(tmp_path), "x.wav", "ru", 2.0),), str(model), str(tmp_path), beam_size=1)
    assert name in CONTESTANTS
    found = run(name, asked, sys.executable)
    assert isinstance(found, Told), found
    assert found.texts is not None and len(found.texts["x"]) == 2
    assert found.peak_mb >= found.start_mb > 0 and found.cpu_s > 0
