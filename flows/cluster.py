"""The calls of a night, heard by workers of a Dask cluster; the night takes them from their artifacts, in order.

Definition
----------
parcel
    `dask.batch` calls of the plan, one task. All are sent at once, and Dask hands them to workers that are free.
lost
    A parcel of which Dask says that every worker that had it died. When all other parcels are done, its calls are sent one by
    one, each alone on the cluster: the one whose worker dies again is at fault, and only it fails (`WorkerLost`).

Conventions
-----------
A local cluster listens on the loopback alone, by TLS with keys that live as long as it, and has no dashboard. A worker that
dies is replaced. Dask's own log is silent: what is to be said stands in ``run_failure`` or in the error that ends the night.

Edge cases
----------
A result that dies with its worker is made again, from artifacts. Workers that offer too little (`dask.resources`) count as
none. Agents' voices are compared and learned by the night itself: a print never travels.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import dask
import distributed

from flows.failures import where_raised
from flows.listen import HeardCall, Listener, Refused
from flows.night import Hear
from flows.plan import PlannedCall
from flows.settings import DaskSettings, Settings
from flows.workers import Answer, Kit, Parcel, hear_parcel, let_go, likeness_of
from postcall.errors import ClusterError, WorkerLost
from postcall.policy import PolicySet
from storage.places import places_of

LOOK_EVERY_S = 1.0
"""How long a wait goes on before it is looked whether there are workers."""

REVIVE_AFTER_S = 60.0
"""How long a local cluster may be without any worker before it gets new ones."""

LOOPBACK = "127.0.0.1"

DEATHS = 2
"""Workers of a local cluster that die of a parcel before it is lost. A remote scheduler has its own number."""

AGAIN = "run the night again: what was heard is kept"


class Sent(Protocol):
    """A parcel under way."""

    def answer(self, within_s: float) -> Answer | None:
        """What came back; None when nothing has come yet.

        Raises
        ------
        distributed.KilledWorker
            Whoever had it died.
        """


Send = Callable[[Parcel], Sent]


class Sender(Protocol):
    """How parcels go to a cluster: plainly, or as Prefect tasks (`flows.nightly`)."""

    def __call__(self, client: distributed.Client, resources: Mapping[str, float], stack: ExitStack) -> Send:
        """Make a way to send; what it has to end is put on ``stack``."""


class _Plain:
    """A parcel that is a task of Dask's."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def answer(self, within_s: float) -> Answer | None:
        try:
            came: Answer = self._future.result(timeout=within_s)
        except distributed.TimeoutError:
            return None
        return came


def plainly_sent(client: distributed.Client, resources: Mapping[str, float], stack: ExitStack) -> Send:
    """Parcels as tasks of Dask's."""
    return lambda parcel: _Plain(client.submit(hear_parcel, parcel, pure=False, resources=dict(resources) or None))


