"""Delta Lake tables, a business day at a time.

Conventions
-----------
A table is partitioned by ``call_date``; writing a day replaces its partition in one commit, so a reader sees the old day or the
new one, and a killed run leaves the old one. A commit is on the disk before the next one begins (`storage.durability`). Two
writers of one table conflict instead of corrupting it. Old versions stay readable.

A store outlives the program that wrote it. A column that is new is empty in the days of before, and one that is gone in the
days to come. Where the stored table would refuse the rows or change them (a column that may be empty now, or is gone, and had
to have a value; whole numbers that have fractions now), its whole content is written anew under the columns of both, in one
commit, once. A column whose kind is another altogether is refused: nothing is converted silently.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import reduce
from itertools import chain
from operator import and_
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from pyarrow.dataset import Dataset, FileSystemDataset, ParquetFileFormat, ParquetFragmentScanOptions
from pyarrow.fs import FileSystem, LocalFileSystem, S3FileSystem, SubTreeFileSystem

from postcall.errors import SettingsError, StorageError
from postcall.tables import TableSpec
from storage.durability import sync_newest
from storage.places import places_of, s3
from storage.recordings import patiently


class Tables:
    """The tables of a store.

    Parameters
    ----------
    store
        Folder of the store; tables lie in ``tables/`` below it, or where the store says (`storage.places`).
    """

    def __init__(self, store: Path) -> None:
        self._root = store / "tables"
        self._objects = _Objects(elsewhere) if (elsewhere := places_of(store).tables) is not None else None

    @property
    def address(self) -> str:
        """Where the tables lie, for people."""
        return str(self._root) if self._objects is None else self._objects.address

    def path(self, name: str) -> Path:
        """Folder of a table: ``DeltaTable(path)`` or plain pandas read it.

        Raises
        ------
        SettingsError
            The tables lie at an address, not in a folder.
        """
        if self._objects is not None:
            raise SettingsError("the tables of this store lie on an object store, and this works on a folder alone")
        return self._root / name

    def uri(self, name: str) -> str:
        """Folder or address of a table, for `delta_options`."""
        return str(self._root / name) if self._objects is None else f"{self._objects.address}/{name}"

    @property
    def delta_options(self) -> dict[str, str] | None:
        """What delta-rs needs beside `uri`."""
        return None if self._objects is None else dict(DELTA_ON_S3)

    def names(self) -> list[str]:
        """Tables that were ever written, in order of name.

        Raises
        ------
        StorageError
            The object store on which they lie does not answer.
        """
        if self._objects is not None:
            return self._objects.names()
        if not self._root.is_dir():
            return []
        return sorted(path.name for path in self._root.iterdir() if (path / "_delta_log").is_dir())

    def replace_day(self, spec: TableSpec, day: date, rows: pa.Table, run_id: str) -> None:
        """Make ``rows`` the whole content of a day, in one commit.

        Parameters
        ----------
        spec
            The table's declaration.
        day
            The partition.
        rows
            Of `TableSpec.to_arrow`; may be empty.
        run_id
            Noted in the commit.

        Raises
        ------
        StorageError
            Another run wrote the same table meanwhile, or the disk refused.
        """
        uri, options = self.uri(spec.name), self.delta_options
        try:
            # In one piece: of several, delta-rs mixes up the order, and so loses that of the primary key.
            rows = rows.combine_chunks()
            before = _opened(uri, options)
            content: pa.Table | pa.RecordBatchReader = rows
            evolved = None
            is_wider = False
            if before is not None:
                stored = pa.schema(before.schema().to_arrow())
                is_wider = set(stored.names) != set(rows.schema.names)
                evolved = _evolved(spec.name, stored, rows.schema)
                content = _described_as_stored(rows, stored) if evolved is None else self._anew(spec.name, day, rows, evolved)
            elif self._objects is None:
                self._root.mkdir(parents=True, exist_ok=True)
            told: dict[str, Any] = {
                "partition_by": ["call_date"],
                "name": spec.name,
                "description": spec.description,
                "commit_properties": CommitProperties(custom_metadata={"run_id": run_id}, max_commit_retries=NO_SECOND_TRY),
                "storage_options": options,
            }
            if before is None:
                write_deltalake(uri, content, mode="error", **told)
            else:
                write_deltalake(
                    before,
                    content,
                    mode="overwrite",
                    predicate=f"call_date = '{day.isoformat()}'" if evolved is None else None,
                    schema_mode="overwrite" if evolved else "merge" if is_wider else None,
                    **told,
                )
            if self._objects is None:
                # An object store answers when what it was given is kept.
                sync_newest(self._root / spec.name)
        except CommitFailedError as error:
            raise StorageError(f"another run wrote table '{spec.name}' meanwhile", hint="let it end, then run again") from error
        except (DeltaError, OSError, pa.ArrowException) as error:
            # The library's own words quote rows that it refuses.
            raise StorageError(
                f"cannot write table '{spec.name}': {_in_our_words(error)}",
                hint="is the disk full, or the store not writable? a run killed here repairs itself when run again",
            ) from error

    def _anew(self, name: str, day: date, rows: pa.Table, schema: pa.Schema) -> pa.RecordBatchReader:
        """The whole table with a day's rows replaced, under another schema; read as it is written, a batch at a time."""
        others = self.dataset(name).to_batches(filter=pc.field("call_date") != day)
        tables = chain([rows], (pa.Table.from_batches([batch]) for batch in others))
        batches = (batch for table in tables for batch in _under(table, schema).to_batches())
        return pa.RecordBatchReader.from_batches(schema, batches)

    def read(self, name: str, day: date | None = None) -> pa.Table:
        """All stored rows of a table, or those of one day, in no particular order.

        Raises
        ------
        StorageError
            No such table, or it cannot be read.
        """
        return self.scan(name, first=day, last=day)

    def scan(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        first: date | None = None,
        last: date | None = None,
        only: pc.Expression | None = None,
        dataset: Dataset | None = None,
    ) -> pa.Table:
        """Rows of a table, in no particular order; only what is asked for is read from disk.

        Parameters
        ----------
        name
            Of the table.
        columns
            To read; those that the stored table lacks are left out. None for all.
        first, last
            Business days, both included; None for no bound.
        only
            Further condition on rows.
        dataset
            The table as it was opened before, by `dataset`, for one who reads it several times.

        Raises
        ------
        StorageError
            No such table, or it cannot be read.
        """
        dataset = dataset or self.dataset(name)
        kept = None if columns is None else [column for column in columns if column in dataset.schema.names]
        bounds = [
            *([] if only is None else [only]),
            *([] if first is None else [pc.field("call_date") >= first]),
            *([] if last is None else [pc.field("call_date") <= last]),
        ]
        try:
            return dataset.to_table(columns=kept, filter=reduce(and_, bounds) if bounds else None)
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise _unreadable(name, error) from error

    def dataset(self, name: str) -> Dataset:
        """The stored table as an Arrow dataset, whose rows are read when they are asked for.

        Raises
        ------
        StorageError
            No such table, or it cannot be read.
        """
        try:
            delta = _opened(self.uri(name), self.delta_options)
            if delta is None:
                raise StorageError(f"no table '{name}' in this store", hint="`postcall tables` lists what there is")
            # Arrow's own file system: with delta-rs's, which is written in Python, Arrow's threads may ask for the interpreter
            # while it shuts down, and the process then ends with SIGABRT after its work is done.
            if self._objects is None:
                files = SubTreeFileSystem(str(self._root / name), LocalFileSystem())
            else:
                files = SubTreeFileSystem(self.uri(name).removeprefix("s3://"), _arrow_s3())
            if delta.protocol().min_reader_version > PLAIN_READER:
                return delta.to_pyarrow_dataset(filesystem=files)
            return _by_day(delta, files)
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise _unreadable(name, error) from error


