from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postcall.callback_tables import STATES, KpiCallback
from postcall.callbacks import (
    CallbackPolicy,
    Contact,
    Known,
    Promise,
    by_day,
    by_week,
    default_due_by,
    follow_up,
    same_customer,
)

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""In Moscow."""
POLICY = CallbackPolicy()


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def promise(due_h: float = 2, call_id: str = "p", key: str | None = "+7 916 1234567", **values) -> Promise:
    known = {
        "agent_id": "a-1",
        "team": "t",
        "queue": "sales",
        "day": MONDAY,
        "promised_at": NOON,
        "due_from_at": NOON,
        "due_by_at": after(due_h),
        "ended_at": after(0.1),
        "has_promised_time": True,
    }
    return Promise(call_id=call_id, customer_key=key, **{**known, **values})


def known(*calls: tuple[float, str, bool, bool | None], nights: int = 1, key: str = "8 (916) 123-45-67", missing=()) -> Known:
    """Calls as (hours after noon, id, whether outbound, whether answered), and how many nights from Monday on were run."""
    contacts = sorted(Contact(after(at), call_id, is_outbound, is_answered) for at, call_id, is_outbound, is_answered in calls)
    days = {contact.at.astimezone(MOSCOW).date() for contact in contacts if contact.is_outbound}
    ran = {MONDAY + timedelta(days=n) for n in range(nights)} - set(missing)
    until = datetime(2026, 3, 2 + nights, tzinfo=MOSCOW).astimezone(UTC)
    return Known({same_customer(key): contacts}, days, ran, until, MOSCOW)


def one(promised: Promise, calls: Known, policy: CallbackPolicy = POLICY):
    (row,) = follow_up([promised], calls, policy)
    return row


def test_kept() -> None:
    row = one(promise(), known((1.5, "b", True, True)))
    assert (row.callback_state, row.late_ms, row.callback_call_id, row.called_back_at) == ("kept", 0, "b", after(1.5))
    assert (row.is_callback_answered, row.is_early, row.callback_attempts, row.has_customer_called_again) == (
        True,
        False,
        1,
        False,
    )
    assert row.not_measurable is None


def test_within_the_grace_it_is_kept_and_its_lateness_is_told() -> None:
    row = one(promise(), known((2.25, "b", True, True)))
    assert (row.callback_state, row.late_ms) == ("kept", 900_000)
    assert one(promise(), known((2.26, "b", True, True))).callback_state == "late"


def test_late_by_how_much() -> None:
    row = one(promise(), known((5, "b", True, None)))
    assert (row.callback_state, row.late_ms, row.is_callback_answered) == ("late", 3 * 3_600_000, None)


def test_the_first_later_outbound_call_counts() -> None:
    calls = known(
        (-3, "before", True, True), (0.05, "meanwhile", True, True), (1, "inbound", False, True), (3, "b", True, True)
    )
    row = one(promise(), calls)
    assert (row.callback_call_id, row.callback_state, row.has_customer_called_again) == ("b", "late", True)


def test_attempts_until_somebody_answers() -> None:
    calls = known((1, "b", True, False), (1.5, "c", True, False), (2.5, "d", True, True), (4, "e", True, True))
    row = one(promise(), calls)
    assert (row.callback_state, row.callback_call_id, row.is_callback_answered, row.callback_attempts) == (
        "kept",
        "b",
        False,
        3,
    )
    strict = one(promise(), calls, CallbackPolicy(are_attempts_counted=False, grace_min=0))
    assert (strict.callback_state, strict.callback_call_id, strict.late_ms) == ("late", "d", 1_800_000)


def test_not_kept_once_it_is_due_and_other_calls_are_known() -> None:
    other = known((1, "other", True, True), key="8 916 7654321")
    row = one(promise(), other)
    assert (row.callback_state, row.late_ms, row.callback_attempts) == ("not_kept", None, 0)
    assert row.not_measurable == "late_ms: there is no such call"


def test_open_until_it_is_due() -> None:
    tomorrow = promise(due_h=24)
    assert one(tomorrow, known((1, "x", True, True), key="other")).callback_state == "open"
    assert one(tomorrow, known((1, "x", True, True), key="other", nights=2)).callback_state == "not_kept"
    assert one(tomorrow, known((20, "b", True, True), nights=2)).callback_state == "kept"


def test_a_call_weeks_later_is_about_something_else() -> None:
    assert one(promise(), known((24 * 7 + 2, "b", True, True), nights=9)).callback_state == "late"
    row = one(promise(), known((24 * 7 + 2.01, "b", True, True), nights=9))
    assert (row.callback_state, row.callback_call_id) == ("not_kept", None)


def test_earlier_than_promised() -> None:
    row = one(promise(due_h=6, due_from_at=after(5)), known((1, "b", True, True)))
    assert (row.callback_state, row.is_early) == ("kept", True)


@pytest.mark.parametrize(
    ("promised", "calls", "why"),
    [
        (promise(key=None), known(), "the call record names no customer"),
        (promise(promised_at=None, due_by_at=None), known(), "it is not known when the call took place"),
        (promise(), known(), "the call records of these days hold no outbound call"),
        (
            promise(due_h=48),
            known((1, "x", True, True), key="other", nights=3, missing=[MONDAY + timedelta(days=1)]),
            "the night of 2026-03-03 was not run",
        ),
    ],
)
def test_what_cannot_be_told(promised: Promise, calls: Known, why: str) -> None:
    row = one(promised, calls)
    assert row.callback_state == "not_measurable"
    assert why in (row.not_measurable or "")


def test_a_weekend_without_a_night_hides_nothing() -> None:
    weekend = [MONDAY + timedelta(days=5), MONDAY + timedelta(days=6)]
    friday = promise(due_h=24 * 7, day=MONDAY + timedelta(days=4), promised_at=after(96), ended_at=after(96))
    row = one(friday, known((97, "x", True, True), key="other", nights=8, missing=weekend))
    assert row.callback_state == "not_kept"


@pytest.mark.parametrize(
    ("promised_at", "due_by"),
    [
        ("2026-03-02T12:00", "2026-03-03T18:00"),
        ("2026-03-02T23:30", "2026-03-03T18:00"),
        ("2026-03-06T12:00", "2026-03-09T18:00"),  # Friday, then Monday
        ("2026-03-07T12:00", "2026-03-09T18:00"),  # Saturday
    ],
)
def test_the_next_working_day(promised_at: str, due_by: str) -> None:
    local = datetime.fromisoformat(promised_at).replace(tzinfo=MOSCOW)
    due = default_due_by(local.astimezone(UTC), MOSCOW, POLICY)
    assert due.astimezone(MOSCOW).strftime("%Y-%m-%dT%H:%M") == due_by


def test_the_same_day_and_never_before_the_promise() -> None:
    policy = CallbackPolicy(default_working_days=0)
    assert default_due_by(NOON, MOSCOW, policy) == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert default_due_by(after(8), MOSCOW, policy) == after(8)


def test_who_is_the_same_customer() -> None:
    numbers = ("+7 916 123-45-67", "8 (916) 123 45 67", "9161234567", "tel:+79161234567")
    assert len(set(map(same_customer, numbers))) == 1
    assert same_customer("1234567") != same_customer("7654321")
    assert same_customer("client-9161234567") != same_customer("9161234567")


def test_counts_shares_and_verdict() -> None:
    calls = known((1, "b", True, True), (5, "c", True, True))
    promises = [promise(call_id=f"k{n}") for n in range(3)] + [
        promise(call_id="n", key="other"),
        promise(call_id="u", key=None),
    ]
    late = promise(call_id="l", due_h=1.2, promised_at=after(1.1), ended_at=after(1.1), has_promised_time=False)
    (row,) = by_day(follow_up([*promises, late], calls, POLICY), POLICY, minimum_n=5)
    assert (row.promises, row.promises_with_time) == (6, 5)
    assert (row.promises_kept, row.promises_late, row.promises_not_kept, row.promises_open, row.promises_unjudged) == (
        3,
        1,
        1,
        0,
        1,
    )
    assert row.kept_share == pytest.approx(3 / 5)
    assert (round(row.kept_low_share or 0, 3), round(row.kept_high_share or 0, 3)) == (0.231, 0.882)
    assert row.median_late_ms == round(3.8 * 3_600_000)
    assert row.kept_verdict == "not met"
    (few,) = by_day(follow_up(promises, calls, POLICY), POLICY, minimum_n=5)
    assert few.kept_verdict == "too few calls"


def test_a_week_is_counted_from_its_promises() -> None:
    def late(call_id: str, hours: float, day: date) -> KpiCallback:
        calls = known((2 + hours, "back", True, True))
        (row,) = follow_up([promise(call_id=call_id, due_h=1, day=day)], calls, POLICY)
        assert (row.callback_state, row.late_ms) == ("late", round((1 + hours) * 3_600_000))
        return row

    tuesday = MONDAY + timedelta(days=1)
    (kept,) = follow_up([promise(call_id="k")], known((1, "back", True, True)), POLICY)
    of_days = [[late("a", 1, MONDAY), kept], [late("b", 5, tuesday), late("c", 8, tuesday)]]
    assert [row.median_late_ms for rows in of_days for row in by_day(rows, POLICY, minimum_n=5)] == [
        2 * 3_600_000,
        round(7.5 * 3_600_000),
    ]
    (week,) = by_week([row for rows in of_days for row in rows], POLICY, days=5, minimum_n=4)
    assert (week.days, week.promises, week.promises_kept, week.promises_late) == (5, 4, 1, 3)
    assert week.median_late_ms == 6 * 3_600_000  # of 2, 6 and 9 h; no mean of the days' medians
    assert (week.kept_share, week.kept_verdict) == (1 / 4, "not met")
    assert (round(week.kept_low_share or 0, 3), round(week.kept_high_share or 0, 3)) == (0.046, 0.699)
    assert not list(by_week([], POLICY, days=5, minimum_n=4))


@given(
    st.lists(
        st.tuples(st.floats(-5, 200), st.sampled_from("abc"), st.sampled_from(["a-1", "a-2"]), st.booleans()), max_size=30
    ),
    st.lists(st.tuples(st.floats(-5, 400), st.booleans(), st.sampled_from([True, False, None])), max_size=30),
    st.integers(1, 12),
)
def test_states_add_up_and_later_nights_never_unmake_a_kept_promise(given_promises, given_calls, nights: int) -> None:
    promises = [
        promise(due_h=due_h, call_id=f"p{number}", key=None if key == "c" else key, agent_id=agent, has_promised_time=has_time)
        for number, (due_h, key, agent, has_time) in enumerate(given_promises)
    ]
    calls = [(at, f"c{number}", is_outbound, answered) for number, (at, is_outbound, answered) in enumerate(given_calls)]

    def told(nights: int) -> list:
        until = datetime(2026, 3, 2, tzinfo=MOSCOW) + timedelta(days=nights)
        return list(
            follow_up(promises, known(*(one for one in calls if after(one[0]) < until), key="a", nights=nights), POLICY)
        )

    rows, later = told(nights), told(nights + 1)
    assert Counter(row.callback_state for row in rows).keys() <= set(STATES)
    for row in by_day(rows, POLICY, minimum_n=10):
        states = row.promises_kept + row.promises_late + row.promises_not_kept + row.promises_open + row.promises_unjudged
        assert states == row.promises
    assert sum(row.promises for row in by_day(rows, POLICY, minimum_n=10)) == len(promises)
    for before, now in zip(rows, later, strict=True):
        if before.callback_state in {"kept", "late"}:
            assert now.callback_state == before.callback_state
            assert now.callback_call_id == before.callback_call_id
        if before.callback_state == "not_kept":
            assert now.callback_state in {"not_kept", "late"}
