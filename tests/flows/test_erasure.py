"""Erasing a customer: nothing of the calls is left in any byte of the store, and no night brings them back."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from datetime import date
from importlib import resources
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows import erasure, night
from flows.demonstration import MARK
from flows.erasure import customer_digest, erase, is_erased, plan_erasure
from flows.failures import NightStopped
from flows.night import plainly, run_night
from flows.pages.audit import PageAudit
from flows.pages.call_facts import read_call
from flows.pages.call_page import call_page, find_sound
from flows.pages.labels import Labels
from flows.pages.publish import CallEntry, Manifest, publish_day, reports_folder
from flows.rescore import PART
from flows.settings import DiarizerSettings, Settings, TranscriberSettings, load_settings
from postcall.errors import SettingsError, StorageError
from storage.ledger import Ledger
from storage.tables import Tables
from storage.telephony import RecordFormat
from tests.flows.conftest import Command, Unwatched
from tests.flows.small_nights import FIRST, make_centre
from tests.flows.small_nights import MARKER as OTHER_MARKER

DAY = date(2026, 3, 2)
KEY = "+79265550147"
MARKER = "Zyxmarkedword"
ERASED_CALLS = ("erased-call-aa1", "erased-call-bb2")
KEPT_CALL = "kept-call-cc3"
BUNDLED = Path(str(resources.files("flows").joinpath("demo")))
SOUNDS = {
    "erased-call-aa1": "06-swearing.flac",
    "erased-call-bb2": "07-promise.wav",
    "kept-call-cc3": "03-hold-sudden.opus",
}


def _centre(folder: Path) -> Settings:
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    rows = []
    for call_id, name in SOUNDS.items():
        suffix = Path(name).suffix
        shutil.copy(BUNDLED / "recordings" / name, recordings / f"{call_id}{suffix}")
        words = [line.split() for line in (BUNDLED / "transcripts" / f"{Path(name).stem}.ctm").read_text("utf-8").splitlines()]
        if call_id in ERASED_CALLS:
            words[0][4] = MARKER
        (recordings / f"{call_id}.ctm").write_text("".join(" ".join(word) + "\n" for word in words), encoding="utf-8")
        rows.append(_row(call_id, f"{call_id}{suffix}", KEY if call_id in ERASED_CALLS else "other-customer"))
    # Put aside: the same sound under another id, and a recording that is none.
    shutil.copy(recordings / "erased-call-aa1.flac", recordings / "twin-call-dd4.flac")
    rows.append(_row("twin-call-dd4", "twin-call-dd4.flac", "other-customer"))
    (recordings / "erased-call-broken.wav").write_bytes(b"RIFF" + b"no sound" * 50)
    rows.append(_row("erased-call-broken", "erased-call-broken.wav", KEY))
    with (folder / "calls.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Settings(
        store=folder / "store",
        recordings=str(recordings),
        calls=str(folder / "calls.csv"),
        workers=1,
        records=RecordFormat(time_zone="UTC"),
        transcriber=TranscriberSettings(engine="none"),
        diarizer=DiarizerSettings(engine="none"),
    )


def _row(call_id: str, recording: str, customer: str) -> dict[str, str]:
    at = "2026-03-02T10:0"
    return {
        "call_id": call_id,
        "recording": recording,
        "started_at": f"{at}0:00Z",
        "answered_at": f"{at}0:10Z",
        "ended_at": f"{at}3:00Z",
        "direction": "inbound",
        "queue": "sales",
        "agent_id": "a1",
        "agent_name": "Olga",
        "customer_key": customer,
        "channel_map": "customer|agent",
        "note": f"noted {MARKER}" if customer == KEY else "noted",
    }


def _run(settings: Settings) -> None:
    quiet = settings.model_copy(update={"pages": settings.pages.model_copy(update={"nightly": False})})
    run_night(DAY, quiet, step=plainly, progress=Unwatched())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre after two nights of one day, with reports, an export and an audit; copied for each test."""
    folder = tmp_path_factory.mktemp("centre")
    settings = _centre(folder)
    _run(settings)
    # The second run leaves an old version of every table behind.
    _run(settings)
    reports = reports_folder(settings.store, settings.pages)
    labels, tables = Labels("en"), Tables(settings.store)
    with publish_day(reports, DAY, labels) as pages:
        for call_id in ("erased-call-bb2", KEPT_CALL):
            facts = read_call(tables, call_id, DAY)
            page = call_page(facts, find_sound(facts, settings), settings.pages, labels)
            pages.add_call(CallEntry(page.name, call_id, audio=page.audio_name), page.html, page.audio)
        pages.add_report("01_overview", f"<p>worst: {KEPT_CALL}, erased-call-aa1</p>", "Overview")
        pages.add_report("02_other", f"<p>worst: {KEPT_CALL}</p>", "Other")
    (reports / "calls").mkdir()
    (reports / "calls" / "erased-call-aa1.html").write_text(f"<p>{MARKER}</p>")
    (settings.store / "notes.txt").write_text("listen to erased-call-bb2\n")
    PageAudit(settings.store).add("boss", "page", "erased-call-aa1", DAY)
    PageAudit(settings.store).add("boss", "page", KEPT_CALL, DAY)
    exports = folder / "exports"
    exports.mkdir()
    (exports / "contacts.csv").write_text(f"call_id\n{KEPT_CALL}\nerased-call-aa1\n")
    (exports / "other.csv").write_text(f"call_id\n{KEPT_CALL}\nerased-call-aa10\n")
    return folder


