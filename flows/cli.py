"""The command line.

Exit codes, for cron: 0 all in order; 3 done, with calls or recordings put aside; 4 done, but an analyzer, a rollup or a table
failed; 1 stopped half-way (run it again); 2 nothing was done: a wrong option, setting or policy, or no call records that can be
read.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from flows import (
    backfill_commands,
    capacity_commands,
    erase_commands,
    export_commands,
    operation_commands,
    pages_commands,
    privacy_commands,
    rescore_commands,
    standards_commands,
)
from flows.private import keep_private
from postcall.errors import PolicyError, PostCallError, SettingsError, TelephonyError

if TYPE_CHECKING:
    from flows.settings import Settings

app = typer.Typer(
    name="postcall",
    help="Post-call audio analytics for contact centres, on your own machine.",
    epilog="First time here: `postcall demo` shows what it does, `postcall init` prepares a night on your own calls.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(standards_commands.app)
app.add_typer(backfill_commands.app)
app.add_typer(operation_commands.app)
app.add_typer(export_commands.app)
app.add_typer(pages_commands.app)
app.add_typer(pages_commands.report_group)
app.add_typer(privacy_commands.app)
app.add_typer(erase_commands.app)
app.add_typer(rescore_commands.app)
app.add_typer(capacity_commands.app)

LOG_WIDTH = 120

STOPPED, WRONG_USE = 1, 2

Date = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; yesterday when not given."),
]
AnyDate = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; all days when not given."),
]
Store = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of tables, artifacts and ledger.")]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="Settings file; postcall.toml of this folder when not given."),
]


@app.callback()
def start(
    context: typer.Context,
    is_version_asked: Annotated[bool, typer.Option("--version", metavar="", help="Print the version.")] = False,
) -> None:
    """Post-call audio analytics for contact centres, on your own machine."""
    if is_version_asked:
        typer.echo(f"postcall {version('postcall')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(
    epilog="Ends with 0: all in order; 3: done, with calls or recordings put aside; 4: done, but an analyzer, a rollup or a "
    "table failed; 1: stopped half-way, run it again; 2: nothing was done."
)
def nightly(
    date: Date = None,
    recordings: Annotated[str | None, typer.Option(metavar="FOLDER", help="Folder of the recordings; may hold {date}.")] = None,
    calls: Annotated[
        str | None, typer.Option(metavar="FILE", help="Call-record file, CSV or JSON Lines; may hold {date}.")
    ] = None,
    store: Store = None,
    settings: SettingsFile = None,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Policy file.")] = None,
    time_zone: Annotated[str | None, typer.Option(metavar="ZONE", help="The centre's time zone, e.g. Europe/Moscow.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Recordings listened to side by side.")] = None,
    no_transcript: Annotated[
        bool, typer.Option("--no-transcript", metavar="", help="Measure sound and call records alone.")
    ] = False,
    no_reports: Annotated[bool, typer.Option("--no-reports", metavar="", help="Publish no reports: quicker.")] = False,
    prefect: Annotated[
        bool,
        typer.Option("--prefect", metavar="", help="Run each step as a Prefect task, with the history on your Prefect server."),
    ] = False,
    log_format: backfill_commands.LogFormat = None,
) -> None:
    """Process one business day. Run again, it writes the same rows."""
    from flows.exit_codes import code_of_report
    from flows.report import print_published, print_report
    from flows.settings import yesterday

    given = {
        "recordings": recordings,
        "calls": calls,
        "store": store,
        "policy": policy,
        "time_zone": time_zone,
        "workers": workers,
    }
    chosen = backfill_commands.settings_told_as(log_format, settings, **given)
    if no_reports:
        chosen = chosen.model_copy(update={"pages": chosen.pages.model_copy(update={"nightly": False})})
    day = date.date() if date else yesterday(chosen.records.time_zone)
    if chosen.log_format == "json" and not prefect:
        raise typer.Exit(_told_as_json(day, chosen, use_transcripts=not no_transcript))
    if prefect:
        from flows.nightly import run_tracked

        report = run_tracked(day, chosen, use_transcripts=not no_transcript)
    else:
        from flows.night import plainly, run_night
        from flows.progress import progress_on

        with progress_on(_errors()) as progress:
            report = run_night(day, chosen, use_transcripts=not no_transcript, step=plainly, progress=progress)
    print_report(_console(), chosen.store, day)
    if report.reports is not None:
        print_published(_console(), report.reports)
    if code := code_of_report(report):
        raise typer.Exit(code)


def _told_as_json(day: dt.date, settings: Settings, *, use_transcripts: bool) -> int:
    """Run a night whose log is JSON; its exit code. Whatever ends it is a line of the log, too."""
    from flows.exit_codes import code_of_error, code_of_report
    from flows.night import run_night
    from flows.night_log import NightLog

    log = NightLog(sys.stderr)
    log.begin(day)
    try:
        report = run_night(day, settings, use_transcripts=use_transcripts, step=log.step, progress=log)
    except Exception as error:  # noqa: BLE001  # the last net: a log of lines of JSON holds nothing else
        code = code_of_error(error)
        log.stop(error, code)
        return code
    code = code_of_report(report)
    log.end(report, code)
    return code


@pages_commands.report_group.callback()
def report(
    context: typer.Context,
    date: Date = None,
    store: Store = None,
    settings: SettingsFile = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Save it as a picture as well.")] = None,
) -> None:
    """Print what a night found, put aside and could not measure; or publish it as pages."""
    if context.invoked_subcommand is not None:
        return
    from flows.report import print_report
    from flows.settings import load_settings, yesterday

    chosen = load_settings(settings, store=store)
    console = Console(record=True, width=LOG_WIDTH) if svg else _console()
    print_report(console, chosen.store, date.date() if date else yesterday(chosen.records.time_zone))
    if svg:
        picture = console.export_svg(title="postcall report")
        # Rich's pictures fetch a font from the network when they are looked at; nothing of ours does.
        svg.write_text(re.sub(r',\s*url\("https?://[^"]*"\) format\("\w+"\)', "", picture), encoding="utf-8")


@app.command()
def demo(
    store: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder to write to; an earlier demo in it is replaced.")
    ] = Path("demo-store"),
    transcripts: Annotated[
        bool, typer.Option("--transcripts", metavar="", help="Take the words of the synthesis, not of a recogniser: quicker.")
    ] = False,
    no_reports: Annotated[
        bool, typer.Option("--no-reports", metavar="", help="Write no dashboards and call pages: quicker.")
    ] = False,
) -> None:
    """Run a night on the calls that come with the product, compare it with what is true of them, and write its reports."""
    from flows.demonstration import publish_demo, run_demo

    run_demo(store, _console(), _errors(), with_models=not transcripts)
    if not no_reports:
        publish_demo(store, _console(), _errors(), with_models=not transcripts)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write to.", show_default="this folder")] = Path(),
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
    table: Annotated[str, typer.Argument(help="Name of the table; `postcall tables` lists them.")],
    date: AnyDate = None,
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="Most rows to print.")] = 20,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns to print, separated by commas; all when not given.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", metavar="", help="Print as CSV.")] = False,
    personal: Annotated[
        bool, typer.Option("--personal", metavar="", help="Show columns with personal data, which are masked otherwise.")
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
        columns=[column.strip() for column in columns.split(",")] if columns else None,
        as_csv=csv,
        is_personal_shown=personal,
    )


@app.command()
def accuracy(
    condition: Annotated[
        str, typer.Argument(help="Kind of calls, e.g. 'two channels', 'one channel', 'ru', 'low-rate codec'.")
    ] = "two channels",
) -> None:
    """Show how exact the timing measures are, as measured on calls of known truth."""
    from flows.accuracy import print_accuracy

    print_accuracy(_console(), condition)


@app.command()
def docs(
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the pages.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", metavar="", help="Write nothing; fail when a page is out of date.")] = False,
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
    keep_private()
    for stream in (sys.stdout, sys.stderr):
        # A log in another encoding than UTF-8 must not cost the night's report.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="postcall")
    except (SettingsError, PolicyError, TelephonyError) as error:
        from flows.stored import NothingStored

        _complain("Nothing to show." if isinstance(error, NothingStored) else "Nothing was done.", error.message, error.hint)
        sys.exit(WRONG_USE)
    except PostCallError as error:
        _complain("The run stopped.", error.message, error.hint or "run it again: it goes on from what is there")
        sys.exit(STOPPED)
    except Exception as error:  # noqa: BLE001  # the last net, for what nobody foresaw
        # Where it broke, and not what it says: the message of a library's error may quote a call.
        traceback.print_tb(error.__traceback__)
        what = "this is a defect of the program; report it with the lines above, which hold nothing of any call"
        _complain("The run stopped.", f"{type(error).__name__} was not foreseen.", what)
        sys.exit(STOPPED)


def _complain(headline: str, message: str, hint: str) -> None:
    console = _errors()
    said = escape(message[:1].upper() + message[1:])
    console.print(f"[bold red]{headline}[/bold red] {said}", highlight=False, soft_wrap=True)
    if hint:
        console.print(f"[bold]What to do:[/bold] {escape(hint)}", highlight=False, soft_wrap=True)
