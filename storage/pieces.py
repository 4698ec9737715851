"""Rows of a night on their way to its tables: what is finished waits on the disk, so that memory does not grow with the calls.

Conventions
-----------
A piece is checked as its table is, sorted by primary key, and added to the file of its table, an Arrow file below `FOLDER` of
the store. The files are read back as memory that the kernel maps and may drop; `storage.tables` then takes one table at a time
into memory. Only the run's user may enter the folder. It goes when the run ends; what a killed run left goes when the next
one begins, whichever it is (`storage.one_run`).

Edge cases
----------
A row that does not keep its table's declaration costs the whole table, as it would were all rows checked at once; the error
then counts the rows of its piece. Pieces out of order, by the primary key, are sorted when they are read, in memory.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa

from postcall.errors import StorageError, TableError
from postcall.tables import Stamp, TableSpec

FOLDER = "night.part"
_OWNER_ALONE = 0o600


def remove_pieces(store: Path) -> None:
    """Remove what a killed run left: it holds rows of calls."""
    shutil.rmtree(store / FOLDER, ignore_errors=True)


@dataclass(slots=True)
class _File:
    """A table's file while it grows."""

    sink: BinaryIO
    writer: pa.RecordBatchFileWriter
    last_key: tuple[Any, ...] | None = None
    is_ordered: bool = True
    is_open: bool = True

    def close(self) -> None:
        """Finish the file, once."""
        if self.is_open:
            self.is_open = False
            with self.sink:
                self.writer.close()


class Pieces:
    """The finished rows of one night, by table; a context that ends with the run.

    Parameters
    ----------
    store
        Folder of the store, which the run holds.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / FOLDER
        self._files: dict[str, _File] = {}
        self._broken: dict[str, TableError] = {}

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._let_go()

    def begin(self) -> None:
        """Begin anew, with no rows.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        self._let_go()
        try:
            self._folder.mkdir(mode=0o700)
        except OSError as error:
            raise _refused(error) from error

    def add(self, spec: TableSpec, rows: Sequence[Any], stamp: Stamp) -> None:
        """Add finished rows of a table; what is wrong with them is raised when the table is read.

        Raises
        ------
        StorageError
            The store cannot be written.
        """
        if not rows or spec.name in self._broken:
            return
        try:
            piece = spec.to_arrow(rows, stamp)
        except TableError as error:
            self._broken[spec.name] = error
            return
        try:
            file = self._files.get(spec.name) or self._opened(spec, piece.schema)
            file.writer.write_table(piece)
        except (OSError, pa.ArrowException) as error:
            raise _refused(error) from error
        first_key, last_key = (_key(spec, piece, at) for at in (0, piece.num_rows - 1))
        file.is_ordered &= file.last_key is None or file.last_key < first_key
        file.last_key = last_key

    def read(self, spec: TableSpec) -> pa.Table:
        """All rows of a table, sorted by its primary key; none can be added to it any more.

        Raises
        ------
        TableError
            Rows do not keep their table's declaration.
        StorageError
            The store cannot be read.
        """
        if spec.name in self._broken:
            raise self._broken[spec.name]
        file = self._files.get(spec.name)
        if file is None:
            return spec.schema().empty_table()
        try:
            file.close()
            rows = pa.ipc.open_file(pa.memory_map(str(self._path(spec)))).read_all()
        except (OSError, pa.ArrowException) as error:
            raise _refused(error) from error
        return rows if file.is_ordered else _sorted(spec, rows)

    def _path(self, spec: TableSpec) -> Path:
        return self._folder / f"{spec.name}.arrow"

    def _opened(self, spec: TableSpec, schema: pa.Schema) -> _File:
        sink = os.fdopen(os.open(self._path(spec), os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE), "wb")
        self._files[spec.name] = file = _File(sink, pa.ipc.new_file(sink, schema))
        return file

    def _let_go(self) -> None:
        for file in self._files.values():
            # Nobody will read it: what a full disk still refuses here is of no interest.
            with suppress(OSError, pa.ArrowException):
                file.close()
        self._files.clear()
        self._broken.clear()
        shutil.rmtree(self._folder, ignore_errors=True)


def _key(spec: TableSpec, rows: pa.Table, at: int) -> tuple[Any, ...]:
    return _keys(spec, rows.slice(at, 1))[0]


def _keys(spec: TableSpec, rows: pa.Table) -> list[tuple[Any, ...]]:
    return [spec.sort_key(SimpleNamespace(**row)) for row in rows.select(list(spec.primary_key)).to_pylist()]


def _sorted(spec: TableSpec, rows: pa.Table) -> pa.Table:
    keys = _keys(spec, rows)
    if doubled := len(keys) - len(set(keys)):
        raise TableError(f"{spec.name}: {doubled} rows repeat the primary key ({', '.join(spec.primary_key)})")
    return rows.take(sorted(range(len(keys)), key=keys.__getitem__))


def _refused(error: Exception) -> StorageError:
    said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return StorageError(
        f"finished rows cannot be kept in the store: {said}",
        hint="is the disk full? the rows of a day need room there until its tables are written",
    )