def _opened(uri: str, options: dict[str, str] | None) -> DeltaTable | None:
    """A table as it is now; None where there is none."""
    try:
        return DeltaTable(uri, storage_options=options)
    except TableNotFoundError:
        return None


DELTA_ON_S3 = {"aws_conditional_put": "etag", "aws_s3_allow_unsafe_rename": "false"}
"""An entry of the log is put only where there is none: of two writers at once one fails, whatever the environment says."""


class _Objects:
    """The tables' address on an object store."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def names(self) -> list[str]:
        """Tables there."""
        files = s3()
        try:
            found = patiently(lambda: files.ls(self.address, detail=True))
            folders = [one["name"] for one in found if one["type"] == "directory"]
            with ThreadPoolExecutor(max_workers=16) as pool:
                are_tables = pool.map(lambda folder: patiently(lambda: files.isdir(f"{folder}/_delta_log")), folders)
                return sorted(
                    folder.rsplit("/", 1)[-1] for folder, is_table in zip(folders, are_tables, strict=True) if is_table
                )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(
                f"cannot list the tables: {type(error).__name__}", hint="check the object store, its address and the keys"
            ) from error


def _arrow_s3() -> FileSystem:
    """Arrow's own way to S3, with what the environment says of it."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    scheme, _, host = endpoint.rpartition("://")
    return S3FileSystem(
        endpoint_override=host or None,
        scheme=scheme or "https",
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
    )


