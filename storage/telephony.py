"""Call records: a file, or the names of the recordings, -> `postcall.telephony.Telephony`.

Conventions
-----------
The schema is `storage.record_schema.COLUMNS`; docs/call-records.md explains it. A row that cannot be trusted becomes a
`RecordProblem` with its line, its code and, where it can be told, its day, and costs no other row. Only a file that cannot be
read at all raises. Reading is pure: nothing is dated *now*. What a telephone system writes by itself is made rows of the
schema by an adapter (`storage.record_sources`); all that follows is the same for every source.

Edge cases
----------
Delivered twice, the same row is merged and counted. Rows of one call_id that differ are problems, all of them: which one is
right cannot be known. A call across midnight belongs to the day on which it started. A record dated more than a
year after all others of its file is refused: such a time is a typing error, and its day would stand in every report to come.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import PurePosixPath
from typing import BinaryIO

import fsspec

from postcall.errors import SettingsError, TelephonyError
from postcall.telephony import Telephony
from storage.record_fields import BLANKS, is_empty, make_record, read_call_id, read_fields, read_text
from storage.record_files import JSON_SUFFIXES, MAX_FILE_BYTES, Row, read_rows
from storage.record_schema import CALL_TIMES, CODES, COLUMNS, RecordFormat, plain_name, zone_of
from storage.record_sources import SourceFile, load_adapter
from storage.recording_names import NamePattern
from storage.recordings import is_local, patiently
from storage.times import day_written, read_duration

__all__ = [
    "CODES",
    "COLUMNS",
    "NamePattern",
    "ReadRecords",
    "RecordFormat",
    "RecordProblem",
    "business_day",
    "read_call_records",
    "records_from_names",
]

LONGEST_BREAK = timedelta(days=366)
"""Records after a longer stretch without any call, and later than most, are dated wrong."""


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """A row that cannot be used.

    Attributes
    ----------
    call_id
        None when the row has none that can be written down.
    line
        Line of the file, from 1; None when the row was made from a recording's name.
    error
        What is wrong.
    call_date
        Business day the row seems to belong to, or None.
    recording
        Path of the recording, where the row has one. May hold a telephone number.
    customer_key
        The customer, where the row names one: what is kept of a refused row belongs to him, too.
    """

    call_id: str | None
    line: int | None
    error: TelephonyError
    call_date: date | None
    recording: str | None = field(default=None, repr=False)
    customer_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """All of a call-record file.

    Attributes
    ----------
    records, problems
        In order of the file.
    duplicates_merged
        Rows left out because the same one had come before.
    encoding
        How the file was read, e.g. ``utf-8`` or, when that failed, ``cp1251``; None when there was no file.
    rows
        Rows that the file has, usable or not.
    filled, unused
        In how many rows each column of ours says something; the same of each other column, by its name in the file.
    left_out
        What the file holds beside calls, such as chats or further legs of a call -> how many.
    """

    records: tuple[Telephony, ...]
    problems: tuple[RecordProblem, ...]
    duplicates_merged: int = 0
    encoding: str | None = None
    rows: int = field(default=0, compare=False)
    filled: Mapping[str, int] = field(default_factory=dict, compare=False)
    unused: Mapping[str, int] = field(default_factory=dict, compare=False)
    left_out: Mapping[str, int] = field(default_factory=dict, compare=False)


def read_call_records(file: BinaryIO | str, format: RecordFormat, names: NamePattern | None = None) -> ReadRecords:
    """Read a file of call records.

    Parameters
    ----------
    file
        Open file, path, or fsspec URL.
    format
        How this centre writes its records.
    names
        Pattern of recording names, to fill in what a row with a ``recording`` lacks.

    Raises
    ------
    SettingsError
        The file is not there or cannot be opened; columns that must be there are not.
    TelephonyError
        ``empty_file`` or ``not_a_table``: nothing of the file can be used.
    """
    adapter = None if format.is_table else load_adapter(format.source, format.options)
    data, name = _content(file)
    left_out: Mapping[str, int] = {}
    if adapter is None:
        is_json = PurePosixPath(name).suffix.lower() in JSON_SUFFIXES
        rows, encoding = read_rows(data, is_json=is_json, format=format, is_dated=names is not None and names.is_dated)
    else:
        beside = partial(_beside, file if isinstance(file, str) else name)
        found = adapter.rows(SourceFile(data, format.naive_zone, beside))
        rows, encoding, left_out = list(found.rows), found.encoding, found.left_out
    read = _joined([_outcome(row, format, names, f"line {row.line}", row.line) for row in rows], format, encoding)
    used = {plain_name(title) for _, title in format.durations.values()}
    unused = {name: count for name, count in _counted(row.extra for row in rows).items() if plain_name(name) not in used}
    filled = _counted(_with_durations(row, format) for row in rows)
    return replace(read, rows=len(rows), filled=filled, unused=unused, left_out=left_out)


def records_from_names(paths: Iterable[str], pattern: NamePattern, format: RecordFormat) -> ReadRecords:
    """Make call records from the names of recordings, for a centre that delivers no call-record file.

    Parameters
    ----------
    paths
        Relative to the recordings folder.
    pattern
        Without a group ``call_id``, the name without its suffix is the id.
    format
        Zones.
    """
    outcomes = []
    for number, path in enumerate(paths, 1):
        row = Row(number, {"call_id": PurePosixPath(path).stem, "recording": path})
        cells = pattern.cells(path)
        if cells is None:
            message = f"recording {number} of the folder: its name does not follow the pattern of recording names"
            row = Row(number, row.cells, error=TelephonyError(message, code="unmatched_name"))
        elif "call_id" in cells:
            row = Row(number, {"recording": path})
        outcomes.append(_outcome(row, format, pattern, f"recording {number}", None))
    return _joined(outcomes, format, None)


def business_day(record: Telephony, time_zone: str) -> date | None:
    """Local date on which a call started; None for a record without times.

    Parameters
    ----------
    record
        Its ``started_at`` counts, else ``offered_at``, else ``answered_at``.
    time_zone
        IANA name of the centre's zone.
    """
    first = record.started_at or record.offered_at or record.answered_at
    return None if first is None else first.astimezone(zone_of(time_zone)).date()


# ── rows ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A row and what became of it."""

    row: Row
    line: int | None
    result: Telephony | RecordProblem

    def day(self, format: RecordFormat) -> date | None:
        result = self.result
        return result.call_date if isinstance(result, RecordProblem) else business_day(result, format.time_zone)

    def refused(self, error: TelephonyError, day: date | None) -> _Outcome:
        result = self.result
        problem = RecordProblem(result.call_id, self.line, error, day, result.recording, result.customer_key)
        return _Outcome(self.row, self.line, problem)


