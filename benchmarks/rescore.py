"""How fast stored calls are scored again: `postcall rescore`, from artifacts, without audio and models.

    python -m benchmarks.rescore [FOLDER] [--calls 2000] [--a-day 500] [--standard mts] [--everything] [--workers 2]

Definitions
-----------
calls
    Of `benchmarks.stored_calls`: about 600 words each, a quarter of them Chinese, with speech timelines, voices and holds. Made
    once a folder; ``--calls 100000`` needs 6 GB and an hour.
rules of a manual, everything
    What ``--standard`` scores; every analyzer, rule and KPI.
start
    What a run takes before its first call, mostly for dictionaries and manuals of each process: a run of one day of few calls.
ms a call
    Wall time beyond the start over calls, reading and writing included. *CPU* adds up all processes. *100,000 calls* is
    extrapolated, unless there are so many. Two sizes show whether time grows as the calls do.
memory
    Largest resident set of the run's own process and of one of its workers.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.stored_calls import FIRST_DAY, WORDS, make_store, settings_of
from flows.rescore import Report, Task, rescore

FULL = 100_000
FEW = 8


@dataclass(frozen=True, slots=True)
class Took:
    """What a run took; see the module."""

    report: Report
    wall_s: float
    cpu_s: float
    own_mb: float
    worker_mb: float


def measured(task: Task, until: date) -> Took:
    """Score the days up to one again."""
    began, used = time.perf_counter(), _cpu_s()
    report = rescore(task, FIRST_DAY, until)
    wall_s, cpu_s = time.perf_counter() - began, _cpu_s() - used
    own, workers = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Took(report, wall_s, cpu_s, own, workers)


def _cpu_s() -> float:
    return sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def main() -> None:
    """Make the store, score it in two sizes, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rescore", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-rescore"))
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--a-day", type=int, default=500)
    parser.add_argument("--standard", default="mts")
    parser.add_argument("--everything", action="store_true", help="every analyzer and rule as well")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    console = Console(width=120)
    make_store(asked.folder, calls=asked.calls, a_day=asked.a_day, seed=asked.seed, words=asked.words, processes=asked.workers)
    settings = settings_of(asked.folder, asked.workers)
    few = asked.folder / "few"
    make_store(few, calls=FEW, a_day=FEW, seed=asked.seed, words=asked.words, processes=1)
    last = FIRST_DAY + timedelta(-(-asked.calls // asked.a_day) - 1)
    half = FIRST_DAY + timedelta((last - FIRST_DAY).days // 2)
    manuals = [(f"rules of {asked.standard}", asked.standard), *([("everything", None)] if asked.everything else [])]
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("scored again", no_wrap=True)
    for column in ("calls", "start s", "wall s", "calls/s", "ms a call", "CPU ms", "100,000 calls", "own MB", "worker MB"):
        shown.add_column(column, justify="right", no_wrap=True)
    for what, manual in manuals:
        start = measured(Task(settings_of(few, asked.workers), manual), FIRST_DAY)
        for until in dict.fromkeys((half, last)):
            took = measured(Task(settings, manual), until)
            calls = took.report.calls
            wall_s, cpu_s = took.wall_s - start.wall_s, took.cpu_s - start.cpu_s
            figures = (
                f"{start.wall_s:.1f}",
                f"{took.wall_s:.1f}",
                f"{calls / took.wall_s:.0f}",
                f"{1000 * wall_s / calls:.1f}",
                f"{1000 * cpu_s / calls:.1f}",
                f"{(start.wall_s + wall_s / calls * FULL) / 60:.1f} min",
                f"{took.own_mb:.0f}",
                f"{took.worker_mb:.0f}",
            )
            shown.add_row(what, f"{calls:,}", *figures)
            if took.report.lost or took.report.defects or took.report.left_out:
                console.print(f"lost {took.report.lost}, defects {took.report.defects}, left out {took.report.left_out}")
    console.print(shown)
    console.print(f"{asked.words} words a call, {asked.workers} workers, {os.cpu_count()} cores", style="dim", highlight=False)


if __name__ == "__main__":
    main()