NO_SECOND_TRY = 0
"""A commit goes onto the version that was read, or is refused. By itself delta-rs would put it onto a newer one where it sees
no conflict; two that each make the table, or each find a day empty, would then both have their rows in it."""

PLAIN_READER = 1
"""Version of Delta's protocol in which a table is its list of files, and nothing more; what we write."""

_DAY_OF_FILE = re.compile(r"(?:^|/)(call_date=(\d{4}-\d\d-\d\d)/[^/]+)$")


def _by_day(delta: DeltaTable, files: SubTreeFileSystem) -> Dataset:
    """The table's files, each known by its day.

    delta-rs tells Arrow the bounds of every column too; for a table of many days and columns that takes longer than to read
    what is wanted.
    """
    format_ = ParquetFileFormat(default_fragment_scan_options=ParquetFragmentScanOptions(pre_buffer=True))
    fragments = []
    for uri in delta.file_uris():
        found = _DAY_OF_FILE.search(unquote(uri))
        if found is None:
            return delta.to_pyarrow_dataset(filesystem=files)
        day = pc.field("call_date") == pa.scalar(date.fromisoformat(found[2]), pa.date32())
        fragments.append(format_.make_fragment(found[1], filesystem=files, partition_expression=day))
    return FileSystemDataset(fragments, pa.schema(delta.schema().to_arrow()), format_, files)


def _unreadable(name: str, error: Exception) -> StorageError:
    return StorageError(
        f"cannot read table '{name}': {_in_our_words(error)}",
        hint="is the store still mounted? a damaged day is mended by running its night again",
    )


def _in_our_words(error: Exception) -> str:
    """What an error is, without the words of a library, which quote rows."""
    said = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _evolved(name: str, stored: pa.Schema, new: pa.Schema) -> pa.Schema | None:
    """Schema under which both the stored rows and new ones can be; None where the stored one takes the new rows as they are.

    Raises
    ------
    StorageError
        A column's kind is another.
    """
    fields = []
    is_another = False
    for old in stored:
        now = new.field(old.name) if old.name in new.names else None
        type_ = old.type if now is None or now.type.equals(old.type) else _wider(name, old, now)
        nullable = old.nullable or now is None or now.nullable
        is_another |= not type_.equals(old.type) or nullable != old.nullable
        described = old if now is None else now
        fields.append(pa.field(old.name, type_, nullable, described.metadata))
    # Stored days have no value for a column that is new.
    fields += [field.with_nullable(True) for field in new if field.name not in stored.names]
    return pa.schema(fields, new.metadata) if is_another else None


def _wider(name: str, old: pa.Field, now: pa.Field) -> pa.DataType:
    """Type that holds the values of both columns."""
    for alike in (pa.types.is_date, pa.types.is_timestamp, pa.types.is_boolean, pa.types.is_integer, _is_text):
        if alike(old.type) and alike(now.type):
            return old.type
    numbers = [pa.types.is_integer(type_) or pa.types.is_floating(type_) for type_ in (old.type, now.type)]
    if all(numbers):
        return pa.float64()
    raise StorageError(
        f"column '{old.name}' of table '{name}' is stored as {old.type}, and this version writes {now.type}",
        hint=f"move the folder tables/{name} of the store away and run its days again: what was heard is kept",
    )


def _is_text(type_: pa.DataType) -> bool:
    return any(is_kind(type_) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _under(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows under another schema; a column that they lack is empty."""
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.schema.names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _described_as_stored(rows: pa.Table, stored: pa.Schema) -> pa.Table:
    """Rows whose columns have the descriptions of the stored table: it takes no others. docs/tables.md has the newest."""
    fields = [
        field.with_metadata(stored.field(field.name).metadata) if field.name in stored.names else field for field in rows.schema
    ]
    return pa.Table.from_arrays(rows.columns, schema=pa.schema(fields, rows.schema.metadata))
