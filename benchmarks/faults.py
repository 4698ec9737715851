"""Faults: does a night that was disturbed, run again, end with the tables of an undisturbed one?

    python -m benchmarks.faults FOLDER [--trials 50] [--seed N] [--only NAME]

Definition
----------
Each trial gives the bundled calls, with the words of the synthesis, to a night in a process of its own, disturbs it, and then
runs the night again without disturbance. It is passed when the second run ends by itself and every row of every table is
equal to that of an undisturbed night; only when the run began and ended may differ. What the disturbed run itself must do is
part of the trial: die, stop with a clear error, or do its work although something is wrong.

======================  ====================================================================================================
fault                   what is done ======================
==================================================================================================== killed
SIGKILL at a point drawn over all of the night's audit events: files, databases, imports, threads disk full
files cannot grow beyond a drawn size (RLIMIT_FSIZE), or, where a small tmpfs may be mounted, the disk is full read-only store
the store's folders cannot be written, where the user is not one whom rights do not stop recording deleted       a recording
goes when the night has listed it, and comes back before the second run recording growing       a recording is half there, and
grows while the night runs two nights at once      two processes run the same night; one of them does it, the other waits for
nothing and leaves all alone unsynced files lost     after a kill, every file of the store written in its last moments is cut
short, as a loss of power may do ======================
====================================================================================================

Edge cases
----------
The points of a trial follow from the seed; where exactly threads are then does not. A failure is printed with its seed and
point.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.demonstration import DAY, TRANSCRIBED, demo_settings, transcribed_settings
from flows.night import plainly, run_night
from flows.settings import TranscriberSettings
from postcall.errors import PostCallError, StorageError
from storage.tables import Tables

STOPPED = 10
"""How a night here ends with a clear error; a defect ends with 1."""
KILLED = -signal.SIGKILL
TIMEOUT_S = 300.0
STORE, CALLS = "store", "calls.csv"


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: what was done, how the disturbed run ended, and what is wrong after the second one; empty when nothing is."""

    fault: str
    point: str
    ended: str
    took_s: float
    wrong: str


