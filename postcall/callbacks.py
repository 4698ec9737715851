"""Call-backs that agents promise: when they are due, and what became of them. Pure.

Conventions
-----------
Instants are UTC; days and hours of work are those of the centre's time zone. A promise is followed in the call records of its
own and of later days: its row lies in the partition of the day on which it was given, and changes as later nights bring calls.

Definition
----------
due
    From and until when a call is promised (`postcall.language.moments`). A promise without a time is due by the end of the
    next working day (``callback.default_working_days``, ``workday_end_h``).
call back
    The first outbound call to the same customer that begins after the call of the promise ended, whoever makes it. A call that
    the customer does not answer is one (``callback.are_attempts_counted``).

======================  ==========================================================================================
state                   of a promise
======================  ==========================================================================================
``kept``                called back at the latest ``callback.grace_min`` after it was due
``late``                called back later, within ``callback.late_days``
``not_kept``            due, and nobody called
``open``                not due yet when the known calls end
``not_measurable``      it cannot be told, ``not_measurable`` says why
======================  ==========================================================================================

::

    promise        due_from    due_by  grace            late_days
    ──┼───────────────┼──────────┼───────┼─────────────────┼────▶
      │    kept, early│   kept   │ kept  │      late       │ not kept

A week of promises, Monday to Sunday, is counted from its promises as a day is; its rows lie in the partition of its Monday.

``kept_share`` is kept / (kept + late + not kept). The five states add up to the promises, exactly.

Edge cases
----------
- One outbound call keeps all promises that were given to the customer before it.
- Telephone numbers are the same when their last ten digits are: +7 916 … and 8 916 … are one customer.
- A call earlier than promised keeps the promise, and ``is_early`` says so: a customer who asked for the evening may be cross.
- Not measurable: the record names no customer; it is not known when the promise was given; a night of a working day between
  promise and due day was not run, and no call was found that keeps it; or the call records of these days hold no outbound call
  at all, so that the centre's outbound calls seem to be recorded elsewhere.

References
----------
rostelecom-12, cabletv-23. The interval is Wilson's (`postcall.statistics`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import field_validator

from postcall.callback_tables import STATES, KpiCallback, KpiCallbackDaily, KpiCallbackWeekly
from postcall.language.phrases import Phrase
from postcall.policy import Policy, Setting
from postcall.statistics import target_verdict, wilson
from postcall.telephony import milliseconds_between

VERSION = 1
"""Of the tables of call-backs; rises whenever their rows may change."""


_FEWEST_DIGITS = 10
_NO_DIGITS = re.compile(r"\D")
_NUMBER_LIKE = re.compile(r"^(?:tel:|sip:)?[\d\s()+\-.]+$")


class CallbackPolicy(Policy):
    """What a promise to call back is, when it is due, and when it counts as kept."""

    SECTION = "callback"

    phrases_ru: tuple[str, ...] = Setting(
        (
            "!не (=перезвоню|=перезвоним|=перезвонит|=перезвонят)",
            "(я|мы) .. !не (=наберу|=наберём|=свяжусь|=свяжемся|=позвоню|=позвоним)",
            "(вам|вас|вами) .. !не (=позвоню|=позвоним|=позвонят|=наберу|=наберём)",
            "вами .. !не (=свяжусь|=свяжемся|=свяжется|=свяжутся)",
            "!не (=позвоню|=позвоним|=позвонят|=свяжусь|=свяжемся|=свяжется|=свяжутся) [с] (вам|вами)",
            "!не (=наберу|=наберём) вас",
        ),
        description="How an agent promises to call back, in Russian; docs/standards.md says how patterns are written.",
    )
    phrases_en: tuple[str, ...] = Setting(
        (
            "!not (call|ring|phone) you ..2 back",
            "!not get back to you",
            "!not (give|giving) you a (call|ring) [back]",
        ),
        description="The same in English.",
    )
    phrases_zh: tuple[str, ...] = Setting(
        (
            "(给|跟) (您|你) .. (回|打) [个|过] 电话",
            "(给|跟) (您|你) .. (打过去|打电话过去)",
            "(给|跟) (您|你) 回电",
            "(回电|回拨) [给] (您|你)",
            "再 (联系|回复|答复) (您|你)",
            "(再|会) [跟|和|与] (您|你) 联系",
        ),
        description="The same in Chinese.",
    )
    beside_s: float = Setting(
        12.0, ge=0, le=60, description="How far from the promise its time may be named, by agent or customer."
    )
    default_working_days: int = Setting(
        1,
        ge=0,
        le=30,
        description="Working days after the promise by whose end it is due, where no time is named; 0 is the same day.",
    )
    workday_end_h: float = Setting(
        18.0, gt=0, le=24, description="Hour at which a working day ends, in the centre's time zone."
    )
    working_days: tuple[int, ...] = Setting(
        (1, 2, 3, 4, 5), description="Working days of the week, 1 is Monday. Public holidays are not known."
    )
    grace_min: float = Setting(
        15.0, ge=0, le=1440, description="Minutes after it was due within which a call still keeps the promise."
    )
    late_days: int = Setting(
        7, ge=0, le=90, description="Days after it was due within which a call is the one that was promised, if late."
    )
    are_attempts_counted: bool = Setting(
        True, description="Whether a call that the customer does not answer keeps the promise: the agent called."
    )
    kept_target_share: float = Setting(0.95, gt=0, le=1, description="Share of promises that should be kept.")

    @field_validator("phrases_ru", "phrases_en", "phrases_zh")
    @classmethod
    def _can_be_read(cls, patterns: tuple[str, ...], info: Any) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                Phrase(pattern, str(info.field_name).rsplit("_", 1)[-1])
            except Exception as error:
                raise ValueError(f"'{pattern}' cannot be read: {error}") from error
        return patterns

    @field_validator("working_days")
    @classmethod
    def _are_days(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if not days or not set(days) <= set(range(1, 8)):
            raise ValueError("working days are numbers from 1, Monday, to 7")
        return tuple(sorted(set(days)))

    def phrases(self, language: str) -> tuple[str, ...] | None:
        """Patterns of a language; None for one of which none are known."""
        return {"ru": self.phrases_ru, "en": self.phrases_en, "zh": self.phrases_zh}.get(language)


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise, as its day's tables tell of it.

    Attributes
    ----------
    call_id, agent_id, team, queue, customer_key
        Of the call; key None where the record names no customer.
    day
        Business day.
    promised_at, due_from_at, due_by_at
        UTC; None when not known.
    ended_at
        End of the call, UTC, or None.
    has_promised_time
        Whether a time was named.
    """

    call_id: str
    agent_id: str
    team: str
    queue: str
    customer_key: str | None = field(repr=False)
    day: date
    promised_at: datetime | None
    due_from_at: datetime | None
    due_by_at: datetime | None
    ended_at: datetime | None
    has_promised_time: bool


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """A call with a customer, in order of time.

    Attributes
    ----------
    at
        When it began, UTC.
    call_id
        Which.
    is_outbound
        Whether the centre called.
    is_answered
        Whether it was answered; None when not known.
    """

    at: datetime
    call_id: str
    is_outbound: bool
    is_answered: bool | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """The call records that are known when promises are followed up.

    Attributes
    ----------
    contacts
        Customer (`same_customer`) -> calls in order of time.
    outbound_days
        Business days on which there was any outbound call.
    nights
        Business days that were run.
    until
        First instant of which nothing is known: the end of the last of them.
    zone
        The centre's.
    """

    contacts: Mapping[str, Sequence[Contact]] = field(repr=False)
    outbound_days: Collection[date]
    nights: Collection[date]
    until: datetime
    zone: ZoneInfo


