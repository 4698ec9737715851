"""A few of the bundled calls as a centre: two channels, one, dual mono, not answered, two whose recordings are bad."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from flows.demonstration import BUNDLED
from tests.flows.small_nights import MARKER, Centre

CHOSEN = ("06-swearing", "07-promise", "09-wrong-map", "10-dual-mono", "14-truncated", "15-empty", "17-abandoned")
BAD = {"14-truncated": "duration_mismatch", "15-empty": "empty"}


def write_centre(folder: Path) -> Centre:
    """Recordings, call records and settings; the agents are called `MARKER`."""
    centre = Centre(folder)
    (folder / "recordings").mkdir(parents=True)
    with (BUNDLED / "calls.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["call_id"] in CHOSEN]
    for row in rows:
        row["agent_name"] = MARKER
        if row["recording"]:
            shutil.copy(BUNDLED / "recordings" / row["recording"], folder / "recordings" / row["recording"])
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    centre.settings_file.write_text(
        'store = "store"\nrecordings = "recordings"\ncalls = "calls.csv"\nworkers = 1\n'
        '[records]\ntime_zone = "Europe/Moscow"\n[transcriber]\nengine = "none"\n[diarizer]\nengine = "none"\n'
        "[pages]\nnightly = false\n"
    )
    return centre
