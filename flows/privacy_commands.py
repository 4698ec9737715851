"""Commands that hand a call on without its personal data: ``redact``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.pages_commands import SettingsFile, Store, chosen_settings

app = typer.Typer()


@app.command()
def redact(
    call_id: Annotated[str, typer.Argument(help="Id of the call, from the call record.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="WAV file to write.")],
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; the newest with this id when not given."),
    ] = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Write a copy of a recording with a tone over the personal data that is said in it.

    Found is what the section personal_data of the policy names, in the words of the call: what was recognised wrongly may
    stay. Listen to a copy before it leaves the house.
    """
    from flows.pages.call_facts import read_call
    from flows.redacted import personal_data_policy, redacted_recording
    from storage.tables import Tables

    chosen = chosen_settings(settings, store)
    facts = read_call(Tables(chosen.store), call_id, date.date() if date else None)
    done = redacted_recording(facts, chosen, personal_data_policy(chosen), out)
    console = Console()
    console.print(f"wrote {out}", highlight=False, soft_wrap=True, markup=False)
    counted = ", ".join(f"{count} {kind.value.replace('_', ' ')}" for kind, count in done.counts.items())
    console.print(f"covered: {counted or 'nothing was found'}; {done.covered_ms / 1000:.1f} s of tone", highlight=False)
