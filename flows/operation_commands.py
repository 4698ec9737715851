"""Commands for whoever runs the nights: ``doctor``, ``status``, ``alerts``, ``quarantine``, ``records``.

Conventions
-----------
Screens fit 80 columns. Exit codes are those of the command line: 0 all in order, 2 a setting or argument is wrong, and of each
command what its help says.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from postcall.errors import SettingsError

if TYPE_CHECKING:
    from flows.doctor import Check
    from flows.settings import Settings
    from flows.status import NightStatus, Status
    from storage.quarantine import PutAside
    from storage.telephony import ReadRecords

app = typer.Typer()
quarantine = typer.Typer(
    name="quarantine", help="What nights put aside: list it, try again, or leave it.", no_args_is_help=True
)
records = typer.Typer(name="records", help="Files of call records.", no_args_is_help=True)
app.add_typer(quarantine)
app.add_typer(records)

LOG_WIDTH = 120
FAILED, QUARANTINED = 1, 3

Store = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of tables, artifacts and ledger.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings file; postcall.toml of this folder when not given.")
]
Day = Annotated[
    dt.datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; all when not given."),
]
Code = Annotated[str | None, typer.Option(metavar="CODE", help="Only this kind, e.g. missing_recording.")]


# ── doctor ───────────────────────────────────────────────────────────────────


@app.command(epilog="Ends with 0 when nothing failed (warnings do not count), with 1 when something did.")
def doctor(store: Store = None, settings: SettingsFile = None) -> None:
    """Check what a night needs: models, disk, rights, time zone, inputs."""
    from flows.doctor import Check, Verdict, examine
    from flows.settings import load_settings

    console = _console()
    checks: list[Check] = []
    try:
        chosen = load_settings(settings, store=store)
    except SettingsError as error:
        checks.append(Check("settings", Verdict.FAIL, error.message, error.hint))
    else:
        with console.status("looking"):
            checks += examine(chosen)
    console.print(_checks(checks))
    counts = Counter(check.verdict for check in checks)
    failed, warned = counts[Verdict.FAIL], counts[Verdict.WARN]
    if failed:
        console.print(
            f"[bold red]{failed} failed[/bold red], {_count(warned, 'warning')}. A night would stop or lose something."
        )
        raise typer.Exit(FAILED)
    console.print(f"[bold green]Ready for a night[/bold green], {_count(warned, 'warning')}.")


def _checks(checks: list[Check]) -> Table:
    styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    shown = Table(box=box.SIMPLE_HEAD, show_header=False, padding=(0, 1))
    shown.add_column(no_wrap=True)
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column()
    for check in checks:
        to_do = f"\n[bold]What to do:[/bold] {escape(check.to_do)}" if check.to_do else ""
        style = styles[check.verdict.value]
        shown.add_row(f"[{style}]{check.verdict.value}[/{style}]", check.name, escape(check.found) + to_do)
    return shown


# ── status ───────────────────────────────────────────────────────────────────


@app.command(
    epilog="Ends with 0 when yesterday ran and nothing is put aside, with 3 when something is, with 1 when nights are missing."
)
def status(
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="Business days to show.")] = 14,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write metrics for Prometheus to a file instead, or to - for standard output."),
    ] = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Show which nights ran, how fast, what is put aside, and how much is known."""
    from flows.settings import load_settings, yesterday
    from flows.status import status_of

    chosen = load_settings(settings, store=store)
    if metrics is not None:
        _write_metrics(metrics, chosen)
        return
    found = status_of(chosen.store, until=yesterday(chosen.records.time_zone), days=days)
    console = _console()
    if found.newest is None:
        console.print(f"No night ever ran to its end in store '{escape(str(chosen.store))}'.", soft_wrap=True)
        _print_open(console, found)
        raise typer.Exit(FAILED)
    console.print(_nights(found))
    holes = [night.day for night in found.nights if night.calls is None]
    _print_missing(console, found.newest, found.lag_days, holes)
    _print_open(console, found)
    if found.dropped:
        console.print(f"{found.dropped} more were dropped.", style="dim", highlight=False)
    if holes or found.lag_days:
        raise typer.Exit(FAILED)
    if found.open_by_code:
        raise typer.Exit(QUARANTINED)


