"""``postcall capacity``: what a night needs, from what was measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from flows.capacity import Constants, Demand, Estimate

app = typer.Typer()

NOT_MEASURED = "not measured"


@app.command()
def capacity(
    calls: Annotated[int, typer.Option(min=1, metavar="N", help="Calls a night.")],
    minutes: Annotated[float, typer.Option(min=0.01, metavar="MIN", help="Their mean length.")],
    channels: Annotated[int, typer.Option(min=1, max=2, help="Channels of the recordings.")] = 2,
    cores: Annotated[int, typer.Option(min=1, metavar="N", help="Cores of the machine.")] = 8,
    gpus: Annotated[int, typer.Option(min=0, metavar="N", help="GPUs; 0 recognises on the cores.")] = 0,
    night_hours: Annotated[float, typer.Option(min=0.1, metavar="H", help="Length of the night.")] = 8.0,
    reserve: Annotated[float, typer.Option(min=0, max=0.95, metavar="SHARE", help="Share of it that is to stay free.")] = 0.2,
    model: Annotated[str, typer.Option(metavar="NAME", help="Recogniser's model, of those that were measured.")] = "demo",
    days: Annotated[int, typer.Option(min=1, metavar="N", help="Nights in a year.")] = 365,
    core_hour_price: Annotated[float | None, typer.Option(min=0, metavar="MONEY", help="Price of a core for an hour.")] = None,
    gpu_hour_price: Annotated[float | None, typer.Option(min=0, metavar="MONEY", help="Price of a GPU for an hour.")] = None,
    measured: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Constants measured on your own machine; those that come along if not.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print figures alone, as JSON.")] = False,
) -> None:
    """Say how many hours, cores, memory and disk a night needs, and what a million calls cost."""
    from flows.capacity import Demand, estimate, read_constants

    constants = read_constants(measured)
    demand = Demand(calls, minutes, model, channels, cores, gpus, night_hours, reserve, days, core_hour_price, gpu_hour_price)
    found = estimate(demand, constants)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    print_estimate(Console(), demand, found, constants)


def print_estimate(console: Console, demand: Demand, found: Estimate, constants: Constants) -> None:
    """Print what a night needs, and how far that is known."""
    shown = Table(box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", show_header=False)
    shown.title = f"{demand.calls:,} calls of {demand.minutes:g} min, {_of_channels(demand)}: {demand.hours:,.0f} hours a night"
    shown.add_column("what", no_wrap=True)
    shown.add_column("amount", justify="right", no_wrap=True)
    on = _count(demand.cores, "core") + (f", {_count(demand.gpus, 'GPU')}" if demand.gpus else "")
    shown.add_row(f"hours with {on}", _hours(found.night_hours))
    shown.add_row(
        f"cores needed for {demand.night_hours:g} h, {demand.reserve_share:.0%} kept free", _number(found, "cores_needed")
    )
    if demand.gpus:
        shown.add_row("GPUs needed", _number(found, "gpus_needed"))
    shown.add_row("listening, core hours", _hours(found.listening_core_hours))
    words = found.words_gpu_hours if demand.gpus else found.words_core_hours
    shown.add_row(f"words by {demand.model}, {'GPU' if demand.gpus else 'core'} hours", _hours(words))
    shown.add_row("measuring, on one core, hours", _hours(found.measuring_hours))
    shown.add_row("memory, without models and sound", f"{found.memory_gb:,.1f} GB")
    shown.add_row("disk a year, without recordings and pages", f"{found.disk_gb_per_year:,.1f} GB")
    shown.add_row("core hours per million calls", _thousands(found.core_hours_per_million))
    if demand.gpus:
        shown.add_row("GPU hours per million calls", _thousands(found.gpu_hours_per_million))
    if demand.core_hour_price is not None:
        shown.add_row("cost per million calls", _thousands(found.cost_per_million))
    console.print(shown)
    for limit in found.limits:
        console.print(f"· {limit}", style="yellow", highlight=False)
    machine = constants.machine
    beside = f", beside other work (load {constants.load_before:.1f})" if constants.load_before > 0.5 else ""
    console.print(
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {constants.measured_on}"
        f"{beside}. docs/capacity.md has the model.",
        style="dim",
        highlight=False,
    )


def _of_channels(demand: Demand) -> str:
    return "two channels" if demand.channels == 2 else "one channel"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _hours(hours: float | None) -> str:
    return NOT_MEASURED if hours is None else f"{hours:,.2f} h"


def _thousands(number: float | None) -> str:
    return NOT_MEASURED if number is None else f"{number:,.0f}"


def _number(found: Estimate, name: str) -> str:
    number = getattr(found, name)
    if number is not None:
        return f"{number:,}"
    return NOT_MEASURED if found.night_hours is None else "does not fit"
