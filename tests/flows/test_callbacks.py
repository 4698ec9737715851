"""The ledger of call-backs over several nights: what later calls change, and that a night run again leaves the same rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analyzers.callback_promise import EventCallbackPromise
from analyzers.contact import CallContact, contact
from flows.callbacks import follow_up_callbacks
from flows.equipment import policy_sections
from flows.night import NightReport
from postcall.analyzer import discover
from postcall.call import Call
from postcall.policy import PolicySet, load_policy
from postcall.tables import Stamp, spec_of
from postcall.telephony import Direction, Telephony
from storage.runs import RunNight
from storage.tables import Tables

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, 2) + timedelta(days=n) for n in range(3))
CUSTOMER = "+7 916 1234567"


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return load_policy(None, policy_sections(discover()))


def call(
    call_id: str, day: date, hour: float, direction: Direction, key: str = CUSTOMER, *, is_answered: bool = True
) -> CallContact:
    at = (datetime(day.year, day.month, day.day, tzinfo=MOSCOW) + timedelta(hours=hour)).astimezone(UTC)
    record = Telephony(
        call_id,
        started_at=at,
        answered_at=at if is_answered else None,
        ended_at=at + timedelta(minutes=5),
        direction=direction,
        queue="sales",
        agent_id="a-1",
        customer_key=key,
    )
    (row,) = contact(Call(record))
    return row


def promise(of: CallContact, due_by: datetime | None) -> EventCallbackPromise:
    return EventCallbackPromise(
        call_id=of.call_id,
        agent_id=of.agent_id,
        customer_key=of.customer_key,
        start_ms=60_000,
        end_ms=61_000,
        first_word=3,
        last_word=4,
        time_first_word=None,
        time_last_word=None,
        times_said=1,
        has_promised_time=True,
        promised_at=of.started_at,
        due_from_at=of.started_at,
        due_by_at=due_by,
        not_measurable=None,
    )


def local(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=MOSCOW).astimezone(UTC)


def night(
    tables: Tables, day: date, calls: list[CallContact], promises: list[EventCallbackPromise], policies: PolicySet
) -> None:
    """What a night stores, then the ledger, then the row that says the night is whole."""
    stamp = Stamp(day, f"run of {day}", 1, policies.digest)
    rows: list[tuple[type, list[Any]]] = [(CallContact, calls), (EventCallbackPromise, promises)]
    for row, found in rows:
        tables.replace_day(spec_of(row), day, spec_of(row).to_arrow(found, stamp), stamp.run_id)
    follow_up_callbacks(tables, day, policies, MOSCOW)
    ran = RunNight(
        night=day.isoformat(),
        started_at=local(day, 23),
        finished_at=local(day, 23),
        time_zone="Europe/Moscow",
        calls=len(calls),
        recordings=0,
        transcripts=0,
        quarantined=0,
        transcriber="none",
        policy_name="default",
        policy_json="{}",
        versions_json="{}",
        inputs_digest="0",
    )
    tables.replace_day(spec_of(RunNight), day, spec_of(RunNight).to_arrow([ran], stamp), stamp.run_id)


def ledger(tables: Tables) -> dict[str, dict[str, Any]]:
    return {row["call_id"]: row for row in tables.read("kpi_callback").to_pylist()}


def rows_of(tables: Tables) -> dict[str, list[dict[str, Any]]]:
    return {
        name: sorted(tables.read(name).to_pylist(), key=lambda row: (row["call_date"], row.get("call_id") or ""))
        for name in ("kpi_callback", "kpi_callback_daily", "kpi_callback_weekly")
    }


@pytest.fixture
def three_nights(tmp_path: Path, policies: PolicySet) -> Tables:
    tables = Tables(tmp_path)
    asked = call("in-1", MONDAY, 10, Direction.INBOUND)
    other = call("in-2", MONDAY, 11, Direction.INBOUND, "+7 903 5550000")
    busy = call("out-1", MONDAY, 12, Direction.OUTBOUND, "+7 900 0000000")
    night(
        tables,
        MONDAY,
        [asked, other, busy],
        [promise(asked, local(TUESDAY, 13)), promise(other, local(MONDAY, 15))],
        policies,
    )
    assert {key: row["callback_state"] for key, row in ledger(tables).items()} == {"in-1": "open", "in-2": "not_kept"}
    night(tables, TUESDAY, [call("out-2", TUESDAY, 12, Direction.OUTBOUND, "8 916 1234567", is_answered=False)], [], policies)
    assert ledger(tables)["in-1"]["callback_call_id"] == "out-2"
    night(tables, WEDNESDAY, [call("out-3", WEDNESDAY, 9, Direction.OUTBOUND, "8 903 5550000")], [], policies)
    return tables


def test_a_promise_of_an_earlier_day_is_kept_when_its_call_comes(three_nights: Tables) -> None:
    rows = ledger(three_nights)
    kept, late = rows["in-1"], rows["in-2"]
    assert (kept["call_date"], kept["callback_state"], kept["is_callback_answered"]) == (MONDAY, "kept", False)
    assert (late["call_date"], late["callback_state"], late["callback_call_id"]) == (MONDAY, "late", "out-3")
    assert late["late_ms"] == 42 * 3_600_000  # from Monday 15:00 to Wednesday 9:00
    (daily,) = three_nights.read("kpi_callback_daily").to_pylist()
    assert (daily["call_date"], daily["promises"], daily["promises_kept"], daily["promises_late"]) == (MONDAY, 2, 1, 1)
    assert (daily["kept_share"], daily["kept_verdict"]) == (0.5, "too few calls")


def test_a_week_has_the_promises_of_its_days(three_nights: Tables, policies: PolicySet) -> None:
    (week,) = three_nights.read("kpi_callback_weekly").to_pylist()
    assert (week["call_date"], week["days"], week["agent_id"], week["queue"]) == (MONDAY, 3, "a-1", "sales")
    assert (week["promises"], week["promises_kept"], week["promises_late"], week["kept_share"]) == (2, 1, 1, 0.5)
    assert week["median_late_ms"] == 42 * 3_600_000
    thursday = MONDAY + timedelta(days=3)
    asked = call("in-4", thursday, 10, Direction.INBOUND)
    night(three_nights, thursday, [asked], [promise(asked, local(MONDAY + timedelta(days=7), 13))], policies)
    (week,) = three_nights.read("kpi_callback_weekly").to_pylist()
    assert (week["days"], week["promises"], week["promises_open"], week["kept_share"]) == (4, 3, 1, 0.5)


def test_a_call_of_the_next_week_changes_the_week_of_its_promise(tmp_path: Path, policies: PolicySet) -> None:
    tables = Tables(tmp_path)
    friday, next_monday = MONDAY + timedelta(days=4), MONDAY + timedelta(days=7)
    asked = call("in-1", friday, 10, Direction.INBOUND)
    night(tables, friday, [asked], [promise(asked, local(next_monday, 13))], policies)
    night(tables, next_monday, [call("out-1", next_monday, 12, Direction.OUTBOUND)], [], policies)
    (week,) = tables.read("kpi_callback_weekly").to_pylist()
    assert (week["call_date"], week["days"], week["promises"], week["promises_kept"]) == (MONDAY, 1, 1, 1)


@pytest.mark.parametrize("again", [MONDAY, TUESDAY, WEDNESDAY])
def test_a_night_run_again_leaves_the_same_rows(three_nights: Tables, policies: PolicySet, again: date) -> None:
    before = rows_of(three_nights)
    follow_up_callbacks(three_nights, again, policies, MOSCOW)
    assert rows_of(three_nights) == before


def test_after_nights_left_out_the_next_one_follows_up(tmp_path: Path, policies: PolicySet) -> None:
    tables = Tables(tmp_path)
    asked, busy = call("in-1", MONDAY, 10, Direction.INBOUND), call("out-1", MONDAY, 12, Direction.OUTBOUND, "+7 900 0000000")
    night(tables, MONDAY, [asked, busy], [promise(asked, local(WEDNESDAY, 13))], policies)
    assert ledger(tables)["in-1"]["callback_state"] == "open"
    far = MONDAY + timedelta(days=28)
    night(tables, far, [call("out-9", far, 12, Direction.OUTBOUND)], [], policies)
    row = ledger(tables)["in-1"]
    assert row["callback_state"] == "not_measurable"
    assert "the night of 2026-03-03 was not run" in row["not_measurable"]
    for day in (TUESDAY, WEDNESDAY):
        night(tables, day, [call(f"out-{day}", day, 12, Direction.OUTBOUND, "+7 900 0000000")], [], policies)
    assert ledger(tables)["in-1"]["callback_state"] == "not_kept"


def test_a_promise_that_a_rerun_no_longer_finds_is_gone(three_nights: Tables, policies: PolicySet) -> None:
    asked = call("in-1", MONDAY, 10, Direction.INBOUND)
    night(three_nights, MONDAY, [asked], [], policies)
    assert ledger(three_nights) == {}
    assert three_nights.read("kpi_callback_daily").num_rows == 0
    assert three_nights.read("kpi_callback_weekly").num_rows == 0


def test_settled_days_are_not_written_again(three_nights: Tables, policies: PolicySet) -> None:
    far = MONDAY + timedelta(days=60)
    night(three_nights, far - timedelta(days=1), [replace(call("x", far, 9, Direction.OUTBOUND))], [], policies)
    before = rows_of(three_nights)["kpi_callback"]
    night(three_nights, far, [call("out-far", far, 12, Direction.OUTBOUND)], [], policies)
    assert rows_of(three_nights)["kpi_callback"] == before


def test_a_store_without_calls_has_no_ledger(tmp_path: Path, policies: PolicySet) -> None:
    assert follow_up_callbacks(Tables(tmp_path), MONDAY, policies, MOSCOW) == 0
    assert Tables(tmp_path).names() == []


def test_the_demo_night_has_its_promises(demo_night: tuple[Path, NightReport]) -> None:
    tables = Tables(demo_night[0])
    events, rows = tables.read("event_callback_promise").to_pylist(), tables.read("kpi_callback").to_pylist()
    assert {row["call_id"] for row in rows} == {row["call_id"] for row in events}
    assert events, "a call of the demo promises a call back"
    counted = tables.read("kpi_callback_daily").to_pylist()
    assert sum(row["promises"] for row in counted) == len(rows)
    words = {(row["call_id"], row["position"]): row["speaker_role"] for row in tables.read("stage_word").to_pylist()}
    assert {words[row["call_id"], row["first_word"]] for row in events} == {"agent"}
