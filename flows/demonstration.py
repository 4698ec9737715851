"""A night on the calls that come with the product, to see what it does before any of one's own."""

from __future__ import annotations

import shutil
from datetime import date
from importlib import resources
from pathlib import Path

from rich.console import Console

from flows.night import NightReport, plainly, run_night
from flows.progress import progress_on
from flows.report import print_report
from flows.settings import Recorder, Settings, TranscriberSettings
from postcall.errors import SettingsError
from storage.telephony import RecordFormat

DAY = date(2026, 3, 2)
"""Business day of the bundled calls."""

MARK = ".postcall-demo"
"""Marks a folder as a demo's, which may be replaced."""


def demo_settings(store: Path) -> Settings:
    """Settings of the demo night, writing to ``store``."""
    folder = Path(str(resources.files("flows").joinpath("demo")))
    return Settings(
        store=store,
        recordings=str(folder / "recordings"),
        calls=str(folder / "calls.csv"),
        records=RecordFormat(time_zone="Europe/Moscow"),
        # Said as well, because the environment may say something else, which is meant for the centre's own calls.
        policy=None,
        recorder=Recorder(),
        transcriber=TranscriberSettings(),
    )


def run_demo(store: Path, console: Console, errors: Console) -> NightReport:
    """Run the demo night into a fresh store and print its report.

    Raises
    ------
    SettingsError
        The folder holds something else than an earlier demo.
    """
    if store.exists() and any(store.iterdir()):
        if not (store / MARK).is_file():
            raise SettingsError(f"'{store}' holds something else than a demo", hint="name an empty folder: --store FOLDER")
        shutil.rmtree(store)
    store.mkdir(parents=True, exist_ok=True)
    (store / MARK).touch()
    with progress_on(errors) as progress:
        report = run_night(DAY, demo_settings(store), step=plainly, progress=progress)
    print_report(console, store, DAY)
    console.print(
        "\nThe calls are synthetic, and their words come from the synthesis, as CTM files beside the recordings. For calls of "
        "your own set a recogniser model: `postcall init` writes a settings file to start from.",
        style="dim",
    )
    return report
