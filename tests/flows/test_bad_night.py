"""A night over everything that can be wrong with its input: each thing in its own row, and the good calls untouched."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest
from rich.console import Console

from flows.night import NightReport, plainly, run_night
from flows.report import print_report
from flows.settings import Settings
from storage.ledger import Ledger
from storage.recordings import Recordings
from storage.tables import Tables
from storage.telephony import RecordFormat
from tests.bad_input import records
from tests.bad_input.recordings import BadRecording, make_bad_recordings
from tests.flows.conftest import Command, Ended, Unwatched

DAY = date(2026, 1, 30)
ZONE = "Europe/Berlin"
GOOD = {"01-good-service": ".flac", "03-hold-sudden": ".opus"}
"""Bundled calls that lie among the bad ones, and the suffix of their recordings."""

ELSEWHERE = {"spring_gap", "autumn_twice"}
"""Rows of other days: they must not stand in this night."""

Expected = tuple[str | None, int | None, str]
"""Call id, line of the call-record file, code."""


@dataclass(frozen=True)
class Corpus:
    """A folder with all of it, and what must come of it."""

    settings: Settings
    expected: Counter[Expected]
    usable: frozenset[str]
    ids: dict[str, str]
    """Name of a bad recording -> its call id."""


# ── the folder ───────────────────────────────────────────────────────────────


def _at(seconds: float) -> str:
    return (datetime(2026, 1, 30, 9, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()


def _record(call_id: str, recording: str, *, seconds: float = 60, **cells: str) -> dict[str, str]:
    return {
        "call_id": call_id,
        "recording": recording,
        "started_at": _at(0),
        "offered_at": _at(1),
        "answered_at": _at(2),
        "ended_at": _at(2 + seconds),
        "direction": "inbound",
        "holds": "[]",
        "transfers": "0",
        "disconnected_by": "customer",
        "channel_map": "customer|agent",
    } | cells


class _Rows:
    """A call-record file with byte-order mark and semicolons, written line by line."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._text.write("\ufeff" + records.HEADER.replace(",", ";") + "\r\n")

    @property
    def next_line(self) -> int:
        return self._text.getvalue().count("\n") + 1

    def add(self, cells: dict[str, str]) -> None:
        csv.writer(self._text, delimiter=";").writerow([cells[column] for column in records.HEADER.split(",")])

    def add_raw(self, row: str) -> None:
        """A row with commas, as `tests.bad_input.records` has them; broken quotes stay broken."""
        try:
            cells = next(csv.reader([row], strict=True))
        except csv.Error:
            self._text.write(row.replace(",", ";") + "\n")
        else:
            csv.writer(self._text, delimiter=";").writerow(cells)

    def write(self, path: Path) -> None:
        path.write_text(self._text.getvalue(), encoding="utf-8", newline="")


def _add_bad_recordings(folder: Path, rows: _Rows, expected: Counter[Expected]) -> tuple[set[str], dict[str, str]]:
    """All of `make_bad_recordings`, a record for each; the usable ones' call ids, and the id of each name."""
    owners: dict[str, str] = {}
    usable = set()
    ids = {}
    for number, bad in enumerate(make_bad_recordings(folder)):
        call_id = f"r{number:02}"
        ids[bad.name] = call_id
        line = rows.next_line
        rows.add(_record(call_id, bad.name))
        if any(ord(letter) < 32 for letter in bad.name):
            expected[call_id, line, "bad_text"] += 1
            expected[None, None, "unsafe_path"] += 1  # such a name can stand in no table
        elif bad.code is not None:
            expected[call_id, None, _told(folder, bad, call_id, owners)] += 1
        elif (owner := _owner(folder, bad, call_id, owners)) != call_id:
            assert owner in usable
            expected[call_id, None, "duplicate_recording"] += 1
        else:
            usable.add(call_id)
    return usable, ids


def _told(folder: Path, bad: BadRecording, call_id: str, owners: dict[str, str]) -> str:
    assert bad.code is not None
    is_first = bad.stage == "storage" or bad.name.startswith("twelve") or _owner(folder, bad, call_id, owners) == call_id
    return bad.code if is_first else "duplicate_recording"


def _owner(folder: Path, bad: BadRecording, call_id: str, owners: dict[str, str]) -> str:
    return owners.setdefault(hashlib.sha256((folder / bad.name).read_bytes()).hexdigest(), call_id)


