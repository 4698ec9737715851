"""The bytes of a call-record file -> rows. Knows encodings, CSV and JSON Lines, and the names of columns, not what cells mean.

Conventions
-----------
Encoding: by byte-order mark, else UTF-16 where NUL bytes show it, else UTF-8, else cp1251. The delimiter (``,`` ``;`` tab) is
the one that finds most known columns in the header. Lines count from 1, the header included; a row has the line it starts on.

Edge cases
----------
A UTF-8 file with a few damaged bytes stays UTF-8: read as cp1251, all its letters would be wrong. The damaged cells then hold
lone surrogates, which `storage.record_fields.read_text` refuses. A quote that is never closed costs its own row, not the rest
of the file. Rows with nothing in any cell are passed over: spreadsheets write them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from postcall.errors import SettingsError, TelephonyError
from postcall.nearest import nearest
from storage.record_fields import BLANKS, is_empty
from storage.record_schema import COLUMNS, DATING_TIMES, RecordFormat, plain_name

MAX_FILE_BYTES = 1 << 30
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
DELIMITERS = ",;\t"

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_ARCHIVES = {b"PK\x03\x04": "a zip file or spreadsheet", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF", b"RIFF": "a sound file"}
_A_NUMBER_OR_TIME = re.compile(r"[+\d(]")
_CSV_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes
    ----------
    line
        Line of the file it starts on.
    cells
        Column of the schema -> text, or the JSON value.
    extra
        The other columns, by the name the file gives them.
    error
        Why the row cannot be taken apart; then both are empty.
    """

    line: int
    cells: Mapping[str, object] = field(default_factory=dict, repr=False)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)
    error: TelephonyError | None = None


def read_rows(data: bytes, *, is_json: bool, format: RecordFormat, is_dated: bool) -> tuple[list[Row], str]:
    """Take a file apart.

    Parameters
    ----------
    data
        The whole file.
    is_json
        Whether its name says JSON Lines; otherwise a file that starts with ``{`` is.
    format
        Uses ``columns``.
    is_dated
        Whether something else (the recordings' names) can tell the times, so that the file need not.

    Returns
    -------
    rows
        In order of the file, rows with nothing in them left out.
    encoding
        The one that was used.

    Raises
    ------
    TelephonyError
        ``empty_file`` or ``not_a_table``.
    SettingsError
        No column ``call_id``, no column with times, two columns of the same meaning, or a column that the settings name is
        not there.
    """
    text, encoding = decode(data)
    if not text.strip(BLANKS):
        raise TelephonyError("the call-record file is empty", hint="was its delivery broken off?", code="empty_file")
    if is_json or text.lstrip(BLANKS).startswith("{"):
        rows = list(_json_rows(text, format))
        if all(row.error for row in rows):
            raise _not_a_table("no line of it is a JSON object")
        known = {column for row in rows for column in row.cells}
        _check_columns(known, {name for row in rows for name in row.extra}, is_dated)
    else:
        with _large_cells():
            rows = _csv_rows(text, format, is_dated)
    return rows, encoding


def decode(data: bytes) -> tuple[str, str]:
    """Bytes -> text and the encoding that was used.

    Raises
    ------
    TelephonyError
        ``not_a_table``: no text.
    """
    for magic, kind in _ARCHIVES.items():
        if data.startswith(magic):
            raise _not_a_table(f"it is {kind}")
    for mark, encoding in _BOMS.items():
        if not data.startswith(mark):
            continue
        if encoding == "utf-8-sig":  # a damaged byte costs its row alone; in UTF-16 a lost one shifts all that follows
            return data.decode(encoding, errors="surrogateescape"), encoding
        return _decoded(data, encoding), encoding
    head = data[:4096]
    if head.count(0) * 4 > len(head):
        # Text in UTF-16 has its NULs, one for each Latin letter, all on even or all on odd places.
        even, odd = head[::2].count(0), head[1::2].count(0)
        if min(even, odd) * 10 > max(even, odd):
            raise _not_a_table("it is not text")
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        return _decoded(data, encoding), encoding
    text = data.decode("utf-8", errors="surrogateescape")
    if text.isascii():
        return text, "utf-8"
    damaged = len(re.findall("[\ud800-\udfff]", text))
    letters = len(text) - len(text.encode("ascii", errors="ignore")) - damaged
    if damaged == 0 or damaged * 4 < letters:
        return text, "utf-8"
    if b"\0" in head:
        raise _not_a_table("it is not text")
    return _decoded(data, "cp1251"), "cp1251"


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_a_table(f"it is not text in {encoding.upper()}") from error


