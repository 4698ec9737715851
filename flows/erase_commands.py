"""Commands that remove data for good: ``erase``, ``retain``.

Conventions
-----------
Both show what would go and change nothing, unless ``--yes`` is given. Neither prints a key, an id of a call or a path.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from flows.pages_commands import SettingsFile, Store, chosen_settings

if TYPE_CHECKING:
    from flows.erasure import ErasurePlan

app = typer.Typer()

LOG_WIDTH = 120
MOST_TABLES = 6

Yes = Annotated[bool, typer.Option("--yes", metavar="", help="Do it; without it nothing is changed.")]


@app.command(
    epilog="Ends with 0 when it is done, or shown; 2 when there is no call of this customer, or neither or both are named; 1 "
    "when it was broken off: run it again."
)
def erase(
    customer: Annotated[
        str | None,
        typer.Option(
            "--customer", metavar="KEY", help="Customer key, as the call records have it; - reads it from standard input."
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            "--agent", metavar="ID", help="Agent whose voiceprints go, and of whom none is made again; calls and measures stay."
        ),
    ] = None,
    yes: Yes = False,
    recordings: Annotated[
        bool, typer.Option("--recordings", metavar="", help="Delete the recordings in their own folder, too.")
    ] = False,
    exports: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="File or folder of exports to search; exports/ of this folder when not given."),
    ] = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Remove all of a customer's calls, or an agent's voiceprints, and write a proof. Without --yes it shows what would go.

    Goes: rows in every table and every old version of them, artifacts, words, call pages, reports and exports that name a call,
    states and digests in the ledger, ids in the audit. Later nights leave the calls out, even if they are delivered again.
    """
    from flows.demonstration import BUNDLED
    from flows.erasure import EXPORTS, is_erased, plan_erasure
    from flows.erasure import erase as erase_all
    from postcall.errors import SettingsError

    if (customer is None) == (agent is None):
        raise SettingsError("erase needs one of --customer and --agent", hint="--customer KEY, or --agent ID for voiceprints")
    if agent is not None:
        _erase_voice(agent, chosen_settings(settings, store).store, yes=yes)
        return
    assert customer is not None
    if customer == "-":
        # What is typed as an option stays in the shell's history.
        customer = sys.stdin.readline().strip()
    chosen, console = chosen_settings(settings, store), _console()
    if recordings and Path(chosen.recordings).is_relative_to(BUNDLED):
        raise SettingsError("the recordings of the demo belong to the program", hint="leave out --recordings")
    places = exports if exports is not None else [EXPORTS]
    plan = plan_erasure(chosen, customer, places)
    proof = is_erased(chosen.store, customer)
    if not plan.owned and proof is not None:
        console.print("This customer was erased; nothing is left in the store.", highlight=False)
        console.print(f"proof: {proof}", highlight=False, soft_wrap=True, markup=False)
        return
    if not yes:
        if not plan.owned:
            raise SettingsError("no call of this customer is in the store", hint="is the key written as in the call records?")
        console.print("[bold]Would be removed for good:[/bold]")
        console.print(_planned(plan, with_recordings=recordings))
        _print_left(console, plan, with_recordings=recordings)
        console.print("Nothing was changed; the same with [bold]--yes[/bold] does it.", highlight=False)
        return
    with console.status("erasing"):
        proof, said = erase_all(chosen, customer, with_recordings=recordings, exports=places)
    removed, files = said["removed"], len(said["files"])
    told = f"{_count(removed['calls'], 'call')}, {_count(removed['rows'], 'row')}, {_count(files, 'file')}"
    console.print(f"[bold green]Erased[/bold green]: {told}.", highlight=False)
    _print_left(console, plan, with_recordings=recordings)
    console.print(f"proof: {proof}", highlight=False, soft_wrap=True, markup=False)