def _add_bad_rows(rows: _Rows, expected: Counter[Expected]) -> None:
    """Every case of `tests.bad_input.records` that can stand in one file of commas among others."""
    for case in records.CASES:
        if case.code is None or case.stage == "file" or not case.content.startswith(records.HEADER.encode()):
            continue
        if case.name in ("open_quote_in_the_middle", "wrong_year"):  # the same as others, once they are not alone in a file
            continue
        text = case.content.decode().removeprefix(records.HEADER + "\n").replace(records.GOOD + "\n", "")
        name = f"b-{case.name}"
        text = text.replace("bad-1", name).replace("\na,", f"\n{name},").removesuffix("\n")
        text = name + text[1:] if text.startswith("a,") else text
        for row in [text] if case.name == "newline_in_id" else text.split("\n"):
            line = rows.next_line
            rows.add_raw(row)
            if case.name in ELSEWHERE:
                continue
            has_id = case.name not in NO_ID
            expected[name if has_id else None, line if case.stage == "row" else None, case.code] += 1


NO_ID = {
    "no_call_id", "control_character_in_id", "newline_in_id", "invisible_character_in_id", "endless_id", "too_few_cells",
    "too_many_cells", "open_quote",
}  # fmt: skip
"""Cases whose call id cannot be told."""


def _add_good_calls(folder: Path, rows: _Rows) -> None:
    for call_id, suffix in GOOD.items():
        for name in (f"recordings/{call_id}{suffix}", f"transcripts/{call_id}.ctm"):
            shutil.copy(str(resources.files("flows").joinpath("demo", name)), folder)
        hold = json.dumps([{"start": _at(10), "end": _at(24)}]) if "hold" in call_id else "[]"
        rows.add(_record(call_id, call_id + suffix, holds=hold))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    top = tmp_path_factory.mktemp("bad-night")
    folder = top / "recordings"
    folder.mkdir()
    rows, expected = _Rows(), Counter[Expected]()
    usable, ids = _add_bad_recordings(folder, rows, expected)
    _add_good_calls(folder, rows)
    # The same sound under a second call, a recording of nobody's, one that two files could be, transcripts that are none.
    first = next(iter(GOOD))
    shutil.copy(folder / f"{first}{GOOD[first]}", folder / "z-copy.flac")
    rows.add(_record("z-copy", "z-copy.flac"))
    expected["z-copy", None, "duplicate_recording"] += 1
    shutil.copy(folder / "cut.wav", folder / "nobody.wav")
    expected[None, None, "unmatched_recording"] += 1
    for suffix in (".wav", ".mp3"):
        shutil.copy(folder / "cut.wav", folder / f"z-either{suffix}")
        expected[None, None, "unmatched_recording"] += 1
    rows.add(_record("z-either", ""))
    expected["z-either", None, "ambiguous_recording"] += 1
    for call_id, make in (
        ("z-bad-ctm", lambda path: path.write_text("not a transcript\n")),
        ("z-ctm-of-bytes", lambda path: path.write_bytes(b"\xff\xfe\x00")),
        ("z-ctm-link-out", lambda path: path.symlink_to("/etc/hostname")),
        ("z-ctm-folder", lambda path: path.mkdir()),
    ):
        sound = (folder / "streamed.wav").read_bytes()
        (folder / f"{call_id}.wav").write_bytes(sound + call_id.encode() * 1000)  # bytes of its own, so no duplicate
        make(folder / f"{call_id}.ctm")
        rows.add(_record(call_id, f"{call_id}.wav"))
        expected[call_id, None, "transcript"] += 1
        usable.add(call_id)
    # A name in no table, an empty recording column, a call nobody answered: in order, all of them.
    rows.add(_record("z-abandoned", "", answered_at="", channel_map=""))
    rows.add(_record("z-no-recording", ""))
    expected["z-no-recording", None, "missing_recording"] += 1
    _add_bad_rows(rows, expected)
    rows.write(top / "calls.csv")
    settings = Settings(
        store=top / "store",
        recordings=str(folder),
        calls=str(top / "calls.csv"),
        workers=2,
        max_failed_share=1.0,  # half of these calls are bad on purpose
        records=RecordFormat(time_zone=ZONE),
    )
    _hash_beforehand(settings, [f"{name}.wav" for name in ("twelve-hours", "twelve-hours-streamed")])
    return Corpus(settings, expected, frozenset(usable | GOOD.keys()), ids)


def _hash_beforehand(settings: Settings, names: list[str]) -> None:
    """As an earlier night would have: reading 2.7 GB of zeros is what takes long here."""
    settings.store.mkdir()
    recordings = Recordings(settings.recordings)
    with Ledger(settings.store) as ledger:
        ledger.remember_digests({name: (recordings.fingerprint(name), f"{number:064}") for number, name in enumerate(names)})


