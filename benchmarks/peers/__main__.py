"""How many hours of calls are written down in an hour, beside other ways to do it?

    python -m benchmarks.peers [FOLDER] [--calls 8] [--real FOLDER] [--rounds 3] [--json FILE]

Definitions
-----------
calls
    Two-channel calls of the corpus, drawn by a seed of their own, so many of each language; and the two-channel calls of
    ``--real`` (``<call>.stereo.wav`` with ``<call>.stm`` beside it). Every contestant is given the same files and told the
    same language, and none is told anything else.
same weights, same beam
    The model folder of ``--model``, precision int8, ``--beam-size`` hypotheses, windows in batches of ``--batch-size`` where a
    contestant has batches, ``--cores`` cores to which the process is bound and as many threads. All else is as each contestant
    has it by default.
postcall
    The product's way from the file to words with times and speakers: digest, decoding, how the parties lie on the channels,
    speech, tones, music, voices, artifacts on the disk, recognition, words fitted to speech; recordings are listened to side by
    side while others are recognised. *postcall night* is the whole night on top: every analyzer, rule, KPI and table.
faster-whisper, faster-whisper batched
    `WhisperModel.transcribe` and `BatchedInferencePipeline.transcribe` on each channel of each file, ``vad_filter`` on, words
    with times. *text*: without times of words, which is less than postcall gives.
whisperx
    Its pipeline with the speech detector that comes along, on each channel. Its times of words need models of alignment that
    would have to be fetched, so it gives text alone. It is no dependency: where it cannot be imported (by the interpreter of
    ``--whisperx-python``) the row says so.
hours per core hour
    Hours of calls, whatever the number of channels, in an hour of processor time of all threads. The clock runs from the first
    file opened to the last word; imports, the model and a first call of each language come before it (*start*). Contestants
    take turns for ``--rounds`` rounds, each time in a process of its own; each one's best round counts. Others who use the
    machine disturb processor time much less than wall time, so it leads; with one core nobody's threads wait for each other.
hours per hour
    The same in an hour of wall time of so many cores.
WER
    Word errors (Chinese: characters) over words said, channel by channel, after `postcall.language.word_errors`.
peak
    Largest resident memory of the contestant's process in any round (VmHWM), its interpreter, libraries and model included.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import results
from benchmarks.bench_calls import make_calls, truths
from benchmarks.corpus.planning import Plan, draw_calls
from benchmarks.corpus.script import load, paths
from benchmarks.peers.contestants import CONTESTANTS, Asked, AskedCall, Told
from benchmarks.talk_time import FOLDER, PARTIES
from benchmarks.true_calls import side
from postcall.language.word_errors import WordErrors, word_errors
from postcall.speech.faster_whisper_engine import DEMO_FOLDER, DEMO_MODEL, FasterWhisperTranscriber

LANGUAGES = ("ru", "en", "zh")
CORPUS, REAL = "corpus", "real"
WORDS_OF = {"postcall night": "postcall"}
"""Whose words a contestant has that writes them into its tables."""

_TAG = re.compile(r"\[[^\]]*\]|<[^>]*>")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said on both channels of a call."""

    language: str
    texts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A contestant on one set of calls; see the module. Without figures it could not run, and `why` says why."""

    contestant: str
    calls: str
    has_word_times: bool
    hours_per_core_hour: float | None = None
    hours_per_hour: float | None = None
    wall_s: float | None = None
    cpu_s: float | None = None
    start_s: float | None = None
    word_error_rate: float | None = None
    start_mb: float | None = None
    peak_mb: float | None = None
    why: str = ""


def plans(calls: int, seed: int) -> list[Plan]:
    """So many calls of two channels of each language."""
    wanted = dict.fromkeys(LANGUAGES, calls)
    chosen = []
    for plan in draw_calls([load(path) for path in paths()], 40 * calls, seed):
        language = plan.script.language
        if plan.conditions.layout in ("separate", "swapped") and wanted.get(language):
            wanted[language] -= 1
            chosen.append(plan)
    if any(wanted.values()):
        raise ValueError(f"the draw holds too few calls: {wanted}")
    return chosen


def corpus_calls(folder: Path) -> Iterator[tuple[AskedCall, Said]]:
    """Calls that `make_calls` made, and what is said in them."""
    recordings = folder / "recordings"
    for truth in truths(folder):
        texts = ["", ""]
        said = sorted(truth["words"], key=lambda word: word["start_ms"])
        for channel, parties in enumerate(truth["channels"]):
            texts[channel] = " ".join(word["text"] for word in said if side(word["by"]) in parties)
        asked = AskedCall(
            truth["call_id"], str(recordings), truth["recording"], truth["language"], _length_s(recordings / truth["recording"])
        )
        yield asked, Said(truth["language"], (texts[0], texts[1]))


def real_calls(folder: Path) -> Iterator[tuple[AskedCall, Said]]:
    """English calls of two people, and what was said in them by human ears."""
    for path in sorted(folder.glob("*.stereo.wav")):
        call_id = path.name.removesuffix(".stereo.wav")
        by_party: dict[str, list[str]] = {party: [] for party in PARTIES}
        for line in path.with_name(f"{call_id}.stm").read_text(encoding="utf-8").splitlines():
            _, _, party, _, _, *words = line.split(maxsplit=5)
            by_party[party] += words
        caller, agent = (_TAG.sub(" ", " ".join(by_party[party])) for party in PARTIES)
        yield AskedCall(call_id, str(folder), path.name, "en", _length_s(path)), Said("en", (caller, agent))


def _length_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


def errors_of(said: Mapping[str, Said], heard: Mapping[str, Sequence[str]]) -> WordErrors:
    """Errors of all channels of all calls."""
    return sum(
        (
            word_errors([true], [found], of.language)
            for call_id, of in said.items()
            for true, found in zip(of.texts, heard[call_id], strict=True)
        ),
        WordErrors(),
    )


def run(contestant: str, asked: Asked, python: str) -> Told | str:
    """Let a contestant compete in a process of its own; what it told, or why it could not."""
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        given, told = Path(scratch) / "asked.json", Path(scratch) / "told.json"
        (Path(scratch) / "own").mkdir()
        own = {**asdict(asked), "scratch": str(Path(scratch) / "own")}
        given.write_text(json.dumps(own), encoding="utf-8")
        command = [python, "-m", "benchmarks.peers.contestants", contestant, str(given), str(told)]
        # Read by the matrix libraries when they are imported.
        threads = {"OMP_NUM_THREADS": str(asked.cores), "OPENBLAS_NUM_THREADS": str(asked.cores)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **threads})
        if done.returncode:
            # Only the kind of the error: its words may quote what was heard.
            last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            return last[0].split(":")[0] if "Error" in last[0] else f"ended with {done.returncode}"
        return Told.read(told)


def can_import(module: str, python: str) -> bool:
    """Whether an interpreter has a module."""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", look], check=False).returncode == 0


def row_of(contestant: str, calls: str, hours: float, told: Sequence[Told], errors: WordErrors | None) -> Row:
    """A contestant's rounds as a row."""
    fastest = min(told, key=lambda one: one.wall_s)
    return Row(
        contestant,
        calls,
        has_word_times=not contestant.endswith("text"),
        hours_per_core_hour=round(hours * 3600 / min(one.cpu_s for one in told), 2),
        hours_per_hour=round(hours * 3600 / fastest.wall_s, 2),
        wall_s=round(fastest.wall_s, 2),
        cpu_s=round(min(one.cpu_s for one in told), 2),
        start_s=round(min(one.start_s for one in told), 2),
        word_error_rate=round(errors.rate, 4) if errors is not None and errors.rate is not None else None,
        start_mb=max(one.start_mb for one in told),
        peak_mb=max(one.peak_mb for one in told),
    )


