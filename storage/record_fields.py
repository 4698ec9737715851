"""One row of call records -> one `Telephony`, every column read and the times checked against each other. Pure.

Conventions
-----------
Messages name line and column, never the value: a cell may hold a name or a number.

Edge cases
----------
Holds are kept as they are written, overlapping ones too. A hold may reach 1 s out of the call, because many exports cut the
times of calls, but not those of holds, to whole seconds. A time that the autumn clock change repeats takes the reading that
keeps the order of the call, and the earlier one when both do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, product
from typing import Any, Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from postcall.errors import TelephonyError
from postcall.telephony import Direction, RecordedHold, Role, Telephony
from storage.record_schema import CALL_TIMES, COLUMNS, DATING_TIMES, TEXT_COLUMNS
from storage.times import in_order, read_duration, read_instants

Readings: TypeAlias = tuple[datetime, ...]
"""What one written time can mean (`storage.times.read_instants`)."""

T = TypeVar("T")

MAX_CALL_ID = 256
MAX_CELL = 65_536
MAX_HOLDS = 1000
MAX_TRANSFERS = 1000
MAX_CHANNELS = 8
MAX_CALL = timedelta(hours=24)
MAX_AFTER_CALL_WORK = timedelta(hours=24)
HOLD_TOLERANCE = timedelta(seconds=1)

BLANKS = " \t\r\n\xa0"
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_ID = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff]")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]+)*", re.ASCII)

_DIRECTIONS = {
    "inbound": Direction.INBOUND,
    "incoming": Direction.INBOUND,
    "in": Direction.INBOUND,
    "outbound": Direction.OUTBOUND,
    "outgoing": Direction.OUTBOUND,
    "out": Direction.OUTBOUND,
    "internal": Direction.INTERNAL,
}
_ROLES = {
    "agent": Role.AGENT,
    "operator": Role.AGENT,
    "customer": Role.CUSTOMER,
    "caller": Role.CUSTOMER,
    "client": Role.CUSTOMER,
    "ivr": Role.IVR,
    "unknown": Role.UNKNOWN,
}
_MAP_HINT = "write the parties in the order of the channels, e.g. customer|agent"
_HOLDS_HINT = 'write [{"start": …, "end": …}], start/end;start/end, or [] for none'


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns of one row, each read on its own.

    Attributes
    ----------
    values
        Attribute of `Telephony` -> value; only those of which the row says something.
    instants
        Column -> what the written time can mean.
    holds
        Readings of start and end of each hold; None when the row does not tell.
    """

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    instants: Mapping[str, Readings] = field(default_factory=dict)
    holds: tuple[tuple[Readings, Readings], ...] | None = None

    def lengthened(self, durations: Mapping[str, tuple[str, timedelta]]) -> Fields:
        """These, and the times that lie a known while after others: column -> (the other column, how long after)."""
        instants = dict(self.instants)
        for column, (base, length) in durations.items():
            if column not in instants and base in instants:
                instants[column] = tuple(reading + length for reading in instants[base])
        return Fields(self.values, instants, self.holds)

    def over(self, other: Fields) -> Fields:
        """These, and from ``other`` what is missing here."""
        return Fields(
            {**other.values, **self.values},
            {**other.instants, **self.instants},
            other.holds if self.holds is None else self.holds,
        )


def is_empty(value: object) -> bool:
    """Whether a cell says nothing."""
    return value is None or (isinstance(value, str) and not value.strip(BLANKS))


def read_fields(
    cells: Mapping[str, object],
    zone: ZoneInfo | None,
    empty_holds: Literal["unknown", "none"],
    where: str,
    form: str | None = None,
) -> Fields:
    """Read every column of a row on its own.

    Parameters
    ----------
    cells
        Column of the schema -> text, or the JSON value.
    zone
        Zone of times written without one, or None.
    empty_holds
        What an empty ``holds`` cell means.
    where
        Place for the messages, e.g. ``line 7``.
    form
        The only form of its times, where the settings declare one.

    Raises
    ------
    TelephonyError
        With the code of `storage.record_schema.CODES` that fits.
    """
    values: dict[str, Any] = {}
    instants: dict[str, Readings] = {}
    holds: tuple[tuple[Readings, Readings], ...] | None = () if empty_holds == "none" and "holds" in cells else None
    # In the order of the schema: of several errors, the same one is told whatever the order of the file's columns.
    for column in COLUMNS:
        value = cells.get(column)
        if is_empty(value):
            continue
        place = f"{where}: column '{column}'"
        if column == "call_id":
            values[column] = read_call_id(value, where)
        elif column.endswith("_at"):
            instants[column] = _instants(value, zone, place, form)
        elif column == "holds":
            holds = _holds(value, zone, place, form)
        elif column == "direction":
            values[column] = _one_of(_DIRECTIONS, value, "unknown_direction", place)
        elif column == "disconnected_by":
            values[column] = _one_of(_ROLES, value, "unknown_party", place)
        elif column == "channel_map":
            values[column] = _channel_map(value, place)
        elif column == "transfers":
            values[column] = _count(value, place)
        elif column == "after_call_work":
            values["after_call_work_ms"] = _after_call_work_ms(value, place)
        elif column == "language":
            values[column] = _language(value, place)
        elif column in TEXT_COLUMNS:
            values[column] = read_text(value, place)
    return Fields(values, instants, holds)