@contextmanager
def cluster_hears(
    settings: Settings,
    recordings: str,
    listener: Listener,
    policies: PolicySet,
    *,
    use_transcripts: bool,
    sender: Sender | None = None,
) -> Iterator[Hear]:
    """Calls are heard by a cluster within this context.

    Parameters
    ----------
    settings
        Of the night; `dask` says which cluster.
    recordings
        Address of the day's recordings.
    listener
        The night's own, which takes the calls from their artifacts.
    policies
        The policy in force.
    use_transcripts
        False leaves words out.
    sender
        How parcels go out; None for plainly.

    Raises
    ------
    ClusterError
        There is no cluster, or no worker of it is left.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    store = settings.store.resolve()
    artifacts = places_of(store).artifacts or str(store / "artifacts")
    kit = Kit(
        uuid.uuid4().hex,
        _everywhere(recordings),
        settings.model_copy(update={"store": store, "artifacts": _everywhere(artifacts)}),
        policies,
        use_transcripts,
        likeness_of(listener),
    )
    with ExitStack() as stack:
        try:
            client, cluster = stack.enter_context(_client(settings.dask))
        except (OSError, distributed.TimeoutError, RuntimeError) as error:
            raise ClusterError(
                f"the Dask scheduler cannot be reached: {type(error).__name__}",
                hint="start it, or correct dask.scheduler; without it the night hears its calls itself",
            ) from error
        stack.callback(_dismiss, client)
        send = (sender or plainly_sent)(client, settings.dask.resources, stack)
        yield _Crew(client, cluster, send, kit, listener, settings).hear_all


def _everywhere(address: str) -> str:
    """An address that means the same in a process that works in another folder."""
    return address if "://" in address else str(Path(address).resolve())


@contextmanager
def _client(asked: DaskSettings) -> Iterator[tuple[distributed.Client, distributed.LocalCluster | None]]:
    if asked.scheduler is not None:
        with _connected(asked.scheduler) as client:
            yield client, None
        return
    # Nobody looks at its pages, and on a machine with other users they are nobody's business.
    quiet: dict[str, object] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
    # On a busy machine a worker takes its time to come up.
    patient = {"distributed.comm.timeouts.connect": "120s"}
    with (
        dask.config.set(quiet | patient),
        _local(
            n_workers=asked.local_workers,
            threads_per_worker=1,
            host=LOOPBACK,
            dashboard_address=None,
            security=True,
            # A limit would make workers write what they hold to the disk, and end them for what the night allows.
            memory_limit=0,
            resources=asked.resources,
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0", "allowed_failures": DEATHS - 1},
        ) as cluster,
        _connected(cluster) as client,
    ):
        yield client, cluster


_connected: Callable[..., AbstractContextManager[distributed.Client]] = partial(
    distributed.Client, set_as_default=False, timeout="30s"
)
_local: Callable[..., AbstractContextManager[distributed.LocalCluster]] = distributed.LocalCluster


def _dismiss(client: distributed.Client) -> None:
    """The workers let go of their engines; those that do not answer end, or get the next night."""
    with suppress(Exception):
        client.run(let_go, on_error="ignore")


class _Crew:
    """Sends a night's calls to a cluster, and takes them from their artifacts when they are heard."""

    def __init__(
        self,
        client: distributed.Client,
        own: distributed.LocalCluster | None,
        send: Send,
        kit: Kit,
        listener: Listener,
        settings: Settings,
    ) -> None:
        self._client, self._own, self._send, self._kit, self._listener = client, own, send, kit, listener
        self._asked = settings.dask
        self._threads = settings.workers
        self._is_checked = False
        self._alone_since: float | None = None
        self._revived = 0.0

    def hear_all(self, planned: Sequence[PlannedCall]) -> Iterator[HeardCall]:
        """Every call, in the order given.

        Raises
        ------
        ClusterError, StorageError, SettingsError
            The night cannot go on.
        """
        size = self._asked.batch
        parcels = [Parcel(self._kit, planned[at : at + size]) for at in range(0, len(planned), size)]
        sent = [self._sent(parcel) for parcel in parcels]
        for number, parcel in enumerate(parcels):
            refused = self._refused(parcel, sent[number])
            if refused is None:
                for other in sent[number + 1 :]:
                    self._waited(other)
                refused = [self._alone(call) for call in parcel.calls]
            self._check(parcel, refused)
            told = {call.telephony.call_id: one for call, one in zip(parcel.calls, refused, strict=True)}
            yield from self._listener.hear_all(parcel.calls, workers=self._threads, refused=told)

    def _sent(self, parcel: Parcel) -> Sent:
        try:
            return self._send(parcel)
        except Exception as error:
            raise ClusterError(f"the Dask scheduler went away: {where_raised(error)}", hint=AGAIN) from error

    def _alone(self, call: PlannedCall) -> Refused:
        """What a call's failures are when nothing else is on the cluster."""
        parcel = Parcel(self._kit, [call])
        refused = self._refused(parcel, self._sent(parcel))
        if refused is not None:
            return refused[0]
        lost = WorkerLost(
            "each process that heard this recording died of it",
            hint="look for too little memory, or for a library that crashes; then run the night again",
        )
        return {"recording": lost}

    def _refused(self, parcel: Parcel, sent: Sent) -> Sequence[Refused] | None:
        """What failed of each call; None where the parcel was lost."""
        answer = self._waited(sent)
        if answer is None:
            return None
        if answer.error is not None:
            raise answer.error
        if len(answer.refused) != len(parcel.calls):
            raise ClusterError("a worker answered for other calls than it was given", hint="report this defect")
        return answer.refused

    def _waited(self, sent: Sent) -> Answer | None:
        """The answer to a parcel; None where it was lost."""
        while True:
            try:
                answer = sent.answer(LOOK_EVERY_S)
            except distributed.KilledWorker:
                return None
            except Exception as error:
                raise ClusterError(f"the Dask cluster broke: {where_raised(error)}", hint=AGAIN) from error
            if answer is not None:
                self._alone_since = None
                return answer
            self._look_for_workers()

    def _look_for_workers(self) -> None:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if any(all(one["resources"].get(name, 0) >= much for name, much in self._asked.resources.items()) for one in workers):
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if self._own is not None and not workers and now >= max(self._alone_since, self._revived) + REVIVE_AFTER_S:
            # Dask does not replace a worker that dies while it comes up.
            for count in (0, self._asked.local_workers):
                self._own.scale(count)  # type: ignore[no-untyped-call]
            self._revived = now
        if now - self._alone_since >= self._asked.wait_s:
            lack = f" that offers {dict(self._asked.resources)}" if self._asked.resources and workers else ""
            raise ClusterError(
                f"for {self._asked.wait_s:g} s there was no worker{lack}",
                hint=f"start workers (`dask worker`), with what dask.resources asks for; {AGAIN}",
            )

    def _check(self, parcel: Parcel, refused: Sequence[Refused]) -> None:
        """Make sure that workers and night see the same artifacts: otherwise the night would hear every call itself."""
        if self._is_checked:
            return
        heard = (
            call.sha256
            for call, one in zip(parcel.calls, refused, strict=True)
            if call.recording is not None and call.sha256 is not None and "recording" not in one
        )
        sha256 = next(heard, None)
        if sha256 is None:
            return
        if not self._listener.has_heard(sha256):
            raise ClusterError(
                "what the workers found is not among the artifacts of the night",
                hint="`artifacts` must be a folder that all machines share, at the same path, or an s3:// address",
            )
        self._is_checked = True