@pytest.fixture
def centre(whole: Path, tmp_path: Path) -> Settings:
    folder = tmp_path / "centre"
    shutil.copytree(whole, folder)
    return Settings(
        store=folder / "store",
        recordings=str(folder / "recordings"),
        calls=str(folder / "calls.csv"),
        workers=1,
        records=RecordFormat(time_zone="UTC"),
        transcriber=TranscriberSettings(engine="none"),
        diarizer=DiarizerSettings(engine="none"),
    )


def _bytes_of(file: Path) -> str:
    """All that a file says: as it is, and what it unpacks to."""
    text = file.read_bytes().decode("utf-8", errors="replace")
    if file.suffix == ".parquet":
        table = pq.read_table(file, partitioning=None)
        text += str(table.to_pydict()) + str(table.schema) + str(pq.read_metadata(file).to_dict())
    return text


def _files_naming(folder: Path, *needles: str) -> list[str]:
    found = []
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            text = file.name + _bytes_of(file)
            found += [f"{file.relative_to(folder)}: {needle}" for needle in needles if needle in text]
    return found


def test_all_is_there_before(centre: Settings) -> None:
    named = " ".join(_files_naming(centre.store, *ERASED_CALLS, KEY, MARKER))
    for place in (
        "_delta_log",
        "stage_word",
        "call_contact",
        "ledger.sqlite",
        "audit.sqlite",
        "artifacts",
        "reports",
        "notes.txt",
    ):
        assert place in named, place
    plan = plan_erasure(centre, KEY)
    assert plan.counts["calls"] == 3
    assert plan.rows["run_failure"] == 1
    assert plan.counts["artifacts"] >= 4
    assert plan.counts["call_pages"] == 3
    assert plan.counts["reports_and_files"] == 2
    assert len(plan.recordings) == 5


def test_nothing_is_left_in_any_byte(centre: Settings) -> None:
    (centre.store / PART).mkdir()
    (centre.store / PART / "stage_word.arrow").write_bytes(b"compressed rows of a re-score that was killed")
    path, proof = erase(centre, KEY, exports=[centre.store.parent / "exports"])
    assert not (centre.store / PART).exists()
    assert _files_naming(centre.store, *ERASED_CALLS, "erased-call-broken", KEY, MARKER) == []
    assert (centre.store.parent / "exports" / "other.csv").is_file()
    assert not (centre.store.parent / "exports" / "contacts.csv").exists()
    # The recordings stay where they are not ours.
    assert len(list(Path(centre.recordings).glob("erased-call-*"))) == 5
    tables = Tables(centre.store)
    assert set(tables.read("call_contact")["call_id"].to_pylist()) == {KEPT_CALL, "twin-call-dd4"}
    assert tables.read("stage_word").num_rows > 0
    assert [row["call_id"] for row in tables.read("run_failure").to_pylist()] == ["twin-call-dd4"]
    assert "[erased]" in tables.read("run_failure")["message"][0].as_py()
    opened = PageAudit(centre.store).rows()
    assert sorted(row.call_id for row in opened) == ["[erased]", KEPT_CALL]
    reports = Manifest.read(centre.store / "reports" / DAY.isoformat())
    assert list(reports.calls) == [KEPT_CALL]
    assert list(reports.reports) == ["02_other"]
    assert proof["removed"]["calls"] == 3
    assert proof["finished_at"]
    assert json.loads(path.read_text()) == proof
    kinds = proof["files_by_kind"]
    assert kinds["artifact"] >= 4
    assert kinds["table file"] > 20
    assert kinds["export"] == 1


