"""The bundled demo calls agree with their truth. Needs no synthesiser: only the committed files."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from postcall.spans import Span, Spans, at_least, gaps, hull, intersect, subtract, total_ms, union, whole

DEMO = Path(__file__).parents[2] / "flows" / "demo"
RECORDINGS = DEMO / "recordings"
TRUTHS = sorted((DEMO / "truth").glob("*.json"))
PARTIES = ("agent", "customer")
PROBLEMS = {"12-truncated", "13-missing-recording", "14-orphan", "15-duplicate", "16-impossible-times"}

each_call = pytest.mark.parametrize(
    "truth", [json.loads(path.read_text("utf-8")) for path in TRUTHS], ids=lambda t: t["call_id"]
)


def spans(pairs: list[list[int]]) -> Spans:
    return union(Span(start, end) for start, end in pairs)


def records() -> dict[str, dict[str, str]]:
    with (DEMO / "calls.csv").open(encoding="utf-8", newline="") as file:
        return {row["call_id"]: row for row in csv.DictReader(file, strict=True)}


def samples_of(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """Sound in [-1, 1], shape (channels, samples), and its rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
        frames = [piece for frame in container.decode(stream) for piece in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray() for frame in frames], axis=1), stream.rate


def test_every_call_is_there_and_the_whole_stays_small() -> None:
    rows = records()
    assert len(rows) == 15
    assert {path.stem for path in TRUTHS} == set(rows) - PROBLEMS - {"11-abandoned"}
    assert Counter(truth.split("-")[-1] == "en" for truth in set(rows) - PROBLEMS) == {False: 8, True: 3}
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 4_000_000


@each_call
def test_talk_overtalk_and_non_talk_add_up(truth: dict[str, Any]) -> None:
    talk = {party: spans(truth["speech"][party]) for party in PARTIES}
    speech = union(*talk.values())
    assert truth["talk_ms"] == {party: total_ms(talk[party]) for party in PARTIES}
    assert truth["overtalk_ms"] == total_ms(intersect(talk["agent"], talk["customer"]))
    assert truth["non_talk_ms"] == total_ms(gaps(speech, whole(truth["duration_ms"])))
    assert sum(truth["talk_ms"].values()) - truth["overtalk_ms"] + truth["non_talk_ms"] == truth["duration_ms"]
    assert truth["answer_delay_ms"] == talk["agent"][0].start_ms - truth["answered_ms"]


@each_call
def test_silences_are_all_listed_and_lie_where_nobody_speaks(truth: dict[str, Any]) -> None:
    speech = union(*(spans(truth["speech"][party]) for party in PARTIES))
    long = at_least(subtract(gaps(speech, hull(speech)), spans(truth["holds"])), 3000)
    assert [(s.start_ms, s.end_ms) for s in long] == [(s["start_ms"], s["end_ms"]) for s in truth["silences"]]
    assert not intersect(speech, spans(truth["holds"]))
    assert not intersect(speech, spans(truth["ringback"]))


@each_call
def test_interruptions_and_backchannels_lie_on_the_others_speech(truth: dict[str, Any]) -> None:
    talk = {party: spans(truth["speech"][party]) for party in PARTIES}
    for event in truth["interruptions"]:
        other = talk["agent" if event["by"] == "customer" else "customer"]
        under = [span for span in other if span.start_ms <= event["start_ms"] < span.end_ms]
        assert len(under) == 1
        own = next(span for span in talk[event["by"]] if span.start_ms == event["start_ms"])
        assert event["won"] == (under[0].end_ms < own.end_ms)
    for event in truth["backchannels"]:
        own = Span(event["start_ms"], event["end_ms"])
        assert own in talk[event["by"]]
        assert own.duration_ms <= 1200


@each_call
def test_words_beside_the_recording_lie_in_the_speech_of_their_channel(truth: dict[str, Any]) -> None:
    lines = (RECORDINGS / f"{truth['call_id']}.ctm").read_text("utf-8").splitlines()
    speech = {party: spans(truth["speech"][party]) for party in PARTIES}
    is_separate = truth["topology"] == "separate"
    by_channel = [speech[party] for party in truth["channels"]] if is_separate else [union(*speech.values())]
    assert len(lines) == len(truth["words"])
    for line, word in zip(lines, truth["words"], strict=True):
        file_id, channel, start_s, duration_s, text, confidence = line.split()
        start_ms, duration_ms = round(float(start_s) * 1000), round(float(duration_s) * 1000)
        span = Span(start_ms, start_ms + duration_ms)
        assert (file_id, text, confidence) == (truth["call_id"], word["text"], "1.00")
        assert (span.start_ms, span.end_ms) == (word["start_ms"], word["end_ms"])
        assert intersect((span,), by_channel[int(channel) - 1]) == (span,)
        assert intersect((span,), speech[word["by"]]) == (span,)


