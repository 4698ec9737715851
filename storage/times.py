"""Times as call records and file names write them -> UTC.

Conventions
-----------
Accepted: ISO 8601 with ``Z``, an offset or without zone (``2026-01-31T10:05:00.250+03:00``, ``2026-01-31 10:05:00``); day first
with dots, as spreadsheets write it (``31.01.2026 10:05``; slashes do not tell day from month); the compact forms of file names
(``20260131-100500``, ``20260131100500``, ``2026-01-31_10-05-00``); unix time in seconds or ms.
Results are UTC, cut to whole ms. A time that cannot be understood is an error: nothing is ever dated *now*.
A centre that writes times in yet another form declares it (``%m/%d/%Y %I:%M:%S %p``); then no other form is read, because
``03/02/2026`` must not be one day in one row and another in the next.

Edge cases
----------
A time without zone that the clock change skips (spring) never happened: ``impossible_time``. One that happens twice (autumn)
has two readings, the first one first; `in_order` picks the readings that keep the order of a call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from itertools import pairwise, product
from zoneinfo import ZoneInfo

from postcall.errors import TelephonyError

FIRST_YEAR = 1990
"""A call record from before it is a clock that was never set."""

LAST_YEAR = 2099
"""A call record from after it is a wrong unit or a typing error."""

_ZONE = r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?"
_FORMS = tuple(
    re.compile(form + _ZONE, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[T ](?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)? ?",
        r"(?P<d>\d{1,2})\.(?P<m>\d\d)\.(?P<y>\d{4}) (?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?",
        r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[T_ -](?P<H>\d\d)(?P<sep>[-_.])(?P<M>\d\d)(?P=sep)(?P<S>\d\d)",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)[T_ -]?(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)",
    )
)
_UNIX = re.compile(r"-?\d{1,20}(?:\.\d{1,9})?", re.ASCII)
_UNIX_MS_FROM = 100_000_000_000
"""Numbers from here on are unix ms: as seconds they would lie after the year 5100."""

_DURATION = re.compile(r"(?P<s>\d{1,7}(?:\.\d{1,6})?)|(?:(?P<H>\d{1,3}):)?(?P<M>[0-5]?\d):(?P<S>[0-5]\d)", re.ASCII)
_DECLARED_HINT = "all times of the file must be written so; correct the setting, or leave it out for ISO 8601 and unix seconds"
_FORMS_HINT = (
    "write ISO 8601 (2026-01-31T10:05:00+03:00 or 2026-01-31 10:05:00) or unix seconds, or say in records.time_format how the "
    "file writes them"
)


def read_instants(text: str, zone: ZoneInfo | None, where: str, form: str | None = None) -> tuple[datetime, ...]:
    """All instants that a written time can mean.

    Parameters
    ----------
    text
        The time, without surrounding blanks.
    zone
        Zone of times written without one; None when it is not known.
    where
        Place for the message, e.g. ``line 7: column 'started_at'``.
    form
        The only form in which times are written, in the signs of `datetime.strptime`; None for those above.

    Returns
    -------
    tuple of datetime
        UTC, in ms. One instant, or two, earlier first, for a time that the autumn clock change repeats.

    Raises
    ------
    TelephonyError
        ``bad_time``: not a time. ``no_time_zone``: written without zone and ``zone`` is None. ``impossible_time``: skipped by
        the spring clock change. ``impossible_times``: before 1990 or after 2099.
    """
    written = _written(text, where, form)
    if written.tzinfo is not None:
        return (written.astimezone(UTC),)
    if zone is None:
        raise TelephonyError(
            f"{where} has no time zone",
            hint="say in the setting `naive_times_in` in which zone these times are written",
            code="no_time_zone",
        )
    before, after = written.replace(tzinfo=zone, fold=0), written.replace(tzinfo=zone, fold=1)
    # Away from a clock change both folds agree; in a gap the clock goes forward, in a repeated hour back (PEP 495).
    forward = (after.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    if forward > timedelta():
        raise TelephonyError(
            f"{where} never happened: the clock change skips it",
            hint=f"the times may be written in another zone than {zone.key}; see the setting `naive_times_in`",
            code="impossible_time",
        )
    return (before.astimezone(UTC), after.astimezone(UTC)) if forward else (before.astimezone(UTC),)


def day_written(text: str, zone: ZoneInfo | None, local: ZoneInfo, form: str | None = None) -> date | None:
    """Business day of a written time, as far as it can be told even when the time itself cannot be used; None otherwise."""
    try:
        written = _written(text, "", form)
    except TelephonyError:
        return None
    if written.tzinfo is None and zone is not None:
        written = written.replace(tzinfo=zone)
    return (written if written.tzinfo is None else written.astimezone(local)).date()


def in_order(readings: Mapping[str, Sequence[datetime]]) -> dict[str, datetime]:
    """One reading of each time, such that they do not decrease; the first ones where several or none do.

    Parameters
    ----------
    readings
        Name -> what the time can mean, in the order in which the times must lie. At most two readings each.
    """
    for chosen in product(*readings.values()):
        if all(earlier <= later for earlier, later in pairwise(chosen)):
            return dict(zip(readings, chosen, strict=True))
    return {name: found[0] for name, found in readings.items()}


def is_time_form(form: str) -> bool:
    """Whether a declared form tells a time to the minute."""
    told = datetime(2031, 11, 28, 17, 46, tzinfo=UTC)
    try:
        read = datetime.strptime(told.strftime(form), form)  # only the clock's figures are compared
    except (ValueError, re.error):
        return False
    return read.replace(second=0, tzinfo=None) == told.replace(tzinfo=None)


def read_duration(text: str, where: str) -> timedelta:
    """A length of time: seconds, or ``1:02:03`` or ``02:03``.

    Raises
    ------
    TelephonyError
        ``bad_duration``.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise TelephonyError(f"{where} is no length of time", hint="write seconds, or H:MM:SS", code="bad_duration")
    if match["s"] is not None:
        return timedelta(milliseconds=int(Decimal(match["s"]) * 1000))
    return timedelta(hours=int(match["H"] or 0), minutes=int(match["M"]), seconds=int(match["S"]))


