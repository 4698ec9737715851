"""A recording that cannot be read to its end costs itself, and the night goes on."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from flows.demonstration import DAY, transcribed_settings
from flows.ear import in_time
from flows.night import NightReport, plainly, run_night
from flows.plan import plan_night
from postcall.errors import StuckRecording, UndecodableRecording
from postcall.speech import listening
from postcall.speech.listening import Listened
from storage.ledger import Ledger
from storage.recordings import Recordings
from storage.tables import Tables

STUCK, EMPTY = "01-good-service", "15-empty"


def test_what_ends_in_time_gives_its_result_or_its_error() -> None:
    assert in_time(5.0, lambda: 42) == 42

    def broken() -> int:
        raise UndecodableRecording("no sound")

    with pytest.raises(UndecodableRecording, match="no sound"):
        in_time(5.0, broken)


def test_what_does_not_end_is_left_behind() -> None:
    let_go = threading.Event()
    with pytest.raises(StuckRecording, match=r"did not end in 0\.05 s") as caught:
        in_time(0.05, let_go.wait)
    assert "listen_limit_s" in caught.value.hint
    let_go.set()


def test_a_decode_that_hangs_costs_its_recording_not_the_night(
    demo_night: tuple[Path, NightReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(demo_night[0], tmp_path / "store")
    settings = transcribed_settings(tmp_path / "store")
    sound = Path(settings.recordings) / f"{STUCK}.flac"
    sha256 = hashlib.sha256(sound.read_bytes()).hexdigest()
    shutil.rmtree(tmp_path / "store" / "artifacts" / sha256[:2] / sha256)
    let_go = threading.Event()

    def listen(file: BinaryIO, *, source: str, **options: Any) -> Listened:
        if source.startswith(STUCK):
            let_go.wait()
        return listening.listen(file, source=source, **options)

    monkeypatch.setattr("flows.ear.listen", listen)
    try:
        report = run_night(DAY, settings.model_copy(update={"listen_limit_s": 3.0}), step=plainly)
    finally:
        let_go.set()
    [failure] = [failure for failure in report.failures if failure.call_id == STUCK]
    assert (failure.error.code, failure.stage, failure.is_quarantined) == ("stuck", "recording", True)
    assert report.calls == 18
    tables = Tables(tmp_path / "store")
    contacts = {row["call_id"]: row for row in tables.read("call_contact").to_pylist()}
    assert not contacts[STUCK]["has_recording"]
    monkeypatch.undo()
    again = run_night(DAY, settings, step=plainly)
    assert STUCK not in {failure.call_id for failure in again.failures}


def test_a_recording_that_is_written_while_it_is_read_leaves_nothing_under_another_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copier opens the file anew: planned while it was empty, heard when it was whole, and another call's file is empty."""
    settings = transcribed_settings(tmp_path / "store")
    folder = Path(shutil.copytree(settings.recordings, tmp_path / "in"))
    settings = settings.model_copy(update={"recordings": str(folder)})
    sound = folder / f"{STUCK}.flac"
    whole = sound.read_bytes()
    sound.write_bytes(b"")

    def listen(file: BinaryIO, *, source: str, **options: Any) -> Listened:
        if source == sound.name:
            sound.write_bytes(whole)
        return listening.listen(file, source=source, **options)

    monkeypatch.setattr("flows.ear.listen", listen)
    failures = {failure.call_id: failure.error.code for failure in run_night(DAY, settings, step=plainly).failures}
    assert (failures[STUCK], failures[EMPTY]) == ("changed", "empty")
    monkeypatch.undo()
    again = {failure.call_id: failure.error.code for failure in run_night(DAY, settings, step=plainly).failures}
    assert STUCK not in again
    assert again[EMPTY] == "empty"


def test_a_recording_that_was_only_touched_is_the_same_night(tmp_path: Path) -> None:
    settings = transcribed_settings(tmp_path / "store")
    folder = Path(shutil.copytree(settings.recordings, tmp_path / "in"))
    settings = settings.model_copy(update={"recordings": str(folder)})
    with Ledger(tmp_path / "store") as ledger:
        before = plan_night(settings, DAY, ledger)
        os.utime(folder / f"{STUCK}.flac", ns=(0, 0))
        after = plan_night(settings, DAY, ledger)
    assert before.digest == after.digest
    fingerprints = [{call.telephony.call_id: call.fingerprint for call in plan.calls} for plan in (before, after)]
    assert fingerprints[0].pop(STUCK) != fingerprints[1].pop(STUCK)
    assert fingerprints[0] == fingerprints[1]


def test_a_share_that_hangs_costs_its_recording_not_the_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, sha256 = threading.Event(), Recordings.sha256

    def hashed(recordings: Recordings, path: str) -> str:
        if path.startswith(STUCK):
            let_go.wait()
        return sha256(recordings, path)

    monkeypatch.setattr(Recordings, "sha256", hashed)
    settings = transcribed_settings(tmp_path / "store").model_copy(update={"listen_limit_s": 3.0})
    try:
        plan = plan_night(settings, DAY, Ledger(tmp_path / "store"))
    finally:
        let_go.set()
    assert [failure.error.code for failure in plan.failures if failure.call_id == STUCK] == ["stuck"]
    assert len(plan.calls) == 18
