"""A failure, as the night carries it until it becomes a row."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from postcall.errors import AnalyzerError, EngineError, EngineOutOfMemory, PostCallError, TooManyFailures
from storage.artifacts import digest
from storage.runs import RunFailure

Stage = Literal["call_record", "recording", "speakers", "transcript", "analyzer", "table"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that failed; attributes as of `storage.runs.RunFailure`."""

    stage: Stage
    error: PostCallError
    call_id: str | None = None
    recording: str | None = field(default=None, repr=False)
    line: int | None = None
    analyzer: str | None = None

    @property
    def is_quarantined(self) -> bool:
        """Whether a call record, recording or transcript was put aside."""
        return not self.is_defect

    @property
    def is_defect(self) -> bool:
        """Whether the program failed, not its input."""
        return isinstance(self.error, AnalyzerError) or self.stage == "table"

    def row(self) -> RunFailure:
        """The failure as a row."""
        code = self.error.code
        return RunFailure(
            failure_id=digest(self.stage, self.call_id, self.recording, self.line, self.analyzer, code, self.error.message),
            call_id=self.call_id,
            recording=self.recording,
            line=self.line,
            stage=self.stage,
            analyzer=self.analyzer,
            code=code,
            message=self.error.message,
            hint=self.error.hint or None,
            is_quarantined=self.is_quarantined,
        )


class NightStopped(TooManyFailures):
    """A night that was stopped, with everything that had failed by then."""

    def __init__(self, message: str, *, hint: str = "", failures: tuple[Failure, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.failures = failures


def in_our_words(error: EngineError, engine: object) -> EngineError:
    """An engine's own error as it may be told: a plug-in's keeps its kind and loses its words, which may quote the call."""
    if type(engine).__module__.split(".", 1)[0] == "postcall":
        return error
    kind = EngineOutOfMemory if isinstance(error, EngineOutOfMemory) else EngineError
    return kind(f"the engine failed: {where_raised(error)}", hint="the engine is a plug-in: its own log may say more")


def where_raised(error: BaseException) -> str:
    """``TypeError in file.py:12``: what is safe to say of an unforeseen error, whose own message may quote a call."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