def same_customer(key: str) -> str:
    """A customer's key as it is compared: of a telephone number its last ten digits, otherwise the key without case.

    Examples
    --------
    >>> same_customer("+7 (916) 123-45-67") == same_customer("8 916 1234567")
    True
    >>> same_customer(" Client-7 ")
    'client-7'
    """
    plain = key.strip().casefold()
    digits = _NO_DIGITS.sub("", plain)
    if _NUMBER_LIKE.fullmatch(plain) and len(digits) >= _FEWEST_DIGITS:
        return digits[-_FEWEST_DIGITS:]
    return plain


def default_due_by(promised_at: datetime, zone: ZoneInfo, policy: CallbackPolicy) -> datetime:
    """When a promise without a time is due: by the end of the next working day, UTC.

    Parameters
    ----------
    promised_at
        UTC.
    zone
        The centre's.
    policy
        Working days and their end.
    """
    local = promised_at.astimezone(zone)
    day, ahead = local.date(), policy.default_working_days
    while ahead or day.isoweekday() not in policy.working_days:
        day += timedelta(days=1)
        ahead -= ahead > 0 and day.isoweekday() in policy.working_days
    end = datetime.combine(day, time()) + timedelta(hours=policy.workday_end_h)
    return max(local_to_utc(end, zone), promised_at)


