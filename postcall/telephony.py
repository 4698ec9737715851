"""The call record: what the telephony knows about a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Who somebody is in the call; a speaker *label* is only what an engine or a channel said."""

    AGENT = "agent"
    CUSTOMER = "customer"
    IVR = "ivr"
    UNKNOWN = "unknown"

    @property
    def other(self) -> Role:
        """The other party of agent and customer."""
        return {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}.get(self, Role.UNKNOWN)


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class RecordedHold:
    """A hold as the telephony recorded it, in UTC."""

    started_at: datetime
    ended_at: datetime

    @property
    def duration_ms(self) -> int:
        """Length in ms."""
        return milliseconds_between(self.started_at, self.ended_at)


@dataclass(frozen=True, slots=True)
class Telephony:
    """The call record: what the telephony knows about a call. None always means *not known*.

    Attributes
    ----------
    call_id
        Unique over all time.
    recording
        Path of the recording relative to the recordings folder, or None.
    started_at, offered_at, answered_at, ended_at
        UTC. Started: the call reached the centre; offered: it rang at the agent; answered: the agent picked up.
        ``answered_at`` is None for an abandoned call.
    recording_started_at
        UTC of the recording's first sample, where the recorder tells.
    holds
        Empty when the telephony saw none, None when it does not say.
    after_call_work_ms
        How long the agent went on working on the call after it had ended; 0 when the telephony says that there was none.
    channel_map
        Role of each channel, or None.
    time_zone
        IANA name of the centre's zone, in which people count days and hours when they talk; None for UTC.
    extra
        Columns of the call-record file that the schema does not know, as text.
    """

    call_id: str
    recording: str | None = field(default=None, repr=False)
    started_at: datetime | None = None
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    recording_started_at: datetime | None = None
    direction: Direction | None = None
    queue: str | None = None
    agent_id: str | None = None
    agent_name: str | None = field(default=None, repr=False)
    agent_grade: str | None = None
    team: str | None = None
    customer_key: str | None = field(default=None, repr=False)
    holds: tuple[RecordedHold, ...] | None = None
    transfers: int | None = None
    after_call_work_ms: int | None = None
    disconnected_by: Role | None = None
    channel_map: tuple[Role, ...] | None = None
    language: str | None = None
    time_zone: str | None = field(default=None, compare=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


def milliseconds_between(earlier: datetime, later: datetime) -> int:
    """Whole ms from one instant to another; negative when ``later`` is earlier."""
    delta = later - earlier
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000
