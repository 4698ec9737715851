"""Tables of the store in files that other tools read: Parquet, CSV, XLSX.

Conventions
-----------
What is exported is what the viewer may see (`storage.views`): a manager's export has no personal data.

==========  ===========================================================================================================
format      what is written
==========  ===========================================================================================================
``parquet`` a folder, hive-partitioned by day (``call_date=2026-03-02/``); days that are exported again are replaced
``csv``     one file, UTF-8 with a byte-order mark so that Excel reads Cyrillic, comma-separated, dot as decimal sign
``xlsx``    one sheet with a frozen head and a filter, and one with what the columns mean; times are UTC without zone
==========  ===========================================================================================================

Edge cases
----------
Spreadsheets take text that begins with ``= + - @``, a tab or a carriage return for a formula, and ids and reasons may come from
anybody who calls: in CSV such text gets an apostrophe before it, in XLSX every text is written as text. A sheet has at most
1,048,576 rows; a larger export is refused, not cut. Whole numbers beyond 15 digits lose the last ones in spreadsheets; times in
milliseconds stay below that.
"""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.dataset as pa_dataset
import xlsxwriter

from postcall.errors import SettingsError, StorageError
from postcall.tables import TableSpec
from storage.views import Views

PARTITION = "call_date"
MOST_SHEET_ROWS = 1_048_575
"""Rows of a sheet without its head."""
FORMULA = r"^[=+\-@\t\r]"
ROWS_A_BATCH = 65_536


class Format(StrEnum):
    """What an export is written as."""

    PARQUET = "parquet"
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path
        File, or folder of a Parquet export.
    rows
        How many.
    """

    path: Path
    rows: int


def export_table(
    views: Views,
    name: str,
    path: Path,
    form: Format,
    *,
    first: date | None = None,
    last: date | None = None,
) -> Exported:
    """Write a table, or some of its days.

    Parameters
    ----------
    views
        The store as the receiver may see it.
    name
        Of the table.
    path
        File to write; for Parquet the folder. A file that is there is replaced.
    form
        Of the file.
    first, last
        Business days, both included; None for no bound.

    Raises
    ------
    SettingsError
        No such table for this viewer, a path of the wrong kind, or more rows than a sheet holds.
    StorageError
        The table cannot be read, or the file not written.
    """
    rows = views.read(name, first=first, last=last)
    rows = rows.sort_by([(key, "ascending") for key in _order(views, name, rows)])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if form is Format.PARQUET:
            _write_parquet(rows, path)
        elif form is Format.CSV:
            _write_csv(rows, path)
        else:
            _write_xlsx(rows, path, name, views.specs.get(name))
    except (OSError, pa.ArrowException) as error:
        raise StorageError(
            f"cannot write the export: {type(error).__name__}: {getattr(error, 'strerror', None) or error}",
            hint="is the disk full, the folder not writable, or the file open in another program?",
        ) from error
    return Exported(path, rows.num_rows)


def default_path(name: str, form: Format) -> Path:
    """Where an export goes when nobody says: a file of this folder, or the folder ``exports/<table>`` for Parquet."""
    return Path("exports") / name if form is Format.PARQUET else Path(f"{name}.{form}")


def _order(views: Views, name: str, rows: pa.Table) -> list[str]:
    spec = views.specs.get(name)
    keys = [PARTITION, *(spec.primary_key if spec else ())]
    return [key for key in keys if key in rows.column_names]


# ── parquet ──────────────────────────────────────────────────────────────────


def _write_parquet(rows: pa.Table, path: Path) -> None:
    if path.is_file():
        raise SettingsError(f"'{path}' is a file", hint="a Parquet export is a folder; name one")
    if not rows.num_rows:
        path.mkdir(parents=True, exist_ok=True)
    # Rows come in order of day, so one open file is enough whatever the number of days.
    pa_dataset.write_dataset(
        rows,
        path,
        format="parquet",
        partitioning=pa_dataset.partitioning(pa.schema([rows.schema.field(PARTITION)]), flavor="hive"),
        existing_data_behavior="delete_matching",
        basename_template="part-{i}.parquet",
        max_partitions=100_000,
    )


# ── csv ──────────────────────────────────────────────────────────────────────


def _write_csv(rows: pa.Table, path: Path) -> None:
    with _replacing(path) as part, part.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        with pa_csv.CSVWriter(file, rows.schema) as writer:
            for batch in rows.to_batches(max_chunksize=ROWS_A_BATCH):
                writer.write_batch(_harmless(batch))


def _harmless(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it."""
    columns = []
    for column in batch.columns:
        if pa.types.is_string(column.type):
            is_formula = pc.fill_null(pc.match_substring_regex(column, FORMULA), False)
            quoted = pc.binary_join_element_wise(pa.scalar("'"), column, "")
            columns.append(pc.if_else(is_formula, quoted, column))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


