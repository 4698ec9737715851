"""Nights with scripted engines, and tables of many days: small ones, the same way."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.growth.__main__ import _child, nights_table, years, years_table
from benchmarks.growth.nights import Clock, Night, lay_out, measured, scripted_engines
from benchmarks.growth.years import CALLS, EVERY, PIECES, WORDS, Size, files_of, in_pieces, pruned, read, rows_of, run
from flows.night import plainly
from storage.tables import Tables

SIZE = Size(calls=210, a_day=10, words=2_100)


def test_every_call_of_a_scripted_night_has_its_scripts_words(tmp_path: Path) -> None:
    found = measured(tmp_path, 45, 20, 2, by_prefect=False)
    assert found.calls == 45 and found.words > 45 * 10 and found.hours > 0
    assert 0 < found.work_s <= found.wall_s and 0 <= found.orchestration_share < 1
    assert found.artifact_bytes > 0 and found.table_bytes > 0
    rows = Tables(tmp_path / "night" / "store").read("call_transcript")
    assert sum(rows["words"].to_pylist()) == pytest.approx(found.words, rel=0.05)
    [row] = [{"how": "plain", "workers": 2, **asdict(found), "orchestration_share": found.orchestration_share}]
    assert nights_table([row]).row_count == 1


def test_calls_of_one_script_are_different_recordings(tmp_path: Path) -> None:
    with scripted_engines(10) as scripts:
        lay_out(tmp_path, 2 * len(scripts), scripts)
    contents = {path.read_bytes() for path in (tmp_path / "recordings").iterdir()}
    assert len(contents) == 2 * len(scripts)
    assert "_words" not in (tmp_path / "calls.csv").read_text(encoding="utf-8")


def test_what_a_runner_adds_is_not_work() -> None:
    clock = Clock()
    step = clock.around(plainly)
    assert step("one", lambda: 1) + step("one", lambda: 2) == 3
    assert list(clock.steps_s) == ["one"]
    night = Night(1, 1.0, 1, 10.0, 1.0, 9.0, 1.0, {}, 1.0, 1.0, 1, 1, 1)
    assert night.orchestration_share == pytest.approx(0.1)


@pytest.mark.parametrize("name", [CALLS, WORDS])
def test_a_table_of_days_is_written_compacted_and_read_day_by_day(tmp_path: Path, name: str) -> None:
    written = run("write", tmp_path, name, SIZE)
    assert written.rows == (SIZE.calls if name == CALLS else SIZE.words)
    assert (written.files_a_day, written.files_on_disk) == (1, SIZE.days)
    again = run("again", tmp_path, name, SIZE)
    assert again.files_on_disk == SIZE.days + -(-SIZE.days // EVERY) and again.files_in_table == SIZE.days
    before = sorted(map(str, Tables(tmp_path).read(name).select(["call_id", "call_date"]).to_pylist()))
    in_pieces(tmp_path, name, SIZE)
    assert files_of(tmp_path, name)["most_files_a_day"] > PIECES // 2
    assert run("compact", tmp_path, name, SIZE).files_a_day == 1
    assert run("vacuum", tmp_path, name, SIZE).files_on_disk == SIZE.days
    assert sorted(map(str, Tables(tmp_path).read(name).select(["call_id", "call_date"]).to_pylist())) == before
    day = run("day", tmp_path, name, SIZE)
    assert (day.files_read, day.files_in_table) == (1, SIZE.days)
    assert day.rows == SIZE.rows(name, SIZE.days // 2)
    assert read(tmp_path, name, None, None, whole_rows=False) == (len(before), SIZE.days)
    assert pruned(tmp_path, name, SIZE)
    assert Tables(tmp_path).read(name).num_rows == len(before)


def test_rows_are_the_same_every_time_and_days_differ() -> None:
    assert rows_of(WORDS, 1, SIZE).equals(rows_of(WORDS, 1, SIZE))
    ids = [set(rows_of(CALLS, number, SIZE)["call_id"].to_pylist()) for number in (0, 1)]
    assert not ids[0] & ids[1] and len(ids[0]) == 10


def test_steps_of_a_table_run_in_processes_of_their_own(tmp_path: Path) -> None:
    told = years(tmp_path / "table", CALLS, Size(60, 10, 0))
    assert told["is_pruned"] and not (tmp_path / "table").exists()
    assert years_table(told).row_count == len(told["steps"])
    assert _child([sys.executable, "-c", "print('of a library'); print('{\"a\": 1}')"]) == {"a": 1}
