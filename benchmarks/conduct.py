"""How often are the conduct rules right? Calls that state what each clause must come out as, judged by a whole night.

    python -m benchmarks.conduct [FOLDER] [--calls 200] [--seed 71] [--recognised] [--disagreements CLAUSE]

Definitions
-----------
calls
    Of the corpus, drawn by a seed that no phrase was written on, with every trouble of a line. The night gets their records,
    recordings and words as it gets real ones: the words of the synthesis, or with ``--recognised`` the demo recogniser's.
clause
    Fails when one of its rules fails, passes when one passes and none fails, does not apply when none of them does. Only
    clauses that a call's script states are compared, of manuals in the call's language.
F1
    Of failures and of passes, each against everything else; a clause's F1 is their mean over the outcomes that its scripts
    state. *macro* is the mean over clauses that at least ``FEWEST`` calls state.
not measured
    Stated calls of which the rules could not tell.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.bench_calls import make_calls, truths
from benchmarks.corpus.planning import draw_calls
from benchmarks.corpus.script import load, paths
from flows.demonstration import demo_settings
from flows.night import plainly, run_night
from flows.settings import Settings
from standards import clauses, load_manual
from storage.tables import Tables

FEWEST = 4
OUTCOMES = ("pass", "fail")
DAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class ClauseScore:
    """How often a clause comes out right."""

    clause: str
    pairs: Counter[tuple[str, str]]

    @property
    def calls(self) -> int:
        """Calls that state it."""
        return self.pairs.total()

    @property
    def not_measured(self) -> int:
        """Of them, those of which the rules could not tell."""
        return sum(number for (_, was), number in self.pairs.items() if was == "not_measurable")

    def f1(self, outcome: str) -> float | None:
        """F1 of an outcome; None when no script states it."""
        true = sum(number for (stated, _), number in self.pairs.items() if stated == outcome)
        found = sum(number for (stated, was), number in self.pairs.items() if was == outcome)
        return 2 * self.pairs[outcome, outcome] / (true + found) if true else None

    @property
    def mean_f1(self) -> float:
        """Mean of `f1` over outcomes that are stated; the share that is right where only *not applicable* is."""
        known = [one for one in map(self.f1, OUTCOMES) if one is not None]
        return sum(known) / len(known) if known else self.pairs["not_applicable", "not_applicable"] / self.calls


def combined(outcomes: Iterable[str]) -> str:
    """Outcome of a clause from those of its rules."""
    found = set(outcomes)
    return next((one for one in ("fail", "pass", "not_measurable") if one in found), "not_applicable")


def compare(folder: Path, tables: Tables) -> dict[str, dict[str, tuple[str, str]]]:
    """Clause -> call -> what is stated, and what the rules say."""
    judged: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in tables.read("rule_result", DAY).select(["call_id", "clause_id", "outcome"]).to_pylist():
        judged[row["call_id"], row["clause_id"]].append(row["outcome"])
    languages = {name: load_manual(name).heading.language for name in {clause.manual for clause in clauses().values()}}
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for truth in truths(folder):
        for clause, stated in truth["rules"].items():
            manual = clause.rsplit("-", 1)[0]
            rules = judged.get((truth["call_id"], clause))
            if languages[manual] == truth["language"] and rules:
                found[clause][truth["call_id"]] = (stated, combined(rules))
    return found


def scores(found: Mapping[str, Mapping[str, tuple[str, str]]]) -> list[ClauseScore]:
    """One score a clause, in order of the catalogue."""
    return [ClauseScore(clause, Counter(found[clause].values())) for clause in clauses() if clause in found]


def report(console: Console, made: list[ClauseScore]) -> float:
    """Print the table; returns the macro F1."""
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("clause", no_wrap=True)
    for column in ("calls", "right", "F1 fail", "F1 pass", "F1", "not measured"):
        shown.add_column(column, justify="right")
    for one in made:
        right = sum(number for (stated, was), number in one.pairs.items() if stated == was)
        f1s = [one.f1(outcome) for outcome in ("fail", "pass")]
        cells = [f"{f1:.3f}" if f1 is not None else "–" for f1 in f1s]
        shown.add_row(one.clause, str(one.calls), str(right), *cells, f"{one.mean_f1:.3f}", str(one.not_measured))
    console.print(shown)
    counted = [one.mean_f1 for one in made if one.calls >= FEWEST]
    macro = sum(counted) / len(counted) if counted else 0.0
    pairs = sum((one.pairs for one in made), Counter[tuple[str, str]]())
    right = sum(number for (stated, was), number in pairs.items() if stated == was)
    console.print(
        f"macro F1 {macro:.3f} over {len(counted)} clauses; {right} of {pairs.total()} results right", highlight=False
    )
    return macro


def night(folder: Path, *, is_recognised: bool) -> Tables:
    """Run a night over the calls of a folder in a store of its own."""
    store = folder / ("store-recognised" if is_recognised else "store-words")
    shutil.rmtree(store, ignore_errors=True)
    recordings = folder / "recordings"
    if is_recognised:
        recordings = folder / "recordings-alone"
        recordings.mkdir(exist_ok=True)
        for path in (folder / "recordings").iterdir():
            link = recordings / path.name
            if path.suffix != ".ctm" and not link.exists():
                os.link(path, link)
    base = demo_settings(store).model_dump()
    settings = Settings(**{**base, "recordings": str(recordings), "calls": str(folder / "calls.csv"), "store": store})
    run_night(DAY, settings, step=plainly)
    return Tables(store)


def main() -> None:
    """Make the calls, run the night, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conduct", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-conduct"))
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument("--recognised", action="store_true", help="words of the demo recogniser")
    parser.add_argument("--disagreements", metavar="CLAUSE", help="also list the calls in which a clause comes out otherwise")
    arguments = parser.parse_args()
    make_calls(arguments.folder, draw_calls([load(path) for path in paths()], arguments.calls, arguments.seed))
    found = compare(arguments.folder, night(arguments.folder, is_recognised=arguments.recognised))
    report(Console(), scores(found))
    (arguments.folder / "conduct.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    if arguments.disagreements:
        for call, (stated, was) in found.get(arguments.disagreements, {}).items():
            if stated != was:
                print(call, "stated", stated, "is", was)


if __name__ == "__main__":
    main()