def local_to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time without zone, as UTC; of one that the autumn clock change repeats, the first."""
    return local.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))


def begins_at(day: date, zone: ZoneInfo) -> datetime:
    """First instant of a business day, UTC."""
    return local_to_utc(datetime.combine(day, time()), zone)


def settled_at(due_by_at: datetime, policy: CallbackPolicy) -> datetime:
    """From when on no call can change what became of a promise."""
    return due_by_at + max(timedelta(days=policy.late_days), timedelta(minutes=policy.grace_min))


def follow_up(promises: Iterable[Promise], known: Known, policy: CallbackPolicy) -> Iterator[KpiCallback]:
    """What became of each promise; the module defines the states.

    Parameters
    ----------
    promises
        In any order, one a call.
    known
        Calls of their days and of later ones.
    policy
        When a promise counts as kept.
    """
    for promise in promises:
        yield _followed(promise, known, policy)


def _followed(promise: Promise, known: Known, policy: CallbackPolicy) -> KpiCallback:
    if promise.customer_key is None or not promise.customer_key.strip():
        return _row(promise, "not_measurable", why="the call record names no customer", is_customer_known=False)
    if promise.promised_at is None or promise.due_by_at is None:
        return _row(promise, "not_measurable", why="it is not known when the call took place", is_customer_known=False)
    due_by, too_late = promise.due_by_at, min(settled_at(promise.due_by_at, policy), known.until)
    in_time_until = due_by + timedelta(minutes=policy.grace_min)
    after = max(promise.promised_at, promise.ended_at or promise.promised_at)
    later = [
        contact
        for contact in known.contacts.get(same_customer(promise.customer_key), ())
        if after <= contact.at <= too_late and contact.call_id != promise.call_id
    ]
    attempts = [contact for contact in later if contact.is_outbound]
    first = next((one for one in attempts if policy.are_attempts_counted or one.is_answered is not False), None)
    reached = next((number for number, one in enumerate(attempts, 1) if one.is_answered), len(attempts))
    has_called_again = any(not one.is_outbound and (first is None or one.at < first.at) for one in later)
    state, why = _state(promise, first, in_time_until, known, policy)
    return _row(
        promise,
        state,
        why=why,
        first=first,
        attempts=reached,
        has_called_again=has_called_again,
        late_ms=None if first is None else max(0, milliseconds_between(due_by, first.at)),
        is_early=None if first is None else _is_early(promise, first),
    )


def _is_early(promise: Promise, first: Contact) -> bool:
    return promise.has_promised_time and promise.due_from_at is not None and first.at < promise.due_from_at


def _state(
    promise: Promise, first: Contact | None, in_time_until: datetime, known: Known, policy: CallbackPolicy
) -> tuple[str, str | None]:
    if first is not None and first.at <= in_time_until:
        return "kept", None
    if first is None and in_time_until >= known.until:
        return "open", None
    last = in_time_until.astimezone(known.zone).date()
    days = [promise.day + timedelta(days=n) for n in range((last - promise.day).days + 1)]
    missing = [day for day in days if day.isoweekday() in policy.working_days and day not in known.nights]
    if missing:
        return "not_measurable", f"the night of {missing[0].isoformat()} was not run"
    if first is not None:
        return "late", None
    until = (known.until - timedelta(microseconds=1)).astimezone(known.zone).date()
    if not any(promise.day <= day <= until for day in known.outbound_days):
        return "not_measurable", "the call records of these days hold no outbound call"
    return "not_kept", None


def _row(
    promise: Promise,
    state: str,
    *,
    why: str | None,
    first: Contact | None = None,
    attempts: int | None = None,
    has_called_again: bool | None = None,
    late_ms: int | None = None,
    is_early: bool | None = None,
    is_customer_known: bool = True,
) -> KpiCallback:
    reasons = {"callback_state": why}
    if late_ms is None:
        reasons["late_ms"] = why or "there is no such call"
    by_reason: dict[str, list[str]] = defaultdict(list)
    for column, reason in reasons.items():
        if reason is not None:
            by_reason[reason].append(column)
    if not is_customer_known and why is not None:
        by_reason[why] += ["callback_attempts", "has_customer_called_again"]
    return KpiCallback(
        call_id=promise.call_id,
        agent_id=promise.agent_id,
        team=promise.team,
        queue=promise.queue,
        promised_at=promise.promised_at,
        due_from_at=promise.due_from_at,
        due_by_at=promise.due_by_at,
        has_promised_time=promise.has_promised_time,
        callback_state=state,
        late_ms=late_ms,
        callback_call_id=None if first is None else first.call_id,
        called_back_at=None if first is None else first.at,
        is_callback_answered=None if first is None else first.is_answered,
        is_early=is_early,
        callback_attempts=attempts,
        has_customer_called_again=has_called_again,
        not_measurable="; ".join(f"{', '.join(columns)}: {reason}" for reason, columns in by_reason.items()) or None,
    )


def by_day(rows: Iterable[KpiCallback], policy: CallbackPolicy, *, minimum_n: int) -> Iterator[KpiCallbackDaily]:
    """Counts and shares of one day's promises, by agent, team and queue.

    Parameters
    ----------
    rows
        Of one day.
    policy
        The target.
    minimum_n
        ``kpi.minimum_calls``: below it no verdict is given.
    """
    for values in _counted(rows, policy, minimum_n):
        yield KpiCallbackDaily(**values)


def by_week(rows: Iterable[KpiCallback], policy: CallbackPolicy, *, days: int, minimum_n: int) -> Iterator[KpiCallbackWeekly]:
    """Counts and shares of one week's promises, by agent, team and queue.

    A week's share is that of its counts, and its median that of its late call-backs, whatever those of its days are.

    Parameters
    ----------
    rows
        Of all days of the week.
    policy
        The target.
    days
        Days of the week on which the centre had calls.
    minimum_n
        ``kpi.minimum_calls``: below it no verdict is given.
    """
    for values in _counted(rows, policy, minimum_n):
        yield KpiCallbackWeekly(days=days, **values)


def _counted(rows: Iterable[KpiCallback], policy: CallbackPolicy, minimum_n: int) -> Iterator[dict[str, Any]]:
    """Columns of `PromiseCounts` of each agent, team and queue."""
    groups: dict[tuple[str, str, str], list[KpiCallback]] = defaultdict(list)
    for row in rows:
        groups[row.agent_id, row.team, row.queue].append(row)
    for (agent_id, team, queue), found in sorted(groups.items()):
        count = {state: sum(row.callback_state == state for row in found) for state in STATES}
        kept, judged = count["kept"], count["kept"] + count["late"] + count["not_kept"]
        low, high = wilson(kept, judged) or (None, None)
        late = [row.late_ms for row in found if row.callback_state == "late" and row.late_ms is not None]
        yield {
            "agent_id": agent_id,
            "team": team,
            "queue": queue,
            "promises": len(found),
            "promises_with_time": sum(row.has_promised_time for row in found),
            "promises_kept": kept,
            "promises_late": count["late"],
            "promises_not_kept": count["not_kept"],
            "promises_open": count["open"],
            "promises_unjudged": count["not_measurable"],
            "kept_share": kept / judged if judged else None,
            "kept_low_share": low,
            "kept_high_share": high,
            "kept_verdict": target_verdict(kept, judged, target=policy.kept_target_share, minimum_n=minimum_n),
            "median_late_ms": round(median(late)) if late else None,
        }
