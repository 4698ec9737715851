"""How fast is the overview of a million calls?

    python -m benchmarks.dashboard [FOLDER] [--calls 1000000]

Definitions
-----------
store
    A generated store: 28 days of ``--calls`` calls and the 28 days before with as many, 300 agents, 20 teams, 12 queues. Call
    tables are written as columns, without sound and without analyzers; KPI tables by the rollups of the product. A store that
    is in the folder already is used again.
overview
    ``01_daily_overview`` from a fresh process to a page of HTML: interpreter, imports, kernel, queries, tests against the
    period before, charts. Wall time on two cores, and the largest memory that the process and its kernel hold together
    (proportional set size, so that shared libraries count once), looked at ten times a second: a shorter peak is missed.
drawn
    From opening the page to its last chart, in headless Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
from deltalake import write_deltalake

from analyzers.rollups import CALL_TABLES
from flows.equipment import policy_sections
from postcall.analyzer import Registry, discover
from postcall.policy import PolicySet, load_policy
from postcall.rollup import Day
from postcall.tables import ARROW_TYPES, STAMP, Stamp, TableSpec, spec_of
from storage.runs import RunNight

LAST = date(2026, 3, 1)
DAYS = 28
SEED = 7
LIMIT_S, LIMIT_MB = 5.0, 2048
MARK = "generated.json"
KPI_TABLES = ("agent_daily", "agent_queue_daily", "daily", "queue_daily", "queue_hourly", "team_daily")

RENDER = """
import os
import sys

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
from datetime import date
from pathlib import Path
from flows.notebooks_run import FOLDER, notebook_page
store, day, days = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
title, html = notebook_page(FOLDER / "01_daily_overview.ipynb", store, day, "en", days)
Path(sys.argv[4]).write_text(html, encoding="utf-8")
"""


def main() -> None:
    """Generate, render, print; fails above the limits."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("../postcall-bench-dashboard"), help="where the store lies"
    )
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls of the period, and as many before it")
    parser.add_argument("--runs", type=int, default=3, help="renderings, of which the fastest counts")
    given = parser.parse_args()
    store = make_store(given.folder, given.calls)
    page = given.folder / "overview.html"
    renderings = [render(store, page) for _ in range(given.runs)]
    wall_s, memory_mb = min(wall_s for wall_s, _ in renderings), max(memory for _, memory in renderings)
    print(f"calls of the period          {given.calls:>12,}")
    print(f"overview, fastest of {given.runs}       {wall_s:>10.1f} s   (at most {LIMIT_S:.0f} s)")
    print(f"memory, largest              {memory_mb:>9.0f} MB   (at most {LIMIT_MB} MB)")
    print(f"page                         {page.stat().st_size / 1e6:>9.1f} MB")
    if (drawn := drawn_s(page)) is not None:
        print(f"drawn in the browser         {drawn:>10.1f} s")
    if wall_s > LIMIT_S or memory_mb > LIMIT_MB:
        sys.exit("too slow, or too large")


# ── the store ────────────────────────────────────────────────────────────────


