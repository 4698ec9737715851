"""The ledger of promised call-backs: promises of stored days joined with the calls of those and of later days.

Conventions
-----------
What became of a promise lies in the partition of the day on which it was given. A night writes that partition for its own day,
and for every earlier day of whose promises its calls can still change one: a promise of Monday fulfilled on Wednesday is
kept from Wednesday's night on. Weeks of which a day was written are counted anew. The rows follow from the stored tables and
the policy alone: a night that is run again, in whatever order, leaves the same rows.

Edge cases
----------
The known calls end with the newest night of the store, so that an old night that is run again is told of what came after it.
After nights that were left out, the next night also follows up what fell due in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from analyzers.callback_promise import EventCallbackPromise
from analyzers.contact import CallContact
from flows.equipment import Equipment, policy_sections
from flows.failures import Failure, where_raised
from flows.findings import Findings
from flows.settings import Settings
from postcall.analyzer import discover
from postcall.callback_tables import KpiCallback, KpiCallbackDaily, KpiCallbackWeekly
from postcall.callbacks import (
    VERSION,
    CallbackPolicy,
    Contact,
    Known,
    Promise,
    begins_at,
    by_day,
    by_week,
    follow_up,
    same_customer,
    settled_at,
)
from postcall.errors import StorageError, TableError
from postcall.kpi import KpiPolicy
from postcall.periods import monday_of
from postcall.policy import PolicySet, load_policy
from postcall.tables import Stamp, spec_of
from postcall.telephony import Direction
from storage.artifacts import digest
from storage.runs import RunNight
from storage.tables import Tables

PROMISES, CALLS, NIGHTS = (spec_of(row).name for row in (EventCallbackPromise, CallContact, RunNight))
_OF_CALL = (
    "call_id call_date started_at offered_at answered_at ended_at is_answered direction customer_key agent_id team queue"
).split()


def follow_up_callbacks(tables: Tables, day: date, policies: PolicySet, zone: ZoneInfo) -> int:
    """Write the tables of call-backs for a day, for the earlier days whose promises it can change, and for their weeks.

    Parameters
    ----------
    tables
        Of the store, the day's calls and promises written already.
    day
        Business day.
    policies
        When a promise is kept; how many a verdict needs.
    zone
        The centre's.

    Returns
    -------
    Promises followed up.

    Raises
    ------
    StorageError
        The store cannot be read or written.
    """
    if not {PROMISES, CALLS} <= set(tables.names()):
        return 0
    policy = policies.section(CallbackPolicy.SECTION or "", CallbackPolicy)
    nights = _nights(tables) | {day}
    days = _days_to_write(tables, day, nights, zone, policy)
    promises = _promises(tables, days)
    known = _known(tables, days, nights, zone, promises)
    run_ids = _run_ids(tables, days)
    minimum_n = policies.section("kpi", KpiPolicy).minimum_calls
    for of_day in days:
        rows = list(follow_up(promises[of_day], known, policy))
        last = _last_day(promises[of_day], of_day, zone, policy)
        made_of = sorted(run_id for one, ids in run_ids.items() if of_day <= one <= last for run_id in ids)
        told = sorted(one.isoformat() for one in nights if of_day <= one <= last)
        run_id = digest(of_day.isoformat(), made_of, told, policies.digest, VERSION, zone.key)
        stamp = Stamp(of_day, run_id, VERSION, policies.digest)
        made: list[Any] = [*rows, *by_day(rows, policy, minimum_n=minimum_n)]
        for row in (KpiCallback, KpiCallbackDaily):
            spec = spec_of(row)
            tables.replace_day(spec, of_day, spec.to_arrow([one for one in made if type(one) is row], stamp), run_id)
    for monday in sorted({monday_of(of_day) for of_day in days}):
        _write_week(tables, monday, policies, policy, minimum_n)
    return sum(map(len, promises.values()))


def _write_week(tables: Tables, monday: date, policies: PolicySet, policy: CallbackPolicy, minimum_n: int) -> None:
    """Count the promises of the stored days of a week."""
    sunday = monday + timedelta(days=6)
    stored = tables.scan(spec_of(KpiCallback).name, first=monday, last=sunday).to_pylist()
    # A store of an older version may lack a column.
    rows = [KpiCallback(**{column.name: row.get(column.name) for column in fields(KpiCallback)}) for row in stored]
    called = tables.scan(CALLS, columns=["call_date"], first=monday, last=sunday)["call_date"].to_pylist()
    centre_days = sorted({*called, *(row["call_date"] for row in stored)})
    made_of = sorted({row["run_id"] for row in stored})
    run_id = digest(monday.isoformat(), made_of, [one.isoformat() for one in centre_days], policies.digest, VERSION)
    spec, stamp = spec_of(KpiCallbackWeekly), Stamp(monday, run_id, VERSION, policies.digest)
    made = list(by_week(rows, policy, days=len(centre_days), minimum_n=minimum_n))
    tables.replace_day(spec, monday, spec.to_arrow(made, stamp), run_id)


def write_callbacks(tables: Tables, day: date, findings: Findings, equipment: Equipment, time_zone: str) -> None:
    """Follow up the call-backs of a night; a defect costs their tables, not the night.

    Raises
    ------
    StorageError
        The store gave up.
    """
    try:
        follow_up_callbacks(tables, day, equipment.policies, ZoneInfo(time_zone))
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001  # see above
        what = f"the tables of call-backs were left out: {where_raised(error)}"
        findings.failures.append(Failure("table", TableError(what), analyzer="callbacks"))


def follow_up_callbacks_of(settings: Settings, day: date) -> int:
    """The same for a store, the policy and the zone of its settings.

    Raises
    ------
    PolicyError
        The policy is wrong.
    StorageError
        The store cannot be read or written.
    """
    policies = load_policy(settings.policy, policy_sections(discover()))
    return follow_up_callbacks(Tables(settings.store), day, policies, ZoneInfo(settings.records.time_zone))


def _nights(tables: Tables) -> set[date]:
    """Business days that were run."""
    if NIGHTS not in tables.names():
        return set()
    return set(tables.scan(NIGHTS, columns=["call_date"])["call_date"].to_pylist())


def _days_to_write(tables: Tables, day: date, nights: set[date], zone: ZoneInfo, policy: CallbackPolicy) -> list[date]:
    """The day, and earlier ones of which a promise was not settled when the night before the day ended."""
    told = [night for night in nights if night < day]
    known_until = begins_at(max(told) + timedelta(days=1), zone) if told else None
    found = {day}
    stored = tables.scan(PROMISES, columns=["call_date", "due_by_at"], last=day)
    for row in stored.to_pylist():
        due_by = row["due_by_at"]
        if known_until is None or (due_by is not None and settled_at(due_by, policy) >= known_until):
            found.add(row["call_date"])
    return sorted(found)


def _last_day(promises: Sequence[Promise], day: date, zone: ZoneInfo, policy: CallbackPolicy) -> date:
    """The last day whose calls can change what became of a day's promises."""
    due = [settled_at(one.due_by_at, policy).astimezone(zone).date() for one in promises if one.due_by_at is not None]
    return max([day, *due])


