"""Reports of a day appear at once or not at all, and the worst calls come first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from flows.demonstration import DAY
from flows.pages.labels import Labels
from flows.pages.publish import CallEntry, Manifest, call_page_name, publish_day, published_days, reports_folder
from flows.pages.settings import PageSettings
from flows.pages.worst_calls import publish_calls, worst_calls
from flows.settings import Settings
from postcall.errors import StorageError
from storage.tables import Tables

EN = Labels("en")


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_pages_of_a_day_appear_together_with_an_index(tmp_path: Path) -> None:
    with publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("02_hold", "<p>hold</p>", "Hold & silence")
        pages.add_report("01_overview", "<p>overview</p>", "Overview")
        pages.add_call(CallEntry("c1", "c1", audio="c1.flac", faults={"holds": 2}), "<p>call</p>", b"fLaC")
        assert published_days(tmp_path) == []
    assert published_days(tmp_path) == [DAY]
    day = tmp_path / DAY.isoformat()
    calls = {"calls/c1.html", "calls/c1.flac"}
    assert _files(day) == {"index.html", "manifest.json", "01_overview.html", "02_hold.html", *calls}
    index = (day / "index.html").read_text(encoding="utf-8")
    assert index.index("Overview") < index.index("Hold &amp; silence")
    assert 'href="calls/c1.html"' in index and "2 holds" in index
    assert f'href="{DAY.isoformat()}/index.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    with publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("01_overview", "before", "Overview")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.html")}
    with pytest.raises(RuntimeError), publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("01_overview", "after", "Overview")
        raise RuntimeError
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.html")} == before
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".new", ".old"))]


def test_pages_of_others_stay_and_those_of_the_same_name_are_replaced(tmp_path: Path) -> None:
    with publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("01_overview", "first", "Overview")
        pages.add_report("02_hold", "hold", "Hold")
    old = tmp_path / DAY.isoformat() / "01_overview.html"
    with old.open(encoding="utf-8") as reading, publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("01_overview", "second", "Overview, again")
        # Who is reading the published page sees it whole until the end, though both folders share files.
        assert reading.read() == "first"
        assert old.read_text(encoding="utf-8") == "first"
    assert old.read_text(encoding="utf-8") == "second"
    manifest = Manifest.read(tmp_path / DAY.isoformat())
    assert [report.title for report in manifest.reports.values()] == ["Overview, again", "Hold"]


def test_a_publication_that_was_killed_between_its_two_renames_is_put_back(tmp_path: Path) -> None:
    with publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("01_overview", "kept", "Overview")
    (tmp_path / DAY.isoformat()).rename(tmp_path / f".{DAY.isoformat()}.old")
    with publish_day(tmp_path, DAY, EN) as pages:
        pages.add_report("02_hold", "hold", "Hold")
    assert (tmp_path / DAY.isoformat() / "01_overview.html").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "Index", "index", "a b", "a.html"])
def test_a_report_cannot_be_called_what_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with publish_day(tmp_path, DAY, EN) as pages, pytest.raises(ValueError, match="no name of a report"):
        pages.add_report(name, "", "")


def test_names_of_call_pages_are_plain_and_differ_where_ids_do() -> None:
    ids = ["a-1", "A-1", "a/1", "a 1", "../../etc/passwd", "Ж", "ж", "a" * 300, "a" * 301, ".", "con.", ""]
    names = [call_page_name(call_id) for call_id in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(name and not set(name) & set("/\\ :") and len(name) < 80 and not name.startswith(".") for name in names)
    assert call_page_name("04-interruptions") == "04-interruptions"


def test_a_damaged_manifest_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / DAY.isoformat()
    folder.mkdir()
    (folder / "manifest.json").write_text("[", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be read") as caught, publish_day(tmp_path, DAY, EN):
        pass
    assert "publish it again" in caught.value.hint


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(StorageError, match="cannot be written"), publish_day(blocked / "reports", DAY, EN):
        pass


def test_other_folders_are_no_days(tmp_path: Path) -> None:
    (tmp_path / "2026-03-02").mkdir()
    (tmp_path / "calls").mkdir()
    assert published_days(tmp_path) == []
    assert published_days(tmp_path / "nowhere") == []


# ── calls that deserve listening ─────────────────────────────────────────────


@pytest.fixture
def settings(night_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    yield night_settings.model_copy(update={"pages": PageSettings(folder=tmp_path / "reports", calls_a_day=3)})


def test_the_worst_calls_come_first_and_only_those_that_can_be_heard(night_settings: Settings) -> None:
    tables = Tables(night_settings.store)
    calls = worst_calls(tables, DAY, 100)
    assert [call.rank for call in calls] == sorted(call.rank for call in calls)
    assert all(call.faults and all(count > 0 for count in call.faults.values()) for call in calls)
    dead = next(call for call in calls if call.call_id == "05-long-silence")
    row = next(row for row in tables.read("call_dead_air", DAY).to_pylist() if row["call_id"] == "05-long-silence")
    assert dead.faults["agent_dead_airs"] == row["agent_dead_airs"]
    heard = {row["call_id"] for row in tables.read("call_contact", DAY).to_pylist() if row["has_recording"]}
    assert {call.call_id for call in calls} <= heard
    assert worst_calls(tables, DAY, 2) == calls[:2]
    assert worst_calls(tables, date(2026, 3, 3), 2) == []


def test_the_worst_calls_are_published_with_their_sound(settings: Settings) -> None:
    published = publish_calls(settings, DAY)
    folder = reports_folder(settings.store, settings.pages) / DAY.isoformat()
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["calls"]
    assert [entry["call_id"] for entry in entries] == published
    assert len(published) == 3
    for entry in entries:
        page = (folder / "calls" / f"{entry['name']}.html").read_text(encoding="utf-8")
        assert f'src="{entry["audio"]}"' in page
        assert (folder / "calls" / entry["audio"]).stat().st_size > 10_000


def test_call_pages_of_an_earlier_publication_go_and_reports_stay(settings: Settings) -> None:
    folder = reports_folder(settings.store, settings.pages)
    with publish_day(folder, DAY, EN) as pages:
        pages.add_report("01_overview", "kept", "Overview")
        pages.add_call(CallEntry("gone", "gone"), "old")
    publish_calls(settings, DAY)
    assert not (folder / DAY.isoformat() / "calls" / "gone.html").exists()
    assert (folder / DAY.isoformat() / "01_overview.html").exists()


def test_no_pages_are_wanted(settings: Settings) -> None:
    none = settings.model_copy(update={"pages": settings.pages.model_copy(update={"calls_a_day": 0})})
    assert publish_calls(none, DAY) == []
    assert "No call page was published" in (reports_folder(none.store, none.pages) / DAY.isoformat() / "index.html").read_text(
        encoding="utf-8"
    )