def _run(settings: Settings) -> NightReport:
    return run_night(DAY, settings, step=plainly, progress=Unwatched())


@pytest.fixture(scope="module")
def night(corpus: Corpus) -> NightReport:
    return _run(corpus.settings)


def _failures(settings: Settings) -> list[dict[str, object]]:
    rows = Tables(settings.store).read("run_failure", DAY).to_pylist()
    return sorted(rows, key=lambda row: str(row["failure_id"]))


# ── what became of it ────────────────────────────────────────────────────────


def test_each_bad_thing_has_its_own_row_and_nothing_else_fails(corpus: Corpus, night: NightReport) -> None:
    found = Counter((row["call_id"], row["line"], row["code"]) for row in _failures(corpus.settings))
    assert found - corpus.expected == Counter()
    assert corpus.expected - found == Counter()
    assert len({code for *_, code in found}) >= 25
    assert night.defects == 0


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("control\x07\n.wav", "bad_text"),
        ("directory.wav", "unsafe_path"),
        ("link-out.wav", "unsafe_path"),
        ("link-dangling.wav", "missing_recording"),
        ("звонок № 1.wav", "duplicate_recording"),  # the same sound as its neighbours: found, read, and told apart
        ("通话📞.wav", "duplicate_recording"),
        ("trailing spaces.wav   ", "duplicate_recording"),
        ("%2e%2e%2f.wav", "duplicate_recording"),
        ("zero-bytes.wav", "empty"),
    ],
)
def test_odd_names_are_told(corpus: Corpus, night: NightReport, what: str, code: str) -> None:
    [failure] = [row for row in _failures(corpus.settings) if row["call_id"] == corpus.ids[what]]
    assert failure["code"] == code


def test_the_good_calls_have_all_their_rows(corpus: Corpus, night: NightReport) -> None:
    tables = Tables(corpus.settings.store)
    heard = {row["call_id"] for row in tables.read("stage_recording", DAY).to_pylist()}
    assert heard == corpus.usable
    for call_id in GOOD:
        without = {
            name
            for name in tables.names()
            # A scorecard needs a manual in the call's language, and nothing tells the language of these.
            if name.startswith(("call_", "stage_"))
            and name != "call_scorecard"
            and call_id not in tables.read(name, DAY)["call_id"].to_pylist()
        }
        assert not without, call_id
        assert not [row for row in tables.read("run_skip", DAY).to_pylist() if row["call_id"] == call_id]
    assert tables.read("kpi_daily", DAY).num_rows == 1


def test_a_record_outlives_its_recording(corpus: Corpus, night: NightReport) -> None:
    """A call whose recording was put aside keeps what its record can tell."""
    contacts = {row["call_id"] for row in Tables(corpus.settings.store).read("call_contact", DAY).to_pylist()}
    put_aside = {row["call_id"] for row in _failures(corpus.settings) if row["stage"] == "recording" and row["call_id"]}
    assert put_aside <= contacts
    assert night.quarantined >= 80


SAYS_ENOUGH = {"bad_call_id", "bad_number", "bad_text", "cell_too_long", "empty", "no_call_id", "missing_recording"}
"""Kinds whose message is all there is to say, or for which the page of operations says what to do."""


def test_every_failure_says_what_happened_and_what_to_do(corpus: Corpus, night: NightReport) -> None:
    folder = str(corpus.settings.recordings)
    for row in _failures(corpus.settings):
        message, hint = str(row["message"]), row["hint"]
        assert len(message) > 10
        assert hint or row["code"] in SAYS_ENOUGH | {"impossible_times", "unsafe_path"}, message
        assert folder not in message
        assert not any(ord(letter) < 32 for letter in message)


def test_run_again_it_writes_the_same(corpus: Corpus, night: NightReport) -> None:
    before = _failures(corpus.settings)
    again = _run(corpus.settings)
    assert _failures(corpus.settings) == before
    assert (again.run_id, again.calls, again.quarantined) == (night.run_id, night.calls, night.quarantined)


@pytest.mark.parametrize("width", [60, 100, 120])
def test_the_report_names_every_kind(corpus: Corpus, night: NightReport, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), record=True)
    print_report(console, corpus.settings.store, DAY)
    text = console.export_text()
    for _, _, code in corpus.expected:
        assert code in text
    assert max(map(len, text.splitlines())) <= max(width, 100)  # only paths and commands are longer


