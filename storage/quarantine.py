"""What nights put aside, and what somebody has decided to leave aside for good.

Definition
----------
Put aside is every row of ``run_failure`` with ``is_quarantined``. It goes when its night is run again and finds it in order.
To *drop* one is to say that nothing will be done about it: it stays in its table, and is no longer open.

Conventions
-----------
Decisions are lines of ``quarantine-dropped.jsonl`` in the store, appended and synced one by one: the failure's id, its night
and when. They hold no call id and no name, so erasing a call needs nothing here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from postcall.errors import StorageError
from storage.tables import Tables

FILE_NAME = "quarantine-dropped.jsonl"


@dataclass(frozen=True, slots=True)
class PutAside:
    """A thing put aside; attributes as of `storage.runs.RunFailure`, without the recording's name."""

    failure_id: str
    day: date
    stage: str
    code: str
    call_id: str | None = field(default=None, repr=False)
    line: int | None = None
    hint: str | None = None
    is_dropped: bool = False


class Quarantine:
    """The quarantine of a store.

    Parameters
    ----------
    store
        Folder of the store.
    """

    def __init__(self, store: Path) -> None:
        self._tables = Tables(store)
        self._file = store / FILE_NAME

    def everything(self, day: date | None = None) -> list[PutAside]:
        """Everything put aside, dropped or not, by day, stage, code and call.

        Raises
        ------
        StorageError
            The store cannot be read.
        """
        if "run_failure" not in self._tables.names():
            return []
        dropped = self._dropped()
        found = [
            PutAside(
                failure_id=row["failure_id"],
                day=row["call_date"],
                stage=row["stage"],
                code=row["code"],
                call_id=row["call_id"],
                line=row["line"],
                hint=row["hint"],
                is_dropped=(row["call_date"].isoformat(), row["failure_id"]) in dropped,
            )
            for row in self._tables.read("run_failure", day).to_pylist()
            if row["is_quarantined"]
        ]
        return sorted(found, key=lambda one: (one.day, one.stage, one.code, one.call_id or "", one.line or 0, one.failure_id))

    def drop(self, things: Iterable[PutAside]) -> None:
        """Decide that nothing will be done about these.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        lines = [json.dumps({"night": one.day.isoformat(), "failure_id": one.failure_id, "dropped_at": now}) for one in things]
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"cannot write to the store: {error.strerror}", hint="is the disk full?") from error

    def _dropped(self) -> set[tuple[str, str]]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return set()
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"{FILE_NAME} cannot be read: {type(error).__name__}", hint="move it away") from error
        decided = set()
        for line in lines:
            try:
                said = json.loads(line)
                decided.add((str(said["night"]), str(said["failure_id"])))
            except (ValueError, TypeError, LookupError):
                continue  # the last line of a run that was killed while it wrote: nothing was decided yet
        return decided
