"""The bundled demo calls agree with their truth and with their scripts. Needs no synthesiser: only the committed files."""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.corpus.make_demo_calls import CALLS, draw
from benchmarks.corpus.script import demo_paths
from benchmarks.corpus.voices import words_of
from postcall.spans import Span, Spans, at_least, gaps, hull, intersect, subtract, total_ms, union, whole

DEMO = Path(__file__).parents[2] / "flows" / "demo"
PARTIES = ("agent", "customer")
ALL = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((DEMO / "truth").glob("*.json"))}
HEARD = [truth for truth in ALL.values() if "speech" in truth]
TOLD = tomllib.loads(CALLS.read_text("utf-8"))

each_call = pytest.mark.parametrize("truth", HEARD, ids=lambda truth: truth["call_id"])


def spans(pairs: list[list[int]]) -> Spans:
    return union(Span(start, end) for start, end in pairs)


def events(found: list[dict[str, Any]]) -> Spans:
    return union(Span(one["start_ms"], one["end_ms"]) for one in found)


def speech_of(truth: dict[str, Any]) -> dict[str, Spans]:
    return {party: spans(truth["speech"][party]) for party in PARTIES}


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


def test_cells_that_are_told_stand_in_the_call_records() -> None:
    rows = records()
    for told in [*TOLD["call"], *TOLD["silent"]]:
        row = rows[told["call_id"] if "call_id" in told else told["record"]["call_id"]]
        cells = {"after_call_work": ""} | told.get("record", {})
        assert {name: row[name] for name in cells} == cells


# ── what is bundled ──────────────────────────────────────────────────────────


def test_every_call_has_its_files_and_the_whole_stays_small() -> None:
    rows = records()
    assert set(rows) == set(ALL)
    assert len(rows) == 18
    heard = {truth["call_id"] for truth in HEARD}
    assert {path.stem for path in (DEMO / "transcripts").glob("*.ctm")} == heard
    assert {path.stem for path in (DEMO / "truth").glob("*.rttm")} == heard
    files = {path.name for path in (DEMO / "recordings").iterdir()}
    named = {row["recording"] for row in rows.values()} - {""}
    assert named - files == {"16-missing.flac"}
    assert files <= named
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 4_000_000


def test_the_calls_show_what_a_night_meets() -> None:
    assert Counter(truth["language"] for truth in HEARD) == {"ru": 7, "en": 3, "zh": 3}
    assert {truth["direction"] for truth in HEARD} == {"inbound", "outbound"}
    assert Counter(truth["topology"] for truth in HEARD) == {"separate": 10, "mono": 2, "dual_mono": 1}
    assert Counter(truth["split"] for truth in HEARD) == {"train": 11, "held_out": 2}
    for truth in HEARD:
        if truth["topology"] != "separate":
            assert {speaker["gender"] for speaker in truth["speakers"].values()} == {"male", "female"}
    held = [hold for truth in HEARD for hold in truth["holds"]]
    assert {(hold["kind"], hold["announced"]) for hold in held} >= {("hold", True), ("hold", False), ("transfer", True)}
    assert {event["winner"] == event["by"] for truth in HEARD for event in truth["interruptions"]} == {True, False}
    assert any(s["owner"] == "agent" and s["end_ms"] - s["start_ms"] > 10_000 for truth in HEARD for s in truth["silences"])
    assert {truth["hung_up_by"] for truth in HEARD} == set(PARTIES)
    assert any(truth["conditions"]["bleed"] for truth in HEARD)
    assert Counter(truth["fault"] for truth in ALL.values()) == {None: 15, "truncated": 1, "empty": 1, "missing": 1}
    assert [call_id for call_id, truth in ALL.items() if not truth["is_answered"]] == ["17-abandoned", "18-no-answer"]


def test_every_demo_script_is_a_call() -> None:
    assert {f"{path.parent.name}/{path.stem}" for path in demo_paths()} == {call["script"] for call in TOLD["call"]}


@pytest.mark.parametrize(("place", "call"), list(enumerate(TOLD["call"])), ids=lambda value: str(value)[:12])
def test_the_scripts_still_draw_the_committed_calls(place: int, call: dict[str, Any]) -> None:
    truth = ALL[call["call_id"]]
    plan = draw(call, place, TOLD)
    if truth["fault"]:
        return
    assert truth["seed"] == plan.seed
    assert truth["split"] == ("held_out" if call.get("held_out") else "train")
    assert {by: one["voice"] for by, one in truth["speakers"].items()} == {by: asdict(v) for by, v in plan.voices.items()}
    written = Counter((one.item.kind, word) for one in plan.played if one.voice for word in words_of(one.spoken))
    said = Counter((word["by"], word["text"]) for word in truth["words"])
    assert said <= written
    assert total(written - said) <= 15 * len(truth["interruptions"]), "only who is interrupted breaks off"


def total(counted: Counter[tuple[str, str]]) -> int:
    return sum(counted.values())


# ── the truth agrees with itself ─────────────────────────────────────────────


@each_call
def test_talk_overtalk_and_non_talk_add_up(truth: dict[str, Any]) -> None:
    talk = speech_of(truth)
    speech = union(*talk.values())
    assert truth["talk_ms"] == {party: total_ms(talk[party]) for party in PARTIES}
    assert truth["overtalk_ms"] == total_ms(intersect(talk["agent"], talk["customer"]))
    assert truth["non_talk_ms"] == total_ms(gaps(speech, whole(truth["duration_ms"])))
    assert sum(truth["talk_ms"].values()) - truth["overtalk_ms"] + truth["non_talk_ms"] == truth["duration_ms"]
    assert truth["answer_delay_ms"] == talk["agent"][0].start_ms - truth["answered_ms"]


