"""Which weights an engine has: one digest over the files of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path


def digest_of(files: Iterable[Path]) -> str:
    """First 16 hex digits of a SHA-256 over names, sizes and contents of those files that exist, in the order given.

    Hashing 3 GB takes seconds: done once per process, again when a file has changed.
    """
    stats = [(str(file), file.stat()) for file in files if file.is_file()]
    return _digest(tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))


@lru_cache(maxsize=4)
def _digest(files: tuple[tuple[str, int, int], ...]) -> str:
    """Digest of files given by path, size and time of change (the latter only to notice one)."""
    whole = hashlib.sha256()
    for path, size, _ in files:
        with Path(path).open("rb") as file:
            whole.update(f"{Path(path).name} {size} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:16]
