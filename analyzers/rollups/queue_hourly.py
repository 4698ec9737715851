"""KPIs of each queue and hour, by the hour in which a call reached the centre.

Conventions
-----------
``hour_at`` is UTC. Hours of a time zone that differs from UTC by half an hour begin there at half past.

Definition
----------
One row per queue and hour with calls, over all its calls, with or without a recording; `postcall.kpi` defines the columns. The
rows of a queue add up to `kpi_queue_daily`. A call belongs wholly to the hour of its start, else of its offer, else of its
answer, as it does to a business day.

Edge cases
----------
Calls whose record names no queue have the queue ''. A call without any time in its record, dated by its file, has no hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import pandas as pd

from analyzers.rollups import CALL_TABLES, calls_of
from postcall.fields import QueueName
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.rollup import Day, rollup
from postcall.tables import Field, table

TIMES = ("started_at", "offered_at", "answered_at")


@dataclass(frozen=True, kw_only=True)
class _OfQueueAndHour:
    queue: QueueName
    hour_at: Annotated[
        datetime | None, Field("Start of the hour in which the calls came in, UTC; empty when their records lack times.")
    ]


@table("kpi_queue_hourly", grain="queue and hour", primary_key=("queue", "hour_at"))
class KpiQueueHourly(GroupKpis, _OfQueueAndHour):
    """KPIs of each queue in each hour."""


@rollup(version=2, reads=CALL_TABLES)
def queue_hourly(day: Day, policy: KpiPolicy) -> Iterator[KpiQueueHourly]:
    """A row for each queue and hour with calls."""
    calls = calls_of(day)
    reached = pd.to_datetime(calls[TIMES[0]], utc=True)
    for name in TIMES[1:]:
        reached = reached.fillna(pd.to_datetime(calls[name], utc=True))
    for kpis in group_kpis(calls.assign(hour_at=reached.dt.floor("h")), ("queue", "hour_at"), policy):
        yield KpiQueueHourly(**{**kpis, "hour_at": _plain(kpis["hour_at"])})


def _plain(hour: pd.Timestamp | None) -> datetime | None:
    return None if pd.isna(hour) else datetime.fromtimestamp(hour.timestamp(), UTC)
