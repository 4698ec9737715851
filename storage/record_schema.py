"""The one schema of call records: its columns, the codes of what can be wrong, and how a centre's file maps onto it.

Conventions
-----------
A mapping is data: names of columns, words, forms of times, lengths to add. It has no expressions, so that a settings file
can run nothing.

Definition
----------
`COLUMNS` is what docs/call-records.md explains to analysts and what `storage.record_fields` reads; `CODES` is every reason for
which a row or a file is refused. A test holds the page to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from postcall.nearest import did_you_mean
from storage.times import is_time_form

COLUMNS: dict[str, tuple[str, ...]] = {
    "call_id": (),
    "recording": (),
    "started_at": ("started",),
    "offered_at": ("offered",),
    "answered_at": ("answered",),
    "ended_at": ("ended",),
    "recording_started_at": ("recording_started",),
    "direction": (),
    "queue": (),
    "agent_id": (),
    "agent_name": (),
    "agent_grade": (),
    "team": (),
    "customer_key": (),
    "holds": (),
    "transfers": (),
    "after_call_work": ("acw", "acw_time", "after_call_work_time", "after_contact_work", "wrap_up_time", "wrapup_time"),
    "disconnected_by": (),
    "channel_map": (),
    "language": (),
}
"""Column -> its other accepted names. ``wrapup`` alone is none of them: exports have codes, not times, under that name."""

CALL_TIMES = ("started_at", "offered_at", "answered_at", "ended_at")
"""The times of a call, in the order in which they must lie."""

DATING_TIMES = CALL_TIMES[:3]
"""The times that can tell to which day a call belongs, best first."""

TIMES = (*CALL_TIMES, "recording_started_at")
"""Every column that is one time."""

TABLE = "table"
"""The source that is a table with a line for each call; every other one is an adapter."""

TEXT_COLUMNS = ("recording", "queue", "agent_id", "agent_name", "agent_grade", "team", "customer_key")
"""Columns kept as they are written."""

CODES: dict[str, str] = {
    "no_call_id": "The row has no call_id.",
    "bad_call_id": "The call_id holds control or invisible characters, is longer than 256, or is a JSON fraction.",
    "duplicate_call_id": "Several different rows have the same call_id; none of them is used.",
    "no_time": "None of started_at, offered_at, answered_at is there, so the call belongs to no day.",
    "bad_time": "A time that cannot be read.",
    "no_time_zone": "A time without zone, and the setting naive_times_in is not given.",
    "impossible_time": "A local time that the spring clock change skips.",
    "impossible_times": "Times in the wrong order, a hold outside the call, a call longer than 24 h, a date before 1990, after "
    "2099 or more than a year after all the other calls.",
    "bad_holds": "The holds cannot be read.",
    "unknown_direction": "A direction other than inbound, outbound, internal.",
    "unknown_party": "Another party in disconnected_by than agent, customer, ivr, unknown.",
    "bad_channel_map": "The channel map cannot be read or names an unknown party.",
    "bad_number": "The number of transfers is not a whole number from 0 to 1000.",
    "bad_duration": "After-call work, or a length of time that the setting durations adds to a time, is neither seconds nor "
    "H:MM:SS, is negative, or is after-call work of more than 24 h.",
    "bad_language": "The language is not an ISO 639 code such as ru or zh-CN.",
    "bad_text": "A cell holds NUL or other control characters, bytes of another encoding, or a JSON value that is not text.",
    "cell_too_long": "A cell of more than 65536 characters.",
    "ragged_row": "The row has more or fewer cells than the header.",
    "broken_row": "The line is not a JSON object, or a quote is opened and not closed.",
    "strange_record": "A record of a telephone system that lacks what every such record has.",
    "unmatched_name": "There are no call records, and the recording's name does not follow the setting's pattern.",
    "empty_file": "The whole file: nothing in it.",
    "not_a_table": "The whole file: neither CSV nor JSON Lines.",
}
"""Code of a `TelephonyError` -> what is wrong."""


def plain_name(column: str) -> str:
    """Column name for comparing: lower case, blanks and hyphens as underscores."""
    return re.sub(r"[\s-]+", "_", column.strip().casefold())


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises
    ------
    ValueError
        There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone; write it like Europe/Moscow or Asia/Shanghai") from error


class RecordFormat(BaseModel):
    """How to read the call records of this centre."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str = Field(description="The centre's zone (IANA), e.g. Europe/Moscow. Decides to which day a call belongs.")
    naive_times_in: str | None = Field(
        None, description="Zone of times that are written without one. Without it such a row is refused."
    )
    empty_holds: Literal["unknown", "none"] = Field(
        "unknown", description="What an empty `holds` cell means: it is not known whether there was a hold, or there was none."
    )
    source: str = Field(
        TABLE,
        description="What wrote the file: table (CSV or JSON Lines, a line for each call), asterisk, freeswitch, "
        "amazon-connect, genesys-cloud, or an installed plug-in.",
    )
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the source, where it is no table.")
    columns: dict[str, str] = Field(default_factory=dict, description="Names of columns: theirs -> ours.")
    joined: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Our column -> columns of theirs whose cells make it, joined by a blank, e.g. a date and a time.",
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Our column -> their word -> ours; an empty word of ours means that nothing is known."
    )
    durations: dict[str, tuple[str, str]] = Field(
        default_factory=dict,
        description="Our time -> another time of ours, and their column with what lies between, in seconds or as H:MM:SS.",
    )
    time_format: str | None = Field(
        None,
        description="Form of the times, e.g. %m/%d/%Y %I:%M:%S %p, where it is none of the usual ones. Then no other is read.",
    )

    @field_validator("time_zone", "naive_times_in")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return name if name is None else zone_of(name).key

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        _refuse_unknown(columns.values())
        if len(set(columns.values())) < len(columns):
            raise ValueError("two columns are mapped to the same one of ours")
        return columns

    @field_validator("joined", "values", "durations")
    @classmethod
    def _columns_of_ours(cls, by_column: dict[str, Any]) -> dict[str, Any]:
        _refuse_unknown(by_column)
        return by_column

    @field_validator("durations")
    @classmethod
    def _times_of_ours(cls, durations: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
        for made, (base, _) in durations.items():
            for column in (made, base):
                if column not in CALL_TIMES:
                    raise ValueError(f"'{column}' is no time of a call; {did_you_mean(column, CALL_TIMES)}")
            if base in durations and list(durations).index(base) > list(durations).index(made):
                raise ValueError(f"{made} starts from {base}, which must be written before it")
        return durations

    @field_validator("time_format")
    @classmethod
    def _a_time_form(cls, form: str | None) -> str | None:
        if form is not None and not is_time_form(form):
            raise ValueError("must tell day, month, year, hour and minute, like %m/%d/%Y %I:%M %p")
        return form

    @property
    def is_table(self) -> bool:
        """Whether the file is a table, and no adapter reads it."""
        return self.source == TABLE

    @property
    def local_zone(self) -> ZoneInfo:
        """The centre's zone."""
        return ZoneInfo(self.time_zone)

    @property
    def naive_zone(self) -> ZoneInfo | None:
        """Zone of times without one in call records, or None."""
        return None if self.naive_times_in is None else ZoneInfo(self.naive_times_in)

    @property
    def known_names(self) -> dict[str, str]:
        """Every accepted plain column name -> ours; the mapping of the settings wins over the aliases."""
        own = {alias: ours for ours, aliases in COLUMNS.items() for alias in (ours, *aliases)}
        return own | {plain_name(theirs): ours for theirs, ours in self.columns.items()}


def _refuse_unknown(columns: Iterable[str]) -> None:
    for ours in columns:
        if ours not in COLUMNS:
            raise ValueError(f"unknown column '{ours}'; {did_you_mean(ours, COLUMNS)}")
