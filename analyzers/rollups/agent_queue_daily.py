"""KPIs of each agent in each queue and day: the finest groups of calls, that every other group of a day is made of.

Definition
----------
One row per agent, team and queue that had calls on the day, over all its calls, with or without a recording; `postcall.kpi`
defines the columns. The rows of an agent add up to `kpi_agent_daily`, those of a queue to `kpi_queue_daily`, all to
`kpi_daily`; ratios are then taken from the sums. Dashboards filter by queue, team and agent with it.

Edge cases
----------
Calls whose record names no agent, team or queue have '' there. An agent who changed teams within the day has a row for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.rollups import CALL_TABLES, calls_of
from postcall.fields import AgentId, QueueName, TeamName
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.rollup import Day, rollup
from postcall.tables import table


@dataclass(frozen=True, kw_only=True)
class _OfAgentInQueue:
    agent_id: AgentId
    team: TeamName
    queue: QueueName


@table("kpi_agent_queue_daily", grain="agent, team, queue and day", primary_key=("agent_id", "team", "queue"))
class KpiAgentQueueDaily(GroupKpis, _OfAgentInQueue):
    """KPIs of each agent in each queue on each day."""


@rollup(version=2, reads=CALL_TABLES)
def agent_queue_daily(day: Day, policy: KpiPolicy) -> Iterator[KpiAgentQueueDaily]:
    """A row for each agent, team and queue that had calls."""
    calls = calls_of(day)
    for kpis in group_kpis(calls, ("agent_id", "team", "queue"), policy):
        yield KpiAgentQueueDaily(**kpis)