@each_call
def test_silences_are_all_listed_and_lie_where_nobody_speaks(truth: dict[str, Any]) -> None:
    speech = union(*speech_of(truth).values())
    long = at_least(subtract(gaps(speech, hull(speech)), events(truth["holds"])), 3000)
    assert [(s.start_ms, s.end_ms) for s in long] == [(s["start_ms"], s["end_ms"]) for s in truth["silences"]]
    assert not intersect(speech, events(truth["holds"]))
    assert not intersect(speech, spans(truth["rings"] + truth["busy"]))


@each_call
def test_interruptions_and_backchannels_lie_on_the_others_speech(truth: dict[str, Any]) -> None:
    talk = speech_of(truth)
    for event in truth["interruptions"]:
        other = talk["agent" if event["by"] == "customer" else "customer"]
        under = [span for span in other if span.start_ms <= event["start_ms"] < span.end_ms]
        assert len(under) == 1
        assert (event["winner"] == event["by"]) == (under[0].end_ms < event["end_ms"])
    for event in truth["backchannels"]:
        own = Span(event["start_ms"], event["end_ms"])
        assert intersect(talk[event["by"]], (own,)) == (own,)
        assert own.duration_ms <= 1200


# ── the files agree with the truth ───────────────────────────────────────────


@each_call
def test_words_of_the_transcript_lie_in_the_speech_of_their_channel(truth: dict[str, Any]) -> None:
    lines = (DEMO / "transcripts" / f"{truth['call_id']}.ctm").read_text("utf-8").splitlines()
    speech = speech_of(truth)
    assert len(lines) == len(truth["words"])
    for line, word in zip(lines, truth["words"], strict=True):
        file_id, channel, start_s, duration_s, text, confidence = line.split()
        start_ms, duration_ms = round(float(start_s) * 1000), round(float(duration_s) * 1000)
        span = Span(start_ms, start_ms + duration_ms)
        side = "customer" if word["by"] == "customer" else "agent"
        assert (file_id, text, confidence) == (truth["call_id"], word["text"], "1.00")
        assert (span.start_ms, span.end_ms) == (word["start_ms"], word["end_ms"])
        assert side in truth["channels"][int(channel) - 1]
        assert intersect((span,), speech[side]) == (span,)


@each_call
def test_speech_is_loud_where_the_truth_has_it(truth: dict[str, Any]) -> None:
    """Well above what is left of the channel without holds, tones and, where it bleeds, the other's speech."""
    sound, rate_hz = samples_of(DEMO / "recordings" / truth["recording"])
    per_ms = rate_hz // 1000
    power = (sound[:, : sound.shape[1] // per_ms * per_ms].reshape(len(sound), -1, per_ms) ** 2).mean(axis=2)
    assert power.shape[1] == pytest.approx(truth["duration_ms"], abs=2)
    speech = speech_of(truth)
    played = union(events(truth["holds"]), spans(truth["rings"] + truth["busy"] + truth["mutes"]))
    assert len(power) == len(truth["channels"])
    for channel, parties in zip(power, truth["channels"], strict=True):
        talk = union(*(speech[party] for party in parties))
        is_bled_on = truth["conditions"]["bleed"] is not None
        other = union(*(speech[party] for party in PARTIES if is_bled_on and party not in parties))
        inside, busy = np.zeros((2, len(channel)), bool)
        for span in talk:
            inside[span.start_ms : span.end_ms] = True
        for span in union(talk, other, played):
            busy[max(span.start_ms - 100, 0) : span.end_ms + 100] = True
        assert -35 < decibels(channel[inside]) < -18
        assert decibels(channel[inside]) > decibels(channel[~busy]) + 18


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
    assert ended - first_sample == timedelta(milliseconds=truth["hung_up_ms"])
    if row["offered_at"]:
        assert answered - datetime.fromisoformat(row["offered_at"]) == timedelta(milliseconds=truth["ringing_ms"])
    assert (row["recording"], row["direction"]) == (truth["recording"], truth["direction"])
    assert row["language"] in (truth["language"], "")
    assert row["disconnected_by"] == truth["hung_up_by"]
    if truth["topology"] == "separate":
        is_right = row["channel_map"] == ",".join(party for (party,) in truth["channels"])
        assert is_right == (truth["call_id"] != "09-wrong-map")
    if row["holds"]:
        placed = [
            tuple((datetime.fromisoformat(hold[edge]) - first_sample) // timedelta(milliseconds=1) for edge in ("start", "end"))
            for hold in json.loads(row["holds"])
        ]
        assert placed == [(hold["start_ms"], hold["end_ms"]) for hold in truth["holds"]]


def test_the_truncated_recording_is_half_of_what_its_header_says() -> None:
    path = DEMO / "recordings" / "14-truncated.wav"
    data = path.read_bytes()
    promised = int.from_bytes(data[4:8], "little") + 8
    assert len(data) == promised // 2
    assert 0 < samples_of(path)[0].shape[1] < 0.6 * promised / 2  # A-law: one byte a sample and channel
    assert (DEMO / "recordings" / "15-empty.wav").stat().st_size == 0