def _print_open(console: Console, found: Status) -> None:
    if found.open_by_code:
        console.print("[bold]Put aside and open[/bold]", highlight=False)
        for (stage, code), count in sorted(found.open_by_code.items(), key=lambda item: (-item[1], item[0])):
            console.print(f"  {count:5}  {code} [dim]({stage})[/dim]", highlight=False)
        console.print("`postcall quarantine list` names them.", style="dim", highlight=False)


def _write_metrics(target: str, chosen: Settings) -> None:
    from flows.metrics import check_metrics_file, metrics_of, write_metrics

    if target == "-":
        typer.echo(metrics_of(chosen).decode(), nl=False)
        return
    check_metrics_file(Path(target))
    write_metrics(Path(target), chosen)


def _nights(found: Status) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, caption_justify="left")
    shown.add_column("night", no_wrap=True)
    for column in ("calls", "heard", "aside", "defects", "took", "speed", "coverage"):
        shown.add_column(column, justify="right", no_wrap=True)
    for night in found.nights:
        shown.add_row(f"{night.day:%a} {night.day.isoformat()}", *_night(night))
    return shown


def _night(night: NightStatus) -> tuple[str, ...]:
    if night.calls is None:
        return ("[red]not run[/red]", "", "", "", "", "", "")
    aside = f"[yellow]{night.put_aside}[/yellow]" if night.put_aside else "0"
    defects = f"[red]{night.defects}[/red]" if night.defects else "0"
    speed = "–" if night.times_real_time is None else f"{night.times_real_time:,.0f}x"
    coverage = "–" if night.coverage_share is None else f"{night.coverage_share:.0%}"
    return (str(night.calls), str(night.recordings), aside, defects, _took(night.took_s or 0.0), speed, coverage)


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _print_missing(console: Console, newest: dt.date, lag_days: int, holes: list[dt.date]) -> None:
    if lag_days:
        said = f"The newest night is {newest.isoformat()}, {_count(lag_days, 'day')} before yesterday."
        console.print(f"[bold red]Behind.[/bold red] {said}", highlight=False)
    if holes:
        named = ", ".join(day.isoformat() for day in holes[:4]) + (", …" if len(holes) > 4 else "")
        console.print(f"[bold red]Never run:[/bold red] {named}", highlight=False)
    if holes or lag_days:
        day = (holes or [newest + dt.timedelta(days=1)])[0]
        console.print(f"`postcall nightly --date {day.isoformat()}` runs the first of them.", style="dim", highlight=False)


# ── alerts ───────────────────────────────────────────────────────────────────


@app.command(epilog="Ends with 0 when all is inside its band, with 3 when something is not.")
def alerts(
    rules: Annotated[Path, typer.Option(metavar="FILE", help="Bands, and where alerts go.")] = Path("alerts.toml"),
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; yesterday when not given."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar="", help="Show them, send nothing.")] = False,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Tell people when a KPI or the night leaves its band; each alert once."""
    from flows.alerts import alerts_of, load_rules, send
    from flows.settings import load_settings, yesterday

    chosen = load_settings(settings, store=store)
    bands = load_rules(rules)
    day = date.date() if date else yesterday(chosen.records.time_zone)
    found = alerts_of(chosen.store, day, bands)
    sent = [] if dry_run else send(chosen.store, found, bands)
    console = _console()
    for alert in found:
        console.print(f"[bold red]![/bold red] {escape(alert.message)}", highlight=False, soft_wrap=True)
    if not found:
        console.print(f"{day.isoformat()}: all of {_count(len(bands.band), 'band')} kept.", highlight=False)
        return
    told = "nothing was sent (--dry-run)" if dry_run else f"{len(sent)} sent, {len(found) - len(sent)} sent before"
    console.print(f"{_count(len(found), 'alert')}: {told}.", style="dim", highlight=False)
    raise typer.Exit(QUARANTINED)


# ── quarantine ───────────────────────────────────────────────────────────────


@quarantine.command("list")
def list_quarantine(
    date: Day = None,
    code: Code = None,
    dropped: Annotated[bool, typer.Option("--dropped", metavar="", help="What was dropped, too.")] = False,
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="Most to print.")] = 50,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """List what is put aside, and what to do about each kind."""
    console = _console()
    found = [one for one in _put_aside(_settings(settings, store), date, code) if dropped or not one.is_dropped]
    if not found:
        console.print("Nothing is put aside.")
        return
    shown = Table(box=box.SIMPLE_HEAD)
    for column in ("id", "night", "what", "kind"):
        shown.add_column(column, no_wrap=True)
    shown.add_column("call", overflow="fold")
    shown.add_column("line", justify="right", no_wrap=True)
    for one in found[:rows]:
        line = "" if one.line is None else str(one.line)
        kind = f"{one.code}{' (dropped)' if one.is_dropped else ''}"
        shown.add_row(one.failure_id[:8], one.day.isoformat(), one.stage, kind, escape(one.call_id or "–"), line)
    console.print(shown)
    if len(found) > rows:
        console.print(f"{len(found) - rows} more; --rows shows them.", style="dim", highlight=False)
    for kind, hint in sorted({one.code: one.hint for one in found if one.hint}.items()):
        console.print(f"[bold]{kind}[/bold]  {escape(hint or '')}", highlight=False)
    console.print(
        "\n`postcall quarantine retry` runs their nights again; `drop ID` says that nothing will be done about one.",
        style="dim",
        highlight=False,
    )


