"""Makes the bundled demo calls: recordings, transcripts beside them, call records, and the truth about each call.

    python -m benchmarks.corpus.make_demo_calls [--out flows/demo]

Needs the Debian packages ``festival festvox-ru libflite1 libespeak-ng1`` (voices); the calls it made are committed, so nothing
else needs them. The same packages make the same bytes: noise is seeded, encoders write no time stamps.

Output
------
recordings/<call id>.<flac|opus|mp3|wav>   8 kHz, G.711 on the way
recordings/<call id>.ctm                   words with times, punctuation kept; NIST CTM, channel 1 is the recording's first
calls.csv                                  one call record a row, as docs/call-records.md explains, and one more column
truth/<call id>.json                       what `benchmarks.corpus.staging.truth` says, and what the call shows

The scripts are in ``demo_calls.toml`` beside this file; `benchmarks.corpus.staging` says what lies on which channel.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.corpus import telephone
from benchmarks.corpus.staging import Line, Stage, arrange, prepare, render, truth
from benchmarks.corpus.voices import Voice, say

SCRIPTS = Path(__file__).with_name("demo_calls.toml")
COLUMNS = (
    "call_id recording started_at offered_at answered_at ended_at recording_started_at direction queue agent_id agent_name "
    "agent_grade customer_key holds transfers disconnected_by channel_map language crm_ticket"
).split()


def main() -> None:
    """Make the demo calls."""
    parser = argparse.ArgumentParser(description="Make the bundled demo calls.")
    parser.add_argument("--out", type=Path, default=Path("flows/demo"))
    make(parser.parse_args().out)


def make(out: Path) -> None:
    """Write recordings, transcripts, call records and truth under ``out``, in place of what was there."""
    script = tomllib.loads(SCRIPTS.read_text(encoding="utf-8"))
    for folder in ("recordings", "truth"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    spoken = _speak(script["call"], {name: Voice(**voice) for name, voice in script["voices"].items()})
    rows = []
    written: dict[str, tuple[Path, int]] = {}
    for call in script["call"]:
        stage = arrange(call["say"], spoken[call["call_id"]], call.get("ringing_ms", 0))
        path = _write_recording(out / "recordings", call, stage)
        written[call["call_id"]] = (path, stage.duration_ms)
        problem = call.get("problem")
        if problem is None:
            _write_ctm(path.with_suffix(".ctm"), call, stage)
            _write_truth(out / "truth" / f"{call['call_id']}.json", call, path.name, stage)
        if problem != "orphan":
            rows.append(_record(call, path.name, stage))
    for record in script["record"]:
        if "copy_of" in record:
            original, duration_ms = written[record.pop("copy_of")]
            copy = original.with_stem(record["call_id"])
            shutil.copyfile(original, copy)
            record["recording"] = copy.name
            answered = datetime.fromisoformat(record["answered_at"])
            record["ended_at"] = _iso(answered + timedelta(milliseconds=duration_ms))
        rows.append(record)
    _write_records(out / "calls.csv", rows, script["agents"])


def _speak(calls: Iterable[dict[str, Any]], voices: dict[str, Voice]) -> dict[str, list[Line | None]]:
    """Say all utterances, each voice in one go; per call id, one line an event and None for a hold."""
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for call in calls:
        for event in call["say"]:
            if "text" in event:
                texts[call["voices"][event["by"]]][event["text"]] = None
    said = {name: dict(zip(wanted, say(voices[name], list(wanted)), strict=True)) for name, wanted in texts.items()}

    def line(call: dict[str, Any], event: dict[str, Any]) -> Line | None:
        if "text" not in event:
            return None
        name = call["voices"][event["by"]]
        return prepare(said[name][event["text"]], voices[name], event.get("cut_words"))

    return {call["call_id"]: [line(call, event) for event in call["say"]] for call in calls}


def _parties(call: dict[str, Any]) -> tuple[str, str]:
    """Party of the left and of the right channel: the recorder sits on the side that called."""
    return ("agent", "customer") if call["direction"] == "outbound" else ("customer", "agent")


def _write_recording(folder: Path, call: dict[str, Any], stage: Stage) -> Path:
    channels = render(stage, call["call_id"])
    pcm: npt.NDArray[np.int16] = np.stack([channels[party] for party in _parties(call)])
    topology = call.get("topology", "separate")
    if topology != "separate":  # the average, as a down-mix must be, never the sum
        mixed = np.round(pcm.mean(axis=0)).astype(np.int16)
        pcm = np.stack([mixed] if topology == "mono" else [mixed, mixed])
    path = folder / f"{call['call_id']}{telephone.FORMATS[call['format']][0]}"
    telephone.write(path, pcm, call["format"])
    if call.get("problem") == "truncated":
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    return path


def _write_ctm(path: Path, call: dict[str, Any], stage: Stage) -> None:
    is_mixed = call.get("topology", "separate") != "separate"
    channel = {party: 1 if is_mixed else number for number, party in enumerate(_parties(call), start=1)}
    path.write_text(
        "".join(
            f"{path.stem} {channel[by]} {span.start_ms / 1000:.3f} {span.duration_ms / 1000:.3f} {text} 1.00\n"
            for by, text, span in stage.words()
        ),
        encoding="utf-8",
    )


def _write_truth(path: Path, call: dict[str, Any], recording: str, stage: Stage) -> None:
    head = {
        "call_id": call["call_id"],
        "shows": call["shows"],
        "recording": recording,
        "language": call["language"],
        "topology": call.get("topology", "separate"),
        "channels": list(_parties(call)),
        "speed_of_answer_ms": call["wait_ms"] + call.get("ring_ms", 0) if call["direction"] == "inbound" else None,
    }
    fields = {**head, **truth(stage)}
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _record(call: dict[str, Any], recording: str, stage: Stage) -> dict[str, str]:
    """Cells of a call's record."""
    offered = call["started_at"] + timedelta(milliseconds=call["wait_ms"])
    answered = offered + timedelta(milliseconds=call.get("ring_ms", stage.lead_ms))
    first_sample = answered - timedelta(milliseconds=stage.lead_ms)
    ended = first_sample + timedelta(milliseconds=stage.duration_ms)
    if call.get("problem") == "impossible_times":
        ended = answered - timedelta(minutes=5)

    def at(milliseconds: int) -> str:
        return _iso(first_sample + timedelta(milliseconds=milliseconds))

    holds = json.dumps([{"start": at(hold.start_ms), "end": at(hold.end_ms)} for hold in stage.holds])
    is_mono = call.get("topology") == "mono"
    return {
        "call_id": call["call_id"],
        "recording": recording,
        "started_at": _iso(call["started_at"]),
        "offered_at": _iso(offered) if call["direction"] == "inbound" else "",
        "answered_at": _iso(answered),
        "ended_at": _iso(ended),
        "recording_started_at": _iso(first_sample),
        "direction": call["direction"],
        "queue": call["queue"],
        "agent_id": call["agent_id"],
        "customer_key": call["customer_key"],
        "holds": holds if call.get("holds_known", True) else "",
        "transfers": "0",
        "disconnected_by": call["disconnected_by"],
        "channel_map": "" if is_mono else ",".join(_parties(call)),
        "language": call["language"],
        "crm_ticket": call["crm_ticket"],
    }


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")


def _write_records(path: Path, rows: list[dict[str, str]], agents: dict[str, dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for row in sorted(rows, key=lambda row: row["started_at"]):
            agent = agents.get(row.get("agent_id", ""))
            writer.writerow(row | ({"agent_name": agent["name"], "agent_grade": agent["grade"]} if agent else {}))


if __name__ == "__main__":
    main()
