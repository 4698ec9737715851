"""The blocks of the nightly report on the conduct manuals and on promised call-backs.

Conventions
-----------
Counts and shares come from the stored tables; what nothing is known of has a dash.

Definition
----------
score
    Mean of ``call_scorecard.score_share`` over the calls that could be scored: a call in which a critical rule failed counts 0.
critical
    Calls in which a critical rule failed.
measurable
    Results that were judged / results of rules that apply, over all rules of the manual.
most often broken
    The three rules that most calls break: number in the manual, calls that break it / calls it was judged on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from storage.tables import Tables

CARDS, RULES, CALLBACKS = "call_scorecard", "kpi_rule_daily", "kpi_callback_daily"
MOST_BROKEN = 3
NO_BREAK = "\N{NO-BREAK SPACE}"
DAYS_BACK = 7
"""Most promises of the day itself are not due yet when its night is run."""
STATES = {
    "promises_kept": "kept",
    "promises_late": "late",
    "promises_not_kept": "not kept",
    "promises_open": "not due yet",
    "promises_unjudged": "not measurable",
}
"""Column of `kpi_callback_daily` -> how the report calls it."""


def print_standards(console: Console, tables: Tables, day: date) -> None:
    """Print a line for each manual by which calls were judged; nothing where none was.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    if not {CARDS, RULES} <= set(tables.names()):
        return
    cards, rules = tables.read(CARDS, day), tables.read(RULES, day).to_pylist()
    manuals = sorted(set(cards["manual"].to_pylist()))
    if not manuals:
        return
    title = Text.assemble(("By conduct manual", "bold"), ("  `postcall show kpi_rule_daily` has every rule", "dim"))
    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="")
    shown.add_column("manual", no_wrap=True)
    for heading in ("calls", "score", "critical", "measurable"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("most often broken")
    for manual in manuals:
        of_manual = cards.filter(pc.equal(cards["manual"], manual))
        shown.add_row(manual, *_scored(of_manual), *_of_rules(manual, [rule for rule in rules if rule["manual"] == manual]))
    console.print(shown)


def _scored(cards: pa.Table) -> tuple[str, str, str]:
    """Calls scored, mean score, calls with a critical failure."""
    mean = pc.mean(cards["score_share"]).as_py()
    scored = cards.num_rows - cards["score_share"].null_count
    critical = pc.sum(pc.greater(cards["critical_fails"], 0)).as_py()
    return str(scored), "–" if mean is None else f"{mean:.0%}", str(critical or 0)


def _of_rules(manual: str, rules: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Share of the results that could be judged; the rules that most calls break."""
    judged = sum(rule["calls_passed"] + rule["calls_failed"] for rule in rules)
    applicable = judged + sum(rule["calls_unjudged"] for rule in rules)
    broken = sorted((rule for rule in rules if rule["calls_failed"]), key=lambda rule: (-rule["calls_failed"], rule["rule_id"]))
    told = [f"{rule['rule_id'].removeprefix(f'{manual}-')}{NO_BREAK}{_of_judged(rule)}" for rule in broken]
    share = f"{judged / applicable:.0%}" if applicable else "–"
    return share, ", ".join(told[:MOST_BROKEN]) or ("none" if judged else "–")


def _of_judged(rule: dict[str, Any]) -> str:
    return f"{rule['calls_failed']}/{rule['calls_passed'] + rule['calls_failed']}"


def print_callbacks(console: Console, tables: Tables, day: date) -> None:
    """Print what became of the call-backs that were promised on the day, and in the week before; nothing where none was.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    first = day - timedelta(days=DAYS_BACK - 1)
    rows = tables.scan(CALLBACKS, first=first, last=day).to_pylist() if CALLBACKS in tables.names() else []
    if not rows:
        return
    today = _told([row for row in rows if row["call_date"] == day])
    told = f"on this day {today}; in {DAYS_BACK} days {_told(rows)}"
    console.print(f"[bold]Call-backs promised[/bold]  {told}", highlight=False)


def _told(rows: Sequence[dict[str, Any]]) -> str:
    """``5: 3 kept, 1 late, 1 not due yet``."""
    told = [f"{number} {state}" for name, state in STATES.items() if (number := sum(row[name] for row in rows))]
    promises = str(sum(row["promises"] for row in rows))
    return f"{promises}: {', '.join(told)}" if told else promises
