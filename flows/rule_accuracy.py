"""How right the conduct rules were in the benchmark, as the product shows it: ``rule_accuracy.csv`` beside this file.

``make bench-conduct PUBLISH=1`` writes it, one row for each clause and kind of words. Calls state what a clause must come out
as, so figures are of a clause; one with several rules fails when one of them does.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

PUBLISHED = Path(__file__).with_name("rule_accuracy.csv")
Words = Literal["true", "recognised"]
WORDS = get_args(Words)
NEVER_ASKED = "–"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right a clause was.

    Attributes
    ----------
    clause, words
        Which, and whether the words were the true ones or a recogniser's.
    seed
        What drew the calls.
    calls, right, not_measured
        Calls that state what it must come out as; those in which it does; those of which its rules could not tell.
    precision_fail, recall_fail, precision_pass, recall_pass
        Share of calls judged so that are so, and of those that are so judged so; None where there are none.
    f1
        Mean over the outcomes that are stated.
    """

    clause: str
    words: str
    seed: int
    calls: int
    right: int
    not_measured: int
    precision_fail: float | None
    recall_fail: float | None
    precision_pass: float | None
    recall_pass: float | None
    f1: float

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Precision and recall of failures, F1, and the number of calls."""
        precision, recall = (NEVER_ASKED if one is None else f"{one:.2f}" for one in (self.precision_fail, self.recall_fail))
        return precision, recall, f"{self.f1:.2f}", str(self.calls)


def published(path: Path = PUBLISHED) -> list[Accuracy]:
    """All rows; none where nothing was measured yet."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_row(values) for values in csv.DictReader(file, strict=True)]


def publish(rows: Iterable[Accuracy], path: Path = PUBLISHED) -> None:
    """Write rows; those of other words that stand there already stay."""
    rows = list(rows)
    kept = [one for one in published(path) if one.words not in {row.words for row in rows}]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Accuracy))
        for row in sorted([*kept, *rows], key=lambda one: WORDS.index(one.words)):
            values = [getattr(row, field.name) for field in fields(Accuracy)]
            writer.writerow(f"{value:.4f}" if isinstance(value, float) else value for value in values)


def _row(values: dict[str, str]) -> Accuracy:
    def share(name: str) -> float | None:
        return float(values[name]) if values[name] else None

    return Accuracy(
        values["clause"],
        values["words"],
        int(values["seed"]),
        int(values["calls"]),
        int(values["right"]),
        int(values["not_measured"]),
        share("precision_fail"),
        share("recall_fail"),
        share("precision_pass"),
        share("recall_pass"),
        float(values["f1"]),
    )
