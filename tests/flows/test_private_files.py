"""Nobody but the user of the night may read what it writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.night import plainly, run_night
from flows.private import keep_private
from flows.settings import load_settings
from tests.flows.conftest import Command
from tests.flows.small_nights import MARKER, Centre, day, make_centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return make_centre(tmp_path / "centre", days=1)


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _open_to_others(folder: Path) -> list[str]:
    """What others may read, write or enter, below a folder and the folder itself; links have no rights of their own."""
    paths = [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    return [str(path.relative_to(folder)) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_what_commands_write_is_for_its_user_alone(centre: Centre, postcall: Command, tmp_path: Path) -> None:
    common = ("--settings", centre.settings_file)
    assert postcall("nightly", *common, "--date", day(0)).code == 0
    reports, exports = tmp_path / "reports", tmp_path / "exports"
    for form, name in (("parquet", "folder"), ("csv", "table.csv"), ("xlsx", "table.xlsx")):
        ended = postcall("export", "call_contact", "--for", "analyst", "--format", form, "--out", exports / name, *common)
        assert ended.code == 0, ended.err
    assert postcall("call", "c-0-0", "--out", reports / "call.html", *common).code == 0
    assert postcall("redact", "c-0-0", "--out", reports / "redacted.wav", *common).code in (0, 2)
    assert postcall("report", "--svg", reports / "report.svg", "--date", day(0), *common).code == 0
    for folder in (centre.store, reports, exports):
        assert len(list(folder.rglob("*"))) >= 2, folder
        assert _open_to_others(folder) == []
    ended = postcall("erase", "--customer", f"{MARKER}-key", "--yes", *common)
    assert ended.code == 0, ended.err
    assert list((centre.store / "erasures").iterdir())
    assert _open_to_others(centre.store) == []


@pytest.mark.usefixtures("usual_umask")
def test_a_store_is_a_closed_folder_whoever_runs_the_night(centre: Centre) -> None:
    run_night(day(0), load_settings(centre.settings_file), step=plainly)
    assert stat.S_IMODE(centre.store.stat().st_mode) == 0o700


@pytest.mark.parametrize(("given", "kept"), [(0o022, 0o077), (0o002, 0o077), (0, 0o077), (0o027, 0o027), (0o007, 0o007)])
@pytest.mark.usefixtures("usual_umask")
def test_a_umask_that_keeps_others_out_is_left(given: int, kept: int) -> None:
    os.umask(given)
    keep_private()
    assert os.umask(0o022) == kept
