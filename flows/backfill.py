"""Many nights, one after the other: what there is to do, how long it may take, and how each day went.

Definitions
-----------
sound by the records
    Sum over the answered calls from answered to ended. Recordings that start earlier are longer; a call without these times
    adds nothing.
speed
    Median over the stored nights of sound per time that the run took (`flows.status`). A night that was run again is quicker
    than one that hears everything, so the estimate is a hint and no promise. Without a stored night there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from flows.exit_codes import code_of_error, code_of_report
from flows.kept import NoRecords, Records
from flows.night import NightReport
from flows.settings import Settings
from flows.status import status_of
from postcall.errors import PolicyError, SettingsError, TelephonyError
from postcall.telephony import Telephony
from storage.recordings import Recordings, expand

MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class DayToDo:
    """A day of a backfill before anything is done; ``calls`` and ``sound_s`` are None where the records cannot be read."""

    day: date
    is_done: bool
    calls: int | None
    sound_s: float | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DayDone:
    """How a day went: its report, or what broke it off."""

    day: date
    exit_code: int
    report: NightReport | None = None
    error: Exception | None = None


def days_between(first: date, last: date, *, newest: date) -> list[date]:
    """Every day from ``first`` to ``last``, oldest first.

    Raises
    ------
    SettingsError
        They are the wrong way round, too many, or not over yet: ``newest`` is the last whole day.
    """
    if first > last:
        raise SettingsError(f"--from {first.isoformat()} is after --to {last.isoformat()}", hint="oldest day first")
    if last > newest:
        raise SettingsError(f"{last.isoformat()} is not over yet", hint=f"the last whole day is {newest.isoformat()}")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise SettingsError(f"{count} days are too many; {MOST_DAYS} at most", hint="run them in parts")
    return [first + timedelta(days=number) for number in range(count)]


def done_days(settings: Settings) -> set[date]:
    """Days whose night ran to its end.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    found = status_of(settings.store, until=date.max, days=MOST_DAYS)
    return {night.day for night in found.nights if night.calls is not None}


def to_do(days: Sequence[date], settings: Settings) -> Iterator[DayToDo]:
    """What each day holds by its call records. Reads records alone: nothing is decoded, nothing is written.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    done = done_days(settings)
    records = Records(settings)
    for day in days:
        try:
            paths = [] if settings.calls is not None else Recordings(expand(settings.recordings, day)).list()
            found = list(records.of(day, paths).values())
        except (NoRecords, SettingsError, TelephonyError) as error:
            yield DayToDo(day, day in done, None, None, error.code if isinstance(error, TelephonyError) else "no call records")
            continue
        yield DayToDo(day, day in done, len(found), sum(map(_talked_s, found)))


def speed_of_nights(settings: Settings) -> float | None:
    """Median sound per time of the stored nights; None where no night tells.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    nights = status_of(settings.store, until=date.max, days=MOST_DAYS).nights
    speeds = [night.times_real_time for night in nights if night.times_real_time]
    return median(speeds) if speeds else None


def backfill(days: Sequence[date], run: Callable[[date], NightReport]) -> Iterator[DayDone]:
    """Run the nights; a day that fails does not keep the others from running.

    Parameters
    ----------
    days
        In the order in which they are run.
    run
        Runs one.

    Raises
    ------
    PolicyError
        The policy is wrong, and so it is for every day.
    """
    for day in days:
        try:
            report = run(day)
        except PolicyError:
            raise
        except Exception as error:  # noqa: BLE001  # a defect that one day meets, others may not meet
            yield DayDone(day, code_of_error(error), error=error)
        else:
            yield DayDone(day, code_of_report(report), report)


def _talked_s(record: Telephony) -> float:
    if record.answered_at is None or record.ended_at is None:
        return 0.0
    return max((record.ended_at - record.answered_at).total_seconds(), 0.0)