def _not_a_table(why: str) -> TelephonyError:
    return TelephonyError(
        f"the call-record file cannot be read: {why}",
        hint="deliver CSV with a header line, or JSON Lines with one object on each line, unpacked, in UTF-8",
        code="not_a_table",
    )


def _check_columns(known: set[str], others: Iterable[str], is_dated: bool) -> None:
    missing = []
    if "call_id" not in known:
        missing.append("call_id")
    if not is_dated and known.isdisjoint(DATING_TIMES):
        missing.append(f"any of {', '.join(DATING_TIMES)}")
    if not missing:
        return
    found = sorted(others)
    if not known and any(_A_NUMBER_OR_TIME.match(name) for name in found):
        # Most probably the first call, and its cells may hold a name or a number.
        hint = "the first line must name the columns"
    else:
        guesses = [f"'{name}' may be {close}" for name in found if (close := nearest(plain_name(name), COLUMNS))]
        listed = ", ".join(sorted(known) + [name[:40] for name in found][:30])
        hint = f"found: {listed}. {'; '.join(guesses[:5])}{'. ' if guesses else ''}Name them in the setting `columns`"
    raise SettingsError(f"the call-record file has no column {' and not '.join(missing)}", hint=hint)


# ── JSON Lines ───────────────────────────────────────────────────────────────


