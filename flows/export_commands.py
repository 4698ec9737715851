"""Commands that hand tables and dashboards on: ``export``, ``report publish``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from flows.pages_commands import Date, Language, SettingsFile, Store, chosen_settings, report_group

app = typer.Typer()

Day = dt.datetime


@app.command()
def export(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Name of the table; `postcall tables` lists them.")],
    form: Annotated[
        Literal["parquet", "csv", "xlsx"], typer.Option("--format", help="parquet is a folder partitioned by day.")
    ] = "parquet",
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File, or folder for parquet; named after the table when not given.")
    ] = None,
    first: Annotated[
        Day | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First business day; all when not given.")
    ] = None,
    last: Annotated[
        Day | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last business day; all when not given.")
    ] = None,
    viewer: Annotated[
        Literal["manager", "analyst", "agent"],
        typer.Option("--for", help="Who will read it: only an analyst's export holds personal data."),
    ] = "manager",
    agent: Annotated[str | None, typer.Option(metavar="ID", help="The agent, with --for agent.")] = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Write a table for other tools: hive-partitioned Parquet, CSV or XLSX."""
    from flows.exports import Format, default_path, export_table
    from flows.stored import declared_tables
    from storage.tables import Tables
    from storage.views import Viewer, Views

    chosen = chosen_settings(settings, store)
    views = Views(Tables(chosen.store), declared_tables(), Viewer(viewer), agent)
    wanted = Format(form)
    done = export_table(
        views,
        table,
        out or default_path(table, wanted),
        wanted,
        first=first.date() if first else None,
        last=last.date() if last else None,
    )
    Console().print(f"{done.rows} rows: {done.path}", highlight=False, soft_wrap=True, markup=False)


@report_group.command("publish")
def publish(
    date: Date = None,
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="Days of the period that ends with the date.")] = 28,
    notebook: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Notebook to publish, e.g. 01_daily_overview; may be repeated.")
    ] = None,
    language: Language = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Roll up the week, run the notebooks and publish their pages in the day's folder."""
    from flows.notebooks_run import FOR_READERS, checked_names, publish_notebooks
    from flows.pages.labels import Labels
    from flows.settings import yesterday
    from flows.weeks import roll_up_week_of

    chosen = chosen_settings(settings, store)
    pages = chosen.pages.model_copy(update={"language": Labels(language or chosen.pages.language).language})
    names = checked_names(notebook) if notebook else FOR_READERS
    day = date.date() if date else yesterday(chosen.records.time_zone)
    roll_up_week_of(chosen, day)
    console = Console()
    with console.status("running notebooks") as status:
        done = publish_notebooks(chosen.store, day, pages, days=days, names=names, advance=status.update)
    for why in done.broken:
        console.print(why, style="bold red", highlight=False, soft_wrap=True, markup=False)
    console.print(f"{len(done.pages)} reports: {done.index}", highlight=False, soft_wrap=True, markup=False)
    if done.broken:
        raise typer.Exit(4)
