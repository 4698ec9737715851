"""Nothing of a call leaves the tables that are marked for it: not into logs, messages or reprs, and nothing off the machine."""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import pytest
from rich.console import Console

import postcall.analyzer
import postcall.rollup
from flows import equipment, night
from flows.findings import Findings
from flows.listen import HeardCall, Listener
from flows.night import NightReport, plainly, run_night
from flows.plan import NightPlan
from flows.report import declared_tables, print_report
from flows.settings import Settings, TranscriberSettings
from postcall.analyzer import analyzer, discover
from postcall.call import Call
from postcall.privacy import SILENCED
from postcall.rollup import Day, rollup
from postcall.speech.engines import SpokenChannel
from postcall.tables import Field, spec_of, table
from postcall.transcript import Transcript
from storage.runs import RUN_TABLES
from storage.tables import Tables
from storage.telephony import RecordFormat
from tests.bad_input.recordings import pcm16, tones, wav
from tests.flows.conftest import Unwatched

MARKER = "Zyxwv73167458Marker"
DAY = date(2026, 3, 2)

HEADER = (
    "call_id,recording,started_at,offered_at,answered_at,ended_at,direction,queue,agent_id,agent_name,customer_key,holds,"
    "transfers,channel_map,note"
)


def _row(call_id: str, recording: str, transfers: str = "0", answered: str = "10:00:10") -> str:
    day = "2026-03-02T"
    return (
        f"{call_id},{recording},{day}10:00:00Z,{day}10:00:05Z,{day}{answered}Z,{day}10:03:00Z,inbound,sales,a1,"
        f"{MARKER} Ivanova,{MARKER}-key,[],{transfers},customer|agent,{MARKER} noted"
    )


# ── things that quote what they are given ────────────────────────────────────


@table("call_quoting", grain="call", primary_key=("call_id",))
class CallQuoting:
    """Rows of an analyzer that breaks its table's declaration."""

    call_id: Annotated[str, Field("Call id.")]
    talked: Annotated[float, Field("How much of it was talk.", maximum=1)]


@table("call_quoted", grain="call", primary_key=("call_id",))
class CallQuoted:
    """Rows of an analyzer that never gets so far."""

    call_id: Annotated[str, Field("Call id.")]


@table("kpi_quoted", grain="day", primary_key=("name",))
class KpiQuoted:
    """Rows of a rollup that never gets so far."""

    name: Annotated[str, Field("A name.")]


