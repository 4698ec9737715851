"""Of how many calls each measure is known, and why it is not known of the others.

Definition
----------
One row of ``kpi_coverage_daily`` per column of a ``call_`` table that measures something: numbers, flags and words of a fixed
list, but no ids, times, texts or personal data.

not applicable   calls on which there was nothing to measure, such as the speed of answer of a call that nobody answered
expected         all other calls of the day
known            expected calls of which the column has a value
not measurable   expected calls of which it has none; ``kpi_not_measurable_daily`` has a row for each reason

``calls_known + calls_not_measurable == calls_expected`` holds exactly, and the calls for all reasons of a column add up to
``calls_not_measurable + calls_not_applicable``. The reasons come from ``not_measurable`` of the rows and, for calls without a
row, from what made the analyzer skip them::

    call_hold.hold_share   200 calls, 8 of them not answered: 192 expected
                           174 known
                           18 the call record does not say whether there was a hold, and nobody listened

Edge cases
----------
A row that leaves a column empty and gives no reason counts under one that says so; in ``call_contact`` it is the call record
that does not say. A table that is not in order has nothing known. A call whose record was put aside is no call of the day:
``run_failure`` has it. The share is a count of the day's calls and no estimate, so it has no interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import pandas as pd

from analyzers.contact import CallContact
from postcall.not_measurable import does_not_apply, reasons_by_column
from postcall.rollup import Day, rollup
from postcall.tables import Column, Field, TableSpec, spec_of, table

SAID_NOTHING = "the row gives no reason"
RECORD_SAID_NOTHING = "the call record does not say"
NO_ROW = "the analyzer made no row and gave no reason"
NOT_IN_ORDER = "the table is not in order; run_failure says why"
MOST_REASONS = 3

TableName = Annotated[str, Field("Name of the call table.")]
ColumnName = Annotated[str, Field("Name of the column in it.")]


@table("kpi_coverage_daily", grain="measure and day", primary_key=("table_name", "column_name"))
class KpiCoverageDaily:
    """Of how many calls each measure is known."""

    table_name: TableName
    column_name: ColumnName
    calls_expected: Annotated[int, Field("Calls that the measure applies to.", minimum=0)]
    calls_known: Annotated[int, Field("Expected calls of which the measure has a value.", minimum=0)]
    calls_not_measurable: Annotated[int, Field("Expected calls of which it has none.", minimum=0)]
    calls_not_applicable: Annotated[int, Field("Calls on which there was nothing to measure.", minimum=0)]
    coverage_share: Annotated[
        float | None,
        Field("calls_known / calls_expected.", unit="share", minimum=0, maximum=1, additive=False),
    ]
    commonest_reasons: Annotated[
        str | None,
        Field(
            "Up to three reasons why it is not measurable, the commonest first: 'calls: reason; …'. Empty when it is known of "
            "all.",
            additive=False,
        ),
    ]


@table("kpi_not_measurable_daily", grain="measure, reason and day", primary_key=("table_name", "column_name", "why_empty"))
class KpiNotMeasurableDaily:
    """Why measures have no value, and of how many calls."""

    table_name: TableName
    column_name: ColumnName
    why_empty: Annotated[str, Field("Why the column has no value.")]
    is_applicable: Annotated[bool, Field("Whether something is missing; false when there was nothing to measure.")]
    calls_empty: Annotated[int, Field("Calls of which the column has no value for this reason.", minimum=1)]


@rollup(version=1, reads=())
def coverage_daily(day: Day) -> Iterator[KpiCoverageDaily | KpiNotMeasurableDaily]:
    """A row for each measure, and one for each of its reasons; none for a day without calls."""
    if not day.analysed.calls:
        return
    for spec in day.analysed.tables:
        measures = [column.name for column in spec.columns if _is_measure(spec, column)]
        without_row = _without_row(day, spec)
        empty = _empty(day, spec, measures)
        for name in measures:
            yield from _rows(spec.name, name, day.analysed.calls, without_row + empty[name])


def _rows(
    table_name: str, column_name: str, calls: int, why: Counter[str]
) -> Iterator[KpiCoverageDaily | KpiNotMeasurableDaily]:
    commonest = sorted(why.items(), key=lambda reason: (-reason[1], reason[0]))
    missing = [(reason, number) for reason, number in commonest if not does_not_apply(reason)]
    not_measurable = sum(number for _, number in missing)
    not_applicable = why.total() - not_measurable
    expected = calls - not_applicable
    known = expected - not_measurable
    yield KpiCoverageDaily(
        table_name=table_name,
        column_name=column_name,
        calls_expected=expected,
        calls_known=known,
        calls_not_measurable=not_measurable,
        calls_not_applicable=not_applicable,
        coverage_share=known / expected if expected else None,
        commonest_reasons="; ".join(f"{number}: {reason}" for reason, number in missing[:MOST_REASONS]) or None,
    )
    for reason, number in commonest:
        yield KpiNotMeasurableDaily(
            table_name=table_name,
            column_name=column_name,
            why_empty=reason,
            is_applicable=not does_not_apply(reason),
            calls_empty=number,
        )


def _is_measure(spec: TableSpec, column: Column) -> bool:
    """Whether a column measures something, and does not only name it."""
    if column.name in spec.primary_key or column.field.pii:
        return False
    return column.kind in (int, float, bool) or column.field.enum is not None


def _without_row(day: Day, spec: TableSpec) -> Counter[str]:
    """Reason -> calls that have no row in the table."""
    why: Counter[str] = Counter()
    for one in day.analysed.rowless:
        if one.table == spec.name:
            why[one.reason] += one.calls
    made = day.tables.get(spec.name)
    rest = day.analysed.calls - why.total() - (made.num_rows if made is not None else 0)
    if rest:
        why[NO_ROW if made is not None else NOT_IN_ORDER] += rest
    return why


def _empty(day: Day, spec: TableSpec, measures: list[str]) -> dict[str, Counter[str]]:
    """Column -> reason -> calls whose row leaves it empty."""
    found: dict[str, Counter[str]] = {name: Counter() for name in measures}
    made = day.tables.get(spec.name)
    if made is None or not made.num_rows:
        return found
    otherwise = RECORD_SAID_NOTHING if spec.name == spec_of(CallContact).name else SAID_NOTHING
    names = [column.name for column in spec.columns]
    has_reasons = "not_measurable" in names
    # Rows that give the same reasons are counted together: there are few different texts, however many calls.
    is_empty = pd.DataFrame({name: made[name].is_null().to_numpy() for name in measures})
    texts = made["not_measurable"].to_pandas().fillna("") if has_reasons else pd.Series("", index=is_empty.index)
    counts = is_empty.groupby(texts).sum()
    for text, of_text in counts.iterrows():
        said = reasons_by_column(str(text), names)
        for name in measures:
            if number := int(of_text[name]):
                found[name][said.get(name, otherwise)] += number
    return found
