"""Metrics of the nights for Prometheus, in its text format: a file that node_exporter's textfile collector reads.

Definitions
-----------
All ``postcall_night_`` metrics are of the newest business day that ran to its end, as `flows.status` knows it. The file is
written beside its place and renamed, so a reader never sees half of it. It holds numbers, kinds of failures and names of
measures: no id, no name, no word of anybody.

A measure's coverage is that of a column in `MAIN_MEASURES`; ``postcall_night_known_ratio`` is that of all measures of all
calls.
What is not known of a day, such as the speed of one without sound, has no sample: 0 would be a value.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from flows.settings import Settings, yesterday
from flows.status import NightStatus, Status, status_of
from postcall.errors import SettingsError, StorageError
from storage.quarantine import Quarantine
from storage.tables import Tables

DAYS = 14
"""Business days whose open quarantine is counted, as `postcall status` does."""

MAIN_MEASURES = {
    "agent_talk": ("call_talk_time", "agent_talk_ms"),
    "customer_talk": ("call_talk_time", "customer_talk_ms"),
    "overtalk": ("call_talk_time", "overtalk_ms"),
    "silence": ("call_silence", "silence_ms"),
    "hold": ("call_hold", "hold_ms"),
    "handling_time": ("call_contact", "handling_ms"),
    "speed_of_answer": ("call_speed_of_answer", "speed_of_answer_ms"),
    "response_latency": ("call_response_latency", "agent_latency_median_ms"),
    "who_hung_up": ("call_end", "hung_up_by"),
    "words": ("call_transcript", "words"),
}
"""Label -> table and column whose coverage is told."""


def metrics_of(settings: Settings) -> bytes:
    """Metrics of a store, in Prometheus' text format; of one without a night only the version and that none ran.

    Raises
    ------
    StorageError
        The store cannot be read.
    """
    tables = Tables(settings.store)
    found = status_of(settings.store, until=yesterday(settings.records.time_zone), days=DAYS)
    registry = CollectorRegistry()
    _set(registry, "info", "Version of postcall that wrote this file.", {(version("postcall"),): 1}, ("version",))
    _set(registry, "nights", f"Business days that ran to their end, of the newest {DAYS}.", _ran(found))
    if found.newest is None:
        return generate_latest(registry)
    night, day = found.nights[-1], found.newest
    _set(registry, "lag_days", "Business days from the newest that ran until yesterday, when this was written.", found.lag_days)
    _set(registry, "night_day_timestamp_seconds", "Midnight of the newest business day that ran, as UTC.", _midnight(day))
    finished = max(row["finished_at"] for row in _rows(tables, "run_night", None)).timestamp()
    _set(registry, "last_success_timestamp_seconds", "When a night last ran to its end.", finished)
    _set_night(registry, night)
    sound_ms = [row["recording_duration_ms"] for row in _rows(tables, "kpi_daily", day)]
    if sound_ms and sound_ms[0] is not None:
        _set(registry, "night_sound_seconds", "Sound of the day's recordings.", sound_ms[0] / 1000)
    aside: dict[tuple[str, ...], float] = {}
    for one in Quarantine(settings.store).everything(day):
        aside[one.stage, one.code] = aside.get((one.stage, one.code), 0) + 1
    _set(registry, "night_quarantined", "Call records and recordings of the day put aside.", aside, ("stage", "code"))
    open_: dict[tuple[str, ...], float] = dict(found.open_by_code.items())
    _set(registry, "quarantine_open", f"Put aside in {DAYS} days and not dropped.", open_, ("stage", "code"))
    _set(registry, "night_coverage_ratio", "Share of the calls of which it is known.", _coverage(tables, day), ("measure",))
    return generate_latest(registry)


def write_metrics(path: Path, settings: Settings) -> None:
    """Write `metrics_of` a store to a file that anybody may read: the collector is another user.

    Raises
    ------
    StorageError
        The store cannot be read, or the file cannot be written.
    """
    content = metrics_of(settings)
    # The collector reads *.prom alone, and so never what is half written.
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StorageError(
            f"the metrics cannot be written to '{path}': {error.strerror}",
            hint="the night itself is stored; may this user write there? `postcall status --metrics FILE` writes them anew",
        ) from error


def check_metrics_file(path: Path | None) -> None:
    """Refuse a place that cannot be written, before a night has worked for hours.

    Raises
    ------
    SettingsError
        Its folder is not there, or may not be written.
    """
    if path is not None and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise SettingsError(
            f"metrics_file: the folder '{path.parent}' is not there, or this user may not write to it",
            hint="make it, e.g. node_exporter's --collector.textfile.directory, or leave the setting out",
        )


def _set_night(registry: CollectorRegistry, night: NightStatus) -> None:
    for name, what, value in (
        ("calls", "Calls of the day.", night.calls),
        ("recordings", "Recordings of the day that were heard.", night.recordings),
        ("transcripts", "Calls of the day with words.", night.transcripts),
        ("defects", "Analyzers, rollups and tables that failed: defects of the program.", night.defects),
        ("duration_seconds", "Time that the run took.", night.took_s),
        (
            "real_time_factor",
            "Time that the run took per time of sound; 0.01 is a hundred times as fast.",
            1 / night.times_real_time if night.times_real_time else None,
        ),
        ("known_ratio", "Share of all measures of all calls that is known.", night.coverage_share),
    ):
        if value is not None:
            _set(registry, f"night_{name}", what, value)


def _set(
    registry: CollectorRegistry,
    name: str,
    what: str,
    value: float | dict[tuple[str, ...], float],
    labels: tuple[str, ...] = (),
) -> None:
    gauge = Gauge(f"postcall_{name}", what, labels, registry=registry)
    if not isinstance(value, dict):
        gauge.set(value)
        return
    for values, number in sorted(value.items()):
        gauge.labels(*values).set(number)


def _ran(found: Status) -> int:
    return sum(night.calls is not None for night in found.nights)


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


def _coverage(tables: Tables, day: date) -> dict[tuple[str, ...], float]:
    shares = {
        (row["table_name"], row["column_name"]): row["coverage_share"] for row in _rows(tables, "kpi_coverage_daily", day)
    }
    return {(label,): shares[place] for label, place in MAIN_MEASURES.items() if shares.get(place) is not None}


def _rows(tables: Tables, name: str, day: date | None) -> list[dict[str, Any]]:
    return tables.read(name, day).to_pylist() if name in tables.names() else []