@quarantine.command(epilog="Ends as the worst of the nights does: see `postcall nightly --help`.")
def retry(date: Day = None, code: Code = None, store: Store = None, settings: SettingsFile = None) -> None:
    """Run the nights again that put something aside."""
    from flows.night import plainly, run_night
    from flows.progress import progress_on

    chosen, console = _settings(settings, store), _console()
    before = [one for one in _put_aside(chosen, date, code) if not one.is_dropped]
    if not before:
        console.print("Nothing is put aside.")
        return
    has_defects = False
    for day in sorted({one.day for one in before}):
        with progress_on(Console(stderr=True)) as progress:
            report = run_night(day, chosen, step=plainly, progress=progress)
        has_defects |= bool(report.defects)
        was = sum(one.day == day for one in before)
        left = [one for one in _put_aside(chosen, dt.datetime.combine(day, dt.time()), code) if not one.is_dropped]
        console.print(f"{day.isoformat()}: {was} were put aside, {len(left)} still are.", highlight=False)
    if has_defects:
        raise typer.Exit(4)
    if any(not one.is_dropped for one in _put_aside(chosen, date, code)):
        raise typer.Exit(QUARANTINED)


@quarantine.command()
def drop(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Beginnings of ids, as `list` shows them.")] = None,
    date: Day = None,
    code: Code = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Say that nothing will be done about these: they stay in run_failure, and are no longer open."""
    from storage.quarantine import Quarantine

    if not ids and code is None:
        raise SettingsError("nothing was named to drop", hint="give ids of `postcall quarantine list`, or --code")
    chosen, console = _settings(settings, store), _console()
    open_ = [one for one in _put_aside(chosen, date, code) if not one.is_dropped]
    if ids:
        for given in ids:
            if len({one.failure_id for one in open_ if one.failure_id.startswith(given)}) != 1:
                known = any(one.failure_id.startswith(given) for one in open_)
                what = f"several begin with '{given}'" if known else f"nothing that is put aside begins with '{given}'"
                raise SettingsError(what, hint="`postcall quarantine list` shows the ids")
        open_ = [one for one in open_ if any(one.failure_id.startswith(given) for given in ids)]
    Quarantine(chosen.store).drop(open_)
    console.print(f"{len(open_)} dropped.", highlight=False)


def _settings(settings: Path | None, store: Path | None) -> Settings:
    from flows.settings import load_settings

    return load_settings(settings, store=store)


def _put_aside(settings: Settings, date: dt.datetime | None, code: str | None) -> list[PutAside]:
    from storage.quarantine import Quarantine

    found = Quarantine(settings.store).everything(date.date() if date else None)
    return [one for one in found if code is None or one.code == code]


# ── records ──────────────────────────────────────────────────────────────────


@records.command(epilog="Ends with 0 when every row is understood, with 3 when some are not, with 2 when the file is not.")
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="File of call records, or an fsspec address.")],
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="What wrote it; records.source of the settings when not given.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Show what is understood of a file of call records. Prints no cell, so it can be sent to whoever made the export."""
    from flows.settings import load_settings
    from storage.recording_names import NamePattern
    from storage.telephony import read_call_records

    chosen = load_settings(settings)
    format = chosen.records
    if source is not None and source != format.source:
        format = format.model_copy(update={"source": source, "options": {}})
    pattern = NamePattern(chosen.recorder.name_pattern) if chosen.recorder.name_pattern else None
    read = read_call_records(file, format, pattern)
    console = _console()
    _print_read(console, read, format.source, format.time_zone)
    _print_columns(console, read)
    if read.problems:
        _print_problems(console, read)
        raise typer.Exit(QUARANTINED)


def _print_read(console: Console, read: ReadRecords, source: str, zone: str) -> None:
    from storage.telephony import business_day

    summary = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    summary.add_column(style="bold", no_wrap=True)
    summary.add_column()
    merged = f", {read.duplicates_merged} the same again" if read.duplicates_merged else ""
    summary.add_row("Read as", f"{escape(source)}, {read.encoding}")
    summary.add_row(
        "Rows", f"{read.rows}: {_count(len(read.records), 'call')}, {_count(len(read.problems), 'problem')}{merged}"
    )
    if read.left_out:
        summary.add_row("Beside calls", "; ".join(f"{count} {what}" for what, count in read.left_out.items()))
    days = Counter(day for record in read.records if (day := business_day(record, zone)) is not None)
    if days:
        span = f"{min(days).isoformat()}" + (f" to {max(days).isoformat()}, {len(days)} days" if len(days) > 1 else "")
        summary.add_row("Business days", f"{span} ({escape(zone)})")
        answered = sum(record.answered_at is not None for record in read.records)
        held = sum(bool(record.holds) for record in read.records)
        known = sum(record.holds is not None for record in read.records)
        summary.add_row("Calls", f"{answered} answered; holds known of {known}, {held} with a hold")
        directions = Counter(record.direction.value if record.direction else "not known" for record in read.records)
        summary.add_row("Directions", ", ".join(f"{count} {name}" for name, count in directions.most_common()))
    console.print(summary)


def _print_columns(console: Console, read: ReadRecords) -> None:
    from storage.record_schema import COLUMNS

    shown = Table(box=box.SIMPLE_HEAD, title="Columns", title_justify="left", title_style="bold")
    shown.add_column("ours", no_wrap=True)
    shown.add_column("rows with a value", justify="right", no_wrap=True)
    for column in COLUMNS:
        count = read.filled.get(column)
        said = (
            "[dim]not in the file[/dim]" if count is None else f"{count} of {read.rows}" if count else "[yellow]none[/yellow]"
        )
        shown.add_row(column, said)
    console.print(shown)
    if read.unused:
        # A file without a header line has cells of its first call for names; those look like data and are not shown.
        names = [name if _is_name(name) else "(not shown: looks like a value)" for name in read.unused]
        console.print(f"[bold]Not used[/bold]  {escape(', '.join(names))}", highlight=False)


def _is_name(title: str) -> bool:
    return len(title) <= 60 and sum(sign.isdigit() for sign in title) < 5 and "@" not in title


def _print_problems(console: Console, read: ReadRecords) -> None:
    shown = Table(box=box.SIMPLE_HEAD, title="Problems", title_justify="left", title_style="bold")
    shown.add_column("kind", no_wrap=True)
    shown.add_column("rows", justify="right", no_wrap=True)
    shown.add_column("the first one, and what to do")
    counts = Counter(problem.error.code for problem in read.problems)
    firsts = {problem.error.code: problem for problem in reversed(read.problems)}
    for code, count in counts.most_common():
        first = firsts[code]
        # The message of a doubled id names it, and what was made of a name has no line; here the line is enough.
        is_doubled = code == "duplicate_call_id"
        message = f"line {first.line}: the same call_id in different rows" if is_doubled else first.error.message
        hint = f"\n[dim]{escape(first.error.hint)}[/dim]" if first.error.hint else ""
        shown.add_row(code, str(count), escape(message) + hint)
    console.print(shown)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _console() -> Console:
    """A log has no width of its own; 80 columns would fold most of the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)
