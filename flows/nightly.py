"""The night as a Prefect deployment: the steps of `flows.night`, each a task with Prefect's retries, timings and history.

``prefect.yaml`` schedules it. Nothing of a call goes through Prefect: tasks take and give back nothing that is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from contextvars import copy_context
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from httpx import TransportError
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_API_URL
from prefect.tasks import Task

from flows.night import RETRY_PAUSE_S, NightReport, run_night
from flows.private import keep_private
from flows.settings import Settings, load_settings, yesterday
from flows.workers import Answer, Parcel, hear_parcel
from postcall.errors import HistoryError, SettingsError, StorageError

if TYPE_CHECKING:
    from distributed import Client
    from prefect_dask.task_runners import PrefectDaskFuture

    from flows.cluster import Send, Sent

T = TypeVar("T")


@flow(name="nightly", persist_result=False, validate_parameters=False)
def nightly(
    date: dt.date | str | None = None,
    settings: Settings | None = None,
    settings_file: str | None = None,
    no_transcript: bool = False,
) -> NightReport:
    """Process one business day.

    Parameters
    ----------
    date
        The day, or ``YYYY-MM-DD``; yesterday in the centre's time zone when not given.
    settings
        Settings in force, for a caller in this process.
    settings_file
        Settings file to read otherwise; ``postcall.toml`` of the working folder when not given.
    no_transcript
        Measure sound and call records alone.
    """
    keep_private()
    chosen = settings or load_settings(Path(settings_file) if settings_file else None)
    day = _day(date) or yesterday(chosen.records.time_zone)
    sender = as_dask_tasks if chosen.dask.is_asked else None
    report = run_night(day, chosen, use_transcripts=not no_transcript, step=as_task, progress=_LogProgress(), sender=sender)
    get_run_logger().info("%s: %d calls, %d put aside, %d defects", day, report.calls, report.quarantined, report.defects)
    return report


def run_tracked(day: dt.date, settings: Settings, *, use_transcripts: bool = True) -> NightReport:
    """Run a night as a flow from a process that Prefect did not start, such as the command line.

    Raises
    ------
    HistoryError
        The Prefect server cannot be reached, or went away.
    PostCallError
        As of `flows.night.run_night`.
    """
    try:
        return nightly(date=day, settings=settings, no_transcript=not use_transcripts)
    except Exception as error:
        if not _is_of_the_server(error):
            raise
        raise HistoryError(
            f"the Prefect server cannot be reached: {type(error).__name__}",
            hint="start it, or leave --prefect out: a night needs no server. Run again, it goes on from what is there",
        ) from error


def _is_of_the_server(error: Exception) -> bool:
    # Prefect raises a bare RuntimeError when nobody answers at its address.
    unreachable = isinstance(error, RuntimeError) and str(error).startswith("Failed to reach API")
    return unreachable or isinstance(error, TransportError | PrefectException)


def _day(given: dt.date | str | None) -> dt.date | None:
    return dt.date.fromisoformat(given) if isinstance(given, str) else given


def as_task(name: str, work: Callable[[], T], *, retries: int = 0) -> T:
    """Run a step as a Prefect task; only a `StorageError` is tried again."""
    as_tracked = task(
        name=name,
        retries=retries,
        retry_delay_seconds=RETRY_PAUSE_S,
        retry_condition_fn=_is_passing,
        cache_policy=NO_CACHE,
        persist_result=False,
    )
    step: Task[[], T] = as_tracked(work)
    return step()


def as_dask_tasks(client: Client, resources: Mapping[str, float], stack: ExitStack) -> Send:
    """Send parcels of calls to a cluster as Prefect tasks, through Prefect's own task runner.

    Raises
    ------
    SettingsError
        There is no server that the workers could tell of their tasks: each would start one for itself.
    """
    if not PREFECT_API_URL.value():
        raise SettingsError(
            "a cluster's workers need a Prefect server, and none is set",
            hint="set PREFECT_API_URL to one that they reach, or leave --prefect out: a night on a cluster needs no server",
        )
    runner_module = import_module("prefect_dask")
    dask = import_module("dask")
    # The cluster is the night's: both runs have the same one, with the same loopback, keys and silence.
    address = client.scheduler_info(n_workers=0)["address"]
    runner = runner_module.DaskTaskRunner(address=address, client_kwargs={"security": client.security})
    stack.enter_context(runner)
    hear = task(name="hear calls", cache_policy=NO_CACHE, persist_result=False)(hear_parcel)

    # Tasks of the flow, not of the step that waits for them: Prefect would send that step along, with all that it holds.
    of_the_flow = copy_context()

    def submitted(parcel: Parcel) -> Sent:
        with dask.annotate(resources=dict(resources)) if resources else nullcontext():
            return _Tracked(runner.submit(hear, parameters={"parcel": parcel}))

    return lambda parcel: of_the_flow.copy().run(submitted, parcel)


class _Tracked:
    """A parcel that is a Prefect task on a cluster."""

    def __init__(self, future: PrefectDaskFuture[Answer]) -> None:
        self._future = future

    def answer(self, within_s: float) -> Answer | None:
        """What came back; None when nothing has come yet."""
        try:
            return self._future.result(timeout=within_s)
        except TimeoutError:
            return None


def _is_passing(_task: Task[..., object], _run: TaskRun, state: State[object]) -> bool:
    return isinstance(state.result(raise_on_failure=False), StorageError)


class _LogProgress:
    """A line in Prefect's log at each tenth of the calls."""

    def __init__(self) -> None:
        self._done = self._total = 0

    def start(self, step: str, total: int) -> None:
        self._done, self._total = 0, total
        get_run_logger().info("%d %s", total, step)

    def advance(self) -> None:
        self._done += 1
        if self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            get_run_logger().info("%d of %d", self._done, self._total)

    def within(self, share: float) -> None:
        """Prefect's log keeps every line: nothing."""
