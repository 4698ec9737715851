"""The command line as its user meets it: help, screens, messages, exit codes."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from rich.console import Console

import flows.night
import flows.settings
from flows import cli
from flows.accuracy import published
from flows.demonstration import DAY, transcribed_settings
from flows.night import NightReport
from flows.progress import progress_on
from flows.report import MASK, declared_tables, print_report, print_rows, print_tables
from postcall.analyzer import discover
from postcall.errors import StorageError
from storage.runs import RunNight
from storage.tables import Tables
from tests.flows.conftest import Command, Ended

COMMANDS = (
    *("nightly", "report", "demo", "init", "tables", "show", "accuracy", "docs"),
    *("standards", "records", "doctor", "status", "quarantine", "alerts", "call", "serve"),
    *("backfill", "export", "redact", "erase", "retain", "rescore", "capacity"),
)


@pytest.fixture
def store(demo_night: tuple[Path, NightReport]) -> Path:
    return demo_night[0]


def _arguments(store: Path) -> list[str]:
    """Options of a night on the bundled calls."""
    settings = transcribed_settings(store)
    return [
        "nightly", "--date", str(DAY), "--store", str(store), "--recordings", settings.recordings,
        "--calls", str(settings.calls), "--time-zone", "Europe/Moscow",
    ]  # fmt: skip


# ── accuracy ─────────────────────────────────────────────────────────────────


def test_the_errors_of_the_measures_are_shown(postcall: Command) -> None:
    ended = postcall("accuracy")
    assert ended.code == 0, ended.err
    [hold] = [line.split() for line in ended.out.splitlines() if line.split()[:1] == ["hold"] and line.split()[1].isdigit()]
    rows = {(row["measure"], row["condition"], bool(row["f1"])): row for row in published()}
    assert f"{float(rows['hold', 'two channels', True]['precision']):.1%}" in hold
    assert "Other conditions: all, one channel" in " ".join(ended.out.split())


def test_an_unknown_condition_is_told(postcall: Command) -> None:
    ended = postcall("accuracy", "two chanels")
    assert ended.code == 2
    assert "two channels" in ended.err


# ── help ─────────────────────────────────────────────────────────────────────


def test_without_arguments_it_helps(postcall: Command) -> None:
    ended = postcall()
    assert ended.code == 0
    assert all(f" {command} " in ended.out for command in COMMANDS)
    assert "First time here" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(postcall: Command, command: str) -> None:
    for asked in ("--help", "-h"):
        ended = postcall(command, asked)
        assert ended.code == 0
        assert f"Usage: postcall {command}" in ended.out
        assert max(map(len, ended.out.splitlines())) <= 100


def test_help_says_the_exit_codes(postcall: Command) -> None:
    text = " ".join(postcall("nightly", "--help").out.split())
    for code in range(5):
        assert f"{code}: " in text


def test_version(postcall: Command) -> None:
    ended = postcall("--version")
    assert (ended.code, ended.out.split()[0]) == (0, "postcall")
    assert ended.out.split()[1][0].isdigit()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nonsense",),
        ("nightly", "--nonsense"),
        ("nigthly",),
        ("nightly", "--date", "2026-02-30"),
        ("nightly", "--date", "tomorrow"),
        ("nightly", "--workers", "0"),
        ("show",),
        ("show", "run_night", "--rows", "many"),
    ],
)
def test_wrong_use_ends_with_2(postcall: Command, arguments: tuple[str, ...]) -> None:
    ended = postcall(*arguments)
    assert ended.code == 2
    assert "Usage:" in ended.err
    assert not ended.out


def test_help_is_quick_to_import() -> None:
    """`postcall --help` must not wait for tables, models and the orchestrator."""
    code = "import sys, flows.cli; print([m for m in ('prefect', 'deltalake', 'pandas', 'faster_whisper') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ── the night ────────────────────────────────────────────────────────────────


def test_a_night_with_calls_put_aside_ends_with_3(postcall: Command, tmp_path: Path, store: Path) -> None:
    copied = _copied(store, tmp_path)
    ended = postcall(*_arguments(copied))
    assert ended.code == 3, ended.err
    assert ended.err.splitlines()[-1].endswith(f"{len(_ids(copied))} of {len(_ids(copied))}")
    assert "Monday 2 March 2026" in ended.out


def _copied(store: Path, to: Path) -> Path:
    return Path(shutil.copytree(store, to / "store"))


def _ids(store: Path) -> list[str]:
    return list(Tables(store).read("call_contact", DAY)["call_id"].to_pylist())


def test_a_night_without_calls_ends_with_0(postcall: Command, tmp_path: Path) -> None:
    ended = _empty_night(postcall, tmp_path)
    assert ended.code == 0, ended.err
    assert "No calls on this day." in ended.out
    assert "Nothing failed" in ended.out


def _empty_night(postcall: Command, tmp_path: Path, *more: str) -> Ended:
    (tmp_path / "recordings").mkdir(exist_ok=True)
    (tmp_path / "calls.csv").write_text("call_id,started_at\n")
    return postcall("nightly", "--calls", "calls.csv", "--store", "s", *more)


def test_the_day_is_yesterday_when_not_given(postcall: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = []
    monkeypatch.setattr(flows.settings, "yesterday", lambda zone: zones.append(zone) or date(2026, 3, 7))
    ended = _empty_night(postcall, tmp_path, "--time-zone", "Asia/Tokyo")
    assert "Saturday 7 March 2026 (Asia/Tokyo)" in ended.out
    assert postcall("report", "--store", "s").out.startswith("Calls of Saturday 7 March 2026")
    assert zones == ["Asia/Tokyo", "UTC"]


def test_a_defect_ends_with_4(postcall: Command, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    registry = discover()
    monkeypatch.setattr(type(registry.rollups[0]), "rows", broken)
    copied = _copied(store, tmp_path)
    before = Tables(copied).read("kpi_daily", DAY)
    ended = postcall(*_arguments(copied))
    assert ended.code == 4, ended.err
    messages = Tables(copied).read("run_failure", DAY)["message"].to_pylist()
    assert any("broke: ZeroDivisionError in test_cli.py" in message for message in messages)
    assert Tables(copied).read("kpi_daily", DAY).equals(before), "what could not be made again stays as it was"


def test_a_store_that_gives_up_ends_with_1(postcall: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageError("cannot write table 'call_contact': OSError", hint="is the disk full?")

    monkeypatch.setattr(flows.night, "RETRY_PAUSE_S", 0)
    monkeypatch.setattr(Tables, "replace_day", full)
    ended = _empty_night(postcall, tmp_path)
    assert ended.code == 1
    assert ended.err.splitlines()[-2:] == [
        "The run stopped. Cannot write table 'call_contact': OSError",
        "What to do: is the disk full?",
    ]


def test_a_defect_nobody_foresaw_shows_where_and_no_text(
    postcall: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("".join(["the words", " of a call"]))

    monkeypatch.setattr(Tables, "replace_day", broken)
    ended = _empty_night(postcall, tmp_path)
    assert ended.code == 1
    assert "in write_day" in ended.err
    assert "RuntimeError was not foreseen" in ended.err
    assert "the words of a call" not in ended.err + ended.out


def test_brackets_of_a_message_are_printed(postcall: Command, tmp_path: Path) -> None:
    """Rich would take them for markup."""
    (tmp_path / "policy.toml").write_text("[dead_airr]\n")
    ended = postcall("nightly", "--policy", "policy.toml")
    assert "[dead_airr]" in ended.err


def test_a_log_in_another_encoding_costs_no_report(store: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "report", "--date", str(DAY), "--store", str(store)],
        env={"PATH": "", "PYTHONIOENCODING": "ascii"},
        cwd=Path(cli.__file__).parents[1],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Calls of Monday" in done.stdout


# ── how far it is ────────────────────────────────────────────────────────────


def _told(*, is_terminal: bool, within: float | None = None) -> str:
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=100)
    with progress_on(console) as progress:
        progress.start("calls", 3)
        for _ in range(3):
            progress.advance()
        if within is not None:
            progress.within(within)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_a_bar() -> None:
    told = _told(is_terminal=True)
    assert "calls (speakers 40%)" in _told(is_terminal=True, within=0.4)
    assert "3/3" in told
    assert "━" in told


def test_a_log_has_plain_lines() -> None:
    told = _told(is_terminal=False)
    assert "\x1b" not in told
    assert [line.split(" ", 2)[2] for line in told.splitlines()] == ["3 calls", "3 of 3"]


# ── report ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_report_fits_the_screen(store: Path, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), record=True)
    print_report(console, store, DAY)
    lines = console.export_text().splitlines()
    assert len(lines) < 100
    assert not [line for line in lines if len(line) > width and "store" not in line]
    for title in ("Calls of Monday", "By agent", "By queue", "Put aside or failed", "Not measurable", "Words"):
        assert any(line.startswith(title) for line in lines), title


def test_the_report_of_a_day_that_was_never_run(postcall: Command, store: Path) -> None:
    ended = postcall("report", "--date", "2026-03-03", "--store", store)
    assert ended.code == 2
    assert ended.err.startswith("Nothing to show. The night of 2026-03-03 was never run")
    assert "postcall nightly --date 2026-03-03" in ended.err
    assert postcall("report", "--store", "nowhere").code == 2
    assert not Path("nowhere").exists()


# ── tables and their rows ────────────────────────────────────────────────────


def test_tables_lists_each_with_its_meaning(store: Path) -> None:
    console = Console(width=200, file=io.StringIO(), record=True)
    print_tables(console, store)
    text = console.export_text()
    for name, spec in declared_tables(discover()).items():
        [line] = [line for line in text.splitlines() if f" {name} " in line]
        assert spec.description[:30] in line


def test_tables_of_an_empty_store(postcall: Command) -> None:
    ended = postcall("tables", "--store", "nowhere")
    assert ended.code == 0
    assert "call_contact" in ended.out
    assert not Path("nowhere").exists()


def test_personal_data_is_masked(postcall: Command, store: Path) -> None:
    names = set(Tables(store).read("call_contact")["agent_name"].to_pylist()) - {None}
    assert names
    masked = postcall("show", "call_contact", "--store", store)
    assert MASK in masked.out
    assert not any(name in masked.out for name in names)
    assert "--personal shows it" in masked.out
    shown = postcall("show", "call_contact", "--store", store, "--personal")
    assert all(name in shown.out for name in names)
    assert MASK not in shown.out


def test_every_personal_column_is_masked(store: Path) -> None:
    for name, spec in declared_tables(discover()).items():
        personal = [column.name for column in spec.columns if column.field.pii]
        if not personal or name not in Tables(store).names() or not Tables(store).read(name).num_rows:
            continue  # what people hand in is written by no night
        console = Console(width=300, file=io.StringIO(), record=True)
        print_rows(console, store, name, day=None, limit=5, columns=personal, as_csv=False, is_personal_shown=False)
        rows = console.export_text().splitlines()
        values = {str(value) for column in personal for value in Tables(store).read(name)[column].to_pylist() if value}
        assert not [value for value in values if len(value) > 4 and any(value in row for row in rows)]


def test_csv_is_csv(postcall: Command, store: Path) -> None:
    ended = postcall("show", "call_talk_time", "--store", store, "--csv", "--rows", 1000)
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    stored = Tables(store).read("call_talk_time")
    assert list(rows[0]) == stored.schema.names
    assert [row["call_id"] for row in rows] == sorted(stored["call_id"].to_pylist())
    masked = postcall("show", "call_contact", "--store", store, "--csv").out
    assert {row["agent_name"] for row in csv.DictReader(io.StringIO(masked))} <= {MASK, ""}


def test_rows_and_columns_can_be_chosen(postcall: Command, store: Path) -> None:
    ended = postcall("show", "kpi_agent_daily", "--store", store, "--columns", "agent_id, calls_handled", "--rows", 2)
    assert ended.code == 0
    assert "2 of 11 rows" in ended.out
    assert "queue" not in ended.out
    other_day = postcall("show", "kpi_agent_daily", "--store", store, "--date", DAY + timedelta(days=1))
    assert "0 of 0 rows" in other_day.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call_contakt",), "call_contact"),
        (("zzz",), "run_night"),
        (("call_contact", "--columns", "agent"), "agent_id"),
    ],
)
def test_an_unknown_table_or_column_is_told(postcall: Command, store: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = postcall("show", *arguments, "--store", store)
    assert ended.code == 2
    assert ended.err.startswith("Nothing to show. ")
    assert said in ended.err


def test_a_table_that_no_night_wrote(postcall: Command) -> None:
    ended = postcall("show", "call_contact", "--store", "nowhere")
    assert ended.code == 2
    assert "holds nothing yet" in ended.err


# ── demo, init, docs ─────────────────────────────────────────────────────────


def test_the_demo_spares_what_is_no_demo(postcall: Command, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    ended = postcall("demo", "--store", "mine")
    assert ended.code == 2
    assert "--store FOLDER" in ended.err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_init_says_what_comes_next(postcall: Command, tmp_path: Path) -> None:
    ended = postcall("init", "new/centre")
    assert ended.code == 0
    assert "postcall nightly --date" in ended.out
    assert (tmp_path / "new" / "centre" / "postcall.toml").is_file()
    again = postcall("init", "new/centre")
    assert again.code == 2
    assert "Already there: postcall.toml" in again.err


def test_the_run_table_names_the_run(store: Path) -> None:
    [run] = Tables(store).read(RunNight.__table__.name, DAY).to_pylist()  # type: ignore[attr-defined]
    assert run["finished_at"] >= run["started_at"]
    assert run["quarantined"] == 3
