"""The night knows what it could not measure, and says so in a table and in the report."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from rich.console import Console

import postcall.analyzer
from flows.demonstration import DAY
from flows.findings import BROKE, Findings
from flows.listen import HeardCall
from flows.night import NightReport
from flows.report import COVERED, print_report
from postcall.analyzer import analyzer, discover
from postcall.call import Call
from postcall.errors import MissingInput
from postcall.policy import PolicySet
from postcall.rollup import Rowless
from postcall.tables import Field, table
from postcall.telephony import Telephony
from storage.tables import Tables


@table("call_picky", grain="call that pleases", primary_key=("call_id",))
class CallPicky:
    """Rows of an analyzer that breaks on one call and skips another."""

    call_id: Annotated[str, Field("Call id.")]
    taste: Annotated[int | None, Field("How it tasted.")]


def test_calls_without_a_row_are_counted_by_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postcall.analyzer, "_ANALYZERS", {})

    def picky(call: Call) -> Iterator[CallPicky]:
        if call.call_id == "broken":
            raise ValueError("a name that must not be told")
        if call.call_id.startswith("bland"):
            raise MissingInput("taste", "it is bland")
        yield CallPicky(call_id=call.call_id, taste=1)

    picky.__module__ = "outside.picky"
    analyzer(version=1)(picky)
    analyzers = tuple(postcall.analyzer._ANALYZERS.values())
    findings = Findings()
    for call_id in ("good", "bland-1", "broken", "bland-2"):
        findings.add(HeardCall(Call(Telephony(call_id))), analyzers, PolicySet({}, "default"))
    analysed = findings.analysed(analyzers)
    assert analysed.calls == 4
    assert [spec.name for spec in analysed.tables] == ["call_picky"]
    assert analysed.rowless == (Rowless("call_picky", "it is bland", 2), Rowless("call_picky", BROKE, 1))


def test_the_coverage_of_a_night_is_that_of_its_tables(demo_night: tuple[Path, NightReport]) -> None:
    tables = Tables(demo_night[0])
    calls = tables.read("call_contact", DAY).num_rows
    empty: Counter[tuple[str, str]] = Counter()
    for row in tables.read("kpi_not_measurable_daily", DAY).to_pylist():
        assert "gave no reason" not in row["why_empty"], row
        empty[row["table_name"], row["column_name"]] += row["calls_empty"]
    coverage = tables.read("kpi_coverage_daily", DAY).to_pylist()
    # Of rules `kpi_rule_daily` tells how often they could be judged.
    declared = {name for name in discover().tables if name.startswith("call_")} - {"call_scorecard"}
    assert {row["table_name"] for row in coverage} == declared
    for row in coverage:
        key = row["table_name"], row["column_name"]
        stored = tables.read(row["table_name"], DAY)[row["column_name"]]
        assert row["calls_known"] == len(stored) - stored.null_count, key
        assert row["calls_known"] + row["calls_not_measurable"] == row["calls_expected"], key
        assert row["calls_expected"] + row["calls_not_applicable"] == calls, key
        assert empty[key] == calls - row["calls_known"], key


def test_what_the_report_shows_is_there(demo_night: tuple[Path, NightReport]) -> None:
    coverage = Tables(demo_night[0]).read("kpi_coverage_daily", DAY).to_pylist()
    assert {(row["table_name"], row["column_name"]) for row in coverage} >= COVERED.keys()
    console = Console(width=120, file=io.StringIO(), record=True)
    print_report(console, demo_night[0], DAY)
    printed = console.export_text()
    assert "Known of not all calls" in printed
    assert "Answered in time" in printed
