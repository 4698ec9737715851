"""KPIs of each queue and day.

Definition
----------
One row per queue that had calls on the day, over all its calls, with or without a recording; `postcall.kpi` defines the
columns.

Edge cases
----------
Calls whose record names no queue are the row of queue '': the rows of a day add up to `kpi_daily`.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.rollups import CALL_TABLES, calls_of
from postcall.fields import OfQueue
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.rollup import Day, rollup
from postcall.tables import table


@table("kpi_queue_daily", grain="queue and day", primary_key=("queue",))
class KpiQueueDaily(GroupKpis, OfQueue):
    """KPIs of each queue on each day."""


@rollup(version=3, reads=CALL_TABLES)
def queue_daily(day: Day, policy: KpiPolicy) -> Iterator[KpiQueueDaily]:
    """A row for each queue that had calls."""
    calls = calls_of(day)
    for kpis in group_kpis(calls, "queue", policy):
        yield KpiQueueDaily(**kpis)
