"""A night killed at any point and run again ends with the tables of an undisturbed one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from storage.tables import Tables

POINTS = 6

DRIVER = """
import os, random, signal, sys
from pathlib import Path
from flows.demonstration import DAY, transcribed_settings
from flows.night import plainly, run_night
import flows.listen, storage.tables, scipy.signal  # all that is slow to import comes before the first kill
from postcall.language.morphology import lemmas_of
from postcall.language.sounds_alike import characters_alike
from postcall.speech.pyannote_engine import import_pyannote
import_pyannote(), lemmas_of("да", "ru"), lemmas_of("yes", "en"), characters_alike("是", "事")

def night(store, die_at):
    settings = transcribed_settings(store)
    seen = 0
    def count(event, _):
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    run_night(DAY, settings, step=plainly)
    return seen

def in_child(store, die_at):
    \"\"\"Run a night in a child of this process; its number of events, or None when it was killed.\"\"\"
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(night(store, die_at)).encode())
        os._exit(0)
    os.close(write)
    said = os.read(read, 64)
    os.close(read)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0
    return int(said)

root, points, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
events = in_child(root / "undisturbed", 0)
for number, die_at in enumerate(sorted(random.Random(seed).sample(range(1, events), points))):
    store = root / f"killed-{number}"
    assert in_child(store, die_at) is None, f"event {die_at} of {events} was never reached"
    assert in_child(store, 0) is not None
print(events)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked children; run it on Linux or macOS")
def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    """Points are drawn over all of a night's audit events: files opened and renamed, databases, imports."""
    seed = random.SystemRandom().randrange(10_000)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path), str(POINTS), str(seed)],
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-2000:]}"
    undisturbed = rows(tmp_path / "undisturbed")
    assert len(undisturbed) > 20
    for number in range(POINTS):
        assert rows(tmp_path / f"killed-{number}") == undisturbed, f"seed {seed}, point {number}"
        assert not list((tmp_path / f"killed-{number}" / "artifacts").rglob(".*.part")), f"seed {seed}, point {number}"


def rows(store: Path) -> dict[str, list[str]]:
    tables = Tables(store)
    found = {}
    for name in tables.names():
        stored = tables.read(name)
        if name == "run_night":
            stored = stored.drop_columns(["started_at", "finished_at"])
        found[name] = sorted(str(row) for row in stored.to_pylist())
    return found
