"""The weekly KPI tables, out of the stored days of a week.

Conventions
-----------
A week's rows lie in the partition of its Monday. Rolling a week up again replaces them, so it may be done every night: the week
then has the days that there are.
"""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from analyzers.rollups import CALL_TABLES
from flows.equipment import policy_sections
from flows.settings import Settings
from postcall.analyzer import discover
from postcall.conduct.weeks import CONDUCT_WEEKLY_ROWS, week_of_conduct
from postcall.conduct.weeks import VERSION as CONDUCT_VERSION
from postcall.kpi import KpiPolicy, join_calls
from postcall.periods import VERSION, WEEKLY_ROWS, monday_of, weekly_rows
from postcall.policy import PolicySet, load_policy
from postcall.tables import Stamp, spec_of
from storage.artifacts import digest
from storage.tables import Tables

_MADE_BY = ("run_id", "made_by_version", "policy_digest")


def roll_up_week(tables: Tables, day: date, policies: PolicySet) -> int:
    """Write the weekly tables of the week that holds a day.

    Parameters
    ----------
    tables
        Of the store.
    day
        Any day of the week.
    policies
        Targets and thresholds in force.

    Returns
    -------
    Calls of the week; with 0 its rows of before are gone.

    Raises
    ------
    StorageError
        The store cannot be read or written.
    """
    first = monday_of(day)
    roll_up_conduct(tables, first, policies)
    frames = [_of_week(tables, spec_of(row).name, first) for row in CALL_TABLES]
    if frames[0].empty:
        _empty(tables, first, policies)
        return 0
    # The week is made by its days: the same days, policy and version give the same id.
    run_id = digest(sorted(set(frames[0]["run_id"])), policies.digest, VERSION)
    calls = join_calls(*(frame.drop(columns=list(_MADE_BY)) for frame in frames))
    rows = list(weekly_rows(calls, policies.section("kpi", KpiPolicy)))
    stamp = Stamp(first, run_id, VERSION, policies.digest)
    for row in WEEKLY_ROWS:
        spec = spec_of(row)
        tables.replace_day(spec, first, spec.to_arrow([one for one in rows if type(one) is row], stamp), run_id)
    return len(calls)


def roll_up_conduct(tables: Tables, day: date, policies: PolicySet) -> None:
    """Write the weekly tables of conduct of the week that holds a day; a store without the daily ones has none.

    Raises
    ------
    StorageError
        The store cannot be read or written.
    """
    first = monday_of(day)
    last, names = first + timedelta(days=6), set(tables.names())
    contact = spec_of(CALL_TABLES[0]).name
    called = set(tables.scan(contact, columns=["call_date"], first=first, last=last)["call_date"].to_pylist())
    for row, (daily, _) in CONDUCT_WEEKLY_ROWS.items():
        if daily not in names:
            continue
        spec, of_days = spec_of(row), tables.scan(daily, first=first, last=last).to_pylist()
        if not of_days and (spec.name not in names or not tables.read(spec.name, first).num_rows):
            continue
        # KPIs may be kept for longer than the calls that they were made of.
        centre_days = sorted(called | {one["call_date"] for one in of_days})
        made_of = sorted({one["run_id"] for one in of_days})
        run_id = digest(made_of, [one.isoformat() for one in centre_days], policies.digest, CONDUCT_VERSION)
        made = list(week_of_conduct(row, of_days, len(centre_days), policies.section("kpi", KpiPolicy)))
        stamp = Stamp(first, run_id, CONDUCT_VERSION, policies.digest)
        tables.replace_day(spec, first, spec.to_arrow(made, stamp), run_id)


def _empty(tables: Tables, first: date, policies: PolicySet) -> None:
    """A week whose calls are gone has no rows either."""
    run_id = digest([], policies.digest, VERSION)
    for spec in map(spec_of, WEEKLY_ROWS):
        if spec.name in tables.names() and tables.read(spec.name, first).num_rows:
            tables.replace_day(spec, first, spec.to_arrow([], Stamp(first, run_id, VERSION, policies.digest)), run_id)


def _of_week(tables: Tables, name: str, first: date) -> pd.DataFrame:
    rows = tables.scan(name, first=first, last=first + timedelta(days=6))
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    # Days of an older version may lack what calls are grouped by; as where the record names none, that is ''.
    keys = {by: "" for by in WEEKLY_ROWS.values() if by is not None and by in frame.columns}
    return frame.fillna(keys)


def roll_up_week_of(settings: Settings, day: date) -> int:
    """The same for a store and the policy of its settings; nothing for a store that has no calls.

    Raises
    ------
    PolicyError
        The policy is wrong.
    StorageError
        The store cannot be read or written.
    """
    tables = Tables(settings.store)
    if not set(tables.names()).issuperset(spec_of(row).name for row in CALL_TABLES):
        return 0
    return roll_up_week(tables, day, load_policy(settings.policy, policy_sections(discover())))
