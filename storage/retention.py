"""Removing what is older than it may be kept.

Definition
----------
A day is past when it lies before a date. Of past days go, each by a time of its own:

==========  ====================================================================================================
sound       artifacts of recordings but their transcripts: speech, tones, levels, speakers
words       transcripts among the artifacts, and the table ``stage_word``
calls       rows of all other tables with a ``call_id``, and what the ledger knows of the calls
kpis        rows of tables without one: KPIs, and what ran
==========  ====================================================================================================

A table from which rows go loses its old versions, too (`storage.table_history`).

Edge cases
----------
The day of an artifact is that of the call that owns its sound, by the ledger. Of a sound that the ledger does not know it is
the time at which the artifact was written. A night of a past day that is run again brings its rows back: the recordings
folder is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError

from postcall.errors import StorageError
from storage.ledger import Ledger
from storage.table_history import forget_history, rows_per_day
from storage.tables import Tables

WORDS = "stage_word"
TRANSCRIPT = "transcript-"


def class_of(tables: Tables, name: str) -> str:
    """To which class the rows of a table belong: ``words``, ``calls`` or ``kpis``."""
    if name == WORDS:
        return "words"
    return "calls" if "call_id" in tables.dataset(name).schema.names else "kpis"


def count_past_rows(tables: Tables, name: str, before: date) -> int:
    """How many rows of a table are of days before one."""
    return sum(rows_per_day(tables, name, pc.field("call_date") < before).values())


def remove_past_rows(tables: Tables, name: str, before: date) -> None:
    """Take the days before one out of a table and out of its history.

    Raises
    ------
    StorageError
        The table cannot be written.
    """
    try:
        DeltaTable(tables.path(name)).delete(
            f"call_date < '{before.isoformat()}'",
            commit_properties=CommitProperties(custom_metadata={"reason": "older than it is kept"}),
        )
    except (DeltaError, OSError) as error:
        raise StorageError(f"cannot write table '{name}': {type(error).__name__}", hint="run it again") from error
    forget_history(tables, name)


def past_artifacts(store: Path, ledger: Ledger, before: date, *, words: bool) -> Iterator[Path]:
    """Files of artifacts of days before one.

    Parameters
    ----------
    store
        Folder of the store.
    ledger
        Which knows the days.
    before
        First day that is kept.
    words
        Whether transcripts are asked for, or all else.
    """
    days = ledger.days_of_sounds()
    for folder in sorted((store / "artifacts").glob("*/*")):
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file.is_file() and file.name.startswith(TRANSCRIPT) == words:
                day = days.get(folder.name) or datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
                if day < before:
                    yield file


def remove_files(store: Path, files: list[Path]) -> None:
    """Remove artifacts, and folders that are empty then."""
    try:
        for file in files:
            file.unlink(missing_ok=True)
            for folder in (file.parent, file.parent.parent):
                if folder != store / "artifacts" and folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
    except OSError as error:
        raise StorageError(f"artifacts cannot be removed: {error.strerror}", hint="run it again") from error
