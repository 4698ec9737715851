"""The demo: its report, what it says of its own truth, and what its models hear."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from flows.comparison import Compared
from flows.demonstration import BUNDLED, COMPARISON, DAY, compare_night, comparison_table, run_demo, write_comparison
from flows.night import NightReport
from postcall.testing.tiny_whisper import write_tiny_whisper
from storage.tables import Tables
from tests.flows.conftest import Command

SCREEN = 100


def by_measure(compared: list[Compared]) -> dict[str, Compared]:
    return {row.measure: row for row in compared}


def printed(compared: list[Compared]) -> list[str]:
    console = Console(width=SCREEN, file=io.StringIO(), record=True)
    console.print(comparison_table(compared))
    return console.export_text().splitlines()


@pytest.fixture(scope="module")
def compared(demo_night: tuple[Path, NightReport]) -> list[Compared]:
    return compare_night(demo_night[0])


# ── with the words of the synthesis ──────────────────────────────────────────


def test_what_was_measured_is_near_the_truth(compared: list[Compared]) -> None:
    rows = by_measure(compared)
    for measure in (
        "Agents interrupt",
        "Silences from 3 s",
        "Dead air of agents",
        "Hold",
        "Answered",
    ):
        assert rows[measure].compared >= 10, measure
        assert rows[measure].right == rows[measure].compared, measure
    assert (rows["Put aside"].truth, rows["Put aside"].right) == (3, 18)
    assert rows["Talk of anybody"].compared == 13
    assert rows["Talk of anybody"].mean_error is not None
    assert rows["Talk of anybody"].mean_error < 1500


def test_who_is_who_is_told_of_every_call_even_where_the_record_is_wrong(compared: list[Compared]) -> None:
    rows = by_measure(compared)
    assert (rows["Who is the agent"].compared, rows["Who is the agent"].right) == (13, 13)
    assert rows["Talk of agents"].mean_error is not None
    assert rows["Talk of agents"].mean_error < 1000


def test_one_channel_costs_an_interruption_that_was_none(compared: list[Compared]) -> None:
    row = by_measure(compared)["Customers interrupt"]
    assert (row.compared, row.right, row.furthest) == (13, 12, "10-dual-mono")


def test_words_of_the_synthesis_are_not_praised_as_recognised(compared: list[Compared]) -> None:
    for measure in ("Words, Russian", "Words, English", "Characters, Chinese", "Language"):
        assert by_measure(compared)[measure].compared == 0
        [line] = [line for line in printed(compared) if f" {measure} " in line]
        assert "not measured" in line


def test_the_comparison_fits_the_screen_and_shows_what_is_wrong(compared: list[Compared]) -> None:
    lines = printed(compared)
    assert max(map(len, lines)) <= SCREEN
    assert not [line for line in lines if "…" in line], "nothing is cut off"
    assert len(lines) == len(compared) + 5, "nothing is folded: title, header, rule and two empty lines"
    [who] = [line for line in lines if "Who is the agent" in line]
    assert "13 of 13 right" in who
    words = Compared("Words, Russian", "words", 7, 7, 612.0, 598.0, 3.5, 2, 0.041, "05-long-silence", 0.123)
    [line] = [line for line in printed([words]) if "Words" in line]
    assert line.split() == "Words, Russian 7 of 7 612 598 4.1% wrong 05-long-silence 12%".split()


def test_the_comparison_is_written_as_figures(compared: list[Compared], tmp_path: Path) -> None:
    write_comparison(tmp_path / COMPARISON, compared)
    with (tmp_path / COMPARISON).open(encoding="utf-8", newline="") as file:
        rows = {row["measure"]: row for row in csv.DictReader(file, strict=True)}
    assert list(rows) == [row.measure for row in compared]
    assert rows["Put aside"]["right"] == "18"
    assert rows["Language"]["truth"] == ""
    assert float(rows["Hold"]["truth"]) == float(rows["Hold"]["measured"])


def test_with_the_words_of_the_synthesis_the_command_prints_report_and_comparison_of_the_rest(
    postcall: Command, tmp_path: Path
) -> None:
    ended = postcall("demo", "--transcripts", "--store", "demo")
    assert ended.code == 0, ended.err
    assert ended.out.index("By agent") < ended.out.index("Measured against what is true")
    assert "nothing is said here of recognition" in " ".join(ended.out.split())
    assert (tmp_path / "demo" / COMPARISON).is_file()
    assert Tables(tmp_path / "demo").read("stage_word").num_rows > 600
    index = tmp_path / "demo" / "reports" / DAY.isoformat() / "index.html"
    assert str(index.relative_to(tmp_path)) in ended.out
    page = index.read_text(encoding="utf-8")
    assert "01_daily_overview.html" in page
    assert "calls/05-long-silence.html" in page
    again = postcall("demo", "--transcripts", "--no-reports", "--store", "demo")
    assert again.code == 0, again.err


def test_no_transcript_lies_where_it_would_be_taken_for_recognised_words() -> None:
    assert not [path for path in (BUNDLED / "recordings").iterdir() if path.suffix == ".ctm"]


# ── with a recogniser ──────────────────────────────────────────────────────────


def test_a_model_that_knows_nothing_is_told_so(postcall: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real engine with random weights."""
    model = write_tiny_whisper(tmp_path / "tiny")
    monkeypatch.setattr("postcall.speech.faster_whisper_engine.DEMO_FOLDER", model)
    ended = postcall("demo", "--no-reports", "--store", "demo")
    assert ended.code == 0, ended.err
    assert "knows synthetic voices only" in " ".join(ended.out.split())
    rows = by_measure(compare_night(tmp_path / "demo"))
    for measure, calls in (("Words, Russian", 7), ("Words, English", 3), ("Characters, Chinese", 3)):
        assert rows[measure].compared == calls
        assert rows[measure].error_rate is not None
        assert rows[measure].error_rate > 0.9, measure
    assert (rows["Language"].compared, rows["Language"].known) == (8, 13)
    assert rows["Dead air of agents"].right == 10, "time does not come from the recogniser"


def test_the_models_hear_what_was_said(tmp_path: Path) -> None:
    console = Console(width=SCREEN, file=io.StringIO())
    report = run_demo(tmp_path / "store", console, Console(file=io.StringIO()), with_models=True)
    assert (report.calls, report.transcripts, report.defects) == (18, 13, 0)
    rows = by_measure(compare_night(tmp_path / "store"))
    assert rows["Language"].compared == 8
    assert rows["Language"].right >= 7
    # What the shipped model reaches, with room for another machine's rounding; a better model brings them down.
    for measure, calls, most in (("Words, Russian", 7, 0.38), ("Words, English", 3, 0.48), ("Characters, Chinese", 3, 0.18)):
        assert rows[measure].compared == calls
        assert rows[measure].error_rate is not None
        assert rows[measure].error_rate <= most, measure
