"""What of a store is older than the settings let it be kept, and its removal.

Definition
----------
Section ``[retention]`` of the settings gives each class of data a number of days (`storage.retention`; and reports, the audit,
and voiceprints). A business day is past when it lies more than that many days before today, in the centre's time zone. A class
without a number is kept for ever, which is the default of all.

Edge cases
----------
Reports that were written one by one, and artifacts that no call owns, have no day: the time at which they were written counts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.pages.audit import PageAudit
from flows.pages.labels import Labels
from flows.pages.publish import CALLS, INDEX, all_days_page, published_days, reports_folder
from flows.settings import Settings, yesterday
from postcall.errors import StorageError
from storage.ledger import Ledger
from storage.one_run import only_run
from storage.places import local_things
from storage.retention import class_of, count_past_rows, past_artifacts, remove_files, remove_past_rows
from storage.tables import Tables
from storage.voiceprints import Voiceprints, count_prints

CLASSES = {
    "sound": "what was found in the sound",
    "words": "transcripts",
    "calls": "rows of calls",
    "kpis": "KPIs, and what ran",
    "reports": "reports and call pages",
    "audit": "who opened which call",
    "voiceprints": "prints of agents' voices",
}


@dataclass(frozen=True, slots=True)
class Past:
    """What of one class is past.

    Attributes
    ----------
    name
        One of `CLASSES`.
    before
        First day that is kept.
    counts
        What and how much: table -> rows, ``files`` -> files.
    remove
        Removes it.
    """

    name: str
    before: date
    counts: dict[str, int]
    remove: Callable[[], None] = field(repr=False)


def past_data(settings: Settings, today: date | None = None) -> list[Past]:
    """Everything that is older than it is kept, by class; nothing is changed.

    Parameters
    ----------
    settings
        Store, and section ``retention``.
    today
        In the centre's time zone; None for now.

    Raises
    ------
    SettingsError
        Tables or artifacts lie elsewhere than in the store's folder.
    StorageError
        The store cannot be read.
    """
    local_things(settings.store, "retention")
    now = today or yesterday(settings.records.time_zone) + timedelta(days=1)
    days = settings.retention.model_dump()
    found = []
    for name in CLASSES:
        kept_days = days[f"{name}_days"]
        if kept_days is not None:
            found.append(_past(settings, name, now - timedelta(days=kept_days)))
    return [past for past in found if any(past.counts.values())]


def retain(settings: Settings, today: date | None = None) -> list[Past]:
    """Remove everything that is older than it is kept; parameters as of `past_data`. Broken off, it is run again.

    Raises
    ------
    StorageError
        The store cannot be written, or another run is at work.
    """
    with only_run(settings.store):
        found = past_data(settings, today)
        for past in found:
            past.remove()
    return found


def _past(settings: Settings, name: str, before: date) -> Past:
    if name in ("sound", "words", "calls", "kpis"):
        return _past_of_store(settings.store, name, before)
    if name == "voiceprints":
        kept = Voiceprints(settings.store)
        files = kept.files(before=before)
        return Past(name, before, {"prints": count_prints(files), "files": len(files)}, lambda: kept.remove(files))
    zone = ZoneInfo(settings.records.time_zone)
    moment = datetime.combine(before, time(), zone)
    if name == "audit":
        audit = PageAudit(settings.store)
        rows = sum(row.opened_at < moment for row in audit.rows())

        def forget() -> None:
            audit.forget_before(moment)

        return Past(name, before, {"rows": rows}, forget)
    reports = reports_folder(settings.store, settings.pages)
    old = [reports / day.isoformat() for day in published_days(reports) if day < before]
    single = [
        file
        for file in sorted((reports / CALLS).glob("*"))
        if file.is_file() and datetime.fromtimestamp(file.stat().st_mtime, UTC) < moment
    ]

    def remove() -> None:
        try:
            for folder in old:
                shutil.rmtree(folder)
            for file in single:
                file.unlink(missing_ok=True)
            if old:
                (reports / INDEX).write_text(all_days_page(reports, Labels(settings.pages.language)), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"reports cannot be removed: {error.strerror}", hint="run it again") from error

    return Past(name, before, {"days": len(old), "files": len(single)}, remove)


def _past_of_store(store: Path, name: str, before: date) -> Past:
    tables = Tables(store)
    own = [table for table in tables.names() if class_of(tables, table) == name]
    counts = {table: count_past_rows(tables, table, before) for table in own}
    files: Sequence[Path] = ()
    in_ledger = 0
    if store.is_dir():
        with Ledger(store) as ledger:
            if name in ("sound", "words"):
                files = list(past_artifacts(store, ledger, before, words=name == "words"))
            in_ledger = ledger.calls_before(before) if name == "calls" else 0

    def remove() -> None:
        remove_files(store, list(files))
        for table, count in counts.items():
            if count:
                remove_past_rows(tables, table, before)
        if name == "calls":
            with Ledger(store) as ledger:
                ledger.forget_before(before)

    return Past(name, before, {**counts, "files": len(files), "ledger": in_ledger}, remove)
