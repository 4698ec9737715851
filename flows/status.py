"""How the nights are going: what ran, how far behind it is, how fast, what is put aside, how much of it is known.

Definitions
-----------
lag
    Business days from the newest one that ran to its end until yesterday.
speed
    Sound of the day's recordings per time that the run took: hours of calls in an hour. A night that is run again finds most
    of it done before, and is quicker.
coverage
    Of all measures of all calls to which they apply, the share that is known (``kpi_coverage_daily``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from storage.quarantine import PutAside, Quarantine
from storage.tables import Tables


@dataclass(frozen=True, slots=True)
class NightStatus:
    """One business day; all else is None where the day was not run, speed and coverage also where they are not known."""

    day: date
    calls: int | None = None
    recordings: int | None = None
    transcripts: int | None = None
    put_aside: int | None = None
    defects: int | None = None
    took_s: float | None = None
    times_real_time: float | None = None
    coverage_share: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The nights of a store.

    Attributes
    ----------
    nights
        Every day from the first shown one to the newest that ran, without a gap: a missing day is a row, too.
    newest
        The newest day that ran; None when none ever did.
    lag_days
        From it until yesterday.
    open_by_code
        What is put aside in the shown days, and in nights after them that were stopped, and not dropped: (stage, code) -> how
        many.
    dropped
        What was dropped in the shown days.
    """

    nights: tuple[NightStatus, ...]
    newest: date | None
    lag_days: int
    open_by_code: dict[tuple[str, str], int]
    dropped: int


def status_of(store: Path, *, until: date, days: int) -> Status:
    """Status of the ``days`` business days up to the newest that ran; ``until`` is the newest that can have run.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    tables = Tables(store)
    runs = {row["call_date"]: row for row in _rows(tables, "run_night")}
    aside = Quarantine(store).everything()
    if not runs:
        return Status((), None, 0, _open(aside), 0)
    newest = max(runs)
    first = max(min(runs), newest - timedelta(days=days - 1))
    shown = [first + timedelta(days=number) for number in range((newest - first).days + 1)]
    sound = {row["call_date"]: row["recording_duration_ms"] for row in _rows(tables, "kpi_daily")}
    defects = Counter(row["call_date"] for row in _rows(tables, "run_failure") if not row["is_quarantined"])
    coverage = _coverage(tables)
    nights = tuple(_night(day, runs.get(day), sound.get(day), defects[day], coverage.get(day)) for day in shown)
    aside = [one for one in aside if one.day >= first]
    return Status(nights, newest, max((until - newest).days, 0), _open(aside), sum(one.is_dropped for one in aside))


def _open(aside: Sequence[PutAside]) -> dict[tuple[str, str], int]:
    return dict(Counter((one.stage, one.code) for one in aside if not one.is_dropped))


def _night(day: date, run: dict[str, Any] | None, sound_ms: int | None, defects: int, coverage: float | None) -> NightStatus:
    if run is None:
        return NightStatus(day)
    took_s = (run["finished_at"] - run["started_at"]).total_seconds()
    return NightStatus(
        day=day,
        calls=run["calls"],
        recordings=run["recordings"],
        transcripts=run["transcripts"],
        put_aside=run["quarantined"],
        defects=defects,
        took_s=took_s,
        # A clock that was set back while the night ran gives no time that it took.
        times_real_time=sound_ms / 1000 / took_s if sound_ms and took_s > 0 else None,
        coverage_share=coverage,
    )


def _coverage(tables: Tables) -> dict[date, float]:
    known: Counter[date] = Counter()
    expected: Counter[date] = Counter()
    for row in _rows(tables, "kpi_coverage_daily"):
        known[row["call_date"]] += row["calls_known"]
        expected[row["call_date"]] += row["calls_expected"]
    return {day: known[day] / calls for day, calls in expected.items() if calls}


def _rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    return tables.read(name).to_pylist() if name in tables.names() else []