@each_call
def test_sound_is_loud_in_speech_and_quiet_outside(truth: dict[str, Any]) -> None:
    """Loud in speech, hold music and ringing, quiet elsewhere; 30 ms beside the edges are left out. Nobody leaks across."""
    sound, rate_hz = samples_of(RECORDINGS / truth["recording"])
    per_ms = rate_hz // 1000
    power = (sound[:, : sound.shape[1] // per_ms * per_ms].reshape(len(sound), -1, per_ms) ** 2).mean(axis=2)
    assert power.shape[1] == pytest.approx(truth["duration_ms"], abs=2)
    assert np.abs(sound).max() < 0.99
    speech = {party: spans(truth["speech"][party]) for party in PARTIES}
    if truth["topology"] == "separate":
        heard = [
            (speech[party], spans(truth["holds"]) if party == "agent" else spans(truth["ringback"]))
            for party in truth["channels"]
        ]
    else:
        heard = [(union(*speech.values()), ())] * len(sound)
        if len(sound) == 2:  # the coder adds its own noise to each of the equal channels
            assert decibels((sound[0] - sound[1]) ** 2) < decibels(sound[0] ** 2) - 15
    for channel, (talk, other_sound) in zip(power, heard, strict=True):
        inside, near, played = (np.zeros(len(channel), bool) for _ in range(3))
        for span in talk:
            inside[span.start_ms : span.end_ms] = True
            near[max(span.start_ms - 30, 0) : span.end_ms + 30] = True
            assert decibels(channel[span.start_ms : span.end_ms]) > -38
        for span in other_sound:
            played[span.start_ms : span.end_ms] = True
            near[max(span.start_ms - 30, 0) : span.end_ms + 30] = True
            assert -30 < decibels(channel[span.start_ms + 30 : span.end_ms - 30]) < -15
        assert -35 < decibels(channel[inside]) < -18
        assert -70 < decibels(channel[~inside & ~near]) < -55
        assert decibels(channel[~near].max()) < -45


def decibels(power: npt.NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(power)))


@each_call
def test_the_call_record_fits_the_recording(truth: dict[str, Any]) -> None:
    row = records()[truth["call_id"]]
    started, answered, ended, first_sample = (
        datetime.fromisoformat(row[name]) for name in ("started_at", "answered_at", "ended_at", "recording_started_at")
    )
    assert {instant.isoformat()[:10] for instant in (started, ended)} == {"2026-03-02"}
    assert started.utcoffset() == timedelta(hours=3)
    assert started <= first_sample <= answered < ended
    assert answered - first_sample == timedelta(milliseconds=truth["answered_ms"])
    assert ended - first_sample == timedelta(milliseconds=truth["duration_ms"])
    assert row["channel_map"] == ("" if truth["topology"] == "mono" else ",".join(truth["channels"]))
    assert (row["recording"], row["language"]) == (truth["recording"], truth["language"])
    if row["holds"]:
        placed = [
            [(datetime.fromisoformat(hold[edge]) - first_sample) // timedelta(milliseconds=1) for edge in ("start", "end")]
            for hold in json.loads(row["holds"])
        ]
        assert placed == truth["holds"]


def test_problem_cases_have_their_problem() -> None:
    rows = records()
    files = {path.name for path in RECORDINGS.iterdir() if path.suffix != ".ctm"}
    named = {row["recording"] for row in rows.values()} - {""}
    assert files - named == {"14-orphan.opus"}
    assert named - files == {"13-missing-recording.flac"}
    assert rows["11-abandoned"]["recording"] == rows["11-abandoned"]["answered_at"] == ""
    assert rows["16-impossible-times"]["ended_at"] < rows["16-impossible-times"]["answered_at"]
    digests = Counter(hashlib.sha256((RECORDINGS / name).read_bytes()).hexdigest() for name in sorted(files))
    assert sorted(digests.values())[-2:] == [1, 2]
    truncated = (RECORDINGS / "12-truncated.wav").read_bytes()
    promised = int.from_bytes(truncated[4:8], "little") + 8
    assert len(truncated) == promised // 2
    sound, rate_hz = samples_of(RECORDINGS / "12-truncated.wav")
    assert 0 < sound.shape[1] < 0.6 * promised / 2  # A-law: one byte a sample and channel
    assert rate_hz == 8000
