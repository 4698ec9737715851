"""What the name of a recording tells about its call, by a pattern from the settings.

Conventions
-----------
The pattern is a Python regular expression, searched in the path relative to the recordings folder. Its named groups are
columns of the call-record schema, e.g. ``(?P<started_at>\\d{8}-\\d{6})_(?P<agent_id>\\d+)_(?P<call_id>[^_.]+)``. Times without
zone are in `naive_times_in`, or else in the centre's own zone: a recorder names files by its local clock.
"""

from __future__ import annotations

import re
from datetime import date

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean
from postcall.telephony import Telephony
from storage.record_fields import Fields, fields_of, make_record, read_fields
from storage.record_schema import COLUMNS, DATING_TIMES, RecordFormat
from storage.times import day_written

NAME_COLUMNS = tuple(column for column in COLUMNS if column not in ("recording", "holds", "channel_map"))
"""Columns that a name can tell."""


class NamePattern:
    """A pattern of recording names.

    Parameters
    ----------
    pattern
        Regular expression with named groups.

    Raises
    ------
    SettingsError
        No valid expression, no group, or a group that is no column (with the nearest one as a hint).
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise SettingsError(f"the pattern of recording names is not a regular expression: {error}") from error
        groups = self._pattern.groupindex
        if not groups:
            raise SettingsError("the pattern of recording names has no named group", hint="write e.g. (?P<call_id>[^_.]+)")
        for group in groups:
            if group not in NAME_COLUMNS:
                raise SettingsError(
                    f"unknown group '{group}' in the pattern of recording names", hint=did_you_mean(group, NAME_COLUMNS)
                )
        self.columns = frozenset(groups)

    @property
    def is_dated(self) -> bool:
        """Whether names tell a time by which a call belongs to a day."""
        return not self.columns.isdisjoint(DATING_TIMES)

    def cells(self, path: str) -> dict[str, str] | None:
        """Column -> text as written in a name; None when the name does not follow the pattern."""
        match = self._pattern.search(path)
        return None if match is None else {column: text for column, text in match.groupdict().items() if text}

    def fields(self, path: str, format: RecordFormat, where: str) -> Fields:
        """The columns that a name tells; none when it does not follow the pattern.

        Raises
        ------
        TelephonyError
            A group holds what its column cannot.
        """
        cells = self.cells(path) or {}
        return read_fields(cells, format.naive_zone or format.local_zone, "unknown", f"{where}, name of the recording")

    def complete(self, record: Telephony, path: str, format: RecordFormat) -> Telephony:
        """A record, and from the name of its recording what it lacks; what the record says is kept.

        Raises
        ------
        TelephonyError
            A group holds what its column cannot, or the times contradict the record's.
        """
        where = f"call {record.call_id}"
        return make_record(fields_of(record).over(self.fields(path, format, where)), record.extra, where)

    def day(self, path: str, format: RecordFormat) -> date | None:
        """Business day that a name tells, or None."""
        cells = self.cells(path) or {}
        zone = format.naive_zone or format.local_zone
        days = (day_written(cells[column], zone, format.local_zone) for column in DATING_TIMES if column in cells)
        return next((day for day in days if day is not None), None)
