"""A night on the calls that come with the product, to see what it does before any of one's own, and how far it is right."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from importlib import resources
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from flows.comparison import TABLES, Compared, compare
from flows.night import NightReport, plainly, run_night
from flows.pages.settings import PageSettings
from flows.progress import progress_on
from flows.report import print_published, print_report
from flows.reports import publish_reports
from flows.settings import DiarizerSettings, Recorder, Settings, TranscriberSettings
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.errors import SettingsError, StorageError
from postcall.speech.faster_whisper_engine import DEMO_MODEL
from storage.tables import Tables
from storage.telephony import RecordFormat

DAY = date(2026, 3, 2)
"""Business day of the bundled calls."""

MARK = ".postcall-demo"
"""Marks a folder as a demo's, which may be replaced."""

COMPARISON = "comparison.csv"
TRANSCRIBED = "recordings-with-transcripts"

BUNDLED = Path(str(resources.files("flows").joinpath("demo")))


def demo_settings(store: Path) -> Settings:
    """Settings of the demo night with the demo's models, writing to ``store``."""
    return Settings(
        store=store,
        recordings=str(BUNDLED / "recordings"),
        calls=str(BUNDLED / "calls.csv"),
        records=RecordFormat(time_zone="Europe/Moscow"),
        # Said as well, because the environment may say something else, which is meant for the centre's own calls.
        policy=None,
        metrics_file=None,
        recorder=Recorder(),
        transcriber=TranscriberSettings(engine="faster-whisper", options={"model": DEMO_MODEL, "device": "cpu"}),
        diarizer=DiarizerSettings(engine="pyannote", options={"model": DEMO_MODEL, "device": "cpu"}),
        # The reports come after the comparison with the truth.
        pages=PageSettings(nightly=False),
    )


def transcribed_settings(store: Path) -> Settings:
    """Settings of the demo night without a recogniser: the words are those of the synthesis.

    The recordings are copied into the store with their transcripts beside them, where the night looks for them.
    """
    folder = store / TRANSCRIBED
    shutil.copytree(BUNDLED / "recordings", folder, dirs_exist_ok=True)
    shutil.copytree(BUNDLED / "transcripts", folder, dirs_exist_ok=True)
    return demo_settings(store).model_copy(
        update={"recordings": str(folder), "transcriber": TranscriberSettings(engine="none")}
    )


def run_demo(store: Path, console: Console, errors: Console, *, with_models: bool) -> NightReport:
    """Run the demo night into a fresh store, print its report and what is right in it.

    Parameters
    ----------
    with_models
        False takes the words of the synthesis, not of a recogniser.

    Raises
    ------
    SettingsError
        The folder holds something else than an earlier demo.
    """
    if store.exists() and any(store.iterdir()):
        if not (store / MARK).is_file():
            raise SettingsError(f"'{store}' holds something else than a demo", hint="name an empty folder: --store FOLDER")
        shutil.rmtree(store)
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    (store / MARK).touch()
    settings = demo_settings(store) if with_models else transcribed_settings(store)
    with progress_on(errors) as progress:
        report = run_night(DAY, settings, step=plainly, progress=progress)
    print_report(console, store, DAY)
    compared = compare_night(store)
    write_comparison(store / COMPARISON, compared)
    console.print()
    console.print(comparison_table(compared))
    console.print(f"The same in figures: {store / COMPARISON}", style="dim", highlight=False, soft_wrap=True)
    console.print(f"\n{_of_the_words(with_models)}", style="dim", highlight=False)
    return report


def publish_demo(store: Path, console: Console, errors: Console, *, with_models: bool) -> Path:
    """Publish dashboards and call pages of the demo night, and say where they are.

    Returns
    -------
    The first page.
    """
    settings = demo_settings(store) if with_models else transcribed_settings(store)
    with errors.status("writing reports"):
        published = publish_reports(settings, DAY)
    print_published(console, published)
    if published.index is None:
        raise StorageError("the demo's reports could not be published")
    console.print(f"`postcall serve --store {store}` shows them too.", style="dim", highlight=False, soft_wrap=True)
    return published.index


def _of_the_words(with_models: bool) -> str:
    if with_models:
        return (
            "The calls are synthetic, and the model that wrote their words knows synthetic voices only. For calls of your own "
            "set a real one: `postcall init` writes a settings file to start from."
        )
    return (
        "The calls are synthetic, and so are their words: they come from the synthesis, so nothing is said here of "
        "recognition. For calls of your own set a recogniser model: `postcall init` writes a settings file to start from."
    )


def compare_night(store: Path) -> list[Compared]:
    """The demo night of a store against the truth of the bundled calls.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    tables = Tables(store)
    truths = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((BUNDLED / "truth").glob("*.json"))]
    rows = {name: tables.read(name, DAY).to_pylist() for name in TABLES}
    return compare(truths, rows, bridge_gap_ms=SpeechPolicy().bridge_gap_ms)


def write_comparison(path: Path, compared: Sequence[Compared]) -> None:
    """Write the comparison as CSV, lengths in ms."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Compared)], lineterminator="\n")
        writer.writeheader()
        for row in compared:
            writer.writerow(
                {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(row).items()}
            )


def comparison_table(compared: Sequence[Compared]) -> Table:
    """The comparison as it is printed."""
    shown = Table(box=box.SIMPLE_HEAD, title="Measured against what is true", title_justify="left", title_style="bold")
    shown.add_column("measure", no_wrap=True)
    shown.add_column("calls", justify="right", no_wrap=True)
    shown.add_column("true", justify="right", no_wrap=True)
    shown.add_column("measured", justify="right", no_wrap=True)
    shown.add_column("error", no_wrap=True)
    shown.add_column("furthest off")
    for row in compared:
        calls = f"{row.compared} of {row.known}"
        if not row.compared:
            shown.add_row(row.measure, calls, "–", "–", "[dim]not measured[/dim]", "")
            continue
        shown.add_row(
            row.measure,
            calls,
            _amount(row.truth, row),
            _amount(row.measured, row),
            _error(row),
            _furthest(row),
        )
    return shown


def _amount(value: float | None, row: Compared) -> str:
    if value is None:
        return "–"
    return f"{value / 1000:.1f} s" if row.unit == "ms" else f"{value:.0f}"


def _error(row: Compared) -> str:
    """Of lengths the mean error of a call, of words the error rate, of the rest how many calls are right."""
    if row.error_rate is not None:
        return f"{row.error_rate:.1%} wrong"
    if row.unit == "ms" and row.mean_error is not None:
        return f"{row.mean_error / 1000:.2f} s a call"
    style = "green" if row.right == row.compared else "yellow"
    return f"[{style}]{row.right} of {row.compared} right[/{style}]"


def _furthest(row: Compared) -> str:
    """The call with the largest error; none for an error that rounds to nothing."""
    if row.furthest is None or row.furthest_error is None:
        return row.furthest or ""
    if row.unit == "ms":
        seconds = f"{row.furthest_error / 1000:+.1f}"
        return "" if float(seconds) == 0 else f"{row.furthest} {seconds} s"
    return f"{row.furthest} {row.furthest_error:.0%}" if row.unit == "words" else f"{row.furthest} {row.furthest_error:+.0f}"
