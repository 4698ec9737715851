"""Makes calls whose every event is known.

    python -m benchmarks.corpus OUT [--calls 300] [--seed 1] [--jobs 2] [--scripts ru/...] [--cache FOLDER]

Output
------
recordings/<call id>.<suffix>    8 kHz, one or two channels
recordings/<call id>.ctm         words with times (NIST CTM)
truth/<call id>.json             everything true of the call, ``TRUTH.md`` beside this file lists the fields
truth/<call id>.rttm             who spoke when (NIST RTTM)
calls.csv                        call records, as docs/call-records.md explains

Needs the Debian packages ``espeak-ng festival festvox-ru festvox-us-slt-hts libflite1 libgsm1``. The same packages and seed make
the same files, whatever ``--jobs``. Utterances are kept in a cache folder, so the second time is quick.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.corpus import cache, telephone, truth
from benchmarks.corpus.planning import Plan, draw_calls
from benchmarks.corpus.rendering import lay_out, render
from benchmarks.corpus.scene import arrange
from benchmarks.corpus.script import load, paths
from benchmarks.corpus.staging import Line, prepare
from benchmarks.corpus.voices import words_of

FILE_DELAYS = {"opus": 1, "opus_low": 1}
"""Samples that a decoder gives late what was written."""


def main() -> None:
    """Make the corpus."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description="Make calls whose every event is known.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--scripts", nargs="*", default=[], help="names that the scripts' names begin with, as ru/ or en/refusal"
    )
    parser.add_argument("--cache", type=Path, default=cache.default_folder())
    options = parser.parse_args()
    began = time.monotonic()
    scripts = [load(path) for path in paths()]
    wanted = [script for script in scripts if not options.scripts or script.name.startswith(tuple(options.scripts))]
    if not wanted:
        sys.exit("no script of that name")
    plans = draw_calls(wanted, options.calls, options.seed)
    seconds = make(options.out, plans, options.cache, options.jobs) / 1000
    print(f"{len(plans)} calls, {seconds / 3600:.2f} h of sound, in {time.monotonic() - began:.0f} s: {options.out}")


def make(out: Path, plans: Sequence[Plan], cache_folder: Path, jobs: int) -> int:
    """Write the calls under ``out``, in place of what was there; returns their length in ms."""
    for folder in ("recordings", "truth"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    wanted = [(one.voice, one.spoken) for plan in plans for one in plan.played if one.voice]
    with ProcessPoolExecutor(jobs) as workers:
        cache.fill(cache_folder, wanted, workers)
        rows, durations_ms = zip(*workers.map(partial(make_call, out, cache_folder), plans, chunksize=4), strict=True)
    others = sorted({column for row in rows for column in row} - set(truth.COLUMNS))
    with (out / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*truth.COLUMNS, *others], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["started_at"]))
    return sum(durations_ms)


def make_call(out: Path, cache_folder: Path, plan: Plan) -> tuple[dict[str, str], int]:
    """Write one call; returns its record and its length in ms."""
    scene = arrange(plan, lines_of(plan, cache_folder))
    channels, clipped = render(scene, plan)
    pcm, parties = lay_out(channels, plan.conditions, plan.script.direction)
    form = plan.conditions.form
    recording = f"{plan.call_id}{telephone.FORMATS[form][0]}"
    delay = FILE_DELAYS.get(form, 0)
    telephone.write(out / "recordings" / recording, np.pad(pcm[:, delay:], ((0, 0), (0, delay))), form)
    fields = truth.truth(scene, plan, recording, parties, clipped)
    (out / "truth" / f"{plan.call_id}.json").write_text(truth.as_json(fields), encoding="utf-8")
    (out / "truth" / f"{plan.call_id}.rttm").write_text(truth.rttm(scene, plan.call_id), encoding="utf-8")
    (out / "recordings" / f"{plan.call_id}.ctm").write_text(truth.ctm(scene, plan.call_id, parties), encoding="utf-8")
    return truth.record(scene, plan, recording, parties), scene.duration_ms


def lines_of(plan: Plan, cache_folder: Path) -> dict[int, Line]:
    """Utterances of a call, by the index of what is played."""
    return {
        index: prepare(cache.load(cache_folder, one.voice, one.spoken, words_of(one.spoken)), one.voice)
        for index, one in enumerate(plan.played)
        if one.voice
    }


if __name__ == "__main__":
    main()
