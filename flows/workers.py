"""Hearing calls in another process: what a worker of a cluster does, and what is sent to it and back.

Definition
----------
A worker gets a few calls at a time (`Parcel`), hears them as the night would by itself (`flows.listen`), and leaves what it
found as artifacts. Back comes only what failed, by call and stage: the night then takes the calls from their artifacts.
Policies, settings and the plan are those of the night, so a worker reads no file of settings.

Conventions
-----------
A process has one listener, and so each engine once, for as long as a night lasts; the next night brings another, as a model
may have been replaced, and an engine that hung is a matter of its night. Nothing is raised in a worker: Dask would write the
error and what was sent into its log.

Edge cases
----------
A worker whose engines, models or libraries are not those of the night refuses: its artifacts would be another night's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from flows.equipment import care_of, diarizer_of, library_versions, transcriber_of
from flows.failures import where_raised
from flows.listen import Listener, Refused
from flows.plan import PlannedCall
from flows.private import keep_private
from flows.settings import Settings
from postcall.errors import ClusterError, PostCallError, SettingsError
from postcall.policy import PolicySet
from storage.artifacts import Artifacts, digest
from storage.recordings import Recordings


@dataclass(frozen=True, slots=True)
class Kit:
    """What a worker needs besides the calls.

    Attributes
    ----------
    night
        Another one for each run of a night.
    recordings
        Address of the recordings.
    settings, policies
        Of the night; ``settings.artifacts`` is set.
    use_transcripts
        False leaves words out.
    hears_like
        `likeness_of` the night's own listener.
    """

    night: str
    recordings: str
    settings: Settings = field(repr=False)
    policies: PolicySet = field(repr=False)
    use_transcripts: bool
    hears_like: str


class Parcel:
    """What goes to a worker, or comes back; Dask may write it into a log, which then tells its size alone.

    Parameters
    ----------
    calls
        To hear.
    kit
        To hear them with.
    """

    def __init__(self, kit: Kit, calls: Sequence[PlannedCall]) -> None:
        self.kit, self.calls = kit, tuple(calls)

    def __repr__(self) -> str:
        return f"Parcel({len(self.calls)} calls)"


class Answer:
    """What a worker says of a parcel.

    Parameters
    ----------
    refused
        Of each call, in order.
    error
        What kept the worker from hearing them.
    """

    def __init__(self, refused: Sequence[Refused] = (), error: PostCallError | None = None) -> None:
        self.refused, self.error = tuple(refused), error

    def __repr__(self) -> str:
        return f"Answer({len(self.refused)} calls)"


def likeness_of(listener: Listener) -> str:
    """Digest of what makes two processes hear the same: engines, models, options and the libraries that shape the numbers."""
    return digest(listener.ears, library_versions())


class _Ears:
    """The one listener of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._night = ""
        self._listener: Listener | None = None

    def of(self, kit: Kit) -> Listener:
        """The listener of a night."""
        with self._lock:
            if self._listener is None or self._night != kit.night:
                # Let go first: two models may not fit into the memory of a card.
                self._listener = None
                self._listener, self._night = _made(kit), kit.night
            return self._listener

    def forget(self) -> None:
        """Let go of listener and engines."""
        with self._lock:
            self._listener = None


_EARS = _Ears()


def hear_parcel(parcel: Parcel) -> Answer:
    """Hear calls in this process."""
    try:
        listener = _EARS.of(parcel.kit)
        heard = listener.hear_all(parcel.calls, workers=parcel.kit.settings.dask.threads)
        return Answer([{failure.stage: failure.error for failure in one.failures} for one in heard])
    except SettingsError as error:
        return Answer(error=SettingsError(f"on a worker: {error.message}", hint=error.hint))
    except PostCallError as error:
        return Answer(error=error)
    except Exception as error:  # noqa: BLE001  # its message may quote a call, and Dask would write it into its log
        return Answer(error=ClusterError(f"a worker broke: {where_raised(error)}", hint="report this defect"))


def let_go() -> None:
    """End a night in this process: a card's memory is free for others."""
    _EARS.forget()


def _made(kit: Kit) -> Listener:
    keep_private()
    settings = kit.settings
    transcriber, why_no_transcriber = transcriber_of(settings.transcriber, use_transcripts=kit.use_transcripts)
    diarizer, why_no_diarizer = diarizer_of(settings.diarizer)
    listener = Listener(
        Recordings(kit.recordings),
        Artifacts(settings.store, settings.artifacts),
        kit.policies,
        recorder=settings.recorder,
        transcriber=transcriber,
        why_no_transcriber=why_no_transcriber,
        diarizer=diarizer,
        why_no_diarizer=why_no_diarizer,
        use_transcripts=kit.use_transcripts,
        limit_s=settings.listen_limit_s,
        care=care_of(settings),
    )
    if likeness_of(listener) != kit.hears_like:
        raise SettingsError(
            "the engines, models or libraries are not those of the night",
            hint="install the same versions with constraints.txt there, and the same models at the same paths",
        )
    return listener
