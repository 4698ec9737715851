"""Faults: does a night that was disturbed, run again, end with the tables of an undisturbed one?

    python -m benchmarks.faults FOLDER [--trials 50] [--seed N] [--only NAME] [--calls ID,ID]

Definition
----------
Each trial gives the bundled calls, with the words of the synthesis, to a night in a process of its own, disturbs it, and then
runs the night again without disturbance. It is passed when the second run ends by itself and every row of every table is
equal to that of an undisturbed night; only when the run began and ended may differ. What the disturbed run itself must do is
part of the trial: die, stop with a clear error, or do its work although something is wrong.

killed
    SIGKILL at a point drawn over all of the night's audit events: files, databases, imports, threads.
disk full
    Files cannot grow beyond a drawn size (RLIMIT_FSIZE), or, where a small tmpfs may be mounted, the disk is full.
read-only store
    After a kill the store's disk is mounted read-only, and a further run must stop with a clear error.
recording deleted
    A recording goes at a drawn time after the night has listed it and heard a first one, and comes back before the second run.
recording growing
    A recording is half there when the night begins its work, and grows from then on.
failing store
    The recordings come over HTTP, through fsspec as from an object store, and every n-th request fails: 503, or hung up.
out of memory
    One call of the diarizer gets no further memory (RLIMIT_AS): a row of its own in run_failure, and the night goes on.
hanging decode
    The bytes of a recording stop coming when it is decoded: put aside as stuck when its time is up, and the night goes on.
no Prefect server
    Nobody answers at the address of the Prefect server of a tracked night: it stops with a clear error.
Prefect server dies
    The server is killed at a drawn time of a tracked night: it does its work, or stops with a clear error.
clock jump
    The wall clock jumps by hours or days, to either side, at a drawn time; file times do not. Needs a C compiler, on Linux.
two nights at once
    A second process runs the night while the first is at work; it waits for nothing and leaves all alone.
unsynced files lost
    After a kill, half of the store's files whose last write was not brought to the disk (fsync, fdatasync) are cut to a drawn
    length, as a loss of power may leave them. Needs a C compiler, on Linux. Lost names of files are not tried.

Edge cases
----------
The points of a trial follow from the seed; where exactly threads are then does not. A failure is printed with its seed and
point. What cannot be tried on a machine says so and counts as left out, not as passed; so does a trial whose night had ended
before anything was done to it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.disturbed_night import CALLS, STOPPED, STORE, Disturbance
from benchmarks.failing_server import serving
from flows.demonstration import TRANSCRIBED, transcribed_settings
from postcall.errors import StorageError
from storage.one_run import FILE_NAME
from storage.tables import Tables

KILLED = -signal.SIGKILL
TIMEOUT_S = 300.0
LIMIT_S = 30.0
"""Time for one recording in trials with one that hangs; the bundled ones take a second or two, on a busy machine some more."""
LEFT_OUT = "left out: "
_LOOK_EVERY_S = 0.02
_TOO_LATE = f"{LEFT_OUT}the night had ended"
UNDISTURBED = Disturbance()
MONO = "13-mono"
"""A bundled call on one channel, which the diarizer is asked about."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: what was done, how the disturbed run ended, and what is wrong after the second one; empty when nothing is."""

    fault: str
    point: str
    ended: str
    took_s: float
    wrong: str

    @property
    def is_left_out(self) -> bool:
        """Whether it could not be tried here."""
        return self.ended.startswith(LEFT_OUT)

    @property
    def said(self) -> str:
        """What became of it."""
        return self.wrong or ("–" if self.is_left_out else "equal")