def _json_rows(text: str, format: RecordFormat) -> Iterator[Row]:
    known = format.known_names
    joined = {column: tuple(plain_name(title) for title in titles) for column, titles in format.joined.items()}
    plain: dict[str, str] = {}
    for number, line in enumerate(io.StringIO(text), 1):
        if not line.strip(BLANKS):
            continue
        try:
            values = json.loads(line, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            yield _broken(number, "is not a JSON object")
            continue
        ours = {key: known.get(plain.setdefault(key, plain_name(key))) for key in values}
        cells = {column: values[key] for key, column in ours.items() if column is not None}
        if len(cells) < sum(column is not None for column in ours.values()):
            yield _broken(number, "gives one column under two names")
            continue
        extra = {key: values[key] for key, column in ours.items() if column is None}
        for column, titles in joined.items():
            parts = {plain[key]: key for key in extra if plain[key] in titles}
            if column not in cells and len(parts) == len(titles):
                cells[column] = _together([extra[parts[title]] for title in titles])
                extra = {key: value for key, value in extra.items() if key not in parts.values()}
        yield Row(number, cells, extra)


def _together(parts: Sequence[object]) -> str:
    """Cells that make one, joined by a blank; empty when one of them is, since half a time is none."""
    texts = ["" if is_empty(part) else str(part).strip(BLANKS) for part in parts]
    return " ".join(texts) if all(texts) else ""


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _broken(line: int, why: str) -> Row:
    return Row(line, error=TelephonyError(f"line {line} {why}", hint="was the file cut off?", code="broken_row"))


# ── CSV ──────────────────────────────────────────────────────────────────────


@contextmanager
def _large_cells() -> Iterator[None]:
    """Let the csv module read cells of any length; it would give up the file at one of 128 KiB."""
    with _CSV_LOCK:
        before = csv.field_size_limit(MAX_FILE_BYTES)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _csv_rows(text: str, format: RecordFormat, is_dated: bool) -> list[Row]:
    lines = list(io.StringIO(text, newline=""))
    start = next(index for index, line in enumerate(lines) if line.strip(BLANKS))
    declared = re.fullmatch(r"sep=([,;\t])", lines[start].strip("\r\n"), re.IGNORECASE)
    start += declared is not None
    delimiters = declared[1] if declared else DELIMITERS
    headers = {delimiter: next(_parsed(lines, start, delimiter), (start, None))[1] for delimiter in delimiters}
    known = format.known_names
    header, delimiter = max(
        ((cells, delimiter) for delimiter, cells in headers.items() if cells is not None),
        key=lambda found: (sum(plain_name(cell) in known for cell in found[0]), len(found[0])),
        default=(None, ""),
    )
    if header is None:
        raise _not_a_table("its header line cannot be read")
    columns, extras = _columns(header, format)
    joined = _joined(header, columns, format)
    extras = {position: title for position, title in extras.items() if not any(position in parts for parts in joined.values())}
    _check_columns({*columns.values(), *joined}, extras.values(), is_dated)
    parsed = _parsed(lines, start, delimiter)
    next(parsed)
    width = len(header)
    return [
        _csv_row(index + 1, cells, width, columns, extras, joined)
        for index, cells in parsed
        if cells is None or any(map(_says, cells))
    ]


def _says(cell: str) -> bool:
    return not is_empty(cell)


def _columns(header: Sequence[str], format: RecordFormat) -> tuple[dict[int, str], dict[int, str]]:
    """Position -> column of ours, and position -> name of every other column."""
    known = format.known_names
    names = [plain_name(cell) for cell in header]
    for theirs, mapped in format.columns.items():
        if plain_name(theirs) not in names:
            raise SettingsError(
                f"the setting `columns` maps '{theirs}' to {mapped}, but the call-record file has no such column",
                hint="correct the setting, or ask why the export changed",
            )
    columns: dict[int, str] = {}
    extras: dict[int, str] = {}
    for position, (cell, name) in enumerate(zip(header, names, strict=True)):
        ours = known.get(name)
        if ours is None:
            title = cell.strip(BLANKS)
            is_free = title and title not in extras.values()
            extras[position] = title if is_free else f"column {position + 1}"
        elif ours in columns.values():
            raise SettingsError(
                f"the call-record file gives {ours} in two columns", hint="rename one, or choose one in the setting `columns`"
            )
        else:
            columns[position] = ours
    return columns, extras


def _joined(header: Sequence[str], columns: Mapping[int, str], format: RecordFormat) -> dict[str, tuple[int, ...]]:
    """Column of ours -> positions of the cells that make it together."""
    names = [plain_name(cell) for cell in header]
    joined = {}
    for column, titles in format.joined.items():
        if column in columns.values():
            raise SettingsError(f"{column} stands in the call-record file, and the setting `joined` makes it as well")
        for title in titles:
            if plain_name(title) not in names:
                raise SettingsError(
                    f"the setting `joined` makes {column} of '{title}', but the call-record file has no such column",
                    hint="correct the setting, or ask why the export changed",
                )
        joined[column] = tuple(names.index(plain_name(title)) for title in titles)
    return joined


def _csv_row(
    line: int,
    cells: list[str] | None,
    width: int,
    columns: Mapping[int, str],
    extras: Mapping[int, str],
    joined: Mapping[str, tuple[int, ...]],
) -> Row:
    if cells is None:
        return _broken(line, "opens a quote that is not closed, or closes it inside a cell")
    if len(cells) < width or any(map(_says, cells[width:])):
        message = f"line {line} has {len(cells)} cells, the header {width}"
        hint = "a cell that holds the delimiter must stand in quotes"
        return Row(line, error=TelephonyError(message, hint=hint, code="ragged_row"))
    return Row(
        line,
        {column: cells[position] for position, column in columns.items()}
        | {column: _together([cells[position] for position in positions]) for column, positions in joined.items()},
        {title: cells[position] for position, title in extras.items()},
    )


def _parsed(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Index of the first line of each row, and its cells; None where quotes are broken, and the next line is read afresh."""
    position = start

    def feed() -> Iterator[str]:
        nonlocal position
        while position < len(lines):
            position += 1
            yield lines[position - 1]

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while position < len(lines):
        first = position
        try:
            cells = next(reader)
        except csv.Error:
            yield first, None
            position = first + 1
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
        else:
            yield first, cells