# ── xlsx ─────────────────────────────────────────────────────────────────────


def _write_xlsx(rows: pa.Table, path: Path, name: str, spec: TableSpec | None) -> None:
    if rows.num_rows > MOST_SHEET_ROWS:
        raise SettingsError(
            f"table '{name}' has {rows.num_rows} rows here, a sheet holds {MOST_SHEET_ROWS}",
            hint="export fewer days (--first, --last), or --format parquet",
        )
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with _replacing(path) as part, xlsxwriter.Workbook(str(part), {"constant_memory": True, **as_text}) as book:
        head = book.add_format({"bold": True, "bg_color": "#EBEFF3", "bottom": 1})
        sheet = book.add_worksheet(name[:31])
        formats = [_cell_format(book, field) for field in rows.schema]
        sheet.freeze_panes(1, 0)
        for place, field in enumerate(rows.schema):
            sheet.set_column(place, place, max(10, min(len(field.name) + 2, 34)))
            sheet.write_string(0, place, field.name, head)
        for number, values in enumerate(_values(rows), 1):
            for place, value in enumerate(values):
                _write_cell(sheet, number, place, value, formats[place])
        sheet.autofilter(0, 0, rows.num_rows, len(rows.schema) - 1)
        _write_columns(book, rows, spec, head)


def _values(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in rows.to_batches(max_chunksize=ROWS_A_BATCH):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_cell(sheet: Any, row: int, place: int, value: Any, style: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, place, value.replace(tzinfo=None), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, style)
    elif isinstance(value, str):
        sheet.write_string(row, place, value)
    else:
        sheet.write_number(row, place, value, style)


def _cell_format(book: Any, field: pa.Field) -> Any:
    if pa.types.is_timestamp(field.type):
        return book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    if pa.types.is_date(field.type):
        return book.add_format({"num_format": "yyyy-mm-dd"})
    return book.add_format({"num_format": "0.0%"}) if field.name.endswith("_share") else None


def _write_columns(book: Any, rows: pa.Table, spec: TableSpec | None, head: Any) -> None:
    """A sheet that says what each column means, and whether it adds up."""
    sheet = book.add_worksheet("columns")
    known = {column.name: column for column in spec.stored_columns} if spec else {}
    for place, (title, width) in enumerate((("column", 34), ("unit", 10), ("adds up", 10), ("meaning", 110))):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, head)
    for number, name in enumerate(rows.column_names, 1):
        column = known.get(name)
        sheet.write_string(number, 0, name)
        if column is not None:
            sheet.write_string(number, 1, column.field.unit or "")
            is_sum = column.kind in (int, float) and column.field.additive
            sheet.write_string(number, 2, "yes" if is_sum else "no")
            sheet.write_string(number, 3, column.field.description)


class _replacing:  # noqa: N801  # reads as a function
    """A file beside the one wanted, which takes its place when all went well: never half a file under its name."""

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise SettingsError(f"'{path}' is a folder", hint="name a file")
        self._path, self._part = path, path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Path:
        return self._part

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            shutil.move(self._part, self._path)
        else:
            self._part.unlink(missing_ok=True)
