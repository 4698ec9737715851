"""How often are the conduct rules right? Calls that state what each clause must come out as, judged by a whole night.

    python -m benchmarks.conduct [FOLDER] [--calls 200] [--seed 71] [--scripts ru/ …] [--recognised] [--publish]
        [--disagreements [ID …]]

Definitions
-----------
calls
    Of the corpus, drawn by a seed that no phrase was written on, with every trouble of a line. The nights of all their days get
    records, recordings and words as they get real ones: the words of the synthesis, or with ``--recognised`` the demo
    recogniser's.
clause
    Fails when one of its rules fails, passes when one passes and none fails, does not apply when none of them does. Only
    clauses that a call's script states are compared, of manuals in the call's language.
kept call-backs
    What one call cannot tell, and the night does (`kpi_callback`): a clause on kept call-backs passes where the promise is
    kept, and fails where it is kept late or not at all.
precision, recall, F1
    Of failures and of passes, each against everything else; a clause's F1 is their mean over the outcomes that its scripts
    state. *macro* is the mean over clauses that at least ``FEWEST`` calls state.
not measured
    Stated calls of which the rules could not tell.
no note
    A clause under ``LOWEST`` whose rules all claim to judge it without limits: its manual says too much.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from flows.rule_accuracy import PUBLISHED, Accuracy, publish
from flows.settings import Settings
from standards import clauses, load_manual, manual_ids
from storage.tables import Tables

FEWEST = 4
LOWEST = 0.8
OUTCOMES = ("pass", "fail")
_WIDTH = 120


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

    @property
    def right(self) -> int:
        """Calls judged as stated."""
        return sum(number for (stated, was), number in self.pairs.items() if stated == was)

    @property
    def told(self) -> ClauseScore:
        """The score of what was told alone."""
        told = {pair: number for pair, number in self.pairs.items() if pair[1] != "not_measurable"}
        return ClauseScore(self.clause, Counter(told))

    def precision(self, outcome: str) -> float | None:
        """Share of calls judged so that are so; None when none is judged so."""
        found = sum(number for (_, was), number in self.pairs.items() if was == outcome)
        return self.pairs[outcome, outcome] / found if found else None

    def recall(self, outcome: str) -> float | None:
        """Share of calls that are so that are judged so; None when no script states it."""
        true = sum(number for (stated, _), number in self.pairs.items() if stated == outcome)
        return self.pairs[outcome, outcome] / true if true else None

    def f1(self, outcome: str) -> float | None:
        """Harmonic mean of both; None when no script states the outcome."""
        recall, precision = self.recall(outcome), self.precision(outcome) or 0.0
        if recall is None:
            return None
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    @property
    def mean_f1(self) -> float:
        """Mean of `f1` over outcomes that are stated; the share that is right where only *not applicable* is."""
        known = [one for one in map(self.f1, OUTCOMES) if one is not None]
        return sum(known) / len(known) if known else self.pairs["not_applicable", "not_applicable"] / self.calls


def combined(outcomes: Iterable[str]) -> str:
    """Outcome of a clause from those of its rules."""
    found = set(outcomes)
    return next((one for one in ("fail", "pass", "not_measurable") if one in found), "not_applicable")


def kept_callbacks(folder: Path, tables: Tables) -> dict[str, str]:
    """Call -> what the night found out about its promise to call back, as an outcome."""
    outcome = {"kept": "pass", "late": "fail", "not_kept": "fail"}
    rows = [row for day in days(folder) for row in tables.read("kpi_callback", day).to_pylist()]
    return {row["call_id"]: outcome[row["callback_state"]] for row in rows if row["callback_state"] in outcome}


def days(folder: Path) -> list[date]:
    """Days of the calls of a folder, whose records are written in the centre's own time."""
    with (folder / "calls.csv").open(encoding="utf-8", newline="") as file:
        return sorted({date.fromisoformat(row["started_at"][:10]) for row in csv.DictReader(file)})


def compare(folder: Path, tables: Tables) -> dict[str, dict[str, tuple[str, str]]]:
    """Clause -> call -> what is stated, and what the rules say."""
    judged: dict[tuple[str, str], list[str]] = defaultdict(list)
    for day in days(folder):
        for row in tables.read("rule_result", day).select(["call_id", "clause_id", "outcome"]).to_pylist():
            judged[row["call_id"], row["clause_id"]].append(row["outcome"])
    manuals = {name: load_manual(name) for name in {clause.manual for clause in clauses().values()}}
    told_later = {rule.clause for manual in manuals.values() for rule in manual.rules if rule.protocol == "callback"}
    kept = kept_callbacks(folder, tables)
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for truth in truths(folder):
        for clause, stated in truth["rules"].items():
            manual = clause.rsplit("-", 1)[0]
            rules = judged.get((truth["call_id"], clause))
            if manuals[manual].heading.language == truth["language"] and rules:
                was = combined(rules)
                if clause in told_later and was == "not_measurable":
                    was = kept.get(truth["call_id"], was)
                found[clause][truth["call_id"]] = (stated, was)
    return found


def scores(found: Mapping[str, Mapping[str, tuple[str, str]]]) -> list[ClauseScore]:
    """One score a clause, in order of the catalogue."""
    return [ClauseScore(clause, Counter(found[clause].values())) for clause in clauses() if clause in found]