class Night:
    """A night in a process of its own.

    Parameters
    ----------
    folder
        Its store and its recordings, as `prepare` makes them.
    die_at
        Number of the audit event at which it kills itself; 0 for never.
    largest_file
        Bytes that no file of it may exceed; 0 for no limit.
    """

    def __init__(self, folder: Path, *, die_at: int = 0, largest_file: int = 0) -> None:
        arguments = [str(folder), str(die_at), str(largest_file)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults", "--night", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[int, str]:
        """Exit code, and what it said."""
        try:
            out, errors = self._process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return 1, f"hung for {TIMEOUT_S:.0f} s"
        return self._process.returncode, out.strip() or errors.strip()[-300:]


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


def night_in_this_process(folder: Path, die_at: int, largest_file: int) -> int:
    """What `Night` runs. Prints the number of audit events."""
    seen = 0

    def count(event: str, _: object) -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    own = {
        "transcriber": TranscriberSettings(engine="none"),
        "recordings": str(folder / TRANSCRIBED),
        "calls": str(folder / CALLS),
    }
    settings = demo_settings(folder / STORE).model_copy(update=own)
    if largest_file:
        # Without the signal's default, which ends the process, a write beyond the limit fails as on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
    sys.addaudithook(count)
    try:
        run_night(DAY, settings, step=plainly)
    except PostCallError as error:
        sys.stdout.write(f"{error.code}: {error.message}\n")
        return STOPPED
    sys.stdout.write(f"{seen}\n")
    return 0


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
        code, said = Night(folder, die_at=die_at).end()
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
            code, said = Night(folder, largest_file=limit).end()
        point = f"disk of {size:,} bytes" if is_small else f"files up to {limit:,} bytes"
        return point, said[:60] if code else "did its work", _unless(code in (0, STOPPED), said)

    def _read_only(self, folder: Path) -> tuple[str, str, str]:
        die_at = self._random.randrange(self._events // 2, self._events)
        with small_disk(folder / STORE, 10 * self._store_bytes, may_mount=self._may_mount) as is_small:
            code, said = Night(folder, die_at=die_at).end()
            if not is_small:
                return "", "left out: no disk may be mounted here", _unless(code in (KILLED, 0), said)
            _mount("-o", "remount,ro", str(folder / STORE))
            code, said = Night(folder).end()
        return f"after event {die_at:,}", said[:60], _unless(code == STOPPED, f"ended with {code}: {said}")

    def _recording_deleted(self, folder: Path) -> tuple[str, str, str]:
        recording = self._some_recording(folder)
        aside = folder / "aside"
        night = Night(folder)
        time.sleep(self._random.uniform(0.5, 6.0))
        recording.rename(aside)
        code, said = night.end()
        aside.rename(recording)
        return "while it ran", f"ended with {code}", _unless(code == 0, said)

    def _recording_growing(self, folder: Path) -> tuple[str, str, str]:
        recording = self._some_recording(folder)
        whole = recording.read_bytes()
        recording.write_bytes(whole[: len(whole) // 2])
        night = Night(folder)
        for end in range(len(whole) // 2, len(whole), max(len(whole) // 40, 1)):
            recording.write_bytes(whole[:end])
            time.sleep(0.2)
        recording.write_bytes(whole)
        code, said = night.end()
        return "over 4 s", f"ended with {code}", _unless(code == 0, said)

    def _two_at_once(self, folder: Path) -> tuple[str, str, str]:
        first = Night(folder)
        time.sleep(self._random.uniform(0.0, 8.0))
        second = Night(folder)
        ends = [first.end(), second.end()]
        codes = sorted(code for code, _ in ends)
        refused = [said for code, said in ends if code == STOPPED]
        is_right = codes in ([0, 0], [0, STOPPED]) and all("another run" in said for said in refused)
        return "", f"ended with {codes[0]} and {codes[1]}", _unless(is_right, "; ".join(said for _, said in ends))

    def _unsynced(self, folder: Path) -> tuple[str, str, str]:
        code, said = Night(folder, die_at=self._random.randrange(self._events // 4, self._events)).end()
        files = sorted(
            (path for path in (folder / STORE / "artifacts").rglob("*.json")), key=lambda path: path.stat().st_mtime
        )[-3:]
        for path in files:
            os.truncate(path, self._random.randrange(path.stat().st_size))
        return f"{len(files)} artifacts cut", "killed" if code == KILLED else "ended before", _unless(code in (KILLED, 0), said)

    def _some_recording(self, folder: Path) -> Path:
        sound = sorted(path for path in (folder / TRANSCRIBED).iterdir() if path.suffix in (".opus", ".mp3", ".wav"))
        # Large enough that it is no broken one of the bundled calls.
        return self._random.choice([path for path in sound if path.stat().st_size > 20_000])


def _unless(is_right: bool, said: str) -> str:
    return "" if is_right else f"the disturbed run: {said[:200]}"


def main() -> None:
    """Print a line for each trial, and a table of all; ends with 1 when one is not passed."""
    if sys.argv[1:2] == ["--night"]:
        sys.exit(night_in_this_process(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("folder", type=Path, help="where stores are made")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--only", help="one kind of fault")
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    bench = Bench(given.folder, given.seed)
    if given.only and given.only not in bench.faults:
        parser.error(f"no fault '{given.only}'; there are {', '.join(bench.faults)}")
    done = []
    for trial in bench.trials(given.trials, given.only):
        done.append(trial)
        sys.stdout.write(
            f"{trial.fault:20} {trial.point:28} {trial.ended:62} {trial.took_s:5.0f} s  {trial.wrong or 'equal'}\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"\n{'fault':20} {'trials':>6} {'equal':>6}\n")
    for fault in dict.fromkeys(trial.fault for trial in done):
        of_kind = [trial for trial in done if trial.fault == fault]
        sys.stdout.write(f"{fault:20} {len(of_kind):6} {sum(not trial.wrong for trial in of_kind):6}\n")
    sys.exit(any(trial.wrong for trial in done))


if __name__ == "__main__":
    main()