def ratios(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """By set of calls: how many times as fast postcall is as its fastest peer, of those with times of words and of all."""
    found: dict[str, dict[str, Any]] = {}
    for calls in dict.fromkeys(row.calls for row in rows):
        own = next((row for row in rows if row.calls == calls and row.contestant == "postcall"), None)
        peers = [row for row in rows if row.calls == calls and row.hours_per_hour and not row.contestant.startswith("postcall")]
        if own is None or not own.hours_per_hour or not peers:
            continue
        pace = own.hours_per_core_hour
        for name, of in (("with_word_times", [row for row in peers if row.has_word_times]), ("any", peers)):
            if of:
                best = max(of, key=lambda row: row.hours_per_core_hour or 0)
                assert best.hours_per_core_hour is not None
                told = {"peer": best.contestant, "times": round(pace / best.hours_per_core_hour, 2)}
                found.setdefault(calls, {})[name] = told
    return found


def table(rows: Sequence[Row]) -> Table:
    """As it is printed."""
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("calls", no_wrap=True)
    shown.add_column("contestant", no_wrap=True)
    for column in ("hours per core hour", "hours per hour", "WER", "start", "peak"):
        shown.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        if row.hours_per_core_hour is None:
            shown.add_row(row.calls, row.contestant, row.why)
            continue
        shown.add_row(
            row.calls,
            row.contestant,
            f"{row.hours_per_core_hour:.1f}",
            f"{row.hours_per_hour:.1f}",
            "–" if row.word_error_rate is None else f"{row.word_error_rate:.1%}",
            f"{row.start_s:.1f} s",
            f"{row.peak_mb:.0f} MB",
        )
    return shown


def main() -> None:
    """Let all compete, print the table, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-peers"), help="where calls are made")
    parser.add_argument("--calls", type=int, default=8, help="calls of the corpus of each language; 0 for none")
    parser.add_argument("--seed", type=int, default=52)
    parser.add_argument("--real", type=Path, default=FOLDER / "harper_valley", help="folder of real two-channel calls")
    parser.add_argument("--model", default=str(DEMO_FOLDER), help="folder of the model")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--cores", type=int, default=1, help="that each contestant may use, with as many threads")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--whisperx-python", default=sys.executable, help="interpreter that has whisperX and postcall")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument(
        "--add", action="store_true", help="keep what the file has of contestants not in --only, with the same calls and model"
    )
    given = parser.parse_args()
    load_before = results.load()
    sets: dict[str, list[tuple[AskedCall, Said]]] = {}
    if given.calls:
        make_calls(given.folder, plans(given.calls, given.seed))
        sets[CORPUS] = list(corpus_calls(given.folder))
    if real := list(real_calls(given.real)):
        sets[REAL] = real
    else:
        print(f"no real calls in {given.real}: their rows are left out")
    given.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, calls in sets.items():
        asked = Asked(
            tuple(call for call, _ in calls),
            given.model,
            str(given.folder),
            beam_size=given.beam_size,
            batch_size=given.batch_size,
            cores=given.cores,
        )
        rows += competition(name, asked, {call.call_id: said for call, said in calls}, given)
    figures = {
        "model": {
            "name": DEMO_MODEL if Path(given.model) == DEMO_FOLDER else Path(given.model).name,
            "digest": FasterWhisperTranscriber({"model": given.model}).revision,
        },
        "beam_size": given.beam_size,
        "batch_size": given.batch_size,
        "rounds": given.rounds,
        "cores": given.cores,
        "calls": {name: _amounts(calls) for name, calls in sets.items()},
    }
    if given.add and given.json:
        rows = with_kept(rows, results.read(given.json.parent, given.json.stem)["figures"], figures)
    console = Console(width=120)
    console.print(table(rows))
    for name, of in ratios(rows).items():
        for against, told in of.items():
            console.print(f"{name}: {told['times']:.2f} times as fast as {told['peer']} ({against.replace('_', ' ')})")
    if given.json:
        told_rows = {"ratios": ratios(rows), "rows": [asdict(row) for row in rows]}
        results.write(given.json, "peers", "make bench-peers", load_before, {**figures, **told_rows})


def with_kept(rows: Sequence[Row], kept: Mapping[str, Any], figures: Mapping[str, Any]) -> list[Row]:
    """Rows and those kept of other contestants, in the order of `CONTESTANTS`, calls together.

    Raises
    ------
    SystemExit
        What was kept is of other calls, another model or other settings.
    """
    if other := [name for name, value in figures.items() if kept[name] != value]:
        raise SystemExit(f"what the file has is of another {', '.join(other)}: it cannot be added to")
    found = {(row.calls, row.contestant): row for row in (*(Row(**row) for row in kept["rows"]), *rows)}
    order = list(CONTESTANTS)
    sets = list(figures["calls"])
    return sorted(found.values(), key=lambda row: (sets.index(row.calls), order.index(row.contestant)))


def _amounts(calls: Sequence[tuple[AskedCall, Said]]) -> dict[str, Any]:
    languages = [call.language for call, _ in calls]
    return {
        "count": len(calls),
        "hours": round(sum(call.duration_s for call, _ in calls) / 3600, 4),
        "languages": {language: languages.count(language) for language in dict.fromkeys(languages)},
    }


def competition(name: str, asked: Asked, said: Mapping[str, Said], given: argparse.Namespace) -> list[Row]:
    """All contestants on a set of calls, in turns."""
    told: dict[str, list[Told]] = {}
    out: dict[str, str] = {}
    for turn, contestant in itertools.product(range(given.rounds), given.only):
        if contestant in out:
            continue
        is_whisperx = contestant.startswith("whisperx")
        python = given.whisperx_python if is_whisperx else sys.executable
        if is_whisperx and turn == 0 and not can_import("whisperx", python):
            out[contestant] = "not installed"
            continue
        one = run(contestant, asked, python)
        if isinstance(one, str):
            out[contestant] = f"failed: {one}"
        else:
            told.setdefault(contestant, []).append(one)
            print(f"{name}, round {turn + 1}: {contestant} {one.wall_s:.1f} s", file=sys.stderr, flush=True)
    hours = sum(call.duration_s for call in asked.calls) / 3600
    errors = {
        contestant: errors_of(said, rounds[0].texts) for contestant, rounds in told.items() if rounds[0].texts is not None
    }
    rows = []
    for contestant in given.only:
        if contestant in out:
            rows.append(Row(contestant, name, has_word_times=not contestant.endswith("text"), why=out[contestant]))
        else:
            own = errors.get(WORDS_OF.get(contestant, contestant))
            rows.append(row_of(contestant, name, hours, told[contestant], own))
    return rows


if __name__ == "__main__":
    main()