def test_the_proof_holds_for_the_customer_and_for_no_other(centre: Settings) -> None:
    path, proof = erase(centre, KEY)
    assert KEY not in path.read_text()
    customer = proof["customer"]
    assert customer["digest"] == customer_digest(KEY, bytes.fromhex(customer["salt"]))
    assert is_erased(centre.store, KEY) == path
    assert is_erased(centre.store, "other-customer") is None


def test_no_night_brings_them_back(centre: Settings) -> None:
    erase(centre, KEY)
    twin = Path(centre.recordings) / "renamed.flac"
    shutil.copy(Path(centre.recordings) / "erased-call-aa1.flac", twin)
    with Path(str(centre.calls)).open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(_row("new-id-for-it", "renamed.flac", "someone").values())
    _run(centre)
    assert _files_naming(centre.store, *ERASED_CALLS, "erased-call-broken", KEY, MARKER) == []
    # Neither the twin with the same sound, nor the sound under a new name.
    assert Tables(centre.store).read("call_contact")["call_id"].to_pylist() == [KEPT_CALL]


def test_recordings_go_when_asked_for(centre: Settings) -> None:
    sound = hashlib.sha256((Path(centre.recordings) / "erased-call-aa1.flac").read_bytes()).hexdigest()
    _, proof = erase(centre, KEY, with_recordings=True)
    left = sorted(file.name for file in Path(centre.recordings).iterdir())
    assert left == ["kept-call-cc3.ctm", "kept-call-cc3.opus", "twin-call-dd4.flac"]
    assert proof["removed"]["recordings"] == 5
    assert {"kind": "recording", "sha256": sound} == {
        name: value
        for name, value in next(one for one in proof["files"] if one["sha256"] == sound).items()
        if name != "size_bytes"
    }


