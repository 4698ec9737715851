"""One run at a time in a store: cron may start the next night before the last has ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from postcall.errors import StorageError
from storage.durability import take_back_torn
from storage.pieces import remove_pieces

FILE_NAME = "run.lock"


@contextmanager
def only_run(store: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the store for one run; a killed run lets go of it, as the lock belongs to its process.

    Tables at an address have one store (`storage.places`), so its lock is theirs.

    What a loss of power has torn is taken back first, so that the run can write it again; and the rows that a killed run kept
    aside are removed.

    Parameters
    ----------
    store
        Folder of the store.
    wait_s
        How long to wait for another run to end.

    Raises
    ------
    StorageError
        Another run is at work, or the store cannot be written.
    """
    lock = FileLock(store / FILE_NAME)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise StorageError("another run is at work in this store", hint="let it end; then run again") from error
    except OSError as error:
        raise StorageError(
            f"the store cannot be written: {error.strerror}",
            hint="is its disk mounted read-only, or full? does it belong to this user?",
        ) from error
    try:
        # On an object store no commit is torn: an object is there whole or not at all.
        take_back_torn(store / "tables")
        remove_pieces(store)
        yield
    finally:
        lock.release()
