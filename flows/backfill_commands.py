"""The command ``backfill``: many nights, one after the other."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from postcall.errors import SettingsError

if TYPE_CHECKING:
    from flows.backfill import DayDone, DayToDo
    from flows.night import NightReport
    from flows.settings import Settings

app = typer.Typer()

LOG_WIDTH = 120

LogFormat = Annotated[
    Literal["text", "json"] | None,
    typer.Option(help="Progress and failures on standard error: text, or one JSON object a line, and no report."),
]


@app.command(
    epilog="Ends as the worst of its nights: see `postcall nightly --help`; from best to worst that is 0, 3, 4, 2, 1. With "
    "--dry-run it ends with 0."
)
def backfill(
    first: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Oldest day.")],
    last: Annotated[
        dt.datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Newest day; yesterday when not given."),
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", metavar="", help="Only days that never ran to their end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Show what there is to do and how long it may take; do nothing.")
    ] = False,
    no_transcript: Annotated[
        bool, typer.Option("--no-transcript", metavar="", help="Measure sound and call records alone.")
    ] = False,
    no_reports: Annotated[bool, typer.Option("--no-reports", metavar="", help="Publish no reports: quicker.")] = False,
    log_format: LogFormat = None,
    store: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of tables, artifacts and ledger.")] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="Settings file; postcall.toml of this folder when not given."),
    ] = None,
) -> None:
    """Process many business days, oldest first; a day that fails does not stop the others."""
    from flows.backfill import days_between, done_days, to_do
    from flows.settings import yesterday

    chosen = settings_told_as(log_format, settings, store=store)
    if no_reports:
        chosen = chosen.model_copy(update={"pages": chosen.pages.model_copy(update={"nightly": False})})
    newest = yesterday(chosen.records.time_zone)
    days = days_between(first.date(), last.date() if last else newest, newest=newest)
    if missing:
        done = done_days(chosen)
        days = [day for day in days if day not in done]
    console = _console()
    if not days:
        console.print("Nothing to do: all of these days ran.")
    elif dry_run:
        _print_to_do(console, list(to_do(days, chosen)), chosen)
    else:
        _run(console, days, chosen, use_transcripts=not no_transcript)


def settings_told_as(log_format: str | None, file: Path | None, **given: object) -> Settings:
    """`load_settings`; what is wrong with them is a line of JSON where the command line asks for that."""
    from flows.exit_codes import WRONG_USE
    from flows.night_log import NightLog
    from flows.settings import load_settings

    try:
        return load_settings(file, log_format=log_format, **given)
    except SettingsError as error:
        if log_format != "json":
            raise
        NightLog(sys.stderr).stop(error, WRONG_USE)
        raise typer.Exit(WRONG_USE) from error


def _run(console: Console, days: list[dt.date], chosen: Settings, *, use_transcripts: bool) -> None:
    from flows.backfill import backfill as run_backfill
    from flows.exit_codes import code_of_report, worst
    from flows.night import plainly, run_night
    from flows.night_log import NightLog
    from flows.progress import progress_on

    log = NightLog(sys.stderr) if chosen.log_format == "json" else None

    def run(day: dt.date) -> NightReport:
        if log is not None:
            log.begin(day)
            report = run_night(day, chosen, use_transcripts=use_transcripts, step=log.step, progress=log)
            log.end(report, code_of_report(report))
            return report
        with progress_on(Console(stderr=True)) as progress:
            return run_night(day, chosen, use_transcripts=use_transcripts, step=plainly, progress=progress)

    done = []
    for one in run_backfill(days, run):
        done.append(one)
        if log is None:
            console.print(_said(one), highlight=False, soft_wrap=True)
        elif one.error is not None:
            log.stop(one.error, one.exit_code)
    if log is None:
        in_order = sum(one.exit_code == 0 for one in done)
        console.print(f"{_count(len(done), 'day')}, {in_order} in order.", highlight=False)
        if any(one.exit_code in (1, 2) for one in done):
            console.print("`postcall backfill … --missing` tries those again that did not run.", style="dim", highlight=False)
    if code := worst(one.exit_code for one in done):
        raise typer.Exit(code)


def _said(one: DayDone) -> str:
    day = f"[bold]{one.day.isoformat()}[/bold]"
    if one.error is not None:
        code, what, hint = _told(one.error)
        to_do = f" [dim]{escape(hint[:1].upper() + hint[1:])}.[/dim]" if hint else ""
        return f"{day} [bold red]failed[/bold red] ({code}): {escape(what)}.{to_do}"
    report = one.report
    assert report is not None
    aside = f", [yellow]{report.quarantined} put aside[/yellow]" if report.quarantined else ""
    defects = f", [red]{_count(report.defects, 'defect')}[/red]" if report.defects else ""
    return f"{day} {_count(report.calls, 'call')}, {report.recordings} heard{aside}{defects}"


def _told(error: Exception) -> tuple[str, str, str]:
    """Code, message and hint; of an unforeseen error where it was raised, as its own message may quote a call."""
    from flows.failures import where_raised
    from postcall.errors import PostCallError

    if isinstance(error, PostCallError):
        return error.code, error.message, error.hint
    return "unforeseen", where_raised(error), "report it: it is a defect of the program"


def _print_to_do(console: Console, days: list[DayToDo], chosen: Settings) -> None:
    from flows.backfill import speed_of_nights

    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("night", no_wrap=True)
    for column in ("calls", "sound"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("")
    for one in days:
        state = "done" if one.is_done else ""
        if one.problem:
            state = f"[yellow]{escape(one.problem)}[/yellow]" + (", done" if one.is_done else "")
        calls = "–" if one.calls is None else str(one.calls)
        shown.add_row(f"{one.day:%a} {one.day.isoformat()}", calls, "–" if one.sound_s is None else _hours(one.sound_s), state)
    console.print(shown)
    fresh = [one for one in days if not one.is_done]
    to_hear, sound_s = sum(one.calls or 0 for one in fresh), sum(one.sound_s or 0.0 for one in fresh)
    console.print(
        f"To do: {_count(len(fresh), 'day')}, {_count(to_hear, 'call')}, {_hours(sound_s)} h of sound by the call records.",
        highlight=False,
    )
    if unread := sum(one.calls is None for one in fresh):
        console.print(f"Not counted: {_count(unread, 'day')} whose call records cannot be read.", highlight=False)
    if before := len(days) - len(fresh):
        console.print(f"Done before: {_count(before, 'day')}. Run again they are quick.", highlight=False)
    speed = speed_of_nights(chosen)
    if speed is None:
        console.print("Estimated time: [bold]unknown[/bold]. No night of this store tells its speed yet.", highlight=False)
    else:
        took = f"Estimated time: [bold]{_hours(sound_s / speed)} h[/bold]"
        console.print(f"{took}, at {speed:,.0f} times real time, the median of its nights.", highlight=False)
    console.print("Nothing was done (--dry-run).", style="dim", highlight=False)


def _hours(seconds: float) -> str:
    minutes = -(-round(seconds) // 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)
