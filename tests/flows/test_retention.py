"""Retention: what is past goes, class by class, and nothing else; by default everything is kept."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from flows.night import NightReport
from flows.pages.audit import PageAudit
from flows.pages.labels import Labels
from flows.pages.publish import publish_day, published_days, reports_folder
from flows.retention import past_data, retain
from flows.settings import RetentionSettings, Settings
from storage.ledger import Ledger
from storage.tables import Tables
from tests.flows.conftest import Command

DAY = date(2026, 3, 2)


@pytest.fixture
def store(demo_night: tuple[Path, NightReport], tmp_path: Path) -> Path:
    copied = tmp_path / "store"
    shutil.copytree(demo_night[0], copied)
    return copied


def _settings(store: Path, **days: int) -> Settings:
    return Settings(store=store, retention=RetentionSettings(**{f"{name}_days": count for name, count in days.items()}))


def _rows(store: Path) -> dict[str, int]:
    tables = Tables(store)
    return {name: tables.read(name).num_rows for name in tables.names()}


def test_by_default_everything_is_kept(store: Path) -> None:
    assert past_data(_settings(store), DAY + timedelta(days=5000)) == []


def test_a_day_is_kept_for_as_many_days_as_said(store: Path) -> None:
    settings = _settings(store, words=30, calls=30, kpis=30, sound=30)
    assert past_data(settings, DAY + timedelta(days=30)) == []
    assert {past.name for past in past_data(settings, DAY + timedelta(days=31))} == {"words", "calls", "kpis", "sound"}


def test_words_go_and_measures_stay(store: Path) -> None:
    before = _rows(store)
    artifacts = sorted(file.name.split("-")[0] for file in (store / "artifacts").rglob("*.json"))
    assert "transcript" in artifacts
    retain(_settings(store, words=10), DAY + timedelta(days=11))
    after = _rows(store)
    assert after.pop("stage_word") == 0
    before.pop("stage_word")
    assert after == before
    kinds = sorted(file.name.split("-")[0] for file in (store / "artifacts").rglob("*.json"))
    assert kinds == [kind for kind in artifacts if kind != "transcript"]
    data_files = list((store / "tables" / "stage_word").glob("call_date=*/*.parquet"))
    assert data_files == [], "old versions must be gone"
    assert len(list((store / "tables" / "stage_word" / "_delta_log").glob("*.json"))) == 1


def test_calls_go_and_kpis_stay(store: Path) -> None:
    before = _rows(store)
    retain(_settings(store, calls=10), DAY + timedelta(days=11))
    after = _rows(store)
    kept = {name for name, count in after.items() if count}
    assert "stage_word" in kept
    assert after["kpi_daily"] == before["kpi_daily"]
    assert {name for name in kept if name.startswith(("call_", "event_", "rule_"))} == set()
    with Ledger(store) as ledger:
        assert ledger.states(DAY) == {}


def test_sound_goes_alone(store: Path) -> None:
    before = _rows(store)
    retain(_settings(store, sound=10), DAY + timedelta(days=11))
    assert {file.name.split("-")[0] for file in (store / "artifacts").rglob("*.json")} == {"transcript"}
    assert _rows(store) == before


def test_reports_and_audit(store: Path) -> None:
    settings = _settings(store, reports=5, audit=5)
    reports = reports_folder(store, settings.pages)
    for day in (DAY, DAY + timedelta(days=10)):
        with publish_day(reports, day, Labels("en")) as pages:
            pages.add_report("01_overview", "<p>so</p>", "Overview")
    (reports / "calls").mkdir()
    for name, days_ago in (("old.html", 9), ("new.html", 0)):
        (reports / "calls" / name).write_text("a call")
        written = datetime(2026, 3, 12, 12).timestamp() - days_ago * 86400
        os.utime(reports / "calls" / name, (written, written))
    PageAudit(store).add("boss", "page", "call", DAY)
    today = DAY + timedelta(days=10)
    retain(settings, today)
    assert published_days(reports) == [today]
    assert [file.name for file in (reports / "calls").iterdir()] == ["new.html"]
    assert DAY.isoformat() not in (reports / "index.html").read_text()
    assert len(PageAudit(store).rows()) == 1, "it was written today"
    retain(settings, date.today() + timedelta(days=7))
    assert PageAudit(store).rows() == []


def test_run_twice_it_finds_nothing(store: Path) -> None:
    settings = _settings(store, words=10, calls=10, kpis=10, sound=10)
    later = DAY + timedelta(days=100)
    assert retain(settings, later)
    assert past_data(settings, later) == []
    assert retain(settings, later) == []


def test_the_command_shows_first(store: Path, postcall: Command, tmp_path: Path) -> None:
    nothing = postcall("retain", "--store", store)
    assert "Everything is kept" in nothing.out
    (tmp_path / "postcall.toml").write_text("[retention]\nwords_days = 1\n")
    shown = postcall("retain", "--store", store)
    assert shown.code == 0
    assert "transcripts" in shown.out
    assert "Nothing was changed" in shown.out
    assert Tables(store).read("stage_word").num_rows
    done = postcall("retain", "--store", store, "--yes")
    assert done.code == 0, done.err
    assert not Tables(store).read("stage_word").num_rows
    assert "older" in postcall("retain", "--store", store).out
