"""A night whose recordings, tables and artifacts lie on an object store writes what a night in a folder writes."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from flows.demonstration import DAY
from flows.night import plainly, run_night
from flows.settings import load_settings
from postcall.errors import SettingsError
from tests.flows import scripted_engines
from tests.flows.conftest import Command
from tests.flows.few_calls import BAD, write_centre
from tests.flows.scripted_engines import SAID
from tests.flows.test_kill import rows
from tests.object_store import BUCKET, object_store


def test_a_whole_night_on_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postcall: Command) -> None:
    scripted_engines.install(tmp_path / "plug-in", monkeypatch)
    centre = write_centre(tmp_path / "centre")
    log = tmp_path / "log"
    engine = {"engine": scripted_engines.NAME, "options": {"log": str(log)}}
    local = load_settings(centre.settings_file, store=tmp_path / "local", transcriber=engine)
    run_night(DAY, local, step=plainly)
    with object_store():
        files = fsspec.filesystem("s3")
        files.put(f"{centre.folder}/recordings/", f"s3://{BUCKET}/recordings/", recursive=True)
        far = load_settings(
            centre.settings_file,
            store=tmp_path / "far",
            recordings=f"s3://{BUCKET}/recordings",
            tables=f"s3://{BUCKET}/tables",
            artifacts=f"s3://{BUCKET}/artifacts",
            transcriber=engine,
        )
        report = run_night(DAY, far, step=plainly)
        assert {failure.call_id: failure.error.code for failure in report.failures} == BAD
        found = rows(far.store)
        assert found == rows(local.store)
        assert SAID in str(found["stage_word"])
        kept = {file.name for file in far.store.iterdir()}
        assert kept == {"ledger.sqlite", "places.json", "run.lock", "store-id"}
        shown = postcall("show", "call_talk_time", "--store", far.store, "--date", DAY)
        assert shown.code == 0, shown.err
        assert "06-swearing" in shown.out
        centre.settings_file.write_text(centre.settings_file.read_text() + "[retention]\nwords_days = 9\n")
        for command in (("erase", "--customer", "c-9c14b3"), ("retain",)):
            refused = postcall(*command, "--store", far.store, "--settings", centre.settings_file)
            assert refused.code == 2, refused.out
            assert "reaches only tables and artifacts in the store's folder" in " ".join(refused.err.split())
        with pytest.raises(SettingsError, match="belong to another store"):
            run_night(DAY, far.model_copy(update={"store": tmp_path / "third"}), step=plainly)
