"""A week is all its calls as one group, and a change needs more than two numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.kpi import KpiPolicy, group_kpis
from postcall.periods import (
    WEEKLY_ROWS,
    KpiAgentWeekly,
    KpiWeekly,
    change_of_median,
    change_of_share,
    monday_of,
    weekly_rows,
)
from postcall.tables import spec_of
from tests.postcall.test_kpi import calls_of

MONDAY = date(2026, 3, 2)


def week_of(*days: list[dict[str, Any]]) -> pd.DataFrame:
    """Calls of the days of a week, from Monday on."""
    rows = [row for calls in days for row in calls]
    dates = [MONDAY + timedelta(number) for number, calls in enumerate(days) for _ in calls]
    frame = calls_of(*rows)
    texts = {name: [row.get(name, "") for row in rows] for name in ("team", "queue")}
    arrow = {name: pd.array(values, dtype=pd.ArrowDtype(pa.string())) for name, values in texts.items()}
    return frame.assign(call_date=pd.array(dates, dtype=pd.ArrowDtype(pa.date32())), **arrow)


def call(**given: Any) -> dict[str, Any]:
    return {"agent_id": "a", "is_answered": True, "has_hold": False, **given}


@pytest.mark.parametrize("number", range(7))
def test_a_week_begins_on_monday(number: int) -> None:
    assert monday_of(MONDAY + timedelta(number)) == MONDAY


def test_a_week_is_the_sum_of_its_days_and_its_medians_are_of_its_calls() -> None:
    days = [
        [call(speed_of_answer_ms=1_000), call(speed_of_answer_ms=9_000, has_hold=True)],
        [],
        [call(speed_of_answer_ms=2_000)],
    ]
    calls = week_of(*days)
    rows = list(weekly_rows(calls, KpiPolicy()))
    (week,) = (row for row in rows if isinstance(row, KpiWeekly))
    assert (week.days, week.calls_handled, week.calls_without_hold, week.no_hold_share) == (2, 3, 2, pytest.approx(2 / 3))
    assert (week.speed_of_answer_ms, week.average_speed_of_answer_ms, week.median_speed_of_answer_ms) == (12_000, 4_000, 2_000)
    for row in WEEKLY_ROWS:
        spec = spec_of(row)
        sums = [column.name for column in spec.columns if column.kind is int and column.field.additive]
        mine = [one for one in rows if type(one) is row]
        for name in sums:
            by_day = [kpis[name] for _, of_day in calls.groupby("call_date") for kpis in group_kpis(of_day, None, KpiPolicy())]
            known = [value for value in by_day if value is not None]
            assert sum(getattr(one, name) or 0 for one in mine) == sum(known), (spec.name, name)


def test_a_week_counts_handling_time_where_a_day_knows_of_after_call_work() -> None:
    worked = call(call_duration_ms=60_000, after_call_work_ms=20_000, handling_ms=80_000)
    none = call(call_duration_ms=30_000, after_call_work_ms=0, handling_ms=30_000)
    unknown = call(call_duration_ms=90_000)
    rows = list(weekly_rows(week_of([worked, unknown], [unknown, unknown], [none]), KpiPolicy()))
    (week,) = (row for row in rows if isinstance(row, KpiWeekly))
    assert (week.days, week.calls_duration_known, week.average_call_duration_ms) == (3, 5, 72_000)
    assert (week.calls_after_call_work_known, week.after_call_work_ms, week.average_after_call_work_ms) == (2, 20_000, 10_000)
    assert (week.calls_handling_known, week.handling_ms, week.average_handling_ms) == (2, 110_000, 55_000)


def test_agents_have_a_row_each() -> None:
    rows = list(weekly_rows(week_of([call(), call(agent_id="b")], [call(agent_id="b")]), KpiPolicy()))
    found = [(row.agent_id, row.calls_handled, row.days) for row in rows if isinstance(row, KpiAgentWeekly)]
    assert found == [("a", 1, 2), ("b", 2, 2)]


@given(st.integers(0, 500), st.integers(0, 500), st.data())
def test_a_share_changed_when_the_interval_leaves_nought_out(whole: int, before: int, data: st.DataObject) -> None:
    part, earlier = data.draw(st.integers(0, whole)), data.draw(st.integers(0, before))
    change = change_of_share(part, whole, earlier, before, minimum_n=30)
    if min(whole, before) < 30:
        assert change.verdict == "too few calls"
    else:
        assert change.low is not None
        assert change.high is not None
        assert (change.verdict == "changed") == (change.low > 0 or change.high < 0)
        assert change.difference == pytest.approx(part / whole - earlier / before)


def test_a_group_without_calls_before_has_no_change() -> None:
    change = change_of_share(3, 4, 0, 0, minimum_n=1)
    assert (change.now, change.before, change.difference, change.p_value, change.verdict) == (
        0.75,
        None,
        None,
        None,
        "too few calls",
    )


def test_a_median_changes_or_not() -> None:
    random = np.random.default_rng(3)
    slow, fast = random.gamma(4, 100, 400), random.gamma(4, 60, 400)
    changed = change_of_median(slow, fast, minimum_n=30)
    assert changed.verdict == "changed"
    assert changed.p_value is not None
    assert changed.p_value < 1e-6
    same = change_of_median(slow[:200], slow[200:], minimum_n=30)
    assert same.verdict == "no clear change"
    assert change_of_median(slow[:20], fast, minimum_n=30).verdict == "too few calls"
    assert change_of_median(np.empty(0), fast, minimum_n=30).now is None
