"""Prints of agents' voices, a file for each day and agent; there only where the settings ask for prints.

Conventions
-----------
``voiceprints/<day>/<digest of the agent's id>.parquet`` in the store, rows in order of ``sha256``: whatever a day, an agent or
a call owns can be removed by itself, and no old version of it stays. Parquet of plain numbers: reading one runs no code. Files
are written beside their place and renamed. Only the run's user may enter the folder.

Edge cases
----------
A file that cannot be read counts as none, as with artifacts: the next run of its day makes it again. No print is ever part of a
table, a view or an export.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from postcall.errors import StorageError
from postcall.voiceprints import Print

FOLDER = "voiceprints"

_SCHEMA = pa.schema(
    [
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("speech_ms", pa.int32(), nullable=False),
        pa.field("voice", pa.list_(pa.float32()), nullable=False),
    ]
)


def agent_key(agent_id: str) -> str:
    """What an agent's prints are kept under: ids may hold what no file name may."""
    return hashlib.sha256(agent_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Voiceprints:
    """The prints of a store.

    Parameters
    ----------
    store
        Folder of the store.
    """

    def __init__(self, store: Path) -> None:
        self._root = store / FOLDER

    def days(self) -> list[date]:
        """Days that left prints, in order."""
        found = []
        for folder in sorted(self._root.glob("*-*-*")):
            try:
                found.append(date.fromisoformat(folder.name))
            except ValueError:
                continue  # not ours
        return found

    def files(self, *, agent: str | None = None, before: date | None = None) -> list[Path]:
        """Files of prints, in order.

        Parameters
        ----------
        agent
            `agent_key`; None for all.
        before
            Of days before it; None for all days.
        """
        days = [day for day in self.days() if before is None or day < before]
        return [file for day in days for file in sorted((self._root / day.isoformat()).glob(f"{agent or '*'}.parquet"))]

    def of_days(self, first: date, before: date) -> dict[str, list[Print]]:
        """Agent's key -> prints of the days from ``first`` on and before ``before``, in order of day and ``sha256``."""
        found: dict[str, list[Print]] = {}
        for day in self.days():
            if first <= day < before:
                for agent, prints in self.of_day(day).items():
                    found.setdefault(agent, []).extend(prints)
        return found

    def of_day(self, day: date) -> dict[str, list[Print]]:
        """Agent's key -> prints of a day."""
        files = sorted((self._root / day.isoformat()).glob("*.parquet"))
        return {file.stem: prints for file in files if (prints := _read(file))}

    def replace_day(self, day: date, prints: Mapping[str, Sequence[Print]]) -> None:
        """Make ``prints`` (agent's key -> prints) all that a day has left.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        folder = self._root / day.isoformat()
        for agent in sorted(prints):
            if prints[agent]:
                _write(folder / f"{agent}.parquet", prints[agent])
        self.remove([file for file in folder.glob("*") if not prints.get(file.stem)])

    def without_sounds(self, sounds: Iterable[str], note: Callable[[Path], None]) -> int:
        """Take the prints out that were made of some recordings; how many.

        Parameters
        ----------
        sounds
            SHA-256 of the recordings.
        note
            Called with each file before it is removed or written anew.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        gone = frozenset(sounds)
        removed = 0
        for file in self.files() if gone else ():
            prints = _read(file)
            kept = [one for one in prints if one.sha256 not in gone]
            if len(kept) == len(prints):
                continue
            note(file)
            removed += len(prints) - len(kept)
            if kept:
                _write(file, kept)
            else:
                self.remove([file])
        return removed

    def count_sounds(self, sounds: Iterable[str]) -> int:
        """How many prints were made of some recordings."""
        wanted = frozenset(sounds)
        return sum(one.sha256 in wanted for file in (self.files() if wanted else ()) for one in _read(file))

    def remove(self, files: Iterable[Path]) -> None:
        """Remove files of prints, and folders that are empty then.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        try:
            for file in files:
                file.unlink(missing_ok=True)
                for folder in (file.parent, self._root):
                    if folder.is_dir() and not any(folder.iterdir()):
                        folder.rmdir()
        except OSError as error:
            raise StorageError(f"voiceprints cannot be removed: {error.strerror}", hint="run it again") from error


def count_prints(files: Iterable[Path]) -> int:
    """How many prints some files hold."""
    return sum(len(_read(file)) for file in files)


def _read(file: Path) -> list[Print]:
    try:
        rows = pq.ParquetFile(file).read().to_pylist()
        return [
            Print(row["sha256"], row["key"], row["speech_ms"], np.array(row["voice"], np.float32))
            for row in sorted(rows, key=lambda row: str(row["sha256"]))
        ]
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError):
        return []


def _write(path: Path, prints: Sequence[Print]) -> None:
    ordered = sorted(prints, key=lambda one: one.sha256)
    rows = pa.table(
        [
            pa.array([one.sha256 for one in ordered], pa.string()),
            pa.array([one.key for one in ordered], pa.string()),
            pa.array([one.speech_ms for one in ordered], pa.int32()),
            pa.array([one.voice.tolist() for one in ordered], pa.list_(pa.float32())),
        ],
        schema=_SCHEMA,
    )
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            # Statistics would say a least and a greatest digest a second time.
            pq.write_table(rows, file, compression="none", write_statistics=False)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except (OSError, pa.ArrowException) as error:
        said = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise StorageError(f"voiceprints cannot be written to the store: {said}", hint="is the disk full?") from error
