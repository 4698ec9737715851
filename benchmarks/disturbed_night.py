"""A night on the bundled calls that is disturbed from within, in a process of its own; what `benchmarks.faults` starts.

    python -m benchmarks.disturbed_night FOLDER DISTURBANCE

DISTURBANCE is `Disturbance` as JSON. Prints the number of audit events; a night that stops with a clear error prints code and
message, and ends with `STOPPED`. A defect ends with 1, as Python does.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flows.demonstration import DAY, TRANSCRIBED, demo_settings
from flows.night import plainly, run_night
from flows.settings import Settings, TranscriberSettings
from postcall.errors import PostCallError

STOPPED = 10
"""How a night here ends with a clear error."""
STORE, CALLS = "store", "calls.csv"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is done to the night.

    Attributes
    ----------
    die_at
        Number of the audit event at which it kills itself; 0 for never.
    largest_file
        Bytes that no file of it may exceed; 0 for no limit.
    hanging
        Recording whose bytes stop coming when it is decoded; empty for none.
    starved
        Which of the diarizer's calls, from 1, may take no further memory; 0 for none.
    recordings
        Address of the recordings; empty for the folder of the night.
    tracked
        Whether each step is a Prefect task.
    limit_s
        Time that one recording may take; 0 for the default.
    """

    die_at: int = 0
    largest_file: int = 0
    hanging: str = ""
    starved: int = 0
    recordings: str = ""
    tracked: bool = False
    limit_s: float = 0.0

    def as_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def settings_of(folder: Path, disturbance: Disturbance) -> Settings:
    """Settings of the night of a folder."""
    own: dict[str, Any] = {
        "transcriber": TranscriberSettings(engine="none"),
        "recordings": disturbance.recordings or str(folder / TRANSCRIBED),
        "calls": str(folder / CALLS),
    }
    if disturbance.limit_s:
        own["listen_limit_s"] = disturbance.limit_s
    return demo_settings(folder / STORE).model_copy(update=own)


def disturb(disturbance: Disturbance) -> Callable[[], int]:
    """Prepare everything; gives how many audit events there were so far."""
    seen = 0

    def count(event: str, _: object) -> None:
        nonlocal seen
        seen += 1
        if seen == disturbance.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    if disturbance.largest_file:
        # Without the signal's default, which ends the process, a write beyond the limit fails as on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (disturbance.largest_file, resource.RLIM_INFINITY))
    if disturbance.hanging:
        _hang(disturbance.hanging)
    if disturbance.starved:
        _starve(disturbance.starved)
    sys.addaudithook(count)
    return lambda: seen


class _StopsComing(io.BytesIO):
    """The first half of a recording; whoever reads on waits for ever, as on a share whose server is gone."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if not found:
            threading.Event().wait()
        return found


def _hang(recording: str) -> None:
    from flows import ear

    listen = ear.listen

    def hanging(file: Any, *, source: str, **rest: Any) -> Any:
        if source != recording:
            return listen(file, source=source, **rest)
        content = file.read()
        # A seek to the end tells a length, which is told truly.
        return listen(_StopsComing(content[: len(content) // 2]), source=source, **rest)

    ear.listen = hanging


def _starve(starved: int) -> None:
    from postcall.speech.pyannote_engine import PyannoteDiarizer

    diarize = PyannoteDiarizer.diarize
    calls = 0

    def starving(self: PyannoteDiarizer, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != starved:
            return diarize(self, *arguments)
        # A call in the middle of a night: what the engine loads with its first one is there.
        diarize(self, *arguments)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        in_use = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use, hard))
        try:
            return diarize(self, *arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

    PyannoteDiarizer.diarize = starving  # type: ignore[method-assign]


def run(folder: Path, disturbance: Disturbance) -> int:
    """The night; gives how the process ends."""
    seen = disturb(disturbance)
    settings = settings_of(folder, disturbance)
    try:
        if disturbance.tracked:
            from flows.nightly import run_tracked

            run_tracked(DAY, settings)
        else:
            run_night(DAY, settings, step=plainly)
    except PostCallError as error:
        sys.stdout.write(f"{error.code}: {error.message}\n")
        return STOPPED
    sys.stdout.write(f"{seen()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), Disturbance(**json.loads(sys.argv[2]))))
