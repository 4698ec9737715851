"""A loss of power tears at most the newest commit of a table, and the next run takes it back and writes it again."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from postcall.errors import StorageError
from storage.durability import sync_newest, take_back_torn
from storage.one_run import only_run

DAYS = [date(2026, 3, day) for day in (2, 3, 4)]


def _write(table: Path, day: date, value: int) -> None:
    rows = pa.table({"call_date": pa.array([day, day]), "value": [value, value + 1]})
    exists = DeltaTable.is_deltatable(str(table))
    predicate = f"call_date = '{day.isoformat()}'" if exists else None
    write_deltalake(table, rows, mode="overwrite", predicate=predicate, partition_by=["call_date"])


def _values(table: Path) -> list[int]:
    return sorted(DeltaTable(table).to_pyarrow_table()["value"].to_pylist())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of two days, the first of them written twice."""
    table = tmp_path / "tables" / "call_talk_time"
    table.parent.mkdir()
    _write(table, DAYS[0], 10)
    _write(table, DAYS[1], 20)
    _write(table, DAYS[0], 30)
    return table


def _newest(table: Path) -> Path:
    return max((table / "_delta_log").glob("*.json"))


def _data_of_newest(table: Path) -> Path:
    return max(table.glob("call_date=2026-03-02/*.parquet"), key=lambda path: path.stat().st_mtime_ns)


def test_whole_commits_stay(table: Path) -> None:
    sync_newest(table)
    assert take_back_torn(table.parent) == []
    assert _values(table) == [20, 21, 30, 31]


def test_every_cut_of_the_log_is_taken_back(table: Path) -> None:
    entry = _newest(table)
    whole = entry.read_bytes()
    # All line ends, where what is left reads as a log, and points within lines.
    cuts = [at + 1 for at, byte in enumerate(whole[:-1]) if byte == ord("\n")] + list(range(0, len(whole) - 1, 97))
    for cut in cuts:
        entry.write_bytes(whole[:cut])
        assert take_back_torn(table.parent) == [table.name], cut
        assert _values(table) == [10, 11, 20, 21]
    _write(table, DAYS[0], 30)
    assert _values(table) == [20, 21, 30, 31]


@pytest.mark.parametrize("harm", ["empty", "cut", "gone", "zeros"])
def test_a_commit_whose_data_did_not_arrive_is_taken_back(table: Path, harm: str) -> None:
    data = _data_of_newest(table)
    if harm == "gone":
        data.unlink()
    elif harm == "zeros":
        data.write_bytes(bytes(data.stat().st_size))
    else:
        os.truncate(data, 0 if harm == "empty" else data.stat().st_size - 1)
    with only_run(table.parents[1]):
        assert _values(table) == [10, 11, 20, 21]
        _write(table, DAYS[0], 30)
    assert _values(table) == [20, 21, 30, 31]


def test_a_first_commit_that_is_torn_leaves_no_table(tmp_path: Path) -> None:
    table = tmp_path / "tables" / "call_hold"
    table.parent.mkdir()
    _write(table, DAYS[0], 10)
    os.truncate(_newest(table), 0)
    assert take_back_torn(table.parent) == ["call_hold"]
    assert not DeltaTable.is_deltatable(str(table))
    _write(table, DAYS[0], 10)
    assert _values(table) == [10, 11]


def test_what_has_no_commit_before_it_is_left(table: Path) -> None:
    for entry in sorted((table / "_delta_log").glob("*.json"))[:-1]:
        entry.unlink()
    os.truncate(_newest(table), 0)
    assert take_back_torn(table.parent) == []


def test_a_torn_commit_is_never_called_synced(table: Path) -> None:
    os.truncate(_newest(table), 5)
    with pytest.raises(StorageError, match="its log cannot be read"):
        sync_newest(table)
