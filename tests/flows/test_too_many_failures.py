"""A night in which most calls fail stops with a clear message, and publishes nothing of the day."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from flows import night
from flows.demonstration import DAY, transcribed_settings
from flows.exit_codes import STOPPED, code_of_error
from flows.night import plainly, run_night
from flows.settings import Settings
from postcall.errors import TooManyFailures, UndecodableRecording
from postcall.speech.listening import Listened
from storage.tables import Tables


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(night, "_FEW_CALLS", 10)  # the demo has 18, of which 3 fail
    return transcribed_settings(tmp_path / "store")


def test_a_share_that_is_not_mounted_stops_the_night(settings: Settings, tmp_path: Path) -> None:
    away = tmp_path / "away"
    shutil.move(settings.recordings, away)
    Path(settings.recordings).mkdir()
    with pytest.raises(TooManyFailures, match=r"1\d of 18 calls have failed so far \(1\d × missing_recording\)") as caught:
        run_night(DAY, settings, step=plainly)
    assert "max_failed_share" in caught.value.hint
    assert code_of_error(caught.value) == STOPPED
    assert "call_contact" not in Tables(tmp_path / "store").names()
    shutil.rmtree(settings.recordings)
    shutil.move(away, settings.recordings)
    report = run_night(DAY, settings, step=plainly)
    assert report.calls == 18
    assert len(report.failures) == 3


def test_decoding_that_fails_stops_the_night_before_every_call_is_tried(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def listen(file: BinaryIO, *, source: str, **options: Any) -> Listened:
        tried.append(source)
        raise UndecodableRecording("no sound")

    monkeypatch.setattr("flows.ear.listen", listen)
    with pytest.raises(TooManyFailures, match="undecodable"):
        run_night(DAY, settings.model_copy(update={"max_failed_share": 0.2, "workers": 1}), step=plainly)
    assert 1 <= len(tried) < 10  # it stops at the fourth failure, a few calls ahead of which are being heard


def test_all_may_fail_where_the_settings_say_so(settings: Settings) -> None:
    shutil.rmtree(settings.recordings)
    Path(settings.recordings).mkdir()
    report = run_night(DAY, settings.model_copy(update={"max_failed_share": 1.0}), step=plainly)
    assert report.calls == 18
    assert report.recordings == 0


def test_few_calls_are_never_too_many(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night, "_FEW_CALLS", 20)
    shutil.rmtree(settings.recordings)
    Path(settings.recordings).mkdir()
    assert run_night(DAY, settings, step=plainly).calls == 18
