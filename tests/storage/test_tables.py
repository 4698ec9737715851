"""Delta tables by business day: replaced whole, kept whole, read back as they were written."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import pandas as pd
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

import storage.tables
from postcall.errors import StorageError
from postcall.tables import Field, Stamp, TableSpec, spec_of, table
from storage.tables import Tables

ONE, TWO = date(2026, 3, 2), date(2026, 3, 3)


@table("call_sample", grain="call", primary_key=("call_id",))
class CallSample:
    """A table of these tests."""

    call_id: Annotated[str, Field("Call id.")]
    talk_ms: Annotated[int | None, Field("Talk.", unit="ms", minimum=0)]


SPEC = spec_of(CallSample)


def _write(tables: Tables, day: date, calls: dict[str, int | None], spec: TableSpec = SPEC, run_id: str = "run-1") -> None:
    rows = [spec.row(call_id=call_id, talk_ms=talk_ms) for call_id, talk_ms in calls.items()]
    tables.replace_day(spec, day, spec.to_arrow(rows, Stamp(day, run_id, 1, "policy")), run_id)


def _calls(tables: Tables, day: date | None = None) -> dict[str, int | None]:
    return {row["call_id"]: row["talk_ms"] for row in tables.read("call_sample", day).to_pylist()}


def test_a_day_is_replaced_and_no_other(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1, "b": 2})
    _write(tables, TWO, {"c": 3})
    _write(tables, ONE, {"b": 5, "d": None})
    assert _calls(tables, ONE) == {"b": 5, "d": None}
    assert _calls(tables, TWO) == {"c": 3}
    assert _calls(tables) == {"b": 5, "d": None, "c": 3}


def test_a_day_can_become_empty(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _write(tables, TWO, {})
    assert tables.names() == ["call_sample"]
    _write(tables, ONE, {"a": 1})
    _write(tables, ONE, {})
    assert _calls(tables) == {}


def test_a_day_is_one_commit_that_names_its_run(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    for number in range(3):
        _write(tables, ONE, {"a": number}, run_id=f"run-{number}")
    history = DeltaTable(tables.path("call_sample")).history()
    assert [commit["run_id"] for commit in history] == ["run-2", "run-1", "run-0"]
    before = DeltaTable(tables.path("call_sample"), version=0).to_pyarrow_table()
    assert before["talk_ms"].to_pylist() == [0], "an old version stays readable"


def test_pandas_reads_it_without_this_program(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1, "b": None})
    frame = DeltaTable(tables.path("call_sample")).to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert sorted(frame["call_id"]) == ["a", "b"]
    assert DeltaTable(tables.path("call_sample")).metadata().description == "A table of these tests."


def test_a_new_column_is_empty_in_old_days(tmp_path: Path) -> None:
    @table("call_sample", grain="call", primary_key=("call_id",))
    class CallSampleLater:
        """A later declaration of it."""

        call_id: Annotated[str, Field("Call id.")]
        talk_ms: Annotated[int | None, Field("Talk.", unit="ms", minimum=0)]
        words: Annotated[int | None, Field("Words.")]

    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1})
    spec = spec_of(CallSampleLater)
    row = CallSampleLater(call_id="b", talk_ms=2, words=3)
    tables.replace_day(spec, TWO, spec.to_arrow([row], Stamp(TWO, "run-2", 2, "policy")), "run-2")
    assert {row["call_id"]: row["words"] for row in tables.read("call_sample").to_pylist()} == {"a": None, "b": 3}
    _write(tables, ONE, {"a": 7})  # an older program writes on
    assert {row["call_id"]: row["words"] for row in tables.read("call_sample").to_pylist()} == {"a": None, "b": 3}


def test_a_column_may_be_described_anew(tmp_path: Path) -> None:
    @table("call_sample", grain="call", primary_key=("call_id",))
    class Described:
        """The same table, in other words."""

        call_id: Annotated[str, Field("Id of the call.")]
        talk_ms: Annotated[int | None, Field("Time somebody talks.", unit="ms", minimum=0)]

    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1})
    _write(tables, TWO, {"b": 2}, spec_of(Described))
    _write(tables, ONE, {"c": 3}, spec_of(Described))
    assert _calls(tables) == {"b": 2, "c": 3}


def test_names_are_what_was_written(tmp_path: Path) -> None:
    assert Tables(tmp_path / "nowhere").names() == []
    _write(Tables(tmp_path), ONE, {})
    (tmp_path / "tables" / "notes").mkdir()
    (tmp_path / "tables" / "notes.txt").touch()
    assert Tables(tmp_path).names() == ["call_sample"]


def test_an_unknown_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no table 'call_samples'"):
        Tables(tmp_path).read("call_samples")


def test_two_writers_of_one_day_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def conflicting(*_: object, **__: object) -> None:
        raise CommitFailedError("a concurrent transaction")

    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1})
    monkeypatch.setattr(storage.tables, "write_deltalake", conflicting)
    with pytest.raises(StorageError, match="another run wrote table 'call_sample'") as caught:
        _write(tables, ONE, {"b": 1})
    assert caught.value.hint
    assert _calls(tables) == {"a": 1}


def test_a_disk_that_refuses_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("a file in the folder's place")
    with pytest.raises(StorageError, match="cannot write table 'call_sample'"):
        _write(Tables(tmp_path), ONE, {"a": 1})


def test_a_damaged_table_is_a_storage_error(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1})
    for file in tables.path("call_sample").rglob("*.parquet"):
        os.truncate(file, 10)
    with pytest.raises(StorageError, match="cannot read table 'call_sample'"):
        tables.read("call_sample")
    _write(tables, ONE, {"a": 1})
    assert _calls(tables) == {"a": 1}, "running the night again mends it"


def test_what_a_killed_writer_left_does_no_harm(tmp_path: Path) -> None:
    """Data files without a commit belong to nobody."""
    tables = Tables(tmp_path)
    _write(tables, ONE, {"a": 1})
    [data] = list(tables.path("call_sample").rglob("*.parquet"))
    data.with_name("part-of-a-killed-run.parquet").write_bytes(data.read_bytes()[:50])
    assert _calls(tables) == {"a": 1}
    _write(tables, ONE, {"b": 2})
    assert _calls(tables) == {"b": 2}


# ── a store of an older version ──────────────────────────────────────────────


def _declared(**columns: object) -> TableSpec:
    """``call_sample`` with other columns beside its id."""
    body = {
        "__annotations__": {"call_id": Annotated[str, Field("Call id.")], **columns},
        "__doc__": "A table of another version.",
        "__module__": __name__,
    }
    return spec_of(table("call_sample", grain="call", primary_key=("call_id",))(type("CallSampleOf", (), body)))


def _put(tables: Tables, spec: TableSpec, day: date, **values: object) -> None:
    rows = [spec.row(call_id="a", **values)]
    tables.replace_day(spec, day, spec.to_arrow(rows, Stamp(day, "run", 1, "policy")), "run")


def _column(tables: Tables, name: str) -> dict[date, object]:
    return {row["call_date"]: row[name] for row in tables.read("call_sample").to_pylist()}


NEEDED, OPTIONAL = Annotated[int, Field("Was 1.")], Annotated[int | None, Field("Is now.")]
FRACTION = Annotated[float | None, Field("Is now.")]


def test_a_column_that_had_to_have_a_value_may_be_empty_now(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _put(tables, _declared(x=NEEDED), ONE, x=1)
    _put(tables, _declared(x=OPTIONAL), TWO, x=None)
    assert _column(tables, "x") == {ONE: 1, TWO: None}
    assert len(DeltaTable(tables.path("call_sample")).history()) == 2, "in one commit"
    before = DeltaTable(tables.path("call_sample"), version=0).to_pyarrow_table()
    assert before["x"].to_pylist() == [1], "the old version stays readable"
    _put(tables, _declared(x=NEEDED), ONE, x=3)  # an older program writes on
    assert _column(tables, "x") == {ONE: 3, TWO: None}


def test_a_column_that_had_to_have_a_value_is_gone(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _put(tables, _declared(x=NEEDED, y=OPTIONAL), ONE, x=1, y=2)
    _put(tables, _declared(y=OPTIONAL, z=NEEDED), TWO, y=3, z=4)
    assert _column(tables, "x") == {ONE: 1, TWO: None}
    assert _column(tables, "y") == {ONE: 2, TWO: 3}
    assert _column(tables, "z") == {ONE: None, TWO: 4}


def test_whole_numbers_that_have_fractions_now_are_not_cut(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _put(tables, _declared(x=NEEDED), ONE, x=1)
    _put(tables, _declared(x=FRACTION), TWO, x=1.5)
    assert _column(tables, "x") == {ONE: 1.0, TWO: 1.5}
    _put(tables, _declared(x=NEEDED), ONE, x=2)
    assert _column(tables, "x") == {ONE: 2.0, TWO: 1.5}


def test_a_column_of_another_kind_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    _put(tables, _declared(x=NEEDED), ONE, x=1)
    with pytest.raises(StorageError, match="column 'x' of table 'call_sample' is stored as int64") as caught:
        _put(tables, _declared(x=Annotated[str | None, Field("A word.")]), TWO, x="a")
    assert "run its days again" in caught.value.hint
    assert _column(tables, "x") == {ONE: 1}


def test_a_refused_row_is_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own message shows the rows that it refuses."""
    tables = Tables(tmp_path)
    _put(tables, _declared(x=NEEDED), ONE, x=73167458)
    monkeypatch.setattr(storage.tables, "_evolved", lambda *_: None)
    with pytest.raises(StorageError, match="cannot write table") as caught:
        _put(tables, _declared(y=NEEDED), TWO, y=73167458)
    assert "73167458" in str(caught.value.__cause__)
    assert "73167458" not in str(caught.value) + caught.value.hint
