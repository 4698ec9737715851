"""One night, as a list of steps.

The same list runs in two ways: plainly in this process (`postcall nightly`), or each step as a Prefect task
(`flows.nightly`), with Prefect's retries, timings and history. See docs/adr for why a plain night needs no Prefect server.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from flows.failures import Failure, where_raised
from flows.listen import LISTENING_POLICIES, HeardCall, Listener
from flows.measure import Measures
from flows.plan import NightPlan, plan_night
from flows.settings import Settings
from postcall.analyzer import Registry, discover
from postcall.errors import SettingsError, StorageError, TableError
from postcall.policy import Policy, PolicySet, load_policy
from postcall.rollup import Day
from postcall.speech.engines import Transcriber, load_transcriber
from postcall.tables import Stamp, TableSpec, spec_of
from storage.artifacts import Artifacts, digest
from storage.ledger import Ledger, State
from storage.one_run import only_run
from storage.runs import RUN_TABLES, RunFailure, RunNight, RunSkip
from storage.tables import Tables

T = TypeVar("T")

LIBRARIES = ("postcall", "faster-whisper", "ctranslate2", "onnxruntime", "av", "numpy", "scipy")
"""Libraries that shape the numbers; their versions stand in run_night and in the run id."""


RETRY_PAUSE_S = 1.0


class Progress(Protocol):
    """Where a night tells how far it is."""

    def start(self, step: str, total: int) -> None:
        """A step begins that has ``total`` calls to go through."""

    def advance(self) -> None:
        """One call is done."""


class Untold:
    """A progress that nobody watches."""

    def start(self, step: str, total: int) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""


class StepRunner(Protocol):
    """How a step is run: plainly, or as a Prefect task."""

    def __call__(self, name: str, work: Callable[[], T], *, retries: int = 0) -> T:
        """Run ``work``; a `StorageError` is tried again ``retries`` times."""


@dataclass(frozen=True, slots=True)
class NightReport:
    """What a night did.

    Attributes
    ----------
    day, time_zone
        The business day.
    calls, recordings, transcripts
        Call records of the day, recordings decoded, calls with words.
    failures
        Everything that failed.
    skips
        (analyzer, reason) -> calls it could not measure.
    transcriber
        Who wrote the words, or why nobody did.
    transcript_engines
        Engine -> calls whose words it wrote.
    run_id, inputs_digest
        What made the rows, and the digest of the day's call records and recordings.
    """

    day: date
    time_zone: str
    calls: int
    recordings: int
    transcripts: int
    failures: tuple[Failure, ...]
    skips: Counter[tuple[str, str]]
    transcriber: str
    transcript_engines: Counter[str]
    run_id: str
    inputs_digest: str

    @classmethod
    def of(cls, plan: NightPlan, night: Night, settings: Settings, equipment: Equipment, run_id: str) -> NightReport:
        """The report of a night that is done."""
        engine = equipment.transcriber
        return cls(
            day=plan.day,
            time_zone=settings.records.time_zone,
            calls=len(plan.calls),
            recordings=night.recordings,
            transcripts=night.engines.total(),
            failures=tuple(night.failures),
            skips=Counter((skip.analyzer, skip.reason) for skip in night.measures.skips),
            transcriber=engine.name if engine else equipment.why_no_transcriber,
            transcript_engines=night.engines,
            run_id=run_id,
            inputs_digest=plan.digest,
        )

    @property
    def quarantined(self) -> int:
        """Call records and recordings put aside."""
        return sum(failure.is_quarantined for failure in self.failures)

    @property
    def defects(self) -> int:
        """Failures of the program, not of its input."""
        return sum(failure.is_defect for failure in self.failures)


@dataclass(slots=True)
class Night:
    """What the night has found so far.

    Attributes
    ----------
    measures
        Rows and skips of the analyzers.
    failures
        Everything that failed.
    call_ids, recordings, engines
        Calls heard, recordings decoded, and by engine the calls whose words it wrote.
    """

    measures: Measures = field(repr=False)
    failures: list[Failure]
    call_ids: list[str] = field(default_factory=list)
    recordings: int = 0
    engines: Counter[str] = field(default_factory=Counter)

    def add(self, heard: HeardCall) -> None:
        """Count one call."""
        self.call_ids.append(heard.call.call_id)
        self.failures += heard.failures
        self.recordings += heard.call.recording is not None
        if heard.call.transcript is not None:
            self.engines[heard.call.transcript.engine] += 1


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a night works with, checked before any work."""

    registry: Registry
    policies: PolicySet
    transcriber: Transcriber | None
    why_no_transcriber: str