def make_record(fields: Fields, extra: Mapping[str, str], where: str) -> Telephony:
    """Join the columns of a row to a record, and check its times.

    Raises
    ------
    TelephonyError
        ``no_call_id``, ``no_time`` or ``impossible_times``.
    """
    if "call_id" not in fields.values:
        raise TelephonyError(f"{where} has no call_id", code="no_call_id")
    if not any(column in fields.instants for column in DATING_TIMES):
        raise TelephonyError(
            f"{where} has none of {', '.join(DATING_TIMES)}: the call belongs to no day",
            hint="deliver the time, or let the recordings' names tell it",
            code="no_time",
        )
    times = in_order({column: fields.instants[column] for column in CALL_TIMES if column in fields.instants})
    _check_call(times, where)
    first = next(iter(times.values()))
    # The later end of what is possible: an unended call can last no longer than the longest call.
    last = times.get("ended_at", first + MAX_CALL)
    recorded = fields.instants.get("recording_started_at")
    if recorded is not None:
        times["recording_started_at"] = _first_inside(recorded, first - MAX_CALL, last, f"{where}: recording_started_at")
    holds = fields.holds
    return Telephony(
        **{"call_id": "", **fields.values, **times},
        holds=None if holds is None else tuple(_hold(*hold, first, last, where) for hold in holds),
        extra=dict(extra),
    )


def fields_of(record: Telephony) -> Fields:
    """A record taken apart again, so that what it lacks can be filled in."""
    columns = (
        *("call_id", *TEXT_COLUMNS, "direction", "transfers", "after_call_work_ms"),
        *("disconnected_by", "channel_map", "language"),
    )
    return Fields(
        {name: value for name in columns if (value := getattr(record, name)) is not None},
        {name: (value,) for name in (*CALL_TIMES, "recording_started_at") if (value := getattr(record, name)) is not None},
        None if record.holds is None else tuple(((hold.started_at,), (hold.ended_at,)) for hold in record.holds),
    )


def read_call_id(value: object, where: str) -> str:
    """The id of a call.

    Raises
    ------
    TelephonyError
        ``bad_call_id``: control or invisible characters, too long, or a number that JSON may have changed.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TelephonyError(f"{where}: the call_id is not text", hint='write it in quotes: "call_id": "…"', code="bad_call_id")
    text = str(value).strip(BLANKS)
    if _NO_ID.search(text):
        raise TelephonyError(f"{where}: the call_id holds control or invisible characters", code="bad_call_id")
    if len(text) > MAX_CALL_ID:
        raise TelephonyError(f"{where}: the call_id has {len(text)} characters, at most {MAX_CALL_ID}", code="bad_call_id")
    return text


def read_text(value: object, place: str) -> str:
    """A cell as text.

    Raises
    ------
    TelephonyError
        ``bad_text``: control characters, damaged bytes, or no text; ``cell_too_long``.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TelephonyError(f"{place} is not text", code="bad_text")
    text = str(value).strip(BLANKS)
    if len(text) > MAX_CELL:
        raise TelephonyError(f"{place} has {len(text)} characters, at most {MAX_CELL}", code="cell_too_long")
    if _NO_TEXT.search(text):
        raise TelephonyError(
            f"{place} holds control characters or bytes of another encoding",
            hint="the file may be damaged, or not in one encoding throughout",
            code="bad_text",
        )
    return text


def _instants(value: object, zone: ZoneInfo | None, place: str, form: str | None) -> Readings:
    # A JSON float is written out in full: its shortest form is what the file said, unless it is too large for a time anyway.
    return read_instants(repr(value) if isinstance(value, float) else read_text(value, place), zone, place, form)


def _one_of(known: Mapping[str, T], value: object, code: str, place: str) -> T:
    found = known.get(value.strip(BLANKS).casefold()) if isinstance(value, str) else None
    if found is None:
        mapped = "" if code == "bad_channel_map" else "; records.values of the settings says what other words mean"
        raise TelephonyError(f"{place} has an unknown value", hint=f"known: {', '.join(known)}{mapped}", code=code)
    return found


