"""Does a night grow as its calls do, and does a table stay quick after years? Seconds, memory, files.

    python -m benchmarks.growth [FOLDER] [--nights 100 1000 10000] [--table-calls 1000000] [--table-words 0] [--json FILE]

Definitions
-----------
nights
    One night each of so many short calls (``--words`` a call), with scripted engines (`benchmarks.growth.nights`): what is
    measured is everything but decoding, listening and recognising. Each in a process of its own, after a night of a few calls
    in the same process. Then the same night with other numbers of workers, with long calls (``--long-words``), and as a
    Prefect flow.
calls per second
    Calls over wall time. *CPU ms a call* is the processor time, which others who use the machine disturb less.
orchestration
    Share of the night's time that lies outside its steps: what the plain runner or Prefect, with a server of its own on this
    machine that runs already, takes for itself, and the run's id, lock and ledger, which both have. What Prefect takes is the
    difference of both. The number of steps does not depend on the number of calls.
tables
    ``call_contact`` of ``--table-calls`` calls and, when ``--table-words`` is not 0, ``stage_word`` of so many words, a day at
    a time (`benchmarks.growth.years`): each step in a process of its own, with its seconds, its largest memory, and the files
    that the table has afterwards.
pruned
    One day is read once more while the files of all other days are moved away.

10^5 calls take an hour and a million small files (``--nights 100000``), 10^8 words 3 GB and half an hour
(``--table-words 100000000``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import results
from benchmarks.growth.nights import Night
from benchmarks.growth.years import CALLS, WORDS, Size, Step, pruned

PLAIN, PREFECT = "plain", "prefect"
STEPS = ("write", "again", "pieces", "compact", "vacuum", "day", "month", "all")
GOAL_SHARE = 0.02
"""Most of a night that orchestration may take."""


def night(folder: Path, calls: int, words: int, workers: int, how: str) -> Night:
    """Run a night in a process of its own."""
    home = folder / "prefect"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home.resolve()),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "240",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }
    environment.pop("PREFECT_API_URL", None)
    asked = [str(folder / "night"), str(calls), str(words), str(workers), how]
    told = _child([sys.executable, "-m", "benchmarks.growth.nights", *asked], environment)
    return Night(**told)


def _child(command: list[str], environment: dict[str, str] | None = None) -> dict[str, Any]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    # Libraries may write lines of their own before ours.
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def years(folder: Path, name: str, size: Size) -> dict[str, Any]:
    """All steps of a table, each in a process of its own; the folder goes afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    steps = {}
    for what in STEPS:
        given = [what, str(folder), name, str(size.calls), str(size.a_day), str(size.words)]
        steps[what] = asdict(Step(**_child([sys.executable, "-m", "benchmarks.growth.years", *given])))
        print(f"{name}: {what} {steps[what]['took_s']:.1f} s", file=sys.stderr, flush=True)
    is_pruned = pruned(folder, name, size)
    shutil.rmtree(folder)
    return {"table": name, "days": size.days, **asdict(size), "is_pruned": is_pruned, "steps": steps}


def nights_table(nights: list[dict[str, Any]]) -> Table:
    """As it is printed."""
    shown = Table(box=box.SIMPLE_HEAD)
    for column in (
        "night",
        "calls",
        "words",
        "workers",
        "wall",
        "calls/s",
        "CPU ms a call",
        "peak",
        "disk a call",
        "orchestration",
    ):
        shown.add_column(column, justify="left" if column == "night" else "right", no_wrap=True)
    for one in nights:
        disk = (one["artifact_bytes"] + one["table_bytes"]) / one["calls"] / 1000
        shown.add_row(
            one["how"],
            f"{one['calls']:,}",
            f"{one['words'] / one['calls']:.0f}",
            str(one["workers"]),
            f"{one['wall_s']:.1f} s",
            f"{one['calls'] / one['wall_s']:.1f}",
            f"{1000 * one['cpu_s'] / one['calls']:.1f}",
            f"{one['peak_mb']:.0f} MB",
            f"{disk:.1f} kB",
            f"{one['orchestration_share']:.2%}",
        )
    return shown


