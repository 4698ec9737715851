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
from postcall.errors import PostCallError
from storage.recordings import NOT_RECORDINGS
from storage.tables import Tables
from storage.telephony import RecordFormat
from tests.bad_input import records
from tests.bad_input.recordings import BadRecording, make_bad_recordings
from tests.flows.conftest import Command, Unwatched

DAY = date(2026, 1, 30)
ZONE = "Europe/Berlin"
GOOD = {"01-good-service": ".flac", "03-hold-without-etiquette": ".opus"}
"""Bundled calls that lie among the bad ones, and the suffix of their recordings."""

COLUMNS = (*records.HEADER.split(","), "direction_note")
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


def _add_bad_recordings(folder: Path, rows: _Rows, expected: Counter[Expected]) -> set[str]:
    """All of `make_bad_recordings`, a record for each; the usable ones' call ids."""
    owners: dict[str, str] = {}
    usable = set()
    for number, bad in enumerate(make_bad_recordings(folder)):
        call_id = f"r{number:02}"
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
    return usable


def _told(folder: Path, bad: BadRecording, call_id: str, owners: dict[str, str]) -> str:
    assert bad.code is not None
    is_first = bad.stage == "storage" or bad.name.startswith("twelve") or _owner(folder, bad, call_id, owners) == call_id
    return bad.code if is_first else "duplicate_recording"


def _owner(folder: Path, bad: BadRecording, call_id: str, owners: dict[str, str]) -> str:
    return owners.setdefault(hashlib.sha256((folder / bad.name).read_bytes()).hexdigest(), call_id)


def _add_bad_rows(rows: _Rows, expected: Counter[Expected]) -> None:
    """Every case of `tests.bad_input.records` that can stand in one file of commas among others."""
    for case in records.CASES:
        if case.stage == "file" or case.problems == 0 and case.code is None or case.path is not None:
            continue
        if not case.content.startswith(records.HEADER.encode()) or case.name in ("open_quote_in_the_middle", "wrong_year"):
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
            code = {"no_time_zone": "no_time_zone"}.get(case.name, case.code)
            assert code is not None
            expected[name if has_id else None, line if case.stage == "row" else None, code] += 1


NO_ID = {
    "no_call_id", "control_character_in_id", "newline_in_id", "invisible_character_in_id", "endless_id", "too_few_cells",
    "too_many_cells", "open_quote",
}  # fmt: skip
"""Cases whose call id cannot be told."""


def _add_good_calls(folder: Path, rows: _Rows) -> None:
    for call_id, suffix in GOOD.items():
        for name in (call_id + suffix, f"{call_id}.ctm"):
            shutil.copy(str(resources.files("flows").joinpath("demo", "recordings", name)), folder)
        hold = json.dumps([{"start": _at(10), "end": _at(24)}]) if "hold" in call_id else "[]"
        rows.add(_record(call_id, call_id + suffix, holds=hold))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    top = tmp_path_factory.mktemp("bad-night")
    folder = top / "recordings"
    folder.mkdir()
    rows, expected = _Rows(), Counter[Expected]()
    usable = _add_bad_recordings(folder, rows, expected)
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
        records=RecordFormat(time_zone=ZONE),
    )
    return Corpus(settings, expected, frozenset(usable | GOOD.keys()))


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
