"""``postcall rescore``: stored calls scored again, with a preview of what would change.

Conventions
-----------
Screens fit 100 columns. Exit codes: 0 all in order, or nothing to change; 3 a preview that was not accepted, days left out or
calls that cannot be heard again; 4 done, but an analyzer, a rule or a table broke; 2 nothing was done.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from flows.rescore import Report
    from flows.rescore_changes import Changes, Weights

app = typer.Typer()

NOT_ALL, DEFECTS = 3, 4
LOG_WIDTH = 100
MOST_AGENTS = 20
LEAST_MOVE = 0.0005
"""A score that moves less is shown as it was."""

Store = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of tables, artifacts and ledger.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings file; postcall.toml of this folder when not given.")
]
Day = dt.datetime
SHORT = {"pass": "pass", "fail": "fail", "not_applicable": "n/a", "not_measurable": "unknown"}


@app.command(
    epilog="Ends with 0: written, or nothing would change; 3: not accepted, or not all days and calls could be scored; "
    "4: done, but an analyzer, a rule or a table broke; 2: nothing was done."
)
def rescore(
    since: Annotated[Day, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First business day.")],
    until: Annotated[
        Day | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last business day; the newest when not given."),
    ] = None,
    standard: Annotated[
        str | None,
        typer.Option(metavar="MANUAL", help="Rules of this manual only, an id or a file; everything when not given."),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", metavar="", help="Show first what would change, and write nothing yet.")
    ] = False,
    accept: Annotated[bool, typer.Option("--accept", metavar="", help="With --diff: write it without asking.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; one a core when not given.")] = None,
    calls: Annotated[
        str | None, typer.Option(metavar="FILE", help="Call-record file, CSV or JSON Lines; may hold {date}.")
    ] = None,
    time_zone: Annotated[str | None, typer.Option(metavar="ZONE", help="The centre's time zone, e.g. Europe/Moscow.")] = None,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Policy file.")] = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Score stored calls again after a change of rules, policy or code: from artifacts, without audio and models."""
    from flows.progress import progress_on
    from flows.rescore import Task
    from flows.rescore import rescore as run
    from flows.settings import load_settings

    given = {"store": store, "policy": policy, "workers": workers, "calls": calls, "time_zone": time_zone}
    chosen = load_settings(settings, **given)
    console = _console()

    def decide(report: Report) -> bool:
        assert report.changes is not None
        print_changes(console, report.changes, report.calls)
        if report.changes.is_nothing or not report.days:
            return False
        return accept or (sys.stdin.isatty() and typer.confirm("Write this?", default=False))

    report = run(
        Task(chosen, standard),
        since.date(),
        until.date() if until else None,
        accept=decide if diff else None,
        watch=lambda: progress_on(Console(stderr=True)),
    )
    print_report(console, report)
    if report.defects:
        raise typer.Exit(DEFECTS)
    if _is_open(report) or report.left_out or report.lost:
        raise typer.Exit(NOT_ALL)


def _is_open(report: Report) -> bool:
    """Whether there is something to write that was not accepted."""
    return not report.is_written and report.changes is not None and not report.changes.is_nothing


def print_changes(console: Console, changes: Changes, calls: int) -> None:
    """Show what would change, the largest first."""
    if changes.is_nothing:
        console.print("Nothing would change.")
        return
    console.print(
        f"[bold]{_count(changes.flips, 'result')}[/bold] of rules would change, in {changes.calls} of {_count(calls, 'call')}.",
        highlight=False,
    )
    if changes.flips:
        console.print(_rules(changes))
    moved = {who: one for who, one in changes.agents.items() if abs(one.moved) >= LEAST_MOVE}
    if moved:
        console.print(_agents(moved))
        if len(moved) > MOST_AGENTS:
            console.print(f"{len(moved) - MOST_AGENTS} more scores move less.", style="dim", highlight=False)
    elif changes.flips:
        console.print("No agent's score moves.", style="dim", highlight=False)
    kpis = {
        name: one
        for name, one in changes.kpis.items()
        if abs(one.moved) >= LEAST_MOVE or (one.before is None) != (one.after is None)
    }
    if kpis:
        console.print(_kpis(kpis))
    if any(one["differ"] for one in changes.rows.values()):
        console.print(_rows(changes))


