"""Who opened which call, and when: a row for each page of a call and each listening.

Conventions
-----------
One SQLite file in the store's folder, which is added to; only erasing a call and the days of
`retention` change it. A page whose row cannot be written is not shown. Rows hold
ids and times, and the name that a reverse proxy gave the reader; nothing of what was said.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from postcall.errors import StorageError

FILE_NAME = "audit.sqlite"
TIMEOUT_S = 10.0
ERASED = "[erased]"
"""What stands in place of the id of a call that was erased."""

What = Literal["page", "audio"]

_TABLE = """
create table if not exists opened (
    opened_at text not null, viewer text not null, what text not null, call_id text not null, call_date text not null
)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A row of the audit: when (UTC), by whom, what, of which call of which day."""

    opened_at: datetime
    viewer: str
    what: What
    call_id: str
    call_date: date


class PageAudit:
    """The audit of a store.

    Parameters
    ----------
    store
        Folder of the store.
    """

    def __init__(self, store: Path) -> None:
        self._path = store / FILE_NAME

    def add(self, viewer: str, what: What, call_id: str, day: date) -> None:
        """Note that somebody opened a call now.

        Raises
        ------
        StorageError
            It cannot be written.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=TIMEOUT_S)) as db, db:
                db.execute(_TABLE)
                row = (datetime.now(UTC).isoformat(timespec="milliseconds"), viewer, what, call_id, day.isoformat())
                db.execute("insert into opened values (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise StorageError(
                f"the audit of opened calls cannot be written: {type(error).__name__}",
                hint=f"the store must be writable; {FILE_NAME} lies in it",
            ) from error

    def forget(self, call_ids: Iterable[str]) -> int:
        """Put `ERASED` in place of ids of calls: that somebody looked stays known, at what not. How many rows.

        Raises
        ------
        StorageError
            It cannot be written.
        """
        ids = [(ERASED, call_id) for call_id in call_ids]
        return self._change(lambda db: db.executemany("update opened set call_id = ? where call_id = ?", ids).rowcount)

    def forget_before(self, moment: datetime) -> int:
        """Remove rows of before a moment; how many.

        Raises
        ------
        StorageError
            It cannot be written.
        """
        at = moment.astimezone(UTC).isoformat(timespec="milliseconds")
        return self._change(lambda db: db.execute("delete from opened where opened_at < ?", (at,)).rowcount)

    def _change(self, change: Callable[[sqlite3.Connection], int]) -> int:
        if not self._path.exists():
            return 0
        try:
            with closing(sqlite3.connect(self._path, timeout=TIMEOUT_S)) as db:
                db.execute("pragma secure_delete = on")
                with db:
                    db.execute(_TABLE)
                    return max(0, change(db))
        except sqlite3.Error as error:
            raise StorageError(f"the audit of opened calls cannot be written: {type(error).__name__}") from error

    def rows(self) -> list[Opened]:
        """All rows, in order of time; none when nothing was ever opened.

        Raises
        ------
        StorageError
            It cannot be read.
        """
        if not self._path.exists():
            return []
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=TIMEOUT_S)) as db:
                found = db.execute("select * from opened order by opened_at").fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"the audit of opened calls cannot be read: {type(error).__name__}") from error
        return [
            Opened(datetime.fromisoformat(at), viewer, what, call_id, date.fromisoformat(day))
            for at, viewer, what, call_id, day in found
        ]
