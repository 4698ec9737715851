"""KPIs of each day.

Definition
----------
One row per day, over all its calls, with or without a recording; `postcall.kpi` defines the columns.

Edge cases
----------
A day without calls has no row.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.rollups import CALL_TABLES, calls_of
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.rollup import Day, rollup
from postcall.tables import table


@table("kpi_daily", grain="day", primary_key=())
class KpiDaily(GroupKpis):
    """KPIs of the whole centre on each day."""


@rollup(version=3, reads=CALL_TABLES)
def daily(day: Day, policy: KpiPolicy) -> Iterator[KpiDaily]:
    """The row of the day; none for a day without calls."""
    calls = calls_of(day)
    for kpis in group_kpis(calls, None, policy):
        yield KpiDaily(**kpis)