@dataclass(frozen=True)
class QuotingEngine:
    """A recogniser that puts what it heard into its error."""

    name: str = "quoting"
    revision: str = "1"
    options: Mapping[str, Any] = field(default_factory=dict)

    def transcribe(self, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
        raise RuntimeError(f"cannot align {MARKER} ({len(channels)}, {language})")


def _register(monkeypatch: pytest.MonkeyPatch) -> None:
    """An analyzer and a rollup that raise with words in the message, and an analyzer of rows out of bounds."""
    discover()  # first: what is imported later would be registered in the copies alone
    monkeypatch.setattr(postcall.analyzer, "_ANALYZERS", dict(postcall.analyzer._ANALYZERS))
    monkeypatch.setattr(postcall.rollup, "_ROLLUPS", dict(postcall.rollup._ROLLUPS))

    def quoting_words(call: Call) -> Iterator[CallQuoted]:
        raise ValueError(
            f"what is '{call.telephony.agent_name}' saying: {[w.text for w in call.need_transcript().words]} {MARKER}"
        )

    def quoting_rows(call: Call) -> Iterator[CallQuoting]:
        yield CallQuoting(call_id=f"{MARKER}{call.call_id}", talked=7.0)

    def quoting_daily(day: Day) -> Iterator[KpiQuoted]:
        raise KeyError(MARKER)

    for function in (quoting_words, quoting_rows, quoting_daily):
        function.__module__ = f"outside.{function.__name__}"
    analyzer(version=1)(quoting_words)
    analyzer(version=1)(quoting_rows)
    rollup(version=1, reads=())(quoting_daily)


# ── a night in which everything fails ────────────────────────────────────────


@dataclass(frozen=True)
class Marked:
    """What a night over marked calls left behind."""

    store: Path
    report: NightReport
    printed: str
    heard: list[HeardCall]
    plans: list[NightPlan]
    nights: list[Findings]
    connections: list[Any]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    """One night, without a network."""
    tmp_path = tmp_path_factory.mktemp("marked")
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield _marked_night(tmp_path, monkeypatch)


@contextmanager
def _kept(path: Path) -> Iterator[None]:
    """All that is printed, by Python or beneath it, and all that is logged, down to DEBUG, goes into a file."""
    root = logging.getLogger()
    level = root.level
    with path.open("w", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
        handler = logging.StreamHandler(file)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        saved = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in saved:
                os.dup2(file.fileno(), number)
            yield
        finally:
            for number, copy in saved:
                os.dup2(copy, number)
                os.close(copy)
            root.removeHandler(handler)
            root.setLevel(level)


def _marked_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Marked:
    folder = tmp_path / "recordings"
    folder.mkdir()
    bundled = Path(str(resources.files("flows").joinpath("demo")))
    shutil.copy(bundled / "recordings" / "06-swearing.flac", folder / f"{MARKER}-1.flac")
    words = [line.split() for line in (bundled / "transcripts" / "06-swearing.ctm").read_text(encoding="utf-8").splitlines()]
    (folder / f"{MARKER}-1.ctm").write_text("".join(" ".join([*word[:4], MARKER, *word[5:]]) + "\n" for word in words))
    sound = pcm16(tones(3.0))
    for name in ("bad-ctm", "no-ctm"):
        (folder / f"{name}.wav").write_bytes(wav(sound.tobytes()) + name.encode() * 100)
    (folder / "bad-ctm.ctm").write_text(f"{MARKER} 1 half {MARKER} {MARKER}\n")
    (folder / f"{MARKER}-corrupt.wav").write_bytes(b"RIFF" + MARKER.encode() * 99)
    (folder / f"{MARKER}-nobody.wav").write_bytes(wav(sound.tobytes()))
    rows = [
        _row("good", f"{MARKER}-1.flac"),
        _row("bad-ctm", "bad-ctm.wav"),
        _row("no-ctm", "no-ctm.wav"),
        _row("corrupt", f"{MARKER}-corrupt.wav"),
        _row("gone", f"{MARKER}-gone.wav"),
        _row("unsafe", f"../{MARKER}.wav"),
        _row("bad-row", "", transfers=MARKER),
        _row("bad-time", "", answered=MARKER),
        _row("ragged", "") + f",{MARKER},{MARKER}",
        _row("quote", f'"{MARKER}'),
    ]
    (tmp_path / "calls.csv").write_text("\n".join([HEADER, *rows, ""]))
    settings = Settings(
        store=tmp_path / "store",
        recordings=str(folder),
        calls=str(tmp_path / "calls.csv"),
        workers=1,
        records=RecordFormat(time_zone="UTC"),
        transcriber=TranscriberSettings(engine="quoting"),
    )
    _register(monkeypatch)
    monkeypatch.setattr(equipment, "load_transcriber", lambda _engine, _options: QuotingEngine())
    heard: list[HeardCall] = []
    plans: list[NightPlan] = []
    nights: list[Findings] = []
    _remember(monkeypatch, Listener, "hear", heard)
    _remember(monkeypatch, night, "plan_night", plans)
    _remember(monkeypatch, night, "listen_and_measure", nights)
    connections = _forbid_network(monkeypatch)
    printed = tmp_path / "printed"
    with _kept(printed):
        report = run_night(DAY, settings, step=plainly, progress=Unwatched())
        print_report(Console(width=120), settings.store, DAY)
        logging.getLogger("of.a.library").debug("the log is kept")
        os.write(2, b"what C writes is kept\n")
    return Marked(settings.store, report, printed.read_text(encoding="utf-8"), heard, plans, nights, connections)


def _remember(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, kept: list[Any]) -> None:
    original = getattr(owner, name)

    def remembering(*arguments: Any, **named: Any) -> Any:
        kept.append(original(*arguments, **named))
        return kept[-1]

    monkeypatch.setattr(owner, name, remembering)


def _forbid_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Refuse every connection out of this machine; where somebody tried to connect to."""
    connect = socket.socket.connect
    tried: list[Any] = []

    def local_only(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            tried.append(address)
            raise OSError("no network")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)
    return tried


def test_every_stage_fails_and_none_says_a_word(marked: Marked) -> None:
    failures = Tables(marked.store).read("run_failure", DAY).to_pylist()
    assert {row["stage"] for row in failures} == {"call_record", "recording", "transcript", "analyzer", "table"}
    codes = {row["code"] for row in failures}
    assert codes >= {
        "engine", "transcript", "undecodable", "missing_recording", "unsafe_path", "unmatched_recording", "bad_number",
        "bad_time", "ragged_row", "broken_row", "analyzer", "table",
    }  # fmt: skip
    assert {row["analyzer"] for row in failures} >= {"quoting_words", "call_quoting", "quoting_daily"}
    for kept in ("Put aside or failed", "the log is kept", "what C writes is kept"):
        assert kept in marked.printed
    assert MARKER not in marked.printed


def test_run_tables_hold_none_of_it_but_where_it_is_marked(marked: Marked) -> None:
    found_in = set()
    for row in RUN_TABLES:
        spec = spec_of(row)
        stored = Tables(marked.store).read(spec.name, DAY)
        for column in spec.stored_columns:
            if any(MARKER in str(value) for value in stored[column.name].to_pylist()):
                assert column.field.pii, f"{spec.name}.{column.name}"
                found_in.add(column.name)
    assert found_in == {"recording"}, "the marker must have been planted, or this shows nothing"


def test_other_tables_hold_it_only_where_it_is_marked(marked: Marked) -> None:
    found_in = set()
    for name, spec in declared_tables(discover()).items():
        if name not in Tables(marked.store).names():
            continue
        stored = Tables(marked.store).read(name, DAY)
        for column in spec.stored_columns:
            if any(MARKER in str(value) for value in stored[column.name].to_pylist()):
                assert column.field.pii, f"{name}.{column.name}"
                found_in.add(column.name)
    assert found_in >= {"agent_name", "customer_key", "extra", "recording_path", "text"}


def _parts(value: Any) -> Iterator[Any]:
    """An object and all that it holds."""
    yield value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for item in dataclasses.fields(value):
            yield from _parts(getattr(value, item.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _parts(item)


def test_no_repr_shows_it(marked: Marked) -> None:
    assert len(marked.heard) >= 6
    kinds = set()
    for whole in (*marked.heard, *marked.plans, marked.report):
        for part in _parts(whole):
            if dataclasses.is_dataclass(part) or isinstance(part, BaseException):
                kinds.add(type(part).__name__)
                assert MARKER not in repr(part), type(part).__name__
                assert MARKER not in str(part), type(part).__name__
    calls = [heard.call for heard in marked.heard if heard.call.transcript is not None]
    assert calls, "a call with words must be among them"
    for call in calls:
        for part in (call.transcript, *call.need_transcript().words, *call.turns, *call.utterances):
            kinds.add(type(part).__name__)
            assert MARKER not in repr(part)
    for found in marked.nights:
        assert MARKER not in repr(found)
    assert kinds >= {
        "Call", "Telephony", "Recording", "Transcript", "Word", "Turn", "Utterance", "HeardCall", "PlannedCall", "NightPlan",
        "Failure", "NightReport",
    }  # fmt: skip


def test_the_chain_of_an_error_is_kept_out_of_the_report(marked: Marked) -> None:
    """What a library said may be chained, for a debugger; nothing prints it."""
    for failure in marked.report.failures:
        assert MARKER not in "".join(traceback.format_exception_only(failure.error))


# ── off the machine ──────────────────────────────────────────────────────────


def test_a_night_needs_no_network_and_asks_for_none(marked: Marked) -> None:
    assert marked.report.calls == 6
    assert marked.connections == []


def _fresh(code: str) -> str:
    """What a new interpreter prints whose environment asks for telemetry."""
    asked = {name: "1" if value in ("0", "false") else "0" for name, value in SILENCED.items()}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked, "PREFECT_SERVER_ANALYTICS_ENABLED": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["postcall", "postcall.spans", "flows", "analyzers.silence", "storage.tables"])
def test_telemetry_is_off_whatever_the_environment_says(module: str) -> None:
    code = (
        f"import os, {module}; from postcall.privacy import SILENCED; print({{k: os.environ[k] for k in SILENCED}} == SILENCED)"
    )
    assert _fresh(code) == "True"


def test_prefect_reports_no_use() -> None:
    code = (
        "import flows.nightly; from prefect.settings import get_current_settings as s; "
        "from prefect._internal.analytics import is_telemetry_enabled as sdk; print(s().server.analytics_enabled, sdk())"
    )
    assert _fresh(code).splitlines()[-1] == "False False"