def _in_form(text: str, where: str, form: str) -> datetime:
    try:
        written = datetime.strptime(text, form)  # a time without zone is what `read_instants` looks for
    except (ValueError, OverflowError) as error:
        raise TelephonyError(
            f"{where} is not written in the form of the setting `time_format`", hint=_DECLARED_HINT, code="bad_time"
        ) from error
    if not FIRST_YEAR <= written.year <= LAST_YEAR:
        raise _out_of_range(where)
    return written.replace(microsecond=written.microsecond // 1000 * 1000)


def _written(text: str, where: str, form: str | None) -> datetime:
    """The time as written, in ms; aware when it says its zone, naive when not."""
    if form is not None:
        return _in_form(text, where, form)
    match = next((found for form in _FORMS if (found := form.fullmatch(text))), None)
    if match is None:
        if not _UNIX.fullmatch(text):
            raise TelephonyError(f"{where} is not a time", hint=_FORMS_HINT, code="bad_time")
        number = Decimal(text)
        unix_ms = int(number if number >= _UNIX_MS_FROM else number * 1000)
        if not 0 <= unix_ms < 10**14:
            raise _out_of_range(where)
        written = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=unix_ms)
    else:
        part = match.groupdict()
        clock = (int(part[name] or 0) for name in ("y", "m", "d", "H", "M", "S"))
        thousandths = int((part.get("f") or "0").ljust(3, "0")[:3])
        try:
            written = datetime(*clock, thousandths * 1000, tzinfo=_offset(part["zone"]))  # type: ignore[arg-type, misc]
        except ValueError as error:
            raise TelephonyError(f"{where} is not a time of the calendar", hint=_FORMS_HINT, code="bad_time") from error
    if not FIRST_YEAR <= written.year <= LAST_YEAR:
        raise _out_of_range(where)
    return written


def _offset(zone: str | None) -> tzinfo | None:
    if zone is None:
        return None
    if zone in "Zz":
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 14 * 60 or int(digits[2:]) > 59:
        raise ValueError("no zone is more than 14 h from UTC")
    return timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes))


def _out_of_range(where: str) -> TelephonyError:
    return TelephonyError(
        f"{where} lies before {FIRST_YEAR} or after {LAST_YEAR}",
        hint="a clock that was not set, an empty time written as 0, or another unit than seconds or ms",
        code="impossible_times",
    )
