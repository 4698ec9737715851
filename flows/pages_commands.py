"""Commands for whoever looks and listens: ``call``, ``serve``, ``report pages``."""

from __future__ import annotations

import datetime as dt
import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from flows.settings import Settings

app = typer.Typer()
report_group = typer.Typer(name="report", help="Print or publish what a night found.", invoke_without_command=True)

Store = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of tables, artifacts and ledger.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings file; postcall.toml of this folder when not given.")
]
Date = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; yesterday when not given."),
]
Language = Annotated[
    str | None, typer.Option(metavar="LANGUAGE", help="Language of the page: en, ru or zh; pages.language when not given.")
]


@app.command()
def call(
    call_id: Annotated[str, typer.Argument(help="Id of the call, from the call record.")],
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Business day; the newest with this id when not given."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="HTML file to write; calls/ of the reports when not given.")
    ] = None,
    embed_audio: Annotated[
        bool, typer.Option("--embed-audio", metavar="", help="Put the sound into the page, not into a file beside it.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open", metavar="", help="Open it in the browser.")] = False,
    personal: Annotated[
        bool,
        typer.Option("--personal", metavar="", help="Show the agent's name, the customer's number, and numbers in the words."),
    ] = False,
    language: Language = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Write the page of one call: waveform, timeline, transcript that follows the sound, scorecard."""
    from flows.pages.call_facts import read_call
    from flows.pages.call_page import call_page, find_sound, write_call_page
    from flows.pages.labels import Labels
    from flows.pages.publish import reports_folder
    from flows.redacted import personal_data_policy
    from storage.tables import Tables

    chosen = chosen_settings(settings, store)
    labels = Labels(language or chosen.pages.language)
    given = {"embed_audio": embed_audio or chosen.pages.embed_audio, "personal": personal or chosen.pages.personal}
    facts = read_call(Tables(chosen.store), call_id, date.date() if date else None)
    shown = chosen.pages.model_copy(update=given)
    heard = find_sound(facts, chosen.model_copy(update={"pages": shown}))
    page = call_page(
        facts,
        heard,
        shown,
        labels,
        manuals=chosen.manuals or (),
        personal_data=personal_data_policy(chosen),
    )
    path = out or reports_folder(chosen.store, chosen.pages) / "calls" / f"{page.name}.html"
    write_call_page(page, path)
    console = Console()
    console.print(f"wrote {path}", highlight=False, soft_wrap=True, markup=False)
    if heard.sound is None:
        why = heard.why_none or "there is no recording"
        console.print(f"without sound: {why}", highlight=False, soft_wrap=True, markup=False)
    if open_it and not webbrowser.open(path.resolve().as_uri()):
        console.print("There is no browser here to open it.", highlight=False)


@report_group.command("pages")
def publish_pages(
    date: Date = None,
    calls: Annotated[
        int | None, typer.Option(min=0, max=1000, metavar="N", help="Most call pages; pages.calls_a_day when not given.")
    ] = None,
    language: Language = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Publish pages of the day's calls that deserve listening, the worst first, with an index."""
    from flows.pages.labels import Labels
    from flows.pages.publish import reports_folder
    from flows.pages.worst_calls import publish_calls
    from flows.settings import yesterday

    chosen = chosen_settings(settings, store)
    wanted = {"language": Labels(language or chosen.pages.language).language, "calls_a_day": calls}
    given = {name: value for name, value in wanted.items() if value is not None}
    chosen = chosen.model_copy(update={"pages": chosen.pages.model_copy(update=given)})
    day = date.date() if date else yesterday(chosen.records.time_zone)
    console = Console()
    with console.status("writing call pages"):
        published = publish_calls(chosen, day)
    index = reports_folder(chosen.store, chosen.pages) / day.isoformat() / "index.html"
    console.print(f"{len(published)} call pages: {index}", highlight=False, soft_wrap=True, markup=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port to listen on.")] = 8075,
    language: Language = None,
    store: Store = None,
    settings: SettingsFile = None,
) -> None:
    """Show reports, call pages and their sound in the browser.

    Without a login only on this machine. Elsewhere readers need the token in POSTCALL_TOKEN, or a reverse proxy that names
    them in the header pages.user_header. Every call that is opened is noted in audit.sqlite of the store.
    """
    import uvicorn

    from flows.pages.access import access_for
    from flows.pages.labels import Labels
    from flows.pages.serve import make_app

    chosen = chosen_settings(settings, store)
    given = {"language": Labels(language or chosen.pages.language).language}
    chosen = chosen.model_copy(update={"pages": chosen.pages.model_copy(update=given)})
    access = access_for(host, os.environ.get("POSTCALL_TOKEN") or None, chosen.pages.user_header, chosen.pages.proxies)
    where = f"[{host}]" if ":" in host else host
    Console().print(f"http://{where}:{port}/reports/  (Ctrl-C ends it)", highlight=False, soft_wrap=True, markup=False)
    # Addresses hold call ids, so there is no access log: the audit says who opened what.
    uvicorn.run(
        make_app(chosen, access),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )


def chosen_settings(settings: Path | None, store: Path | None) -> Settings:
    """Settings of a store; a demo's store knows its own."""
    from flows.demonstration import MARK, demo_settings
    from flows.settings import load_settings

    if settings is None and store is not None and (store / MARK).is_file():
        # The demo's recordings lie in the package; language and the like still come from file and environment.
        return demo_settings(store).model_copy(update={"pages": load_settings(None, store=store).pages})
    return load_settings(settings, store=store)