def _rules(changes: Changes) -> Table:
    shown = _table("Rules")
    shown.add_column("rule", no_wrap=True)
    for column in ("calls", "flips"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("from → to")
    for column in ("kept before", "after"):
        shown.add_column(column, justify="right", no_wrap=True)
    flips = {rule: changes.flips_of(rule) for rule in changes.results}
    for rule in sorted(flips, key=lambda one: (-flips[one].total(), one)):
        if flips[rule]:
            told = ", ".join(
                f"{calls} {SHORT.get(before, before)} → {SHORT.get(after, after)}"
                for (before, after), calls in flips[rule].most_common()
            )
            kept = (_kept(changes.results[rule], side) for side in (0, 1))
            shown.add_row(rule, str(changes.results[rule].total()), str(flips[rule].total()), told, *kept)
    return shown


def _kept(results: Counter[tuple[str, str]], side: int) -> str:
    """Share of calls that keep a rule, of those that it judges."""
    passed = sum(calls for pair, calls in results.items() if pair[side] == "pass")
    judged = passed + sum(calls for pair, calls in results.items() if pair[side] == "fail")
    return f"{passed / judged:.1%}" if judged else "–"


def _agents(moved: dict[tuple[str, str], Weights]) -> Table:
    shown = _table("Scores of agents")
    for column in ("agent", "manual"):
        shown.add_column(column, no_wrap=True)
    for column in ("before", "after", "points"):
        shown.add_column(column, justify="right", no_wrap=True)
    for (agent, manual), one in sorted(moved.items(), key=lambda item: (-abs(item[1].moved), item[0]))[:MOST_AGENTS]:
        shown.add_row(escape(agent) or "[dim]not named[/dim]", manual, *_moved(one))
    return shown


def _kpis(kpis: dict[str, Weights]) -> Table:
    shown = _table("KPIs, mean of the days")
    shown.add_column("share", no_wrap=True)
    for column in ("before", "after", "points"):
        shown.add_column(column, justify="right", no_wrap=True)
    for name, one in sorted(kpis.items(), key=lambda item: (-abs(item[1].moved), item[0])):
        shown.add_row(name, *_moved(one))
    return shown


def _moved(one: Weights) -> tuple[str, str, str]:
    before, after = ("–" if share is None else f"{share:.1%}" for share in (one.before, one.after))
    style = "red" if one.moved < 0 else "green"
    return before, after, f"[{style}]{100 * one.moved:+.1f}[/{style}]" if one.moved else ""


def _rows(changes: Changes) -> Table:
    shown = _table("Rows")
    shown.add_column("table", no_wrap=True)
    for column in ("before", "after", "differ"):
        shown.add_column(column, justify="right", no_wrap=True)
    for name, one in sorted(changes.rows.items(), key=lambda item: (-item[1]["differ"], item[0])):
        if one["differ"]:
            shown.add_row(name, *(str(one[column]) for column in ("before", "after", "differ")))
    return shown


def print_report(console: Console, report: Report) -> None:
    """Say what was done, what was not, and what to do next."""
    days, calls = _count(len(report.days), "day"), _count(report.calls, "call")
    if report.is_written:
        console.print(f"[bold green]Written:[/bold green] {days}, {calls}.", highlight=False)
    elif _is_open(report):
        console.print(f"Nothing is written: {days}, {calls}. With --accept it is.", highlight=False)
    if report.lost:
        console.print(
            f"[yellow]{_count(report.lost, 'call')} cannot be heard again[/yellow]: their sound is not kept, or in an older "
            "format. Their rows stay; running their nights again makes them anew.",
            highlight=False,
        )
    for day, why in report.left_out.items():
        console.print(f"[yellow]Left out[/yellow] {day.isoformat()}: {escape(why)}", highlight=False)
    if report.defects:
        console.print(
            f"[red]{_count(report.defects, 'defect')}[/red]: an analyzer, a rule or a table broke; `postcall report` names it.",
            highlight=False,
        )


def _table(title: str) -> Table:
    return Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _console() -> Console:
    """A log has no width of its own."""
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)
