"""The measured errors of the timing measures, as the product shows them: ``accuracy.csv`` beside this file.

``make bench-accuracy PUBLISH=1`` writes it; its columns are the fields of `benchmarks.accuracy.Line`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean

PUBLISHED = Path(__file__).with_name("accuracy.csv")
_HEADS = ("events", "found right", "of true", "F1", "edges, ms", "error, s", "right")


def published() -> list[dict[str, str]]:
    """All lines."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def print_accuracy(console: Console, condition: str) -> None:
    """Print the errors under a condition.

    Raises
    ------
    SettingsError
        Nothing was measured under such a condition.
    """
    rows = published()
    known = list(dict.fromkeys(row["condition"] for row in rows))
    if condition not in known:
        hint = did_you_mean(condition, known) or f"one of: {', '.join(known)}"
        raise SettingsError(f"nothing was measured under the condition '{condition}'", hint=hint)
    shown = Table(title=f"Measured errors: {condition}", box=box.SIMPLE_HEAD, title_justify="left")
    shown.add_column("measure", style="bold")
    for head in ("calls", *_HEADS):
        shown.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        if row["condition"] == condition:
            shown.add_row(row["measure"], row["calls"], *_cells(row))
    console.print(shown)
    console.print(
        "Synthetic calls whose truth is known to the millisecond, heard without their call records. Found right: share of "
        "found events that are true; of true: share of true ones that are found. Edges: how far starts and ends are off, "
        "median and in brackets 95th percentile. Error: mean absolute difference of a call, and in brackets which way.",
        style="dim",
    )
    console.print(f"Other conditions: {', '.join(name for name in known if name != condition)}", style="dim", highlight=False)


def _cells(row: Mapping[str, str]) -> Iterator[str]:
    yield row["events"]
    yield _percent(row["precision"])
    yield _percent(row["recall"])
    yield f"{float(row['f1']):.3f}" if row["f1"] else ""
    yield f"{row['edge_median_ms']} ({row['edge_p95_ms']})" if row["edge_median_ms"] else ""
    error, bias = row["mean_absolute_error_ms"], row["bias_ms"]
    yield f"{int(error) / 1000:.2f} ({int(bias) / 1000:+.2f})" if error else ""
    yield _percent(row["right_share"])


def _percent(value: str) -> str:
    return f"{float(value):.1%}" if value else ""