def accuracies(made: Iterable[ClauseScore], words: str, seed: int) -> list[Accuracy]:
    """The scores as the product shows them."""
    return [
        Accuracy(
            clause=one.clause,
            words=words,
            seed=seed,
            calls=one.calls,
            right=one.right,
            not_measured=one.not_measured,
            precision_fail=one.precision("fail"),
            recall_fail=one.recall("fail"),
            precision_pass=one.precision("pass"),
            recall_pass=one.recall("pass"),
            f1=one.mean_f1,
        )
        for one in made
    ]


def unlimited() -> frozenset[str]:
    """Clauses none of whose rules says where it is only a proxy."""
    rules = [rule for name in manual_ids() for rule in load_manual(name).rules]
    return frozenset({rule.clause for rule in rules} - {rule.clause for rule in rules if rule.limits})


def report(console: Console, made: list[ClauseScore]) -> float:
    """Print the tables, of clauses and of manuals; returns the macro F1."""
    shown = _columns("clause", "calls", "right", "P fail", "R fail", "F1 fail", "F1 pass", "F1", "not measured", "")
    silent = unlimited()
    for one in made:
        shares = (one.precision("fail"), one.recall("fail"), one.f1("fail"), one.f1("pass"))
        cells = [f"{share:.3f}" if share is not None else "–" for share in shares]
        note = "no note" if one.mean_f1 < LOWEST and one.clause in silent else ""
        shown.add_row(one.clause, str(one.calls), str(one.right), *cells, f"{one.mean_f1:.3f}", str(one.not_measured), note)
    console.print(shown)
    of_manuals = _columns("manual", "clauses", "results", "right", "not measured", "macro F1", "of what was told")
    manuals = dict.fromkeys(one.clause.rsplit("-", 1)[0] for one in made)
    for manual, of in [
        *((name, [one for one in made if one.clause.startswith(f"{name}-")]) for name in manuals),
        ("all", made),
    ]:
        results, right, untold = sum(o.calls for o in of), sum(o.right for o in of), sum(o.not_measured for o in of)
        shares = [f"{macro(of):.3f}", f"{macro([one.told for one in of]):.3f}"]
        of_manuals.add_row(manual, str(len(of)), str(results), str(right), str(untold), *shares)
    console.print(of_manuals)
    return macro(made)


def macro(made: Iterable[ClauseScore]) -> float:
    """Mean F1 of clauses that calls enough state."""
    counted = [one.mean_f1 for one in made if one.calls >= FEWEST]
    return sum(counted) / len(counted) if counted else 0.0


def _columns(first: str, *others: str) -> Table:
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column(first, no_wrap=True)
    for column in others:
        shown.add_column(column, justify="right", no_wrap=True)
    return shown


def disagreements(
    found: Mapping[str, Mapping[str, tuple[str, str]]], asked: Sequence[str]
) -> Iterator[tuple[str, str, str, str]]:
    """Clause, call, what is stated and what the rules say, where these differ; of clauses or manuals, of none asked all."""
    for clause, calls in sorted(found.items()):
        if not asked or clause in asked or clause.rsplit("-", 1)[0] in asked:
            yield from ((clause, call, stated, was) for call, (stated, was) in calls.items() if stated != was)


def nights(folder: Path, *, is_recognised: bool) -> Tables:
    """Run the nights of a folder's calls in a store of its own; what an earlier run heard is kept, its tables are not."""
    store = folder / ("store-recognised" if is_recognised else "store-words")
    shutil.rmtree(store / "tables", ignore_errors=True)
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
    for day in days(folder):
        run_night(day, settings, step=plainly)
    return Tables(store)


def main() -> None:
    """Make the calls, run their nights, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conduct", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-conduct"))
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument(
        "--scripts", nargs="*", default=[""], help="names that the scripts' names begin with, as ru/ or zh/hold"
    )
    parser.add_argument("--recognised", action="store_true", help="words of the demo recogniser")
    parser.add_argument(
        "--publish", action="store_true", help=f"write {PUBLISHED.name}, which `postcall standards coverage` shows"
    )
    parser.add_argument(
        "--disagreements",
        nargs="*",
        metavar="ID",
        help="also list the calls that come out otherwise: of a clause, a manual, or all",
    )
    arguments = parser.parse_args()
    scripts = [script for script in map(load, paths()) if script.name.startswith(tuple(arguments.scripts))]
    make_calls(arguments.folder, draw_calls(scripts, arguments.calls, arguments.seed))
    found = compare(arguments.folder, nights(arguments.folder, is_recognised=arguments.recognised))
    made = scores(found)
    # Where nobody watches, there is a terminal of 80 columns: too narrow.
    console = Console()
    report(console if console.is_terminal else Console(width=_WIDTH), made)
    if arguments.publish:
        publish(accuracies(made, "recognised" if arguments.recognised else "true", arguments.seed))
    name = "conduct-recognised.json" if arguments.recognised else "conduct.json"
    (arguments.folder / name).write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    if arguments.disagreements is not None:
        for clause, call, stated, was in disagreements(found, arguments.disagreements):
            print(clause, call, "stated", stated, "is", was)


if __name__ == "__main__":
    main()