def _count(value: object, place: str) -> int:
    text = str(value).strip(BLANKS)
    # Spreadsheets and data frames write whole numbers of a column with gaps as 2.0.
    if not re.fullmatch(r"\d{1,4}(?:\.0*)?", text, re.ASCII) or int(float(text)) > MAX_TRANSFERS:
        raise TelephonyError(f"{place} is not a whole number from 0 to {MAX_TRANSFERS}", code="bad_number")
    return int(float(text))


def _after_call_work_ms(value: object, place: str) -> int:
    length = read_duration(repr(value) if isinstance(value, float) else read_text(value, place), place)
    if length > MAX_AFTER_CALL_WORK:
        raise TelephonyError(f"{place} is longer than 24 h", hint="write seconds, not milliseconds", code="bad_duration")
    return length // timedelta(milliseconds=1)


def _language(value: object, place: str) -> str:
    match = _LANGUAGE.fullmatch(str(value).strip(BLANKS).lower())
    if match is None:
        raise TelephonyError(f"{place} is not a language code", hint="write ISO 639: ru, en, zh, kk …", code="bad_language")
    return match[1]


def _json(value: object, place: str, code: str, hint: str) -> object:
    """The JSON value of a cell; a value that JSON Lines already gave as one is returned as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(read_text(value, place))
    except (ValueError, RecursionError) as error:
        raise TelephonyError(f"{place} is not valid JSON", hint=hint, code=code) from error


def _channel_map(value: object, place: str) -> tuple[Role, ...]:
    parsed: object
    if isinstance(value, str) and not value.strip(BLANKS).startswith(("[", "{")):
        parsed = re.split(r"[,;|]", read_text(value, place))
    else:
        parsed = _json(value, place, "bad_channel_map", _MAP_HINT)
    if isinstance(parsed, dict):
        if not all(re.fullmatch(r"\d", str(channel), re.ASCII) for channel in parsed):
            raise TelephonyError(f"{place} is not a channel map", hint=_MAP_HINT, code="bad_channel_map")
        last = max((int(channel) for channel in parsed), default=-1)
        parsed = [parsed.get(str(channel), "unknown") for channel in range(last + 1)]
    if not isinstance(parsed, list) or not 1 <= len(parsed) <= MAX_CHANNELS:
        raise TelephonyError(f"{place} is not a channel map", hint=_MAP_HINT, code="bad_channel_map")
    return tuple(_one_of(_ROLES, party, "bad_channel_map", place) for party in parsed)


def _holds(value: object, zone: ZoneInfo | None, place: str, form: str | None) -> tuple[tuple[Readings, Readings], ...]:
    parsed: object
    if isinstance(value, str) and not value.strip(BLANKS).startswith("["):
        parsed = [piece.split("/") for piece in read_text(value, place).split(";") if piece.strip(BLANKS)]
    else:
        parsed = _json(value, place, "bad_holds", _HOLDS_HINT)
    if not isinstance(parsed, list) or len(parsed) > MAX_HOLDS:
        raise TelephonyError(f"{place} is not a list of at most {MAX_HOLDS} holds", hint=_HOLDS_HINT, code="bad_holds")
    holds = []
    for hold in parsed:
        edges = [hold.get("start"), hold.get("end")] if isinstance(hold, dict) else hold
        if not isinstance(edges, list) or len(edges) != 2 or any(is_empty(edge) for edge in edges):
            raise TelephonyError(f"{place} has a hold without start and end", hint=_HOLDS_HINT, code="bad_holds")
        holds.append((_instants(edges[0], zone, place, form), _instants(edges[1], zone, place, form)))
    return tuple(holds)


def _check_call(times: Mapping[str, datetime], where: str) -> None:
    for (before, earlier), (after, later) in pairwise(times.items()):
        if later < earlier:
            raise TelephonyError(f"{where}: {after} lies before {before}", code="impossible_times")
    instants = list(times.values())
    if instants[-1] - instants[0] > MAX_CALL:
        raise TelephonyError(f"{where}: the call lasts more than 24 h", code="impossible_times")


def _first_inside(readings: Readings, earliest: datetime, latest: datetime, place: str) -> datetime:
    for reading in readings:
        if earliest <= reading <= latest:
            return reading
    raise TelephonyError(f"{place} lies outside the call", code="impossible_times")


def _hold(starts: Readings, ends: Readings, first: datetime, last: datetime, where: str) -> RecordedHold:
    for start, end in product(starts, ends):
        if first - HOLD_TOLERANCE <= start <= end <= last + HOLD_TOLERANCE:
            return RecordedHold(start, end)
    wrong = "ends before it starts" if max(ends) < min(starts) else "lies outside the call"
    raise TelephonyError(f"{where}: a hold {wrong}", code="impossible_times")
