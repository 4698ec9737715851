"""Finished rows wait on the disk, come back as one checked table in order, and leave nothing behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest

from postcall.errors import StorageError, TableError
from postcall.fields import CallId
from postcall.tables import Field, Stamp, spec_of, table
from storage.one_run import only_run
from storage.pieces import FOLDER, Pieces
from storage.tables import Tables

STAMP = Stamp(date(2026, 3, 2), "run", 3, "policy")


@table("event_piece", grain="piece", primary_key=("call_id", "part"))
class EventPiece:
    """Pieces."""

    call_id: CallId
    part: Annotated[int | None, Field("Number.", minimum=0)]


SPEC = spec_of(EventPiece)


def rows(*keys: tuple[str, Any]) -> list[Any]:
    return [EventPiece(call_id=call_id, part=part) for call_id, part in keys]


def test_pieces_give_the_table_that_all_rows_would(tmp_path: Path) -> None:
    found = rows(("a", 2), ("a", None), ("b", 1)), rows(("c", 1), ("b", 7)), rows()
    with Pieces(tmp_path) as pieces:
        for piece in found:
            pieces.add(SPEC, piece, STAMP)
        read = pieces.read(SPEC)
        assert read.equals(SPEC.to_arrow([row for piece in found for row in piece], STAMP))
        assert read.schema.equals(SPEC.schema(), check_metadata=True)
        assert pieces.read(SPEC).equals(read)
    assert not (tmp_path / FOLDER).exists()


def test_a_table_without_rows_is_empty(tmp_path: Path) -> None:
    with Pieces(tmp_path) as pieces:
        assert pieces.read(SPEC).equals(SPEC.to_arrow([], STAMP))


def test_pieces_out_of_order_are_sorted(tmp_path: Path) -> None:
    found = rows(("b", 1), ("c", 2)), rows(("a", 1), ("b", None))
    with Pieces(tmp_path) as pieces:
        for piece in found:
            pieces.add(SPEC, piece, STAMP)
        assert pieces.read(SPEC).equals(SPEC.to_arrow([*found[0], *found[1]], STAMP))


@pytest.mark.parametrize("second", [rows(("b", 1)), rows(("a", 1), ("b", 1), ("c", 1))])
def test_a_key_in_two_pieces_is_told(tmp_path: Path, second: list[Any]) -> None:
    with Pieces(tmp_path) as pieces:
        pieces.add(SPEC, rows(("b", 1)), STAMP)
        pieces.add(SPEC, second, STAMP)
        with pytest.raises(TableError, match="1 rows repeat the primary key"):
            pieces.read(SPEC)


def test_a_wrong_row_costs_the_table(tmp_path: Path) -> None:
    with Pieces(tmp_path) as pieces:
        pieces.add(SPEC, rows(("a", 1)), STAMP)
        pieces.add(SPEC, rows(("b", -1)), STAMP)
        pieces.add(SPEC, rows(("c", 1.5)), STAMP)
        for _ in range(2):
            with pytest.raises(TableError, match="1 values below 0"):
                pieces.read(SPEC)


def test_a_step_that_is_tried_again_begins_anew(tmp_path: Path) -> None:
    with Pieces(tmp_path) as pieces:
        pieces.add(SPEC, rows(("a", -1)), STAMP)
        pieces.begin()
        pieces.add(SPEC, rows(("a", 1)), STAMP)
        pieces.begin()
        pieces.add(SPEC, rows(("b", 1)), STAMP)
        assert pieces.read(SPEC).num_rows == 1


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        with Pieces(tmp_path) as pieces:
            pieces.add(SPEC, rows(("a", 1)), STAMP)
            [file] = (tmp_path / FOLDER).iterdir()
            assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    finally:
        os.umask(umask)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Pieces(tmp_path) as pieces, monkeypatch.context() as patch:
        patch.setattr("storage.pieces.os.open", refuse)
        with pytest.raises(StorageError, match="No space left on device"):
            pieces.add(SPEC, rows(("a", 1)), STAMP)
    assert not (tmp_path / FOLDER).exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from storage.one_run import only_run
from storage.pieces import Pieces
from tests.storage.test_pieces import SPEC, STAMP, rows
store = Path(sys.argv[1])
with only_run(store), Pieces(store) as pieces:
    pieces.add(SPEC, rows(("a", 1)), STAMP)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_goes_with_the_next_run_of_any_kind(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list((tmp_path / FOLDER).iterdir())
    with only_run(tmp_path):
        assert not (tmp_path / FOLDER).exists()


def test_a_day_of_many_pieces_is_stored_in_order(tmp_path: Path) -> None:
    with Pieces(tmp_path) as pieces:
        for number in range(9):
            pieces.add(SPEC, rows((f"c{number}", 1), (f"c{number}", 2)), STAMP)
        tables = Tables(tmp_path)
        for _ in range(2):
            tables.replace_day(SPEC, STAMP.call_date, pieces.read(SPEC), "run")
            stored = tables.read(SPEC.name)
            assert stored.equals(pieces.read(SPEC))
