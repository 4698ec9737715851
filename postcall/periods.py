"""KPIs of calendar weeks, and how one period differs from the one before it. Pure.

Conventions
-----------
A week begins on Monday; its rows lie in the partition of that Monday.

Definition
----------
A week's KPIs are those of all its calls as one group, by the same arithmetic as a day's (`postcall.kpi`): sums and counts are
the days' summed, ratios are taken from the sums, and medians, which do not add up, come from the calls themselves.

A period is compared with the one of the same length before it: a share by the difference of proportions with Newcombe's
interval, an amount per call by the difference of medians with Bonett's and Price's; `postcall.statistics` has both. A group
with fewer calls than ``kpi.minimum_calls`` in either period has its difference, but no verdict.

Edge cases
----------
A week of which not every day was run yet has the days there are; ``days`` tells how many have calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from postcall.fields import OfAgent, OfQueue, OfTeam, OfWeek
from postcall.kpi import KpiPolicy, group_kpis
from postcall.kpi_columns import GroupKpis
from postcall.statistics import mann_whitney_p, median_difference, newcombe, two_proportions_p
from postcall.tables import table

VERSION = 2
"""Of the weekly tables; rises whenever their rows may change."""


@table("kpi_weekly", grain="week", primary_key=())
class KpiWeekly(GroupKpis, OfWeek):
    """KPIs of the whole centre in each week."""


@table("kpi_agent_weekly", grain="agent and week", primary_key=("agent_id",))
class KpiAgentWeekly(GroupKpis, OfWeek, OfAgent):
    """KPIs of each agent in each week."""


@table("kpi_team_weekly", grain="team and week", primary_key=("team",))
class KpiTeamWeekly(GroupKpis, OfWeek, OfTeam):
    """KPIs of each team in each week."""


@table("kpi_queue_weekly", grain="queue and week", primary_key=("queue",))
class KpiQueueWeekly(GroupKpis, OfWeek, OfQueue):
    """KPIs of each queue in each week."""


WEEKLY_ROWS: dict[type, str | None] = {
    KpiWeekly: None,
    KpiAgentWeekly: "agent_id",
    KpiTeamWeekly: "team",
    KpiQueueWeekly: "queue",
}
"""Row class of each weekly table -> the column that it groups calls by."""


def monday_of(day: date) -> date:
    """First day of the week."""
    return day - timedelta(days=day.weekday())


def weekly_rows(calls: pd.DataFrame, policy: KpiPolicy) -> Iterator[Any]:
    """Rows of every weekly table.

    Parameters
    ----------
    calls
        All calls of one week, of `postcall.kpi.join_calls`, with their ``call_date``.
    policy
        Targets and thresholds.
    """
    days = int(calls["call_date"].nunique())
    for row, by in WEEKLY_ROWS.items():
        for kpis in group_kpis(calls, by, policy):
            yield row(days=days, **kpis)


@dataclass(frozen=True, slots=True)
class Change:
    """How a measure differs between two periods, now minus before.

    Attributes
    ----------
    now, before
        The measure in each; None where it is not known.
    n, before_n
        Calls that it is of.
    difference, low, high
        With its 95 % interval; None where it cannot be told.
    p_value
        Of the test that there is no difference.
    verdict
        ``changed``, ``no clear change``, or ``too few calls``.
    """

    now: float | None
    before: float | None
    n: int
    before_n: int
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    verdict: str


def change_of_share(part: int, whole: int, before_part: int, before_whole: int, *, minimum_n: int) -> Change:
    """How a share of calls changed; parts and wholes are counts of calls."""
    interval = newcombe(part, whole, before_part, before_whole)
    now = part / whole if whole else None
    before = before_part / before_whole if before_whole else None
    low, high = interval or (None, None)
    return Change(
        now=now,
        before=before,
        n=whole,
        before_n=before_whole,
        difference=None if now is None or before is None else now - before,
        low=low,
        high=high,
        p_value=two_proportions_p(part, whole, before_part, before_whole),
        verdict=_verdict(low, high, min(whole, before_whole), minimum_n),
    )


def change_of_median(values: NDArray[Any], before: NDArray[Any], *, minimum_n: int) -> Change:
    """How the median of an amount per call changed; the arrays hold the known values of both periods."""
    found = median_difference(values, before)
    difference, low, high = found or (None, None, None)
    return Change(
        now=float(np.median(values)) if len(values) else None,
        before=float(np.median(before)) if len(before) else None,
        n=len(values),
        before_n=len(before),
        difference=difference,
        low=low,
        high=high,
        p_value=mann_whitney_p(values, before),
        verdict=_verdict(low, high, min(len(values), len(before)), minimum_n),
    )


def scaled(change: Change, step: float) -> Change:
    """The same change of values that were counted in steps."""

    def times(value: float | None) -> float | None:
        return None if value is None else value * step

    return replace(
        change,
        now=times(change.now),
        before=times(change.before),
        difference=times(change.difference),
        low=times(change.low),
        high=times(change.high),
    )


def _verdict(low: float | None, high: float | None, n: int, minimum_n: int) -> str:
    if low is None or high is None or n < minimum_n:
        return "too few calls"
    return "changed" if low > 0 or high < 0 else "no clear change"
