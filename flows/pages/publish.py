"""A day's reports in one folder, published at once.

Conventions
-----------
``reports/<date>/`` holds pages of the whole day, one file each, pages of calls in ``calls/``, an ``index.html``, and
``manifest.json``, which says what there is; ``reports/index.html`` lists the days. Whoever writes pages does it so::

    with publish_day(folder, day, labels) as pages:
        pages.add_report("01_daily_overview", html, title="Overview")

Everything goes to a folder beside the day's, which holds what was published before, and takes its place at the end; when the
``with`` block raises, nothing changes. Pages that are added again replace those of the same name, the others stay.

Edge cases
----------
A folder that is not empty cannot be replaced in one step on every file system: the old one is renamed first, then the new one.
A program killed between the two leaves the old one as ``.<date>.old``, and the next publication puts it back. Two that publish
at once wait for each other.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flows.pages.labels import Labels
from flows.pages.settings import PageSettings
from flows.pages.templates import render
from postcall.errors import StorageError

MANIFEST = "manifest.json"
INDEX = "index.html"
CALLS = "calls"
LOCK = ".publish.lock"
WAIT_S = 60.0

_REPORT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A page of the whole day.

    Attributes
    ----------
    name
        Of its file, without suffix.
    title
        What the index calls it.
    """

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A page of one call.

    Attributes
    ----------
    name
        Of its file in ``calls/``, without suffix.
    call_id
        The call.
    started_at
        As the page writes it, in the centre's time zone; empty when not known.
    agent_id, queue
        From the call record; empty when it names none.
    duration_ms
        Of the recording; None without one.
    faults
        What speaks for listening to it, by kind (`flows.pages.worst_calls`).
    audio
        Name of the sound's file in ``calls/``; None when it is inside the page, or there is none.
    """

    name: str
    call_id: str
    started_at: str = ""
    agent_id: str = ""
    queue: str = ""
    duration_ms: int | None = None
    faults: dict[str, int] = field(default_factory=dict)
    audio: str | None = None


@dataclass(slots=True)
class Manifest:
    """What a published day holds, in the order in which the index names it: reports by name, calls as they were added."""

    reports: dict[str, ReportEntry] = field(default_factory=dict)
    calls: dict[str, CallEntry] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Of a published day; empty when there is none.

        Raises
        ------
        StorageError
            It is there and cannot be read.
        """
        try:
            content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            reports = {one["name"]: ReportEntry(**one) for one in content["reports"]}
            calls = {one["name"]: CallEntry(**one) for one in content["calls"]}
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise StorageError(
                f"the {MANIFEST} of reports {folder.name} cannot be read: {type(error).__name__}",
                hint="remove the folder of that day and publish it again",
            ) from error
        return cls(reports, calls)

    def write(self, folder: Path) -> None:
        """Into the folder of a day."""
        content = {
            "reports": [asdict(one) for one in self.reports.values()],
            "calls": [asdict(one) for one in self.calls.values()],
        }
        _write(folder / MANIFEST, json.dumps(content, ensure_ascii=False, indent=1).encode())


@dataclass(frozen=True, slots=True)
class DayPages:
    """A day's pages while they are written.

    Attributes
    ----------
    folder
        Where they are put for now.
    manifest
        What there is.
    """

    folder: Path
    manifest: Manifest

    def add_report(self, name: str, html: str, title: str) -> Path:
        """Add a page of the whole day, or replace the one of that name.

        Parameters
        ----------
        name
            Of its file, without suffix: small letters, digits, ``_`` and ``-``. The index lists pages in order of name.
        html
            The whole page; it must hold all that it needs.
        title
            What the index calls it, in the reader's language.
        """
        if not _REPORT_NAME.fullmatch(name) or name == "index":
            raise ValueError(f"'{name}' is no name of a report: small letters, digits, _ and -")
        path = self.folder / f"{name}.html"
        _write(path, html.encode())
        self.manifest.reports[name] = ReportEntry(name, title)
        return path

    def add_call(self, entry: CallEntry, html: str, audio: bytes | None = None) -> Path:
        """Add the page of a call, with its sound beside it, or replace it."""
        calls = self.folder / CALLS
        calls.mkdir(exist_ok=True)
        if audio is not None and entry.audio is not None:
            _write(calls / entry.audio, audio)
        path = calls / f"{entry.name}.html"
        _write(path, html.encode())
        self.manifest.calls[entry.name] = entry
        return path

    def clear_calls(self) -> None:
        """Take out the pages of calls that were published before."""
        shutil.rmtree(self.folder / CALLS, ignore_errors=True)
        self.manifest.calls.clear()