def _promises(tables: Tables, days: Sequence[date]) -> dict[date, list[Promise]]:
    stored = tables.scan(PROMISES, only=pc.field("call_date").isin(pa.array(days, pa.date32())))
    ids = stored["call_id"].unique()
    calls = tables.scan(CALLS, columns=_OF_CALL, first=days[0], last=days[-1], only=pc.field("call_id").isin(ids))
    call_of = {(row["call_date"], row["call_id"]): row for row in calls.to_pylist()}
    promises: dict[date, list[Promise]] = {day: [] for day in days}
    for row in sorted(stored.to_pylist(), key=lambda row: str(row["call_id"])):
        call = call_of.get((row["call_date"], row["call_id"]), {})
        promises[row["call_date"]].append(
            Promise(
                call_id=row["call_id"],
                agent_id=row["agent_id"],
                team=call.get("team") or "",
                queue=call.get("queue") or "",
                customer_key=row["customer_key"],
                day=row["call_date"],
                promised_at=row["promised_at"],
                due_from_at=row["due_from_at"],
                due_by_at=row["due_by_at"],
                ended_at=call.get("ended_at"),
                has_promised_time=row["has_promised_time"],
            )
        )
    return promises


def _known(
    tables: Tables, days: Sequence[date], nights: set[date], zone: ZoneInfo, promises: dict[date, list[Promise]]
) -> Known:
    """Calls of the customers to whom something was promised, from the first of the days to the newest night."""
    customers = {one.customer_key for of_day in promises.values() for one in of_day if one.customer_key is not None}
    wanted = {same_customer(key) for key in customers}
    is_wanted = (pc.field("direction") == Direction.OUTBOUND.value) | pc.field("customer_key").isin(
        pa.array(sorted(customers), pa.string())
    )
    until = max(nights)
    calls = tables.scan(CALLS, columns=_OF_CALL, first=days[0], last=until, only=is_wanted)
    contacts: dict[str, list[Contact]] = defaultdict(list)
    outbound_days = set()
    for row in calls.to_pylist():
        is_outbound = row["direction"] == Direction.OUTBOUND.value
        if is_outbound:
            outbound_days.add(row["call_date"])
        at = row["started_at"] or row["offered_at"] or row["answered_at"]
        key = same_customer(row["customer_key"]) if row["customer_key"] is not None else None
        if key in wanted and key is not None and at is not None and row["direction"] != Direction.INTERNAL.value:
            contacts[key].append(Contact(at, row["call_id"], is_outbound, row["is_answered"]))
    ordered = {key: sorted(found) for key, found in contacts.items()}
    return Known(ordered, outbound_days, nights, begins_at(until + timedelta(days=1), zone), zone)


def _run_ids(tables: Tables, days: Sequence[date]) -> dict[date, set[str]]:
    """Business day -> ids of the runs that made its calls."""
    found: dict[date, set[str]] = defaultdict(set)
    stored = tables.scan(CALLS, columns=["call_date", "run_id"], first=days[0]).group_by(["call_date", "run_id"]).aggregate([])
    for row in stored.to_pylist():
        found[row["call_date"]].add(row["run_id"])
    return found
