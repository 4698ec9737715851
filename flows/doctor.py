"""Is everything there that a night needs? Each check is all right, a warning or a failure, with what to do.

Conventions
-----------
A check changes nothing: the store is made by the first night, not here; what is written to try the rights is removed at once. A
check that breaks is itself a failure, and the others go on. Nothing is printed that is personal: folders, versions, counts.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from flows.equipment import LIBRARIES, policy_sections
from flows.failures import where_raised
from flows.settings import DiarizerSettings, Settings, TranscriberSettings, yesterday
from postcall.analyzer import discover
from postcall.errors import PostCallError
from postcall.policy import load_policy
from postcall.privacy import SILENCED
from postcall.speech.engines import load_diarizer, load_transcriber
from storage.one_run import FILE_NAME as LOCK_FILE
from storage.recordings import Recordings, expand
from storage.tables import Tables

LITTLE_DISK_GIB, NO_DISK_GIB = 10.0, 1.0
NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.s3fs", "ceph", "glusterfs")
FIRST_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock from before the program was written was never set."""


class Verdict(StrEnum):
    """How a check ends."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, how it ended, what was found, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    to_do: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """All checks, in the order in which a night meets what they look at."""
    for name, look in _CHECKS.items():
        try:
            yield from look(settings)
        except PostCallError as error:
            yield Check(name, Verdict.FAIL, error.message, error.hint)
        except Exception as error:  # noqa: BLE001  # a check that breaks must not hide the others
            yield Check(name, Verdict.FAIL, f"the check broke: {where_raised(error)}", "report it with this line")


def _program(settings: Settings) -> Iterator[Check]:
    found, missing = [], []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {importlib.metadata.version(library)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(library)
    if missing:
        yield Check(
            "program", Verdict.FAIL, f"not installed: {', '.join(missing)}", "install postcall again, with its constraints"
        )
    else:
        yield Check("program", Verdict.OK, f"Python {platform.python_version()}, {', '.join(found)}")


def _telemetry(settings: Settings) -> Iterator[Check]:
    talking = [name for name, value in SILENCED.items() if os.environ.get(name) != value]
    if talking:
        yield Check(
            "telemetry", Verdict.FAIL, f"not switched off: {', '.join(talking)}", "something in this process set them anew"
        )
    else:
        yield Check("telemetry", Verdict.OK, "switched off; a Prefect server of its own must be told, see operations.md")


def _measures(settings: Settings) -> Iterator[Check]:
    registry = discover()
    policies = load_policy(settings.policy, policy_sections(registry))
    count = f"{len(registry.analyzers)} analyzers, {len(registry.rollups)} rollups, policy {policies.name}"
    yield Check("measures and policy", Verdict.OK, count)


def _words(settings: Settings) -> Iterator[Check]:
    yield _engine("recogniser", settings.transcriber, "faster-whisper", load_transcriber)
    yield _engine("diarizer", settings.diarizer, "pyannote", load_diarizer)


def _engine(
    name: str, asked: TranscriberSettings | DiarizerSettings, usual: str, load: Callable[[str, dict[str, object]], object]
) -> Check:
    if asked.engine == "none":
        return Check(name, Verdict.OK, "none, as set")
    if asked.engine == usual and "model" not in asked.options:
        section = "transcriber" if name == "recogniser" else "diarizer"
        lost = (
            "calls have words only where a transcript lies beside them"
            if name == "recogniser"
            else "in one-channel calls nobody is told apart"
        )
        return Check(name, Verdict.WARN, f"no model is set: {lost}", f"set model in [{section}.options]")
    load(asked.engine, dict(asked.options))
    model = asked.options.get("model")
    return Check(name, Verdict.OK, f"{asked.engine} loads" + (f", model {Path(str(model)).name}" if model else ""))


def _store(settings: Settings) -> Iterator[Check]:
    store = settings.store
    there = next(folder for folder in (store.absolute(), *store.absolute().parents) if folder.exists())
    if not there.is_dir():
        yield Check("store", Verdict.FAIL, f"'{there}' is no folder", "set another store")
        return
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield Check(
            "store", Verdict.FAIL, f"'{there}' cannot be written: {error.strerror}", "give it to the nightly run's user"
        )
        return
    if not store.exists():
        yield Check("store", Verdict.OK, f"'{store}' will be made by the first night")
    else:
        open_to = stat.S_IMODE(store.stat().st_mode) & 0o077
        if open_to:
            found = f"'{store}' can be reached by other users (mode {stat.S_IMODE(store.stat().st_mode):o})"
            yield Check("store", Verdict.WARN, found, f"it holds personal data: chmod 700 {store}")
        else:
            yield Check("store", Verdict.OK, f"'{store}', for its owner alone")
    kind = _file_system(there)
    if kind in NETWORK_FILE_SYSTEMS:
        yield Check("store's disk", Verdict.FAIL, f"a network file system ({kind})", "the ledger needs a local disk")
    free_gib = shutil.disk_usage(there).free / 2**30
    verdict = Verdict.FAIL if free_gib < NO_DISK_GIB else Verdict.WARN if free_gib < LITTLE_DISK_GIB else Verdict.OK
    to_do = "" if verdict is Verdict.OK else "make room: a night that meets a full disk stops, and is run again"
    yield Check("disk", verdict, f"{free_gib:.0f} GiB free", to_do)
    if _is_running(store):
        yield Check("run", Verdict.WARN, "a run is at work in this store", "another one ends with code 1 until it is done")


def _file_system(folder: Path) -> str:
    """Type of the file system a folder lies on; empty where this system does not tell."""
    mounts = Path("/proc/self/mounts")
    if not mounts.is_file():
        return ""
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, type_, *_ = [*line.split(), "", "", ""]
        if folder.is_relative_to(point or "/") and len(point) >= len(best):
            best, kind = point, type_
    return kind


def _is_running(store: Path) -> bool:
    lock = store / LOCK_FILE
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _inputs(settings: Settings) -> Iterator[Check]:
    day = yesterday(settings.records.time_zone)
    try:
        count = len(Recordings(expand(settings.recordings, day)).list())
        yield Check(
            "recordings", Verdict.OK if count else Verdict.WARN, f"{count} files", "" if count else "are they delivered?"
        )
    except PostCallError as error:
        yield Check("recordings", Verdict.FAIL, error.message, error.hint)
    if settings.calls is None:
        is_named = settings.recorder.name_pattern is not None
        found = "read from the names of recordings" if is_named else "neither a file nor recorder.name_pattern is set"
        yield Check("call records", Verdict.OK if is_named else Verdict.FAIL, found, "" if is_named else "set calls")
        return
    calls = expand(settings.calls, day)
    if "://" in calls:
        yield Check("call records", Verdict.OK, "in an object store; `postcall records check` reads them")
    elif Path(calls).is_file() and os.access(calls, os.R_OK):
        yield Check("call records", Verdict.OK, f"'{Path(calls).name}' is there; `postcall records check` tells what it holds")
    else:
        dated = f" for {day.isoformat()}" if calls != settings.calls else ""
        yield Check(
            "call records", Verdict.WARN, f"no readable '{Path(calls).name}'{dated}", "is it delivered? is the path right?"
        )


def _clock(settings: Settings) -> Iterator[Check]:
    zone = settings.records.time_zone
    now = datetime.now(ZoneInfo(zone))
    tables = Tables(settings.store)
    ended = tables.read("run_night").column("finished_at").to_pylist() if "run_night" in tables.names() else []
    if now < FIRST_CLOCK:
        yield Check("clock", Verdict.FAIL, f"it is {now:%Y-%m-%d %H:%M}", "set the clock")
    elif ended and max(ended) > now:
        yield Check("clock", Verdict.FAIL, "a night of this store ended in the future", "was the clock set back? set it right")
    elif zone == "UTC":
        found = f"{now:%H:%M} in UTC: business days are cut at midnight UTC"
        yield Check("time zone", Verdict.WARN, found, "set records.time_zone, e.g. Europe/Moscow")
    else:
        yield Check("time zone", Verdict.OK, f"{now:%H:%M} in {zone}; yesterday was {_said(yesterday(zone))}")


def _said(day: date) -> str:
    return f"{day:%A} {day.isoformat()}"


_CHECKS: dict[str, Callable[[Settings], Iterator[Check]]] = {
    "program": _program,
    "telemetry": _telemetry,
    "measures and policy": _measures,
    "time zone": _clock,
    "store": _store,
    "inputs": _inputs,
    "engines": _words,
}