def run_night(
    day: date, settings: Settings, *, use_transcripts: bool = True, step: StepRunner, progress: Progress | None = None
) -> NightReport:
    """Process one business day: in, that day's partitions out. Run again, it writes the same rows.

    Parameters
    ----------
    day
        Business day in the centre's time zone.
    settings
        Where and on what it runs.
    use_transcripts
        False measures sound and call records alone.
    step
        How each step is run.
    progress
        Where it tells how far it is; None for nowhere.

    Raises
    ------
    SettingsError, PolicyError
        Before any work.
    StorageError
        The store gave up; what was written so far is whole, and running again repairs the rest.
    """
    started_at = datetime.now(UTC)
    equipment = step("check the equipment", lambda: equip(settings, use_transcripts=use_transcripts))
    tables = Tables(settings.store)
    with only_run(settings.store), Ledger(settings.store) as ledger:
        plan = step("match call records and recordings", lambda: plan_night(settings, day, ledger), retries=2)
        listener = Listener(
            plan.recordings,
            Artifacts(settings.store),
            equipment.policies,
            recorder=settings.recorder,
            transcriber=equipment.transcriber,
            why_no_transcriber=equipment.why_no_transcriber,
            use_transcripts=use_transcripts,
        )
        run_id = run_id_of(plan, listener, equipment, settings)
        night = step(
            "listen and measure",
            lambda: listen_and_measure(plan, listener, equipment, settings, progress or Untold()),
            retries=2,
        )
        made = step("check and roll up", lambda: check_and_roll_up(day, night, equipment, run_id))
        report = NightReport.of(plan, night, settings, equipment, run_id)
        step("write the day", lambda: write_day(tables, day, made, equipment, run_id), retries=2)
        step(
            "write what ran and what failed",
            lambda: write_run(tables, ledger, night, report, started_at, equipment),
            retries=2,
        )
    return report


def plainly(name: str, work: Callable[[], T], *, retries: int = 0) -> T:
    """Run a step in this process; a `StorageError` is tried again after a pause that doubles."""
    for attempt in range(retries + 1):
        try:
            return work()
        except StorageError:
            if attempt == retries:
                raise
            threading.Event().wait(RETRY_PAUSE_S * 2**attempt)
    raise AssertionError("unreachable")


def equip(settings: Settings, *, use_transcripts: bool) -> Equipment:
    """Make the store, find analyzers, read the policy, load the recogniser: all that can be wrong before any work.

    Raises
    ------
    SettingsError, PolicyError
        Something is wrong.
    """
    try:
        settings.store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the store '{settings.store}' cannot be made: {error.strerror}") from error
    registry = discover()
    policies = load_policy(settings.policy, policy_sections(registry))
    asked = settings.transcriber
    if not use_transcripts or asked.engine == "none":
        return Equipment(registry, policies, None, "no recogniser is set (transcriber.engine = none)")
    if asked.engine == "faster-whisper" and "model" not in asked.options:
        return Equipment(registry, policies, None, "no recogniser model is set (transcriber.options.model)")
    return Equipment(registry, policies, load_transcriber(asked.engine, asked.options), "")


def policy_sections(registry: Registry) -> dict[str, type[Policy]]:
    """Every policy section there is, by name."""
    return {**LISTENING_POLICIES, **registry.policies}


def run_id_of(plan: NightPlan, listener: Listener, equipment: Equipment, settings: Settings) -> str:
    """Digest of everything that determines the day's rows: the same inputs, code and policy give the same id."""
    makers = [(maker.name, maker.version) for maker in equipment.registry.makers]
    return digest(
        plan.day.isoformat(),
        plan.digest,
        listener.identity,
        equipment.policies.digest,
        makers,
        settings.records.model_dump(mode="json"),
        library_versions(),
    )


