"""Of how many calls each measure is known, by hand, and the sums that must come out even."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.rollups.coverage_daily import (
    NO_ROW,
    NOT_IN_ORDER,
    RECORD_SAID_NOTHING,
    SAID_NOTHING,
    KpiCoverageDaily,
    KpiNotMeasurableDaily,
    coverage_daily,
)
from postcall.analyzer import Registry
from postcall.call import Call
from postcall.rollup import Analysed, Day, Rowless
from postcall.tables import Stamp, spec_of
from postcall.telephony import Direction
from postcall.testing.conformance import conformance_calls
from postcall.testing.drawing import make_call
from tests.analyzers.rollups.conftest import DAY

CALL = make_call("seconds   0         10        20\nagent     ####\ncustomer      ####  ####")
UNHEARD = "the call record does not say whether there was a hold, and nobody listened"
POOL = [*conformance_calls().values(), replace(CALL, telephony=replace(CALL.telephony, direction=Direction.OUTBOUND))]


def numbered(calls: list[Call]) -> list[Call]:
    return [replace(call, telephony=replace(call.telephony, call_id=f"c-{n}")) for n, call in enumerate(calls)]


def found(rows: list[Any], table: str, column: str) -> tuple[KpiCoverageDaily, list[tuple[str, bool, int]]]:
    (row,) = (r for r in rows if isinstance(r, KpiCoverageDaily) and (r.table_name, r.column_name) == (table, column))
    why = [r for r in rows if isinstance(r, KpiNotMeasurableDaily) and (r.table_name, r.column_name) == (table, column)]
    return row, [(r.why_empty, r.is_applicable, r.calls_empty) for r in why]


def test_the_line_of_seven_in_the_morning(rows_of_day: Any) -> None:
    """18 of 200 calls whose record says nothing of hold, and two that were never answered."""
    unknown = replace(CALL, telephony=replace(CALL.telephony, holds=None))
    abandoned = conformance_calls()["abandoned"]
    rows = rows_of_day("coverage_daily", numbered([CALL] * 182 + [unknown] * 18 + [abandoned] * 2))
    row, why = found(rows, "call_hold", "hold_share")
    assert row == KpiCoverageDaily(
        table_name="call_hold",
        column_name="hold_share",
        calls_expected=200,
        calls_known=182,
        calls_not_measurable=18,
        calls_not_applicable=2,
        coverage_share=0.91,
        commonest_reasons=f"18: {UNHEARD}",
    )
    assert why == [(UNHEARD, True, 18), ("the call was not answered", False, 2)]


def test_reasons_of_a_row_are_those_of_its_columns(rows_of_day: Any) -> None:
    silent = make_call("seconds   0         10")
    mono = make_call("seconds   0         10\nanyone    ####")
    rows = rows_of_day("coverage_daily", numbered([CALL, silent, silent, mono]))
    row, why = found(rows, "call_talk_time", "agent_talk_share")
    assert (row.calls_expected, row.calls_known, row.calls_not_measurable, row.coverage_share) == (4, 1, 3, 0.25)
    assert row.commonest_reasons == "2: neither party speaks; 1: one channel, and nobody told the parties apart"
    assert [number for _, _, number in why] == [2, 1]
    assert found(rows, "call_talk_time", "speech_ms")[0].commonest_reasons is None
    assert found(rows, "call_silence", "silence_share")[0].calls_known == 2
    assert found(rows, "call_transcript", "words")[1] == [("no transcript", True, 4)]
    assert found(rows, "call_contact", "transfers")[1] == [(RECORD_SAID_NOTHING, True, 4)]


def test_only_measures_have_a_row(rows_of_day: Any) -> None:
    columns = {(r.table_name, r.column_name) for r in rows_of_day("coverage_daily", [CALL]) if isinstance(r, KpiCoverageDaily)}
    assert ("call_contact", "is_answered") in columns
    assert ("call_end", "hung_up_by") in columns
    for name in ("call_id", "agent_name", "customer_key", "extra", "answered_at", "queue", "not_measurable"):
        assert ("call_contact", name) not in columns
    assert all(table.startswith("call_") for table, _ in columns)


def test_a_day_without_calls_has_no_rows(rows_of_day: Any) -> None:
    assert rows_of_day("coverage_daily", []) == []


def test_a_table_that_is_not_in_order_has_nothing_known(rows_of_day: Any) -> None:
    rows = rows_of_day("coverage_daily", numbered([CALL, conformance_calls()["record only"]]), broken=["call_silence"])
    row, why = found(rows, "call_silence", "silence_share")
    assert (row.calls_known, row.calls_not_measurable) == (0, 2)
    assert why == [("the recording was quarantined", True, 1), (NOT_IN_ORDER, True, 1)]


def test_what_nobody_explains_is_counted_all_the_same(registry: Registry) -> None:
    spec = registry.tables["call_hold_reconciliation"]
    made = [spec.row(call_id="a", recorded_holds=0, audible_holds=None, holds_agreed=0, hold_disagreements=0)]
    analysed = Analysed(calls=5, tables=(spec,), rowless=(Rowless(spec.name, "no recording", 1), Rowless("other", "x", 9)))
    day = Day(DAY, {spec.name: spec.to_arrow(made, Stamp(DAY, "a run", 1, "0" * 12))}, analysed)
    rows = list(coverage_daily(day))
    assert found(rows, spec.name, "audible_holds")[1] == [
        (NO_ROW, True, 3),
        ("no recording", True, 1),
        (SAID_NOTHING, True, 1),
    ]
    assert found(rows, spec.name, "recorded_holds")[0].calls_known == 1


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=8))
def test_known_and_not_known_add_up_to_the_calls(rows_of_day: Any, drawn: list[Call]) -> None:
    calls = numbered(drawn)
    rows = rows_of_day("coverage_daily", calls)
    assert rows == rows_of_day("coverage_daily", calls[::-1]), "the order of calls plays no part"
    empty: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if isinstance(row, KpiNotMeasurableDaily):
            empty[row.table_name, row.column_name] += row.calls_empty
    for row in rows:
        if isinstance(row, KpiCoverageDaily):
            assert row.calls_known + row.calls_not_measurable == row.calls_expected
            assert row.calls_expected + row.calls_not_applicable == len(calls)
            assert empty[row.table_name, row.column_name] == row.calls_not_measurable + row.calls_not_applicable


@pytest.mark.parametrize("parts", [1, 3])
def test_days_add_up(rows_of_day: Any, parts: int) -> None:
    calls = numbered(POOL)
    additive = [c.name for c in spec_of(KpiCoverageDaily).columns if c.kind is int and c.field.additive]

    def sums(rows: list[Any]) -> Counter[tuple[str, str, str]]:
        total: Counter[tuple[str, str, str]] = Counter()
        for row in rows:
            if isinstance(row, KpiCoverageDaily):
                for column in additive:
                    total[row.table_name, row.column_name, column] += getattr(row, column)
        return total

    assert additive == ["calls_expected", "calls_known", "calls_not_measurable", "calls_not_applicable"]
    days = [row for n in range(parts) for row in rows_of_day("coverage_daily", calls[n::parts])]
    assert sums(days) == sums(rows_of_day("coverage_daily", calls))
