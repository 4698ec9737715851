"""Makes the bundled demo calls out of the corpus's parts: recordings, transcripts, call records, and what is true of each call.

    python -m benchmarks.corpus.make_demo_calls [--out flows/demo] [--cache FOLDER]

Needs the same Debian packages as ``python -m benchmarks.corpus``; the calls it made are committed, so nothing else needs them.
The same packages make the same bytes.

Output
------
recordings/<call id>.<suffix>   8 kHz, one or two channels
transcripts/<call id>.ctm       words with times (NIST CTM), apart from the recordings, where they would be taken for the words
truth/<call id>.json            everything true of the call; ``TRUTH.md`` beside this file lists the fields
truth/<call id>.rttm            who spoke when (NIST RTTM)
calls.csv                       call records, as docs/call-records.md explains

``demo_calls.toml`` beside this file names the calls, ``scripts/*/demo_*.toml`` hold what is said. Each call is the first of its
draws that has the agent and the voices asked for; its line and recorder are as the file says. Its record is complete, but for
cells that the file gives.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.corpus import cache
from benchmarks.corpus.__main__ import make_call, write_records
from benchmarks.corpus.conditions import Bleed, Conditions
from benchmarks.corpus.conditions import Path as Line
from benchmarks.corpus.music import NAMES
from benchmarks.corpus.planning import FIRST_DAY, Plan, draw_call
from benchmarks.corpus.script import FOLDER, load
from benchmarks.corpus.truth import as_json

CALLS = Path(__file__).with_name("demo_calls.toml")
_LINE = Line(level_dbfs=-24.0, noise="line", snr_db=36.0, overdrive_db=0.0, codecs=("alaw",))
_DRAWS = 1000
"""Draws a call has to itself, so that calls differ in all that is drawn."""


def main() -> None:
    """Make the demo calls."""
    parser = argparse.ArgumentParser(description="Make the bundled demo calls.")
    parser.add_argument("--out", type=Path, default=Path("flows/demo"))
    parser.add_argument("--cache", type=Path, default=cache.default_folder(), help="folder that keeps what was synthesised")
    options = parser.parse_args()
    make(options.out, options.cache)


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A call of the file with its plan."""

    told: dict[str, Any]
    plan: Plan


def make(out: Path, cache_folder: Path) -> None:
    """Write the demo calls under ``out``, in place of what was there.

    Raises
    ------
    RuntimeError
        A script does not come out as it says.
    """
    told = tomllib.loads(CALLS.read_text(encoding="utf-8"))
    calls = [DemoCall(call, draw(call, place, told)) for place, call in enumerate(told["call"])]
    for folder in ("recordings", "transcripts", "truth"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    with ProcessPoolExecutor(1) as worker:
        cache.fill(cache_folder, [(one.voice, one.spoken) for call in calls for one in call.plan.played if one.voice], worker)
    rows = [_write(out, cache_folder, call) for call in calls]
    for silent in told["silent"]:
        row = silent["record"]
        if silent.get("fault") == "empty":
            (out / "recordings" / row["recording"]).touch()
        _write_outcome(out, row["call_id"], silent["shows"], silent.get("fault"), is_answered="answered_at" in row)
        rows.append(row)
    write_records(out / "calls.csv", rows)


def draw(call: dict[str, Any], place: int, told: dict[str, Any]) -> Plan:
    """The first of the call's own draws that has its agent and kind of voices, under the conditions of the file.

    Raises
    ------
    RuntimeError
        There is no such draw: no agent of that name and gender.
    """
    script = load(FOLDER / f"{call['script']}.toml")
    for number in range(place * _DRAWS + 1, (place + 1) * _DRAWS):
        plan = draw_call(script, number, told["seed"])
        if plan.cast["agent"].called == call["agent"] and plan.is_held_out == call.get("held_out", False):
            return replace(
                plan,
                call_id=call["call_id"],
                conditions=_conditions(call, plan, told["country"][script.language]),
                started_at=datetime.combine(FIRST_DAY, call["at"], FIRST_DAY.tzinfo),
            )
    raise RuntimeError(f"{call['call_id']}: no draw has the agent {call['agent']}; check gender and held_out")


def _conditions(call: dict[str, Any], plan: Plan, country: str) -> Conditions:
    def line(party: str) -> Line:
        return replace(_LINE, **call.get(f"{party}_line", {}))

    return replace(
        plan.conditions,
        agent=line("agent"),
        customer=line("customer"),
        bleed=Bleed(**call["bleed"]) if "bleed" in call else None,
        layout=call["layout"],
        form=call["form"],
        country=country,
        music=NAMES[0],
        has_record_tone=False,
    )


def _write(out: Path, cache_folder: Path, call: DemoCall) -> dict[str, str]:
    """Write a call's files; returns its record."""
    made = make_call(out, cache_folder, call.plan)
    if made.problem:
        raise RuntimeError(made.problem)
    call_id, fault = call.plan.call_id, call.told.get("fault")
    recording = out / "recordings" / made.record["recording"]
    truth = out / "truth" / f"{call_id}.json"
    fields = json.loads(truth.read_text(encoding="utf-8"))
    if fault == "truncated":
        recording.write_bytes(recording.read_bytes()[: recording.stat().st_size // 2])
        recording.with_suffix(".ctm").unlink()
        truth.with_suffix(".rttm").unlink()
        _write_outcome(out, call_id, fields["shows"], fault, is_answered=True)
    else:
        recording.with_suffix(".ctm").rename(out / "transcripts" / f"{call_id}.ctm")
        truth.write_text(as_json(fields | {"is_answered": True, "fault": None}), encoding="utf-8")
    waited = timedelta(seconds=call.told.get("wait_s", 0))
    started_at = datetime.fromisoformat(made.record["started_at"]) - waited
    row = made.record | _complete(made.record, fields) | {"started_at": started_at.isoformat(timespec="milliseconds")}
    told: dict[str, str] = call.told.get("record", {})
    return row | told


def _complete(row: dict[str, str], fields: dict[str, Any]) -> dict[str, str]:
    """Cells that the corpus leaves out of some records, as they are in truth."""
    zero = datetime.fromisoformat(row["answered_at"]) - timedelta(milliseconds=fields["answered_ms"])

    def at(milliseconds: int) -> str:
        return (zero + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")

    is_split = all(len(parties) == 1 for parties in fields["channels"])
    return {
        "recording_started_at": at(0),
        "holds": json.dumps([{"start": at(hold["start_ms"]), "end": at(hold["end_ms"])} for hold in fields["holds"]]),
        "disconnected_by": fields["hung_up_by"],
        "channel_map": ",".join(party for (party,) in fields["channels"]) if is_split else "",
    }


def _write_outcome(out: Path, call_id: str, shows: str, fault: str | None, *, is_answered: bool) -> None:
    """What is true of a call of which nothing can be heard."""
    fields = {"call_id": call_id, "shows": shows, "is_answered": is_answered, "fault": fault}
    (out / "truth" / f"{call_id}.json").write_text(as_json(fields), encoding="utf-8")


if __name__ == "__main__":
    main()