def _outcome(row: Row, format: RecordFormat, names: NamePattern | None, where: str, line: int | None) -> _Outcome:
    try:
        if row.error is not None:
            raise row.error
        cells = _in_our_words(row.cells, format)
        # What a telephone system's adapter gives is in known forms; a declared form is that of a table.
        form = format.time_format if format.is_table else None
        fields = read_fields(cells, format.naive_zone, format.empty_holds, where, form)
        if format.durations:
            fields = fields.lengthened(_durations(row, format, where))
        recording = fields.values.get("recording")
        if names is not None and recording is not None:
            fields = fields.over(names.fields(recording, format, where))
        extra = dict(_extra(title, value, where) for title, value in row.extra.items() if not is_empty(value))
        return _Outcome(row, line, replace(make_record(fields, extra, where), time_zone=format.time_zone))
    except TelephonyError as error:
        recording = _or_none(lambda: read_text(row.cells.get("recording"), where))
        customer = _or_none(lambda: read_text(row.cells.get("customer_key"), where))
        told = (names.cells(recording) or {}) if names is not None and recording else {}
        call_id = row.cells.get("call_id")
        given = _or_none(lambda: read_call_id(told.get("call_id", "") if is_empty(call_id) else call_id, where))
        day = _day(row.cells, format)
        if day is None and names is not None and recording:
            day = names.day(recording, format)
        return _Outcome(row, line, RecordProblem(given or None, line, error, day, recording or None, customer or None))


def _in_our_words(cells: Mapping[str, object], format: RecordFormat) -> dict[str, object]:
    """The cells of a row, words of the file replaced by those that the settings give for them."""
    ours = dict(cells)
    for column, words in format.values.items():
        value = ours.get(column)
        if isinstance(value, str | int) and not isinstance(value, bool):
            said = str(value).strip(BLANKS).casefold()
            ours[column] = next((word for theirs, word in words.items() if theirs.strip(BLANKS).casefold() == said), value)
    return ours


def _durations(row: Row, format: RecordFormat, where: str) -> dict[str, tuple[str, timedelta]]:
    """Column -> the column it starts from, and how long after; only what the row tells."""
    titles = {plain_name(title): value for title, value in row.extra.items()}
    found = {}
    for column, (base, title) in format.durations.items():
        value = titles.get(plain_name(title))
        if not is_empty(value):
            place = f"{where}: column '{title}'"
            text = repr(value) if isinstance(value, float) else read_text(value, place)
            found[column] = (base, read_duration(text, place))
    return found


def _with_durations(row: Row, format: RecordFormat) -> dict[str, object]:
    """The cells of a row, and in place of a time that a length of time tells, the length."""
    cells = dict(row.cells)
    lengths = {plain_name(title): value for title, value in row.extra.items()}
    for column, (base, title) in format.durations.items():
        if is_empty(cells.get(column)):
            cells[column] = None if is_empty(cells.get(base)) else lengths.get(plain_name(title))
    return cells