@pytest.mark.parametrize("broken", ["_remove_pages", "remove_artifacts", "erase_rows"])
def test_it_goes_on_where_it_was_broken_off(centre: Settings, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    original = getattr(erasure, broken)
    calls = []

    def breaking(*arguments: object, **named: object) -> object:
        calls.append(broken)
        if broken != "erase_rows" or len(calls) > 5:
            raise StorageError("the disk is full")
        return original(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(erasure, broken, breaking)
        with pytest.raises(StorageError, match="full"):
            erase(centre, KEY)
    _, proof = erase(centre, KEY)
    assert _files_naming(centre.store, *ERASED_CALLS, KEY, MARKER) == []
    assert proof["removed"]["calls"] == 3
    assert proof["files_by_kind"]["artifact"] >= 4
    assert len(list((centre.store / "erasures").iterdir())) == 1


def test_what_a_stopped_night_left_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night, "_FEW_CALLS", 2)
    small = make_centre(tmp_path, days=1, calls=5)
    recordings = tmp_path / "recordings" / FIRST.isoformat()
    for number in (2, 3, 4):
        (recordings / f"{OTHER_MARKER}-0-{number}.wav").write_bytes(b"\x00" * (number + 9))
    records = tmp_path / f"calls-{FIRST.isoformat()}.csv"
    *rows, others = records.read_text().splitlines()
    refused = rows[1].replace("c-0-0", "c-bad").replace(f"{FIRST.isoformat()}T10:00:05Z", "soon")
    others = others.replace(f"{OTHER_MARKER}-key", "somebody-else")
    records.write_text("\n".join([*rows, others, refused, ""]))
    settings = load_settings(small.settings_file)
    with pytest.raises(NightStopped):
        run_night(FIRST, settings, step=plainly)
    # No table tells whose calls these are: the night was stopped before it wrote one.
    assert Tables(small.store).names() == ["run_failure"]
    failed = {row["call_id"] for row in Tables(small.store).read("run_failure").to_pylist()}
    assert failed == {"c-0-2", "c-0-3", "c-0-4", "c-bad"}
    kept = [file for file in (small.store / "artifacts").rglob("*") if file.is_file()]
    assert kept
    assert plan_erasure(settings, f"{OTHER_MARKER}-key").counts["calls"] == 5
    erase(settings, f"{OTHER_MARKER}-key")
    assert _files_naming(small.store, "c-0-0", "c-0-1", "c-0-2", "c-0-3", "c-bad", f"{OTHER_MARKER}-0-0") == []
    assert [row["call_id"] for row in Tables(small.store).read("run_failure").to_pylist()] == ["c-0-4"]
    assert not any(file.exists() for file in kept)


def test_a_ledger_of_an_older_program_learns_whose_calls_there_are(centre: Settings) -> None:
    with sqlite3.connect(centre.store / "ledger.sqlite") as db:
        db.executescript("drop table customer; drop table secret")
    assert plan_erasure(centre, KEY).counts["calls"] == 3  # by the tables
    _run(centre)
    with Ledger(centre.store) as ledger:
        calls, paths = ledger.of_customer(KEY)
    assert calls == {*ERASED_CALLS, "erased-call-broken"}
    assert (DAY, "erased-call-broken.wav") in paths


def test_an_unknown_customer_changes_nothing(centre: Settings) -> None:
    with pytest.raises(SettingsError, match="no call"):
        erase(centre, "+70000000000")
    assert not (centre.store / "erasures").exists()
    assert not (centre.store / "tombstones.json").exists()


def test_the_command_shows_first_and_prints_no_key(centre: Settings, postcall: Command) -> None:
    options = ("--customer", KEY, "--store", centre.store, "--settings", _settings_file(centre))
    shown = postcall("erase", *options)
    assert shown.code == 0
    assert "Nothing was changed" in shown.out
    assert _files_naming(centre.store, KEY)
    done = postcall("erase", *options, "--yes")
    assert done.code == 0, done.err
    assert "Erased" in done.out
    again = postcall("erase", *options, "--yes")
    assert again.code == 0
    assert "nothing is left" in again.out
    for printed in (shown, done, again):
        assert KEY not in printed.out + printed.err
        assert "erased-call" not in printed.out + printed.err
    unknown = postcall("erase", "--customer", "nobody", "--store", centre.store)
    assert unknown.code == 2


def _settings_file(settings: Settings) -> Path:
    path = settings.store.parent / "postcall.toml"
    path.write_text(f"recordings = '{settings.recordings}'\ncalls = '{settings.calls}'\n")
    return path


def test_the_demos_own_recordings_are_never_deleted(postcall: Command, tmp_path: Path) -> None:
    store = tmp_path / "demo-store"
    store.mkdir()
    (store / MARK).touch()
    refused = postcall("erase", "--customer", "c-9c14b3", "--recordings", "--yes", "--store", store)
    assert refused.code == 2
    assert "belong to the program" in refused.err


def test_the_key_may_come_from_standard_input(centre: Settings, postcall: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    shown = postcall("erase", "--customer", "-", "--store", centre.store, "--settings", _settings_file(centre))
    assert "Would be removed" in shown.out


def test_the_ledger_forgets(centre: Settings) -> None:
    erase(centre, KEY)
    with sqlite3.connect(centre.store / "ledger.sqlite") as db:
        calls = {row[0] for row in db.execute("select call_id from call")}
        paths = {row[0] for row in db.execute("select path from file")}
        customers = {row[0] for row in db.execute("select call_id from customer")}
    assert customers == {KEPT_CALL, "twin-call-dd4"}
    assert calls == {KEPT_CALL, "twin-call-dd4"}
    # The twin is the same sound: its path is forgotten with it.
    assert paths == {"kept-call-cc3.opus"}
