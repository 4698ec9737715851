"""A night whose calls are heard by a cluster writes what one process writes, also when workers die."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import distributed
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.demonstration import DAY
from flows.night import NightReport, plainly, run_night
from flows.nightly import as_dask_tasks
from flows.settings import Settings, load_settings
from postcall.errors import ClusterError, SettingsError
from tests.flows import scripted_engines
from tests.flows.few_calls import BAD, CHOSEN, write_centre
from tests.flows.scripted_engines import SAID, told
from tests.flows.small_nights import MARKER, Centre
from tests.flows.test_kill import rows


@dataclass(frozen=True)
class Plain:
    """The night in one process.

    Attributes
    ----------
    rows
        Of all tables.
    sounds
        Call -> what the engine knows it by.
    """

    centre: Centre
    rows: dict[str, list[str]]
    sounds: list[str]


def settings_of(centre: Centre, store: str, **more: object) -> tuple[Settings, Path]:
    """Settings of a night with a store and a log of its own, and the log."""
    log = centre.folder / f"{store}.log"
    dies = {name: more.pop(name) for name in ("dies_once", "dies_always") if name in more}
    engine = {"engine": scripted_engines.NAME, "options": {"log": str(log), **dies}}
    return load_settings(centre.settings_file, store=centre.folder / store, transcriber=engine, **more), log


def night(settings: Settings) -> NightReport:
    return run_night(DAY, settings, step=plainly)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        scripted_engines.install(folder / "plug-in", patch)
        centre = write_centre(folder / "centre")
        settings, log = settings_of(centre, "plain")
        night(settings)
        yield Plain(centre, rows(settings.store), [line[2] for line in told(log) if line[0] == "heard"])


def test_a_worker_is_killed_in_the_middle_and_the_rows_are_the_same(plain: Plain, capfd: pytest.CaptureFixture[str]) -> None:
    killer = plain.sounds[2]
    settings, log = settings_of(plain.centre, "store", dies_once=killer, dask={"local_workers": 2, "batch": 2})
    report = night(settings)
    assert report.calls == len(CHOSEN)
    assert {failure.call_id: failure.error.code for failure in report.failures} == BAD
    assert log.with_suffix(".died").exists(), "nobody was killed"
    done = told(log)
    heard = Counter(line[2] for line in done if line[0] == "heard")
    assert heard == {sound: 2 if sound == killer else 1 for sound in plain.sounds}
    workers = {line[1] for line in done if line[0] == "heard"}
    assert str(os.getpid()) not in workers, "the night itself hears nothing"
    assert len(workers) >= 2
    loaded = Counter(line[1] for line in done if line[0] == "loaded")
    assert set(loaded.values()) == {1}, "an engine is loaded once in a process"
    assert {address for line in done if line[0] == "heard" for address in line[3:]} == {"127.0.0.1"}
    assert rows(settings.store) == plain.rows
    assert SAID in str(plain.rows["stage_word"])
    printed = capfd.readouterr()
    for secret in (MARKER, SAID):
        assert secret not in printed.out + printed.err


def test_workers_that_die_while_they_come_up_are_started_again(plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    scaled: list[int] = []

    class Barren(distributed.LocalCluster):
        """Of which no worker comes up at first."""

        def __init__(self, **options: object) -> None:
            super().__init__(**options | {"n_workers": 0})

        def scale(self, count: int) -> None:  # type: ignore[override]
            scaled.append(count)
            if count:
                monkeypatch.setattr("flows.cluster.REVIVE_AFTER_S", 300.0)  # they may take their time now
            super().scale(count)

    monkeypatch.setattr("flows.cluster._local", Barren)
    monkeypatch.setattr("flows.cluster.REVIVE_AFTER_S", 0.0)
    settings, log = settings_of(plain.centre, "revived", dask={"local_workers": 1, "batch": 4})
    report = night(settings)
    assert {failure.call_id: failure.error.code for failure in report.failures} == BAD
    assert scaled[:2] == [0, 1]
    assert str(os.getpid()) not in {line[1] for line in told(log) if line[0] == "heard"}
    assert rows(settings.store) == plain.rows


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A cluster that is there before the night, whose workers say that they have an accelerator; its address."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        resources={"GPU": 1},
        silence_logs=logging.CRITICAL,
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0", "allowed_failures": 0},
    ) as workers:
        yield workers.scheduler_address


def test_a_call_that_kills_every_worker_fails_alone(plain: Plain, scheduler: str) -> None:
    killer = plain.sounds[1]
    asked = {"scheduler": scheduler, "batch": 4, "resources": {"GPU": 1}, "wait_s": 100}
    settings, log = settings_of(plain.centre, "killed", dies_always=killer, dask=asked)
    report = night(settings)
    failed = {failure.call_id: failure.error.code for failure in report.failures}
    [lost] = failed.keys() - BAD.keys()
    assert failed == {**BAD, lost: "worker_lost"}
    assert report.transcripts == len(plain.sounds) - 1
    heard = Counter(line[2] for line in told(log) if line[0] == "heard")
    assert heard.pop(killer) == 2, "once among others, once alone"
    assert set(heard.values()) == {1}, "what others heard before is kept"
    found = rows(settings.store)
    others = {word for word in plain.rows["stage_word"] if lost not in word}
    assert len(others) < len(plain.rows["stage_word"])
    assert {_own(word) for word in found["stage_word"]} == {_own(word) for word in others}

    settings, _ = settings_of(plain.centre, "lacking", dask={"scheduler": scheduler, "resources": {"TPU": 1}, "wait_s": 0.1})
    with pytest.raises(ClusterError, match="no worker that offers"):
        night(settings)


def _own(row: str) -> str:
    """A row without what tells its run."""
    return row.split("'run_id'", maxsplit=1)[0]


TRACKED = """
import sys
from flows.demonstration import DAY
from flows.nightly import nightly
from prefect.client.orchestration import get_client
from tests.flows.small_nights import Centre
from tests.flows.test_cluster import settings_of
from pathlib import Path