def reports_folder(store: Path, settings: PageSettings) -> Path:
    """Where reports of a store are published."""
    return settings.folder or store / "reports"


def call_page_name(call_id: str) -> str:
    """Name of a call's page without suffix: its id where that is plain, otherwise what is plain of it and a digest.

    Links from other pages of the day go to ``calls/<name>.html``. Ids that differ have names that differ, also on file systems
    that take A for a.
    """
    if _PLAIN_ID.fullmatch(call_id):
        return call_id
    plain = re.sub(r"[^a-z0-9]+", "-", call_id.lower()).strip("-")[:40]
    return f"{plain or 'call'}.{hashlib.sha256(call_id.encode()).hexdigest()[:12]}"


def all_days_page(folder: Path, labels: Labels) -> str:
    """The list of all days that are published."""
    days = [(day, Manifest.read(folder / day.isoformat())) for day in published_days(folder)]
    return render("all_days.html.j2", labels, days=days)


def published_days(folder: Path) -> list[date]:
    """Days that are published, the newest first."""
    if not folder.is_dir():
        return []
    days = []
    for path in folder.iterdir():
        try:
            day = date.fromisoformat(path.name)
        except ValueError:
            continue
        if path.name == day.isoformat() and (path / MANIFEST).is_file():
            days.append(day)
    return sorted(days, reverse=True)


@contextmanager
def publish_day(folder: Path, day: date, labels: Labels) -> Iterator[DayPages]:
    """Write pages of a day; they are published together when the block ends, and not at all when it raises.

    Parameters
    ----------
    folder
        Of all reports (`reports_folder`).
    day
        Business day.
    labels
        Language of the index.

    Raises
    ------
    StorageError
        The folder cannot be written, or somebody else publishes for longer than `WAIT_S`.
    """
    place, fresh, old = folder / day.isoformat(), folder / f".{day.isoformat()}.new", folder / f".{day.isoformat()}.old"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=WAIT_S):
            if old.exists() and not place.exists():
                old.rename(place)
            for left in (fresh, old):
                shutil.rmtree(left, ignore_errors=True)
            if place.exists():
                # Links where the file system has them: nothing here writes into a file that is there, it writes a new one.
                shutil.copytree(place, fresh, copy_function=_link_or_copy)
            else:
                fresh.mkdir()
            pages = DayPages(fresh, Manifest.read(fresh))
            yield pages
            pages.manifest.reports = dict(sorted(pages.manifest.reports.items()))
            pages.manifest.write(fresh)
            _write(fresh / INDEX, _day_index(day, pages.manifest, labels).encode())
            if place.exists():
                place.rename(old)
            fresh.rename(place)
            shutil.rmtree(old, ignore_errors=True)
            _write(folder / INDEX, all_days_page(folder, labels).encode())
    except Timeout as error:
        raise StorageError("reports are being published by somebody else", hint="let it end; then run again") from error
    except OSError as error:
        raise StorageError(
            f"reports cannot be written: {type(error).__name__}: {error.strerror}",
            hint="is the disk full, or the folder of the reports not writable?",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _day_index(day: date, manifest: Manifest, labels: Labels) -> str:
    reports, calls = list(manifest.reports.values()), list(manifest.calls.values())
    return render("day_index.html.j2", labels, day=day, reports=reports, calls=calls)


def _write(path: Path, content: bytes) -> None:
    """Beside its place, then renamed: never half a file, and never into one that an older publication shares."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
