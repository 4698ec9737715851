"""Taking rows out of Delta tables for good: out of the newest version, out of every old one, and out of the log.

Conventions
-----------
Rows go by whole days: the days concerned are written again without them, one commit each, whose record in the log names the
day and nothing else. `forget_history` then removes every data file that the newest version does not need, and writes a
checkpoint in place of the older log, whose entries hold the least and the greatest value of every column. Both can be run
again after they were broken off.

Edge cases
----------
Old versions are gone for every day of the table, not only for the one concerned: one commit may hold several. Whoever reads
an old snapshot at that moment gets an error and has to open the table again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from postcall.errors import StorageError
from storage.durability import sync_newest
from storage.tables import Tables

_LOG_FILE = re.compile(r"(\d{20})\.(?:json|checkpoint(?:\.\d+\.\d+)?\.parquet|.*\.json)$")


def rows_per_day(tables: Tables, name: str, gone: pc.Expression) -> dict[date, int]:
    """How many rows of each day fit a condition."""
    found = tables.scan(name, columns=["call_date"], only=gone)["call_date"]
    return {entry["values"].as_py(): entry["counts"].as_py() for entry in pc.value_counts(found)}


def rewrite_days(tables: Tables, name: str, gone: pc.Expression, change: Callable[[pa.Table], pa.Table] | None = None) -> int:
    """Write the days again that have rows of a condition, without them, or with them changed.

    Parameters
    ----------
    tables
        Of the store.
    name
        Of the table.
    gone
        Which rows.
    change
        What becomes of a day's rows; None takes those of the condition out.

    Returns
    -------
    int
        Rows concerned.

    Raises
    ------
    StorageError
        The table cannot be read or written.
    """
    counts = rows_per_day(tables, name, gone)
    for day in sorted(counts):
        kept = tables.scan(name, first=day, last=day, only=None if change else ~gone)
        if change is not None:
            kept = change(kept)
        try:
            write_deltalake(
                tables.path(name),
                kept,
                mode="overwrite",
                predicate=f"call_date = '{day.isoformat()}'",
                partition_by=["call_date"],
                commit_properties=CommitProperties(custom_metadata={"reason": "rows removed for good"}),
            )
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise StorageError(
                f"cannot write table '{name}': {type(error).__name__}", hint="is the disk full? run it again then"
            ) from error
    return sum(counts.values())


def forget_history(tables: Tables, name: str) -> list[tuple[str, int]]:
    """Remove every old version of a table from the disk.

    Returns
    -------
    list
        SHA-256 and size of each data file removed.

    Raises
    ------
    StorageError
        The disk refused.
    """
    path = tables.path(name)
    try:
        sync_newest(path)
        table = DeltaTable(path)
        old = table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True, full=True)
        removed = [_hashed(path / one) for one in old if (path / one).is_file()]
        if old:
            table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        _forget_log(path)
        _remove_empty_folders(path)
    except (DeltaError, OSError) as error:
        raise StorageError(
            f"the old versions of table '{name}' cannot be removed: {type(error).__name__}", hint="run it again"
        ) from error
    return removed


def _forget_log(path: Path) -> None:
    """A checkpoint of the newest version in place of all that was written before."""
    table = DeltaTable(path)
    newest = table.version()
    table.create_checkpoint()
    # Before what it stands for is removed.
    sync_newest(path)
    for file in sorted((path / "_delta_log").iterdir()):
        found = _LOG_FILE.search(file.name)
        if found and int(found[1]) < newest:
            file.unlink()
        elif file.name.startswith((".", "_commit_")):
            file.unlink()  # what a killed writer left


def _remove_empty_folders(path: Path) -> None:
    for folder in path.iterdir():
        if folder.name.startswith("call_date=") and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _hashed(file: Path) -> tuple[str, int]:
    return hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size
