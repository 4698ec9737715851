"""The command line.

Exit codes, for cron: 0 all in order; 3 done, with calls or recordings put aside; 4 done, but an analyzer, a rollup or a table
failed; 1 stopped half-way (run it again); 2 nothing was done: a wrong option, setting or policy.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from postcall.errors import PolicyError, PostCallError, SettingsError

app = typer.Typer(
    name="postcall",
    help="Post-call audio analytics for contact centres, on your own machine.",
    epilog="First time here: `postcall demo` shows what it does, `postcall init` prepares a night on your own calls.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LOG_WIDTH = 120

OK, STOPPED, WRONG_USE, QUARANTINED, DEFECTS = 0, 1, 2, 3, 4

Date = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Business day, YYYY-MM-DD; yesterday when not given.")
]
Store = Annotated[Path | None, typer.Option(help="Folder of tables, artifacts and ledger.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; postcall.toml of this folder when not given.")
]


@app.command()
def nightly(
    date: Date = None,
    recordings: Annotated[str | None, typer.Option(help="Folder of the recordings; may hold {date}.")] = None,
    calls: Annotated[str | None, typer.Option(help="Call-record file, CSV or JSON Lines; may hold {date}.")] = None,
    store: Store = None,
    settings: SettingsFile = None,
    policy: Annotated[Path | None, typer.Option(help="Policy file.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="The centre's time zone, e.g. Europe/Moscow.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Recordings listened to side by side.")] = None,
    no_transcript: Annotated[bool, typer.Option("--no-transcript", help="Measure sound and call records alone.")] = False,
    prefect: Annotated[
        bool, typer.Option("--prefect", help="Run each step as a Prefect task, with the history on your Prefect server.")
    ] = False,
) -> None:
    """Process one business day. Run again, it writes the same rows."""
    from flows.report import print_report
    from flows.settings import load_settings, yesterday

    given = {
        "recordings": recordings,
        "calls": calls,
        "store": store,
        "policy": policy,
        "time_zone": time_zone,
        "workers": workers,
    }
    chosen = load_settings(settings, **given)
    day = date.date() if date else yesterday(chosen.records.time_zone)
    if prefect:
        from flows.nightly import nightly as flow

        report = flow(date=day, settings=chosen, no_transcript=no_transcript)
    else:
        from flows.night import plainly, run_night
        from flows.progress import progress_on

        with progress_on(_errors()) as progress:
            report = run_night(day, chosen, use_transcripts=not no_transcript, step=plainly, progress=progress)
    print_report(_console(), chosen.store, day)
    if report.defects:
        raise typer.Exit(DEFECTS)
    if report.quarantined:
        raise typer.Exit(QUARANTINED)


@app.command()
def report(
    date: Date = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Print what a night found, put aside and could not measure."""
    from flows.report import print_report
    from flows.settings import load_settings, yesterday

    chosen = load_settings(settings, store=store)
    print_report(_console(), chosen.store, date.date() if date else yesterday(chosen.records.time_zone))


@app.command()
def demo(
    store: Annotated[Path, typer.Option(help="Folder to write to; an earlier demo in it is replaced.")] = Path("demo-store"),
) -> None:
    """Run a night on the calls that come with the product."""
    from flows.demonstration import run_demo

    run_demo(store, _console(), _errors())


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to write to.")] = Path(),
) -> None:
    """Write a settings file, a policy and an example call-record file to start from."""
    from flows.scaffold import write_scaffold

    console = _console()
    for path, what in write_scaffold(folder):
        console.print(f"wrote [bold]{path}[/bold]  {what}", highlight=False, soft_wrap=True)
    console.print("\nNext: put your paths into postcall.toml, then run  [bold]postcall nightly --date YYYY-MM-DD[/bold]")


@app.command()
def tables(store: Store = None, settings: SettingsFile = None) -> None:
    """List the tables with what they hold."""
    from flows.report import print_tables
    from flows.settings import load_settings

    print_tables(_console(), load_settings(settings, store=store).store)


@app.command()
def show(
    table: Annotated[str, typer.Argument(help="Name of the table.")],
    date: Date = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
    columns: Annotated[str | None, typer.Option(help="Columns to print, separated by commas; all when not given.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
    personal: Annotated[
        bool, typer.Option("--personal", help="Show columns with personal data, which are masked otherwise.")
    ] = False,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Print rows of a table."""
    from flows.report import print_rows
    from flows.settings import load_settings

    print_rows(
        _console(),
        load_settings(settings, store=store).store,
        table,
        day=date.date() if date else None,
        limit=rows,
        columns=columns.split(",") if columns else None,
        as_csv=csv,
        is_personal_shown=personal,
    )


@app.command()
def docs(
    folder: Annotated[Path, typer.Option(help="Folder of the pages.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a page is out of date.")] = False,
) -> None:
    """Write the pages that are generated from the code: tables, policy, analyzers."""
    from flows.generated_docs import out_of_date, write_pages

    if not check:
        for path in write_pages(folder):
            typer.echo(f"wrote {path}")
        return
    if stale := out_of_date(folder):
        raise SettingsError(f"out of date: {', '.join(path.name for path in stale)}", hint="run `postcall docs`")


def _console() -> Console:
    """A log has no width of its own; 80 columns would fold most of the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)


def _errors() -> Console:
    return Console(stderr=True)


def main() -> None:
    """Entry point of the ``postcall`` command."""
    try:
        app()
    except (SettingsError, PolicyError) as error:
        _complain(error, "Nothing was done.")
        sys.exit(WRONG_USE)
    except PostCallError as error:
        _complain(error, "The run stopped. Run it again: it goes on from what is there.")
        sys.exit(STOPPED)


def _complain(error: PostCallError, what: str) -> None:
    console = _errors()
    console.print(f"[bold red]{what}[/bold red] {error.message}", highlight=False, soft_wrap=True)
    if error.hint:
        console.print(f"[bold]What to do:[/bold] {error.hint}", highlight=False, soft_wrap=True)
