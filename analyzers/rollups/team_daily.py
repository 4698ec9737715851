"""KPIs of each team and day.

Definition
----------
One row per team that had calls on the day, over all its calls, with or without a recording; `postcall.kpi` defines the
columns.

Edge cases
----------
Calls whose record names no team are the row of team '': the rows of a day add up to `kpi_daily`.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.rollups import CALL_TABLES, calls_of
from postcall.fields import OfTeam
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.rollup import Day, rollup
from postcall.tables import table


@table("kpi_team_daily", grain="team and day", primary_key=("team",))
class KpiTeamDaily(GroupKpis, OfTeam):
    """KPIs of each team on each day."""


@rollup(version=3, reads=CALL_TABLES)
def team_daily(day: Day, policy: KpiPolicy) -> Iterator[KpiTeamDaily]:
    """A row for each team that had calls."""
    calls = calls_of(day)
    for kpis in group_kpis(calls, "team", policy):
        yield KpiTeamDaily(**kpis)