class Night:
    """A night in a process of its own.

    Parameters
    ----------
    folder
        Its store and its recordings, as `prepare` makes them.
    disturbance
        What is done to it from within.
    environment
        Further variables.
    """

    def __init__(
        self, folder: Path, disturbance: Disturbance = UNDISTURBED, environment: Mapping[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.disturbed_night", str(folder), disturbance.as_json()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def runs_when(self, comes: Callable[[], bool], after_s: float = 0.0) -> bool:
        """Wait for something of the night's to come, then so long; gives whether the night is still at work."""
        until = time.monotonic() + TIMEOUT_S
        while self.is_running and not comes() and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_S)
        time.sleep(after_s)
        return self.is_running

    def end(self) -> tuple[int, str]:
        """Exit code, and what it said."""
        try:
            out, errors = self._process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return 1, f"hung for {TIMEOUT_S:.0f} s"
        said = out.strip().splitlines()
        return self._process.returncode, said[-1] if said else errors.strip()[-300:]


def prepare(folder: Path, calls: Sequence[str] = ()) -> Path:
    """Lay recordings and call records of its own into a folder of a night; gives the folder of its store.

    Parameters
    ----------
    folder
        Is emptied.
    calls
        Ids of bundled calls; all when none is given.
    """
    shutil.rmtree(folder, ignore_errors=True)
    settings = transcribed_settings(folder)
    header, *rows = Path(str(settings.calls)).read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if not calls or row.partition(",")[0] in calls]
    (folder / CALLS).write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    for file in Path(settings.recordings).iterdir():
        if calls and file.name.partition(".")[0] not in calls:
            file.unlink()
    store = folder / STORE
    store.mkdir()
    return store


@contextmanager
def small_disk(store: Path, size: int, *, may_mount: bool) -> Iterator[bool]:
    """Put a store on a disk of its own; what is on it in the end lies in the folder afterwards, as if room had been made.

    Gives False, and changes nothing, where mounting is not permitted.
    """
    if not may_mount or not _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(store)):
        yield False
        return
    kept = store.with_name("kept")
    try:
        yield True
        shutil.copytree(store, kept)
    finally:
        subprocess.run(["umount", str(store)], check=True)
    store.rmdir()
    kept.rename(store)


def _mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def rows_of(store: Path) -> dict[str, list[str]]:
    """Every row of every table, but for the times of the run itself."""
    tables = Tables(store)
    found = {}
    for name in tables.names():
        stored = tables.read(name)
        if name == "run_night":
            stored = stored.drop_columns(["started_at", "finished_at"])
        found[name] = sorted(str(row) for row in stored.to_pylist())
    return found


