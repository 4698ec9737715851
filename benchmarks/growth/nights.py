"""One night with scripted engines, in a process of its own.

    python -m benchmarks.growth.nights FOLDER CALLS WORDS WORKERS plain|prefect

Definitions
-----------
scripted engines
    What stands in for decoding and listening gives one of `SCRIPTS` calls that `benchmarks.stored_calls` synthesised, and what
    stands in for the recogniser gives its words: neither takes time. All else is the product's: call records, digests of
    files, ledger, artifacts on the disk, turns, roles, every analyzer, rule and KPI, every table.
work
    Time inside the steps. What is left of the night's time is orchestration: that of the plain step runner, or Prefect's.
"""

from __future__ import annotations

import csv
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from unittest import mock

import numpy as np

from benchmarks.results import memory_mb
from benchmarks.stored_calls import FIRST_DAY, synthesised
from flows import ear, equipment
from flows.night import NightReport, StepRunner, plainly, run_night
from flows.pages.settings import PageSettings
from flows.settings import DiarizerSettings, Settings, TranscriberSettings
from postcall.speech.engines import Echo, SpokenChannel
from postcall.speech.listening import Listened
from postcall.timeline import channel_label
from postcall.transcript import Transcript
from storage.telephony import RecordFormat

T = TypeVar("T")

SCRIPTS = 40
"""Calls of which the others are copies."""

SEED = 9
WARM_UP = 8
"""Calls of the night before the clock runs: imports, dictionaries and manuals are paid once a night."""


@dataclass(frozen=True, slots=True)
class Night:
    """What a night took.

    Attributes
    ----------
    calls, hours, words
        Calls; hours of sound; words of all of them.
    wall_s, cpu_s
        From its first step to its end; processor time of all threads.
    work_s
        Inside steps.
    start_s
        A night of `WARM_UP` calls in the same process before it, with all imports.
    steps_s
        By step.
    start_mb, peak_mb
        Resident memory before the night, and at most.
    artifact_bytes, table_bytes, files
        What is on the disk below the store.
    """

    calls: int
    hours: float
    words: int
    wall_s: float
    cpu_s: float
    work_s: float
    start_s: float
    steps_s: Mapping[str, float]
    start_mb: float
    peak_mb: float
    artifact_bytes: int
    table_bytes: int
    files: int

    @property
    def orchestration_share(self) -> float:
        """Share of the night's time that is not inside a step."""
        return 1 - self.work_s / self.wall_s


