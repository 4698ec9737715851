"""Disturbed nights, run again, end as an undisturbed one does: a quick part of the bench."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="limits the size of files; run it on Linux or macOS")

from benchmarks.disturbed_night import STOPPED, Disturbance
from benchmarks.faults import Bench, Night, prepare, rows_of

QUICK = ("disk full", "two nights at once", "unsynced files lost")
"""Killing has a test of its own, with more points (tests/flows/test_kill.py)."""

CALLS = ("03-hold-sudden", "07-promise", "15-empty")


def test_disturbed_nights_run_again(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10_000)
    bench = Bench(tmp_path, seed, calls=CALLS, may_mount=False)
    assert set(QUICK) <= set(bench.faults)
    for fault in QUICK:
        for trial in bench.trials(1, fault):
            assert not trial.wrong, f"seed {seed}: {fault}, {trial.point}"
    store = tmp_path / "undisturbed" / "store"
    whole = rows_of(store)
    assert len(whole["call_contact"]) == len(CALLS)
    shutil.rmtree(store / "tables" / "call_hold")
    assert rows_of(store) != whole


def test_a_night_on_a_disk_without_any_room_stops_clearly(tmp_path: Path) -> None:
    prepare(tmp_path / "full", CALLS)
    code, said = Night(tmp_path / "full", Disturbance(largest_file=10)).end()
    assert code == STOPPED
    assert said.startswith("storage: ")