class Bench:
    """All trials in a folder, against one undisturbed night.

    Parameters
    ----------
    folder
        Where the stores of the trials are made; each is removed when it is passed.
    seed
        Of all points.
    calls
        Ids of the bundled calls that a night has; all when none is given.
    may_mount
        Whether small disks may be mounted for the trials; a mount outlives a bench that is killed.
    """

    def __init__(self, folder: Path, seed: int, *, calls: Sequence[str] = (), may_mount: bool = True) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._calls, self._may_mount = calls, may_mount
        self._preload = _compiled(folder)
        undisturbed = prepare(folder / "undisturbed", calls)
        code, said = Night(undisturbed.parent).end()
        if code:
            raise StorageError(f"the undisturbed night ended with {code}: {said}")
        self._events = int(said)
        self._expected = rows_of(undisturbed)
        sizes = [path.stat().st_size for path in undisturbed.rglob("*") if path.is_file()]
        self._largest_file, self._store_bytes = max(sizes), sum(sizes)
        self._faults: dict[str, Callable[[Path], tuple[str, str, str]]] = {
            "killed": self._killed,
            "disk full": self._disk_full,
            "read-only store": self._read_only,
            "recording deleted": self._recording_deleted,
            "recording growing": self._recording_growing,
            "failing store": self._failing_store,
            "out of memory": self._out_of_memory,
            "hanging decode": self._hanging,
            "no Prefect server": self._no_server,
            "Prefect server dies": self._server_dies,
            "clock jump": self._clock_jump,
            "two nights at once": self._two_at_once,
            "unsynced files lost": self._unsynced,
        }

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of all kinds."""
        return tuple(self._faults)

    def trials(self, trials: int, only: str | None = None) -> Iterator[Trial]:
        """Run ``trials`` trials, the kinds by turns, or all of one kind."""
        names = [only] if only else list(self._faults)
        for number in range(trials):
            yield self._trial(names[number % len(names)], self._folder / f"trial-{number:03}")

    def _trial(self, fault: str, folder: Path) -> Trial:
        began = time.monotonic()
        store = prepare(folder, self._calls)
        point, ended, wrong = self._faults[fault](folder)
        if not wrong:
            code, said = Night(folder).end()
            wrong = f"the second run ended with {code}: {said}" if code else self._difference(store)
        if not wrong:
            shutil.rmtree(folder)
        return Trial(fault, point, ended, time.monotonic() - began, wrong)

    def _difference(self, store: Path) -> str:
        found = rows_of(store)
        differing = sorted(name for name in self._expected.keys() | found.keys() if self._expected.get(name) != found.get(name))
        if differing:
            return f"other rows in {', '.join(differing)}"
        left = [path.name for path in store.rglob(".*.part")]
        return f"left behind: {len(left)} files" if left else ""

    # ── the faults: point, how the disturbed run ended, what was wrong with that ─────────

    def _killed(self, folder: Path) -> tuple[str, str, str]:
        die_at = self._random.randrange(1, self._events)
        code, said = Night(folder, Disturbance(die_at=die_at)).end()
        # Threads make the number of events differ a little from run to run: a point near the end may lie behind it.
        return (
            f"event {die_at:,} of {self._events:,}",
            "killed" if code == KILLED else "ended before",
            _unless(code in (KILLED, 0), said),
        )

    def _disk_full(self, folder: Path) -> tuple[str, str, str]:
        size = self._random.randrange(100_000, self._store_bytes)
        with small_disk(folder / STORE, size, may_mount=self._may_mount) as is_small:
            limit = 0 if is_small else self._random.randrange(1_000, self._largest_file)
            code, said = Night(folder, Disturbance(largest_file=limit)).end()
        point = f"disk of {size:,} bytes" if is_small else f"files up to {limit:,} bytes"
        return point, said[:60] if code else "did its work", _unless(code in (0, STOPPED), said)

    def _read_only(self, folder: Path) -> tuple[str, str, str]:
        die_at = self._random.randrange(self._events // 2, self._events)
        with small_disk(folder / STORE, 10 * self._store_bytes, may_mount=self._may_mount) as is_small:
            code, said = Night(folder, Disturbance(die_at=die_at)).end()
            if not is_small:
                return "", f"{LEFT_OUT}no disk may be mounted here", _unless(code in (KILLED, 0), said)
            _mount("-o", "remount,ro", str(folder / STORE))
            code, said = Night(folder).end()
        return f"after event {die_at:,}", said[:60], _unless(code == STOPPED, f"ended with {code}: {said}")

    def _recording_deleted(self, folder: Path) -> tuple[str, str, str]:
        recording, aside, after_s = self._some_recording(folder), folder / "aside", self._random.uniform(0.0, 3.0)
        night = Night(folder)
        in_time = night.runs_when(lambda: any((folder / STORE / "artifacts").glob("*/*")), after_s)
        recording.rename(aside)
        code, said = night.end()
        aside.rename(recording)
        return f"{after_s:.1f} s after the first", f"ended with {code}" if in_time else _TOO_LATE, _unless(code == 0, said)

    def _recording_growing(self, folder: Path) -> tuple[str, str, str]:
        recording = self._some_recording(folder)
        whole = recording.read_bytes()
        recording.write_bytes(whole[: len(whole) // 2])
        night = Night(folder)
        in_time = night.runs_when((folder / STORE / FILE_NAME).exists)
        began = time.monotonic()
        for end in range(len(whole) // 2, len(whole), max(len(whole) // 40, 1)):
            recording.write_bytes(whole[:end])
            time.sleep(0.2)
        recording.write_bytes(whole)
        took_s = time.monotonic() - began
        code, said = night.end()
        return f"over {took_s:.0f} s", f"ended with {code}" if in_time else _TOO_LATE, _unless(code == 0, said)

    def _two_at_once(self, folder: Path) -> tuple[str, str, str]:
        after_s = self._random.uniform(0.0, 3.0)
        first = Night(folder)
        first.runs_when((folder / STORE / FILE_NAME).exists, after_s)
        second = Night(folder)
        refused, said = second.end()
        overlapped = first.is_running
        code, said_first = first.end()
        point, ended = f"{after_s:.1f} s apart", f"ended with {code} and {refused}"
        if refused == 0 and code == 0 and not overlapped:
            return point, _TOO_LATE, ""
        is_right = code == 0 and refused == STOPPED and "another run" in said
        return point, ended, _unless(is_right, f"{said_first}; {said}")

    def _failing_store(self, folder: Path) -> tuple[str, str, str]:
        every = self._random.randrange(2, 12)
        with serving(folder / TRANSCRIBED, every) as (address, server):
            code, said = Night(folder, Disturbance(recordings=address)).end()
        # With the failures of single requests made good, nothing is left for the second run to mend.
        wrong = _unless(code == 0 and server.failed > 0, said) or self._difference(folder / STORE)
        return f"every {every}th of {server.requests} requests", f"ended with {code}, {server.failed} failed", wrong

    def _out_of_memory(self, folder: Path) -> tuple[str, str, str]:
        if self._calls and MONO not in self._calls:
            return "", f"{LEFT_OUT}no call here has one channel", ""
        starved = 1
        code, said = Night(folder, Disturbance(starved=starved)).end()
        codes = _codes(folder / STORE) if code == 0 else []
        return f"call {starved} of the diarizer", _told(code, codes), _unless("engine_out_of_memory" in codes, said)

    def _hanging(self, folder: Path) -> tuple[str, str, str]:
        recording = self._some_recording(folder).name
        code, said = Night(folder, Disturbance(hanging=recording, limit_s=LIMIT_S)).end()
        codes = _codes(folder / STORE) if code == 0 else []
        return recording[:28], _told(code, codes), _unless("stuck" in codes, said)

    def _no_server(self, folder: Path) -> tuple[str, str, str]:
        code, said = Night(folder, Disturbance(tracked=True), _tracked(folder, _free_port())).end()
        return "", said[:60], _unless(code == STOPPED and said.startswith("prefect: "), f"ended with {code}: {said}")

    def _server_dies(self, folder: Path) -> tuple[str, str, str]:
        port, after_s = _free_port(), self._random.uniform(0.0, 10.0)
        with _prefect_server(folder, port) as server:
            night = Night(folder, Disturbance(tracked=True), _tracked(folder, port))
            in_time = night.runs_when((folder / STORE / FILE_NAME).exists, after_s)
            server.kill()
            code, said = night.end()
        is_right = code == 0 or (code == STOPPED and said.startswith("prefect: "))
        ended = said[:60] if code else "did its work" if in_time else _TOO_LATE
        return f"{after_s:.0f} s after it began", ended, _unless(is_right, f"ended with {code}: {said}")

    def _clock_jump(self, folder: Path) -> tuple[str, str, str]:
        if self._preload is None:
            return "", f"{LEFT_OUT}no C compiler here, or no Linux", ""
        after_s = self._random.uniform(0.0, 20.0)
        jump_s = self._random.choice([-1, 1]) * self._random.choice([3_600, 86_400, 400 * 86_400])
        jump = {"LD_PRELOAD": str(self._preload), "CLOCK_JUMP_AFTER_S": f"{after_s:.2f}", "CLOCK_JUMP_S": str(jump_s)}
        began = time.monotonic()
        code, said = Night(folder, environment=jump).end()
        in_time = time.monotonic() - began > after_s
        wrong = _unless(code == 0, said) or self._difference(folder / STORE)
        return f"{jump_s / 3_600:+,.0f} h after {after_s:.0f} s", f"ended with {code}" if in_time else _TOO_LATE, wrong

    def _unsynced(self, folder: Path) -> tuple[str, str, str]:
        if self._preload is None:
            return "", f"{LEFT_OUT}no C compiler here, or no Linux", ""
        die_at = self._random.randrange(self._events // 4, self._events)
        synced = folder / "synced"
        noted = {"LD_PRELOAD": str(self._preload), "SYNCED_FILES": str(synced)}
        code, said = Night(folder, Disturbance(die_at=die_at), noted).end()
        on_disk = set(synced.read_text(encoding="ascii").splitlines())
        at_risk = [path for path in sorted((folder / STORE).rglob("*")) if path.is_file() and _identity(path) not in on_disk]
        lost = [path for path in at_risk if path.stat().st_size and self._random.random() < 0.5]
        for path in lost:
            os.truncate(path, self._random.randrange(path.stat().st_size))
        point = f"event {die_at:,}, {len(lost)} files cut"
        return point, "killed" if code == KILLED else "ended before", _unless(code in (KILLED, 0), said)

    def _some_recording(self, folder: Path) -> Path:
        sound = sorted(path for path in (folder / TRANSCRIBED).iterdir() if path.suffix in (".opus", ".mp3", ".wav"))
        # Large enough that it is no broken one of the bundled calls.
        return self._random.choice([path for path in sound if path.stat().st_size > 20_000])


def _unless(is_right: bool, said: str) -> str:
    return "" if is_right else f"the disturbed run: {said[:200]}"


def _codes(store: Path) -> list[str]:
    """Codes of what failed for a passing reason: none of the bundled calls fails with them."""
    codes = Tables(store).read("run_failure")["code"].to_pylist()
    return sorted(set(codes) & {"engine_out_of_memory", "engine", "stuck", "recording", "storage"})


def _told(code: int, codes: Sequence[str]) -> str:
    return f"ended with {code}: {', '.join(codes) or 'no failure'}"


def _identity(path: Path) -> str:
    """As `preload.c` notes it."""
    found = path.stat()
    seconds, rest = divmod(found.st_mtime_ns, 1_000_000_000)
    return f"{found.st_dev} {found.st_ino} {found.st_size} {seconds}.{rest:09}"


def _compiled(folder: Path) -> Path | None:
    """The library that goes before libc; None where it cannot be made."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    library = folder.resolve() / "preload.so"
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("preload.c")
    done = subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source)], check=False)
    return library if done.returncode == 0 else None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _tracked(folder: Path, port: int) -> dict[str, str]:
    """Variables of a night whose history is kept by a server on a port of this machine."""
    return {
        "PREFECT_HOME": str((folder / "prefect").resolve()),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # Of the pauses between its own tries to reach the server; there is nobody to wait for.
        "PREFECT_CLIENT_MAX_RETRIES": "1",
    }