def _counted(rows: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """Name -> in how many rows it says something; names that never do are 0."""
    counts: Counter[str] = Counter()
    for cells in rows:
        counts.update({name: int(not is_empty(value)) for name, value in cells.items()})
    return dict(counts)


def _or_none(read: Callable[[], str]) -> str | None:
    try:
        return read()
    except TelephonyError:
        return None


def _day(cells: Mapping[str, object], format: RecordFormat) -> date | None:
    for column in CALL_TIMES:
        form = format.time_format if format.is_table else None
        day = day_written(str(cells.get(column, "")).strip(BLANKS), format.naive_zone, format.local_zone, form)
        if day is not None:
            return day
    return None


def _extra(title: str, value: object, where: str) -> tuple[str, str]:
    place = f"{where}: a column that the schema does not know"
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except RecursionError as error:
            raise TelephonyError(f"{place} is nested too deep", code="bad_text") from error
    return read_text(title, place), read_text(value, place)


# ── rows against each other ──────────────────────────────────────────────────


def _joined(outcomes: list[_Outcome], format: RecordFormat, encoding: str | None) -> ReadRecords:
    kept, merged = _without_duplicates(outcomes, format)
    kept = _without_far_future(kept)
    return ReadRecords(
        tuple(outcome.result for outcome in kept if isinstance(outcome.result, Telephony)),
        tuple(outcome.result for outcome in kept if isinstance(outcome.result, RecordProblem)),
        merged,
        encoding,
    )


def _without_duplicates(outcomes: list[_Outcome], format: RecordFormat) -> tuple[list[_Outcome], int]:
    by_id: dict[str, list[_Outcome]] = {}
    for outcome in outcomes:
        if outcome.result.call_id is not None:
            by_id.setdefault(outcome.result.call_id, []).append(outcome)
    kept: list[_Outcome] = []
    merged = 0
    for outcome in outcomes:
        call_id = outcome.result.call_id
        same = [outcome] if call_id is None else by_id[call_id]
        if not all(_is_same(same[0], other) for other in same[1:]):
            message = f"call {call_id} stands in {len(same)} different rows"
            error = TelephonyError(message, hint="call ids must be unique over all time", code="duplicate_call_id")
            kept.append(outcome.refused(error, outcome.day(format)))
        elif outcome is same[0]:
            kept.append(outcome)
        else:
            merged += 1
    return kept, merged


def _is_same(one: _Outcome, other: _Outcome) -> bool:
    if isinstance(one.result, Telephony) and isinstance(other.result, Telephony):
        return one.result == other.result
    return _said(one.row) == _said(other.row)


def _said(row: Row) -> tuple[dict[str, object], ...]:
    """What a row says: an empty cell and a missing one say the same."""
    return tuple({name: value for name, value in cells.items() if not is_empty(value)} for cells in (row.cells, row.extra))


def _without_far_future(outcomes: list[_Outcome]) -> list[_Outcome]:
    starts = sorted(start for outcome in outcomes if (start := _start(outcome)) is not None)
    # Only what comes after the middle record can be a stray: a file that covers years has no such break.
    later = pairwise(starts[len(starts) // 2 :])
    first_wrong = next((late for early, late in later if late - early > LONGEST_BREAK), None)
    if first_wrong is None:
        return outcomes
    error = TelephonyError(
        "dated more than a year after all other calls of the file", hint="a typing error in the date?", code="impossible_times"
    )
    return [
        outcome.refused(error, None) if (start := _start(outcome)) is not None and start >= first_wrong else outcome
        for outcome in outcomes
    ]


def _start(outcome: _Outcome) -> datetime | None:
    result = outcome.result
    return result.started_at or result.offered_at or result.answered_at if isinstance(result, Telephony) else None


# ── files ────────────────────────────────────────────────────────────────────


def _content(file: BinaryIO | str) -> tuple[bytes, str]:
    """The bytes of a file and its name."""
    if not isinstance(file, str):
        return _whole(file), str(getattr(file, "name", ""))
    name = PurePosixPath(file).name
    try:
        filesystem, path = fsspec.core.url_to_fs(file)

        def read() -> bytes:
            with filesystem.open(path, "rb") as opened:
                return _whole(opened)

        # An object store fails single requests as a matter of course, of records as of recordings.
        return (read() if is_local(filesystem) else patiently(read)), name
    except FileNotFoundError as error:
        raise SettingsError(
            f"no call-record file '{name}'", hint="has it been delivered? The setting may hold a wrong path"
        ) from error
    except (OSError, ValueError, ImportError) as error:
        raise SettingsError(
            f"cannot open the call-record file '{name}': {type(error).__name__}",
            hint="check the path, the rights on it and, for an object store, its driver and keys",
        ) from error


def _beside(file: str, name: str) -> bytes:
    """The bytes of a file that lies in the folder of the call-record file, or at an absolute path."""
    return _content(name if "://" in name or name.startswith("/") else f"{file.rpartition('/')[0] or '.'}/{name}")[0]


def _whole(file: BinaryIO) -> bytes:
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise TelephonyError("the call-record file is larger than 1 GiB", hint="split it by day", code="not_a_table")
    return data
