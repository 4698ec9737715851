"""One night, as a list of steps.

The same list runs in two ways: plainly in this process (`postcall nightly`), or each step as a Prefect task
(`flows.nightly`), with Prefect's retries, timings and history. docs/adr/0005 says why a plain night needs no Prefect server.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TypeVar

from flows.callbacks import write_callbacks
from flows.equipment import Equipment, care_of, equip, library_versions, watched
from flows.failures import Failure, NightStopped
from flows.findings import Findings
from flows.listen import HeardCall, Listener
from flows.metrics import write_metrics
from flows.plan import NightPlan, PlannedCall, plan_night
from flows.publish import check_and_roll_up, run_row, stamps_of, write_day, write_failures, write_run, write_week
from flows.reports import STEPS, Reports, publish_reports
from flows.settings import Settings
from flows.voices import AgentVoices
from postcall.conduct.scorecard import VERSION
from postcall.errors import SettingsError, StorageError
from postcall.speech.engines import VoiceTeller
from postcall.voiceprints import VoiceprintPolicy
from storage.artifacts import Artifacts, digest
from storage.ledger import Ledger
from storage.one_run import only_run
from storage.pieces import Pieces
from storage.recordings import expand
from storage.tables import Tables

if TYPE_CHECKING:
    from flows.cluster import Sender

T = TypeVar("T")

Hear = Callable[[Sequence[PlannedCall]], Iterator[HeardCall]]
"""How a night gets its calls, each with what was heard in it."""

RETRY_PAUSE_S = 1.0

MOST_HELD = 10_000
"""Rows in memory at which they are put down; beside that the rows of one call may be many more."""

_FEW_CALLS = 20
"""Of fewer a share says little."""


class Progress(Protocol):
    """Where a night tells how far it is."""

    def start(self, step: str, total: int) -> None:
        """A step begins that has ``total`` calls to go through."""

    def advance(self) -> None:
        """One call is done."""

    def within(self, share: float) -> None:
        """An engine is so far with the call that it has in hand, 0 to 1."""


class Untold:
    """A progress that nobody watches."""

    def start(self, step: str, total: int) -> None:
        """Say nothing."""

    def advance(self) -> None:
        """Say nothing."""

    def within(self, share: float) -> None:
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
    day
        The business day.
    calls, recordings, transcripts
        Call records of the day that could be used; recordings decoded; calls with words.
    failures
        Everything that failed.
    run_id
        What made the rows.
    reports
        What was published of the day; None when the settings ask for nothing.
    """

    day: date
    calls: int
    recordings: int
    transcripts: int
    failures: tuple[Failure, ...]
    run_id: str
    reports: Reports | None = None

    @property
    def quarantined(self) -> int:
        """Call records and recordings put aside."""
        return sum(failure.is_quarantined for failure in self.failures)

    @property
    def defects(self) -> int:
        """Failures of the program, not of its input."""
        return sum(failure.is_defect for failure in self.failures) + len(self.reports.broken if self.reports else ())


