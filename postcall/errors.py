"""What can go wrong, sorted by what the night does next.

Conventions
-----------
Every error carries a stable ``code`` for machines, a message for the analyst at 7 a.m., and a ``hint``
that says what to do where there is something to do. Messages carry ids, times and counts, never the words
of a call, a name or a number: they end up in logs.

======================  =====================================================================
class                   what the night does
======================  =====================================================================
PolicyError             stops before any work
SettingsError           stops before any work
RecordingError          quarantines the recording; the call keeps what its record can tell
TelephonyError          quarantines the call
EngineError             retries, then quarantines the recording
MissingInput            skips the measure for this call and keeps the reason
AnalyzerError           skips the analyzer for this call and keeps version and cause
TableError              stops the table's partition
HistoryError            stops the run; without Prefect it needs no server
ClusterError            stops the run; what was heard is kept
StorageError            retries, then stops the run
======================  =====================================================================
"""

from __future__ import annotations

from typing import ClassVar


class PostCallError(Exception):
    """Base of all errors of this project.

    Parameters
    ----------
    message
        What happened, in ids, times and counts.
    hint
        What the reader can do about it, or empty.
    """

    code: ClassVar[str] = "postcall_error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by positional arguments; the hint is keyword-only and would be lost between processes.
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(kind: type[PostCallError], state: dict[str, object]) -> PostCallError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("message", ""))
    error.__dict__.update(state)
    return error


class PolicyError(PostCallError, ValueError):
    """The policy file is wrong; nothing was processed."""

    code = "policy"


class SettingsError(PostCallError, ValueError):
    """The settings are wrong or something they name is missing; nothing was processed."""

    code = "settings"


class RecordingError(PostCallError):
    """A recording that cannot be used."""

    code = "recording"


class UndecodableRecording(RecordingError):
    """Not audio, or audio that breaks off.

    Parameters
    ----------
    decoded_ms
        How much could be decoded before it broke, in ms.
    """

    code = "undecodable"

    def __init__(self, message: str, *, hint: str = "", decoded_ms: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.decoded_ms = decoded_ms


class EmptyRecording(RecordingError):
    """A file without a single sample of sound."""

    code = "empty"


class ChannelMismatch(RecordingError):
    """More channels than two, or other channels than the call record says."""

    code = "channel_mismatch"


class DurationMismatch(RecordingError):
    """The file is shorter or longer than its header, or than the call."""

    code = "duration_mismatch"


class TooLongRecording(RecordingError):
    """Longer than the policy admits: a line left open, or a file that is not a call."""

    code = "too_long"


class StuckRecording(RecordingError):
    """Reading it, or listening to it, does not come to an end."""

    code = "stuck"


class ChangedRecording(RecordingError):
    """Its bytes are not those that the night planned with: somebody writes it while it is read."""

    code = "changed"


class UnusableSamples(RecordingError):
    """Samples that are no sound: not a number, infinite, or a sample rate outside 8-48 kHz."""

    code = "unusable_samples"


class MissingRecording(RecordingError):
    """The call record names a recording that is not there."""

    code = "missing_recording"


class DuplicateRecording(RecordingError):
    """The same sound under another call."""

    code = "duplicate_recording"


class UnsafePath(RecordingError):
    """A path that leads out of the recordings folder, or to something that is no file."""

    code = "unsafe_path"


class UnmatchedRecording(RecordingError):
    """A recording that no call record names."""

    code = "unmatched_recording"


class WorkerLost(RecordingError):
    """Whichever process hears this recording dies of it."""

    code = "worker_lost"


class TelephonyError(PostCallError):
    """A call record that cannot be trusted.

    Parameters
    ----------
    code
        Narrower reason, e.g. ``impossible_times``; ``telephony`` when not given.
    """

    code = "telephony"

    def __init__(self, message: str, *, hint: str = "", code: str = "telephony") -> None:
        super().__init__(message, hint=hint)
        self.code = code  # type: ignore[misc]  # one class, several reasons: the caller acts the same on all


class TranscriptError(PostCallError):
    """A transcript that came along cannot be read; the call goes on without words."""

    code = "transcript"


class EngineError(PostCallError):
    """A recogniser or diarizer failed on a call."""

    code = "engine"


class EngineOutOfMemory(EngineError):
    """A recogniser or diarizer ran out of memory on a call."""

    code = "engine_out_of_memory"


class EngineStuck(EngineError):
    """A recogniser or diarizer does not come to an end with a call."""

    code = "engine_stuck"


class MissingInput(PostCallError):
    """A measure needs a part that this call does not have.

    Parameters
    ----------
    part
        The missing part: ``recording``, ``parties``, ``transcript``, ``holds``, ``times``, …
    reason
        Why it is missing, in words that can stand in a table.
    """

    code = "missing_input"

    def __init__(self, part: str, reason: str = "") -> None:
        super().__init__(reason or f"no {part}")
        self.part = part


class AnalyzerError(PostCallError):
    """An analyzer broke on a call: a defect of the analyzer, not of the call."""

    code = "analyzer"


class TableError(PostCallError):
    """Rows that do not keep their table's declaration."""

    code = "table"


class ClusterError(PostCallError):
    """The workers that are to hear a night's calls cannot be reached, or none is left."""

    code = "cluster"


class HistoryError(PostCallError):
    """The Prefect server that is to keep the history of a run cannot be reached."""

    code = "prefect"


class TooManyFailures(PostCallError):
    """So many calls of a night failed that something else than the calls must be wrong."""

    code = "too_many_failures"


class StorageError(PostCallError):
    """The store cannot be read or written."""

    code = "storage"
