"""A night in which most calls fail stops, tells what they have in common and which they are, and publishes nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from rich.console import Console

from flows import night
from flows.demonstration import DAY, transcribed_settings
from flows.exit_codes import STOPPED, code_of_error
from flows.failures import NightStopped
from flows.night import plainly, run_night
from flows.report import print_report
from flows.settings import Settings
from flows.status import status_of
from postcall.errors import TooManyFailures, UndecodableRecording
from postcall.speech.listening import Listened
from storage.quarantine import Quarantine
from storage.tables import Tables
from tests.flows.conftest import Command
from tests.flows.small_nights import FIRST, MARKER, make_centre


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(night, "_FEW_CALLS", 10)  # the demo has 18, of which 3 fail
    return transcribed_settings(tmp_path / "store")


def test_a_share_that_is_not_mounted_stops_the_night(
    settings: Settings, tmp_path: Path, demo_night: tuple[Path, night.NightReport]
) -> None:
    away = tmp_path / "away"
    shutil.move(settings.recordings, away)
    Path(settings.recordings).mkdir()
    with pytest.raises(TooManyFailures, match=r"1\d of 18 calls have failed so far \(1\d × missing_recording\)") as caught:
        run_night(DAY, settings, step=plainly)
    assert "max_failed_share" in caught.value.hint
    assert code_of_error(caught.value) == STOPPED
    store = tmp_path / "store"
    assert Tables(store).names() == ["run_failure"]
    told = Quarantine(store).everything(DAY)
    assert isinstance(caught.value, NightStopped)
    assert len(told) == len(caught.value.failures) >= 10
    assert {one.code for one in told} == {"missing_recording"}
    assert all(one.call_id and one.hint for one in told)
    shutil.rmtree(settings.recordings)
    shutil.move(away, settings.recordings)
    report = run_night(DAY, settings, step=plainly)
    assert report.calls == 18
    assert len(report.failures) == 3
    for name in Tables(demo_night[0]).names():
        if name != "run_night":
            assert _rows(store, name) == _rows(demo_night[0], name), name


def _rows(store: Path, name: str) -> list[str]:
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in Tables(store).read(name).to_pylist())


def test_a_day_that_was_whole_stays_so_but_for_what_failed(
    settings: Settings, tmp_path: Path, demo_night: tuple[Path, night.NightReport]
) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo_night[0], store, dirs_exist_ok=True)
    shutil.rmtree(settings.recordings)
    Path(settings.recordings).mkdir()
    with pytest.raises(TooManyFailures):
        run_night(DAY, settings, step=plainly)
    for name in Tables(store).names():
        assert (_rows(store, name) == _rows(demo_night[0], name)) == (name != "run_failure"), name


def test_the_morning_after_tells_which_calls_failed_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postcall: Command
) -> None:
    monkeypatch.setattr(night, "_FEW_CALLS", 2)
    centre = make_centre(tmp_path, days=1, calls=3)
    for number in range(2):
        (tmp_path / "recordings" / FIRST.isoformat() / f"{MARKER}-0-{number}.wav").write_bytes(b"\x00" * (number + 9))
    ended = postcall("nightly", "--settings", centre.settings_file, "--date", FIRST, "--log-format", "json")
    assert ended.code == STOPPED
    lines = [json.loads(line) for line in ended.err.splitlines()]
    told = [(line["call_id"], line["code"]) for line in lines if line["event"] == "failure"]
    assert told == [("c-0-0", "undecodable"), ("c-0-1", "undecodable")]
    assert (lines[-1]["event"], lines[-1]["code"]) == ("stopped", "too_many_failures")
    assert MARKER not in ended.err
    console = Console(record=True, width=120)
    print_report(console, centre.store, FIRST)
    printed = console.export_text()
    assert "was stopped" in printed
    assert "c-0-0, c-0-1" in printed
    assert status_of(centre.store, until=FIRST, days=3).open_by_code == {("recording", "undecodable"): 2}
    ended = postcall("status", "--settings", centre.settings_file)
    assert "undecodable (recording)" in ended.out
    ended = postcall("quarantine", "list", "--settings", centre.settings_file)
    assert "c-0-1" in ended.out
    assert MARKER not in ended.out + printed


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