@contextmanager
def _prefect_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    # A session of its own: what it starts ends with it.
    server = subprocess.Popen(
        command,
        env={**os.environ, **_tracked(folder, port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + TIMEOUT_S
        while not _is_answering(port):
            if time.monotonic() > until or server.poll() is not None:
                raise StorageError("the Prefect server of a trial did not start")
            time.sleep(0.5)
        yield server
    finally:
        if server.poll() is None:
            server.kill()
        server.wait()


def _is_answering(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    """Print a line for each trial, and a table of all; ends with 1 when one is not passed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description="Disturbed nights, run again.")
    parser.add_argument("folder", type=Path, help="where stores are made")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--only", help="one kind of fault")
    parser.add_argument(
        "--calls", type=lambda ids: tuple(ids.split(",")), default=(), help="ids of bundled calls, all otherwise"
    )
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    bench = Bench(given.folder, given.seed, calls=given.calls)
    if given.only and given.only not in bench.faults:
        parser.error(f"no fault '{given.only}'; there are {', '.join(bench.faults)}")
    done = []
    for trial in bench.trials(given.trials, given.only):
        done.append(trial)
        sys.stdout.write(f"{trial.fault:20} {trial.point:30} {trial.ended:62} {trial.took_s:5.0f} s  {trial.said}\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{'fault':20} {'trials':>6} {'left out':>8} {'equal':>6}\n")
    for fault in dict.fromkeys(trial.fault for trial in done):
        of_kind = [trial for trial in done if trial.fault == fault]
        left_out = sum(trial.is_left_out for trial in of_kind)
        equal = sum(not trial.wrong and not trial.is_left_out for trial in of_kind)
        sys.stdout.write(f"{fault:20} {len(of_kind):6} {left_out:8} {equal:6}\n")
    sys.exit(any(trial.wrong for trial in done))


if __name__ == "__main__":
    main()
