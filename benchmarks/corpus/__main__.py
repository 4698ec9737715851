"""Makes calls whose every event is known.

    python -m benchmarks.corpus OUT [--calls 300] [--seed 1] [--jobs 2] [--scripts ru/...] [--announcements 0.5] [--cache ...]

Output
------
recordings/<call id>.<suffix>    8 kHz, one or two channels
recordings/<call id>.ctm         words with times (NIST CTM)
truth/<call id>.json             everything true of the call, ``TRUTH.md`` beside this file lists the fields
truth/<call id>.rttm             who spoke when (NIST RTTM)
calls.csv                        call records, as docs/call-records.md explains

Needs the Debian packages ``espeak-ng festival festvox-ru festvox-us-slt-hts libflite1 libgsm1``. The same packages and seed
make the same files, whatever ``--jobs``. Utterances are kept in a cache folder, so the second time is quick.
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.corpus import cache, telephone, truth
from benchmarks.corpus.announcements import announced
from benchmarks.corpus.planning import Plan, draw_calls
from benchmarks.corpus.rendering import lay_out, render
from benchmarks.corpus.scene import SceneError, arrange
from benchmarks.corpus.script import ScriptError, demo_paths, load, paths
from benchmarks.corpus.staging import Line, prepare
from benchmarks.corpus.voices import words_of

REPOSITORY = Path(__file__).resolve().parents[2]
FILE_DELAYS = {"opus": 1, "opus_low": 1}
"""Samples that a decoder gives late what was written."""


def main() -> None:
    """Make the corpus."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description="Make calls whose every event is known.")
    parser.add_argument("out", type=Path, help="folder to write to, outside the repository")
    parser.add_argument("--calls", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other calls (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side (default: all cores)")
    parser.add_argument(
        "--scripts", nargs="*", default=[], help="names that the scripts' names begin with, as ru/ or en/refusal"
    )
    parser.add_argument(
        "--announcements",
        type=float,
        default=0.0,
        help="share of the calls with hold music whose telephony speaks to who waits (default: 0, for a seed's usual calls)",
    )
    parser.add_argument("--cache", type=Path, default=cache.default_folder(), help="folder that keeps what was synthesised")
    options = parser.parse_args()
    if options.out.resolve().is_relative_to(REPOSITORY):
        sys.exit(f"{options.out} lies in the repository: hundreds of MB of sound do not belong there, choose another folder")
    began = time.monotonic()
    named = tuple(options.scripts)
    wanted = (
        [path for path in [*paths(), *demo_paths()] if f"{path.parent.name}/{path.stem}".startswith(named)]
        if named
        else paths()
    )
    if not wanted:
        sys.exit("no script of that name")
    try:
        scripts = {path: load(path) for path in wanted}
        followers = {path.with_name(f"{script.follow_up.script}.toml") for path, script in scripts.items() if script.follow_up}
        scripts |= {path: load(path) for path in sorted(followers - scripts.keys())}
        plans = [
            announced(plan) if Random(f"{plan.seed} is announced").random() < options.announcements else plan
            for plan in draw_calls(list(scripts.values()), options.calls, options.seed)
        ]
    except ScriptError as error:
        sys.exit(str(error))
    made = make(options.out, plans, options.cache, options.jobs)
    hours = sum(call.duration_ms for call in made) / 3_600_000
    unplayable = [call.problem for call in made if call.problem]
    print(f"{len(made) - len(unplayable)} calls, {hours:.2f} h, in {time.monotonic() - began:.0f} s: {options.out}")
    if unplayable:
        sys.exit("\n".join(["These calls do not come out as their scripts say, and were left out:", *sorted(set(unplayable))]))


@dataclass(frozen=True, slots=True)
class Made:
    """A call that was made, or the problem why not."""

    record: dict[str, str]
    duration_ms: int
    problem: str = ""


def make(out: Path, plans: Sequence[Plan], cache_folder: Path, jobs: int) -> list[Made]:
    """Write the calls under ``out``, in place of what was there."""
    for folder in ("recordings", "truth"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    wanted = [(one.voice, one.spoken) for plan in plans for one in plan.played if one.voice]
    with ProcessPoolExecutor(jobs) as workers:
        cache.fill(cache_folder, wanted, workers)
        made = list(workers.map(partial(make_call, out, cache_folder), plans, chunksize=4))
    write_records(out / "calls.csv", [call.record for call in made if not call.problem])
    return made


def write_records(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """Write call records, columns that only some scripts give last."""
    others = sorted({column for row in rows for column in row} - set(truth.COLUMNS))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*truth.COLUMNS, *others], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["started_at"]))


def make_call(out: Path, cache_folder: Path, plan: Plan) -> Made:
    """Write one call."""
    try:
        scene = arrange(plan, lines_of(plan, cache_folder))
    except SceneError as error:
        return Made({}, 0, str(error))
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
    return Made(truth.record(scene, plan, recording, parties), scene.duration_ms)


def lines_of(plan: Plan, cache_folder: Path) -> dict[int, Line]:
    """Utterances of a call, by the index of what is played."""
    return {
        index: prepare(cache.load(cache_folder, one.voice, one.spoken, words_of(one.spoken)), one.voice)
        for index, one in enumerate(plan.played)
        if one.voice
    }


if __name__ == "__main__":
    main()
