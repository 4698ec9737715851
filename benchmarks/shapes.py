"""How long do models of real size take on this machine? Their shapes, with random weights: no weights are needed for speed.

    python -m benchmarks.shapes FOLDER [--shapes small large-v3] [--windows 2] [--tokens-per-s 4] [--cores 1] [--json FILE]

Definitions
-----------
shape
    Layers, width, heads, mel bands and vocabulary of OpenAI's models; weights are random, so what is said means nothing. A
    model made so never stops by itself: in every window it says as many tokens as ``--tokens-per-s`` gives for a window of mean
    length (CTranslate2 stops at half of what it is allowed, so it is allowed twice as many, at most 220).
window
    Up to 30 s of speech, as `postcall.speech.packing` lays it out; the encoder takes as long for a short one. *windows a
    channel hour* are those of the corpus calls in FOLDER, all of them.
core seconds
    Processor time of `FasterWhisperTranscriber` for so many windows, on so many cores with as many threads, int8, beam 5: over
    windows, times windows a channel hour. Features, alignment of words and everything else are in it; loading is not.
peak
    Largest resident memory of the process, in which the model alone is used.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.bench_calls import hear, make_calls, truths
from benchmarks.peers.__main__ import plans
from postcall.speech.engines import SpokenChannel
from postcall.speech.faster_whisper_engine import FasterWhisperTranscriber
from postcall.speech.packing import WINDOW_MS, pack
from postcall.testing.tiny_whisper import Shape, write_tiny_whisper

FILLERS = 50_000
SHAPES = {
    "small": Shape(768, 12, 12, 12, 80, FILLERS),
    "medium": Shape(1024, 16, 24, 24, 80, FILLERS),
    "large-v3": Shape(1280, 20, 32, 32, 128, FILLERS),
    "large-v3-turbo": Shape(1280, 20, 32, 4, 128, FILLERS),
}
BEAM_SIZE = 5
MOST_TOKENS = 220
"""What faster-whisper lets a window have."""


@dataclass(frozen=True, slots=True)
class Took:
    """What some windows took."""

    windows: int
    tokens: int
    wall_s: float
    cpu_s: float
    peak_mb: float


def heard(folder: Path) -> list[tuple[SpokenChannel, ...]]:
    """Channels of all calls of a folder."""
    return [hear((folder / "recordings" / truth["recording"]).read_bytes()).channels for truth in truths(folder)]


def first_windows(calls: list[tuple[SpokenChannel, ...]], windows: int) -> list[tuple[SpokenChannel, ...]]:
    """The first calls that have so many windows together."""
    counts = list(itertools.accumulate(len(pack(channels)) for channels in calls))
    enough = next((number for number, count in enumerate(counts) if count >= windows), len(calls) - 1)
    return calls[: enough + 1]


def run(folder: Path, model: Path, windows: int, tokens: int, cores: int) -> Took:
    """Recognise in this process."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])
    chosen = first_windows(heard(folder), windows)
    transcriber = FasterWhisperTranscriber(
        {"model": str(model), "device": "cpu", "beam_size": BEAM_SIZE, "cpu_threads": cores, "max_new_tokens": tokens}
    )
    # Loads the model; a channel on which nobody speaks has no window.
    transcriber._model()
    began, used = time.perf_counter(), time.process_time()
    words = sum(len(transcriber.transcribe(channels, "en").words) for channels in chosen)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - used
    return Took(sum(len(pack(channels)) for channels in chosen), words, wall_s, cpu_s, results.memory_mb("VmHWM"))


def main() -> None:
    """Make each model, measure it in a process of its own, print, write the figures."""
    if sys.argv[1:2] == ["--run"]:
        folder, model, *numbers = sys.argv[2:]
        print(json.dumps(asdict(run(Path(folder), Path(model), *map(int, numbers)))))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shapes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-peers"), help="calls of bench-peers")
    parser.add_argument("--calls", type=int, default=8, help="calls of each language, made unless they are there")
    parser.add_argument("--seed", type=int, default=52)
    parser.add_argument("--shapes", nargs="*", choices=list(SHAPES), default=["small", "large-v3"])
    parser.add_argument("--windows", type=int, default=2)
    parser.add_argument("--tokens-per-s", type=float, default=4.0)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    load_before = results.load()
    make_calls(given.folder, plans(given.calls, given.seed))
    calls = heard(given.folder)
    packed = [window for channels in calls for window in pack(channels)]
    channel_hours = sum(channel.samples_16k.size for channels in calls for channel in channels) / 16_000 / 3600
    mean_s = sum(window.duration_ms for window in packed) / len(packed) / 1000
    tokens = min(round(2 * given.tokens_per_s * mean_s), MOST_TOKENS)
    print(f"{len(packed) / channel_hours:.0f} windows of {mean_s:.1f} s (at most {WINDOW_MS / 1000:.0f}) a channel hour")
    rows: list[dict[str, Any]] = []
    for name in given.shapes:
        model = given.folder / f"shape-{name}"
        write_tiny_whisper(model, shape=SHAPES[name])
        asked = [str(given.folder), str(model), str(given.windows), str(tokens), str(given.cores)]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.shapes", "--run", *asked],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": str(given.cores)},
        )
        shutil.rmtree(model)
        took = Took(**json.loads(done.stdout.splitlines()[-1]))
        core_s = took.cpu_s / took.windows * len(packed) / channel_hours
        rows.append({"shape": name, **asdict(took), "core_s_per_channel_hour": round(core_s, 1)})
        print(
            f"{name:16} {took.cpu_s / took.windows:6.1f} core s a window, {took.tokens / took.windows:.0f} tokens; "
            f"{core_s / 3600:6.2f} core hours a channel hour; {took.peak_mb:6.0f} MB",
            flush=True,
        )
    if given.json:
        figures = {
            "windows_per_channel_hour": round(len(packed) / channel_hours, 2),
            "window_s": round(mean_s, 2),
            "max_new_tokens": tokens,
            "tokens_per_s": given.tokens_per_s,
            "cores": given.cores,
            "beam_size": BEAM_SIZE,
            "rows": rows,
        }
        results.write(given.json, "shapes", "make bench-shapes", load_before, figures)


if __name__ == "__main__":
    main()
