"""The measured errors of the timing measures, as the product shows them: ``accuracy.csv`` beside this file.

``make bench-accuracy PUBLISH=1`` writes it; its columns are the fields of `benchmarks.accuracy.Line`.
"""

from __future__ import annotations

import csv
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from postcall.errors import SettingsError
from postcall.nearest import did_you_mean

PUBLISHED = Path(__file__).with_name("accuracy.csv")
_SHARES = ("precision", "recall", "right_share")
_HEADS = (
    ("events", "events"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("f1", "F1"),
    ("edge_median_ms", "edge"),
    ("edge_p95_ms", "edge p95"),
    ("mean_absolute_error_ms", "mean error"),
    ("bias_ms", "bias"),
    ("right_share", "right"),
)


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
    shown.add_column("measure", no_wrap=True, style="bold")
    for name, head in (("calls", "calls"), *_HEADS):
        shown.add_column(head, justify="right", no_wrap=name != "measure")
    for row in rows:
        if row["condition"] == condition:
            shown.add_row(row["measure"], row["calls"], *(_cell(name, row[name]) for name, _ in _HEADS))
    console.print(shown)
    console.print(
        "Synthetic calls whose truth is known to the millisecond, heard without their call records. Edges are of events that "
        "were found, errors of a call.",
        style="dim",
    )
    console.print(f"Other conditions: {', '.join(name for name in known if name != condition)}", style="dim", highlight=False)


def _cell(name: str, value: str) -> str:
    if not value:
        return ""
    if name in _SHARES:
        return f"{float(value):.1%}"
    if name.startswith("edge"):
        return f"{int(value)} ms"
    if name.endswith("_ms"):
        return f"{int(value) / 1000:.2f} s"
    return value if name != "f1" else f"{float(value):.3f}"
