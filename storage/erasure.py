"""Everything that a store keeps of a customer's calls: found, and removed for good.

Definition
----------
A customer's calls are those whose record names the customer key, in any version of ``call_contact`` that still lies on the
disk, also in files that no version needs any more; and by the ledger those that a night planned or refused, whatever became of
the night. Of them go:

================  =======================================================================================
where             what
================  =======================================================================================
``tables/``       their rows in every table that has a ``call_id``, the failures of their recordings, and
                  every old version of these tables (`storage.table_history`)
``artifacts/``    the folders of their recordings
``ledger.sqlite`` their states, paths and sounds
recordings        the files and the transcripts beside them, when that is asked for
================  =======================================================================================

Conventions
-----------
``call_contact`` is written last, so that a run that was broken off finds the calls again. Tombstones are written first
(`storage.tombstones`).

Edge cases
----------
KPI rows stay: they are counts and sums of an agent's day, and name no call. A message about another call that names an erased
one (two calls with the same sound) keeps its row and loses the id.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from postcall.errors import RecordingError, StorageError
from storage.ledger import FILE_NAME as LEDGER
from storage.ledger import Ledger
from storage.places import local_things
from storage.recordings import Recordings
from storage.table_history import forget_history, rewrite_days, rows_per_day
from storage.tables import Tables

LAST = ("run_failure", "stage_recording", "call_contact")
"""Tables that tell where a call's other things lie."""
ERASED = "[erased]"
"""What stands in place of an erased call's id."""

_DAY = re.compile(r"call_date=(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Owned:
    """What a store knows of a customer's calls.

    Attributes
    ----------
    call_ids
        The calls.
    paths
        Business day and path below the recordings folder.
    sounds
        SHA-256 of the recordings.
    """

    call_ids: frozenset[str] = field(default=frozenset(), repr=False)
    paths: frozenset[tuple[date, str]] = field(default=frozenset(), repr=False)
    sounds: frozenset[str] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.call_ids or self.paths)


def find_calls(store: Path, customer: str) -> Owned:
    """All that a store knows of a customer's calls.

    Raises
    ------
    SettingsError
        Tables or artifacts lie elsewhere than in the store's folder: not all could be found there.
    StorageError
        A table cannot be read.
    """
    local_things(store, "erasing")
    contacts = _everywhere(store, "call_contact", ["call_id"], "customer_key", [customer])
    ids = frozenset(row["call_id"] for row in contacts)
    planned: set[tuple[date, str]] = set()
    if (store / LEDGER).exists():
        with Ledger(store) as ledger:
            calls, planned = ledger.of_customer(customer)
        ids |= calls
    if not ids and not planned:
        return Owned()
    recordings = _everywhere(store, "stage_recording", ["recording_path", "sha256"], "call_id", ids)
    failures = _everywhere(store, "run_failure", ["recording"], "call_id", ids)
    paths = {(row["day"], row["recording_path"]) for row in recordings if row["recording_path"]}
    paths |= {(row["day"], row["recording"]) for row in failures if row["recording"]} | planned
    sounds = {row["sha256"] for row in recordings if row["sha256"]}
    with Ledger(store) as ledger:
        sounds |= ledger.sounds_of(ids, (path for _, path in paths))
    return Owned(ids, frozenset(paths), frozenset(sounds))