def years_table(one: dict[str, Any]) -> Table:
    """As it is printed."""
    rows = one["calls"] if one["table"] == CALLS else one["words"]
    shown = Table(box=box.SIMPLE_HEAD, title=f"{one['table']}: {rows:,} rows, {one['days']} days", title_justify="left")
    for column in (
        "step",
        "took",
        "rows",
        "peak",
        "a commit, first, last",
        "files read",
        "files a day, most",
        "files on disk",
        "MB",
    ):
        shown.add_column(column, justify="left" if column == "step" else "right", no_wrap=True)
    for what, step in one["steps"].items():
        is_read = step["files_read"] is not None
        shown.add_row(
            what,
            f"{step['took_s']:.2f} s",
            f"{step['rows']:,}" if step["rows"] else "",
            f"{step['peak_mb']:.0f} MB",
            f"{1000 * step['first_s']:.0f}, {1000 * step['last_s']:.0f} ms" if step["first_s"] is not None else "",
            f"{step['files_read']} of {step['files_in_table']}" if is_read else "",
            "" if is_read else f"{step['files_a_day']:.2f}, {step['most_files_a_day']}",
            "" if is_read else str(step["files_on_disk"]),
            "" if is_read else f"{step['bytes_on_disk'] / 1e6:.0f}",
        )
    return shown


def main() -> None:
    """Run nights and tables, print them, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-growth"), help="goes afterwards")
    parser.add_argument("--nights", type=int, nargs="*", default=[100, 1_000, 10_000], help="calls of each night")
    parser.add_argument("--words", type=int, default=60, help="about so many words a call")
    parser.add_argument("--long-words", type=int, default=600, help="about so many in the night of long calls")
    parser.add_argument(
        "--side-calls", type=int, default=1_000, help="calls of the nights by workers, by Prefect, of long calls"
    )
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="the last one is that of all other nights")
    parser.add_argument("--table-calls", type=int, default=1_000_000, help="0 for no tables")
    parser.add_argument("--table-words", type=int, default=0)
    parser.add_argument("--a-day", type=int, default=4_000, help="calls a day of the tables")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    load_before = results.load()
    given.folder.mkdir(parents=True, exist_ok=True)
    workers = given.workers[-1]
    plan = [(calls, given.words, workers, PLAIN) for calls in given.nights]
    if given.nights and given.side_calls:
        plan += [(given.side_calls, given.words, other, PLAIN) for other in given.workers]
        plan += [(given.side_calls, given.long_words, workers, PLAIN), (given.side_calls, given.words, workers, PREFECT)]
    nights: list[dict[str, Any]] = []
    for calls, words, side_by_side, how in plan:
        one = night(given.folder, calls, words, side_by_side, how)
        nights.append({"how": how, "workers": side_by_side, **asdict(one), "orchestration_share": one.orchestration_share})
        print(f"night of {calls:,} calls, {how}: {one.wall_s:.0f} s", file=sys.stderr, flush=True)
    tables = []
    if given.table_calls:
        size = Size(given.table_calls, given.a_day, given.table_words)
        tables = [years(given.folder / "years", name, size) for name in (CALLS, *([WORDS] if size.words else []))]
    console = Console(width=140)
    if nights:
        console.print(nights_table(nights))
    for one_table in tables:
        console.print(years_table(one_table))
        said = (
            "is read with all other days' files away" if one_table["is_pruned"] else "CANNOT be read without other days' files"
        )
        console.print(f"one day of {one_table['table']} {said}")
    if given.json:
        results.write(given.json, "growth", "make bench-growth", load_before, {"nights": nights, "tables": tables})
    shutil.rmtree(given.folder, ignore_errors=True)
    if not all(one_table["is_pruned"] for one_table in tables):
        sys.exit(1)


if __name__ == "__main__":
    main()
