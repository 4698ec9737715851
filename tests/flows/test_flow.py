"""The night as a Prefect flow: each step a task, the same rows, and nothing of a call in Prefect's database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from flows.demonstration import DAY, transcribed_settings
from flows.night import plainly, run_night
from storage.tables import Tables

DRIVER = """
import sys
from pathlib import Path
from flows.demonstration import DAY, transcribed_settings
from flows.nightly import nightly
from prefect import flow, task
from prefect.client.orchestration import get_client
from postcall.errors import StorageError

report = nightly(date=DAY, settings=transcribed_settings(Path(sys.argv[1])))
assert (report.calls, report.quarantined) == (18, 3), (report.calls, report.quarantined)

from flows.nightly import as_task

@flow
def passing():
    failures = iter([StorageError("busy")])
    def work():
        for error in failures:
            raise error
        return "done"
    return as_task("passing", work, retries=1)

assert passing() == "done"

@flow
def lasting():
    tries = []
    def work():
        tries.append(1)
        raise ValueError("a defect is not tried again")
    try:
        as_task("lasting", work, retries=3)
    except ValueError:
        return len(tries)

assert lasting() == 1

with get_client(sync_client=True) as client:
    print(sorted({run.name.rsplit("-", 1)[0] for run in client.read_task_runs()}))
"""


def _rows(store: Path, name: str) -> list[str]:
    return sorted(map(str, Tables(store).read(name).to_pylist()))


def test_the_flow_writes_the_day_and_keeps_calls_out_of_prefect(tmp_path: Path) -> None:
    home = tmp_path / "prefect"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "240",
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }
    environment.pop("PREFECT_API_URL", None)
    store = tmp_path / "store"
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(store)], env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for step in ("check the equipment", "match call records and recordings", "listen and measure", "write the day"):
        assert step in done.stdout
    plain = tmp_path / "plain"
    run_night(DAY, transcribed_settings(plain), step=plainly)
    assert Tables(store).names() == Tables(plain).names()
    for name in Tables(store).names():
        if name != "run_night":
            assert _rows(store, name) == _rows(plain, name), name
    (database,) = home.glob("*.db")
    with sqlite3.connect(database) as db:
        kept = "\n".join(db.iterdump())
    for secret in ("Здравствуйте", "Светлана", "c-084fca"):
        assert secret not in kept


def test_a_server_that_is_not_there_is_told_and_loses_nothing(tmp_path: Path) -> None:
    settings = tmp_path / "postcall.toml"
    settings.write_text('[records]\ntime_zone = "UTC"\n', encoding="utf-8")
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    command = [
        sys.executable,
        "-c",
        "from flows.cli import main; main()",
        "nightly",
        "--prefect",
        "--settings",
        str(settings),
        "--date",
        "2026-03-02",
    ]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stderr[-3000:]
    told = " ".join(done.stderr.split())
    assert "The run stopped. The Prefect server cannot be reached" in told
    assert "defect" not in told
    assert not (tmp_path / "postcall-store" / "tables").exists()
