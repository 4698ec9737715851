"""A whole night on the bundled calls: measured against what is known of them, and run again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest

from flows import night
from flows.demonstration import DAY, transcribed_settings
from flows.night import NightReport, plainly, run_night
from flows.report import declared_tables
from flows.settings import Settings
from postcall.analyzer import discover
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.errors import StorageError
from postcall.spans import Span, bridge, subtract, total_ms, union
from postcall.speech import listening
from postcall.speech.listening import Listened
from postcall.tables import Stamp, TableSpec
from storage.pieces import FOLDER, Pieces
from storage.tables import Tables

TRUTH = Path(__file__).parents[2] / "flows" / "demo" / "truth"
TIMES_OF_THE_RUN = ["started_at", "finished_at"]


def run(settings: Settings, **options: Any) -> NightReport:
    return run_night(DAY, settings, step=plainly, **options)


def content(store: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, in order, but for the times of the run itself."""
    tables = Tables(store)
    found = {}
    for name in tables.names():
        rows = tables.read(name)
        if name == "run_night":
            rows = rows.drop_columns(TIMES_OF_THE_RUN)
        found[name] = sorted(rows.to_pylist(), key=lambda row: json.dumps(row, default=str, sort_keys=True))
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("night") / "store"
    run(transcribed_settings(folder))
    return folder


def by_call(store: Path, table: str) -> dict[str, dict[str, Any]]:
    return {row["call_id"]: row for row in Tables(store).read(table).to_pylist()}


def truths() -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(TRUTH.glob("*.json"))]
    return {truth["call_id"]: truth for truth in found if "speech" in truth}


HANDED_IN = ("rule_override",)
"""Tables that people fill, and no night."""


def test_every_declared_table_is_written_with_its_schema(store: Path) -> None:
    declared = {name: spec for name, spec in declared_tables(discover()).items() if name not in HANDED_IN}
    tables = Tables(store)
    assert set(tables.names()) == set(declared)
    for name, spec in declared.items():
        stored = tables.read(name)
        assert set(stored.schema.names) == {column.name for column in spec.stored_columns}, name
        assert stored.cast(spec.schema()).num_rows == stored.num_rows


def test_no_call_is_lost(store: Path) -> None:
    calls = (TRUTH.parent / "calls.csv").read_text(encoding="utf-8").splitlines()[1:]
    ids = {line.split(",", 1)[0] for line in calls}
    refused = {row["call_id"] for row in Tables(store).read("run_failure").to_pylist() if row["stage"] == "call_record"}
    assert by_call(store, "call_contact").keys() == ids - refused


def test_the_times_of_a_call_add_up(store: Path) -> None:
    for row in Tables(store).read("call_talk_time").to_pylist():
        spoken = row["speech_ms"]
        if row["agent_talk_ms"] is not None:
            assert spoken == row["agent_talk_ms"] + row["customer_talk_ms"] - row["overtalk_ms"]
        else:
            assert "agent_talk_ms" in row["not_measurable"]
        assert spoken + row["non_talk_ms"] == row["recording_duration_ms"]


def test_talk_is_what_was_spoken(store: Path) -> None:
    """Outside hold and before the busy tone: telling music and tones from speech is not the record's work."""
    bridged_ms = SpeechPolicy().bridge_gap_ms
    found: dict[tuple[str, str], list[Span]] = {}
    for row in Tables(store).read("stage_speech").to_pylist():
        found.setdefault((row["call_id"], row["speaker_role"]), []).append(Span(row["start_ms"], row["end_ms"]))
    errors_ms = []
    for call_id, truth in truths().items():
        if truth["topology"] != "separate":
            continue
        apart = [Span(hold["start_ms"] - 500, hold["end_ms"] + 500) for hold in truth["holds"]]
        if truth["busy"]:
            apart.append(Span(truth["hung_up_ms"], truth["duration_ms"]))
        holds = bridge(apart, 0)
        for role in ("agent", "customer"):
            true = bridge([Span(*pair) for pair in truth["speech"][role]], bridged_ms)
            measured = union(found[call_id, role])
            errors_ms.append(abs(total_ms(subtract(measured, holds)) - total_ms(subtract(true, holds))))
    assert len(errors_ms) == 20
    assert sum(errors_ms) / len(errors_ms) <= 350, "mean absolute error of talk time"