if __name__ == "__main__":
    dask = {"local_workers": 2, "batch": 3, "resources": {"GPU": 1}}
    settings, _ = settings_of(Centre(Path(sys.argv[1])), "tracked", dies_once=sys.argv[2], dask=dask)
    report = nightly(date=DAY, settings=settings)
    with get_client(sync_client=True) as client:
        print(sorted({run.name.rsplit("-", 1)[0] for run in client.read_task_runs()}), report.transcripts)
"""


@contextmanager
def prefect_server(home: Path) -> Iterator[dict[str, str]]:
    """A Prefect server on the loopback; the environment in which it is found."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    start = "from prefect.cli import app; app()"
    command = [sys.executable, "-c", start, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 240
            while not _answers(environment["PREFECT_API_URL"]):
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < until, "the server does not come up"
                time.sleep(0.2)
            yield environment
        finally:
            server.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5):
            return True
    except OSError:
        return False


def test_a_tracked_night_on_a_cluster_asks_for_a_server() -> None:
    no_server = temporary_settings(restore_defaults={PREFECT_API_URL})
    with no_server, ExitStack() as stack, pytest.raises(SettingsError, match="none is set"):
        as_dask_tasks(None, {}, stack)  # type: ignore[arg-type]  # it is not asked


def test_the_flow_sends_calls_through_prefects_task_runner(plain: Plain, tmp_path: Path) -> None:
    home = tmp_path / "prefect"
    script = tmp_path / "tracked.py"
    script.write_text(TRACKED)
    command = [sys.executable, str(script), str(plain.centre.folder), plain.sounds[2]]
    with prefect_server(home) as environment:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "'hear calls'" in done.stdout
    assert done.stdout.endswith(f" {len(plain.sounds)}\n")
    log = plain.centre.folder / "tracked.log"
    assert log.with_suffix(".died").exists(), "nobody was killed"
    assert set(Counter(line[1] for line in told(log) if line[0] == "loaded").values()) == {1}
    assert rows(plain.centre.folder / "tracked") == plain.rows
    (database,) = home.glob("*.db")
    with sqlite3.connect(database) as db:
        kept = "\n".join(db.iterdump())
    for secret in (MARKER, SAID, "06-swearing"):
        assert secret not in kept + done.stdout + done.stderr
