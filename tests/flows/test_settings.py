"""Where settings come from, and what is said of wrong ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from flows.demonstration import demo_settings
from flows.settings import Recorder, Settings, load_settings, yesterday
from postcall.errors import SettingsError
from postcall.telephony import Direction, Role
from storage.recordings import expand


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _written(content: str, name: str = "postcall.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def _explained(content: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(_written(content))
    return str(caught.value)


# ── precedence ───────────────────────────────────────────────────────────────


def test_command_line_then_environment_then_file_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written("store = 'of-file'\nrecordings = 'of-file'\nworkers = 3\n[records]\ntime_zone = 'Asia/Tokyo'\n")
    monkeypatch.setenv("POSTCALL_STORE", "of-environment")
    monkeypatch.setenv("POSTCALL_RECORDINGS", "of-environment")
    settings = load_settings(path, store=Path("of-command-line"))
    assert settings.store == Path("of-command-line")
    assert settings.recordings == "of-environment"
    assert settings.workers == 3
    assert settings.recorder.starts_at == "answered"


def test_a_section_is_put_together_from_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written("[records]\ntime_zone = 'Asia/Tokyo'\nempty_holds = 'none'\n")
    monkeypatch.setenv("POSTCALL_RECORDS__NAIVE_TIMES_IN", "UTC")
    monkeypatch.setenv("POSTCALL_RECORDS__TIME_ZONE", "Europe/Paris")
    records = load_settings(path, time_zone="Europe/Moscow").records
    assert (records.time_zone, records.naive_times_in, records.empty_holds) == ("Europe/Moscow", "UTC", "none")
    assert load_settings(path).records.time_zone == "Europe/Paris"


def test_options_of_the_recogniser_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTCALL_TRANSCRIBER__OPTIONS", '{"model": "/models/m"}')
    assert load_settings().transcriber.options == {"model": "/models/m"}


def test_the_file_of_the_working_folder_is_read() -> None:
    assert load_settings().store == Path("postcall-store")
    _written("store = 'here'")
    assert load_settings().store == Path("here")


def test_a_file_read_once_does_not_linger() -> None:
    load_settings(_written("store = 'x'", "other.toml"))
    assert Settings().store == Path("postcall-store")


def test_the_demo_heeds_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its calls must not land among the centre's own."""
    meant = demo_settings(tmp_path / "demo")
    for name, value in {
        "STORE": "/production", "CALLS": "x.csv", "RECORDINGS": "x", "POLICY": "x.toml", "RECORDS__TIME_ZONE": "Asia/Tokyo",
        "RECORDER__STARTS_AT": "offered", "TRANSCRIBER__ENGINE": "none",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"POSTCALL_{name}", value)
    assert demo_settings(tmp_path / "demo") == meant


# ── paths ────────────────────────────────────────────────────────────────────


def test_relative_paths_of_a_file_count_from_its_folder() -> None:
    path = _written("store = 's'\nrecordings = 'r/{date}'\ncalls = 's3://bucket/c.csv'\npolicy = '/etc/p.toml'\n", "a/b/c.toml")
    settings = load_settings(path)
    assert settings.store == Path("a/b/s")
    assert settings.recordings == "a/b/r/{date}"
    assert settings.calls == "s3://bucket/c.csv"
    assert settings.policy == Path("/etc/p.toml")


def test_relative_paths_of_the_command_line_count_from_the_working_folder() -> None:
    assert load_settings(_written("", "a/c.toml"), store=Path("s")).store == Path("s")


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("calls", "calls"),
        ("calls/{date}.csv", "calls/2026-03-02.csv"),
        ("s3://b/{date:%Y/%m/%d}/", "s3://b/2026/03/02/"),
        ("{date:%Y}/{date:%d.%m.%y}.jsonl", "2026/02.03.26.jsonl"),
    ],
)
def test_dates_in_paths(template: str, path: str) -> None:
    assert expand(template, date(2026, 3, 2)) == path


@pytest.mark.parametrize("template", ["{day}", "{date", "{{date}}", "{}"])
def test_other_braces_are_refused(template: str) -> None:
    with pytest.raises(SettingsError, match=r"\{date\}"):
        expand(template, date(2026, 3, 2))


# ── what is wrong ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "key", "meant"),
    [
        ("stor = 'x'", "'stor'", "'store'"),
        ("[record]\ntime_zone = 'UTC'", "'record'", "'records'"),
        ("[records]\ntime_zone = 'UTC'\nnaive_time_in = 'UTC'", "'records.naive_time_in'", "'naive_times_in'"),
        ("[recorder]\nstart_at = 'offered'", "'recorder.start_at'", "'starts_at'"),
        ("[transcriber]\nengin = 'none'", "'transcriber.engin'", "'engine'"),
        ("[transcriber]\nmodel = 'x'", "'transcriber.model'", "engine, options"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known(content: str, key: str, meant: str) -> None:
    said = _explained(content)
    assert f"unknown setting {key}" in said
    assert meant in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[records]\ntime_zone = 'Mars/Olympus'", "records.time_zone: not an IANA time zone"),
        ("[records]\ntime_zone = 'UTC'\nnaive_times_in = 'MSK'", "records.naive_times_in: not an IANA time zone"),
        ("[records]\nnaive_times_in = 'UTC'", "records.time_zone: Field required"),
        ("[records]\ntime_zone = 'UTC'\n[records.columns]\nid = 'callid'", "did you mean 'call_id'"),
        ("workers = 0", "workers: Input should be greater than or equal to 1"),
        ("[recorder]\nchannels_inbound = ['customer', 'boss']", "recorder.channels_inbound.1"),
        ("[recorder]\nstarts_at = 'ended'", "recorder.starts_at"),
        ("store = 3", "setting store"),
        ("store = [", "cannot be read"),
    ],
)
def test_an_impossible_value_is_told(content: str, said: str) -> None:
    assert said in _explained(content)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(SettingsError, match="postcall init"):
        load_settings(Path("gone.toml"))


@pytest.mark.parametrize(("name", "value"), [("WORKERS", "many"), ("RECORDER", "xyz"), ("RECORDS__TIME_ZONE", "Nowhere")])
def test_an_impossible_environment_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"POSTCALL_{name}", value)
    with pytest.raises(SettingsError, match=name.split("__", maxsplit=1)[0].lower()):
        load_settings()


# ── what they say of themselves ──────────────────────────────────────────────


def _fields(kind: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in kind.model_fields.items():
        yield f"{prefix}{name}", field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{prefix}{name}.")


def test_every_setting_is_described() -> None:
    fields = dict(_fields(Settings))
    assert len(fields) >= 16
    assert not [name for name, field in fields.items() if not (field.description or "").endswith((".", "…"))]


def test_layouts_are_those_that_are_set() -> None:
    recorder = Recorder(channels_outbound=(Role.AGENT, Role.CUSTOMER))
    assert recorder.layouts == {Direction.OUTBOUND: (Role.AGENT, Role.CUSTOMER)}


def test_workers_are_the_cores_when_not_set() -> None:
    assert Settings().workers == (os.cpu_count() or 1)


def test_yesterday_is_of_the_zone() -> None:
    days = [yesterday(zone) for zone in ("Etc/GMT+12", "UTC", "Etc/GMT-14")]
    assert days == sorted(days)
    assert days[0] < days[-1]  # 26 h apart, so never the same day
