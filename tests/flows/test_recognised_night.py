"""A night whose words the real faster-whisper adapter writes, with a tiny model of random weights."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from flows.demonstration import BUNDLED, DAY
from flows.night import plainly, run_night
from flows.settings import Settings, TranscriberSettings
from postcall.errors import SettingsError
from postcall.speech.faster_whisper_engine import FasterWhisperTranscriber
from postcall.testing.tiny_whisper import WORDS, write_tiny_whisper
from storage.tables import Tables
from storage.telephony import RecordFormat

NAMES = ("01-good-service.flac", "02-hold-asked.opus", "07-promise.wav")
WITH_CTM = "02-hold-asked"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three of the bundled calls, one of them with its transcript beside it."""
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for name in NAMES:
        shutil.copy(BUNDLED / "recordings" / name, recordings)
    shutil.copy(BUNDLED / "transcripts" / f"{WITH_CTM}.ctm", recordings)
    with (BUNDLED / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recording"] in NAMES]
    with (tmp_path / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    model = write_tiny_whisper(tmp_path / "tiny")
    return Settings(
        store=tmp_path / "store",
        recordings=str(recordings),
        calls=str(tmp_path / "calls.csv"),
        records=RecordFormat(time_zone="Europe/Moscow"),
        transcriber=TranscriberSettings(
            options={"model": str(model), "device": "cpu", "beam_size": 1, "max_new_tokens": 20, "cpu_threads": 1}
        ),
    )


def test_the_recogniser_writes_what_no_transcript_brings_and_is_asked_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run_night(DAY, settings, step=plainly)
    assert (report.calls, report.transcripts, report.failures) == (3, 3, ())
    tables = Tables(settings.store)
    engines = {row["call_id"]: row for row in tables.read("call_transcript").to_pylist()}
    assert engines[WITH_CTM]["engine"] == "ctm beside the recording"
    for call_id in ("01-good-service", "07-promise"):
        assert engines[call_id]["engine"].startswith("faster-whisper")
        assert '"beam_size": 1' in engines[call_id]["options"]
        assert engines[call_id]["words"] > 0
    words = [row for row in tables.read("stage_word").to_pylist() if row["call_id"] == "01-good-service"]
    speech = [row for row in tables.read("stage_speech").to_pylist() if row["call_id"] == "01-good-service"]
    assert {word["text"] for word in words} <= set(WORDS)
    assert {word["speaker_role"] for word in words} == {"agent", "customer"}
    for word in words:
        own = [span for span in speech if span["speaker"] == word["speaker"]]
        assert any(span["start_ms"] <= word["start_ms"] and word["end_ms"] <= span["end_ms"] for span in own)

    def refuse(*_: object) -> None:
        raise AssertionError("what was recognised is kept")

    monkeypatch.setattr(FasterWhisperTranscriber, "transcribe", refuse)
    again = run_night(DAY, settings, step=plainly)
    assert again.run_id == report.run_id
    assert sorted(map(str, tables.read("stage_word").to_pylist())) == sorted(
        map(str, Tables(settings.store).read("stage_word").to_pylist())
    )


def test_a_missing_model_stops_before_any_work_and_says_what_to_do(settings: Settings) -> None:
    missing = settings.model_copy(update={"transcriber": TranscriberSettings(options={"model": "large-v3"})})
    with pytest.raises(SettingsError) as caught:
        run_night(DAY, missing, step=plainly)
    assert "large-v3" in str(caught.value)
    assert "--no-transcript" in str(caught.value)
    assert Tables(settings.store).names() == []
