"""A small centre: a few calls a day of short tones, whose nights take a second; every name and word in it is a marker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.bad_input.recordings import pcm16, tones, wav

MARKER = "Zyxwv73167458Marker"
FIRST = date(2026, 3, 2)

_HEADER = (
    "call_id,recording,started_at,offered_at,answered_at,ended_at,direction,queue,agent_id,agent_name,customer_key,holds,"
    "transfers,channel_map,after_call_work"
)


@dataclass(frozen=True)
class Centre:
    """Where a small centre lies; its settings file is ``postcall.toml`` in ``folder``."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def settings_file(self) -> Path:
        return self.folder / "postcall.toml"


def day(number: int) -> date:
    """The days of the centre, from 0."""
    return FIRST + timedelta(days=number)


def make_centre(
    folder: Path,
    days: int = 2,
    *,
    calls: int = 2,
    missing: Sequence[int] = (),
    after_call_work: Sequence[Sequence[float | None]] = (),
) -> Centre:
    """Write recordings, a call-record file for each day, and settings.

    Parameters
    ----------
    missing
        Numbers of days whose call-record file is not there.
    after_call_work
        In seconds, of each day's calls; None where the record does not tell, as where nothing is given.
    """
    centre = Centre(folder)
    for number in range(days):
        recordings = folder / "recordings" / day(number).isoformat()
        recordings.mkdir(parents=True)
        rows = [_HEADER]
        for call in range(calls):
            work_s = after_call_work[number][call] if after_call_work else None
            name = f"{number}-{call}"
            samples = tones(2.0, tones_hz=(440.0 + 10 * number, 1000.0 + 10 * call))
            (recordings / f"{MARKER}-{name}.wav").write_bytes(wav(pcm16(samples).tobytes()))
            date_ = day(number).isoformat()
            rows.append(
                f"c-{name},{MARKER}-{name}.wav,{date_}T10:00:00Z,{date_}T10:00:05Z,{date_}T10:00:10Z,{date_}T10:30:10Z,inbound,"
                f"{MARKER}-queue,a1,{MARKER} Ivanova,{MARKER}-key,[],0,customer|agent,{'' if work_s is None else work_s}"
            )
        if number not in missing:
            (folder / f"calls-{day(number).isoformat()}.csv").write_text("\n".join([*rows, ""]))
    centre.settings_file.write_text(
        'store = "store"\nrecordings = "recordings/{date}"\ncalls = "calls-{date}.csv"\nworkers = 1\n'
        '[records]\ntime_zone = "UTC"\n[transcriber]\nengine = "none"\n[diarizer]\nengine = "none"\n[pages]\nnightly = false\n'
    )
    return centre