def test_the_command_ends_with_3(
    corpus: Corpus, night: NightReport, postcall: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTCALL_MAX_FAILED_SHARE", "1")
    settings = corpus.settings
    ended = postcall(
        "nightly", "--date", DAY, "--store", settings.store, "--recordings", settings.recordings, "--calls", settings.calls,
        "--time-zone", ZONE,
    )  # fmt: skip
    assert ended.code == 3, ended.err
    assert "Put aside or failed" in ended.out


def test_bad_lines_of_json(tmp_path: Path) -> None:
    cases = [case for case in records.CASES if case.file_name.startswith("json_") and case.stage == "row"]
    lines = [line for case in cases for line in case.content.splitlines() if b"good-1" not in line]
    assert len(lines) >= 5
    (tmp_path / "recordings").mkdir()
    (tmp_path / "calls.jsonl").write_bytes(b"\n".join([*lines, b'{"call_id": "good", "offered": 1769767200}']))
    settings = Settings(
        store=tmp_path / "store",
        recordings=str(tmp_path / "recordings"),
        calls=str(tmp_path / "calls.jsonl"),
        records=RecordFormat(time_zone=ZONE),
    )
    report = _run(settings)
    assert report.calls == 1
    assert Counter(row["code"] for row in _failures(settings)) == Counter(case.code for case in cases)


# ── what stops a night before any work ───────────────────────────────────────


def _snapshot(store: Path) -> dict[str, tuple[int, int]]:
    tables = store / "tables"
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in tables.rglob("*") if path.is_file()}


def _assert_nothing_was_done(ended: Ended, store: Path, before: dict[str, tuple[int, int]]) -> None:
    assert ended.code == 2, ended.err
    assert "Traceback" not in ended.err
    lines = [line for line in ended.err.splitlines() if "calls" not in line or "Nothing" in line]
    assert lines[0].startswith("Nothing was done. ")
    assert len(lines) <= 2
    assert _snapshot(store) == before


@pytest.mark.parametrize("name", [case.name for case in records.CASES if case.stage == "file"])
def test_a_file_that_cannot_be_used(demo_store: Path, tmp_path: Path, postcall: Command, name: str) -> None:
    [case] = [case for case in records.make_bad_records(tmp_path) if case.name == name]
    (tmp_path / "recordings").mkdir()
    before = _snapshot(demo_store)
    ended = postcall("nightly", "--date", DAY, "--store", demo_store, "--calls", case.path)
    _assert_nothing_was_done(ended, demo_store, before)
    assert len(before) > 20


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("", ["--calls", "gone.csv"], "gone.csv"),
        ("", ["--recordings", "gone"], "recordings folder"),
        ("", ["--settings", "gone.toml"], "gone.toml"),
        ("", ["--policy", "gone.toml"], "gone.toml"),
        ("", ["--time-zone", "Mars/Olympus"], "IANA"),
        ("", ["--recordings", "calls/{day}"], "{date}"),
        ("stor = 'x'", [], "'store'"),
        ("[[[", [], "postcall.toml"),
        ("workers = 0", [], "workers"),
        ("[recorder]\nname_pattern = '('", [], "regular expression"),
        ("[transcriber]\nengine = 'whisper'", [], "faster-whisper"),
        ("[transcriber.options]\nmodel = 'gone/model'", [], "model"),
        ("policy = 'policy.toml'", [], "'dead_air'"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(
    demo_store: Path, tmp_path: Path, postcall: Command, content: str, arguments: list[str], said: str
) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "calls.csv").write_text(records.HEADER + "\n" + records.GOOD + "\n")
    (tmp_path / "policy.toml").write_text("[dead_airr]\nmin_s = 5\n")
    defaults = f"store = '{demo_store}'\ncalls = 'calls.csv'\n"
    (tmp_path / "postcall.toml").write_text(f"{defaults if 'stor =' not in content else ''}{content}\n")
    before = _snapshot(demo_store)
    ended = postcall("nightly", "--date", DAY, *arguments)
    _assert_nothing_was_done(ended, demo_store, before)
    assert said in ended.err


def test_a_store_that_cannot_be_made(tmp_path: Path, postcall: Command) -> None:
    (tmp_path / "store").write_text("a file")
    ended = postcall("nightly", "--date", DAY, "--store", "store", "--recordings", ".")
    _assert_nothing_was_done(ended, tmp_path / "store", {})


@pytest.fixture(scope="module")
def demo_store(demo_night: tuple[Path, NightReport], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a store with a night in it."""
    return Path(shutil.copytree(demo_night[0], tmp_path_factory.mktemp("copied") / "store"))
