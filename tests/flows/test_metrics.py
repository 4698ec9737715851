"""Metrics for Prometheus: what the tables say, without an id or a name, whole or not at all."""

from __future__ import annotations

import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import flows.settings
from flows.demonstration import DAY, transcribed_settings
from flows.metrics import MAIN_MEASURES, metrics_of, write_metrics
from flows.night import NightReport, plainly, run_night
from flows.status import status_of
from postcall.errors import SettingsError, StorageError
from storage.tables import Tables
from tests.flows.conftest import Command

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def store(demo_night: tuple[Path, NightReport], tmp_path: Path) -> Path:
    shutil.copytree(demo_night[0], tmp_path / "store")
    return tmp_path / "store"


def _samples(text: str) -> Samples:
    """(name, *values of labels) -> value, as Prometheus reads it."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            found[sample.name.removeprefix("postcall_"), *sample.labels.values()] = sample.value
    return found


def test_what_the_tables_say(store: Path) -> None:
    found = _samples(metrics_of(transcribed_settings(store)).decode())
    [run] = Tables(store).read("run_night", DAY).to_pylist()
    [kpi] = Tables(store).read("kpi_daily", DAY).to_pylist()
    took_s = (run["finished_at"] - run["started_at"]).total_seconds()
    assert found["night_calls",] == run["calls"]
    assert found["night_recordings",] == run["recordings"]
    assert found["night_transcripts",] == run["transcripts"]
    assert found["night_defects",] == 0
    assert found["night_sound_seconds",] == pytest.approx(kpi["recording_duration_ms"] / 1000)
    assert found["night_duration_seconds",] == pytest.approx(took_s)
    assert found["night_real_time_factor",] == pytest.approx(took_s * 1000 / kpi["recording_duration_ms"])
    assert found["last_success_timestamp_seconds",] == pytest.approx(run["finished_at"].timestamp())
    assert found["lag_days",] > 0
    aside = {key[1:]: value for key, value in found.items() if key[0] == "night_quarantined"}
    assert sum(aside.values()) == run["quarantined"]
    assert ("missing_recording", "recording") in aside


def test_coverage_of_the_main_measures(store: Path) -> None:
    found = _samples(metrics_of(transcribed_settings(store)).decode())
    rows = Tables(store).read("kpi_coverage_daily", DAY).to_pylist()
    shares = {(row["table_name"], row["column_name"]): row["coverage_share"] for row in rows}
    assert set(MAIN_MEASURES.values()) <= set(shares), "a measure was renamed"
    for label, place in MAIN_MEASURES.items():
        assert found["night_coverage_ratio", label] == pytest.approx(shares[place])
    assert found["night_known_ratio",] == status_of(store, until=DAY, days=1).nights[0].coverage_share


def test_no_id_and_no_name_is_in_them(store: Path) -> None:
    text = metrics_of(transcribed_settings(store)).decode()
    contacts = Tables(store).read("call_contact").to_pylist()
    for column in ("call_id", "agent_id", "agent_name", "queue", "customer_key"):
        for value in {row[column] for row in contacts if row.get(column)}:
            assert f'"{value}"' not in text, column


def test_a_night_writes_them(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "postcall.prom"
    settings = transcribed_settings(store).model_copy(update={"metrics_file": file})
    report = run_night(DAY, settings, step=plainly)
    assert _samples(file.read_text())["night_calls",] == report.calls
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["postcall.prom"]


def test_a_store_without_a_night(tmp_path: Path) -> None:
    settings = transcribed_settings(tmp_path)
    assert {key[0] for key in _samples(metrics_of(settings).decode())} == {"info", "nights"}


def test_by_hand(store: Path, postcall: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows.settings, "yesterday", lambda zone: DAY + timedelta(days=2))
    ended = postcall("status", "--store", store, "--metrics", "-")
    assert ended.code == 0
    assert _samples(ended.out)["nights",] == 1
    assert postcall("status", "--store", store, "--metrics", "here.prom").code == 0
    assert Path("here.prom").read_text() == ended.out


def test_a_place_that_cannot_be_is_told_before_any_work(tmp_path: Path, postcall: Command) -> None:
    settings = transcribed_settings(tmp_path / "store").model_copy(update={"metrics_file": tmp_path / "none" / "x.prom"})
    with pytest.raises(SettingsError, match="metrics_file"):
        run_night(DAY, settings, step=plainly)
    assert postcall("status", "--store", tmp_path / "store", "--metrics", tmp_path / "none" / "x.prom").code == 2


def test_what_cannot_be_written_leaves_the_old_file(store: Path, tmp_path: Path) -> None:
    place = tmp_path / "taken.prom"
    place.mkdir()
    with pytest.raises(StorageError, match="metrics cannot be written"):
        write_metrics(place, transcribed_settings(store))
    assert [path.name for path in tmp_path.iterdir()] == ["store", "taken.prom"] or place.is_dir()
    assert not list(tmp_path.glob(".*.part"))
