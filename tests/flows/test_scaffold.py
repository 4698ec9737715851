"""What `postcall init` writes can be used as it is, and every example in it is real."""

from __future__ import annotations

import re
import shutil
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from flows.equipment import policy_sections
from flows.scaffold import FILES, write_scaffold
from flows.settings import Settings, load_settings
from postcall.analyzer import discover
from postcall.errors import SettingsError
from postcall.policy import load_policy
from storage.record_schema import COLUMNS
from storage.telephony import read_call_records
from tests.flows.conftest import Command

_COMMENTED = re.compile(r"^# ?(\[[\w.]+\]|[\w.-]+ = )", re.MULTILINE)
"""A commented line that is an example and not prose."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    list(write_scaffold(tmp_path))
    return tmp_path


def _uncommented(path: Path) -> str:
    return _COMMENTED.sub(r"\1", path.read_text(encoding="utf-8"))


def test_all_files_are_written(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(FILES)


def test_nothing_is_overwritten(folder: Path) -> None:
    (folder / "postcall.toml").write_text("# mine")
    (folder / "policy.toml").unlink()
    with pytest.raises(SettingsError, match="already there"):
        list(write_scaffold(folder))
    assert (folder / "postcall.toml").read_text() == "# mine"
    assert not (folder / "policy.toml").exists()


def test_the_settings_load(folder: Path) -> None:
    settings = load_settings(folder / "postcall.toml")
    assert settings.policy == folder / "policy.toml"
    assert settings.records.time_zone == "Europe/Moscow"


def test_the_settings_name_every_section_and_key(folder: Path) -> None:
    values = tomllib.loads(_uncommented(folder / "postcall.toml"))
    assert set(values) == set(Settings.model_fields)
    for section in ("records", "recorder", "transcriber"):
        kind = Settings.model_fields[section].annotation
        assert kind is not None
        assert set(values[section]) == set(kind.model_fields), section


def test_every_example_of_the_settings_is_real(folder: Path) -> None:
    path = folder / "postcall.toml"
    path.write_text(_uncommented(path), encoding="utf-8")
    settings = load_settings(path)
    assert settings.recorder.name_pattern is not None
    assert "model" in settings.transcriber.options


def test_every_example_of_the_policy_is_real(folder: Path) -> None:
    path = folder / "policy.toml"
    kinds = policy_sections(discover())
    default = load_policy(None, kinds).to_dict()
    assert load_policy(path, kinds).to_dict() == default
    examples = tomllib.loads(_uncommented(path))
    path.write_text(_uncommented(path), encoding="utf-8")
    # The values shown are the defaults, so that a reader sees what is in force.
    assert load_policy(path, kinds).to_dict() == default
    assert sum(len(section) for section in examples.values() if isinstance(section, dict)) >= 5


def test_the_call_records_are_in_the_schema(folder: Path) -> None:
    path = folder / "calls-example.csv"
    read = read_call_records(str(path), load_settings(folder / "postcall.toml").records)
    assert len(read.records) == 3
    assert not read.problems
    assert not any(record.extra for record in read.records)
    assert set(path.read_text(encoding="utf-8").splitlines()[0].split(",")) <= set(COLUMNS)


def test_a_first_night(folder: Path, postcall: Command) -> None:
    """From nothing to a report: init, put recordings into the folder, run."""
    recordings = folder / "recordings"
    recordings.mkdir()
    demo = Path(str(resources.files("flows").joinpath("demo")))
    for ours, theirs in (("c-1001", "03-hold-sudden.opus"), ("c-1002", "12-call-back.mp3")):
        shutil.copy(demo / "recordings" / theirs, recordings / (ours + Path(theirs).suffix))
        shutil.copy((demo / "transcripts" / theirs).with_suffix(".ctm"), recordings / f"{ours}.ctm")
    ended = postcall("nightly", "--date", "2026-03-02")
    assert ended.code == 0, ended.err
    assert "Nothing failed" in ended.out
    assert re.search(r"Recordings heard +2 ", ended.out)
    assert (folder / "postcall-store" / "tables" / "kpi_daily").is_dir()
