"""KPIs of each agent and day.

Definition
----------
One row per agent that had calls on the day, over all its calls, with or without a recording; `postcall.kpi` defines the
columns.

Edge cases
----------
Calls whose record names no agent, abandoned ones among them, are the row of agent '': the rows of a day add up to
`kpi_daily`. A call that was transferred counts for the agent its record names.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.rollups import CALL_TABLES, calls_of
from postcall.fields import OfAgent
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.rollup import Day, rollup
from postcall.tables import table


@table("kpi_agent_daily", grain="agent and day", primary_key=("agent_id",))
class KpiAgentDaily(GroupKpis, OfAgent):
    """KPIs of each agent on each day."""


@rollup(version=3, reads=CALL_TABLES)
def agent_daily(day: Day, policy: KpiPolicy) -> Iterator[KpiAgentDaily]:
    """A row for each agent that had calls."""
    calls = calls_of(day)
    for kpis in group_kpis(calls, "agent_id", policy):
        yield KpiAgentDaily(**kpis)
