"""Whole calls with a real synthesiser: Chinese, which needs eSpeak NG alone."""

from __future__ import annotations

import csv
import ctypes
import json
from pathlib import Path

import av
import numpy as np
import pytest
from scipy import signal

from benchmarks.corpus import cache, telephone
from benchmarks.corpus.__main__ import lines_of, make
from benchmarks.corpus.planning import draw_calls
from benchmarks.corpus.script import load, paths
from benchmarks.corpus.voices import words_of


def _has_espeak() -> bool:
    try:
        return bool(ctypes.CDLL("libespeak-ng.so.1") and ctypes.CDLL("libgsm.so.1"))
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not _has_espeak(), reason="needs the Debian packages espeak-ng and libgsm1")
PLANS = draw_calls([load(path) for path in paths() if path.parent.name == "zh" and path.stem == "hold_search"], 3, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("corpus")
    assert not [call.problem for call in make(out / "one", PLANS, out / "cache", 1) if call.problem]
    make(out / "two", PLANS, out / "cache", 2)
    make(out / "fresh", PLANS[:1], out / "cache 2", 1)
    return out


def test_the_same_seed_makes_the_same_files(folder: Path) -> None:
    files = sorted(path.relative_to(folder / "one") for path in (folder / "one").rglob("*") if path.is_file())
    assert len(files) == 1 + 4 * len(PLANS)
    for path in files:
        assert (folder / "one" / path).read_bytes() == (folder / "two" / path).read_bytes(), path
    for path in (folder / "fresh" / "truth").iterdir():
        assert path.read_bytes() == (folder / "one" / "truth" / path.name).read_bytes()


def test_each_utterance_is_in_the_recording_at_the_sample_that_the_truth_says(folder: Path) -> None:
    checked = 0
    for plan in PLANS:
        fields = json.loads((folder / "one" / "truth" / f"{plan.call_id}.json").read_text("utf-8"))
        with av.open(str(folder / "one" / "recordings" / fields["recording"])) as file:
            resampler = av.AudioResampler(format="s16p", rate=8000)
            frames = [piece for frame in file.decode(audio=0) for piece in resampler.resample(frame)]
            heard = np.concatenate([piece.to_ndarray() for piece in frames], axis=1).astype(float)
        said = [one for one in fields["utterances"] if one["by"] in ("agent", "customer")]
        spoken = [index for index, one in enumerate(plan.played) if one.voice]
        lines = lines_of(plan, folder / "cache")
        for utterance, index in zip(said, spoken, strict=True):
            line = lines[index]
            channel = next(n for n, parties in enumerate(fields["channels"]) if utterance["by"] in parties)
            start = utterance["start_ms"] * telephone.PER_MS
            margin = 400
            part = heard[channel, start - margin : start + len(line.sound) + margin]
            match = signal.correlate(part, line.sound, mode="valid", method="fft")
            assert abs(int(np.argmax(match)) - margin) <= 1, (plan.call_id, utterance)
            checked += 1
    assert checked >= 20


def test_words_of_chinese_are_its_characters(folder: Path) -> None:
    fields = json.loads((folder / "one" / "truth" / f"{PLANS[0].call_id}.json").read_text("utf-8"))
    assert all(len(word["text"].rstrip("，。！？：；、")) == 1 for word in fields["words"])
    assert words_of("您好，请稍等。") == ["您", "好，", "请", "稍", "等。"]


def test_the_call_records_name_the_recordings(folder: Path) -> None:
    with (folder / "one" / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["call_id"] for row in rows} == {plan.call_id for plan in PLANS}
    assert all((folder / "one" / "recordings" / row["recording"]).exists() for row in rows)


def test_an_utterance_is_said_once(folder: Path) -> None:
    class Nobody:
        def map(self, function: object, batches: list[object]) -> list[int]:
            assert not batches
            return []

    wanted = [(one.voice, one.spoken) for plan in PLANS for one in plan.played if one.voice]
    assert cache.fill(folder / "cache", wanted, Nobody()) == 0  # type: ignore[arg-type]