def make_store(folder: Path, calls: int, days: int = DAYS) -> Path:
    """The store of so many calls in so many days, and in as many before, made anew unless it is there."""
    store, wanted = folder / "store", {"calls": calls, "days": days, "seed": SEED, "last": LAST.isoformat()}
    mark = folder / MARK
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == wanted:
        return store
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.perf_counter()
    registry = discover()
    policies = load_policy(None, policy_sections(registry))
    random = np.random.default_rng(SEED)
    for number in range(2 * days):
        day = LAST - timedelta(days=2 * days - 1 - number)
        made = _day(day, calls // days, number, random, registry, policies)
        for name, rows in made.items():
            write_deltalake(store / "tables" / name, rows, mode="append", partition_by=["call_date"])
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    print(f"store of {2 * calls:,} calls generated in {time.perf_counter() - began:.0f} s")
    return store


def _day(
    day: date, size: int, number: int, random: np.random.Generator, registry: Registry, policies: PolicySet
) -> dict[str, pa.Table]:
    stamp = Stamp(day, f"generated-{number}", 1, policies.digest)
    columns = columns_of_day(day, size, number, random)
    made = {spec.name: filled(spec, columns, size, stamp) for spec in map(spec_of, CALL_TABLES)}
    subject = Day(day, made)
    for rollup in registry.rollups:
        if rollup.name in KPI_TABLES:
            rows = rollup.rows(subject, policies)
            made |= {spec.name: spec.to_arrow(rows, stamp) for spec in rollup.tables}
    night = RunNight(
        night=day.isoformat(),
        started_at=datetime(day.year, day.month, day.day, 23, tzinfo=UTC),
        finished_at=datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC),
        time_zone="Europe/Moscow",
        calls=size,
        recordings=size,
        transcripts=0,
        quarantined=0,
        transcriber="none",
        policy_name=policies.name,
        policy_json=json.dumps(policies.to_dict()),
        versions_json="{}",
        inputs_digest="generated",
    )
    return {**made, "run_night": spec_of(RunNight).to_arrow([night], stamp)}


def filled(spec: TableSpec, columns: dict[str, Any], size: int, stamp: Stamp) -> pa.Table:
    """Columns that are generated, and nothing, or nought, in the others; a call that nobody answered has nought as well."""
    arrays = []
    for column in spec.columns:
        kind = ARROW_TYPES[column.kind]
        if column.name in columns:
            array = pa.array(columns[column.name]).cast(kind)
            arrays.append(array if column.nullable else array.fill_null(column.kind()))
        elif column.nullable:
            arrays.append(pa.nulls(size, kind))
        else:
            arrays.append(pa.repeat(pa.scalar(column.kind(), kind), size))
    stamped = [pa.repeat(pa.scalar(getattr(stamp, column.name), ARROW_TYPES[column.kind]), size) for column in STAMP]
    return pa.Table.from_arrays([*arrays, *stamped], schema=spec.schema())