class Scripted:
    """A recogniser that knows what was said: the script's number stands in the sound."""

    name, revision = "scripted", "0"

    def __init__(self, transcripts: Sequence[Transcript]) -> None:
        self.options: Echo = {}
        self._transcripts = transcripts

    def transcribe(self, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
        """Words of the script."""
        return self._transcripts[round(float(channels[0].samples_16k[0]))]


@contextmanager
def scripted_engines(words: int) -> Iterator[list[dict[str, Any]]]:
    """Put scripts in the place of listening and recognising; gives the scripts' call records."""
    scripts = [synthesised(f"script-{number}", FIRST_DAY, SEED, words) for number in range(SCRIPTS)]

    def listen(file: BinaryIO, *, source: str, sha256: str, **_: object) -> Listened:
        number = int(file.read().split()[0])
        recording, timeline, acoustics = scripts[number][1]
        sound = np.array([number], np.float32)
        channels = tuple(SpokenChannel(channel_label(n), sound, timeline.by_label[channel_label(n)]) for n in range(2))
        return Listened(replace(recording, source=source, sha256=sha256), timeline, acoustics, channels)

    engine = Scripted([transcript for _, _, transcript in scripts])
    with (
        mock.patch.object(ear, "listen", listen),
        mock.patch.object(equipment, "load_transcriber", lambda name, options: engine),
    ):
        yield [
            {**record, "_words": len(transcript.words), "_ms": sound[0].duration_ms} for record, sound, transcript in scripts
        ]


def lay_out(folder: Path, calls: int, scripts: Sequence[Mapping[str, Any]]) -> None:
    """Write call records, and for each a recording of a few bytes that are its own."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "recordings").mkdir(parents=True)
    columns = [name for name in scripts[0] if not name.startswith("_")]
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, columns, extrasaction="ignore")
        rows.writeheader()
        for number in range(calls):
            script, name = number % len(scripts), f"call-{number:06}"
            (folder / "recordings" / f"{name}.wav").write_bytes(f"{script} {number}".encode())
            rows.writerow({**scripts[script], "call_id": name, "recording": f"{name}.wav"})


def settings_of(folder: Path, workers: int) -> Settings:
    """Settings of a night that `lay_out` wrote."""
    return Settings(
        store=folder / "store",
        recordings=str(folder / "recordings"),
        calls=str(folder / "calls.csv"),
        records=RecordFormat(time_zone="Europe/Moscow"),
        policy=None,
        metrics_file=None,
        workers=workers,
        transcriber=TranscriberSettings(engine="scripted"),
        diarizer=DiarizerSettings(engine="none"),
        pages=PageSettings(nightly=False),
    )


class Clock:
    """Time inside steps, whoever runs them."""

    def __init__(self) -> None:
        self.steps_s: dict[str, float] = {}

    def around(self, runner: StepRunner) -> StepRunner:
        """A step runner whose work is timed."""

        def step(name: str, work: Callable[[], T], *, retries: int = 0) -> T:
            return runner(name, partial(self._timed, name, work), retries=retries)

        return step

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self.steps_s[name] = self.steps_s.get(name, 0.0) + time.perf_counter() - began


def run(folder: Path, workers: int, clock: Clock, *, by_prefect: bool) -> NightReport:
    """Run the night of a folder, plainly or as a Prefect flow."""
    settings = settings_of(folder, workers)
    if not by_prefect:
        return run_night(FIRST_DAY, settings, step=clock.around(plainly))
    from flows import nightly

    with mock.patch.object(nightly, "as_task", clock.around(nightly.as_task)):
        return nightly.nightly(date=FIRST_DAY, settings=settings)


def measured(folder: Path, calls: int, words: int, workers: int, *, by_prefect: bool) -> Night:
    """Make a night, run it in this process, say what it took."""
    began = time.perf_counter()
    with scripted_engines(words) as scripts:
        lay_out(folder / "first", WARM_UP, scripts)
        run(folder / "first", workers, Clock(), by_prefect=by_prefect)
        start_s = time.perf_counter() - began
        lay_out(folder / "night", calls, scripts)
        clock, start_mb = Clock(), memory_mb("VmRSS")
        began, used = time.perf_counter(), _cpu_s()
        report = run(folder / "night", workers, clock, by_prefect=by_prefect)
        wall_s, cpu_s = time.perf_counter() - began, _cpu_s() - used
    if report.transcripts != calls or report.failures:
        raise SystemExit(f"{report.transcripts} of {calls} calls have words, {len(report.failures)} failures")
    of_calls = [scripts[number % SCRIPTS] for number in range(calls)]
    store = folder / "night" / "store"
    artifacts, tables = _sizes(store / "artifacts"), _sizes(store / "tables")
    return Night(
        calls,
        round(sum(one["_ms"] for one in of_calls) / 3_600_000, 4),
        sum(one["_words"] for one in of_calls),
        round(wall_s, 3),
        round(cpu_s, 3),
        round(sum(clock.steps_s.values()), 3),
        round(start_s, 2),
        {name: round(took_s, 3) for name, took_s in clock.steps_s.items()},
        start_mb,
        memory_mb("VmHWM"),
        sum(artifacts),
        sum(tables),
        len(artifacts) + len(tables),
    )


def _sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the night's figures as JSON."""
    folder, calls, words, workers, how = sys.argv[1:]
    night = measured(Path(folder), int(calls), int(words), int(workers), by_prefect=how == "prefect")
    print(json.dumps(asdict(night)))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