def _everywhere(store: Path, table: str, columns: list[str], key: str, wanted: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of every data file of a table, also of those that no version needs, each with its day."""
    found: list[dict[str, Any]] = []
    values = pa.array(sorted(set(wanted)), pa.string())
    for file in sorted((store / "tables" / table).glob("call_date=*/*.parquet")):
        day = _DAY.search(file.parent.name)
        try:
            names = pq.read_schema(file).names
            if key not in names or day is None:
                continue
            rows = pq.ParquetFile(file).read(columns=[*(one for one in columns if one in names), *({key} - set(columns))])
        except (OSError, pa.ArrowException) as error:
            raise StorageError(f"a file of table '{table}' cannot be read: {type(error).__name__}") from error
        kept = rows.filter(pc.is_in(rows[key], value_set=values)).to_pylist()
        found += [dict.fromkeys(columns) | row | {"day": date.fromisoformat(day[1])} for row in kept]
    return found


# ── tables ───────────────────────────────────────────────────────────────────


def tables_of_calls(tables: Tables) -> list[str]:
    """Tables that have a call id, in the order in which they are to be written."""
    names = [name for name in tables.names() if "call_id" in tables.dataset(name).schema.names]
    return sorted(names, key=lambda name: (LAST.index(name) + 1 if name in LAST else 0, name))


def count_rows(tables: Tables, owned: Owned) -> dict[str, int]:
    """How many rows of each table would go."""
    return {name: sum(rows_per_day(tables, name, _gone(tables, name, owned)).values()) for name in tables_of_calls(tables)}


def erase_rows(tables: Tables, name: str, owned: Owned) -> tuple[int, list[tuple[str, int]]]:
    """Take a customer's calls out of a table and out of its history.

    Returns
    -------
    Rows removed; SHA-256 and size of the data files removed.
    """
    removed = rewrite_days(tables, name, _gone(tables, name, owned))
    if name == "run_failure" and owned.call_ids:
        named = _naming(owned.call_ids)
        rewrite_days(tables, name, pc.match_substring_regex(pc.field("message"), named), lambda rows: _unnamed(rows, named))
    return removed, forget_history(tables, name)


def _gone(tables: Tables, name: str, owned: Owned) -> pc.Expression:
    """Rows of the calls, and those that name one in another column, as that of the call back to a promise."""
    ids = pa.array(sorted(owned.call_ids), pa.string())
    columns = [column for column in tables.dataset(name).schema.names if column.endswith("call_id")]
    gone = reduce(or_, (pc.coalesce(pc.field(column).isin(ids), pc.scalar(False)) for column in columns))
    if name == "run_failure":
        paths = pa.array(sorted({path for _, path in owned.paths}), pa.string())
        gone = gone | pc.coalesce(pc.field("recording").isin(paths), pc.scalar(False))
    return gone


def _naming(call_ids: Iterable[str]) -> str:
    """Regular expression for a text that names one of them."""
    return rf"(^|[^\w-])({'|'.join(re.escape(one) for one in sorted(call_ids))})($|[^\w-])"


def _unnamed(rows: pa.Table, named: str) -> pa.Table:
    place = rows.schema.get_field_index("message")
    text = pc.replace_substring_regex(rows["message"], named, rf"\1{ERASED}\3")
    return rows.set_column(place, rows.schema.field(place), text)


# ── files ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Removed:
    """A file that went: what it was, and the digest of what was in it."""

    kind: str
    sha256: str
    size_bytes: int


def artifact_files(store: Path, sounds: Iterable[str]) -> list[Path]:
    """Files of the artifacts of recordings."""
    folders = (store / "artifacts" / sha256[:2] / sha256 for sha256 in sorted(sounds))
    return [file for folder in folders if folder.is_dir() for file in sorted(folder.rglob("*")) if file.is_file()]


def remove_artifacts(store: Path, sounds: Iterable[str]) -> None:
    """Remove the folders of recordings' artifacts."""
    for sha256 in sorted(sounds):
        folder = store / "artifacts" / sha256[:2] / sha256
        try:
            if folder.is_dir():
                shutil.rmtree(folder)
            if folder.parent.is_dir() and not any(folder.parent.iterdir()):
                folder.parent.rmdir()
        except OSError as error:
            raise StorageError(f"artifacts cannot be removed: {error.strerror}", hint="run it again") from error


def removed_file(kind: str, file: Path) -> Removed:
    """The note of a file that is about to go."""
    content = hashlib.sha256()
    with file.open("rb") as opened:
        while part := opened.read(1 << 20):
            content.update(part)
    return Removed(kind, content.hexdigest(), file.stat().st_size)


def recordings_there(recordings: Recordings, paths: Iterable[str], suffixes: Sequence[str]) -> list[str]:
    """Those of the paths that are there, each with the transcripts beside it."""
    found: dict[str, None] = {}
    for path in sorted(set(paths)):
        try:
            recordings.check(path)
        except RecordingError:
            continue
        found[path] = None
        for suffix in suffixes:
            beside = recordings.sidecar(path, [suffix])
            if beside is not None:
                found[beside] = None
    return list(found)