def columns_of_day(day: date, size: int, number: int, random: np.random.Generator) -> dict[str, Any]:
    """What happens in the calls of a day: busier before noon, agents who differ, a slow rise of holds over the weeks."""
    agent = random.integers(0, 300, size)
    queue = (agent % 12 + random.integers(0, 2, size)) % 12
    hour = np.clip(random.normal(13 + 3 * random.choice([-1, 1], size), 2.5), 8, 20.99)
    started_s = (hour * 3600).astype(np.int64) - 3 * 3600  # Moscow to UTC
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    started = pa.array((midnight + started_s) * 1_000_000, pa.timestamp("us", tz="UTC"))
    wait_ms = random.exponential(9_000 + 6_000 * (np.abs(hour - 11) < 1.5)).astype(np.int64)
    answered = random.random(size) > 0.04
    has_hold = random.random(size) < 0.03 + 0.04 * (agent % 7 == 0) + 0.0004 * number
    length_ms = random.lognormal(5.1, 0.7, size).astype(np.int64) * 1000
    hold_ms = np.where(has_hold, random.exponential(40_000, size), 0).astype(np.int64)
    work_ms = random.gamma(2, 15_000, size).astype(np.int64)
    conversation_ms = np.maximum(length_ms - 3_000, 1_000)
    silence_ms = (conversation_ms * random.beta(2, 12, size)).astype(np.int64)
    talk_ms = conversation_ms - silence_ms
    agent_ms = (talk_ms * random.beta(12 + agent % 5, 8, size)).astype(np.int64)
    dead_airs = random.poisson(0.15 + 0.1 * (agent % 11 == 0), size)

    def known(values: Any, where: Any = answered) -> pa.Array:
        return pa.array(values, mask=~where)

    return {
        "call_id": [f"{day:%y%m%d}-{place:06}" for place in range(size)],
        "started_at": started,
        "offered_at": started,
        "is_answered": answered,
        "direction": pa.repeat("inbound", size),
        "queue": pa.array([f"queue-{name:02}" for name in range(12)]).take(pa.array(queue)),
        "agent_id": pa.array([f"agent-{name:03}" for name in range(300)] + [""]).take(pa.array(np.where(answered, agent, 300))),
        "team": pa.array([f"team-{name:02}" for name in range(20)] + [""]).take(pa.array(np.where(answered, agent % 20, 20))),
        "has_recording": answered,
        "has_parties": answered,
        "extra": pa.repeat("{}", size),
        "call_duration_ms": known(length_ms),
        "after_call_work_ms": known(work_ms),
        "handling_ms": known(length_ms + work_ms),
        "recording_duration_ms": known(length_ms),
        "has_hold": known(has_hold),
        "holds": known(has_hold.astype(np.int64)),
        "hold_ms": known(hold_ms),
        "longest_hold_ms": known(hold_ms),
        "speed_of_answer_ms": known(wait_ms // 2),
        "speed_of_answer_basis": known(np.full(size, "call_record")),
        "is_answered_in_seconds": known(wait_ms // 2 <= 10_000),
        "wait_ms": known(wait_ms),
        "abandoned_after_ms": known(wait_ms, ~answered),
        "hung_up_by": known(np.where(random.random(size) < 0.1, "agent", "customer")),
        "speech_ms": known(talk_ms),
        "non_talk_ms": known(length_ms - talk_ms),
        "conversation_ms": known(conversation_ms),
        "silence_ms": known(silence_ms),
        "silence_share": known(silence_ms / conversation_ms),
        "is_hold_known": answered,
        "dead_airs": known(dead_airs),
        "dead_air_ms": known(dead_airs * 12_000),
        "agent_dead_airs": known(dead_airs),
        "agent_dead_air_ms": known(dead_airs * 12_000),
        "longest_dead_air_ms": known(np.minimum(dead_airs, 1) * 12_000),
        "agent_talk_ms": known(agent_ms),
        "customer_talk_ms": known(talk_ms - agent_ms),
        "overtalk_ms": known(talk_ms // 60),
        "agent_interruptions": known(random.poisson(0.3 + 0.4 * (agent % 13 == 0), size)),
        "customer_interruptions": known(random.poisson(0.4, size)),
        "agent_turns": known(talk_ms // 9_000),
        "customer_turns": known(talk_ms // 9_000),
        "agent_latency_median_ms": known(random.gamma(4, 180, size).astype(np.int64)),
        "agent_rate_wpm": known(random.normal(150 + agent % 30, 12, size)),
        "agent_rated_words": known(agent_ms * 150 // 60_000),
        "agent_rated_ms": known(agent_ms),
    }


# ── rendering ────────────────────────────────────────────────────────────────


def render(store: Path, page: Path) -> tuple[float, float]:
    """Seconds from a fresh process to the page, and megabytes at most."""
    command = [sys.executable, "-c", RENDER, str(store), LAST.isoformat(), str(DAYS), str(page)]
    began = time.perf_counter()
    process = subprocess.Popen(command)
    largest = [0.0]
    watch = threading.Thread(target=_watch, args=(process, largest))
    watch.start()
    code = process.wait()
    wall_s = time.perf_counter() - began
    watch.join()
    if code:
        sys.exit("the overview could not be rendered")
    return wall_s, largest[0]


def _watch(process: subprocess.Popen[bytes], largest: list[float]) -> None:
    while process.poll() is None:
        largest[0] = max(largest[0], sum(_memory_mb(process.pid)))
        time.sleep(0.1)


def _memory_mb(pid: int) -> Iterator[float]:
    """Of a process and all that it started."""
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            yield one.memory_full_info().pss / 1e6
    except psutil.NoSuchProcess:
        return


def drawn_s(page: Path) -> float | None:
    """Seconds until the page is drawn; None without a browser."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        shown = started.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        shown.goto(page.resolve().as_uri())
        shown.wait_for_function("document.documentElement.dataset.ready === 'yes'", timeout=120_000)
        took = time.perf_counter() - began
        started.close()
    return took


if __name__ == "__main__":
    main()
