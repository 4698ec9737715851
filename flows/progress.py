"""How far a night is: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from flows.night import Progress as NightProgress

LINE_EVERY_S = 30.0
"""Least time between two lines of a log."""


@contextmanager
def progress_on(console: Console) -> Iterator[NightProgress]:
    """A progress display that suits ``console``."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar)


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading call records", total=None)
        self._step = ""

    def start(self, step: str, total: int) -> None:
        self._step = step
        self._bar.update(self._task, description=step, total=total, completed=0)

    def advance(self) -> None:
        self._bar.update(self._task, advance=1, description=self._step)

    def within(self, share: float) -> None:
        self._bar.update(self._task, description=f"{self._step} (speakers {share:.0%})")


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0
        self._last = 0.0

    def start(self, step: str, total: int) -> None:
        self._done, self._total, self._last = 0, total, time.monotonic()
        self._print(f"{total} {step}")

    def advance(self) -> None:
        self._done += 1
        if self._done == self._total or time.monotonic() - self._last >= LINE_EVERY_S:
            self._last = time.monotonic()
            self._print(f"{self._done} of {self._total}")

    def within(self, share: float) -> None:
        if time.monotonic() - self._last >= LINE_EVERY_S:
            self._last = time.monotonic()
            self._print(f"{self._done} of {self._total}, speakers of the next {share:.0%}")

    def _print(self, text: str) -> None:
        self._console.print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", highlight=False, soft_wrap=True)
