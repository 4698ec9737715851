"""What a loss of power may do to Delta tables: commits are brought to the disk, and one that was torn is taken back.

Definition
----------
Delta writes data files and then an entry of its log, and waits for neither to reach the disk. After a loss of power the newest
entry may therefore be empty or cut off, or may name data files that are; such a table cannot be read at all, and a re-run
could not mend it. So every commit is brought to the disk before the next thing is done (`sync_newest`), and a run
begins by taking back, of each table, a newest commit that did not arrive whole (`take_back_torn`). At most one commit
of a table can be torn, as the one before it was on the disk. The run writes it again.

Edge cases
----------
A commit whose predecessor is no longer in the log cannot be taken back, and is left as it is; erasing brings the newest commit
to the disk before it removes older ones, so that only a damaged disk leads there.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from postcall.errors import StorageError

_ENTRY = re.compile(r"(\d{20})\.json")
_MAGIC = b"PAR1"
"""How a Parquet file begins and ends."""


def sync_newest(table: Path) -> None:
    """Bring the newest commit of a table to the disk: its data files, its entry in the log, and the names of both.

    Raises
    ------
    StorageError
        The disk refused.
    """
    log = table / "_delta_log"
    try:
        newest = _entries(log)[-1:]
        data = [table / file for entry in newest for file, _ in _added(entry)]
        checkpoints = [path for path in log.iterdir() if path.name.endswith(".parquet") or path.name == "_last_checkpoint"]
        for path in (*data, *newest, *checkpoints):
            _sync(path)
        for folder in dict.fromkeys((*(path.parent for path in data), log, table, table.parent)):
            _sync(folder)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "its log cannot be read"
        raise StorageError(f"table '{table.name}' cannot be brought to the disk: {type(error).__name__}: {said}") from error


def take_back_torn(tables: Path) -> list[str]:
    """Take back the newest commit of each table where it is torn.

    Parameters
    ----------
    tables
        Folder of the tables.

    Returns
    -------
    list of str
        Names of the tables concerned.

    Raises
    ------
    StorageError
        The disk refused.
    """
    try:
        logs = sorted(tables.glob("*/_delta_log"))
        return [log.parent.name for log in logs if _took_back(log)]
    except OSError as error:
        raise StorageError(f"the store cannot be written: {type(error).__name__}: {error.strerror}") from error


def _took_back(log: Path) -> bool:
    entries = _entries(log)
    if not entries or _is_whole(entries[-1]):
        return False
    newest = entries[-1]
    version = int(newest.stem)
    if version and (len(entries) < 2 or int(entries[-2].stem) != version - 1):
        return False
    for path in log.iterdir():
        if path.name.startswith(newest.stem) or path.name == "_last_checkpoint":
            path.unlink()
    if not version and not any(log.iterdir()):
        # A table of its first commit alone: without it, it was never written.
        log.rmdir()
    _sync(log.parent)
    return True


def _entries(log: Path) -> list[Path]:
    return sorted(path for path in log.iterdir() if _ENTRY.fullmatch(path.name))


def _is_whole(entry: Path) -> bool:
    try:
        added = _added(entry)
    except ValueError:
        return False
    return all(_is_parquet(entry.parents[1] / file, size) for file, size in added)


def _added(entry: Path) -> list[tuple[str, int]]:
    """Data files that a commit added, with their sizes.

    Raises
    ------
    ValueError
        The entry is cut off.
    """
    lines = entry.read_text(encoding="utf-8").splitlines()
    actions: list[dict[str, Any]] = [json.loads(line) for line in lines]
    told = next((action["commitInfo"] for action in actions if "commitInfo" in action), None)
    if told is None:
        raise ValueError("no commit")
    metrics = told.get("operationMetrics") or {}
    for kind in ("add", "remove"):
        # An entry that is cut off between two lines is told by what it says it did.
        said = metrics.get("num_added_files" if kind == "add" else "num_removed_files")
        if said is not None and int(said) != sum(kind in action for action in actions):
            raise ValueError("actions are missing")
    return [(unquote(action["add"]["path"]), int(action["add"]["size"])) for action in actions if "add" in action]


def _is_parquet(path: Path, size: int) -> bool:
    try:
        if path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
            file.seek(-len(_MAGIC), os.SEEK_END)
            return head == file.read() == _MAGIC
    except FileNotFoundError:
        return False


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