def library_versions() -> dict[str, str]:
    """Versions that shape the numbers."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}


def listen_and_measure(
    plan: NightPlan, listener: Listener, equipment: Equipment, settings: Settings, progress: Progress
) -> Night:
    """Hear every call and let every analyzer measure it; a call's samples are gone before its rows are kept."""
    night = Night(measures=Measures(), failures=list(plan.failures))
    progress.start("calls", len(plan.calls))
    for heard in listener.hear_all(plan.calls, workers=settings.workers):
        night.add(heard)
        night.measures.add(heard.call, equipment.registry.analyzers, equipment.policies)
        progress.advance()
    night.failures += night.measures.failures
    return night


def check_and_roll_up(day: date, night: Night, equipment: Equipment, run_id: str) -> dict[str, pa.Table]:
    """Rows -> checked tables, then the KPI tables out of them. A table that is not in order is left out, as a failure."""
    made: dict[str, pa.Table] = {}
    for analyzer in equipment.registry.analyzers:
        for spec in analyzer.tables:
            stamp = Stamp(day, run_id, analyzer.version, equipment.policies.digest)
            _check(spec, night.measures.rows.get(spec.name, []), stamp, made, night)
    for rollup in equipment.registry.rollups:
        if any(spec.name not in made for spec in rollup.reads):
            left_out = TableError(f"rollup '{rollup.name}' was left out: a table that it reads is not in order")
            night.failures.append(Failure("table", left_out, analyzer=rollup.name))
            continue
        try:
            rows = rollup.rows(Day(day, made), equipment.policies)
        except Exception as error:  # noqa: BLE001  # a rollup's defect costs its table, not the night
            broken = TableError(f"rollup '{rollup.name}' version {rollup.version} broke: {where_raised(error)}")
            night.failures.append(Failure("table", broken, analyzer=rollup.name))
            continue
        stamp = Stamp(day, run_id, rollup.version, equipment.policies.digest)
        for spec in rollup.tables:
            _check(spec, [row for row in rows if type(row) is spec.row], stamp, made, night)
    return made


def _check(spec: TableSpec, rows: list[Any], stamp: Stamp, made: dict[str, pa.Table], night: Night) -> None:
    try:
        made[spec.name] = spec.to_arrow(rows, stamp)
    except TableError as error:
        night.failures.append(Failure("table", error, analyzer=spec.name))


def write_day(tables: Tables, day: date, made: dict[str, pa.Table], equipment: Equipment, run_id: str) -> None:
    """Replace the day in every table.

    Raises
    ------
    StorageError
        The store gave up.
    """
    for name, spec in equipment.registry.tables.items():
        if name in made:
            tables.replace_day(spec, day, made[name], run_id)


def write_run(
    tables: Tables, ledger: Ledger, night: Night, report: NightReport, started_at: datetime, equipment: Equipment
) -> None:
    """Write what ran, failed and was skipped: last, so that a day with a run row is whole.

    Raises
    ------
    StorageError
        The store gave up.
    """
    rows: dict[type, list[Any]] = {
        RunSkip: night.measures.skips,
        RunFailure: list({row.failure_id: row for row in (failure.row() for failure in night.failures)}.values()),
        RunNight: [
            RunNight(
                night=report.day.isoformat(),
                started_at=started_at,
                finished_at=datetime.now(UTC),
                time_zone=report.time_zone,
                calls=report.calls,
                recordings=report.recordings,
                transcripts=report.transcripts,
                quarantined=report.quarantined,
                transcriber=report.transcriber,
                policy_name=equipment.policies.name,
                policy_json=json.dumps(equipment.policies.to_dict(), ensure_ascii=False, sort_keys=True),
                versions_json=json.dumps(library_versions()),
                inputs_digest=report.inputs_digest,
            )
        ],
    }
    stamp = Stamp(report.day, report.run_id, 1, equipment.policies.digest)
    for row in RUN_TABLES:
        spec = spec_of(row)
        tables.replace_day(spec, report.day, spec.to_arrow(rows[row], stamp), report.run_id)
    codes = {f.call_id: f.error.code for f in night.failures if f.call_id and f.is_quarantined}
    for call_id in night.call_ids:
        code = codes.get(call_id)
        ledger.mark(report.day, call_id, State.QUARANTINED if code else State.DONE, code)
