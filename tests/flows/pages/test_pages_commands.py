"""The commands ``call`` and ``report pages``, as a user runs them."""

from __future__ import annotations

import shutil
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.demonstration import MARK
from flows.settings import Settings

Command = Callable[..., Any]


@pytest.fixture
def store(night_settings: Settings, tmp_path: Path) -> Path:
    """A demo's store, by its mark, whose reports may be written."""
    folder = tmp_path / "demo-store"
    folder.mkdir()
    (folder / "tables").symlink_to(night_settings.store / "tables")
    (folder / MARK).touch()
    return folder


def test_a_call_has_its_page_beside_its_sound(postcall: Command, store: Path) -> None:
    ended = postcall("call", "04-interruptions", "--store", store, "--language", "ru")
    page = store / "reports" / "calls" / "04-interruptions.html"
    assert ended.code == 0 and str(page) in ended.out.replace("\n", "")
    assert "Звонок 04-interruptions" in page.read_text(encoding="utf-8")
    assert page.with_suffix(".flac").exists()


def test_a_page_goes_where_it_is_asked_for_with_its_sound_inside_and_is_opened(
    postcall: Command, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    out = tmp_path / "folder" / "page.html"
    ended = postcall("call", "04-interruptions", "--store", store, "--out", out, "--embed-audio", "--open")
    assert ended.code == 0
    assert opened == [out.as_uri()]
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]
    assert out.stat().st_size > 500_000


def test_a_call_that_is_not_there_has_a_hint(postcall: Command, store: Path) -> None:
    ended = postcall("call", "04-interuptions", "--store", store)
    assert ended.code == 2
    assert "did you mean '04-interruptions'?" in ended.err


def test_a_call_without_a_recording_says_so(postcall: Command, store: Path) -> None:
    ended = postcall("call", "17-abandoned", "--store", store)
    assert ended.code == 0
    assert "without sound: the call was not answered" in ended.out


def test_a_language_that_is_not_there_is_refused(postcall: Command, store: Path) -> None:
    ended = postcall("call", "04-interruptions", "--store", store, "--language", "de")
    assert ended.code == 2 and "not written in 'de'" in ended.err


def test_the_days_pages_are_published(postcall: Command, store: Path) -> None:
    ended = postcall("report", "pages", "--date", "2026-03-02", "--store", store, "--calls", "2")
    assert ended.code == 0 and "2 call pages" in ended.out
    folder = store / "reports" / "2026-03-02"
    assert len(list((folder / "calls").glob("*.html"))) == 2


def test_a_report_without_more_is_still_printed(postcall: Command, store: Path) -> None:
    ended = postcall("report", "--date", "2026-03-02", "--store", store)
    assert ended.code == 0 and "Calls of Monday 2 March 2026" in ended.out


def test_a_store_that_is_not_there_is_said(postcall: Command, tmp_path: Path) -> None:
    ended = postcall("call", "x", "--store", tmp_path / "nowhere")
    assert ended.code == 2 and "No night ever ran" in ended.err


def test_pages_follow_the_settings(postcall: Command, store: Path, tmp_path: Path) -> None:
    demo = shutil.copytree(store, tmp_path / "own-store", symlinks=True)
    (demo / MARK).unlink()
    recordings = Path(__file__).parents[3] / "flows" / "demo" / "recordings"
    settings = tmp_path / "postcall.toml"
    settings.write_text(
        f'store = "own-store"\nrecordings = "{recordings}"\n[pages]\nlanguage = "zh"\naudio_format = "opus"\nfolder = "out"\n',
        encoding="utf-8",
    )
    ended = postcall("call", "11-bleed", "--settings", settings)
    assert ended.code == 0
    page = tmp_path / "out" / "calls" / "11-bleed.html"
    assert '<html lang="zh">' in page.read_text(encoding="utf-8")
    assert page.with_suffix(".opus").exists()
