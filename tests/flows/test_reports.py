"""The reports that a night ends with: what is published, and what a defect of theirs costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows import night, reports
from flows.demonstration import BUNDLED, DAY, transcribed_settings
from flows.night import NightReport, plainly, run_night
from flows.notebooks_run import FOR_READERS, Published
from flows.pages.settings import PageSettings
from flows.reports import STEPS, Reports, publish_reports
from flows.settings import Settings
from postcall.errors import StorageError

from .conftest import Command

NIGHTLY = PageSettings(nightly=True)


@pytest.fixture
def settings(demo_night: tuple[Path, NightReport], tmp_path: Path) -> Settings:
    """Settings of the demo night with a store of the test's own."""
    shutil.copytree(demo_night[0], tmp_path / "store")
    return transcribed_settings(tmp_path / "store").model_copy(update={"pages": NIGHTLY})


def test_a_day_is_published_with_its_dashboards_and_calls(settings: Settings) -> None:
    told: list[int] = []
    done = publish_reports(settings, DAY, advance=lambda: told.append(1))
    assert (done.dashboards, done.broken, len(told)) == (len(FOR_READERS), (), STEPS)
    assert done.index == settings.store / "reports" / DAY.isoformat() / "index.html"
    assert done.calls == len(list((done.index.parent / "calls").glob("*.html"))) > 0
    index = done.index.read_text(encoding="utf-8")
    assert all(f'href="{name}.html"' in index for name in FOR_READERS)


def test_a_defect_of_the_reports_costs_the_reports_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Published:
        raise RuntimeError("what Mrs Brown said")

    monkeypatch.setattr(reports, "publish_notebooks", broken)
    done = publish_reports(settings, DAY)
    (why,) = done.broken
    assert why.startswith("the dashboards could not be published: RuntimeError")
    assert "Brown" not in why
    assert (done.dashboards, done.index) == (0, None)
    assert done.calls > 0
    monkeypatch.setattr(night, "publish_reports", lambda *_, **__: done)
    report = run_night(DAY, settings, step=plainly)
    assert report.reports == done
    assert report.defects == 1
    assert report.calls == 18


def test_a_disk_that_fails_for_a_moment_is_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([StorageError("the disk is full"), Reports(Path("index.html"), 5, 3)])

    def fails_once(*_: object, **__: object) -> Reports:
        answer = next(answers)
        if isinstance(answer, StorageError):
            raise answer
        return answer

    monkeypatch.setattr(night, "publish_reports", fails_once)
    monkeypatch.setattr(night, "RETRY_PAUSE_S", 0.0)
    assert run_night(DAY, settings, step=plainly).reports == Reports(Path("index.html"), 5, 3)


def test_the_night_says_where_its_reports_are_unless_told_to_write_none(
    postcall: Command, demo_night: tuple[Path, NightReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTCALL_PAGES__NIGHTLY")
    shutil.copytree(demo_night[0], tmp_path / "store")
    made = Reports(tmp_path / "reports" / "index.html", 5, 1, ("notebook '04_standards' broke in cell 3: KeyError",))
    monkeypatch.setattr(night, "publish_reports", lambda *_, **__: made)
    sound, calls = BUNDLED / "recordings", BUNDLED / "calls.csv"
    asked = ["nightly", "--store", tmp_path / "store", "--recordings", sound, "--calls", calls, "--date", DAY.isoformat()]
    asked += ["--time-zone", "Europe/Moscow", "--no-transcript"]
    ended = postcall(*asked)
    assert "Reports  5 dashboards and 1 call to listen to; open in a browser:" in ended.out
    assert str(made.index) in ended.out
    assert "notebook '04_standards' broke in cell 3" in ended.out
    assert ended.code == 4
    quiet = postcall(*asked, "--no-reports")
    assert "Reports  " not in quiet.out
    assert quiet.code == 3
