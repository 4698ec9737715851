"""The night as JSON: every line an object of counts and codes, and none with a word of anybody."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import flows.night
import flows.night_log
from flows.night_log import NightLog
from postcall.errors import StorageError
from storage.tables import Tables
from tests.flows.conftest import Command, Ended
from tests.flows.small_nights import FIRST, MARKER, Centre, make_centre

KEYS = {
    "time", "level", "event", "night", "step", "what", "done", "total", "took_s", "code", "attempt", "stage", "call_id", "line",
    "analyzer", "calls", "recordings", "transcripts", "put_aside", "defects", "exit_code", "message", "hint", "place",
}  # fmt: skip


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    made = make_centre(tmp_path / "centre", days=1, calls=3)
    recordings = made.folder / "recordings" / FIRST.isoformat()
    (recordings / f"{MARKER}-0-1.wav").write_bytes(b"RIFF" + MARKER.encode() * 99)
    (recordings / f"{MARKER}-0-2.ctm").write_text(f"{MARKER} 1 half {MARKER} {MARKER}\n")
    (recordings / f"{MARKER}-nobody.wav").write_bytes(MARKER.encode())
    return made


def _lines(ended: Ended) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in ended.err.splitlines()]
    for line in found:
        assert set(line) <= KEYS
        assert line["level"] in ("info", "warning", "error")
        assert datetime.fromisoformat(line["time"]).tzinfo is not None
    return found


def test_a_night_in_lines_of_json(centre: Centre, postcall: Command) -> None:
    ended = postcall("nightly", "--settings", centre.settings_file, "--date", FIRST, "--log-format", "json")
    assert ended.code == 3
    assert ended.out == ""
    lines = _lines(ended)
    assert MARKER not in ended.err
    assert (lines[0]["event"], lines[-1]["event"]) == ("night_started", "night_ended")
    assert {line["night"] for line in lines} == {FIRST.isoformat()}
    [run] = Tables(centre.store).read("run_night").to_pylist()
    assert (lines[-1]["calls"], lines[-1]["recordings"]) == (run["calls"], run["recordings"])
    assert lines[-1]["put_aside"] == run["quarantined"]
    assert (lines[-1]["exit_code"], lines[-1]["level"]) == (3, "warning")
    rows = Tables(centre.store).read("run_failure").to_pylist()
    assert sorted((line["stage"], line["code"], line.get("call_id")) for line in lines if line["event"] == "failure") == sorted(
        (row["stage"], row["code"], row["call_id"]) for row in rows
    )
    assert len(rows) >= 3
    steps = [line["step"] for line in lines if line["event"] == "step_started"]
    assert steps == [line["step"] for line in lines if line["event"] == "step_ended"]
    assert "listen and measure" in steps
    assert [(line["done"], line["total"]) for line in lines if line["event"] == "progress"] == [(0, 3), (3, 3)]


def test_the_settings_may_ask_for_it(centre: Centre, postcall: Command) -> None:
    centre.settings_file.write_text('log_format = "json"\n' + centre.settings_file.read_text())
    ended = postcall("nightly", "--settings", centre.settings_file, "--date", FIRST)
    assert _lines(ended)[-1]["event"] == "night_ended"
    assert postcall("nightly", "--settings", centre.settings_file, "--date", FIRST, "--log-format", "text").out


def test_what_stops_a_night_is_a_line(centre: Centre, postcall: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows.night, "RETRY_PAUSE_S", 0.0)
    arguments = ("nightly", "--settings", centre.settings_file, "--date", FIRST, "--log-format", "json")

    def refusing(*_: object, **__: object) -> None:
        raise StorageError(f"cannot write {MARKER}")

    with monkeypatch.context() as patch:
        patch.setattr(flows.night, "write_day", refusing)
        ended = postcall(*arguments)
    assert ended.code == 1
    lines = _lines(ended)
    assert (lines[-1]["event"], lines[-1]["code"], lines[-1]["exit_code"]) == ("stopped", "storage", 1)
    assert [line["attempt"] for line in lines if line["event"] == "step_failed"] == [1, 2, 3]
    assert MARKER not in ended.err

    def unforeseen(*_: object, **__: object) -> None:
        raise KeyError(MARKER)

    with monkeypatch.context() as patch:
        patch.setattr(flows.night, "write_day", unforeseen)
        ended = postcall(*arguments)
    assert ended.code == 1
    assert _lines(ended)[-1]["code"] == "unforeseen"
    assert _lines(ended)[-1]["place"].startswith("KeyError in test_night_log.py:")
    assert MARKER not in ended.err


def test_wrong_settings_are_a_line_that_says_what_is_wrong(centre: Centre, postcall: Command) -> None:
    centre.settings_file.write_text('stor = "x"\n')
    ended = postcall("nightly", "--settings", centre.settings_file, "--log-format", "json")
    assert ended.code == 2
    [line] = _lines(ended)
    assert line["code"] == "settings"
    assert "did you mean 'store'?" in line["hint"]


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(flows.night_log.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    log = NightLog(stream, FIRST)
    log.start("calls", 100)
    for _ in range(100):
        now[0] += 1
        log.advance()
    assert [json.loads(line)["done"] for line in stream.getvalue().splitlines()] == [0, 30, 60, 90, 100]