def test_holds_are_those_of_the_record_and_where_it_is_silent_those_that_are_heard(store: Path) -> None:
    holds = by_call(store, "call_hold")
    for call_id, truth in truths().items():
        row = holds[call_id]
        assert row["hold_basis"] == ("audio" if call_id == "07-promise" else "call_record")
        assert row["holds"] == len(truth["holds"])
        assert row["hold_ms"] == sum(hold["end_ms"] - hold["start_ms"] for hold in truth["holds"])
        assert row["audible_holds"] == len(truth["holds"])
        assert row["audible_hold_ms"] == pytest.approx(row["hold_ms"], abs=300)


def test_rings_and_busy_tones_are_heard(store: Path) -> None:
    ringing, ends = by_call(store, "call_ringing"), by_call(store, "call_end")
    for call_id, truth in truths().items():
        assert (ringing[call_id]["rings"] or 0) == len(truth["rings"]), call_id
        assert ends[call_id]["has_busy_tone"] is bool(truth["busy"]), call_id


def test_dead_air_is_found_with_its_owner(store: Path) -> None:
    found = {(row["call_id"], row["owner"]) for row in Tables(store).read("event_dead_air").to_pylist()}
    true = {
        (call_id, silence["owner"])
        for call_id, truth in truths().items()
        for silence in truth["silences"]
        if silence["end_ms"] - silence["start_ms"] >= 10_000
    }
    assert true
    assert found == true


def test_interruptions_are_found_and_backchannels_are_not_taken_for_them(store: Path) -> None:
    events = Tables(store).read("event_overtalk").to_pylist()
    found = {(row["call_id"], row["by_role"], row["is_floor_won"]) for row in events if row["kind"] == "interruption"}
    true = {
        (call_id, interruption["by"], interruption["winner"] == interruption["by"])
        for call_id, truth in truths().items()
        for interruption in truth["interruptions"]
    }
    assert true
    on_one_channel = {call_id for call_id, truth in truths().items() if truth["topology"] != "separate"}
    assert {event for event in found if event[0] not in on_one_channel} == true
    assert len(found - true) <= 1, "a diarizer's error may look like an interruption"


def test_words_are_those_of_the_transcript_beside_the_recording(store: Path) -> None:
    words = Tables(store).read("stage_word").to_pylist()
    for call_id, truth in truths().items():
        said = [word["text"] for word in words if word["call_id"] == call_id]
        assert len(said) >= 0.97 * len(truth["words"]), call_id


