"""A night told as JSON, one object a line, for whatever collects logs.

Conventions
-----------
Every line has ``time`` (UTC), ``level`` (info, warning, error) and ``event``; the others are counts, days, the codes of
docs/operations.md, ids of calls, and names of steps and analyzers. No message of a failure is among them, and so no word, name
or path of anybody: `postcall show run_failure` has the messages. Only what is wrong with the settings or the policy, which is
found before any call is read, is said in words.

==================  =======================================================================================
event               further keys
==================  =======================================================================================
``night_started``   night
``step_started``    night, step
``progress``        night, what, done, total; at least `LINE_EVERY_S` lie between two
``step_ended``      night, step, took_s
``step_failed``     night, step, code, attempt: a step that is tried again, or ends the run
``failure``         night, stage, code, and call_id, line, analyzer where it concerns one
``night_ended``     night, calls, recordings, transcripts, put_aside, defects, took_s, exit_code
``stopped``         night, code, exit_code; message and hint of settings and policy; place where nobody foresaw it
==================  =======================================================================================
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal, TextIO, TypeVar

from flows.failures import Failure, NightStopped, where_raised
from flows.night import NightReport, plainly
from postcall.errors import PolicyError, PostCallError, SettingsError

T = TypeVar("T")

Level = Literal["info", "warning", "error"]

LINE_EVERY_S = 30.0
"""Least time between two lines of progress, but for the last of a step."""


class NightLog:
    """Progress and step runner of a night that is told as JSON.

    Parameters
    ----------
    stream
        Where the lines go; flushed after each, so that the last one of a killed run is there.
    night
        Business day; None where it is not known yet.
    """

    def __init__(self, stream: TextIO, night: date | None = None) -> None:
        self._stream = stream
        self._night = night
        self._what = ""
        self._done = self._total = 0
        self._last = 0.0
        self._began = time.monotonic()

    def begin(self, night: date) -> None:
        """A night begins."""
        self._night, self._began = night, time.monotonic()
        self._write("info", "night_started")

    def start(self, step: str, total: int) -> None:
        """As of `flows.night.Progress`."""
        self._what, self._done, self._total, self._last = step, 0, total, time.monotonic()
        self._write("info", "progress", what=step, done=0, total=total)

    def advance(self) -> None:
        """As of `flows.night.Progress`."""
        self._done += 1
        if self._done == self._total or time.monotonic() - self._last >= LINE_EVERY_S:
            self._last = time.monotonic()
            self._write("info", "progress", what=self._what, done=self._done, total=self._total)

    def within(self, share: float) -> None:
        """As of `flows.night.Progress`: a line while a long call keeps everybody waiting."""
        if time.monotonic() - self._last >= LINE_EVERY_S:
            self._last = time.monotonic()
            self._write("info", "progress", what=self._what, done=self._done, total=self._total, call_share=round(share, 2))

    def step(self, name: str, work: Callable[[], T], *, retries: int = 0) -> T:
        """As of `flows.night.StepRunner`: plainly, and told."""
        began = time.monotonic()
        attempts = 0

        def told() -> T:
            nonlocal attempts
            attempts += 1
            try:
                return work()
            except Exception as error:
                code = error.code if isinstance(error, PostCallError) else "unforeseen"
                self._write("error", "step_failed", step=name, code=code, attempt=attempts)
                raise

        self._write("info", "step_started", step=name)
        result = plainly(name, told, retries=retries)
        self._write("info", "step_ended", step=name, took_s=_since(began))
        return result

    def end(self, report: NightReport, exit_code: int) -> None:
        """A night ran to its end."""
        for failure in report.failures:
            self._failure(failure)
        self._write(
            "error" if report.defects else "warning" if report.quarantined else "info",
            "night_ended",
            calls=report.calls,
            recordings=report.recordings,
            transcripts=report.transcripts,
            put_aside=report.quarantined,
            defects=report.defects,
            took_s=_since(self._began),
            exit_code=exit_code,
        )

    def stop(self, error: Exception, exit_code: int) -> None:
        """A night was broken off, or never began."""
        for failure in error.failures if isinstance(error, NightStopped) else ():
            self._failure(failure)
        if isinstance(error, SettingsError | PolicyError):
            self._write(
                "error", "stopped", code=error.code, message=error.message, hint=error.hint or None, exit_code=exit_code
            )
        elif isinstance(error, PostCallError):
            self._write("error", "stopped", code=error.code, exit_code=exit_code)
        else:
            self._write("error", "stopped", code="unforeseen", place=where_raised(error), exit_code=exit_code)

    def _failure(self, failure: Failure) -> None:
        self._write(
            "error" if failure.is_defect else "warning",
            "failure",
            stage=failure.stage,
            code=failure.error.code,
            call_id=failure.call_id,
            line=failure.line,
            analyzer=failure.analyzer,
        )

    def _write(self, level: Level, event: str, **more: str | float | None) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        night = None if self._night is None else self._night.isoformat()
        fields = {"time": now, "level": level, "event": event, "night": night, **more}
        line = json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=True)
        self._stream.write(f"{line}\n")
        self._stream.flush()


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
