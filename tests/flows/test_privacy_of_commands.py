"""What is printed and kept beside the tables: nothing of a call, whoever fails and whatever is asked for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flows import equipment, findings
from flows.night import plainly, run_night
from flows.settings import DiarizerSettings, Settings, TranscriberSettings
from postcall.errors import EngineError, EngineOutOfMemory
from storage.tables import Tables
from storage.telephony import RecordFormat
from tests.bad_input.recordings import pcm16, tones, wav
from tests.flows.conftest import Command, Unwatched
from tests.flows.test_privacy import DAY, HEADER, MARKER, _kept, _row


@dataclass(frozen=True)
class TalkativeEngine:
    """A plug-in that words its errors itself, as the contract asks, and quotes the call in them."""

    name: str = "talkative"
    revision: str = "1"
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: type[EngineError] = EngineError

    def transcribe(self, channels: Any, language: str | None) -> Any:
        raise self.kind(f"cannot align '{MARKER}'", hint=f"say {MARKER} again")

    def diarize(self, samples: NDArray[np.float32], people: int = 2) -> Any:
        raise EngineError(f"cannot tell '{MARKER}' apart", hint=MARKER)


def _centre(folder: Path) -> Settings:
    recordings = folder / "recordings"
    recordings.mkdir()
    sound = pcm16(tones(3.0))
    (recordings / f"{MARKER}-stereo.wav").write_bytes(wav(sound.tobytes()))
    (recordings / f"{MARKER}-words.wav").write_bytes(wav(sound.tobytes()) + b"another" * 20)
    (recordings / f"{MARKER}-words.ctm").write_text(f"x 1 0.2 0.4 {MARKER} 1.0\nx 1 0.8 0.4 {MARKER} 1.0\n")
    rows = [
        _row("plain", f"{MARKER}-stereo.wav"),
        _row("words", f"{MARKER}-words.wav"),
        _row("bad-row", "", transfers=MARKER),
        _row("no-direction", "").replace("inbound", MARKER),
    ]
    (folder / "calls.csv").write_text("\n".join([f"{HEADER},language", *(f"{row},ru" for row in rows), ""]))
    (folder / "postcall.toml").write_text(
        f"store = '{folder / 'store'}'\nrecordings = '{recordings}'\ncalls = '{folder / 'calls.csv'}'\n"
        "[records]\ntime_zone = 'UTC'\n[transcriber]\nengine = 'none'\n[diarizer]\nengine = 'none'\n"
    )
    return Settings(
        store=folder / "store",
        recordings=str(recordings),
        calls=str(folder / "calls.csv"),
        workers=1,
        records=RecordFormat(time_zone="UTC"),
        transcriber=TranscriberSettings(engine="talkative"),
        diarizer=DiarizerSettings(engine="talkative"),
    )


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a centre after a night in which plug-ins and manuals quote the call, and all that was printed."""
    folder = tmp_path_factory.mktemp("talkative")
    settings = _centre(folder)

    def quoting(*_: object) -> None:
        raise ValueError(f"what does {MARKER} mean")

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(equipment, "load_transcriber", lambda _engine, _options: TalkativeEngine())
        monkeypatch.setattr(equipment, "load_diarizer", lambda _engine, _options: TalkativeEngine())
        monkeypatch.setattr(findings, "conduct_rows", quoting)
        with _kept(folder / "printed"):
            quiet = settings.model_copy(update={"pages": settings.pages.model_copy(update={"nightly": False})})
            run_night(DAY, quiet, step=plainly, progress=Unwatched())
    return folder, (folder / "printed").read_text(encoding="utf-8")


def test_a_plug_ins_own_words_are_not_told(talkative: tuple[Path, str]) -> None:
    folder, printed = talkative
    failures = Tables(folder / "store").read("run_failure", DAY).to_pylist()
    told = {row["message"] for row in failures}
    assert any("the engine failed: EngineError in test_privacy_of_commands.py" in message for message in told)
    assert any("manual" in message and "broke" in message for message in told)
    for row in failures:
        assert MARKER not in f"{row['message']} {row['hint']}"
    assert MARKER not in printed


def test_memory_that_ran_out_is_told_from_other_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _centre(tmp_path).model_copy(update={"diarizer": DiarizerSettings(engine="none")})
    engine = TalkativeEngine(kind=EngineOutOfMemory)
    monkeypatch.setattr(equipment, "load_transcriber", lambda _engine, _options: engine)
    quiet = settings.model_copy(update={"pages": settings.pages.model_copy(update={"nightly": False})})
    report = run_night(DAY, quiet, step=plainly, progress=Unwatched())
    codes = {failure.error.code for failure in report.failures}
    assert "engine_out_of_memory" in codes


@pytest.mark.parametrize(
    "asked",
    [
        ("report", "--date", DAY.isoformat()),
        ("status",),
        ("quarantine", "list"),
        ("quarantine", "retry"),
        ("records", "check", "calls.csv"),
        ("doctor",),
        ("tables",),
        ("show", "run_failure"),
        ("show", "call_contact"),
        ("show", "stage_word"),
        ("show", "stage_recording", "--csv"),
        ("erase", "--customer", f"{MARKER}-key"),
        ("erase", "--customer", f"{MARKER}-nobody"),
        ("retain",),
        ("redact", "words", "--out", "x.wav"),
        ("redact", "plain", "--out", "x.wav"),
        ("export", "run_failure", "--format", "csv"),
        ("nightly", "--date", DAY.isoformat()),
    ],
)
def test_no_command_prints_it(talkative: tuple[Path, str], postcall: Command, tmp_path: Path, asked: tuple[str, ...]) -> None:
    folder, _ = talkative
    for name in ("postcall.toml", "calls.csv"):
        (tmp_path / name).write_text((folder / name).read_text())
    done = postcall(*asked)
    assert done.out + done.err
    assert "not foreseen" not in done.err
    assert MARKER not in done.out + done.err
    for file in tmp_path.rglob("*.csv"):
        assert file.name == "calls.csv" or MARKER not in file.read_text(encoding="utf-8-sig")


def test_beside_the_tables_it_stands_only_where_it_belongs(talkative: tuple[Path, str]) -> None:
    """Words in artifacts, paths in the ledger: nothing else of the store names anything of a call."""
    store = talkative[0] / "store"
    for file in store.rglob("*"):
        if file.is_file() and file.relative_to(store).parts[0] not in ("tables", "artifacts"):
            is_ledger = file.name.startswith("ledger.sqlite")
            assert is_ledger or MARKER.encode() not in file.read_bytes(), file.name
    with sqlite3.connect(store / "ledger.sqlite") as db:
        for table, columns in (("call", "call_id, state, code"), ("owner", "sha256, call_id")):
            assert MARKER not in str(db.execute(f"select {columns} from {table}").fetchall())
    for file in (store / "artifacts").rglob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        # The manifest has the recording's path; both go with the recording.
        content.pop("recording", None)
        assert file.name.startswith("transcript-") or MARKER not in str(content), file.name