def test_a_second_run_writes_the_same_rows_and_decodes_nothing(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    before = content(copy)

    decoded = []

    def listen(file: BinaryIO, *, source: str, **options: Any) -> Listened:
        decoded.append(source)
        return listening.listen(file, source=source, **options)

    monkeypatch.setattr("flows.ear.listen", listen)
    run(transcribed_settings(copy))
    assert content(copy) == before
    assert sorted(decoded) == ["14-truncated.wav", "15-empty.wav"], "what was put aside has no artifact, and is tried again"


def test_the_same_inputs_in_another_store_give_the_same_rows(store: Path, tmp_path: Path) -> None:
    run(transcribed_settings(tmp_path / "other"))
    assert content(tmp_path / "other") == content(store)


def test_another_day_is_left_alone(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "store"
    shutil.copytree(store, copy)
    report = run_night(date(2026, 3, 3), transcribed_settings(copy), step=plainly)
    assert report.calls == 0
    assert Tables(copy).read("call_contact", DAY).num_rows == Tables(store).read("call_contact", DAY).num_rows
    assert Tables(copy).read("run_night").num_rows == 2


def test_a_policy_changes_rows_and_their_digest(store: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('extends = "default"\n[dead_air]\nmin_s = 4.0\n', encoding="utf-8")
    run(transcribed_settings(tmp_path / "store").model_copy(update={"policy": policy}))
    strict, default = (Tables(where).read("event_dead_air") for where in (tmp_path / "store", store))
    assert strict.num_rows > default.num_rows
    assert set(strict["policy_digest"].to_pylist()).isdisjoint(default["policy_digest"].to_pylist())
    assert json.loads(Tables(tmp_path / "store").read("run_night")["policy_json"][0].as_py())["dead_air"]["min_s"] == 4.0


def test_without_transcripts_the_acoustic_measures_stand(store: Path, tmp_path: Path) -> None:
    report = run(transcribed_settings(tmp_path / "store"), use_transcripts=False)
    assert report.transcripts == 0
    tables = Tables(tmp_path / "store")
    assert tables.read("stage_word").num_rows == 0
    without, with_words = by_call(tmp_path / "store", "call_talk_time"), by_call(store, "call_talk_time")
    by_words = {call_id for call_id, row in by_call(store, "call_contact").items() if row["role_source"] == "opening_phrase"}
    assert {"09-wrong-map", "13-mono"} <= by_words, "only words tell who is who there"
    assert without.keys() == with_words.keys()
    for call_id, row in without.items():
        one, other = ({key: value for key, value in each.items() if key != "run_id"} for each in (row, with_words[call_id]))
        if call_id not in by_words:
            assert one == other
        assert (one["speech_ms"], one["non_talk_ms"]) == (other["speech_ms"], other["non_talk_ms"])
    reasons = {row["reason"] for row in tables.read("run_skip").to_pylist() if row["analyzer"] == "speaking_rate"}
    assert any("--no-transcript" in reason for reason in reasons)


def test_rows_say_what_made_them(store: Path) -> None:
    tables = Tables(store)
    (night,) = tables.read("run_night").to_pylist()
    stamped: pa.Table = tables.read("call_silence")
    assert set(stamped["run_id"].to_pylist()) == {night["run_id"]}
    (silence,) = (one for one in discover().analyzers if one.name == "silence")
    assert set(stamped["made_by_version"].to_pylist()) == {silence.version}
    assert json.loads(night["versions_json"])["faster-whisper"]
    assert night["calls"] == Tables(store).read("call_contact").num_rows


def test_a_store_that_fails_for_a_moment_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.night.RETRY_PAUSE_S", 0.0)
    failures = iter([StorageError("busy"), StorageError("busy")])

    def work() -> str:
        error = next(failures, None)
        if error is not None:
            raise error
        return "done"

    assert plainly("write", work, retries=2) == "done"
    with pytest.raises(StorageError, match="full"):
        plainly("write", lambda: (_ for _ in ()).throw(StorageError("full")), retries=1)


def test_rows_that_are_put_down_as_the_night_goes_are_the_same_rows(
    demo_night: tuple[Path, NightReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_down = []

    def add(pieces: Pieces, spec: TableSpec, rows: Sequence[Any], stamp: Stamp) -> None:
        put_down.append(spec.name)
        original(pieces, spec, rows, stamp)

    original = Pieces.add
    monkeypatch.setattr(Pieces, "add", add)
    monkeypatch.setattr(night, "MOST_HELD", 500)
    run_night(DAY, transcribed_settings(tmp_path / "store"), step=plainly)
    assert put_down.count("call_contact") > 2
    assert not (tmp_path / "store" / FOLDER).exists()
    ours, theirs = Tables(tmp_path / "store"), Tables(demo_night[0])
    assert ours.names() == theirs.names()
    for name in ours.names():
        if name != "run_night":
            assert ours.read(name).equals(theirs.read(name)), name