def run_night(
    day: date,
    settings: Settings,
    *,
    use_transcripts: bool = True,
    step: StepRunner,
    progress: Progress | None = None,
    sender: Sender | None = None,
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
    sender
        How calls go to a cluster, where the settings ask for one; None for plainly.

    Raises
    ------
    SettingsError, PolicyError
        Before any work.
    NightStopped
        Too many calls failed: ``run_failure`` tells which and why, and nothing else of the day was written.
    StorageError
        The store gave up; what was written so far is whole, and running again repairs the rest.
    """
    started_at = datetime.now(UTC)
    equipment = step("check the equipment", lambda: equip(settings, use_transcripts=use_transcripts))
    tables = Tables(settings.store)
    with only_run(settings.store), Ledger(settings.store) as ledger, Pieces(settings.store) as pieces:
        plan = step("match call records and recordings", lambda: plan_night(settings, day, ledger), retries=2)
        told = progress.within if progress is not None else None
        if equipment.diarizer is not None:
            watched(equipment.diarizer, told)
        diarizer = equipment.diarizer
        voices = AgentVoices.of(
            settings.store,
            day,
            equipment.policies.section("voiceprints", VoiceprintPolicy),
            settings.voiceprints,
            diarizer.voice_revision if isinstance(diarizer, VoiceTeller) else None,
            plan.calls,
        )
        del diarizer
        listener = Listener(
            plan.recordings,
            Artifacts(settings.store),
            equipment.policies,
            recorder=settings.recorder,
            transcriber=equipment.transcriber,
            why_no_transcriber=equipment.why_no_transcriber,
            diarizer=equipment.diarizer,
            why_no_diarizer=equipment.why_no_diarizer,
            use_transcripts=use_transcripts,
            limit_s=settings.listen_limit_s,
            care=care_of(settings, told=told),
            voices=voices,
        )
        # From here on the listener alone has the engines, so that one that it lets go of is gone.
        equipment = equipment.without_engines()
        run_id = run_id_of(plan, listener, equipment, settings)
        try:
            with _heard(settings, day, listener, equipment, use_transcripts=use_transcripts, sender=sender) as hear:
                findings = step(
                    "listen and measure",
                    lambda: listen_and_measure(plan, hear, equipment, settings, progress or Untold(), pieces, run_id),
                    retries=2,
                )
        except NightStopped as stop:
            failures = stop.failures
            step(
                "write what failed",
                lambda: write_failures(tables, failures, equipment, day=day, run_id=run_id),
                retries=2,
            )
            raise
        knowing = _knowing(equipment, findings)
        made = step("check and roll up", lambda: check_and_roll_up(day, findings, pieces, knowing, run_id))
        step("write the day", lambda: write_day(tables, day, made, equipment, run_id), retries=2)
        if voices is not None:
            learned = voices
            step("keep the agents' voices", lambda: learned.write(settings.store), retries=2)
        step("roll up the week", lambda: write_week(tables, day, findings, equipment), retries=2)
        zone = settings.records.time_zone
        step("follow up promised call-backs", lambda: write_callbacks(tables, day, findings, equipment, zone), retries=2)
        run = run_row(day, started_at, findings, equipment, time_zone=settings.records.time_zone, inputs_digest=plan.digest)
        step(
            "write what ran and what failed",
            lambda: write_run(tables, ledger, run, findings, pieces, equipment, day=day, run_id=run_id),
            retries=2,
        )
    if settings.metrics_file is not None:
        metrics_file = settings.metrics_file
        step("write the metrics", lambda: write_metrics(metrics_file, settings), retries=1)
    reports = step("publish the reports", lambda: _publish(settings, day, progress or Untold()), retries=1)
    return NightReport(day, run.calls, run.recordings, run.transcripts, tuple(findings.failures), run_id, reports)


def _heard(
    settings: Settings, day: date, listener: Listener, equipment: Equipment, *, use_transcripts: bool, sender: Sender | None
) -> AbstractContextManager[Hear]:
    """How calls are heard: by the listener, or by a cluster that lasts as long as the context."""
    if not settings.dask.is_asked:
        return nullcontext(partial(listener.hear_all, workers=settings.workers))
    hears: AbstractContextManager[Hear] = cluster_module().cluster_hears(
        settings,
        expand(settings.recordings, day),
        listener,
        equipment.policies,
        use_transcripts=use_transcripts,
        sender=sender,
    )
    return hears


def cluster_module() -> ModuleType:
    """`flows.cluster`, whose library is an extra.

    Raises
    ------
    SettingsError
        It is not installed.
    """
    try:
        return import_module("flows.cluster")
    except ImportError as error:
        raise SettingsError(
            "the settings ask for a Dask cluster, and Dask is not installed",
            hint="pip install --constraint constraints.txt 'postcall[dask]'",
        ) from error


def _publish(settings: Settings, day: date, progress: Progress) -> Reports | None:
    if not settings.pages.nightly:
        return None
    progress.start("reports", STEPS)
    return publish_reports(settings, day, advance=progress.advance)


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


def run_id_of(plan: NightPlan, listener: Listener, equipment: Equipment, settings: Settings) -> str:
    """Digest of everything that determines the day's rows: the same inputs, code and policy give the same id."""
    makers = [(maker.name, maker.version) for maker in equipment.registry.makers]
    return digest(
        plan.day.isoformat(),
        plan.digest,
        listener.identity,
        equipment.policies.digest,
        makers,
        [VERSION, *((judge.manual.id, judge.manual.digest) for judge in equipment.judges)],
        settings.records.model_dump(mode="json"),
        library_versions(),
    )


def _knowing(equipment: Equipment, findings: Findings) -> Equipment:
    """The equipment with rollups that know what the analyzers were asked for, and where they made no row."""
    registry = equipment.registry
    analysed = findings.analysed(registry.analyzers)
    rollups = tuple(rollup.knowing(analysed) for rollup in registry.rollups)
    return replace(equipment, registry=replace(registry, rollups=rollups))


def listen_and_measure(
    plan: NightPlan,
    hear: Hear,
    equipment: Equipment,
    settings: Settings,
    progress: Progress,
    pieces: Pieces,
    run_id: str,
) -> Findings:
    """Hear every call and let every analyzer measure it; a call's samples are gone before its rows are kept.

    All rows are put down into ``pieces``, many at a time.

    Raises
    ------
    NightStopped
        Even if every call that is left went well, more would have failed than the settings let pass.
    """
    pieces.begin()
    stamps = stamps_of(plan.day, equipment, run_id)
    findings = Findings(failures=list(plan.failures))
    calls = {call.telephony.call_id for call in plan.calls}
    progress.start("calls", len(plan.calls))
    _stop_if_too_many(findings, calls, settings.max_failed_share)
    for heard in hear(plan.calls):
        told = len(findings.failures)
        findings.add(heard, equipment.registry.analyzers, equipment.policies, equipment.judges)
        if findings.held >= MOST_HELD:
            findings.put_down(pieces, stamps)
        if len(findings.failures) > told:
            _stop_if_too_many(findings, calls, settings.max_failed_share)
        progress.advance()
    findings.put_down(pieces, stamps)
    return findings


def _stop_if_too_many(findings: Findings, calls: Set[str], max_share: float) -> None:
    """A day on which most calls fail is no day to publish: a share is not mounted, or a model is broken."""
    of_calls = [failure for failure in findings.failures if failure.call_id in calls]
    failed = len({failure.call_id for failure in of_calls})
    if len(calls) < _FEW_CALLS or failed <= max_share * len(calls):
        return
    codes = Counter(failure.error.code for failure in of_calls)
    told = ", ".join(f"{count} × {code}" for code, count in codes.most_common(3))
    raise NightStopped(
        f"{failed} of {len(calls)} calls have failed so far ({told}), more than the share of {max_share:g} that may; "
        "no measure of the day was written",
        hint="`postcall report` and `postcall quarantine list` tell which and why; mend what they have in common and run "
        "again: what was heard is kept; `max_failed_share` of the settings lets more pass",
        failures=tuple(findings.failures),
    )