def _erase_voice(agent: str, store: Path, *, yes: bool) -> None:
    from flows.erasure import is_erased
    from flows.voice_erasure import erase_voice, plan_voice_erasure

    console = _console()
    plan = plan_voice_erasure(store, agent)
    proof = is_erased(store, agent, "agent")
    if not plan and proof is not None:
        console.print("This agent's voice was erased; nothing is left in the store.", highlight=False)
        console.print(f"proof: {proof}", highlight=False, soft_wrap=True, markup=False)
        return
    told = f"{_count(plan.prints, 'voiceprint')}, {_count(len(plan.likeness), 'comparison')}"
    if not yes:
        console.print(f"[bold]Would be removed for good:[/bold] {told}; later nights would make none.", highlight=False)
        console.print("Nothing was changed; the same with [bold]--yes[/bold] does it.", highlight=False)
        return
    proof, _ = erase_voice(store, agent)
    console.print(f"[bold green]Erased[/bold green]: {told}; later nights make none of this agent.", highlight=False)
    console.print(f"proof: {proof}", highlight=False, soft_wrap=True, markup=False)


def _planned(plan: ErasurePlan, *, with_recordings: bool) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, show_header=False, padding=(0, 1))
    shown.add_column(no_wrap=True)
    shown.add_column(justify="right", no_wrap=True)
    shown.add_column()
    counts = plan.counts
    tables = [name for name, count in plan.rows.items() if count]
    named = ", ".join(tables[:MOST_TABLES]) + (f" and {len(tables) - MOST_TABLES} more" if len(tables) > MOST_TABLES else "")
    shown.add_row("calls", str(counts["calls"]), "")
    shown.add_row("rows", str(counts["rows"]), named)
    shown.add_row("old versions", "all", "of every table that has calls")
    shown.add_row("artifacts", str(counts["artifacts"]), "what was found in the sound, and the words")
    shown.add_row("call pages", str(counts["call_pages"]), "with their sound")
    shown.add_row("reports, other files", str(counts["reports_and_files"]), "that name a call; publish them again")
    shown.add_row("exports", str(counts["exports"]), "that name a call or the customer; export them again")
    if plan.voiceprints:
        shown.add_row("voiceprints", str(plan.voiceprints), "of agents, made of these calls")
    if with_recordings:
        shown.add_row("recordings", str(len(plan.recordings)), "in their own folder, with transcripts beside them")
    return shown


def _print_left(console: Console, plan: ErasurePlan, *, with_recordings: bool) -> None:
    if plan.recordings and not with_recordings:
        kept = _count(len(plan.recordings), "file") + (" stays" if len(plan.recordings) == 1 else " stay")
        console.print(
            f"{kept} in the recordings folder (--recordings deletes them); nights leave them out.",
            highlight=False,
        )
    console.print(
        "The call records of the telephony, backups and logs are not in reach: see docs/privacy.md.",
        style="dim",
        highlight=False,
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=LOG_WIDTH)


@app.command(epilog="Ends with 0 when it is done, or shown; 1 when it was broken off: run it again.")
def retain(yes: Yes = False, store: Store = None, settings: SettingsFile = None) -> None:
    """Remove what is older than the settings let it be kept. Shows what would go, unless --yes is given.

    Without numbers of days in the settings everything is kept. From cron: after the night, with --yes.
    """
    from flows.retention import CLASSES, past_data
    from flows.retention import retain as remove_past

    chosen, console = chosen_settings(settings, store), _console()
    kept = {name: days for name, days in chosen.retention.model_dump().items() if days is not None}
    if not kept:
        console.print("Everything is kept: no days are set in [bold]\\[retention][/bold] of the settings.", highlight=False)
        return
    found = remove_past(chosen) if yes else past_data(chosen)
    if not found:
        console.print("Nothing is older than it may be kept.", highlight=False)
        return
    shown = Table(box=box.SIMPLE_HEAD)
    for column in ("class", "before", "what"):
        shown.add_column(column, no_wrap=column != "what")
    for past in found:
        tables = {name: count for name, count in past.counts.items() if count and "_" in name}
        parts = (
            [f"{sum(tables.values())} rows of {', '.join(tables) if len(tables) <= 3 else f'{len(tables)} tables'}"]
            if tables
            else []
        )
        parts += [f"{count} {name}" for name, count in past.counts.items() if count and "_" not in name and name != "ledger"]
        parts += [f"{past.counts['ledger']} calls in the ledger"] if past.counts.get("ledger") else []
        shown.add_row(past.name, past.before.isoformat(), f"{CLASSES[past.name]}: {', '.join(parts)}")
    console.print("[bold]Removed for good:[/bold]" if yes else "[bold]Would be removed for good:[/bold]")
    console.print(shown)
    if not yes:
        console.print("Nothing was changed; the same with [bold]--yes[/bold] does it.", highlight=False)
