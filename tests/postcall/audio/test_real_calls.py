"""The speech timeline on real recordings: talk time, edges, tones. Skipped where the folder is absent."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from benchmarks.talk_time import FOLDER, edges, mean_absolute_error_s, real_calls, staged_call, with_noise
from postcall.audio.decode import DecodePolicy, decode
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.recording import Topology
from postcall.spans import total_ms
from postcall.speech.silero import find_speech
from postcall.timeline import MIXED

POLICY = SpeechPolicy()


def folder(name: str) -> Path:
    if not (FOLDER / name).is_dir():
        pytest.skip(
            f"no real recordings: put the folder '{name}' into {FOLDER.parent.name}/{FOLDER.name} beside the repository"
        )
    return FOLDER / name


def test_talk_time_of_real_calls() -> None:
    results = list(real_calls(folder("harper_valley"), POLICY, with_peer=False))
    assert len(results) == 8
    assert mean_absolute_error_s(results, "agent") <= 1.0
    assert mean_absolute_error_s(results, "caller") <= 0.8
    assert np.mean([r.miss_share for r in results]) <= 0.08
    assert np.mean([r.false_alarm_share for r in results]) <= 0.04


@pytest.mark.parametrize(("snr_db", "median_ms", "p95_ms"), [(60, 30, 60), (25, 30, 150)])
def test_edges_of_staged_calls(snr_db: float, median_ms: float, p95_ms: float) -> None:
    prompts = sorted(folder("asterisk_ru").glob("*.wav"))[:50]
    samples, truth = staged_call(prompts, POLICY, seed=1)
    result = edges(with_noise(samples, snr_db, seed=2), truth, POLICY)
    assert result.percentile_ms(50) <= median_ms
    assert result.percentile_ms(95) <= p95_ms
    assert result.missed <= len(truth) // 50
    assert result.invented == 0


# ring.wav is left out: it is a person who says "ring".
@pytest.mark.parametrize("name", ["busy", "callwaiting", "ringback", "sound1", "sound5"])
def test_recorded_tones_are_no_speech(name: str) -> None:
    sound = decode(io.BytesIO((folder("tones") / f"{name}.wav").read_bytes()), DecodePolicy())
    repeated = np.tile(sound.samples, (1, 4))
    assert total_ms(find_speech(repeated, sound.sample_rate_hz, Topology.MONO, POLICY)[MIXED]) == 0
